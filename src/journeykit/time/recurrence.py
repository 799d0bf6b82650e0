"""On which local dates does a rule recur? RFC 5545's RRULE, on naive dates (T3).

dateutil walks the rule; a date becomes an instant by one function, at the time of day that
goes with the rule. What would say more than a date is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice

from journeykit.time.instants import DAY, number_of
from journeykit.time.zones import Zone

EPOCH = date(2001, 1, 1)
"""Where a rule is counted from that does not say: a Monday, and the first of a year."""
_DATES = frozenset({"YEARLY", "MONTHLY", "WEEKLY", "DAILY"})
_PARTS = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY",
     "BYWEEKNO", "BYSETPOS"}
)  # fmt: skip
_LAST = 9998  # the last year whose local times are instants in every zone


class Recurrence:
    """An RRULE that gives local dates.

    Args:
        rule: Such as `FREQ=MONTHLY;BYDAY=1MO`, with or without `RRULE:` before it.
        starts: From when on it counts (`DTSTART`); needed for `COUNT` and for an `INTERVAL`
            of more than one. Without it, a Monday and first of January of the past.

    Raises:
        ValueError: It cannot be read, says more than dates, or never comes.
    """

    __slots__ = ("_dates", "_is_whole", "_known", "rule", "starts")

    def __init__(self, rule: str, starts: date | None = None) -> None:
        self.rule = rule
        self.starts = starts
        self._known: tuple[int, ...] = ()
        self._is_whole = False
        self._dates = _read(rule, starts)

    def __repr__(self) -> str:
        return f"Recurrence({self.rule!r}, {self.starts!r})"

    def dates_from(self, day: int) -> Iterator[int]:
        """Yield its dates from `day` on, as numbers of days since 1970-01-01."""
        while not self._is_whole and (not self._known or self._known[-1] < day):
            self._look_further()
        place = bisect_left(self._known, day)
        while True:
            if place == len(self._known):
                if self._is_whole:
                    return
                self._look_further()
            else:
                yield self._known[place]
                place += 1

    def next_after(self, us: int, zone: Zone, clock: int) -> int | None:
        """Return the first instant strictly after `us` at which it comes; None for never again.

        A date that the zone left out is skipped; a time of day in a gap comes later by its
        length, one that comes twice on its first pass (T3).
        """
        for day in self.dates_from(zone.wall(us) // DAY - 1):
            if not zone.date_exists(day):
                continue
            moment = zone.instant(day * DAY + clock)
            if moment > us:
                return moment
        return None

    def _look_further(self) -> None:
        """Know twice as many dates. Two threads that do it at a time come to the same."""
        known = self._known
        more = max(len(known), 64)
        found = tuple(islice(_days(self._dates), len(known), len(known) + more))
        self._known = known + found
        self._is_whole = len(found) < more


def _read(rule: str, starts: date | None) -> Iterable[datetime]:
    """Check the rule, and return its dates."""
    if not isinstance(rule, str):
        raise ValueError(f"{rule!r} is no recurrence rule: write 'FREQ=MONTHLY;BYDAY=1MO'")
    parts = _parts_of(rule)
    if starts is None and (parts.get("INTERVAL", "1") != "1" or "COUNT" in parts):
        what = "COUNT" if "COUNT" in parts else "INTERVAL"
        raise ValueError(f"rrule {rule!r}: {what} is counted from a start; write starts=date(...)")
    for tried in _tried(parts):
        if next(_days(_dates_of(rule, tried, starts)), None) is None:
            raise ValueError(f"rrule {rule!r} never comes: there is no such date; check its parts")
    return _dates_of(rule, parts, starts)


def _parts_of(rule: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in rule.upper().removeprefix("RRULE:").split(";"):
        name, given, value = part.partition("=")
        if not given or not value or name in parts:
            raise ValueError(f"rrule {rule!r}: {part!r} cannot be read; write NAME=VALUE once each")
        if name not in _PARTS:
            raise ValueError(
                f"rrule {rule!r}: {name} is no part of a rule for dates; give the time of day with "
                "at=, or write a cron expression"
            )
        parts[name] = value
    if parts.get("FREQ") not in _DATES:
        raise ValueError(
            f"rrule {rule!r}: FREQ must be one of {', '.join(sorted(_DATES))}; write FREQ=WEEKLY"
        )
    if not re.fullmatch(r"[1-9]\d{0,3}", parts.get("INTERVAL", "1")):
        raise ValueError(f"rrule {rule!r}: INTERVAL must be a whole number; write one of 1 to 9999")
    until = parts.get("UNTIL")
    if until is not None and not re.fullmatch(r"\d{8}", until):
        raise ValueError(
            f"rrule {rule!r}: UNTIL is a local date; write 'UNTIL={until[:8]}', which is included"
        )
    return parts


def _tried(parts: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield what must have a date; first what takes dateutil less time to find to have none."""
    if parts["FREQ"] in ("DAILY", "WEEKLY") and not {"INTERVAL", "BYSETPOS"} & parts.keys():
        yield {**parts, "FREQ": "YEARLY"}
    yield parts


def _dates_of(rule: str, parts: dict[str, str], starts: date | None) -> Iterable[datetime]:
    from dateutil.rrule import rrulestr  # here, since few workspaces need it

    begin = datetime.combine(starts or EPOCH, datetime.min.time())
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        return rrulestr(text, dtstart=begin)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"rrule {rule!r} cannot be read: {error}") from None


def _days(found: Iterable[datetime]) -> Iterator[int]:
    return (number_of(one.date()) for one in found if one.year <= _LAST)
