"""How is a condition written? With operators on class attributes, checked at once.

`Shopper.plan == "pro"` gives a condition, never a bool. Values are checked against the
field's type when the condition is written, and kept in wire form.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Generic, Literal, TypeVar, cast

from journeykit.errors import ConditionError
from journeykit.model.conditions import (
    Comparison,
    Condition,
    Not,
    Op,
    PastComparison,
    RelativeMoment,
    checked,
)
from journeykit.model.fields import FieldRef, Kind, Reference
from journeykit.time import Duration

T = TypeVar("T")
ORDERED: frozenset[Kind] = frozenset({"integer", "decimal", "float", "date", "instant", "text"})
SIGNS: dict[str, str] = {
    "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
WANTED: dict[Kind, str] = {
    "text": "a string",
    "integer": "a whole number",
    "decimal": 'a Decimal, a whole number, or a string such as "19.90"',
    "float": "a number",
    "boolean": "True or False",
    "date": "a date, such as date(2026, 3, 1)",
    "instant": "an aware datetime, such as datetime(2026, 3, 1, tzinfo=UTC)",
    "list": "one of its items",
    "json": "nothing: it can only be asked whether it exists",
}


class Attribute(Reference, Generic[T]):
    """A field, ready to be compared: every operator gives a condition."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compare("eq", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compare("ne", other)

    def __lt__(self, other: T | Attribute[T] | RelativeMoment) -> Condition:
        return self._compare("lt", other)

    def __le__(self, other: T | Attribute[T] | RelativeMoment) -> Condition:
        return self._compare("le", other)

    def __gt__(self, other: T | Attribute[T] | RelativeMoment) -> Condition:
        return self._compare("gt", other)

    def __ge__(self, other: T | Attribute[T] | RelativeMoment) -> Condition:
        return self._compare("ge", other)

    def __bool__(self) -> bool:
        raise ConditionError(
            f"{self!r} is a field, not its value: it has no truth value",
            remedy=f"compare it, such as {self!r} == True, or ask exists({self!r})",
        )

    def in_(self, values: Iterable[T]) -> Condition:
        """It is one of `values`."""
        return self._compare("in", values)

    def not_in(self, values: Iterable[T]) -> Condition:
        """It has a value, which is none of `values`."""
        return self._compare("not_in", values)

    def exists(self) -> Condition:
        """It has a value at all."""
        return self._compare("exists", True)

    def contains(self, value: object) -> Condition:
        """The list has this item, or the text this part."""
        return self._compare("contains", value)

    def startswith(self, value: str) -> Condition:
        """The text begins so."""
        return self._compare("starts_with", value)

    def _compare(self, op: Op, other: object) -> Condition:
        return Comparison(
            of=self.of,
            field=self.name,
            kind=self.kind,
            op=op,
            value=_operand(self, op, other),
        )


def _operand(attribute: Reference, op: Op, other: object) -> Any:
    kind = attribute.kind
    if op == "exists":
        return True
    if op in ("lt", "le", "gt", "ge") and kind not in ORDERED:
        raise _refused(attribute, op, other, f"a {kind} has no order; use == or !=")
    if kind == "json":
        raise _refused(attribute, op, other, WANTED["json"])
    if op in ("contains", "starts_with"):
        if kind not in ("text", "list") or (op == "starts_with" and kind == "list"):
            raise _refused(
                attribute, op, other, f"it asks a text{' or a list' if op == 'contains' else ''}"
            )
        if not isinstance(other, str | int) or isinstance(other, bool):
            raise _refused(attribute, op, other, "give a string or a whole number")
        return other
    if op in ("in", "not_in"):
        return _operands(attribute, op, other)
    if kind == "list":
        raise _refused(attribute, op, other, "ask contains(item)")
    if isinstance(other, Reference):
        if other.kind != kind:
            raise _refused(
                attribute, op, other, f"{other!r} is a {other.kind}; compare with a {kind}"
            )
        return FieldRef(of=other.of, field=other.name, kind=other.kind)
    if isinstance(other, RelativeMoment):
        if kind not in ("date", "instant"):
            raise _refused(attribute, op, other, WANTED[kind])
        return other
    return _wire_value(attribute, op, other)


