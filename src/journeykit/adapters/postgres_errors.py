"""What do PostgreSQL's errors mean? One of journeykit's, with the way out."""

from __future__ import annotations

import struct

import psycopg
from psycopg import errors

from journeykit.errors import StoreBusyError, StoreError, StoreSchemaError

TRANSIENT = (errors.DeadlockDetected, errors.SerializationFailure)
"""Nothing was written, and the same transaction may succeed when it is tried again."""

_REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (errors.DiskFull, "free some space on the server; nothing of this call was written"),
    (errors.TooManyConnections, "allow more connections, or open fewer stores and workers"),
    (errors.InsufficientPrivilege, "grant the user what `journeykit migrate --sql` shows"),
    (
        errors.ReadOnlySqlTransaction,
        "open the store with read_only=False, on the primary server, as a user who may write",
    ),
    (
        errors.CharacterNotInRepertoire,
        "PostgreSQL holds no NUL character: leave it out of ids and names",
    ),
)


def named(error: Exception, place: str, patience: float) -> StoreError:
    """Return what a host is told in place of `error`."""
    if isinstance(error, (errors.LockNotAvailable, *TRANSIENT)):
        return StoreBusyError(
            f"another transaction held what this one needs for more than {patience:g} s",
            place=place,
            remedy="end long transactions there, or raise lock_timeout; calling again is safe",
        )
    if isinstance(error, errors.QueryCanceled):
        return StoreBusyError(
            "the server ended a statement that took too long",
            place=place,
            remedy="raise statement_timeout for this user; calling again is safe",
        )
    if isinstance(error, (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)):
        return StoreSchemaError(
            f"PostgreSQL says: {first_line(error)}",
            place=place,
            remedy="the tables were changed behind the store's back: run `journeykit migrate`",
        )
    if isinstance(error, (UnicodeEncodeError, OverflowError, struct.error)):
        return StoreError(
            "a value that PostgreSQL cannot hold",
            place=place,
            remedy="ids are Unicode text without lone surrogates, integers have 64 bits",
        )
    for kind, remedy in _REMEDIES:
        if isinstance(error, kind):
            return StoreError(f"PostgreSQL says: {first_line(error)}", place=place, remedy=remedy)
    remedy = ""
    if is_lost(error):
        remedy = (
            "the next call connects anew; what this one asked for may or may not have been written"
        )
    return StoreError(f"PostgreSQL says: {first_line(error)}", place=place, remedy=remedy)


def is_lost(error: Exception) -> bool:
    """Tell whether the connection, not a statement, is what failed."""
    return isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate[:2] in ("08", "57")
    )


def first_line(error: Exception) -> str:
    """Return what is wrong, without the values that PostgreSQL shows in its details."""
    return str(error).partition("\n")[0] or type(error).__name__
