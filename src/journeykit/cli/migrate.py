"""How does a database get the schema of this journeykit? By its migrations, or by hand with their SQL."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from journeykit.adapters.sqlite_schema import statements_from
from journeykit.cli.looking import file_version
from journeykit.cli.stores import Place, need_postgres, place_of
from journeykit.errors import UsageError
from journeykit.ports import Store

DIALECTS = ("sqlite", "postgresql")


def migrate_store(target: str) -> str:
    """Bring a database to the newest schema; tell what was done.

    Raises:
        StoreError: It cannot be opened, or is another program's.
    """
    place = place_of(target)
    before = _version(place)
    with closing(place.open(migrate=True)) as store:
        newest = _schema(store)
    if before == newest:
        return f"the schema has version {newest}: nothing to do"
    return f"the schema had version {before}, and has version {newest} now"


def migration_sql(target: str | None, dialect: str | None, reader: str | None) -> str:
    """Return the SQL of the migrations that a database lacks; of all of them without a database.

    Args:
        reader: A user of PostgreSQL who may read the tables afterwards.

    Raises:
        UsageError: It is not said which database is meant, or it has no users.
    """
    if dialect is not None and dialect not in DIALECTS:
        raise UsageError(
            "there is no such dialect", value=dialect, remedy=f"it is {' or '.join(DIALECTS)}"
        )
    if target is None and dialect is None:
        raise UsageError(
            "it must be said for which database", remedy="give DB, or --dialect postgresql"
        )
    if target is None:
        place = Place(url="postgresql:") if dialect == "postgresql" else Place()
        version = 0
    else:
        place = place_of(target)
        version = _version(place)
    if reader is not None and not place.is_postgres:
        raise UsageError(
            "SQLite has no users", place="--reader", remedy="let the user read the file only"
        )
    return _sql(place, version, reader)


def _sql(place: Place, version: int, reader: str | None) -> str:
    if not place.is_postgres:
        statements = statements_from(version, prefix=place.prefix)
        body = "".join(f"{_dedented(one)};\n" for one in statements)
        return f"BEGIN IMMEDIATE;\n{body}COMMIT;\n" if statements else ""
    need_postgres()
    from journeykit.adapters.postgres_schema import (
        MIGRATIONS,
        Names,
        migration_script,
        reader_script,
    )

    names = Names(place.schema, place.prefix)
    names.check()
    missing = migration_script(names, version) if version < len(MIGRATIONS) else ""
    return missing + (reader_script(names, reader) if reader else "")


def _version(place: Place) -> int:
    """Return the version that the schema has; 0 where there is none. Changes nothing."""
    if not place.is_postgres:
        return _file_version(place)
    need_postgres()
    from journeykit.adapters.postgres_connection import Database
    from journeykit.adapters.postgres_course import Texts
    from journeykit.adapters.postgres_schema import Names, schema_version

    names = Names(place.schema, place.prefix)
    database = Database(place.url, Texts(names, timedelta(seconds=10), read_only=True))
    with closing(database):
        return database.run(schema_version)


def _file_version(place: Place) -> int:
    return file_version(place.path, place.prefix) if place.path.is_file() else 0


def _schema(store: Store) -> int:
    return store.status(0).schema


def _dedented(text: str) -> str:
    return text.strip().replace("\n    ", "\n")
