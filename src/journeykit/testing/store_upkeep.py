"""Does a store keep what operators need of it, as it promises? How it stands, and what it forgets.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import FOREVER, Backlog, JournalCut, SeenEvent, Store, Taking
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    claim,
    commit,
    expect,
    expect_equal,
    keys,
    message,
    parked,
    told,
    write,
)


def tells_what_waits(store: Store) -> None:
    """`status` counts who is due, what may leave and who waits in the inbox, and since when."""
    expect_equal(store.status(NOW).due, Backlog(), "due customers of an empty store")
    write(store, commit("ann", due=NOW - 5, put=[message("m1", NOW - 3), message("m2", NOW)]))
    write(store, commit("bob", due=NOW), commit("cid", due=NOW + 1, put=[]))
    store.append([told("ann", at=NOW - 9), told("ann", at=NOW - 8), told("zoe", at=NOW - 7)])
    status = store.status(NOW)
    expect_equal(status.due, Backlog(2, NOW - 5), "due customers")
    expect_equal(status.outbox, Backlog(2, NOW - 3), "messages that may leave")
    expect_equal(status.inbox, Backlog(2, NOW - 9), "customers in the inbox")
    expect_equal(store.status(NOW - 4).outbox, Backlog(), "messages that may leave earlier")


def tells_what_is_held(store: Store) -> None:
    """`status` counts leases, those that are over, and announcements."""
    write(store, commit("ann", put=[message("m1"), message("m2", NOW + 90 * SECOND)]))
    claim(store, lease_until=NOW + 10)
    store.hold(["ann"], NOW, until=NOW + 20, worker="w1")
    status = store.status(NOW + 9)
    expect_equal((status.leased, status.overdue_leases), (1, Backlog()), "leases")
    expect_equal(status.outbox, Backlog(), "messages that may leave")
    expect_equal(status.hands, 1, "announcements")
    later = store.status(NOW + 20)
    expect_equal(later.overdue_leases, Backlog(1, NOW + 10), "leases that are over")
    expect_equal(later.hands, 0, "announcements that have ended")


def tells_who_is_parked(store: Store) -> None:
    """`status` counts who is parked for a while and until told otherwise; they do not wait."""
    for name in ("ann", "bob"):
        write(store, commit(name, due=NOW, put=[message(f"{name}1", customer=name)]))
    store.append([told("ann"), told("bob"), told("cid")])
    store.park([parked("ann", NOW + 10), parked("bob", FOREVER)])
    status = store.status(NOW)
    expect_equal((status.resting, status.parked), (1, 1), "who is parked")
    expect_equal((status.due, status.outbox), (Backlog(), Backlog()), "what is due")
    expect_equal(status.inbox, Backlog(1, NOW), "customers in the inbox")
    expect_equal(store.status(NOW + 10).resting, 0, "who is parked later")
    write(store, commit("dan", put=[message("d1", FOREVER, customer="dan")]))
    expect_equal(store.status(NOW).shelved, 1, "messages that are never due")


def cuts_journals(store: Store) -> None:
    """`prune` replaces what has a number up to `upto` by one record; the rest stays as it is."""
    for version, entries in enumerate((["a", "b"], ["c"], ["d", "e"], ["f"])):
        first = (1, 3, 4, 6)[version]
        for name in ("ann", "bob"):
            at = NOW + version
            write(store, commit(name, version, first_seq=first, entries=entries, at=at))
    expect_equal(list(store.prune([JournalCut("ann", 4, 3, NOW + 1, b'["x"]')])), [], "stale ones")
    found = [(one.first_seq, one.at, one.entries) for one in store.journal("ann")]
    rest = [(4, NOW + 2, b'["d", "e"]'), (6, NOW + 3, b'["f"]')]
    expect_equal(found, [(3, NOW + 1, b'["x"]'), *rest], "the journal that was cut")
    expect_equal([one.first_seq for one in store.journal("ann", after=3)], [4, 6], "what follows")
    expect_equal(len(list(store.journal("bob"))), 4, "records of somebody else")
    write(store, commit("ann", 4, first_seq=7, entries=["g"]))
    store.prune([JournalCut("ann", 5, 7, NOW, b'["y"]'), JournalCut("bob", 4, 6, NOW, b'["z"]')])
    expect_equal([one.entries for one in store.journal("ann")], [b'["y"]'], "cut to the end")
    expect_equal([one.entries for one in store.journal("bob")], [b'["z"]'], "bob's journal")
    write(store, commit("ann", 5, first_seq=8, entries=["h"]))
    expect_equal([one.first_seq for one in store.journal("ann")], [7, 8], "numbers afterwards")


def cuts_nothing_that_has_changed(store: Store) -> None:
    """`prune` leaves a customer of another version, or who is gone, alone, and says so."""
    write(store, commit("ann", entries=["a"]), commit("bob", entries=["a"]))
    write(store, commit("ann", 1, first_seq=2, entries=["b"]))
    stale = store.prune([JournalCut(name, 1, 1, NOW, b'["x"]') for name in ("ann", "bob", "zoe")])
    expect_equal(sorted(stale), ["ann", "zoe"], "those who changed")
    expect_equal([one.entries for one in store.journal("ann")], [b'["a"]', b'["b"]'], "ann's")
    expect_equal([one.entries for one in store.journal("bob")], [b'["x"]'], "bob's")
    expect_equal(list(store.journal("zoe")), [], "the journal of nobody")


def forgets_event_ids(store: Store) -> None:
    """`forget` removes up to `limit` ids whose `expires` is past, and no other."""
    ids = [SeenEvent(f"e{number}", "digest", NOW + number) for number in range(5)]
    write(store, commit("ann", seen=ids, at=NOW - 1))
    expect_equal(store.forget(NOW, limit=9), 0, "forgotten before anything was past")
    expect_equal(store.forget(NOW + 3, limit=2), 2, "forgotten under a limit")
    expect_equal(store.forget(NOW + 3, limit=9), 1, "forgotten of the rest")
    left = store.seen([("ann", one.event_id) for one in ids])
    expect_equal(sorted(left), [("ann", "e3"), ("ann", "e4")], "ids that are left")


def forgets_announcements(store: Store) -> None:
    """`forget` removes announcements that have ended."""
    store.hold(["ann"], NOW, until=NOW + 10, worker="w1")
    store.hold(["ann"], NOW, until=NOW + 11, worker="w1")
    expect_equal(store.forget(NOW + 10, limit=9), 1, "forgotten")
    expect_equal(len(store.hands("ann", NOW + 10)), 1, "announcements that are left")
    expect_equal(len(store.hands("ann", NOW)), 1, "those of the past that are left")


def forgets_buckets(store: Store) -> None:
    """`buckets` names all of them in order, and `forget` removes those it is told."""
    for name in ("b", "a", "ä"):
        store.take(name, Taking(NOW, SECOND, 1, 1, 0, [NOW]))
    expect_equal(list(store.buckets()), ["a", "b", "ä"], "buckets")
    expect_equal(store.forget(NOW, limit=0, buckets=["a", "nobody's"]), 1, "forgotten")
    expect_equal(list(store.buckets()), ["b", "ä"], "buckets that are left")
    expect(store.take("a", Taking(NOW, SECOND, 1, 1, 0, [NOW])).granted == 1, "a is still empty")


def shows_an_outbox(store: Store) -> None:
    """`outbox` returns all rows of a customer by key, with their content, claimed or not."""
    write(store, commit("ann", put=[message("m2", NOW + 5), message("m1"), message("m3")]))
    write(store, commit("bob", put=[message("b1", customer="bob")]))
    claims = [one for one in claim(store) if one.key == "m1"]
    store.begin([(claims[0], b"hello")])
    found = store.outbox("ann")
    expect_equal(keys(found), ["m1", "m2", "m3"], "keys")
    expect_equal([one.content for one in found], [b"hello", None, None], "contents")
    expect_equal([one.due for one in found], [NOW, NOW + 5, NOW], "instants")
    expect_equal([one.begun for one in found], [True, False, False], "whether they were begun")
    expect_equal(list(store.outbox("nobody")), [], "the outbox of nobody")


UPKEEP_PROMISES = (
    tells_what_waits,
    tells_what_is_held,
    tells_who_is_parked,
    cuts_journals,
    cuts_nothing_that_has_changed,
    forgets_event_ids,
    forgets_announcements,
    forgets_buckets,
    shows_an_outbox,
)


def shows_upkeep_to_its_twin(store: Store, again: Callable[[], Store]) -> None:
    """A cut journal is cut in another opening of the data, which sees how the store stands."""
    write(store, commit("ann", due=NOW, entries=["a", "b"]))
    other = again()
    try:
        other.prune([JournalCut("ann", 1, 2, NOW, b'["x"]')])
        expect_equal([one.first_seq for one in store.journal("ann")], [2], "numbers")
        expect_equal(other.status(NOW).due, Backlog(1, NOW), "due customers")
    finally:
        other.close()
