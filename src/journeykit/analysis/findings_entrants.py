"""What can a run never be asked, given how it began, and what ends it?

The fields of a trigger do not change, and an exit condition ends a run as soon as it holds.
Runs that are started by call have the trigger that the host gives them; they are left out of
account.
"""

from __future__ import annotations

from collections.abc import Iterator

from journeykit.analysis.codes import found
from journeykit.analysis.subject import Subject
from journeykit.analysis.truths import truth_of
from journeykit.analysis.wording import condition_in_words
from journeykit.model import (
    All,
    Branch,
    Comparison,
    Condition,
    Journey,
    On,
    RelativeMoment,
    StartJourney,
    WaitFor,
    conditions_of,
    parts_of,
    reads,
    steps_of,
)
from journeykit.model.findings import Finding


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield the conditions that hold for nobody whom an entry lets in, or an exit leaves in."""
    yield from _behind_exits(subject, journey)
    entries = [entry for entry in journey.entry if isinstance(entry, On)]
    if len(entries) < len(journey.entry) or _is_started(subject, journey.name):
        return
    events = {entry.event for entry in entries}
    lasting = {entry.event: _lasting(entry) for entry in entries}
    for asked in conditions_of(journey):
        about = {ref.of for ref in reads(asked.condition)} & events - {asked.incoming}
        if asked.enters or not about or len(events) > 1:
            continue
        (event,) = about
        domains, holds = subject.domains(journey, asked.incoming), lasting[event]
        alone = truth_of(asked.condition, domains), truth_of(holds, domains)
        if "never" not in alone and truth_of(holds & asked.condition, domains) == "never":
            yield found(
                "JK205",
                journey.name,
                asked.place,
                f"{condition_in_words(asked.condition)} holds for nobody whom the entry lets in, "
                f"which asks for {condition_in_words(holds)}",
                "correct one of the two conditions",
            )


def _behind_exits(subject: Subject, journey: Journey) -> Iterator[Finding]:
    exits = [
        (f"exits[{number}]", rule)
        for number, rule in enumerate(journey.exits)
        if isinstance(rule, Condition) and _is_timeless(rule)
    ]
    domains = subject.domains(journey, None)
    exits = [(place, rule) for place, rule in exits if truth_of(rule, domains) is None]
    for place, condition in _leading_to_steps(journey) if exits else ():
        alone = truth_of(condition, domains)
        for ending, rule in exits:
            if alone is None and truth_of(condition & ~rule, domains) == "never":
                yield found(
                    "JK206",
                    journey.name,
                    place,
                    f"where {condition_in_words(condition)} holds, {ending} has ended the run: "
                    f"{condition_in_words(rule)}",
                    f"take out one of them, or narrow {ending}",
                )
                break


def _leading_to_steps(journey: Journey) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions without which some steps are not taken."""
    for path, step in steps_of(journey):
        if isinstance(step, Branch):
            for number, when in enumerate(step.whens):
                if when.steps:
                    yield f"{path} › whens[{number}] › condition", when.condition
        elif isinstance(step, WaitFor):
            leads = {outcome for outcome, _, steps in step.inner() if steps}
            for place, outcome, what in step.awaited:
                if isinstance(what, Condition) and outcome in leads:
                    yield f"{path} › {place}", what


def _is_timeless(condition: Condition) -> bool:
    """Tell whether time alone never changes the answer."""
    return not any(
        isinstance(getattr(leaf, "value", None), RelativeMoment)
        or getattr(leaf, "within", None) is not None
        for leaf in parts_of(condition)
    )


def _is_started(subject: Subject, name: str) -> bool:
    """Tell whether a step starts the journey, with a trigger of its own making."""
    return any(
        isinstance(step, StartJourney) and step.journey == name
        for journey in subject.workspace.journeys
        for _, step in steps_of(journey)
    )


def _lasting(entry: On) -> All:
    """Return what of an entry's condition goes on to hold: comparisons of the event's own fields."""
    where = entry.where
    parts = () if where is None else where.all if isinstance(where, All) else (where,)
    return All(all=tuple(part for part in parts if _is_of(part, entry.event)))


def _is_of(condition: Condition, event: str) -> bool:
    return all(
        isinstance(leaf, Comparison)
        and not isinstance(leaf.value, RelativeMoment)
        and all(ref.of == event for ref in reads(leaf))
        for leaf in parts_of(condition)
    )
