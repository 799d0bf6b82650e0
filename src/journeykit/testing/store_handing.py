"""Does a store keep its word around a hand-over? What has begun, and claims within a commit.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from journeykit.ports import FOREVER, Claiming, OutboxRow, Store
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
    parked,
    queue,
    together,
    write,
)

LEASE = NOW + 60 * SECOND
HOLD = NOW + 50 * SECOND


def tells_what_has_begun(store: Store) -> None:
    """A claim tells whether an earlier one was about to be handed over, however that one ended."""
    queue(store, message("m1"), message("m2"), message("m3"))
    claims = claim(store)
    expect(not any(one.begun for one in claims), "a hand-over has begun that nobody began")
    store.begin([])
    store.begin([(claims[0], b"Hi"), (claims[1], None)])
    store.recover("w1")
    for ended in ("a recovery", "a lease", "a lease of one who began nothing"):
        claims = claim(store, LEASE, lease_until=LEASE)
        found = {one.key: (one.begun, one.content) for one in claims}
        wanted = {"m1": (True, b"Hi"), "m2": (True, None), "m3": (False, None)}
        expect_equal(found, wanted, f"begun and content after {ended}")


def forgets_what_has_begun(store: Store) -> None:
    """A put on the row, or giving it back, ends the note that it has begun; content stays."""
    queue(store, message("m1"), message("m2"))
    claims = claim(store)
    store.begin([(one, b"Hi") for one in claims])
    store.unclaim(claims[:1])
    write(store, commit("ann", 1, put=[message("m2")]))
    found = [(one.key, one.begun, one.content) for one in claim(store)]
    expect_equal(found, [("m1", False, b"Hi"), ("m2", False, b"Hi")], "what comes back")


def keeps_content_that_is_not_replaced(store: Store) -> None:
    """Beginning without content keeps the one that is there, and with another replaces it."""
    queue(store, message("m1"))
    for content, wanted in ((b"one", b"one"), (None, b"one"), (b"", b""), (None, b"")):
        store.begin([(one, content) for one in claim(store, LEASE, lease_until=LEASE)])
        (later,) = claim(store, LEASE, lease_until=LEASE)
        expect_equal(later.content, wanted, f"content after {content!r}")


def begins_for_the_newest_claim_only(store: Store) -> None:
    """What an overtaken claim begins, or a row that has left, changes nothing."""
    queue(store, message("m1"), message("m2"))
    slow = claim(store, lease_until=NOW)
    fast = claim(store, lease_until=LEASE)
    write(store, commit("ann", 1, drop=["m2"]))
    store.begin([(one, b"slow") for one in slow])
    (later,) = claim(store, LEASE, lease_until=LEASE)
    expect_equal((later.key, later.begun, later.content), ("m1", False, None), "the claim")
    store.begin([(fast[1], b"gone")])
    write(store, commit("ann", 2, put=[message("m2")]))
    again = [(one.key, one.begun, one.content) for one in claim(store, LEASE)]
    expect_equal(again, [("m1", False, None), ("m2", False, None)], "claims")


def claims_what_it_commits(store: Store) -> None:
    """`commit_and_claim` claims what it has put and is due, in the order of the puts, up to `limit`."""
    done = store.commit_and_claim(
        [
            commit("bob", put=[_of("bob", "z"), _of("bob", "later", NOW + 1), _of("bob", "y", 0)]),
            commit("ann", due=NOW, put=[_of("ann", "a"), _of("ann", "b", NOW - 9)]),
            commit("cat"),
        ],
        _terms(limit=3),
    )
    expect_equal(list(done.stale), [], "stale")
    found = [(one.key, one.customer_id, one.channel, one.due) for one in done.claims]
    wanted = [("z", "bob", "sms", NOW), ("y", "bob", "sms", 0), ("a", "ann", "sms", NOW)]
    expect_equal(found, wanted, "claims")
    expect_equal(keys(claim(store)), ["b"], "what others may claim")
    versions = {"ann": 1, "bob": 1, "cat": 1}
    expect_equal(dict(store.versions(["ann", "bob", "cat"])), versions, "versions")
    expect_equal(list(store.due(NOW, limit=9)), ["ann"], "due")


def announces_what_it_claims(store: Store) -> None:
    """`commit_and_claim` announces those whose messages it has claimed, and nobody else."""
    put = [commit("ann", put=[_of("ann", "a")]), commit("bob", put=[_of("bob", "b", NOW + 1)])]
    done = store.commit_and_claim(put, _terms())
    if done.hand is None:
        raise AssertionError("claimed, and not announced")
    expect_equal(done.hand.until, HOLD, "until")
    expect_equal(list(store.hands("ann", NOW)), [done.hand], "hands about ann")
    expect_equal(list(store.hands("bob", NOW)), [], "hands about bob")
    expect_equal(list(store.hands("ann", HOLD)), [], "hands at the end")
    none = store.commit_and_claim([commit("cat", put=[_of("cat", "c", NOW + 1)])], _terms())
    expect_equal((list(none.claims), none.hand), ([], None), "what comes to nothing")
    store.let_go(done.hand)
    expect_equal(list(store.hands(None, NOW)), [], "hands let go")


def claims_nothing_of_the_stale(store: Store) -> None:
    """Of a stale commit `commit_and_claim` writes and claims nothing, and returns its id."""
    write(store, commit("ann", put=[_of("ann", "old")]))
    stale = commit("ann", 0, put=[_of("ann", "old"), _of("ann", "new")])
    done = store.commit_and_claim([stale, commit("bob", put=[_of("bob", "b")])], _terms())
    expect_equal((list(done.stale), keys(done.claims)), (["ann"], ["b"]), "stale and claims")
    expect_equal(keys(claim(store)), ["old"], "what others may claim")
    only = store.commit_and_claim([stale], _terms())
    expect_equal((list(only.stale), list(only.claims), only.hand), (["ann"], [], None), "stale")


def commits_and_claims_all_or_nothing(store: Store) -> None:
    """When `commit_and_claim` refuses, nothing is written, claimed or announced."""
    bad = commit("bob", first_seq=5, entries=["hole"], put=[_of("bob", "b")])
    good = commit("ann", put=[_of("ann", "a")])
    refused: Callable[[], object] = partial(store.commit_and_claim, [good, bad], _terms())
    expect_refusal(refused, "a journal with a hole")
    expect_equal(dict(store.versions(["ann", "bob"])), {}, "versions")
    expect_equal(list(store.hands(None, NOW)), [], "hands")
    expect_equal(store.next_due(), None, "next_due")


def holds_what_it_claims_like_any_claim(store: Store) -> None:
    """Claims of `commit_and_claim` are claims: leased, with a newer token, freed by `recover`."""
    write(store, commit("ann", put=[_of("ann", "a"), _of("ann", "b")]))
    first = claim(store, lease_until=LEASE)
    store.begin([(one, b"Hi") for one in first])
    done = store.commit_and_claim(
        [commit("ann", 1, put=[_of("ann", "a"), _of("ann", "b")])], _terms(worker="w2")
    )
    found = [(one.key, one.content, one.begun) for one in done.claims]
    expect_equal(found, [("a", b"Hi", False), ("b", b"Hi", False)], "claims of rows put again")
    tokens = [one.token for one in (*first, *done.claims)]
    expect(max(tokens[:2]) < min(tokens[2:]), f"tokens do not grow: {tokens}")
    expect_equal(claim(store, LEASE - 1), [], "claimed while it is held")
    expect_equal(store.next_due(), LEASE, "next_due")
    store.unclaim(done.claims[:1])
    expect_equal(keys(claim(store, lease_until=NOW)), ["a"], "given back")
    expect_equal(store.recover("w2"), 1, "recover")
    expect_equal(list(store.hands(None, NOW)), [], "hands after recovery")
    expect_equal(keys(claim(store)), ["a", "b"], "claimed after recovery")


def claims_nothing_of_the_parked(store: Store) -> None:
    """`commit_and_claim` writes what is decided for a parked customer, and claims nothing of it."""
    store.park([parked("ann", NOW + 1), parked("cat", NOW)])
    rows = [commit(id, put=[_of(id, f"{id}/1")]) for id in ("ann", "bob", "cat")]
    done = store.commit_and_claim(rows, _terms())
    expect_equal(keys(done.claims), ["bob/1", "cat/1"], "claims")
    expect_equal(keys(claim(store, NOW + 1, lease_until=LEASE)), ["ann/1"], "claimed at its end")


def gives_each_row_to_committer_or_claimer(store: Store) -> None:
    """A row that one worker commits and claims while others claim is held by exactly one of them."""
    held: list[str] = []
    batches = 40

    def work(number: int) -> None:
        for place in range(batches):
            if number < 3:
                id = f"c{number}.{place}"
                put = [_of(id, f"{id}/{each}") for each in range(3)]
                done = store.commit_and_claim([commit(id, put=put)], _terms(limit=2))
                held.extend(keys(done.claims))
            else:
                held.extend(keys(claim(store, limit=4, worker=f"w{number}")))

    together(work, threads=5)
    held.extend(keys(claim(store, limit=10_000)))
    wanted = sorted(f"c{n}.{p}/{e}" for n in range(3) for p in range(batches) for e in range(3))
    expect(sorted(held) == wanted, f"{len(held)} claims for {len(wanted)} rows, each once")


def leaves_the_shelved_alone(store: Store) -> None:
    """A row due FOREVER is never claimed nor counted; `shelved` lists whose they are, by id."""
    for id in ("é", "bob", "ann", "Ann"):
        write(store, commit(id, put=[message(f"{id}/{n}", FOREVER, customer=id) for n in range(2)]))
    write(store, commit("cat", put=[message("c", NOW + 1, customer="cat")]))
    expect_equal(list(store.shelved()), ["Ann", "ann", "bob", "é"], "shelved")
    expect_equal(list(store.shelved(after="Ann", limit=2)), ["ann", "bob"], "a page")
    expect_equal(list(store.shelved(limit=0)), [], "shelved, limit=0")
    expect_equal(keys(claim(store, FOREVER - 1)), ["c"], "claimed at the end of all days")
    write(store, commit("cat", 1, drop=["c"]), commit("bob", 1, drop=["bob/0", "bob/1"]))
    expect_equal(store.next_due(), None, "next_due")
    write(store, commit("ann", 1, put=[message("ann/0", NOW)], drop=["ann/1"]))
    expect_equal(keys(claim(store)), ["ann/0"], "claimed once it is put again")
    expect_equal(list(store.shelved()), ["Ann", "é"], "who is left")


def _of(customer: str, key: str, due: int = NOW) -> OutboxRow:
    return message(key, due, customer=customer, channel="sms")


def _terms(*, limit: int = 100, worker: str = "w1") -> Claiming:
    return Claiming(NOW, LEASE, HOLD, worker, limit)


HANDING_PROMISES: tuple[Callable[[Store], None], ...] = (
    tells_what_has_begun,
    forgets_what_has_begun,
    keeps_content_that_is_not_replaced,
    begins_for_the_newest_claim_only,
    claims_what_it_commits,
    announces_what_it_claims,
    claims_nothing_of_the_stale,
    commits_and_claims_all_or_nothing,
    holds_what_it_claims_like_any_claim,
    claims_nothing_of_the_parked,
    gives_each_row_to_committer_or_claimer,
    leaves_the_shelved_alone,
)
