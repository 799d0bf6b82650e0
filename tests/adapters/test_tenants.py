"""Do several tenants in one database know nothing of each other?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine

from journeykit import (
    Event,
    Journey,
    On,
    Orchestrator,
    Policy,
    RecordingChannel,
    Send,
    SQLiteStore,
    Throttle,
    Workspace,
    minutes,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_connection import address_of
from journeykit.errors import UsageError

TENANTS = ("eu", "us")


class SignedUp(Event):
    pass


app = Workspace(
    journeys=[Journey("welcome", entry=On(SignedUp), steps=[Send("hello", via=["email"])])],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-out"},
        throttles=[Throttle(1000, per=minutes(1), burst=10, channels=["email"])],
    ),
)


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["file", "schemas", "prefixes"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Yield one store for each tenant, all in one file, or on one pool of one database."""
    with ExitStack() as stack:
        found: dict[str, Any] = {}
        if request.param == "file":
            for name in TENANTS:
                found[name] = SQLiteStore(tmp_path / "all.db", prefix=f"{name}_", shared=True)
        else:
            engine = create_engine(address_of(request.getfixturevalue("fresh_postgres")))
            stack.callback(engine.dispose)
            key = "schema" if request.param == "schemas" else "prefix"
            for name in TENANTS:
                found[name] = PostgresStore(engine, **{key: f"{name}_"})
        for store in found.values():
            stack.enter_context(store)
        yield found


def test_tenants_know_nothing_of_each_other(stores: dict[str, Any]) -> None:
    channels = {name: RecordingChannel() for name in TENANTS}
    kits = {
        name: Orchestrator(app, store=store, channels={"email": channels[name]}, clock=Clock())
        for name, store in stores.items()
    }
    for name, kit in kits.items():
        kit.identify("ann")
        kit.track("ann", SignedUp(), id="1")
        kit.identify(name)
        kit.inbox.track(name, SignedUp())
    kits["eu"].suppress_addresses([{"channel": "email", "address": "eu"}])
    kits["us"].pause("welcome")
    assert not kits["eu"].paused()
    kits["eu"].tick()
    assert [one.customer_id for one in channels["eu"].messages] == ["ann"]
    assert channels["us"].messages == []
    assert kits["us"].suppressed("email", "eu") is None
    assert kits["eu"].erase("ann")
    assert kits["us"].customer("ann").enrollments
    assert list(stores["us"].customers()) == ["ann", "us"]
    assert list(stores["eu"].customers()) == ["eu"]
    kits["us"].resume("welcome")
    kits["us"].tick()
    assert {one.customer_id for one in channels["us"].messages} == {"ann", "us"}
    assert {one.key for one in channels["us"].messages}.isdisjoint(
        row.key for row in stores["eu"].outbox("ann")
    )


def test_one_tenant_is_removed_with_its_tables(fresh_postgres: str) -> None:
    for name in TENANTS:
        with PostgresStore(fresh_postgres, schema=name) as store:
            store.set_controls(name.encode(), expected=0)
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA eu CASCADE")
    with PostgresStore(fresh_postgres, schema="us", migrate=False) as store:
        assert store.controls().body == b"us"


@pytest.mark.parametrize("prefix", ["", "Eu_", "eu-", "eu_'; DROP TABLE x", "x" * 80])
def test_a_name_that_would_need_quotes_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(UsageError, match="prefix"):
        SQLiteStore(tmp_path / "all.db", prefix=prefix, shared=True)
    with pytest.raises(UsageError, match="schema"):
        PostgresStore("postgresql://nobody@127.0.0.1:1/x", schema=prefix)
