"""Each promise about buckets and the list is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress as ignoring
from functools import partial

import msgspec
import pytest

from journeykit.adapters import MemoryStore
from journeykit.ports import Bucket, CustomerCommit, Hand, Suppression, Taken, Taking
from journeykit.testing import store_shared as promises
from journeykit.testing.store_shared import SHARED_PROMISES, shares_with_its_twin
from saboteurs import found_out, proofs

PATIENCE_SECONDS = 0.3
Places = Sequence[tuple[str, str]]
replace = msgspec.structs.replace


class NeverEmpty(MemoryStore):
    """Nothing is kept of what was taken."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        self._buckets.clear()
        return super().take(bucket, asked)


class NeverFills(MemoryStore):
    """No token comes back."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        return super().take(bucket, replace(asked, now=0))


class FillsAtOnce(MemoryStore):
    """A token comes back a microsecond early."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        return super().take(bucket, replace(asked, now=asked.now + (asked.now % 10 == 9)))


class OneBucketForAll(MemoryStore):
    """The name does not matter."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        return super().take("", asked)


class BucketsWithoutCase(MemoryStore):
    """Names are compared without regard to case."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        return super().take(bucket.lower(), asked)


class ForgetsTheQueue(MemoryStore):
    """The tokens are kept, the turns are not."""

    def take(self, bucket: str, asked: Taking) -> Taken:
        taken = super().take(bucket, asked)
        self._buckets[bucket] = Bucket(self._buckets[bucket].full)
        return taken


class TakesWithoutALock(MemoryStore):
    """Two that take at one time see the same bucket: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def take(self, bucket: str, asked: Taking) -> Taken:
        before = self._buckets.get(bucket, Bucket())
        with ignoring(threading.BrokenBarrierError):
            self.meeting.wait(PATIENCE_SECONDS)
        self._buckets[bucket] = before
        return super().take(bucket, asked)


class RecoversTokens(MemoryStore):
    """A worker that starts again fills the buckets."""

    def recover(self, worker: str) -> int:
        self._buckets.clear()
        return super().recover(worker)


class CommitFillsBuckets(MemoryStore):
    """So does a commit."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        self._buckets.clear()
        return super().commit(commits)


class ListsWithoutChannel(MemoryStore):
    """An address that is suppressed on one channel is so on all."""

    def suppressed(self, addresses: Places) -> Mapping[tuple[str, str], Suppression]:
        known = {row.address: row for row in self._suppressed.values()}
        return {place: known[place[1]] for place in addresses if place[1] in known}


class ListsWithoutCase(MemoryStore):
    """An address in other letters counts as the same."""

    def suppressed(self, addresses: Places) -> Mapping[tuple[str, str], Suppression]:
        known = {place: super(ListsWithoutCase, self).suppressed([(place[0], place[1].lower())])
                 for place in addresses}  # fmt: skip
        return {place: next(iter(found.values())) for place, found in known.items() if found}


class AnswersWithTheWholeList(MemoryStore):
    """What was not asked for is told as well."""

    def suppressed(self, addresses: Places) -> Mapping[tuple[str, str], Suppression]:
        return dict(self._suppressed)


class AnswersAThousand(MemoryStore):
    """Of a long question the end is not read."""

    def suppressed(self, addresses: Places) -> Mapping[tuple[str, str], Suppression]:
        return super().suppressed(addresses[:1000])


class KeepsTheLastReason(MemoryStore):
    """Whoever lists an address again overwrites it."""

    def suppress(self, rows: Sequence[Suppression]) -> None:
        self.unsuppress([(row.channel, row.address) for row in rows])
        super().suppress(rows)


class RefusesRepeats(MemoryStore):
    """One address that is listed already spoils the call."""

    def suppress(self, rows: Sequence[Suppression]) -> None:
        if not any((row.channel, row.address) in self._suppressed for row in rows):
            super().suppress(rows)


class NeverUnlists(MemoryStore):
    """Once on the list, always on the list."""

    def unsuppress(self, addresses: Places) -> None:
        return


class UnlistsOnAllChannels(MemoryStore):
    """The channel does not matter."""

    def unsuppress(self, addresses: Places) -> None:
        gone = {address for _, address in addresses}
        super().unsuppress([place for place in self._suppressed if place[1] in gone])


class UnlistsKnownOnly(MemoryStore):
    """Taking off what is not there fails."""

    def unsuppress(self, addresses: Places) -> None:
        for place in addresses:
            del self._suppressed[place]


class CommitsNoList(MemoryStore):
    """The list of a commit is left out."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit([replace(one, suppress=(), unsuppress=()) for one in commits])


class CommitsStaleLists(MemoryStore):
    """That of a stale commit is not."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for one in commits:
            self.suppress(one.suppress)
            self.unsuppress(one.unsuppress)
        return super().commit(commits)


class HoldsOneOnly(MemoryStore):
    """Asked about anybody, it knows of the first announcement."""

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        return super().hands(customer_id, now)[:1]


class HoldsNobody(MemoryStore):
    """None is a customer like any other, whom nobody holds."""

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        return super().hands(customer_id or "", now)


SABOTAGE = [
    (promises.gives_out_what_a_bucket_holds, NeverEmpty),
    (promises.gives_out_what_a_bucket_holds, NeverFills),
    (promises.gives_out_what_a_bucket_holds, FillsAtOnce),
    (promises.keeps_buckets_apart, OneBucketForAll),
    (promises.keeps_buckets_apart, BucketsWithoutCase),
    (promises.remembers_the_queue, ForgetsTheQueue),
    (promises.takes_one_after_the_other, TakesWithoutALock),
    (promises.gives_no_token_back, RecoversTokens),
    (promises.gives_no_token_back, CommitFillsBuckets),
    (promises.lists_suppressed_addresses, ListsWithoutChannel),
    (promises.lists_suppressed_addresses, ListsWithoutCase),
    (promises.lists_suppressed_addresses, AnswersWithTheWholeList),
    (promises.lists_suppressed_addresses, AnswersAThousand),
    (promises.keeps_the_first_reason, KeepsTheLastReason),
    (promises.keeps_the_first_reason, RefusesRepeats),
    (promises.takes_addresses_off_the_list, NeverUnlists),
    (promises.takes_addresses_off_the_list, UnlistsOnAllChannels),
    (promises.takes_addresses_off_the_list, UnlistsKnownOnly),
    (promises.lists_with_the_commit, CommitsNoList),
    (promises.lists_with_the_commit, CommitsStaleLists),
    (promises.tells_who_holds_anybody, HoldsOneOnly),
    (promises.tells_who_holds_anybody, HoldsNobody),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(SHARED_PROMISES, SABOTAGE)


def sharing(store: MemoryStore, *, buckets: bool = True, addresses: bool = True) -> MemoryStore:
    """Return another door to the data of `store`, or to most of it."""
    twin = MemoryStore()
    own = dict(twin.__dict__)
    twin.__dict__ = dict(store.__dict__)
    if not buckets:
        twin._buckets = own["_buckets"]
    if not addresses:
        twin._suppressed = own["_suppressed"]
    return twin


def test_a_true_reopening_is_not_complained_about() -> None:
    store = MemoryStore()
    shares_with_its_twin(store, again=partial(sharing, store))


@pytest.mark.parametrize("lost", ["buckets", "addresses"])
def test_a_broken_reopening_is_noticed(lost: str) -> None:
    def open_twice(store: MemoryStore) -> None:
        shares_with_its_twin(store, again=partial(sharing, store, **{lost: False}))

    assert found_out(open_twice, MemoryStore)