def _operands(attribute: Reference, op: Op, other: object) -> list[Any]:
    if isinstance(other, str) or not isinstance(other, Iterable):
        raise _refused(attribute, op, other, "give a list of values")
    values = [_wire_value(attribute, op, value) for value in other]
    if not values:
        raise _refused(attribute, op, other, "the list is empty, so the answer never changes")
    return values


def _wire_value(attribute: Reference, op: str, value: object) -> Any:
    """Return a constant in wire form, or refuse it for the kind of the field."""
    kind = attribute.kind
    if isinstance(value, Enum):
        value = value.value
    wire = _converted(kind, value)
    if wire is None:
        raise _refused(attribute, op, value, f"give {WANTED[kind]}")
    if attribute.choices and wire not in attribute.choices:
        known = ", ".join(map(repr, attribute.choices))
        raise _refused(attribute, op, value, f"it can only be {known}")
    return wire


def _converted(kind: Kind, value: object) -> Any:
    """Return `value` in wire form, or None where it does not fit the kind."""
    number = isinstance(value, int) and not isinstance(value, bool)
    match kind:
        case "text":
            return value if isinstance(value, str) else None
        case "integer":
            return value if number else None
        case "float":
            return float(cast(float, value)) if number or isinstance(value, float) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "decimal":
            return _decimal(value) if number or isinstance(value, str | Decimal) else None
        case "date":
            plain = isinstance(value, date) and not isinstance(value, datetime)
            return cast(date, value).isoformat() if plain else None
        case "instant":
            if isinstance(value, datetime) and value.utcoffset() is not None:
                return value.astimezone(UTC).isoformat()
            return None
        case _:
            return None


def _decimal(value: object) -> str | None:
    try:
        number = Decimal(cast(Any, value))
    except InvalidOperation:
        return None
    return str(number) if number.is_finite() else None


def _refused(attribute: Reference, op: str, value: object, remedy: str) -> ConditionError:
    return ConditionError(
        f"{attribute!r} is a {attribute.kind} and cannot be asked this",
        place=f"{attribute!r} {SIGNS.get(op, op)}",
        value=value,
        remedy=remedy,
    )


# ---- functions that authors use


def field(attribute: T) -> Attribute[T]:
    """Return the same field, precisely typed: for fields that may be None, or for `.in_`.

    Raises:
        ConditionError: It is no class attribute of an event or a profile.
    """
    if not isinstance(attribute, Attribute):
        raise ConditionError(
            "this is no field",
            value=attribute,
            remedy="give a class attribute, such as Shopper.plan",
        )
    return cast(Attribute[T], attribute)


def not_(condition: Condition | bool) -> Condition:
    """It does not hold."""
    return Not(**{"not": checked(condition, "not_")})


def in_(attribute: T, values: Iterable[T]) -> Condition:
    """The field is one of `values`."""
    return field(attribute).in_(values)


def exists(attribute: object) -> Condition:
    """The field has a value; of `last(...)`: there was such an event."""
    if isinstance(attribute, PastQuestion):
        return attribute.exists()
    return field(attribute).exists()


def ago(duration: Duration) -> Any:
    """The instant that lies `duration` before now, for comparisons."""
    return RelativeMoment(ago=duration)


def ahead(duration: Duration) -> Any:
    """The instant that lies `duration` after now, for comparisons."""
    return RelativeMoment(ahead=duration)


def outcome(step: str) -> Attribute[str]:
    """What became of the last message of a `Send` step: accepted, dropped, failed, withdrawn."""
    return Attribute("step", step, "text", ("accepted", "dropped", "failed", "withdrawn"))


