"""What a wall time means, and what the clock shows, against `zoneinfo` asked minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import UnknownZoneError
from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    Resolve,
    Zone,
    from_micros,
    is_zone,
    to_micros,
    wall_of,
    zone,
)

Changes = list[tuple[str, int]]
MICRO = timedelta(microseconds=1)
EVERY_RESOLVE: tuple[Resolve, ...] = ("compatible", "earlier", "later", "skip")


def at(text: str) -> int:
    return to_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def wall(text: str) -> int:
    return wall_of(datetime.fromisoformat(text))


def said(us: int | None) -> str | None:
    """Return an instant as the tables write it."""
    if us is None:
        return None
    text = from_micros(us).replace(tzinfo=None).isoformat(" ")
    return text.removesuffix(":00")


@pytest.mark.parametrize(
    ("name", "shown", "compatible", "earlier", "later", "skip"),
    [
        # Once: every way means the same.
        ("Europe/Berlin", "2026-01-15 09:00", "2026-01-15 08:00", "=", "=", "="),
        ("Asia/Kathmandu", "2026-01-15 09:00", "2026-01-15 03:15", "=", "=", "="),
        # In a gap: later by its length (RFC 5545), earlier by it, or not at all.
        ("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", "=", "=", "="),
        ("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", "2026-03-29 00:00", "=", None),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30", "2026-03-29 00:30", "=", None),
        ("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", "=", "=", "="),
        ("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:40", "2026-10-03 15:10", "=", None),
        ("America/Sao_Paulo", "2018-11-04 00:00", "2018-11-04 03:00", "2018-11-04 02:00", "=", None),
        ("Asia/Beirut", "2026-03-29 00:30", "2026-03-28 22:30", "2026-03-28 21:30", "=", None),
        ("Antarctica/Troll", "2026-03-29 02:59", "2026-03-29 02:59", "2026-03-29 00:59", "=", None),
        ("Asia/Kathmandu", "1986-01-01 00:10", "1985-12-31 18:40", "1985-12-31 18:25", "=", None),
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 22:00", "2011-12-29 22:00", "=", None),
        ("Pacific/Kwajalein", "1993-08-21 00:00", "1993-08-21 12:00", "1993-08-20 12:00", "=", None),
        # Twice: the first pass, or the second.
        ("Europe/Berlin", "2026-10-25 02:00", "2026-10-25 00:00", "=", "2026-10-25 01:00", "="),
        ("Europe/Berlin", "2026-10-25 02:59", "2026-10-25 00:59", "=", "2026-10-25 01:59", "="),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", "=", "=", "="),
        ("Europe/Dublin", "2026-10-25 01:30", "2026-10-25 00:30", "=", "2026-10-25 01:30", "="),
        ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", "=", "2026-04-04 15:15", "="),
        ("Pacific/Kwajalein", "1969-09-30 10:00", "1969-09-29 23:00", "=", "1969-09-30 22:00", "="),
        # Ramadan: clocks go back before it and forward after it.
        ("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30", "=", "2026-02-15 02:30", "="),
        ("Africa/Casablanca", "2026-03-22 02:30", "2026-03-22 02:30", "2026-03-22 01:30", "=", None),
        # Before 1970, and offsets with seconds.
        ("Europe/Berlin", "1949-10-02 02:30", "1949-10-02 00:30", "=", "1949-10-02 01:30", "="),
        ("Africa/Monrovia", "1972-01-07 00:10", "1972-01-07 00:54:30", "1972-01-07 00:10", "=", None),
        ("Asia/Tokyo", "1800-01-01 00:00", "1799-12-31 14:41:01", "=", "=", "="),
        # A rule goes on for ever.
        ("America/New_York", "9998-03-08 02:30", "9998-03-08 07:30", "9998-03-08 06:30", "=", None),
    ],
)  # fmt: skip
def test_what_a_wall_time_means(  # T3
    name: str, shown: str, compatible: str, earlier: str, later: str, skip: str | None
) -> None:
    expected = [compatible if way == "=" else way for way in (compatible, earlier, later, skip)]
    found = [said(zone(name).instant(wall(shown), resolve)) for resolve in EVERY_RESOLVE]
    assert found == expected


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_wall_time_near_a_change_means_what_the_scan_says(  # T3
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:
    name, change = data.draw(st.sampled_from(changes))
    away = data.draw(st.integers(-90, 90) | st.integers(-26 * 60, 26 * 60)) * MINUTE
    offset = data.draw(st.sampled_from([zone(name).offset(change - 1), zone(name).offset(change)]))
    rest = data.draw(st.sampled_from([0, 0, 1, MINUTE - 1]))
    shown = change + away + offset
    oracle = scan(name, change)

    for resolve in EVERY_RESOLVE:
        expected = oracle.instant(shown, resolve)
        found = zone(name).instant(shown + rest, resolve)
        # Changes lie on whole minutes, so what holds of a minute holds of its micros.
        assert found == (None if expected is None else expected + rest)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_clock_shows_what_zoneinfo_shows(data: st.DataObject, changes: Changes) -> None:
    near = st.tuples(st.sampled_from(changes), st.sampled_from([-1, 0, 1, HOUR])).map(
        lambda pair: (pair[0][0], pair[0][1] + pair[1])
    )
    names = st.sampled_from(sorted({name for name, _ in changes} | {"UTC", "Asia/Kolkata"}))
    anywhere = st.tuples(names, st.datetimes(timezones=st.just(UTC)).map(to_micros))
    name, us = data.draw(near | anywhere)
    moment = from_micros(us)
    if not 2 <= moment.year <= 9998:
        return

    shown = moment.astimezone(ZoneInfo(name))

    assert zone(name).wall(us) == wall_of(shown)
    assert zone(name).offset(us) == shown.utcoffset() // MICRO  # type: ignore[operator]  # aware
    if not any(abs(us - change) < 60 * DAY for _, change in changes):
        assert zone(name).instant(wall_of(shown)) == to_micros(shown.replace(fold=0))


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_changes_are_found_in_their_order(data: st.DataObject, changes: Changes) -> None:
    index = data.draw(st.integers(0, len(changes) - 1))
    name, change = changes[index]
    following = changes[index + 1 : index + 2]
    clock = zone(name)

    assert clock.next_change(change - 1, change) == change  # the end is included
    assert clock.next_change(change - 1, change - 1) is None
    assert clock.next_change(change, change) is None  # the start is not
    if following and following[0][0] == name:
        assert clock.next_change(change, change + 20_000 * DAY) == following[0][1]
        assert clock.next_change(change, following[0][1] - 1) is None


def test_a_change_on_the_edge_of_a_table_is_found() -> None:
    """Tables are cut every 2**45 micros; no real change lies on a cut, so one is made."""
    cut = 40 << 45

    class Made(ZoneInfo):
        def utcoffset(self, moment: datetime | None) -> timedelta:
            assert moment is not None
            return timedelta(hours=to_micros(moment.replace(tzinfo=UTC)) >= cut)

        def fromutc(self, moment: datetime) -> datetime:
            late = to_micros(moment.replace(tzinfo=UTC)) >= cut
            return (moment + timedelta(hours=late)).replace(fold=0)

    made = Zone("Made", Made.no_cache("UTC"))
    assert made.offset(cut - 1) == 0
    assert made.next_change(cut - DAY, cut + DAY) == cut
    assert made.next_change(cut - DAY, cut - 1) is None


@pytest.mark.parametrize(
    ("name", "date", "exists"),
    [
        ("Pacific/Apia", "2011-12-29", True),
        ("Pacific/Apia", "2011-12-30", False),
        ("Pacific/Apia", "2011-12-31", True),
        ("Pacific/Fakaofo", "2011-12-30", False),
        ("Pacific/Enderbury", "1994-12-31", False),
        ("Pacific/Kiritimati", "1994-12-31", False),
        ("Pacific/Kwajalein", "1993-08-21", False),
        ("Asia/Manila", "1844-12-31", False),
        ("America/Sao_Paulo", "2018-11-04", True),  # 00:00 is missing, the date is not
        ("Antarctica/Vostok", "1994-11-01", True),  # 00:00 to 07:00 is missing
        ("Pacific/Kwajalein", "1969-09-30", True),  # nearly all of it twice
    ],
)
def test_a_date_may_be_left_out(name: str, date: str, exists: bool) -> None:  # T3
    assert zone(name).date_exists(wall(date) // DAY) is exists


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_date_exists_where_the_scan_shows_it(
    data: st.DataObject, changes: Changes, scan: Callable[..., Any]
) -> None:
    name, change = data.draw(st.sampled_from(changes))
    shown = scan(name, change).dates()
    for day in range(shown[0], shown[-1] + 1):
        assert zone(name).date_exists(day) is (day in shown)


@pytest.mark.parametrize("name", ["Europe/Berlin", "Pacific/Apia", "America/New_York", "UTC"])
@pytest.mark.parametrize("us", ["0001-01-01 00:00", "9999-12-31 23:59:59.999999"])
def test_the_edges_of_the_years_have_an_offset(name: str, us: str) -> None:
    edge = at(us)
    clock = zone(name)
    assert clock.offset(edge) == clock.offset(at("0001-01-03" if edge < 0 else "9999-12-29"))
    assert clock.instant(clock.wall(edge)) == edge
    assert clock.date_exists(clock.wall(edge) // DAY)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("", "give an IANA name such as 'Europe/Berlin'"),
        ("berlin time", "give an IANA name"),
        ("../etc/passwd", "give an IANA name"),
        ("/etc/localtime", "give an IANA name"),
        ("Europe", "did you mean"),  # a folder
        ("Europe/Berlin\0", "did you mean 'Europe/Berlin'?"),
        ("localtime", "give an IANA name"),  # another zone on another machine
        ("right/UTC", "did you mean"),  # counts leap seconds
        (None, "give an IANA name"),
        (5, "give an IANA name"),
        (["UTC"], "did you mean 'UTC'?"),
    ],
)
def test_an_unknown_zone_is_refused_with_a_hint(name: Any, remedy: str) -> None:  # T7
    with pytest.raises(UnknownZoneError) as caught:
        zone(name)
    assert not is_zone(name)
    assert caught.value.value == name
    assert caught.value.place == "timezone"
    assert remedy in caught.value.remedy


def test_a_zone_is_looked_up_once() -> None:
    assert is_zone("Europe/Berlin")
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
    assert repr(zone("Europe/Berlin")) == "Zone('Europe/Berlin')"
    assert zone("Europe/Berlin").name == "Europe/Berlin"
