"""Is what a host tells in its own transaction part of it? On every connection, on real servers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from pathlib import Path
from typing import Any

import asyncpg
import django
import psycopg
import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from journeykit import (
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_async import AsyncPostgresStore
from journeykit.aio import AsyncOrchestrator
from journeykit.errors import (
    StaleSnapshotError,
    StoreBusyError,
    UnknownEventError,
    UsageError,
    WrongDatabaseError,
)
from journeykit.kernel import journal as j


class Paid(Event):
    amount: int = 0


paid = Journey("paid", entry=On(Paid), steps=[Wait(hours(1))])
WORKSPACE = Workspace(journeys=[paid], timezone="Europe/Berlin")


class Door:
    """A connection of the host's as `using` takes it, and what else a host does with it."""

    def __init__(
        self, connection: Any, execute: Callable[[str], Any], commit: Any, rollback: Any
    ) -> None:
        self.connection = connection
        self.execute = execute
        self.commit = commit
        self.rollback = rollback


Opened = Callable[[Any], AbstractContextManager[Door]]


# ---- SQLite


@contextmanager
def sqlite3_module(path: Path, **options: Any) -> Iterator[Door]:
    connection = sqlite3.connect(path, timeout=5, **options)
    yield Door(connection, connection.execute, connection.commit, connection.rollback)
    connection.close()


@contextmanager
def sqlite3_by_hand(path: Path) -> Iterator[Door]:
    with sqlite3_module(path, isolation_level=None) as door:
        door.execute("BEGIN IMMEDIATE")
        yield door


def sqlite_url(path: Path) -> Any:
    return create_engine(f"sqlite:///{path}", poolclass=NullPool)


@contextmanager
def sqlalchemy_connection(target: Any) -> Iterator[Door]:
    engine = sqlite_url(target) if isinstance(target, Path) else _engine(target)
    with engine.connect() as connection:
        yield Door(connection, connection.exec_driver_sql, connection.commit, connection.rollback)
    engine.dispose()


@contextmanager
def sqlalchemy_session(target: Any) -> Iterator[Door]:
    engine = sqlite_url(target) if isinstance(target, Path) else _engine(target)
    with Session(engine) as session:

        def execute(sql: str) -> Any:
            return session.connection().exec_driver_sql(sql)

        yield Door(session, execute, session.commit, session.rollback)
    engine.dispose()


class _Undone(Exception):
    """Rolls an `atomic` block back."""


@contextmanager
def django_atomic(target: Any) -> Iterator[Door]:
    """What a host does within one `atomic` block; `commit` and `rollback` end it."""
    if not settings.configured:
        settings.configure(USE_TZ=True, DATABASES={})
        django.setup()
    made: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(target)}
    if not isinstance(target, Path):
        parts = conninfo_to_dict(target)
        made = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts["dbname"],
            "USER": parts["user"],
            "HOST": parts["host"],
            "PORT": parts.get("port", ""),
        }
    handler: Any = connections
    handler.settings["host"] = handler.configure_settings({"default": made})["default"]
    connection = handler["host"]
    block = transaction.atomic(using="host")
    block.__enter__()

    def execute(sql: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    def end(error: Exception | None) -> None:
        nonlocal block
        block.__exit__(type(error) if error else None, error, None)
        block = transaction.atomic(using="host")
        block.__enter__()

    try:
        yield Door(connection, execute, lambda: end(None), lambda: end(_Undone()))
    finally:
        block.__exit__(_Undone, _Undone(), None)
        connection.close()
        del handler["host"]
        del handler.settings["host"]


# ---- PostgreSQL


def _engine(url: str) -> Any:
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)


@contextmanager
def psycopg_connection(url: str) -> Iterator[Door]:
    with psycopg.connect(url) as connection:
        yield Door(connection, connection.execute, connection.commit, connection.rollback)
        connection.rollback()


SQLITE: list[Opened] = [
    sqlite3_module, sqlite3_by_hand, sqlalchemy_connection, sqlalchemy_session, django_atomic,
]  # fmt: skip
POSTGRES: list[Opened] = [
    psycopg_connection, sqlalchemy_connection, sqlalchemy_session, django_atomic,
]  # fmt: skip
KINDS = [("sqlite", one) for one in SQLITE] + [("postgres", one) for one in POSTGRES]


