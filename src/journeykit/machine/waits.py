"""How do waits for time run? Spans, random ones, business days and windows, compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from journeykit.machine.table import CompiledStep, Table
from journeykit.model import Send, Wait, WaitBusinessDays, WaitForWindow, WaitUntil, outside_of
from journeykit.time import (
    DaySet,
    Duration,
    Windows,
    Zone,
    closed_dates,
    holiday_calendar,
    number_of,
    parse_clock,
    parse_days,
    zone,
)


class RandomSpan(NamedTuple):
    """A span between two."""

    least: Duration
    most: Duration


class BusinessDays(NamedTuple):
    """One compiled `WaitBusinessDays`; `clock` is None where the wall clock is kept."""

    number: int
    weekend: frozenset[int]
    dates: DaySet
    clock: int | None


class WindowPlan(NamedTuple):
    """One compiled `WaitForWindow`: what lies outside of its hours, and whose clock shows it."""

    outside: Windows
    zone: Zone | None


class SendHours(NamedTuple):
    """The hours of one `Send`: what lies outside of them, and how reasons name them."""

    outside: Windows
    title: str


def plan_wait(compiled: CompiledStep, step: Wait) -> None:
    """Compile a `Wait`."""
    if step.up_to is not None:
        compiled.plan = RandomSpan(step.duration, step.up_to)
        return
    compiled.plan = step.duration
    if not step.duration.is_calendar:
        compiled.elapsed = step.duration.micros or None


def business_days(step: WaitBusinessDays) -> BusinessDays:
    """Compile a `WaitBusinessDays`."""
    own = frozenset(map(number_of, step.dates))
    return BusinessDays(
        step.count,
        parse_days(step.weekend) if step.weekend else frozenset(),
        closed_dates(own, tuple(map(holiday_calendar, step.holidays))),
        None if step.at is None else parse_clock(step.at),
    )


def window_of(step: WaitForWindow) -> WindowPlan:
    """Compile a `WaitForWindow`."""
    return WindowPlan(outside_of(step.hours), None if step.zone is None else zone(step.zone))


def send_hours(step: Send) -> SendHours | None:
    """Compile the hours of a `Send`, if it has any."""
    if not step.hours:
        return None
    hours = ", ".join(each.hours_in_words for each in step.hours)
    return SendHours(outside_of(step.hours), f"outside {hours}")


def hours_of(tables: Iterable[Table]) -> Mapping[tuple[str, int, str], SendHours]:
    """Return the hours of all `Send` steps that have some, by journey, version and step."""
    return {
        (table.journey, table.version, step.id): step.plan.hours
        for table in tables
        for step in table.steps.values()
        if step.kind == "send" and step.plan.hours is not None
    }


def remembers_visits(step: object) -> bool:
    """Tell whether a step that lies on a loop must know when it last let the run pass."""
    return isinstance(step, WaitUntil) or (isinstance(step, Wait) and step.up_to is not None)


def is_local(step: CompiledStep) -> bool:
    """Tell whether a change of the customer's zone moves the end of a wait (rule T8)."""
    if step.kind == "wait_until":
        return bool(step.plan.is_local)
    if step.kind == "wait_for_window":
        return step.plan.zone is None
    return step.kind == "wait_business_days" and step.plan.clock is not None