class PastQuestion:
    """A question about past events that becomes a condition when it is compared."""

    __slots__ = ("_event", "_field", "_kind", "_past", "_where", "_within")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        past: Literal["count", "total", "last"],
        event: str,
        *,
        field: FieldRef | None,
        within: Duration | None,
        where: Condition | None,
    ) -> None:
        self._past = past
        self._event = event
        self._field = field
        self._within = within
        self._where = where
        kinds: dict[str, Kind] = {"count": "integer", "total": "decimal", "last": "instant"}
        self._kind = kinds[past]

    def __repr__(self) -> str:
        return f"{self._past}({self._event})"

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compare("eq", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compare("ne", other)

    def __lt__(self, other: object) -> Condition:
        return self._compare("lt", other)

    def __le__(self, other: object) -> Condition:
        return self._compare("le", other)

    def __gt__(self, other: object) -> Condition:
        return self._compare("gt", other)

    def __ge__(self, other: object) -> Condition:
        return self._compare("ge", other)

    def __bool__(self) -> bool:
        raise ConditionError(
            f"{self!r} is a question, not a value", remedy=f"compare it, such as {self!r} >= 1"
        )

    def exists(self) -> Condition:
        """There was such an event."""
        return self._compare("exists", True)

    def _compare(self, op: Op, other: object) -> Condition:
        value: Any = other
        asked = Reference(self._past, self._event, self._kind)
        if op != "exists":
            value = other if isinstance(other, RelativeMoment) else _wire_value(asked, op, other)
        if isinstance(value, RelativeMoment) and self._past != "last":
            raise _refused(asked, op, other, f"give {WANTED[self._kind]}")
        return PastComparison(
            past=self._past,
            event=self._event,
            op=op,
            value=value,
            field=self._field,
            within=self._within,
            where=self._where,
        )


def count(
    event: type[Any], *, within: Any = None, where: Condition | bool | None = None
) -> PastQuestion:
    """How many such events happened, the present one included; `within` counts back from now."""
    return _past("count", event, None, within, where)


def total(
    attribute: object, *, within: Any = None, where: Condition | bool | None = None
) -> PastQuestion:
    """What a number field of such events adds up to, the present one included.

    Raises:
        ConditionError: The field is no number of an event.
    """
    if not isinstance(attribute, Attribute) or attribute.kind not in (
        "integer",
        "decimal",
        "float",
    ):
        raise ConditionError(
            "total adds up a number field of an event",
            value=attribute,
            remedy="such as total(OrderPlaced.amount)",
        )
    ref = FieldRef(of=attribute.of, field=attribute.name, kind=attribute.kind)
    return _past("total", attribute.of, ref, within, where)


def last(event: type[Any], *, where: Condition | bool | None = None) -> PastQuestion:
    """When the latest such event happened; compared while there was none, it does not hold."""
    return _past("last", event, None, None, where)


def _past(
    past: Literal["count", "total", "last"],
    event: type[Any] | str,
    field: FieldRef | None,
    within: Any,
    where: Condition | bool | None,
) -> PastQuestion:
    name = event if isinstance(event, str) else getattr(event, "__wire_name__", None)
    if name is None or name == "profile":
        raise ConditionError(
            f"{past} asks about events", value=event, remedy=f"such as {past}(OrderPlaced)"
        )
    window = None if within is None else Duration.of(within)
    if window is not None and (window.is_zero or window.is_negative):
        raise ConditionError(
            "a window must be longer than zero", value=within, remedy="within=days(30)"
        )
    condition = None if where is None else checked(where, "where")
    return PastQuestion(past, name, field=field, within=window, where=condition)


__all__ = [
    "Attribute",
    "PastQuestion",
    "ago",
    "ahead",
    "count",
    "exists",
    "field",
    "in_",
    "last",
    "not_",
    "outcome",
    "total",
]
