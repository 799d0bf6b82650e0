"""Does `alembic revision --autogenerate` leave our tables alone? With the filter, and only with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine

from journeykit import SQLiteStore
from journeykit.adapters.alembic import include_name, leaving_out
from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_connection import address_of

autogenerate = pytest.importorskip("alembic.autogenerate")
migration = pytest.importorskip("alembic.migration")

HOST = MetaData()
Table("users", HOST, Column("id", Integer, primary_key=True))


def proposed(url: Any, **options: Any) -> list[tuple[str, str]]:
    """Return what Alembic would do: its operations, and the tables that they are about."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            HOST.create_all(connection)
            connection.commit()
            context = migration.MigrationContext.configure(connection, opts=options)
            found = autogenerate.compare_metadata(context, HOST)
    finally:
        engine.dispose()
    return sorted({(one[0], getattr(one[1], "name", "")) for one in found})


def test_without_the_filter_it_would_drop_everything(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "app.db").close()
    drops = proposed(f"sqlite:///{tmp_path}/app.db")
    assert ("remove_table", "journeykit_customer") in drops
    assert ("remove_table", "users") not in drops


def test_with_the_filter_it_drops_nothing_in_a_file(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "app.db").close()
    assert proposed(f"sqlite:///{tmp_path}/app.db", include_name=include_name) == []


@pytest.mark.parametrize(
    ("where", "options", "bare"),
    [
        ({}, {"include_name": include_name}, {}),
        ({"prefix": "jk_"}, {"include_name": leaving_out("jk_")}, {}),
        (
            {"schema": "journeys"},
            {"include_name": leaving_out(schema="journeys"), "include_schemas": True},
            {"include_schemas": True},
        ),
    ],
)
def test_with_the_filter_it_drops_nothing_in_a_database(
    fresh_postgres: str, where: dict[str, Any], options: dict[str, Any], bare: dict[str, Any]
) -> None:
    PostgresStore(fresh_postgres, **where).close()
    url = address_of(fresh_postgres)
    assert ("remove_table", f"{where.get('prefix', 'journeykit_')}customer") in proposed(
        url, **bare
    )
    assert proposed(url, **options) == []


def test_the_tables_of_the_host_are_still_compared(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "app.db").close()
    url = f"sqlite:///{tmp_path}/app.db"
    proposed(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE old_users (id INTEGER PRIMARY KEY)")
    engine.dispose()
    assert proposed(url, include_name=include_name) == [("remove_table", "old_users")]
