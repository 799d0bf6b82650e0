"""What does a run need from outside its customer? Functions, turns and slots, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from journeykit.machine.guards import Reading, compile_value
from journeykit.model import RESULT, Call, EntryCap, FieldRef, Journey, RateLimit
from journeykit.time import DAY, Zone, naive_of, zone


class CallPlan:
    """One compiled `Call`. `gives` is the wire name of its result, or None."""

    __slots__ = (
        "_arguments",
        "exit_on_failure",
        "function",
        "gives",
        "max_attempts",
        "park_on_failure",
    )

    def __init__(self, step: Call) -> None:
        self.function = step.function
        self.gives = None if step.gives is None else RESULT + step.gives
        self.max_attempts = step.max_attempts
        self.exit_on_failure = step.on_failure == "exit"
        self.park_on_failure = step.on_failure == "park"
        self._arguments = {name: _getter(value) for name, value in step.arguments.items()}

    def arguments(self, reading: Reading) -> dict[str, Any]:
        """Return the arguments as they are now, in wire form."""
        return {name: read(reading) for name, read in self._arguments.items()}


def _getter(value: object) -> Callable[[Reading], Any]:
    if isinstance(value, FieldRef):
        return compile_value(value, incoming=None)
    return lambda reading: value


class RatePlan:
    """One compiled `RateLimit`.

    The bucket in the store is named after journey, step and rate, so that another limit begins
    with another bucket.
    """

    __slots__ = ("_step", "burst", "interval", "rate")

    def __init__(self, step: RateLimit, id: str) -> None:
        self.interval = step.interval
        self.burst = step.burst
        self.rate = step.rate
        self._step = id

    def bucket(self, journey: str) -> str:
        """Return where the tokens are kept: one bucket for all versions of a journey."""
        return f"#rate {journey}/{self._step} {self.rate}"


class EntryCapRule:
    """One compiled `EntryCap`."""

    __slots__ = ("_journey", "_per", "_zone", "limit", "title")

    def __init__(self, cap: EntryCap, journey: str, default: Zone) -> None:
        self.limit = cap.limit
        self.title = cap.title
        self._journey = journey
        self._per = cap.per
        self._zone = default if cap.zone is None else zone(cap.zone)

    def counter(self, now: int) -> str:
        """Return where the slots of the present period are counted.

        It does not tell the limit: another one counts the entries that there were.
        """
        return f"#entry {self._journey} {self._period(now)}"

    def _period(self, now: int) -> str:
        per = self._per
        if per is None:
            return "all"
        if not isinstance(per, str):
            return f"{per} {now // per.micros}"
        day = naive_of(self._zone.wall(now)).date()
        if per == "day":
            return day.isoformat()
        if per == "month":
            return f"{day.year}-{day.month:02}"
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def length(self) -> int:
        """About how long a period is: the shorter ones are asked first."""
        per = self._per
        if per is None:
            return 1 << 62
        return _LENGTHS[per] if isinstance(per, str) else per.micros


_LENGTHS: Mapping[str, int] = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}


def entry_caps_of(journey: Journey, default: Zone) -> tuple[EntryCapRule, ...]:
    """Return the compiled caps of a journey, the shortest period first."""
    rules = (EntryCapRule(cap, journey.name, default) for cap in journey.entry_caps)
    return tuple(sorted(rules, key=lambda rule: rule.length))
