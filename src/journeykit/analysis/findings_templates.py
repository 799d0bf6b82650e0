"""Which templates are missing, or read what is not there?"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from journeykit.analysis.codes import found
from journeykit.analysis.subject import Subject, sends_of
from journeykit.model import (
    START,
    ByCall,
    Call,
    Journey,
    Send,
    StartJourney,
    kinds_of,
    steps_of,
)
from journeykit.model.findings import Finding
from journeykit.model.steps.calls import gives_of


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield what is found about the templates of a journey, where a renderer is at hand."""
    templates = subject.templates
    if templates is None:
        return
    variables = getattr(templates, "variables", None)
    for name, path, send in sends_of(journey):
        for channel in send.channels:
            lacking = templates.missing(send.template, channel)
            if lacking is not None:
                why = f"template {send.template!r} for {channel!r}: {lacking}"
                remedy = "register it, or correct its name here"
                yield found("JK501", journey.name, path, why, remedy)
        read = {
            variable: None
            for channel in send.channels
            for variable in (variables(send.template, channel) if variables else None) or ()
        }
        for variable in read:
            yield from _variable(subject, journey, name, send, path, variable)


def _variable(
    subject: Subject, journey: Journey, name: str, send: Send, path: str, variable: str
) -> Iterator[Finding]:
    of, _, field = variable.partition(".")
    reads = f"template {send.template!r} reads {variable}"
    if of == "profile":
        known = list(kinds_of(subject.workspace.profile))
        if field not in known:
            yield found("JK502", journey.name, path, f"{reads}: {_none(field, known)}", _GIVE)
    elif of == "trigger":
        yield from _trigger(subject, journey, path, reads, field)
    elif of in ("results", "collected", "answers"):
        yield from _result(journey, name, path, reads, field)


_GIVE = "correct the template, or give the class this field"


def _none(field: str, known: list[str]) -> str:
    near = get_close_matches(field, known, 1)
    if near:
        return f"there is no such field; did it mean {near[0]!r}?"
    return f"there is no such field, but {', '.join(known) or 'none at all'}"


def _trigger(
    subject: Subject, journey: Journey, path: str, reads: str, field: str
) -> Iterator[Finding]:
    events = [entry.gives for entry in journey.entry if entry.gives is not None]
    known = {name: list(kinds_of(subject.classes[name])) for name in events}
    without = [name for name, fields in known.items() if field not in fields]
    is_called = any(isinstance(entry, ByCall) for entry in journey.entry)
    if len(events) + is_called < len(journey.entry):
        without.append("an entry without an event")
    if is_called:  # with what the host gives, which nobody knows, and with what steps give
        for starter in _starting_without(subject, journey.name, field):
            why = f"{reads}: journey {starter!r} starts this one without it"
            remedy = (
                f"give {field} in the data= of its StartJourney, or let the template ask for it"
            )
            yield found("JK503", journey.name, path, why, remedy)
    if not without:
        return
    if len(without) == len(journey.entry) and len(events) == 1:
        why = f"{reads}: {_none(field, known[events[0]])}"
    else:
        why = f"{reads}: {' and '.join(without)} has no such field, and starts runs too"
    yield found("JK502", journey.name, path, why, "correct the template, or split the journey")


def _starting_without(subject: Subject, name: str, field: str) -> Iterator[str]:
    """Yield the journeys that start one by a step which does not give a field."""
    for journey in subject.workspace.journeys:
        starting = (step for _, step in steps_of(journey) if isinstance(step, StartJourney))
        if any(step.journey == name and field not in step.data for step in starting):
            yield journey.name


def _result(journey: Journey, name: str, path: str, reads: str, field: str) -> Iterator[Finding]:
    states = journey.graph.states
    giving = {step for step, state in states.items() if field in (step, gives_of(state.step))}
    if not giving:
        why = f"{reads}: no step has the id {field!r}, and none gives it"
        yield found("JK502", journey.name, path, why, "correct the template")
    elif _avoids(journey, giving, name):
        steps = " or ".join(sorted(giving))
        why = f"{reads}: there are paths to {name} on which {steps} does not give it before"
        remedy = 'let the template ask for it, such as context.results.get("...")'
        yield found("JK503", journey.name, path, why, remedy)


def _avoids(journey: Journey, giving: Collection[str], target: str) -> bool:
    """Tell whether a run can come to `target` without what steps give that it leaves."""
    reached, waiting = {START}, [START]
    while waiting:
        name = waiting.pop()
        if name == target:
            return True
        state = journey.graph.states[name]
        for outcome, following in state.outcomes.items():
            gives = name in giving and (outcome != "failed" or not isinstance(state.step, Call))
            exits = outcome == "failed" and getattr(state.step, "on_failure", None) == "exit"
            if following not in reached and not gives and not exits:
                reached.add(following)
                waiting.append(following)
    return False
