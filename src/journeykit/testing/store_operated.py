"""Does a store keep what operators do, as it promises? Controls, and erasures.

One function per promise; its docstring is the promise. Each gets a fresh store.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.ports import Controls, SeenEvent, Store
from journeykit.testing.store_materials import (
    NOW,
    SECOND,
    claim,
    commit,
    expect,
    expect_equal,
    keys,
    message,
    together,
    write,
)


def keeps_controls(store: Store) -> None:
    """`controls` returns the last body that was set, byte for byte, and how often one was set."""
    expect_equal(store.controls(), Controls(), "controls that nobody has set")
    for version, body in enumerate((b'{"paused":{}}', b"", b"\x00\xff")):
        expect(store.set_controls(body, expected=version), f"version {version} was refused")
        expect_equal(store.controls(), Controls(version + 1, body), "controls")


def sets_no_stale_controls(store: Store) -> None:
    """`set_controls` changes nothing, and says so, where `expected` is not the version."""
    for expected in (1, 7):
        expect(not store.set_controls(b"new", expected=expected), f"{expected} was taken for 0")
    expect(store.set_controls(b"first", expected=0), "version 0 was refused")
    for expected in (0, 2):
        expect(not store.set_controls(b"new", expected=expected), f"{expected} was taken for 1")
    expect_equal(store.controls(), Controls(1, b"first"), "controls after stale ones")


def sets_controls_one_after_the_other(store: Store) -> None:
    """Of those who set controls at the same time on the same version, one succeeds."""
    won: list[int] = []

    def work(_: int) -> None:
        for _ in range(20):
            version = store.controls().version
            if store.set_controls(b"x", expected=version):
                won.append(version)

    together(work)
    expect_equal(sorted(won), list(range(len(won))), "versions that were won, each once")
    expect_equal(store.controls().version, len(won), "version after the race")


def erases_everything(store: Store) -> None:
    """After `erase` nothing of the customer is found: no document, journal, message or event id."""
    seen = [SeenEvent("e1", "digest", NOW + 86_400 * SECOND)]
    rows = [message("m1"), message("m2", NOW + SECOND)]
    write(store, commit("ann", due=NOW, profile=b"p", put=rows, seen=seen, entries=["a", "b"]))
    write(store, commit("ann", 1, due=NOW, first_seq=3, entries=["c"]))
    claim(store)
    expect_equal(store.erase("ann", mark="h1", at=NOW), True, "what `erase` returned")
    expect_equal(dict(store.load(["ann"], profiles=True)), {}, "loaded")
    expect_equal(dict(store.versions(["ann"])), {}, "versions")
    expect_equal(list(store.customers()), [], "customers")
    expect_equal(list(store.journal("ann")), [], "the journal")
    expect_equal(dict(store.seen([("ann", "e1")])), {}, "event ids")
    expect_equal(list(store.due(NOW, limit=9)), [], "due customers")
    expect_equal(keys(claim(store, NOW + 90 * SECOND)), [], "messages in the outbox")
    expect_equal(store.next_due(), None, "the next due instant")


def erases_nobody_else(store: Store) -> None:
    """`erase` leaves other customers as they are, also where ids and journals lie close."""
    seen = [SeenEvent("e1", "digest", NOW + 86_400 * SECOND)]
    for version in range(3):
        for name in ("ann", "ann2", "bob"):
            row = message(f"{name}{version}", customer=name)
            ids = seen if not version else ()
            entries = [f"{name} {version}"]
            one = commit(
                name, version, due=NOW, put=[row], seen=ids, profile=b"p", entries=entries,
                first_seq=version + 1,
            )  # fmt: skip
            write(store, one)
    store.erase("ann", mark="h1", at=NOW)
    write(store, commit("new", entries=["his"], seen=seen))
    expect_equal(list(store.customers()), ["ann2", "bob", "new"], "customers")
    for name in ("ann2", "bob"):
        expect_equal(len(list(store.journal(name))), 3, f"records in the journal of {name}")
        expect_equal(len(store.seen([(name, "e1")])), 1, f"event ids of {name}")
        found = store.load([name], profiles=True)[name]
        expect_equal((found.version, found.profile), (3, b"p"), f"version and profile of {name}")
    wanted = [f"{name}{version}" for name in ("ann2", "bob") for version in range(3)]
    expect_equal(keys(claim(store)), wanted, "messages in the outbox")
    expect_equal([one.entries for one in store.journal("new")], [b'["his"]'], "a new journal")


def keeps_the_marks_of_the_erased(store: Store) -> None:
    """`erased` returns the marks that were left, each with its last instant, and no others."""
    write(store, commit("ann"))
    expect_equal(store.erase("ann", mark="h1", at=NOW), True, "`erase` of one who is there")
    expect_equal(store.erase("bob", mark="h2", at=NOW + 1), False, "`erase` of nobody")
    store.erase("ann", mark="h1", at=NOW + 2)
    asked = ["h1", "h2", "H1", "h3"]
    expect_equal(dict(store.erased(asked)), {"h1": NOW + 2, "h2": NOW + 1}, "erased")
    expect_equal(dict(store.erased([])), {}, "erased, asked for nothing")


def begins_anew_after_an_erasure(store: Store) -> None:
    """One who comes again is new, and has a version that none before the erasure had."""
    for version in range(3):
        write(store, commit("ann", version))
    store.erase("ann", mark="h1", at=NOW)
    expect_equal(list(store.commit([commit("ann", 3)])), ["ann"], "stale, decided before it")
    write(store, commit("ann", entries=["again"]))
    now = store.versions(["ann"])["ann"]
    expect(now > 3, f"the version is {now} again")
    expect_equal(list(store.commit([commit("ann", 3)])), ["ann"], "stale, when she is back")
    expect_equal(store.load(["ann"], profiles=True)["ann"].profile, None, "the profile")
    expect_equal([one.first_seq for one in store.journal("ann")], [1], "numbers in the journal")
    write(store, commit("ann", now))


def shows_what_operators_did_to_its_twin(store: Store, again: Callable[[], Store]) -> None:
    """Whoever opens the data next reads the same controls, and finds the erased erased."""
    write(store, commit("ann", entries=["a"]))
    store.set_controls(b"first", expected=0)
    store.erase("ann", mark="h1", at=NOW)
    other = again()
    try:
        expect_equal(other.controls(), Controls(1, b"first"), "controls")
        expect(other.set_controls(b"second", expected=1), "the other may not set them")
        expect_equal(dict(other.erased(["h1"])), {"h1": NOW}, "erased")
        expect_equal(list(other.journal("ann")), [], "the journal")
        expect_equal(store.controls(), Controls(2, b"second"), "controls that the other set")
    finally:
        other.close()


OPERATED_PROMISES = (
    keeps_controls,
    sets_no_stale_controls,
    sets_controls_one_after_the_other,
    erases_everything,
    erases_nobody_else,
    keeps_the_marks_of_the_erased,
    begins_anew_after_an_erasure,
)
