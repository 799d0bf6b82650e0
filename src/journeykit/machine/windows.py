"""When is it quiet? One rule of the policy, compiled."""

from __future__ import annotations

from datetime import datetime, time

from journeykit.machine.covering import guards_of, names_in
from journeykit.model import QuietHours
from journeykit.time import DAY, Windows, wall_of


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
        self.channels = names_in(rule.channels)
        self.topics = names_in(rule.topics)
        self.guard, self.lapses = guards_of(rule.where)
        self.if_zone_unknown = rule.if_zone_unknown

    def covers(self, channel: str, topic: str) -> bool:
        """Tell whether it concerns such a message, its condition apart."""
        return (self.channels is None or channel in self.channels) and (
            self.topics is None or topic in self.topics
        )
