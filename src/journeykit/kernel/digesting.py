"""What does a `Digest` collect, and until when? (rule O7)"""

from __future__ import annotations

from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, DigestPlan, Table
from journeykit.time import shift


def collect(
    turn: Turn, run: Enrollment, step: CompiledStep, data: dict[str, Any], *, ahead: bool = False
) -> str:
    """Add an event to the list of a digest; return its outcome where it is full now, else "".

    Args:
        ahead: Whether the run has not reached the step yet. A list that is full takes no more.
    """
    plan: DigestPlan = step.plan
    before = count(run, step)
    if before >= plan.at_most:
        return ""
    due = None if ahead else _due(turn, run, plan)
    turn.emit(j.Collected(turn.stamp, run.id, step.id, data, due))
    return "done" if not ahead and before + 1 >= plan.at_most else ""


def digest_ends(turn: Turn, run: Enrollment, step: CompiledStep, start: int) -> int:
    """Return when a digest ends that is reached at `start`: at once, where its list is full."""
    plan: DigestPlan = step.plan
    is_new = run.step == step.id  # it leads to itself: what it has collected so far is done
    if not is_new and count(run, step) >= plan.at_most:
        return start
    return shift(start, plan.window, turn.zone)


def count(run: Enrollment, step: CompiledStep) -> int:
    """Return how many events the next list of a digest has so far."""
    gathered = run.collected.get(step.id)
    return 0 if gathered is None else len(gathered.open)


def _due(turn: Turn, run: Enrollment, plan: DigestPlan) -> int | None:
    """Return the new end of a window that slides; None where it stays."""
    if plan.longest is None or run.due is None:
        return None
    last = shift(run.at, plan.longest, turn.zone)
    return max(run.due, min(shift(turn.now, plan.window, turn.zone), last))


def collect_trigger(turn: Turn, run: Enrollment, table: Table) -> None:
    """Begin the lists of a run with its trigger, where that is what they collect."""
    for step, listener in table.digests.get(run.event, ()):
        turn.event = run.data
        turn.read_run(run)
        is_its_own = listener.key is None or listener.key(turn) == run.key
        if is_its_own and (listener.guard is None or listener.guard(turn)):
            collect(turn, run, step, run.data, ahead=True)
