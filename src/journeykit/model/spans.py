"""How long may a span be, and how is it read out? At most a century, so that no dates run out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from journeykit.model.retelling import Wrong
from journeykit.time import DAY, HOUR, MINUTE, SECOND, Duration

Span = Duration | timedelta | str
_YEARS = 100


def _bounded(value: Duration) -> Duration:
    days = abs(value.months) * 365.25 / 12 + abs(value.days) + abs(value.micros) / DAY
    if days > _YEARS * 365.25:
        raise Wrong(f"a span of time is at most {_YEARS} years long", "give a shorter one")
    return value


def _not_negative(value: Duration) -> Duration:
    if value.is_negative:
        raise Wrong("a span of time cannot be negative", "give a duration of zero or more")
    return value


def _positive(value: Duration) -> Duration:
    if value.is_negative or value.is_zero:
        raise Wrong("a span of time must be longer than zero", "give more, such as days(7)")
    return value


def shortest(span: Duration) -> int:
    """Return the micros that a span lasts at least, whatever the calendar and the clock do."""
    return span.micros + (span.days + span.months * 28) * DAY - (HOUR if span.is_calendar else 0)


def longest(span: Duration) -> int:
    """Return the micros that a span lasts at most."""
    return span.micros + (span.days + span.months * 31) * DAY + (HOUR if span.is_calendar else 0)


def in_words(span: Duration) -> str:
    """Return how a span longer than zero reads: `4 hours`, `1 month and 2 days`."""
    years, months = divmod(span.months, 12)
    parts: list[tuple[int | float, str]] = [(years, "year"), (months, "month"), (span.days, "day")]
    rest = span.micros
    for size, unit in ((HOUR, "hour"), (MINUTE, "minute")):
        count, rest = divmod(rest, size)
        parts.append((count, unit))
    parts.append((rest // SECOND if rest % SECOND == 0 else rest / SECOND, "second"))
    told = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def validate_positive(value: Span) -> Duration:
    """Return a span that a host gave, longer than zero.

    Raises:
        ValueError: It is none, not longer than zero, or longer than a century.
    """
    return _positive(_bounded(Duration.of(value)))


Offset = Annotated[Duration, AfterValidator(_bounded)]
NotNegative = Annotated[Duration, AfterValidator(_bounded), AfterValidator(_not_negative)]
Positive = Annotated[Duration, AfterValidator(_bounded), AfterValidator(_positive)]
