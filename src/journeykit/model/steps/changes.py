"""Which steps change what is known of the customer? The profile, and consent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from journeykit.model.base import Wrong
from journeykit.model.channels import Channels
from journeykit.model.conditions import Scalar
from journeykit.model.fields import FieldRef, Reference
from journeykit.model.names import Name
from journeykit.model.operators import objection_to_pair
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import Step
from journeykit.model.values import NAMED, WANTED, WANTED_IN_JSON, from_wire, to_wire


def _set_shape(value: object) -> str:
    return "FieldRef" if isinstance(value, Reference | FieldRef | dict) else "-constant"


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
        field = data.get("field") if isinstance(data, dict) else None
        if not isinstance(field, Reference):
            return data
        value = data.get("value")
        if value is None or isinstance(value, Reference):
            return data
        wire = to_wire(field.kind, value)
        if wire is None:
            raise Wrong(
                f"{field!r} is {NAMED[field.kind]}, and {value!r} is not",
                f"give {WANTED[field.kind]}",
                "value",
            )
        if field.choices and wire not in field.choices:
            known = ", ".join(map(repr, field.choices))
            raise Wrong(f"{field!r} cannot be {value!r}", f"it is one of {known}", "value")
        return {**data, "value": wire}

    @model_validator(mode="after")
    def _fits(self) -> Set:
        field, value = self.field, self.value
        if field.of != "profile":
            raise Wrong(
                f"{field.of}.{field.field} is not an attribute of the profile",
                "an event has happened and cannot be changed; give a field of the Profile class",
                "field",
            )
        if isinstance(value, FieldRef):
            if objection := objection_to_pair(field.kind, value.kind):
                raise Wrong(*objection, "value")
        elif value is not None:
            wire = from_wire(field.kind, value)
            if wire is None:
                raise Wrong(
                    f"profile.{field.field} is {NAMED[field.kind]}, and {value!r} is not",
                    f"give {WANTED_IN_JSON[field.kind]}",
                    "value",
                )
            self.__dict__["value"] = wire
        return self

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        yield "field", self.field
        if isinstance(self.value, FieldRef):
            yield "value", self.value


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
