"""Is an address that is dead for one dead for all? And does the list hold, on every worker? (D4)"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest

from journeykit import (
    Accepted,
    Address,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    Rejected,
    Send,
    Simulation,
    SQLiteStore,
    Workspace,
)
from journeykit.errors import UnknownChannelError, UsageError
from journeykit.kernel import address_mark
from journeykit.kernel import journal as j
from journeykit.ports import Receipt, Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHARED = "home@example.org"


class SignedUp(Event):
    pass


class Asked(Event):
    pass


class Person(Profile):
    email: Annotated[str | None, Address("email")] = None


welcome = Journey("welcome", entry=On(SignedUp), steps=[Send("hello", via=["email", "sms"])])
offers = Journey("offers", entry=On(Asked), steps=[Send("offer", via=["email"])])
SHOP = Workspace(
    journeys=[welcome, offers],
    profile=Person,
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out", "sms": "opt-out"}),
)


class Clock:
    def now(self) -> datetime:
        return NOON


class Post:
    """A channel that does something while it sends."""

    def __init__(self, act: Callable[[OutgoingMessage], Receipt | None] | None = None) -> None:
        self.act = act
        self.sent: list[tuple[str, str]] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.sent.append((message.customer_id, message.channel))
        return (self.act(message) if self.act else None) or Accepted()


class Watched:
    """A store that does something before or after one kind of call, once."""

    def __init__(self, store: Store, call: str, when: str, act: Callable[[], Any]) -> None:
        self._store, self._call, self._when, self._act = store, call, when, act
        self.armed = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._call:
            return method

        def call(*args: Any, **options: Any) -> Any:
            fires, self.armed = self.armed, False
            if fires and self._when == "before":
                self._act()
            answer = method(*args, **options)
            if fires and self._when == "after":
                self._act()
            return answer

        return call


def kit(store: Any, email: Post | None = None, sms: Post | None = None) -> Orchestrator:
    channels = {"email": email or Post(), "sms": sms or Post()}
    return Orchestrator(SHOP, store=store, channels=channels, clock=Clock())


def begin(one: Orchestrator, *customers: str, address: str = SHARED) -> None:
    for customer in customers:
        one.identify(customer, {"email": address})
        one.track(customer, SignedUp())


def entries(one: Orchestrator, customer: str, kind: type[j.Entry]) -> list[Any]:
    return [entry for entry in one.journal(customer) if isinstance(entry, kind)]


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """What two workers hold: the same store, or one each on the same file."""
    if request.param == "memory":
        memory = MemoryStore()
        yield memory, memory
    else:
        path = tmp_path / "shop.db"
        with (
            SQLiteStore(path, synchronous="off") as one,
            SQLiteStore(path, synchronous="off") as other,
        ):
            yield one, other


# ---- for everybody


def test_an_address_that_is_dead_for_one_is_dead_for_another(stores: tuple[Store, Store]) -> None:
    """D4: found out by one worker, heeded by the next; the message goes its other way."""
    one = kit(stores[0], Post(lambda message: Rejected("no such mailbox")))
    begin(one, "ann")
    one.tick()
    email, sms = Post(), Post()
    other = kit(stores[1], email, sms)
    begin(other, "bob", address=f"  {SHARED.upper()} ")
    other.tick()
    assert email.sent == []
    assert sms.sent == [("bob", "sms")]
    (told,) = entries(other, "bob", j.Suppressed)
    assert (told.reason, told.listed) == ("no such mailbox", True)
    (rerouted,) = entries(other, "bob", j.Rerouted)
    assert rerouted.reason == "suppressed"
    found = other.suppressed("email", SHARED)
    assert found == ("email", "no such mailbox", NOON)


def test_within_one_round_the_second_is_not_written_to(stores: tuple[Store, Store]) -> None:
    """D4: what a channel says of one message is heeded by the next, for another customer."""
    email = Post(lambda message: Rejected("no such mailbox"))
    one = kit(stores[0], email)
    begin(one, "ann", "bob", "cy")
    one.tick()
    assert len(email.sent) == 1


def test_only_a_dead_address_is_listed() -> None:
    """D3: a message that was refused says nothing about its address."""
    one = kit(MemoryStore(), Post(lambda message: Rejected("spam", dead_address=False)))
    begin(one, "ann")
    one.tick()
    assert one.suppressed("email", SHARED) is None


def test_where_no_address_is_declared_the_customer_id_stands_for_it() -> None:
    """D4."""
    one = kit(MemoryStore())
    one.suppress_addresses([{"channel": "sms", "address": "ann"}])
    one.identify("ann")
    one.track("ann", SignedUp())
    one.tick()
    assert entries(one, "ann", j.Dropped)[0].reason == "suppressed"


def test_without_another_channel_the_message_is_dropped() -> None:
    """G1, G4."""
    one = kit(MemoryStore())
    one.suppress_addresses([{"channel": "email", "address": SHARED, "reason": "erasure"}])
    one.identify("ann", {"email": SHARED})
    one.track("ann", Asked())
    one.tick()
    (dropped,) = entries(one, "ann", j.Dropped)
    assert (dropped.reason, dropped.detail["because"]) == ("suppressed", "erasure")
    one.track("ann", Asked(), id="again")
    assert one.next_due() is None  # known from now on, and refused when it is decided


# ---- the customer's document and the list go together


def test_suppressing_a_customer_lists_the_address() -> None:
    """D4."""
    one = kit(MemoryStore())
    begin(one, "ann")
    one.complained("ann", "email")
    assert one.suppressed("email", SHARED) == ("email", "complaint", NOON)
    one.unsuppress("ann", "email")
    assert one.suppressed("email", SHARED) is None
    one.suppress("ann", "sms", "+49 30 1", reason="wrong number")
    assert one.suppressed("sms", "+49 30 1") == ("sms", "wrong number", NOON)
    assert one.suppressed("email", "+49 30 1") is None


def test_what_was_found_on_the_list_is_not_listed_again() -> None:
    """D4: a worker that is about to note it does not undo what the host lifts meanwhile."""
    store = MemoryStore()
    one = kit(store)
    begin(one, "ann")
    one.suppress_addresses([{"channel": "email", "address": SHARED}])
    lift = {"channel": "email", "address": SHARED}
    watched = Watched(store, "commit", "before", lambda: one.unsuppress_addresses([lift]))
    worker = kit(watched)
    watched.armed = True
    worker.tick()
    assert not watched.armed
    assert one.suppressed("email", SHARED) is None


def test_lifting_it_for_one_leaves_it_with_another_who_was_refused() -> None:
    """D4: who has been told keeps it; the list itself is free."""
    one = kit(MemoryStore())
    one.suppress_addresses([{"channel": "email", "address": SHARED}])
    begin(one, "ann")
    one.tick()
    outcome = one.unsuppress_addresses([{"channel": "email", "address": SHARED}])
    assert outcome.done == 1
    one.track("ann", Asked())
    assert entries(one, "ann", j.Dropped)[0].reason == "suppressed"
    one.unsuppress("ann", "email")
    one.track("ann", Asked())
    begin(one, "bob")
    assert one.tick().accepted == 1


@pytest.mark.parametrize("spelling", [SHARED.upper(), f" {SHARED} "])
def test_lifting_it_counts_whatever_the_spelling(spelling: str) -> None:
    """D4: list and document agree on which address it is."""
    one = kit(MemoryStore())
    begin(one, "ann")
    one.suppress("ann", "email", SHARED)
    one.unsuppress("ann", "email", spelling)
    assert one.suppressed("email", SHARED) is None
    assert one.tick().accepted == 1


def test_the_list_keeps_no_address_and_depends_on_the_seed(tmp_path: Path) -> None:
    """F4: a hash that is keyed with the workspace's seed, and nothing else."""
    path = tmp_path / "shop.db"
    with SQLiteStore(path) as store:
        one = kit(store)
        one.suppress_addresses([{"channel": "email", "address": SHARED, "reason": "erasure"}])
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"erasure" in kept
    assert b"example.org" not in kept
    assert address_mark(b"a", SHARED) != address_mark(b"b", SHARED)
    assert address_mark(b"a", f" {SHARED.upper()}\n") == address_mark(b"a", SHARED)
    assert address_mark(b"x" * 64, SHARED) != address_mark(b"x" * 63, SHARED)


