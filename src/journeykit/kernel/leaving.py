"""Whose exit condition, or awaited condition, will hold by time alone? (rule E2)"""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel.awaiting import needs_only_conditions
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn


def foresee(turn: Turn) -> None:
    """Keep with each run when such a condition will hold if nothing but time passes."""
    for run in turn.state.enrollments.values():
        leaves = _leaves(turn, run)
        if leaves != run.leaves:
            turn.emit(j.Foreseen(turn.stamp, run.id, leaves))


def _leaves(turn: Turn, run: Enrollment) -> int | None:
    reading = turn.read_run(run)
    table = turn.table(run)
    instants = [timed.holds_from(reading) for timed in table.timed_exits]
    step = table.steps[run.step]
    if step.awaiting is not None and step.awaiting.timed and needs_only_conditions(run, step):
        now = turn.now
        instants += [
            now if timed.guard(reading) else timed.holds_from(reading)
            for timed in step.awaiting.timed
        ]
    return min((at for at in instants if at is not None), default=None)
