"""How is a condition written? With operators on class attributes, checked at once.

`Shopper.plan == "pro"` gives a condition, never a bool. Values are checked against the
field's type when the condition is written, and kept in wire form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar, cast

from journeykit.errors import ConditionError
from journeykit.model.conditions import (
    ANSWERS,
    Comparison,
    Condition,
    Not,
    PastComparison,
    RelativeMoment,
    checked,
)
from journeykit.model.fields import FieldRef, Kind, Reference, is_taken
from journeykit.model.operators import (
    MANY,
    PARTS,
    SIGNS,
    Op,
    objection_to,
    objection_to_moment,
    objection_to_pair,
    objection_to_part,
)
from journeykit.model.values import NAMED, NUMBERS, WANTED, to_wire
from journeykit.time import Duration

T = TypeVar("T")


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
    if objection := objection_to(kind, op):
        raise _refused(attribute, op, other, *objection)
    if op in PARTS:
        if objection := objection_to_part(kind, other):
            raise _refused(attribute, op, other, *objection)
        return other
    if op in MANY:
        return _operands(attribute, op, other)
    if isinstance(other, PastQuestion):
        raise _refused(
            attribute, op, other, "a question cannot be compared with a field",
            "compare each with a constant",
        )  # fmt: skip
    if isinstance(other, Reference):
        if objection := objection_to_pair(kind, other.kind):
            raise _refused(attribute, op, other, *objection)
        return FieldRef(of=other.of, field=other.name, kind=other.kind)
    if isinstance(other, RelativeMoment):
        if objection := objection_to_moment(kind):
            raise _refused(attribute, op, other, *objection)
        return other
    return _constant(attribute, op, other)


def _operands(attribute: Reference, op: Op, other: object) -> tuple[Any, ...]:
    if isinstance(other, str | Mapping) or not isinstance(other, Iterable):
        raise _refused(attribute, op, other, "a list of values is wanted", "give [...]")
    values = tuple(_constant(attribute, op, value) for value in other)
    if not values:
        raise _refused(
            attribute, op, other, "the list is empty, so the answer never changes", "name a value"
        )
    return values


def _constant(attribute: Reference, op: Op, value: object) -> Any:
    """Return a constant in wire form, or refuse it for the kind of the field."""
    kind = attribute.kind
    wire = to_wire(kind, value)
    if wire is None:
        remedy = f"give {WANTED[kind]}"
        if value is None:
            remedy = f"ask exists({attribute!r}), or not_(exists({attribute!r}))"
        raise _refused(attribute, op, value, f"{attribute!r} is {NAMED[kind]}", remedy)
    if attribute.choices and op in ("eq", "ne", "in", "not_in") and wire not in attribute.choices:
        known = ", ".join(map(repr, attribute.choices))
        raise _refused(attribute, op, value, "it never has this value", f"it is one of {known}")
    return wire


def _refused(
    attribute: Reference, op: str, value: object, problem: str, remedy: str
) -> ConditionError:
    return ConditionError(
        problem, place=f"{attribute!r} {SIGNS.get(op, op)}", value=value, remedy=remedy
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


_OUTCOMES = (
    "accepted", "dropped", "failed", "withdrawn",
    "started", "refused", "completed", "exited", "goal", "cancelled", "restarted",
)  # fmt: skip


def outcome(step: str) -> Attribute[str]:
    """What came of a step.

    Of a `Send`, what became of its last message: accepted, dropped, failed, withdrawn. Of a
    `StartJourney`: started or refused, or how the other run ended.
    """
    return Attribute("step", step, "text", _OUTCOMES)


class _Asked(Reference):
    """A question about the past, in messages."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self.of}({self.name})"


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
        self._kind: Kind = ANSWERS[past]

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
        asked = _Asked(self._past, self._event, self._kind)
        return PastComparison(
            past=self._past,
            event=self._event,
            op=op,
            value=_operand(asked, op, other),
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
    if (
        not isinstance(attribute, Attribute)
        or attribute.kind not in NUMBERS
        or is_taken(attribute.of)
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
    if name is None or is_taken(name):
        raise ConditionError(
            f"{past} asks about events", value=event, remedy=f"such as {past}(OrderPlaced)"
        )
    condition = None if where is None else checked(where, "where")
    return PastQuestion(past, name, field=field, within=_window(past, within), where=condition)


def _window(past: str, within: Any) -> Duration | None:
    if within is None:
        return None
    try:
        window = Duration.of(within)
    except ValueError:
        window = Duration()
    if window.is_zero or window.is_negative:
        raise ConditionError(
            "a window is a span longer than zero",
            place=f"{past}(within=)",
            value=within,
            remedy="such as within=days(30)",
        )
    return window


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
