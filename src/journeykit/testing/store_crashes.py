"""Does all come to the same whatever fails? One story, told over a store that fails once.

The story is played by the library's own flows, so it takes many of the store's methods in the
order in which a worker does. Whenever a call fails, the worker dies; another one of its name
starts on the same data, and the host says again what it had no answer to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct, field

from journeykit.adapters import TemplateNames
from journeykit.errors import StoreError
from journeykit.model import Event, Journey, On, Policy, Send, Wait, Workspace
from journeykit.ports import Accepted, OutgoingMessage, Receipt, Retry, Store
from journeykit.runtime import Runner
from journeykit.runtime.joining import Inbox
from journeykit.testing.store_faults import Fault, FaultyStore
from journeykit.testing.store_materials import expect, expect_equal

PEOPLE = ("ann", "bob", "cat")
_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
_WRITES = frozenset(
    {
        *("commit", "commit_and_claim", "append", "discard", "park", "unpark", "claim", "unclaim"),
        *("recover", "hold", "let_go", "take", "begin", "publish", "erase", "suppress"),
    }
)
_DECIDES = frozenset({"append", "commit", "commit_and_claim"})
_DOUBTS = frozenset({"doubt"})
"""Entries that only a failure brings: nobody told what became of a hand-over."""


class SignedUp(Event):
    """Begins the journey."""


class Told(Struct):
    """What a story came to.

    Attributes:
        journals: The entries of each customer, but those of doubt.
        handed: How often each message was handed over, by its key, customer and template.
        calls: The store's methods that were called, in order.
    """

    journals: dict[str, list[Any]] = field(default_factory=dict)
    handed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    calls: list[str] = field(default_factory=list)


class _Provider:
    """Takes every message down, and is busy at the first attempt of the second one."""

    def __init__(self, handed: Counter[tuple[str, str, str]]) -> None:
        self._handed = handed

    def send(self, message: OutgoingMessage) -> Receipt:
        """Take it down."""
        self._handed[message.key, message.customer_id, message.template] += 1
        if message.template == "two" and message.attempt == 1:
            return Retry("busy", after=timedelta(minutes=10))
        return Accepted(message.key)


class _Clock:
    """Shows what the story says."""

    def __init__(self) -> None:
        self.at = _AT

    def now(self) -> datetime:
        """Return it."""
        return self.at


def comes_to_the_same_whatever_fails(make: Callable[[], Store]) -> None:
    """Whatever call fails, before it wrote, although it did, or as the last one: all comes out the same."""
    calm = tell(make())
    for number, fault in _places(calm.calls):
        found = tell(make(), number, fault)
        _compare(calm, found, f"where call {number}, {calm.calls[number]}, fails {fault!r}")


def tell(store: Store, number: int = -1, fault: Fault = "before") -> Told:
    """Play the story on a store whose call of that number fails, and close it."""
    told = Told()
    clock, provider = _Clock(), _Provider(told.handed)
    faulty = FaultyStore(store, {number: fault})
    try:
        kit = _life(faulty, clock, provider) or _life(store, clock, provider)
        for after, act in _story():
            clock.at = _AT + after
            try:
                act(_alive(kit))
            except StoreError:
                kit = _life(store, clock, provider)
                act(_alive(kit))
        told.calls = faulty.made
        for id in PEOPLE:
            records = store.journal(id)
            entries = [one for record in records for one in msgspec.json.decode(record.entries)]
            told.journals[id] = [one for one in entries if one[0] not in _DOUBTS]
    finally:
        store.close()
    return told


def _story() -> Iterator[tuple[timedelta, Callable[[Runner], object]]]:
    """Yield what the host does, and when; each may be done again."""
    now = timedelta(0)
    yield now, lambda kit: _identify(kit, "ann", "bob")
    yield now, lambda kit: kit.track("ann", SignedUp(), id="s-ann")
    yield now, lambda kit: _append(kit, "bob")
    yield now, lambda kit: _append(kit, "cat")
    yield now, lambda kit: kit.tick()
    yield timedelta(minutes=5), lambda kit: _identify(kit, "cat")
    for minutes in (5, 59, 60, 70, 75, 200):
        yield timedelta(minutes=minutes), lambda kit: kit.tick()
    yield timedelta(minutes=200), lambda kit: kit.erase("bob")


def _identify(kit: Runner, *customers: str) -> None:
    """Make those known who are not: a host that says it twice would find two entries."""
    known = kit.store.load(customers)
    kit.identify_many(
        [{"customer_id": id, "consents": ["email"]} for id in customers if id not in known]
    )


def _append(kit: Runner, customer: str) -> None:
    """Tell it to the inbox only."""
    Inbox(kit, lambda: kit.rules, None).track(customer, SignedUp(), id=f"s-{customer}")


def _life(store: Store, clock: _Clock, provider: _Provider) -> Runner | None:
    """Start a worker; None where it dies at once."""
    journey = Journey(
        "welcome",
        entry=On(SignedUp),
        steps=[Send("one", via=["email"]), Wait(timedelta(hours=1)), Send("two", via=["email"])],
    )
    app = Workspace(journeys=[journey], timezone="UTC", policy=Policy(consent={"email": "opt-in"}))
    try:
        return Runner(
            app,
            store=store,
            channels={"email": provider},
            renderer=TemplateNames(),
            clock=clock,
            worker="w1",
            batch=2,
        )
    except StoreError:
        return None


def _alive(kit: Runner | None) -> Runner:
    if kit is None:
        raise AssertionError("a worker cannot start where another one died")
    return kit


def _places(calls: list[str]) -> Iterator[tuple[int, Fault]]:
    """Yield where to fail, and how: wherever something is decided or told, else once per method."""
    last = {name: number for number, name in enumerate(calls) if name in _WRITES}
    for number, name in enumerate(calls):
        if number == last.get(name) or name in _DECIDES:
            yield number, "ambiguous"
        if number == last.get(name) and name in _DECIDES | {"claim"}:
            yield number, "before"
            yield number, "after"


def _compare(calm: Told, found: Told, what: str) -> None:
    expect_equal(set(found.handed), set(calm.handed), f"messages handed over, {what}")
    repeats = sum((found.handed - calm.handed).values())
    expect(repeats <= 2, f"{repeats} hand-overs were repeated, {what}")  # those of one batch
    for id in PEOPLE:
        expect_equal(found.journals[id], calm.journals[id], f"journal of {id}, {what}")
