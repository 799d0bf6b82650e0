"""Which files does a replay write? A database, and beside it the log of its hand-overs.

Keeps true: a database that no replay began is never written to, and never deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from journeykit.adapters import SQLiteStore
from journeykit.errors import UsageError
from journeykit.simulation import HandOverLog, read_head

_BESIDE = ("", "-wal", "-shm")


def log_path(db: Path) -> Path:
    """Return where the hand-overs of a database are logged."""
    return db.with_name(f"{db.name}-handovers.jsonl")


def open_files(
    db: Path, about: Mapping[str, str], *, fresh: bool
) -> tuple[SQLiteStore, HandOverLog]:
    """Open both files: new ones, or those of a replay that is to go on.

    Raises:
        UsageError: The database is not a replay's, or is about something else.
    """
    log = log_path(db)
    if db.exists() and not log.exists():
        raise UsageError(
            "this file was not begun by a replay; a replay would add made-up time to it",
            place=str(db),
            remedy="name another file with --db",
        )
    if db.is_dir() or not db.parent.is_dir():
        raise UsageError(
            "there can be no database", place=str(db), remedy="name a file in a folder that exists"
        )
    if log.exists():
        read_head(log)
    if fresh or not db.exists():
        for ending in _BESIDE:
            db.with_name(db.name + ending).unlink(missing_ok=True)
        log.unlink(missing_ok=True)
    hand_overs = HandOverLog(log, about)
    try:
        return SQLiteStore(db), hand_overs
    except BaseException:
        hand_overs.close()
        raise
