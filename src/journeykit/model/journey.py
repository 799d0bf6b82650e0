"""What is a journey? Entries, steps, goals and exits, under one name and version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from journeykit.model.base import Frozen, Wrong, type_of
from journeykit.model.conditions import AnyCondition, Comparison, Condition, parts_of, reads
from journeykit.model.datatexts import from_json_text, from_yaml_text, to_yaml_text
from journeykit.model.entries import Enters, Leaves, segment_of
from journeykit.model.entry_lists import (
    Entries,
    EntryWindow,
    may_have_key,
    refuse_mixed,
    triggers_of,
    why_no_trigger,
)
from journeykit.model.entrycaps import EntryCap, EntryCaps
from journeykit.model.fields import RESULT, FieldRef
from journeykit.model.graph import JUMP, Graph, draw
from journeykit.model.migrations import Migrate, check_migration
from journeykit.model.names import Name, Text
from journeykit.model.overdue import Overdue
from journeykit.model.pictures import Counts, Direction
from journeykit.model.receipts import Receipt
from journeykit.model.segments import Segment
from journeykit.model.steps import Digest, Send, StartJourney, Step, Steps
from journeykit.model.steps.calls import gives_of
from journeykit.model.triggers import (
    Entry,
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
    if isinstance(value, Receipt) or (isinstance(value, dict) and "receipt" in value):
        return "Receipt"
    if type_of(value) in ("enters", "leaves"):
        return str(type_of(value))
    return "On" if is_on else "-condition"


ExitRule = Annotated[
    Annotated[On, Tag("On")]
    | Annotated[Receipt, Tag("Receipt")]
    | Annotated[Enters, Tag("enters")]
    | Annotated[Leaves, Tag("leaves")]
    | Annotated[AnyCondition, Tag("-condition")],
    Discriminator(_exit_kind),
]


_ANSWERING: dict[str, tuple[type[Step], ...]] = {
    "text": (Send, StartJourney),  # its outcome
    "list": (Send,),  # the receipts of its message
    "integer": (Digest,),  # how many events it has collected
}
"""Which steps can be asked for what became of them, by the kind of the answer."""

ExitGiven: TypeAlias = On | Receipt | Enters | Leaves | Condition | bool


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
        exits: Events, conditions, receipts and segments entered or left, that end a run
            wherever it stands (rule E2).
        holdout: The share of customers, 0 to below 1, who are kept out for comparison.
        max_open: Most open runs of one customer at a time.
        entry_caps: Most entries of all customers, per period or in all.
        opens: Nobody enters before this instant, by when the trigger happened.
        closes: Nobody enters from this instant on, by when the trigger happened.
        upgrade: How open runs of older versions move to this one; by default they finish on
            the version that they entered (rule V1).
        overdue: What happens to work that comes too late; by default it goes through the gate.
    """

    name: Name
    version: int = Field(default=1, ge=1, le=2**31 - 1, kw_only=True, strict=True)
    entry: Entries = Field(kw_only=True)
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
    entry_caps: EntryCaps = Field(default=(), kw_only=True)
    opens: EntryWindow | None = Field(default=None, kw_only=True)
    closes: EntryWindow | None = Field(default=None, kw_only=True)
    upgrade: Migrate | None = Field(default=None, kw_only=True)
    overdue: Overdue | None = Field(default=None, kw_only=True)
    description: Text = Field(default="", kw_only=True)
    _graph: Graph = PrivateAttr()
    __draw__: ClassVar[Callable[..., str]]  # filled in by `analysis`

    if TYPE_CHECKING:

        def __init__(
            self,
            name: str,
            *,
            version: int = 1,
            entry: Entry | Sequence[Entry],
            steps: Sequence[Step],
            reentry: Reentry = ...,
            goal: Goal | Sequence[Goal] = (),
            exits: ExitGiven | Sequence[ExitGiven] = (),
            holdout: float = 0.0,
            max_open: int = 100,
            entry_caps: Sequence[EntryCap] = (),
            opens: datetime | None = None,
            closes: datetime | None = None,
            upgrade: Migrate | None = None,
            overdue: Overdue | None = None,
            description: str = "",
        ) -> None: ...

    @model_validator(mode="after")
    def _is_whole(self) -> Journey:
        refuse_mixed(self.entry)
        if self.opens is not None and self.closes is not None and self.opens >= self.closes:
            raise Wrong("it closes before anybody may enter", "let it close later", "closes")
        jumps = {
            f"{JUMP}{number}": (goal.goto, f"goal[{number - 1}] › goto")
            for number, goal in enumerate(self.goal, 1)
            if goal.goto is not None
        }
        self._graph = draw(self.steps, jumps)
        if not may_have_key(self.entry):
            self._refuse_keys()
        self._check_readings()
        self._check_outcomes()
        if self.upgrade is not None:
            check_migration(self.upgrade, self.version, self.graph.states)
        return self

    def _refuse_keys(self) -> None:
        for place, on in ons_of(self):
            if on.key is not None:
                raise Wrong(
                    "it has a key, and the entry has none to compare it with",
                    "give the entry a key, or leave out the key here",
                    place,
                )

    def _check_readings(self) -> None:
        entries = triggers_of(self.entry)
        given = {RESULT + name for _, step in steps_of(self) if (name := gives_of(step))}
        for name, state in self.graph.states.items():
            if RESULT + name in given and state.step is not None and state.step.results:
                raise Wrong(
                    f"the step and a result are both called {name!r}, where templates look",
                    "give the step another label",
                    state.path,
                )
        for read in reads_of(self):
            here = {"profile", *filter(None, [read.incoming])}
            if not read.enters:
                here |= {"step", *entries, *given}
            of, field = read.ref.of, read.ref.field
            if of not in here:
                known = ", ".join(sorted(here - {"step"}))
                why = why_no_trigger(self.entry, of)
                raise Wrong(
                    f"{of}.{field} cannot be read here{why}", f"here are {known}", read.place
                )
            if of == "step":
                kinds = _ANSWERING.get(read.ref.kind, (Send,))
                ids = [
                    name
                    for name, state in self.graph.states.items()
                    if isinstance(state.step, kinds)
                ]
                if field not in ids:
                    what = " or ".join(kind.__name__ for kind in kinds)
                    known = f"they are {', '.join(map(repr, ids))}" if ids else "there are none"
                    raise Wrong(f"no {what} step has the id {field!r}", known, read.place)

    def _check_outcomes(self) -> None:
        """Refuse a comparison of what came of a step with what never comes of it."""
        for asked in conditions_of(self):
            for leaf in parts_of(asked.condition):
                if not isinstance(leaf, Comparison) or (leaf.of, leaf.kind) != ("step", "text"):
                    continue
                step = self.graph.states[leaf.field].step
                known = () if step is None else step.results
                values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
                never = [one for one in values if isinstance(one, str) and one not in known]
                if never and leaf.op in ("eq", "ne", "in", "not_in"):
                    named = ", ".join(map(repr, known))
                    raise Wrong(
                        f"step {leaf.field!r} never has the outcome {never[0]!r}",
                        f"it is one of {named}",
                        asked.place,
                    )

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
        return from_json_text(cls, text)

    def to_yaml(self) -> str:
        """Return the journey as YAML, without the options that have their default.

        Raises:
            UsageError: PyYAML is not installed.
        """
        return to_yaml_text(self)

    @classmethod
    def from_yaml(cls, text: str | bytes) -> Journey:
        """Read a journey. Nothing in it is ever executed, and nothing is guessed.

        What is no number, `true`, `false` or `null` of JSON is text, such as `no` and `09:00`.

        Raises:
            DefinitionError: With the line, and the full path to what is wrong.
            UsageError: PyYAML is not installed.
        """
        return from_yaml_text(cls, text)

    def mermaid(self, counts: Counts | None = None, *, direction: Direction = "TD") -> str:
        """Return the journey as a Mermaid flowchart, as a page or a notebook shows it.

        Args:
            counts: Laid over it, such as `counts_of(store, "cart")`.
            direction: `TD` from top to bottom, `LR` from left to right.
        """
        return self.__draw__(counts, direction)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Return what notebooks show: the picture, and text where they have none."""
        drawn = self.mermaid()
        return {
            "text/vnd.mermaid": drawn,
            "text/markdown": f"```mermaid\n{drawn}```\n",
            "text/plain": repr(self),
        }


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
    for number, entry in enumerate(journey.entry):
        for place, condition in entry.asks():
            yield Asked(_within(f"entry[{number}]", place), None, True, condition)
    for place, on in ons_of(journey):
        if on.where is not None:
            enters = place.startswith("entry")
            yield Asked(f"{place} › where", on.event, enters, on.where)
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, Condition):
            yield Asked(f"exits[{number}]", None, False, rule)
        if isinstance(rule, Enters | Leaves):
            for place, condition in rule.asks():
                yield Asked(f"exits[{number}] › {place}", None, False, condition)
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
    for number, entry in enumerate(journey.entry):
        for place, ref in entry.reads():
            yield Read(_within(f"entry[{number}]", place), None, True, ref)
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, Receipt):
            yield Read(f"exits[{number}]", None, False, rule.read)
    for path, step in steps_of(journey):
        for place, ref in step.reads():
            yield Read(f"{path} › {place}", None, False, ref)


def steps_of(journey: Journey) -> Iterator[tuple[str, Step]]:
    """Yield (path, step) for all steps of a journey."""
    for state in journey.graph.states.values():
        if state.step is not None:
            yield state.path, state.step


def segments_of(journey: Journey) -> Iterator[tuple[str, Segment]]:
    """Yield (path, segment) for every segment that a journey goes by."""
    rules: list[tuple[str, object]] = [
        (f"entry[{number}]", entry) for number, entry in enumerate(journey.entry)
    ]
    rules += [(f"exits[{number}]", rule) for number, rule in enumerate(journey.exits)]
    for place, rule in rules:
        segment = segment_of(rule)
        if segment is not None:
            yield f"{place} › segment", segment


def ons_of(journey: Journey) -> Iterator[tuple[str, On]]:
    """Yield (path, On) for everything in a journey that names an event to react to."""
    for number, entry in enumerate(journey.entry):
        for place, on in entry.hears():
            yield _within(f"entry[{number}]", place), on
    for number, goal in enumerate(journey.goal):
        yield f"goal[{number}] › on", goal.on
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, On):
            yield f"exits[{number}]", rule
    for path, step in steps_of(journey):
        for place, on in step.hears():
            yield f"{path} › {place}", on


def _within(path: str, place: str) -> str:
    return f"{path} › {place}" if place else path
