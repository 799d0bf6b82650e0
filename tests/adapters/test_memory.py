"""What MemoryStore promises beyond the port."""

from __future__ import annotations

from journeykit.adapters import MemoryStore
from journeykit.ports import SeenEvent
from journeykit.testing import check_store
from journeykit.testing.store_materials import NOW, claim, commit, message, write

DAY = 86_400_000_000


def test_it_keeps_every_promise_of_a_store() -> None:  # D1
    check_store(MemoryStore)


def test_what_is_in_it_may_still_be_read_when_it_was_closed() -> None:
    with MemoryStore() as store:
        write(store, commit("ann", put=[message("m1")]))
    assert dict(store.versions(["ann"])) == {"ann": 1}
    assert repr(store) == "MemoryStore(1 customers, 1 messages)"


def test_expired_event_ids_are_forgotten() -> None:  # O8
    store = MemoryStore()
    for day in range(30):
        at = NOW + day * DAY
        fresh = [SeenEvent(f"e{day}.{n}", "d", at + 9 * DAY) for n in range(50)]
        write(store, commit("ann", day, seen=fresh, at=at))
        assert len(store._seen) == len(store._customers["ann"].seen) <= 50 * 10
    assert set(store.seen([("ann", "e20.0"), ("ann", "e19.0")])) == {("ann", "e20.0")}


def test_an_id_that_was_used_again_lives_as_long_as_its_newest_use() -> None:
    store = MemoryStore()
    write(store, commit("ann", seen=[SeenEvent("e1", "old", NOW)]))
    write(store, commit("ann", 1, seen=[SeenEvent("e1", "new", NOW + DAY)]))
    write(store, commit("ann", 2, seen=[SeenEvent("e2", "d", NOW + DAY)], at=NOW + 1))
    assert dict(store.seen([("ann", "e1")])) == {("ann", "e1"): "new"}


def test_tokens_stay_apart_where_a_key_leaves_and_comes_back() -> None:
    store = MemoryStore()
    write(store, commit("ann", put=[message("m1")]))
    (slow,) = claim(store)
    write(store, commit("ann", 1, drop=["m1"]))
    write(store, commit("ann", 2, put=[message("m1")]))
    (fast,) = claim(store)
    assert fast.token > slow.token
    store.begin([(slow, b"slow")])
    store.unclaim([slow])
    assert claim(store) == []
    store.unclaim([fast])
    assert [one.content for one in claim(store)] == [None]
