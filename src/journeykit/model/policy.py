"""When must a message wait, and when must it not go at all? The delivery policy, as values.

The policy belongs to the workspace: it reaches across journeys, because customers do not
care which journey a message comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import AnyCondition, Condition, refuse_all_but_profile
from journeykit.model.moments import ClockTime, Days, EndClock
from journeykit.model.names import Name
from journeykit.model.spans import Positive, Span
from journeykit.model.triggers import as_tuple
from journeykit.time import Duration, Windows, never_open, parse_clock, parse_days
from journeykit.time import Span as ClockSpan

ConsentMode = Literal["opt-in", "opt-out"]
CalendarWindow = Literal["day", "week", "month"]
IfZoneUnknown = Literal["default", "hold", "skip"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


Names = Annotated[Sequence[Name], AfterValidator(as_tuple)]


def _some(value: Sequence[str]) -> Sequence[str]:
    if not value:
        raise Wrong(
            "the list is empty, so the rule covers nothing", "name something, or leave it out"
        )
    return value


if TYPE_CHECKING:
    OfTheCustomer: TypeAlias = Condition
else:
    OfTheCustomer = Annotated[AnyCondition, AfterValidator(refuse_all_but_profile)]
Scope = Annotated[Names, AfterValidator(_some)]


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
    """

    limit: int = Field(ge=0, strict=True)
    per: Per = Field(kw_only=True)
    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    journeys: Scope | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    week_starts: Weekday = Field(default="mon", kw_only=True)

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
        ) -> None: ...

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return f"{self.limit} per {self.per}"


class Policy(Frozen):
    """The whole delivery policy.

    Args:
        consent: Channel to `"opt-in"` (nothing leaves without a yes) or `"opt-out"` (it
            leaves unless there was a no). It has no silent default: it also declares which
            channels there are.
        quiet_hours: All of them apply; together they are a union.
        caps: All of them apply.
    """

    consent: Mapping[Name, ConsentMode] = Field(default_factory=dict, kw_only=True)
    quiet_hours: Annotated[Sequence[QuietHours], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    caps: Annotated[Sequence[FrequencyCap], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )

    @model_validator(mode="after")
    def _channels_are_known(self) -> Policy:
        known = ", ".join(sorted(self.consent)) or "none so far"
        rules = [(f"quiet_hours[{n}]", rule.channels) for n, rule in enumerate(self.quiet_hours)]
        rules += [(f"caps[{n}]", cap.channels) for n, cap in enumerate(self.caps)]
        for place, channels in rules:
            for channel in channels or ():
                if channel not in self.consent:
                    raise Wrong(
                        f"channel {channel!r} is not declared",
                        f"declare it in consent={{{channel!r}: 'opt-in'}}, or name one of the "
                        f"declared: {known}",
                        f"{place} › channels",
                    )
        return self

    @model_validator(mode="after")
    def _some_time_is_open(self) -> Policy:
        topics = {topic for rule in self.quiet_hours for topic in rule.topics or ()}
        for channel in self.consent:
            for topic in (None, *sorted(topics)):
                spans = [
                    rule.span
                    for rule in self.quiet_hours
                    if rule.where is None
                    and (rule.channels is None or channel in rule.channels)
                    and (rule.topics is None or topic in rule.topics)
                ]
                if spans and never_open(Windows.of(spans)):
                    about = "" if topic is None else f" about {topic!r}"
                    raise Wrong(
                        f"the quiet hours together never let channel {channel!r} speak{about}",
                        "leave some time of the week open",
                        "quiet_hours",
                    )
        return self


__all__ = ["FrequencyCap", "Policy", "QuietHours"]
