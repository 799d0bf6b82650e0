"""Each promise about announcements is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from journeykit.adapters import MemoryStore
from journeykit.ports import ClaimedMessage, CustomerCommit, Hand
from journeykit.testing import store_hands as promises
from journeykit.testing.store_hands import HAND_PROMISES, shows_hands_to_its_twin
from saboteurs import found_out, proofs

PATIENCE_SECONDS = 0.3


class HoldsEverybody(MemoryStore):
    """Whose announcement it is does not matter."""

    def hands(self, customer_id: str, now: int) -> Sequence[Hand]:
        return [one.hand for one in self._outbox._hands.values() if one.hand.until > now]


class HoldsTheFirstOnly(MemoryStore):
    """Of several customers one is kept."""

    def hold(self, customer_ids: Sequence[str], now: int, **rest: Any) -> Hand:
        return super().hold(customer_ids[:1], now, **rest)


class HoldsByWorker(MemoryStore):
    """One number for all: each announcement replaces the one before."""

    def hold(self, customer_ids: Sequence[str], now: int, **rest: Any) -> Hand:
        self._outbox._token = 0
        return super().hold(customer_ids, now, **rest)


class HoldsTooLong(MemoryStore):
    """`until` itself still counts."""

    def hands(self, customer_id: str, now: int) -> Sequence[Hand]:
        return super().hands(customer_id, now - 1)


class HoldsForEver(MemoryStore):
    """An announcement ends only when it is let go."""

    def hands(self, customer_id: str, now: int) -> Sequence[Hand]:
        return super().hands(customer_id, 0)


class NeverLetsGo(MemoryStore):
    """Only time ends an announcement."""

    def let_go(self, hand: Hand) -> None:
        return


class LetsGoOfAll(MemoryStore):
    """Letting go of one lets go of every one."""

    def let_go(self, hand: Hand) -> None:
        self._outbox._hands.clear()


class LetsGoOnce(MemoryStore):
    """Letting go of what has ended fails."""

    def let_go(self, hand: Hand) -> None:
        del self._outbox._hands[hand.number]


class CommitEndsHands(MemoryStore):
    """A commit of the customer ends what was announced about it."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        self._outbox._hands.clear()
        return super().commit(commits)


class ClaimEndsHands(MemoryStore):
    """A claim by another worker ends it."""

    def claim(self, now: int, **rest: Any) -> Sequence[ClaimedMessage]:
        self._outbox._hands.clear()
        return super().claim(now, **rest)


class CountsHandsAsDue(MemoryStore):
    """next_due looks at announcements, so that workers wake for nothing."""

    def next_due(self) -> int | None:
        ends = [one.hand.until - 1 for one in self._outbox._hands.values()]
        return min([at for at in [super().next_due()] if at is not None] + ends, default=None)


class RecoversNoHands(MemoryStore):
    """A dead worker's announcements outlive it."""

    def recover(self, worker: str) -> int:
        before = dict(self._outbox._hands)
        count = super().recover(worker)
        self._outbox._hands = before
        return count


class RecoversAllHands(MemoryStore):
    """So do not those of the living."""

    def recover(self, worker: str) -> int:
        self._outbox._hands.clear()
        return super().recover(worker)


class CountsRecoveredHands(MemoryStore):
    """recover tells announcements for leases."""

    def recover(self, worker: str) -> int:
        hands = sum(one.worker == worker for one in self._outbox._hands.values())
        return hands + super().recover(worker)


class NumbersWithoutALock(MemoryStore):
    """Two that announce at one time get one number: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def hold(self, customer_ids: Sequence[str], now: int, **rest: Any) -> Hand:
        number = self._outbox._token
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(PATIENCE_SECONDS)
        self._outbox._token = number
        return super().hold(customer_ids, now, **rest)


SABOTAGE = [
    (promises.tells_who_holds_a_customer, HoldsEverybody),
    (promises.tells_who_holds_a_customer, HoldsTheFirstOnly),
    (promises.tells_who_holds_a_customer, HoldsByWorker),
    (promises.ends_hands_in_time, HoldsTooLong),
    (promises.ends_hands_in_time, HoldsForEver),
    (promises.ends_hands_in_time, NeverLetsGo),
    (promises.ends_hands_in_time, LetsGoOfAll),
    (promises.ends_hands_in_time, LetsGoOnce),
    (promises.keeps_hands_whatever_is_committed, CommitEndsHands),
    (promises.keeps_hands_whatever_is_committed, ClaimEndsHands),
    (promises.keeps_hands_whatever_is_committed, CountsHandsAsDue),
    (promises.ends_hands_of_a_dead_worker, RecoversNoHands),
    (promises.ends_hands_of_a_dead_worker, RecoversAllHands),
    (promises.ends_hands_of_a_dead_worker, CountsRecoveredHands),
    (promises.lets_many_hold, NumbersWithoutALock),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(HAND_PROMISES, SABOTAGE)


def sharing(store: MemoryStore, *, hands: bool = True, both_ways: bool = True) -> MemoryStore:
    """Return another door to the data of `store`, or to most of it."""
    twin = MemoryStore()
    if hands and both_ways:
        twin.__dict__ = store.__dict__
    elif hands:
        twin._outbox._hands = dict(store._outbox._hands)
    return twin


def test_a_true_reopening_is_not_complained_about() -> None:
    store = MemoryStore()
    shows_hands_to_its_twin(store, again=partial(sharing, store))


@pytest.mark.parametrize("lost", ["hands", "both_ways"])
def test_a_broken_reopening_is_noticed(lost: str) -> None:
    def open_twice(store: MemoryStore) -> None:
        shows_hands_to_its_twin(store, again=partial(sharing, store, **{lost: False}))

    assert found_out(open_twice, MemoryStore)
