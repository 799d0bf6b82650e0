"""How long may a span be? Long enough for a century, and never so long that dates run out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from journeykit.model.retelling import Wrong
from journeykit.time import DAY, Duration

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


Offset = Annotated[Duration, AfterValidator(_bounded)]
NotNegative = Annotated[Duration, AfterValidator(_bounded), AfterValidator(_not_negative)]
Positive = Annotated[Duration, AfterValidator(_bounded), AfterValidator(_positive)]
