"""What does a `WaitFor` of several kinds wait for, and a `Digest` collect? Compiled once.

A `WaitFor` for the first of some events needs none of this: its listeners say all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from journeykit.machine.crossings import TimedGuard, timed_guard
from journeykit.machine.guards import Guard, Reading, compile_condition
from journeykit.machine.table import CompiledStep, Listener, Table
from journeykit.model import Digest, On, Receipt, WaitFor
from journeykit.time import Duration

MOST_WINDOWS = 10
"""How many of its windows a sliding digest lasts at most."""


class Awaited(NamedTuple):
    """One of the awaited: a listener, a guard that is asked, or a receipt that must come here."""

    outcome: str
    title: str
    listener: Listener | None = None
    guard: Guard | None = None
    receipt: tuple[str, str] | None = None


class AwaitPlan(NamedTuple):
    """One compiled `WaitFor` of several kinds.

    Attributes:
        timed: The conditions that time alone can make true.
        is_asked: Whether anything of it has to be asked after every input.
    """

    awaited: Sequence[Awaited]
    needs_all: bool
    timed: Sequence[TimedGuard]
    is_asked: bool

    @property
    def title(self) -> str:
        """What is awaited, in words."""
        titles = dict.fromkeys(one.title for one in self.awaited)
        return (" and " if self.needs_all else " or ").join(titles)


class DigestPlan(NamedTuple):
    """One compiled `Digest`; `longest` is set for a sliding one."""

    window: Duration
    at_most: int
    longest: Duration | None


def plan_wait_for(compiled: CompiledStep, step: WaitFor, listen: Callable[[On], Listener]) -> None:
    """Compile a `WaitFor`."""
    compiled.plan = step.timeout
    compiled.since_entry = step.since == "entry"
    if step.is_plain:
        compiled.awaits = tuple(listen(on) for on in step.on if isinstance(on, On))
        compiled.elapsed = None if step.timeout.is_calendar else step.timeout.micros
        return
    awaited: list[Awaited] = []
    timed: list[TimedGuard] = []
    for _, outcome, what in step.awaited:
        if isinstance(what, On):
            awaited.append(Awaited(outcome, what.event, listener=listen(what)))
        elif isinstance(what, Receipt):
            title, receipt = f"{what.of} {what.receipt}", (what.of, what.receipt)
            if step.since == "entry":
                awaited.append(Awaited(outcome, title, guard=receipt_guard(*receipt)))
            else:
                awaited.append(Awaited(outcome, title, receipt=receipt))
        else:
            guard = compile_condition(what, incoming=None)
            awaited.append(Awaited(outcome, "a condition", guard=guard))
            by_time = timed_guard(what, guard)
            timed += [] if by_time is None else [by_time]
    compiled.awaits = tuple(one.listener for one in awaited if one.listener is not None)
    guards = [one.guard for one in awaited if one.guard is not None]
    needs_all = step.need == "all"
    if needs_all and len(guards) > 1:
        timed = [TimedGuard(_together(guards), alone.crossings) for alone in timed]
    compiled.awaiting = AwaitPlan(awaited, needs_all, timed, bool(guards))


def _together(guards: Sequence[Guard]) -> Guard:
    return lambda reading: all(guard(reading) for guard in guards)


def receipt_guard(step: str, what: str) -> Guard:
    """Return a guard that tells whether the latest message of a step has a receipt."""

    def guard(reading: Reading) -> bool:
        return what in reading.run.receipts.get(step, ())

    return guard


def plan_digest(compiled: CompiledStep, step: Digest, listen: Callable[[On], Listener]) -> None:
    """Compile a `Digest`."""
    window = step.window
    longest = Duration(
        months=window.months * MOST_WINDOWS,
        days=window.days * MOST_WINDOWS,
        micros=window.micros * MOST_WINDOWS,
    )
    compiled.plan = DigestPlan(window, step.at_most, longest if step.sliding else None)
    compiled.awaits = (listen(step.on),)
    compiled.since_entry = True


def digests_of(steps: Iterable[CompiledStep]) -> dict[str, list[tuple[CompiledStep, Listener]]]:
    """Return the digests that may collect a trigger, with what they hear, by event type."""
    found: dict[str, list[tuple[CompiledStep, Listener]]] = {}
    for step in steps:
        if step.kind == "digest":
            (listener,) = step.awaits
            found.setdefault(listener.event, []).append((step, listener))
    return found


def asks_waits(tables: Iterable[Table]) -> bool:
    """Tell whether a wait of any run has to be asked after every input."""
    steps = (step for table in tables for step in table.steps.values())
    return any(step.awaiting is not None and step.awaiting.is_asked for step in steps)


def times_waits(table: Table) -> bool:
    """Tell whether time alone can end a wait that is not timed out."""
    return any(step.awaiting is not None and step.awaiting.timed for step in table.steps.values())
