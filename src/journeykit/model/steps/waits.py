"""Which steps wait for time? For a span, until a moment, for business days, for a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.fields import FieldRef
from journeykit.model.moments import ClockTime, CronText, Days, Moment, ZoneName
from journeykit.model.spans import NotNegative, Offset, Positive, Span, longest, shortest
from journeykit.model.steps.base import Step
from journeykit.model.triggers import as_tuple
from journeykit.model.windows import Calendars, Hours, OpenHours
from journeykit.time import Feb29, Resolve, parse_days

IfPast = Literal["continue", "skip", "exit"]
MOST_DAYS = 1000


def _weekend(value: Sequence[str]) -> tuple[str, ...]:
    if value and len(parse_days(value)) == 7:
        raise Wrong("no day of the week is left for business", "leave one out")
    return tuple(value)


class Wait(Step):
    """Wait for a time: calendar units keep the wall clock, elapsed units count real time.

    Args:
        up_to: Wait for a time between the two, another one for each run and each visit: a
            share, drawn by a keyed hash (rule O4), of what lies between both ends. To whole
            seconds behind the earlier end; the later one is not reached.
    """

    duration: NotNegative
    up_to: Positive | None = Field(default=None, kw_only=True)
    type: Literal["wait"] = Field(default="wait", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, duration: Span, *, up_to: Span | None = None, label: str | None = None
        ) -> None: ...

    @model_validator(mode="after")
    def _ends_later(self) -> Wait:
        if self.up_to is not None and longest(self.up_to) <= shortest(self.duration):
            raise Wrong(
                f"it waits for {self.duration!r} at least, and up_to is no longer than that",
                "give a longer one, or leave it out",
                "up_to",
            )
        return self

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time."""
        return not self.duration.is_zero


