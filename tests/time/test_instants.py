"""Instants and wall times are whole micros, and what is none is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import InputError, NaiveInstantError
from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    from_micros,
    naive_of,
    parse_clock,
    parse_days,
    to_micros,
    wall_of,
)
from journeykit.time.instants import within_years

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")

offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), -1),
        (datetime(1, 1, 1, tzinfo=UTC), -62_135_596_800 * SECOND),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC), 253_402_300_800 * SECOND - 1),
        # floats of seconds cannot tell these two apart
        (datetime(9999, 12, 31, 0, 0, 0, 1, UTC), 253_402_214_400 * SECOND + 1),
        (datetime(9999, 12, 31, 0, 0, 0, 2, UTC), 253_402_214_400 * SECOND + 2),
        # the zone of a value does not matter, and `fold` does
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), 1_792_888_200 * SECOND),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), 1_792_891_800 * SECOND),
        # 02:30 is not shown on this day: later by the gap's length (T3)
        (datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN), 1_774_747_800 * SECOND),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(microseconds=7))), -7),
    ],
)
def test_an_aware_datetime_is_kept_exactly(value: datetime, micros: int) -> None:  # T1
    assert to_micros(value) == micros
    assert from_micros(micros) == value.astimezone(UTC)


@given(st.datetimes(timezones=offsets | st.just(UTC)))
@settings(max_examples=300, deadline=None)
def test_micros_are_the_distance_from_the_epoch(value: datetime) -> None:  # T1
    try:
        expected = (value - EPOCH) // MICRO
        value.astimezone(UTC)
    except OverflowError:
        with pytest.raises(InputError, match="outside the years 1 to 9999"):
            to_micros(value)
        return
    assert to_micros(value) == expected
    assert from_micros(expected) == value
    assert from_micros(expected).tzinfo is UTC


@given(st.datetimes())
@settings(deadline=None)
def test_a_wall_time_goes_there_and_back(naive: datetime) -> None:
    assert naive_of(wall_of(naive)) == naive
    assert wall_of(naive) // DAY == (naive.date() - EPOCH.date()).days
    assert wall_of(naive.replace(tzinfo=BERLIN)) == wall_of(naive)


def test_a_naive_datetime_is_refused_by_name() -> None:  # T1
    with pytest.raises(NaiveInstantError) as caught:
        to_micros(datetime(2026, 1, 1), what="occurred_at")
    assert str(caught.value) == (
        "occurred_at: a datetime without a zone names no instant "
        "(got datetime.datetime(2026, 1, 1, 0, 0)); give it one, as in datetime(..., tzinfo=UTC)"
    )


@pytest.mark.parametrize("value", [None, 0, 1.5, "2026-01-01T00:00:00Z", EPOCH.date()])
def test_what_is_no_datetime_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="occurred_at: an instant must be a datetime"):
        to_micros(value, what="occurred_at")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    "value",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12))),
    ],
)
def test_an_instant_outside_the_years_is_refused(value: datetime) -> None:
    with pytest.raises(InputError, match="sent_at: outside the years 1 to 9999"):
        to_micros(value, what="sent_at")


@pytest.mark.parametrize("micros", [-62_135_596_800 * SECOND - 1, 253_402_300_800 * SECOND, 10**30])
def test_micros_outside_the_years_are_refused(micros: int) -> None:
    for refuse in (from_micros, naive_of, within_years):
        with pytest.raises(InputError, match="outside the years 1 to 9999") as caught:
            refuse(micros)
        assert caught.value.value == micros


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("00:00", 0),
        ("09:05", 9 * HOUR + 5 * MINUTE),
        ("23:59", DAY - MINUTE),
        ("23:59:59", DAY - SECOND),
    ],
)
def test_a_time_of_day_is_read(text: str, clock: int) -> None:
    assert parse_clock(text) == clock
    assert parse_clock(text, end=True) == clock


def test_midnight_at_the_end_is_an_end_only() -> None:  # G2
    assert parse_clock("24:00", end=True) == DAY
    with pytest.raises(ValueError, match="24:00 is allowed as an end only"):
        parse_clock("24:00")
    with pytest.raises(ValueError, match="'24:01' is no time of day"):
        parse_clock("24:01", end=True)


@pytest.mark.parametrize(
    "text",
    ["9:00", "09:60", "25:00", "09:00:60", "0900", "", " 09:00", "09:00\n", "٠٩:٠٠", "-1:00"],
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of day: write HH:MM"):
        parse_clock(text)


@pytest.mark.parametrize("value", [None, 9, time(9)])
def test_a_time_of_day_is_text(value: object) -> None:
    with pytest.raises(ValueError, match="is no time of day"):
        parse_clock(value)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        (["mon"], {0}),
        (["Monday", " SUN "], {0, 6}),
        (("tue", "tuesday"), {1}),
        (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], set(range(7))),
        (["wednesday", "thursday", "friday", "saturday"], {2, 3, 4, 5}),
    ],
)
def test_weekdays_are_numbered_from_monday(days: list[str], numbers: set[int]) -> None:
    assert parse_days(days) == numbers


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ([], "no weekday is named: write some of mon, tue"),
        (["mon", "funday"], "'funday' is no weekday: write mon, tue"),
        (["mo"], "'mo' is no weekday"),
        ([0], "0 is no weekday"),
        ("mon", r"'mon' is text, not a list of weekdays: write \['mon'\]"),
    ],
)
def test_no_day_or_an_unknown_day_is_refused(days: list[str], message: str) -> None:  # G2
    with pytest.raises(ValueError, match=message):
        parse_days(days)
