"""Each promise about upkeep is broken on purpose, and each time the check notices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from journeykit.adapters import MemoryStore, SQLiteStore
from journeykit.ports import Backlog, ClaimedMessage, JournalCut, StoreStatus
from journeykit.testing import store_upkeep as promises
from journeykit.testing.store_upkeep import UPKEEP_PROMISES, shows_upkeep_to_its_twin
from saboteurs import proofs


class CountsThoseToCome(MemoryStore):
    """What is due some day is counted as due."""

    def status(self, now: int) -> StoreStatus:
        return msgspec.structs.replace(super().status(now), due=super().status(1 << 60).due)


class CountsRowsOfTheInbox(MemoryStore):
    """Two rows of one customer are two customers."""

    def status(self, now: int) -> StoreStatus:
        return msgspec.structs.replace(super().status(now), inbox=Backlog(3, now - 9))


class ForgetsWhenALeaseEnded(MemoryStore):
    """A lease that is over looks like one that is not."""

    def status(self, now: int) -> StoreStatus:
        return msgspec.structs.replace(super().status(now), overdue_leases=Backlog())


class CountsParkedAsDue(MemoryStore):
    """What rests is counted as if nobody took care of it."""

    def status(self, now: int) -> StoreStatus:
        found = super().status(now)
        return msgspec.structs.replace(found, due=Backlog(found.resting, now))


class CutsOneTooMany(MemoryStore):
    """The record behind the cut goes as well."""

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        stale = super().prune(cuts)
        for cut in cuts:
            del self._customers[cut.customer_id].journal[1:2]
        return stale


class CutsOneTooFew(MemoryStore):
    """The oldest record stays."""

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        kept = {cut.customer_id: self._customers[cut.customer_id].journal[0] for cut in cuts}
        stale = super().prune(cuts)
        for name, record in kept.items():
            self._customers[name].journal.insert(0, record)
        return stale


class CutsWhateverTheVersion(MemoryStore):
    """An old cut falls on a journal that belongs to somebody new."""

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        now = self.versions([cut.customer_id for cut in cuts])
        return super().prune([
            msgspec.structs.replace(cut, version=now.get(cut.customer_id, 0)) for cut in cuts
        ])  # fmt: skip


class ForgetsTooEarly(MemoryStore):
    """An id is forgotten at the instant that it expires."""

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        return super().forget(now + 1, limit=limit, buckets=buckets)


class ForgetsWithoutALimit(MemoryStore):
    """All at once, however many there are."""

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        return super().forget(now, limit=limit and 1000, buckets=buckets)


class KeepsAnnouncements(MemoryStore):
    """They are left to the next one who announces something."""

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        return super().forget(0, limit=limit, buckets=buckets)


class ForgetsEveryBucket(MemoryStore):
    """Throttles begin anew whenever somebody cleans up."""

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        found = super().forget(now, limit=limit, buckets=buckets)
        self._buckets.clear()
        return found


class ShowsNoContent(MemoryStore):
    """What was rendered is no part of what is kept of a customer."""

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        return [msgspec.structs.replace(one, content=None) for one in super().outbox(customer_id)]


class ShowsEverybodysOutbox(MemoryStore):
    """The rows of others belong to others."""

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        return [*super().outbox(customer_id), *super().outbox("bob")]


SABOTAGE = [
    (promises.tells_what_waits, CountsThoseToCome),
    (promises.tells_what_waits, CountsRowsOfTheInbox),
    (promises.tells_what_is_held, ForgetsWhenALeaseEnded),
    (promises.tells_who_is_parked, CountsParkedAsDue),
    (promises.cuts_journals, CutsOneTooMany),
    (promises.cuts_journals, CutsOneTooFew),
    (promises.cuts_nothing_that_has_changed, CutsWhateverTheVersion),
    (promises.forgets_event_ids, ForgetsTooEarly),
    (promises.forgets_event_ids, ForgetsWithoutALimit),
    (promises.forgets_announcements, KeepsAnnouncements),
    (promises.forgets_buckets, ForgetsEveryBucket),
    (promises.shows_an_outbox, ShowsNoContent),
    (promises.shows_an_outbox, ShowsEverybodysOutbox),
]

(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_every_promise_has_its_saboteur,
) = proofs(UPKEEP_PROMISES, SABOTAGE)


def test_a_file_keeps_them_for_its_twin(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "one.db") as store:
        shows_upkeep_to_its_twin(store, partial(SQLiteStore, store.path))


def test_a_twin_of_its_own_is_noticed(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "one.db") as store, pytest.raises(AssertionError):
        shows_upkeep_to_its_twin(store, partial(SQLiteStore, tmp_path / "two.db"))
