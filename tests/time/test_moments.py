"""The next local moment: times of day, weekdays, anniversaries."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import InputError
from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    Feb29,
    Resolve,
    anniversary_in,
    from_micros,
    local_moment,
    next_anniversary,
    next_local,
    nth_month,
    parse_clock,
    parse_days,
    to_micros,
    wall_of,
    zone,
)

Changes = list[tuple[str, int]]


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def day_of(text: str) -> int:
    return wall_of(datetime.fromisoformat(text)) // DAY


def said(us: int) -> str:
    return from_micros(us).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


WEEK = "mon tue wed thu fri sat sun"


@pytest.mark.parametrize(
    ("name", "now", "clock", "days", "found"),
    [
        # 2026-01-15 is a Thursday; Berlin is one hour ahead.
        ("Europe/Berlin", "2026-01-15 07:59", "09:00", WEEK, "2026-01-15 08:00"),
        ("Europe/Berlin", "2026-01-15 08:00", "09:00", WEEK, "2026-01-15 08:00"),  # now counts
        ("Europe/Berlin", "2026-01-15 08:00:00.000001", "09:00", WEEK, "2026-01-16 08:00"),
        ("Europe/Berlin", "2026-01-15 12:00", "09:00", "mon tue", "2026-01-19 08:00"),
        ("Europe/Berlin", "2026-01-15 08:00", "09:00", "thu", "2026-01-15 08:00"),
        ("Europe/Berlin", "2026-01-15 08:01", "09:00", "thu", "2026-01-22 08:00"),
        ("Europe/Berlin", "2026-01-15 23:30", "00:15", "fri", "2026-01-22 23:15"),
        # Several times of day: the earliest.
        ("Europe/Berlin", "2026-01-15 10:00", "18:00 09:00 12:00", WEEK, "2026-01-15 11:00"),
        # A gap: later by its length. An overlap: the first pass, and not once more.
        ("Europe/Berlin", "2026-03-28 12:00", "02:30", WEEK, "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-10-24 12:00", "02:30", WEEK, "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 00:31", "02:30", WEEK, "2026-10-26 01:30"),
        ("America/Sao_Paulo", "2018-11-03 12:00", "00:00", WEEK, "2018-11-04 03:00"),
        # Late on Saturday is not shown and comes early on Sunday.
        ("America/Nuuk", "2026-03-29 01:10", "23:30", WEEK, "2026-03-29 01:30"),
        # Two times of one gap change places: 02:30 becomes 03:30, so 03:00 comes first.
        ("Europe/Berlin", "2026-03-29 00:59", "02:30 03:00", WEEK, "2026-03-29 01:00"),
        # Friday 2011-12-30 was left out: the next Friday is a week later (T3).
        ("Pacific/Apia", "2011-12-29 19:00", "09:00", "fri", "2012-01-05 19:00"),
        ("Pacific/Apia", "2011-12-29 19:01", "09:00", WEEK, "2011-12-30 19:00"),
        ("Pacific/Kwajalein", "1993-08-21 00:00", "12:00", "sat", "1993-08-28 00:00"),
        # The end of a year, years before 1970, far years.
        ("Asia/Kathmandu", "2025-12-31 18:15", "00:00", WEEK, "2025-12-31 18:15"),
        ("America/New_York", "1965-04-25 06:00", "02:30", WEEK, "1965-04-25 07:30"),
        ("America/New_York", "9998-03-08 06:00", "02:30", WEEK, "9998-03-08 07:30"),
    ],
)
def test_the_next_local_moment(  # T4, T3
    name: str, now: str, clock: str, days: str, found: str
) -> None:
    clocks = [parse_clock(text) for text in clock.split()]
    weekdays = None if days == WEEK else parse_days(days.split())
    assert said(next_local(at(now), zone(name), clock=clocks, days=weekdays)) == found
    assert parse_days(WEEK.split()) == frozenset(range(7))


@pytest.mark.parametrize(
    ("resolve", "found"),
    [
        ("compatible", "2026-03-29 01:30"),
        ("later", "2026-03-29 01:30"),
        ("earlier", "2026-03-29 00:30"),
        ("skip", "2026-03-30 00:30"),
    ],
)
def test_a_time_in_a_gap_may_be_taken_otherwise(resolve: Resolve, found: str) -> None:  # T3
    moment = next_local(
        at("2026-03-28 12:00"),
        zone("Europe/Berlin"),
        clock=parse_clock("02:30"),
        resolve=resolve,
    )
    assert said(moment) == found


def test_a_moment_moved_to_the_day_before_is_not_overlooked() -> None:
    """Midnight is missing: taken earlier, 00:10 is 23:10 of the day before, ahead of 23:20."""
    clocks = [parse_clock("23:20"), parse_clock("00:10")]
    found = next_local(
        at("2018-11-04 01:00"), zone("America/Sao_Paulo"), clock=clocks, resolve="earlier"
    )
    assert said(found) == "2018-11-04 02:10"


def oracle_next_local(
    scan: Any, us: int, clocks: list[int], weekdays: frozenset[int], resolve: Resolve
) -> int:
    """Try every date that was shown: nothing clever."""
    moments = [
        scan.instant(day * DAY + clock, resolve)
        for day in scan.dates()[1:-1]  # whole dates only
        if datetime.fromordinal(719163 + day).weekday() in weekdays
        for clock in clocks
    ]
    return min((m for m in moments if m is not None and m >= us), default=-1)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_the_next_local_moment_near_a_change_is_the_scans(  # T4, T3
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:
    name, change = data.draw(st.sampled_from(changes))
    oracle = scan(name, change, 110)
    us = change + data.draw(st.integers(-1500, 1500)) * MINUTE + data.draw(st.integers(-1, 1))
    local = oracle.walls[(change - oracle.start) // MINUTE] % DAY
    near = st.integers(-120, 120).map(lambda m: (local + m * MINUTE) % DAY // MINUTE * MINUTE)
    clocks = data.draw(
        st.lists(near | st.integers(0, 1439).map(lambda m: m * MINUTE), min_size=1, max_size=3)
    )
    weekdays = data.draw(st.frozensets(st.integers(0, 6), min_size=4))
    resolve: Resolve = data.draw(st.sampled_from(["compatible", "earlier", "later", "skip"]))
    expected = oracle_next_local(oracle, us, clocks, weekdays, resolve)
    if expected < 0 or expected > change + 80 * 60 * MINUTE:
        return  # beyond what the scan can tell

    found = next_local(us, zone(name), clock=clocks, days=weekdays, resolve=resolve)

    assert found == expected
    assert next_local(found, zone(name), clock=clocks, days=weekdays, resolve=resolve) == found


@pytest.mark.parametrize(
    ("now", "month_day", "feb29", "found"),
    [
        ("2026-05-01 07:00", "05-01", "feb28", "2026-05-01 07:00"),  # exactly now counts
        ("2026-05-01 07:00:00.000001", "05-01", "feb28", "2027-05-01 07:00"),
        ("2026-06-01 00:00", "05-01", "feb28", "2027-05-01 07:00"),
        ("2026-01-01 00:00", "02-29", "feb28", "2026-02-28 08:00"),
        ("2026-01-01 00:00", "02-29", "mar01", "2026-03-01 08:00"),
        ("2026-01-01 00:00", "02-29", "skip", "2028-02-29 08:00"),
        ("2028-01-01 00:00", "02-29", "feb28", "2028-02-29 08:00"),
        ("2028-01-01 00:00", "02-29", "mar01", "2028-02-29 08:00"),
        ("2096-02-29 08:01", "02-29", "skip", "2104-02-29 08:00"),  # 2100 is a common year
        ("2096-02-29 08:01", "02-29", "feb28", "2097-02-28 08:00"),
        ("1899-12-31 23:59", "02-29", "skip", "1904-02-29 08:00"),
        ("2026-12-31 12:00", "01-01", "feb28", "2027-01-01 08:00"),
        ("9998-12-01 00:00", "12-31", "feb28", "9998-12-31 08:00"),
    ],
)
def test_the_next_anniversary(now: str, month_day: str, feb29: Feb29, found: str) -> None:  # T5
    month, day = (int(part) for part in month_day.split("-"))
    clock = parse_clock("09:00")
    berlin = zone("Europe/Berlin")
    assert (
        said(next_anniversary(at(now), berlin, month=month, day=day, clock=clock, feb29=feb29))
        == found
    )


@pytest.mark.parametrize(
    ("name", "now", "month_day", "clock", "resolve", "found"),
    [
        ("Europe/Berlin", "2026-01-01", "03-29", "02:30", "compatible", "2026-03-29 01:30"),
        ("Europe/Berlin", "2026-01-01", "03-29", "02:30", "skip", "2027-03-29 00:30"),
        ("Europe/Berlin", "2026-01-01", "10-25", "02:30", "compatible", "2026-10-25 00:30"),
        ("Europe/Berlin", "2026-10-25 00:31", "10-25", "02:30", "later", "2026-10-25 01:30"),
        # A date that was left out is skipped (T3).
        ("Pacific/Apia", "2011-06-01", "12-30", "09:00", "compatible", "2012-12-29 19:00"),
        ("Pacific/Apia", "2011-06-01", "12-31", "09:00", "compatible", "2011-12-30 19:00"),
        # At this instant the local year is another one.
        ("Asia/Tokyo", "2026-12-31 15:00", "01-01", "00:00", "compatible", "2026-12-31 15:00"),
        ("America/New_York", "2027-01-01 04:00", "12-31", "23:00", "skip", "2027-01-01 04:00"),
    ],
)
def test_an_anniversary_has_a_place_and_a_clock(  # T5, T3
    name: str, now: str, month_day: str, clock: str, resolve: Resolve, found: str
) -> None:
    month, day = (int(part) for part in month_day.split("-"))
    moment = next_anniversary(
        at(now), zone(name), month=month, day=day, clock=parse_clock(clock), resolve=resolve
    )
    assert said(moment) == found


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([(2, 29), (2, 28), (3, 1), (12, 31), (1, 1), (6, 15)]),
    st.sampled_from(["feb28", "mar01", "skip"]),
)
@settings(max_examples=150, deadline=None)
def test_the_next_anniversary_is_the_first_of_all_dates(
    now: datetime, month_day: tuple[int, int], feb29: Feb29
) -> None:
    month, day = month_day
    start = now.date().toordinal()

    def celebrated(on: date) -> bool:
        if (month, day) != (2, 29) or calendar.isleap(on.year):
            return (on.month, on.day) == (month, day)
        return (on.month, on.day) == {"feb28": (2, 28), "mar01": (3, 1), "skip": None}[feb29]

    wanted = next(
        on
        for on in map(date.fromordinal, range(start, start + 9 * 366))
        if celebrated(on) and datetime(on.year, on.month, on.day, tzinfo=UTC) >= now
    )
    found = next_anniversary(to_micros(now), zone("UTC"), month=month, day=day, feb29=feb29)
    assert from_micros(found) == datetime(wanted.year, wanted.month, wanted.day, tzinfo=UTC)


@pytest.mark.parametrize("month_day", [(2, 30), (4, 31), (13, 1), (0, 1), (1, 0)])
def test_a_date_of_no_year_is_refused(month_day: tuple[int, int]) -> None:
    month, day = month_day
    with pytest.raises(InputError, match="no year has such a date"):
        anniversary_in(2026, month, day)
    with pytest.raises(InputError, match="no year has such a date"):
        next_anniversary(at("2026-01-01"), zone("UTC"), month=month, day=day)


def test_every_month_is_reckoned_from_the_anchor() -> None:  # T5
    anchor = date(2026, 1, 31)
    assert [nth_month(anchor, n).isoformat()[5:] for n in range(-1, 5)] == [
        "12-31", "01-31", "02-28", "03-31", "04-30", "05-31",
    ]  # fmt: skip
    assert nth_month(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert nth_month(date(2024, 2, 29), 48) == date(2028, 2, 29)


def test_the_end_of_the_years_is_a_named_error() -> None:
    late = at("9999-12-31 23:59")
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        next_local(late, zone("Europe/Berlin"), clock=parse_clock("23:00"))
    with pytest.raises(InputError, match="does not come before the year 10000"):
        next_anniversary(at("9999-06-01"), zone("UTC"), month=5, day=1)
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        nth_month(date(9999, 12, 1), 1)
    assert said(next_anniversary(at("0001-01-01"), zone("UTC"), month=1, day=1)) == (
        "0001-01-01 00:00"
    )


@pytest.mark.parametrize(
    ("moved", "to", "found"),
    [
        # 09:00 in Berlin was 08:00 UTC; the customer moves at that instant or before it.
        ("2026-01-15 06:00", "America/New_York", "2026-01-15 14:00"),
        ("2026-01-15 06:00", "Asia/Tokyo", "2026-01-16 00:00"),  # 15:00 there: not today's past one
        ("2026-01-15 00:00", "Asia/Tokyo", "2026-01-15 00:00"),  # exactly now counts
        ("2026-01-15 06:00", "Pacific/Kiritimati", "2026-01-15 19:00"),
        ("2026-01-15 06:00", "Pacific/Pago_Pago", "2026-01-15 20:00"),
    ],
)
def test_a_moment_is_reckoned_anew_where_the_customer_is(  # T8
    moved: str, to: str, found: str
) -> None:
    assert said(next_local(at("2026-01-15 05:00"), zone("Europe/Berlin"), clock=9 * HOUR)) == (
        "2026-01-15 08:00"
    )
    assert said(next_local(at(moved), zone(to), clock=9 * HOUR)) == found


@pytest.mark.parametrize(("clock", "days"), [([], None), ([0], frozenset())])
def test_a_local_moment_needs_a_time_and_a_day(clock: list[int], days: Any) -> None:
    with pytest.raises(InputError, match="needs a time of day and a weekday"):
        next_local(at("2026-01-15"), zone("UTC"), clock=clock, days=days)


def test_a_local_moment_may_not_exist() -> None:  # T3
    berlin = zone("Europe/Berlin")
    day, clock = day_of("2026-03-29"), parse_clock("02:30")
    assert local_moment(day, clock, berlin) == at("2026-03-29 01:30")
    assert local_moment(day, clock, berlin, "skip") is None
