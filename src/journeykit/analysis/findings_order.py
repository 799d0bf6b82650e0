"""What comes before what? Steps that read what comes later, and journeys that start one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from journeykit.analysis.codes import found
from journeykit.analysis.paths import earliest
from journeykit.analysis.subject import Subject
from journeykit.model import (
    Always,
    Emit,
    FieldRef,
    Journey,
    Restart,
    StartJourney,
    Step,
    ancestors,
    reads,
)
from journeykit.model.fields import RESULT
from journeykit.model.findings import Finding
from journeykit.model.steps.calls import gives_of


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:  # noqa: ARG001 - a theme
    """Yield where a step reads what no step before it can have given."""
    states = journey.graph.states
    asked: dict[str, list[tuple[str, FieldRef]]] = {}
    for name, state in states.items():
        for place, ref in [] if state.step is None else _read(state.step):
            if ref.of == "step" or ref.of.startswith(RESULT):
                asked.setdefault(name, []).append((f"{state.path} › {place}", ref))
    if not asked:
        return
    behind = ancestors(journey.graph, asked)
    for name, refs in asked.items():
        for place, ref in refs:
            giving = [step for step, state in states.items() if _gives(step, state.step, ref)]
            if giving and not any(name in behind[step] for step in giving):
                steps = " or ".join(giving)
                why = f"it reads what comes of {steps}, and no path leads from there to here"
                remedy = "put the step behind it, or read an earlier one"
                yield found("JK107", journey.name, place, why, remedy)


def _read(step: Step) -> Iterator[tuple[str, FieldRef]]:
    for place, condition in step.asks():
        for ref in reads(condition):
            yield place, ref
    yield from step.reads()


def _gives(name: str, step: Step | None, ref: FieldRef) -> bool:
    if ref.of == "step":
        return name == ref.field
    return step is not None and gives_of(step) == ref.of.removeprefix(RESULT)


# ---- circles


def of_policy(subject: Subject) -> Iterator[Finding]:
    """Yield journeys that can start one another again and again within one instant.

    Where they surely do, they are refused when they are written.
    """
    starts = {
        journey.name: dict(_starts(subject, journey)) for journey in subject.workspace.journeys
    }
    told: set[str] = set()
    for journey in subject.workspace.journeys:
        circle = _circle(starts, journey.name)
        if circle and not told & set(circle):
            told.update(circle)
            way = " → ".join([*circle, circle[0]])
            following = circle[1] if len(circle) > 1 else circle[0]
            why = f"{way}: each can start the next at once; a customer for whom all conditions hold goes "
            why += "round until the run fails"
            remedy = "put a Wait into one of them, or see that a condition comes to fail"
            yield found("JK105", journey.name, starts[journey.name][following], why, remedy)


def _starts(subject: Subject, journey: Journey) -> Iterator[tuple[str, str]]:
    """Yield the journeys that one starts at the instant of its own entry, with the place."""
    at = earliest(journey)
    for name, state in journey.graph.states.items():
        step = state.step
        if not isinstance(step, Emit | StartJourney) or at.get(name, 1):
            continue
        for other in subject.workspace.journeys:
            if isinstance(step, StartJourney):
                begins = step.journey == other.name
            else:
                begins = any(step.event == on.event for one in other.entry for _, on in one.hears())
            if begins and isinstance(other.reentry, Always | Restart):
                yield other.name, state.path


def _circle(starts: Mapping[str, Mapping[str, str]], first: str) -> list[str]:
    """Return the journeys of a circle through `first`, beginning with it; none, where there is none."""
    ways = [[first]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for following in starts[way[-1]]:
            if following == first:
                return way
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []
