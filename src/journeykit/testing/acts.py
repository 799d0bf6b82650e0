"""What steps may act? Strategies for changes, events, experiments, parts and started journeys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from journeykit.model import (
    Append,
    Arm,
    Attribute,
    Branch,
    Condition,
    Consent,
    Emit,
    Event,
    Experiment,
    FieldRef,
    Increment,
    Part,
    Profile,
    Set,
    StartJourney,
    Step,
    When,
)
from journeykit.model.values import NUMBERS
from journeykit.testing.strategies import attributes_of, durations, values

T = TypeVar("T")
_CHANGES: list[Literal["grant", "withdraw"]] = ["grant", "withdraw"]
Write = Callable[[str | None], Step]
Nest = Callable[[str | None, int], Step]


class Acts:
    """Writes acting steps for one journey.

    Args:
        classes: The first is the one that starts journeys.
        behind: The labels that the journey has so far; it grows.
        others: Names of journeys that may be started.
    """

    def __init__(
        self,
        draw: st.DrawFn,
        classes: Sequence[type[Event]],
        profile: type[Profile],
        behind: list[str],
        others: Sequence[str] = (),
    ) -> None:
        self._draw = draw
        self._classes = classes
        self._profile = attributes_of(profile)
        self._zones = frozenset(profile.address_zones().values())
        self._trigger = attributes_of(classes[0])
        self._behind = behind
        self._others = others
        self._parts = 0

    def without_trigger(self) -> None:
        """Read no trigger: the journey starts without an event."""
        self._trigger = []

    def plain(self, channels: Callable[[], list[str]]) -> list[Write]:
        """What has no steps within it."""

        def consent(label: str | None) -> Step:
            change = self._draw(st.sampled_from(_CHANGES))
            lasts = self._maybe(durations()) if change == "grant" else None
            return Consent(change, channels=channels(), lasts=lasts, label=label)

        kinds = {one.kind for one in self._profile}
        found: list[Write] = [self._set, consent]
        found += [self._emit] if len(self._classes) > 1 else []
        found += [self._increment] if kinds & NUMBERS else []
        return found + ([self._append] if "list" in kinds else [])

    def nested(
        self,
        steps: Callable[[int], list[Step]],
        inner: Callable[[int], list[Step]],
        condition: Callable[[], Condition],
    ) -> list[Nest]:
        """What has steps within it; each takes a label and a depth."""

        def experiment(label: str | None, depth: int) -> Step:
            weights = {"even": (1, 1), "odd": (3, 1)}
            name = self._draw(st.sampled_from(sorted(weights)))
            one, two = weights[name]  # as everywhere in the workspace
            arms = Arm("a", one, inner(depth)), Arm("b", two, inner(depth))
            return Experiment(name, *arms, label=label)

        def circle(label: str | None, depth: int) -> Step:
            """Perhaps without end: the event that starts journeys, or a journey itself."""
            again: list[Step] = [self._event(self._classes[0])]
            if self._others and self._is_drawn():
                again = [self._start(inner, depth)]
            return Branch(When(condition(), again), otherwise=inner(depth), label=label)

        def part(label: str | None, depth: int) -> Step:
            """From outside, its labels are called by their full names."""
            if label is not None:  # the name comes in its place
                self._behind.remove(label)
            self._parts += 1
            name, before = f"part-{self._parts}", len(self._behind)
            made = Part(name, steps(depth))
            self._behind[before:] = [f"{name}.{inside}" for inside in self._behind[before:]]
            self._behind.append(name)
            return made

        return [experiment, circle, part]

    def on_failure(self, inner: Callable[[int], list[Step]], depth: int) -> Any:
        """What a run does when a step failed for good."""
        ways = ["continue", "exit", "steps"] if depth else ["continue", "exit"]
        word = self._draw(st.sampled_from(ways))
        return inner(depth - 1) if word == "steps" else word

    def _is_drawn(self) -> bool:
        drawn: bool = self._draw(st.booleans())
        return drawn

    def _maybe(self, strategy: st.SearchStrategy[T]) -> T | None:
        return self._draw(strategy) if self._is_drawn() else None

    def _set(self, label: str | None) -> Step:
        plain = [one for one in self._profile if one.kind not in ("list", "json")]
        plain = [one for one in plain if one.name not in self._zones]
        attribute: Attribute[Any] = self._draw(st.sampled_from(plain))
        return Set(attribute, self._maybe(values(attribute)), label=label)

    def _emit(self, label: str | None) -> Step:
        return self._event(self._draw(st.sampled_from(self._classes[1:])), label)

    def _event(self, cls: type[Event], label: str | None = None) -> Step:
        fields: dict[str, Any] = {}
        for one in attributes_of(cls):
            like = [read for read in self._readable if read.kind == one.kind]
            required = cls.model_fields[one.name].is_required()
            if like and self._is_drawn():
                fields[one.name] = self._draw(st.sampled_from(like))
            elif required:
                fields[one.name] = self._draw(values(one))
        return Emit(cls, fields, label=label)

    @property
    def _readable(self) -> list[Attribute[Any]]:
        return [*self._trigger, *self._profile]

    def _increment(self, label: str | None) -> Step:
        numbers = [one for one in self._profile if one.kind in NUMBERS]
        field: Attribute[Any] = self._draw(st.sampled_from(numbers))
        like = [one for one in self._readable if one.kind == field.kind]
        by: Any = self._draw(st.sampled_from([1, -3, 2**62, *like]))
        return Increment(field, by, label=label)

    def _append(self, label: str | None) -> Step:
        lists = [one for one in self._profile if one.kind == "list"]
        texts = [one for one in self._readable if one.kind == "text"]
        item: Any = self._draw(st.sampled_from(["a", "b", *texts]))
        field: Attribute[Any] = self._draw(st.sampled_from(lists))
        keep, unique = self._draw(st.integers(1, 3)), self._draw(st.booleans())
        return Append(field, item, keep=keep, unique=unique, label=label)

    def _start(self, inner: Callable[[int], list[Step]], depth: int) -> Step:
        waits = self._is_drawn()
        timeout = self._maybe(durations()) if waits else None
        texts = [FieldRef(of=r.of, field=r.name, kind=r.kind) for r in self._trigger]
        return StartJourney(
            self._draw(st.sampled_from(self._others)),
            key=self._draw(st.sampled_from([None, "k", *texts])),
            data={"more": 1},
            wait_for_end=waits,
            timeout=timeout,
            on_timeout=[] if timeout is None else inner(depth - 1),
        )
