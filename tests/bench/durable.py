"""How fast is a drip of three messages on a SQLite file, against the same cycle by hand?

See `_drip`. `synchronous=FULL`, 10,000 customers. Then one enrolment per commit, against one
bare row per commit: both wait for the disk each time.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import _drip as drip
from _bench import medians, report

from journeykit import Orchestrator, SQLiteStore

CUSTOMERS = 10_000
SINGLE = 1_000


def ours(folder: Path) -> float:
    """Return customers per second."""
    with SQLiteStore(folder / "ours.db") as store:
        return drip.ours(store, CUSTOMERS)


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
    for first in range(0, CUSTOMERS, drip.BATCH):
        db.execute("BEGIN IMMEDIATE")
        rows = [(f"customer-{n:05}", 0, drip.document(n)) for n in range(first, first + drip.BATCH)]
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


def _decide(db: sqlite3.Connection, day: int) -> int:
    """Claim due customers and put a message into the outbox for each."""
    db.execute("BEGIN IMMEDIATE")
    rows = db.execute("SELECT id, body FROM customer WHERE due <= ? LIMIT ?", (day, drip.BATCH))
    changed, messages = [], []
    for customer, text in rows.fetchall():
        changed.append((None, drip.released(text, day), customer))
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
        (day + 1, day, drip.BATCH),
    ).fetchall()
    db.execute("COMMIT")
    channel = drip.Nothing()
    db.execute("BEGIN IMMEDIATE")
    changed = []
    for key, customer in claimed:
        (text,) = db.execute("SELECT body FROM customer WHERE id = ?", (customer,)).fetchone()
        channel.taken[key] += 1
        body = drip.settled(text, day, key)
        changed.append((day + 1 if day < 2 else None, body, customer))
    db.executemany("UPDATE customer SET due = ?, body = ? WHERE id = ?", changed)
    db.executemany("DELETE FROM outbox WHERE key = ?", [(key,) for key, _ in claimed])
    db.execute("COMMIT")
    return len(claimed)


def one_by_one(folder: Path) -> float:
    """Return enrolments per second, each told on its own."""
    with SQLiteStore(folder / "single.db") as store:
        kit = Orchestrator(
            drip.workspace, store=store, channels={"email": drip.Nothing()}, clock=drip.Hand()
        )
        names = [f"customer-{number:05}" for number in range(SINGLE)]
        kit.identify_many([{"customer_id": name} for name in names])
        start = perf_counter()
        for name in names:
            kit.track(name, drip.SignedUp(plan="pro"), id=f"e-{name}")
        return SINGLE / (perf_counter() - start)


def bare_rows(folder: Path) -> float:
    """Return rows of 500 bytes per second, a commit for each."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = wal")
    db.execute("PRAGMA synchronous = full")
    db.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, due INTEGER, body TEXT NOT NULL)")
    rows = [(f"customer-{n:05}", 0, drip.document(n)) for n in range(SINGLE)]
    start = perf_counter()
    for row in rows:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO customer VALUES (?, ?, ?)", row)
        db.execute("COMMIT")
    took = perf_counter() - start
    db.close()
    return SINGLE / took


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 3

    def fresh(work: object) -> float:
        with TemporaryDirectory() as folder:
            return work(Path(folder))  # type: ignore[operator]

    ratio, mine, limit = medians(lambda: fresh(ours), lambda: fresh(by_hand), times=times)
    report(
        "drip of three messages on SQLite, 10,000 customers",
        ratio=ratio,
        limit=round(limit),
        value=round(mine),
        unit="customers per second",
        wanted=0.4,
        aim=0.6,
    )
    ratio, mine, limit = medians(lambda: fresh(one_by_one), lambda: fresh(bare_rows), times=times)
    report(
        "one enrolment per commit on SQLite, against a bare row per commit",
        ratio=ratio,
        limit=round(limit),
        value=round(mine),
        unit="enrolments per second",
        wanted=0.6,
    )


if __name__ == "__main__":
    main()