# ---- nothing starts after it


@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("claim", "before"), ("claim", "after"), ("hold", "before"),
        ("load", "before"), ("load", "after"), ("suppressed", "before"),
        ("suppressed", "after"), ("begin", "before"), ("begin", "after"),
    ],
)  # fmt: skip
def test_no_hand_over_starts_after_the_call_has_returned(
    stores: tuple[Store, Store], call: str, when: str
) -> None:
    """D4, G7: whenever another thread's call comes in between, it has returned, and holds."""
    mine, others = stores
    email, sms = Post(), Post()
    other = kit(others)
    rows = [{"channel": "email", "address": SHARED}]
    watched = Watched(mine, call, when, lambda: other.suppress_addresses(rows))
    worker = kit(watched, email, sms)
    begin(worker, "ann", "bob")
    watched.armed = True
    worker.tick()
    assert not watched.armed
    assert email.sent == []
    assert sorted(sms.sent) == [("ann", "sms"), ("bob", "sms")]


def test_a_channel_may_list_the_address_that_it_sends_to(stores: tuple[Store, Store]) -> None:
    """D4: a thread does not wait for itself, and the next customer is heeded."""
    other = kit(stores[1])

    def complain(message: OutgoingMessage) -> None:
        other.suppress_addresses([{"channel": "email", "address": message.address}])

    email = Post(complain)
    worker = kit(stores[0], email)
    begin(worker, "ann", "bob", "cy")
    worker.tick()
    assert len(email.sent) == 1


def test_suppressing_a_customer_stops_others_with_the_same_address(
    stores: tuple[Store, Store],
) -> None:
    """D4: from the thread that hands over, for somebody who is not in the round at all."""
    other = kit(stores[1])
    other.identify("zed", {"email": SHARED})
    email = Post(lambda message: other.complained("zed", "email") and None)
    worker = kit(stores[0], email)
    begin(worker, "ann", "bob", "cy")
    worker.tick()
    assert len(email.sent) == 1


