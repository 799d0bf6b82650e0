"""How long? A `Duration` keeps calendar and elapsed time apart (rule T2).

Months stay months: a month has no length until it is added to a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from journeykit.errors import InputError
from journeykit.time.instants import DAY, HOUR, MINUTE, SECOND, naive_of, wall_of, within_years
from journeykit.time.zones import Resolve, Zone

_NUMBER = r"[-+]?\d{1,15}"
_ISO = re.compile(
    rf"(?P<sign>[-+]?)P(?=.)(?:(?P<years>{_NUMBER})Y)?(?:(?P<months>{_NUMBER})M)?"
    rf"(?:(?P<weeks>{_NUMBER})W)?(?:(?P<days>{_NUMBER})D)?(?:T(?=.)(?:(?P<hours>{_NUMBER})H)?"
    rf"(?:(?P<minutes>{_NUMBER})M)?(?:(?P<seconds>{_NUMBER}(?:\.\d{{1,6}})?)S)?)?",
    re.ASCII,
)
_UNIT = r"(?:[-+]?[0-9]{1,15}%s)?"
_PATTERN = (
    rf"^[-+]?P(?=.){''.join(_UNIT % unit for unit in 'YMWD')}"
    rf"(?:T(?=.){_UNIT % 'H'}{_UNIT % 'M'}(?:[-+]?[0-9]{{1,15}}(?:\.[0-9]{{1,6}})?S)?)?$"
)
"""The same for a JSON Schema."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time: months and days move the local date, micros are elapsed time."""

    months: int = 0
    days: int = 0
    micros: int = 0

    def __add__(self, other: Duration | timedelta) -> Duration:
        if not isinstance(other, Duration | timedelta):
            return NotImplemented
        more = Duration.of(other)
        return Duration(self.months + more.months, self.days + more.days, self.micros + more.micros)

    __radd__ = __add__

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.days, -self.micros)

    def __sub__(self, other: Duration | timedelta) -> Duration:
        if not isinstance(other, Duration | timedelta):
            return NotImplemented
        return self + -Duration.of(other)

    def __bool__(self) -> bool:
        return not self.is_zero

    @property
    def is_zero(self) -> bool:
        """Whether it changes nothing."""
        return not (self.months or self.days or self.micros)

    @property
    def is_calendar(self) -> bool:
        """Whether some of it moves the local date."""
        return bool(self.months or self.days)

    @property
    def is_negative(self) -> bool:
        """Whether any part goes back."""
        return self.months < 0 or self.days < 0 or self.micros < 0

    @classmethod
    def of(cls, value: Duration | timedelta | str) -> Duration:
        """Return a duration; a `timedelta` is elapsed time, text is ISO 8601.

        Raises:
            ValueError: It is none of these.
        """
        if isinstance(value, Duration):
            return value
        if isinstance(value, timedelta):
            return Duration(micros=value // timedelta(microseconds=1))
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError(f"{value!r} is no span of time: write days(7), hours(1) or 'P1M'")

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ISO 8601, such as `P1M`, `P2W`, `P1DT2H30M`.

        Years, months, weeks and days are calendar units, the rest is elapsed time. A sign may
        stand before the whole or before a part (`P-3DT2H`, as in `java.time` and ISO 8601-2).

        Raises:
            ValueError: It is no duration.
        """
        match = _ISO.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no ISO 8601 duration: write P1M, P2W or P1DT2H30M")
        part = {name: value or "0" for name, value in match.groupdict().items()}
        micros = int(part["hours"]) * HOUR + int(part["minutes"]) * MINUTE
        micros += int(Decimal(part["seconds"]) * SECOND)
        duration = cls(
            int(part["years"]) * 12 + int(part["months"]),
            int(part["weeks"]) * 7 + int(part["days"]),
            micros,
        )
        return -duration if match["sign"] == "-" else duration

    def __str__(self) -> str:
        if self.is_zero:
            return "PT0S"
        if self.months <= 0 and self.days <= 0 and self.micros <= 0:
            return f"-{-self}"
        years, months = _divided(self.months, 12)
        hours, rest = _divided(self.micros, HOUR)
        minutes, rest = _divided(rest, MINUTE)
        seconds = f"{Decimal(rest) / SECOND:f}" if rest else ""
        date = _units((years, "Y"), (months, "M"), (self.days, "D"))
        time = _units((hours, "H"), (minutes, "M"), (seconds, "S"))
        return f"P{date}T{time}" if time else f"P{date}"

    def __repr__(self) -> str:
        years, months = _divided(self.months, 12)
        parts = [
            f"{name}({count})"
            for name, count in (("years", years), ("months", months), ("days", self.days))
            if count
        ]
        if self.micros or not parts:
            parts.append(_elapsed_repr(self.micros))
        return " + ".join(parts)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of,
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN}


def _divided(value: int, by: int) -> tuple[int, int]:
    """Divide like `divmod`, but towards zero: quotient and rest have the sign of `value`."""
    whole, rest = divmod(abs(value), by)
    return (-whole, -rest) if value < 0 else (whole, rest)


def _units(*parts: tuple[int | str, str]) -> str:
    return "".join(f"{count}{unit}" for count, unit in parts if count)


def _elapsed_repr(micros: int) -> str:
    for name, size in (("hours", HOUR), ("minutes", MINUTE)):
        if micros and micros % size == 0:
            return f"{name}({micros // size})"
    whole, rest = divmod(micros, SECOND)
    return f"seconds({whole})" if not rest else f"seconds(Decimal('{Decimal(micros) / SECOND}'))"


def _whole(count: int, unit: str) -> int:
    if isinstance(count, bool) or not isinstance(count, int):
        raise InputError(
            f"a number of {unit} must be whole",
            place=unit,
            value=count,
            remedy=f"such as {unit}(2)",
        )
    return count


def _elapsed(count: float | Decimal, size: int, unit: str) -> Duration:
    if isinstance(count, bool) or not isinstance(count, int | float | Decimal):
        raise InputError(
            f"{unit} must be a number", place=unit, value=count, remedy=f"such as {unit}(2)"
        )
    written = Decimal(str(count))
    exact = written * size if written.is_finite() else None
    if exact is None or exact != int(exact):
        raise InputError(
            f"{unit} must be a whole number of microseconds",
            place=unit,
            value=count,
            remedy=f"such as {unit}(2)",
        )
    return Duration(micros=int(exact))


def years(count: int) -> Duration:
    """Calendar years: the same date and wall clock, clamped to the month's last day."""
    return Duration(months=12 * _whole(count, "years"))


def months(count: int) -> Duration:
    """Calendar months: the same day and wall clock, clamped to the month's last day."""
    return Duration(months=_whole(count, "months"))


def weeks(count: int) -> Duration:
    """Calendar weeks: the same weekday and wall clock."""
    return Duration(days=7 * _whole(count, "weeks"))


def days(count: int) -> Duration:
    """Calendar days: the same wall clock; 23, 24 or 25 hours each."""
    return Duration(days=_whole(count, "days"))


def hours(count: float | Decimal) -> Duration:
    """Elapsed hours."""
    return _elapsed(count, HOUR, "hours")


def minutes(count: float | Decimal) -> Duration:
    """Elapsed minutes."""
    return _elapsed(count, MINUTE, "minutes")


def seconds(count: float | Decimal) -> Duration:
    """Elapsed seconds."""
    return _elapsed(count, SECOND, "seconds")


def shift_wall(wall: int, duration: Duration) -> int:
    """Move wall micros by the calendar part: years and months first, clamped, then days.

    Raises:
        InputError: The result lies outside the years 1 to 9999.
    """
    if duration.months:
        try:
            wall = wall_of(naive_of(wall) + relativedelta(months=duration.months))
        except (ValueError, OverflowError):
            raise InputError(
                "this leads to a date outside the years 1 to 9999",
                place="duration",
                value=str(duration),
                remedy="use a shorter one",
            ) from None
    return within_years(wall + duration.days * DAY, what="local time")


def shift(us: int, duration: Duration, zone: Zone, *, resolve: Resolve = "compatible") -> int:
    """Return the instant that lies `duration` after `us` on the wall clock of `zone`.

    Years and months move the local date first, clamped to the month's last day, then days;
    the wall clock is kept (rules T2, T3); elapsed time is added last. A calendar part of
    zero leaves the instant as it is. With `resolve="skip"`, a wall time in a gap is taken as
    `compatible`: an instant is always returned.

    Raises:
        InputError: The result lies outside the years 1 to 9999.
    """
    if duration.is_calendar:
        wall = shift_wall(zone.wall(us), duration)
        us = zone.instant(wall, "compatible" if resolve == "skip" else resolve)
    return within_years(us + duration.micros)