@pytest.fixture(params=KINDS, ids=[f"{where}-{one.__name__}" for where, one in KINDS])
def host(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Orchestrator, Callable[[], AbstractContextManager[Door]]]]:
    where, door = request.param
    with ExitStack() as stack:
        target: Any = tmp_path / "host.db"
        store: Any
        if where == "sqlite":
            store = SQLiteStore(target, shared=True)
            stack.callback(store.close)
        else:
            target = request.getfixturevalue("fresh_postgres")
            store = stack.enter_context(PostgresStore(target))
        kit = Orchestrator(WORKSPACE, store=store, channels={})
        kit.identify("ann")
        with door(target) as opened:
            opened.execute("CREATE TABLE orders (id TEXT)")
            opened.commit()
        yield kit, lambda: door(target)


Host = tuple[Orchestrator, Callable[[], AbstractContextManager[Door]]]


def entered(kit: Orchestrator) -> int:
    kit.tick()
    return sum(isinstance(one, j.Entered) for one in kit.journal("ann"))


def test_what_is_told_is_committed_with_the_transaction(host: Host) -> None:  # F3
    kit, opened = host
    with opened() as door:
        door.execute("INSERT INTO orders VALUES ('o1')")
        with kit.using(door.connection) as tx:
            tx.track("ann", Paid(amount=5), id="o1")
            tx.track_many([{"customer_id": "ann", "event": "paid", "data": {"amount": 6}}])
        assert kit.store.depth(9) == 0  # nobody sees it yet
        door.commit()
    assert kit.store.depth(9) == 2
    assert entered(kit) == 1
    amounts = [one.data["amount"] for one in kit.journal("ann") if isinstance(one, j.Received)]
    assert amounts == [5, 6]


def test_it_is_rolled_back_with_it(host: Host) -> None:  # F3
    kit, opened = host
    with opened() as door:
        door.execute("INSERT INTO orders VALUES ('o1')")
        with kit.using(door.connection) as tx:
            tx.track("ann", Paid(), id="o1")
        door.rollback()
    assert (kit.store.depth(9), entered(kit)) == (0, 0)


def test_it_may_be_all_that_the_transaction_does(host: Host) -> None:  # F3
    kit, opened = host
    with opened() as door:
        with kit.using(door.connection) as tx:
            tx.track("ann", Paid(), id="o1")
        door.commit()
    assert entered(kit) == 1


def test_an_error_in_the_block_leaves_the_transaction_usable(host: Host) -> None:  # F3
    kit, opened = host
    with opened() as door:
        door.execute("INSERT INTO orders VALUES ('o1')")
        with suppress(UnknownEventError), kit.using(door.connection) as tx:
            tx.track("ann", Paid(), id="undone")
            door.execute("INSERT INTO orders VALUES ('undone')")
            tx.track("ann", "nope")
        with kit.using(door.connection) as tx:
            tx.track("ann", Paid(), id="o1")
        door.execute("INSERT INTO orders VALUES ('o2')")
        door.commit()
    kit.tick()
    assert [one.id for one in kit.journal("ann") if isinstance(one, j.Received)] == ["o1"]
    with opened() as door:
        assert _count(door) == 2


def test_the_error_of_a_host_whose_transaction_is_over_is_its_own(host: Host) -> None:
    kit, opened = host
    with opened() as door:
        door.execute("INSERT INTO orders VALUES ('o1')")

        def sell() -> None:
            with kit.using(door.connection) as tx:
                tx.track("ann", Paid())
                door.rollback()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            sell()
        door.rollback()
    assert kit.store.depth(9) == 0


