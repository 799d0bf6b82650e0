"""What does PostgreSQL cost? Against the same by hand, with psycopg and stdlib json.

The drip of `_drip`; claiming who is due among many; two workers against one; the memory of a
worker before a long backlog, and the size of what is kept. On a server of its own that waits for
the disk at every commit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import _drip as drip
import _waiting
import psycopg
from _bench import medians, report

from journeykit.adapters.postgres import PostgresStore
from journeykit.time import to_micros

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from postgres_server import database, server

CUSTOMERS = 10_000
MANY, FEW = 1_000_000, 10_000
WORKED_OFF = 8_000
CLAIMS = 9
_START = to_micros(drip.NOON)


# ---- the drip


def ours(url: str) -> float:
    """Return customers per second."""
    with database(url) as own, PostgresStore(own) as store:
        return drip.ours(store, CUSTOMERS)


def by_hand(url: str) -> float:
    """Return customers per second: arrays of a thousand, two statements for each step."""
    with database(url) as own, psycopg.connect(own) as db:
        db.execute("CREATE TABLE customer (id text PRIMARY KEY, due bigint, body text NOT NULL)")
        db.execute("CREATE INDEX ON customer (due) WHERE due IS NOT NULL")
        db.execute(
            "CREATE TABLE outbox (key text PRIMARY KEY, customer text NOT NULL,"
            " due bigint NOT NULL, lease bigint)"
        )
        db.execute("CREATE INDEX ON outbox (due) WHERE lease IS NULL")
        db.commit()
        start = perf_counter()
        for first in range(0, CUSTOMERS, drip.BATCH):
            numbers = range(first, first + drip.BATCH)
            db.execute(
                "INSERT INTO customer SELECT id, 0, body FROM unnest(%s::text[], %s::text[])"
                " AS new (id, body)",
                ([f"customer-{n:05}" for n in numbers], [drip.document(n) for n in numbers]),
            )
            db.commit()
        for day in range(3):
            while _decide(db, day):
                pass
            while _deliver(db, day):
                pass
        took = perf_counter() - start
        done = db.execute("SELECT count(*) FROM customer WHERE due IS NULL").fetchone()
        assert done == (CUSTOMERS,), done
    return CUSTOMERS / took


_UPDATE = """
    UPDATE customer SET due = %s, body = new.body
    FROM unnest(%s::text[], %s::text[]) AS new (id, body) WHERE customer.id = new.id
