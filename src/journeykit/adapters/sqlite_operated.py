"""Where are controls and erasures kept? In two small tables of the file.

Runs inside a transaction that somebody else began and ends.
"""

from __future__ import annotations

import sqlite3

from journeykit.ports import Controls

_CONTROLS = "SELECT version, body FROM journeykit_controls"
_FIRST_CONTROLS = "INSERT OR IGNORE INTO journeykit_controls (id, version, body) VALUES (1, 0, x'')"
_SET_CONTROLS = "UPDATE journeykit_controls SET version = ?, body = ? WHERE version = ?"
_MARK = "INSERT OR REPLACE INTO journeykit_erased (mark, at) VALUES (?, ?)"
_CUSTOMER = "SELECT id, version FROM journeykit_customer WHERE customer_id = ?"
_RAISE_FLOOR = "UPDATE journeykit_fence SET floor = max(floor, ?)"
_ERASE_JOURNAL = """
    WITH RECURSIVE record (id, previous) AS (
        SELECT j.id, j.previous
        FROM journeykit_customer c JOIN journeykit_journal j ON j.id = c.journal
        WHERE c.id = :customer
        UNION ALL
        SELECT j.id, j.previous FROM record r JOIN journeykit_journal j ON j.id = r.previous
    )
    DELETE FROM journeykit_journal WHERE id IN (SELECT id FROM record)
"""
_ERASE_ANYWAY = (
    "DELETE FROM journeykit_inbox WHERE customer_id = ?",
    "DELETE FROM journeykit_waiting WHERE customer_id = ?",
    "DELETE FROM journeykit_parked WHERE customer_id = ?",
)
_ERASE = (
    _ERASE_JOURNAL,
    "DELETE FROM journeykit_seen WHERE customer = :customer",
    "DELETE FROM journeykit_profile WHERE customer = :customer",
    "DELETE FROM journeykit_outbox WHERE customer_id = :customer_id",
    "DELETE FROM journeykit_customer WHERE id = :customer",
)


def read_controls(db: sqlite3.Connection) -> Controls:
    """Return what operators have set."""
    row = db.execute(_CONTROLS).fetchone()
    return Controls(*row) if row else Controls()


def write_controls(db: sqlite3.Connection, body: bytes, expected: int) -> bool:
    """Replace what operators have set, if it is still of the expected version."""
    db.execute(_FIRST_CONTROLS)
    return db.execute(_SET_CONTROLS, (expected + 1, body, expected)).rowcount == 1


def erase_customer(db: sqlite3.Connection, customer_id: str, mark: str, at: int) -> bool:
    """Delete every row about a customer, and keep the mark."""
    db.execute(_MARK, (mark, at))
    for statement in _ERASE_ANYWAY:
        db.execute(statement, (customer_id,))
    found = db.execute(_CUSTOMER, (customer_id,)).fetchone()
    if found is None:
        return False
    customer, version = found
    db.execute(_RAISE_FLOOR, (version,))
    for statement in _ERASE:
        db.execute(statement, {"customer": customer, "customer_id": customer_id})
    return True
