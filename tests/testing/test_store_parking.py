"""Each promise about parking is broken on purpose, and each time the check notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.adapters.memory_inbox import MemoryInbox
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.adapters.memory_parking import MemoryParking
from journeykit.ports import FOREVER, ClaimedMessage, CustomerCommit, ParkedCustomer, StoredCustomer
from journeykit.testing import store_parking as promises
from journeykit.testing.store_parking import PARKING_PROMISES
from saboteurs import proofs

Stored = Mapping[str, StoredCustomer]


class ParksNobody(MemoryStore):
    """Parking is noted, and overlooked."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        super().park([replace(row, until=0) for row in rows])


class ParksTooLong(MemoryStore):
    """`until` itself is still parked."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        super().park([replace(row, until=row.until + 1) for row in rows])


class ParksTimersOnly(MemoryInbox):
    """The inbox has not heard of parking."""

    def park(self, customer_id: str, until: int) -> None:
        return


class ParksInboxesOnly(MemoryParking):
    """`due` has not heard of parking."""

    def set_due(self, customer_id: str, at: int | None) -> None:
        self._due.set(customer_id, at)
        self._own[customer_id] = at


class ClaimsOfTheParked(MemoryOutbox):
    """Claims have not heard of parking."""

    def _unparked(self, now: int, limit: int, *rest: Any) -> list[str]:
        return self._free.upto(now, limit)


class FiltersBehindTheLimit(MemoryStore):
    """`limit` is applied before the parked are left out."""

    def due(self, now: int, *, limit: int, **rest: Any) -> Sequence[str]:
        parked = self._parking._parked
        ids = sorted({*super().due(now, limit=10**6), *parked})[: max(0, limit)]
        return [id for id in ids if id not in parked]


class ClaimsBehindTheLimit(MemoryOutbox):
    """`limit` is applied before rows of the parked are left out."""

    def _unparked(self, now: int, limit: int, *rest: Any) -> list[str]:
        keys = self._free.upto(now, limit)
        return [k for k in keys if self._parked_until(self._rows[k].customer_id) <= now]


class LeavesClaimsAlone(MemoryOutbox):
    """What is claimed stays claimed until its lease ends."""

    def park(self, customer_ids: Iterable[str]) -> None:
        return


class SleepsOverNews(MemoryInbox):
    """Who is parked stays so, whatever comes in."""

    def append(self, rows: Sequence[Any]) -> None:
        resting = {id: self._resting.at(id) for id in list(self._resting)}
        super().append(rows)
        for id, until in resting.items():
            if until is not None:
                self.park(id, until)


class UnparksOnNews(MemoryStore):
    """What comes in ends the parking."""

    def append(self, rows: Sequence[Any]) -> None:
        super().append(rows)
        self.unpark([row.customer_id for row in rows], 0)


class UnparksNobody(MemoryStore):
    """The rows go, and what was passed over stays where it was put."""

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        return [id for id in set(customer_ids) if self._parking._parked.pop(id, None)]


class UnparksWithoutClaims(MemoryOutbox):
    """What a claim has stepped over does not come back."""

    def unpark(self, customer_id: str) -> None:
        return


class TellsWhoWasAskedFor(MemoryStore):
    """unpark returns everybody it was told."""

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        super().unpark(customer_ids, now)
        return customer_ids


class WakesAtTheEnd(MemoryParking):
    """Who was parked is due when it ends, whether or not anything is."""

    def set_due(self, customer_id: str, at: int | None) -> None:
        super().set_due(customer_id, at)
        if customer_id in self._parked:
            self._due.set(customer_id, self._parked[customer_id].until)


class WakesOnUnpark(MemoryStore):
    """Who is unparked is due now."""

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        ids = super().unpark(customer_ids, now)
        for id in ids:
            self._due.set(id, now)
        return ids


class ListsByEnd(MemoryStore):
    """parked is ordered by `until`."""

    def parked(self, **asked: Any) -> Sequence[ParkedCustomer]:
        return sorted(super().parked(**asked), key=lambda row: (row.until, -row.attempts))


class ParksOnce(MemoryStore):
    """INSERT OR IGNORE: who is parked is not parked anew."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        super().park([row for row in rows if row.customer_id not in self._parking])


class ForgetsWhenItEnds(MemoryStore):
    """Who is parked no longer is not listed any more."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {
            id: replace(one, parked=self._parking.until(id) >= FOREVER) for id, one in found.items()
        }


class RaisesVersions(MemoryStore):
    """Parking is a change of the customer."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        super().park(rows)
        for one in self.load([row.customer_id for row in rows]).values():
            self.commit([CustomerCommit(one.customer_id, one.version, one.body, None)])


