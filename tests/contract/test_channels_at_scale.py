"""Do many hand-overs at a time keep what one after the other keeps? (D2, D3, D5, G1, G3, G7)

Threads meet at barriers and events, never by sleeping: a test that waits in vain fails.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    Accepted,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Rejected,
    Retry,
    Send,
    SQLiteStore,
    Throttle,
    Workspace,
    hours,
    minutes,
)
from journeykit.aio import AsyncOrchestrator, ThreadedStore
from journeykit.errors import UsageError
from journeykit.kernel import journal as j
from journeykit.ports import Circuit, ClaimedMessage, Delivery, Receipt
from journeykit.runtime import TickCounts, waiting
from journeykit.runtime.ticking import Pace
from journeykit.time import SECOND

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 5.0
CHANNELS = ("email", "push")


class SignedUp(Event):
    pass


class Hand:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def passes(self, **span: float) -> None:
        self.at += timedelta(**span)


class Post:
    """A channel that counts how many are in it at a time."""

    def __init__(self, act: Callable[[OutgoingMessage], Receipt | None] | None = None) -> None:
        self.act = act
        self.messages: list[OutgoingMessage] = []
        self.within = self.most = 0
        self.lock = threading.Lock()
        self.meets: dict[str, int] = defaultdict(int)

    def send(self, message: OutgoingMessage) -> Receipt:
        with self.lock:
            self.messages.append(message)
            self.within += 1
            self.most = max(self.most, self.within)
            self.meets[message.customer_id] += 1
            assert self.meets[message.customer_id] == 1, "two at a time for one customer"
        try:
            answer = self.act(message) if self.act else None
            return Accepted(message.key) if answer is None else answer
        finally:
            with self.lock:
                self.within -= 1
                self.meets[message.customer_id] -= 1

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.messages]


class Bulk(Post):
    """A channel that takes many in one call."""

    def __init__(self, answer: Callable[[Sequence[OutgoingMessage]], Any] | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.batches: list[list[OutgoingMessage]] = []

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Any:
        self.batches.append(list(messages))
        self.messages += messages
        if self.answer is not None:
            return self.answer(messages)
        return [Accepted(message.key) for message in messages]


def shop(*sends: Send, **policy: Any) -> Workspace:
    journeys = [
        Journey(f"j{n}", entry=On(SignedUp), steps=[send])
        for n, send in enumerate(sends or (Send("hello", via=["email"]),))
    ]
    policy.setdefault("consent", dict.fromkeys(CHANNELS, "opt-out"))
    return Workspace(journeys=journeys, timezone="UTC", policy=Policy(**policy))


Make = Callable[..., Orchestrator]


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    stores: list[Any] = []

    def made(
        workspace: Workspace,
        people: int,
        delivery: dict[str, Delivery],
        batch: int = 1000,
        **channels: Any,
    ) -> Orchestrator:
        store: Any = MemoryStore()
        if request.param == "sqlite":
            store = SQLiteStore(tmp_path / f"{len(stores)}.db")
            stores.append(store)
        kit = Orchestrator(
            workspace,
            store=store,
            channels={name: Post() for name in CHANNELS} | channels,
            clock=Hand(),
            delivery=delivery,
            batch=batch,
        )
        kit.identify_many({"customer_id": f"c{n:03}"} for n in range(people))
        kit.track_many({"customer_id": f"c{n:03}", "event": "signed_up"} for n in range(people))
        return kit

    yield made
    for store in stores:
        store.close()


def entries(kit: Orchestrator, customer_id: str, kind: type) -> list[Any]:
    return [entry for entry in kit.journal(customer_id) if isinstance(entry, kind)]


def passes(kit: Orchestrator, **span: float) -> None:
    assert isinstance(kit.clock, Hand)
    kit.clock.passes(**span)


# ---- several at a time


def test_so_many_are_on_their_way_at_a_time_and_no_more(make: Make) -> None:
    barrier = threading.Barrier(4, timeout=PATIENCE)

    def meets_three_others(message: OutgoingMessage) -> None:
        barrier.wait()

    email = Post(meets_three_others)
    kit = make(shop(), 40, {"email": Delivery(concurrency=4)}, email=email)
    counts = kit.tick()
    assert (counts.accepted, email.most) == (40, 4)
    assert max(Counter(email.keys).values()) == 1


def test_a_channel_that_hangs_holds_up_no_other(make: Make) -> None:
    """All of the other channel's messages leave while the first one's is on its way."""
    lock, sent = threading.Lock(), threading.Event()
    count = 0

    def counts(message: OutgoingMessage) -> None:
        nonlocal count
        with lock:
            count += 1
            if count == 30:
                sent.set()

    def hangs(message: OutgoingMessage) -> None:
        assert sent.wait(PATIENCE)

    workspace = shop(Send("a", via=["email"]), Send("b", via=["push"]))
    delivery = {"email": Delivery(concurrency=2)}
    kit = make(workspace, 0, delivery, email=Post(hangs), push=Post(counts))
    for number in range(60):  # half of them wait for the one channel, half for the other
        kit.identify(f"c{number}")
        kit.enroll(f"c{number}", "j0" if number % 2 else "j1")
    assert kit.tick().accepted == 60


def test_others_follow_while_one_that_began_early_hangs(make: Make) -> None:
    """Also when the time of the round is over: they would only wait for it."""
    done = threading.Event()
    count = 0

    def first_hangs(message: OutgoingMessage) -> None:
        nonlocal count
        if message.customer_id == "c000":
            assert done.wait(PATIENCE)
            return
        count += 1
        passes(kit, milliseconds=100)
        if count == 20:
            done.set()

    email = Post(first_hangs)
    kit = make(shop(), 21, {"email": Delivery(concurrency=2)}, email=email)
    kit.turn(TickCounts())
    assert len(email.keys) == 21
    assert max(Counter(email.keys).values()) == 1


def test_one_customers_messages_leave_one_after_the_other(make: Make) -> None:
    """G3: with a cap of one, only the first of five may leave, however many threads there are."""
    sends = [Send(f"m{n}", via=["email"]) for n in range(5)]
    email = Post()
    kit = make(
        shop(*sends, caps=[FrequencyCap(3, per=timedelta(days=1))]),
        10,
        {"email": Delivery(concurrency=8)},
        email=email,
    )
    kit.tick()
    assert set(Counter(message.customer_id for message in email.messages).values()) == {3}


def test_a_dead_address_is_told_to_the_next_message(make: Make) -> None:
    """D4: the second message to a customer is judged with the answer to the first."""
    sends = [Send(f"m{n}", via=["email"]) for n in range(3)]
    email = Post(lambda message: Rejected("no such mailbox"))
    kit = make(shop(*sends), 10, {"email": Delivery(concurrency=8)}, email=email)
    kit.tick()
    assert set(Counter(message.customer_id for message in email.messages).values()) == {1}


def test_an_exception_in_a_thread_is_a_retry(make: Make) -> None:
    def fails(message: OutgoingMessage) -> None:
        raise SystemExit if message.customer_id == "c000" else ConnectionError

    kit = make(shop(), 2, {"email": Delivery(concurrency=2)}, email=Post(fails))
    assert kit.tick().retried == 2
    told = {entry.detail for name in ("c000", "c001") for entry in entries(kit, name, j.Answered)}
    assert told == {f"{kind} from channel 'email'" for kind in ("SystemExit", "ConnectionError")}


def test_a_withdrawal_from_within_a_channel_never_waits_for_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G7: it would wait until nobody waits any more, `GRACE` later."""
    monkeypatch.setattr(waiting, "GRACE", 10 * SECOND)

    def withdraws(message: OutgoingMessage) -> None:
        kit.withdraw(message.customer_id, ["email"], source="reply")

    email = Post(withdraws)
    kit = make(shop(), 8, {"email": Delivery(concurrency=4)}, email=email)
    started = monotonic()
    assert kit.tick().accepted == 8
    assert monotonic() - started < 8


