"""When does a customer want to be left alone? Quiet hours, as values (rule G2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition
from journeykit.model.moments import ClockTime, Days, EndClock
from journeykit.model.scopes import OfTheCustomer, Scope
from journeykit.model.triggers import as_tuple
from journeykit.time import Span as ClockSpan
from journeykit.time import Windows, never_open, parse_clock, parse_days

IfZoneUnknown = Literal["default", "hold", "skip"]


class QuietHours(Frozen):
    """No message leaves within `[start, end)` of the customer's wall clock (rule G2).

    Args:
        start: `HH:MM`, the first quiet minute.
        end: `HH:MM`, the first minute that is not quiet; `24:00` is the end of the day. An
            end before the start lies on the next day.
        days: The weekdays on which the span starts; every day when not given.
        dates: Whole local dates that are quiet, whatever the clock says.
        channels: The channels it covers; all when not given.
        topics: The topics it covers; all when not given.
        where: Which customers it covers, by their profile.
        if_zone_unknown: For a customer without a known zone: reckon in the workspace's zone,
            hold until the zone is known, or skip the message.
    """

    start: ClockTime
    end: EndClock
    days: Days | None = Field(default=None, kw_only=True)
    dates: Annotated[Sequence[date], AfterValidator(as_tuple)] = Field(default=(), kw_only=True)
    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    if_zone_unknown: IfZoneUnknown = Field(default="default", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            start: str,
            end: str,
            *,
            days: Sequence[str] | None = None,
            dates: Sequence[date] = (),
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            if_zone_unknown: IfZoneUnknown = "default",
        ) -> None: ...

    @property
    def span(self) -> ClockSpan:
        """The same as micros of the wall clock."""
        days = None if self.days is None else parse_days(self.days)
        return ClockSpan(parse_clock(self.start), parse_clock(self.end, end=True), days)

    @model_validator(mode="after")
    def _opens_some_time(self) -> QuietHours:
        if never_open(Windows.of([self.span])):
            raise Wrong("these quiet hours never end", "leave some time open, or drop the channel")
        return self

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        days = "" if self.days is None else f" {','.join(self.days)}"
        return f"{self.start}-{self.end}{days}"
