"""What does the clock on the wall show? Zones as cached tables of offsets.

`zoneinfo` knows the answers; asking it costs a datetime each time. A `Zone` asks it once for
each stretch of about thirteen months and keeps the offsets and the instants at which they
change. It leans on one fact of the tz database: no zone changes twice within 95 hours (a test
watches it).
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Literal, overload
from zoneinfo import ZoneInfo, available_timezones

from journeykit.errors import UnknownZoneError
from journeykit.time.instants import DAY, HOUR, from_micros, to_micros

Resolve = Literal["compatible", "earlier", "later", "skip"]
_SHIFT = 45  # a stretch is 2**45 micros, 407 days
BLOCK = 1 << _SHIFT
_PROBE = 6 * HOUR
_MARGIN = 26 * HOUR  # no zone is, or jumps, further than this from UTC
# Beyond these the zone stays as it is: a local time there may not fit into a datetime.
_FIRST = to_micros(datetime(1, 1, 2, tzinfo=UTC))
_LAST = to_micros(datetime(9999, 12, 30, tzinfo=UTC))
_MACHINES_OWN = ("localtime", "posixrules", "posix/", "right/")


class Zone:
    """A time zone, asked in micros."""

    __slots__ = ("_blocks", "_info", "name")

    def __init__(self, name: str, info: ZoneInfo) -> None:
        self.name = name
        self._info = info
        self._blocks: dict[int, tuple[list[int], list[int]]] = {}

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def offset(self, us: int) -> int:
        """Return local time minus UTC at an instant, in micros."""
        block = self._blocks.get(us >> _SHIFT)
        if block is None:
            block = self._build(us >> _SHIFT)
        starts, offsets = block
        if len(starts) == 1:
            return offsets[0]
        return offsets[bisect_right(starts, us) - 1]

    def wall(self, us: int) -> int:
        """Return what the clock shows at an instant, in wall micros."""
        block = self._blocks.get(us >> _SHIFT)
        if block is None:
            block = self._build(us >> _SHIFT)
        starts, offsets = block
        if len(starts) == 1:
            return us + offsets[0]
        return us + offsets[bisect_right(starts, us) - 1]

    @overload
    def instant(
        self, wall: int, resolve: Literal["compatible", "earlier", "later"] = "compatible"
    ) -> int: ...

    @overload
    def instant(self, wall: int, resolve: Resolve) -> int | None: ...

    def instant(self, wall: int, resolve: Resolve = "compatible") -> int | None:
        """Return the instant at which the clock shows `wall` (rule T3).

        Args:
            resolve: For a wall time in a gap: the instant later by the gap's length
                (`compatible`, `later`; RFC 5545 3.3.5), earlier by it (`earlier`), or None
                (`skip`). For one that exists twice: its first pass, or its second
                (`later`).
        """
        offsets = self.offsets_near(wall)
        if len(offsets) == 1:
            return wall - offsets[0]
        passes = sorted(wall - o for o in offsets if self.offset(wall - o) == o)
        if passes:
            return passes[-1] if resolve == "later" else passes[0]
        if resolve == "skip":
            return None
        old, new = offsets  # a gap, and so a change: the only one within two days
        return wall - (new if resolve == "earlier" else old)

    def next_change(self, us: int, until: int) -> int | None:
        """Return the first instant after `us`, and not after `until`, with a new offset."""
        for number in range(us >> _SHIFT, (until >> _SHIFT) + 1):
            starts, offsets = self._blocks.get(number) or self._build(number)
            for place, start in enumerate(starts):
                if us < start <= until:
                    before = offsets[place - 1] if place else self.offset(start - 1)
                    if before != offsets[place]:
                        return start
        return None

    def offsets_near(self, us: int) -> tuple[int, ...]:
        """Return the offset within 26 hours of `us`, or the two before and after a change.

        A wall time read as if it were UTC will do for `us`: what the clock shows there, or
        jumps over there, depends on no other offset.
        """
        change = self.next_change(us - _MARGIN, us + _MARGIN)
        if change is None:
            return (self.offset(us),)
        return self.offset(change - 1), self.offset(change)

    def date_exists(self, day: int) -> bool:
        """Tell whether the clock ever shows the date with this day number.

        No zone shows only the middle of a date.
        """
        first, last = day * DAY, (day + 1) * DAY - 1
        if self.next_change(first - _MARGIN, last + _MARGIN) is None:
            return True
        return self.instant(first, "skip") is not None or self.instant(last, "skip") is not None

    def _build(self, number: int) -> tuple[list[int], list[int]]:
        first, end = number << _SHIFT, (number + 1) << _SHIFT
        starts, offsets = [first], [self._ask(first)]
        at = first
        while at < end:
            following = min(at + _PROBE, end)
            there = self._ask(following)
            while there != offsets[-1]:
                change = self._bisect(at, following, offsets[-1])
                starts.append(change)
                offsets.append(self._ask(change))
                at = change
            at = following
        if starts[-1] == end:
            starts.pop()
            offsets.pop()
        self._blocks[number] = starts, offsets
        return starts, offsets

    def _bisect(self, low: int, high: int, offset: int) -> int:
        """Return the first instant in (low, high] whose offset is not `offset`."""
        while high - low > 1:
            middle = (low + high) // 2
            if self._ask(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def _ask(self, us: int) -> int:
        within = from_micros(min(max(us, _FIRST), _LAST))
        offset = within.astimezone(self._info).utcoffset()
        assert offset is not None
        return (offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds


@cache
def _known() -> frozenset[str]:
    return frozenset(n for n in available_timezones() if not n.startswith(_MACHINES_OWN))


@cache
def _zone(name: str) -> Zone:
    return Zone(name, ZoneInfo(name))


def _found(name: str) -> Zone | None:
    if not isinstance(name, str):
        return None
    if not name or name.startswith(_MACHINES_OWN):
        return None
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError):  # unknown, no name at all, a folder
        return None


def is_zone(name: object) -> bool:
    """Tell whether the tz database has a zone of this name."""
    return isinstance(name, str) and _found(name) is not None


def zone(name: str, *, place: str = "timezone") -> Zone:
    """Return the zone of this name, looked up once per process.

    Names such as `localtime` mean another zone on another machine and are not taken. `place`
    is how the error calls the field.

    Raises:
        UnknownZoneError: The tz database has no zone of this name.
    """
    found = _found(name)
    if found is not None:
        return found
    near = get_close_matches(str(name), sorted(_known()), 1)
    hint = f"did you mean {near[0]!r}?" if near else "give an IANA name such as 'Europe/Berlin'"
    raise UnknownZoneError(
        "the tz database has no such time zone", place=place, value=name, remedy=hint
    )
