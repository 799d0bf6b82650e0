"""Which step tells other journeys something? `Emit`: an event of this same customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field, PrivateAttr, ValidatorFunctionWrapHandler, model_validator

from journeykit.model.base import Wrong
from journeykit.model.facts import Event
from journeykit.model.fields import FieldRef
from journeykit.model.names import EventName
from journeykit.model.steps.base import Step
from journeykit.model.steps.changes import SetValue, given_as_wire

EventClass: TypeAlias = type[Event]  # within the class, `type` is the tag


class Emit(Step):
    """Report an event of this customer, as the host would: it counts, ends and starts runs.

    It happens now, and is applied when the present input or timer is done (rule O6). Its id
    derives from the run and the step. Where a field turns out not to fit its class, the run
    fails, and no event is emitted.

    Args:
        event: The event class, or its wire name.
        fields: Name of a field to a constant, or to a field of the profile or the trigger; an
            empty one is left out, so that the default of the class counts.
    """

    event: EventName
    fields: Mapping[str, SetValue] = Field(default_factory=dict)
    type: Literal["emit"] = Field(default="emit", kw_only=True)
    _event_class: EventClass | None = PrivateAttr(default=None)

    if TYPE_CHECKING:

        def __init__(
            self,
            event: EventClass | str,
            fields: Mapping[str, object] = ...,
            *,
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="wrap")
    @classmethod
    def _keep_class(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Emit:
        event = data.get("event") if isinstance(data, dict) else None
        data = given_as_wire(data, "fields")
        if not isinstance(event, type):
            emit: Emit = handler(data)
            return emit
        if not issubclass(event, Event) or not event.__wire_name__:
            raise Wrong(f"{event.__name__} is no event", "class OrderPlaced(Event): ...", "event")
        emit = handler({**data, "event": event.__wire_name__})
        emit._event_class = event
        return emit

    @property
    def event_class(self) -> EventClass | None:
        """The class this was written with; None where it was loaded from data."""
        return self._event_class

    @property
    def constants(self) -> dict[str, Any]:
        """The fields that are the same in every run."""
        return {k: v for k, v in self.fields.items() if not isinstance(v, FieldRef)}

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        for name, value in self.fields.items():
            if isinstance(value, FieldRef):
                yield f"fields › {name}", value
