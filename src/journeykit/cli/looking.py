"""How is a file looked at that others may work with? Without changing anything in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from journeykit.adapters import SQLiteStore
from journeykit.adapters.sqlite_schema import MIGRATIONS, schema_version
from journeykit.errors import StoreSchemaError, UsageError


@contextmanager
def look_into(db: Path) -> Iterator[SQLiteStore]:
    """Lend the store that a file is.

    A file of an earlier release is copied first, and the copy is brought to the present schema:
    its workers of that release could not open it any more.

    Raises:
        UsageError: There is no such file.
    """
    if not db.is_file():
        raise UsageError(
            "there is no such file", value=str(db), remedy="give a file of SQLiteStore"
        )
    with TemporaryDirectory(prefix="journeykit-") as folder:
        path = _copied(db, Path(folder)) if _is_older(db) else db
        with SQLiteStore(path) as store:
            yield store


def _is_older(db: Path) -> bool:
    with closing(_reading(db)) as there:
        try:
            return schema_version(there, db) < len(MIGRATIONS)
        except (sqlite3.Error, StoreSchemaError):
            return False  # opening it tells what is wrong


def _copied(db: Path, folder: Path) -> Path:
    copy = folder / db.name
    with closing(_reading(db)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
    return copy


def _reading(db: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True)
