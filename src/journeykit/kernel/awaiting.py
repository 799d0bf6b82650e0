"""Has what a run waits for come? Several things at once, cases, and events to be collected.

Where a run waits for the first of some events, and for nothing else, `arriving` answers alone.

Keeps true:
    * of what one input brings, or is there when the step is reached, the first in the order
      of the author counts;
    * what is remembered of a step is forgotten when the step is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from journeykit.kernel import journal as j
from journeykit.kernel.digesting import collect
from journeykit.kernel.fold_runs import latch_of
from journeykit.kernel.signals import EventArrived
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import AwaitPlan, CompiledStep, Hearing, Listener


def concerns(turn: Turn, run: Enrollment, listener: Listener) -> bool:
    """Tell whether the event at hand is about this run: its key, and what must hold of it."""
    if listener.key is not None and listener.key(turn) != run.key:
        return False
    return listener.guard is None or listener.guard(turn)


def come(
    turn: Turn,
    run: Enrollment,
    step: CompiledStep,
    arrived: Collection[int] = (),
    *,
    is_new: bool = False,
) -> str | None:
    """Return the outcome by which `run` leaves a `WaitFor` of several kinds, or None.

    Args:
        arrived: Places of what the input at hand brings.
        is_new: Whether the step leads to itself: what came for it so far is used up.
    """
    plan: AwaitPlan = step.awaiting
    reading = turn.read_run(run)
    latched = () if is_new else run.latched
    for place, one in enumerate(plan.awaited):
        is_there = (
            place in arrived
            or latch_of(step.id, place) in latched
            or (one.guard is not None and one.guard(reading))
        )
        if is_there is not plan.needs_all:
            return None if plan.needs_all else one.outcome
    return "event" if plan.needs_all else None


def needs_only_conditions(run: Enrollment, step: CompiledStep) -> bool:
    """Tell whether nothing but conditions is missing for a run to leave its `WaitFor`."""
    plan: AwaitPlan = step.awaiting
    return not plan.needs_all or all(
        one.guard is not None or latch_of(step.id, place) in run.latched
        for place, one in enumerate(plan.awaited)
    )


def arrives(turn: Turn, run: Enrollment, step: CompiledStep, arrived: Iterable[int]) -> str:
    """Take what an input brings to the step at which `run` stands; return the outcome, or ""."""
    places = tuple(arrived)
    if not places:
        return ""
    if step.awaiting.needs_all:
        for place in places:
            if latch_of(step.id, place) not in run.latched:
                turn.emit(j.Latched(turn.stamp, run.id, step.id, place))
    return come(turn, run, step, places) or ""


def gather(
    turn: Turn, run: Enrollment, here: CompiledStep, hearing: Hearing, event: EventArrived
) -> str:
    """Let a run hear an event where more is to be done than to go on, or to remember it.

    Returns:
        The outcome by which the run leaves the step at which it stands, or "".
    """
    outcome = ""
    if hearing.here and (here.since_entry or event.occurred >= run.at):
        places = [n for n, one in enumerate(hearing.here) if concerns(turn, run, one)]
        if here.awaiting is not None:
            heard = [hearing.here[n] for n in places]
            outcome = arrives(turn, run, here, _places(here.awaiting, heard))
        elif places:
            outcome = collect(turn, run, here, event.data) if here.kind == "digest" else "event"
    for step, listener in hearing.ahead:
        if concerns(turn, run, listener):
            _remember(turn, run, step, listener, event)
    return outcome


def _places(plan: AwaitPlan, heard: Collection[Listener]) -> Iterable[int]:
    return (n for n, one in enumerate(plan.awaited) if one.listener in heard)


def _remember(
    turn: Turn, run: Enrollment, step: CompiledStep, listener: Listener, event: EventArrived
) -> None:
    """Keep an event for a step that the run has not reached yet (rule O7)."""
    if step.kind == "digest":
        collect(turn, run, step, event.data, ahead=True)
        return
    place = None
    if step.awaiting is not None:
        (place,) = _places(step.awaiting, [listener])
    if latch_of(step.id, place) not in run.latched:
        turn.emit(j.Latched(turn.stamp, run.id, step.id, place))
