"""An oracle that knows nothing of journeykit: what `zoneinfo` shows, minute after minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import pairwise
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


class Scan:
    """What the clock of a zone showed, step after step; wall times and instants in micros."""

    def __init__(self, name: str, start: int, end: int, step: int = MINUTE) -> None:
        self.name, self.start, self.end, self.step = name, start, end, step
        self.instants = range(start, end, step)
        tz = ZoneInfo(name)
        offsets = [
            datetime.fromtimestamp(second, tz).utcoffset()
            for second in range(start // SECOND, end // SECOND, step // SECOND)
        ]
        micros = {offset: offset // MICRO for offset in set(offsets) if offset is not None}
        self.walls = [
            us + micros[offset]  # type: ignore[index]  # a zone always has an offset
            for us, offset in zip(self.instants, offsets, strict=True)
        ]
        self._last = dict(zip(self.walls, self.instants, strict=True))
        self._first = dict(zip(reversed(self.walls), reversed(self.instants), strict=True))
        changed = [i for i, (a, b) in enumerate(pairwise(offsets)) if a != b]
        self._jumps = [(self.walls[i], self.walls[i + 1], self.instants[i]) for i in changed]

    def instant(self, wall: int, resolve: str = "compatible") -> int | None:
        """Rule T3, read off the scan."""
        shown = (self._last if resolve == "later" else self._first).get(wall)
        if shown is not None:
            return shown
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
