"""What does a tick do? Advance what is due, hand over what may go, until nothing is left."""

from __future__ import annotations

from journeykit.machine import Rules
from journeykit.runtime.calls import Flow
from journeykit.runtime.delivery import deliver
from journeykit.runtime.outcomes import TickCounts
from journeykit.runtime.script import work


def tick(rules: Rules, until: int, limit: int) -> Flow[TickCounts]:
    """Work everything off that is due at `until`, `limit` customers or messages at a time."""
    counts = TickCounts()
    while True:
        advanced, entries = yield from work(rules, until, limit)
        round_ = yield from deliver(rules, until, limit)
        counts += TickCounts(
            advanced, round_.accepted, round_.rejected, round_.retried, round_.blocked
        )
        if not (entries or round_.blocked or round_.accepted + round_.rejected + round_.retried):
            return counts
