"""Beside whose tables may journeykit's lie? The host's, if it says so, and those of another prefix."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from journeykit.adapters import SQLiteStore
from journeykit.errors import StoreBusyError, StoreSchemaError, UsageError
from journeykit.ports import InboxRow
from journeykit.testing import check_store
from journeykit.testing.store_materials import NOW, claim, commit, keys, message, write

Open = Callable[..., SQLiteStore]


@pytest.fixture
def host_file(file: Path) -> Path:
    """A file in which a host keeps something of its own."""
    db = sqlite3.connect(file)
    db.execute("CREATE TABLE cart (id TEXT PRIMARY KEY, total INTEGER)")
    db.execute("INSERT INTO cart VALUES ('c1', 40)")
    db.commit()
    db.close()
    return file


def tables(file: Path) -> set[str]:
    db = sqlite3.connect(file)
    try:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE sql <> ''")}
    finally:
        db.close()


def test_a_store_lies_beside_the_hosts_tables_if_told_to(host_file: Path, opened: Open) -> None:
    with pytest.raises(StoreSchemaError, match="say shared=True"):
        opened(host_file)
    assert tables(host_file) == {"cart"}
    store = opened(host_file, shared=True)
    write(store, commit("ann", put=[message("m1")]))
    assert keys(claim(store)) == ["m1"]
    db = sqlite3.connect(host_file)
    assert db.execute("SELECT * FROM cart").fetchall() == [("c1", 40)]
    db.close()


def test_a_shared_file_is_opened_again_without_saying_so(host_file: Path, opened: Open) -> None:
    write(opened(host_file, shared=True), commit("ann"))
    assert dict(opened(host_file).versions(["ann"])) == {"ann": 1}


def test_a_shared_store_keeps_every_promise(fresh_files: Callable[[], Path]) -> None:
    def make() -> SQLiteStore:
        path = fresh_files()
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE customer (id)")
        db.close()
        return SQLiteStore(path, shared=True, prefix="shop_a_", synchronous="off")

    check_store(
        make,
        reopen=lambda store: SQLiteStore(store.path, shared=True, prefix="shop_a_"),
    )


def test_the_hosts_own_transaction_makes_the_store_wait(host_file: Path, opened: Open) -> None:
    store = opened(host_file, shared=True, busy_timeout=timedelta(milliseconds=20))
    db = sqlite3.connect(host_file, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="another process held the store"):
        write(store, commit("ann"))
    db.execute("COMMIT")
    db.close()
    write(store, commit("ann"))


def test_stores_of_two_prefixes_know_nothing_of_each_other(file: Path, opened: Open) -> None:
    first, second, third = (opened(file, prefix=prefix) for prefix in ("a_", "b_", "journeykit_"))
    for number, store in enumerate((first, second, third), start=1):
        for version in range(number):
            write(store, commit("ann", version, put=[message(f"m{version}")]))
        store.append([InboxRow("bob", NOW, b"hi")])
    assert [store.versions(["ann"])["ann"] for store in (first, second, third)] == [1, 2, 3]
    assert len(claim(second)) == 2
    assert len(claim(third)) == 3
    first.erase("ann", mark="h1", at=NOW)
    assert second.versions(["ann"]) == {"ann": 2}
    names = tables(file) - {"sqlite_sequence"}
    assert {name.split("_")[0] for name in names} == {"a", "b", "journeykit"}


def test_another_prefix_needs_no_word_where_the_file_is_journeykits(
    file: Path, opened: Open
) -> None:
    opened(file, prefix="a_").close()
    opened(file, prefix="b_")


@pytest.mark.parametrize("prefix", ["", "a", "A_", "1_", "a-b_", "sqlite_", "é_", "a" * 60 + "_"])
def test_a_prefix_that_is_no_plain_name_is_refused(file: Path, opened: Open, prefix: str) -> None:
    with pytest.raises(UsageError, match="a prefix is"):
        opened(file, prefix=prefix)
    assert not file.exists()


@pytest.mark.parametrize("prefix", ["journeykit_", "shop_"])
def test_what_a_host_appends_on_its_own_connection_waits(
    host_file: Path, opened: Open, prefix: str
) -> None:
    store = opened(host_file, shared=True, prefix=prefix)
    sql = store.appending
    assert (sql.dialect, sql.place) == ("sqlite", str(host_file))
    db = sqlite3.connect(host_file)
    for end, wanted in ((db.rollback, []), (db.commit, ["ann"])):
        db.execute("UPDATE cart SET total = total + 1")
        for statement in sql.statements:
            db.execute(statement, {"customer_id": "ann", "at": NOW, "body": b"hi"})
        assert store.waiting(NOW, limit=9) == []
        end()
        assert store.waiting(NOW, limit=9) == wanted
    db.close()
    (row,) = store.inbox(["ann"], limit=9)["ann"]
    assert (row.at, row.body) == (NOW, b"hi")
