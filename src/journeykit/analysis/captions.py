"""What does a step do, in a line? Captions for pictures, differences and plans.

A kind of step that is not known here is told by its name and the options that differ from
their defaults, so that every kind has a caption.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from journeykit.analysis.wording import condition_in_words, constant_in_words, field_in_words
from journeykit.model import (
    Condition,
    EntryCap,
    Exit,
    FieldRef,
    Frozen,
    Goal,
    Goto,
    Hours,
    On,
    Segment,
    Send,
    Step,
    Via,
)
from journeykit.model.receipts import Receipt
from journeykit.model.spans import in_words
from journeykit.model.triggers import Entry
from journeykit.time import Duration

_HIDDEN = ("type", "label")


def span_in_words(span: Duration) -> str:
    """Return how any span reads, also one of nothing, or back in time."""
    if span.is_zero:
        return "no time"
    if not span.is_negative:
        return in_words(span)
    back = -span
    return f"{in_words(back)} before" if not back.is_negative else str(span)


def value_in_words(value: Any) -> str:
    """Return how the value of an option reads."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case Duration():
            return span_in_words(value)
        case date():
            return value.isoformat()
        case FieldRef():
            return field_in_words(value)
        case Condition():
            return condition_in_words(value)
        case On():
            return on_in_words(value)
        case Receipt():
            return f"{value.receipt} of {value.of}"
        case Hours():
            return value.hours_in_words
        case Segment():
            return f"{value.name} ({condition_in_words(value.condition)})"
        case Entry():
            return entry_in_words(value)
        case Via():
            return f"{', '.join(value.channels)} by {value.by}"
        case Frozen():
            return phrase(value)
        case tuple() | list():
            return ", ".join(map(value_in_words, value)) or "none"
        case Mapping():
            return (
                ", ".join(f"{key}: {value_in_words(one)}" for key, one in value.items()) or "none"
            )
        case _:
            return str(value)


def on_in_words(on: On) -> str:
    """Return how a reaction to an event reads: `order_placed where … (of its cart_id)`."""
    words = on.event if on.where is None else f"{on.event} where {condition_in_words(on.where)}"
    return words if on.key is None else f"{words}, by {on.key.field}"