def test_a_worker_elsewhere_is_waited_for(tmp_path: Path) -> None:
    """D4: whatever it has in hand, for whomsoever, until its announcement ends."""
    path = tmp_path / "shop.db"
    with SQLiteStore(path) as mine, SQLiteStore(path) as elsewhere:
        now = int(NOON.timestamp()) * 1_000_000
        hand = elsewhere.hold(["somebody"], now, until=now + 60_000_000, worker="elsewhere")
        asked = Watched(mine, "hands", "after", lambda: elsewhere.let_go(hand))
        one = kit(asked)
        asked.armed = True
        one.suppress_addresses([{"channel": "email", "address": SHARED}])
        assert not asked.armed
        assert list(elsewhere.hands(None, now)) == []


# ---- crashes


class Falls(BaseException):
    """The worker dies."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["suppressed", "commit"])
def test_a_crash_around_the_list_loses_no_message(call: str, when: str) -> None:
    """D1, D2: the dead address and its answer are one commit; whoever starts again goes on."""
    store = MemoryStore()

    def fall() -> None:
        raise Falls

    email, sms = Post(lambda message: Rejected("no such mailbox")), Post()
    watched = Watched(store, call, when, fall)
    worker = Orchestrator(
        SHOP, store=watched, channels={"email": email, "sms": sms}, clock=Clock(), worker="w1"
    )
    begin(worker, "ann")
    watched.armed = True
    with pytest.raises(Falls):
        worker.tick()
    again = Orchestrator(
        SHOP, store=store, channels={"email": email, "sms": sms}, clock=Clock(), worker="w1"
    )
    again.tick()
    assert sms.sent == [("ann", "sms")]
    assert again.suppressed("email", SHARED) is not None
    assert len(email.sent) <= 2


# ---- rows


def test_good_rows_are_done_and_bad_ones_come_back() -> None:
    """F1."""
    one = kit(MemoryStore())
    rows: list[Any] = [
        {"channel": "email", "address": "a@example.org"},
        {"channel": "fax", "address": "a@example.org"},
        {"channel": "email"},
        {"address": "a@example.org"},
        {"channel": "email", "address": 7},
        {"channel": "email", "address": "  "},
        {"channel": "email", "address": "b@example.org", "why": "x"},
        {"channel": "email", "address": "b@example.org", "reason": 7},
        "a@example.org",
        {"channel": "sms", "address": "+49 30 1", "reason": "erasure"},
    ]
    outcome = one.suppress_addresses(rows)
    assert outcome.done == 2
    assert [bad.index for bad in outcome.bad] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert isinstance(outcome.bad[0].error, UnknownChannelError)
    told = [str(bad.error) for bad in outcome.bad[1:]]
    assert "no 'address'" in told[0]
    assert "no 'channel'" in told[1]
    assert "address is empty" in told[3]
    assert "unknown field 'why'" in told[4]
    assert "must be a mapping" in told[6]
    assert one.suppressed("sms", " +49 30 1 ") == ("sms", "erasure", NOON)
    lifted = one.unsuppress_addresses([*rows[:2], {**rows[9]}])
    assert (lifted.done, [bad.index for bad in lifted.bad]) == (1, [1, 2])


def test_thousands_of_rows_are_done() -> None:
    one = kit(MemoryStore())
    outcome = one.suppress_addresses(
        {"channel": "email", "address": f"{n}@example.org"} for n in range(2_500)
    )
    assert outcome.done == 2_500
    assert one.suppressed("email", "2499@example.org") is not None


def test_asking_about_an_unknown_channel_is_refused() -> None:
    one = kit(MemoryStore())
    with pytest.raises(UnknownChannelError):
        one.suppressed("fax", SHARED)
    with pytest.raises(UsageError):
        one.suppressed("email", 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("act", ["suppress", "unsuppress", "complained"])
def test_an_address_that_is_empty_is_refused(act: str) -> None:
    """It would be nobody's, and nothing would be suppressed."""
    one = kit(MemoryStore())
    begin(one, "ann")
    with pytest.raises(UsageError, match="the address is empty"):
        getattr(one, act)("ann", "email", " ")
    with pytest.raises(UsageError, match="the address is empty"):
        one.suppressed("email", "")


# ---- in a simulation


def test_a_simulation_has_the_same_list() -> None:
    """D4, O3: also while nothing runs."""
    sim = Simulation(SHOP, at="2026-03-02 12:00", tz="UTC")
    ann = sim.customer("ann", {"email": SHARED})
    bob = sim.customer("bob", {"email": SHARED})
    with sim.downtime():
        bob.track(Asked())
        ann.complain("email")
        sim.suppress_addresses([{"channel": "sms", "address": "bob"}])
    assert bob.received == []
    assert sim.suppressed("email", SHARED) is not None
    sim.unsuppress_addresses([{"channel": "email", "address": SHARED}])
    assert sim.suppressed("email", SHARED) is None
    sim.advance(timedelta(hours=1))
    assert bob.reasons("drop") == ["suppressed"]
