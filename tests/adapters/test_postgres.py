"""Does the store in PostgreSQL keep every promise, against a real server?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_async import AsyncPostgresStore
from journeykit.adapters.postgres_connection import address_of
from journeykit.adapters.postgres_schema import MIGRATIONS, TABLES, Names, migration_script
from journeykit.errors import StoreBusyError, StoreError, StoreSchemaError, UsageError
from journeykit.ports import Definition, InboxRow, ParkedCustomer
from journeykit.testing import check_async_store, check_store
from journeykit.testing.store_materials import NOW, SECOND, commit, message, together, write
from postgres_server import emptied

LATER = NOW + 60 * SECOND
Open = Callable[..., PostgresStore]


@pytest.fixture
def opened(fresh_postgres: str) -> Iterator[Open]:
    """Return an opener of stores in one database, which are closed when the test ends."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(PostgresStore(fresh_postgres, **settings))


@pytest.fixture
def db(fresh_postgres: str) -> Iterator[psycopg.Connection[Any]]:
    """Return a connection of somebody else's to it."""
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        yield connection


def test_it_keeps_every_promise(postgres_engine: Engine) -> None:
    check_store(lambda: emptied(postgres_engine), reopen=lambda _: PostgresStore(postgres_engine))


@pytest.mark.slow
def test_it_keeps_every_promise_awaited(fresh_postgres: str, postgres_engine: Engine) -> None:
    def make() -> AsyncPostgresStore:
        emptied(postgres_engine)
        return AsyncPostgresStore(fresh_postgres)

    check_async_store(make, reopen=lambda _: AsyncPostgresStore(fresh_postgres))


# ---- Whose database it is


def test_a_host_s_own_engine_is_left_as_it_was(fresh_postgres: str) -> None:
    engine = create_engine(address_of(fresh_postgres), pool_size=1, max_overflow=0)
    with PostgresStore(engine) as store:
        assert store.customers() == []
    with engine.connect() as connection:  # the only one of the pool
        assert not connection.get_transaction()
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar() == "on"
        assert not connection.connection.driver_connection.autocommit  # type: ignore[union-attr]
    engine.dispose()


def test_schemas_and_prefixes_keep_stores_apart(opened: Open) -> None:
    places: list[dict[str, str]] = [
        {},
        {"prefix": "b_"},
        {"schema": "c"},
        {"schema": "c", "prefix": "b_"},
        {"schema": "order"},
    ]
    stores = [opened(**place) for place in places]
    for number, store in enumerate(stores):
        write(store, *(commit(f"c{one}", due=NOW) for one in range(number)))
        store.append([InboxRow("ann", NOW, b"")] * number)
    assert [len(store.customers()) for store in stores] == [0, 1, 2, 3, 4]
    assert [store.depth(9) for store in stores] == [0, 1, 2, 3, 4]
    assert len({store.names.wakes for store in stores}) == 5
    assert opened(schema="public").names.wakes == stores[0].names.wakes, "the same tables"


@pytest.mark.parametrize("name", ["", "Upper", "a-b", "1a", "a" * 41, 'a"b', "a.b", "pg_a"])
@pytest.mark.parametrize("what", ["schema", "prefix"])
def test_only_plain_names_will_do(fresh_postgres: str, what: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"PostgresStore.{what}"):
        PostgresStore(fresh_postgres, **{what: name})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["sqlite:///a.db", "journeys.db", "mysql://u@h/d", "postgresql://u@h:x/d", ""]
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match="postgresql://user@host/database"):
        PostgresStore(address)


def test_an_engine_with_another_driver_is_refused() -> None:
    with pytest.raises(UsageError, match="psycopg"):
        PostgresStore(create_engine("sqlite://"))


def test_a_password_is_never_told() -> None:
    with pytest.raises(StoreError) as told:
        PostgresStore("postgresql://ann:s3cret@127.0.0.1:1/nowhere")
    assert "s3cret" not in str(told.value)
    assert "s3cret" not in told.value.in_full()


def test_a_closed_store_says_so(opened: Open) -> None:
    store = opened()
    store.close()
    store.close()
    with pytest.raises(UsageError, match="closed"):
        store.next_due()


def test_a_forked_process_is_refused(opened: Open) -> None:
    store = opened()
    child = os.fork()
    if child == 0:
        refused = 1
        try:
            store.next_due()
        except UsageError as error:
            refused = 0 if "forked" in str(error) else 2
        finally:
            os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.next_due() is None


# ---- The schema


def test_many_may_bring_the_schema_up_at_once(opened: Open) -> None:
    together(lambda number: opened(schema="s"), threads=8)
    assert opened(schema="s").status(NOW).schema == len(MIGRATIONS)


def test_a_script_does_by_hand_what_opening_does(opened: Open, db: psycopg.Connection[Any]) -> None:
    with pytest.raises(StoreSchemaError, match="journeykit migrate"):
        opened(schema="s", migrate=False)
    db.execute(migration_script(Names("s")).encode())
    assert opened(schema="s", migrate=False).customers() == []
    assert migration_script(Names("s"), since=len(MIGRATIONS)).count("TABLE") == 0