@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_what_django_marks_for_rollback_ends_with_the_block(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target: Any = tmp_path / "host.db"
    store: Any
    if where == "sqlite":
        store = SQLiteStore(target, shared=True)
    else:
        target = request.getfixturevalue("fresh_postgres")
        store = PostgresStore(target)
    kit = Orchestrator(WORKSPACE, store=store, channels={})
    with django_atomic(target) as door:
        door.execute("CREATE TABLE orders (id TEXT PRIMARY KEY)")
        door.execute("INSERT INTO orders VALUES ('o1')")

        def sell() -> None:
            saving = transaction.mark_for_rollback_on_error(using="host")  # as a model does
            with kit.using(door.connection) as tx, saving:
                tx.identify("ann")
                door.execute("INSERT INTO orders VALUES ('o1')")

        with pytest.raises(IntegrityError):
            sell()
        door.execute("INSERT INTO orders VALUES ('o2')")
        door.commit()
        assert (_count(door), store.depth(9)) == (2, 0)
    store.close()


def _count(door: Door) -> int:
    if hasattr(door.connection, "vendor"):
        with door.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders")
            return int(cursor.fetchone()[0])
    return int(door.execute("SELECT count(*) FROM orders").fetchone()[0])


def test_a_failing_append_leaves_the_transaction_usable(host: Host) -> None:  # F3
    kit, opened = host
    with opened() as door:
        door.execute("INSERT INTO orders VALUES ('o1')")
        how = kit.store.appending  # type: ignore[attr-defined]
        broken = type(how)(how.dialect, ("INSERT INTO gone VALUES (1)",), how.place)
        using = kit.using(door.connection)
        using._joined._how = broken  # type: ignore[attr-defined]
        with pytest.raises(WrongDatabaseError, match="does not have the tables"), using as tx:
            tx.track("ann", Paid())
        door.commit()
    with opened() as door:
        assert _count(door) == 1


def test_blocks_may_lie_in_each_other(host: Host) -> None:
    kit, opened = host
    with opened() as door:
        with kit.using(door.connection) as outer:
            outer.track("ann", Paid(), id="first")
            with suppress(ZeroDivisionError), kit.using(door.connection) as inner:
                inner.track("ann", Paid(), id="never")
                raise ZeroDivisionError
            with kit.using(door.connection) as inner:
                inner.track("ann", Paid(), id="second")
        door.commit()
    kit.tick()
    ids = [one.id for one in kit.journal("ann") if isinstance(one, j.Received)]
    assert sorted(ids) == ["first", "second"]


# ---- what is no transaction


def test_an_open_transaction_is_needed(tmp_path: Path, fresh_postgres: str) -> None:
    def refused(kit: Orchestrator, connection: Any) -> None:
        with pytest.raises(UsageError, match="no transaction is open") as caught:
            kit.using(connection)
        assert "kit.inbox" in caught.value.remedy

    store = SQLiteStore(tmp_path / "host.db", shared=True)
    kit = Orchestrator(WORKSPACE, store=store, channels={})
    refused(kit, sqlite3.connect(tmp_path / "host.db", isolation_level=None))
    with PostgresStore(fresh_postgres) as postgres:
        kit = Orchestrator(WORKSPACE, store=postgres, channels={})
        with psycopg.connect(fresh_postgres, autocommit=True) as connection:
            refused(kit, connection)
            with connection.transaction(), kit.using(connection) as tx:
                tx.identify("ann")
            assert postgres.depth(9) == 1
        engine = create_engine(
            fresh_postgres.replace("postgresql:", "postgresql+psycopg:"),
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as autocommitting:
            refused(kit, autocommitting)
        engine.dispose()


def test_django_outside_of_atomic_is_refused(tmp_path: Path) -> None:
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    with django_atomic(tmp_path / "host.db") as door:
        connection = door.connection
        connection.in_atomic_block = False
        try:
            with pytest.raises(UsageError, match="no transaction is open"):
                kit.using(connection)
        finally:
            connection.in_atomic_block = True


@pytest.mark.parametrize("connection", [None, "postgresql://", object()])
def test_what_is_no_connection_is_refused(connection: object, tmp_path: Path) -> None:
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    with pytest.raises(UsageError, match="no connection") as caught:
        kit.using(connection)
    assert "psycopg" in caught.value.remedy


def test_a_store_in_memory_cannot_be_reached_by_a_connection(tmp_path: Path) -> None:
    kit = Orchestrator(WORKSPACE, store=MemoryStore(), channels={})
    with pytest.raises(UsageError, match="cannot be written to") as caught:
        kit.using(sqlite3.connect(tmp_path / "host.db"))
    assert "kit.inbox" in caught.value.remedy


def test_a_connection_to_another_database_is_refused(tmp_path: Path, fresh_postgres: str) -> None:
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    other = sqlite3.connect(tmp_path / "other.db")
    SQLiteStore(tmp_path / "other.db", shared=True).close()  # it has the tables, and nobody looks
    with pytest.raises(WrongDatabaseError, match="another file"):
        kit.using(other)
    with psycopg.connect(fresh_postgres) as connection:
        with pytest.raises(WrongDatabaseError, match="postgresql, the store is in sqlite"):
            kit.using(connection)
        with PostgresStore(fresh_postgres, schema="there"):
            pass
        elsewhere = PostgresStore(fresh_postgres, schema="here")
        kit = Orchestrator(WORKSPACE, store=elsewhere, channels={})
        connection.execute("DROP SCHEMA here CASCADE")
        with pytest.raises(WrongDatabaseError), kit.using(connection) as tx:
            tx.track("ann", Paid())
        connection.rollback()
        elsewhere.close()


def test_what_is_told_behind_the_block_is_refused(tmp_path: Path) -> None:
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    connection = sqlite3.connect(tmp_path / "host.db")
    with kit.using(connection) as tx:
        tx.identify("ann")
    with pytest.raises(UsageError, match="is over"):
        tx.track("ann", Paid())
    connection.close()


def test_a_transaction_that_read_too_early_is_named(tmp_path: Path) -> None:
    """SQLite refuses it at once: it would write on what it did not see."""
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    connection = sqlite3.connect(tmp_path / "host.db", isolation_level=None, timeout=5)
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM journeykit_inbox").fetchall()
    kit.identify("ann")
    with (
        pytest.raises(StaleSnapshotError, match="read before") as caught,
        kit.using(connection) as tx,
    ):
        tx.track("ann", Paid())
    assert "BEGIN IMMEDIATE" in caught.value.remedy
    assert connection.in_transaction
    connection.close()


def test_whoever_waits_too_long_for_the_file_is_told_so(tmp_path: Path) -> None:
    kit = Orchestrator(WORKSPACE, store=SQLiteStore(tmp_path / "host.db", shared=True), channels={})
    first = sqlite3.connect(tmp_path / "host.db", isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    second = sqlite3.connect(tmp_path / "host.db", timeout=0)
    with (
        pytest.raises(StoreBusyError, match="time-out of this connection"),
        kit.using(second) as tx,
    ):
        tx.track("ann", Paid())
    first.close()
    second.close()


# ---- late commits


def test_who_commits_late_is_not_skipped(fresh_postgres: str) -> None:  # F3
    """The first transaction appends first and commits last; a reader comes in between."""
    with PostgresStore(fresh_postgres) as store, ExitStack() as stack:
        kit = Orchestrator(WORKSPACE, store=store, channels={})
        kit.identify("ann")
        slow, quick = (stack.enter_context(psycopg.connect(fresh_postgres)) for _ in range(2))
        with kit.using(slow) as tx:
            tx.track("ann", Paid(), id="slow")
        with kit.using(quick) as tx:  # it waits for nobody
            tx.track("ann", Paid(), id="quick")
        quick.commit()
        kit.tick()
        assert [one.id for one in kit.journal("ann") if isinstance(one, j.Received)] == ["quick"]
        slow.commit()
        kit.tick()
        ids = [one.id for one in kit.journal("ann") if isinstance(one, j.Received)]
        assert ids == ["quick", "slow"]


# ---- asynchronous


@asynccontextmanager
async def async_psycopg(url: str) -> AsyncIterator[Door]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        yield Door(connection, connection.execute, connection.commit, connection.rollback)
        await connection.rollback()


@asynccontextmanager
async def asyncpg_connection(url: str) -> AsyncIterator[Door]:
    parts = conninfo_to_dict(url)
    connection: Any = await asyncpg.connect(
        host=parts["host"], user=parts["user"], database=parts["dbname"], port=parts.get("port")
    )
    try:
        block = connection.transaction()
        await block.start()
        yield Door(connection, connection.execute, block.commit, block.rollback)
    finally:
        await connection.close()


def _async_engine(driver: str) -> Callable[[str], Any]:
    return lambda url: create_async_engine(
        url.replace("postgresql:", f"postgresql+{driver}:"), poolclass=NullPool
    )


def _async_connection(driver: str) -> Callable[[str], AbstractAsyncContextManager[Door]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Door]:
        engine = _async_engine(driver)(url)
        async with engine.connect() as connection:
            yield Door(
                connection, connection.exec_driver_sql, connection.commit, connection.rollback
            )
        await engine.dispose()

    opened.__name__ = f"async_connection_{driver}"
    return opened


def _async_session(driver: str) -> Callable[[str], AbstractAsyncContextManager[Door]]:
    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Door]:
        engine = _async_engine(driver)(url)
        async with AsyncSession(engine) as session:

            async def execute(sql: str) -> Any:
                return await (await session.connection()).exec_driver_sql(sql)

            yield Door(session, execute, session.commit, session.rollback)
        await engine.dispose()

    opened.__name__ = f"async_session_{driver}"
    return opened


ASYNC = [
    async_psycopg,
    asyncpg_connection,
    _async_connection("psycopg"),
    _async_connection("asyncpg"),
    _async_session("psycopg"),
    _async_session("asyncpg"),
]


@pytest.mark.parametrize("opened", ASYNC, ids=lambda one: one.__name__)
def test_it_is_the_same_on_asynchronous_connections(opened: Any, fresh_postgres: str) -> None:  # F3
    async def scenario() -> None:
        async with (
            AsyncPostgresStore(fresh_postgres) as store,
            AsyncOrchestrator(WORKSPACE, store=store, channels={}) as kit,
        ):
            await kit.identify("ann")
            async with opened(fresh_postgres) as door:
                await door.execute("CREATE TABLE orders (id TEXT)")
                async with kit.using(door.connection) as tx:
                    tx.track("ann", Paid(amount=5), id="o1")
                with suppress(UnknownEventError):
                    async with kit.using(door.connection) as tx:
                        tx.track("ann", Paid(), id="undone")
                        await door.execute("INSERT INTO orders VALUES ('undone')")
                        tx.track("ann", "nope")
                assert await store.depth(9) == 0
                await door.commit()
            assert await store.depth(9) == 1
            async with opened(fresh_postgres) as door:
                async with kit.using(door.connection) as tx:
                    tx.track("ann", Paid(), id="o2")
                await door.rollback()
            assert await store.depth(9) == 1
            await kit.tick()
            received = [one for one in await kit.journal("ann") if isinstance(one, j.Received)]
            assert [(one.id, one.data["amount"]) for one in received] == [("o1", 5)]

    asyncio.run(scenario())


@pytest.mark.parametrize("opened", ASYNC[:2], ids=lambda one: one.__name__)
def test_a_task_cancelled_while_it_appends_leaves_the_transaction_usable(
    opened: Any, fresh_postgres: str
) -> None:  # F3
    async def scenario() -> None:
        async with (
            AsyncPostgresStore(fresh_postgres) as store,
            AsyncOrchestrator(WORKSPACE, store=store, channels={}) as kit,
            await psycopg.AsyncConnection.connect(fresh_postgres) as other,
            opened(fresh_postgres) as door,
        ):
            await door.execute("CREATE TABLE orders (id TEXT)")
            await other.execute("LOCK TABLE journeykit_inbox IN EXCLUSIVE MODE")

            async def tell() -> None:
                async with kit.using(door.connection) as tx:
                    tx.identify("ann")

            telling = asyncio.create_task(tell())
            while not await _somebody_waits(other):
                await asyncio.sleep(0.01)
            telling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await telling
            await other.rollback()
            await door.execute("INSERT INTO orders VALUES ('o1')")
            await door.commit()
            assert await store.depth(9) == 0

    asyncio.run(scenario())


async def _somebody_waits(connection: psycopg.AsyncConnection[Any]) -> bool:
    asked = await connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
    return await asked.fetchone() is not None


def test_each_kind_of_orchestrator_has_its_kind_of_connection(fresh_postgres: str) -> None:
    async def scenario() -> None:
        async with (
            AsyncPostgresStore(fresh_postgres) as store,
            AsyncOrchestrator(WORKSPACE, store=store, channels={}) as kit,
        ):
            with psycopg.connect(fresh_postgres) as one, pytest.raises(UsageError, match="is sync"):
                kit.using(one)
            async with await psycopg.AsyncConnection.connect(fresh_postgres) as other:
                sync = Orchestrator(WORKSPACE, store=PostgresStore(fresh_postgres), channels={})
                with pytest.raises(UsageError, match="is asynchronous"):
                    sync.using(other)
                sync.store.close()

    asyncio.run(scenario())


def test_the_inbox_is_awaited(fresh_postgres: str) -> None:
    async def scenario() -> None:
        async with (
            AsyncPostgresStore(fresh_postgres) as store,
            AsyncOrchestrator(WORKSPACE, store=store, channels={}) as kit,
        ):
            await kit.inbox.identify("ann")
            bad = await kit.inbox.track_many(
                [{"customer_id": "ann", "event": "paid"}, {"customer_id": "ann", "event": "nope"}]
            )
            assert [one.index for one in bad] == [1]
            await kit.tick()
            kinds = [type(one) for one in await kit.journal("ann")]
            assert kinds[:2] == [j.Profiled, j.Received]

    asyncio.run(scenario())
