"""What is checked, and against what? A workspace, a day, and the templates that there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from journeykit.analysis.truths import Domain, Domains
from journeykit.model import (
    Event,
    FieldRef,
    Journey,
    Send,
    Set,
    StartJourney,
    Workspace,
    steps_of,
    wire,
)
from journeykit.model.facts import Fact
from journeykit.model.fields import RESULT
from journeykit.model.findings import KnowsTemplates
from journeykit.model.kinds import kind_of

_OUTCOMES = ("accepted", "dropped", "failed", "withdrawn")


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        today: Dates before it are past; None where that is not asked.
        templates: The renderer, or None.
        strict: Whether what only matters for later versions is told for the first one too.
    """

    workspace: Workspace
    today: date | None = None
    templates: KnowsTemplates | None = None
    strict: bool = False

    @cached_property
    def classes(self) -> dict[str, type[Event]]:
        """The event classes by wire name."""
        return self.workspace.event_classes

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a customer has of whom nothing is known, without what is missing."""
        known = wire(self.workspace.profile())
        return {name: value for name, value in known.items() if value is not None}

    @cached_property
    def loose(self) -> frozenset[str]:
        """The attributes that a step may set to something that their type does not take."""
        return frozenset(
            step.field.field
            for journey in self.workspace.journeys
            for _, step in steps_of(journey)
            if isinstance(step, Set)
            and not _takes(_domain(self.workspace.profile, step.field.field), step.value)
        )

    def domains(self, journey: Journey | None, incoming: str | None) -> Domains:
        """Return what values fields can have where `incoming` is the event at hand.

        A trigger may lack any field: `enroll` is called with some of them only.
        """

        def domain(of: str, field: str) -> Domain:
            if of == "profile" and field in self.loose:
                return Domain()
            if of == "profile":
                told = _domain(self.workspace.profile, field)
                return told._replace(
                    may_be_missing=told.may_be_missing or field not in self.defaults
                )
            if of == "step":
                return _domain_of_step(journey, field)
            cls: type[Fact] | None = self.classes.get(of)
            if of.startswith(RESULT):
                cls = self.workspace.result_classes.get(of)
            if cls is None:
                return Domain()
            found = _domain(cls, field)
            return found if of == incoming else found._replace(may_be_missing=True)

        return domain


def sends_of(journey: Journey) -> Iterator[tuple[str, str, Send]]:
    """Yield (state id, path, step) of every message that a journey sends."""
    for name, state in journey.graph.states.items():
        if isinstance(state.step, Send):
            yield name, state.path, state.step


def _domain(cls: type[Fact], field: str) -> Domain:
    info = cls.model_fields.get(field)
    if info is None:
        return Domain()
    may_be_missing = info.default is None or _may_be_none(info.annotation)
    return Domain(kind_of(info.annotation)[1], may_be_missing)


def _takes(domain: Domain, value: object) -> bool:
    """Tell whether a constant that a step sets is one of the values of a field."""
    if value is None or isinstance(value, FieldRef):
        return False
    return not domain.choices or value in domain.choices


def _may_be_none(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _may_be_none(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(map(_may_be_none, get_args(annotation)))
    for alias in ("__supertype__", "__value__"):  # a NewType, a `type` statement
        if hasattr(annotation, alias):
            return _may_be_none(getattr(annotation, alias))
    return annotation in (None, NoneType, Any)


def _domain_of_step(journey: Journey | None, step: str) -> Domain:
    state = None if journey is None else journey.graph.states.get(step)
    if state is not None and isinstance(state.step, StartJourney):
        return Domain(state.step.results)
    is_send = state is not None and isinstance(state.step, Send)
    return Domain(_OUTCOMES if is_send else ())
