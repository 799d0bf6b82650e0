"""Cron on the wall clock: cronsim away from clock changes, a minute scan across them."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import InputError
from journeykit.time import DAY, MINUTE, Cron, from_micros, to_micros, zone

Changes = list[tuple[str, int]]
Fields = tuple[str, frozenset[int]]  # as written, and the values meant


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def said(us: int) -> str:
    return from_micros(us).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


def firings(expression: str, name: str, start: str, count: int) -> list[str]:
    found, us = [], at(start)
    for _ in range(count):
        us = Cron(expression).next_after(us, zone(name))
        found.append(said(us))
    return found


@pytest.mark.parametrize(
    ("expression", "name", "after", "fires"),
    [
        # Strictly after, to the microsecond.
        ("0 9 * * *", "UTC", "2026-01-15 08:59:59.999999", "2026-01-15 09:00"),
        ("0 9 * * *", "UTC", "2026-01-15 09:00", "2026-01-16 09:00"),
        ("0 9 * * *", "UTC", "2026-01-15 09:00:00.000001", "2026-01-16 09:00"),
        ("* * * * *", "UTC", "2026-01-15 09:00:30", "2026-01-15 09:01"),
        # On the wall clock of the zone.
        ("0 9 * * mon-fri", "Europe/Berlin", "2026-01-16 08:00", "2026-01-19 08:00"),
        ("0 0 * * *", "Asia/Kathmandu", "2026-01-15 00:00", "2026-01-15 18:15"),
        ("0 0 1 * *", "Asia/Tokyo", "2026-01-15 00:00", "2026-01-31 15:00"),
        # A time in a gap fires later by the gap's length.
        ("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 01:30"),
        ("30 2 29 3 *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 01:30"),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00", "2018-11-04 03:00"),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-03 15:40"),
        # It may thereby fall behind a later wall time.
        ("10,35 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-03 15:35"),
        ("10,35 2 * * *", "Australia/Lord_Howe", "2026-10-03 15:35", "2026-10-03 15:40"),
        # A repeated time fires on its first pass only: fixed fields and wildcards alike.
        ("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", "2026-10-25 00:30"),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", "2026-10-26 01:30"),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-25 00:30", "2026-10-25 02:00"),
        ("* * * * *", "Europe/Berlin", "2026-10-25 00:59", "2026-10-25 02:00"),
        ("* * * * *", "Europe/Berlin", "2026-10-25 01:30", "2026-10-25 02:00"),
        ("30 1 * * *", "America/New_York", "2026-11-01 05:30", "2026-11-02 06:30"),
        ("30 1 * * *", "Europe/Dublin", "2026-10-25 00:30", "2026-10-26 01:30"),
        # A date that the zone left out does not fire (T3): the next Friday is a week later.
        ("0 9 * * fri", "Pacific/Apia", "2011-12-29 12:00", "2012-01-05 19:00"),
        ("0 9 30 12 *", "Pacific/Apia", "2011-12-29 12:00", "2012-12-29 19:00"),
        ("0 9 * * *", "Pacific/Apia", "2011-12-29 19:00", "2011-12-30 19:00"),
        # Days and weekdays: either, when both are restricted.
        ("0 0 13 * fri", "UTC", "2026-01-10 00:00", "2026-01-13 00:00"),
        ("0 0 13 * fri", "UTC", "2026-01-13 00:00", "2026-01-16 00:00"),
        ("0 0 13 * *", "UTC", "2026-01-13 00:00", "2026-02-13 00:00"),
        ("0 0 ? * fri", "UTC", "2026-01-13 00:00", "2026-01-16 00:00"),
        ("0 0 */2 * mon", "UTC", "2026-01-11 00:00", "2026-01-12 00:00"),  # */2 restricts
        ("0 0 30 2 mon", "UTC", "2026-01-01 00:00", "2026-02-02 00:00"),  # the day never comes
        # Names, 7 for Sunday, ranges around the end, and the common additions.
        ("0 9 * JAN,Jul MON", "UTC", "2026-02-01 00:00", "2026-07-06 09:00"),
        ("0 9 * * 7", "UTC", "2026-01-15 00:00", "2026-01-18 09:00"),
        ("0 9 * * fri-mon", "UTC", "2026-01-15 00:00", "2026-01-16 09:00"),
        ("0 22-1 * * *", "UTC", "2026-01-15 23:00", "2026-01-16 00:00"),
        ("0 9 L * *", "UTC", "2026-02-01 00:00", "2026-02-28 09:00"),
        ("0 9 15W * *", "UTC", "2026-02-01 00:00", "2026-02-16 09:00"),
        ("0 9 * * fri#2", "UTC", "2026-01-15 00:00", "2026-02-13 09:00"),
        ("0 9 * * L5", "UTC", "2026-01-15 00:00", "2026-01-30 09:00"),
        # Aliases.
        ("@hourly", "UTC", "2026-01-15 00:00", "2026-01-15 01:00"),
        ("@Daily", "Europe/Berlin", "2026-01-15 00:00", "2026-01-15 23:00"),
        ("@midnight", "UTC", "2026-01-15 00:00", "2026-01-16 00:00"),
        ("@weekly", "UTC", "2026-01-15 00:00", "2026-01-18 00:00"),
        ("@monthly", "UTC", "2026-01-15 00:00", "2026-02-01 00:00"),
        (" @yearly ", "UTC", "2026-01-15 00:00", "2027-01-01 00:00"),
        ("@annually", "UTC", "2026-01-15 00:00", "2027-01-01 00:00"),
        # February 29 leaves out 2100.
        ("0 0 29 2 *", "UTC", "2096-02-29 00:00", "2104-02-29 00:00"),
        ("0 0 29 2 *", "UTC", "2096-02-28 23:59", "2096-02-29 00:00"),
        ("0 0 29 2 *", "Europe/Berlin", "1896-03-01 00:00", "1904-02-28 23:00"),
        # Before 1970, with offsets in seconds, and far years.
        ("0 9 * * *", "Africa/Monrovia", "1971-06-01 12:00", "1971-06-02 09:44:30"),
        ("30 0 * * *", "Africa/Monrovia", "1972-01-06 12:00", "1972-01-07 01:14:30"),
        ("30 2 * * *", "America/New_York", "9998-03-08 00:00", "9998-03-08 07:30"),
        ("* * * * *", "UTC", "9999-12-30 23:59:59.999999", "9999-12-31 00:00"),
        ("* * * * *", "UTC", "0001-01-03 00:00:59.999999", "0001-01-03 00:01"),
    ],
)
def test_when_it_fires(expression: str, name: str, after: str, fires: str) -> None:  # T6
    assert firings(expression, name, after, 1) == [fires]


def test_coinciding_instants_fire_once() -> None:  # T6
    """02:00 and 02:30 are not shown and become 03:00 and 03:30, which fire of themselves."""
    assert firings("*/30 * * * *", "Europe/Berlin", "2026-03-29 00:00", 5) == [
        "2026-03-29 00:30",
        "2026-03-29 01:00",
        "2026-03-29 01:30",
        "2026-03-29 02:00",
        "2026-03-29 02:30",
    ]
    assert firings("0 */6 * * *", "Pacific/Apia", "2011-12-30 00:00", 5) == [
        "2011-12-30 04:00",
        "2011-12-30 10:00",  # Saturday 00:00, a minute after Thursday 23:59
        "2011-12-30 16:00",
        "2011-12-30 22:00",
        "2011-12-31 04:00",
    ]


def test_the_fifth_monday_of_february_is_waited_for() -> None:
    """It comes every 28 years; around 2100, which is a common year, after 40."""
    years = [
        year
        for year in range(2001, 2200)
        if calendar.isleap(year) and calendar.weekday(year, 2, 29) == 0
    ]
    count = len(years) - 1
    found = firings("0 0 * 2 1#5", "UTC", f"{years[0]}-03-01 00:00", count)
    assert found == [f"{year}-02-29 00:00" for year in years[1:]]
    assert max(b - a for a, b in itertools.pairwise(years)) == 40


# One field: every value, some, ranges, steps. Text and meaning are built side by side.
def fields(low: int, high: int) -> st.SearchStrategy[Fields]:
    one = st.integers(low, high)

    def ranged(a: int, b: int, step: int) -> Fields:
        a, b = min(a, b), max(a, b)
        if a == b:
            return str(a), frozenset([a])
        text = f"{a}-{b}" if step == 1 else f"{a}-{b}/{step}"
        return text, frozenset(range(a, b + 1, step))

    def listed(parts: list[Fields]) -> Fields:
        return ",".join(t for t, _ in parts), frozenset().union(*(v for _, v in parts))

    part = st.builds(ranged, one, one, st.integers(1, 9)) | one.map(
        lambda v: (str(v), frozenset([v]))
    )
    return st.lists(part, min_size=1, max_size=3).map(listed)


def star(low: int, high: int) -> st.SearchStrategy[Fields]:
    return st.just(("*", frozenset(range(low, high + 1))))


def stepped(low: int, high: int) -> st.SearchStrategy[Fields]:
    return st.integers(1, high).map(lambda n: (f"*/{n}", frozenset(range(low, high + 1, n))))


expressions = st.tuples(
    fields(0, 59) | stepped(0, 59) | star(0, 59),
    fields(0, 23) | stepped(0, 23) | star(0, 23),
    # A step over all days counts as a restriction here and not in cronsim: left out.
    star(1, 31) | fields(1, 31),
    star(1, 12) | fields(1, 12) | stepped(1, 12),
    star(0, 6) | fields(0, 6),
)


def cron(parts: tuple[Fields, ...]) -> Cron | None:
    try:
        return Cron(" ".join(text for text, _ in parts))
    except ValueError as error:
        if "never fires" not in str(error):
            raise
        return None


@given(expressions, st.datetimes(datetime(1970, 1, 1), datetime(2180, 1, 1)))
@settings(max_examples=200, deadline=None)
def test_away_from_changes_it_fires_like_cronsim(
    parts: tuple[Fields, ...], start: datetime
) -> None:
    ours = cron(parts)
    months, days = parts[3][1], parts[2][1]
    comes = any(d <= calendar.monthrange(2000, m)[1] for m in months for d in days)
    if ours is None:
        assert not comes
        assert parts[4][0] == "*"
        return
    theirs = CronSim(ours.expression, start)
    us = to_micros(start.replace(tzinfo=UTC))
    for _ in range(4):
        us = ours.next_after(us, zone("UTC"))
        assert from_micros(us).replace(tzinfo=None) == next(theirs)


def matches(parts: tuple[Fields, ...], wall: int) -> bool:
    moment = datetime(1970, 1, 1) + timedelta(microseconds=wall)
    (_, minutes), (_, hours), (day, days), (_, months), (weekday, weekdays) = parts
    on_day = moment.day in days
    on_weekday = moment.isoweekday() % 7 in weekdays
    if day != "*" and weekday != "*":
        on_date = on_day or on_weekday
    else:
        on_date = on_day and on_weekday
    return moment.minute in minutes and moment.hour in hours and moment.month in months and on_date


def scanned_firings(scan: Any, parts: tuple[Fields, ...]) -> list[int]:
    """Rule T6: every wall minute that matches, on a date that was shown, means one instant."""
    dates = set(scan.dates()[1:-1])
    walls = range(min(dates) * DAY, (max(dates) + 1) * DAY, MINUTE)
    return sorted(
        {scan.instant(wall) for wall in walls if wall // DAY in dates and matches(parts, wall)}
    )


around_changes = st.tuples(
    fields(0, 59) | stepped(0, 59) | star(0, 59),
    fields(0, 23) | stepped(0, 23) | star(0, 23) | fields(0, 3),
    st.one_of(star(1, 31), star(1, 31), fields(1, 31)),
    star(1, 12),
    st.one_of(star(0, 6), star(0, 6), fields(0, 6)),
)


@given(data=st.data(), parts=around_changes)
@settings(max_examples=100, deadline=None)
def test_across_changes_it_fires_as_the_scan_says(  # T6, T3
    data: st.DataObject, parts: tuple[Fields, ...], changes: Changes, scan: Callable[..., Any]
) -> None:
    ours = cron(parts)
    if ours is None:
        return
    name, change = data.draw(st.sampled_from(changes))
    expected = scanned_firings(scan(name, change), parts)
    us = change + data.draw(st.integers(-100, 100) | st.integers(-1500, 1500)) * MINUTE
    us += data.draw(st.sampled_from([-1, 0, 1]))
    for _ in range(3):
        coming = [fires for fires in expected if fires > us]
        if not coming or coming[0] > change + 30 * 60 * MINUTE:
            return  # beyond the scan
        us = ours.next_after(us, zone(name))
        assert us == coming[0]


def test_it_takes_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Near a change it looks over the changed stretch, not over a day and not from the start."""
    steps = 0
    original = croniter.get_next

    def counted(self: croniter, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        return original(self, *args, **kwargs)

    monkeypatch.setattr(croniter, "get_next", counted)
    berlin = zone("Europe/Berlin")

    def cost(expression: str, start: str) -> int:
        nonlocal steps
        steps = 0
        Cron(expression).next_after(at(start), berlin)
        return steps

    Cron("* * * * *"), Cron("0 9 * * *"), Cron("0 9 13 * fri")  # reading them costs steps too
    assert cost("* * * * *", "2026-06-15 00:00") == 1
    assert cost("0 9 * * *", "2026-06-15 00:00") == 1
    assert cost("0 9 13 * fri", "2026-06-15 00:00") <= 2
    assert cost("0 9 * * *", "2026-10-24 23:00") <= 3
    assert max(cost("* * * * *", f"2026-10-25 0{hour}:00") for hour in range(4)) <= 180
    assert max(cost("* * * * *", f"2026-03-29 0{hour}:00") for hour in range(4)) <= 180


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        # Can never fire.
        ("0 0 30 2 *", "never fires: there is no such date; check day and month"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("0 0 30,31 feb *", "never fires"),
        # Read differently by different versions and relatives of cron.
        ("5/15 * * * *", r"the minute '5/15' is ambiguous; write '5-59/15' or '\*/15'"),
        ("0 9/2 * * *", "the hour '9/2' is ambiguous; write '9-23/2'"),
        ("0 9 1,5/7 * *", "the day of month '5/7' is ambiguous; write '5-31/7'"),
        ("0 9 * dec/3 *", "the month 'dec/3' is ambiguous; write 'dec-12/3'"),
        ("0 9 * * 1/2", "the day of week '1/2' is ambiguous; write '1-6/2'"),
        ("0 9 * * 1-1", r"'1-1' is ambiguous, one value or all of them; write '1' or '\*'"),
        ("30-30 * * * *", "'30-30' is ambiguous, one value or all of them"),
        ("0 9 * * mon-1", "'mon-1' is ambiguous, one value or all of them"),
        ("0 9 * * sun-sun", "'sun-sun' is ambiguous"),
        ("0 9 * * 7-sun", "'7-sun' is ambiguous"),
        ("0 9 * jan-1 *", "'jan-1' is ambiguous"),
        ("0 22-4/2 * * *", "'22-4/2' is ambiguous, a step over the end of a range"),
        ("0 9 13 * fri#2", "a restricted day of month .'13'. and weekday .'fri#2'. with '#'"),
        ("0 9 15W * fri", "write two expressions"),
        ("0 9 1 * L5", "write two expressions"),
        # Random.
        ("H * * * *", "the minute 'h' is hashed or random, which is not taken; write a number"),
        ("R/5 * * * *", "hashed or random"),
        ("H(0-5) * * * *", r"'h\(0-5\)' has a character that is unknown"),
        # No cron at all.
        ("", "has 0 fields: write five .minute, hour, day of month, month, day of week."),
        ("0 9 * *", "has 4 fields"),
        ("0 0 9 * * *", "has 6 fields"),  # seconds: before or behind?
        ("@reboot", "'@reboot' is no known alias: write one of @hourly, @daily"),
        ("@every 5m", "is no known alias"),
        ("60 * * * *", "cannot be read: .*out of range"),
        ("* 24 * * *", "cannot be read"),
        ("* * 0 * *", "cannot be read"),
        ("* * * 13 *", "cannot be read"),
        ("* * * * 8", "cannot be read"),
        ("*/0 * * * *", "cannot be read: .*step '0'"),
        ("-5 * * * *", "cannot be read"),
        ("1-2-3 * * * *", "cannot be read"),
        ("a-b * * * *", "cannot be read"),
        ("* * * foo *", "cannot be read"),
        ("? * * * *", "cannot be read"),
        ("* * * * fri#6", "cannot be read"),
        ("١ * * * *", "has a character that is unknown"),
        ("0 9 * * mon;tue", "the day of week 'mon;tue' has a character that is unknown"),
    ],
)
def test_what_is_refused_and_why(expression: str, message: str) -> None:  # T6
    with pytest.raises(ValueError, match=message) as caught:
        Cron(expression)
    assert repr(expression) in str(caught.value)


