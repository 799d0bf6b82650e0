"""How fast does the kernel move a customer, against a bare look-up and against `transitions`?

First: one run of a journey of five `WaitFor` steps in a ring, each with a guard on its event.
A move is: find who listens to the event, ask the guard, find the new state, write the journal
entry and apply it. The limit is a loop that looks the next state up in a dictionary, for the
same events, and does nothing else. `advance`, which also journals the event itself, counts it, offers it to every
entry and works out what is due next, is printed beside it, and so is `transitions` at its
leanest.

Second: `advance` on a customer with three open runs that one event moves, under a whole policy,
against `transitions` firing the very same moves and doing nothing else; once where no message
is due, once where each run sends one on each lap of four moves and every rule is judged.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

from _bench import best_of, report
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
from journeykit.kernel.moving import leave
from journeykit.kernel.turn import Turn
from journeykit.machine import compile_workspace, journey_machine

NOW = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC, a Monday
SECOND = 1_000_000
MOVES = 5_000
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
        turn.event = event.data
        here = table.steps[run.step]
        hearing = here.hears.get(event.name) or table.hearing(here, event.name)
        if hear(turn, run, here, hearing, event):
            leave(turn, run, "event", here)
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
    arrived = events(MOVES)
    state = "s0"
    start = perf_counter()
    for event in arrived:
        state = table[state, event.name]
    took = perf_counter() - start
    assert state == "s0"
    return MOVES / took


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

THREE = (Hop0, Hop1, Hop2)


def _ring(name: str, *, sends: bool) -> Journey:
    waits = [
        WaitFor(On(hop, where=hop.n >= 0), timeout=hours(24), label=f"s{number}")  # type: ignore[attr-defined]
        for number, hop in enumerate(THREE)
    ]
    message = [Send("news", via=["email"], topic="news")] if sends else []
    return Journey(name, entry=On(Begun), steps=[*waits, *message, Goto("s0")])


def _busy(*, sends: bool) -> Workspace:
    return Workspace(
        journeys=[_ring(name, sends=sends) for name in ("a", "b", "c")],
        timezone="Europe/Berlin",
        policy=Policy(
            consent={"email": "opt-out", "sms": "opt-in"},
            topics=["news"],
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


QUIET, SENDING = _busy(sends=False), _busy(sends=True)
LAPS = 8
REPEATS = 30
Move = tuple[str, str, str]  # journey, source, outcome


def _laps(workspace: Workspace) -> tuple[float, list[Move]]:
    """Take all three runs `LAPS` times around; return seconds in `advance`, and the moves."""
    rules, state = entered(workspace)
    places = {run.id: (run.journey, run.step) for run in state.enrollments.values()}
    moves: list[Move] = []
    took, now = 0.0, NOW
    for _ in range(LAPS):
        for number in range(len(THREE)):
            now += SECOND
            signal = EventArrived(now, f"hop{number}", {"n": 1}, now, f"e-{now}")
            took += _timed(rules, state, [signal], now, places, moves)
        if state.messages:
            answers = [
                ChannelAnswered(
                    now, message.id, "email", "ann", "accepted", journey=message.journey
                )
                for message in state.messages.values()
            ]
            took += _timed(rules, state, answers, now, places, moves)
    return took, moves


def _timed(
    rules: Any,
    state: CustomerState,
    signals: list[Any],
    now: int,
    places: dict[str, tuple[str, str]],
    moves: list[Move],
) -> float:
    start = perf_counter()
    decision = advance(rules, state, signals, now)
    took = perf_counter() - start
    for entry in decision.entries:
        if isinstance(entry, j.Moved):
            journey, source = places[entry.enrollment]
            moves.append((journey, source, entry.outcome))
            places[entry.enrollment] = (journey, entry.step)
    return took


def busy_moves_per_second(workspace: Workspace) -> float:
    laps = [_laps(workspace) for _ in range(REPEATS)]
    return sum(len(moves) for _, moves in laps) / sum(took for took, _ in laps)


def same_moves_by_transitions(workspace: Workspace) -> float:
    _, moves = _laps(workspace)
    machines = {journey.name: journey_machine(journey) for journey in workspace.journeys}
    steps = [
        (machines[name].events[outcome].trigger, Cursor(source)) for name, source, outcome in moves
    ]
    took = 0.0
    for _ in range(REPEATS):
        for (_, cursor), (_, source, _) in zip(steps, moves, strict=True):
            cursor.state = source
        start = perf_counter()
        for fire, cursor in steps:
            fire(cursor)
        took += perf_counter() - start
    return REPEATS * len(steps) / took


def main() -> None:
    ratio, mine, limit = best_of(moves_per_second, lookups_per_second)
    report(
        "moves through the compiled table, against a dictionary look-up",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second", wanted=0.1,
        aim=0.25,
    )  # fmt: skip
    ratio, mine, limit = best_of(advanced_per_second, lookups_per_second)
    report(
        "the same by `advance`, each event journaled too",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second",
    )  # fmt: skip
    ratio, mine, limit = best_of(transitions_per_second, lookups_per_second)
    report(
        "the same by `transitions` at its leanest, for scale",
        ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second",
    )  # fmt: skip
    for what, workspace in (("nothing to send", QUIET), ("a message each lap", SENDING)):
        ratio, mine, limit = best_of(
            partial(busy_moves_per_second, workspace), partial(same_moves_by_transitions, workspace)
        )
        report(
            f"`advance` with three open runs and a whole policy, {what}, against `transitions`",
            ratio=ratio, limit=round(limit), value=round(mine), unit="moves per second", wanted=3,
        )  # fmt: skip


if __name__ == "__main__":
    main()
