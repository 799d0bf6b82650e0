"""When does a cron expression fire? On the customer's wall clock, once per local time (T6).

croniter iterates the fields, on naive local time only; one function maps each local time to
an instant. What croniter's versions, or cron's many relatives, read in different ways is
refused, so that a definition means the same everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from datetime import datetime
from functools import lru_cache
from heapq import merge
from typing import TYPE_CHECKING

from journeykit.errors import InputError
from journeykit.time.instants import DAY, MINUTE, naive_of, wall_of
from journeykit.time.zones import Zone

if TYPE_CHECKING:
    from croniter import croniter as Walker  # noqa: N812 - a class named like its module

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = {"minute": 59, "hour": 23, "day of month": 31, "month": 12, "day of week": 6}  # ends
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ALLOWED = re.compile(r"[0-9a-z*,/?#-]+")
_RANGE = re.compile(r"(\w+)-(\w+)(?:/(\w+))?")
_HASHED = re.compile(r"[hr](/.*)?")
_SINGLE_WITH_STEP = re.compile(r"(\w+)/(\w+)")


class Cron:
    """A five-field cron expression, or an alias such as `@daily`.

    Days of the month and weekdays follow POSIX: either matches when both are restricted, and
    every field but `*` and `?` is a restriction, `*/2` too. Of the common additions, names,
    steps, `L`, `15W` and `fri#2` are understood.

    Raises:
        ValueError: It cannot be read, is ambiguous, or can never fire.
    """

    __slots__ = ("_walkers", "expression")

    def __init__(self, expression: str) -> None:
        if not isinstance(expression, str):
            raise ValueError(f"{expression!r} is no cron expression: write '0 9 * * mon-fri'")
        self.expression = expression
        self._walkers = _read(expression)

    def __repr__(self) -> str:
        return f"Cron({self.expression!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cron) and other.expression == self.expression

    def __hash__(self) -> int:
        return hash(self.expression)

    def next_after(self, us: int, zone: Zone) -> int:
        """Return the first instant strictly after `us` at which it fires.

        A local time in a gap fires later by the gap's length, one that comes twice fires on
        its first pass only, one on a date that the zone left out does not fire; instants that
        coincide fire once.

        Raises:
            InputError: It does not fire again before the year 10000.
        """
        best: int | None = None
        latest = 0  # no local time from here on fires before `best`
        for wall in self._walls_after(us + min(zone.offsets_near(us))):
            if best is not None and wall >= latest:
                break
            moment = zone.instant(wall)
            if moment <= us or (best is not None and moment >= best):
                continue
            if not zone.date_exists(wall // DAY):
                continue
            offsets = zone.offsets_near(moment)
            best, latest = moment, moment + max(offsets)
            if len(offsets) == 1:
                break
        if best is None:
            raise InputError(
                "it does not fire again before the year 10000",
                place="cron",
                value=self.expression,
                remedy="ask from an earlier instant",
            )
        return best

    def _walls_after(self, wall: int) -> Iterator[int]:
        """Yield the local times after the minute of `wall` that match, in order."""
        # Whole minutes: croniter's float seconds cannot hold the micros of every year.
        start = naive_of(wall // MINUTE * MINUTE)
        return merge(*(_walk(walker, start) for walker in self._walkers))


def _walk(walker: Walker, start: datetime) -> Iterator[int]:
    mine = copy(walker)
    mine.set_current(start)
    while True:
        try:
            found = mine.get_next(datetime)
        except (ValueError, OverflowError):  # the years are over
            return
        yield wall_of(found)


@lru_cache(maxsize=512)
def _read(expression: str) -> tuple[Walker, ...]:
    """Return what iterates the expression: two where days and weekdays are both restricted."""
    fields = _fields_of(expression)
    minute, hour, day, month, weekday = fields
    if {day, weekday} & {"*", "?"}:
        schedules = [" ".join(fields)]
    elif "w" in day or "#" in weekday or "l" in weekday:
        raise ValueError(
            f"cron {expression!r}: a restricted day of month ({day!r}) and weekday ({weekday!r}) "
            "with '#', 'L' or 'W' are ambiguous together; write two expressions"
        )
    else:
        schedules = [f"{minute} {hour} {day} {month} *", f"{minute} {hour} * {month} {weekday}"]
    walkers = tuple(filter(_fires, [_parsed(expression, schedule) for schedule in schedules]))
    if not walkers:
        raise ValueError(
            f"cron {expression!r} never fires: there is no such date; check day and month"
        )
    return walkers


def _parsed(expression: str, schedule: str) -> Walker:
    import croniter  # here, since it costs a tenth of the import of journeykit

    try:
        return croniter.croniter(schedule, datetime(2000, 1, 1))
    except (croniter.CroniterError, ValueError, KeyError) as error:
        raise ValueError(
            f"cron {expression!r} cannot be read: {error}; write one such as 0 9 * * mon"
        ) from None


def _fires(walker: Walker) -> bool:
    from croniter import CroniterBadDateError

    try:
        copy(walker).get_next(datetime)
    except CroniterBadDateError:
        return False
    return True


def _fields_of(expression: str) -> list[str]:
    text = expression.strip().lower()
    fields = ALIASES.get(text, text).split()
    if text.startswith("@") and text not in ALIASES:
        raise ValueError(
            f"cron {expression!r} is no known alias: write one of {', '.join(ALIASES)}, or five "
            "fields"
        )
    if len(fields) != 5:
        raise ValueError(
            f"cron {expression!r} has {len(fields)} fields: write five (minute, hour, day of "
            f"month, month, day of week), or one of {', '.join(ALIASES)}"
        )
    for name, field in zip(_FIELDS, fields, strict=True):
        if not _ALLOWED.fullmatch(field):
            raise ValueError(
                f"cron {expression!r}: the {name} {field!r} has a character that is unknown"
            )
        for part in field.split(","):
            remedy = _doubt(name, part.partition("#")[0])
            if remedy:
                raise ValueError(f"cron {expression!r}: the {name} {part!r} is {remedy}")
    return fields


def _doubt(name: str, part: str) -> str | None:
    """Tell why a part of a field is refused, and what to write; None when it is clear."""
    if _HASHED.fullmatch(part):
        return "hashed or random, which is not taken; write a number"
    if single := _SINGLE_WITH_STEP.fullmatch(part):
        low, step = single.groups()
        return f"ambiguous; write '{low}-{_FIELDS[name]}/{step}' or '*/{step}'"
    if written := _RANGE.fullmatch(part):
        low, high = (_number(name, bound) for bound in written.group(1, 2))
        if low is None or high is None:
            return None
        if low == high or (low, high) == (7, 0):
            return f"ambiguous, one value or all of them; write '{written[1]}' or '*'"
        if low > high and written[3]:
            return "ambiguous, a step over the end of a range; write two ranges"
    return None


def _number(name: str, bound: str) -> int | None:
    """Return a bound of a range as a number; what is none is left to croniter."""
    if name == "month" and bound in _MONTHS:
        return _MONTHS.index(bound) + 1
    if name == "day of week" and bound in _WEEKDAYS:
        return _WEEKDAYS.index(bound)
    return int(bound) if bound.isdecimal() else None
