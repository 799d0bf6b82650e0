"""What SQLiteStore promises beyond the port: durability, values at the edge, bounded growth."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from journeykit.adapters import SQLiteStore
from journeykit.adapters.sqlite_connection import _CHECKPOINT_PAGES, _PAGE_BYTES
from journeykit.errors import JourneykitError, StoreError, UsageError
from journeykit.ports import FOREVER, Claiming, CustomerCommit, Definition, SeenEvent
from journeykit.testing import check_store
from journeykit.testing.store_materials import NOW, claim, commit, keys, message, told, write

Open = Callable[..., SQLiteStore]
DAY = 86_400_000_000
LONE_SURROGATE = "\ud800"


def test_it_keeps_every_promise_of_a_store(fresh_files: Callable[[], Path]) -> None:  # D1
    check_store(
        lambda: SQLiteStore(fresh_files(), synchronous="off"),  # nobody pulls the plug meanwhile
        reopen=lambda store: SQLiteStore(store.path),
    )


# What is set on the connection


@pytest.mark.parametrize(
    ("settings", "synchronous"),
    [
        ({}, 2),  # FULL: what was committed survives a power failure
        ({"synchronous": "full"}, 2),
        ({"synchronous": "normal"}, 1),
        ({"synchronous": "off"}, 0),
    ],
)
def test_synchronous_is_full_unless_told_otherwise(
    file: Path, opened: Open, settings: dict[str, Any], synchronous: int
) -> None:
    with opened(file, **settings)._database.reading() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (synchronous,)


def test_it_has_a_write_ahead_log(file: Path, opened: Open) -> None:
    store = opened(file)
    write(store, commit("ann"))
    assert file.with_name("journeys.db-wal").stat().st_size > 0
    store.close()
    assert not file.with_name("journeys.db-wal").exists()
    assert sqlite3.connect(file).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_write_begins_with_the_write_lock(file: Path, opened: Open) -> None:
    store = opened(file)
    said: list[str] = []
    with store._database.reading() as db:
        db.set_trace_callback(said.append)
    for act in (
        lambda: store.commit([commit("ann", put=[message("m1")])]),
        lambda: claim(store),
        lambda: store.recover("w1"),
        lambda: store.publish([]),  # writes nothing, so takes no lock
    ):
        said.clear()
        act()
        writes = [one for one in said if one.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]
        begins = [one for one in said if one.startswith("BEGIN")]
        assert begins == (["BEGIN IMMEDIATE"] if writes else [])
        assert not writes or said.index(begins[0]) < said.index(writes[0])


def test_asking_for_work_when_nothing_is_due_takes_no_lock(file: Path, opened: Open) -> None:
    store = opened(file)
    write(store, commit("ann", due=NOW + 1, put=[message("m1", NOW + 1)]))
    said: list[str] = []
    with store._database.reading() as db:
        db.set_trace_callback(said.append)
    assert claim(store) == []
    assert list(store.due(NOW, limit=9)) == []
    assert not [one for one in said if one.startswith("BEGIN")]


# Values at the edge


@pytest.mark.parametrize("id", ["\0", "a\0", "a\0b", "a\0c", "\0a"])
def test_ids_with_nul_stay_apart(file: Path, opened: Open, id: str) -> None:
    store = opened(file)
    others = {"a", "b", "a\0b", "a\0c"} - {id}
    write(store, *(commit(other) for other in sorted(others)))
    seen = [SeenEvent(id, "digest", NOW + DAY)]
    write(store, commit(id, body=b"mine", due=NOW, put=[message(id, customer=id)], seen=seen))
    assert store.load([id])[id].body == b"mine"
    assert set(store.load([id, *others])) == {id, *others}
    assert list(store.due(NOW, limit=9)) == [id]
    assert dict(store.seen([(id, id), ("a", id), (id, "a")])) == {(id, id): "digest"}
    assert [(one.key, one.customer_id) for one in claim(store)] == [(id, id)]
    assert list(store.customers()) == sorted({id, *others})


@pytest.mark.parametrize(
    "act",
    [
        lambda store, bad: store.load([bad]),
        lambda store, bad: store.versions(["ann", bad]),
        lambda store, bad: store.seen([("ann", bad)]),
        lambda store, bad: store.commit([commit(bad, body=b"")]),
        lambda store, bad: store.commit([commit("ann", 1), commit(bad, body=b"")]),
        lambda store, bad: store.commit([commit("ann", 1, put=[message(bad)])]),
        lambda store, bad: store.commit([commit("ann", 1, drop=[bad])]),
        lambda store, bad: store.recover(bad),
        lambda store, bad: store.hold([bad], NOW, until=NOW + 1, worker="w1"),
        lambda store, bad: store.hold(["ann"], NOW, until=NOW + 1, worker=bad),
        lambda store, bad: store.customers(after=bad),
        lambda store, bad: store.journal(bad),
    ],
)
def test_lone_surrogates_are_refused_and_nothing_is_written(
    file: Path, opened: Open, act: Callable[[SQLiteStore, str], object]
) -> None:
    store = opened(file)
    write(store, commit("ann"))
    with pytest.raises(StoreError, match="without lone surrogates"):
        act(store, LONE_SURROGATE)
    assert dict(store.versions(["ann"])) == {"ann": 1}
    write(store, commit("ann", 1))  # no transaction was left open


@pytest.mark.parametrize("at", [FOREVER - 1, -(2**63), 0, -1])
def test_instants_have_64_bits(file: Path, opened: Open, at: int) -> None:
    store = opened(file)
    write(store, commit("ann", due=at, put=[message("m1", at)], entries=["a"], at=at))
    assert store.next_due() == at
    assert list(store.due(at, limit=1)) == ["ann"]
    assert [one.due for one in claim(store, at, lease_until=at)] == [at]
    assert [one.at for one in store.journal("ann")] == [at]


@pytest.mark.parametrize("at", [2**63, -(2**63) - 1])
@pytest.mark.parametrize(
    "act",
    [
        lambda store, at: store.commit([commit("ann", 1, due=at)]),
        lambda store, at: store.commit([commit("ann", 1, put=[message("m2", at)])]),
        lambda store, at: store.due(at, limit=1),
        lambda store, at: claim(store, at),
        lambda store, at: claim(store, lease_until=at),
        lambda store, at: store.hold(["ann"], NOW, until=at, worker="w1"),
        lambda store, at: store.hands("ann", at),
    ],
)
def test_longer_integers_are_refused_and_nothing_is_written(
    file: Path, opened: Open, act: Callable[[SQLiteStore, int], object], at: int
) -> None:
    store = opened(file)
    write(store, commit("ann", put=[message("m1")]))
    with pytest.raises(StoreError, match="integers have 64 bits"):
        act(store, at)
    assert dict(store.versions(["ann"])) == {"ann": 1}
    assert keys(claim(store)) == ["m1"]


def test_documents_of_ten_megabytes(file: Path, opened: Open) -> None:
    store = opened(file, synchronous="off")
    body = bytes(range(256)) * 40_960
    write(store, commit("ann", body=body, profile=body[::-1], put=[message("m1")]))
    store.begin([(one, body) for one in claim(store)])
    found = store.load(["ann"], profiles=True)["ann"]
    assert found.body == body
    assert found.profile == body[::-1]
    store.recover("w1")
    assert claim(store)[0].content == body


# Chunks: many ids are asked for in several statements


@pytest.mark.parametrize("count", [1, 2, 10, 11, 100, 101, 499, 500, 501, 1_001])
def test_any_number_of_ids_is_asked_for(file: Path, opened: Open, count: int) -> None:
    store = opened(file, synchronous="off")
    ids = [f"c{number}" for number in range(count)]
    write(store, *(commit(id, seen=[SeenEvent("e", id, NOW + DAY)], profile=b"p") for id in ids))
    asked = [*ids, *(f"nobody{number}" for number in range(count))]
    assert set(store.load(asked)) == set(ids)
    assert {one.profile for one in store.load(asked, profiles=True).values()} == {b"p"}
    assert set(store.versions(asked)) == set(ids)
    assert dict(store.seen([(id, "e") for id in asked])) == {(id, "e"): id for id in ids}


def test_a_failure_between_two_chunks_leaves_no_transaction(file: Path, opened: Open) -> None:
    store = opened(file)
    with pytest.raises(StoreError):
        store.load([*(f"c{number}" for number in range(600)), LONE_SURROGATE])
    write(store, commit("ann"))


# Growth


def test_expired_event_ids_are_forgotten_at_twice_the_rate_of_new_ones(
    file: Path, opened: Open
) -> None:  # O8
    store = opened(file, synchronous="off")
    for day in range(30):
        at = NOW + day * DAY
        fresh = [SeenEvent(f"e{day}.{number}", "d", at + 9 * DAY) for number in range(50)]
        write(store, commit("ann", day, seen=fresh, at=at))
        with store._database.reading() as db:
            (count,) = db.execute("SELECT count(*) FROM journeykit_seen").fetchone()
        assert count <= 50 * 11  # ten days that count, one that was not yet cleared
        kept = [("ann", f"e{late}.0") for late in range(max(0, day - 9), day + 1)]
        assert set(store.seen(kept)) == set(kept)
    assert not store.seen([("ann", "e0.0"), ("ann", "e15.49")])


def test_the_write_ahead_log_stays_bounded(file: Path, opened: Open) -> None:
    store = opened(file, synchronous="off")
    wal = file.with_name("journeys.db-wal")
    most = 0
    for version in range(60):
        write(store, *(commit(f"c{n}", version, body=bytes(10_000)) for n in range(100)))
        most = max(most, wal.stat().st_size)
    # Sixty megabytes went through. One commit may overshoot the mark by its own pages.
    assert most < 2 * _CHECKPOINT_PAGES * _PAGE_BYTES


def test_reopening_shows_a_hundred_thousand_waiting_customers(file: Path, opened: Open) -> None:
    store = opened(file, synchronous="off")
    ids = [f"c{number:06}" for number in range(100_000)]
    for start in range(0, len(ids), 10_000):
        write(store, *(commit(id, due=NOW + 1, body=b"x") for id in ids[start : start + 10_000]))
    store.close()
    again = opened(file)
    assert again.next_due() == NOW + 1
    assert list(again.due(NOW, limit=9)) == []
    assert list(again.due(NOW + 1, limit=100_000)) == ids
    assert list(again.customers(after=ids[-3])) == ids[-2:]


# Full disk


BIG = bytes(1_000_000)
FILLING: dict[str, Callable[[SQLiteStore], object]] = {
    "commit": lambda store: store.commit(
        [commit("ann", 1, body=BIG, drop=["m1"], entries=["a"]), commit("bob")]
    ),
    "commit_and_claim": lambda store: store.commit_and_claim(
        [commit("bob", put=[message("m2", customer="bob")]), commit("ann", 1, body=BIG)],
        Claiming(NOW, NOW + 9, NOW + 9, "w1", 9),
    ),
    "append": lambda store: store.append([told("bob"), told("ann", BIG)]),
    "begin": lambda store: store.begin([(one, BIG) for one in store.outbox("ann")]),
    "publish": lambda store: store.publish(
        [Definition("j", 1, "d", b"{}"), Definition("k", 1, "d", BIG)]
    ),
    "set_controls": lambda store: store.set_controls(BIG, expected=0),
}


@pytest.mark.parametrize("call", FILLING.values(), ids=FILLING)
def test_a_full_disk_is_told_and_nothing_is_written(
    file: Path, opened: Open, call: Callable[[SQLiteStore], object]
) -> None:
    store = opened(file)
    write(store, commit("ann", put=[message("m1")]))
    claim(store, lease_until=NOW)
    with store._database.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 10}")
        before = list(db.iterdump())
    with pytest.raises(StoreError, match="nothing of this call was written"):
        call(store)
    with store._database.reading() as db:
        assert list(db.iterdump()) == before
        db.execute("PRAGMA max_page_count = 1000000")
    call(store)  # as good as new once there is space
    with store._database.reading() as db:
        assert list(db.iterdump()) != before


# Use and misuse


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"synchronous": "fast"}, "synchronous: unknown setting .got 'fast'.; one of 'full'"),
        ({"busy_timeout": timedelta(-1)}, "busy_timeout: a busy_timeout lies between zero"),
        ({"busy_timeout": timedelta(days=1, seconds=1)}, "between zero and a day"),
    ],
)
def test_impossible_settings_are_refused(
    file: Path, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        SQLiteStore(file, **settings)
    assert not file.exists()


def test_a_closed_store_says_so(file: Path) -> None:
    with SQLiteStore(file) as store:
        assert repr(store) == f"SQLiteStore({str(file)!r})"
        assert store.path == file
    for act in (store.customers, lambda: store.commit([commit("ann")]), lambda: claim(store)):
        with pytest.raises(UsageError, match="this store is closed"):
            act()
    store.close()


@pytest.mark.parametrize("journal", [b"{}", b"[1", b"1", b"[1] 2", b"\xff", b"['a']"])
def test_a_journal_is_a_json_array(file: Path, opened: Open, journal: bytes) -> None:
    store = opened(file)
    bad = CustomerCommit("ann", 0, b"", None, journal=journal)
    with pytest.raises(
        UsageError, match=r"CustomerCommit\.journal: the journal .* is a JSON array"
    ):
        store.commit([commit("bob"), bad])
    assert list(store.customers()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, JourneykitError])
def test_whatever_ends_a_transaction_nothing_of_it_is_written(
    file: Path, opened: Open, error: type[BaseException]
) -> None:
    store = opened(file)

    def interrupted() -> None:
        with store._database.writing() as db:
            db.execute("UPDATE journeykit_fence SET token = 99")
            raise error("now")

    with pytest.raises(error):
        interrupted()
    with store._database.reading() as db:
        assert not db.in_transaction
        assert db.execute("SELECT token FROM journeykit_fence").fetchone() == (0,)
    write(store, commit("ann"))
