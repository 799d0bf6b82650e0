"""What is a journey? Entries, steps, goals and exits, under one name and version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import AnyCondition, Condition, reads
from journeykit.model.fields import FieldRef
from journeykit.model.graph import Graph, draw
from journeykit.model.names import Name
from journeykit.model.steps import Send, Step, Steps
from journeykit.model.triggers import (
    Entries,
    Goal,
    On,
    Once,
    Reentry,
    as_tuple,
    one_or_many,
)


def _exit_kind(value: Any) -> str:
    is_on = isinstance(value, On) or (
        isinstance(value, dict) and "event" in value and "past" not in value
    )
    return "On" if is_on else "-condition"


ExitRule = Annotated[
    Annotated[On, Tag("On")] | Annotated[AnyCondition, Tag("-condition")],
    Discriminator(_exit_kind),
]


class Journey(Frozen):
    """One journey: who enters, what happens, and what ends it.

    Args:
        name: Stable name; reports and stored runs use it.
        version: Raised whenever the definition changes (rule V3).
        entry: One event, or several of which each starts a run; later steps can read the
            fields that all of them have in common.
        steps: From top to bottom.
        reentry: Whether a customer may enter again; `Once()` when not given.
        goal: What the journey is for; several are counted each.
        exits: Events and conditions that end a run wherever it stands (rule E2).
        holdout: The share of customers, 0 to below 1, who are kept out for comparison.
        max_open: Most open runs of one customer at a time.
    """

    name: Name
    version: int = Field(default=1, ge=1, kw_only=True, strict=True)
    entry: Annotated[Entries, BeforeValidator(one_or_many)] = Field(kw_only=True)
    steps: Steps = Field(kw_only=True)
    reentry: Reentry = Field(default_factory=Once, kw_only=True)
    goal: Annotated[Sequence[Goal], BeforeValidator(one_or_many), AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    exits: Annotated[Sequence[ExitRule], BeforeValidator(one_or_many), AfterValidator(as_tuple)] = (
        Field(default=(), kw_only=True)
    )
    holdout: float = Field(default=0.0, ge=0, lt=1, kw_only=True, strict=True)
    max_open: int = Field(default=100, ge=1, kw_only=True, strict=True)
    description: str = Field(default="", kw_only=True)
    _graph: Graph = PrivateAttr()

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            *,
            version: int = 1,
            entry: On | Sequence[On],
            steps: Sequence[Step],
            reentry: Reentry = ...,
            goal: Goal | Sequence[Goal] = (),
            exits: On | Condition | bool | Sequence[On | Condition | bool] = (),
            holdout: float = 0.0,
            max_open: int = 100,
            description: str = "",
        ) -> None: ...

    @model_validator(mode="after")
    def _is_whole(self) -> Journey:
        self._check_entries()
        self._graph = draw(self.steps)
        if self.entry[0].key is None:
            self._refuse_keys()
        self._check_readings()
        return self

    def _check_entries(self) -> None:
        if not self.entry:
            raise Wrong(
                "a journey without an entry is never entered", "give On(SomethingHappened)", "entry"
            )
        if len({on.key is None for on in self.entry}) > 1:
            raise Wrong(
                "some entries have a key and some have none",
                "give each entry a key, or none",
                "entry",
            )
        names = [on.event for on in self.entry]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise Wrong(
                    f"the entry event {name!r} is named twice",
                    "join the conditions with |",
                    f"entry[{number}]",
                )

    def _refuse_keys(self) -> None:
        for place, on in ons_of(self):
            if on.key is not None:
                raise Wrong(
                    "it has a key, and the entry has none to compare it with",
                    "give the entry a key, or leave out the key here",
                    place,
                )

    def _check_readings(self) -> None:
        entries = [on.event for on in self.entry]
        sends = [name for name, state in self.graph.states.items() if isinstance(state.step, Send)]
        for read in reads_of(self):
            here = {"profile", *filter(None, [read.incoming])}
            if not read.enters:
                here |= {"step", *entries}
            of, field = read.ref.of, read.ref.field
            if of not in here:
                known = ", ".join(sorted(here - {"step"}))
                raise Wrong(f"{of}.{field} cannot be read here", f"here are {known}", read.place)
            if of == "step" and field not in sends:
                known = ", ".join(map(repr, sends)) or "there are none"
                raise Wrong(f"no Send step has the id {field!r}", f"they are {known}", read.place)

    @property
    def graph(self) -> Graph:
        """The steps as states and outcomes, drawn once; not to be changed."""
        return self._graph

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the journey as JSON that `from_json` reads back to an equal journey."""
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Journey:
        """Read a journey. Nothing in it is ever executed.

        Raises:
            DefinitionError: With the full path to what is wrong.
        """
        return cls.model_validate_json(text)


class Asked(NamedTuple):
    """A condition of a journey.

    Attributes:
        place: Where it stands.
        incoming: The event at hand when it is asked, if any.
        enters: Whether it decides about an entry: there is no run yet.
        condition: What is asked.
    """

    place: str
    incoming: str | None
    enters: bool
    condition: Condition


class Read(NamedTuple):
    """A field that a journey reads; the rest as in `Asked`."""

    place: str
    incoming: str | None
    enters: bool
    ref: FieldRef


def conditions_of(journey: Journey) -> Iterator[Asked]:
    """Yield every condition of a journey."""
    for place, on in ons_of(journey):
        if on.where is not None:
            enters = place.startswith("entry")
            yield Asked(f"{place} › where", on.event, enters, on.where)
    for number, rule in enumerate(journey.exits):
        if not isinstance(rule, On):
            yield Asked(f"exits[{number}]", None, False, rule)
    for path, step in steps_of(journey):
        for place, condition in step.asks():
            yield Asked(f"{path} › {place}", None, False, condition)


def reads_of(journey: Journey) -> Iterator[Read]:
    """Yield every field that a journey reads at a moment of its own choice."""
    for place, incoming, enters, condition in conditions_of(journey):
        for ref in reads(condition):
            yield Read(place, incoming, enters, ref)
    for place, on in ons_of(journey):
        if on.key is not None:
            yield Read(f"{place} › key", on.event, place.startswith("entry"), on.key)
    for path, step in steps_of(journey):
        for place, ref in step.reads():
            yield Read(f"{path} › {place}", None, False, ref)


def steps_of(journey: Journey) -> Iterator[tuple[str, Step]]:
    """Yield (path, step) for all steps of a journey."""
    for state in journey.graph.states.values():
        if state.step is not None:
            yield state.path, state.step


def ons_of(journey: Journey) -> Iterator[tuple[str, On]]:
    """Yield (path, On) for everything in a journey that names an event to react to."""
    for number, on in enumerate(journey.entry):
        yield f"entry[{number}]", on
    for number, goal in enumerate(journey.goal):
        yield f"goal[{number}] › on", goal.on
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, On):
            yield f"exits[{number}]", rule
    for path, step in steps_of(journey):
        for place, on in step.hears():
            yield f"{path} › {place}", on
