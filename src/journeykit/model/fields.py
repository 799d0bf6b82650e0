"""Whose field is it, and of what kind? References to fields, as data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from journeykit.model.base import Frozen

Kind = Literal["text", "integer", "decimal", "float", "boolean", "date", "instant", "list", "json"]


class Reference:
    """What a class attribute such as `Shopper.plan` refers to; `choices` are all legal values."""

    __slots__ = ("choices", "kind", "name", "of")

    def __init__(self, of: str, name: str, kind: Kind, choices: tuple[Any, ...] = ()) -> None:
        self.of = of
        self.name = name
        self.kind: Kind = kind
        self.choices = choices

    def __repr__(self) -> str:
        return f"{self.of}.{self.name}"


class FieldRef(Frozen):
    """A field of an event, of the profile (`of="profile"`), or a step's outcome (`of="step"`)."""

    of: str
    field: str
    kind: Kind

    @model_validator(mode="before")
    @classmethod
    def _from_reference(cls, data: Any) -> Any:
        if isinstance(data, Reference):
            return {"of": data.of, "field": data.name, "kind": data.kind}
        return data
