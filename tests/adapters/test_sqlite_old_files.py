"""Does what an older journeykit wrote go on? Files of each schema version before, as they were.

They were written by the code of their time, at 22:00 on 2 March 2026 in the middle of this
journey: ann waits for the second message, bob has bought, cat's channel was busy, and dan's
message is held for the night.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journeykit import (
    Accepted,
    Event,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    QuietHours,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters import sqlite_schema

FOLDER = Path(__file__).with_name("old_files")
VERSIONS = range(1, len(sqlite_schema.MIGRATIONS))
EVENING = datetime(2026, 3, 2, 22, tzinfo=UTC)


class SignedUp(Event):
    pass


class Bought(Event):
    pass


app = Workspace(
    journeys=[
        Journey(
            "welcome",
            entry=On(SignedUp),
            exits=[On(Bought)],
            steps=[Send("one", via=["email"]), Wait(hours(24)), Send("two", via=["email"])],
        )
    ],
    timezone="UTC",
    policy=Policy(consent={"email": "opt-in"}, quiet_hours=[QuietHours("21:00", "08:00")]),
)


class Host:
    """A clock and a channel."""

    def __init__(self) -> None:
        self.at = EVENING
        self.sent: list[tuple[str, str, str]] = []

    def now(self) -> datetime:
        return self.at

    def send(self, message: OutgoingMessage) -> Accepted:
        self.sent.append((f"{self.at:%d %H:%M}", message.customer_id, message.template))
        return Accepted(message.key)


@pytest.fixture
def old_file(file: Path, request: pytest.FixtureRequest) -> Path:
    """A file of an older schema version."""
    db = sqlite3.connect(file)
    db.executescript((FOLDER / f"schema_{request.param}.sql").read_text())
    assert db.execute("SELECT max(version) FROM journeykit_schema").fetchone() == (request.param,)
    db.close()
    return file


old_files = pytest.mark.parametrize("old_file", VERSIONS, indirect=True)


@old_files
def test_customers_go_on_where_they_stood(old_file: Path) -> None:  # V1
    host = Host()
    with SQLiteStore(old_file) as store:
        kit = Orchestrator(app, store=store, channels={"email": host}, clock=host)
        again = kit.track("ann", SignedUp(), id="s-ann")
        assert again.repeated, "an event id was forgotten"
        while (due := kit.next_due()) is not None and due < EVENING + timedelta(days=3):
            host.at = max(host.at, due)
            kit.tick()
        assert sorted(host.sent) == [
            ("03 08:00", "cat", "one"),
            ("03 08:00", "dan", "one"),
            ("03 12:00", "ann", "two"),
            ("04 08:00", "cat", "two"),
            ("04 08:00", "dan", "two"),
        ]
        assert not kit.doctor().findings


@old_files
def test_what_happened_before_is_still_told(old_file: Path) -> None:
    host = Host()
    with SQLiteStore(old_file) as store:
        kit = Orchestrator(app, store=store, channels={"email": host}, clock=host)
        for customer, told in (
            ("ann", "one"),
            ("bob", "bought"),
            ("cat", "busy"),
            ("dan", "quiet"),
        ):
            assert told in str(kit.explain(customer)).lower()
        assert kit.erase("ann")
        assert dict(store.load(["ann"])) == {}


def test_there_is_a_file_of_each_older_version() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"schema_{one}.sql" for one in VERSIONS}
