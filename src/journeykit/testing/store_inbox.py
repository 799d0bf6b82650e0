"""Does a store keep what hosts told as it promises? The inbox, who waits, what a commit takes.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from journeykit.ports import Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    bodies,
    commit,
    expect,
    expect_equal,
    message,
    numbers,
    together,
    told,
    write,
)

_ROUNDS = 60


def begins_with_an_empty_inbox(store: Store) -> None:
    """Nobody waits in a new store, and appending no rows is fine."""
    store.append([])
    write(store, commit("ann"))
    expect_equal(list(store.waiting(NOW, limit=9)), [], "waiting")
    expect_equal(dict(store.inbox(["ann"], limit=9)), {}, "inbox")
    expect(not store.load(["ann"])["ann"].waiting, "a customer waits for whom nothing was told")
    expect_equal(dict(store.inbox([], limit=9)), {}, "inbox of nobody")


def keeps_rows_in_their_order(store: Store) -> None:
    """`inbox` returns each customer's rows in the order of appending, up to `limit`, numbered."""
    store.append([told("ann", b"1"), told("bob", b"b"), told("ann", b"2", NOW - 9)])
    store.append([told("ann", b"3")])
    found = store.inbox(["bob", "ann", "nobody"], limit=9)
    seen = {id: [(row.customer_id, row.at, row.body) for row in rows] for id, rows in found.items()}
    wanted = {
        "ann": [("ann", NOW, b"1"), ("ann", NOW - 9, b"2"), ("ann", NOW, b"3")],
        "bob": [("bob", NOW, b"b")],
    }
    expect_equal(seen, wanted, "inbox")
    two = {
        id: [row.body for row in rows] for id, rows in store.inbox(["ann", "bob"], limit=2).items()
    }
    expect_equal(two, {"ann": [b"1", b"2"], "bob": [b"b"]}, "inbox, limit=2")
    expect_equal(dict(store.inbox(["ann"], limit=0)), {}, "inbox, limit=0")
    given = [row.number for rows in found.values() for row in rows]
    expect(len(set(given)) == 4, f"numbers are given twice: {given}")
    expect(numbers(store) == sorted(numbers(store)), "numbers do not grow")


def names_the_longest_waiting_first(store: Store) -> None:
    """`waiting` returns each customer once, whose first row is the oldest first, up to `limit`."""
    store.append([told("bob", at=NOW - 3), told("ann", at=NOW - 2), told("bob", at=NOW - 1)])
    store.append([told("cat", at=NOW), told("ann", at=NOW)])
    expect_equal(list(store.waiting(NOW, limit=9)), ["bob", "ann", "cat"], "waiting")
    expect_equal(list(store.waiting(NOW, limit=2)), ["bob", "ann"], "waiting, limit=2")
    expect_equal(list(store.waiting(NOW, limit=0)), [], "waiting, limit=0")


def hides_nothing_from_a_late_clock(store: Store) -> None:
    """A row waits whatever its `at`: the clock of whoever told it may be ahead."""
    store.append([told("ann", at=NOW + SECOND)])
    expect_equal(list(store.waiting(NOW, limit=9)), ["ann"], "waiting")
    expect_equal(list(store.waiting(NOW - SECOND, limit=9)), ["ann"], "waiting earlier")


def tells_who_waits(store: Store) -> None:
    """`load` tells for whom something lies in the inbox, and `versions` leaves those out."""
    write(store, commit("ann", profile=b"p"), commit("bob"))
    store.append([told("ann"), told("nobody")])
    for profiles in (False, True):
        found = store.load(["ann", "bob", "nobody"], profiles=profiles)
        waits = {id: one.waiting for id, one in found.items()}
        expect_equal(waits, {"ann": True, "bob": False}, f"waiting, profiles={profiles}")
    one = store.load(["ann"])["ann"]
    expect_equal((one.version, one.body, one.profile), (1, b"ann 1", None), "who waits")
    expect_equal(store.load(["ann"], profiles=True)["ann"].profile, b"p", "the profile")
    expect_equal(dict(store.versions(["ann", "bob"])), {"bob": 1}, "versions")
    store.discard("ann", numbers(store))
    expect_equal(dict(store.versions(["ann", "bob"])), {"ann": 1, "bob": 1}, "versions afterwards")


def keeps_rows_for_who_is_not_there(store: Store) -> None:
    """What is told about a customer who is not there waits as well, and is there for its first commit."""
    store.append([told("ann", b"1"), told("ann", b"2")])
    expect_equal(list(store.waiting(NOW, limit=9)), ["ann"], "waiting")
    write(store, commit("ann", taken=numbers(store)[:1]))
    expect_equal(bodies(store), [b"2"], "inbox after the first commit")
    expect(store.load(["ann"])["ann"].waiting, "what was not taken does not wait any more")