class ParksCustomersOnly(MemoryStore):
    """A foreign key: who is not there cannot be parked."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        super().park([row for row in rows if row.customer_id in self._customers])


class OverlooksWhoComes(MemoryStore):
    """A new customer is due by itself, parked or not."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        new = [one for one in commits if one.customer_id not in self._customers]
        stale = super().commit(commits)
        for one in new:
            self._due.set(one.customer_id, one.next_due)
        return stale


class UnparksOnCommit(MemoryStore):
    """A commit ends the parking."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        self.unpark([one.customer_id for one in commits], 0)
        return stale


class KeepsTheFirstDue(MemoryStore):
    """What a commit makes due of a parked customer is forgotten."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        before = dict(self._parking._own)
        stale = super().commit(commits)
        self._parking._own.update(before)
        return stale


class CountsTheParkedAsDue(MemoryStore):
    """next_due takes a parked customer's own instant, so that a worker spins."""

    def next_due(self) -> int | None:
        own = [at for at in self._parking._own.values() if at is not None]
        return min([*own, *([at] if (at := super().next_due()) is not None else [])], default=None)


class CountsRowsOfTheParked(MemoryOutbox):
    """Rows of the parked are counted by their own instant."""

    def first(self) -> int | None:
        firsts = [row.due for row in self._rows.values()]
        return min(firsts, default=None)


class CountsForEver(MemoryStore):
    """What is never due is due at the end of all days."""

    def next_due(self) -> int | None:
        at = super().next_due()
        return FOREVER if at is None and self._parking._parked else at


class KeepsParkingOfTheErased(MemoryStore):
    """Who was erased stays parked."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        rows = list(self.parked(of=[customer_id]))
        was_there = super().erase(customer_id, mark=mark, at=at)
        self.park(rows)
        return was_there


class StopsAtTheFirst(MemoryOutbox):
    """Behind a row of a parked customer next_due does not look."""

    def first(self) -> int | None:
        at = self._free.first()
        if at is not None:
            key = self._free.upto(at, 1)[0]
            at = max(at, self._parked_until(self._rows[key].customer_id))
        return min((one for one in (at, self._leased.first()) if one is not None), default=None)


class GivesBackAtOnce(MemoryOutbox):
    """A claim of a parked customer that is given back may go."""

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        super().unclaim(claims)
        self._handed = {one.key for one in claims}

    def _unparked(self, now: int, limit: int, *rest: Any) -> list[str]:
        back = getattr(self, "_handed", set())
        return [k for k in self._free.upto(now, limit) if k in back] or super()._unparked(
            now, limit, *rest
        )


SABOTAGE = [
    (promises.passes_over_who_is_parked, ParksNobody),
    (promises.passes_over_who_is_parked, ParksTooLong),
    (promises.passes_over_who_is_parked, ParksTimersOnly),
    (promises.passes_over_who_is_parked, ParksInboxesOnly),
    (promises.passes_over_who_is_parked, ClaimsOfTheParked),
    (promises.finds_others_behind_the_parked, FiltersBehindTheLimit),
    (promises.finds_others_behind_the_parked, ClaimsBehindTheLimit),
    (promises.ends_claims_of_the_parked, LeavesClaimsAlone),
    (promises.ends_claims_of_the_parked, GivesBackAtOnce),
    (promises.waits_again_for_news_about_the_parked, SleepsOverNews),
    (promises.waits_again_for_news_about_the_parked, UnparksOnNews),
    (promises.goes_on_where_it_was_parked, UnparksNobody),
    (promises.goes_on_where_it_was_parked, UnparksWithoutClaims),
    (promises.goes_on_where_it_was_parked, TellsWhoWasAskedFor),
    (promises.brings_nothing_forward, WakesAtTheEnd),
    (promises.brings_nothing_forward, WakesOnUnpark),
    (promises.lists_who_is_parked, ListsByEnd),
    (promises.lists_who_is_parked, ParksOnce),
    (promises.tells_who_is_parked, ForgetsWhenItEnds),
    (promises.tells_who_is_parked, RaisesVersions),
    (promises.parks_who_is_not_there, ParksCustomersOnly),
    (promises.parks_who_is_not_there, OverlooksWhoComes),
    (promises.stays_parked_over_commits, UnparksOnCommit),
    (promises.stays_parked_over_commits, KeepsTheFirstDue),
    (promises.counts_the_parked_from_their_end, CountsTheParkedAsDue),
    (promises.counts_the_parked_from_their_end, CountsRowsOfTheParked),
    (promises.counts_the_parked_from_their_end, CountsForEver),
    (promises.counts_the_parked_from_their_end, KeepsParkingOfTheErased),
    (promises.counts_the_first_of_the_others, StopsAtTheFirst),
]

(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(PARKING_PROMISES, SABOTAGE)