def test_a_newer_schema_is_refused(opened: Open, db: psycopg.Connection[Any]) -> None:
    opened()
    db.execute("INSERT INTO journeykit_schema (version) VALUES (999)")
    with pytest.raises(StoreSchemaError, match="update journeykit"):
        opened()


def test_tables_that_went_are_missed_by_name(opened: Open, db: psycopg.Connection[Any]) -> None:
    store = opened()
    db.execute("DROP TABLE journeykit_outbox")
    with pytest.raises(StoreSchemaError, match="journeykit_outbox"):
        store.claim(NOW, limit=1, lease_until=LATER, worker="w1")
    assert store.customers() == []


def test_every_table_about_customers_is_keyed_by_them_and_ordered_by_code_points(
    opened: Open, db: psycopg.Connection[Any]
) -> None:
    opened()
    columns = db.execute(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'"
    ).fetchall()
    assert {table.removeprefix("journeykit_") for table, _, _ in columns} <= set(TABLES)
    assert {collation for _, _, collation in columns} == {"C"}
    keyed = db.execute(
        "SELECT k.table_name FROM information_schema.key_column_usage k"
        " WHERE k.table_schema = 'public' AND k.column_name = 'customer_id'"
    ).fetchall()
    assert {table for (table,) in keyed} == {
        table for table, column, _ in columns if column == "customer_id"
    }


# ---- What it cannot hold


@pytest.mark.parametrize(
    ("what", "remedy"),
    [("a\0b", "no NUL"), ("\ud800", "lone surrogates")],
)
def test_an_id_that_it_cannot_hold_is_refused_with_all_of_the_call(
    opened: Open, what: str, remedy: str
) -> None:
    store = opened()
    for act in (
        lambda: store.commit([commit("ann"), commit(what, body=b"")]),
        lambda: store.append([InboxRow("ann", NOW, b""), InboxRow(what, NOW, b"")]),
        lambda: store.load([what]),
    ):
        with pytest.raises(StoreError, match=remedy):
            act()
    assert store.customers() == []
    assert store.depth(9) == 0


def test_an_instant_beyond_64_bits_is_refused(opened: Open) -> None:
    with pytest.raises(StoreError, match="64 bits"):
        opened().commit([commit("ann", due=2**63)])


# ---- Leases


def test_two_workers_get_different_customers_until_their_leases_end(opened: Open) -> None:
    one, other = opened(), opened()
    write(one, *(commit(f"c{number}", due=NOW + number) for number in range(6)))
    one.append([InboxRow(f"i{number}", NOW + number, b"") for number in range(6)])
    for look in ("due", "waiting"):

        def take(store: PostgresStore, now: int, limit: int = 4, look: str = look) -> list[str]:
            return list(getattr(store, look)(now, limit=limit, lease_until=LATER, worker="w1"))

        first, second = take(one, NOW + 9), take(other, NOW + 9)
        assert [len(first), len(second)] == [4, 2]
        assert not set(first) & set(second)
        assert take(one, LATER - 1) == []
        assert take(one, LATER, limit=9) == [*first, *second]


@pytest.mark.parametrize("look", ["due", "waiting"])
def test_workers_who_look_at_the_same_time_get_different_customers(opened: Open, look: str) -> None:
    store = opened()
    ids = [f"c{number:03}" for number in range(300)]
    write(store, *(commit(id, due=NOW) for id in ids))
    store.append([InboxRow(id, NOW, b"") for id in ids])
    taken: list[str] = []

    def race(number: int) -> None:
        for _ in range(5):
            terms: dict[str, Any] = {"limit": 10, "lease_until": LATER, "worker": f"w{number}"}
            taken.extend(getattr(store, look)(NOW, **terms))

    together(race)
    assert sorted(taken) == ids


@pytest.mark.parametrize("end", ["commit", "recover", "park", "discard"])
def test_what_ends_a_lease(opened: Open, end: str) -> None:
    store = opened()
    write(store, commit("ann", due=NOW))
    store.append([InboxRow("ann", NOW, b"")])
    assert list(store.waiting(NOW, limit=9, lease_until=LATER, worker="w1")) == ["ann"]
    assert list(store.due(NOW, limit=9, lease_until=LATER, worker="w2")) == []
    (number,) = (row.number for row in store.inbox(["ann"], limit=9)["ann"])
    if end == "commit":
        write(store, commit("ann", 1, due=NOW))
    elif end == "recover":
        store.recover("w1")
    elif end == "discard":
        store.discard("ann", [number])
    else:
        store.park([ParkedCustomer("ann", NOW, NOW, 1, "why")])
    assert list(store.due(NOW, limit=9, lease_until=LATER, worker="w2")) == ["ann"]


