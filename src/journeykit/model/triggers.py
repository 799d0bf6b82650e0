"""What starts a run, ends it, or makes it count?

An `On` names an event type. With `key=` it concerns the run that has this key; without, all
runs of its journey (rule E1).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidatorFunctionWrapHandler,
    model_validator,
)

from journeykit.model.base import Frozen, Wrong, type_of
from journeykit.model.conditions import AnyCondition, Condition
from journeykit.model.facts import Event
from journeykit.model.fields import FieldRef
from journeykit.model.names import EventName, Label, Title
from journeykit.model.spans import Positive, Span


class Entry(Frozen):
    """The base of all that starts runs. An event does, an `On`; `model.entries` has the others.

    As a step does, an entry tells about itself what a reader of the whole journey has to know.
    """

    __kinds__: ClassVar[dict[str, type[Entry]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the class with its tag."""
        super().__pydantic_init_subclass__(**kwargs)
        tag = cls.model_fields.get("type")
        if not cls.__name__.startswith("_"):  # else it is a base of kinds
            Entry.__kinds__[cls.__name__ if tag is None else str(tag.default)] = cls

    @property
    def gives(self) -> str | None:
        """The event whose fields later steps can read as those of the trigger; None for no event."""
        return None

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield (place within the entry, the event that it reacts to)."""
        yield from ()

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield (place within the entry, condition), those of `hears` apart."""
        yield from ()

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield (place within the entry, field), those of conditions and keys apart."""
        yield from ()


class On(Entry):
    """An event type, with what must hold of it and which run it concerns.

    Args:
        event: The event class, or its wire name.
        where: A condition on the event's own fields, the trigger and the profile.
        key: A field of the event that names the run, such as a cart id.
    """

    event: EventName
    where: AnyCondition | None = Field(default=None, kw_only=True)
    key: FieldRef | None = Field(default=None, kw_only=True)
    _event_class: type[Event] | None = PrivateAttr(default=None)

    if TYPE_CHECKING:

        def __init__(
            self,
            event: type[Event] | str,
            *,
            where: Condition | bool | None = None,
            key: object = None,
        ) -> None: ...

    @model_validator(mode="wrap")
    @classmethod
    def _keep_class(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> On:
        event = data.get("event") if isinstance(data, dict) else None
        if not isinstance(event, type):
            on: On = handler(data)
            return on
        if not issubclass(event, Event) or not event.__wire_name__:
            raise Wrong(f"{event.__name__} is no event", "class OrderPlaced(Event): ...", "event")
        on = handler({**data, "event": event.__wire_name__})
        on._event_class = event
        return on

    @model_validator(mode="after")
    def _key_is_the_events(self) -> On:
        if self.key is not None and self.key.of != self.event:
            raise Wrong(
                f"key reads {self.key.of}.{self.key.field}, but the event is {self.event}",
                f"give a field of {self.event}",
                "key",
            )
        return self

    @property
    def event_class(self) -> type[Event] | None:
        """The class this was written with; None where it was loaded from data."""
        return self._event_class

    @property
    def gives(self) -> str | None:
        """The event."""
        return self.event

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield itself."""
        yield "", self


def as_tuple(value: Any) -> Any:
    """Freeze what was validated as a sequence."""
    return tuple(value)


def one_or_many(value: Any) -> Any:
    """Let a single value stand for a list of one."""
    return value if isinstance(value, list | tuple) else [value]


class Once(Frozen):
    """One entry in a lifetime (per key, where the entry has one). The default."""

    type: Literal["once"] = Field(default="once", kw_only=True)


class AfterExit(Frozen):
    """A new entry whenever no run is open (per key, where the entry has one)."""

    type: Literal["after_exit"] = Field(default="after_exit", kw_only=True)


class After(Frozen):
    """A new entry once `duration` has passed since the last entry; never while inside.

    Counted between entry instants; exactly the duration is enough (rule E1).
    """

    duration: Positive
    type: Literal["after"] = Field(default="after", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, duration: Span) -> None: ...


class Always(Frozen):
    """Every trigger enters: runs of one customer live side by side."""

    type: Literal["always"] = Field(default="always", kw_only=True)


class Restart(Frozen):
    """Every trigger starts the run anew from its first step."""

    type: Literal["restart"] = Field(default="restart", kw_only=True)


Reentry = Annotated[
    Annotated[Once, Tag("once")]
    | Annotated[AfterExit, Tag("after_exit")]
    | Annotated[After, Tag("after")]
    | Annotated[Always, Tag("always")]
    | Annotated[Restart, Tag("restart")],
    Discriminator(type_of),
]


class Goal(Frozen):
    """What the journey is for: counted once per run, within `within` of its entry.

    Args:
        on: The event that reaches the goal.
        within: Counted from the entry instant; its end is excluded. None: as long as the
            run is open.
        ends_run: Whether reaching the goal ends the run (the default, without `goto`).
        goto: The label at which a run goes on that reaches the goal, from wherever it stands;
            what it held is withdrawn. The run does not end, and jumps once (rule E3).
        name: Shown in reports; the event's name when not given.
    """

    on: On
    within: Positive | None = Field(default=None, kw_only=True)
    ends_run: bool = Field(default=True, kw_only=True, strict=True)
    name: Title | None = Field(default=None, kw_only=True)
    goto: Label | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            on: On,
            *,
            within: Span | None = None,
            ends_run: bool = True,
            name: str | None = None,
            goto: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _goes_on_where_it_jumps(self) -> Goal:
        if self.goto is not None:
            if self.ends_run and "ends_run" in self.model_fields_set:
                raise Wrong(
                    "a run that ends goes nowhere, and goto leads to a step",
                    "leave out ends_run, or goto",
                    "goto",
                )
            self.__dict__["ends_run"] = False
        return self

    @property
    def title(self) -> str:
        """The name to show."""
        return self.name or self.on.event
