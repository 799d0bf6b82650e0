"""Whose exit condition holds, and whose will hold by time alone? (rule E2)"""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel.moving import end_run
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn


def leave_by_condition(turn: Turn) -> None:
    """End the runs whose exit condition holds now."""
    if not turn.rules.leaves_by_condition:
        return
    for run in tuple(turn.state.enrollments.values()):
        conditions = turn.table(run).exit_conditions
        if conditions:
            reading = turn.read_run(run)
            if any(guard(reading) for guard in conditions):
                end_run(turn, run, "exited", "exit_condition")


def foresee(turn: Turn) -> None:
    """Keep with each run when its exit condition will hold if nothing but time passes."""
    for run in turn.state.enrollments.values():
        leaves = _leaves(turn, run)
        if leaves != run.leaves:
            turn.emit(j.Foreseen(turn.stamp, run.id, leaves))


def _leaves(turn: Turn, run: Enrollment) -> int | None:
    reading = turn.read_run(run)
    instants = [timed.holds_from(reading) for timed in turn.table(run).timed_exits]
    return min((at for at in instants if at is not None), default=None)
