"""How fast are events taken in, against the same by hand? See `_ingest`.

On SQLite with `synchronous=FULL`, and on a PostgreSQL of its own.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import _ingest as work
import psycopg
from _bench import medians, report

from journeykit import SQLiteStore
from journeykit.adapters.postgres import PostgresStore

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from postgres_server import database, server

Ours = Callable[[Any], float]


def on_sqlite(ours: Ours) -> float:
    with TemporaryDirectory() as folder, SQLiteStore(Path(folder) / "ours.db") as store:
        return ours(store)


def by_hand_on_sqlite() -> float:
    """Return events per second."""
    with TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "hand.db", isolation_level=None)
        db.execute("PRAGMA journal_mode = wal")
        db.execute("PRAGMA synchronous = full")
        db.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, due INTEGER, body TEXT NOT NULL)")
        db.execute("CREATE INDEX customer_due ON customer (due) WHERE due IS NOT NULL")
        db.execute("CREATE TABLE seen (customer TEXT, event TEXT, PRIMARY KEY (customer, event))")
        db.execute("BEGIN")
        db.executemany("INSERT INTO customer VALUES (?, ?, ?)", work.documents())
        db.execute("COMMIT")
        calls = work.told()
        start = perf_counter()
        for first in range(0, len(calls), work.BATCH):
            _take_on_sqlite(db, calls[first : first + work.BATCH])
        took = perf_counter() - start
        (known,) = db.execute("SELECT count(*) FROM seen").fetchone()
        assert known == work.EVENTS, known
        db.close()
    return work.EVENTS / took


def _take_on_sqlite(db: sqlite3.Connection, calls: list[tuple[str, str, int]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    by_customer: dict[str, list[int]] = defaultdict(list)
    for customer, event, amount in calls:
        new = db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (customer, event)).rowcount
        if new:
            by_customer[customer].append(amount)
    rows = []
    for customer, amounts in by_customer.items():
        (text,) = db.execute("SELECT body FROM customer WHERE id = ?", (customer,)).fetchone()
        rows.append((work.changed(text, amounts), customer))
    db.executemany("UPDATE customer SET body = ? WHERE id = ?", rows)
    db.execute("COMMIT")


def by_hand_on_postgres(url: str) -> float:
    """Return events per second: a batch is an insert, a select and an update of arrays."""
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE customer (id text PRIMARY KEY, due bigint, body text NOT NULL)")
        db.execute("CREATE INDEX ON customer (due) WHERE due IS NOT NULL")
        db.execute("CREATE TABLE seen (customer text, event text, PRIMARY KEY (customer, event))")
        with db.cursor() as cursor, cursor.copy("COPY customer FROM STDIN") as copy:
            for row in work.documents():
                copy.write_row(row)
        db.commit()
        calls = work.told()
        start = perf_counter()
        for first in range(0, len(calls), work.BATCH):
            _take_on_postgres(db, calls[first : first + work.BATCH])
        took = perf_counter() - start
        found = db.execute("SELECT count(*) FROM seen").fetchone()
        assert found == (work.EVENTS,), found
    return work.EVENTS / took


def _take_on_postgres(db: Any, calls: list[tuple[str, str, int]]) -> None:
    amounts = {(customer, event): amount for customer, event, amount in calls}
    new = db.execute(
        "INSERT INTO seen SELECT * FROM unnest(%s::text[], %s::text[])"
        " ON CONFLICT DO NOTHING RETURNING customer, event",
        ([customer for customer, _ in amounts], [event for _, event in amounts]),
    ).fetchall()
    by_customer = {
        customer: [amounts[pair] for pair in pairs]
        for customer, pairs in groupby(sorted(new), lambda pair: pair[0])
    }
    rows = db.execute(
        "SELECT id, body FROM customer WHERE id = ANY(%s) FOR UPDATE", (list(by_customer),)
    ).fetchall()
    bodies = [work.changed(text, by_customer[customer]) for customer, text in rows]
    db.execute(
        "UPDATE customer SET body = new.body FROM unnest(%s::text[], %s::text[]) AS new (id, body)"
        " WHERE customer.id = new.id",
        ([customer for customer, _ in rows], bodies),
    )
    db.commit()


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    _compare("on SQLite", on_sqlite, by_hand_on_sqlite, times)
    with server(durable=True) as url:

        def on_postgres(ours: Ours) -> float:
            with database(url) as own, PostgresStore(own) as store:
                return ours(store)

        def by_hand() -> float:
            with database(url) as own:
                return by_hand_on_postgres(own)

        _compare("on PostgreSQL", on_postgres, by_hand, times)


def _compare(
    where: str, ours: Callable[[Ours], float], by_hand: Callable[[], float], times: int
) -> None:
    """Report both ways; the limit is measured between them, once for both."""
    limits: list[float] = []

    def limit() -> float:
        limits.append(by_hand())
        return limits[-1]

    ratio, mine, theirs = medians(lambda: ours(work.at_once), limit, times=times)
    _tell(f"100,000 events decided at once, {where}", ratio, mine, theirs)
    known = iter(limits)
    ratio, mine, theirs = medians(lambda: ours(work.by_inbox), lambda: next(known), times=times)
    _tell(f"100,000 events by the inbox, {where}", ratio, mine, theirs)


def _tell(name: str, ratio: float, mine: float, limit: float) -> None:
    report(
        name, ratio=ratio, limit=round(limit), value=round(mine), unit="events per second",
        wanted=0.5, aim=1.0,
    )  # fmt: skip


if __name__ == "__main__":
    main()
