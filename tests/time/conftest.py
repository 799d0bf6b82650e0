"""An oracle that knows nothing of journeykit: what `zoneinfo` shows, minute after minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import pytest

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)

# One name for each kind of trouble that the tz database holds.
TROUBLED = (
    "Africa/Cairo",  # changes at midnight, given up and taken up again
    "Africa/Casablanca",  # Ramadan: four changes a year, a month apart
    "Africa/El_Aaiun",
    "America/Asuncion",  # midnight
    "America/Caracas",  # half an hour
    "America/Havana",  # midnight forward, one o'clock back
    "America/New_York",
    "America/Sao_Paulo",  # midnight: 00:00 is not shown
    "America/Scoresbysund",  # midnight, and another zone on the day of a change
    "America/St_Johns",  # one minute past midnight; two hours in 1988
    "Antarctica/Troll",  # two hours
    "Antarctica/Vostok",  # seven hours
    "Asia/Beirut",  # midnight
    "Asia/Gaza",  # midnight, half past midnight, and often
    "Asia/Kathmandu",  # a quarter of an hour
    "Asia/Pyongyang",
    "Asia/Tehran",  # midnight
    "Australia/Lord_Howe",  # half an hour
    "Europe/Berlin",
    "Europe/Dublin",  # winter is the exception
    "Europe/Istanbul",
    "Pacific/Apia",  # no 2011-12-30
    "Pacific/Enderbury",  # no 1994-12-31
    "Pacific/Kiritimati",  # no 1994-12-31, coming from -10
    "Pacific/Kwajalein",  # no 1993-08-21
)


def offset_at(tz: ZoneInfo, us: int) -> int:
    """Return local time minus UTC, in micros."""
    shown = (EPOCH + timedelta(microseconds=us)).astimezone(tz).utcoffset()
    assert shown is not None
    return shown // MICRO


@dataclass
class Scan:
    """What the clock of a zone showed, step after step; wall times and instants in micros."""

    name: str
    start: int
    end: int
    step: int = MINUTE
    instants: range = field(init=False)
    walls: list[int] = field(init=False)
    passes: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        tz = ZoneInfo(self.name)
        seconds = range(self.start // SECOND, self.end // SECOND, self.step // SECOND)
        known: dict[timedelta | None, int] = {}
        self.instants = range(self.start, self.end, self.step)
        self.walls, self.passes, self._jumps = [], {}, []
        before = None
        for second in seconds:
            shown = datetime.fromtimestamp(second, tz).utcoffset()
            offset = known.get(shown)
            if offset is None:
                assert shown is not None
                offset = known[shown] = shown // MICRO
            us = second * SECOND
            wall = us + offset
            self.walls.append(wall)
            self.passes.setdefault(wall, []).append(us)
            if before is not None and wall > before + self.step:
                self._jumps.append((before, wall, us - self.step))
            before = wall

    def instant(self, wall: int, resolve: str = "compatible") -> int | None:
        """Rule T3, read off the scan."""
        passes = self.passes.get(wall)
        if passes:
            return passes[-1] if resolve == "later" else passes[0]
        if resolve == "skip":
            return None
        for low, high, last in self._jumps:
            if low < wall < high:  # the clock went from `low`, at `last`, to `high`
                if resolve == "earlier":
                    return last + self.step - (high - wall)
                return last + (wall - low)
        raise AssertionError(f"{wall} is not in this scan of {self.name}")

    def dates(self) -> list[int]:
        """Every date shown, as a day number, in order."""
        return sorted({wall // DAY for wall in self.walls})

    def first(self, us: int, matches: Callable[[int], bool]) -> int | None:
        """Return the first scanned instant at or after `us` whose wall time matches."""
        for at in range(max(0, -((self.start - us) // self.step)), len(self.walls)):
            if self.instants[at] >= us and matches(self.walls[at]):
                return self.instants[at]
        return None


@lru_cache(maxsize=64)
def scanned(name: str, around: int, hours: int = 60, step: int = MINUTE) -> Scan:
    """Return a scan of this many hours before and after an instant, on whole steps."""
    middle = around // HOUR * HOUR
    return Scan(name, middle - hours * HOUR, middle + hours * HOUR, step)


@cache
def changes_of(name: str, first: int = 1985, last: int = 2038) -> tuple[int, ...]:
    """Return the instants at which a zone's offset changes, found by asking once a day."""
    tz = ZoneInfo(name)
    start, end = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MICRO for year in (first, last))
    found = []
    before = offset_at(tz, start)
    for day in range(start, end, DAY):
        after = offset_at(tz, day + DAY)
        if after != before:
            low, high = day, day + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(tz, middle) == before else (low, middle)
            found.append(high)
            before = after
    return tuple(found)


@pytest.fixture(scope="session")
def scan() -> Callable[..., Scan]:
    """Return the maker of scans: `scan(zone name, instant, hours=60, step=MINUTE)`."""
    return scanned


@pytest.fixture(scope="session")
def changes() -> list[tuple[str, int]]:
    """Every change of every troubled zone from 1985 to 2037."""
    return [(name, at) for name in TROUBLED for at in changes_of(name)]
