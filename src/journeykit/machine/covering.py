"""Whom does a rule of the policy concern? Names and conditions, compiled."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.machine.crossings import TimedGuard, timed_guard
from journeykit.machine.guards import Guard, compile_condition
from journeykit.model import Condition


def names_in(names: Sequence[str] | None) -> frozenset[str] | None:
    """Return the names that a rule covers; None where it covers all."""
    return None if names is None else frozenset(names)


def guards_of(condition: Condition | None) -> tuple[Guard | None, TimedGuard | None]:
    """Return whom a rule concerns, and when time alone ends that."""
    if condition is None:
        return None, None
    guard = compile_condition(condition, incoming=None)
    return guard, timed_guard(condition, lambda reading: not guard(reading))
