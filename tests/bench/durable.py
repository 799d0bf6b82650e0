"""How fast is a drip of three messages on a SQLite file, against the same cycle by hand?

10,000 customers are enrolled, get a message, wait a day, get a message, wait a day, get a
message; every message is handed to a channel that does nothing, and settled. Batches of
1,000, `synchronous=FULL`. Identifying the customers beforehand is not part of the cycle.

The limit is what somebody would write for this one drip, with `sqlite3` and stdlib json:
claim due rows, decode and encode a document of 500 bytes, update it, insert the outbox row;
then claim outbox rows, hand over, decode, encode and update again, delete the outbox row.
It keeps no journal, no policy and no event ids.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from _bench import medians, report

from journeykit import (
    Accepted,
    Event,
    FrequencyCap,
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
    days,
)
from journeykit.ports import Receipt

CUSTOMERS = 10_000
BATCH = 1_000
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class SignedUp(Event):
    plan: str = "free"


drip = Journey(
    "drip",
    entry=On(SignedUp),
    steps=[
        Send("one", via=["email"]),
        Wait(days(1)),
        Send("two", via=["email"]),
        Wait(days(1)),
        Send("three", via=["email"]),
    ],
)
workspace = Workspace(
    journeys=[drip],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-out"},
        quiet_hours=[QuietHours("21:00", "08:00")],
        caps=[FrequencyCap(3, per=timedelta(days=7))],
    ),
)


class Hand:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Nothing:
    """A channel that does nothing but count."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def send(self, message: OutgoingMessage) -> Receipt:
        self.taken[message.template] += 1
        return Accepted()


def ours(folder: Path) -> float:
    """Return customers per second."""
    clock, channel = Hand(), Nothing()
    with SQLiteStore(folder / "ours.db") as store:
        kit = Orchestrator(
            workspace, store=store, channels={"email": channel}, clock=clock, batch=BATCH
        )
        names = [f"customer-{number:05}" for number in range(CUSTOMERS)]
        kit.identify_many([{"customer_id": name} for name in names])
        rows = [
            {"customer_id": name, "event": "signed_up", "data": {"plan": "pro"}, "id": f"e-{name}"}
            for name in names
        ]
        start = perf_counter()
        batch = kit.track_many(rows)
        kit.tick()
        for _ in range(2):
            clock.at += DAY
            kit.tick()
        took = perf_counter() - start
        assert batch.done == CUSTOMERS
        assert channel.taken == dict.fromkeys(("one", "two", "three"), CUSTOMERS)
        assert kit.next_due() is None
    return CUSTOMERS / took


def by_hand(folder: Path) -> float:
    """Return customers per second."""
    db = sqlite3.connect(folder / "hand.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA synchronous = full")
    db.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, due INTEGER, body TEXT NOT NULL)")
    db.execute("CREATE INDEX customer_due ON customer (due) WHERE due IS NOT NULL")
    db.execute(
        "CREATE TABLE outbox (key TEXT PRIMARY KEY, customer TEXT NOT NULL, due INTEGER NOT NULL,"
        " lease INTEGER)"
    )
    db.execute("CREATE INDEX outbox_due ON outbox (due) WHERE lease IS NULL")
    start = perf_counter()
    for first in range(0, CUSTOMERS, BATCH):
        db.execute("BEGIN IMMEDIATE")
        rows = [(f"customer-{n:05}", 0, _document(n)) for n in range(first, first + BATCH)]
        db.executemany("INSERT INTO customer VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")
    for day in range(3):
        while _decide(db, day):
            pass
        while _deliver(db, day):
            pass
    took = perf_counter() - start
    done = db.execute("SELECT count(*) FROM customer WHERE due IS NULL").fetchone()[0]
    assert done == CUSTOMERS, done
    assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
    db.close()
    return CUSTOMERS / took


def _document(number: int) -> str:
    body = {
        "id": f"customer-{number:05}",
        "step": "one",
        "ledger": [],
        "attributes": {f"attribute_no_{n}": f"value {n} of this customer" for n in range(9)},
    }
    return json.dumps(body)


def _decide(db: sqlite3.Connection, day: int) -> int:
    """Claim due customers and put a message into the outbox for each."""
    db.execute("BEGIN IMMEDIATE")
    rows = db.execute("SELECT id, body FROM customer WHERE due <= ? LIMIT ?", (day, BATCH))
    changed, messages = [], []
    for customer, text in rows.fetchall():
        body = json.loads(text)
        body["step"] = f"send {day}"
        changed.append((None, json.dumps(body), customer))
        messages.append((f"{customer}/{day}", customer, day, None))
    db.executemany("UPDATE customer SET due = ?, body = ? WHERE id = ?", changed)
    db.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", messages)
    db.execute("COMMIT")
    return len(changed)


def _deliver(db: sqlite3.Connection, day: int) -> int:
    """Claim messages, hand them over, settle them with their customers."""
    db.execute("BEGIN IMMEDIATE")
    claimed = db.execute(
        "UPDATE outbox SET lease = ? WHERE key IN"
        " (SELECT key FROM outbox WHERE lease IS NULL AND due <= ? LIMIT ?)"
        " RETURNING key, customer",
        (day + 1, day, BATCH),
    ).fetchall()
    db.execute("COMMIT")
    channel = Nothing()
    db.execute("BEGIN IMMEDIATE")
    changed = []
    for key, customer in claimed:
        (text,) = db.execute("SELECT body FROM customer WHERE id = ?", (customer,)).fetchone()
        body = json.loads(text)
        channel.taken[key] += 1
        body["ledger"].append([day, key])
        changed.append((day + 1 if day < 2 else None, json.dumps(body), customer))
    db.executemany("UPDATE customer SET due = ?, body = ? WHERE id = ?", changed)
    db.executemany("DELETE FROM outbox WHERE key = ?", [(key,) for key, _ in claimed])
    db.execute("COMMIT")
    return len(claimed)


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3

    def fresh(work: object) -> float:
        with TemporaryDirectory() as folder:
            return work(Path(folder))  # type: ignore[operator]

    size = len(_document(0))
    assert 450 <= size <= 550, size
    ratio, mine, limit = medians(lambda: fresh(ours), lambda: fresh(by_hand), times=times)
    report(
        "drip of three messages on SQLite, 10,000 customers",
        ratio=ratio,
        limit=round(limit),
        value=round(mine),
        unit="customers per second",
        wanted=0.3,
        aim=0.6,
    )


if __name__ == "__main__":
    main()
