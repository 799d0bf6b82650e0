"""Of what kind is a field? Read off its type annotation."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from journeykit.model.fields import Kind

_KINDS: dict[type, Kind] = {
    bool: "boolean", int: "integer", Decimal: "decimal", float: "float", str: "text",
    datetime: "instant", date: "date",
}  # fmt: skip


_LISTS = (list, tuple, Sequence)
_SETS = (set, frozenset, Set)
T = TypeVar("T")


def snake_case(name: str) -> str:
    """Return a class name such as `OrderPlaced` as `order_placed`, `Changed[int]` as `changed_int`."""
    name = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
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
    if origin in _LISTS or annotation in _LISTS:
        return "list", ()
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return _choices(tuple(member.value for member in annotation))
        for base, kind in _KINDS.items():
            if issubclass(annotation, base):
                return kind, ()
    for alias in ("__supertype__", "__value__"):  # a NewType, a `type` statement
        if hasattr(annotation, alias):
            return kind_of(getattr(annotation, alias))
    return "json", ()


def item_kind(annotation: Any) -> Kind | None:
    """Return the kind of what a list holds by the type of the field; None where it may be anything."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return item_kind(args[0])
    if origin in (Union, types.UnionType):
        ways = [way for way in args if way is not type(None)]
        return item_kind(ways[0]) if len(ways) == 1 else None
    if origin not in _LISTS or args[1:] not in ((), (...,)):
        return None
    kind, _ = kind_of(args[0])
    return None if kind == "json" else kind


def is_set(annotation: Any) -> bool:
    """Tell whether the values of a field have no order of their own."""
    if get_origin(annotation) in (Annotated, Union, types.UnionType):
        return any(map(is_set, get_args(annotation)))
    return annotation in _SETS or get_origin(annotation) in _SETS


def marks_in(annotation: Any, kind: type[T]) -> Iterator[T]:
    """Yield the marks of one kind within a type such as `Annotated[str, mark] | None`."""
    for part in get_args(annotation):
        if isinstance(part, kind):
            yield part
        yield from marks_in(part, kind)


def _choices(values: tuple[Any, ...]) -> tuple[Kind, tuple[Any, ...]]:
    if all(isinstance(value, str) for value in values):
        return "text", values
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "integer", values
    return "json", ()
