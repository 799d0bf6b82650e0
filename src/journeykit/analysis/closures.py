"""For how long on end can quiet hours and send windows keep a message from leaving?

Reckoned on the wall clock, from the rules that concern every customer. Holidays of calendars
and changes of the clock are left out of account: they can only make it longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from journeykit.model import Policy, QuietHours, Send, SendWindow
from journeykit.time import DAY, Windows, zone

_WEEK = 7 * DAY
_MONDAY = 4 * DAY


class Closures(NamedTuple):
    """What is closed, by channel, and the rules by their titles."""

    windows: tuple[Windows, ...]
    titles: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.titles)


def closures_of(policy: Policy, send: Send) -> Closures:
    """Return what quiet hours and send windows keep closed for a message, channel by channel."""
    rules = [rule for _, rule in policy.clock_rules if _counts_for_all(rule, send)]
    own = ", ".join(each.hours_in_words for each in send.hours)
    titles: dict[str, None] = {f"outside its own hours {own}": None} if own else {}
    windows: list[Windows] = []
    for channel in send.channels:
        mine = [rule for rule in rules if rule.channels is None or channel in rule.channels]
        titles.update(dict.fromkeys(rule.title for rule in mine))
        closed = [rule.windows for rule in mine]
        if send.hours:
            closed.append(Windows.of([each.span for each in send.hours], outside=True))
        windows.append(Windows.union(closed).without_calendars)
    return Closures(tuple(windows), tuple(titles))


def longest_closure(closed: Closures) -> int | None:
    """Return the longest time on end for which all channels are closed together, in micros.

    None: they never are.
    """
    longest = 0
    for start in sorted({start for one in closed.windows for start in _starts(one)}):
        longest = max(longest, _until_open(closed.windows, start) - start)
    return longest or None


def _counts_for_all(rule: QuietHours | SendWindow, send: Send) -> bool:
    some = (rule.where, rule.countries, rule.valid_from, rule.valid_until)
    if any(one is not None for one in some):
        return False
    return rule.topics is None or send.topic in rule.topics


def _starts(windows: Windows) -> Sequence[int]:
    """Return the wall times at which a closed time can begin: of any week, and around dates."""
    utc = zone("UTC")
    assert isinstance(windows.dates, frozenset)
    days = sorted(windows.dates)
    starts = [day * DAY for day in days]
    mondays = [day * DAY - (day * DAY - _MONDAY) % _WEEK for day in days]
    for week in dict.fromkeys([_A_MONDAY, *mondays]):
        at, end = week - _WEEK, week + 2 * _WEEK
        while (closed := windows.next_covered(at, utc, limit_days=30)) is not None:
            opened = windows.next_uncovered(closed, utc)
            if opened is None or closed >= end:
                break
            starts.append(closed)
            at = opened
    return starts


def _until_open(windows: Sequence[Windows], at: int) -> int:
    """Return the first wall time at or after `at` at which one of them is open."""
    utc = zone("UTC")
    opens = [one.next_uncovered(at, utc) for one in windows]
    return min((end for end in opens if end is not None), default=at)


_A_MONDAY = _MONDAY + 2000 * _WEEK
