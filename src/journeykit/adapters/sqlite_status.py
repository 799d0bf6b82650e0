"""How does the file stand? A few counts along indexes, each of them bounded.

Runs on a connection that somebody else lends.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from journeykit.adapters.sqlite_schema import MIGRATIONS
from journeykit.ports import FOREVER, ClaimedMessage
from journeykit.ports.status import COUNTED, Backlog, StoreStatus

_SCHEMA = "SELECT max(version) FROM journeykit_schema"
_DUE = """
    SELECT next_due FROM journeykit_customer WHERE next_due <= :now ORDER BY next_due LIMIT :most
"""
_OUTBOX = """
    SELECT due FROM journeykit_outbox o WHERE lease_until IS NULL AND due <= :now
        AND NOT EXISTS (
            SELECT 1 FROM journeykit_parked p WHERE p.customer_id = o.customer_id AND p.until > :now
        )
    ORDER BY due LIMIT :most
"""
_INBOX = "SELECT since FROM journeykit_waiting WHERE until = 0 AND since <= :now LIMIT :most"
_OVERDUE = """
    SELECT lease_until FROM journeykit_outbox
    WHERE lease_until <= :now AND worker IS NOT NULL ORDER BY lease_until LIMIT :most
"""
_LEASED = """
    SELECT count(*) FROM (
        SELECT 1 FROM journeykit_outbox WHERE lease_until IS NOT NULL AND worker IS NOT NULL
        LIMIT :most
    )
"""
_PARKED = """
    SELECT count(*) FILTER (WHERE until > :now AND until < :forever),
        count(*) FILTER (WHERE until >= :forever)
    FROM (SELECT until FROM journeykit_parked LIMIT :most)
"""
_SHELVED = """
    SELECT count(*) FROM (
        SELECT 1 FROM journeykit_outbox WHERE lease_until IS NULL AND due >= :forever LIMIT :most
    )
"""
_ROWS_OF = """
    SELECT key, customer_id, channel, due, token, content, begun FROM journeykit_outbox
    WHERE customer_id = ? ORDER BY key
"""
_HANDS = "SELECT count(*) FROM journeykit_hand WHERE until > :now"


def rows_of(db: sqlite3.Connection, customer_id: str) -> list[ClaimedMessage]:
    """Return what lies in the outbox for a customer."""
    return [
        ClaimedMessage(key, id, channel, due, token, content, bool(begun))
        for key, id, channel, due, token, content, begun in db.execute(_ROWS_OF, (customer_id,))
    ]


def read_status(db: sqlite3.Connection, path: Path, now: int) -> StoreStatus:
    """Return what there is."""
    about = {"now": now, "most": COUNTED, "forever": FOREVER}

    def ask(statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = db.execute(statement, about).fetchone()
        return row

    def backlog(statement: str) -> Backlog:
        return Backlog(*ask(f"SELECT count(*), min(at) FROM (WITH r (at) AS ({statement}) "
                            "SELECT at FROM r)"))  # fmt: skip

    resting, parked = ask(_PARKED)
    log = path.with_name(f"{path.name}-wal")
    return StoreStatus(
        schema=ask(_SCHEMA)[0] or 0,
        newest=len(MIGRATIONS),
        due=backlog(_DUE),
        outbox=backlog(_OUTBOX),
        inbox=backlog(_INBOX),
        leased=ask(_LEASED)[0],
        overdue_leases=backlog(_OVERDUE),
        resting=resting,
        parked=parked,
        shelved=ask(_SHELVED)[0],
        hands=ask(_HANDS)[0],
        size=path.stat().st_size if path.exists() else None,
        log=log.stat().st_size if log.exists() else 0,
    )