def name_in_words(value: Frozen) -> str:
    """Return the name of a class in words: `RateLimit` as `Rate limit`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).capitalize()


def options_of(value: Frozen) -> Iterator[tuple[str, Any]]:
    """Yield the options that were chosen, those apart that hold steps."""
    for name, info in type(value).model_fields.items():
        here = getattr(value, name)
        if name in _HIDDEN or holds_steps(here):
            continue
        if info.is_required() or here != info.get_default(call_default_factory=True):
            yield name, here


def holds_steps(value: Any) -> bool:
    """Tell whether a value is a list of steps, or of parts that have some."""
    if isinstance(value, tuple | list):
        return any(map(holds_steps, value))
    return isinstance(value, Step) or (
        isinstance(value, Frozen)
        and any(holds_steps(getattr(value, name)) for name in type(value).model_fields)
    )


def phrase(value: Frozen) -> str:
    """Return a value in words, by its name and the options that were chosen."""
    plain, named = [], []
    for name, here in options_of(value):
        if not type(value).model_fields[name].kw_only:
            plain.append(value_in_words(here))
        elif here is True:
            named.append(name.replace("_", " "))
        else:
            named.append(f"{name.replace('_', ' ')} {value_in_words(here)}")
    return " · ".join([" ".join([name_in_words(value), *plain]), *named])


def caption(step: Step) -> str:
    """Return what a step does, in a line: `Wait 1 hour`, `Send cart_reminder · push, email`."""
    say = _CAPTIONS.get(step.kind)
    return phrase(step) if say is None else say(step)


def entry_in_words(entry: Frozen) -> str:
    """Return what starts a run, or ends it: an event, a segment, a schedule, a date."""
    if isinstance(entry, On):
        return on_in_words(entry)
    say = _ENTRIES.get(getattr(entry, "type", ""))
    if say is None:
        return phrase(entry)
    where = getattr(entry, "where", None)
    return say(entry) if where is None else f"{say(entry)} where {condition_in_words(where)}"


def goal_in_words(goal: Goal) -> str:
    """Return what a goal is."""
    words = on_in_words(goal.on) if goal.name is None else f"{goal.name}: {on_in_words(goal.on)}"
    return words if goal.within is None else f"{words}, within {in_words(goal.within)}"


def cap_in_words(cap: EntryCap) -> str:
    """Return how many may enter."""
    per = "in all" if cap.per is None else f"per {value_in_words(cap.per)}"
    return f"{cap.limit} {per}"


def outcome_in_words(step: Step | None, outcome: str) -> str:
    """Return by which outcome a step is left: a condition, a time-out, an arm."""
    kind, _, which = outcome.partition("_")
    match kind, step:
        case "when", Step():
            asked = [condition for _, condition in step.asks()]
            return condition_in_words(asked[int(which) - 1])
        case "arm", Step():
            return _arm(step, which)
        case "case", Step():
            awaited = {name: what for _, name, what in getattr(step, "awaited", ())}
            return value_in_words(awaited[outcome])
        case "timeout", Step() if isinstance(getattr(step, "timeout", None), Duration):
            return f"after {in_words(step.timeout)}"  # type: ignore[attr-defined]
        case "again", Goto() if step.at_most is not None:
            return f"up to {step.at_most} times"
        case _:
            return {"event": "happened", "skip": "skips the next"}.get(outcome, outcome)


def _arm(step: Any, name: str) -> str:
    whole = sum(arm.weight for arm in step.arms)
    (weight,) = [arm.weight for arm in step.arms if arm.name == name]
    return f"{name} {100 * weight / whole:.3g} %"


# ---- the kinds of entries that have a caption of their own


def _changed(entry: Any) -> str:
    was, becomes = (
        " or ".join(_constant(entry.attribute, value) for value in values or ())
        for values in (entry.was, entry.becomes)
    )
    words = f"{field_in_words(entry.attribute)} changes"
    return f"{words}{f' from {was}' if was else ''}{f' to {becomes}' if becomes else ''}"


def _scheduled(entry: Any) -> str:
    rule = f"by cron {entry.cron}" if entry.cron is not None else f"by {entry.rrule}"
    at = "" if entry.at is None else f" at {entry.at}"
    starts = "" if entry.starts is None else f" from {entry.starts.isoformat()}"
    zone = "" if entry.zone is None else f" in {entry.zone}"
    segment = "" if entry.segment is None else f", for {entry.segment.name}"
    return f"{rule}{at}{starts}{zone}{segment}"


def _on_date(entry: Any) -> str:
    at = "" if entry.at is None else f" at {entry.at}"
    zone = "" if entry.zone is None else f" in {entry.zone}"
    return f"{_around(entry.attribute, entry.offset, entry.anniversary)}{at}{zone}"


def _around(moment: Any, offset: Duration | None, anniversary: str | None) -> str:
    words = value_in_words(moment)
    words = words if anniversary is None else f"the anniversary of {words}"
    if offset is None or offset.is_zero:
        return words
    told = span_in_words(offset)
    return f"{told} {words}" if told.endswith("before") else f"{told} after {words}"


_ENTRIES: dict[str, Callable[[Any], str]] = {
    "enters": lambda entry: f"enters {entry.segment.name}",
    "leaves": lambda entry: f"leaves {entry.segment.name}",
    "changed": _changed,
    "scheduled": _scheduled,
    "on_date": _on_date,
    "by_call": lambda entry: "by call",
}


# ---- the kinds of steps that have a caption of their own


def _wait(step: Any) -> str:
    longest = "" if step.up_to is None else f" to {in_words(step.up_to)}"
    return f"Wait {span_in_words(step.duration)}{longest}"


def _wait_until(step: Any) -> str:
    zone = "" if step.zone is None else f" in {step.zone}"
    days = "" if step.days is None else f" on {', '.join(step.days)}"
    if step.cron is not None:
        return f"Wait until cron {step.cron}{zone}"
    if step.moment is None:
        return f"Wait until {step.at}{days}{zone}"
    at = "" if step.at is None else f" at {step.at}"
    words = _around(step.moment, step.offset, step.anniversary)
    return f"Wait until {words}{at}{zone}"


def _business_days(step: Any) -> str:
    at = "" if step.at is None else f", until {step.at}"
    return f"Wait {step.count} business {'day' if step.count == 1 else 'days'}{at}"


def _wait_for(step: Any) -> str:
    joined = " and " if step.need == "all" else " or "
    return f"Wait for {joined.join(value_in_words(what) for _, _, what in step.awaited)}"


def _send(step: Send) -> str:
    topic = "" if step.topic is None else f" · {step.topic}"
    return f"Send {step.template} · {value_in_words(step.via)}{topic}"


def _exit(step: Exit) -> str:
    return "Exit" if step.reason == "exit" else f"Exit: {step.reason}"


def _value(step: Any, value: Any) -> str:
    return field_in_words(value) if isinstance(value, FieldRef) else _constant(step.field, value)


def _constant(field: FieldRef, value: Any) -> str:
    return "nothing" if value is None else constant_in_words(field.kind, value)


def _starts(step: Any) -> str:
    return f"Start {step.journey}{', and wait for its end' if step.wait_for_end else ''}"


_CAPTIONS: dict[str, Callable[[Any], str]] = {
    "wait": _wait,
    "wait_until": _wait_until,
    "wait_business_days": _business_days,
    "wait_for_window": lambda step: f"Wait for {value_in_words(step.hours)}",
    "wait_for": _wait_for,
    "digest": lambda step: f"Collect {on_in_words(step.on)} for {in_words(step.window)}",
    "send": _send,
    "set": lambda step: f"Set {field_in_words(step.field)} to {_value(step, step.value)}",
    "increment": lambda step: f"Add {_value(step, step.by)} to {field_in_words(step.field)}",
    "append": lambda step: f"Append {_value(step, step.value)} to {field_in_words(step.field)}",
    "consent": lambda step: f"{step.change.capitalize()} consent to {', '.join(step.channels)}",
    "emit": lambda step: f"Emit {step.event}",
    "call": lambda step: f"Call {step.function}",
    "rate_limit": lambda step: f"Let {step.limit} pass per {in_words(step.per)}",
    "start_journey": _starts,
    "branch": lambda step: "Branch",
    "split": lambda step: "Split",
    "experiment": lambda step: f"Experiment {step.name}",
    "goto": lambda step: f"Go to {step.target}",
    "exit": _exit,
    "part": lambda step: f"Part {step.name}",
}

__all__ = [
    "cap_in_words",
    "caption",
    "entry_in_words",
    "goal_in_words",
    "holds_steps",
    "name_in_words",
    "on_in_words",
    "options_of",
    "outcome_in_words",
    "phrase",
    "span_in_words",
    "value_in_words",
]
