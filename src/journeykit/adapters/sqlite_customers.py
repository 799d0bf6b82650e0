"""Who is there, who is due, and what happened to whom? The questions about customers.

Runs inside a transaction, or as a statement of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from journeykit.adapters.sqlite_lookup import select_by_ids
from journeykit.ports import FOREVER, JournalRecord, StoredCustomer

_PLAIN = """
    SELECT customer_id, version, body FROM journeykit_customer WHERE customer_id IN ({})
"""
_PLAIN_WITH_PROFILES = """
    SELECT c.customer_id, c.version, c.body, p.body
    FROM journeykit_customer c LEFT JOIN journeykit_profile p ON p.customer = c.id
    WHERE c.customer_id IN ({})
"""
_ANYBODY_APART = """
    SELECT EXISTS (SELECT 1 FROM journeykit_waiting) OR EXISTS (SELECT 1 FROM journeykit_parked)
"""
_FULL = """
    SELECT c.customer_id, c.version, c.body, p.body, w.customer_id, r.customer_id
    FROM journeykit_customer c
    LEFT JOIN journeykit_profile p ON p.customer = c.id
    LEFT JOIN journeykit_waiting w ON w.customer_id = c.customer_id
    LEFT JOIN journeykit_parked r ON r.customer_id = c.customer_id
    WHERE c.customer_id IN ({})
"""
_VERSIONS = """
    SELECT customer_id, version FROM journeykit_customer c
    WHERE customer_id IN ({}) AND NOT EXISTS (
        SELECT 1 FROM journeykit_waiting w WHERE w.customer_id = c.customer_id
    )
"""
_DUE = """
    SELECT customer_id FROM journeykit_customer
    WHERE next_due <= ? ORDER BY next_due, customer_id LIMIT ?
"""
_NEXT_DUE = """
    WITH free (at) AS (
        SELECT due FROM journeykit_outbox o WHERE lease_until IS NULL AND NOT EXISTS (
            SELECT 1 FROM journeykit_parked p WHERE p.customer_id = o.customer_id AND p.until > due
        )
        ORDER BY due, key LIMIT 1
    )
    SELECT min(at) FROM (
        SELECT min(next_due) AS at FROM journeykit_customer WHERE next_due IS NOT NULL
        UNION ALL SELECT at FROM free
        UNION ALL SELECT min(until) FROM journeykit_outbox o
            JOIN journeykit_parked p ON p.customer_id = o.customer_id
            WHERE lease_until IS NULL AND due < coalesce((SELECT at FROM free), 1 << 62)
        UNION ALL SELECT min(lease_until) FROM journeykit_outbox WHERE lease_until IS NOT NULL
        UNION ALL SELECT min(since) FROM journeykit_waiting WHERE until = 0
        UNION ALL SELECT min(until) FROM journeykit_waiting WHERE until > 0
    )
"""
_JOURNAL = """
    WITH RECURSIVE record (id, previous, first_seq, at, entries) AS (
        SELECT j.id, j.previous, j.first_seq, j.at, j.entries
        FROM journeykit_customer c JOIN journeykit_journal j ON j.id = c.journal
        WHERE c.customer_id = :customer AND j.first_seq > :after
        UNION ALL
        SELECT j.id, j.previous, j.first_seq, j.at, j.entries
        FROM record r JOIN journeykit_journal j ON j.id = r.previous
        WHERE j.first_seq > :after
    )
    SELECT first_seq, at, entries FROM record
"""
_CUSTOMERS = """
    SELECT customer_id FROM journeykit_customer
    WHERE customer_id > ? ORDER BY customer_id LIMIT ?
"""


def select_customers(
    db: sqlite3.Connection, customer_ids: Sequence[str], *, profiles: bool
) -> Mapping[str, StoredCustomer]:
    """Return customers as they are.

    While nobody waits or is parked, which is asked first, nobody's line is looked for.
    """
    if not db.execute(_ANYBODY_APART).fetchone()[0]:
        plain = _PLAIN_WITH_PROFILES if profiles else _PLAIN
        return {row[0]: StoredCustomer(*row) for row in select_by_ids(db, plain, customer_ids)}
    return {
        id: StoredCustomer(
            id,
            version,
            body,
            profile if profiles else None,
            waits is not None,
            rests is not None,
        )
        for id, version, body, profile, waits, rests in select_by_ids(db, _FULL, customer_ids)
    }


def select_versions(db: sqlite3.Connection, customer_ids: Sequence[str]) -> dict[str, int]:
    """Return the versions of those who are there and do not wait."""
    return dict(select_by_ids(db, _VERSIONS, customer_ids))


def select_due(db: sqlite3.Connection, now: int, limit: int) -> list[str]:
    """Return who is due."""
    return [row[0] for row in db.execute(_DUE, (now, max(0, limit)))]


def select_next_due(db: sqlite3.Connection) -> int | None:
    """Return the first instant at which there is something to do."""
    at: int | None = db.execute(_NEXT_DUE).fetchone()[0]
    return None if at is None or at >= FOREVER else at


def select_journal(db: sqlite3.Connection, customer_id: str, after: int) -> list[JournalRecord]:
    """Return the records behind a number."""
    rows = db.execute(_JOURNAL, {"customer": customer_id, "after": after}).fetchall()
    return [JournalRecord(customer_id, *row) for row in reversed(rows)]


def select_page(db: sqlite3.Connection, after: str, limit: int) -> list[str]:
    """Return ids behind one."""
    return [row[0] for row in db.execute(_CUSTOMERS, (after, max(0, limit)))]
