"""What became of runs?"""

from __future__ import annotations

from typing import Any

from journeykit.kernel.journal.base import Entry


class Entered(Entry, tag="enter", omit_defaults=True):
    """An enrollment began. It stands before its first step until the first move.

    `parent` is the enrollment whose `StartJourney` step asked for it, or "".
    """

    enrollment: str
    journey: str
    version: int
    event: str
    entered: int
    key: str | None
    data: dict[str, Any]
    parent: str = ""


class Refused(Entry, tag="refuse"):
    """A trigger did not start an enrollment."""

    journey: str
    key: str | None
    reason: str
    detail: dict[str, Any]


class Moved(Entry, tag="move"):
    """A run left its step by `outcome` and stands at `step`, until `due` if that is set.

    `passed` is set when the step left lies on a loop and waits for a local moment: the
    moment that it let pass, so that a second visit looks for a later one. Of a bounded `Goto`
    it is how often the run went there.
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


class Latched(Entry, tag="latch", omit_defaults=True):
    """An awaited event came before its `WaitFor` step was reached.

    Where the step waits for several things, `place` says which of them; it may be reached.
    """

    enrollment: str
    step: str
    place: int | None = None


class Collected(Entry, tag="collect", omit_defaults=True):
    """A `Digest` step collected an event.

    Attributes:
        data: The fields of the event.
        due: The new end of its window, where that slides.
    """

    enrollment: str
    step: str
    data: dict[str, Any]
    due: int | None = None


class Receipted(Entry, tag="receipt"):
    """The host told of a message that was sent: `delivered`, `opened`, and so on.

    Attributes:
        id: The host's id of the receipt, or "".
        enrollment: The run whose latest message of `step` it is; None where no run is concerned.
        journey, template: What is still known of the message.
        detail: In the words of the provider.
    """

    message: str
    receipt: str
    occurred: int
    id: str
    enrollment: str | None
    step: str
    journey: str
    template: str
    detail: str


class Met(Entry, tag="goal"):
    """A goal was reached; it counts once for its enrollment."""

    enrollment: str
    goal: int


class Ended(Entry, tag="end"):
    """An enrollment is over: `completed`, `exited`, `goal`, `cancelled`, `restarted` or `failed`."""

    enrollment: str
    status: str
    reason: str