def test_after_a_withdrawal_nothing_starts_on_any_thread(make: Make) -> None:
    """G7."""
    started = threading.Event()
    go_on = threading.Event()
    withdrawn = threading.Event()
    late: list[str] = []

    def notes(message: OutgoingMessage) -> None:
        if withdrawn.is_set() and message.customer_id == "c019":
            late.append(message.customer_id)
        started.set()
        assert go_on.wait(PATIENCE)

    kit = make(shop(), 20, {"email": Delivery(concurrency=2)}, email=Post(notes))
    worker = threading.Thread(target=kit.tick)
    worker.start()
    assert started.wait(PATIENCE)
    kit.withdraw("c019", ["email"], source="page")
    withdrawn.set()
    go_on.set()
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert late == []


def test_a_hand_over_that_was_told_to_start_never_waits_for_a_thread(make: Make) -> None:
    """G7: two workers of one kit; who withdraws meanwhile waits for a moment only."""
    barrier = threading.Barrier(4, timeout=PATIENCE)
    email = Post(lambda message: (barrier.wait(), None)[1])
    kit = make(shop(), 4, {"email": Delivery(concurrency=2)}, email=email, batch=2)
    workers = [threading.Thread(target=kit.turn, args=(TickCounts(),)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(2 * PATIENCE)
    assert email.most == 4
    assert not barrier.broken


def test_in_an_event_loop_it_waits_for_no_thread_either() -> None:
    """G7: an event loop has a few threads of its own, which anybody may occupy."""
    count = 40
    barrier = threading.Barrier(count, timeout=PATIENCE)

    async def run() -> int:
        async with AsyncOrchestrator(
            shop(),
            store=ThreadedStore(MemoryStore()),
            channels={"email": Post(lambda message: (barrier.wait(), None)[1]), "push": Post()},
            delivery={"email": Delivery(concurrency=count)},
        ) as kit:
            for number in range(count):
                await kit.identify(f"c{number}")
                await kit.track(f"c{number}", SignedUp())
            return (await kit.tick()).accepted

    assert asyncio.run(run()) == count
    assert not barrier.broken


def test_while_the_store_is_slow_a_withdrawal_is_heeded_by_what_was_told_to_start() -> None:
    """G7: nobody who withdraws waits so long for a channel that has not been called yet."""

    class Slow(MemoryStore):
        def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
            super().begin(handing)
            if any(claim.channel == "push" for claim, _ in handing):
                passes(kit, seconds=2)
                kit.withdraw("ann", ["email"], source="page")

    email, push = Post(), Post()
    kit = Orchestrator(
        shop(Send("a", via=["email"]), Send("b", via=["push"])),
        store=Slow(),
        channels={"email": email, "push": push},
        clock=Hand(),
        delivery={
            "email": Delivery(concurrency=2),
            "push": Delivery(concurrency=2, on_unknown="hold"),
        },
    )
    for name, journey in (("ann", "j0"), ("bob", "j1")):
        kit.identify(name)
        kit.enroll(name, journey)
    kit.tick()
    assert (email.keys, len(push.keys)) == ([], 1)


def test_what_waits_for_a_person_is_told_to_the_store_before_it_leaves() -> None:
    """D2: also where others stand in front of it that do not leave now."""
    begun: set[str] = set()
    untold: list[str] = []

    class Noting(MemoryStore):
        def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
            super().begin(handing)
            begun.update(claim.key for claim, _ in handing)

    def looks(message: OutgoingMessage) -> None:
        if message.key not in begun:
            untold.append(message.customer_id)

    for options in (Delivery(concurrency=2, on_unknown="hold"), Delivery(on_unknown="hold")):
        kit = Orchestrator(
            shop(*[Send(f"m{n}", via=["email"]) for n in range(4)]),
            store=Noting(),
            channels={"email": Post(looks), "push": Post()},
            clock=Hand(),
            delivery={"email": options},
        )
        for name in (f"c{number}" for number in range(8)):
            kit.identify(name)
            for n in range(4):
                kit.enroll(name, f"j{n}")
        assert kit.tick().accepted == 32
    assert untold == []


def test_a_throttle_counts_every_thread(make: Make) -> None:
    """D5: tokens are taken before a message is on its way."""
    email = Post()
    kit = make(
        shop(throttles=[Throttle(5, per=minutes(1), channels=["email"])]),
        20,
        {"email": Delivery(concurrency=8)},
        email=email,
    )
    kit.tick()
    assert len(email.keys) <= 5


def test_ctrl_c_waits_for_what_is_on_its_way_and_keeps_its_answers(make: Make) -> None:
    """D2: what was answered is stored, and nothing else starts."""
    within = threading.Event()
    pressed = threading.Event()

    def is_slow(message: OutgoingMessage) -> None:
        within.set()
        assert pressed.wait(PATIENCE)

    def presses(message: OutgoingMessage) -> None:
        assert within.wait(PATIENCE)
        pressed.set()
        raise KeyboardInterrupt

    email = Post(is_slow)
    workspace = shop(Send("a", via=["email"]), Send("b", via=["push"]))
    delivery = {"email": Delivery(concurrency=2)}
    kit = make(workspace, 0, delivery, email=email, push=Post(presses))
    for number in range(20):
        kit.identify(f"c{number:03}")
        kit.enroll(f"c{number:03}", "j0" if number else "j1")
    with pytest.raises(KeyboardInterrupt):
        kit.tick()
    answered = [m.customer_id for m in email.messages]
    assert 1 <= len(answered) <= 2
    for name in answered:
        assert [entry.answer for entry in entries(kit, name, j.Answered)] == ["accepted"]


# ---- many in one call


def test_a_batch_is_one_call_with_one_receipt_each(make: Make) -> None:
    email = Bulk()
    kit = make(shop(), 25, {"email": Delivery(batch=10)}, email=email)
    assert kit.tick().accepted == 25
    assert [len(batch) for batch in email.batches] == [10, 10, 5]
    for name in ("c000", "c024"):
        (answered,) = entries(kit, name, j.Answered)
        assert answered.detail == answered.message


def test_receipts_belong_to_their_messages(make: Make) -> None:
    """D3: each has its own answer."""

    def answer(messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        kinds = [Accepted("ok"), Rejected("no", dead_address=False), Retry("busy")]
        return [kinds[int(message.customer_id[1:]) % 3] for message in messages]

    kit = make(shop(), 9, {"email": Delivery(batch=4)}, email=Bulk(answer))
    counts = kit.tick()
    assert (counts.accepted, counts.rejected, counts.retried) == (3, 3, 3)
    told = ["accepted", "failed", "retry"]
    for number in range(9):
        (answered,) = entries(kit, f"c{number:03}", j.Answered)
        assert answered.answer == told[number % 3]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda messages: [Accepted()], "answered 3 messages with 1 receipts"),
        (lambda messages: [Accepted()] * 4, "answered 3 messages with 4 receipts"),
        (lambda messages: None, "answered 3 messages with NoneType"),
        (lambda messages: 1 / 0, "ZeroDivisionError from channel 'email'"),
    ],
)
def test_a_batch_that_nobody_can_read_comes_again(make: Make, answer: Any, words: str) -> None:
    """D2: all of it, under the same keys."""
    email = Bulk(answer)
    kit = make(shop(), 3, {"email": Delivery(batch=10)}, email=email)
    assert kit.tick().retried == 3
    for number in range(3):
        (answered,) = entries(kit, f"c{number:03}", j.Answered)
        assert words in answered.detail
    email.answer = None
    passes(kit, hours=7)
    kit.tick()
    assert set(Counter(email.keys).values()) == {2}


