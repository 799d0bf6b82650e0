"""Covered or not is a question about the clock on the wall, asked minute by minute here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    Span,
    Windows,
    Zone,
    first_uncovered,
    from_micros,
    never_open,
    parse_clock,
    parse_days,
    to_micros,
    wall_of,
    zone,
)

Changes = list[tuple[str, int]]


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def wall(text: str) -> int:
    return wall_of(datetime.fromisoformat(text))


def said(us: int | None) -> str:
    if us is None:
        return "never"
    return from_micros(us).replace(tzinfo=None).isoformat(" ").removesuffix(":00")


def span(text: str) -> Span:
    """Read `22:00-06:00 fri sat`; every day when none is named."""
    hours, *days = text.split()
    start, end = hours.split("-")
    return Span(parse_clock(start), parse_clock(end, end=True), parse_days(days) if days else None)


def windows(text: str, dates: str = "") -> Windows:
    return Windows.of(
        [span(one.strip()) for one in text.split(",") if one],
        dates=frozenset(wall(date) // DAY for date in dates.split()),
    )


def covered(wall: int, spans: list[Span], dates: frozenset[int]) -> bool:
    """Rule G2 word by word."""
    date, clock = divmod(wall, DAY)
    today = datetime.fromordinal(719163 + date).weekday()
    if date in dates:
        return True
    for start, end, days in spans:
        starts_today = days is None or today in days
        started_yesterday = days is None or (today - 1) % 7 in days
        if start < end and starts_today and start <= clock < end:
            return True
        if start > end and (
            (starts_today and clock >= start) or (started_yesterday and clock < end)
        ):
            return True
    return False


@pytest.mark.parametrize(
    ("name", "text", "now", "opens"),
    [
        # 2026-01-15 is a Thursday; Berlin is one hour ahead.
        ("Europe/Berlin", "21:00-08:00", "2026-01-15 12:00", "2026-01-15 12:00"),
        ("Europe/Berlin", "21:00-08:00", "2026-01-15 19:59:59.999999", "2026-01-15 19:59:59.999999"),
        ("Europe/Berlin", "21:00-08:00", "2026-01-15 20:00", "2026-01-16 07:00"),  # start is in
        ("Europe/Berlin", "21:00-08:00", "2026-01-16 07:00", "2026-01-16 07:00"),  # end is not
        ("Europe/Berlin", "13:00-14:00", "2026-01-15 12:30", "2026-01-15 13:00"),
        ("Europe/Berlin", "09:00-09:00", "2026-01-15 08:00", "2026-01-15 08:00"),  # empty
        ("Europe/Berlin", "20:00-24:00", "2026-01-15 20:00", "2026-01-15 23:00"),
        ("Europe/Berlin", "00:00-24:00 thu", "2026-01-15 12:00", "2026-01-15 23:00"),
        ("Europe/Berlin", "00:00-24:00 sun mon", "2026-01-18 12:00", "2026-01-19 23:00"),
        # A union: one ends where the next begins, or inside it.
        ("Europe/Berlin", "20:00-24:00, 00:00-07:30", "2026-01-15 20:00", "2026-01-16 06:30"),
        ("Europe/Berlin", "12:00-14:00, 13:00-15:00", "2026-01-15 11:00", "2026-01-15 14:00"),
        ("Europe/Berlin", "12:00-16:00, 13:00-14:00", "2026-01-15 11:00", "2026-01-15 15:00"),
        # Over midnight: the night belongs to the day on which it starts.
        ("Europe/Berlin", "22:00-06:00 thu", "2026-01-15 22:00", "2026-01-16 05:00"),
        ("Europe/Berlin", "22:00-06:00 fri", "2026-01-15 22:00", "2026-01-15 22:00"),
        ("Europe/Berlin", "22:00-06:00 sun", "2026-01-18 22:00", "2026-01-19 05:00"),  # over a week's end
        ("Europe/Berlin", "22:00-06:00 sun", "2026-01-19 01:00", "2026-01-19 05:00"),
        # Short and long nights.
        ("Europe/Berlin", "21:00-08:00", "2026-03-28 22:00", "2026-03-29 06:00"),
        ("Europe/Berlin", "21:00-08:00", "2026-10-24 21:00", "2026-10-25 07:00"),
        # An end that the gap swallows: the first instant after the change.
        ("Europe/Berlin", "01:30-02:30", "2026-03-29 00:45", "2026-03-29 01:00"),
        ("America/Sao_Paulo", "22:00-00:00", "2018-11-04 02:30", "2018-11-04 03:00"),
        ("America/Sao_Paulo", "22:00-00:30", "2018-11-04 02:30", "2018-11-04 03:00"),
        ("Australia/Lord_Howe", "00:00-02:15", "2026-10-03 15:00", "2026-10-03 15:30"),
        # A start that the gap swallows: from the first instant after the change.
        ("Europe/Berlin", "02:30-04:00", "2026-03-29 01:00", "2026-03-29 02:00"),
        # The repeated hour: each pass by what it shows, so quiet returns.
        ("Europe/Berlin", "22:00-02:30", "2026-10-25 00:00", "2026-10-25 00:30"),
        ("Europe/Berlin", "22:00-02:30", "2026-10-25 00:30", "2026-10-25 00:30"),
        ("Europe/Berlin", "22:00-02:30", "2026-10-25 01:00", "2026-10-25 01:30"),
        ("Europe/Berlin", "02:30-03:00", "2026-10-25 00:30", "2026-10-25 01:00"),
        ("Europe/Berlin", "02:30-03:00", "2026-10-25 01:30", "2026-10-25 02:00"),
        ("Europe/Berlin", "02:30-05:00", "2026-10-25 00:45", "2026-10-25 01:00"),
        # Friday 2011-12-30 was not shown: after Thursday's midnight comes Saturday, whose small
        # hours follow Friday all the same.
        ("Pacific/Apia", "22:00-06:00 thu", "2011-12-30 09:00", "2011-12-30 10:00"),
        ("Pacific/Apia", "22:00-06:00 fri", "2011-12-30 09:00", "2011-12-30 09:00"),
        ("Pacific/Apia", "22:00-06:00 fri", "2011-12-30 10:00", "2011-12-30 16:00"),
        ("Pacific/Apia", "22:00-06:00", "2011-12-30 09:00", "2011-12-30 16:00"),
        ("Pacific/Apia", "00:00-24:00 fri", "2011-12-30 09:59", "2011-12-30 09:59"),
        # A whole week and nothing left.
        ("Europe/Berlin", "00:00-24:00", "2026-01-15 12:00", "never"),
        ("Europe/Berlin", "08:00-20:00, 20:00-08:00", "2026-01-15 12:00", "never"),
    ],
)  # fmt: skip
def test_the_first_uncovered_instant(name: str, text: str, now: str, opens: str) -> None:  # G2
    assert said(windows(text).next_uncovered(at(now), zone(name))) == opens


@pytest.mark.parametrize(
    ("name", "text", "now", "starts"),
    [
        ("Europe/Berlin", "21:00-08:00", "2026-01-15 12:00", "2026-01-15 20:00"),
        ("Europe/Berlin", "21:00-08:00", "2026-01-15 21:00", "2026-01-15 21:00"),
        ("Europe/Berlin", "09:00-17:00 mon", "2026-01-15 21:00", "2026-01-19 08:00"),
        # A window that the gap swallows as a whole never applies that day.
        ("Europe/Berlin", "02:15-02:45", "2026-03-29 00:50", "2026-03-30 00:15"),
        ("Europe/Berlin", "02:30-04:00", "2026-03-29 00:50", "2026-03-29 01:00"),
        ("America/Sao_Paulo", "00:00-00:30", "2018-11-04 02:00", "2018-11-05 02:00"),
        # Quiet returns in the second pass.
        ("Europe/Berlin", "02:30-03:00", "2026-10-25 01:00", "2026-10-25 01:30"),
        ("Europe/Berlin", "01:00-02:30", "2026-10-25 00:30", "2026-10-25 01:00"),
        # The night of a day that was never shown.
        ("Pacific/Apia", "22:00-06:00 fri", "2011-12-29 20:00", "2011-12-30 10:00"),
        ("Pacific/Apia", "22:00-23:00 fri", "2011-12-29 20:00", "2012-01-06 08:00"),
        ("Europe/Berlin", "09:00-09:00", "2026-01-15 12:00", "never"),
        ("Europe/Berlin", "", "2026-01-15 12:00", "never"),
    ],
)
def test_the_first_covered_instant(name: str, text: str, now: str, starts: str) -> None:  # G2
    assert said(windows(text).next_covered(at(now), zone(name))) == starts


@pytest.mark.parametrize(
    ("name", "text", "dates", "now", "opens"),
    [
        # A holiday is a whole local date; the night before it goes on into it.
        ("Europe/Berlin", "", "2026-12-25", "2026-12-24 22:59", "2026-12-24 22:59"),
        ("Europe/Berlin", "", "2026-12-25", "2026-12-24 23:00", "2026-12-25 23:00"),
        ("Europe/Berlin", "21:00-08:00", "2026-12-25 2026-12-26", "2026-12-24 21:00", "2026-12-27 07:00"),
        ("Asia/Tokyo", "", "2026-01-01", "2025-12-31 15:00", "2026-01-01 15:00"),
        ("Europe/Berlin", "", "2026-03-29", "2026-03-28 23:00", "2026-03-29 22:00"),  # 23 hours
        ("Europe/Berlin", "", "2026-10-25", "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 hours
        ("America/Sao_Paulo", "", "2018-11-04", "2018-11-04 02:59", "2018-11-04 02:59"),
        ("America/Sao_Paulo", "", "2018-11-04", "2018-11-04 03:00", "2018-11-05 02:00"),
        # 23:00 came twice on the evening before: each pass by the date that it shows.
        ("America/Sao_Paulo", "", "2018-02-18", "2018-02-18 02:30", "2018-02-18 02:30"),
        ("Pacific/Apia", "", "2011-12-30", "2011-12-30 09:59", "2011-12-30 09:59"),
        ("Pacific/Apia", "", "2011-12-29 2011-12-31", "2011-12-30 09:59", "2011-12-31 10:00"),
        # Weekdays and holidays together leave nothing for 400 days, or just something.
        ("UTC", "00:00-24:00 tue wed thu fri sat sun", "2026-01-19", "2026-01-13 00:00", "2026-01-26 00:00"),
    ],
)  # fmt: skip
def test_holidays_are_whole_local_dates(  # G2
    name: str, text: str, dates: str, now: str, opens: str
) -> None:
    assert said(windows(text, dates).next_uncovered(at(now), zone(name))) == opens


@pytest.mark.parametrize(("free", "answer"), [(399, 399), (400, 400), (401, None), (None, None)])
@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin"])
def test_never_is_an_answer_and_no_loop(free: int | None, answer: int | None, name: str) -> None:
    """Holidays take every day but one: found within 400 days, else an explicit never (G2)."""
    now = zone(name).instant(wall("2026-01-15"))
    today = wall("2026-01-15") // DAY
    every = Windows.of([], dates=frozenset(today + n for n in range(1000) if n != free))
    found = every.next_uncovered(now, zone(name))
    assert found == (None if answer is None else zone(name).instant((today + answer) * DAY))
    near = every.next_uncovered(now, zone(name), limit_days=10)
    assert near is None


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("00:00-24:00", True),
        ("08:00-20:00, 20:00-08:00", True),
        ("00:00-24:00 mon tue wed thu fri, 00:00-12:00 sat sun, 12:00-24:00 sun sat", True),
        ("22:00-21:59", False),
        ("00:00-23:59", False),
        ("00:00-24:00 mon tue wed thu fri sat", False),
        ("00:00-00:00", False),
        ("", False),
    ],
)
def test_windows_without_a_gap_are_known_beforehand(text: str, never: bool) -> None:  # G2
    assert never_open(windows(text)) is never
    found = windows(text).next_uncovered(at("2026-01-15"), zone("Asia/Tbilisi"))
    assert (found is None) is never


edges = st.integers(0, 24 * 60).map(lambda minute: minute * MINUTE)
weekdays = st.none() | st.frozensets(st.integers(0, 6), min_size=1)


@given(
    st.lists(
        st.builds(Span, edges.filter(lambda e: e < DAY), edges, weekdays),
        max_size=4,
    ),
    st.frozensets(st.integers(20_000, 20_010), max_size=3),
    st.integers(20_000, 20_010),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_covers_is_the_rule_word_by_word(
    spans: list[Span], dates: frozenset[int], day: int, data: st.DataObject
) -> None:  # G2
    known = [edge for one in spans for edge in one[:2]] or [0]
    clock = data.draw(st.sampled_from(known) | edges)
    shown = day * DAY + clock + data.draw(st.integers(-1, 1))
    assert Windows.of(spans, dates=dates).covers(shown) is covered(shown, spans, dates)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_near_a_change_the_next_edge_is_the_scans(  # G2
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:
    name, change = data.draw(st.sampled_from(changes))
    oracle = scan(name, change)
    index = (change - oracle.start) // MINUTE
    shown = data.draw(st.sampled_from([oracle.walls[index - 1] + MINUTE, oracle.walls[index]]))
    edge = st.integers(-100, 100).map(lambda m: (shown + m * MINUTE) % DAY) | edges.filter(
        lambda e: e < DAY
    )
    spans = data.draw(st.lists(st.builds(Span, edge, edge | st.just(DAY), weekdays), max_size=3))
    dates = data.draw(st.frozensets(st.integers(-2, 2).map(lambda d: shown // DAY + d), max_size=2))
    us = change + data.draw(st.integers(-26 * 60, 26 * 60) | st.integers(-100, 100)) * MINUTE
    us += data.draw(st.sampled_from([-1, 0, 1]))
    built = Windows.of(spans, dates=dates)
    before = oracle.walls[(us - oracle.start) // MINUTE]

    for wanted, ask in ((True, built.next_covered), (False, built.next_uncovered)):
        if covered(before, spans, dates) is wanted:
            expected: int | None = us
        else:
            expected = oracle.first(us, lambda w: covered(w, spans, dates) is wanted)  # noqa: B023
        if expected is not None:  # else it lies beyond the scan
            found = ask(us, zone(name))
            assert found == expected
            assert ask(found, zone(name)) == found


def test_an_edge_in_a_far_year() -> None:
    night = windows("21:00-08:00")
    assert said(night.next_uncovered(at("9998-03-08 05:00"), zone("America/New_York"))) == (
        "9998-03-08 12:00"
    )
    assert said(night.next_uncovered(at("0001-01-03 00:00"), zone("UTC"))) == "0001-01-03 08:00"
    assert said(night.next_uncovered(at("9999-12-31 12:00"), zone("UTC"))) == "9999-12-31 12:00"
    assert night.covers(wall("1900-01-01 00:00"))
    assert 7 * DAY == 168 * HOUR


# ---- the other form: what hours leave out


@pytest.mark.parametrize(
    ("text", "dates", "now", "opens"),
    [
        # Open are the hours; 2026-01-15 is a Thursday, Berlin is one hour ahead.
        ("10:00-13:00, 14:00-20:00", "", "2026-01-15 08:00", "2026-01-15 09:00"),
        ("10:00-13:00, 14:00-20:00", "", "2026-01-15 11:59", "2026-01-15 11:59"),
        ("10:00-13:00, 14:00-20:00", "", "2026-01-15 12:00", "2026-01-15 13:00"),  # end is not in
        ("10:00-13:00, 14:00-20:00", "", "2026-01-15 19:00", "2026-01-16 09:00"),
        ("10:00-13:00, 12:00-14:00", "", "2026-01-15 12:00", "2026-01-15 12:00"),  # a union
        ("10:00-20:00 mon tue wed thu fri", "", "2026-01-16 19:00", "2026-01-19 09:00"),
        ("00:00-24:00", "", "2026-01-15 12:00", "2026-01-15 12:00"),
        ("00:00-24:00 sat", "", "2026-01-15 12:00", "2026-01-16 23:00"),
        # Open over midnight, and over the end of a week.
        ("22:00-02:00 fri", "", "2026-01-15 12:00", "2026-01-16 21:00"),
        ("22:00-02:00 fri", "", "2026-01-17 00:59", "2026-01-17 00:59"),
        ("22:00-02:00 fri", "", "2026-01-17 01:00", "2026-01-23 21:00"),
        ("22:00-02:00 sun", "", "2026-01-19 00:30", "2026-01-19 00:30"),
        # Dates are closed in this form too.
        ("10:00-20:00", "2026-01-15 2026-01-16", "2026-01-15 12:00", "2026-01-17 09:00"),
        ("10:00-20:00 thu", "2026-01-22", "2026-01-15 19:00", "2026-01-29 09:00"),
        # Opens within a gap: with the change. Closes within it: at the change.
        ("02:30-05:00", "", "2026-03-28 12:00", "2026-03-29 01:00"),
        ("01:00-02:30", "", "2026-03-29 00:59", "2026-03-29 00:59"),
        ("01:00-02:30", "", "2026-03-29 01:00", "2026-03-29 23:00"),
        ("02:15-02:45", "", "2026-03-28 12:00", "2026-03-30 00:15"),  # never shown that day
        # The hour that comes twice is open twice.
        ("02:00-02:30", "", "2026-10-25 00:30", "2026-10-25 01:00"),
    ],
)
def test_hours_that_are_allowed(text: str, dates: str, now: str, opens: str) -> None:  # G2
    spans = [span(one.strip()) for one in text.split(",")]
    closed = frozenset(wall(date) // DAY for date in dates.split())
    allowed = Windows.of(spans, dates=closed, outside=True)
    assert said(allowed.next_uncovered(at(now), zone("Europe/Berlin"))) == opens


def test_the_weekend_of_a_date_that_was_never_shown() -> None:  # G2
    allowed = Windows.of([span("22:00-06:00 fri")], outside=True)
    opens = allowed.next_uncovered(at("2011-12-29 20:00"), zone("Pacific/Apia"))
    assert said(opens) == "2011-12-30 10:00"  # Saturday 00:00, after a Friday that never was


def test_no_hours_leave_nothing_open() -> None:
    assert never_open(Windows.of([], outside=True))
    assert never_open(Windows.of([span("09:00-09:00")], outside=True))


spans_drawn = st.lists(
    st.builds(Span, edges.filter(lambda e: e < DAY), edges, weekdays), max_size=4
)


@given(
    spans_drawn,
    spans_drawn,
    st.frozensets(st.integers(20_000, 20_010), max_size=2),
    st.integers(20_000, 20_010),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_outside_is_the_rest_and_a_union_is_either(
    open_spans: list[Span], quiet: list[Span], dates: frozenset[int], day: int, data: st.DataObject
) -> None:  # G2
    known = [edge for one in (*open_spans, *quiet) for edge in one[:2]] or [0]
    clock = data.draw(st.sampled_from(known) | edges)
    shown = day * DAY + clock + data.draw(st.integers(-1, 1))
    allowed = Windows.of(open_spans, dates=dates, outside=True)
    forbidden = Windows.of(quiet)
    is_closed = shown // DAY in dates or not covered(shown, open_spans, frozenset())
    is_quiet = covered(shown, quiet, frozenset())
    assert allowed.covers(shown) is is_closed
    assert Windows.union([allowed, forbidden]).covers(shown) is (is_closed or is_quiet)


# ---- several clocks at once


@pytest.mark.parametrize(
    ("clocks", "now", "opens"),
    [
        # New York is 5 hours behind, Los Angeles 8, Honolulu 10.
        ("21:00-08:00 America/New_York; 21:00-08:00 Pacific/Honolulu", "2026-01-15 13:00", "2026-01-15 18:00"),
        ("21:00-08:00 America/New_York; 21:00-08:00 Pacific/Honolulu", "2026-01-16 02:00", "2026-01-16 18:00"),
        ("21:00-08:00 America/New_York; 21:00-08:00 Pacific/Honolulu", "2026-01-16 01:59", "2026-01-16 01:59"),
        # One opens while the other is closed, all week long but for an hour on Sunday.
        ("00:00-12:00 UTC; 12:00-24:00 UTC", "2026-01-15 13:00", "never"),
        ("00:00-12:00 UTC; 12:00-23:00 UTC", "2026-01-15 13:00", "2026-01-15 23:00"),
        ("", "2026-01-15 13:00", "2026-01-15 13:00"),
    ],
)  # fmt: skip
def test_the_first_instant_that_all_clocks_allow(clocks: str, now: str, opens: str) -> None:  # T7
    read = [one.split() for one in clocks.split(";") if one]
    found = first_uncovered(at(now), [(windows(text), zone(name)) for text, name in read])
    assert said(found) == opens


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_all_clocks_agree_as_a_scan_does(
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:  # T7
    name, change = data.draw(st.sampled_from(changes))
    names = [name, *data.draw(st.lists(st.sampled_from(TWINS), max_size=2))]
    drawn = [data.draw(spans_drawn) for _ in names]
    us = change + data.draw(st.integers(-20 * 60, 20 * 60)) * MINUTE
    us -= us % MINUTE
    scans = [scan(one, change) for one in names]
    clocks: list[tuple[Windows, Zone]] = [
        (Windows.of(spans), zone(one)) for spans, one in zip(drawn, names, strict=True)
    ]
    expected = None
    for index in range((us - scans[0].start) // MINUTE, len(scans[0].walls)):
        if not any(
            covered(one.walls[index], spans, frozenset())
            for one, spans in zip(scans, drawn, strict=True)
        ):
            expected = scans[0].start + index * MINUTE
            break
    found = first_uncovered(us, clocks)
    if expected is None:  # it lies beyond the scan, or nowhere
        assert found is None or found >= scans[0].start + len(scans[0].walls) * MINUTE
    else:
        assert found == expected


TWINS = ("America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati")


# ---- dates that close what the week leaves open


MONDAY = wall("2026-01-05") // DAY


@pytest.mark.parametrize(
    ("text", "dates", "never"),
    [
        ("", range(MONDAY, MONDAY + 400), False),  # the 401st day is near enough
        ("", range(MONDAY, MONDAY + 401), True),
        ("", [*range(MONDAY, MONDAY + 300), *range(MONDAY + 301, MONDAY + 700)], False),
        # Only Mondays are open: 57 of them, and the six days before and after.
        ("00:00-24:00 tue wed thu fri sat sun", range(MONDAY, MONDAY + 56 * 7, 7), False),
        ("00:00-24:00 tue wed thu fri sat sun", range(MONDAY, MONDAY + 57 * 7, 7), True),
        ("00:00-24:00 tue wed thu fri sat sun", range(MONDAY + 1, MONDAY + 700, 7), False),
        # An open hour a week is open time.
        ("00:00-24:00 tue wed thu fri sat, 00:00-23:59 sun", range(MONDAY, MONDAY + 700, 7), False),
        ("12:00-12:00", range(MONDAY, MONDAY + 401), True),
        ("00:00-24:00", [], True),
    ],
)
def test_dates_and_weekdays_together_may_leave_nothing(  # G2
    text: str, dates: range | list[int], never: bool
) -> None:
    built = Windows.of(
        [span(one.strip()) for one in text.split(",") if one], dates=frozenset(dates)
    )
    assert never_open(built) is never
    starts = [day * DAY for day in (*dates, MONDAY) if built.covers(day * DAY)]
    waits = [built.next_uncovered(start, zone("UTC")) for start in starts]
    if never:
        assert None in waits or built.next_uncovered((MONDAY - 6) * DAY, zone("UTC")) is None
    else:
        assert None not in waits
