"""What is a condition? A typed question, kept as data: stored, compared, loaded from JSON.

Nothing here evaluates anything; `machine.guards` compiles conditions to closures. A leaf
carries the kind of its field, so that it can be loaded without the class that it was
written with.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Annotated, Any, Literal, NamedTuple, NoReturn

from pydantic import Discriminator, Field, Tag, model_validator

from journeykit.errors import ConditionError
from journeykit.model.base import Frozen, Wrong
from journeykit.model.fields import FieldRef, Kind
from journeykit.time import Duration

Op = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists", "contains", "starts_with"
]
Scalar = str | int | float | bool


class RelativeMoment(Frozen):
    """An instant counted from now: `ago` back, `ahead` forth, in the customer's zone."""

    ago: Duration | None = Field(default=None, kw_only=True)
    ahead: Duration | None = Field(default=None, kw_only=True)

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
        return All(all=[*_flat(self, All), *_flat(checked(other, "&"), All)])

    def __rand__(self, other: Condition | bool) -> All:
        return All(all=[*_flat(checked(other, "&"), All), self])

    def __or__(self, other: Condition | bool) -> AnyOf:
        return AnyOf(any=[*_flat(self, AnyOf), *_flat(checked(other, "|"), AnyOf)])

    def __ror__(self, other: Condition | bool) -> AnyOf:
        return AnyOf(any=[*_flat(checked(other, "|"), AnyOf), self])

    def __invert__(self) -> Not:
        return Not(**{"not": self})

    def __bool__(self) -> NoReturn:
        raise ConditionError(
            "a condition is a question, not an answer: it has no truth value",
            remedy="join conditions with & and |, negate with not_(...), and do not chain "
            "comparisons",
        )


class Comparison(Condition):
    """Compare a field with a value, with another field, or with a moment counted from now."""

    of: str
    field: str
    kind: Kind
    op: Op
    value: FieldRef | RelativeMoment | list[Scalar] | Scalar = True


class PastComparison(Condition):
    """Ask about events of the past: how many, what they amount to, when the last one was."""

    past: Literal["count", "total", "last"]
    event: str
    op: Op
    value: RelativeMoment | Scalar
    field: FieldRef | None = None
    within: Duration | None = None
    where: AnyCondition | None = None

    @property
    def stream(self) -> PastStream:
        """The events that it asks about."""
        return PastStream(self.event, self.field, self.where)


class All(Condition):
    """Every one of them holds; none at all holds too."""

    all: list[AnyCondition]


class AnyOf(Condition):
    """At least one of them holds."""

    any: list[AnyCondition]


class Not(Condition):
    """It does not hold."""

    not_: AnyCondition = Field(alias="not")


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
for _model in (PastComparison, All, AnyOf, Not):
    _model.model_rebuild()


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


def _flat(condition: Condition, kind: type[All] | type[AnyOf]) -> list[Condition]:
    if isinstance(condition, kind):
        return list(condition.all if isinstance(condition, All) else condition.any)  # type: ignore[union-attr]
    return [condition]


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


def reads(condition: Condition) -> set[tuple[str, str]]:
    """Return (whose, field) for every field it reads at the moment of asking."""
    found: set[tuple[str, str]] = set()
    for leaf in parts_of(condition):
        if isinstance(leaf, Comparison):
            found.add((leaf.of, leaf.field))
            if isinstance(leaf.value, FieldRef):
                found.add((leaf.value.of, leaf.value.field))
    return found


def uses_time(condition: Condition) -> bool:
    """Tell whether time alone can change the answer."""
    return any(
        isinstance(getattr(leaf, "value", None), RelativeMoment)
        or getattr(leaf, "within", None) is not None
        for leaf in parts_of(condition)
    )


def past_streams(condition: Condition) -> tuple[tuple[PastStream, Duration | None], ...]:
    """Return the streams of past events that it asks about, each with the window asked for."""
    return tuple(
        (leaf.stream, leaf.within)
        for leaf in parts_of(condition)
        if isinstance(leaf, PastComparison)
    )
