"""A long proof: every change of every zone, 1990 to 2037, against a scan of its minutes.

Where the offset changes is read from the binary TZif files and, on its own, from `zoneinfo`
asked once a day; what a wall time means is read off a minute scan of `zoneinfo`. Nothing here
uses journeykit to say what is right.

Zones whose offsets and changes are the same over these years are compared once; of their
other names only the changes are.
"""

from __future__ import annotations

import calendar
import struct
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import TZPATH, ZoneInfo, available_timezones

import pytest

from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Cron,
    Duration,
    Resolve,
    Span,
    Windows,
    Zone,
    from_micros,
    months,
    next_local,
    shift,
    zone,
)

FIRST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
END = int(datetime(2038, 1, 1, tzinfo=UTC).timestamp())
EPOCH = datetime(1970, 1, 1)
GROUPS = 4
WAYS: tuple[Resolve, ...] = ("compatible", "earlier", "later", "skip")

Change = tuple[int, int, int]  # second, offset before, offset from then on, in seconds


# Where are the changes?


def tzif_bytes(name: str) -> bytes:
    """Return the file that `zoneinfo` reads: the system's, else the one of the tzdata package."""
    for folder in TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def tzif_changes(name: str) -> list[Change]:
    """Read all changes of offset that a TZif file lists (RFC 9636, the 64-bit part)."""
    data = tzif_bytes(name)

    def header(at: int) -> tuple[int, ...]:
        assert data[at : at + 4] == b"TZif"
        return struct.unpack(">6l", data[at + 20 : at + 44])

    isut, isstd, leap, count, kinds, chars = header(0)
    at = 44 + count * 5 + kinds * 6 + chars + leap * 8 + isstd + isut
    _, _, _, count, kinds, _ = header(at)
    at += 44
    instants = struct.unpack(f">{count}q", data[at : at + count * 8])
    indexes = data[at + count * 8 : at + count * 9]
    at += count * 9
    offsets = [struct.unpack(">l", data[at + 6 * k : at + 6 * k + 4])[0] for k in range(kinds)]
    found, before = [], offsets[0]
    for instant, index in zip(instants, indexes, strict=True):
        if offsets[index] != before:
            found.append((instant, before, offsets[index]))
        before = offsets[index]
    return found


def seconds_of(offset: timedelta | None) -> int:
    assert offset is not None
    return offset.days * 86_400 + offset.seconds


def asked_changes(name: str) -> list[Change]:
    """Ask `zoneinfo` once a day, and narrow down where the answer differs."""
    tz = ZoneInfo(name)

    def offset(second: int) -> int:
        return seconds_of(datetime.fromtimestamp(second, tz).utcoffset())

    found = []
    before = offset(FIRST)
    for day in range(FIRST, END, 86_400):
        following = offset(day + 86_400)
        if following != before:
            low, high = day, day + 86_400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            found.append((high, before, following))
            before = following
    return found


def every_name() -> list[str]:
    return sorted(available_timezones() - {"localtime"})


