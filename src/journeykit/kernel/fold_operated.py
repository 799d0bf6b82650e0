"""How do entries about what operators did change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import CustomerState


def _migrated(state: CustomerState, entry: j.Migrated) -> None:
    run = state.enrollments[entry.enrollment]
    run.version = entry.version
    run.step = entry.step
    run.results = dict(entry.results)
    run.latched = list(entry.latched)
    run.passed = dict(entry.passed)
    run.met = list(entry.met)
    run.spared = list(entry.spared)
    if entry.via and run.message is not None:
        state.messages[run.message].via = entry.via


def _spared(state: CustomerState, entry: j.Spared) -> None:
    state.enrollments[entry.enrollment].spared.remove(entry.step)


OPERATED: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Migrated: _migrated,
    j.Spared: _spared,
}
