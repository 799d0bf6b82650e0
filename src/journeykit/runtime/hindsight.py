"""What was compared when it was decided? The journal is replayed, and asked on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from journeykit.analysis.explaining import Explained, explain_condition
from journeykit.kernel import CustomerState, Enrollment, apply, drawn_for_holdout, reading_at
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import (
    Branch,
    Changed,
    Condition,
    Enters,
    Entry,
    Journey,
    Leaves,
    On,
    OnDate,
    Receipt,
    Step,
    WaitFor,
)
from journeykit.runtime.unmet import enders_of, fields_of, told, unmet


class Looking(NamedTuple):
    """What is looked for: refusals, ways and ends of a journey, the latest `most` of each.

    Attributes:
        complete: Whether the journal begins with the customer, so that it can be replayed.
    """

    rules: Rules
    journey: str
    most: int
    complete: bool


class Found(NamedTuple):
    """A refusal, a way that was taken, or an end.

    Attributes:
        place: Number of the entry in the journal.
        event: The event that was refused, or "".
    """

    place: int
    event: str
    explained: tuple[Explained, ...]
    facts: tuple[str, ...]


class Looked:
    """What was found, latest first.

    Attributes:
        entered: Whether a run ever began.
        earlier: How often which reason refused before those; until when, in micros.
    """

    def __init__(self) -> None:
        self.refused: list[Found] = []
        self.parted: list[Found] = []
        self.ended: list[Found] = []
        self.entered = False
        self.earlier: Counter[str] = Counter()
        self.earlier_until = 0


class _Then:
    """How the customer stood right before an entry."""

    def __init__(self, looking: Looking, customer_id: str) -> None:
        self.looking = looking
        self.state = CustomerState(customer_id)
        self.profile: dict[str, Any] = {}
        self.received: j.Received | None = None
        self.latest: dict[str, j.Received] = {}
        self.starts: dict[str, list[j.Received]] = {
            start.event: []
            for start in journey_of(looking.rules, looking.journey).entry
            if isinstance(start, On)
        }

    @property
    def zone(self) -> ZoneInfo:
        """The customer's zone."""
        return ZoneInfo(self.state.zone or self.looking.rules.workspace.timezone)

    def event(self, entry: j.Refused) -> dict[str, Any] | None:
        """Return the fields of the event that was refused; None where there was none.

        It is the latest of its kind and key, also where customers of the past were let in.
        """
        name = str(entry.detail.get("event", ""))
        if not name:
            return {}
        for start in journey_of(self.looking.rules, self.looking.journey).entry:
            if isinstance(start, On) and start.event == name:
                for known in reversed(self.starts[name]):
                    key = None if start.key is None else known.data.get(start.key.field)
                    if entry.key is None or entry.key == str(key):
                        return known.data
        return None

    def pass_by(self, entry: j.Entry) -> None:
        if isinstance(entry, j.Received):
            self.received = self.latest[entry.name] = entry
            if entry.name in self.starts:
                self.starts[entry.name].append(entry)
        if isinstance(entry, j.Pruned):
            self.profile = dict(entry.profile)
        if isinstance(entry, j.Profiled | j.Assigned):
            self.profile = {**self.profile, **entry.attributes}
        if self.looking.complete:
            apply(self.state, entry)


def look_back(looking: Looking, customer_id: str, entries: Sequence[j.Entry]) -> Looked:
    """Walk through a journal once; explain the latest refusals, ways and ends of a journey."""
    looked = Looked()
    runs = {
        entry.enrollment
        for entry in entries
        if isinstance(entry, j.Entered) and entry.journey == looking.journey
    }
    looked.entered = bool(runs)
    asked = _asked(looking, looked, runs, entries)
    then = _Then(looking, customer_id)
    for place, entry in enumerate(entries):
        if place in asked:
            match entry:
                case j.Refused():
                    event = str(entry.detail.get("event", ""))
                    explained = tuple(_why_refused(then, entry, event))
                    facts = () if explained else _facts(then, entry)
                    looked.refused.insert(0, Found(place, event, explained, facts))
                case j.Moved():
                    explained = tuple(_why_parted(then, entry))
                    facts = tuple(_beside_the_way(then, entry))
                    looked.parted.insert(0, Found(place, "", explained, facts))
                case j.Ended():
                    explained = tuple(_why_ended(then, entry))
                    looked.ended.insert(0, Found(place, "", explained, _event_of(then, entry)))
        then.pass_by(entry)
    return looked


