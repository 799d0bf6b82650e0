"""How are old rows removed from the file? Journals are cut, and what has had its time is forgotten.

Runs inside a transaction that somebody else
began and ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from journeykit.ports import JournalCut

_CUSTOMER = "SELECT id, version, journal FROM journeykit_customer WHERE customer_id = ?"
_OLD = """
    WITH RECURSIVE record (id, previous, first_seq) AS (
        SELECT id, previous, first_seq FROM journeykit_journal WHERE id = ?
        UNION ALL
        SELECT j.id, j.previous, j.first_seq
        FROM record r JOIN journeykit_journal j ON j.id = r.previous
    )
    SELECT id FROM record WHERE first_seq <= ? ORDER BY first_seq DESC
"""
_REPLACE = """
    UPDATE journeykit_journal SET previous = NULL, first_seq = ?, at = ?, entries = ? WHERE id = ?
"""
_REMOVE = "DELETE FROM journeykit_journal WHERE id = ?"
_OLDEST_SEEN = "SELECT id, expires FROM journeykit_seen ORDER BY id LIMIT ?"
_FORGET_SEEN = "DELETE FROM journeykit_seen WHERE id = ?"
_FORGET_HANDS = "DELETE FROM journeykit_hand WHERE until <= ?"
_FORGET_BUCKET = "DELETE FROM journeykit_bucket WHERE name = ?"
_BUCKETS = "SELECT name FROM journeykit_bucket ORDER BY name"


def cut_journals(db: sqlite3.Connection, cuts: Sequence[JournalCut]) -> list[str]:
    """Replace the beginnings of journals; return the ids of customers who changed meanwhile."""
    stale: list[str] = []
    for cut in cuts:
        found = db.execute(_CUSTOMER, (cut.customer_id,)).fetchone()
        if found is None or found[1] != cut.version:
            stale.append(cut.customer_id)
            continue
        last, *older = [id for (id,) in db.execute(_OLD, (found[2], cut.upto)).fetchall()]
        db.executemany(_REMOVE, [(id,) for id in older])
        db.execute(_REPLACE, (cut.upto, cut.at, cut.entries, last))
    return stale


def forget(db: sqlite3.Connection, now: int, limit: int, buckets: Sequence[str]) -> int:
    """Remove what has had its time, and buckets; return how many rows that were."""
    before = db.total_changes
    oldest = db.execute(_OLDEST_SEEN, (max(0, limit),)).fetchall()
    db.executemany(_FORGET_SEEN, [(id,) for id, expires in oldest if expires < now])
    db.execute(_FORGET_HANDS, (now,))
    db.executemany(_FORGET_BUCKET, [(name,) for name in buckets])
    return db.total_changes - before


def bucket_names(db: sqlite3.Connection) -> list[str]:
    """Return the names of all buckets."""
    return [name for (name,) in db.execute(_BUCKETS)]
