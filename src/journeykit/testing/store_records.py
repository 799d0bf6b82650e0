"""Does a store remember as it promises? Journal, events seen, definitions, and reopening.

One function per promise; its docstring is the promise. Each gets a fresh store, and those
of `REOPENING_PROMISES` a way to open it once more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from journeykit.ports import Definition, SeenEvent, Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    claim,
    commit,
    expect,
    expect_equal,
    expect_refusal,
    keys,
    message,
    together,
    write,
)

DAY = 86_400 * SECOND


def keeps_the_journal_in_order(store: Store) -> None:
    """`journal` returns one record per commit with entries, oldest first, byte for byte."""
    write(store, commit("ann", 0, entries=["a", {"b": "é"}, []], at=NOW), commit("bob"))
    write(store, commit("ann", 1), commit("bob", 1, entries=["his"], at=NOW + 1))
    write(store, commit("ann", 2, first_seq=4, entries=["d"], at=NOW + 2))
    wrote = commit("ann", 0, entries=["a", {"b": "é"}, []]).journal
    found = [(one.customer_id, one.first_seq, one.at, one.entries) for one in store.journal("ann")]
    expect_equal(found, [("ann", 1, NOW, wrote), ("ann", 4, NOW + 2, b'["d"]')], "ann's journal")
    expect_equal([one.entries for one in store.journal("bob")], [b'["his"]'], "bob's journal")
    expect_equal(list(store.journal("nobody")), [], "the journal of nobody")


def reads_the_journal_from_a_number(store: Store) -> None:
    """`journal(after=n)` returns the records whose `first_seq` is greater than `n`."""
    seq = 1
    for version, size in enumerate([2, 1, 3, 1]):  # records begin at 1, 3, 4, 7
        entries = list(range(size))
        write(store, commit("ann", version, first_seq=seq, entries=entries), commit(f"c{version}"))
        seq += size
    for after, wanted in ((0, [1, 3, 4, 7]), (1, [3, 4, 7]), (3, [4, 7]), (5, [7]), (7, [])):
        found = [one.first_seq for one in store.journal("ann", after=after)]
        expect_equal(found, wanted, f"numbers after {after}")


def refuses_holes_in_the_journal(store: Store) -> None:
    """Journal numbers start at 1 and have no holes: other numbers are refused, nothing written."""
    for number in (0, 2):
        bad = commit("ann", 0, first_seq=number, entries=["x"])
        expect_refusal(partial(store.commit, [bad]), f"a journal that starts with {number}")
    write(store, commit("ann", 0, entries=["a", "b"]))
    for number in (1, 2, 4):
        bad = commit("ann", 1, first_seq=number, entries=["x"])
        expect_refusal(partial(store.commit, [bad]), f"number {number} after two entries")
    expect_equal([one.first_seq for one in store.journal("ann")], [1], "numbers in the journal")
    write(store, commit("ann", 1, first_seq=3, entries=["c"]))


def remembers_events(store: Store) -> None:
    """`seen` returns the digest of ids that were committed; they belong to their customer."""
    ids = [SeenEvent(id, f"digest of {id}", NOW + DAY) for id in ("e1", "E1", "e 1", "é")]
    write(store, commit("ann", seen=ids[:2]), commit("bob", seen=ids[2:]))
    asked = [(customer, one.event_id) for customer in ("ann", "bob", "nobody") for one in ids]
    wanted = {("ann", one.event_id): one.digest for one in ids[:2]}
    wanted |= {("bob", one.event_id): one.digest for one in ids[2:]}
    expect_equal(dict(store.seen(asked)), wanted, "seen")
    store.commit([commit("ann", 0, seen=[SeenEvent("e9", "stale", NOW + DAY)])])
    expect_equal(dict(store.seen([("ann", "e9")])), {}, "an event of a stale commit")


def forgets_events_only_when_expired(store: Store) -> None:
    """An event id is remembered until its `expires` is past, whatever is committed meanwhile."""
    write(
        store,
        commit("ann", seen=[SeenEvent("short", "s", NOW + 2), SeenEvent("long", "l", NOW + DAY)]),
    )
    for version in range(1, 40):
        fresh = [SeenEvent(f"e{version}.{number}", "d", NOW + DAY) for number in range(20)]
        write(store, commit("ann", version, seen=fresh, at=NOW + 2))
    asked = [("ann", "short"), ("ann", "long")]
    wanted = {("ann", "short"): "s", ("ann", "long"): "l"}
    expect_equal(dict(store.seen(asked)), wanted, "seen at the very instant of `expires`")
    write(store, commit("ann", 40, seen=[SeenEvent("short", "again", NOW + DAY)], at=NOW + 9))
    write(store, commit("ann", 41, seen=[SeenEvent("e41", "d", NOW + DAY)], at=NOW + DAY))
    expect_equal(dict(store.seen(asked[:1])), {("ann", "short"): "again"}, "an id committed anew")
    expect_equal(dict(store.seen(asked[1:])), {("ann", "long"): "l"}, "an id that lives long")


def keeps_the_first_definition(store: Store) -> None:
    """`publish` keeps what is there; `definitions` returns all, by journey and version."""
    names = [("b", 2), ("a", 10), ("b", 1), ("a", 2)]
    published = {name: Definition(*name, digest=f"{name}", body=b"{}") for name in names}
    store.publish([published["b", 2], published["a", 10]])
    other = Definition("b", 2, digest="edited", body=b"[]")
    store.publish([published["b", 1], other, published["a", 2]])
    store.publish([other])
    found = [(one.journey, one.version, one.digest, one.body) for one in store.definitions()]
    wanted = [(*name, f"{name}", b"{}") for name in sorted(names)]
    expect_equal(found, wanted, "definitions")


def survives_reopening(store: Store, again: Callable[[], Store]) -> None:
    """What a method wrote before it returned is there for whoever opens the data next."""
    event = SeenEvent("e1", "digest", NOW + DAY)
    rows = [message("m1"), message("m2", NOW + DAY)]
    write(store, commit("ann", due=NOW, profile=b"p", put=rows, seen=[event], entries=["a", "b"]))
    store.publish([Definition("j", 1, digest="d", body=b"{}")])
    for _ in range(3):  # so that a counter which begins anew is far behind
        held = claim(store)
        store.unclaim(held)
    held = claim(store)
    store.begin([(held[0], b"Hello")])
    other = again()
    try:
        ann = other.load(["ann"], profiles=True)["ann"]
        expect_equal((ann.version, ann.body, ann.profile), (1, b"ann 1", b"p"), "the customer")
        expect_equal(dict(other.seen([("ann", "e1")])), {("ann", "e1"): "digest"}, "seen")
        expect_equal([one.entries for one in other.journal("ann")], [b'["a", "b"]'], "the journal")
        expect_equal(len(other.definitions()), 1, "number of definitions")
        expect_equal(list(other.due(NOW, limit=9)), ["ann"], "due")
        expect_equal(claim(other), [], "claims while the lease lasts")
        (later,) = claim(other, NOW + 60 * SECOND)
        expect_equal((later.key, later.content), ("m1", b"Hello"), "the message after the lease")
        expect(later.token > held[0].token, "the token did not grow")
    finally:
        other.close()
    expect_equal(store.versions(["ann"])["ann"], 1, "the version, after the other was closed")


def agrees_with_its_twin(store: Store, again: Callable[[], Store]) -> None:
    """Two stores open on the same data are one: one commit wins, one worker gets a row."""
    wanted = [f"m{number:03}" for number in range(120)]
    write(store, commit("ann", put=[message(key) for key in wanted]))
    other = again()
    stores = (store, other)
    won: list[int] = []
    held: list[str] = []

    def work(number: int) -> None:
        mine = stores[number % 2]
        for _ in range(10):
            version = mine.versions(["ann"])["ann"]
            if not mine.commit([commit("ann", version)]):
                won.append(version)
            held.extend(keys(claim(mine, limit=3, worker=f"w{number}")))

    try:
        together(work, threads=4)
        expect_equal(len(set(won)), len(won), "versions that were won, each once")
        expect_equal(dict(other.versions(["ann"])), {"ann": 1 + len(won)}, "version after the race")
        expect_equal(sorted(held) == wanted, True, f"{len(held)} claims of {len(wanted)} rows")
    finally:
        other.close()


RECORD_PROMISES = (
    keeps_the_journal_in_order,
    reads_the_journal_from_a_number,
    refuses_holes_in_the_journal,
    remembers_events,
    forgets_events_only_when_expired,
    keeps_the_first_definition,
)

REOPENING_PROMISES = (survives_reopening, agrees_with_its_twin)
