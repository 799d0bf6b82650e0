"""Whose wait is over, now that something has changed? Conditions are asked after every input."""

from __future__ import annotations

from journeykit.kernel.awaiting import come
from journeykit.kernel.moving import leave, leave_by_condition
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn


def ask_waits(turn: Turn) -> None:
    """Let those runs leave their `WaitFor` whose condition holds now, until none is left."""
    if not turn.rules.asks_waits:
        return
    while any(_ask(turn, run) for run in tuple(turn.state.enrollments.values())):
        leave_by_condition(turn)


def _ask(turn: Turn, run: Enrollment) -> bool:
    step = turn.table(run).steps[run.step]
    if step.awaiting is None or not step.awaiting.is_asked:
        return False
    outcome = come(turn, run, step)
    if outcome is not None:
        leave(turn, run, outcome, step)
    return outcome is not None
