"""Which steps change what is known of the customer? The profile, and consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from journeykit.model.base import Wrong
from journeykit.model.channels import Channels
from journeykit.model.conditions import Scalar
from journeykit.model.fields import FieldRef, Kind, Reference
from journeykit.model.names import Name
from journeykit.model.operators import objection_to_pair
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import Step
from journeykit.model.values import (
    NAMED,
    NUMBERS,
    WANTED,
    WANTED_IN_JSON,
    from_wire,
    to_wire,
    wire_of,
)


def _set_shape(value: object) -> str:
    return "FieldRef" if _is_field(value) else "-constant"


SetValue = Annotated[
    Annotated[FieldRef, Tag("FieldRef")] | Annotated[Scalar | None, Tag("-constant")],
    Discriminator(_set_shape),
]


class Set(Step):
    """Set an attribute of the customer's profile to a value, or to another field's value."""

    field: FieldRef
    value: SetValue
    type: Literal["set"] = Field(default="set", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, field: object, value: object, *, label: str | None = None) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        return _constant_as_wire(data, "value")

    @model_validator(mode="after")
    def _fits(self) -> Set:
        _refuse_events_field(self.field)
        if self.value is not None:
            self.__dict__["value"] = _fitting(self.field, self.value, "value")
        return self

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        yield "field", self.field
        if isinstance(self.value, FieldRef):
            yield "value", self.value


class Increment(Step):
    """Add a number to a number of the customer's profile; where there is none, it counts as 0.

    Decimals are added exactly. A sum that its kind cannot hold fails the run.

    Args:
        by: A number, below zero to take away, or a field that has one; an empty field adds 0.
    """

    field: FieldRef
    by: SetValue
    type: Literal["increment"] = Field(default="increment", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, field: object, by: object, *, label: str | None = None) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        field = data.get("field") if isinstance(data, dict) else None
        if isinstance(field, Reference) and field.choices:
            known = ", ".join(map(repr, field.choices))
            raise Wrong(
                f"{field!r} is one of {known}, and a sum may be another number",
                f"Set({field!r}, ...) to one of them",
                "field",
            )
        if isinstance(field, Reference) and field.kind not in NUMBERS:
            return data  # which `_fits` refuses
        return _constant_as_wire(data, "by")

    @model_validator(mode="after")
    def _fits(self) -> Increment:
        _refuse_events_field(self.field)
        if self.field.kind not in NUMBERS:
            raise Wrong(
                f"profile.{self.field.field} is {NAMED[self.field.kind]}: nothing adds to it",
                "give a field that is an integer, a decimal or a float",
                "field",
            )
        by = None if self.by is None else _fitting(self.field, self.by, "by")
        if by is None or (not isinstance(by, FieldRef) and not Decimal(str(by))):
            raise Wrong(f"adding {self.by!r} changes nothing", "give another number", "by")
        self.__dict__["by"] = by
        return self

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        yield "field", self.field
        if isinstance(self.by, FieldRef):
            yield "by", self.by


class Append(Step):
    """Add an item to the end of a list of the customer's profile.

    Args:
        value: The item, or a field that has it; an empty field adds nothing.
        keep: How many items stay, the newest; older ones are dropped, so that a loop does not
            let the profile grow without end.
        unique: An item that the list has already is not added again.
    """

    field: FieldRef
    value: SetValue
    keep: int = Field(default=1000, ge=1, kw_only=True, strict=True)
    unique: bool = Field(default=False, kw_only=True, strict=True)
    type: Literal["append"] = Field(default="append", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            field: object,
            value: object,
            *,
            keep: int = 1000,
            unique: bool = False,
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        if isinstance(data, dict) and "value" in data:
            return {**data, "value": own_wire(data["value"], "value")}
        return data

    @model_validator(mode="after")
    def _fits(self) -> Append:
        _refuse_events_field(self.field)
        if self.field.kind != "list":
            raise Wrong(
                f"profile.{self.field.field} is {NAMED[self.field.kind]}, and only a list is "
                "appended to",
                "give a field such as tags: list[str] = []",
                "field",
            )
        value = self.value
        if value is None:
            raise Wrong("nothing is appended", "give the item", "value")
        if isinstance(value, FieldRef) and value.kind in ("list", "json"):
            raise Wrong(
                f"{value.of}.{value.field} is {NAMED[value.kind]}, and no item",
                "give a field with one value",
                "value",
            )
        return self

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        yield "field", self.field
        if isinstance(self.value, FieldRef):
            yield "value", self.value


def _constant_as_wire(data: Any, name: str) -> Any:
    """Put a constant that a program wrote into wire form, by the kind of the field."""
    field = data.get("field") if isinstance(data, dict) else None
    if not isinstance(field, Reference):
        loaded = isinstance(data, dict) and name in data
        return {**data, name: own_wire(data[name], name)} if loaded else data
    value = data.get(name)
    if value is None or isinstance(value, Reference):
        return data
    wire = to_wire(field.kind, value)
    if wire is None:
        raise Wrong(
            f"{field!r} is {NAMED[field.kind]}, and {value!r} is not",
            f"give {WANTED[field.kind]}",
            name,
        )
    if field.choices and wire not in field.choices:
        known = ", ".join(map(repr, field.choices))
        raise Wrong(f"{field!r} cannot be {value!r}", f"it is one of {known}", name)
    return {**data, name: wire}


def given_as_wire(data: Any, name: str) -> Any:
    """Put the constants of a mapping that a program wrote into wire form, by their own types.

    Raises:
        Wrong: One of them is neither a constant nor a field.
    """
    given = data.get(name) if isinstance(data, dict) else None
    if given is None:
        return data
    if not isinstance(given, Mapping):
        raise Wrong(f"{given!r} is no mapping", "write it in {...}", name)
    return {**data, name: {key: own_wire(value, f"{name} › {key}") for key, value in given.items()}}


def own_wire(value: Any, at: str) -> Any:
    """Put a constant that a program wrote into wire form, by its own type; leave fields alone.

    Raises:
        Wrong: It is neither a constant nor a field, or nothing that can be kept as it is.
    """
    if value is None or _is_field(value):
        return value
    wire = wire_of(value)
    kind: Kind
    match wire:
        case str() | bool():
            return wire
        case int():
            kind = "integer"
        case float():
            kind = "float"
        case None:
            kind = "decimal" if isinstance(value, Decimal) else "instant"
        case _:
            raise Wrong(
                f"{value!r} is neither a constant nor a field",
                "give a text, a number, True, False, a date, or a field such as Shopper.plan",
                at,
            )
    if wire is None or from_wire(kind, wire) is None:
        size = ", of 64 bits at most" if kind == "integer" else ""
        raise Wrong(f"{value!r} cannot be kept", f"give {WANTED[kind]}{size}", at)
    return wire


def _is_field(value: object) -> bool:
    return isinstance(value, Reference | FieldRef | dict)


def _refuse_events_field(field: FieldRef) -> None:
    if field.of != "profile":
        raise Wrong(
            f"{field.of}.{field.field} is not an attribute of the profile",
            "an event has happened and cannot be changed; give a field of the Profile class",
            "field",
        )


def _fitting(field: FieldRef, value: Any, at: str) -> Any:
    """Return a constant in its one wire form, or a field that may stand for it."""
    if isinstance(value, FieldRef):
        if objection := objection_to_pair(field.kind, value.kind):
            raise Wrong(*objection, at)
        return value
    wire = from_wire(field.kind, value)
    if wire is None:
        raise Wrong(
            f"profile.{field.field} is {NAMED[field.kind]}, and {value!r} is not",
            f"give {WANTED_IN_JSON[field.kind]}",
            at,
        )
    return wire


class Consent(Step):
    """Record that the customer gave or withdrew consent, with this journey as the source.

    Args:
        lasts: The consent is implied, such as by a purchase, and ends so much later on the
            customer's clock; it never weakens what the customer said expressly (rule G7).
    """

    change: Literal["grant", "withdraw"]
    channels: Channels = Field(kw_only=True)
    topic: Name | None = Field(default=None, kw_only=True)
    lasts: Positive | None = Field(default=None, kw_only=True)
    type: Literal["consent"] = Field(default="consent", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            change: Literal["grant", "withdraw"],
            *,
            channels: Sequence[str],
            topic: str | None = None,
            lasts: Span | None = None,
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _only_consent_ends(self) -> Consent:
        if self.change == "withdraw" and self.lasts is not None:
            raise Wrong("a withdrawal has no end", "leave lasts out, or grant", "lasts")
        return self
