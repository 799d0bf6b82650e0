"""Which constants fit a field? By its kind, as a program writes them and in wire form.

In wire form, which is what conditions keep and JSON holds, a decimal is text such as "19.90",
a date and an instant are ISO 8601 text, and everything else is itself.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from journeykit.model.fields import Kind

ORDERED: frozenset[Kind] = frozenset({"integer", "decimal", "float", "date", "instant", "text"})
NUMBERS: frozenset[Kind] = frozenset({"integer", "decimal", "float"})
NAMED: dict[Kind, str] = {
    "text": "a text",
    "integer": "an integer",
    "decimal": "a decimal",
    "float": "a float",
    "boolean": "a boolean",
    "date": "a date",
    "instant": "an instant",
    "list": "a list",
    "json": "a structure",
}
WANTED: dict[Kind, str] = {
    "text": "a string",
    "integer": "a whole number",
    "decimal": 'a Decimal, a whole number, or a string such as "19.90"',
    "float": "a finite number",
    "boolean": "True or False",
    "date": "a date, such as date(2026, 3, 1)",
    "instant": "an aware datetime, such as datetime(2026, 3, 1, tzinfo=UTC)",
    "list": "nothing, but ask contains(item)",
    "json": "nothing: it can only be asked whether it exists",
}
WANTED_IN_JSON: dict[Kind, str] = {
    **WANTED,
    "decimal": 'a number as text, such as "19.90"',
    "boolean": "true or false",
    "date": 'a date, such as "2026-03-01"',
    "instant": 'an instant with its offset, such as "2026-03-01T00:00:00+00:00"',
}
_LARGEST = 2**63 - 1
_HALF = re.compile("[\ud800-\udfff]")


def to_wire(kind: Kind, value: object) -> Any:
    """Return a constant as a program writes it in wire form; None where it does not fit."""
    if isinstance(value, Enum):
        value = value.value
    match kind, value:
        case "decimal", Decimal():
            return from_wire(kind, str(value))
        case "date", date() if not isinstance(value, datetime):
            return value.isoformat()
        case "instant", datetime():
            return from_wire(kind, value.isoformat())
        case "date" | "instant", _:
            return None
        case _:
            return from_wire(kind, value)


def wire_of(value: object) -> Any:
    """Return a constant in wire form, by its own type, where no field tells the kind.

    What has no wire form is returned as it is.
    """
    match value:
        case Enum():
            return value.value
        case Decimal():
            return to_wire("decimal", value)
        case datetime():
            return to_wire("instant", value)
        case date():
            return to_wire("date", value)
        case _:
            return value


def from_wire(kind: Kind, value: object) -> Any:
    """Return a constant of a definition in its one wire form; None where it does not fit."""
    match kind, value:
        case "text", str():
            return value if is_whole(value) else None
        case "boolean", bool():
            return value
        case _, bool():
            return None
        case "integer", int():
            return value if -_LARGEST <= value <= _LARGEST else None
        case "float", int() | float():
            return float(value) if abs(value) <= 1.7e308 else None
        case "decimal", int() | str():
            return _decimal(value)
        case "date" | "instant", str():
            return _moment(kind, value)
        case _:
            return None


def is_whole(text: str) -> bool:
    """Tell whether a text can be written: half a surrogate pair cannot."""
    return text.isascii() or not _HALF.search(text)


def _decimal(value: str | int) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return f"{number:f}" if number.is_finite() and -99 < number.adjusted() < 99 else None


def _moment(kind: Kind, text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
        if kind == "date":
            return text if date.fromisoformat(text).isoformat() == text else None
        return None if moment.utcoffset() is None else moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return None
