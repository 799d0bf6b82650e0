"""What can be written down, and read again as the same? What JSON has, of a size that is allowed.

A field of a type that says what it holds was checked by its class. What may hold anything, such
as `dict[str, Any]`, is looked through here: what JSON has not would be kept as something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from journeykit.errors import JourneykitError
from journeykit.model import Event, Profile, Result
from journeykit.model.kinds import item_kind, kind_of
from journeykit.ports import Content

DEPTH = 64
"""How many lists and mappings may lie in one another."""

canonical = msgspec.json.Encoder(order="deterministic").encode
_PLAIN = (bool, int, str, type(None), date, time, timedelta, UUID)
_LONGEST_NUMBER = 300
_PAIR = "decode what you received as UTF-8, with errors='replace' if need be"


def refuse_unlike_json(
    place: str, given: Iterable[tuple[str, object]], kind: type[JourneykitError]
) -> None:
    """Refuse values that JSON has not, in fields that may hold anything; `kind` names them."""
    for name, value in given:
        for where, problem, remedy, wrong in _objections(f"{place}.{name}", value, 0):
            raise kind(problem, place=where, value=wrong, remedy=remedy, private=True)


def refuse_unwritable(
    place: str, fields: Mapping[str, Any], kind: type[JourneykitError], most: int
) -> None:
    """Refuse text that no file and no database can hold, and what is too large.

    Args:
        fields: In wire form.
        most: How many bytes they may have as JSON, all together.
    """
    try:
        size = len(canonical(fields))
    except UnicodeEncodeError as error:
        field = next(name for name, value in fields.items() if not can_be_written(value))
        raise kind(
            "text with half of a surrogate pair cannot be stored", place=f"{place}.{field}",
            value=error.object[error.start : error.end], remedy=_PAIR, private=True,
        ) from None  # fmt: skip
    except ValueError:  # of thousands of digits, which Python writes only when asked to
        refuse_unlike_json(place, fields.items(), kind)
        raise
    if size > most:
        sizes = {name: len(canonical(value)) for name, value in fields.items()}
        largest = max(sizes, key=lambda name: sizes[name])
        raise kind(
            f"{size} bytes as JSON are more than the {most} that are allowed",
            place=f"{place}.{largest}",
            remedy="report where it is kept instead of itself, or raise "
            "Workspace(max_input_bytes=...)",
        )


def can_be_written(value: object) -> bool:
    """Tell whether text, or what holds some, has no half of a surrogate pair."""
    try:
        canonical(value)
    except UnicodeEncodeError:
        return False
    return True


class UnfitContentError(Exception):
    """What a renderer gave cannot be kept; the text tells why, without the value (F5)."""


def content_bytes(content: Content, most: int) -> bytes:
    """Return content as it is kept.

    Raises:
        UnfitContentError: It holds what JSON has not, or more than `most` bytes.
    """
    for _, problem, _, _ in _objections("data", content.data, 0) if content.data else ():
        raise UnfitContentError(problem)
    body = msgspec.json.encode(content)
    if len(body) > most:
        raise UnfitContentError(f"{len(body)} bytes of content, of {most} that are allowed")
    return body


@lru_cache(maxsize=1024)
def loose_fields(cls: type[Event | Profile | Result]) -> tuple[str, ...]:
    """Return the fields of a class that may hold anything."""
    loose = []
    for name, info in cls.model_fields.items():
        kind, _ = kind_of(info.annotation)
        if kind == "json" or (kind == "list" and item_kind(info.annotation) is None):
            loose.append(name)
    return tuple(loose)


_Objection = tuple[str, str, str, object]


def _objections(place: str, value: object, depth: int) -> Iterator[_Objection]:
    """Yield what speaks against a value: where, what, what would be right, and the value."""
    if isinstance(value, str):
        if not can_be_written(value):
            yield place, "text with half of a surrogate pair cannot be stored", _PAIR, value
    elif isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > 4 * _LONGEST_NUMBER:
            why = f"a number of more than {_LONGEST_NUMBER} digits"
            yield place, why, "give it as text", type(value)
    elif isinstance(value, float | Decimal):
        if not (value.is_finite() if isinstance(value, Decimal) else isfinite(value)):
            yield place, "it must be a finite number", "give None where there is none", value
    elif isinstance(value, Enum):
        yield from _objections(place, value.value, depth)
    elif isinstance(value, BaseModel):
        yield from _objections(place, dict(value), depth)
    elif isinstance(value, _PLAIN):
        return
    elif depth >= DEPTH:
        why = f"more than {DEPTH} lists and mappings lie in one another"
        yield place.partition("[")[0], why, "give it as text, or flatten it", type(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                why = "the keys of a mapping must be text, as in JSON"
                yield place, why, f"write str({key!r})", key
            elif not can_be_written(key):
                yield place, "text with half of a surrogate pair cannot be stored", _PAIR, key
            else:
                yield from _objections(f"{place}.{key}", inner, depth + 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _objections(f"{place}[{number}]", inner, depth + 1)
    else:
        remedy = "give texts, numbers, True, False, None, lists and dicts of these"
        if isinstance(value, bytes | bytearray | memoryview):
            remedy = "give text, such as base64"
        if isinstance(value, set | frozenset):
            remedy = "give a list: a set has no order"
        yield place, f"JSON has no {type(value).__name__}", remedy, value
