"""How many messages are too many? Frequency caps, as values (rule G3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition
from journeykit.model.scopes import OfTheCustomer, Scope
from journeykit.model.spans import Positive, Span
from journeykit.time import Duration

CalendarWindow = Literal["day", "week", "month"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _per(value: Any) -> Any:
    if isinstance(value, str) and value in get_args(CalendarWindow):
        return value
    try:
        return Duration.of(value)
    except ValueError:
        raise Wrong(
            "this is no window",
            'give a span such as days(7), or one of "day", "week", "month"',
        ) from None


def _per_kind(value: object) -> str:
    return "-calendar" if isinstance(value, str) else "-span"


Per = Annotated[
    Annotated[Positive, Tag("-span")] | Annotated[CalendarWindow, Tag("-calendar")],
    Discriminator(_per_kind),
    BeforeValidator(_per),
]


class FrequencyCap(Frozen):
    """At most `limit` messages in a window (rule G3).

    Args:
        limit: How many; zero blocks everything that the cap covers.
        per: A span for a rolling window: at t it counts messages later than t minus the
            span; where the span has days, weeks or months, each message counts until so much
            later on the customer's clock. Or `"day"`, `"week"`, `"month"` of the customer's
            own calendar.
        channels, topics, journeys: What it covers, and what it counts; everything when not
            given.
        where: Which customers it covers, by their profile.
        week_starts: First day of a calendar week.
        look_ahead: The most important first: a message makes room, and waits, while one of
            larger priority that the cap also covers is due within this span from now and
            needs the slot.
    """

    limit: int = Field(ge=0, strict=True)
    per: Per = Field(kw_only=True)
    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    journeys: Scope | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    week_starts: Weekday = Field(default="mon", kw_only=True)
    look_ahead: Positive | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            limit: int,
            *,
            per: Span | CalendarWindow,
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            journeys: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            week_starts: Weekday = "mon",
            look_ahead: Span | None = None,
        ) -> None: ...

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return f"{self.limit} per {self.per}"
