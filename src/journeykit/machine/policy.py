"""What does the gate run on? The delivery policy, compiled once per workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time

from journeykit.machine.guards import Guard, compile_condition
from journeykit.model import Condition, FrequencyCap, Policy, QuietHours
from journeykit.time import DAY, Duration, Windows, parse_days, wall_of

LEDGER_AT_LEAST = 35 * DAY


class QuietRule:
    """One compiled `QuietHours`."""

    __slots__ = ("channels", "guard", "if_zone_unknown", "title", "topics", "windows")

    def __init__(self, rule: QuietHours) -> None:
        dates = frozenset(wall_of(datetime.combine(day, time())) // DAY for day in rule.dates)
        self.title = rule.title
        self.windows = Windows.of([rule.span], dates=dates)
        self.channels = _scope(rule.channels)
        self.topics = _scope(rule.topics)
        self.guard = _guard(rule.where)
        self.if_zone_unknown = rule.if_zone_unknown


class CapRule:
    """One compiled `FrequencyCap`.

    `span` is the window in micros where it is elapsed time; `duration` the same for spans
    with a calendar part; `calendar` names a calendar window. Exactly one is set.
    """

    __slots__ = (
        "calendar", "channels", "duration", "guard", "journeys", "limit", "span", "title",
        "topics", "week_starts",
    )  # fmt: skip

    def __init__(self, cap: FrequencyCap) -> None:
        per = cap.per
        self.title = cap.title
        self.limit = cap.limit
        self.calendar = per if isinstance(per, str) else None
        self.duration = per if isinstance(per, Duration) and per.is_calendar else None
        self.span = per.micros if isinstance(per, Duration) and not per.is_calendar else None
        self.channels = _scope(cap.channels)
        self.topics = _scope(cap.topics)
        self.journeys = _scope(cap.journeys)
        self.guard = _guard(cap.where)
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


class GatePlan:
    """The compiled policy of a workspace."""

    __slots__ = ("caps", "ledger_span", "opt_in", "quiet")

    def __init__(self, policy: Policy) -> None:
        self.opt_in: Mapping[str, bool] = {
            channel: mode == "opt-in" for channel, mode in policy.consent.items()
        }
        self.quiet = tuple(map(QuietRule, policy.quiet_hours))
        self.caps = tuple(map(CapRule, policy.caps))
        self.ledger_span = max([LEDGER_AT_LEAST, *(cap.reach for cap in self.caps)])


def _scope(names: Sequence[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _guard(condition: Condition | None) -> Guard | None:
    return None if condition is None else compile_condition(condition, incoming=None)
