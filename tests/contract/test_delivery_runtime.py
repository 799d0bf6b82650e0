"""Does a withdrawal hold, on every worker? And do workers that race keep out of each other's way?

G7's last sentence is tried at every call that a worker makes between claiming a message and
handing it over: there another one withdraws consent, and the message must stay.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    Accepted,
    Content,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    RenderContext,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    days,
)
from journeykit.ports import Channel, Clock, Receipt, Renderer, Store
from journeykit.testing.store_materials import together

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 30.0


class SignedUp(Event):
    pass


class Left(Event):
    pass


welcome = Journey(
    "welcome", entry=On(SignedUp), exits=[On(Left)], steps=[Send("hello", via=["email"])]
)


def shop(*journeys: Journey, **policy: Any) -> Workspace:
    policy.setdefault("consent", {"email": "opt-out"})
    return Workspace(
        journeys=list(journeys or (welcome,)),
        events=[SignedUp, Left],
        timezone="UTC",
        policy=Policy(**policy),
    )


class Hand:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Ticking:
    """A clock that is a little later each time, so that no two instants are the same."""

    def __init__(self) -> None:
        self._asked = count()

    def now(self) -> datetime:
        return NOON + timedelta(microseconds=next(self._asked))


@dataclass
class Post:
    """A channel that does something while it sends."""

    act: Callable[[OutgoingMessage], None] = lambda message: None
    sent: list[str] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> Receipt:
        self.sent.append(message.customer_id)
        self.act(message)
        return Accepted()


class Words:
    """A renderer that does something while it renders."""

    def __init__(self, act: Callable[[RenderContext], None]) -> None:
        self.act = act

    def render(self, context: RenderContext) -> Content:
        self.act(context)
        return Content(text="hello")

    def missing(self, template: str, channel: str) -> str | None:
        return None


class Watched:
    """A store that does something before or after one kind of call, once."""

    def __init__(self, store: Store, call: str, when: str, act: Callable[[], None]) -> None:
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


def kit(
    store: Any,
    *,
    channel: Channel | None = None,
    clock: Clock | None = None,
    renderer: Renderer | None = None,
    workspace: Workspace | None = None,
    **options: Any,
) -> Orchestrator:
    return Orchestrator(
        workspace or shop(),
        store=store,
        channels={"email": channel or Post()},
        clock=clock or Hand(),
        renderer=renderer,
        **options,
    )


def begin(one: Orchestrator, *customers: str) -> None:
    for customer in customers:
        one.identify(customer)
        one.track(customer, SignedUp())


@pytest.fixture(params=["one store object", "two stores on one file"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """What two workers hold: the same store, or one each on the same file."""
    if request.param == "one store object":
        memory = MemoryStore()
        yield memory, memory
    else:
        path = tmp_path / "shop.db"
        with SQLiteStore(path, synchronous="off") as one, SQLiteStore(path) as other:
            yield one, other


FORBIDDING: dict[str, Callable[[Orchestrator], Any]] = {
    "withdraw": lambda other: other.withdraw("ann", ["email"]),
    "suppress": lambda other: other.suppress("ann", "email"),
    "cancel": lambda other: other.cancel("ann", "welcome"),
    "exit": lambda other: other.track("ann", Left()),
}


@pytest.mark.parametrize("act", FORBIDDING)
@pytest.mark.parametrize(
    ("call", "when"),
    [
        ("claim", "before"), ("claim", "after"),
        ("hold", "before"), ("load", "before"), ("load", "after"),
        ("begin", "before"), ("begin", "after"),
    ],
)  # fmt: skip
def test_what_is_forbidden_between_claim_and_hand_over_does_not_start(
    stores: tuple[Store, Store], call: str, when: str, act: str
) -> None:
    """G7, O3: whatever the other worker does in between, it has returned, and holds."""
    mine, others = stores
    post = Post()
    other = kit(others)
    watched = Watched(mine, call, when, lambda: FORBIDDING[act](other))
    worker = kit(watched, channel=post, worker="mine")
    begin(worker, "ann")
    watched.armed = True
    worker.tick()
    assert not watched.armed
    assert post.sent == []
    assert worker.next_due() is None


def test_a_template_that_withdraws_consent_is_heeded(stores: tuple[Store, Store]) -> None:
    """G7."""
    post, other = Post(), kit(stores[1])
    words = Words(lambda context: other.withdraw("ann", ["email"]) and None)
    worker = kit(stores[0], channel=post, renderer=words)
    begin(worker, "ann")
    worker.tick()
    assert post.sent == []


def test_a_channel_that_withdraws_anothers_consent_is_heeded(stores: tuple[Store, Store]) -> None:
    """G7: within one batch, from the thread that hands it over."""
    other = kit(stores[1])
    post = Post(lambda message: other.withdraw("cy", ["email"]) and None)
    worker = kit(stores[0], channel=post)
    begin(worker, "ann", "bob", "cy", "dee")
    worker.tick()
    assert "cy" not in post.sent[1:]
    assert sorted({*post.sent, "cy"}) == ["ann", "bob", "cy", "dee"]


def test_a_channel_may_withdraw_the_consent_of_whom_it_sends_to(
    stores: tuple[Store, Store],
) -> None:
    """G7: a thread does not wait for itself."""
    other = kit(stores[1])
    post = Post(lambda message: other.withdraw(message.customer_id, ["email"]) and None)
    twice = Journey("twice", entry=On(SignedUp), steps=[Send("again", via=["email"])])
    worker = kit(stores[0], channel=post, workspace=shop(welcome, twice))
    begin(worker, "ann")
    worker.tick()
    assert post.sent == ["ann"]  # the second one was forbidden by the first


def test_a_withdrawal_waits_for_a_worker_elsewhere(tmp_path: Path) -> None:
    """G7: what another process has in hand is waited for, until it lets go."""
    path = tmp_path / "shop.db"
    clock = Hand()
    with SQLiteStore(path) as mine, SQLiteStore(path) as elsewhere:
        one = kit(mine, clock=clock)
        begin(one, "ann")
        now = int(clock.at.timestamp()) * 1_000_000
        hand = elsewhere.hold(["ann"], now, until=now + 60_000_000, worker="elsewhere")
        returned = threading.Event()

        def withdraw() -> None:
            one.withdraw("ann", ["email"])
            returned.set()

        thread = threading.Thread(target=withdraw, daemon=True)
        thread.start()
        while one.customer("ann").consents.get("email") is not False:
            assert thread.is_alive()
        assert not returned.wait(0.05)
        one.identify("bob")
        one.withdraw("bob", ["email"])  # nobody has bob in hand
        elsewhere.let_go(hand)
        assert returned.wait(PATIENCE)
        thread.join(PATIENCE)


def test_a_withdrawal_does_not_wait_for_a_dead_worker_for_ever(tmp_path: Path) -> None:
    """G7: an announcement ends by the clock; a later one is not waited for."""
    clock = Hand()
    with SQLiteStore(tmp_path / "shop.db") as store:
        one = kit(store, clock=clock)
        begin(one, "ann")
        now = int(clock.at.timestamp()) * 1_000_000
        store.hold(["ann"], now - 9, until=now, worker="dead")
        one.withdraw("ann", ["email"])


def test_a_withdrawal_does_not_wait_long_for_a_hand_over_that_has_begun() -> None:
    """G7 speaks of new ones; a channel that hangs does not hang the withdrawal."""
    store, begun, go_on = MemoryStore(), threading.Event(), threading.Event()

    def hang(message: OutgoingMessage) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    post = Post(hang)
    twice = Journey("twice", entry=On(SignedUp), steps=[Send("again", via=["email"])])
    worker = kit(store, channel=post, workspace=shop(welcome, twice))
    begin(worker, "ann")
    thread = threading.Thread(target=worker.tick, daemon=True)
    thread.start()
    assert begun.wait(PATIENCE)
    kit(store, workspace=shop(welcome, twice)).withdraw("ann", ["email"])
    go_on.set()
    thread.join(PATIENCE)
    assert post.sent == ["ann"]


def test_withdrawals_race_with_a_worker() -> None:
    """G7: of many hand-overs none starts after the withdrawal of its customer has returned."""
    store = MemoryStore()
    returned: set[str] = set()
    late: list[str] = []

    def look(message: OutgoingMessage) -> None:
        if message.customer_id in returned:
            late.append(message.customer_id)

    post = Post(look)
    worker = kit(store, channel=post, batch=7)
    names = [f"c{number:03}" for number in range(150)]
    begin(worker, *names)
    other = kit(store)

    def act(number: int) -> None:
        if number == 0:
            worker.tick()
        else:
            for name in names[number::3]:
                other.withdraw(name, ["email"])
                returned.add(name)

    together(act, threads=3)
    assert late == []
    assert returned == set(names) - set(names[0::3])


# ---- two workers


def test_workers_that_race_send_nothing_twice_and_keep_the_caps(tmp_path: Path) -> None:
    """O1, D2, G3: four workers with a store each on one file, told events at the same time."""
    steps = [Send("one", via=["email"]), Send("two", via=["email"]), Send("three", via=["email"])]
    journeys = [
        Journey("drip", entry=On(SignedUp), steps=steps),
        Journey("other", entry=On(SignedUp), steps=[Send("more", via=["email"])]),
    ]
    workspace = shop(*journeys, caps=[FrequencyCap(2, per=timedelta(days=1))])
    path, clock = tmp_path / "shop.db", Ticking()
    keys: list[tuple[str, str]] = []
    names = [f"c{number:02}" for number in range(40)]

    class Keys:
        def send(self, message: OutgoingMessage) -> Receipt:
            keys.append((message.key, message.customer_id))
            return Accepted()

    def act(number: int) -> None:
        with SQLiteStore(path, synchronous="off", busy_timeout=timedelta(minutes=1)) as store:
            worker = kit(
                store,
                channel=Keys(),
                workspace=workspace,
                clock=clock,
                worker=f"w{number}",
                batch=5,
            )
            for name in names:
                worker.identify(name)
                worker.track(name, SignedUp(), id="s1")  # told by all four
                worker.track(name, Left(), id=f"l{number}")
            worker.tick()

    together(act, threads=4)
    with SQLiteStore(path) as store:
        last = kit(store, channel=Keys(), workspace=workspace, clock=clock)
        last.tick()
        counts = Counter(key for key, _ in keys)
        assert set(counts.values()) == {1}
        assert Counter(customer for _, customer in keys) == dict.fromkeys(names, 2)
        for name in names:
            told = Counter(
                line.text.split()[1] for line in last.explain(name) if line.kind == "event"
            )
            assert told == {"signed_up": 1, "left": 4}
            assert len(last.customer(name).held) == 1  # the drip's second; the third is behind it


def test_a_worker_that_comes_back_takes_up_what_it_held() -> None:
    """D2: under its own name at once, under another when the lease is over."""
    store, clock = MemoryStore(), Hand()

    class Dies(BaseException):
        pass

    def die(message: OutgoingMessage) -> None:
        raise Dies

    dying = kit(store, clock=clock, channel=Post(die), worker="a", lease=timedelta(minutes=5))
    begin(dying, "ann")
    with pytest.raises(Dies):
        dying.tick()
    other, again = Post(), Post()
    kit(store, clock=clock, channel=other, worker="b").tick()
    assert other.sent == []
    kit(store, clock=clock, channel=again, worker="a").tick()
    assert again.sent == ["ann"]


def test_a_lease_is_reckoned_from_the_claim_not_from_the_start_of_the_tick() -> None:
    """D2: late in a long tick, a claim still lasts its whole lease."""
    store, clock, others, mine = MemoryStore(), Hand(), Post(), Post()
    thief = kit(store, clock=clock, channel=others, worker="thief")

    def slow(message: OutgoingMessage) -> None:
        clock.at += timedelta(minutes=4)
        if message.customer_id == "bob":  # eight minutes into the tick
            thief.tick()

    mine.act = slow
    worker = kit(store, clock=clock, channel=mine, worker="w", batch=1)
    begin(worker, "ann", "bob")
    worker.tick()
    assert sorted(mine.sent) == ["ann", "bob"]
    assert others.sent == []


def test_a_round_that_takes_long_gives_back_what_it_has_not_done() -> None:
    """D2: no claim outlives its lease in the hands of a slow channel."""
    store, clock, others, mine = MemoryStore(), Hand(), Post(), Post()
    other = kit(store, clock=clock, channel=others, worker="other")

    def slow(message: OutgoingMessage) -> None:
        clock.at += timedelta(minutes=3)
        other.tick()

    mine.act = slow
    worker = kit(store, clock=clock, channel=mine, worker="w")
    names = [f"c{number}" for number in range(6)]
    begin(worker, *names)
    worker.tick()
    assert sorted(mine.sent) == names  # eighteen minutes, under leases of five
    assert others.sent == []


def test_a_wait_is_not_cut_short_by_another_workers_clock() -> None:
    """O1: what one has advanced, the other leaves alone."""
    store, clock = MemoryStore(), Hand()
    journey = Journey(
        "slow", entry=On(SignedUp), steps=[Wait(days(1)), Send("hello", via=["email"])]
    )
    one, other = (
        kit(store, clock=clock, channel=Post(), workspace=shop(journey), worker=name)
        for name in ("one", "other")
    )
    begin(one, "ann")
    clock.at += timedelta(days=1)
    assert one.tick().accepted == 1
    assert not other.tick().did_something
