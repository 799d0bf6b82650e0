"""How do entries about runs change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import (
    CustomerState,
    Enrollment,
    History,
    history_key,
)
from journeykit.machine import START


def _entered(state: CustomerState, entry: j.Entered) -> None:
    state.enrollments[entry.enrollment] = Enrollment(
        entry.enrollment,
        entry.journey,
        entry.version,
        START,
        entry.entered,
        entry.event,
        entry.key,
        entry.data,
        at=entry.at,
    )
    key = history_key(entry.journey, entry.key)
    past = state.history.get(key)
    if past is None:
        state.history[key] = History(entry.entered)
    else:
        past.entered = max(past.entered, entry.entered)
        past.entries += 1


def _moved(state: CustomerState, entry: j.Moved) -> None:
    move_run(state.enrollments[entry.enrollment], entry)


def move_run(run: Enrollment, entry: j.Moved) -> None:
    """Apply the commonest entry to its run; the kernel, which has the run, calls it at once."""
    if entry.passed is not None:
        run.passed[run.step] = entry.passed
    if run.latched and run.step in run.latched:  # O7: cleared when the step is left
        run.latched.remove(run.step)
    run.step = entry.step
    if run.due != entry.due:  # asking is cheaper than setting, and most moves change nothing here
        run.due = entry.due
    if run.message is not None:
        run.message = None
    if run.at != entry.at:
        run.at = entry.at


def _rescheduled(state: CustomerState, entry: j.Rescheduled) -> None:
    state.enrollments[entry.enrollment].due = entry.due


def _foreseen(state: CustomerState, entry: j.Foreseen) -> None:
    state.enrollments[entry.enrollment].leaves = entry.leaves


def _latched(state: CustomerState, entry: j.Latched) -> None:
    state.enrollments[entry.enrollment].latched.append(entry.step)


def _met(state: CustomerState, entry: j.Met) -> None:
    state.enrollments[entry.enrollment].met.append(entry.goal)


def _ended(state: CustomerState, entry: j.Ended) -> None:
    del state.enrollments[entry.enrollment]


RUNS: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Entered: _entered,
    j.Moved: _moved,
    j.Rescheduled: _rescheduled,
    j.Foreseen: _foreseen,
    j.Latched: _latched,
    j.Met: _met,
    j.Ended: _ended,
}
