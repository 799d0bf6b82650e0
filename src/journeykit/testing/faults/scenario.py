"""What is played? A few journeys, customers who come and go, and what a host tells about them.

The scenario is fixed and the seed decides when what happens, so that the history checker can
say what must come of it without asking journeykit.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from journeykit.errors import JourneykitError
from journeykit.kernel import ConsentTold, Signal
from journeykit.machine import Rules
from journeykit.model import (
    Always,
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    QuietHours,
    Send,
    Wait,
    Workspace,
)
from journeykit.runtime.hands import Hands
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import read_event, read_profile
from journeykit.runtime.outcomes import TickCounts
from journeykit.runtime.reporting import report
from journeykit.runtime.script import Arrival
from journeykit.runtime.ticking import Pace, turn
from journeykit.runtime.waiting import let_hands_finish
from journeykit.testing.faults.dice import Dice
from journeykit.testing.faults.network import LONGEST_REST, Pause, Process, Task, World
from journeykit.time import DAY, HOUR, MINUTE, SECOND, days, hours

LEASE = 45 * SECOND
CAP = 3
CAP_SPAN = 7 * DAY
QUIET_FROM, QUIET_UNTIL = 21, 8
ATTEMPTS = 8


class SignedUp(Event):
    """A customer begins the welcome series."""


class CartUpdated(Event):
    """A customer leaves something in a cart."""

    cart: str


class OrderPlaced(Event):
    """A customer buys what is in a cart."""

    cart: str


welcome = Journey(
    "welcome",
    entry=On(SignedUp),
    steps=[
        Send("one", via=["email"], max_attempts=ATTEMPTS),
        Wait(days(1)),
        Send("two", via=["email"], max_attempts=ATTEMPTS),
        Wait(days(2)),
        Send("three", via=["email"], max_attempts=ATTEMPTS),
    ],
)
cart = Journey(
    "cart",
    entry=On(CartUpdated, key=CartUpdated.cart),
    exits=[On(OrderPlaced, key=OrderPlaced.cart)],
    reentry=Always(),
    steps=[
        Wait(hours(1)),
        Send("reminder", via=["sms"], max_attempts=ATTEMPTS),
        Wait(hours(20)),
        Send("discount", via=["email"], max_attempts=ATTEMPTS),
    ],
)
workspace = Workspace(
    journeys=[welcome, cart],
    timezone="UTC",
    policy=Policy(
        consent={"email": "opt-in", "sms": "opt-in"},
        quiet_hours=[QuietHours(f"{QUIET_FROM:02}:00", f"{QUIET_UNTIL:02}:00")],
        caps=[FrequencyCap(CAP, per=timedelta(days=7))],
    ),
)
WELCOME_WAITS = {("one", "two"): 24 * HOUR, ("two", "three"): 48 * HOUR}

ActionKind = Literal["identify", "sign_up", "cart", "order", "withdraw", "grant"]


@dataclass(slots=True)
class Action:
    """Something that the host tells of a customer, until it is told that it was done.

    Attributes:
        at: When it is told first; in micros.
        what: Channel, or id of a cart.
        called: True time of the first attempt; None before it.
        done: True time at which the call returned; None before it.
    """

    at: int
    kind: ActionKind
    what: str = ""
    called: int | None = None
    done: int | None = None


@dataclass(slots=True)
class Person:
    """A customer, and what is told of it in this order."""

    id: str
    actions: list[Action] = field(default_factory=list)
    place: int = 0


def people_of(dice: Dice, number: int, start: int, span: int) -> list[Person]:
    """Return customers whose actions spread over a span of time."""
    people = []
    for count in range(number):
        person = Person(f"customer-{count:03}")
        at = start + dice.between(0, 2 * HOUR)
        person.actions.append(Action(at, "identify"))
        todo: list[tuple[ActionKind, str]] = [("sign_up", "")]
        for cart_number in range(dice.between(0, 4)):
            todo.append(("cart", f"c{cart_number}"))
            if dice.chance(500_000):
                todo.append(("order", f"c{cart_number}"))
        for place in range(dice.between(1, 4) if dice.chance(500_000) else 0):
            channel = dice.choose(("email", "sms", "sms"))
            if channel == "sms":  # a reminder is held for the night, when consent goes
                todo.append(("cart", f"night{place}"))
            todo += [("withdraw", channel), ("grant", channel)]
        for kind, what in todo:
            if kind == "cart" and (what.startswith("night") or dice.chance(200_000)):
                at = _next_clock(at, QUIET_FROM) + dice.between(0, HOUR)
            elif kind == "withdraw" and dice.chance(800_000):  # while held messages leave
                at = _next_clock(at, QUIET_UNTIL) + dice.between(0, SECOND // 2)
            else:
                spans = ((0, 2 * SECOND), (0, 3 * MINUTE), (MINUTE, span // len(todo)))
                at += dice.between(*dice.choose(spans))
            person.actions.append(Action(at, kind, what))
        people.append(person)
    return people


def _next_clock(at: int, hour: int) -> int:
    """Return the next time at which it is this hour, in UTC."""
    today = at - at % DAY + hour * HOUR
    return today if today > at else today + DAY


def host(person: Person, rules: Rules) -> Any:
    """Return the program of the process that tells about one customer."""

    def program(process: Process) -> Task:
        while person.place < len(person.actions):
            action = person.actions[person.place]
            yield Pause(action.at)
            if action.called is None:
                action.called = process.world.now
            try:
                yield from _tell(rules, process, person.id, action, person.place)
            except JourneykitError:  # nobody knows whether it was done: tell it again
                yield Pause(process.world.now + process.world.dice.between(SECOND, 20 * SECOND))
                continue
            action.done = process.world.now
            person.place += 1

    return program


def _tell(
    rules: Rules, process: Process, customer_id: str, action: Action, place: int
) -> Generator[Any, Any, None]:
    now = process.ports.now()
    signals: list[Signal] = []
    match action.kind:
        case "identify":
            signals = [read_profile(rules, {}, now)]
            signals += [ConsentTold(now, name, "", True, "host") for name in ("email", "sms")]
        case "withdraw" | "grant":
            signals = [ConsentTold(now, action.what, "", action.kind == "grant", "host")]
        case "sign_up" | "cart" | "order":
            event: Event = SignedUp()
            if action.kind != "sign_up":
                cls = CartUpdated if action.kind == "cart" else OrderPlaced
                event = cls(cart=action.what)
            reported = read_event(
                rules, customer_id, event, None, id=f"e{place}", occurred_at=None, now=now
            )
            (answer,) = yield from report(rules, [reported])
            if isinstance(answer, JourneykitError):
                raise answer
            return
    arrival = Arrival(customer_id, signals, creates=action.kind == "identify")
    yield from ingest(rules, [arrival])
    if action.kind == "withdraw":
        yield from let_hands_finish(customer_id)


def worker(rules: Rules, batch: int) -> Any:
    """Return the program of a worker: it works, and goes on whatever fails."""

    def program(process: Process) -> Task:
        world: World = process.world
        process.ports.store.recover(process.name)
        pace = Pace(batch)
        while True:
            try:
                now = process.ports.now()
                counts = TickCounts()
                busy = yield from turn(rules, now, pace, LEASE, counts)
                world.failures += counts.failures
            except JourneykitError:
                process.ports.hands = Hands()
                yield Pause(world.now + world.dice.between(SECOND // 10, 3 * SECOND))
                continue
            if not busy:
                due = process.ports.store.next_due()
                far = world.now + LONGEST_REST
                yield Pause(far if due is None else min(far, due - process.offset), wakes=True)

    return program
