"""What is a condition? A typed question, kept as data: stored, compared, loaded from JSON.

Nothing here evaluates anything; `machine.guards` compiles conditions to closures. A leaf
carries the kind of its field, so that it can be loaded without the class that it was
written with.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, NoReturn, TypeAlias

from pydantic import (
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_serializer,
    model_validator,
)

from journeykit.errors import ConditionError
from journeykit.model.base import Frozen, Wrong
from journeykit.model.fields import FieldRef, Kind, Reference
from journeykit.model.names import Name
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
from journeykit.model.spans import Offset, Positive
from journeykit.model.values import NAMED, NUMBERS, WANTED_IN_JSON, from_wire
from journeykit.time import Duration

# True is an int to some serializers: bool comes first, or it is written as 1.
Scalar = StrictBool | StrictStr | StrictInt | StrictFloat
ANSWERS: dict[str, Kind] = {"count": "integer", "total": "decimal", "last": "instant"}


class RelativeMoment(Frozen):
    """An instant counted from now: `ago` back, `ahead` forth, in the customer's zone."""

    ago: Offset | None = Field(default=None, kw_only=True)
    ahead: Offset | None = Field(default=None, kw_only=True)

    @model_validator(mode="after")
    def _one(self) -> RelativeMoment:
        if (self.ago is None) == (self.ahead is None):
            raise Wrong("a moment is either ago or ahead", "write ago(days(30))")
        return self

    @property
    def offset(self) -> Duration:
        """What to add to now."""
        if self.ahead is not None:
            return self.ahead
        assert self.ago is not None
        return -self.ago


class Condition(Frozen):
    """The base of all conditions. Join them with `&`, `|` and `not_`."""

    def __and__(self, other: Condition | bool) -> All:
        return All(all=(*_flat(self, All), *_flat(checked(other, "&"), All)))

    def __rand__(self, other: Condition | bool) -> All:
        return All(all=(*_flat(checked(other, "&"), All), self))

    def __or__(self, other: Condition | bool) -> AnyOf:
        return AnyOf(any=(*_flat(self, AnyOf), *_flat(checked(other, "|"), AnyOf)))

    def __ror__(self, other: Condition | bool) -> AnyOf:
        return AnyOf(any=(*_flat(checked(other, "|"), AnyOf), self))

    def __invert__(self) -> Not:
        return Not(**{"not": self})

    def __bool__(self) -> NoReturn:
        raise ConditionError(
            "a condition is a question, not an answer: it has no truth value",
            remedy="join conditions with & and |, negate with not_(...), and do not chain "
            "comparisons",
        )


def _refuse_without_value(asked: Comparison | PastComparison) -> None:
    if asked.op != "exists" and "value" not in asked.model_fields_set:
        raise Wrong("it is missing", "give value=", "value")


def _checked_operand(kind: Kind, op: Op, value: Any) -> Any:
    """Return what a comparison compares with in its one wire form, or refuse it."""
    if op == "exists":
        if value is not True:
            raise Wrong("exists takes no value", "leave it out; `not` says the contrary", "value")
        return value
    if objection := objection_to(kind, op):
        raise Wrong(*objection, "op")
    if isinstance(value, tuple) is not (op in MANY):
        wanted = "a list" if op in MANY else "one value"
        raise Wrong(f"{op!r} compares with {wanted}", f"give {wanted}", "value")
    if op in PARTS:
        objection = objection_to_part(kind, value)
    elif isinstance(value, FieldRef):
        objection = objection_to_pair(kind, value.kind)
    elif isinstance(value, RelativeMoment):
        objection = objection_to_moment(kind)
    elif value == ():
        objection = "the list is empty, so the answer never changes", "give a value"
    elif isinstance(value, tuple):
        return tuple(_constant(kind, one) for one in value)
    else:
        return _constant(kind, value)
    if objection:
        raise Wrong(*objection, "value")
    return value


