"""What did steps do that contact nobody?"""

from __future__ import annotations

from typing import Any

from msgspec import field

from journeykit.kernel.journal.base import Entry


class Assigned(Entry, tag="set"):
    """A `Set`, `Increment` or `Append` step changed attributes of the profile."""

    enrollment: str
    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]
    zones: dict[str, str] = field(default_factory=dict)


class Started(Entry, tag="start"):
    """A `StartJourney` step asks for a run `child`, which enters, or is refused, after this.

    The step waits for it until `due`, or as long as it takes.
    """

    enrollment: str
    journey: str
    key: str | None
    child: str
    due: int | None


class Returned(Entry, tag="return"):
    """A `StartJourney` step learned what came of the run it asked for; `over`: and goes on.

    `status` is `started` or `refused`, or how that run ended.
    """

    enrollment: str
    status: str
    over: bool
