"""Does a store tell who is about to hand messages over, as it promises?

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    claim,
    commit,
    expect,
    expect_equal,
    message,
    together,
    write,
)

LATER = NOW + 60 * SECOND


def tells_who_holds_a_customer(store: Store) -> None:
    """`hands` returns the announcements about a customer, and about nobody else."""
    one = store.hold(["ann", "bob"], NOW, until=LATER, worker="w1")
    other = store.hold(["bob", "é"], NOW, until=LATER + 1, worker="w2")
    expect_equal((one.until, other.until), (LATER, LATER + 1), "their ends")
    expect(one.number != other.number, "two announcements have one number")
    wanted = {"ann": [one], "bob": [one, other], "é": [other], "an": [], "": [], "e\u0301": []}
    for customer, hands in wanted.items():
        found = sorted(store.hands(customer, NOW), key=lambda hand: hand.until)
        expect_equal(found, hands, f"hands about {customer!r}")


def ends_hands_in_time(store: Store) -> None:
    """An announcement ends when it is let go, or when its `until <= now`; both may happen."""
    one = store.hold(["ann"], NOW, until=LATER, worker="w1")
    other = store.hold(["ann"], NOW, until=LATER + 1, worker="w1")
    expect_equal(len(store.hands("ann", LATER - 1)), 2, "hands before the first ends")
    expect_equal(list(store.hands("ann", LATER)), [other], "hands when the first has ended")
    expect_equal(list(store.hands("ann", LATER + 1)), [], "hands when both have ended")
    store.let_go(other)
    store.let_go(other)
    expect_equal(list(store.hands("ann", NOW)), [one], "hands after one was let go")
    third = store.hold(["ann"], LATER, until=LATER + 9, worker="w1")
    store.let_go(one)
    expect_equal(list(store.hands("ann", LATER)), [third], "hands after the next announcement")
    expect(third not in (one, other), "an announcement has the number of an earlier one")


def keeps_hands_whatever_is_committed(store: Store) -> None:
    """Commits, drops and claims of others leave an announcement as it is."""
    write(store, commit("ann", put=[message("m1")]))
    held = claim(store)
    hand = store.hold(["ann"], NOW, until=LATER, worker="w1")
    write(store, commit("ann", 1, put=[message("m2")], drop=["m1"]))
    store.unclaim(held)
    claim(store, worker="w2")
    expect_equal(list(store.hands("ann", NOW)), [hand], "hands")
    expect_equal(store.next_due(), LATER, "next_due, the end of the second claim")


def ends_hands_of_a_dead_worker(store: Store) -> None:
    """`recover` ends the announcements of that worker only, and does not count them."""
    store.hold(["ann"], NOW, until=LATER, worker="dead")
    alive = store.hold(["ann"], NOW, until=LATER, worker="alive")
    expect_equal(store.recover("nobody"), 0, "recover('nobody')")
    expect_equal(store.recover("dead"), 0, "recover('dead')")
    expect_equal(list(store.hands("ann", NOW)), [alive], "hands after recovery")


def lets_many_hold(store: Store) -> None:
    """Announcements made at the same time all count, each with a number of its own."""
    numbers: list[int] = []

    def work(number: int) -> None:
        mine = [store.hold(["ann"], NOW, until=LATER, worker=f"w{number}") for _ in range(20)]
        numbers.extend(hand.number for hand in mine)

    together(work)
    expect_equal(len(set(numbers)), 120, "different numbers")
    expect_equal(len(store.hands("ann", NOW)), 120, "hands")


def shows_hands_to_its_twin(store: Store, again: Callable[[], Store]) -> None:
    """Whoever opens the data next sees what was announced, and not what was let go."""
    gone = store.hold(["ann"], NOW, until=LATER, worker="w1")
    hand = store.hold(["ann"], NOW, until=LATER, worker="w1")
    store.let_go(gone)
    other = again()
    try:
        expect_equal(list(other.hands("ann", NOW)), [hand], "hands, seen by the other")
        other.let_go(hand)
        expect_equal(list(store.hands("ann", NOW)), [], "hands after the other let go")
    finally:
        other.close()


HAND_PROMISES = (
    tells_who_holds_a_customer,
    ends_hands_in_time,
    keeps_hands_whatever_is_committed,
    ends_hands_of_a_dead_worker,
    lets_many_hold,
)
