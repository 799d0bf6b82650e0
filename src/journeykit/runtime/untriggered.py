"""What keeps a customer out at present, and what has not come that would start a run?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from journeykit.analysis.explaining import Explained, explain_condition
from journeykit.kernel import (
    CustomerState,
    history_key,
    is_held_out,
    out_of_window,
    re_entry,
    reading_at,
    reasons,
)
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import ByCall, Changed, Enters, Entry, Leaves, On, OnDate, Scheduled
from journeykit.runtime.hindsight import goes_by, held_out, journey_of
from journeykit.runtime.timeline import local_time
from journeykit.time import from_micros, shift
from journeykit.time import zone as zone_named

_SHOWN = 3
Now = tuple[str, datetime | None, str]


def standing_now(
    rules: Rules, journey: str, state: CustomerState, now: int, paused: str | None, zone: str
) -> Iterator[Now]:
    """Yield (reason, when, sentence) for everything that keeps a new run from beginning now."""
    table, clock = rules.current[journey], ZoneInfo(zone)

    def local(micros: int) -> str:
        return local_time(from_micros(micros), clock)

    if paused is not None:
        said = f": {paused}" if paused else ""
        yield "paused", None, f"{reasons.REFUSED['paused']}{said}"
    closed = out_of_window(table, now)
    if closed == "not_open_yet" and table.opens is not None:
        yield closed, None, f"the journey takes nobody before {local(table.opens)}"
    if closed == "closed" and table.closes is not None:
        yield closed, None, f"the journey takes nobody any more, since {local(table.closes)}"
    if table.holdout and is_held_out(rules, table, state.id):
        yield "holdout", None, f"{reasons.REFUSED['holdout']}: {held_out(rules, journey, state.id)}"
    for run in state.enrollments.values():
        if run.journey == journey:
            key = f" for {run.key}" if run.key is not None else ""
            until = "" if run.due is None else f" until {local(run.due)}"
            text = f"is inside{key} since {local(run.entered)}: stands at {run.step}{until}"
            yield "already_inside", None, text
    for errand in state.errands.values():
        if errand.parked is not None and errand.journey == journey:
            error = f": {errand.error}" if errand.error else ""
            text = f"is parked since {local(errand.parked)}, {errand.what} having failed{error}"
            yield "parked", None, text
    if asks_for_a_slot(state, journey):
        yield "entry_waits", None, "a trigger came, and asks for its slot under the entry caps"
    past = state.history.get(history_key(journey, None))
    inside = any(run.journey == journey for run in state.enrollments.values())
    if past is None or inside:
        return
    again = re_entry(table, state, None, now, [], zone_named(zone))
    if again == "already_entered":
        yield again, None, f"{reasons.REFUSED[again]}: {local(past.entered)}"
    if again == "re_entry_too_soon" and table.after is not None:
        opens = shift(past.entered, table.after, zone_named(zone))
        yield again, None, f"{reasons.REFUSED[again]}: the next may be {local(opens)}"


def asks_for_a_slot(state: CustomerState, journey: str) -> bool:
    """Tell whether a trigger waits for its slot under the entry caps of a journey."""
    waiting = (errand for errand in state.errands.values() if errand.kind == "entry")
    return any(errand.journey == journey for errand in waiting)


def untriggered(
    rules: Rules,
    journey: str,
    state: CustomerState,
    profile: dict[str, Any],
    entries: Sequence[j.Entry],
    now: int,
) -> Iterator[tuple[str, str, tuple[Explained, ...]]]:
    """Yield (reason, sentence, conditions) for each entry of a journey that nothing has reached."""
    came = Counter(entry.name for entry in entries if isinstance(entry, j.Received))
    for entry in journey_of(rules, journey).entry:
        if isinstance(entry, On):
            yield "no_event", _no_event(entry, came), ()
        elif isinstance(entry, Enters | Leaves):
            reading = reading_at(rules, state, profile, now)
            told = explain_condition(entry.segment.condition, reading)
            is_in = "belongs" if told.holds else "does not belong"
            verb = "came to belong" if isinstance(entry, Enters) else "left off belonging"
            text = f"never {verb} to segment {entry.segment.name!r}, and {is_in} to it now"
            yield "segment", text, (told,)
        elif isinstance(entry, Scheduled) and _is_left_out(rules, state, profile, entry, now):
            assert entry.segment is not None
            told = explain_condition(
                entry.segment.condition, reading_at(rules, state, profile, now)
            )
            text = f"scheduled: does not belong to segment {entry.segment.name!r}"
            yield "segment", text, (told,)
        elif isinstance(entry, ByCall):
            yield "by_call", "runs begin by call alone, and none was asked for", ()
        else:
            yield "no_moment", _no_moment(rules, journey, state, profile, entry), ()


def _is_left_out(
    rules: Rules, state: CustomerState, profile: dict[str, Any], entry: Scheduled, now: int
) -> bool:
    """Tell whether a schedule passes a customer by, who is not in its segment."""
    if entry.segment is None:
        return False
    reading = reading_at(rules, state, profile, now)
    return not explain_condition(entry.segment.condition, reading).holds


def _no_event(entry: On, came: Counter[str]) -> str:
    times = came[entry.event]
    if times:
        said = "once" if times == 1 else f"{times} times"
        return f"{entry.event} came {said}, before the journey was there"
    others = ", ".join(f"{name} {times}" for name, times in came.most_common(_SHOWN))
    return f"no {entry.event} came; {f'what came: {others}' if others else 'no event at all did'}"


def _no_moment(
    rules: Rules, journey: str, state: CustomerState, profile: dict[str, Any], entry: Entry
) -> str:
    by = goes_by(entry)
    if isinstance(entry, Changed):
        value = rules.attributes(profile).get(entry.attribute.field)
        asked = "".join(
            f" {word} {' or '.join(map(repr, values))}"
            for word, values in (("from", entry.was), ("to", entry.becomes))
            if values is not None
        )
        return f"{by}: it has not changed{asked}, and is {value!r}"
    read = ""
    if isinstance(entry, OnDate):
        value = rules.attributes(profile).get(entry.attribute.field)
        field = entry.attribute.field
        read = f", for {field} has no value" if value is None else f", for {field} is {value}"
    armed = (rule for rule in rules.watch.armed.values() if rule.journey == journey)
    for rule in armed:
        timer = state.armed.get(rule.id)
        if rule.by == by and timer is not None and timer.due is not None:
            when = local_time(from_micros(timer.due), _zone(rules, state))
            return f"{by}: its moment comes {when}{read}"
    return f"{by}: there is no moment to come{read}"


def _zone(rules: Rules, state: CustomerState) -> ZoneInfo:
    return ZoneInfo(state.zone or rules.workspace.timezone)