@cache
def zones_by_changes() -> dict[tuple[Any, ...], list[str]]:
    """Return the names of all zones, those with the same changes together."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for name in every_name():
        changes = asked_changes(name)
        start = seconds_of(datetime.fromtimestamp(FIRST, ZoneInfo(name)).utcoffset())
        found.setdefault((start, *changes), []).append(name)
    return found


# What is compared


@dataclass
class Tally:
    """How many comparisons of which kind were made, and which of them failed."""

    made: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def same(self, kind: str, found: object, expected: object, *where: object) -> None:
        self.made[kind] += 1
        if found != expected:
            self.wrong.append(f"{kind}: {found} instead of {expected} at {where}")


def compare_wall_times(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    first = (change - 6 * HOUR - scan.start) // MINUTE
    shown = scan.walls[first : first + 12 * 60]
    asked = scan.instants[first : first + 12 * 60]
    if (found := [clock.wall(us) for us in asked]) != shown:
        tally.wrong.append(f"wall: {found} instead of {shown} around {change} in {clock.name}")
    tally.made["wall"] += len(shown)
    low, high = sorted([clock_at(scan, change - MINUTE) + MINUTE, clock_at(scan, change)])
    for wall in range(low - 2 * HOUR, high + 2 * HOUR, MINUTE):
        for way in WAYS:
            expected = scan.instant(wall, way)
            tally.same("instant", clock.instant(wall, way), expected, clock.name, wall, way)


def clock_at(scan: Any, us: int) -> int:
    wall: int = scan.walls[(us - scan.start) // MINUTE]
    return wall


def window_shapes(old: int, new: int) -> Iterator[tuple[list[Span], frozenset[int]]]:
    """Yield windows, some of them with an edge within the changed hour."""
    low, high = min(old, new), max(old, new)
    today = frozenset([weekday(low)])

    def around(start: int, end: int, days: frozenset[int] | None = None) -> Span:
        return Span(start % DAY, end % DAY, days)

    none: frozenset[int] = frozenset()
    yield [Span(21 * HOUR, 8 * HOUR)], none
    yield [around(old - HOUR // 2, old + HOUR // 2)], none
    yield [around(new - HOUR // 2, new + HOUR // 2)], none
    yield [around(low - 20 * MINUTE, high + 20 * MINUTE)], none
    yield [around(low + 5 * MINUTE, low + 20 * MINUTE)], none  # in a gap, or twice
    yield [around(high - 10 * MINUTE, high + 4 * HOUR, today)], none
    yield [Span(22 * HOUR, 6 * HOUR, today), Span(9 * HOUR, 10 * HOUR)], none
    yield [Span(0, DAY, frozenset([weekday(high)]))], none
    yield [around(high + HOUR, low + 10 * MINUTE)], frozenset([low // DAY])


def weekday(wall: int) -> int:
    return (EPOCH + timedelta(microseconds=wall)).weekday()


def quiet(wall: int, spans: list[Span], dates: frozenset[int]) -> bool:
    """Rule G2 word by word."""
    date, clock = divmod(wall, DAY)
    if date in dates:
        return True
    today = (date + 3) % 7
    for start, end, days in spans:
        if start < end:
            if start <= clock < end and (days is None or today in days):
                return True
        elif start > end and (
            (clock >= start and (days is None or today in days))
            or (clock < end and (days is None or (today - 1) % 7 in days))
        ):
            return True
    return False


def compare_windows(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    first = (change - 3 * HOUR - scan.start) // MINUTE
    last = first + 20 * 60
    old, new = clock_at(scan, change - MINUTE) + MINUTE, clock_at(scan, change)
    asked = [*range(change - 3 * HOUR, change + 3 * HOUR, 23 * MINUTE), change - MINUTE, change]
    for spans, dates in window_shapes(old, new):
        built = Windows.of(spans, dates=dates)
        covered = [quiet(wall, spans, dates) for wall in scan.walls[first:last]]
        for wanted, ask in ((True, built.next_covered), (False, built.next_uncovered)):
            places = [place for place, flag in enumerate(covered) if flag is wanted]
            for us in asked:
                place = (us - scan.start) // MINUTE - first
                index = bisect_right(places, place - 1)
                if index < len(places):  # else the answer lies beyond what was scanned
                    expected = scan.instants[first + places[index]]
                    found = ask(us, clock)
                    tally.same("window", found, expected, clock.name, us, spans, dates)
                    if expected > us:
                        found = ask(us + 1, clock)
                        tally.same("window", found, expected, clock.name, us + 1, spans, dates)


def compare_next_local(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    old, new = clock_at(scan, change - MINUTE) + MINUTE, clock_at(scan, change)
    shown = scan.dates()[1:-1]
    times = [0, 9 * HOUR, *((w + m * MINUTE) % DAY for w in (old, new) for m in (-10, 0, 10))]
    asked = [change + m * MINUTE for m in (-600, -125, -50, 0, 7, 100)] + [change - 1, change + 1]
    for time_of_day in times:
        moments = {day: scan.instant(day * DAY + time_of_day) for day in shown}
        for days in (None, frozenset([weekday(old), weekday(new)])):
            for us in asked:
                coming = [
                    moment
                    for day, moment in moments.items()
                    if moment >= us and (days is None or weekday(day * DAY) in days)
                ]
                if coming:
                    found = next_local(us, clock, clock=time_of_day, days=days)
                    tally.same("next_local", found, min(coming), clock.name, us, time_of_day, days)


def cron_shapes(old: int, new: int) -> Iterator[tuple[str, list[int] | range, list[int] | range]]:
    """Yield expressions with the minutes and hours that they mean."""
    low, high = min(old, new), max(old, new)
    yield "*/20 * * * *", range(0, 60, 20), range(24)
    yield "7-59/25 0-3 * * *", range(7, 60, 25), range(4)
    yield "0 9 * * mon-fri", [0], [9]
    for wall in (low + 15 * MINUTE, high - 5 * MINUTE):
        hour, minute = divmod(wall % DAY // MINUTE, 60)
        yield f"{minute} {hour} * * *", [minute], [hour]
    hours = sorted({w % DAY // HOUR for w in (low, high)})
    minutes = sorted({w % HOUR // MINUTE for w in (low + 10 * MINUTE, high + 5 * MINUTE)})
    # Moved by a gap of less than an hour, the first of the minutes falls behind the second.
    yield f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *", minutes, hours


def compare_cron(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    old, new = clock_at(scan, change - MINUTE) + MINUTE, clock_at(scan, change)
    shown = scan.dates()[1:-1]
    asked = [change + m * MINUTE for m in (-600, -61, 0, 31)] + [change - 1]
    for expression, minutes, hours in cron_shapes(old, new):
        weekdays_only = expression.endswith("mon-fri")
        fires = sorted(
            {
                scan.instant(day * DAY + hour * HOUR + minute * MINUTE)
                for day in shown
                if not (weekdays_only and weekday(day * DAY) > 4)
                for hour in hours
                for minute in minutes
            }
        )
        cron = Cron(expression)
        for us in asked:
            index = bisect_right(fires, us)
            if index < len(fires):
                found = cron.next_after(us, clock)
                tally.same("cron", found, fires[index], clock.name, us, expression)


def compare_durations(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    tz = ZoneInfo(clock.name)
    for days in (1, -1, 7, -30):
        for minutes in range(-150, 151, 15):
            start = change - days * DAY + minutes * MINUTE
            shown = from_micros(start).astimezone(tz).replace(tzinfo=None) + timedelta(days=days)
            target = (shown - EPOCH) // timedelta(microseconds=1)
            expected = scan.instant(target)
            found = shift(start, Duration(days=days), clock)
            tally.same("days", found, expected, clock.name, start, days)
    compare_months(tally, clock, scan, change)


def compare_months(tally: Tally, clock: Zone, scan: Any, change: int) -> None:
    """From the same day of the month before; the clock kept, the day clamped."""
    shown = EPOCH + timedelta(microseconds=clock_at(scan, change - MINUTE) + 20 * MINUTE)
    start = shown.replace(day=1) - timedelta(days=1)
    start = shown.replace(year=start.year, month=start.month, day=min(shown.day, start.day))
    last = calendar.monthrange(shown.year, shown.month)[1]
    target = shown.replace(day=min(start.day, last))
    tz = ZoneInfo(clock.name)
    began = start.replace(tzinfo=tz).astimezone(UTC)
    if began.astimezone(tz).replace(tzinfo=None) != start:
        return  # that start was not shown: another change lies a month before
    us = int(began.timestamp()) * SECOND
    wall = (target - EPOCH) // timedelta(microseconds=1)
    if scan.walls[0] < wall < scan.walls[-1]:
        found = shift(us, months(1), clock)
        tally.same("months", found, scan.instant(wall), clock.name, us)


def compare_changes(tally: Tally, name: str, changes: list[Change]) -> None:
    """The binary file, the days and our zone tell of the same changes."""
    listed = [change for change in tzif_changes(name) if FIRST < change[0] < END]
    known = set(changes)
    for change in listed:
        tally.same("listed change", change in known, True, name, change)
    clock, at, found = zone(name), FIRST * SECOND, []
    while (following := clock.next_change(at, END * SECOND - 1)) is not None:
        before, after = clock.offset(following - 1), clock.offset(following)
        found.append((following // SECOND, before // SECOND, after // SECOND))
        at = following
    tally.same("list of changes", found, changes, name)


COMPARE: tuple[Callable[[Tally, Zone, Any, int], None], ...] = (
    compare_wall_times,
    compare_windows,
    compare_next_local,
    compare_cron,
    compare_durations,
)


def least_distance(changes: list[Change]) -> float:
    seconds = [second for second, _, _ in changes]
    return min((b - a for a, b in pairwise(seconds)), default=float("inf"))


def test_no_zone_changes_twice_within_95_hours() -> None:
    """`Zone` leans on it, in all years that the files list."""
    assert {n for n in every_name() if least_distance(tzif_changes(n)) < 95 * 3600} == set()


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_every_change_of_every_zone(group: int, scan: Callable[..., Any]) -> None:  # T2 T3 T4 T6 G2
    began = time.process_time()
    tally, names, transitions = Tally(), 0, 0
    mine = list(zones_by_changes().items())[group::GROUPS]
    for (_, *changes), same in mine:
        assert least_distance(changes) >= 95 * 3600
        for name in same:
            compare_changes(tally, name, changes)
        names += len(same)
        clock = zone(same[0])
        for second, before, after in changes:
            transitions += 1
            assert second % 60 == before % 60 == after % 60 == 0, "a minute scan will not do"
            change = second * SECOND
            scanned = scan(clock.name, change, 36 + abs(after - before) // 3600)
            for compare in COMPARE:
                compare(tally, clock, scanned, change)
    took = time.process_time() - began
    made = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.made.items()))
    print(
        f"\nevery zone, part {group + 1} of {GROUPS}: {names} zones, {len(mine)} of them different "
        f"(the others have the same changes), {transitions} transitions 1990-2037, "
        f"{sum(tally.made.values())} comparisons ({made}), {len(tally.wrong)} mismatches, "
        f"{took:.0f} s of one core"
    )
    assert transitions > 1000
    assert all(tally.made[kind] > 10 * transitions for kind in ("instant", "window", "cron"))
    assert not tally.wrong, "\n".join(tally.wrong[:20])