def test_a_refusal_leaves_no_statement_half_prepared(fresh_postgres: str) -> None:
    PostgresStore(fresh_postgres).close()
    with PostgresStore(fresh_postgres, read_only=True) as store:
        for _ in range(12):  # psycopg prepares what it has sent five times
            for act in (
                lambda: store.publish([Definition("j", 1, "d", b"{}")]),
                lambda: store.append([InboxRow("ann", NOW, b"")]),
                lambda: store.commit([commit("ann", due=NOW)]),
                lambda: store.park([ParkedCustomer("ann", NOW, NOW, 1, "why")]),
            ):
                with pytest.raises(StoreError, match="read_only=False"):
                    act()
            assert store.load(["ann"]) == {}


# ---- The inbox


def test_F3_a_transaction_that_commits_late_is_not_skipped(
    opened: Open, fresh_postgres: str
) -> None:
    store = opened()
    how = "INSERT INTO journeykit_inbox (customer_id, at, body) VALUES ('ann', %s, 'late')"
    with psycopg.connect(fresh_postgres) as late:
        late.execute(how, (NOW,))  # its number is the first
        store.append([InboxRow("ann", NOW + 1, b"soon"), InboxRow("bob", NOW + 1, b"soon")])
        for customer, rows in store.inbox(["ann", "bob"], limit=9).items():
            write(store, commit(customer, taken=[row.number for row in rows]))
        assert list(store.waiting(LATER, limit=9)) == []
        late.commit()
    assert list(store.waiting(LATER, limit=9)) == ["ann"]
    assert [row.body for row in store.inbox(["ann"], limit=9)["ann"]] == [b"late"]


def test_who_tells_about_one_customer_waits_for_nobody(opened: Open, fresh_postgres: str) -> None:
    how = "INSERT INTO journeykit_inbox (customer_id, at, body) VALUES ('ann', 1, '')"
    store = opened(lock_timeout=timedelta(milliseconds=200))
    with psycopg.connect(fresh_postgres) as slow:
        slow.execute(how)
        store.append([InboxRow("ann", NOW, b"")])
        write(store, commit("ann", taken=[2]))


def test_whoever_is_told_much_about_hides_nobody(opened: Open) -> None:
    store = opened()
    store.append([InboxRow("loud", NOW, b"")] * 500)
    store.append([InboxRow(f"c{number}", NOW + 1, b"") for number in range(5)])
    met: set[str] = set()
    for _ in range(6):
        met |= set(store.waiting(LATER, limit=2, lease_until=2 * LATER, worker="w1"))
    assert met == {"loud", *(f"c{number}" for number in range(5))}


def test_a_row_that_came_behind_the_parking_waits_whichever_its_number(
    opened: Open, fresh_postgres: str
) -> None:
    store = opened()
    with psycopg.connect(fresh_postgres) as late:
        late.execute("INSERT INTO journeykit_inbox (customer_id, at, body) VALUES ('ann', 1, '')")
        store.append([InboxRow("ann", NOW, b"")])
        store.park([ParkedCustomer("ann", LATER, NOW, 1, "why")])
        assert list(store.waiting(NOW, limit=9)) == []
        late.commit()
    assert list(store.waiting(NOW, limit=9)) == ["ann"]


# ---- Others in the same database


def test_a_lock_elsewhere_is_waited_for_and_then_told(opened: Open, fresh_postgres: str) -> None:
    store = opened(lock_timeout=timedelta(milliseconds=50))
    write(store, commit("ann"), commit("bob"))
    with psycopg.connect(fresh_postgres) as other:
        other.execute("UPDATE journeykit_customer SET version = version WHERE customer_id = 'ann'")
        with pytest.raises(StoreBusyError, match=r"more than 0\.05 s"):
            store.commit([commit("ann", 1), commit("bob", 1)])
        assert store.load(["ann"])["ann"].version == 1  # reading never waits
        write(store, commit("bob", 1))  # and customers do not wait for each other
        other.rollback()
    write(store, commit("ann", 1))


def test_whoever_commits_the_same_customers_never_waits_in_a_circle(
    opened: Open, db: psycopg.Connection[Any]
) -> None:
    store = opened()
    ids = [f"c{number:02}" for number in range(20)]
    write(store, *(commit(id, due=NOW) for id in ids))

    def race(number: int) -> None:
        order = ids[number:] + ids[:number]
        order = order[::-1] if number % 2 else order
        for turn in range(10):
            versions = store.versions(ids)
            puts = [message(f"{id}/{number}/{turn}", customer=id) for id in order]
            store.commit(
                [
                    commit(id, versions[id], due=NOW + turn, put=[put], drop=[f"{id}/{turn}"])
                    for id, put in zip(order, puts, strict=True)
                ]
            )
            store.claim(LATER, limit=30, lease_until=2 * LATER, worker=f"w{number}")

    together(race)
    db.execute("SELECT pg_stat_force_next_flush()")
    row = db.execute(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    assert row == (0,)


def test_connections_that_the_server_ended_are_not_used(
    opened: Open, db: psycopg.Connection[Any]
) -> None:
    store = opened()
    write(store, commit("ann"))
    together(lambda number: store.load(["ann"]), threads=4)  # so many lie idle
    ended = db.execute(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchone()
    assert ended is not None
    assert ended[0] >= 1
    assert store.load(["ann"])["ann"].version == 1
