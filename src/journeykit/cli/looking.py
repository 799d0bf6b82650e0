"""How is a store looked at that others may work with? Without changing anything in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from journeykit.adapters import SQLiteStore
from journeykit.adapters.sqlite_schema import MIGRATIONS, schema_version
from journeykit.cli.stores import PREFIX, Place, place_of
from journeykit.errors import StoreSchemaError, UsageError
from journeykit.ports import Store


@contextmanager
def look_into(target: str | Path) -> Iterator[Store]:
    """Lend a store for reading.

    A file of an earlier release is copied first, and the copy is brought to the present schema:
    its workers of that release could not open it any more. A database is refused then.

    Raises:
        UsageError: There is no such file.
        StoreError: It cannot be opened.
    """
    place = place_of(target)
    if place.is_postgres:
        with closing(place.open(read_only=True)) as store:
            yield store
        return
    if not place.path.is_file():
        raise UsageError(
            "there is no such file", value=str(place.path), remedy="give a file of SQLiteStore"
        )
    if not _is_older(place):
        with closing(place.open(read_only=True)) as store:
            yield store
        return
    with TemporaryDirectory(prefix="journeykit-") as folder:
        copy = _copied(place.path, Path(folder))
        with SQLiteStore(copy, prefix=place.prefix, shared=place.prefix != PREFIX) as store:
            yield store


def file_version(path: Path, prefix: str) -> int:
    """Return the version of the schema in a file. Changes nothing."""
    with closing(_reading(path)) as there:
        return schema_version(there, path, prefix=prefix, shared=prefix != PREFIX)


def _is_older(place: Place) -> bool:
    try:
        return file_version(place.path, place.prefix) < len(MIGRATIONS)
    except (sqlite3.Error, StoreSchemaError):
        return False  # opening it tells what is wrong


def _copied(db: Path, folder: Path) -> Path:
    copy = folder / db.name
    with closing(_reading(db)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
    return copy


def _reading(db: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{db.resolve().as_uri()}?mode=ro", uri=True)
