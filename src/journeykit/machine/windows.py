"""When does nothing leave? One rule of the policy by the clock, compiled (rule G2)."""

from __future__ import annotations

from journeykit.machine.covering import guards_of, names_in
from journeykit.model import ClockRule


class QuietRule:
    """One compiled `QuietHours` or `SendWindow`: `windows` are the times that it forbids.

    `is_named` tells whether the author named it: then reasons go by that name.
    """

    __slots__ = (
        "channels", "guard", "if_zone_unknown", "is_named", "lapses", "title", "topics", "windows",
    )  # fmt: skip

    def __init__(self, rule: ClockRule) -> None:
        self.title = rule.title
        self.is_named = rule.name is not None
        self.windows = rule.windows
        self.channels = names_in(rule.channels)
        self.topics = names_in(rule.topics)
        self.guard, self.lapses = guards_of(
            rule.where, rule.countries, rule.valid_from, rule.valid_until
        )
        self.if_zone_unknown = rule.if_zone_unknown

    def covers(self, channel: str, topic: str) -> bool:
        """Tell whether it concerns such a message, its condition apart."""
        return (self.channels is None or channel in self.channels) and (
            self.topics is None or topic in self.topics
        )
