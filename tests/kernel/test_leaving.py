"""When does time alone make a condition true? At the first such instant, and not before."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from journeykit import Event, Profile, ago, ahead, count, days, hours, last, months, not_, total
from journeykit.machine import Reading, Tally, TimedGuard, add_to_tally, compile_condition
from journeykit.machine.crossings import timed_guard
from journeykit.model import Condition, past_streams
from journeykit.testing.strategies import durations, moments
from journeykit.time import DAY, HOUR, to_micros, zone


class Seen(Event):
    amount: Decimal = Decimal(1)


class Person(Profile):
    ends: datetime | None = None
    plan: str = "free"


def timed(condition: Condition) -> TimedGuard | None:
    return timed_guard(condition, compile_condition(condition, incoming=None))


def reading(now: int, name: str, **profile: Any) -> Reading:
    made = Reading()
    made.now, made.zone, made.profile = now, zone(name), profile
    return made


COMPARED = st.sampled_from(["__lt__", "__le__", "__gt__", "__ge__", "__eq__"])


@settings(max_examples=300, deadline=None)
@given(
    data=st.data(), moment=moments(), offset=durations(), forth=st.booleans(), how=COMPARED,
    before=st.integers(0, 60 * DAY) | st.integers(0, 6 * HOUR),
)  # fmt: skip
def test_it_holds_from_the_first_instant_at_which_it_does(
    data: st.DataObject,
    moment: tuple[datetime, str],
    offset: Any,
    forth: bool,
    how: str,
    before: int,
) -> None:  # E2
    """Around clock changes, where a moment on the wall clock goes back as time goes forth."""
    (ends, name), relative = moment, (ahead if forth else ago)(offset)
    condition = getattr(Person.ends, how)(relative)
    made = timed(condition)
    assert made is not None
    # Start a while before the field and the moment meet, or before the field itself.
    start = to_micros(ends) - before - data.draw(st.sampled_from([0, offset.micros]))
    start += data.draw(st.sampled_from([0, -1, 1])) * offset.days * DAY
    told = reading(start, name, ends=ends.isoformat())
    assume(not made.guard(told))

    first = made.holds_from(told)

    assert told.now == start
    end = start + 400 * DAY if first is None else first
    points = [start + 1, end - 1, (start + end) // 2]
    points += data.draw(st.lists(st.integers(start + 1, max(end - 1, start + 1)), max_size=30))
    for told.now in points:
        assert not (start < told.now < end and made.guard(told)), "it held earlier"
    if first is not None:
        told.now = first
        assert first > start
        assert made.guard(told)


@pytest.mark.parametrize(
    ("name", "start", "ends", "relative", "first"),
    [
        # A day before 02:30 of Monday is 02:30 of Sunday, which the clock jumped over: it
        # comes to pass at the change itself.
        ("Europe/Berlin", "2026-03-28 20:00+00:00", "2026-03-30 02:30+02:00", ahead(days(1)),
         "2026-03-29 01:00+00:00"),
        ("Europe/Berlin", "2026-03-28 20:00+00:00", "2026-04-03 02:30+02:00", ahead(days(5)),
         "2026-03-29 01:00+00:00"),
        # No day lies a month before March 31: February ends, and March 1 leads past it.
        ("UTC", "2026-02-01 10:00+00:00", "2026-03-31 10:00+00:00", ahead(months(1)),
         "2026-03-01 00:00+00:00"),
        # Three days lie a month before February 28; the first of them is meant.
        ("UTC", "2026-01-01 10:00+00:00", "2026-02-28 10:00+00:00", ahead(months(1)),
         "2026-01-28 10:00+00:00"),
        # In autumn the wall clock shows 02:30 twice; the first pass is meant.
        ("Europe/Berlin", "2026-10-24 20:00+00:00", "2026-10-26 02:30+01:00", ahead(days(1)),
         "2026-10-25 00:30+00:00"),
        ("UTC", "2026-03-01 00:00+00:00", "2026-03-02 10:00+00:00", ago(hours(3)),
         "2026-03-02 13:00+00:00"),
    ],
)  # fmt: skip
def test_around_clock_changes_and_ends_of_months(
    name: str, start: str, ends: str, relative: Any, first: str
) -> None:  # E2
    made = timed(Person.ends <= relative)
    assert made is not None
    told = reading(to_micros(datetime.fromisoformat(start)), name, ends=ends)
    assert made.holds_from(told) == to_micros(datetime.fromisoformat(first))


NOW = to_micros(datetime.fromisoformat("2026-03-02 10:00+00:00"))


@pytest.mark.parametrize(
    ("condition", "after"),
    [
        (last(Seen) < ago(hours(1)), HOUR + 1),
        (last(Seen) <= ago(hours(1)), HOUR),
        (count(Seen, within=hours(2)) <= 1, 1 * HOUR),  # the one of an hour ago leaves first
        (count(Seen, within=hours(2)) == 0, 2 * HOUR),
        (total(Seen.amount, within=hours(2)) < 5, 2 * HOUR),  # 1 + 5
        (count(Seen, within=days(1)) == 0, DAY),
        (not_(count(Seen, within=hours(2)) >= 1), 2 * HOUR),
        ((count(Seen, within=hours(2)) == 0) & (Person.plan == "pro"), None),
        ((count(Seen, within=hours(2)) == 0) | (last(Seen) < ago(hours(1))), HOUR + 1),
        (count(Seen, within=hours(2)) >= 3, None),  # time alone takes away, and never adds
    ],
)
def test_questions_about_the_past(condition: Condition, after: int | None) -> None:  # E2
    tally = Tally()
    add_to_tally(tally, NOW - HOUR, "1", windowed=True)
    add_to_tally(tally, NOW, "5", windowed=True)
    told = reading(NOW, "UTC", plan="free")
    told.past = {timed_stream(condition): tally}
    made = timed(condition)
    assert made is not None
    assert made.holds_from(told) == (None if after is None else NOW + after)
    told.past = {}
    assert made.holds_from(told) is None


def timed_stream(condition: Condition) -> str:

    return past_streams(condition)[0][0].id


def test_a_date_turns_at_the_local_midnight() -> None:  # E2

    class Dated(Profile):
        day: date | None = None

    made = timed(Dated.day < ahead(days(0)))
    assert made is not None
    told = reading(NOW, "Asia/Tokyo", day="2026-03-04")
    midnight = to_micros(datetime.fromisoformat("2026-03-05 00:00+09:00"))
    assert made.holds_from(told) == midnight
    assert made.holds_from(reading(NOW, "Asia/Tokyo")) is None


@pytest.mark.parametrize(
    "condition",
    [
        Person.plan == "pro",
        count(Seen) >= 2,
        last(Seen) >= datetime.fromisoformat("2026-03-02 10:00+00:00"),
    ],
)
def test_what_feels_no_time_needs_no_looking(condition: Condition) -> None:
    assert timed(condition) is None


@pytest.mark.parametrize(
    ("ends", "relative"),
    [
        ("9999-12-31T23:59:59+00:00", ago(months(2))),
        ("0001-01-01T00:00:00+00:00", ahead(months(2))),
    ],
)
def test_beyond_the_calendar_nothing_comes(ends: str, relative: Any) -> None:  # T1
    made = timed(Person.ends < relative)
    assert made is not None
    near = to_micros(datetime.fromisoformat("9999-12-01 00:00+00:00"))
    assert made.holds_from(reading(near, "UTC", ends=ends)) is None
