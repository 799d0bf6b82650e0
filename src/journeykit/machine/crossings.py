"""When may time alone change the answer to a condition? At finitely many instants.

A condition feels time only where it compares something fixed (a field, an event of the past)
with a moment counted from now. This module lists the instants at which such a moment can
pass what it is compared with; the condition itself says at which of them it does hold. No
instant is left out: a moment on the wall clock does not simply go forth as time passes, for
the clock is changed and months are clamped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from journeykit.errors import InputError
from journeykit.machine.guards import Guard, Reading, compile_value, turning_events
from journeykit.machine.stamps import date_of, instant_of
from journeykit.model import (
    Comparison,
    Condition,
    FieldRef,
    PastComparison,
    RelativeMoment,
    parts_of,
)
from journeykit.time import DAY, HOUR, Duration, Zone, shift_wall

Crossings = Callable[[Reading], Iterator[int]]
_CLAMPED = 4  # days: months are clamped by three at the most
_NEAR = 26 * HOUR


class TimedGuard:
    """A condition that time alone can make true."""

    __slots__ = ("crossings", "guard")

    def __init__(self, guard: Guard, crossings: Iterable[Crossings]) -> None:
        self.guard = guard
        self.crossings = tuple(crossings)

    def holds_from(self, reading: Reading) -> int | None:
        """Return the first instant after now at which it holds if nothing but time passes.

        None: it does not. Asked where it does not hold now; `reading.now` is left as it was.
        """
        now = reading.now
        try:
            for at in self._instants(reading):
                reading.now = at
                if self.guard(reading):
                    return at
        except InputError:  # from here on, what it asks for lies beyond the calendar
            return None
        finally:
            reading.now = now
        return None

    def held_since(self, reading: Reading) -> int | None:
        """Return the last instant until now at which time alone made it hold, or None.

        Asked where it holds now, of what is known now; `reading.now` is left as it was.
        """
        now = reading.now
        try:
            for at in reversed(self._instants(reading, until=now)):
                reading.now = at - 1
                if not self.guard(reading):
                    return at
        except InputError:  # what it asks for lies beyond the calendar
            return None
        finally:
            reading.now = now
        return None

    def _instants(self, reading: Reading, until: int | None = None) -> list[int]:
        """Return the instants after now at which it may change, or else those `until` now."""
        found: set[int] = set()
        for crossing in self.crossings:
            try:
                found.update(
                    at
                    for at in crossing(reading)
                    if (at > reading.now if until is None else at <= until)
                )
            except InputError:  # it would be passed before the year 1, or after 9999
                continue
        return sorted(found)


def timed_guard(condition: Condition, guard: Guard) -> TimedGuard | None:
    """Return `condition`, compiled as `guard`, with its crossings; None if it feels no time."""
    crossings = [found for leaf in parts_of(condition) if (found := _crossings(leaf)) is not None]
    return TimedGuard(guard, crossings) if crossings else None


def _crossings(leaf: Condition) -> Crossings | None:
    if isinstance(leaf, Comparison) and isinstance(leaf.value, RelativeMoment):
        return _of_field(leaf, leaf.value.offset)
    if isinstance(leaf, PastComparison) and isinstance(leaf.value, RelativeMoment):
        return _of_last(leaf, leaf.value.offset)
    if isinstance(leaf, PastComparison) and leaf.within is not None:
        return _of_window(leaf, -leaf.within)
    return None


def _of_field(leaf: Comparison, offset: Duration) -> Crossings:
    read = compile_value(FieldRef(of=leaf.of, field=leaf.field, kind=leaf.kind), incoming=None)

    def of_instant(reading: Reading) -> Iterator[int]:
        text = read(reading)
        if text is not None:
            yield from passing(instant_of(text), offset, reading.zone)

    def of_date(reading: Reading) -> Iterator[int]:
        text = read(reading)
        if text is not None:
            for midnight in (date_of(text), date_of(text) + DAY):
                yield from passing(reading.zone.instant(midnight), offset, reading.zone)

    return of_date if leaf.kind == "date" else of_instant


def _of_last(leaf: PastComparison, offset: Duration) -> Crossings:
    stream = leaf.stream.id

    def of_last(reading: Reading) -> Iterator[int]:
        tally = reading.past.get(stream)
        if tally is not None and tally.last is not None:
            yield from passing(tally.last, offset, reading.zone)

    return of_last


def _of_window(leaf: PastComparison, offset: Duration) -> Crossings:
    stream = leaf.stream.id

    def of_window(reading: Reading) -> Iterator[int]:
        tally = reading.past.get(stream)
        for occurred in () if tally is None else turning_events(leaf, tally):
            yield from passing(occurred, offset, reading.zone)

    return of_window


def passing(value: int, offset: Duration, zone: Zone) -> Iterator[int]:
    """Yield every instant t at which `shift(t, offset, zone)` may come to `value`, or pass it.

    There may be more of them than needed, never fewer.
    """
    value -= offset.micros
    if not offset.is_calendar:
        yield value
        yield value + 1
        return
    calendar = Duration(months=offset.months, days=offset.days)
    walls = {value + o for o in zone.offsets_near(value)}
    for change in _changes(zone, value):
        walls |= {change + zone.offset(change - 1), change + zone.offset(change)}
    around = shift_wall(zone.wall(value), -calendar) // DAY
    reach = _CLAMPED if offset.months else 1
    clocks = {0, *(wall % DAY for wall in walls)}
    for day in range(around - reach, around + reach + 1):
        for clock in clocks:
            for instant in (
                zone.instant(day * DAY + clock),
                zone.instant(day * DAY + clock, "later"),
            ):
                yield instant
                yield instant + 1
        yield from _changes(zone, day * DAY)


def _changes(zone: Zone, around: int) -> Iterator[int]:
    at = zone.next_change(around - _NEAR, around + _NEAR)
    while at is not None:
        yield at
        at = zone.next_change(at, around + _NEAR)