class WaitUntil(Step):
    """Wait until a moment of the customer's wall clock, or an instant.

    Written in one of three ways:

    * `WaitUntil(at="09:00", days=["mon", "tue"])`: the next such local moment; exactly now
      counts (rule T4). On a loop, a second visit looks for a later one.
    * `WaitUntil(cron="0 9 * * mon")`: strictly after now (rule T6).
    * `WaitUntil(Shopper.trial_ends, offset=days(-3), at="09:00")`: a date or an instant from
      the profile, from the trigger or written here; the calendar part of `offset` moves the
      local date, `at` sets its clock, the elapsed part is added last. A date without `at`
      begins at 00:00.

    Args:
        anniversary: Of the date in `moment`, wait for the next anniversary instead, moved by
            `offset`: never past, exactly now counts, on a loop a later one than before. Its
            value says where February 29 falls in common years: `"feb28"`, `"mar01"`, or
            `"skip"` for nowhere (rule T5).
        if_past: What to do when the moment is already past, or when the field is empty:
            go on at once, leave out the next step, or exit. Exactly now is not past.
        zone: Whose wall clock; the customer's when not given.
        resolve: What a wall time means that does not exist or exists twice (rule T3).
    """

    moment: Moment | None = None
    at: ClockTime | None = Field(default=None, kw_only=True)
    days: Days | None = Field(default=None, kw_only=True)
    cron: CronText | None = Field(default=None, kw_only=True)
    offset: Offset | None = Field(default=None, kw_only=True)
    anniversary: Feb29 | None = Field(default=None, kw_only=True)
    if_past: IfPast = Field(default="continue", kw_only=True)
    zone: ZoneName | None = Field(default=None, kw_only=True)
    resolve: Resolve = Field(default="compatible", kw_only=True)
    type: Literal["wait_until"] = Field(default="wait_until", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            moment: object = None,
            *,
            at: str | None = None,
            days: Sequence[str] | None = None,
            cron: str | None = None,
            offset: Span | None = None,
            anniversary: Feb29 | None = None,
            if_past: IfPast = "continue",
            zone: str | None = None,
            resolve: Resolve = "compatible",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _one_way(self) -> WaitUntil:
        ways = [
            self.moment is not None,
            self.cron is not None,
            self.at is not None and self.moment is None,
        ]
        if sum(ways) != 1:
            raise Wrong(
                "it must be exactly one of a time of day, a cron expression, or a moment",
                'write at="09:00", cron="0 9 * * mon", or WaitUntil(Shopper.trial_ends)',
            )
        if self.days is not None and (self.moment is not None or self.cron is not None):
            raise Wrong(
                "days goes with a time of day only", 'write at="09:00", days=["mon"]', "days"
            )
        if self.offset is not None and self.moment is None:
            raise Wrong(
                "offset goes with a moment only", "give the moment it is counted from", "offset"
            )
        if self.anniversary is not None and self.moment is None:
            raise Wrong(
                "an anniversary is that of a date", "give the date: WaitUntil(Shopper.born, ...)",
                "anniversary",
            )  # fmt: skip
        return self

    @property
    def skips(self) -> bool:
        """Whether it may leave out the next step."""
        return self.if_past == "skip"

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time."""
        is_there = self.if_past == "exit" or not isinstance(self.moment, FieldRef)
        return self.moment is None or (self.anniversary is not None and is_there)

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        if isinstance(self.moment, FieldRef):
            yield "moment", self.moment


class WaitBusinessDays(Step):
    """Wait for a number of business days on the customer's calendar.

    `WaitBusinessDays(3)` ends on the third business day behind the local date on which the
    step is reached, with the wall clock kept, or at `at`. `WaitBusinessDays(0)` ends on the
    next business day from now on: today counts, where its moment is not past.

    Args:
        count: How many days.
        holidays: Calendars of public holidays by ISO 3166 code, such as `["DE"]` or `["US-CA"]`;
            they come from the `holidays` package, an extra.
        dates: Further dates that are no business days.
        weekend: The weekdays that are none.
        at: The time of day at which it ends. Then it is a local moment: where the zone changes
            while it waits, the days are counted on the new clock (rule T8), never into the past.
    """

    count: int = Field(ge=0, le=MOST_DAYS, strict=True)
    holidays: Calendars = Field(default=(), kw_only=True)
    dates: Annotated[Sequence[date], AfterValidator(as_tuple)] = Field(default=(), kw_only=True)
    weekend: Annotated[Sequence[str], AfterValidator(_weekend)] = Field(
        default=("sat", "sun"), kw_only=True
    )
    at: ClockTime | None = Field(default=None, kw_only=True)
    type: Literal["wait_business_days"] = Field(default="wait_business_days", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            count: int,
            *,
            holidays: Sequence[str] = (),
            dates: Sequence[date] = (),
            weekend: Sequence[str] = ("sat", "sun"),
            at: str | None = None,
            label: str | None = None,
        ) -> None: ...

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time."""
        return self.count > 0


class WaitForWindow(Step):
    """Hold the customer until the wall clock shows some hours; within them, go on at once.

    Overnight hours, and hours that the clocks skip or repeat, are as for quiet hours (rule G2).
    Where the zone changes while it waits, it looks anew (rule T8). To hold only a message, and
    let the run wait at its `Send`, write `Send(..., hours=[...])`.

    Args:
        hours: One or several, which are a union.
        zone: Whose wall clock; the customer's when not given.
    """

    _variadic: ClassVar[str] = "hours"
    hours: OpenHours = ()
    zone: ZoneName | None = Field(default=None, kw_only=True)
    type: Literal["wait_for_window"] = Field(default="wait_for_window", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, *hours: Hours, zone: str | None = None, label: str | None = None
        ) -> None: ...

    @model_validator(mode="after")
    def _has_hours(self) -> WaitForWindow:
        if not self.hours:
            raise Wrong(
                "a window without hours", 'give some, such as Hours("09:00", "17:00")', "hours"
            )
        return self