@pytest.mark.parametrize("value", [None, 5, ["0 9 * * *"], b"0 9 * * *"])
def test_a_cron_expression_is_text(value: Any) -> None:
    with pytest.raises(ValueError, match="is no cron expression: write '0 9 "):
        Cron(value)


def test_the_end_of_the_years_is_a_named_error() -> None:
    for expression, after in (
        ("0 0 1 1 *", "9999-06-01 00:00"),
        ("* * * * *", "9999-12-31 23:59:30"),
        ("0 0 29 2 *", "9996-03-01 00:00"),
        ("0 9 13 * fri", "9999-12-31 10:00"),
    ):
        with pytest.raises(InputError, match="does not fire again before the year 10000") as error:
            Cron(expression).next_after(at(after), zone("UTC"))
        assert error.value.value == expression
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        Cron("0 9 * * *").next_after(at("0001-01-01 00:00"), zone("America/New_York"))
    with pytest.raises(InputError, match="outside the years 1 to 9999"):
        Cron("0 9 * * *").next_after(10**30, zone("UTC"))


def test_a_cron_is_a_value() -> None:
    assert Cron("0 9 * * *") == Cron("0 9 * * *") != Cron("0 8 * * *")
    assert Cron("0 9 * * *") != "0 9 * * *"
    assert len({Cron("0 9 * * *"), Cron("0 9 * * *")}) == 1
    assert repr(Cron("0 9 * * *")) == "Cron('0 9 * * *')"


def test_asking_changes_nothing() -> None:
    """One parsed expression serves everybody: two askers do not disturb each other."""
    shared = Cron("0 9 * * fri#2")
    first = shared.next_after(at("2026-01-15"), zone("UTC"))
    shared.next_after(at("2030-01-15"), zone("UTC"))
    assert shared.next_after(at("2026-01-15"), zone("UTC")) == first
