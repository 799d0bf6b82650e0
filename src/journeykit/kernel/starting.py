"""How does a run start another one? It asks, and stands until it knows what came of it."""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel.keys import enrollment_id
from journeykit.kernel.news import StartAsked
from journeykit.kernel.state import Enrollment
from journeykit.kernel.timing import reached_at
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, StartPlan, key_text
from journeykit.time import shift

TIMING_OUT = frozenset({"wait_for", "start_journey"})
"""The kinds of steps that time alone ends by the outcome `timeout`."""


def ask_to_start(turn: Turn, run: Enrollment, step: CompiledStep) -> None:
    """Ask for the run of a `StartJourney` step; it enters when what is at hand is done.

    Raises:
        InputError: The time-out lies beyond the calendar.
    """
    plan: StartPlan = step.plan
    due = None
    if plan.timeout is not None:
        due = shift(reached_at(turn, run), plan.timeout, turn.zone)
    reading = turn.read_run(run)
    value, data = plan.key(reading), plan.data.read(reading)
    key = None if value is None else key_text(value)
    cause = f"{run.id}/{step.id}/{turn.seq}"
    child = enrollment_id(turn.rules.seed, plan.journey, turn.state.id, key, cause)
    turn.emit(j.Started(turn.stamp, run.id, plan.journey, key, child, due))
    if due is not None and due < turn.soonest:
        turn.soonest = due
    taken = turn.taken.get(run.id, 0)
    turn.following.append(StartAsked(child, plan.journey, key, data, cause, taken))


def starter_of(turn: Turn, child: str) -> Enrollment | None:
    """Return the run that asked for the run `child`, if it is still open."""
    return next((run for run in turn.state.enrollments.values() if run.child == child), None)
