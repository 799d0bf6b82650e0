"""What is an instant? An int: microseconds since 1970-01-01T00:00:00Z.

Wall-clock values are ints too: the microseconds of a naive local datetime, read as if it
were UTC. `DAY` divides a wall value into a day number and the time since midnight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from journeykit.errors import InputError, NaiveInstantError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime(1, 1, 1) - _NAIVE_EPOCH) // _MICROSECOND
_LAST = (datetime(9999, 12, 31) - _NAIVE_EPOCH) // _MICROSECOND + DAY - 1
_CLOCK = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?", re.ASCII)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def to_micros(value: datetime, *, what: str = "instant") -> int:
    """Return an aware datetime as micros, exactly.

    Raises:
        NaiveInstantError: It has no zone; `what` names it in the message (rule T1).
        InputError: It is no datetime at all, or in UTC it lies outside the years 1 to 9999.
    """
    if not isinstance(value, datetime):
        raise InputError(
            "an instant must be a datetime", place=what, value=value,
            remedy="give a datetime(..., tzinfo=UTC)",
        )  # fmt: skip
    if value.tzinfo is UTC:  # the commonest, at once
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    offset = value.utcoffset()
    if offset is None:
        raise NaiveInstantError(
            "a datetime without a zone names no instant", place=what, value=value,
            remedy="give it one, as in datetime(..., tzinfo=UTC)",
        )  # fmt: skip
    # Not by `astimezone`: what it cannot hold (year 0, year 10000) gets our error, not its.
    us = wall_of(value) - offset // _MICROSECOND
    if _FIRST <= us <= _LAST:
        return us
    raise _out_of_years(value, what)


def within_years(us: int, *, what: str = "instant") -> int:
    """Return `us`, an instant or a wall time, where a datetime can hold it.

    Raises:
        InputError: It lies outside the years 1 to 9999; `what` names it in the message.
    """
    if _FIRST <= us <= _LAST:
        return us
    raise _out_of_years(us, what)


def _out_of_years(value: object, what: str) -> InputError:
    return InputError(
        "outside the years 1 to 9999", place=what, value=value, remedy="use a nearer one"
    )


def from_micros(us: int) -> datetime:
    """Return micros as a datetime in UTC.

    Raises:
        InputError: It lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        raise _out_of_years(us, "instant") from None


def wall_of(naive: datetime) -> int:
    """Return a naive local datetime as wall micros."""
    return (naive.replace(tzinfo=None) - _NAIVE_EPOCH) // _MICROSECOND


def number_of(day: date) -> int:
    """Return the day number of a date: its wall micros divided by a day."""
    return day.toordinal() - _EPOCH.toordinal()


def naive_of(wall: int) -> datetime:
    """Return wall micros as a naive local datetime.

    Raises:
        InputError: It lies outside the years 1 to 9999.
    """
    try:
        return _NAIVE_EPOCH + timedelta(microseconds=wall)
    except OverflowError:
        raise _out_of_years(wall, "local time") from None


def parse_clock(text: str, *, end: bool = False) -> int:
    """Return `HH:MM` or `HH:MM:SS` as micros since midnight.

    `24:00` is the end of a day and allowed with `end=True` only (rule G2).

    Raises:
        ValueError: It is no time of day.
    """
    try:
        match = _CLOCK.fullmatch(text)
    except TypeError:  # no text at all
        match = None
    if match is not None:
        hour, minute, second = (int(part or 0) for part in match.groups())
        if hour < 24 and minute < 60 and second < 60:
            return hour * HOUR + minute * MINUTE + second * SECOND
        if end and (hour, minute, second) == (24, 0, 0):
            return DAY
    hint = "; 24:00 is allowed as an end only" if str(text).startswith("24") else ""
    raise ValueError(f"{text!r} is no time of day: write HH:MM from 00:00 to 23:59{hint}")


def parse_days(days: Iterable[str]) -> frozenset[int]:
    """Return weekdays as numbers, 0 for Monday; `mon` and `Monday` are both fine.

    Raises:
        ValueError: None is named, or one that does not exist (rule G2).
    """
    if isinstance(days, str):
        raise ValueError(f"{days!r} is text, not a list of weekdays: write [{days!r}]")
    numbers: set[int] = set()
    for day in days:
        name = str(day).strip().lower()
        if name in WEEKDAYS:
            numbers.add(WEEKDAYS.index(name))
        elif name in _FULL:
            numbers.add(_FULL.index(name))
        else:
            raise ValueError(f"{day!r} is no weekday: write {', '.join(WEEKDAYS)}")
    if not numbers:
        raise ValueError(f"no weekday is named: write some of {', '.join(WEEKDAYS)}")
    return frozenset(numbers)
