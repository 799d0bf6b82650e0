"""Do quiet hours and send windows leave any time to speak? Asked when a policy is written (G2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from journeykit.model.base import Wrong
from journeykit.model.conditions import Condition
from journeykit.model.windows import ClockRule
from journeykit.time import LONGEST_CLOSURE, Windows, never_open

T = TypeVar("T")
Placed = tuple[str, ClockRule]
Case = tuple[str, Callable[[ClockRule], bool]]  # in words, and which rules count then
_AT_LEAST = timedelta(days=LONGEST_CLOSURE)


def refuse_never_open(channels: Iterable[str], rules: Sequence[Placed]) -> None:
    """Refuse rules that together leave a channel no instant within 400 days.

    Asked for each channel, topic, country and condition that they name, and from each day on
    from which one counts. Calendars of holidays and zones of customers are left out of account.

    Args:
        rules: Each with its place, such as `quiet_hours[0]`.
    """
    windows = [rule.windows for _, rule in rules]
    for whom, together in _sets(channels, [rule for _, rule in rules]):
        if _closed(windows[n] for n in together):
            needed = [rules[n] for n in _needed(together, windows)]
            names = " and ".join(f"{place} ({rule.title})" for place, rule in needed)
            raise Wrong(
                f"{names} {'together never' if len(needed) > 1 else 'never'} let {whom}",
                f"leave some time of the week open, within {LONGEST_CLOSURE} days",
                needed[0][0].partition("[")[0],
            )


def _closed(windows: Iterable[Windows]) -> bool:
    return never_open(Windows.union(windows))


def _needed(numbers: list[int], windows: Sequence[Windows]) -> list[int]:
    """Return those of the rules without which there would be an opening."""
    needed = numbers
    for one in numbers:
        fewer = [n for n in needed if n != one]
        if _closed(windows[n] for n in fewer):
            needed = fewer
    return needed


def _sets(channels: Iterable[str], every: Sequence[ClockRule]) -> Iterator[tuple[str, list[int]]]:
    """Yield the different sets of rules that concern a message, and in words which message."""
    found = {frozenset(range(len(every))): ""}
    for cases in (
        [_of_channel(channel) for channel in channels],
        _cases(_of_topic, (topic for rule in every for topic in rule.topics or ())),
        _cases(_of_country, (code for rule in every for code in rule.countries or ())),
        _cases(_of_condition, (rule.where for rule in every if rule.where is not None)),
        _cases(_from_day, (rule.valid_from for rule in every if rule.valid_from is not None)),
    ):
        sets: dict[frozenset[int], str] = {}
        for numbers, words in found.items():
            for more, counts in cases:
                some = frozenset(n for n in numbers if counts(every[n]))
                sets.setdefault(some, words + more)
        found = sets
    for numbers, words in found.items():
        yield words, sorted(numbers)


def _cases(make: Callable[[T | None], Case], named: Iterable[T]) -> list[Case]:
    return [make(None), *map(make, dict.fromkeys(named))]


def _of_channel(channel: str) -> Case:
    return (
        f"channel {channel!r} speak",
        lambda rule: rule.channels is None or channel in rule.channels,
    )


def _of_topic(topic: str | None) -> Case:
    words = "" if topic is None else f" about {topic!r}"
    return words, lambda rule: rule.topics is None or topic in rule.topics


def _of_country(code: str | None) -> Case:
    words = "" if code is None else f" in {code}"
    places = () if code is None else (code, code[:2])
    return (
        words,
        lambda rule: rule.countries is None or any(place in rule.countries for place in places),
    )


def _of_condition(where: Condition | None) -> Case:
    words = "" if where is None else " to those whom where= names"
    return words, lambda rule: rule.where is None or rule.where == where


def _from_day(first: date | None) -> Case:
    words = "" if first is None else f" from {first} on"

    def counts(rule: ClockRule) -> bool:
        if first is None:
            return rule.valid_from is None and rule.valid_until is None
        return (rule.valid_from is None or rule.valid_from <= first) and (
            rule.valid_until is None or rule.valid_until - first > _AT_LEAST
        )

    return words, counts
