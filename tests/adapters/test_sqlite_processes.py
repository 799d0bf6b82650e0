"""Several processes and threads, one file: busy, killed, forked, all starting at once."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from journeykit.adapters import SQLiteStore, sqlite_connection
from journeykit.errors import StoreBusyError, UsageError
from journeykit.testing.store_materials import NOW, claim, commit, keys, message, together, write

Open = Callable[..., SQLiteStore]
Start = Callable[..., Any]
AT_ONCE = timedelta(0)
SOON = timedelta(milliseconds=50)

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
"""


def sound(file: Path) -> bool:
    db = sqlite3.connect(file)
    try:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        db.close()


# Busy


@pytest.mark.parametrize("timeout", [AT_ONCE, SOON])
def test_a_writer_elsewhere_is_waited_for_and_then_told(
    file: Path, opened: Open, child: Start, timeout: timedelta
) -> None:
    store = opened(file, busy_timeout=timeout)
    write(store, commit("ann", due=NOW, put=[message("m1")]))
    other = child(HOLD, file, "BEGIN IMMEDIATE")
    assert other.hear() == "held"
    began = time.monotonic()
    for act in (
        lambda: store.commit([commit("ann", 1)]),
        lambda: claim(store),
        lambda: store.recover("w1"),
    ):
        with pytest.raises(StoreBusyError, match="another process held the store for more than"):
            act()
    assert time.monotonic() - began >= 3 * timeout.total_seconds()
    # Reading never waits.
    assert dict(store.versions(["ann"])) == {"ann": 1}
    assert list(store.due(NOW, limit=9)) == ["ann"]
    other.kill()
    assert keys(claim(store)) == ["m1"]  # calling again is safe


def test_a_writer_elsewhere_that_ends_in_time_is_only_waited_for(
    file: Path, opened: Open, child: Start
) -> None:
    store = opened(file, busy_timeout=timedelta(seconds=30))
    other = child(HOLD, file, "BEGIN IMMEDIATE")
    assert other.hear() == "held"
    done: list[object] = []
    writer = threading.Thread(target=lambda: done.append(store.commit([commit("ann")])))
    writer.start()
    assert not done
    other.say()
    writer.join(30)
    assert done == [[]]


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_opening_a_file_that_is_held_tells_so(
    file: Path, opened: Open, child: Start, lock: str
) -> None:
    other = child(HOLD, file, lock)
    assert other.hear() == "held"
    with pytest.raises(StoreBusyError, match=r"for more than 0\.05 s.*calling again is safe"):
        opened(file, busy_timeout=SOON)
    other.kill()
    write(opened(file), commit("ann"))


def test_a_busy_thread_is_waited_for_and_then_told(file: Path, opened: Open) -> None:
    store = opened(file, busy_timeout=SOON)
    with (
        store._database.reading(),
        pytest.raises(StoreBusyError, match="another thread of this process"),
    ):
        store.customers()
    assert list(store.customers()) == []


def test_a_reader_elsewhere_never_stops_a_writer(file: Path, opened: Open, child: Start) -> None:
    store = opened(file, busy_timeout=AT_ONCE)
    write(store, commit("ann"))
    other = child(
        """
        import sqlite3, sys
        db = sqlite3.connect(sys.argv[1], isolation_level=None)
        db.execute("BEGIN")
        print(db.execute("SELECT version FROM journeykit_customer").fetchone()[0], flush=True)
        sys.stdin.readline()
        print(db.execute("SELECT version FROM journeykit_customer").fetchone()[0], flush=True)
        """,
        file,
    )
    assert other.hear() == "1"
    write(store, commit("ann", 1))
    other.say()
    assert other.hear() == "1"  # a snapshot


# Starting at once


OPEN_AND_COMMIT = """
import sys
from journeykit.adapters import SQLiteStore
from journeykit.testing.store_materials import commit
print("ready", flush=True)
sys.stdin.readline()
store = SQLiteStore(sys.argv[1])
print(list(store.commit([commit(sys.argv[2])])), flush=True)
store.close()
"""


def test_processes_that_migrate_at_once_agree(file: Path, opened: Open, child: Start) -> None:
    others = [child(OPEN_AND_COMMIT, file, f"c{number}") for number in range(3)]
    assert [other.hear() for other in others] == ["ready"] * 3
    for other in others:
        other.say()
    assert [other.hear() for other in others] == ["[]"] * 3
    for other in others:
        assert other.end() == ("", "")
    assert list(opened(file).customers()) == ["c0", "c1", "c2"]
    assert sound(file)


def test_threads_that_open_a_new_file_at_once_agree(fresh_files: Callable[[], Path]) -> None:
    for _ in range(10):
        file = fresh_files()
        stores: list[SQLiteStore] = []
        together(lambda _, file=file, stores=stores: stores.append(SQLiteStore(file)), threads=4)
        assert len(stores) == 4
        for number, store in enumerate(stores):
            write(store, commit(f"c{number}"))
            store.close()


