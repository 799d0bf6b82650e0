"""Where are buckets and suppressed addresses kept? In two small tables of the file.

Runs inside a transaction that somebody else began and ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from journeykit.ports import Bucket, Suppression, Taken, Taking, take_from

_BUCKET = "SELECT full_at, turn FROM journeykit_bucket WHERE name = ?"
_KEEP_BUCKET = "INSERT OR REPLACE INTO journeykit_bucket (name, full_at, turn) VALUES (?, ?, ?)"
_LIST = """
    INSERT OR IGNORE INTO journeykit_suppression (channel, address, reason, at)
    VALUES (?, ?, ?, ?)
"""
_UNLIST = "DELETE FROM journeykit_suppression WHERE channel = ? AND address = ?"


def take_tokens(db: sqlite3.Connection, name: str, asked: Taking) -> Taken:
    """Take tokens out of a bucket, and keep what is left in it."""
    row = db.execute(_BUCKET, (name,)).fetchone()
    before = Bucket(*row) if row else Bucket()
    after, taken = take_from(before, asked)
    if after != before:
        db.execute(_KEEP_BUCKET, (name, after.full, after.turn))
    return taken


def list_addresses(db: sqlite3.Connection, rows: Sequence[Suppression]) -> None:
    """Put addresses on the list."""
    if rows:
        db.executemany(_LIST, [(one.channel, one.address, one.reason, one.at) for one in rows])


def unlist_addresses(db: sqlite3.Connection, addresses: Sequence[tuple[str, str]]) -> None:
    """Take addresses off the list."""
    if addresses:
        db.executemany(_UNLIST, addresses)
