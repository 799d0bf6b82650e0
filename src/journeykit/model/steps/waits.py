"""Which steps wait? For a time, until a moment, for an event but not for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.fields import FieldRef
from journeykit.model.moments import ClockTime, CronText, Days, Moment, ZoneName
from journeykit.model.spans import NotNegative, Offset, Positive, Span
from journeykit.model.steps.base import InnerSteps, Step, Steps
from journeykit.model.triggers import On, as_tuple, one_or_many
from journeykit.time import Feb29, Resolve

IfPast = Literal["continue", "skip", "exit"]


class Wait(Step):
    """Wait for a time: calendar units keep the wall clock, elapsed units count real time."""

    duration: NotNegative
    type: Literal["wait"] = Field(default="wait", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, duration: Span, *, label: str | None = None) -> None: ...

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


class WaitFor(Step):
    """Wait for an event, but not for ever.

    Args:
        on: The awaited event, or several of which the first counts.
        timeout: Reckoned from the instant at which the step is reached. An event received
            exactly then still counts (rule O2).
        then: Steps after the event.
        on_timeout: Steps after the time-out.
        since: `entry` (the default) also takes an event that came before the step was
            reached; `step` only one that comes after (rule O7).
    """

    on: Annotated[Sequence[On], BeforeValidator(one_or_many), AfterValidator(as_tuple)]
    timeout: Positive = Field(kw_only=True)
    then: Steps = Field(default=(), kw_only=True)
    on_timeout: Steps = Field(default=(), kw_only=True)
    since: Literal["entry", "step"] = Field(default="entry", kw_only=True)
    type: Literal["wait_for"] = Field(default="wait_for", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            on: On | Sequence[On],
            *,
            timeout: Span,
            then: Sequence[Step] = (),
            on_timeout: Sequence[Step] = (),
            since: Literal["entry", "step"] = "entry",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _something(self) -> WaitFor:
        if not self.on:
            raise Wrong("nothing is awaited", "give at least one On(...)", "on")
        return self

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time."""
        return True

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        yield InnerSteps("event", "then", self.then)
        yield InnerSteps("timeout", "on_timeout", self.on_timeout)

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield what it reacts to."""
        for number, on in enumerate(self.on):
            yield f"on[{number}]", on