def _constant(kind: Kind, value: object) -> Any:
    wire = from_wire(kind, value)
    if wire is None:
        raise Wrong(f"{value!r} is not {NAMED[kind]}", f"give {WANTED_IN_JSON[kind]}", "value")
    return wire


def _shape_of(value: object) -> str:
    if isinstance(value, list | tuple):
        return "-many"
    if isinstance(value, Reference | FieldRef) or (isinstance(value, dict) and "of" in value):
        return "FieldRef"
    if isinstance(value, RelativeMoment | dict):
        return "RelativeMoment"
    return "-one"


Operand = Annotated[
    Annotated[FieldRef, Tag("FieldRef")]
    | Annotated[RelativeMoment, Tag("RelativeMoment")]
    | Annotated[tuple[Scalar, ...], Tag("-many")]
    | Annotated[Scalar, Tag("-one")],
    Discriminator(_shape_of),
]


MOST_KEPT = 1000
"""How many events of one kind are told apart at most that lie within a window."""


class Comparison(Condition):
    """Compare a field with a value, with another field, or with a moment counted from now."""

    of: Name
    field: Name
    kind: Kind
    op: Op
    value: Operand = True

    @model_validator(mode="after")
    def _fits(self) -> Comparison:
        _refuse_without_value(self)
        self.__dict__["value"] = _checked_operand(self.kind, self.op, self.value)
        return self


class PastComparison(Condition):
    """Ask about events of the past: how many, what they amount to, when the last one was.

    `where` is asked of each event when it happens, and may therefore read that event only.
    """

    past: Literal["count", "total", "last"]
    event: Name
    op: Op
    value: Operand = True
    field: FieldRef | None = None
    within: Positive | None = None
    where: AnyCondition | None = None

    @model_validator(mode="after")
    def _fits(self) -> PastComparison:
        if self.op not in SIGNS and (self.past, self.op) != ("last", "exists"):
            raise Wrong(f"{self.past} cannot be asked this", f"use {', '.join(SIGNS)}", "op")
        if isinstance(self.value, FieldRef):
            raise Wrong("a question cannot be compared with a field", "give a constant", "value")
        _refuse_without_value(self)
        self.__dict__["value"] = _checked_operand(ANSWERS[self.past], self.op, self.value)
        if (self.past == "total") is not (self.field is not None):
            raise Wrong(
                "total needs a field, and nothing else does",
                "write total(OrderPlaced.amount)",
                "field",
            )
        if self.field is not None and (
            self.field.of != self.event or self.field.kind not in NUMBERS
        ):
            raise Wrong(
                "total adds up a number field of its event",
                "such as total(OrderPlaced.amount)",
                "field",
            )
        if self.within is not None and self.past == "last":
            raise Wrong("last has no window", "write last(...) >= ago(days(30))", "within")
        if self.within is not None and self.past == "count" and _is_beyond(self.value):
            raise Wrong(
                f"of one customer's events within a window, the latest {MOST_KEPT} are counted",
                f"compare with {MOST_KEPT} or less, or leave out within",
                "value",
            )
        if self.where is not None:
            _refuse_other_than(self.event, self.where)
        return self

    @property
    def stream(self) -> PastStream:
        """The events that it asks about."""
        return PastStream(self.event, self.field, self.where)


class All(Condition):
    """Every one of them holds; none at all holds too."""

    all: tuple[AnyCondition, ...]


class AnyOf(Condition):
    """At least one of them holds."""

    any: tuple[AnyCondition, ...]


