"""What does a tick do? Advance what is due, hand over what may go, until nothing is left."""

from __future__ import annotations

from journeykit.machine import Rules
from journeykit.runtime.calls import Flow
from journeykit.runtime.delivery import deliver
from journeykit.runtime.outcomes import TickCounts
from journeykit.runtime.working import work
from journeykit.time import MINUTE

LEASE = 5 * MINUTE
_FEWEST = 10


class Pace:
    """How many messages are claimed at a time: fewer where channels are slow.

    A round of hand-overs ends after a while and gives back what it has not done, so that
    little is in doubt after a crash. Claiming a thousand to hand over three would be waste.
    """

    __slots__ = ("limit", "most")

    def __init__(self, most: int) -> None:
        self.limit = self.most = most

    def learn(self, done: int, *, cut: bool) -> None:
        """Take the last round into account."""
        self.limit = max(_FEWEST, 2 * done) if cut else 2 * self.limit
        self.limit = min(self.limit, self.most)


def tick(rules: Rules, until: int, limit: int, lease: int = LEASE) -> Flow[TickCounts]:
    """Work everything off that is due at `until`, `limit` customers or messages at a time."""
    counts = TickCounts()
    pace = Pace(limit)
    while (yield from turn(rules, until, pace, lease, counts)):
        pass
    return counts


def turn(rules: Rules, until: int, pace: Pace, lease: int, counts: TickCounts) -> Flow[bool]:
    """Take one batch of customers and one of messages; tell whether to go on."""
    worked = yield from work(rules, until, pace.most)
    sent = yield from deliver(rules, until, pace.limit, lease)
    pace.learn(sent.finished, cut=sent.cut)
    counts += TickCounts(
        worked.advanced,
        sent.accepted,
        sent.rejected,
        sent.retried,
        sent.blocked,
        worked.failures + sent.failures,
        sent.errands,
        worked.refused,
    )
    if sent.stopped:
        return False
    return bool(
        worked.entries
        or worked.left
        or worked.failures
        or sent.failures
        or sent.finished
        or sent.overtaken
    )
