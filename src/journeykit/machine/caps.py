"""How many messages are too many? One cap of the policy, compiled (rule G3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from journeykit.machine.covering import guards_of, names_in
from journeykit.machine.guards import Reading
from journeykit.model import FrequencyCap, MinimumGap
from journeykit.time import DAY, HOUR, Duration, Zone, naive_of, parse_days, shift

_KEPT = 4096  # floors of calendar windows, by zone and day: a tick needs a few dozen
_FURTHEST = 26 * HOUR  # no clock shows a time further from UTC


class Covered(Protocol):
    """What of a message decides which caps cover it."""

    @property
    def channel(self) -> str:
        """The channel it goes through."""

    @property
    def topic(self) -> str:
        """What it is about; "" for no topic."""

    @property
    def journey(self) -> str:
        """The journey that sends it."""

    @property
    def template(self) -> str:
        """The name of its template."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What its author marked it with."""


class CapRule:
    """One compiled `FrequencyCap` or `MinimumGap`: a gap is a cap of one per span.

    `span` is the window in micros where it is elapsed time; `duration` the same for spans
    with a calendar part; `calendar` names a calendar window. Exactly one is set. `own_limit`
    is the field of the profile that may lower the limit, or None. `covers` tells whether the
    cap concerns, and counts, a message, its condition apart.
    """

    __slots__ = (
        "_floors", "calendar", "counts_transactional", "covers", "duration", "guard",
        "if_zone_unknown", "is_marked", "is_scoped", "lapses", "limit", "look_ahead", "own_limit", "span", "title", "week_starts",
    )  # fmt: skip

    def __init__(self, cap: FrequencyCap | MinimumGap) -> None:
        per: Duration | str
        if isinstance(cap, FrequencyCap):
            per, self.limit, self.look_ahead = cap.per, cap.limit, cap.look_ahead
            self.own_limit = None if cap.own_limit is None else cap.own_limit.field
            (self.week_starts,) = parse_days([cap.week_starts])
            self.if_zone_unknown = cap.if_zone_unknown
        else:
            per, self.limit, self.look_ahead = cap.span, 1, None
            self.own_limit, self.week_starts, self.if_zone_unknown = None, 0, "default"
        self.title = cap.title
        self.calendar = per if isinstance(per, str) else None
        self.duration = per if isinstance(per, Duration) and per.is_calendar else None
        self.span = per.micros if isinstance(per, Duration) and not per.is_calendar else None
        tests = _tests(cap)
        self.is_scoped = bool(tests)
        self.is_marked = cap.tags is not None or cap.templates is not None
        self.covers = _all_of(tests)
        self.counts_transactional = cap.counts_transactional
        self.guard, self.lapses = guards_of(
            cap.where, cap.countries, cap.valid_from, cap.valid_until
        )
        self._floors: dict[tuple[Zone, int], tuple[int, bool]] = {}

    @property
    def reach(self) -> int:
        """Upper bound of how long ago a message may be and still count, in micros."""
        if self.calendar is not None:
            return 33 * DAY
        if self.span is not None:
            return self.span
        assert self.duration is not None
        return (self.duration.months * 31 + self.duration.days + 2) * DAY + self.duration.micros

    def limit_for(self, reading: Reading) -> int:
        """Return how many messages the customer may get: the limit, or the own stricter wish."""
        if self.own_limit is None:
            return self.limit
        wish = reading.profile.get(self.own_limit)
        return self.limit if wish is None else min(self.limit, max(0, wish))

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

    def first_end(self, used: Sequence[int], at: int, zone: Zone) -> int:
        """Return the first instant after `at` at which one of `used`, which all count, does not."""
        if self.duration is not None:  # in an overlap, who was sent later may end sooner
            return min(shift(sent, self.duration, zone) for sent in used)
        return self.ends(min(used), at, zone)

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


Test = Callable[[Covered], bool]


def _tests(cap: FrequencyCap | MinimumGap) -> list[Test]:
    """Return one test for each kind of name that the cap gives."""
    found: list[Test] = []
    channels, topics, journeys, tags, templates = map(
        names_in, (cap.channels, cap.topics, cap.journeys, cap.tags, cap.templates)
    )
    if channels is not None:
        found.append(lambda one: one.channel in channels)
    if topics is not None:
        found.append(lambda one: one.topic in topics)
    if journeys is not None:
        found.append(lambda one: one.journey in journeys)
    if templates is not None:
        found.append(lambda one: one.template in templates)
    if tags is not None:
        found.append(lambda one: not tags.isdisjoint(one.tags))
    return found


def _all_of(tests: Sequence[Test]) -> Test:
    match tests:
        case []:
            return lambda one: True
        case [test]:
            return test
        case [first, second]:
            return lambda one: first(one) and second(one)
        case _:
            return lambda one: all(test(one) for test in tests)
