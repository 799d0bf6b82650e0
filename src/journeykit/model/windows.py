"""When may a message reach a customer, and when not? Send windows and quiet hours (rule G2)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition
from journeykit.model.moments import ClockTime, Days, EndClock
from journeykit.model.scopes import (
    Countries,
    OfTheCustomer,
    RuleName,
    Scope,
    refuse_empty_validity,
)
from journeykit.model.triggers import as_tuple
from journeykit.time import Span as ClockSpan
from journeykit.time import (
    Windows,
    closed_dates,
    holiday_calendar,
    never_open,
    number_of,
    parse_clock,
    parse_days,
)

IfZoneUnknown = Literal["default", "hold", "skip", "every_zone"]


def _calendars(value: Sequence[str]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for code in value)
    for code in codes:
        holiday_calendar(code)
    return codes


Calendars = Annotated[Sequence[str], AfterValidator(_calendars)]


class _Span(Frozen):
    """A span of the day, on some weekdays."""

    start: ClockTime
    end: EndClock
    days: Days | None = Field(default=None, kw_only=True)

    @property
    def span(self) -> ClockSpan:
        """The same as micros of the wall clock."""
        days = None if self.days is None else parse_days(self.days)
        return ClockSpan(parse_clock(self.start), parse_clock(self.end, end=True), days)

    @property
    def hours_in_words(self) -> str:
        """Such as `10:00-13:00 mon,tue`."""
        days = "" if self.days is None else f" {','.join(self.days)}"
        return f"{self.start}-{self.end}{days}"


class Hours(_Span):
    """Some hours of the day: `[start, end)` of the wall clock.

    Args:
        start: `HH:MM`, the first minute.
        end: `HH:MM`, the first minute after them; `24:00` is the end of the day. An end before
            the start lies on the next day.
        days: The weekdays on which they start; every day when not given.
    """

    if TYPE_CHECKING:

        def __init__(self, start: str, end: str, *, days: Sequence[str] | None = None) -> None: ...


def outside_of(hours: Sequence[Hours]) -> Windows:
    """Return the wall times outside of these hours."""
    return Windows.of([each.span for each in hours], outside=True)


def _open(hours: Sequence[Hours]) -> tuple[Hours, ...]:
    if hours and (all(each.start == each.end for each in hours) or never_open(outside_of(hours))):
        raise Wrong(
            "these hours never come",
            "give hours that end after they start; a whole day is 00:00 to 24:00",
        )
    return tuple(hours)


OpenHours = Annotated[Sequence[Hours], AfterValidator(_open)]
"""Hours of the day as a union, which come some time, or none at all."""


class ClockRule(Frozen):
    """What quiet hours and send windows have in common.

    Args:
        dates: Whole local dates on which nothing leaves, whatever the clock says.
        holidays: Calendars of public holidays, whole local dates too, by ISO 3166 code of a
            country or of a part of one: `["FR"]`, `["US-CA"]`. They come from the `holidays`
            package, an extra.
        channels: The channels it covers; all when not given.
        topics: The topics it covers; all when not given.
        countries: ISO 3166 codes; it covers customers whose `country` or `region` is among
            them. A country covers its parts; `"US-?"` is a part of the US that is not known.
        where: Which customers it covers, by their profile.
        if_zone_unknown: For a customer without a known zone: reckon in the workspace's zone
            (`"default"`), hold until the zone is known, skip the message, or let it leave only
            when every zone of the customer's country allows it (`"every_zone"`; without a
            known country, it holds).
        valid_from: The first day, in UTC, on which the rule counts.
        valid_until: The first day, in UTC, on which it does not count any more.
        name: How reasons name the rule; its hours when not given.
    """

    dates: Annotated[Sequence[date], AfterValidator(as_tuple)] = Field(default=(), kw_only=True)
    holidays: Calendars = Field(default=(), kw_only=True)
    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    countries: Countries | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    if_zone_unknown: IfZoneUnknown = Field(default="default", kw_only=True)
    valid_from: date | None = Field(default=None, kw_only=True)
    valid_until: date | None = Field(default=None, kw_only=True)
    name: RuleName | None = Field(default=None, kw_only=True)

    @property
    @abstractmethod
    def windows(self) -> Windows:
        """The wall times at which it lets nothing leave."""

    @property
    @abstractmethod
    def title(self) -> str:
        """How reasons name this rule."""

    @model_validator(mode="after")
    def _is_valid_some_time(self) -> ClockRule:
        refuse_empty_validity(self.valid_from, self.valid_until)
        return self

    def _windows_of(self, spans: Sequence[ClockSpan], *, outside: bool) -> Windows:
        own = frozenset(map(number_of, self.dates))
        calendars = tuple(map(holiday_calendar, self.holidays))
        return Windows.of(spans, dates=closed_dates(own, calendars), outside=outside)


class QuietHours(ClockRule, _Span):
    """No message leaves within `[start, end)` of the customer's wall clock (rule G2).

    Args:
        start: `HH:MM`, the first quiet minute.
        end: `HH:MM`, the first minute that is not quiet; `24:00` is the end of the day. An
            end before the start lies on the next day.
        days: The weekdays on which the span starts; every day when not given.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            start: str,
            end: str,
            *,
            days: Sequence[str] | None = None,
            dates: Sequence[date] = (),
            holidays: Sequence[str] = (),
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            countries: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            if_zone_unknown: IfZoneUnknown = "default",
            valid_from: date | None = None,
            valid_until: date | None = None,
            name: str | None = None,
        ) -> None: ...

    @property
    def windows(self) -> Windows:
        """The wall times that are quiet."""
        return self._windows_of([self.span], outside=False)

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return self.name or self.hours_in_words

    @model_validator(mode="after")
    def _opens_some_time(self) -> QuietHours:
        if self.valid_until is None and never_open(self.windows):
            raise Wrong("these quiet hours never end", "leave some time open, or drop the channel")
        return self


class SendWindow(ClockRule):
    """Messages leave within these hours of the customer's wall clock only (rule G2).

    The hours of one window are a union. Several windows, and all quiet hours, have to allow a
    message together.

    Args:
        hours: When messages may leave.
    """

    _variadic: ClassVar[str] = "hours"
    hours: Annotated[Sequence[Hours], AfterValidator(as_tuple)] = ()

    if TYPE_CHECKING:

        def __init__(
            self,
            *hours: Hours,
            dates: Sequence[date] = (),
            holidays: Sequence[str] = (),
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            countries: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            if_zone_unknown: IfZoneUnknown = "default",
            valid_from: date | None = None,
            valid_until: date | None = None,
            name: str | None = None,
        ) -> None: ...

    @property
    def windows(self) -> Windows:
        """The wall times outside of the hours."""
        return self._windows_of([each.span for each in self.hours], outside=True)

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        hours = ", ".join(each.hours_in_words for each in self.hours)
        return self.name or f"outside {hours}"

    @model_validator(mode="after")
    def _opens_some_time(self) -> SendWindow:
        if not self.hours:
            raise Wrong(
                "a send window without hours", 'give some, such as Hours("09:00", "20:00")', "hours"
            )
        if all(each.start == each.end for each in self.hours) or never_open(self.windows):
            raise Wrong(
                "this send window never opens",
                "give hours that end after they start; a whole day is 00:00 to 24:00",
            )
        return self
