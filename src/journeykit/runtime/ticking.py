"""What does a tick do? Advance what is due, hand over what may go, until nothing is left."""

from __future__ import annotations

from collections.abc import Iterable

from journeykit.machine import Rules
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.delivery import deliver
from journeykit.runtime.outcomes import TickCounts
from journeykit.runtime.releasing import Terms
from journeykit.runtime.rounds import Delivered
from journeykit.runtime.working import work
from journeykit.time import MINUTE

LEASE = 5 * MINUTE
_FEWEST = 10
_LONGEST = 63


class Pace:
    """How many messages are claimed at a time: fewer where channels are slow.

    A round of hand-overs ends after a while and gives back what it has not done, so that
    little is in doubt after a crash. Claiming a thousand to hand over three would be waste.

    What is due longest is claimed first, so that the backlog of a slow channel would hold up the
    messages of all others: those for which time ran out are passed over the next time.
    """

    __slots__ = ("_looks", "_pause", "_slow", "limit", "most", "releases")

    def __init__(self, most: int) -> None:
        self.limit = self.most = most
        self.releases = False
        self._slow: frozenset[str] = frozenset()
        self._pause = self._looks = 0

    def learn(self, done: int, *, cut: bool, left: Iterable[str] = ()) -> None:
        """Take the last round into account: what it did, and for which channels time ran out."""
        self.limit = max(_FEWEST, 2 * done) if cut else 2 * self.limit
        self.limit = min(self.limit, self.most)
        self._slow = frozenset(left)

    def passes_over(self) -> frozenset[str]:
        """Return the channels that the next claim passes over, if any."""
        if self._slow and self._looks:
            self._looks -= 1
            return frozenset()
        return self._slow

    def learn_of_others(self, found: int, left: Iterable[str]) -> None:
        """Take a round into account that passed channels over.

        Where nothing of others was found, it is some time until that is asked again: it may mean
        to look through the whole backlog of the slow ones.
        """
        self._pause = 0 if found else min(2 * self._pause + 1, _LONGEST)
        self._looks = self._pause
        left = frozenset(left)
        self._slow = self._slow | left if left else left

    def terms(self, until: int, lease: int) -> Terms | None:
        """Return on what terms work hands over what it releases: at once if channels keep up."""
        if self.limit < self.most or self._slow:
            return None
        return Terms(until, self.limit, lease, self.releases)


def tick(rules: Rules, until: int, limit: int, lease: int = LEASE) -> Flow[TickCounts]:
    """Work everything off that is due at `until`, `limit` customers or messages at a time."""
    counts = TickCounts()
    pace = Pace(limit)
    while (yield from turn(rules, until, pace, lease, counts)):
        pass
    return counts


def _deliver(rules: Rules, until: int, pace: Pace, lease: int) -> Flow[Delivered]:
    """Hand over what is due; every other time, what is not behind the backlog of a slow channel."""
    slow = pace.passes_over()
    if slow:
        sent = yield from deliver(rules, until, pace.most, lease, slow)
        pace.learn_of_others(sent.claimed, sent.left)
        if sent.claimed:
            sent.passed_over = True
            return sent
    sent = yield from deliver(rules, until, pace.limit, lease)
    pace.learn(sent.finished, cut=sent.cut, left=sent.left)
    return sent


def turn(rules: Rules, until: int, pace: Pace, lease: int, counts: TickCounts) -> Flow[bool]:
    """Take one batch of customers and one of messages; tell whether to go on."""
    worked = yield from work(rules, until, pace.most, pace.terms(until, lease))
    if worked.advanced:
        pace.releases = 2 * worked.releasing >= worked.advanced
    if worked.sent is not None and worked.sent.stopped:
        sent = Delivered(stopped=True)
    else:
        if worked.advanced:  # what they released is due by the clock of now, not of `until`
            until = max(until, (yield from Now()))
        sent = yield from _deliver(rules, until, pace, lease)
    if worked.sent is not None:
        if worked.sent.cut:
            pace.learn(worked.sent.finished, cut=True, left=sent.left | worked.sent.left)
        sent.join(worked.sent)
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
        or sent.passed_over
    )
