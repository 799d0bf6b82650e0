"""How many messages leave per second through a channel that takes 20 ms for a call?

The limit is the channel itself, called by as many threads as may call it at a time, without
journeykit, in the same run. One line for each way: one message after the other, eight calls at
a time, and a hundred messages to a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import perf_counter, sleep

from _bench import medians, report

from journeykit import (
    Accepted,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Send,
    Workspace,
)
from journeykit.ports import Delivery, Receipt

LATENCY = timedelta(milliseconds=20).total_seconds()


class SignedUp(Event):
    pass


class Provider:
    """A provider that answers after `LATENCY`, however many messages it is given."""

    def send(self, message: OutgoingMessage) -> Receipt:
        sleep(LATENCY)
        return Accepted()

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        sleep(LATENCY)
        return [Accepted() for _ in messages]


SHOP = Workspace(
    journeys=[Journey("hello", entry=On(SignedUp), steps=[Send("hello", via=["email"])])],
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out"}),
)


def ours(delivery: Delivery, count: int) -> float:
    """Return messages per second from the outbox to the last commit."""
    kit = Orchestrator(
        SHOP, store=MemoryStore(), channels={"email": Provider()}, delivery={"email": delivery}
    )
    kit.identify_many({"customer_id": f"c{number}"} for number in range(count))
    kit.track_many({"customer_id": f"c{number}", "event": "signed_up"} for number in range(count))
    started = perf_counter()
    counts = kit.tick()
    took = perf_counter() - started
    assert counts.accepted == count
    return count / took


def limit(delivery: Delivery, count: int) -> float:
    """Return messages per second where nothing is done but to call the channel."""
    calls = -(-count // delivery.batch)
    started = perf_counter()
    with ThreadPoolExecutor(delivery.concurrency) as pool:
        list(pool.map(lambda _: sleep(LATENCY), range(calls)))
    return count / (perf_counter() - started)


def main() -> None:
    """Measure each way."""
    ways = {
        "channels: one at a time": (Delivery(), 50),
        "channels: 8 at a time": (Delivery(concurrency=8), 400),
        "channels: 100 to a call": (Delivery(batch=100), 3_000),
        "channels: 100 to a call, 8 at a time": (Delivery(concurrency=8, batch=100), 8_000),
    }
    for name, (delivery, count) in ways.items():
        ratio, mine, best = medians(
            lambda d=delivery, n=count: ours(d, n),
            lambda d=delivery, n=count: limit(d, n),
            times=3,
        )
        report(name, ratio=ratio, limit=round(best), value=round(mine), unit="messages/s")


if __name__ == "__main__":
    main()
