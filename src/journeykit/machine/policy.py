"""What does the gate run on? The delivery policy, compiled once per workspace.

Which rules concern a message depends on its channel, topic and journey, and on the customer
where a rule has a condition. A `Scope` holds the answer for one combination; it is worked out
when first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from journeykit.machine.crossings import TimedGuard, timed_guard
from journeykit.machine.guards import Guard, Reading, compile_condition
from journeykit.model import Condition, FrequencyCap, Policy, QuietHours
from journeykit.time import DAY, HOUR, Duration, Windows, Zone, naive_of, parse_days, shift, wall_of

LEDGER_AT_LEAST = 35 * DAY
_KEPT = 4096  # floors of calendar windows, by zone and day: a tick needs a few dozen
_FURTHEST = 26 * HOUR  # no clock shows a time further from UTC


class QuietRule:
    """One compiled `QuietHours`."""

    __slots__ = (
        "channels", "dates", "guard", "if_zone_unknown", "lapses", "span", "title", "topics",
        "windows",
    )  # fmt: skip

    def __init__(self, rule: QuietHours) -> None:
        self.title = rule.title
        self.span = rule.span
        self.dates = frozenset(wall_of(datetime.combine(day, time())) // DAY for day in rule.dates)
        self.windows = Windows.of([self.span], dates=self.dates)
        self.channels = _names(rule.channels)
        self.topics = _names(rule.topics)
        self.guard, self.lapses = _guards(rule.where)
        self.if_zone_unknown = rule.if_zone_unknown

    def covers(self, channel: str, topic: str) -> bool:
        """Tell whether it concerns such a message, its condition apart."""
        return (self.channels is None or channel in self.channels) and (
            self.topics is None or topic in self.topics
        )


class CapRule:
    """One compiled `FrequencyCap`.

    `span` is the window in micros where it is elapsed time; `duration` the same for spans
    with a calendar part; `calendar` names a calendar window. Exactly one is set.
    """

    __slots__ = (
        "_floors", "calendar", "channels", "duration", "guard", "is_scoped", "journeys", "lapses",
        "limit", "span", "title", "topics", "week_starts",
    )  # fmt: skip

    def __init__(self, cap: FrequencyCap) -> None:
        per = cap.per
        self.title = cap.title
        self.limit = cap.limit
        self.calendar = per if isinstance(per, str) else None
        self.duration = per if isinstance(per, Duration) and per.is_calendar else None
        self.span = per.micros if isinstance(per, Duration) and not per.is_calendar else None
        self.channels = _names(cap.channels)
        self.topics = _names(cap.topics)
        self.journeys = _names(cap.journeys)
        self.is_scoped = not (self.channels is self.topics is self.journeys is None)
        self.guard, self.lapses = _guards(cap.where)
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


class Scope:
    """The rules that concern one kind of message.

    `windows` is the union of the quiet hours, None where there are none. `zoned` are those of
    them that do not take the workspace's zone for an unknown one.
    """

    __slots__ = ("_guards", "_lapses", "_variants", "caps", "quiet", "windows", "zoned")

    def __init__(self, quiet: Sequence[QuietRule], caps: Sequence[CapRule]) -> None:
        self.quiet = tuple(quiet)
        self.caps = tuple(caps)
        self.windows: Windows | None = None
        if quiet:
            dates = frozenset[int]().union(*(rule.dates for rule in quiet))
            self.windows = Windows.of([rule.span for rule in quiet], dates=dates)
        self.zoned = tuple(rule for rule in quiet if rule.if_zone_unknown != "default")
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self._guards = tuple(rule.guard for rule in rules if rule.guard is not None)
        self._lapses = [rule.lapses for rule in rules if rule.lapses is not None]
        self._variants: dict[tuple[bool, ...], Scope] = {}

    def lapses(self, reading: Reading) -> int | None:
        """Return when the first of its rules stops to concern the customer by time alone.

        None: none does. Asked of a scope whose conditions hold now.
        """
        if not self._lapses:
            return None
        ends = (condition.holds_from(reading) for condition in self._lapses)
        return min((end for end in ends if end is not None), default=None)

    def under(self, reading: Reading) -> Scope:
        """Return the part whose conditions hold."""
        if not self._guards:
            return self
        answers = tuple(guard(reading) for guard in self._guards)
        found = self._variants.get(answers)
        if found is None:
            hold = iter(answers)
            quiet = [rule for rule in self.quiet if rule.guard is None or next(hold)]
            caps = [cap for cap in self.caps if cap.guard is None or next(hold)]
            found = self._variants[answers] = Scope(quiet, caps)
        return found


class GatePlan:
    """The compiled policy of a workspace.

    `is_guarded` tells whether any rule depends on what is known of the customer.
    """

    __slots__ = ("_scopes", "caps", "is_guarded", "ledger_span", "opt_in", "quiet")

    def __init__(self, policy: Policy) -> None:
        self.opt_in: Mapping[str, bool] = {
            channel: mode == "opt-in" for channel, mode in policy.consent.items()
        }
        self.quiet = tuple(map(QuietRule, policy.quiet_hours))
        self.caps = tuple(map(CapRule, policy.caps))
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self.is_guarded = any(rule.guard is not None for rule in rules)
        self.ledger_span = max([LEDGER_AT_LEAST, *(cap.reach for cap in self.caps)])
        self._scopes: dict[tuple[str, str, str], Scope] = {}

    def scope(self, channel: str, topic: str, journey: str) -> Scope:
        """Return the rules for such messages, conditions apart."""
        key = channel, topic, journey
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = Scope(
                [rule for rule in self.quiet if rule.covers(channel, topic)],
                [cap for cap in self.caps if cap.covers(channel, topic, journey)],
            )
        return found


def _names(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _guards(condition: Condition | None) -> tuple[Guard | None, TimedGuard | None]:
    """Return whom a rule concerns, and when time alone ends that."""
    if condition is None:
        return None, None
    guard = compile_condition(condition, incoming=None)
    return guard, timed_guard(condition, lambda reading: not guard(reading))
