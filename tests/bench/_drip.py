"""A drip of three messages, ours and by hand, for whichever database.

Customers are enrolled, get a message, wait a day, get a message, wait a day, get a message;
every message is handed to a channel that does nothing, and settled. Batches of 1,000.
Identifying the customers beforehand is not part of the cycle.

By hand is what somebody would write for this one drip, with the database's driver and stdlib
json: claim due rows, decode and encode a document of 500 bytes, update it, insert the outbox
row; then claim outbox rows, hand over, decode, encode and update again, delete the outbox row.
It keeps no journal, no policy and no event ids.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from time import perf_counter

from journeykit import (
    Accepted,
    Event,
    FrequencyCap,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    QuietHours,
    Send,
    Wait,
    Workspace,
    days,
)
from journeykit.ports import Receipt, Store

BATCH = 1_000
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class SignedUp(Event):
    plan: str = "free"


drip = Journey(
    "drip",
    entry=On(SignedUp),
    steps=[
        Send("one", via=["email"]),
        Wait(days(1)),
        Send("two", via=["email"]),
        Wait(days(1)),
        Send("three", via=["email"]),
    ],
)
workspace = Workspace(
    journeys=[drip],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-out"},
        quiet_hours=[QuietHours("21:00", "08:00")],
        caps=[FrequencyCap(3, per=timedelta(days=7))],
    ),
)


class Hand:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Nothing:
    """A channel that does nothing but count."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def send(self, message: OutgoingMessage) -> Receipt:
        self.taken[message.template] += 1
        return Accepted()


def ours(store: Store, customers: int) -> float:
    """Return customers per second."""
    clock, channel = Hand(), Nothing()
    kit = Orchestrator(
        workspace, store=store, channels={"email": channel}, clock=clock, batch=BATCH
    )
    names = [f"customer-{number:05}" for number in range(customers)]
    kit.identify_many([{"customer_id": name} for name in names])
    rows = [
        {"customer_id": name, "event": "signed_up", "data": {"plan": "pro"}, "id": f"e-{name}"}
        for name in names
    ]
    start = perf_counter()
    batch = kit.track_many(rows)
    kit.tick()
    for _ in range(2):
        clock.at += DAY
        kit.tick()
    took = perf_counter() - start
    assert batch.done == customers
    assert channel.taken == dict.fromkeys(("one", "two", "three"), customers)
    assert kit.next_due() is None
    return customers / took


def document(number: int) -> str:
    """Return the document of a customer as it is kept by hand."""
    body = {
        "id": f"customer-{number:05}",
        "step": "one",
        "ledger": [],
        "attributes": {f"attribute_no_{n}": f"value {n} of this customer" for n in range(9)},
    }
    text = json.dumps(body)
    assert 450 <= len(text) <= 550, len(text)
    return text


def released(text: str, day: int) -> str:
    """Return the document after the step that asks for a message."""
    body = json.loads(text)
    body["step"] = f"send {day}"
    return json.dumps(body)


def settled(text: str, day: int, key: str) -> str:
    """Return the document after its message was accepted."""
    body = json.loads(text)
    body["ledger"].append([day, key])
    return json.dumps(body)
