"""100,000 de-duplicated events for 20,000 customers who wait, ours and by hand.

Each customer waits in a journey with a goal that the events do not reach, so each event is
looked up by its id, decided on, and kept. By hand it is looked up too, and the document of 500
bytes is decoded, changed and encoded; no journal is kept. Batches of 1,000, customers in no
order, after every hundred an old one once more.
"""

from __future__ import annotations

import json
from datetime import timedelta
from time import perf_counter
from typing import Any

from _drip import Hand, document

from journeykit import Event, Goal, Journey, On, Orchestrator, Wait, Workspace, days
from journeykit.ports import Store

CUSTOMERS = 20_000
EVENTS = 100_000
BATCH = 1_000


class Joined(Event):
    plan: str = "free"


class OrderPlaced(Event):
    amount: int


waiting = Workspace(
    journeys=[
        Journey(
            "onboarding",
            entry=On(Joined),
            goal=Goal(On(OrderPlaced, where=OrderPlaced.amount >= 1000)),
            steps=[Wait(days(30))],
        )
    ],
    timezone="Europe/Berlin",
)


def names() -> list[str]:
    return [f"customer-{number:05}" for number in range(CUSTOMERS)]


def told() -> list[tuple[str, str, int]]:
    """Return (customer, event id, amount) of every call: a repeat after every hundred."""
    rows = []
    for number in range(EVENTS):
        row = (f"customer-{number * 7919 % CUSTOMERS:05}", f"order-{number}", number % 1000)
        rows.append(row)
        if number % 100 == 99:
            rows.append(rows[number // 2])
    return rows


def prepared(store: Store) -> tuple[Orchestrator, Hand]:
    """Return an orchestrator of customers who wait."""
    clock = Hand()
    kit = Orchestrator(waiting, store=store, channels={}, clock=clock, batch=BATCH)
    kit.identify_many([{"customer_id": name} for name in names()])
    kit.track_many([{"customer_id": name, "event": "joined"} for name in names()])
    clock.at += timedelta(hours=1)
    return kit, clock


def rows_of(calls: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    return [
        {"customer_id": customer, "event": "order_placed", "id": id, "data": {"amount": amount}}
        for customer, id, amount in calls
    ]


def at_once(store: Store) -> float:
    """Return events per second, decided on as they are told."""
    kit, _ = prepared(store)
    rows = rows_of(told())
    start = perf_counter()
    for first in range(0, len(rows), BATCH):
        batch = kit.track_many(rows[first : first + BATCH])
        assert not batch.bad
    return EVENTS / (perf_counter() - start)


def by_inbox(store: Store) -> float:
    """Return events per second, told to the inbox and drained."""
    kit, _ = prepared(store)
    rows = rows_of(told())
    start = perf_counter()
    for first in range(0, len(rows), BATCH):
        kit.inbox.track_many(rows[first : first + BATCH])
    kit.tick()
    took = perf_counter() - start
    assert not store.waiting(2**62, limit=1)
    return EVENTS / took


def documents() -> list[tuple[str, int, str]]:
    """Return (id, due, document) of every customer, for the cycle by hand."""
    return [(f"customer-{n:05}", 1, document(n)) for n in range(CUSTOMERS)]


def changed(text: str, amounts: list[int]) -> str:
    """Return the document with the newest event in it."""
    body = json.loads(text)
    for amount in amounts:
        if amount < 1000:
            body["ledger"] = [amount]
    return json.dumps(body)
