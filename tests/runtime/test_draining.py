"""What lies in the inbox is decided on once, in its order, and before time acts on anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import (
    Bought,
    CartUpdated,
    Hand,
    Left,
    Post,
    Shop,
    SignedUp,
    welcome,
    workspace_of,
)

from journeykit import (
    Call,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    WaitFor,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import (
    InboxFullError,
    InvalidEventError,
    InvalidProfileError,
    StoreError,
    UnknownChannelError,
    UnknownEventError,
    UnknownJourneyError,
    UsageError,
)
from journeykit.kernel import ConsentTold, EventArrived, encode_entries
from journeykit.kernel import journal as j
from journeykit.ports import InboxRow, Store
from journeykit.runtime import TickCounts
from journeykit.runtime.draining import drain
from journeykit.runtime.drivers import drive
from journeykit.runtime.inbox import Told, to_row, told
from journeykit.runtime.ticking import tick
from journeykit.time import to_micros

waiting = Journey(
    "waiting",
    entry=On(SignedUp),
    steps=[WaitFor(On(Bought), timeout=hours(1)), Send("end", via=["email"])],
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "memory":
        return MemoryStore()
    return SQLiteStore(tmp_path / "shop.db", synchronous="off")


@pytest.fixture
def shop(store: Store, open_shop: Callable[..., Shop]) -> Shop:
    shop = open_shop(welcome, waiting, store=store)
    shop.kit.identify("ann", {"email": "ann@example.org"})
    return shop


def journal(kit: Orchestrator, customer: str = "ann") -> bytes:
    return encode_entries(kit.journal(customer))


def drain_now(kit: Orchestrator, *customers: str) -> None:
    kit.drive(drain(kit.rules, customers or ["ann"]))


def received(kit: Orchestrator, customer: str = "ann") -> list[str]:
    """Return the ids of the events, or their names where the host gave none."""
    events = [one for one in kit.journal(customer) if isinstance(one, j.Received)]
    return [one.name if one.id.startswith("#") else one.id for one in events]


def outcomes(shop: Shop) -> list[str]:
    """Return by what the waits of the journey `waiting` ended."""
    moves = [one for one in shop.kit.journal("ann") if isinstance(one, j.Moved)]
    return [one.outcome for one in moves if one.outcome in ("event", "timeout")]


# ---- as if told at once

CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    ("identify", lambda kit: kit.identify("ann", {"first_name": "Ann", "email": "a@x.org"})),
    ("begin", lambda kit: kit.identify("zoe")),
    ("track", lambda kit: kit.track("ann", SignedUp(plan="pro"), id="e1")),
    ("track by name", lambda kit: kit.track("ann", "signed_up", {"plan": "pro"})),
    ("grant", lambda kit: kit.grant("ann", ["email"], source="form", lasts=hours(5))),
    ("withdraw", lambda kit: kit.withdraw("ann", ["email", "sms"], source="link")),
    ("confirm", lambda kit: kit.confirm("ann", ["email"], source="link")),
    ("prefer", lambda kit: kit.prefer("ann", {"email": False, "sms": True})),
    ("suppress", lambda kit: kit.suppress("ann", "email", "old@example.org", reason="host")),
    ("suppress the present one", lambda kit: kit.suppress("ann", "email")),
    ("suppress without an address", lambda kit: kit.suppress("ann", "sms")),
    ("unsuppress", lambda kit: kit.unsuppress("ann", "email", "old@example.org")),
    ("enroll", lambda kit: kit.enroll("ann", "welcome", data={"plan": "pro"}, id="c1")),
    ("cancel", lambda kit: kit.cancel("ann", "waiting", reason="moved")),
    ("report", lambda kit: kit.report("ann", "m1", "opened", id="r1", detail="twice")),
    (
        "track_many",
        lambda kit: kit.track_many([{"customer_id": "ann", "event": "bought", "id": "b1"}]),
    ),
    (
        "identify_many",
        lambda kit: kit.identify_many(
            [{"customer_id": "zoe", "attributes": {"first_name": "Zoe"}, "consents": ["email"]}]
        ),
    ),
]


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[name for name, _ in CALLS])
def test_every_call_does_what_it_does_at_once(call: Callable[[Any], Any], store: Store) -> None:
    def told_by(ways: str, store: Store) -> list[bytes]:
        clock = Hand()
        kit = Orchestrator(
            workspace_of(welcome, waiting),
            store=store,
            channels={"email": Post(), "sms": Post()},
            clock=clock,
        )
        kit.identify("ann", {"email": "ann@example.org"})
        kit.track("ann", SignedUp(), id="e0")
        clock.passes(minutes=5)
        call(kit if ways == "at once" else kit.inbox)
        if ways == "later":
            drain_now(kit, "ann", "zoe")
        clock.passes(hours=2)
        kit.tick()
        known = store.customers()
        return [journal(kit, name) for name in known]

    at_once = told_by("at once", MemoryStore())
    assert told_by("later", store) == at_once  # O4
    assert store.depth(9) == 0


def test_on_postgresql_they_do_what_they_do_at_once_in_memory(fresh_postgres: str) -> None:  # O4
    def all_of_them(store: Any, told_to: Callable[[Orchestrator], Any]) -> list[bytes]:
        clock = Hand()
        kit = Orchestrator(
            workspace_of(welcome, waiting),
            store=store,
            channels={"email": Post(), "sms": Post()},
            clock=clock,
        )
        kit.identify("ann", {"email": "ann@example.org"})
        for _, call in CALLS:
            call(told_to(kit))
            kit.tick()
            clock.passes(minutes=5)
        clock.passes(hours=2)
        kit.tick()
        return [journal(kit, name) for name in ("ann", "zoe")]

    with PostgresStore(fresh_postgres) as store:
        later = all_of_them(store, lambda kit: kit.inbox)
        assert store.depth(9) == 0
    assert later == all_of_them(MemoryStore(), lambda kit: kit)


BAD: list[tuple[Callable[[Any], Any], type[Exception]]] = [
    (lambda kit: kit.identify("ann", {"nope": 1}), InvalidProfileError),
    (lambda kit: kit.identify("", {}), UsageError),
    (lambda kit: kit.track("ann", "nope"), UnknownEventError),
    (lambda kit: kit.track("ann", "cart_updated", {}), InvalidEventError),
    (lambda kit: kit.grant("ann", ["fax"]), UnknownChannelError),
    (lambda kit: kit.withdraw("ann", []), UsageError),
    (lambda kit: kit.confirm("ann", ["fax"]), UnknownChannelError),
    (lambda kit: kit.prefer("ann", {"email": "yes"}), UsageError),
    (lambda kit: kit.suppress("ann", "fax"), UnknownChannelError),
    (lambda kit: kit.suppress("ann", "email", " "), UsageError),
    (lambda kit: kit.unsuppress("ann", "fax"), UnknownChannelError),
    (lambda kit: kit.enroll("ann", "nope"), UnknownJourneyError),
    (lambda kit: kit.cancel("ann", "nope"), UnknownJourneyError),
    (lambda kit: kit.report("ann", "m1", "eaten"), UsageError),
]


@pytest.mark.parametrize(("call", "error"), BAD)
def test_what_is_wrong_is_refused_by_the_call(
    call: Callable[[Any], Any], error: type[Exception], shop: Shop
) -> None:  # F1
    with pytest.raises(error) as at_once:
        call(shop.kit)
    with pytest.raises(error) as later:
        call(shop.kit.inbox)
    assert str(later.value) == str(at_once.value)
    assert shop.store.depth(9) == 0


def test_of_many_rows_the_bad_ones_come_back(shop: Shop) -> None:  # F1
    rows = [
        {"customer_id": "ann", "event": "bought"},
        {"customer_id": "ann", "event": "nope"},
        {"customer_id": "ann"},
        {"customer_id": "ann", "event": "left"},
    ]
    bad = shop.kit.inbox.track_many(rows)
    assert [(one.index, one.row) for one in bad] == [(1, rows[1]), (2, rows[2])]
    assert shop.store.depth(9) == 2
    bad = shop.kit.inbox.identify_many([{"customer_id": "bob"}, {"attributes": {}}])
    assert [one.index for one in bad] == [1]


# ---- order


def test_what_waits_goes_before_the_timers(shop: Shop) -> None:  # O3
    shop.kit.track("ann", SignedUp())
    shop.clock.passes(hours=2)
    shop.kit.inbox.track("ann", Bought())
    shop.clock.passes(hours=2)
    shop.tick()
    assert outcomes(shop) == ["event"]


def test_it_goes_before_what_is_told_at_once(shop: Shop) -> None:  # O2
    shop.kit.inbox.track("ann", SignedUp(), id="first")
    shop.kit.inbox.grant("ann", ["email"])
    shop.kit.track("ann", Left(), id="second")
    told = [one for one in shop.kit.journal("ann") if isinstance(one, j.Received | j.Consented)]
    assert [getattr(one, "id", "consent") for one in told] == ["first", "consent", "second"]
    assert shop.store.depth(9) == 0


def test_it_goes_first_also_where_it_begins_the_customer(shop: Shop) -> None:  # O2
    shop.kit.inbox.identify("bob", {"first_name": "Old"})
    shop.kit.identify("bob", {"first_name": "New"})
    shop.tick()
    names = [one.attributes for one in shop.kit.journal("bob") if isinstance(one, j.Profiled)]
    assert [one["first_name"] for one in names] == ["Old", "New"]
    shop.kit.inbox.identify("eve")
    shop.kit.track("eve", SignedUp(), id="second")
    assert received(shop.kit, "eve") == ["second"]
    assert (shop.store.depth(9), shop.store.parked()) == (0, [])


def test_a_timer_waits_until_all_of_it_is_decided_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:  # O3
    """More lies there than one decision takes: what comes last still comes before the time-out."""
    monkeypatch.setattr("journeykit.runtime.draining._MOST", 2)
    shop.kit.track("ann", SignedUp())
    shop.clock.passes(hours=2)
    for _ in range(9):
        shop.kit.inbox.track("ann", CartUpdated(cart_id="c", total=1))
    shop.kit.inbox.track("ann", Bought())
    shop.clock.passes(hours=1)
    turns = 0
    while shop.kit.turn(TickCounts()):
        turns += 1
    assert turns >= 2
    assert outcomes(shop) == ["event"]


def test_a_timer_that_is_due_now_still_waits_for_what_is_told_now(shop: Shop) -> None:  # O2
    shop.kit.track("ann", SignedUp())
    shop.clock.passes(hours=1)
    shop.kit.inbox.track("ann", Bought())
    shop.tick()
    assert outcomes(shop) == ["event"]


def test_a_clock_ahead_of_ours_does_not_fire_our_timers(shop: Shop) -> None:  # O9
    shop.kit.track("ann", SignedUp())
    ahead = Orchestrator(
        shop.kit.workspace,
        store=shop.store,
        channels={"email": Post(), "sms": Post()},
        clock=Hand(shop.clock.at + timedelta(hours=3)),
    )
    ahead.inbox.track("ann", Left(), id="e9")
    shop.tick()
    kinds = [one for one in shop.kit.journal("ann") if isinstance(one, j.Moved | j.Ended)]
    assert [one.reason for one in kinds if isinstance(one, j.Ended)] == ["left"]


# ---- once


def test_repeats_are_known_on_every_way(shop: Shop) -> None:  # O8
    inbox, kit = shop.kit.inbox, shop.kit
    inbox.track("ann", SignedUp(), id="e1")
    inbox.track("ann", SignedUp(), id="e1")
    assert kit.track("ann", SignedUp(), id="e1").repeated
    inbox.track("ann", SignedUp(), id="e1")
    inbox.track("ann", SignedUp(plan="pro"), id="e1")
    shop.tick()
    entries = kit.journal("ann")
    assert [one.id for one in entries if isinstance(one, j.Received)] == ["e1"]
    assert [one.id for one in entries if isinstance(one, j.Conflicted)] == ["e1"]
    assert shop.store.depth(9) == 0


class Torn:
    """A store whose next commit fails: before it is made, or after."""

    def __init__(self, store: Store, after: bool) -> None:
        self._store = store
        self.after = after
        self.armed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, commits: Sequence[Any]) -> Sequence[str]:
        if not self.armed:
            return self._store.commit(commits)
        self.armed = False
        if self.after:
            self._store.commit(commits)
        raise StoreError("the line went dead")


@pytest.mark.parametrize("after", [False, True])
def test_a_row_counts_once_however_a_commit_ends(
    after: bool, store: Store, open_shop: Callable[..., Shop]
) -> None:
    torn: Any = Torn(store, after)
    shop = open_shop(welcome, store=torn)
    shop.kit.identify("ann")
    shop.kit.inbox.track("ann", Left())  # without an id: nothing but the row makes it one
    shop.kit.inbox.track("ann", Bought())
    torn.armed = True
    with pytest.raises(StoreError, match="dead"):
        shop.tick()
    shop.tick()
    assert received(shop.kit) == ["left", "bought"]
    assert store.depth(9) == 0


def test_whoever_is_overtaken_starts_anew(store: Store, open_shop: Callable[..., Shop]) -> None:
    """Between its load and its commit another worker decides on the same rows, and on one more."""
    first, second = (open_shop(welcome, store=store) for _ in range(2))
    first.kit.identify("ann")
    first.kit.inbox.track("ann", Left())
    perform = first.kit._ports.perform  # type: ignore[attr-defined]
    raced: list[str] = []

    def race(call: Any) -> Any:
        if type(call).__name__ == "Commit" and not raced:
            raced.append("now")
            second.kit.inbox.track("ann", Bought())
            second.tick()
            second.kit.inbox.track("ann", SignedUp())
        return perform(call)

    drive(tick(first.kit.rules, to_micros(first.clock.at), 10), race)
    names = received(first.kit)
    assert raced
    assert names == ["left", "bought", "signed_up"]


# ---- hand-overs


def test_who_withdrew_in_the_inbox_is_handed_nothing(shop: Shop) -> None:  # G7
    shop.kit.track("ann", SignedUp())
    shop.kit.inbox.withdraw("ann", ["email"])
    shop.tick()
    assert shop.email.messages == []


def test_a_withdrawal_during_a_round_is_heeded_before_the_next_hand_over(
    shop: Shop, open_shop: Callable[..., Shop]
) -> None:  # G7
    """Both messages are claimed, loaded and judged; the first is being sent."""
    shop.kit.identify("bob", {"email": "bob@example.org"})
    for name in ("ann", "bob"):
        shop.kit.track(name, SignedUp())
    other = {"ann": "bob", "bob": "ann"}

    def act(message: OutgoingMessage) -> None:
        shop.kit.inbox.withdraw(other[message.customer_id], ["email"])

    shop.email.act = act
    shop.tick()
    assert len(shop.email.messages) == 1


def told_by_another_process(store: Any, monkeypatch: pytest.MonkeyPatch, one: Told) -> None:
    """Let something come in when a round has claimed, and is about to load its customers."""
    load = store.load

    def late(ids: Sequence[str], *, profiles: bool = False) -> Any:
        if profiles:
            monkeypatch.setattr(store, "load", load)
            store.append([to_row(one, 0)])
        return load(ids, profiles=profiles)

    monkeypatch.setattr(store, "load", late)


def test_one_who_appears_between_work_and_hand_over_is_given_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:  # G7
    shop.kit.track("ann", SignedUp())
    no = ConsentTold(0, "email", "", False, "elsewhere")
    told_by_another_process(shop.store, monkeypatch, told("ann", no))
    counts = shop.tick()
    assert (shop.email.messages, counts.accepted) == ([], 0)
    assert shop.store.depth(9) == 0


def test_a_function_is_not_called_for_whom_the_inbox_leads_elsewhere(
    store: Store, open_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def score(context: Any) -> Any:
        called.append(context.customer_id)
        return Retry("later")

    asks = Journey(
        "asks", entry=On(SignedUp), exits=[On(Left)], steps=[Call("score"), Wait(hours(1))]
    )
    shop = open_shop(asks, store=store, functions={"score": score})
    shop.kit.identify("ann")
    shop.kit.track("ann", SignedUp())
    at = to_micros(shop.clock.at)
    told_by_another_process(store, monkeypatch, told("ann", EventArrived(at, "left", {}, at, "")))
    shop.tick()
    assert called == []
    assert store.depth(9) == 0


# ---- nobody's rows


def test_rows_of_nobody_wait_and_are_listed(shop: Shop) -> None:
    shop.kit.inbox.track("bob", SignedUp(), id="e1")
    failures = shop.tick().failures
    assert [one.customer_id for one in failures] == ["bob"]
    (parked,) = shop.store.parked()
    assert parked.customer_id == "bob"
    assert "unknown_customer" in parked.reason
    assert shop.tick().failures == []  # it rests
    assert shop.store.depth(9) == 1


@pytest.mark.parametrize("way", ["at once", "inbox", "many"])
def test_they_are_decided_on_once_somebody_is_identified(way: str, shop: Shop) -> None:
    shop.kit.inbox.track("bob", SignedUp(), id="e1")
    shop.tick()
    if way == "at once":
        shop.kit.identify("bob")
    elif way == "inbox":
        shop.kit.inbox.identify("bob")
    else:
        shop.kit.identify_many([{"customer_id": "bob"}])
    shop.tick()
    kinds = [type(one) for one in shop.kit.journal("bob")]
    assert kinds[0] is j.Profiled
    assert j.Entered in kinds
    assert (shop.store.depth(9), shop.store.parked()) == (0, [])


def test_what_begins_a_customer_is_found_behind_what_does_not(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeykit.runtime.draining._MOST", 2)
    for number in range(7):
        shop.kit.inbox.track("bob", Bought(), id=f"e{number}")
    shop.kit.inbox.identify("bob")
    shop.tick()
    ids = received(shop.kit, "bob")
    assert ids == [f"e{number}" for number in range(7)]
    assert shop.store.depth(9) == 0


def test_the_search_for_it_holds_no_more_bytes_than_other_work(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("journeykit.runtime.draining.BYTES", 20_000)
    held, inbox = [], shop.store.inbox

    def weighed(ids: Sequence[str], *, limit: int) -> Any:
        rows = inbox(ids, limit=limit)
        held.append(sum(len(row.body) for mine in rows.values() for row in mine))
        return rows

    monkeypatch.setattr(shop.store, "inbox", weighed)
    for number in range(100):
        shop.kit.inbox.track("bob", SignedUp(plan="x" * 1000), id=f"e{number}")
    shop.tick()
    assert max(held) < 2 * 20_000


def test_what_is_told_of_the_erased_is_refused(shop: Shop) -> None:  # F4
    shop.kit.erase("ann")
    shop.kit.inbox.track("ann", SignedUp())  # from a transaction that was open meanwhile
    counts = shop.tick()
    assert (counts.refused, shop.store.depth(9)) == (1, 0)
    assert shop.store.customers() == []
    assert shop.store.parked() == []


def test_who_is_identified_anew_begins_with_that(shop: Shop) -> None:  # F4
    shop.kit.erase("ann")
    shop.kit.inbox.track("ann", SignedUp(), id="before")
    shop.kit.inbox.identify("ann")
    shop.kit.inbox.track("ann", SignedUp(), id="after")
    counts = shop.tick()
    ids = received(shop.kit, "ann")
    assert (counts.refused, ids) == (1, ["after"])
    assert shop.store.depth(9) == 0


# ---- poison


def test_a_row_that_nobody_can_read_holds_up_its_customer_only(shop: Shop) -> None:
    shop.kit.identify("bob")
    shop.kit.inbox.track("ann", Left(), id="before")
    shop.store.append([InboxRow("ann", 0, b"{")])
    shop.kit.inbox.track("ann", Left(), id="behind")
    shop.kit.inbox.track("bob", Left())
    counts = shop.tick()
    assert [one.customer_id for one in counts.failures] == ["ann"]
    ids = received(shop.kit, "ann")
    assert ids == ["before"]
    assert received(shop.kit, "bob") == ["left"]
    assert [one.customer_id for one in shop.store.parked()] == ["ann"]
    with pytest.raises(StoreError):  # nothing overtakes it
        shop.kit.track("ann", Bought())


def test_an_older_worker_leaves_to_newer_ones_what_it_does_not_know(
    store: Store, open_shop: Callable[..., Shop]
) -> None:
    class Moved(Event):
        pass

    newer = Orchestrator(
        Workspace(
            journeys=[Journey("moves", entry=On(Moved), steps=[Wait(hours(1))])],
            events=[Left],
            timezone="Europe/Berlin",
        ),
        store=store,
        channels={},
        clock=(clock := Hand()),
    )
    older = open_shop(welcome, store=store, clock=clock)
    older.kit.identify("ann")
    newer.inbox.track("ann", Left(), id="e1")
    newer.inbox.track("ann", Moved(), id="e2")
    newer.inbox.enroll("ann", "moves")
    counts = older.tick()
    assert counts.failures == []
    assert received(older.kit, "ann") == ["e1"]
    assert store.depth(9) == 2
    clock.passes(minutes=2)
    newer.tick()
    assert received(newer, "ann") == ["e1", "e2"]
    assert (store.depth(9), store.parked()) == (0, [])


# ---- many


def test_a_mountain_for_one_customer_holds_up_nobody(
    store: Store, open_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(welcome, store=store)
    shop.kit.identify_many([{"customer_id": "ann"}, {"customer_id": "bob"}])
    rows = [to_row(told("ann", _bought(n)), n) for n in range(3000)]
    store.append(rows)
    shop.kit.inbox.track("bob", Left())
    most, inbox = [0], store.inbox

    def watched(ids: Sequence[str], *, limit: int) -> Any:
        found = inbox(ids, limit=limit)
        most.append(sum(map(len, found.values())))
        return found

    monkeypatch.setattr(store, "inbox", watched)
    turns = 0
    while shop.kit.turn(TickCounts()):
        turns += 1
        if turns == 1:
            assert received(shop.kit, "bob") == ["left"]
    assert turns >= 3
    assert max(most) <= 1001
    names = received(shop.kit)
    assert names == [f"e{n}" for n in range(3000)]


def test_large_rows_are_taken_a_few_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeykit.runtime.draining.BYTES", 100_000)
    store, names = shop.store, [f"c{number}" for number in range(40)]
    shop.kit.identify_many({"customer_id": name} for name in names)
    rows = [to_row(told(name, _bought(n, "x" * 3000)), n) for n in range(12) for name in names]
    store.append(rows)
    read, inbox = list[tuple[int, int]](), store.inbox

    def watched(ids: Sequence[str], *, limit: int) -> Any:
        found = inbox(ids, limit=limit)
        read.append((len(ids), sum(len(row.body) for rows in found.values() for row in rows)))
        return found

    monkeypatch.setattr(store, "inbox", watched)
    shop.tick()
    assert [count for count, _ in read[:4]] == [20, 3, 20, 3]  # some are asked first, in each round
    assert max(size for count, size in read if count <= 3) <= 100_000
    assert store.depth(1) == 0
    for name in names:
        assert received(shop.kit, name) == [f"e{n}" for n in range(12)]


def _bought(number: int, text: str = "") -> Any:
    return EventArrived(number, "bought", {"text": text} if text else {}, number, f"e{number}")


def test_a_full_inbox_refuses_more(store: Store) -> None:
    kit = Orchestrator(
        workspace_of(welcome), store=store, channels={"email": Post()}, clock=Hand(), inbox_limit=5
    )
    kit.identify("ann")
    for _ in range(5):
        kit.inbox.track("ann", Left())
    with pytest.raises(InboxFullError, match="5 may") as caught:
        kit.inbox.track("ann", Left())
    assert "more workers" in caught.value.remedy
    assert store.depth(9) == 5
    kit.tick()
    kit.inbox.track("ann", Left())


@pytest.mark.parametrize("limit", [0, -5, True, 1.5, "9"])
def test_a_limit_is_a_number_of_rows(limit: Any) -> None:
    with pytest.raises(UsageError, match="inbox_limit") as caught:
        Orchestrator(workspace_of(), store=MemoryStore(), channels={}, inbox_limit=limit)
    assert caught.value.value == limit


def test_how_full_it_is_is_not_asked_each_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Hand()
    kit = Orchestrator(
        workspace_of(welcome), store=store, channels={"email": Post()}, clock=clock,
        inbox_limit=10_000,
    )  # fmt: skip
    kit.identify("ann")
    asked, depth = [], store.depth
    monkeypatch.setattr(store, "depth", lambda limit: asked.append(limit) or depth(limit))
    for _ in range(50):
        kit.inbox.track("ann", Left())
    assert asked == [10_000]
    clock.passes(seconds=2)
    kit.inbox.track("ann", Left())
    assert len(asked) == 2
