"""What had not come when a wait ran out, or had come too early for a trigger?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from journeykit.analysis.wording import condition_in_words
from journeykit.kernel import Enrollment
from journeykit.kernel import journal as j
from journeykit.model import Journey, On, Receipt, WaitFor
from journeykit.runtime.timeline import local_time
from journeykit.time import from_micros

Latest = Mapping[str, j.Received]
"""The latest event of each type."""


def unmet(step: WaitFor, run: Enrollment, latest: Latest, zone: ZoneInfo) -> Iterator[str]:
    """Yield what became of the events and receipts that a step has waited for in vain."""
    for number, (_, _, what) in enumerate(step.awaited):
        if isinstance(what, Receipt) and what.receipt not in run.receipts.get(what.of, ()):
            yield f"{what.of} was not {what.receipt}"
        elif isinstance(what, On) and f"{run.step}#{number}" not in run.latched:
            came = latest.get(what.event)
            if came is None or came.occurred < run.entered:
                yield f"no {what.event} came since the run began"
            else:
                yield f"{told(came, zone)}; awaited was {_asked(what)}"


def fields_of(event: j.Received) -> str:
    """Return the fields of an event in words."""
    return ", ".join(f"{name} {value!r}" for name, value in event.data.items())


def told(event: j.Received, zone: ZoneInfo) -> str:
    """Return an event in words: when it happened, and its fields."""
    fields = fields_of(event)
    when = local_time(from_micros(event.occurred), zone)
    return f"{event.name} happened {when}{f': {fields}' if fields else ''}"


def enders_of(
    journey: Journey, latest: Latest, trigger: j.Received, zone: ZoneInfo
) -> Iterator[str]:
    """Yield the events that had ended a run before its late trigger came, as far as is known."""
    enders = [rule.event for rule in journey.exits if isinstance(rule, On)]
    enders += [goal.on.event for goal in journey.goal if goal.ends_run]
    came = [latest[name] for name in dict.fromkeys(enders) if name in latest]
    came = [event for event in came if event is not trigger and event.occurred >= trigger.occurred]
    yield from (told(event, zone) for event in came)
    if came:
        yield f"the trigger, {told(trigger, zone)}"


def _asked(what: On) -> str:
    where = "" if what.where is None else f" where {condition_in_words(what.where)}"
    key = "" if what.key is None else f" with the {what.key.field} of the run"
    return f"one{where}{key}" if where or key else "a later one"
