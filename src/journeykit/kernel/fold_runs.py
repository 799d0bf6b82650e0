"""How do entries about runs change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import (
    CustomerState,
    Enrollment,
    Gathered,
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
        parent=entry.parent or None,
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
    if run.latched:
        _unlatch(run)
    if run.collected:
        _close_list(run)
    run.step = entry.step
    if run.due != entry.due:  # asking is cheaper than setting, and most moves change nothing here
        run.due = entry.due
    if run.message is not None:
        run.message = None
    if run.at != entry.at:
        run.at = entry.at


def latch_of(step: str, place: int | None) -> str:
    """Return what stands in `latched` for a step, or for one of the things it waits for."""
    return step if place is None else f"{step}#{place}"


def _unlatch(run: Enrollment) -> None:
    """Forget what came for the step that is left (O7)."""
    here, some = run.step, f"{run.step}#"
    run.latched = [one for one in run.latched if one != here and not one.startswith(some)]


def _close_list(run: Enrollment) -> None:
    """What the step that is left has collected is done; its next visit begins a new list."""
    known = run.collected.get(run.step)
    if known is not None:
        run.collected = {**run.collected, run.step: Gathered(known.open)}


def _rescheduled(state: CustomerState, entry: j.Rescheduled) -> None:
    state.enrollments[entry.enrollment].due = entry.due


def _foreseen(state: CustomerState, entry: j.Foreseen) -> None:
    state.enrollments[entry.enrollment].leaves = entry.leaves


def _latched(state: CustomerState, entry: j.Latched) -> None:
    state.enrollments[entry.enrollment].latched.append(latch_of(entry.step, entry.place))


def _collected(state: CustomerState, entry: j.Collected) -> None:
    run = state.enrollments[entry.enrollment]
    gathered = run.collected.get(entry.step)
    if gathered is None:
        gathered = run.collected[entry.step] = Gathered()
    gathered.open.append(entry.data)
    if entry.due is not None:
        run.due = entry.due


def _receipted(state: CustomerState, entry: j.Receipted) -> None:
    run = None if entry.enrollment is None else state.enrollments.get(entry.enrollment)
    if run is not None:
        told = run.receipts.setdefault(entry.step, [])
        if entry.receipt not in told:
            told.append(entry.receipt)


def _met(state: CustomerState, entry: j.Met) -> None:
    state.enrollments[entry.enrollment].met.append(entry.goal)


def _started(state: CustomerState, entry: j.Started) -> None:
    run = state.enrollments[entry.enrollment]
    run.child = entry.child
    run.due = entry.due


def _returned(state: CustomerState, entry: j.Returned) -> None:
    run = state.enrollments[entry.enrollment]
    run.results[run.step] = entry.status
    if entry.over:
        run.child = None


def _ended(state: CustomerState, entry: j.Ended) -> None:
    del state.enrollments[entry.enrollment]


RUNS: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Entered: _entered,
    j.Moved: _moved,
    j.Rescheduled: _rescheduled,
    j.Foreseen: _foreseen,
    j.Latched: _latched,
    j.Collected: _collected,
    j.Receipted: _receipted,
    j.Met: _met,
    j.Started: _started,
    j.Returned: _returned,
    j.Ended: _ended,
}
