"""Is a call of a store all or nothing? Each is handed something that many stores cannot keep.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import Definition, SeenEvent, Store, Suppression
from journeykit.testing.store_materials import (
    NOW,
    bodies,
    claim,
    commit,
    expect_equal,
    keys,
    message,
    parked,
    told,
    write,
)

ODD = "\ud800"
"""Half of a character: no text that can be written down. A store may keep it, or refuse the call."""


def commits_as_a_whole(store: Store) -> None:
    """A `commit` that raises has written nothing, wherever in it lies what the store cannot keep."""
    event = SeenEvent("e1", "d", NOW)
    address = Suppression("email", "a1", "host", NOW)
    write(store, commit("ann", due=NOW + 9, put=[message("old", NOW)]))
    store.append([told("ann", b"1")])
    (row,) = store.inbox(["ann"], limit=9)["ann"]
    good = commit(
        "ann",
        1,
        profile=b"p",
        put=[message("new")],
        drop=["old"],
        seen=[event],
        suppress=[address],
        taken=[row.number],
        entries=["a"],
    )
    for bad in (
        commit(ODD, body=b""),
        commit("bob", put=[message("m1", customer="bob"), message(ODD, customer="bob")]),
        commit("bob", seen=[SeenEvent(ODD, "d", NOW)]),
        commit("bob", suppress=[Suppression("email", ODD, "host", NOW)]),
    ):
        if _is_kept(lambda: write(store, good, bad)):  # noqa: B023  it is called at once
            return  # then there is nothing that this store cannot keep
        expect_equal(dict(store.versions(["bob"])), {}, "versions of the others")
        expect_equal(store.load(["ann"], profiles=True)["ann"].version, 1, "version")
        expect_equal(store.load(["ann"], profiles=True)["ann"].profile, None, "profile")
        expect_equal(bodies(store), [b"1"], "inbox")
        expect_equal(dict(store.seen([("ann", "e1")])), {}, "events seen")
        expect_equal(dict(store.suppressed([("email", "a1")])), {}, "addresses on the list")
        expect_equal(list(store.journal("ann")), [], "journal")
        expect_equal(keys(claim(store, lease_until=NOW)), ["old"], "outbox")


def appends_as_a_whole(store: Store) -> None:
    """An `append` that raises has appended nothing."""
    rows = [told("ann", b"1"), told(ODD), told("bob", b"2")]
    if not _is_kept(lambda: store.append(rows)):
        expect_equal(dict(store.inbox(["ann", "bob"], limit=9)), {}, "inbox")
        expect_equal(list(store.waiting(NOW, limit=9)), [], "waiting")


def parks_as_a_whole(store: Store) -> None:
    """A `park` that raises has parked nobody."""
    write(store, commit("ann", due=NOW))
    if not _is_kept(lambda: store.park([parked("ann", NOW + 9), parked(ODD, NOW)])):
        expect_equal(list(store.parked()), [], "parked")
        expect_equal(list(store.due(NOW, limit=9)), ["ann"], "due")


def keeps_lists_as_a_whole(store: Store) -> None:
    """`publish` and `suppress` that raise have kept nothing."""
    definitions = [Definition(name, 1, digest="d", body=b"{}") for name in ("a", ODD)]
    if not _is_kept(lambda: store.publish(definitions)):
        expect_equal(list(store.definitions()), [], "definitions")
    rows = [Suppression("email", address, "host", NOW) for address in ("a1", ODD)]
    if not _is_kept(lambda: store.suppress(rows)):
        expect_equal(dict(store.suppressed([("email", "a1")])), {}, "addresses on the list")


def _is_kept(call: Callable[[], object]) -> bool:
    """Tell whether the store took it; that it raises, whatever it raises, is its affair."""
    try:
        call()
    except AssertionError:
        raise
    except Exception:
        return False
    return True


WHOLENESS_PROMISES: tuple[Callable[[Store], None], ...] = (
    commits_as_a_whole,
    appends_as_a_whole,
    parks_as_a_whole,
    keeps_lists_as_a_whole,
)
