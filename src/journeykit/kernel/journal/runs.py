"""What became of runs?"""

from __future__ import annotations

from typing import Any

from journeykit.kernel.journal.base import Entry


class Entered(Entry, tag="enter"):
    """An enrollment began. It stands before its first step until the first move."""

    enrollment: str
    journey: str
    version: int
    event: str
    entered: int
    key: str | None
    data: dict[str, Any]


class Refused(Entry, tag="refuse"):
    """A trigger did not start an enrollment."""

    journey: str
    key: str | None
    reason: str
    detail: dict[str, Any]


class Moved(Entry, tag="move"):
    """A run left its step by `outcome` and stands at `step`, until `due` if that is set.

    `passed` is set when the step left lies on a loop and waits for a local moment: the
    moment that it let pass, so that a second visit looks for a later one.
    """

    enrollment: str
    outcome: str
    step: str
    due: int | None
    passed: int | None


class Rescheduled(Entry, tag="reschedule"):
    """The end of the present step was reckoned anew (the customer's zone changed)."""

    enrollment: str
    due: int


class Foreseen(Entry, tag="foresee"):
    """If nothing but time passes, the exit condition of a run will hold at `leaves`."""

    enrollment: str
    leaves: int | None


class Latched(Entry, tag="latch"):
    """An awaited event came before its `WaitFor` step was reached."""

    enrollment: str
    step: str


class Met(Entry, tag="goal"):
    """A goal was reached; it counts once for its enrollment."""

    enrollment: str
    goal: int


class Ended(Entry, tag="end"):
    """An enrollment is over: `completed`, `exited`, `goal`, `cancelled`, `restarted` or `failed`."""

    enrollment: str
    status: str
    reason: str
