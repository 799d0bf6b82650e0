"""How fast does the kernel move a customer, against a bare look-up and against `transitions`?

First: one run of a journey of five `WaitFor` steps in a ring, each with a guard on its event.
A move is: find who listens to the event, ask the guard, find the new state, write the journal
entry and apply it. The limit is a loop that looks the next state up in a dictionary and does
nothing else. `advance`, which also journals the event itself, counts it, offers it to every
entry and works out what is due next, is printed beside it, and so is `transitions` at its
leanest.

Second: `advance` on a customer with three open runs, every rule of a whole policy judged on
each message, against `transitions` firing the very same moves and doing nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import Any

from _bench import report, rounds
from transitions import Machine

from journeykit import (
    Event,
    FrequencyCap,
    Goto,
    Journey,
    On,
    Policy,
    QuietHours,
    Send,
    WaitFor,
    Workspace,
    hours,
)
from journeykit.kernel import ChannelAnswered, CustomerState, EventArrived, advance
from journeykit.kernel import journal as j
from journeykit.kernel.arriving import hear
from journeykit.kernel.turn import Turn
from journeykit.machine import compile_workspace, journey_machine

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC, a Monday
SECOND = 1_000_000
MOVES = 20_000
RING = 5


class Begun(Event):
    pass


class Hop0(Event):
    n: int


class Hop1(Event):
    n: int


class Hop2(Event):
    n: int


class Hop3(Event):
    n: int


class Hop4(Event):
    n: int


HOPS = (Hop0, Hop1, Hop2, Hop3, Hop4)

ring = Journey(
    "ring",
    entry=On(Begun),
    steps=[
        *(
            WaitFor(On(hop, where=hop.n >= 0), timeout=hours(24), label=f"s{number}")  # type: ignore[attr-defined]
            for number, hop in enumerate(HOPS)
        ),
        Goto("s0"),
    ],
)
plain = Workspace(journeys=[ring], timezone="Europe/Berlin", max_steps=1_000_000)


def entered(workspace: Workspace) -> tuple[Any, CustomerState]:
    """Return the rules and a customer who has just entered every journey."""
    rules = compile_workspace(workspace)
    state = CustomerState("ann")
    advance(rules, state, [EventArrived(NOW, "begun", {}, NOW, "begun-1")], NOW)
    return rules, state


def events(count: int) -> list[EventArrived]:
    """Return events that each move the ring by one."""
    return [
        EventArrived(NOW + n, f"hop{n % RING}", {"n": 1}, NOW + n, f"e-{n}") for n in range(count)
    ]


def moves_per_second() -> float:
    rules, state = entered(plain)
    turn = Turn(rules, state, None, NOW)
    arrived = events(MOVES)
    table = rules.current["ring"]
    (run,) = state.enrollments.values()
    start = perf_counter()
    for event in arrived:
        hear(turn, run, table.steps[run.step], table.hears[event.name], event)
    took = perf_counter() - start
    assert sum(type(entry) is j.Moved for entry in turn.entries) == MOVES
    return MOVES / took


def advanced_per_second() -> float:
    rules, state = entered(plain)
    arrived = events(MOVES)
    start = perf_counter()
    decision = advance(rules, state, arrived, NOW + MOVES)
    took = perf_counter() - start
    assert sum(type(entry) is j.Moved for entry in decision.entries) == MOVES
    return MOVES / took


def lookups_per_second() -> float:
    table = {(f"s{n}", f"hop{n}"): f"s{(n + 1) % RING}" for n in range(RING)}
    names = [f"hop{n % RING}" for n in range(MOVES * 10)]
    state = "s0"
    start = perf_counter()
    for name in names:
        state = table[state, name]
    took = perf_counter() - start
    assert state == "s0"
    return len(names) / took


class Cursor:
    """The leanest thing that `transitions` can move: one slot, registered nowhere."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


def transitions_per_second() -> float:
    states = [f"s{n}" for n in range(RING)]
    arrows = [
        {"trigger": f"hop{n}", "source": f"s{n}", "dest": f"s{(n + 1) % RING}"} for n in range(RING)
    ]
    machine = Machine(
        model=None, states=states, transitions=arrows, initial="s0", auto_transitions=False
    )
    cursor = Cursor("s0")
    fire = [machine.events[f"hop{n}"].trigger for n in range(RING)]
    start = perf_counter()
    for n in range(MOVES):
        fire[n % RING](cursor)
    took = perf_counter() - start
    assert cursor.state == f"s{MOVES % RING}"
    return MOVES / took


