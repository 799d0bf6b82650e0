"""What do many steps, many journeys and many runs cost?

First: a journey of 200 steps is drawn and compiled, against `transitions` building the very
same machine from the same states and arrows and doing nothing else.

Second: `advance` on an event that concerns nobody: no entry of any journey, no open run of the
customer. The limit looks the event's type up in a dictionary, makes the journal entry that such
an event has (an event that concerns nobody is journaled too) and applies it to the state; both
sides write the entry as bytes, as a store has to. Then the same workspace with 10, 100 and 1,000
journeys that the event does not concern, against one; the customer stands in one of them. Once
more with an event of a type that every one of these journeys waits for, and nobody does.

Third: `advance` on a customer with 100 open runs, one for each key, that an event of one key
moves on by one step, against a customer with one open run whom the same event moves. Decoding
is left out on both sides: before each event both documents are decoded, so that both find the
processor's caches as the larger one left them.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import Any

from _bench import best_of, report
from transitions import Machine

from journeykit import (
    Arm,
    Branch,
    Event,
    Goal,
    Goto,
    Journey,
    On,
    Policy,
    Profile,
    Send,
    Set,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    days,
    hours,
)
from journeykit.kernel import (
    CustomerState,
    EventArrived,
    advance,
    decode_state,
    encode_entries,
    encode_state,
)
from journeykit.kernel import journal as j
from journeykit.kernel.fold import apply
from journeykit.machine import compile_journey, compile_workspace
from journeykit.model.graph import draw

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC, a Monday
SECOND = 1_000_000


class Begun(Event):
    n: int = 0


class Answered(Event):
    case: str


class Bought(Event):
    amount: int


class Viewed(Event):
    page: str


class Member(Profile):
    plan: str = ""


# ---- 200 steps


def _block(number: int) -> list[Any]:
    """Ten steps of all sorts."""
    return [
        Send(f"news_{number}", via=["email"]),
        Wait(days(1)),
        WaitFor(
            On(Answered, where=Answered.case == f"c{number}"),
            timeout=days(2),
            on_timeout=[Send(f"reminder_{number}", via=["email"])],
        ),
        Branch(
            When(Member.plan == "pro", [Wait(hours(2)), Send(f"pro_{number}", via=["email"])]),
            otherwise=[WaitUntil(at="09:00")],
        ),
        Split(Arm("a", 1, [Set(Member.plan, "a")]), Arm("b", 1)),
    ]


long = Journey(
    "long",
    entry=On(Begun),
    goal=Goal(On(Bought, where=Bought.amount > 10)),
    steps=[step for number in range(20) for step in _block(number)],
)
COMPILES = 1


def compiled_per_second() -> float:
    start = perf_counter()
    for _ in range(COMPILES):
        draw(long.steps)
        compile_journey(long)
    return COMPILES / (perf_counter() - start)


def built_per_second() -> float:
    states = list(long.graph.states)
    arrows = [
        {"trigger": outcome, "source": state.id, "dest": target}
        for state in long.graph.states.values()
        for outcome, target in state.outcomes.items()
    ]
    start = perf_counter()
    for _ in range(COMPILES):
        Machine(
            model=None, states=states, transitions=arrows, initial="start", auto_transitions=False
        )
    return COMPILES / (perf_counter() - start)


# ---- an event that concerns nobody

EVENTS = 300


def _journey(number: int) -> Journey:
    case = Answered.case == str(number)
    return Journey(
        f"journey-{number}",
        entry=On(Begun, where=Begun.n == number),
        goal=Goal(On(Bought, where=Bought.amount > number)),
        steps=[WaitFor(On(Answered, where=case), timeout=days(30)), Send("thanks", via=["email"])],
    )


def workspace_of(count: int) -> Workspace:
    return Workspace(
        journeys=[_journey(number) for number in range(count)],
        events=[Viewed],
        profile=Member,
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out"}),
    )


def standing_in_one(rules: Any) -> CustomerState:
    """Return a customer who waits in the first journey."""
    state = CustomerState("ann")
    advance(rules, state, [EventArrived(NOW, "begun", {"n": 0}, NOW, "begun")], NOW)
    assert len(state.enrollments) == 1
    return state


def arrivals(name: str, data: dict[str, Any]) -> list[EventArrived]:
    """Return events of one type, a microsecond apart."""
    return [EventArrived(at, name, data, at, f"e-{at}") for at in range(NOW + 1, NOW + 1 + EVENTS)]


def unconcerned_per_second(rules: Any, standing: bytes, name: str, data: dict[str, Any]) -> float:
    state = decode_state(standing)
    arrived = arrivals(name, data)
    start = perf_counter()
    for event in arrived:
        decision = advance(rules, state, [event], event.received)
        encode_entries(decision.entries)
    took = perf_counter() - start
    assert len(decision.entries) == 1
    assert state.seq >= EVENTS
    return EVENTS / took


def looked_up_per_second() -> float:
    listeners: dict[str, list[str]] = {"begun": ["journey-0"], "answered": [], "bought": []}
    arrived = arrivals("viewed", {"page": "/"})
    state = CustomerState("ann")
    start = perf_counter()
    for event in arrived:
        if listeners.get(event.name) is None:
            entry = j.Received(event.received, event.name, event.id, event.occurred, event.data)
            apply(state, entry)
            encode_entries([entry])
    took = perf_counter() - start
    assert state.seq == EVENTS
    return EVENTS / took


# ---- many open runs

KEYS = 100


class Started(Event):
    case: str


class Replied(Event):
    case: str


class Closed(Event):
    case: str


case = Journey(
    "case",
    entry=On(Started, key=Started.case),
    goal=Goal(On(Closed, key=Closed.case)),
    steps=[
        WaitFor(On(Replied, key=Replied.case), timeout=days(30), since="step", label="one"),
        WaitFor(On(Replied, key=Replied.case), timeout=days(30), since="step", label="two"),
        Goto("one"),
    ],
)
cases = compile_workspace(
    Workspace(
        journeys=[case], timezone="Europe/Berlin", policy=Policy(consent={"email": "opt-out"})
    )
)


def in_cases(count: int) -> bytes:
    """Return the document of a customer with so many open runs."""
    state = CustomerState("ann")
    for number in range(count):
        data = {"case": str(number)}
        event = EventArrived(NOW + number, "started", data, NOW + number, f"s-{number}")
        advance(cases, state, [event], NOW + number)
    assert len(state.enrollments) == count
    return encode_state(state)


def moved_per_second(count: int, documents: dict[int, bytes]) -> float:
    """Return how often a customer with so many runs is moved: of its runs, each in turn."""
    took = 0.0
    at = NOW + SECOND
    last = [*(size for size in documents if size != count), count]
    for number in range(KEYS):
        event = EventArrived(at, "replied", {"case": str(number % count)}, at, "reply")
        decoded = [decode_state(documents[size]) for size in last]
        start = perf_counter()
        decision = advance(cases, decoded[-1], [event], at)
        took += perf_counter() - start
        assert len(decision.entries) == 2
        del decision  # and its state with it, while nobody takes the time
    return KEYS / took


VIEWED = ("viewed", {"page": "/"})
ANSWERED = ("answered", {"case": "none of these"})


def main() -> None:
    ratio, mine, limit = best_of(compiled_per_second, built_per_second, times=60)
    report(
        f"drawing and compiling {len(long.graph.states)} steps, against `transitions` building them",
        ratio=ratio, limit=round(limit), value=round(mine), unit="journeys per second", wanted=0.1,
    )  # fmt: skip
    sizes = (1, 10, 100, 1_000)
    many = [compile_workspace(workspace_of(size)) for size in sizes]
    waiting = [encode_state(standing_in_one(rules)) for rules in many]
    nobody = encode_state(CustomerState("ann"))
    for who, document in (("nobody waits", nobody), ("waiting in another journey", waiting[0])):
        ratio, mine, limit = best_of(
            partial(unconcerned_per_second, many[0], document, *VIEWED),
            looked_up_per_second,
            times=100,
        )
        report(
            f"an event that concerns nobody, {who}, against a look-up and its journal entry",
            ratio=ratio, limit=round(limit), value=round(mine), unit="events per second",
            wanted=0.2,
        )  # fmt: skip
    for size, rules, document in zip(sizes[1:], many[1:], waiting[1:], strict=True):
        for what, inside, event in (
            ("that none of them hears", document, VIEWED),
            ("that all of them hear and no run does", nobody, ANSWERED),
        ):
            first = waiting[0] if inside is document else nobody
            ratio, mine, limit = best_of(
                partial(unconcerned_per_second, rules, inside, *event),
                partial(unconcerned_per_second, many[0], first, *event),
                times=100,
            )
            report(
                f"an event {what}, beside {size} journeys, against one",
                ratio=ratio, limit=round(limit), value=round(mine), unit="events per second",
                wanted=0.9,
            )  # fmt: skip
    documents = {size: in_cases(size) for size in (1, KEYS)}
    ratio, mine, limit = best_of(
        partial(moved_per_second, KEYS, documents), partial(moved_per_second, 1, documents)
    )
    report(
        f"an event of one key to {KEYS} open runs, against one run",
        ratio=ratio, limit=round(limit), value=round(mine), unit="events per second", wanted=0.5,
    )  # fmt: skip


if __name__ == "__main__":
    main()