def test_two_messages_of_one_customer_never_go_in_one_batch(make: Make) -> None:
    """G1, G3: the answer to one may forbid the other."""
    sends = [Send(f"m{n}", via=["email"]) for n in range(3)]
    email = Bulk()
    kit = make(shop(*sends), 4, {"email": Delivery(batch=100, concurrency=2)}, email=email)
    assert kit.tick().accepted == 12
    for batch in email.batches:
        assert len({message.customer_id for message in batch}) == len(batch)


# ---- a channel that rests


def test_a_channel_that_fails_is_left_alone_and_tried_with_one(make: Make) -> None:
    """The others wait, which is no attempt; when the first is taken, all follow."""
    email = Post(lambda message: Retry("down"))
    circuit = Circuit(after=3, pause=minutes(1))
    kit = make(shop(), 20, {"email": Delivery(circuit=circuit)}, email=email)
    kit.tick()
    assert len(email.keys) == 3
    held = [name for name in (f"c{n:03}" for n in range(20)) if entries(kit, name, j.Held)]
    assert len(held) == 17
    (entry,) = entries(kit, held[0], j.Held)
    assert (entry.reason, entry.detail["channel"]) == ("circuit_open", "email")
    assert entry.until - entry.at == 60_000_000
    assert entries(kit, held[0], j.Answered) == []

    passes(kit, minutes=1)
    kit.tick()
    assert len(email.keys) == 4  # one was tried
    email.act = None
    passes(kit, minutes=2)
    kit.tick()
    assert len({message.customer_id for message in email.messages}) == 20
    assert all(
        message.attempt == 1 for message in email.messages if message.customer_id == held[-1]
    )


