"""What is to be applied when the present input or timer is done? A queue, in order (rule O6)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from journeykit.kernel.signals import EventArrived


class Emitted(Struct, frozen=True, gc=False):
    """An `Emit` step reported an event.

    Attributes:
        taken: Steps that led to it in this instant: the runs that it starts count on (E5).
    """

    event: EventArrived
    taken: int


class StartAsked(Struct, frozen=True, gc=False):
    """A `StartJourney` step asked for a run, whose id will be `child`; `taken` as above."""

    child: str
    journey: str
    key: str | None
    data: dict[str, Any]
    cause: str
    taken: int


class EntrySettled(Struct, frozen=True, gc=False):
    """The trigger of a run that was to be `child` waited for a slot, and waits no more."""

    child: str


class CaughtUp(Struct, frozen=True, gc=False):
    """A run began that is to hear an event which came while it waited for its slot."""

    enrollment: str
    event: EventArrived


class RunOver(Struct, frozen=True, gc=False):
    """A run ended that a `StartJourney` step of `parent` had started."""

    parent: str
    child: str
    status: str


class EntryDue(Struct, frozen=True, gc=False):
    """An entry without an event is to start a run, as of `at`.

    Attributes:
        entry: Its id, of which the workspace knows what else must hold.
        by_time: Whether it was due by time alone, so that it may come too late.
    """

    journey: str
    entry: str
    cause: str
    at: int
    data: dict[str, Any]
    by_time: bool = False


News = CaughtUp | EntryDue | Emitted | StartAsked | EntrySettled | RunOver
