"""Which dates are past? Moments of steps, ends of entries and rules, and reviews."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from journeykit.analysis.codes import found
from journeykit.analysis.subject import Subject, sends_of
from journeykit.model import Journey, Scheduled, Send, Step, WaitUntil, steps_of
from journeykit.model.findings import Finding
from journeykit.time import Duration, Recurrence, parse_clock, to_micros, zone


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield what of a journey is past, where a day is given."""
    if subject.today is not None:
        yield from _past(journey, subject.today)


def of_policy(subject: Subject) -> Iterator[Finding]:
    """Yield which rules of the policy count no more."""
    policy, today = subject.workspace.policy, subject.today
    rules = (*policy.clock_rules, *policy.cap_rules, *policy.strict_rules)
    for place, rule in rules:
        if today is not None and rule.valid_until is not None and rule.valid_until <= today:
            why = f"it counts until {rule.valid_until}, which is past"
            yield found("JK304", "", f"policy › {place}", why, "take it out, or lengthen it")


def _past(journey: Journey, today: date) -> Iterator[Finding]:
    for place, moment in _moments(journey):
        if _day_of(moment) < today:
            why = f"{moment.isoformat()} is past"
            yield found("JK302", journey.name, place, why, "write a later one, or take it out")
    yield from _ended_schedules(journey, today)
    for name, path, send in sends_of(journey):
        review = getattr(send, "review_by", None)
        if review is not None and review < today:
            why = f"the content of {name} was to be reviewed by {review}"
            remedy = "read it again, and write the day of the next review"
            yield found("JK403", journey.name, f"{path} › review_by", why, remedy)


def _ended_schedules(journey: Journey, today: date) -> Iterator[Finding]:
    begins = to_micros(datetime.combine(today - timedelta(days=1), time(), tzinfo=UTC))
    for number, entry in enumerate(journey.entry):
        if isinstance(entry, Scheduled) and entry.rrule is not None:
            clock = 0 if entry.at is None else parse_clock(entry.at)
            recurrence = Recurrence(entry.rrule, entry.starts)
            if recurrence.next_after(begins, zone("UTC"), clock) is None:
                why = f"the last day of {entry.rrule} is past, so it starts no run any more"
                remedy = "write a later UNTIL or a larger COUNT, or take the entry out"
                yield found("JK302", journey.name, f"entry[{number}] › rrule", why, remedy)


def _moments(journey: Journey) -> Iterator[tuple[str, date | datetime]]:
    """Yield the constant moments after which something has no effect any more."""
    closes = getattr(journey, "closes", None)
    if closes is not None:
        yield "closes", closes
    for path, step in steps_of(journey):
        place, moment = _moment_of(step)
        if isinstance(moment, date):
            yield f"{path} › {place}", moment


def _moment_of(step: Step) -> tuple[str, object]:
    match step:
        case Send():
            return "valid_until", step.valid_until
        case WaitUntil(anniversary=None, moment=date() as moment):
            return "moment", _latest(moment, step.offset or Duration())
        case _:
            return "", None


def _latest(moment: date, offset: Duration) -> date:
    """Return the latest that a moment can become by an offset."""
    days = offset.days + offset.months * (31 if offset.months > 0 else 28)
    try:
        return moment + timedelta(days=days, microseconds=offset.micros)
    except OverflowError:
        return date.max


def _day_of(moment: date | datetime) -> date:
    return moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