@pytest.mark.parametrize("delivery", [{"concurrency": 4}, {"batch": 5}, {"concurrency": 2}])
def test_one_goes_first_also_where_many_could(make: Make, delivery: Any) -> None:
    fails = True
    email = Bulk(lambda messages: [Retry("down") if fails else Accepted()] * len(messages))
    email.act = lambda message: Retry("down") if fails else None
    circuit = Circuit(after=4, pause=minutes(1))
    kit = make(shop(), 30, {"email": Delivery(circuit=circuit, **delivery)}, email=email)
    kit.tick()
    begun = len(email.keys)
    assert 4 <= begun <= 8  # and what was on its way then
    passes(kit, minutes=1)
    kit.tick()
    assert len(email.keys) == begun + 1
    fails = False
    passes(kit, minutes=2)
    kit.tick()
    assert len({message.customer_id for message in email.messages}) == 30


def test_validity_ends_what_waits_for_a_channel(make: Make) -> None:
    """G4."""
    email = Post(lambda message: Retry("down"))
    hello = Send("hello", via=["email"], valid_for=minutes(30))
    circuit = Circuit(after=1, pause=hours(2), longest=hours(2))
    kit = make(shop(hello), 3, {"email": Delivery(circuit=circuit)}, email=email)
    kit.tick()
    passes(kit, minutes=30)
    kit.tick()
    dropped = [entry.reason for n in range(3) for entry in entries(kit, f"c{n:03}", j.Dropped)]
    assert dropped == ["expired"] * 3
    assert len(email.keys) == 1