class Not(Condition):
    """It does not hold."""

    not_: AnyCondition = Field(alias="not")

    @model_serializer(mode="wrap")
    def _as_not(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        (inner,) = handler(self).values()
        return {"not": inner}


def _is_beyond(value: Any) -> bool:
    return isinstance(value, int | float) and value > MOST_KEPT


def _kind_of(value: Any) -> str:
    if isinstance(value, Condition):
        return type(value).__name__
    if isinstance(value, dict):
        for key, name in (
            ("all", "All"),
            ("any", "AnyOf"),
            ("not", "Not"),
            ("past", "PastComparison"),
        ):
            if key in value:
                return name
        return "Comparison"
    return "Condition"


if TYPE_CHECKING:
    AnyCondition: TypeAlias = Condition  # which is all that a checker needs to know
else:
    AnyCondition = Annotated[
        Annotated[Comparison, Tag("Comparison")]
        | Annotated[PastComparison, Tag("PastComparison")]
        | Annotated[All, Tag("All")]
        | Annotated[AnyOf, Tag("AnyOf")]
        | Annotated[Not, Tag("Not")],
        Discriminator(
            _kind_of,
            custom_error_type="no_condition",
            custom_error_message="this is no condition; compare a class attribute, such as "
            "Shopper.plan == 'pro'",
        ),
    ]


def _refuse_other_than(event: str, where: Condition) -> None:
    """A past event is judged by its own fields: nothing else stands still."""
    for leaf in parts_of(where):
        of = [leaf.of] if isinstance(leaf, Comparison) else []
        if isinstance(leaf, Comparison) and isinstance(leaf.value, FieldRef):
            of.append(leaf.value.of)
        if set(of) != {event} or isinstance(getattr(leaf, "value", None), RelativeMoment):
            raise Wrong(
                f"where= asks about past {event} events, and this is not a comparison of "
                "their own fields with constants or each other",
                f"compare fields of {event}, and join the rest with & outside",
                "where",
            )


class PastStream(NamedTuple):
    """Past events of one type that some condition counts, adds up, or dates."""

    event: str
    field: FieldRef | None
    where: Condition | None

    @property
    def id(self) -> str:
        """A short stable name."""
        parts = [
            self.event,
            "" if self.field is None else self.field.field,
            "" if self.where is None else self.where.canonical().decode(),
        ]
        return blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()


def checked(value: object, where: str) -> Condition:
    """Return a condition, or refuse what only looks like one.

    Raises:
        ConditionError: It is a bool or anything else.
    """
    if isinstance(value, Condition):
        return value
    raise ConditionError(
        f"{where} joins conditions, and this is a {type(value).__name__}",
        value=value,
        remedy="compare a class attribute, such as Shopper.plan == 'pro'",
    )


def _flat(condition: Condition, kind: type[All] | type[AnyOf]) -> tuple[Condition, ...]:
    """Return the parts of what is joined in the same way, so that `a & b & c` is one list."""
    if isinstance(condition, All) and kind is All:
        return condition.all
    if isinstance(condition, AnyOf) and kind is AnyOf:
        return condition.any
    return (condition,)


def parts_of(condition: Condition) -> Iterator[Condition]:
    """Yield the leaves of a condition, not those within questions about the past."""
    match condition:
        case All():
            for part in condition.all:
                yield from parts_of(part)
        case AnyOf():
            for part in condition.any:
                yield from parts_of(part)
        case Not():
            yield from parts_of(condition.not_)
        case _:
            yield condition


def reads(condition: Condition) -> Iterator[FieldRef]:
    """Yield every field that it reads at the moment of asking."""
    for leaf in parts_of(condition):
        if isinstance(leaf, Comparison):
            yield FieldRef(of=leaf.of, field=leaf.field, kind=leaf.kind)
            if isinstance(leaf.value, FieldRef):
                yield leaf.value


def refuse_all_but_profile(condition: Condition) -> Condition:
    """Refuse a condition of the policy that reads an event: there, none is at hand."""
    for ref in reads(condition):
        if ref.of != "profile":
            raise Wrong(
                f"{ref.of}.{ref.field} cannot be read here",
                "a rule of the policy reads the profile, and asks about the past with count, "
                "total and last",
            )
    return condition


def past_streams(condition: Condition) -> tuple[tuple[PastStream, Duration | None], ...]:
    """Return the streams of past events that it asks about, each with the window asked for."""
    return tuple(
        (leaf.stream, leaf.within)
        for leaf in parts_of(condition)
        if isinstance(leaf, PastComparison)
    )
