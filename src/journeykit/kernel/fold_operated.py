"""How do entries about what operators did change the state?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import convert

from journeykit.kernel import journal as j
from journeykit.kernel.state import CustomerState

T = TypeVar("T")


def _migrated(state: CustomerState, entry: j.Migrated) -> None:
    run = state.enrollments[entry.enrollment]
    run.version = entry.version
    run.step = entry.step
    for digest in entry.emptied:
        del run.collected[digest]
    if entry.untimed:
        run.due = None
    elif entry.due is not None:
        run.due = entry.due
    if entry.renamed:
        run.results = _renamed(run.results, entry.renamed)
        run.passed = _renamed(run.passed, entry.renamed)
        run.sent = _renamed(run.sent, entry.renamed)
        run.receipts = _renamed(run.receipts, entry.renamed)
        run.collected = _renamed(run.collected, entry.renamed)
    run.latched = list(entry.latched)
    run.met = list(entry.met)
    run.spared = list(entry.spared)
    if entry.via and run.message is not None:
        state.messages[run.message].via = entry.via


def _renamed(kept: dict[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """Return what is kept by step id under the new ids, in the same order."""
    return {names.get(step, step): value for step, value in kept.items()}


def _pruned(state: CustomerState, entry: j.Pruned) -> None:
    then = convert(entry.state, CustomerState, str_keys=True)
    for name in then.__struct_fields__:
        setattr(state, name, getattr(then, name))


def _spared(state: CustomerState, entry: j.Spared) -> None:
    state.enrollments[entry.enrollment].spared.remove(entry.step)


OPERATED: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Migrated: _migrated,
    j.Pruned: _pruned,
    j.Spared: _spared,
}
