"""Who counts what a worker does? An `Observer` of the host's: counters, spans of time, gauges.

journeykit measures and hands on; what becomes of the numbers is the host's business. Without an
observer nothing is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

METRICS: Final[Mapping[str, str]] = {
    "journeykit.store.seconds": "span of one call of the store, by `call`; `error` where it failed",
    "journeykit.channel.seconds": "span of one call of channels, by `channel`",
    "journeykit.render.seconds": "span of one rendering, by `template`",
    "journeykit.function.seconds": "span of one call of a function, by `function`",
    "journeykit.commits": "count of customers whose decisions were committed",
    "journeykit.conflicts": "count of decisions made anew, since somebody else was faster",
    "journeykit.messages": "count of messages handed over, by `channel` and `answer`",
    "journeykit.parked": "count of customers left alone for a while, by `reason`",
    "journeykit.backlog": "gauge of what waits, by `of`: due, outbox, inbox, parked",
    "journeykit.backlog.seconds": "gauge of how long the oldest of it waits, by `of`",
}
"""Every measure with its meaning. Names and labels are stable."""


class Observer(Protocol):
    """Takes measures. Inherit from nothing.

    It is called between the calls of ports, on the thread (or in the task) that works, so it
    must be quick. What it raises is swallowed: a broken gauge stops no journey. Labels hold names
    of calls, channels, templates and functions, codes and classes of errors: nothing about
    anybody.
    """

    def count(self, name: str, value: int, labels: Mapping[str, str]) -> None:
        """Add to a counter."""
        ...

    def span(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
        """Record how long something took."""
        ...

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Tell how much there is now."""
        ...
