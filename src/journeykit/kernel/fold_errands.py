"""How do entries about errands change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import CustomerState, Errand, Heard


def _requested(state: CustomerState, entry: j.Requested) -> None:
    state.errands[entry.errand] = Errand(
        entry.errand,
        entry.kind,
        entry.enrollment,
        entry.journey,
        entry.what,
        entry.data,
        entry.at,
        event=entry.event,
        key=entry.key,
        cause=entry.cause,
        received=entry.received,
        occurred=entry.occurred,
        late=entry.late,
    )
    if entry.kind != "entry":
        state.enrollments[entry.enrollment].asked += 1


def _overheard(state: CustomerState, entry: j.Overheard) -> None:
    heard = Heard(entry.event, entry.id, entry.received, entry.occurred, entry.data)
    state.errands[entry.errand].heard.append(heard)


def _postponed(state: CustomerState, entry: j.Postponed) -> None:
    errand = state.errands[entry.errand]
    errand.until = entry.until
    errand.attempts += entry.reason in ("call_failed", "rate_limit")


def _parked(state: CustomerState, entry: j.Parked) -> None:
    errand = state.errands[entry.errand]
    errand.until = None
    errand.attempts += 1
    errand.parked, errand.error = entry.at, entry.error


def _retried(state: CustomerState, entry: j.Retried) -> None:
    errand = state.errands[entry.errand]
    errand.until, errand.attempts = entry.at, 0
    errand.parked, errand.error = None, ""


def _settled(state: CustomerState, entry: j.Settled) -> None:
    if entry.late:
        return
    errand = state.errands.pop(entry.errand)
    if entry.result is not None and entry.data is not None:
        state.enrollments[errand.enrollment].answers[entry.result] = entry.data


def _recalled(state: CustomerState, entry: j.Recalled) -> None:
    del state.errands[entry.errand]


ERRANDS: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Requested: _requested,
    j.Overheard: _overheard,
    j.Postponed: _postponed,
    j.Parked: _parked,
    j.Retried: _retried,
    j.Settled: _settled,
    j.Recalled: _recalled,
}
