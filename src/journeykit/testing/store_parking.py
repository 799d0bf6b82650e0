"""Does a store leave parked customers alone as it promises? And let them come back?

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import FOREVER, Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    bodies,
    claim,
    commit,
    expect,
    expect_equal,
    keys,
    message,
    numbers,
    parked,
    told,
    write,
)

END = NOW + 60 * SECOND


def passes_over_who_is_parked(store: Store) -> None:
    """`due`, `waiting` and `claim` pass a parked customer over until `until`, and nobody else."""
    _fill(store, "ann", "bob")
    store.park([parked("ann", END)])
    for now, who in ((NOW, ["bob"]), (END - 1, ["bob"]), (END, ["ann", "bob"])):
        expect_equal(sorted(store.due(now, limit=9)), who, f"due at {now - NOW}")
        expect_equal(sorted(store.waiting(now, limit=9)), who, f"waiting at {now - NOW}")
        claims = claim(store, now, lease_until=now)
        expect_equal(sorted(keys(claims)), [f"{id}/1" for id in who], f"claims at {now - NOW}")


def finds_others_behind_the_parked(store: Store) -> None:
    """However many are parked, `limit` counts only those who are not."""
    crowd = [f"c{number:03}" for number in range(300)]
    _fill(store, *crowd)
    _fill(store, "late", at=NOW)
    store.park([parked(id, FOREVER) for id in crowd])
    for _ in range(2):
        expect_equal(list(store.due(NOW, limit=1)), ["late"], "due")
        expect_equal(list(store.waiting(NOW, limit=1)), ["late"], "waiting")
        expect_equal(keys(claim(store, limit=1, lease_until=NOW)), ["late/1"], "claimed")


def ends_claims_of_the_parked(store: Store) -> None:
    """Claims of who is parked end: their rows come back when the parking does, not the lease."""
    write(store, commit("ann", put=[message("m1"), message("m2")]))
    claims = claim(store, lease_until=END + 9)
    store.park([parked("ann", END)])
    store.unclaim(claims[:1])
    expect_equal(claim(store, END - 1, lease_until=END), [], "claimed before the end")
    expect_equal(keys(claim(store, END)), ["m1", "m2"], "claimed at the end")


def waits_again_for_news_about_the_parked(store: Store) -> None:
    """A row appended after the parking makes its customer wait, with all that lies there."""
    _fill(store, "ann", "bob")
    store.park([parked("ann", FOREVER), parked("bob", FOREVER), parked("nobody", FOREVER)])
    store.append([told("ann", b"news"), told("nobody", b"n")])
    expect_equal(sorted(store.waiting(NOW, limit=9)), ["ann", "nobody"], "waiting")
    expect_equal(bodies(store), [b"hi", b"news"], "inbox")
    expect_equal(list(store.due(NOW, limit=9)), [], "due")
    store.park([parked("ann", END)])
    expect_equal(list(store.waiting(NOW, limit=9)), ["nobody"], "waiting, parked anew")


def goes_on_where_it_was_parked(store: Store) -> None:
    """`unpark` makes due at `now` what was passed over, and returns who was parked."""
    _fill(store, "ann", "bob", "cat")
    store.park([parked("bob", FOREVER), parked("ann", END)])
    claim(store)  # may step over rows of the parked
    found = sorted(store.unpark(["ann", "bob", "cat", "nobody", "ann"], NOW))
    expect_equal(found, ["ann", "bob"], "unparked")
    everybody = ["ann", "bob", "cat"]
    expect_equal(sorted(store.due(NOW, limit=9)), everybody, "due")
    expect_equal(sorted(store.waiting(NOW, limit=9)), everybody, "waiting")
    expect_equal(sorted(keys(claim(store))), ["ann/1", "bob/1"], "claimed")
    expect_equal(list(store.unpark(["ann"], NOW)), [], "unparked again")
    expect_equal(list(store.unpark([], NOW)), [], "unparked nobody")


def brings_nothing_forward(store: Store) -> None:
    """Neither parking nor its end makes anything due before its own instant."""
    write(store, commit("ann", due=END + 9, put=[message("m1", END + 9)]), commit("bob"))
    store.park([parked("ann", END), parked("bob", NOW)])
    expect_equal(list(store.due(END + 8, limit=9)), [], "due when the parking is over")
    expect_equal(claim(store, END + 8), [], "claimed when the parking is over")
    store.park([parked("ann", FOREVER)])
    store.next_due()
    store.park([parked("ann", NOW)])
    expect_equal(store.next_due(), END + 9, "next_due, parked anew for a shorter while")
    store.unpark(["ann", "bob"], NOW)
    expect_equal(list(store.due(END + 8, limit=9)), [], "due after unpark")
    expect_equal(claim(store, END + 8), [], "claimed after unpark")
    expect_equal(store.next_due(), END + 9, "next_due")


def lists_who_is_parked(store: Store) -> None:
    """`parked` returns who is parked by id: those of `of`, or up to `limit` behind `after`, until unparked."""
    store.park([])
    rows = [parked(id, END, attempts=place) for place, id in enumerate(("é", "b", "B", "a"), 1)]
    store.park(rows)
    in_order = sorted(rows, key=lambda row: row.customer_id)
    expect_equal(list(store.parked()), in_order, "parked")
    expect_equal(list(store.parked(limit=2)), in_order[:2], "parked, limit=2")
    expect_equal(list(store.parked(after="a", limit=9)), in_order[2:], "parked behind 'a'")
    expect_equal(list(store.parked(of=["é", "x", "B", "é"])), [in_order[0], in_order[3]], "of")
    expect_equal(list(store.parked(of=[])), [], "parked, of nobody")
    anew = parked("b", FOREVER, at=END, attempts=7)
    store.park([anew])
    expect_equal(list(store.parked(of=["b"])), [anew], "parked anew")
    store.unpark(["b", "B"], END)
    expect_equal([row.customer_id for row in store.parked()], ["a", "é"], "who is left")


def tells_who_is_parked(store: Store) -> None:
    """`load` tells who is parked until it is unparked, and parking is no new version."""
    write(store, commit("ann"), commit("bob"))
    store.park([parked("ann", NOW)])
    for profiles in (False, True):
        told_ = {i: s.parked for i, s in store.load(["ann", "bob"], profiles=profiles).items()}
        expect_equal(told_, {"ann": True, "bob": False}, f"parked, profiles={profiles}")
    expect_equal(dict(store.versions(["ann", "bob"])), {"ann": 1, "bob": 1}, "versions")
    store.unpark(["ann"], NOW)
    expect(not store.load(["ann"])["ann"].parked, "ann is parked after unpark")


def parks_who_is_not_there(store: Store) -> None:
    """A customer may be parked who is not there; one who comes meanwhile is parked as well."""
    store.append([told("ann")])
    store.park([parked("ann", END)])
    expect_equal(list(store.waiting(END - 1, limit=9)), [], "waiting")
    expect_equal(dict(store.load(["ann"])), {}, "load")
    write(store, commit("ann", due=NOW, put=[message("m1")], taken=numbers(store)))
    expect(store.load(["ann"])["ann"].parked, "who came is not parked")
    expect_equal(list(store.due(END - 1, limit=9)), [], "due before the end")
    expect_equal(claim(store, END - 1), [], "claimed before the end")
    expect_equal(list(store.due(END, limit=9)), ["ann"], "due at the end")


def stays_parked_over_commits(store: Store) -> None:
    """A commit leaves the parking alone; what it makes due and puts waits for its end."""
    _fill(store, "ann")
    store.park([parked("ann", END)])
    write(store, commit("ann", 1, due=NOW + 1, put=[message("m2"), message("ann/1", NOW + 5)]))
    expect_equal(list(store.due(END - 1, limit=9)), [], "due")
    expect_equal(claim(store, END - 1, lease_until=END - 1), [], "claimed")
    expect_equal(list(store.parked()), [parked("ann", END)], "parked")
    write(store, commit("ann", 2, due=None, drop=["m2"]))
    store.unpark(["ann"], NOW + 5)
    expect_equal(list(store.due(END, limit=9)), [], "due after unpark")
    expect_equal(keys(claim(store, NOW + 5)), ["ann/1"], "claimed after unpark")


def counts_the_parked_from_their_end(store: Store) -> None:
    """`next_due` counts what is passed over from `until`; never, where that is FOREVER."""
    acts: tuple[Callable[[], None], ...] = (
        lambda: write(store, commit("ann", due=NOW)),
        lambda: write(store, commit("ann", put=[message("m1")])),
        lambda: store.append([told("ann")]),
    )
    for act in acts:
        act()
        store.park([parked("ann", END)])
        expect_equal(store.next_due(), END, "next_due")
        store.park([parked("ann", FOREVER)])
        expect_equal(store.next_due(), None, "next_due for ever")
        claim(store)
        expect_equal(store.next_due(), None, "next_due for ever, after a claim")
        store.unpark(["ann"], NOW + SECOND)
        expect((store.next_due() or END) <= NOW + SECOND, "unpark makes nothing due")
        store.park([parked("ann", END)])
        store.erase("ann", mark="h1", at=NOW)
        expect_equal(store.next_due(), None, "next_due after an erasure")
        expect_equal(list(store.parked()), [], "parked after an erasure")


def counts_the_first_of_the_others(store: Store) -> None:
    """`next_due` looks behind the parked for whoever is due first."""
    _fill(store, "ann")
    write(store, commit("bob", put=[message("bob/1", NOW + 7, customer="bob")]))
    store.park([parked("ann", FOREVER)])
    expect_equal(store.next_due(), NOW + 7, "next_due")
    store.park([parked("ann", NOW + 5)])
    expect_equal(store.next_due(), NOW + 5, "next_due, when the parking ends before")


def _fill(store: Store, *customers: str, at: int = NOW - SECOND) -> None:
    """Let each of them be due, have a message, and a row in the inbox."""
    write(
        store,
        *(commit(id, due=at, put=[message(f"{id}/1", at, customer=id)]) for id in customers),
    )
    store.append([told(id, at=at) for id in customers])


PARKING_PROMISES: tuple[Callable[[Store], None], ...] = (
    passes_over_who_is_parked,
    finds_others_behind_the_parked,
    ends_claims_of_the_parked,
    waits_again_for_news_about_the_parked,
    goes_on_where_it_was_parked,
    brings_nothing_forward,
    lists_who_is_parked,
    tells_who_is_parked,
    parks_who_is_not_there,
    stays_parked_over_commits,
    counts_the_parked_from_their_end,
    counts_the_first_of_the_others,
)