def test_a_channel_that_asks_for_rest_gets_it_to_the_microsecond(make: Make) -> None:
    """D3: the whole channel, and the message itself as ever."""
    asks = Retry("quota", after=timedelta(seconds=90), whole_channel=True)
    email = Post(lambda message: asks)
    kit = make(shop(), 5, {}, email=email)
    kit.tick()
    assert len(email.keys) == 1
    email.act = None
    passes(kit, microseconds=89_999_999)
    kit.tick()
    assert len(email.keys) == 1
    passes(kit, microseconds=1)
    kit.tick()
    assert len(email.keys) == 6
    reasons = {entry.reason for n in range(5) for entry in entries(kit, f"c{n:03}", j.Held)}
    assert reasons == {"channel_paused"}


def test_a_rest_of_one_channel_is_none_of_another(make: Make) -> None:
    email = Post(lambda message: Retry("down"))
    sends = [Send("a", via=["email"]), Send("b", via=["push"])]
    kit = make(shop(*sends), 10, {"email": Delivery(circuit=Circuit(after=1))}, email=email)
    assert kit.tick().accepted == 10


def test_who_waits_for_a_channel_keeps_a_slot_only_if_it_may_have_gone(make: Make) -> None:
    """G3: as with a throttle."""
    cap = FrequencyCap(1, per=timedelta(days=1))
    email = Post(lambda message: Retry("down"))
    workspace = shop(Send("a", via=["email"]), Send("b", via=["push"]), caps=[cap])
    kit = make(workspace, 2, {"email": Delivery(circuit=Circuit(after=1))}, email=email)
    kit.tick()
    (first,) = email.messages
    pushed = {message.customer_id for message in kit_channel(kit, "push").messages}
    assert pushed == {"c000", "c001"} - {first.customer_id}


def kit_channel(kit: Orchestrator, name: str) -> Post:
    channel: Any = kit._ports.channels[name]
    assert isinstance(channel, Post)
    return channel


# ---- the same outcome


