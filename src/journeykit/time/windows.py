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
from collections.abc import Sequence
from typing import NamedTuple

from journeykit.time.instants import DAY
from journeykit.time.zones import Zone

WEEK = 7 * DAY
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

    def __init__(self, bounds: tuple[int, ...], dates: frozenset[int]) -> None:
        """Take the merged bounds within a week: start, end, start, end, …"""
        self._bounds = bounds
        self.dates = dates

    @classmethod
    def of(cls, spans: Sequence[Span], *, dates: frozenset[int] = frozenset()) -> Windows:
        """Build from spans; `dates` are day numbers (wall micros divided by a day)."""
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
        bounds: list[int] = []
        for start, end in sorted(pieces):
            if bounds and start <= bounds[-1]:
                bounds[-1] = max(bounds[-1], end)
            else:
                bounds += [start, end]
        return cls(tuple(bounds), dates)

    def covers(self, wall: int) -> bool:
        """Tell whether a local date and time is covered."""
        if self.dates and wall // DAY in self.dates:
            return True
        return bisect_right(self._bounds, (wall - _MONDAY) % WEEK) % 2 == 1

    def next_uncovered(self, us: int, zone: Zone, *, limit_days: int = 400) -> int | None:
        """Return the first instant at or after `us` that is not covered, or None."""
        return self._walk(us, zone, limit_days, covered=False)

    def next_covered(self, us: int, zone: Zone, *, limit_days: int = 400) -> int | None:
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


def never_open(windows: Windows) -> bool:
    """Tell whether these windows cover every week as a whole."""
    return windows._bounds == (0, WEEK)
