"""Of what kind is a field? Read off its type annotation."""

from __future__ import annotations

import re
import types
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from journeykit.model.fields import Kind

_KINDS: dict[type, Kind] = {
    bool: "boolean", int: "integer", Decimal: "decimal", float: "float", str: "text",
    datetime: "instant", date: "date",
}  # fmt: skip


def snake_case(name: str) -> str:
    """Return a class name such as `OrderPlaced` as `order_placed`."""
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", parts).lower()


def kind_of(annotation: Any) -> tuple[Kind, tuple[Any, ...]]:
    """Return the kind of a field by its type, and all its legal values where those are few."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kind_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        ways = [way for way in get_args(annotation) if way is not type(None)]
        return kind_of(ways[0]) if len(ways) == 1 else ("json", ())
    if origin is Literal:
        return _choices(get_args(annotation))
    if origin in (list, tuple, set, frozenset):
        return "list", ()
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return _choices(tuple(member.value for member in annotation))
        for base, kind in _KINDS.items():
            if issubclass(annotation, base):
                return kind, ()
    return "json", ()


def _choices(values: tuple[Any, ...]) -> tuple[Kind, tuple[Any, ...]]:
    if all(isinstance(value, str) for value in values):
        return "text", values
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "integer", values
    return "json", ()
