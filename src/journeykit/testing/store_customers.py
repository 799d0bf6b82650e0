"""Does a store keep customers as it promises? Documents, versions, what is due, big and odd.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

import threading
from functools import partial

from journeykit.ports import Store
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

YEAR_9999 = 253_402_300_799_999_999


def starts_empty(store: Store) -> None:
    """A new store has nothing in it, and answers so."""
    expect_equal(dict(store.load(["ann"])), {}, "load")
    expect_equal(dict(store.versions(["ann"])), {}, "versions")
    expect_equal(dict(store.seen([("ann", "e1")])), {}, "seen")
    expect_equal(list(store.due(NOW, limit=10)), [], "due")
    expect_equal(claim(store), [], "claim")
    expect_equal(store.next_due(), None, "next_due")
    expect_equal(list(store.journal("ann")), [], "journal")
    expect_equal(list(store.customers()), [], "customers")
    expect_equal(list(store.definitions()), [], "definitions")
    expect_equal(store.recover("w1"), 0, "recover")


def takes_empty_arguments(store: Store) -> None:
    """Asking for nothing, and writing nothing, are fine."""
    write(store, commit("ann", due=NOW, put=[message("m1")]))
    expect_equal(list(store.commit([])), [], "commit([])")
    expect_equal(dict(store.load([])), {}, "load([])")
    expect_equal(dict(store.versions([])), {}, "versions([])")
    expect_equal(dict(store.seen([])), {}, "seen([])")
    expect_equal(list(store.due(NOW, limit=0)), [], "due(limit=0)")
    expect_equal(claim(store, limit=0), [], "claim(limit=0)")
    expect_equal(list(store.customers(limit=0)), [], "customers(limit=0)")
    store.unclaim([])
    store.begin([])
    store.publish([])


def reads_its_writes(store: Store) -> None:
    """`load` returns the newest committed state: version `expected + 1` and its body."""
    write(store, commit("ann", 0, body=b"first"), commit("bob", 0, body=b"his"))
    write(store, commit("ann", 1, body=b"second"))
    found = store.load(["ann", "bob"])
    expect_equal(sorted(found), ["ann", "bob"], "ids in the answer of load")
    ann = found["ann"]
    expect_equal((ann.customer_id, ann.version, ann.body), ("ann", 2, b"second"), "ann")
    expect_equal((found["bob"].version, found["bob"].body), (1, b"his"), "bob")


def leaves_out_the_absent(store: Store) -> None:
    """Ids that are not there are absent from `load` and `versions`; repeated ids are fine."""
    write(store, commit("ann"))
    asked = ["nobody", "ann", "ann", "", "an", "ann "]
    expect_equal(list(store.load(asked)), ["ann"], "ids in the answer of load")
    expect_equal(dict(store.versions(asked)), {"ann": 1}, "versions")


def tells_versions(store: Store) -> None:
    """`versions` returns the newest committed version."""
    write(store, commit("ann"), commit("bob"))
    write(store, commit("bob", 1))
    write(store, commit("bob", 2))
    expect_equal(dict(store.versions(["ann", "bob"])), {"ann": 1, "bob": 3}, "versions")


def keeps_profiles_apart(store: Store) -> None:
    """A profile is returned only when asked for, and stays until a commit brings another."""
    write(store, commit("ann", profile=b"blue"), commit("bob"))
    expect_equal(store.load(["ann"])["ann"].profile, None, "profile not asked for")
    write(store, commit("ann", 1), commit("bob", 1, profile=b""))
    both = store.load(["ann", "bob"], profiles=True)
    expect_equal(both["ann"].profile, b"blue", "profile after a commit without one")
    expect_equal(both["ann"].version, 2, "version beside the profile")
    expect_equal(both["bob"].profile, b"", "a profile of no bytes")
    write(store, commit("ann", 2, profile=b"red"), commit("cy"))
    both = store.load(["ann", "cy"], profiles=True)
    expect_equal(both["ann"].profile, b"red", "profile after a new one")
    expect_equal(both["cy"].profile, None, "profile of a customer who has none")


def writes_nothing_of_a_stale_commit(store: Store) -> None:
    """A commit whose `expected` is not the stored version writes nothing and is returned."""
    write(store, commit("ann", entries=["old"], profile=b"kept", put=[message("m1")]))
    write(store, commit("ann", 1))
    for customer, expected in (("ann", 0), ("ann", 1), ("ann", 3), ("nobody", 1)):
        late = commit(
            customer,
            expected,
            body=b"overwritten",
            due=NOW + 1,
            profile=b"overwritten",
            first_seq=2,
            entries=["new"],
            put=[message("m2"), message("m1", NOW + SECOND)],
            drop=["m1"],
        )
        what = f"expected={expected} for {customer!r}"
        expect_equal(list(store.commit([late])), [customer], f"stale ids, {what}")
    ann = store.load(["ann"], profiles=True)["ann"]
    expect_equal((ann.version, ann.body, ann.profile), (2, b"ann 2", b"kept"), "the customer")
    expect_equal([one.first_seq for one in store.journal("ann")], [1], "journal numbers")
    expect_equal(list(store.due(NOW + 1, limit=9)), [], "due")
    expect_equal(list(store.customers()), ["ann"], "customers")
    expect_equal(keys(claim(store)), ["m1"], "the outbox")


def writes_the_fresh_beside_the_stale(store: Store) -> None:
    """Stale commits do not keep the fresh ones of the same call from being written."""
    write(store, commit("ann"), commit("bob"))
    write(store, commit("bob", 1))
    stale = store.commit([commit("cy"), commit("bob", 1), commit("ann", 1), commit("dee", 7)])
    expect_equal(sorted(stale), ["bob", "dee"], "the stale ids")
    wanted = {"ann": 2, "bob": 2, "cy": 1}
    expect_equal(dict(store.versions(["ann", "bob", "cy", "dee"])), wanted, "versions")


def writes_all_or_nothing(store: Store) -> None:
    """When `commit` raises, nothing of the call was written, whatever came first in it."""
    write(store, commit("ann"))
    good = commit("ann", 1, due=NOW, put=[message("m1")], entries=["a"])
    bad = commit("bob", 0, first_seq=5, entries=["b"])  # its numbers start with a hole
    expect_refusal(partial(store.commit, [good, bad]), "a journal with a hole")
    expect_equal(dict(store.versions(["ann", "bob"])), {"ann": 1}, "versions afterwards")
    expect_equal(store.next_due(), None, "next_due afterwards")
    expect_equal(list(store.journal("ann")), [], "ann's journal afterwards")
    write(store, good)


def refuses_two_commits_for_one_customer(store: Store) -> None:
    """Two commits for one customer in one call are refused, and none of the call is written."""
    for commits in (
        [commit("ann"), commit("ann", 1)],
        [commit("ann"), commit("bob"), commit("ann")],
    ):
        expect_refusal(partial(store.commit, commits), "a repeated customer")
    expect_equal(list(store.customers()), [], "customers")


def lets_one_of_many_racers_win(store: Store) -> None:
    """Of commits made on one version at the same time exactly one is written."""
    write(store, commit("ann"))
    won: list[int] = []

    def race(_: int) -> None:
        for _ in range(15):
            version = store.versions(["ann"])["ann"]
            if not store.commit([commit("ann", version)]):
                won.append(version)

    together(race)
    expect_equal(len(set(won)), len(won), "versions that were won, each once")
    expect_equal(store.versions(["ann"])["ann"], 1 + len(won), "version after the race")


def shows_whole_commits_only(store: Store) -> None:
    """A reader sees all customers of a commit before it, or all after it, never a mixture."""
    everyone = [f"c{number:04}" for number in range(1_200)]
    write(store, *(commit(id) for id in everyone))
    done = threading.Event()
    mixed: list[set[int]] = []

    def work(number: int) -> None:
        if number == 0:
            try:
                for version in range(1, 8):
                    write(store, *(commit(id, version) for id in everyone))
            finally:
                done.set()
        while not done.is_set():
            versions = {one.version for one in store.load(everyone).values()}
            if len(versions) != 1:
                mixed.append(versions)

    together(work, threads=3)
    expect(not mixed, f"one load saw versions {mixed[:1]} of customers committed together")


def lists_the_longest_due_first(store: Store) -> None:
    """`due` returns customers with `next_due <= now`, the longest due first, up to `limit`."""
    dues = {"eve": 5, "dan": -20, "cy": -1, "bob": -10, "ann": 0}  # seconds from now
    write(store, *(commit(id, due=NOW + after * SECOND) for id, after in dues.items()))
    write(store, commit("never", due=None))
    in_order = ["dan", "bob", "cy", "ann"]
    for limit in (1, 2, 4, 9):
        expect_equal(list(store.due(NOW, limit=limit)), in_order[:limit], f"due, limit={limit}")
    expect_equal(list(store.due(NOW - 1, limit=9)), in_order[:3], "due a microsecond earlier")
    expect_equal(list(store.due(NOW, limit=9)), in_order, "due, asked again")


def follows_a_moved_due(store: Store) -> None:
    """A commit replaces `next_due`: earlier, later, none, and back again."""
    write(store, commit("ann", due=NOW), commit("bob", due=NOW + SECOND))
    moves: list[tuple[int | None, list[str]]] = [
        (NOW + 2 * SECOND, ["bob", "ann"]),
        (NOW, ["ann", "bob"]),
        (None, ["bob"]),
        (NOW + 3 * SECOND, ["bob", "ann"]),
        (NOW, ["ann", "bob"]),
        (NOW, ["ann", "bob"]),
    ]
    for version, (due, wanted) in enumerate(moves, start=1):
        write(store, commit("ann", version, due=due))
        what = f"due after move {version}"
        expect_equal(list(store.due(NOW + 9 * SECOND, limit=9)), wanted, what)


def knows_the_next_instant(store: Store) -> None:
    """`next_due` is the earliest instant of customers, free rows, and ends of leases."""
    write(store, commit("ann", due=NOW + 9), commit("bob", due=NOW + 5), commit("cy"))
    expect_equal(store.next_due(), NOW + 5, "with customers")
    write(
        store,
        commit(
            "cy",
            1,
            put=[message("m1", NOW + 2, customer="cy"), message("m2", NOW + 30, customer="cy")],
        ),
    )
    expect_equal(store.next_due(), NOW + 2, "with a message")
    claim(store, NOW + 2, lease_until=NOW + 4)
    expect_equal(store.next_due(), NOW + 4, "with the end of a lease")
    write(store, commit("cy", 2, drop=["m1"]))
    expect_equal(store.next_due(), NOW + 5, "after the message left")
    write(store, commit("ann", 1), commit("bob", 1))
    expect_equal(store.next_due(), NOW + 30, "with nobody due")
    claim(store, NOW + 30, lease_until=NOW + 40)
    write(store, commit("cy", 3, put=[message("m2", NOW + 35, customer="cy")]))
    expect_equal(store.next_due(), NOW + 35, "with a claimed message put at another instant")
    write(store, commit("cy", 4, drop=["m2"]))
    expect_equal(store.next_due(), None, "with nothing at all")


def pages_customers_by_code_point(store: Store) -> None:
    """`customers` pages through all ids in the order of their code points."""
    ids = ["Z", "a", "aa", "b", "z", "~", "é", "ﬀ", "\ufffd", "\U00010000", "😀"]
    write(store, *(commit(id) for id in reversed(ids)))
    expect_equal(list(store.customers()), ids, "customers")
    found: list[str] = []
    for _ in ids:  # a store that pays no heed to `after` would go on for ever
        page = store.customers(after=found[-1] if found else "", limit=3)
        expect(len(page) <= 3, "a page is longer than its limit")
        found += page
    expect_equal(found, ids, "customers, page by page")
    expect_equal(list(store.customers(after="ab")), ids[3:], "customers after an id not there")


def tells_odd_ids_apart(store: Store) -> None:
    """Ids are any Unicode text, compared code point by code point, and may be long."""
    odd = ["ann", "Ann", "ann ", " ann", "a'n", 'a"n', "a%n", "a_n", "\\", "{}", "?", "1", "01"]
    odd += ["1.0", "null", "\u00e9", "e\u0301", "ß", "SS", "İ", "名前", "👩‍👩‍👧"]
    odd += ["x" * 1_000, "x" * 999 + "y"]
    write(store, *(commit(id, due=NOW) for id in odd))
    write(store, *(commit(id, 1, put=[message(f"key {id}", customer=id)]) for id in odd))
    found = store.load(odd)
    expect_equal(set(found), set(odd), "ids in the answer of load")
    for id in odd:
        expect_equal(found[id].body, f"{id} 2".encode(), f"body of {id!r}")
    expect_equal({one.customer_id for one in claim(store)}, set(odd), "customers of messages")


def keeps_any_bytes(store: Store) -> None:
    """Bodies, profiles and contents are bytes of any kind and length, returned as they were."""
    all_bytes = bytes(range(256))
    blobs = {"all": all_bytes, "empty": b"", "big": all_bytes * 4_096, "text": b'{"a": "\xc3\xa9"}'}
    for id, blob in blobs.items():
        write(store, commit(id, body=blob, profile=blob, put=[message(id, customer=id)]))
    store.begin([(one, blobs[one.key]) for one in claim(store)])
    for id, one in store.load(list(blobs), profiles=True).items():
        expect(isinstance(one.body, bytes), f"body {id!r} is not bytes")
        expect(one.body == blobs[id], f"body {id!r} came back changed")
        expect(one.profile == blobs[id], f"profile {id!r} came back changed")
    for row in claim(store, NOW + 60 * SECOND):
        expect(row.content == blobs[row.key], f"content {row.key!r} came back changed")


def keeps_far_instants(store: Store) -> None:
    """Instants reach to the end of the year 9999, to the microsecond."""
    write(store, commit("ann", due=YEAR_9999, put=[message("m1", YEAR_9999)], at=YEAR_9999))
    expect_equal(store.next_due(), YEAR_9999, "next_due")
    expect_equal(list(store.due(YEAR_9999 - 1, limit=1)), [], "due a microsecond before")
    expect_equal(list(store.due(YEAR_9999, limit=1)), ["ann"], "due")
    expect_equal([one.due for one in claim(store, YEAR_9999)], [YEAR_9999], "due of the message")


def takes_ten_thousand_at_once(store: Store) -> None:
    """Every method takes ten thousand rows in one call."""
    many = [f"c{number:05}" for number in range(10_000)]
    write(store, *(commit(id, due=NOW, put=[message(id, customer=id)]) for id in many))
    expect_equal(len(store.load(many)), len(many), "rows loaded")
    expect_equal(len(store.load(many, profiles=True)), len(many), "rows loaded with profiles")
    expect_equal(len(store.versions(many)), len(many), "versions")
    expect_equal(len(set(store.due(NOW, limit=20_000))), len(many), "customers due")
    claims = claim(store, limit=20_000)
    expect_equal(keys(claims) == many, True, "all claimed, in order")
    store.begin([(one, one.key.encode()) for one in claims])
    store.unclaim(claims)
    claims = claim(store, limit=20_000)
    expect(all(one.content == one.key.encode() for one in claims), "a content is lost or mixed up")
    write(store, *(commit(id, 1, drop=[id]) for id in many))
    expect_equal(claim(store, NOW + 60 * SECOND), [], "claims after all were dropped")
    expect_equal(len(store.seen([(id, "e1") for id in many])), 0, "events seen")


def closes_twice(store: Store) -> None:
    """`close` may be called again."""
    write(store, commit("ann"))
    store.close()
    store.close()


CUSTOMER_PROMISES = (
    starts_empty,
    takes_empty_arguments,
    reads_its_writes,
    leaves_out_the_absent,
    tells_versions,
    keeps_profiles_apart,
    writes_nothing_of_a_stale_commit,
    writes_the_fresh_beside_the_stale,
    writes_all_or_nothing,
    refuses_two_commits_for_one_customer,
    lets_one_of_many_racers_win,
    shows_whole_commits_only,
    lists_the_longest_due_first,
    follows_a_moved_due,
    knows_the_next_instant,
    pages_customers_by_code_point,
    tells_odd_ids_apart,
    keeps_any_bytes,
    keeps_far_instants,
    takes_ten_thousand_at_once,
    closes_twice,
)
