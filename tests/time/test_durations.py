"""Months stay months, days keep the wall clock, hours are elapsed time."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from journeykit.errors import InputError
from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Duration,
    Resolve,
    days,
    from_micros,
    hours,
    minutes,
    months,
    naive_of,
    seconds,
    shift,
    shift_wall,
    to_micros,
    wall_of,
    weeks,
    years,
    zone,
)

Changes = list[tuple[str, int]]

parts = st.integers(-(10**6), 10**6)
micros = st.integers(-(10**15), 10**15) | parts | parts.map(lambda count: count * MINUTE)
durations = st.builds(Duration, months=st.just(0) | parts, days=st.just(0) | parts, micros=micros)


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def wall(text: str) -> int:
    return wall_of(datetime.fromisoformat(text))


def said(us: int) -> str:
    return from_micros(us).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT0S", Duration()),
        ("P1M", months(1)),  # and not 30 days
        ("P1Y", months(12)),
        ("P1Y2M", years(1) + months(2)),
        ("P10D", days(10)),
        ("PT24H", hours(24)),  # and not a day
        ("PT1M", minutes(1)),
        ("P1DT2H30M", days(1) + hours(2) + minutes(30)),
        ("PT0.000001S", Duration(micros=1)),
        ("PT59.999999S", Duration(micros=MINUTE - 1)),
        ("PT10S", seconds(10)),
        ("-P1D", days(-1)),
        ("-P1M2DT3S", Duration(-1, -2, -3 * SECOND)),
        ("P-3DT2H", days(-3) + hours(2)),  # three days before, at two hours past
        ("P1Y1M-1D", Duration(13, -1)),
        ("P-1Y-1M1D", Duration(-13, 1)),
        ("P1DT-1H-30M-0.5S", Duration(days=1, micros=-(90 * MINUTE + SECOND // 2))),
    ],
)
def test_the_iso_form_goes_both_ways(text: str, duration: Duration) -> None:
    assert Duration.parse(text) == duration
    assert str(duration) == text


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P2W", days(14)),
        ("P1M2W", months(1) + weeks(2)),
        ("PT90M", minutes(90)),
        ("P0D", Duration()),
        ("P-0D", Duration()),
        ("+P1D", days(1)),
        ("P+1D", days(1)),
        ("-P-1D", days(1)),
        ("P0001M", months(1)),
        ("PT1.5S", Duration(micros=1_500_000)),
        ("P14M", months(14)),
    ],
)
def test_other_spellings_are_read(text: str, duration: Duration) -> None:
    assert Duration.parse(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "", "P", "PT", "P1DT", "-P", "1D", "p1d", "P1d", "P1H", "PT1D", "P1D2M", "PT1S1M",
        "P1.5D", "PT1.5H", "PT1,5S", "PT0.0000001S", "P 1D", "P1D ", "P1D\n", "P--1D", "P٣D",
        "3d", "1 day", "P1X",
    ],
)  # fmt: skip
def test_what_is_no_iso_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no ISO 8601 duration: write P1M, P2W or P1DT2H30M"):
        Duration.parse(text)


@given(durations)
@settings(deadline=None)
def test_every_duration_survives_text_and_repr(duration: Duration) -> None:
    assert Duration.parse(str(duration)) == duration
    names = {f.__name__: f for f in (years, months, days, hours, minutes, seconds)}
    assert eval(repr(duration), {"Decimal": Decimal, **names}) == duration


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (Duration(), "seconds(0)"),
        (days(1) + hours(2), "days(1) + hours(2)"),
        (months(14), "years(1) + months(2)"),
        (months(-14), "years(-1) + months(-2)"),
        (minutes(90), "minutes(90)"),
        (seconds(Decimal("0.5")), "seconds(Decimal('0.5'))"),
        (seconds(-1), "seconds(-1)"),
    ],
)
def test_a_duration_is_shown_as_it_is_written(duration: Duration, shown: str) -> None:
    assert repr(duration) == shown


class Held(BaseModel):
    span: Duration


def test_a_model_keeps_months() -> None:
    held = Held.model_validate_json('{"span": "P1M"}')
    assert held.span == months(1)
    assert held.model_dump_json() == '{"span":"P1M"}'
    assert Held.model_validate(held.model_dump()) == held
    assert Held(span=timedelta(days=1)).span == hours(24)  # type: ignore[arg-type]  # read by `of`
    pattern = Held.model_json_schema()["properties"]["span"]["pattern"]
    assert re.search(pattern, "P1M")
    assert not re.search(pattern, "1 month")
    assert Held.model_json_schema(mode="serialization")["properties"]["span"]["type"] == "string"
    with pytest.raises(ValidationError, match="'3d' is no ISO 8601 duration"):
        Held(span="3d")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValidationError, match="5 is no span of time"):
        Held(span=5)  # type: ignore[arg-type]  # the point of the test


@given(durations, durations, durations)
@settings(deadline=None)
def test_durations_add_part_by_part(a: Duration, b: Duration, c: Duration) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a - b == a + -b
    assert not a - a
    assert bool(a) is not a.is_zero
    assert a.is_calendar is bool(a.months or a.days)
    assert a.is_negative is (min(a.months, a.days, a.micros) < 0)


def test_a_timedelta_is_elapsed_time() -> None:  # T1
    assert Duration.of(timedelta(days=1, microseconds=-1)) == Duration(micros=DAY - 1)
    assert days(1) + timedelta(hours=1) == timedelta(hours=1) + days(1) == days(1) + hours(1)
    assert days(1) - timedelta(hours=1) == days(1) - hours(1)
    assert Duration.of("P1D") == Duration.of(days(1)) == days(1)


@pytest.mark.parametrize("value", [1, None, 1.5, True, date(2026, 1, 1)])
def test_what_is_no_span_of_time_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is no span of time: write days"):
        Duration.of(value)
    with pytest.raises(TypeError):
        days(1) + value
    with pytest.raises(TypeError):
        days(1) - value


@pytest.mark.parametrize("unit", [years, months, weeks, days])
@pytest.mark.parametrize("count", [1.5, True, "1", None, Decimal(1)])
def test_calendar_units_are_whole(unit: Callable[[Any], Duration], count: Any) -> None:
    with pytest.raises(InputError, match=f"a number of {unit.__name__} must be whole") as caught:
        unit(count)
    assert caught.value.place == unit.__name__
    assert caught.value.value is count


@pytest.mark.parametrize(
    ("duration", "micros"),
    [
        (hours(0.1), 6 * MINUTE),  # as written, not as the float is stored
        (minutes(0.5), 30 * SECOND),
        (seconds(Decimal("0.000001")), 1),
        (hours(10**9), 10**9 * HOUR),
        (seconds(-1.5), -1_500_000),
    ],
)
def test_elapsed_units_may_be_fractions(duration: Duration, micros: int) -> None:
    assert duration == Duration(micros=micros)


@pytest.mark.parametrize("unit", [hours, minutes, seconds])
@pytest.mark.parametrize(
    "count",
    [True, "1", None, float("nan"), float("inf"), Decimal("-Infinity"), Decimal("sNaN"), 1e-9],
)
def test_what_is_no_exact_number_is_refused(unit: Callable[[Any], Duration], count: Any) -> None:
    with pytest.raises(InputError, match=f"{unit.__name__} must be a") as caught:
        unit(count)
    assert caught.value.place == unit.__name__


@pytest.mark.parametrize(
    ("name", "start", "duration", "end"),
    [
        # A day over the spring change lasts 23 hours; 24 hours land an hour later by the clock.
        ("Europe/Berlin", "2026-03-28 11:00", days(1), "2026-03-29 10:00"),
        ("Europe/Berlin", "2026-03-28 11:00", hours(24), "2026-03-29 11:00"),
        ("Europe/Berlin", "2026-10-24 10:00", days(1), "2026-10-25 11:00"),
        ("Europe/Berlin", "2026-03-22 11:00", weeks(1), "2026-03-29 10:00"),
        ("Europe/Berlin", "2026-03-30 10:00", days(-2), "2026-03-28 11:00"),
        # Into a gap: later by its length (T3). Into an overlap: its first pass.
        ("Europe/Berlin", "2026-03-28 01:30", days(1), "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-10-24 00:30", days(1), "2026-10-25 00:30"),
        ("America/Sao_Paulo", "2018-11-03 03:00", days(1), "2018-11-04 03:00"),
        ("Pacific/Apia", "2011-12-29 19:00", days(1), "2011-12-30 19:00"),
        # Out of an overlap, from both passes.
        ("Europe/Berlin", "2026-10-25 00:30", days(1), "2026-10-26 01:30"),
        ("Europe/Berlin", "2026-10-25 01:30", days(1), "2026-10-26 01:30"),
        # Clamped to the month's last day, and only once: reckoned from the anchor.
        ("UTC", "2026-01-31 09:00", months(1), "2026-02-28 09:00"),
        ("UTC", "2026-01-31 09:00", months(2), "2026-03-31 09:00"),
        ("UTC", "2024-02-29 09:00", years(1), "2025-02-28 09:00"),
        ("UTC", "2024-02-29 09:00", years(4), "2028-02-29 09:00"),
        ("UTC", "2026-03-31 09:00", months(-1), "2026-02-28 09:00"),
        ("UTC", "2026-12-31 09:00", months(14), "2028-02-29 09:00"),
        # Months first, then days, elapsed time last, whatever the order of writing.
        ("UTC", "2026-01-31 09:00", days(1) + months(1), "2026-03-01 09:00"),
        ("UTC", "2026-03-31 09:00", months(-1) + days(1), "2026-03-01 09:00"),
        ("Europe/Berlin", "2026-03-28 00:30", hours(1) + days(1), "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-03-28 11:00", days(1) - hours(10), "2026-03-29 00:00"),
        # The clock is the customer's: at this instant it is February already in Tokyo.
        ("Asia/Tokyo", "2026-01-31 15:30", months(1), "2026-02-28 15:30"),
        ("America/New_York", "2026-01-31 15:30", months(1), "2026-02-28 15:30"),
        # A calendar part of zero leaves the instant as it is, in a second pass too.
        ("Europe/Berlin", "2026-10-25 01:30", Duration(), "2026-10-25 01:30"),
        ("Europe/Berlin", "2026-10-25 01:30", days(1) - days(1), "2026-10-25 01:30"),
        ("Europe/Berlin", "2026-10-25 01:30", minutes(1), "2026-10-25 01:31"),
    ],
)
def test_when_a_duration_ends(name: str, start: str, duration: Duration, end: str) -> None:  # T2
    assert said(shift(at(start), duration, zone(name))) == end


@pytest.mark.parametrize(
    ("start", "duration", "resolve", "end"),
    [
        ("2026-03-28 01:30", days(1), "earlier", "2026-03-29 00:30"),
        ("2026-10-24 00:30", days(1), "later", "2026-10-25 01:30"),
        ("2026-03-28 01:30", days(1), "skip", "2026-03-29 01:30"),
        # Half a year before, the offset was another one: it must not matter.
        ("2025-09-29 00:30", months(6), "skip", "2026-03-29 01:30"),
    ],
)
def test_a_wall_time_in_doubt_may_be_taken_otherwise(  # T3
    start: str, duration: Duration, resolve: Resolve, end: str
) -> None:
    assert said(shift(at(start), duration, zone("Europe/Berlin"), resolve=resolve)) == end


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_days_keep_the_wall_clock_near_changes(  # T2, T3
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:
    name, change = data.draw(st.sampled_from(changes))
    oracle = scan(name, change)
    start = change + data.draw(st.integers(-40 * 60, 40 * 60)) * MINUTE
    shown = oracle.walls[(start - oracle.start) // MINUTE]
    count = data.draw(st.sampled_from([-1, 1]))
    try:
        moved = oracle.instant(shown + count * DAY)
    except AssertionError:  # beyond the scan
        return
    assert shift(start, days(count), zone(name)) == moved
    rest = data.draw(st.integers(-(10**9), 10**9))
    assert shift(start, days(count) + Duration(micros=rest), zone(name)) == moved + rest
    assert shift(start, Duration(micros=rest), zone(name)) == start + rest


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-1200, 1200))
@settings(deadline=None)
def test_months_clamp_to_the_last_day(naive: datetime, count: int) -> None:
    moved = naive_of(shift_wall(wall_of(naive), months(count)))
    index = naive.year * 12 + naive.month - 1 + count
    last = calendar.monthrange(index // 12, index % 12 + 1)[1]
    assert (moved.year * 12 + moved.month - 1, moved.day) == (index, min(naive.day, last))
    assert moved.time() == naive.time()


@pytest.mark.parametrize(
    "duration",
    [
        years(8000), years(-2100), months(10**30), days(10**7), days(-(10**7)), hours(10**10),
        days(10**30), hours(-(10**10)),
    ],
)  # fmt: skip
def test_an_end_outside_the_years_is_a_named_error(duration: Duration) -> None:
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        shift(at("2026-01-01 00:00"), duration, zone("Europe/Berlin"))


def test_a_wall_date_moves_without_a_zone() -> None:
    assert shift_wall(wall("2026-01-31"), months(1) + days(1)) == wall("2026-03-01")
    assert shift_wall(wall("2026-01-31"), hours(5)) == wall("2026-01-31")
