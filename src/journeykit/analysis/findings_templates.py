"""Which templates are missing, or read what is not there?"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from journeykit.analysis.codes import found
from journeykit.analysis.subject import Subject, sends_of
from journeykit.model import START, Journey, On, Send, kinds_of
from journeykit.model.findings import Finding


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
    elif of == "results":
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
    events = [on.event for on in journey.entry if isinstance(on, On)]
    known = {name: list(kinds_of(subject.classes[name])) for name in events}
    without = [name for name, fields in known.items() if field not in fields]
    without += ["an entry without an event"] if len(events) < len(journey.entry) else []
    if not without:
        return
    if len(without) == len(journey.entry) and len(events) == 1:
        why = f"{reads}: {_none(field, known[events[0]])}"
    else:
        why = f"{reads}: {' and '.join(without)} has no such field, and starts runs too"
    yield found("JK502", journey.name, path, why, "correct the template, or split the journey")


def _result(
    journey: Journey, name: str, path: str, reads: str, field: str
) -> Iterator[Finding]:
    states = journey.graph.states
    if field not in states:
        why = f"{reads}: no step has the id {field!r}"
        yield found("JK502", journey.name, path, why, "correct the template")
    elif _avoids(journey, field, name):
        why = f"{reads}: there are paths to {name} on which step {field} does not come before"
        remedy = 'let the template ask for it: context.results.get("...")'
        yield found("JK503", journey.name, path, why, remedy)


def _avoids(journey: Journey, passed: str, target: str) -> bool:
    """Tell whether a run can come to `target` without having left `passed`."""
    reached, waiting = {START}, [START]
    while waiting:
        name = waiting.pop()
        if name == target:
            return True
        if name == passed:
            continue
        for following in journey.graph.states[name].outcomes.values():
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return False
