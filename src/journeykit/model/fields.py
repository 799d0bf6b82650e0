"""Whose field is it, and of what kind? References to fields, as data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from journeykit.model.base import Frozen

RESULT = "result."
"""With this begins the `of` of a field of a result."""

Kind = Literal["text", "integer", "decimal", "float", "boolean", "date", "instant", "list", "json"]


def is_taken(name: str) -> bool:
    """Tell whether no event can have this wire name: the `of` of something else."""
    return name in ("profile", "step") or name.startswith(RESULT)


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
    """A field of an event, of the profile (`of="profile"`), a step's outcome (`of="step"`).

    Or of what a function gave: `of="result.lead_score"`.
    """

    of: str
    field: str
    kind: Kind

    @model_validator(mode="before")
    @classmethod
    def _from_reference(cls, data: Any) -> Any:
        if isinstance(data, Reference):
            return {"of": data.of, "field": data.name, "kind": data.kind}
        return data
