"""Which conditions never hold, or always? Those of entries, steps, exits, goals and the policy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from journeykit.analysis.codes import found
from journeykit.analysis.subject import Subject
from journeykit.analysis.truths import Domains, culprits, truth_of
from journeykit.analysis.wording import condition_in_words
from journeykit.model import (
    All,
    AnyOf,
    Branch,
    Changed,
    Comparison,
    Condition,
    Enters,
    Entry,
    Journey,
    Leaves,
    Not,
    On,
    PastComparison,
    Scheduled,
    WaitFor,
    conditions_of,
    parts_of,
    reads,
    steps_of,
)
from journeykit.model.findings import Finding

_NEVER = "correct the condition, or take out what depends on it"
_ALWAYS = "leave it out, or correct what it compares with"


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield what is found in the conditions of a journey."""
    for asked in conditions_of(journey):
        domains = subject.domains(journey, asked.incoming)
        if asked.place.startswith("exits") and asked.place.endswith("]"):
            yield from _exit(subject, journey, asked.place, asked.condition)
        else:
            yield from _judged(subject, journey, asked.place, asked.condition, domains)
    for path, step in steps_of(journey):
        if isinstance(step, Branch):
            yield from _ways(subject, journey, path, step)
        elif isinstance(step, WaitFor) and step.cases:
            yield from _cases(subject, journey, path, step)
    for number, entry in enumerate(journey.entry):
        yield from _let_in(subject, journey, f"entry[{number}]", entry)


def of_policy(subject: Subject) -> Iterator[Finding]:
    """Yield what is found in the conditions of the policy."""
    policy = subject.workspace.policy
    rules = chain(policy.clock_rules, policy.cap_rules, policy.strict_rules)
    asked = [(f"{place} › where", rule.where) for place, rule in rules if rule.where is not None]
    for place, condition in chain(asked, policy.conditions_on_channels):
        incoming = next((ref.of for ref in reads(condition) if ref.of != "profile"), None)
        domains = subject.domains(None, incoming)
        yield from _judged(subject, None, f"policy › {place}", condition, domains)


def _judged(
    subject: Subject, journey: Journey | None, place: str, condition: Condition, domains: Domains
) -> Iterator[Finding]:
    """Yield a finding for the largest parts of a condition whose answer is always the same."""
    name = "" if journey is None else journey.name
    truth = None if condition == All(all=()) else truth_of(condition, domains)
    if truth == "never":
        why = f"{condition_in_words(culprits(condition, domains))} can never hold"
        yield found(_code_of(place), name, place, why, _NEVER)
    elif truth == "always":
        words = condition_in_words(condition)
        yield found("JK202", name, place, f"{words} always holds", _ALWAYS)
    else:
        for part in _parts(condition):
            yield from _judged(subject, journey, place, part, domains)
    for leaf in parts_of(condition):
        if isinstance(leaf, PastComparison) and leaf.where is not None:
            inner = subject.domains(journey, leaf.event)
            yield from _judged(subject, journey, place, leaf.where, inner)


def _code_of(place: str) -> str:
    return "JK204" if place.startswith("goal") else "JK201"


