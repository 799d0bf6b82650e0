"""Is a customer really gone? Every byte of the database is looked at, and everything is exported."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from journeykit import MemoryStore, Retry, SQLiteStore
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import UnknownCustomerError
from journeykit.ports import FOREVER, ParkedCustomer

CANARY = "canary-4711"


def live(open_shop: Any, store: Any, people: int = 12, days: int = 12) -> Any:
    """Let ann and others live side by side: documents grow and shrink, and messages lie about."""
    shop = open_shop(store=store)
    names = [*(f"c{number}" for number in range(people)), "ann"]

    def words(name: str) -> str:
        return (CANARY if name == "ann" else "somebody else") + " "

    shop.email.act = lambda message: Retry(f"busy with {message.address}")
    for name in names:
        shop.kit.identify(name, {"email": f"{name}@{words(name).strip()}.test"})
    for day in range(days):
        for place, name in enumerate(names):
            size = 37 * (day + 1) * (place + 5) % 1501
            if size % 3 and name != "ann":
                continue
            told = {"cart_id": f"{words(name)}{day % 4}", "total": size % 90}
            shop.kit.track(name, "cart_updated", told, id=f"{words(name)}{day} {name}")
            shop.kit.identify(name, {"first_name": words(name) * size})
            if size % 2:
                shop.kit.track(name, "signed_up", {"plan": words(name)})
        shop.tick()
        shop.clock.passes(hours=5)
    shop.sms.act = lambda message: Retry("busy")
    shop.kit.track("ann", "cart_updated", {"cart_id": words("ann"), "total": 50})
    shop.tick()
    shop.kit.inbox.track("ann", "signed_up", {"plan": words("ann")})
    store.park([ParkedCustomer("ann", FOREVER, 1, 3, "RuntimeError")])
    return shop


def bytes_of(folder: Path) -> dict[str, int]:
    return {
        path.name: found
        for path in folder.rglob("*")
        if path.is_file() and (found := path.read_bytes().count(CANARY.encode()))
    }


def test_no_byte_is_left_in_the_files(
    open_shop: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """F4: neither in tables nor in pages that old versions left, nor in the log beside them."""
    caplog.set_level(logging.INFO)
    with SQLiteStore(tmp_path / "shop.db") as store:
        shop = live(open_shop, store)
        assert store.checkpoint()
        assert bytes_of(tmp_path)["shop.db"] > 100
        assert shop.kit.erase("ann") is True
        assert bytes_of(tmp_path) == {}
        assert len(store.customers()) == 12
        assert sum(1 for name in store.customers() for _ in store.journal(name)) > 12
    assert bytes_of(tmp_path) == {}
    assert CANARY not in caplog.text


def rows_with_canary(url: str) -> list[tuple[str, int]]:
    """Look into every column of every table, as a dump would."""
    found = []
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            dumped = connection.execute(f"SELECT t::text FROM {table} AS t").fetchall()
            hexed = CANARY.encode().hex()
            number = sum(CANARY in row[0] or hexed in row[0] for row in dumped)
            if number:
                found.append((table, number))
    return found


def test_no_row_is_left_in_postgresql(open_shop: Any, fresh_postgres: str) -> None:
    """F4."""
    with PostgresStore(fresh_postgres, schema="shop") as store:
        shop = live(open_shop, store, days=6)
        tables = {table for table, _ in rows_with_canary(fresh_postgres)}
        assert {f"shop.journeykit_{name}" for name in ("customer", "journal", "inbox")} <= tables
        assert shop.kit.erase("ann") is True
        assert rows_with_canary(fresh_postgres) == []
        assert len(store.customers()) == 12


def test_no_byte_is_left_in_the_heap_of_postgresql(
    open_shop: Any, fresh_postgres: str, request: pytest.FixtureRequest
) -> None:
    """F4: once the tables are vacuumed in full."""
    with PostgresStore(fresh_postgres) as store:
        shop = live(open_shop, store, days=6)
        shop.kit.erase("ann")
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        ((place, number),) = connection.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchall()
        folder = Path(place) / "base" / str(number)
        if not folder.is_dir():
            pytest.skip("the server is elsewhere")
        connection.execute("VACUUM FULL")
        connection.execute("CHECKPOINT")
        assert bytes_of(folder) == {}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    found: Any = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "s.db")
    yield found
    found.close()


def test_the_export_has_what_lies_in_every_table(open_shop: Any, store: Any) -> None:
    """F4: also what nobody has decided on, what was rendered, and that the customer is parked."""
    shop = live(open_shop, store)
    exported = shop.kit.export("ann")
    assert json.loads(json.dumps(exported)) == exported
    (told,) = exported["inbox"]
    assert [(one["kind"], one["name"]) for one in told["told"]] == [("event", "signed_up")]
    assert CANARY in json.dumps(told)
    assert exported["parked"][0]["reason"] == "RuntimeError"
    assert exported["parked"][0]["until"] is None
    assert exported["outbox"]
    assert {row["message"] for row in exported["outbox"]} <= set(exported["state"]["messages"])
    assert any(row["content"] for row in exported["outbox"])
    assert "c1" not in json.dumps(exported["outbox"])


def test_what_was_told_of_nobody_is_exported_and_erased(open_shop: Any, store: Any) -> None:
    """F4: rows of the inbox may lie there for an id that was never identified."""
    shop = open_shop(store=store)
    shop.kit.inbox.track("zoe", "signed_up", {"plan": CANARY})
    exported = shop.kit.export("zoe")
    assert (exported["state"], exported["journal"], len(exported["inbox"])) == (None, [], 1)
    shop.kit.erase("zoe")
    assert list(store.inbox(["zoe"], limit=9)) == []
    with pytest.raises(UnknownCustomerError):
        shop.kit.export("zoe")
