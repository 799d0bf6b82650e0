"""What did hosts tell that nobody decided on yet? Rows by number, and who waits since when.

Appending is two statements, so that a host's own connection can make them as well: the rows,
and for each a line about its customer, who waits (again, if it was parked).

Runs inside a transaction that somebody else began and ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from journeykit.ports import InboxRow

APPENDING = (
    """
    INSERT INTO journeykit_inbox (customer_id, at, body) VALUES (:customer_id, :at, :body)
    """,
    """
    INSERT INTO journeykit_waiting (customer_id, since) VALUES (:customer_id, :at)
    ON CONFLICT (customer_id) DO UPDATE SET until = 0 WHERE until > 0
    """,
)
"""Each for all rows; whoever was parked waits again."""

_WAITING = """
    SELECT customer_id FROM (
        SELECT customer_id FROM journeykit_waiting
        WHERE until > 0 AND until <= :now ORDER BY until, customer_id LIMIT :limit
    ) UNION ALL SELECT customer_id FROM (
        SELECT customer_id FROM journeykit_waiting
        WHERE until = 0 ORDER BY since, customer_id LIMIT :limit
    )
    LIMIT :limit
"""
_ROWS = """
    SELECT customer_id, at, body, number FROM journeykit_inbox
    WHERE customer_id = ? ORDER BY number LIMIT ?
"""
_DEPTH = "SELECT count(*) FROM (SELECT 1 FROM journeykit_inbox LIMIT ?)"
_TAKE = "DELETE FROM journeykit_inbox WHERE number = ? AND customer_id = ?"
_NOBODY_WAITS = """
    DELETE FROM journeykit_waiting WHERE customer_id = ?1
        AND NOT EXISTS (SELECT 1 FROM journeykit_inbox WHERE customer_id = ?1)
"""
_WAITS_SINCE = """
    UPDATE journeykit_waiting SET since = (
        SELECT at FROM journeykit_inbox WHERE customer_id = ?1 ORDER BY number LIMIT 1
    ) WHERE customer_id = ?1
"""


def append_rows(db: sqlite3.Connection, rows: Sequence[InboxRow]) -> None:
    """Add rows, in this order."""
    values = [{"customer_id": row.customer_id, "at": row.at, "body": row.body} for row in rows]
    for statement in APPENDING:
        db.executemany(statement, values)


def select_waiting(db: sqlite3.Connection, now: int, limit: int) -> list[str]:
    """Return those who rested long enough, then those who wait."""
    asked = {"now": now, "limit": max(0, limit)}
    return [row[0] for row in db.execute(_WAITING, asked)]


def count_rows(db: sqlite3.Connection, limit: int) -> int:
    """Return how many rows there are, up to `limit`."""
    row = db.execute(_DEPTH, (max(0, limit),)).fetchone()
    return int(row[0])


def select_rows(
    db: sqlite3.Connection, customer_ids: Sequence[str], limit: int
) -> dict[str, Sequence[InboxRow]]:
    """Return the first rows of customers."""
    found: dict[str, Sequence[InboxRow]] = {}
    for id in dict.fromkeys(customer_ids):
        rows = [InboxRow(*row) for row in db.execute(_ROWS, (id, max(0, limit)))]
        if rows:
            found[id] = rows
    return found


def take_rows(db: sqlite3.Connection, taken: Iterable[tuple[str, Sequence[int]]]) -> None:
    """Remove rows of customers."""
    pairs = [(number, id) for id, numbers in taken for number in numbers]
    ids = [(id,) for id in {id for _, id in pairs}]
    db.executemany(_TAKE, pairs)
    db.executemany(_NOBODY_WAITS, ids)
    db.executemany(_WAITS_SINCE, ids)