def takes_rows_with_the_commit(store: Store) -> None:
    """Rows that a commit has taken leave with it, and with the last one the customer waits no more."""
    write(store, commit("ann"), commit("bob"))
    store.append([told("ann", b"1"), told("bob", b"b"), told("ann", b"2"), told("ann", b"3")])
    first, second, third = numbers(store)
    write(store, commit("ann", 1, taken=[first, third]), commit("bob", 1))
    expect_equal(bodies(store), [b"2"], "inbox of ann")
    expect_equal(sorted(store.waiting(NOW, limit=9)), ["ann", "bob"], "waiting")
    write(store, commit("ann", 2, taken=[second]))
    expect_equal(bodies(store), [], "inbox of ann, all taken")
    expect_equal(list(store.waiting(NOW, limit=9)), ["bob"], "waiting at the end")
    expect(not store.load(["ann"])["ann"].waiting, "ann waits, and nothing lies there")


def takes_nothing_with_a_stale_commit(store: Store) -> None:
    """A stale commit takes no row."""
    write(store, commit("ann"), commit("bob"))
    store.append([told("ann", b"1")])
    stale = list(store.commit([commit("ann", 0, taken=numbers(store)), commit("bob", 1)]))
    expect_equal(stale, ["ann"], "stale")
    expect_equal(bodies(store), [b"1"], "inbox")
    expect_equal(list(store.waiting(NOW, limit=9)), ["ann"], "waiting")


def takes_rows_of_its_own_only(store: Store) -> None:
    """Numbers that are not this customer's, or not there, are passed over."""
    write(store, commit("ann"))
    store.append([told("ann", b"1"), told("bob", b"b"), told("Ann", b"A")])
    others = numbers(store, "bob") + numbers(store, "Ann")
    write(store, commit("ann", 1, taken=[*others, 10**9, 0, -1]))
    store.discard("ann", [*others, 10**9])
    store.discard("nobody", others)
    left = [bodies(store, id) for id in ("ann", "bob", "Ann")]
    expect_equal(left, [[b"1"], [b"b"], [b"A"]], "what is left")


def discards_what_nobody_will_decide_on(store: Store) -> None:
    """`discard` takes rows out without a commit; the version stays."""
    write(store, commit("ann"))
    store.append([told("ann", b"1"), told("ann", b"2"), told("nobody", b"n")])
    store.discard("ann", numbers(store)[:1])
    store.discard("nobody", numbers(store, "nobody"))
    store.discard("ann", [])
    expect_equal((bodies(store), bodies(store, "nobody")), ([b"2"], []), "what is left")
    expect_equal(list(store.waiting(NOW, limit=9)), ["ann"], "waiting")
    expect_equal(store.load(["ann"])["ann"].version, 1, "version")


def keeps_what_came_in_meanwhile(store: Store) -> None:
    """A row appended after the inbox was read is not taken, and its customer goes on waiting."""
    write(store, commit("ann"))
    store.append([told("ann", b"1")])
    read = numbers(store)
    store.append([told("ann", b"2")])
    write(store, commit("ann", 1, taken=read))
    expect_equal(bodies(store), [b"2"], "inbox")
    expect_equal(list(store.waiting(NOW, limit=9)), ["ann"], "waiting")
    expect(store.load(["ann"])["ann"].waiting, "load does not tell that ann waits")


def gives_no_number_twice(store: Store) -> None:
    """A number is larger than all before it, also when the inbox has been emptied."""
    given: list[int] = []
    for _ in range(3):
        store.append([told("ann"), told("ann")])
        given += numbers(store)
        store.discard("ann", numbers(store))
    expect(given == sorted(set(given)), f"numbers do not grow: {given}")
    expect(min(given) > 0, f"a number is not above zero: {given}")


def keeps_any_row(store: Store) -> None:
    """A row keeps any bytes, any id without a NUL, any instant; ten thousand fit in one call."""
    odd = [b"", b"\0", b"\xff\xfe", b"%s ' \" ; \\", b"x" * 2**20]
    ids = ["Ann", "ann ", "é", "e\u0301", "a\x01b", "%", "x" * 500]
    store.append([told(id, body, at) for id in ids for at, body in enumerate(odd, NOW - 2)])
    for id in ids:
        expect(bodies(store, id) == odd, f"the rows of {id[:20]!r} came back otherwise")
        store.discard(id, numbers(store, id))
    many = [told(f"c{number % 100}", str(number).encode()) for number in range(10_000)]
    store.append(many)
    expect_equal(len(store.waiting(NOW, limit=20_000)), 100, "customers who wait")
    found = store.inbox([f"c{number}" for number in range(100)], limit=10_000)
    expect_equal(sum(map(len, found.values())), 10_000, "rows")