def _asked(
    looking: Looking, looked: Looked, runs: set[str], entries: Sequence[j.Entry]
) -> set[int]:
    """Return the places of the latest entries of each kind; count the refusals before them."""
    refusals: list[int] = []
    ways: list[int] = []
    ends: list[int] = []
    for place, entry in enumerate(entries):
        match entry:
            case j.Refused() if entry.journey == looking.journey:
                refusals.append(place)
            case j.Moved() if entry.enrollment in runs and _parts(entry.outcome):
                ways.append(place)
            case j.Ended() if entry.enrollment in runs:
                ends.append(place)
    for place in refusals[: -looking.most]:
        refusal = entries[place]
        assert isinstance(refusal, j.Refused)
        looked.earlier[refusal.reason] += 1
        looked.earlier_until = refusal.at
    return {place for places in (refusals, ways, ends) for place in places[-looking.most :]}


def _parts(outcome: str) -> bool:
    return outcome in ("otherwise", "timeout") or outcome.startswith(_WAYS)


_WAYS = ("when_", "case_", "arm_", "goal_")


# ---- refusals


def _why_refused(then: _Then, entry: j.Refused, event: str) -> Iterator[Explained]:
    data = then.event(entry)
    if not then.looking.complete or data is None:
        return
    if entry.reason == "condition_false":
        for condition in _asked_at_entry(then.looking, entry, event):
            told = _explained(then, condition, entry.at, event or None, data)
            if not told.holds:  # else it was another condition, in an earlier version
                yield told
    elif entry.reason == "exit_condition_holds":
        for condition in _exits(then.looking):
            told = _explained(then, condition, entry.at, None, data)
            if told.holds:
                yield told


def _asked_at_entry(looking: Looking, entry: j.Refused, event: str) -> Iterator[Condition]:
    for start in journey_of(looking.rules, looking.journey).entry:
        where = getattr(start, "where", None)
        if event:
            mine = isinstance(start, On) and start.event == event
        else:
            mine = goes_by(start) == entry.detail.get("by")
        if mine and where is not None:
            yield where


def goes_by(entry: Entry) -> str | None:
    """Return what the journal says of an entry without an event; None for an event."""
    match entry:
        case On():
            return None
        case Changed(attribute=attribute):
            return f"changed {attribute.field}"
        case Enters(segment=segment) | Leaves(segment=segment):
            return f"{entry.type} {segment.name}"
        case OnDate(attribute=attribute):
            return f"on_date {attribute.field}"
        case _:
            return str(getattr(entry, "type", ""))


def _exits(looking: Looking) -> Iterator[Condition]:
    for rule in journey_of(looking.rules, looking.journey).exits:
        if isinstance(rule, Condition):
            yield rule


def journey_of(rules: Rules, name: str) -> Journey:
    """Return the present version of a journey."""
    (found,) = (journey for journey in rules.workspace.journeys if journey.name == name)
    return found


def _explained(
    then: _Then,
    condition: Condition,
    at: int,
    incoming: str | None,
    event: dict[str, Any],
    run: Enrollment | None = None,
) -> Explained:
    looking = then.looking
    reading = reading_at(looking.rules, then.state, then.profile, at, event=event, run=run)
    return explain_condition(condition, reading, incoming=incoming)


def _facts(then: _Then, entry: j.Refused) -> tuple[str, ...]:
    """Return what else was compared, where it is no condition."""
    rules, name = then.looking.rules, then.looking.journey
    if entry.reason == "condition_false" and then.looking.complete:
        known = then.event(entry) is not None
        return ("it was another condition: that of the present version holds",) if known else ()
    if entry.reason == "holdout":
        return (held_out(rules, name, then.state.id),)
    if entry.reason == "exit_already_happened" and then.received is not None:
        journey = journey_of(rules, name)
        return tuple(enders_of(journey, then.latest, then.received, then.zone))
    inside = [run for run in then.state.enrollments.values() if run.journey == name]
    if entry.reason == "already_inside" and inside:
        return tuple(f"a run stands at {run.step}" for run in inside if run.key == entry.key)
    return ()


