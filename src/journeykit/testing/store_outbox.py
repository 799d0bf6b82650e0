"""Does a store hand messages out as it promises? Claims, leases, fencing tokens, content.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from journeykit.ports import ClaimedMessage, Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    claim,
    commit,
    expect,
    expect_equal,
    keys,
    message,
    queue,
    together,
    write,
)

LEASE = NOW + 60 * SECOND


def claims_the_longest_due_first(store: Store) -> None:
    """`claim` takes rows with `due <= now`, the longest due first, ties by key, up to `limit`."""
    dues = {"late": 1, "b": 0, "a": 0, "B": 0, "é": 0, "z": -5, "y": -9}
    queue(store, *(message(key, NOW + after) for key, after in dues.items()))
    expect_equal(keys(claim(store, NOW - 6)), ["y"], "claimed six microseconds earlier")
    expect_equal(keys(claim(store, limit=3)), ["z", "B", "a"], "claimed first")
    expect_equal(keys(claim(store, limit=9)), ["b", "é"], "claimed next")
    expect_equal(keys(claim(store, NOW + 1)), ["late"], "claimed a microsecond later")


def describes_what_it_claims(store: Store) -> None:
    """A claim carries the row as it was put, a token, and no content before some is kept."""
    row = message("m1", NOW - 7, customer="bob", channel="sms")
    write(store, commit("bob", put=[row]))
    (one,) = claim(store)
    found = (one.key, one.customer_id, one.channel, one.due, one.content)
    expect_equal(found, ("m1", "bob", "sms", NOW - 7, None), "the claim")
    expect(isinstance(one.token, int), "the token is not an int")


def passes_over_what_is_held(store: Store) -> None:
    """A claimed row is passed over until its `lease_until <= now`."""
    queue(store, message("m1"), message("m2"))
    expect_equal(keys(claim(store, limit=1)), ["m1"], "first claim")
    expect_equal(keys(claim(store, worker="w2")), ["m2"], "second claim")
    expect_equal(claim(store), [], "third claim")
    expect_equal(claim(store, LEASE - 1), [], "claimed a microsecond before the lease ends")
    expect_equal(keys(claim(store, LEASE)), ["m1", "m2"], "claimed when the lease ends")


def passes_over_channels_that_are_named(store: Store) -> None:
    """`without` names channels of which nothing is taken; what lies behind them is."""
    rows = [message(f"m{number}", NOW - 9 + number, channel="email") for number in range(5)]
    queue(store, *rows, message("push", NOW, channel="push"), message("sms", NOW, channel="sms"))
    others = store.claim(NOW, limit=2, lease_until=LEASE, worker="w1", without=("email", "fax"))
    expect_equal(keys(others), ["push", "sms"], "claimed without email")
    more = store.claim(NOW, limit=2, lease_until=LEASE, worker="w1", without={"email"})
    expect_equal(list(more), [], "claimed once more")
    expect_equal(keys(claim(store, limit=2)), ["m0", "m1"], "claimed of all")


def orders_by_due_after_a_lease(store: Store) -> None:
    """A row whose lease has ended is claimed in the order of its `due`, not of the lease's end."""
    queue(store, message("old", NOW - 9), message("new", NOW + SECOND))
    claim(store, lease_until=NOW + 5 * SECOND)
    found = keys(claim(store, NOW + 5 * SECOND))
    expect_equal(found, ["old", "new"], "claimed after the lease")


def hands_each_row_to_one_worker(store: Store) -> None:
    """No two workers that claim at the same time get the same row, and none is forgotten."""
    wanted = [f"m{number:03}" for number in range(240)]
    queue(store, *(message(key) for key in wanted))
    held: list[str] = []

    def work(number: int) -> None:
        for _ in wanted:  # a store that holds nothing back would go on for ever
            claims = claim(store, limit=7, worker=f"w{number}")
            held.extend(keys(claims))
            if not claims:
                break

    together(work)
    expect_equal(
        sorted(held) == wanted, True, f"{len(held)} claims for {len(wanted)} rows, each once"
    )


def raises_the_token_with_every_claim(store: Store) -> None:
    """The fencing token of a row grows with every claim, however the last one ended."""
    queue(store, message("m1"))
    claims = claim(store)
    claims += claim(store, LEASE, lease_until=LEASE + 1)  # the lease ran out
    claims += claim(store, LEASE + 1, lease_until=LEASE + 9)
    store.unclaim(claims[-1:])
    claims += claim(store, LEASE + 1, lease_until=LEASE + 9)
    store.recover("w1")
    claims += claim(store, LEASE + 1, lease_until=LEASE + 9)
    write(store, commit("ann", 1, put=[message("m1")]))
    claims += claim(store, LEASE + 1, lease_until=LEASE + 9)
    tokens = [one.token for one in claims]
    expect_equal(len(tokens), 6, "number of claims")
    expect(tokens == sorted(set(tokens)), f"tokens do not grow: {tokens}")


def takes_back_what_was_not_handed_over(store: Store) -> None:
    """`unclaim` gives rows back at once, as they were."""
    queue(store, message("m1"), message("m2", NOW - 1))
    claims = claim(store)
    store.begin([(claims[0], b"Hi")])
    store.unclaim(claims[:1])
    expect_equal(store.next_due(), NOW - 1, "next_due")
    (again,) = claim(store, worker="w2")
    expect_equal((again.key, again.due, again.content), ("m2", NOW - 1, b"Hi"), "claimed again")


