"""`journeykit migrate`, `doctor` and `prune`, on files and on a real PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from journeykit import SQLiteStore
from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.sqlite_schema import MIGRATIONS, statements_from
from journeykit.errors import StoreSchemaError
from journeykit.ports import FOREVER, ParkedCustomer


def old_file(path: Path) -> Path:
    """Write a file as the first release did."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE journeykit_schema (version INTEGER PRIMARY KEY)")
        for statement in MIGRATIONS[0]:
            db.execute(statement)
        db.execute("INSERT INTO journeykit_schema VALUES (1)")
        db.commit()
    return path


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as db:
        return {str(sql) for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql != ''")}


# ---- migrate


def test_a_file_is_brought_up_to_date(desk: Any) -> None:
    old_file(desk.folder / "old.db")
    newest = len(MIGRATIONS)
    done = desk.run("migrate", "old.db")
    assert done.stdout == f"the schema had version 1, and has version {newest} now\n"
    assert (
        desk.run("migrate", "old.db").stdout == f"the schema has version {newest}: nothing to do\n"
    )
    with SQLiteStore(desk.folder / "old.db", migrate=False) as store:
        assert store.status(0).schema == newest


def test_a_store_that_may_not_migrate_names_the_command(desk: Any) -> None:
    path = old_file(desk.folder / "old.db")
    before = path.read_bytes()
    with pytest.raises(StoreSchemaError, match=r"version 1.*run: journeykit migrate .*old.db"):
        SQLiteStore(path, migrate=False)
    assert path.read_bytes() == before


def test_the_sql_that_is_printed_does_the_same(desk: Any) -> None:
    old_file(desk.folder / "old.db")
    script = desk.run("migrate", "old.db", "--sql").stdout
    with closing(sqlite3.connect(desk.folder / "old.db")) as db:
        db.executescript(script)
    assert desk.run("migrate", "old.db", "--sql").stdout == ""
    whole = desk.run("migrate", "--sql", "--dialect", "sqlite").stdout
    with closing(sqlite3.connect(desk.folder / "new.db")) as db:
        db.executescript(whole)
    SQLiteStore(desk.folder / "made.db").close()
    same = [
        {" ".join(one.split()) for one in tables(desk.folder / name)}
        for name in ("old.db", "new.db", "made.db")
    ]
    assert same[0] == same[1] == same[2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["migrate"], "give DB, or --dialect"),
        (["migrate", "--sql"], "give DB, or --dialect"),
        (["migrate", "--sql", "--dialect", "oracle"], "it is sqlite or postgresql"),
        (["migrate", "--sql", "--dialect", "sqlite", "--reader", "bob"], "SQLite has no users"),
        (["migrate", "new.db", "--reader", "bob"], "add --sql"),
        (["doctor", "nowhere.db"], "there is no such file"),
        (["prune", "nowhere.db", "shop.py:shop", "--older-than", "P400D"], "no such file"),
        (["doctor", "postgresql://u:canary@127.0.0.1:1/x"], "PostgreSQL says"),
        (["doctor", "postgresql+asyncpg://u:canary@127.0.0.1:1/x"], "PostgreSQL says"),
        (["doctor", "postgresql://u:canary@127.0.0.1:x/x"], "no address of a PostgreSQL"),
        (["migrate", "mysql://u:canary@h/x"], "no address of a PostgreSQL"),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Any, arguments: list[str], told: str) -> None:
    done = desk.run(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert "canary" not in done.stderr


def test_a_database_is_brought_up_to_date(desk: Any, fresh_postgres: str) -> None:
    assert "has version 0" not in desk.run("migrate", f"{fresh_postgres}#eu").stdout
    script = desk.run("migrate", f"{fresh_postgres}#us.jk_", "--sql").stdout
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        connection.execute(script)
    for where in ("eu", "us.jk_"):
        done = desk.run("doctor", f"{fresh_postgres}#{where}", "--json")
        assert json.loads(done.stdout)["healthy"], done.stdout
    with pytest.raises(
        StoreSchemaError, match=r"nobody\.journeykit_\*.*no tables there.*migrate.*say where"
    ):
        PostgresStore(fresh_postgres, schema="nobody", migrate=False)
    assert desk.run("migrate", f"{fresh_postgres}#us.jk_", "--sql").stdout == ""


def test_a_reader_reads_and_nothing_else(desk: Any, fresh_postgres: str) -> None:
    desk.simulate("--db", "shop.db")
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reports")
        connection.execute("CREATE ROLE reports LOGIN PASSWORD 'x'")
        connection.execute(
            desk.run("migrate", f"{fresh_postgres}#eu", "--sql", "--reader", "reports").stdout
        )
    try:
        reads = make_url(fresh_postgres).set(username="reports", password="x")
        with PostgresStore(fresh_postgres, schema="eu") as store:
            store.set_controls(b"x", expected=0)
        with PostgresStore(reads, schema="eu", read_only=True) as store:
            assert store.controls().body == b"x"
            assert store.customers() == []
            assert store.status(0).schema
            with pytest.raises(Exception, match=r"read-only|permission"):
                store.set_controls(b"y", expected=1)
    finally:
        with psycopg.connect(fresh_postgres, autocommit=True) as connection:
            connection.execute("DROP OWNED BY reports")
            connection.execute("DROP ROLE reports")


def test_nothing_is_written_to_a_file_that_is_looked_at(desk: Any) -> None:
    desk.simulate("--db", "shop.db")
    path = desk.folder / "shop.db"
    before = path.read_bytes()
    path.chmod(0o444)
    for command in (["explain", "shop.db", "ann"], ["doctor", "shop.db"]):
        assert desk.run(*command).exit_code == 0
    assert path.read_bytes() == before
    with SQLiteStore(path, read_only=True) as store:
        assert store.customers()
        with pytest.raises(Exception, match="read only"):
            store.forget(0, limit=1)


# ---- doctor


def test_a_healthy_store(desk: Any) -> None:
    SQLiteStore(desk.folder / "shop.db").close()
    done = desk.run("doctor", "shop.db")
    assert (done.exit_code, done.stdout) == (0, "nothing to do\n")


def test_an_unhealthy_one_says_what_to_do(desk: Any) -> None:
    with SQLiteStore(desk.folder / "shop.db") as store:
        store.park([ParkedCustomer("ann", FOREVER, 1, 5, "work:KeyError")])
    done = desk.run("doctor", "shop.db")
    assert done.exit_code == 1
    assert "customers left alone until somebody says so: 1 (work:KeyError)" in done.stdout
    assert "journeykit unpark DB" in done.stdout
    report = json.loads(desk.run("doctor", "shop.db", "--json").stdout)
    assert [one["code"] for one in report["findings"]] == ["parked"]
    assert report["status"]["parked"] == 1


# ---- prune


def test_old_entries_leave(desk: Any) -> None:
    desk.simulate("--db", "shop.db")
    done = desk.run("prune", "shop.db", "shop.py:shop", "--older-than", "P100D")
    assert done.exit_code == 0, done.stderr
    assert " cut, " in done.stdout
    assert "the journal begins here" in desk.run("explain", "shop.db", "ann").stdout
    refused = desk.run("prune", "shop.db", "shop.py:shop", "--older-than", "P3D")
    assert "is still asked for" in refused.stderr


def test_migrations_have_a_prefix_of_their_own() -> None:
    assert all("journeykit_" not in one for one in statements_from(0, prefix="eu_"))
