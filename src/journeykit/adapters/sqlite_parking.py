"""Who is left alone? Parked customers, each with the instant at which it would be due by itself.

The customer's own `next_due` is put off to the end of the parking, so that finding who is due
steps over nobody. Runs inside a transaction that somebody else began and ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from journeykit.adapters.sqlite_lookup import select_by_ids
from journeykit.ports import ParkedCustomer

_PARK = """
    INSERT INTO journeykit_parked (customer_id, until, at, attempts, reason, own_due)
    VALUES (?1, ?2, ?3, ?4, ?5, (
        SELECT next_due FROM journeykit_customer WHERE customer_id = ?1
    ))
    ON CONFLICT (customer_id) DO UPDATE SET until = excluded.until, at = excluded.at,
        attempts = excluded.attempts, reason = excluded.reason
"""
_PUT_OFF = """
    UPDATE journeykit_customer SET next_due = (
        SELECT max(own_due, until) FROM journeykit_parked WHERE customer_id = ?1
    ) WHERE customer_id = ?1
"""
_REST = "UPDATE journeykit_waiting SET until = ? WHERE customer_id = ?"
_LEASED = """
    SELECT id, customer_id FROM journeykit_outbox
    WHERE lease_until IS NOT NULL {}
"""
_ALL_LEASED = _LEASED.format("")
_ALL_ASIDE = _LEASED.format("AND worker IS NULL")
_LAY_ASIDE = "UPDATE journeykit_outbox SET lease_until = max(?, due), worker = NULL WHERE id = ?"
_LISTED = """
    SELECT customer_id, until, at, attempts, reason FROM journeykit_parked
    WHERE customer_id > ? ORDER BY customer_id LIMIT ?
"""
_OF = """
    SELECT customer_id, until, at, attempts, reason FROM journeykit_parked
    WHERE customer_id IN ({})
"""
_PARKED = "SELECT customer_id, until FROM journeykit_parked WHERE customer_id IN ({})"
_ANYBODY = "SELECT EXISTS (SELECT 1 FROM journeykit_parked)"
_OWN_DUE = """
    UPDATE journeykit_customer SET next_due = (
        SELECT own_due FROM journeykit_parked WHERE customer_id = ?1
    ) WHERE customer_id = ?1
"""
_WAIT_AGAIN = "UPDATE journeykit_waiting SET until = 0 WHERE customer_id = ? AND until > 0"
_UNPARK = "DELETE FROM journeykit_parked WHERE customer_id = ?"
KEEP_OWN_DUE = "UPDATE journeykit_parked SET own_due = ? WHERE customer_id = ?"


def park_customers(db: sqlite3.Connection, rows: Sequence[ParkedCustomer]) -> None:
    """Park customers, anew if they are."""
    until = {row.customer_id: row.until for row in rows}
    ids = [(id,) for id in until]
    db.executemany(
        _PARK, [(one.customer_id, one.until, one.at, one.attempts, one.reason) for one in rows]
    )
    db.executemany(_PUT_OFF, ids)
    db.executemany(_REST, [(end, id) for id, end in until.items()])
    leased = db.execute(_ALL_LEASED).fetchall()
    db.executemany(_LAY_ASIDE, [(until[of], row) for row, of in leased if of in until])


def unpark_customers(db: sqlite3.Connection, customer_ids: Sequence[str]) -> list[str]:
    """End the parking of customers; return who was parked."""
    ids = sorted({row[0] for row in select_by_ids(db, _PARKED, customer_ids)})
    if not ids:
        return ids
    rows, gone = [(id,) for id in ids], set(ids)
    for statement in (_OWN_DUE, _WAIT_AGAIN, _UNPARK):
        db.executemany(statement, rows)
    aside = db.execute(_ALL_ASIDE).fetchall()
    db.executemany(_LAY_ASIDE, [(None, row) for row, of in aside if of in gone])
    return ids


def select_parked(
    db: sqlite3.Connection, of: Sequence[str] | None, after: str, limit: int
) -> list[ParkedCustomer]:
    """Return who is parked, ordered by id."""
    if of is None:
        return [ParkedCustomer(*row) for row in db.execute(_LISTED, (after, max(0, limit)))]
    return [ParkedCustomer(*row) for row in sorted(set(select_by_ids(db, _OF, of)))]


def parked_until(db: sqlite3.Connection, customer_ids: Sequence[str]) -> dict[str, int]:
    """Return until when those of the customers are parked who are."""
    if not db.execute(_ANYBODY).fetchone()[0]:
        return {}
    return dict(select_by_ids(db, _PARKED, customer_ids))
