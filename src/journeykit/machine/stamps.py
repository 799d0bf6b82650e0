"""How is a date or an instant in wire form read as a number?"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from journeykit.time import to_micros, wall_of


def instant_of(text: str) -> int:
    """Read an instant in wire form as micros."""
    moment = datetime.fromisoformat(text)
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def date_of(text: str) -> int:
    """Read a date in wire form as the wall micros of its midnight."""
    return wall_of(datetime.combine(date.fromisoformat(text), time()))
