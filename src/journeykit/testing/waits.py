"""For what may a journey wait? Strategies for waits of every kind, aimed at clock changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from journeykit.model import (
    RECEIPTS,
    Attribute,
    Case,
    Condition,
    Digest,
    Hours,
    On,
    Receipt,
    Step,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
)
from journeykit.testing.acts import Nest, Write
from journeykit.testing.strategies import durations, moments
from journeykit.time import Duration, Feb29, days

T = TypeVar("T")
_CLOCKS = ["00:00", "02:30", "09:00", "23:59:59"]
_IF_PAST: list[Literal["continue", "skip", "exit"]] = ["continue", "skip", "exit"]
_WEEKENDS = [["sat", "sun"], ["fri", "sat"], ["sun"], []]


def hours_of_the_day() -> st.SearchStrategy[Hours]:
    """Some hours: by day, over midnight, around a clock change, on some weekdays only."""
    spans = st.sampled_from(
        [("09:00", "17:00"), ("22:00", "02:30"), ("02:00", "03:00"), ("00:00", "24:00")]
    )
    weekdays = st.none() | st.sampled_from([["mon"], ["sat", "sun"], ["tue", "thu", "sun"]])
    return st.builds(lambda span, on: Hours(*span, days=on), spans, weekdays)


def hours_for_messages() -> st.SearchStrategy[Hours]:
    """Hours that leave some time beside `testing.windows.nights` and `daytimes`."""
    spans = st.sampled_from([("09:00", "17:00"), ("16:00", "02:30"), ("00:00", "24:00")])
    weekdays = st.none() | st.sampled_from([["mon"], ["wed", "fri", "sun"]])
    return st.builds(lambda span, on: Hours(*span, days=on), spans, weekdays)


class Waits:
    """Writes waits for one journey.

    Args:
        draw: Of the strategy that asks.
        profile: The attributes of customers.
        on: Draws an event to react to.
        condition: Draws a condition on what a run can read everywhere.
        sends: Ids of `Send` steps that the journey has in any case.
    """

    def __init__(
        self,
        draw: st.DrawFn,
        profile: Sequence[Attribute[Any]],
        on: Callable[[], On],
        condition: Callable[[], Condition],
        sends: Sequence[str],
    ) -> None:
        self._draw = draw
        self._profile = profile
        self._on = on
        self._condition = condition
        self._sends = sends

    def plain(self) -> list[Write]:
        """The waits for time, and the one that collects."""
        return [self._wait, self._until, self._business_days, self._window, self._digest]

    def nested(self, inner: Callable[[int], list[Step]]) -> list[Nest]:
        """The waits that have steps within them."""

        def wait_for(label: str | None, depth: int) -> Step:
            return self._wait_for(label, lambda: inner(depth))

        return [wait_for]

    def _maybe(self, strategy: st.SearchStrategy[T]) -> T | None:
        return self._draw(strategy) if self._draw(st.booleans()) else None

    def _wait(self, label: str | None) -> Step:
        least = self._draw(durations())
        more = self._maybe(st.sampled_from([days(3), Duration.of(timedelta(seconds=90))]))
        return Wait(least, up_to=None if more is None else least + more, label=label)

    def _until(self, label: str | None) -> Step:
        if_past = self._draw(st.sampled_from(_IF_PAST))
        clock = self._draw(st.sampled_from(_CLOCKS))
        dated = [one for one in self._profile if one.kind in ("date", "instant")]
        match self._draw(st.sampled_from(["clock", "days", "cron", "moment"])):
            case "clock":
                return WaitUntil(at=clock, label=label)
            case "days":
                on = self._draw(st.lists(st.sampled_from(["mon", "sun"]), min_size=1, max_size=2))
                return WaitUntil(at=clock, days=on, zone="America/New_York", label=label)
            case "cron":
                return WaitUntil(cron="30 2 * * *", if_past=if_past, label=label)
        instant, _ = self._draw(moments())
        moment: Any = self._draw(st.sampled_from([instant, instant.date(), *dated]))
        offset = self._maybe(durations(negative=True))
        at = self._draw(st.none() | st.just(clock))
        every: Feb29 | None = self._draw(st.sampled_from([None, None, "feb28", "skip"]))
        return WaitUntil(
            moment, offset=offset, at=at, anniversary=every, if_past=if_past, label=label
        )

    def _business_days(self, label: str | None) -> Step:
        return WaitBusinessDays(
            self._draw(st.integers(0, 3)),
            weekend=self._draw(st.sampled_from(_WEEKENDS)),
            dates=[moment.date() for moment, _ in self._draw(st.lists(moments(), max_size=2))],
            at=self._maybe(st.sampled_from(_CLOCKS)),
            label=label,
        )

    def _window(self, label: str | None) -> Step:
        hours = self._draw(st.lists(hours_of_the_day(), min_size=1, max_size=2))
        zone = self._draw(st.sampled_from([None, None, "America/New_York"]))
        return WaitForWindow(*hours, zone=zone, label=label)

    def _digest(self, label: str | None) -> Step:
        return Digest(
            self._on(),
            window=self._draw(durations()),
            at_most=self._draw(st.integers(1, 3)),
            sliding=self._draw(st.booleans()),
            label=label,
        )

    def _awaited(self) -> On | Condition | Receipt:
        kinds = ["on", "on", "condition"] + ["receipt"] * bool(self._sends)
        match self._draw(st.sampled_from(kinds)):
            case "condition":
                return self._condition()
            case "receipt":
                of = self._draw(st.sampled_from(self._sends))
                return Receipt(self._draw(st.sampled_from(RECEIPTS)), of=of)
        return self._on()

    def _wait_for(self, label: str | None, inner: Callable[[], list[Step]]) -> Step:
        shape = self._draw(st.sampled_from(["plain", "any", "cases", "all"]))
        awaited: list[On | Condition | Receipt | Case] = [self._on()]
        if shape != "plain":
            awaited = [self._awaited() for _ in range(self._draw(st.integers(1, 3)))]
        if shape == "cases":
            awaited = [Case(self._awaited(), inner()), *awaited]
        whats = [one.what if isinstance(one, Case) else one for one in awaited]
        happens = not all(isinstance(what, Condition) for what in whats)
        return WaitFor(
            awaited,
            need="all" if shape == "all" else "any",
            timeout=self._draw(durations()),
            then=inner(),
            on_timeout=inner(),
            since=self._draw(st.sampled_from(["entry", "step"])) if happens else "entry",
            label=label,
        )
