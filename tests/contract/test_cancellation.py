"""A task may be cancelled at every await: no message is lost, and none leaves under two keys."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from journeykit import (
    Call,
    Event,
    Journey,
    MemoryStore,
    On,
    Policy,
    Result,
    Send,
    Wait,
    Workspace,
    minutes,
)
from journeykit.aio import AsyncOrchestrator
from journeykit.ports import (
    Accepted,
    AsyncStore,
    CallContext,
    Delivery,
    OutgoingMessage,
    Receipt,
)
from journeykit.runtime.hands import HANDS
from journeykit.time import to_micros

LEASE = timedelta(minutes=5)
PEOPLE = ("ann", "cy")


class OrderPlaced(Event):
    total: int = 0


class Score(Result):
    points: int


SHOP = Workspace(
    journeys=[
        Journey(
            "thanks",
            entry=[On(OrderPlaced)],
            steps=[
                Send("thanks", via=["email"]),
                Call("score", gives=Score),
                Send("points", via=["push"]),
                Wait(minutes(10)),
                Send("bye", via=["email"]),
            ],
        )
    ],
    events=[OrderPlaced],
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out", "push": "opt-out"}),
)


class Yielding:
    """A store that lets the loop turn before and behind everything that it does."""

    def __init__(self, store: MemoryStore) -> None:
        self.within = store

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self.within, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            answer = method(*args, **kwargs)
            await asyncio.sleep(0)
            return answer

        if name == "waker":
            raise AttributeError(name)
        return call


@dataclass
class World:
    """What outlives a worker that is cancelled."""

    now: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    memory: MemoryStore = field(default_factory=MemoryStore)
    sent: list[OutgoingMessage] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    async def send(self, message: OutgoingMessage) -> Receipt:
        await asyncio.sleep(0)
        self.sent.append(message)
        await asyncio.sleep(0)
        self.answered.append(message.key)
        return Accepted()

    async def score(self, context: CallContext) -> Score:
        await asyncio.sleep(0)
        self.called.append(context.key)
        await asyncio.sleep(0)
        return Score(points=7)

    def kit(self, worker: str) -> AsyncOrchestrator:
        clock = type("Clock", (), {"now": lambda _: self.now})()
        return AsyncOrchestrator(
            SHOP,
            store=cast(AsyncStore, Yielding(self.memory)),
            channels={"email": self, "push": self},
            functions={"score": self.score},
            clock=clock,
            worker=worker,
            lease=LEASE,
            delivery={"push": Delivery(concurrency=2)},
        )


async def script(world: World, worker: str = "w1") -> AsyncOrchestrator:
    """What a host does; it may be cut off anywhere, and begun anew."""
    kit = world.kit(worker)
    await kit.open()
    for person in PEOPLE:
        await kit.identify(person, {})
        await kit.track(person, OrderPlaced(total=1), id=f"order-{person}")
    await kit.tick()
    await kit.withdraw("cy", ["email"], source="page")
    return kit


async def to_the_end(world: World) -> None:
    """Begin anew behind the lease, as another worker, and let all of it come to its end."""
    world.now += LEASE + timedelta(minutes=1)
    kit = await script(world, "w2")
    for _ in range(3):
        world.now += timedelta(minutes=11)
        await kit.tick()


def told(world: World) -> dict[str, set[str]]:
    """Return the keys under which each message left."""
    found: dict[str, set[str]] = {}
    for one in world.sent:
        found.setdefault(f"{one.customer_id} {one.template}", set()).add(one.key)
    return found


async def cancelled_after(world: World, steps: int) -> bool:
    """Cancel the script after so many steps of the loop; tell whether it had not ended before."""
    task = asyncio.create_task(script(world))
    for _ in range(steps):
        await asyncio.sleep(0)
    was_running = task.cancel()
    with pytest.raises(asyncio.CancelledError) if was_running else _nothing():
        await task
    return was_running


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


def check_what_is_left(world: World, at: str) -> None:
    """Right behind the cancellation: nothing is announced, and only what is in doubt is claimed."""
    now = to_micros(world.now)
    assert list(world.memory.hands(None, now)) == [], at
    assert HANDS._rounds == [], at
    free = world.memory.claim(now, limit=100, lease_until=now + 1, worker="looks")
    world.memory.unclaim(free)
    later = to_micros(world.now + LEASE)
    every = world.memory.claim(later, limit=100, lease_until=later + 1, worker="looks")
    world.memory.unclaim(every)
    held = {one.key for one in every} - {one.key for one in free}
    in_doubt = {one.key for one in every if one.begun}
    assert held <= in_doubt | {one for one in held if one in world.called}, at


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_a_script_that_is_cancelled_anywhere_comes_to_the_same_end(stride: int) -> None:
    """D1, D2, G7."""
    undisturbed = World()
    asyncio.run(script(undisturbed))
    asyncio.run(to_the_end(undisturbed))
    wanted = told(undisturbed)
    assert len(wanted) == 3 * len(PEOPLE) - 1  # cy is not told bye
    assert all(times == 1 for times in Counter(one.key for one in undisturbed.sent).values())

    steps, was_running, repeats = 0, True, 0
    while was_running:
        world, at = World(), f"cancelled after {steps} steps"
        was_running = asyncio.run(cancelled_after(world, steps))
        if was_running:
            check_what_is_left(world, at)
        asyncio.run(to_the_end(world))
        found = told(world)
        optional = {"cy thanks", "cy points"}  # the withdrawal may have come before
        assert wanted.keys() - optional <= found.keys() <= wanted.keys(), at
        assert {name: len(keys) for name, keys in found.items() if len(keys) > 1} == {}, at
        times = Counter(one.key for one in world.sent)
        assert max(Counter(world.answered).values()) == 1, at
        assert max(times.values()) <= 2, at
        repeats += sum(number > 1 for number in times.values())
        assert max(Counter(world.called).values()) <= 2, at
        for person in PEOPLE:
            assert not world.memory.load([person])[person].body.count(b'"status":"released"'), at
        steps += stride
    assert steps > 150, steps
    assert repeats > 0 or stride > 1, "no cancellation came between the hand-over and its answer"