def test_a_switch_to_the_log_that_is_refused_at_once_is_tried_again(
    file: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            holder.execute("ROLLBACK")

    monkeypatch.setattr(sqlite_connection.time, "sleep", nap)
    write(opened(file, busy_timeout=timedelta(seconds=30)), commit("ann"))
    assert len(naps) == 3
    holder.close()


# Killed


KILLED = """
import sys
from journeykit.adapters import SQLiteStore
from journeykit.adapters.sqlite_commit import write_commits
from journeykit.testing.store_materials import commit, message
store = SQLiteStore(sys.argv[1])
with store._database.writing() as db:
    db.execute("PRAGMA cache_size = 5")  # so that much of it is in the file already
    write_commits(db, [
        commit(f"c{n}", 1 if n < 500 else 0, body=bytes(2_000), put=[message(f"m{n}")],
               entries=["a"])
        for n in range(1_000)
    ])
    print("written", flush=True)
    sys.stdin.readline()
"""


def test_a_writer_killed_in_mid_transaction_leaves_nothing_of_it(
    file: Path, opened: Open, child: Start
) -> None:  # D1
    before = opened(file)
    write(before, *(commit(f"c{n}", body=b"kept") for n in range(500)))
    wal = file.with_name("journeys.db-wal")
    size = wal.stat().st_size
    other = child(KILLED, file)
    assert other.hear() == "written"
    assert wal.stat().st_size > size + 500_000
    other.kill()
    for store in (before, opened(file)):
        ids = [f"c{n}" for n in range(1_000)]
        assert {one.body for one in store.load(ids).values()} == {b"kept"}
        assert len(store.versions(ids)) == 500
        assert claim(store) == []
        assert list(store.journal("c0")) == []
    assert sound(file)
    write(before, commit("c0", 1))


COMMIT_FOR_EVER = """
import itertools, sys
from journeykit.adapters import SQLiteStore
from journeykit.testing.store_materials import commit, message
store = SQLiteStore(sys.argv[1])
for version in itertools.count():
    store.commit([
        commit(c, version, first_seq=1 + version, entries=[version],
               put=[message(f"{c}.{version}", customer=c)], body=str(version + 1).encode())
        for c in ("ann", "bob")
    ])
    print(version + 1, flush=True)
"""


@pytest.mark.parametrize("after", [1, 17, 60])
def test_what_a_killed_writer_was_told_is_written_is_there(
    file: Path, opened: Open, child: Start, after: int
) -> None:  # D1
    other = child(COMMIT_FOR_EVER, file)
    told = 0
    while told < after:
        told = int(other.hear())
    other.kill()
    store = opened(file)
    both = store.load(["ann", "bob"])
    version = both["ann"].version
    assert version >= told
    for customer in ("ann", "bob"):
        assert both[customer].version == version
        assert both[customer].body == str(version).encode()
        assert [one.first_seq for one in store.journal(customer)] == list(range(1, version + 1))
    assert len(claim(store, limit=10**6)) == 2 * version
    assert sound(file)


# Forked


def forked(*acts: Callable[[], object]) -> list[str]:
    """Run `acts` in a forked child; return what each gave or raised, as text."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:  # whatever happens in here, no test goes on
        said = []
        try:
            for act in acts:
                try:
                    said.append(f"{act()}")
                except UsageError as error:
                    said.append(f"UsageError: {error}")
            gc.collect()
        finally:
            os.write(writing, "\n".join(said).encode())
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as answers:
        return answers.read().split("\n")


def commit_bob(file: Path) -> Sequence[str]:
    with SQLiteStore(file) as own:
        return own.commit([commit("bob")])


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
no_warning = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@forks
@no_warning
def test_a_child_cannot_use_what_it_inherited(file: Path, opened: Open) -> None:
    store = opened(file)
    write(store, commit("ann"))
    (file.parent / "other").symlink_to(file)
    used, closed, own, by_another_name, elsewhere = forked(
        store.customers,
        store.close,  # nothing happens: it is the parent's
        lambda: commit_bob(file),  # SQLite would take the parent's locks for its own
        lambda: commit_bob(file.parent / "other"),
        lambda: commit_bob(file.parent / "new.db"),
    )
    assert "was opened before the process forked; open stores after the fork" in used
    assert closed == "None"
    assert "inherited the open file from its parent" in own
    assert "close the store before forking, or open stores only after the fork" in own
    assert by_another_name.startswith("UsageError")
    assert elsewhere == "[]"
    write(store, commit("ann", 1))  # the parent goes on
    assert dict(store.versions(["ann", "bob"])) == {"ann": 2}
    store.close()
    assert sound(file)


@forks
@no_warning
def test_a_child_opens_what_was_closed_before_the_fork(file: Path, opened: Open) -> None:
    store = opened(file)
    write(store, commit("ann"))
    store.close()
    assert forked(lambda: commit_bob(file)) == ["[]"]
    again = opened(file)
    assert dict(again.versions(["ann", "bob"])) == {"ann": 1, "bob": 1}
