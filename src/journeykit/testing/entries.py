"""What starts journeys without an event? Hypothesis strategies for entries and segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import blake2b
from typing import Any

from hypothesis import strategies as st

from journeykit.model import (
    ByCall,
    Changed,
    Condition,
    Enters,
    Entry,
    Event,
    Leaves,
    OnDate,
    Profile,
    Scheduled,
    Segment,
)
from journeykit.testing.strategies import attributes_of, conditions, durations, values

CRONS = ("30 2 * * *", "0 9 * * mon", "15 */7 1-7 * *")
RRULES = ("FREQ=MONTHLY;BYDAY=1MO", "FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
STARTS = date(2026, 3, 1)
_CLOCKS = ("00:00", "02:30", "09:00")


def segments(classes: Sequence[type[Event]], profile: type[Profile]) -> st.SearchStrategy[Segment]:
    """A segment; one of another condition has another name."""
    asked: st.SearchStrategy[Condition] = conditions(attributes_of(profile), classes)
    return asked.map(_named)


def _named(condition: Condition) -> Segment:
    return Segment(f"s-{blake2b(condition.canonical(), digest_size=6).hexdigest()}", condition)


@st.composite
def entries_alone(
    draw: st.DrawFn, classes: Sequence[type[Event]], profile: type[Profile]
) -> list[Entry]:
    """One or two entries without an event."""
    found = [draw(_one(classes, profile)) for _ in range(draw(st.integers(1, 2)))]
    return found if len(found) == 1 or found[0] != found[1] else found[:1]


@st.composite
def _one(draw: st.DrawFn, classes: Sequence[type[Event]], profile: type[Profile]) -> Entry:
    attributes = attributes_of(profile)
    where = draw(st.none() | conditions(attributes, classes))
    dated = [one for one in attributes if one.kind in ("date", "instant")]
    kinds = ["changed", "enters", "leaves", "cron", "rrule", "call", *(["date"] if dated else [])]
    match draw(st.sampled_from(kinds)):
        case "changed":
            plain = [one for one in attributes if one.kind not in ("list", "json")]
            attribute: Any = draw(st.sampled_from(plain))
            some = st.none() | st.lists(values(attribute), min_size=1, max_size=2)
            was, becomes = draw(some), draw(some)
            becomes = None if was == becomes else becomes
            return Changed(attribute, was=was, becomes=becomes, where=where)
        case "enters":
            return Enters(draw(segments(classes, profile)), where=where)
        case "leaves":
            return Leaves(draw(segments(classes, profile)), where=where)
        case "date":
            return OnDate(
                draw(st.sampled_from(dated)),
                offset=draw(st.none() | durations(negative=True)),
                at=draw(st.none() | st.sampled_from(_CLOCKS)),
                anniversary=draw(st.sampled_from([None, "feb28", "skip"])),
                where=where,
            )
        case "call":
            return ByCall()
        case kind:
            shared: dict[str, Any] = {
                "starts": draw(st.sampled_from([None, STARTS])),
                "zone": draw(st.sampled_from([None, None, "America/New_York"])),
                "segment": draw(st.none() | segments(classes, profile)),
                "where": where,
            }
            if kind == "cron":
                return Scheduled(cron=draw(st.sampled_from(CRONS)), **shared)
            at = draw(st.sampled_from(_CLOCKS))
            return Scheduled(rrule=draw(st.sampled_from(RRULES)), at=at, **shared)