# ---- a customer with three open runs, and a whole policy


def _circuit(name: str, first: type[Event], second: type[Event], third: type[Event]) -> Journey:
    return Journey(
        name,
        entry=On(Begun),
        steps=[
            WaitFor(On(first, where=first.n >= 0), timeout=hours(24), label="first"),  # type: ignore[attr-defined]
            WaitFor(On(second, where=second.n >= 0), timeout=hours(24), label="second"),  # type: ignore[attr-defined]
            WaitFor(On(third, where=third.n >= 0), timeout=hours(24), label="third"),  # type: ignore[attr-defined]
            Send("news", via=["email"], topic="news", label="news"),
            Goto("first"),
        ],
    )


busy = Workspace(
    journeys=[_circuit(name, Hop0, Hop1, Hop2) for name in ("a", "b", "c")],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-out", "sms": "opt-in"},
        quiet_hours=[
            QuietHours("21:00", "08:00"),
            QuietHours("12:00", "13:00", days=["sun"], channels=["email"]),
        ],
        caps=[
            FrequencyCap(100, per=timedelta(days=7)),
            FrequencyCap(100, per="day", channels=["email"]),
            FrequencyCap(100, per="month", topics=["news"]),
        ],
    ),
    max_steps=1_000_000,
)
CIRCUITS = 8


def _circuits() -> tuple[float, list[tuple[str, str, str]]]:
    """Return seconds for `CIRCUITS` rounds of all three runs, and the moves made."""
    rules, state = entered(busy)
    where = {run.id: "first" for run in state.enrollments.values()}
    journeys = {run.id: run.journey for run in state.enrollments.values()}
    moves: list[tuple[str, str, str]] = []
    took, now = 0.0, NOW
    for _ in range(CIRCUITS):
        for number in range(3):
            now += SECOND
            signal = EventArrived(now, f"hop{number}", {"n": 1}, now, f"e-{now}")
            took += _advance(rules, state, [signal], now, where, journeys, moves)
        answers = [
            ChannelAnswered(now, message.id, "email", "ann", "accepted", journey=message.journey)
            for message in state.messages.values()
        ]
        assert len(answers) == 3
        took += _advance(rules, state, answers, now, where, journeys, moves)
    return took, moves


def _advance(
    rules: Any,
    state: CustomerState,
    signals: list[Any],
    now: int,
    where: dict[str, str],
    journeys: dict[str, str],
    moves: list[tuple[str, str, str]],
) -> float:
    start = perf_counter()
    decision = advance(rules, state, signals, now)
    took = perf_counter() - start
    for entry in decision.entries:
        if isinstance(entry, j.Moved):
            moves.append((journeys[entry.enrollment], where[entry.enrollment], entry.outcome))
            where[entry.enrollment] = entry.step
    return took


def busy_moves_per_second() -> float:
    took, moves = 0.0, 0
    for _ in range(40):
        seconds, made = _circuits()
        took, moves = took + seconds, moves + len(made)
    return moves / took


def same_moves_by_transitions() -> float:
    _, moves = _circuits()
    machines = {name: journey_machine(journey) for name, journey in _by_name(busy).items()}
    steps = [
        (machines[name].events[outcome].trigger, Cursor(source)) for name, source, outcome in moves
    ]
    rounds_of_it = 40
    took = 0.0
    for _ in range(rounds_of_it):
        for (_, cursor), (_, source, _) in zip(steps, moves, strict=True):
            cursor.state = source
        start = perf_counter()
        for fire, cursor in steps:
            fire(cursor)
        took += perf_counter() - start
    return rounds_of_it * len(steps) / took


def _by_name(workspace: Workspace) -> dict[str, Journey]:
    return {journey.name: journey for journey in workspace.journeys}


def main() -> None:
    ratio, mine, limit = rounds(moves_per_second, lookups_per_second)
    report(
        "moves through the compiled table, against a dictionary look-up",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second", wanted=0.1,
        aim=0.25,
    )  # fmt: skip
    ratio, mine, limit = rounds(advanced_per_second, lookups_per_second)
    report(
        "the same by `advance`, each event journaled too",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second",
    )  # fmt: skip
    ratio, mine, limit = rounds(transitions_per_second, lookups_per_second)
    report(
        "the same by `transitions` at its leanest, for scale",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second",
    )  # fmt: skip
    ratio, mine, limit = rounds(busy_moves_per_second, same_moves_by_transitions)
    report(
        "`advance` with three open runs and a whole policy, against the moves by `transitions`",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second", wanted=3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
