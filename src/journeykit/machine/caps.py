"""How many messages are too many? One cap of the policy, compiled (rule G3)."""

from __future__ import annotations

from journeykit.machine.covering import guards_of, names_in
from journeykit.model import FrequencyCap
from journeykit.time import DAY, HOUR, Duration, Zone, naive_of, parse_days, shift

_KEPT = 4096  # floors of calendar windows, by zone and day: a tick needs a few dozen
_FURTHEST = 26 * HOUR  # no clock shows a time further from UTC


class CapRule:
    """One compiled `FrequencyCap`.

    `span` is the window in micros where it is elapsed time; `duration` the same for spans
    with a calendar part; `calendar` names a calendar window. Exactly one is set.
    """

    __slots__ = (
        "_floors", "calendar", "channels", "duration", "guard", "is_scoped", "journeys", "lapses",
        "limit", "look_ahead", "span", "title", "topics", "week_starts",
    )  # fmt: skip

    def __init__(self, cap: FrequencyCap) -> None:
        per = cap.per
        self.title = cap.title
        self.limit = cap.limit
        self.calendar = per if isinstance(per, str) else None
        self.duration = per if isinstance(per, Duration) and per.is_calendar else None
        self.span = per.micros if isinstance(per, Duration) and not per.is_calendar else None
        self.channels = names_in(cap.channels)
        self.topics = names_in(cap.topics)
        self.journeys = names_in(cap.journeys)
        self.is_scoped = not (self.channels is self.topics is self.journeys is None)
        self.guard, self.lapses = guards_of(cap.where)
        self.look_ahead = cap.look_ahead
        self._floors: dict[tuple[Zone, int], tuple[int, bool]] = {}
        (self.week_starts,) = parse_days([cap.week_starts])

    @property
    def reach(self) -> int:
        """Upper bound of how long ago a message may be and still count, in micros."""
        if self.calendar is not None:
            return 33 * DAY
        if self.span is not None:
            return self.span
        assert self.duration is not None
        return (self.duration.months * 31 + self.duration.days + 2) * DAY + self.duration.micros

    def covers(self, channel: str, topic: str, journey: str) -> bool:
        """Tell whether it concerns, and counts, such a message, its condition apart."""
        return (
            (self.channels is None or channel in self.channels)
            and (self.topics is None or topic in self.topics)
            and (self.journeys is None or journey in self.journeys)
        )

    def floor(self, at: int, zone: Zone) -> tuple[int, bool]:
        """Return the instant after which messages count at `at`, and whether that is all.

        Where it is not, `counts` must be asked for each message above the floor.
        """
        if self.span is not None:
            return at - self.span, True
        if self.calendar is None:
            return at - self.reach, False
        day = zone.wall(at) // DAY
        known = self._floors.get((zone, day))
        if known is None:
            if len(self._floors) >= _KEPT:
                self._floors.clear()
            known = self._floors[zone, day] = self._calendar_floor(day, zone)
        return known

    def _calendar_floor(self, day: int, zone: Zone) -> tuple[int, bool]:
        """Return `floor` for any instant at which the clock shows `day`."""
        first = self.period(day) * DAY
        if zone.next_change(first - _FURTHEST, (day + 1) * DAY + _FURTHEST) is None:
            return first - zone.offset(first) - 1, True
        return first - _FURTHEST, False

    def counts(self, sent: int, at: int, zone: Zone) -> bool:
        """Tell whether a message accepted at `sent` uses a slot at `at` (rule G3).

        One stamped later than `at`, by a clock that went back, does.
        """
        if sent > at:
            return True
        if self.span is not None:
            return sent > at - self.span
        if self.duration is not None:
            return at < shift(sent, self.duration, zone)
        return self.period(zone.wall(sent) // DAY) == self.period(zone.wall(at) // DAY)

    def ends(self, sent: int, at: int, zone: Zone) -> int:
        """Return the first instant after `at` at which a message that counts does not."""
        if self.span is not None:
            return sent + self.span
        if self.duration is not None:
            return shift(sent, self.duration, zone)
        at = max(at, sent)
        first = self.period(zone.wall(at) // DAY)
        while True:
            end = self._period_after(first) * DAY - zone.offset(at)
            change = zone.next_change(at, end)
            if change is None:
                return end
            if self.period(zone.wall(change) // DAY) != first:
                return change
            at = change

    def period(self, day: int) -> int:
        """Return the first local day (number since 1970) of the calendar window around `day`."""
        if self.calendar == "day":
            return day
        if self.calendar == "week":
            return day - (day + 3 - self.week_starts) % 7  # day 0, 1970-01-01, was a Thursday
        return day - naive_of(day * DAY).day + 1

    def _period_after(self, first: int) -> int:
        if self.calendar == "day":
            return first + 1
        if self.calendar == "week":
            return first + 7
        return self.period(first + 32)