def heeds_the_newest_token_only(store: Store) -> None:
    """`unclaim` with a token that is no longer the newest, or of a row that left, does nothing."""
    queue(store, message("m1"), message("m2"))
    old = claim(store)
    new = claim(store, LEASE, limit=1, lease_until=LEASE + 60 * SECOND, worker="w2")
    write(store, commit("ann", 1, drop=["m2"]))
    store.unclaim(old)
    expect_equal(claim(store, LEASE + 1), [], "claimed after an overtaken claim was given back")
    store.unclaim(new)
    expect_equal(keys(claim(store, LEASE + 1)), ["m1"], "claimed after the newest was given back")


def frees_what_a_dead_worker_held(store: Store) -> None:
    """`recover` ends the leases of that worker only, and returns how many."""
    queue(store, message("m1"), message("m2"), message("m3"), message("m4", NOW + 9))
    claim(store, limit=2, worker="dead")
    claim(store, limit=1, worker="alive")
    expect_equal(store.recover("nobody"), 0, "recover('nobody')")
    expect_equal(store.recover("dead"), 2, "recover('dead')")
    expect_equal(store.recover("dead"), 0, "recover('dead') again")
    expect_equal(keys(claim(store)), ["m1", "m2"], "claimed after recovery")


def keeps_content_with_its_row(store: Store) -> None:
    """Content that was kept comes with every later claim of the row, also after it was put anew."""
    queue(store, message("m1"), message("m2"))
    first = claim(store)
    store.begin([(first[0], b"Hello")])
    second = {one.key: one.content for one in claim(store, LEASE, lease_until=LEASE + 1)}
    expect_equal(second, {"m1": b"Hello", "m2": None}, "contents after a lease ran out")
    write(store, commit("ann", 1, put=[message("m1", LEASE)]))
    third = {one.key: one.content for one in claim(store, LEASE + 1, lease_until=LEASE + 2)}
    expect_equal(third, {"m1": b"Hello", "m2": None}, "contents after a put")


def forgets_content_of_rows_that_left(store: Store) -> None:
    """Keeping content of a row that has left the outbox changes nothing."""
    queue(store, message("m1"), message("m2"))
    claims = claim(store)
    write(store, commit("ann", 1, drop=["m1"]))
    store.begin([(one, b"Hello") for one in claims])
    later = claim(store, LEASE)
    expect_equal([(one.key, one.content) for one in later], [("m2", b"Hello")], "what is left")


def keeps_the_newest_claims_content(store: Store) -> None:
    """Content from a claim that another has overtaken is passed over."""
    queue(store, message("m1"))
    slow = claim(store)
    fast = claim(store, LEASE, lease_until=LEASE + 1)
    store.begin([(fast[0], b"fast")])
    store.begin([(slow[0], b"slow")])
    (later,) = claim(store, LEASE + 1)
    expect_equal(later.content, b"fast", "content")


def moves_a_row_that_is_put_again(store: Store) -> None:
    """A put on a row that is there changes when it is due, and ends its lease."""
    queue(store, message("m1"), message("m2"))
    claim(store)
    write(store, commit("ann", 1, put=[message("m1", NOW + SECOND), message("m2", NOW - SECOND)]))
    expect_equal(keys(claim(store)), ["m2"], "claimed at once")
    expect_equal(keys(claim(store, NOW + SECOND)), ["m1"], "claimed when it is due")
    write(store, commit("ann", 2, put=[message("m1", NOW + SECOND)]))
    expect_equal(
        keys(claim(store, NOW + SECOND)), ["m1"], "claimed after a put at the same instant"
    )


def lets_go_of_dropped_rows(store: Store) -> None:
    """A drop removes a row, claimed or not, before rows are put; unknown keys are fine."""
    queue(store, message("m1"), message("m2", NOW + SECOND), message("m3"))
    held: list[ClaimedMessage] = claim(store, limit=1)
    write(store, commit("ann", 1, drop=["m1", "m2", "never there"]))
    store.unclaim(held)
    rest = claim(store, LEASE)
    expect_equal(keys(rest), ["m3"], "what is left")
    store.begin([(rest[0], b"Hello")])
    write(store, commit("ann", 2, put=[message("m3", LEASE)], drop=["m3"]))
    anew = [(one.key, one.content) for one in claim(store, LEASE)]
    expect_equal(anew, [("m3", None)], "what was dropped and put by one commit")
    write(store, commit("ann", 3, drop=["m3"]))
    expect_equal(store.next_due(), None, "next_due of an empty outbox")


OUTBOX_PROMISES = (
    claims_the_longest_due_first,
    describes_what_it_claims,
    passes_over_what_is_held,
    passes_over_channels_that_are_named,
    orders_by_due_after_a_lease,
    hands_each_row_to_one_worker,
    raises_the_token_with_every_claim,
    takes_back_what_was_not_handed_over,
    heeds_the_newest_token_only,
    frees_what_a_dead_worker_held,
    keeps_content_with_its_row,
    forgets_content_of_rows_that_left,
    keeps_the_newest_claims_content,
    moves_a_row_that_is_put_again,
    lets_go_of_dropped_rows,
)
