"""At which moment does a message leave best? Ways to choose one, and what they may look at.

A way is the built-in `BestHour`, or a function of the host. It is asked once for a message,
when that is decided, and answers with an instant; the gate has the last word at that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import BeforeValidator, Field

from journeykit.model.base import Frozen, Wrong
from journeykit.model.names import Name


class BestHour(Frozen):
    """The hour of the week at which the customer answered most, smoothed (rule G4).

    Of the hours that lie in the window, no further than four weeks from now, by the customer's
    clock, and in which the gate is open, it takes the one with the largest score, of several
    the earliest; the message leaves when that hour begins, or when the gate opens within it.
    Every response adds to the score of an hour: 4 if it came in an hour that shows the same
    time, 2 one hour beside it, 1 two hours beside it; three times as much where it was also the
    same day of the week. Midnight is no border: 23:00 on Sunday lies beside 00:00 on Monday.
    All of it are whole numbers, so that every machine finds the same hour.

    A customer with fewer than `at_least` responses does not wait.

    Args:
        at_least: How many responses it takes to say anything.
        channels: `"same"`: responses on the channel of the message; `"all"`: on every channel.
    """

    at_least: int = Field(default=3, ge=1, kw_only=True, strict=True)
    channels: Literal["same", "all"] = Field(default="same", kw_only=True)


@dataclass(frozen=True, slots=True)
class Engagement:
    """A customer's responses on one channel.

    Attributes:
        last: When the latest of them happened.
        hours: Hour of the week (0 is Monday 00:00 to 01:00, 167 Sunday 23:00 to 24:00, on the
            customer's clock of that time) to how many of them fell into it.
    """

    last: datetime
    hours: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SendTimeCustomer:
    """The customer, as a send time sees them.

    Attributes:
        profile: The attributes, as plain JSON values.
        responses: By channel; those never answered on are absent.
    """

    customer_id: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    responses: Mapping[str, Engagement] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendTimeMessage:
    """The message, as a send time sees it.

    Attributes:
        key: Its idempotency key.
        trigger: The fields of the event that started the enrollment, as plain JSON values.
    """

    key: str
    template: str
    channel: str
    journey: str
    step: str
    topic: str | None = None
    priority: int = 0
    trigger: Mapping[str, Any] = field(default_factory=dict)


class DeliveryWindow(Protocol):
    """When a message may leave: from `start` to before `end`, and the gate within that."""

    @property
    def start(self) -> datetime:
        """The instant at which the message is decided: now."""
        ...

    @property
    def end(self) -> datetime:
        """`within` later, or the end of its validity if that is sooner; it is excluded."""
        ...

    @property
    def zone(self) -> str:
        """Name of the zone whose clock counts for the customer."""
        ...

    def opens(self, at: datetime) -> datetime | None:
        """Return the first instant of the window, at or after `at`, at which the gate is open.

        Quiet hours and caps, for this very message on this channel, if nothing else happens
        until then. None: it is not open any more before the end of the window.
        """
        ...

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` lies in the window and the gate is open then."""
        ...


SendTimeFunction: TypeAlias = Callable[
    [SendTimeCustomer, SendTimeMessage, DeliveryWindow], datetime
]
"""A host's way to choose an instant.

It must be pure: the same answer for the same arguments, on every machine (rule O4). An instant
at or before `window.start` means at once; one at or after `window.end`, the last minute of
the window.
"""


def _is_way(value: Any) -> Any:
    if isinstance(value, BestHour) or (
        callable(value) and not isinstance(value, type) and not iscoroutinefunction(value)
    ):
        return value
    raise Wrong(
        "this is no way to choose a send time",
        "give BestHour(), or a plain function of customer, message and window that returns a "
        "datetime",
    )


if TYPE_CHECKING:
    SendTimes: TypeAlias = Mapping[str, BestHour | SendTimeFunction]
else:
    SendTimes = Mapping[Name, Annotated[Any, BeforeValidator(_is_way)]]


def refuse_untimed(
    name: str, send_times: Mapping[str, Any], responses: Mapping[str, Any], place: str
) -> None:
    """Refuse a send time that there is not, or that has nothing to go by."""
    if name not in send_times:
        known = ", ".join(sorted(send_times)) or "none so far"
        raise Wrong(
            f"there is no send time {name!r} here",
            f"write Workspace(send_times={{{name!r}: BestHour()}}), or give a function; "
            f"there are: {known}",
            place,
        )
    if isinstance(send_times[name], BestHour) and not responses:
        raise Wrong(
            f"send time {name!r} goes by responses, and no event is one",
            "write Policy(responses={'email': [On(...)]})",
            place,
        )
