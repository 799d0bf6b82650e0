"""What did hosts tell that nobody decided on yet, and who is left alone?

Rows of the inbox are only ever added, never changed, by whoever tells something: so hosts do
not wait for each other. Nobody reads behind a number: rows leave when they were decided on, and
one that is committed late is found like any other.

A worker looks at the oldest rows first, so many and no more, however many lie there for one
customer. Where those belong to a few, or to customers whom others have in hand, it goes on
through the customers in turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from journeykit.adapters.postgres_arrays import blobs, integers, texts
from journeykit.adapters.postgres_commit import END_LEASES, take_rows
from journeykit.adapters.postgres_customers import ONE_AT_A_TIME
from journeykit.adapters.postgres_schema import Names
from journeykit.adapters.postgres_steps import Statement, Steps, ask, finish
from journeykit.ports import AppendingSQL, InboxRow

APPEND = """
    INSERT INTO {p}inbox (customer_id, at, body)
    SELECT customer_id, at, body
    FROM unnest(%s::text[], %s::bigint[], %s::bytea[])
        WITH ORDINALITY AS n (customer_id, at, body, place)
    ORDER BY place
"""
WAKE = "SELECT pg_notify('{wakes}', '')"
_ROWS = """
    SELECT i.customer_id, i.at, i.body, i.number
    FROM unnest(%s::text[]) AS n (customer_id) CROSS JOIN LATERAL (
        SELECT * FROM {p}inbox i WHERE i.customer_id = n.customer_id ORDER BY number LIMIT %s::bigint
    ) AS i
"""
_DEPTH = "SELECT count(*) FROM (SELECT 1 FROM {p}inbox LIMIT %s::bigint) AS few"
_WINDOW = 4
"""How many rows a worker looks at for each customer that it wants, or that is leased."""

_BOUND = """
    WITH RECURSIVE bound AS MATERIALIZED (
        SELECT %(limit)s::bigint + count(*) AS customers
        FROM {p}lease WHERE until > %(now)s::bigint
    )"""
_OLDEST = f"""
    {_BOUND}, rested AS (
        SELECT customer_id, until FROM {{p}}parked k
        WHERE until <= %(now)s::bigint AND EXISTS (
            SELECT 1 FROM {{p}}inbox i WHERE i.customer_id = k.customer_id AND i.parked
        )
        ORDER BY until, customer_id LIMIT %(limit)s::bigint
    ), head AS (
        SELECT customer_id, at FROM {{p}}inbox WHERE NOT parked
        ORDER BY at, number LIMIT (SELECT {_WINDOW} * customers FROM bound)
    ), waiting AS (
        SELECT 0 AS turn, until AS at, customer_id FROM rested
        UNION ALL
        SELECT 1, min(at), customer_id FROM head
        WHERE customer_id NOT IN (SELECT customer_id FROM rested) GROUP BY customer_id
    )
    SELECT w.customer_id,
        (SELECT count(*) FROM head) = (SELECT {_WINDOW} * customers FROM bound)
    FROM waiting w
    WHERE NOT EXISTS (
        SELECT 1 FROM {{p}}lease d WHERE d.customer_id = w.customer_id AND d.until > %(now)s::bigint
    )
    ORDER BY w.turn, w.at, w.customer_id LIMIT %(limit)s::bigint
"""
_IN_TURN = f"""
    {_BOUND}, walk (customer_id, place) AS (
        (
            SELECT customer_id, 1::bigint FROM {{p}}inbox
            WHERE customer_id > %(after)s::text ORDER BY customer_id LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT i.customer_id FROM {{p}}inbox i
            WHERE i.customer_id > w.customer_id ORDER BY i.customer_id LIMIT 1
        ), place + 1
        FROM walk w WHERE w.customer_id IS NOT NULL AND place < (SELECT customers FROM bound)
    )
    SELECT customer_id, NOT EXISTS (
        SELECT 1 FROM {{p}}lease d WHERE d.customer_id = w.customer_id AND d.until > %(now)s::bigint
    ) AND NOT EXISTS (
        SELECT 1 FROM {{p}}parked k WHERE k.customer_id = w.customer_id AND k.until > %(now)s::bigint
    ), (SELECT customers FROM bound)
    FROM walk w WHERE customer_id IS NOT NULL ORDER BY place
"""
_LEASE = """
    INSERT INTO {p}lease (customer_id, until, worker)
    SELECT customer_id, %s::bigint, %s::text FROM unnest(%s::text[]) AS n (customer_id)
    ON CONFLICT (customer_id) DO UPDATE SET until = excluded.until, worker = excluded.worker
"""


class Turn:
    """Up to which customer a worker went, when it last went through them in turn."""

    __slots__ = ("after",)

    def __init__(self) -> None:
        self.after = ""


def append(rows: Sequence[InboxRow]) -> Steps[None]:
    """Add rows, in this order."""
    if not rows:
        return
    columns = (
        texts([row.customer_id for row in rows]),
        integers([row.at for row in rows]),
        blobs([row.body for row in rows]),
    )
    yield from finish(Statement(APPEND, columns), wakes=True)


def appending(names: Names, place: str) -> AppendingSQL:
    """Return what `append` executes, with names for parameters."""
    text = names.fill(APPEND)
    for parameter in (":customer_ids", ":ats", ":bodies"):
        text = text.replace("%s", parameter, 1)
    return AppendingSQL("postgresql", (text, names.fill(WAKE)), place)


def waiting(
    turn: Turn, now: int, limit: int, lease_until: int, worker: str
) -> Steps[Sequence[str]]:
    """Return those who rested long enough, then those who wait; lease them where that lasts."""
    limit = max(0, limit)
    leasing = lease_until > now
    asked = {"now": now, "limit": limit}
    first = [Statement(ONE_AT_A_TIME)] if leasing else []
    answers = yield from ask(*first, Statement(_OLDEST, asked))
    found = answers[-1].rows
    ids = {row[0]: None for row in found}
    if len(ids) < limit and (not found or found[0][1]):
        (more,) = yield from ask(Statement(_IN_TURN, {**asked, "after": turn.after}))
        everybody = not more.rows or len(more.rows) < more.rows[0][2]
        turn.after = "" if everybody else more.rows[-1][0]
        ids.update((row[0], None) for row in more.rows if row[1])
    chosen = list(ids)[:limit]
    lease = [Statement(_LEASE, (lease_until, worker, texts(sorted(chosen))))]
    yield from finish(*(lease if leasing and chosen else ()))
    return chosen


def inbox(customer_ids: Sequence[str], limit: int) -> Steps[Mapping[str, Sequence[InboxRow]]]:
    """Return the first rows of customers."""
    if not customer_ids:
        return {}
    ids = texts(list(dict.fromkeys(customer_ids)))
    (answer,) = yield from finish(Statement(_ROWS, (ids, max(0, limit))))
    found: dict[str, list[InboxRow]] = defaultdict(list)
    for row in answer.rows:
        found[row[0]].append(InboxRow(*row))
    return dict(found)


def depth(limit: int) -> Steps[int]:
    """Return how many rows lie there, counted up to `limit`."""
    (found,) = yield from finish(Statement(_DEPTH, (max(0, limit),)))
    count: int = found.rows[0][0]
    return count


def discard(customer_id: str, numbers: Sequence[int]) -> Steps[None]:
    """Take rows out."""
    if not numbers:
        return
    yield from finish(
        take_rows([(customer_id, number) for number in sorted(numbers)]),
        Statement(END_LEASES, (texts([customer_id]),)),
    )