def held_out(rules: Rules, journey: str, customer_id: str) -> str:
    """Return how the share that is kept out reads, and what was drawn."""
    drawn = drawn_for_holdout(rules, journey, customer_id)
    return f"{rules.current[journey].holdout:.2%} are held out, and the draw was {drawn:.2%}"


# ---- ways


def _why_parted(then: _Then, entry: j.Moved) -> Iterator[Explained]:
    """Yield the conditions of a branch up to the way that was taken, or those awaited in vain."""
    found = _left(then, entry)
    if found is None:
        return
    run, step = found
    if isinstance(step, WaitFor) and entry.outcome == "timeout":
        for _, condition in step.asks():
            yield _explained(then, condition, entry.at, None, run.data, run)
    for number, when in enumerate(step.whens if isinstance(step, Branch) else (), 1):
        yield _explained(then, when.condition, entry.at, None, run.data, run)
        if entry.outcome == f"when_{number}":
            return


def _beside_the_way(then: _Then, entry: j.Moved) -> Iterator[str]:
    """Yield the event that a run has waited for in vain, or has reached its goal with."""
    found = _left(then, entry)
    if found is None:
        return
    run, step = found
    if isinstance(step, WaitFor) and entry.outcome == "timeout":
        yield from unmet(step, run, then.latest, then.zone)
    received = then.received
    if entry.outcome.startswith("goal_") and received is not None and received.at == entry.at:
        yield told(received, then.zone)


def _left(then: _Then, entry: j.Moved) -> tuple[Enrollment, Step | None] | None:
    """Return a run before it moved, and its step; None where they cannot be told."""
    run = then.state.enrollments.get(entry.enrollment)
    journey = journey_of(then.looking.rules, then.looking.journey)
    if not then.looking.complete or run is None or run.version != journey.version:
        return None
    state = journey.graph.states.get(run.step)
    return None if state is None else (run, state.step)


# ---- ends


def _why_ended(then: _Then, entry: j.Ended) -> Iterator[Explained]:
    run = then.state.enrollments.get(entry.enrollment)
    if not then.looking.complete or run is None:
        return
    if entry.reason in ("segment_entered", "segment_left"):
        yield from _why_segment(then, entry, run)
    if entry.reason != "exit_condition":
        return
    for condition in _exits(then.looking):
        told = _explained(then, condition, entry.at, None, run.data, run)
        if told.holds:
            yield told


def _why_segment(then: _Then, entry: j.Ended, run: Enrollment) -> Iterator[Explained]:
    """Yield the conditions of the segments that a run may have ended with."""
    is_in = entry.reason == "segment_entered"
    for rule in journey_of(then.looking.rules, then.looking.journey).exits:
        if isinstance(rule, Enters if is_in else Leaves):
            explained = _explained(then, rule.segment.condition, entry.at, None, run.data, run)
            if explained.holds is is_in:
                yield explained


def _event_of(then: _Then, entry: j.Ended) -> tuple[str, ...]:
    """Return the fields of the event that ended a run, or the message of the receipt that did."""
    received, run = then.received, then.state.enrollments.get(entry.enrollment)
    told_of = {} if run is None else run.receipts
    for rule in journey_of(then.looking.rules, then.looking.journey).exits:
        if (
            isinstance(rule, Receipt)
            and rule.receipt == entry.reason
            and rule.receipt in told_of.get(rule.of, ())
        ):
            return (f"{rule.of} was {rule.receipt}",)
    if entry.status not in ("exited", "goal", "restarted") or received is None:
        return ()
    is_named = entry.status == "goal" or entry.reason == received.name
    if received.at != entry.at or not is_named or not received.data:
        return ()
    return (f"{received.name}: {fields_of(received)}",)