"""


def _decide(db: Any, day: int) -> int:
    rows = db.execute(
        "SELECT id, body FROM customer WHERE due <= %s LIMIT %s FOR UPDATE SKIP LOCKED",
        (day, drip.BATCH),
    ).fetchall()
    ids = [customer for customer, _ in rows]
    db.execute(_UPDATE, (None, ids, [drip.released(text, day) for _, text in rows]))
    db.execute(
        "INSERT INTO outbox SELECT key, customer, %s FROM unnest(%s::text[], %s::text[])"
        " AS new (key, customer)",
        (day, [f"{customer}/{day}" for customer in ids], ids),
    )
    db.commit()
    return len(rows)


def _deliver(db: Any, day: int) -> int:
    claimed = db.execute(
        "UPDATE outbox SET lease = %s WHERE key IN (SELECT key FROM outbox"
        " WHERE lease IS NULL AND due <= %s LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING key, customer",
        (day + 1, day, drip.BATCH),
    ).fetchall()
    db.commit()
    channel = drip.Nothing()
    keys = {customer: key for key, customer in claimed}
    rows = db.execute("SELECT id, body FROM customer WHERE id = ANY(%s)", (list(keys),)).fetchall()
    bodies = []
    for customer, text in rows:
        channel.taken[keys[customer]] += 1
        bodies.append(drip.settled(text, day, keys[customer]))
    due = day + 1 if day < 2 else None
    db.execute(_UPDATE, (due, [customer for customer, _ in rows], bodies))
    db.execute("DELETE FROM outbox WHERE key = ANY(%s)", ([key for key, _ in claimed],))
    db.commit()
    return len(claimed)


# ---- many who wait


def claiming(store: PostgresStore, worker: str) -> float:
    """Return the milliseconds of claiming the next 1,000 who are due: the median of a few."""
    now, took = _START + 10**12, []
    for _ in range(CLAIMS):
        start = perf_counter()
        ids = store.due(now, limit=1_000, lease_until=now + 60_000_000, worker=worker)
        took.append(1000 * (perf_counter() - start))
        assert len(ids) == 1_000
    return median(took)


def raw_claiming(own: str) -> float:
    """Return the same for a statement by hand on the same rows."""
    with psycopg.connect(own) as db:
        db.execute(
            "CREATE TABLE plain AS SELECT 'customer-' || lpad(n::text, 7, '0') AS id,"
            " %s::bigint + n * 1000 AS due, NULL::bigint AS lease, repeat('x', 500) AS body"
            " FROM generate_series(0, %s) AS n",
            (_START, MANY - 1),
        )
        db.execute("ALTER TABLE plain ADD PRIMARY KEY (id)")
        db.execute("CREATE INDEX ON plain (due)")
        db.commit()
        db.execute("ANALYZE plain")
        db.commit()
        now, took = _START + 10**12, []
        for _ in range(CLAIMS):
            start = perf_counter()
            rows = db.execute(
                "UPDATE plain SET lease = %(end)s WHERE id IN (SELECT id FROM plain"
                " WHERE due <= %(now)s AND (lease IS NULL OR lease <= %(now)s) ORDER BY due"
                " LIMIT 1000 FOR UPDATE SKIP LOCKED) RETURNING id",
                {"now": now, "end": now + 60_000_000},
            ).fetchall()
            db.commit()
            took.append(1000 * (perf_counter() - start))
            assert len(rows) == 1_000
        db.execute("DROP TABLE plain")
        db.commit()
    return median(took)


def size(own: str) -> int:
    """Return the bytes of all tables and their indexes."""
    with psycopg.connect(own) as db:
        found = db.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND relname LIKE 'journeykit%'"
        ).fetchone()
    assert found is not None
    return int(found[0])


# ---- workers


def work_off(own: str, workers: int, seconds: float = 120) -> tuple[float, list[dict[str, Any]]]:
    """Let worker processes begin at once; return messages per second, and what they told."""
    command = [sys.executable, str(Path(__file__).with_name("_worker.py")), own, str(seconds)]
    with ExitStack() as running:
        processes = [
            running.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(workers)
        ]
        for one in processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        start = perf_counter()
        for one in processes:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        told = [json.loads(one.communicate()[0]) for one in processes]
        took = perf_counter() - start
    return sum(one["sent"] for one in told) / took, told


def rate_of(url: str, workers: int) -> float:
    with database(url) as own:
        with PostgresStore(own) as store:
            _waiting.fill(store, WORKED_OFF, lambda number: _START + number)
        rate, told = work_off(own, workers)
    assert sum(one["sent"] for one in told) == WORKED_OFF
    return rate


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    with server(durable=True) as url:
        ratio, mine, limit = medians(lambda: ours(url), lambda: by_hand(url), times=times)
        report(
            "drip of three messages on PostgreSQL, 10,000 customers",
            ratio=ratio, limit=round(limit), value=round(mine), unit="customers per second",
            wanted=0.4, aim=0.6,
        )  # fmt: skip
        ratio, two, one = medians(lambda: rate_of(url, 2), lambda: rate_of(url, 1), times=times)
        report(
            "two workers on PostgreSQL, against one",
            ratio=ratio, limit=round(one), value=round(two), unit="messages per second",
            wanted=1.15,
        )  # fmt: skip
        many_who_wait(url)


def many_who_wait(url: str) -> None:
    """Report what it costs to find who is due among many, and to keep them."""
    with database(url) as own, PostgresStore(own) as store:
        _waiting.fill(store, FEW, lambda number: _START + 1000 * number)
        few = claiming(store, "w1")
    with database(url) as own:
        with PostgresStore(own) as store:
            _waiting.fill(store, MANY, lambda number: _START + 1000 * number)
            each = size(own) / MANY
            many = claiming(store, "w1")
            store.recover("w1")
        raw = raw_claiming(own)
        _, (told,) = work_off(own, 1, seconds=6)
    report(
        "claiming the next 1,000 due among 1,000,000, against among 10,000",
        ratio=many / few, limit=round(few, 2), value=round(many, 2), unit="milliseconds",
        wanted=1.8,
    )  # fmt: skip
    report(
        "claiming the next 1,000 due among 1,000,000, against a statement by hand",
        ratio=many / raw, limit=round(raw, 2), value=round(many, 2), unit="milliseconds",
        wanted=1.5,
    )  # fmt: skip
    report(
        "a waiting customer in PostgreSQL, its journal included",
        ratio=each / 800, limit=800, value=round(each), unit="bytes of tables and indexes",
    )  # fmt: skip
    report(
        "memory of a worker before 1,000,000 due customers on PostgreSQL",
        ratio=told["peak"] / 1024 / 150, limit=150, value=round(told["peak"] / 1024),
        unit="MiB at most", after_five_turns=round(told["early"] / 1024), sent=told["sent"],
    )  # fmt: skip


if __name__ == "__main__":
    main()
