"""What does the clock on the wall show? Zones as cached tables of offsets.

`zoneinfo` knows the answers; asking it costs a datetime each time. A `Zone` asks it once for
each stretch of about thirteen months and keeps the offsets and the instants at which they
change.
"""

from __future__ import annotations

from bisect import bisect_right
from difflib import get_close_matches
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from journeykit.errors import UnknownZoneError
from journeykit.time.instants import DAY, HOUR, from_micros

Resolve = Literal["compatible", "earlier", "later", "skip"]
_SHIFT = 45  # a stretch is 2**45 micros, 407 days
_PROBE = 6 * HOUR
_MARGIN = 26 * HOUR  # no zone is, or jumps, further than this from UTC


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

    def instant(self, wall: int, resolve: Resolve = "compatible") -> int | None:
        """Return the instant at which the clock shows `wall` (rule T3).

        Args:
            resolve: For a wall time in a gap: the instant later by the gap's length
                (`compatible`, `later`; RFC 5545 3.3.5), earlier by it (`earlier`), or None
                (`skip`). For one that exists twice: its first pass, or its second
                (`later`).
        """
        before = self.offset(wall - _MARGIN)
        after = self.offset(wall + _MARGIN)
        if before == after and self.next_change(wall - _MARGIN, wall + _MARGIN) is None:
            return wall - before
        passes = self._passes(wall)
        if passes:
            return passes[-1] if resolve == "later" else passes[0]
        if resolve == "skip":
            return None
        change = self._gap(wall)
        old, new = self.offset(change - 1), self.offset(change)
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

    def date_exists(self, day: int) -> bool:
        """Tell whether the clock ever shows the date with this day number."""
        return self.instant(day * DAY, "skip") is not None or any(
            self.instant(day * DAY + hour * HOUR, "skip") is not None for hour in range(1, 24)
        )

    def _passes(self, wall: int) -> list[int]:
        """Return every instant at which the clock shows `wall`, earliest first."""
        offsets = {self.offset(wall - _MARGIN)}
        at: int | None = wall - _MARGIN
        while at is not None:
            offsets.add(self.offset(at))
            at = self.next_change(at, wall + _MARGIN)
        return sorted(wall - o for o in offsets if self.offset(wall - o) == o)

    def _gap(self, wall: int) -> int:
        """Return the change over which the clock jumps past `wall`."""
        at: int | None = self.next_change(wall - _MARGIN, wall + _MARGIN)
        while at is not None:
            if at + self.offset(at - 1) <= wall < at + self.offset(at):
                return at
            at = self.next_change(at, wall + _MARGIN)
        raise AssertionError(f"no gap around {wall} in {self.name}")

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
        offset = from_micros(us).astimezone(self._info).utcoffset()
        assert offset is not None
        return (offset.days * 86_400 + offset.seconds) * 1_000_000 + offset.microseconds


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _zone(name: str) -> Zone:
    return Zone(name, ZoneInfo(name))


def zone(name: str) -> Zone:
    """Return the zone of this name, looked up once per process.

    Raises:
        UnknownZoneError: The tz database has no zone of this name.
    """
    if isinstance(name, str) and name and not name.startswith(("/", ".")) and ".." not in name:
        try:
            return _zone(name)
        except (KeyError, ValueError, OSError):
            pass
    near = get_close_matches(str(name), sorted(_known()), 1)
    hint = f"did you mean {near[0]!r}?" if near else "give an IANA name such as 'Europe/Berlin'"
    raise UnknownZoneError(
        "the tz database has no such time zone", place="timezone", value=name, remedy=hint
    )
