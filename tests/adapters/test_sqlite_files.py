"""Whose file is this, and how new? Nothing is written to a file that is not journeykit's."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeykit.adapters import SQLiteStore, sqlite_schema
from journeykit.errors import StoreError, StoreSchemaError, UsageError
from journeykit.ports import Suppression
from journeykit.testing.store_materials import NOW, commit, write

Open = Callable[..., SQLiteStore]


def schema(file: Path) -> list[tuple[str, ...]]:
    db = sqlite3.connect(file)
    try:
        return db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    finally:
        db.close()


def test_a_new_file_has_the_newest_schema(file: Path, opened: Open) -> None:
    with opened(file)._database.reading() as db:
        numbers = [row[0] for row in db.execute("SELECT version FROM journeykit_schema")]
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE sql <> ''")]
    assert numbers == list(range(1, len(sqlite_schema.MIGRATIONS) + 1))
    assert all(name.startswith("journeykit_") for name in names if name != "sqlite_sequence")


def test_an_empty_file_is_as_good_as_none(file: Path, opened: Open) -> None:
    file.touch()
    write(opened(file), commit("ann"))


def test_opening_again_changes_nothing(file: Path, opened: Open) -> None:
    opened(file).close()
    before = (schema(file), file.read_bytes())
    opened(file).close()
    assert (schema(file), file.read_bytes()) == before


def test_missing_migrations_run_in_order(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store := opened(file), commit("ann", body=b"old"))
    store.close()
    second = ("ALTER TABLE journeykit_customer ADD COLUMN note TEXT NOT NULL DEFAULT 'two'",)
    third = ("UPDATE journeykit_customer SET note = note || ' three'",)
    now = len(sqlite_schema.MIGRATIONS)
    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", (*sqlite_schema.MIGRATIONS, second, third))
    again = opened(file)
    with again._database.reading() as db:
        newest = db.execute("SELECT max(version) FROM journeykit_schema").fetchone()
        assert newest == (now + 2,)
        assert db.execute("SELECT note FROM journeykit_customer").fetchall() == [("two three",)]
    assert again.load(["ann"])["ann"].body == b"old"


_OLD_CUSTOMER = """
    INSERT INTO journeykit_customer (customer_id, version, next_seq, body)
    VALUES ('ann', 1, 1, CAST('old' AS BLOB))
