"""Does a store keep what all workers share, as it promises? Buckets, and suppressed addresses.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from journeykit.ports import Store, Suppression, Taken, Taking
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    commit,
    expect,
    expect_equal,
    together,
    write,
)

_END = NOW + 3600 * SECOND


def _take(
    store: Store, now: int, wanted: int, *, bucket: str = "sms 1/PT1S", waited: int = 0,
    burst: int = 3, most: int = 100,
) -> Taken:  # fmt: skip
    return store.take(bucket, Taking(now, SECOND, burst, most, waited, [_END] * wanted))


def _row(channel: str, address: str, reason: str = "host", at: int = NOW) -> Suppression:
    return Suppression(channel, address, reason, at)


def gives_out_what_a_bucket_holds(store: Store) -> None:
    """`take` grants `burst` tokens at first, then one for every `interval` that has passed."""
    expect_equal(_take(store, NOW, 2).granted, 2, "granted of a full bucket")
    expect_equal(_take(store, NOW, 1).granted, 1, "granted next")
    expect_equal(_take(store, NOW, 1, waited=1).granted, 0, "granted of an empty bucket")
    again = _take(store, NOW + SECOND - 1, 1, waited=1).granted
    expect_equal(again, 0, "granted a microsecond before a token comes back")
    expect_equal(_take(store, NOW + SECOND, 2, waited=2).granted, 1, "granted after a second")
    expect_equal(_take(store, NOW + 9 * SECOND, 9, waited=9).granted, 3, "granted after a while")


def keeps_buckets_apart(store: Store) -> None:
    """A bucket is known by its name; what is taken from one leaves the others as they are."""
    for bucket in ("sms 1/PT1S", "SMS 1/PT1S", "sms 2/PT1S", "é"):
        expect_equal(_take(store, NOW, 3, bucket=bucket).granted, 3, f"granted of {bucket!r}")
    expect_equal(_take(store, NOW, 1).granted, 0, "granted of the first one, again")


def remembers_the_queue(store: Store) -> None:
    """Turns that were told are not told again: whoever comes later stands behind them."""
    first = _take(store, NOW, 5)
    expect_equal((first.granted, len(first.turns)), (3, 2), "granted, and turns told")
    second = _take(store, NOW, 2)
    expect_equal(second.granted, 0, "granted while others wait")
    turns = [*first.turns, *second.turns]
    wanted = [NOW + number * SECOND for number in (1, 2, 3, 4)]
    expect_equal(turns, wanted, "turns")
    expect_equal(_take(store, NOW + SECOND, 1).granted, 0, "granted to one who comes later")
    expect_equal(_take(store, NOW + SECOND, 1, waited=1).granted, 1, "granted to whose turn it is")


def takes_one_after_the_other(store: Store) -> None:
    """Workers that take at the same time never get more than the bucket holds."""
    granted: list[int] = []

    def work(_: int) -> None:
        mine = [_take(store, NOW, 2, waited=2, burst=50).granted for _ in range(20)]
        granted.extend(mine)

    together(work)
    expect_equal(sum(granted), 50, "tokens granted by a bucket of 50")


def gives_no_token_back(store: Store) -> None:
    """Whatever becomes of the worker, what it took is gone; `recover` gives nothing back."""
    _take(store, NOW, 3)
    store.recover("w1")
    write(store, commit("ann"))
    expect_equal(_take(store, NOW, 1).granted, 0, "granted after recovery")


def lists_suppressed_addresses(store: Store) -> None:
    """`suppressed` returns what was listed: the very channel, the very address, and nothing else."""
    rows = [_row("email", "a1", "host", NOW), _row("sms", "a1", "erasure", NOW + 1)]
    store.suppress(rows)
    store.suppress([])
    asked = [("email", "a1"), ("sms", "a1"), ("push", "a1"), ("email", "A1"), ("email", "a")]
    wanted = {(row.channel, row.address): row for row in rows}
    expect_equal(dict(store.suppressed(asked)), wanted, "suppressed")
    expect_equal(dict(store.suppressed([])), {}, "suppressed, asked for nothing")
    many = [_row("email", f"b{number}") for number in range(1200)]
    store.suppress(many)
    found = store.suppressed([("email", f"b{number}") for number in range(1300)])
    expect_equal(len(found), 1200, "number of addresses found of 1300 that were asked for")


def keeps_the_first_reason(store: Store) -> None:
    """An address that is listed already keeps its reason and its instant."""
    store.suppress([_row("email", "a1", "complaint", NOW)])
    store.suppress([_row("email", "a1", "host", NOW + 9), _row("email", "a2")])
    found = store.suppressed([("email", "a1"), ("email", "a2")])
    expect_equal(found["email", "a1"], _row("email", "a1", "complaint", NOW), "the first one")
    expect_equal(len(found), 2, "number of addresses")


def takes_addresses_off_the_list(store: Store) -> None:
    """`unsuppress` removes these addresses and no others; unknown ones are fine."""
    store.suppress([_row("email", "a1"), _row("email", "a2"), _row("sms", "a1")])
    store.unsuppress([("email", "a1"), ("email", "never there")])
    store.unsuppress([])
    left = store.suppressed([("email", "a1"), ("email", "a2"), ("sms", "a1")])
    expect_equal(sorted(left), [("email", "a2"), ("sms", "a1")], "what is left")
    store.suppress([_row("email", "a1", "again", NOW + 5)])
    found = store.suppressed([("email", "a1")])
    expect_equal(found["email", "a1"].reason, "again", "the reason after it was listed anew")


def lists_with_the_commit(store: Store) -> None:
    """`suppress` and `unsuppress` of a commit are written with it, or not at all if it is stale."""
    store.suppress([_row("email", "a1"), _row("email", "a2")])
    one = commit("ann", suppress=[_row("email", "a3", "dead")], unsuppress=[("email", "a1")])
    write(store, one)
    stale = commit("ann", suppress=[_row("email", "a4")], unsuppress=[("email", "a2")])
    expect_equal(list(store.commit([stale])), ["ann"], "stale customers")
    asked = [("email", f"a{number}") for number in (1, 2, 3, 4)]
    found = {place[1]: row.reason for place, row in store.suppressed(asked).items()}
    expect_equal(found, {"a2": "host", "a3": "dead"}, "what is listed")


def tells_who_holds_anybody(store: Store) -> None:
    """`hands(None)` returns the announcements about whomsoever, with `until > now`."""
    one = store.hold(["ann"], NOW, until=NOW + 5, worker="w1")
    other = store.hold(["bob", "cy"], NOW, until=NOW + 9, worker="w2")
    found = sorted(store.hands(None, NOW), key=lambda hand: hand.until)
    expect_equal(found, [one, other], "hands about anybody")
    expect_equal(list(store.hands(None, NOW + 5)), [other], "hands when the first has ended")
    store.let_go(other)
    expect_equal(list(store.hands(None, NOW + 5)), [], "hands when the second was let go")


def shares_with_its_twin(store: Store, again: Callable[[], Store]) -> None:
    """Whoever opens the data next takes from the same buckets and reads the same list."""
    _take(store, NOW, 2)
    store.suppress([_row("email", "a1")])
    other = again()
    try:
        expect_equal(_take(other, NOW, 2, waited=2).granted, 1, "granted to the other")
        expect_equal(_take(store, NOW, 2, waited=2).granted, 0, "granted after that")
        expect(("email", "a1") in other.suppressed([("email", "a1")]), "the other knows no list")
        other.unsuppress([("email", "a1")])
        found: Sequence[object] = list(store.suppressed([("email", "a1")]))
        expect_equal(found, [], "the list, after the other took the address off")
    finally:
        other.close()


SHARED_PROMISES = (
    gives_out_what_a_bucket_holds,
    keeps_buckets_apart,
    remembers_the_queue,
    takes_one_after_the_other,
    gives_no_token_back,
    lists_suppressed_addresses,
    keeps_the_first_reason,
    takes_addresses_off_the_list,
    lists_with_the_commit,
    tells_who_holds_anybody,
)
