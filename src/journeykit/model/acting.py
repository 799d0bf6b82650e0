"""Do the acting steps of several journeys fit together? Experiments, starts, and what they emit.

Keeps true:
    * an experiment has the same arms and weights wherever its name stands;
    * what a `StartJourney` names is there, and gets the key that it needs;
    * no journeys start one another in a circle in which surely no time passes (rule E5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from journeykit.model.base import Wrong
from journeykit.model.facts import Event
from journeykit.model.graph import START, lets_time_pass
from journeykit.model.journey import Journey
from journeykit.model.steps import (
    Append,
    Call,
    Consent,
    Emit,
    Experiment,
    Increment,
    Send,
    Set,
    StartJourney,
    Step,
)
from journeykit.model.triggers import Always, On, Restart

Placed = Iterable[tuple[str, Step]]


def emitted_classes(steps: Placed) -> list[type[Event]]:
    """Return the event classes that `Emit` steps were written with."""
    emits = [step.event_class for _, step in steps if isinstance(step, Emit)]
    return [cls for cls in emits if cls is not None]


def refuse_unknown_emits(steps: Placed, known: Mapping[str, type[Event]]) -> None:
    """Refuse an `Emit` of an event without a class."""
    for place, step in steps:
        if isinstance(step, Emit) and step.event not in known:
            raise Wrong(
                f"the class of event {step.event!r} is not known here",
                "give the class: Workspace(events=[...]), or its fields in vocabulary",
                f"{place} › event",
            )


def refuse_unfit_acts(journeys: Sequence[Journey], steps: Placed) -> None:
    """Refuse acting steps that do not fit together."""
    experiments: dict[str, tuple[str, Experiment]] = {}
    named = {journey.name: journey for journey in journeys}
    acts = False
    for place, step in steps:
        if isinstance(step, Experiment):
            other, known = experiments.setdefault(step.name, (place, step))
            if known.weights != step.weights:
                raise Wrong(
                    f"experiment {step.name!r} has other arms or weights here than at {other}",
                    "give it the same ones everywhere, or another name",
                    f"{place} › arms",
                )
        elif isinstance(step, StartJourney):
            acts = True
            _refuse_unfit_start(step, named, place)
        elif isinstance(step, Emit):
            acts = True
    if acts:
        _refuse_circles(journeys)


def _refuse_unfit_start(step: StartJourney, named: Mapping[str, Journey], place: str) -> None:
    if step.journey not in named:
        near = get_close_matches(step.journey, named, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(named))}"
        raise Wrong(f"the workspace has no journey {step.journey!r}", hint, f"{place} › journey")
    entries = [entry for entry in named[step.journey].entry if isinstance(entry, On)]
    if step.key is None and any(entry.key is not None for entry in entries):
        raise Wrong(
            f"runs of journey {step.journey!r} are told apart by a key, and none is given",
            "give key=, a text or a field",
            f"{place} › key",
        )


# ---- circles


def _refuse_circles(journeys: Sequence[Journey]) -> None:
    """Refuse journeys that surely start one another without end in one instant."""
    leads: dict[str, list[tuple[str, str]]] = {}
    for number, journey in enumerate(journeys):
        for path, act in _sure_acts(journey):
            place = f"journeys[{number}] › {path}"
            for other in journeys:
                if _surely_enters(other, act):
                    leads.setdefault(journey.name, []).append((other.name, place))
    for name in leads:
        trail = _way_back(leads, name)
        if trail is not None:
            names, place = trail
            raise Wrong(
                f"these journeys start one another without end: {' → '.join(names)}",
                "let time pass before one of them starts the next, or let an entry ask a condition",
                place,
            )


def _way_back(
    leads: Mapping[str, list[tuple[str, str]]], first: str
) -> tuple[list[str], str] | None:
    """Return the names of a circle through `first`, and the place of the step that begins it."""
    waiting = [([first, to], place) for to, place in leads[first]]
    seen: set[str] = set()
    while waiting:
        names, place = waiting.pop()
        here = names[-1]
        if here == first:
            return names, place
        if here not in seen:
            seen.add(here)
            waiting += [([*names, to], place) for to, _ in leads.get(here, ())]
    return None


def _surely_enters(journey: Journey, act: Emit | StartJourney) -> bool:
    if not isinstance(journey.reentry, Always | Restart):
        return False
    if isinstance(act, StartJourney):
        return act.journey == journey.name
    return any(
        isinstance(entry, On) and entry.event == act.event and entry.where is None
        for entry in journey.entry
    )


def _sure_acts(journey: Journey) -> Iterator[tuple[str, Emit | StartJourney]]:
    """Yield what every run does before any time passes and any way parts, each with its path."""
    states, jumps = journey.graph.states, journey.graph.jumps
    here = states[START]
    while True:
        targets = {to for way, to in here.outcomes.items() if way != "exit" and way not in jumps}
        if len(targets) != 1:
            return
        here = states[targets.pop()]
        step = here.step
        if step is None or not _goes_on(step):
            return
        if isinstance(step, Emit | StartJourney):
            yield here.path, step
        if isinstance(step, StartJourney) and step.wait_for_end:
            return


def _goes_on(step: Step) -> bool:
    """Tell whether every run goes on behind it in the same instant."""
    if isinstance(step, Send):
        ways = [*step.choices.values(), step.on_failure]
        return "exit" not in ways and not lets_time_pass(step)
    if isinstance(step, Call):  # which answers at once, for all that is known
        return step.on_failure in ("park", "continue")
    return isinstance(step, Set | Increment | Append | Consent | Emit | StartJourney)