def _parts(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case All():
            return condition.all
        case AnyOf():
            return condition.any
        case Not():
            return (condition.not_,)
        case _:
            return ()


def _exit(
    subject: Subject, journey: Journey, place: str, condition: Condition
) -> Iterator[Finding]:
    """An exit condition keeps everybody out for whom it holds already."""
    words = condition_in_words(condition)
    truth = truth_of(condition, subject.domains(journey, None))
    remedy = "turn the condition round, or leave the exit out"
    if truth == "always":
        why = f"{words} always holds, so nobody enters"
        yield found("JK203", journey.name, place, why, remedy)
        return
    if truth == "never":
        yield from _judged(subject, journey, place, condition, subject.domains(journey, None))
        return
    known = {ref.of for ref in reads(condition)} - {"profile"}
    for number, entry in enumerate(journey.entry):
        if not known <= {entry.gives}:
            continue
        holds, domains = _holds_at(entry), subject.domains(journey, entry.gives)
        may_enter = truth_of(holds, domains) != "never"
        if may_enter and truth_of(holds & ~condition, domains) == "never":
            why = f"{words} holds whenever entry[{number}] lets somebody in, so nobody enters there"
            yield found("JK203", journey.name, place, why, remedy)


def _holds_at(entry: Entry) -> All:
    """Return what holds of everybody who enters."""
    parts: list[Condition] = []
    where = getattr(entry, "where", None)
    if where is not None:
        parts.append(where)
    match entry:
        case Enters(segment=segment):
            parts.append(segment.condition)
        case Leaves(segment=segment):
            parts.append(~segment.condition)
        case Scheduled(segment=segment) if segment is not None:
            parts.append(segment.condition)
        case Changed(attribute=ref, becomes=(_, *_) as given) if None not in given:
            values = tuple(value for value in given if value is not None)
            parts.append(
                Comparison(of=ref.of, field=ref.field, kind=ref.kind, op="in", value=values)
            )
    return All(all=tuple(parts))


def _let_in(subject: Subject, journey: Journey, place: str, entry: Entry) -> Iterator[Finding]:
    """What an entry asks for in `where=` has to go with what it is about."""
    domains, holds = subject.domains(journey, entry.gives), _holds_at(entry)
    where = getattr(entry, "where", None)
    if where is None or len(holds.all) < 2 or truth_of(holds, domains) != "never":
        return
    if all(truth_of(part, domains) != "never" for part in holds.all):
        words = condition_in_words(culprits(holds, domains))
        yield found("JK201", journey.name, f"{place} › where", f"{words} can never hold", _NEVER)


def _cases(subject: Subject, journey: Journey, path: str, step: WaitFor) -> Iterator[Finding]:
    """Of what one input brings the first counts: a later case gets what no earlier one takes."""
    awaited = list(step.awaited)
    for number, (place, outcome, what) in enumerate(awaited):
        for _, other, earlier in awaited[:number]:
            if other != outcome and _comes_with(subject, journey, what, earlier):
                why = "whatever comes here is taken by one that stands before it in the list"
                remedy = "put the narrower one first, or take this one out"
                place = f"{path} › {place.removesuffix(' › what')}"
                yield found("JK101", journey.name, place, why, remedy)
                break


def _comes_with(subject: Subject, journey: Journey, what: object, earlier: object) -> bool:
    """Tell whether `earlier` has come whenever `what` has."""
    match what, earlier:
        case On(), On():
            return earlier.event == what.event and implied_by(
                subject, journey, what.event, earlier, what
            )
        case Condition(), Condition():
            domains = subject.domains(journey, None)
            alone = truth_of(what, domains), truth_of(earlier, domains)
            return alone == (None, None) and truth_of(what & ~earlier, domains) == "never"
        case _:
            return what == earlier


def _ways(subject: Subject, journey: Journey, path: str, branch: Branch) -> Iterator[Finding]:
    """The first way whose condition holds is taken: later ones get what it leaves."""
    domains = subject.domains(journey, None)
    before: list[Condition] = []
    for number, when in enumerate(branch.whens):
        place = f"{path} › whens[{number}]"
        own = when.condition
        if before and truth_of(own, domains) is None:
            left = All(all=(own, *(~one for one in before)))
            if truth_of(left, domains) == "never":
                why = f"whoever has {condition_in_words(own)} takes an earlier way"
                remedy = "put this way before the others, or take it out"
                yield found("JK101", journey.name, place, why, remedy)
        elif before and truth_of(AnyOf(any=tuple(before)), domains) == "always":
            why = "the ways before it are taken by everybody"
            yield found("JK101", journey.name, place, why, "correct their conditions")
        before.append(own)
    if branch.otherwise and truth_of(AnyOf(any=tuple(before)), domains) == "always":
        why = "one of the ways before it is taken by everybody"
        remedy = "take the steps out, or correct the conditions"
        yield found("JK101", journey.name, f"{path} › otherwise", why, remedy)


def implied_by(subject: Subject, journey: Journey, incoming: str, one: On, other: On) -> bool:
    """Tell whether `one` hears every event that `other` hears, of the same run."""
    if one.key is not None and one.key != other.key:
        return False
    if one.where is None or one.where == other.where:
        return True
    if other.where is None:
        return False
    contrary = other.where & ~one.where
    return truth_of(contrary, subject.domains(journey, incoming)) == "never"