def counts_rows_up_to_a_limit(store: Store) -> None:
    """`depth` counts all rows of the inbox, whosoever they are, up to `limit`."""
    expect_equal(store.depth(9), 0, "depth of an empty inbox")
    store.append([told("ann"), told("nobody"), told("ann")])
    expect_equal([store.depth(limit) for limit in (0, 2, 3, 9)], [0, 2, 3, 3], "depth")
    store.discard("ann", numbers(store))
    expect_equal(store.depth(9), 1, "depth, when some were taken")


def counts_what_waits_as_due(store: Store) -> None:
    """`next_due` counts an inbox from the `at` of its first row."""
    write(store, commit("ann", due=NOW + 9, put=[message("m1", NOW + 8)]))
    store.append([told("ann", at=NOW + 5), told("bob", at=NOW + 7)])
    expect_equal(store.next_due(), NOW + 5, "next_due")
    store.discard("ann", numbers(store))
    expect_equal(store.next_due(), NOW + 7, "next_due, when ann waits no more")
    store.discard("bob", numbers(store, "bob"))
    expect_equal(store.next_due(), NOW + 8, "next_due of an empty inbox")


def erases_the_inbox(store: Store) -> None:
    """`erase` removes what lies in the inbox, also of a customer who was never there."""
    write(store, commit("ann"))
    store.append([told("ann"), told("nobody"), told("bob")])
    store.erase("ann", mark="h1", at=NOW)
    store.erase("nobody", mark="h2", at=NOW)
    expect_equal(dict(store.inbox(["ann", "nobody"], limit=9)), {}, "inbox")
    expect_equal(list(store.waiting(NOW, limit=9)), ["bob"], "waiting")


def loses_nothing_while_it_is_drained(store: Store) -> None:
    """Whoever appends while others drain: each row is taken once, and each connection's in order."""
    people = ["ann", "bob"]
    write(store, *(commit(id) for id in people))
    done: dict[str, list[bytes]] = {id: [] for id in people}
    appending, lock = [0, 1], threading.Lock()

    def work(number: int) -> None:
        if number < 2:
            try:
                for place in range(_ROUNDS):
                    store.append([told(id, b"%d %d" % (number, place)) for id in people])
            finally:
                appending.pop()
        else:
            more = True
            while more:
                more = bool(appending)
                more = _drain(store, people, done, lock) or more

    together(work, threads=4)
    for id in people:
        for number in range(2):
            found = [row for row in done[id] if row.startswith(b"%d " % number)]
            wanted = [b"%d %d" % (number, place) for place in range(_ROUNDS)]
            expect(
                found == wanted,
                f"{len(found)} rows about {id!r} from one connection instead of {len(wanted)}, "
                f"each once and in order: {found[:9]}…",
            )
    expect_equal(list(store.waiting(NOW, limit=9)), [], "waiting at the end")


def _drain(
    store: Store, people: Sequence[str], done: dict[str, list[bytes]], lock: threading.Lock
) -> bool:
    """Take a few rows of whoever waits, and keep what was taken; tell whether anybody waited."""
    found = store.load([id for id in store.waiting(NOW, limit=9) if id in people])
    rows = store.inbox(list(found), limit=5)
    with lock:  # so that what was taken is kept in the order of the commits
        stale = store.commit(
            [commit(id, found[id].version, taken=[one.number for one in rows[id]]) for id in rows]
        )
        for id in rows:
            if id not in stale:
                done[id] += [row.body for row in rows[id]]
    return bool(found)


INBOX_PROMISES: tuple[Callable[[Store], None], ...] = (
    begins_with_an_empty_inbox,
    keeps_rows_in_their_order,
    names_the_longest_waiting_first,
    hides_nothing_from_a_late_clock,
    tells_who_waits,
    keeps_rows_for_who_is_not_there,
    takes_rows_with_the_commit,
    takes_nothing_with_a_stale_commit,
    takes_rows_of_its_own_only,
    discards_what_nobody_will_decide_on,
    keeps_what_came_in_meanwhile,
    gives_no_number_twice,
    keeps_any_row,
    counts_rows_up_to_a_limit,
    counts_what_waits_as_due,
    erases_the_inbox,
    loses_nothing_while_it_is_drained,
)
