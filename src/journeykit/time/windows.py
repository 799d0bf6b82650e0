"""Which stretches of the wall clock are covered? The arithmetic behind quiet hours (rule G2).

Being covered is a question about the local date and time alone. The first uncovered instant
is found by walking the stretches between two changes of offset: within one, wall time runs
like real time.

Keeps true:
    * a window includes its start and excludes its end;
    * a window over midnight belongs to the weekday on which it starts, and its part after
      midnight follows the weekday before, even where that date was never shown;
    * each pass of a repeated hour is judged by what the clock shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from journeykit.time.holidays import DaySet, union_of
from journeykit.time.instants import DAY
from journeykit.time.zones import Zone

WEEK = 7 * DAY
LONGEST_CLOSURE = 400  # days: whoever would wait longer waits in vain
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday, in wall micros


class Span(NamedTuple):
    """A window of the day, `[start, end)` in micros since midnight.

    An end before the start lies on the next day; equal ends make an empty window; an end of
    a whole day is midnight. `days` are the weekdays on which it starts, all when None.
    """

    start: int
    end: int
    days: frozenset[int] | None = None


class Windows:
    """A union of weekly spans and of whole local dates."""

    __slots__ = ("_bounds", "dates")

    def __init__(self, bounds: tuple[int, ...], dates: DaySet) -> None:
        """Take the merged bounds within a week: start, end, start, end, …"""
        self._bounds = bounds
        self.dates = dates

    @classmethod
    def of(
        cls, spans: Sequence[Span], *, dates: DaySet = frozenset(), outside: bool = False
    ) -> Windows:
        """Build from spans; `dates` are day numbers (wall micros divided by a day).

        With `outside`, all of the week is covered that the spans leave out; `dates` are
        covered in either case.
        """
        pieces: list[tuple[int, int]] = []
        for span in spans:
            for day in span.days if span.days is not None else range(7):
                start = day * DAY + span.start
                end = day * DAY + span.end + (DAY if span.end < span.start else 0)
                if span.start == span.end:
                    continue
                pieces.append((start, min(end, WEEK)))
                if end > WEEK:
                    pieces.append((0, end - WEEK))
        bounds = _merged(pieces)
        return cls(_inverted(bounds) if outside else bounds, dates)

    @classmethod
    def union(cls, parts: Iterable[Windows]) -> Windows:
        """Return what covers all that any of the parts covers."""
        pieces: list[tuple[int, int]] = []
        dates: DaySet = frozenset()
        for part in parts:
            pieces += zip(part._bounds[::2], part._bounds[1::2], strict=True)
            dates = union_of(dates, part.dates)
        return cls(_merged(pieces), dates)

    @property
    def without_calendars(self) -> Windows:
        """The same without the holidays of calendars: weeks, and dates that were listed."""
        own = self.dates if isinstance(self.dates, frozenset) else self.dates.own
        return Windows(self._bounds, own)

    def covers(self, wall: int) -> bool:
        """Tell whether a local date and time is covered."""
        if self.dates and wall // DAY in self.dates:
            return True
        return bisect_right(self._bounds, (wall - _MONDAY) % WEEK) % 2 == 1

    def next_uncovered(
        self, us: int, zone: Zone, *, limit_days: int = LONGEST_CLOSURE
    ) -> int | None:
        """Return the first instant at or after `us` that is not covered, or None."""
        return self._walk(us, zone, limit_days, covered=False)

    def next_covered(self, us: int, zone: Zone, *, limit_days: int = LONGEST_CLOSURE) -> int | None:
        """Return the first instant at or after `us` that is covered, or None."""
        return self._walk(us, zone, limit_days, covered=True)

    def _walk(self, us: int, zone: Zone, limit_days: int, *, covered: bool) -> int | None:
        end = us + limit_days * DAY
        while True:
            offset = zone.offset(us)
            wall = us + offset
            if self.covers(wall) is covered:
                return us
            found = self._wall_edge(wall, end + offset, covered=covered)
            change = zone.next_change(us, end if found is None else found - offset)
            if change is None:
                return None if found is None else found - offset
            us = change

    def _wall_edge(self, wall: int, limit: int, *, covered: bool) -> int | None:
        """Return the first wall time from `wall` on that is covered, or not, as asked."""
        while wall <= limit:
            if self.covers(wall) is covered:
                return wall
            wall = self._next_bound(wall)
        return None

    def _next_bound(self, wall: int) -> int:
        """Return the next wall time at which covering may change."""
        into = (wall - _MONDAY) % WEEK
        place = bisect_right(self._bounds, into)
        bound = self._bounds[place] if place < len(self._bounds) else WEEK
        following = wall - into + bound
        if self.dates:
            return min(following, (wall // DAY + 1) * DAY)
        return following


def _merged(pieces: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    bounds: list[int] = []
    for start, end in sorted(pieces):
        if bounds and start <= bounds[-1]:
            bounds[-1] = max(bounds[-1], end)
        else:
            bounds += [start, end]
    return tuple(bounds)


def _inverted(bounds: tuple[int, ...]) -> tuple[int, ...]:
    """Return the bounds of the rest of the week."""
    edges = [0, *bounds, WEEK]
    if edges[:2] == [0, 0]:
        del edges[:2]
    if edges[-2:] == [WEEK, WEEK]:
        del edges[-2:]
    return tuple(edges)


def first_uncovered(
    us: int, clocks: Sequence[tuple[Windows, Zone]], *, limit_days: int = LONGEST_CLOSURE
) -> int | None:
    """Return the first instant at or after `us` that no windows cover in their zone, or None."""
    at, end, agreed = us, us + limit_days * DAY, 0
    while agreed < len(clocks):
        for windows, zone in clocks:
            opens = windows.next_uncovered(at, zone, limit_days=limit_days)
            if opens is None or opens > end:
                return None
            agreed = agreed + 1 if opens == at else 1
            at = opens
    return at


def never_open(windows: Windows) -> bool:
    """Tell whether these windows, and their own dates, leave nothing open for 400 days on end.

    Holidays of calendars are left out of account: they are for the customer's clock to tell.
    """
    bounds = windows._bounds
    if bounds == (0, WEEK):
        return True
    dates = windows.dates if isinstance(windows.dates, frozenset) else windows.dates.own
    closed = {
        day
        for day in range(7)
        if bisect_right(bounds, day * DAY) % 2
        and bisect_right(bounds, day * DAY) == bisect_right(bounds, (day + 1) * DAY - 1)
    }
    return _longest_closure(sorted(dates), closed) > LONGEST_CLOSURE


def _longest_closure(dates: Sequence[int], closed: Collection[int]) -> int:
    """Return how many days on end are closed by their weekday or are among the dates."""
    longest = first = 0
    last = None
    for day in dates:
        if last is None or not _all_closed(range(last + 1, min(day, last + 8)), closed):
            first = day
            while (first + 2) % 7 in closed:
                first -= 1
        last = end = day
        while (end + 4) % 7 in closed:
            end += 1
        longest = max(longest, end - first + 1)
    return longest


def _all_closed(days: Iterable[int], closed: Collection[int]) -> bool:
    return all((day + 3) % 7 in closed for day in days)
