"""The n-th business day: weekends, holidays, clock changes, dates that never were."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.errors import InputError
from journeykit.testing.strategies import moments
from journeykit.time import (
    DAY,
    DaySet,
    business_moment,
    closed_dates,
    from_micros,
    holiday_calendar,
    number_of,
    parse_clock,
    to_micros,
    zone,
)

SAT_SUN = frozenset({5, 6})


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def said(us: int) -> str:
    return from_micros(us).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("count", "now", "clock", "ends"),
    [
        # Berlin, in UTC: an hour behind in winter, two in summer. 2026-03-06 is a Friday.
        (1, "2026-03-05 09:00", None, "2026-03-06 09:00"),
        (1, "2026-03-06 09:00", None, "2026-03-09 09:00"),  # over the weekend
        (1, "2026-03-07 09:00", None, "2026-03-09 09:00"),  # from a Saturday
        (1, "2026-03-08 22:59", None, "2026-03-09 22:59"),  # Sunday, a minute before midnight
        (1, "2026-03-08 23:00", None, "2026-03-09 23:00"),  # Monday 00:00: the next is Tuesday
        (3, "2026-03-05 09:00", "10:00", "2026-03-10 09:00"),
        (5, "2026-03-06 09:00", "00:00", "2026-03-12 23:00"),
        # Zero: the next one from now on, today counting.
        (0, "2026-03-06 09:00", None, "2026-03-06 09:00"),
        (0, "2026-03-07 09:00", None, "2026-03-09 09:00"),
        (0, "2026-03-06 08:00", "10:00", "2026-03-06 09:00"),
        (0, "2026-03-06 09:00", "10:00", "2026-03-06 09:00"),  # exactly now
        (0, "2026-03-06 09:01", "10:00", "2026-03-09 09:00"),  # past already
        # Over the clock change of 2026-03-29 the wall clock is kept; 02:30 does not exist on it,
        # but that is a Sunday. Here it is none of the weekend: T3.
        (1, "2026-03-27 09:00", None, "2026-03-30 08:00"),
    ],
)
def test_the_nth_business_day_in_berlin(count: int, now: str, clock: str | None, ends: str) -> None:
    found = business_moment(
        at(now),
        zone("Europe/Berlin"),
        count=count,
        weekend=SAT_SUN,
        clock=None if clock is None else parse_clock(clock),
    )
    assert said(found) == ends


def test_a_wall_time_in_the_gap_is_later_by_its_length() -> None:  # T3
    ends = business_moment(at("2026-03-28 01:30"), zone("Europe/Berlin"), count=1)
    assert said(ends) == "2026-03-29 01:30"  # 03:30 of the new clock


def test_a_date_that_never_was_is_no_business_day() -> None:  # T3
    apia = zone("Pacific/Apia")  # it went from Thursday 29 to Saturday 31 December 2011
    ends = business_moment(at("2011-12-29 20:00"), apia, count=1)
    assert said(ends) == "2011-12-30 20:00"  # Saturday 10:00 of the clock there


def test_dates_and_holidays_are_left_out() -> None:
    own = closed_dates(frozenset({number_of(date(2026, 4, 7))}))
    german = closed_dates(frozenset({number_of(date(2026, 4, 7))}), (holiday_calendar("DE"),))
    # Good Friday and Easter Monday of 2026 are April 3 and 6.
    for dates, ends in ((own, "2026-04-03 08:00"), (german, "2026-04-08 08:00")):
        found = business_moment(
            at("2026-04-02 08:00"), zone("Europe/Berlin"), count=1, weekend=SAT_SUN, dates=dates
        )
        assert said(found) == ends


def test_the_calendar_ends() -> None:
    with pytest.raises(InputError, match="9999"):
        business_moment(at("9999-12-30 12:00"), zone("UTC"), count=5)


weekends = st.frozensets(st.integers(0, 6), max_size=6)


@given(moments(), st.integers(0, 5), weekends, st.none() | st.integers(0, DAY - 1), st.data())
def test_it_is_a_business_day_ahead_and_none_is_passed_over(
    moment: tuple[datetime, str],
    count: int,
    weekend: frozenset[int],
    clock: int | None,
    data: st.DataObject,
) -> None:
    now, name = to_micros(moment[0]), zone(str(moment[1]))
    near = st.integers(-2, 10).map(lambda more: name.wall(now) // DAY + more)
    dates: DaySet = frozenset(data.draw(st.lists(near, max_size=3)))

    def is_business(day: int) -> bool:
        return (day + 3) % 7 not in weekend and day not in dates and name.date_exists(day)

    ends = business_moment(now, name, count=count, weekend=weekend, dates=dates, clock=clock)
    today = name.wall(now) // DAY
    assert ends >= now
    # A gap at midnight may push its wall time to the next date, never to an earlier one.
    on = next(
        day for day in (name.wall(ends) // DAY, name.wall(ends) // DAY - 1) if is_business(day)
    )
    between = sum(is_business(day) for day in range(today + 1, on + 1))
    if count:
        assert between == count
    else:
        assert between == (0 if on == today else 1)