@settings(max_examples=40, deadline=None)
@given(
    concurrency=st.integers(1, 6),
    batch=st.integers(1, 5),
    people=st.integers(1, 12),
    fates=st.lists(st.sampled_from(["ok", "no", "dead", "later", "raise"]), min_size=7, max_size=7),
)
def test_as_one_after_the_other(
    concurrency: int, batch: int, people: int, fates: list[str]
) -> None:
    """O4: however a channel is called, the journals are the same."""

    def fate(message: OutgoingMessage) -> Receipt:
        place = sum(map(ord, message.customer_id + message.template + str(message.attempt)))
        match fates[place % len(fates)]:
            case "no":
                return Rejected("no", dead_address=False)
            case "dead":
                return Rejected("dead")
            case "later":
                return Retry("later", after=timedelta(minutes=7))
            case "raise":
                return Retry("ConnectionError from channel 'email'")
        return Accepted()

    def run(delivery: dict[str, Delivery]) -> list[Any]:
        email = Bulk(lambda messages: [fate(message) for message in messages])
        email.act = fate
        workspace = shop(
            Send("a", via=["email", "push"]),
            Send("b", via=["email"]),
            caps=[FrequencyCap(2, per=timedelta(hours=1))],
        )
        kit = Orchestrator(
            workspace,
            store=MemoryStore(),
            channels={"email": email, "push": Post()},
            clock=Hand(),
            delivery=delivery,
        )
        for number in range(people):
            kit.identify(f"c{number}")
            kit.track(f"c{number}", SignedUp())
        for _ in range(6):
            kit.tick()
            passes(kit, minutes=7)
        return [list(kit.journal(f"c{number}")) for number in range(people)]

    assert run({"email": Delivery(concurrency, batch)}) == run({})


def test_in_an_event_loop_as_many_are_on_their_way_and_no_more() -> None:
    """The async twin: tasks for threads, the same bounds, and the same one after the other."""
    within = most = 0
    meets: Counter[str] = Counter()
    all_here = asyncio.Event()

    class Awaited:
        async def send(self, message: OutgoingMessage) -> Receipt:
            nonlocal within, most
            within += 1
            most = max(most, within)
            meets[message.customer_id] += 1
            assert meets[message.customer_id] == 1
            if within == 4:
                all_here.set()
            await asyncio.wait_for(all_here.wait(), PATIENCE)
            await asyncio.sleep(0)
            within -= 1
            meets[message.customer_id] -= 1
            return Accepted()

    async def run() -> int:
        workspace = shop(*[Send(f"m{number}", via=["email"]) for number in range(3)])
        async with AsyncOrchestrator(
            workspace,
            store=ThreadedStore(MemoryStore()),
            channels={"email": Awaited(), "push": Awaited()},
            delivery={"email": Delivery(concurrency=4)},
        ) as kit:
            for number in range(12):
                await kit.identify(f"c{number}")
                await kit.track(f"c{number}", SignedUp())
            return (await kit.tick()).accepted

    assert asyncio.run(run()) == 36
    assert most == 4


def test_options_for_no_channel_are_refused() -> None:
    """F1."""
    with pytest.raises(UsageError, match="not given"):
        Orchestrator(
            shop(),
            store=MemoryStore(),
            channels={name: Post() for name in CHANNELS},
            delivery={"sms": Delivery()},
        )


# ---- the backlog of a slow channel


def test_a_backlog_of_a_slow_channel_holds_up_no_other(make: Make) -> None:
    """What lies there longer is claimed first, but not time and again: others have their turns."""

    def is_slow(message: OutgoingMessage) -> None:
        passes(kit, seconds=10)

    email, push = Post(is_slow), Post()
    workspace = shop(Send("a", via=["email"]), Send("b", via=["push"]))
    kit = make(workspace, 0, {}, email=email, push=push)
    kit.identify_many({"customer_id": f"c{number:03}"} for number in range(120))
    for number in range(100):
        kit.enroll(f"c{number:03}", "j0")
    passes(kit, seconds=1)
    for number in range(100, 120):
        kit.enroll(f"c{number:03}", "j1")
    for _ in range(4):
        kit.turn(TickCounts())
    assert len(push.keys) == 20
    assert len(email.keys) < 10
    kit.tick()
    assert (len(email.keys), len(push.keys)) == (100, 20)


def test_several_slow_channels_are_passed_over_together() -> None:
    pace = Pace(1000)
    pace.learn(1, cut=True, left={"email"})
    assert pace.passes_over() == {"email"}
    pace.learn_of_others(5, {"sms"})
    assert pace.passes_over() == {"email", "sms"}
    pace.learn_of_others(5, ())
    assert pace.passes_over() == frozenset()  # now everybody's turn


def test_where_there_are_no_others_they_are_looked_for_less_and_less_often() -> None:
    pace, looks = Pace(1000), []
    for number in range(300):
        pace.learn(1, cut=True, left={"email"})
        if pace.passes_over():
            looks.append(number)
            pace.learn_of_others(0, ())
    assert looks == [0, 2, 6, 14, 30, 62, 126, 190, 254]
