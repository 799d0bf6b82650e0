"""What do the errors of a host's own connection mean, where something is appended on it?

Keeps true: what is not known here stays the driver's own error.
"""

from __future__ import annotations

import sqlite3
from os import fsdecode
from pathlib import Path
from typing import Any

from journeykit.errors import StaleSnapshotError, StoreBusyError, WrongDatabaseError
from journeykit.ports.appending import AppendingSQL


def named(error: BaseException, how: AppendingSQL) -> BaseException:
    """Return the error that tells the way out, or the driver's own."""
    original: Any = getattr(error, "orig", None) or error.__cause__ or error
    told: BaseException = error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0) or 0
        if code == sqlite3.SQLITE_BUSY_SNAPSHOT:
            told = StaleSnapshotError(
                "this transaction has read before somebody else wrote, and cannot write any more",
                place=how.place,
                remedy="roll it back and do it again; begin transactions that will write with "
                "BEGIN IMMEDIATE, so that this cannot happen",
            )
        elif code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            told = StoreBusyError(
                "somebody else holds the file for longer than the time-out of this connection",
                place=how.place,
                remedy="raise the time-out: sqlite3.connect(path, timeout=...); end long "
                "transactions elsewhere",
            )
        elif "no such table" in str(original):
            told = _wrong_database(how)
    else:
        state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
        if state in ("42P01", "3F000"):
            told = _wrong_database(how)
    if told is not error:
        told.__cause__ = error
    return told


def _wrong_database(how: AppendingSQL) -> WrongDatabaseError:
    return WrongDatabaseError(
        "the database of this connection does not have the tables of the store",
        place="using(connection)",
        value=how.place,
        remedy="hand in a connection to the database of the store; for SQLite, to the same file",
    )


def check_file(connection: sqlite3.Connection, how: AppendingSQL) -> None:
    """Refuse a connection that has not opened the file of the store.

    Another file may have such tables too, and nobody would look there.

    Raises:
        WrongDatabaseError: As its name says.
    """
    cursor = connection.cursor()
    cursor.row_factory = None
    files = [fsdecode(row[2]) for row in cursor.execute("PRAGMA database_list")]
    cursor.close()
    place = Path(how.place)
    if place.exists() and not any(
        Path(file).exists() and place.samefile(file) for file in files if file
    ):
        raise WrongDatabaseError(
            "this connection is to another file than that of the store",
            place="using(connection)",
            value=how.place,
            remedy="hand in a connection that has opened the file of the store",
        )