"""


@pytest.mark.parametrize("version", range(1, len(sqlite_schema.MIGRATIONS)))
def test_a_file_of_any_version_before_is_brought_up_to_date(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "MIGRATIONS", sqlite_schema.MIGRATIONS[:version])
        opened(file).close()
    with sqlite3.connect(file) as db:  # what today's code writes needs today's tables
        db.execute(_OLD_CUSTOMER)
    db.close()
    again = opened(file)
    assert again.load(["ann"])["ann"].body == b"old"
    write(again, commit("ann", 1))
    assert again.erase("ann", mark="h1", at=NOW)
    again.suppress([Suppression("email", "a1", "host", NOW)])
    assert list(again.suppressed([("email", "a1")])) == [("email", "a1")]


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(file).close()
    before = schema(file)
    broken = ("CREATE TABLE journeykit_new (a)", "CREATE TABLE oops (")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "MIGRATIONS", (*sqlite_schema.MIGRATIONS, broken))
        with pytest.raises(StoreError, match="incomplete input"):
            opened(file)
    assert schema(file) == before
    write(opened(file), commit("ann"))


def test_a_migration_on_a_full_disk_leaves_the_file_as_it_was(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "MIGRATIONS", sqlite_schema.MIGRATIONS[:1])
        opened(file).close()
    before = schema(file)
    connect = sqlite3.connect

    def connect_to_a_full_disk(*args: Any, **options: Any) -> sqlite3.Connection:
        db = connect(*args, **options)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", connect_to_a_full_disk)
        with pytest.raises(StoreError, match="free some space; nothing of this call was written"):
            opened(file)
    assert schema(file) == before
    write(opened(file), commit("ann"))


def test_a_newer_schema_is_refused(file: Path, opened: Open) -> None:
    opened(file).close()
    newer = len(sqlite_schema.MIGRATIONS) + 1
    with sqlite3.connect(file) as db:
        db.execute("INSERT INTO journeykit_schema VALUES (?)", (newer,))
    db.close()
    before = file.read_bytes()
    with pytest.raises(StoreSchemaError, match=f"version {newer}, this .* knows {newer - 1}"):
        opened(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
def test_another_programs_file_is_refused_untouched(
    file: Path, opened: Open, journal_mode: str
) -> None:
    db = sqlite3.connect(file)
    db.execute(f"PRAGMA journal_mode = {journal_mode}")
    db.execute("CREATE TABLE customer (id)")
    db.commit()
    db.close()
    before = file.read_bytes()
    with pytest.raises(StoreSchemaError, match=r"another program \(got \['customer'\]\)"):
        opened(file)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"id;name\n1;Ann\n" * 200, b"\0" * 8_192, b"%PDF-1.7"])
def test_what_is_no_database_is_refused_untouched(file: Path, opened: Open, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(StoreSchemaError, match="not an SQLite database"):
        opened(file)
    assert file.read_bytes() == content


def test_a_damaged_file_is_told(file: Path, opened: Open) -> None:
    write(store := opened(file), *(commit(f"c{n}", due=n, body=bytes(900)) for n in range(200)))
    store.close()
    content = bytearray(file.read_bytes())
    content[8_192 * 12 :] = b"\xff" * (len(content) - 8_192 * 12)
    file.write_bytes(content)
    with pytest.raises(StoreError, match="damaged: restore it from a copy"):
        opened(file).load([f"c{n}" for n in range(200)])


@pytest.mark.parametrize(
    ("path", "error", "complaint"),
    [
        ("missing/journeys.db", StoreError, "the folder does not exist; create '.*missing'"),
        (".", StoreError, "this is a folder"),
        (":memory:", UsageError, "a store needs a file .*use MemoryStore"),
    ],
)
def test_paths_that_cannot_be_a_file(
    tmp_path: Path, path: str, error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        SQLiteStore(tmp_path / path)


@pytest.mark.parametrize("name", ["file:x?mode=memory", "ü 名 #1?.db", "a%20b"])
def test_a_file_name_is_only_a_name(tmp_path: Path, opened: Open, name: str) -> None:
    write(opened(tmp_path / name), commit("ann"))
    assert (tmp_path / name).stat().st_size > 0


def test_a_path_may_be_text(file: Path, opened: Open) -> None:
    assert opened(str(file)).path == file


def test_an_sqlite_that_is_too_old_is_refused(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"SQLite 3\.35 or newer is needed"):
        opened(file)


def test_a_file_that_cannot_have_a_log_is_refused(file: Path, opened: Open) -> None:
    # What a disk without shared memory does: the mode stays what it was.
    class Stubborn:
        def execute(self, statement: str) -> Stubborn:
            return self

        def fetchone(self) -> tuple[str]:
            return ("delete",)

    store = opened(file)
    with pytest.raises(StoreError, match=r"cannot have a write-ahead log.*local disk"):
        store._database._switch_to_wal(Stubborn())  # type: ignore[arg-type]  # a double


READ_ONLY = """
import os, sys
from journeykit.adapters import SQLiteStore
from journeykit.errors import StoreError
from journeykit.testing.store_materials import commit
if os.getuid() == 0:  # root may write everywhere: be nobody
    os.setgid(65534)
    os.setuid(65534)
try:
    store = SQLiteStore(sys.argv[1])
    store.commit([commit("bob")])
except StoreError as error:
    print(type(error).__name__, error, flush=True)
else:
    print("written", flush=True)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody can reach, too; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o700)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="this system has no file modes")
@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "complaint"),
    [
        (0o444, 0o555, "make the file and its folder writable"),  # a mounted backup
        (0o444, 0o777, "make the file and its folder writable"),
        (0o000, 0o777, "may be read and written"),
        (0o666, 0o555, "make the file and its folder writable"),  # no log beside it
    ],
)
def test_a_file_that_may_not_be_written_is_told(
    open_folder: Path,
    opened: Open,
    child: Callable[..., Any],
    file_mode: int,
    folder_mode: int,
    complaint: str,
) -> None:
    file = open_folder / "journeys.db"
    write(store := opened(file), commit("ann", due=NOW))
    store.close()
    file.chmod(file_mode)
    open_folder.chmod(folder_mode)
    said = child(READ_ONLY, file).hear()
    open_folder.chmod(0o755)
    file.chmod(0o600)
    assert complaint in said
    assert str(file) in said
    assert list(opened(file).customers()) == ["ann"]
