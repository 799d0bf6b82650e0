"""Each promise about the inbox is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.adapters.memory_inbox import MemoryInbox
from journeykit.ports import CustomerCommit, InboxRow, StoredCustomer
from journeykit.testing import store_inbox as promises
from journeykit.testing.store_inbox import INBOX_PROMISES
from saboteurs import proofs

Rows = Mapping[str, Sequence[InboxRow]]
Stored = Mapping[str, StoredCustomer]


class WaitsFromTheBeginning(MemoryStore):
    """Whoever is there waits."""

    def waiting(self, now: int, **rest: Any) -> Sequence[str]:
        return [*self._customers, *super().waiting(now, **rest)]


class TellsTheNewestFirst(MemoryInbox):
    """A stack."""

    def rows_of(self, customer_ids: Sequence[str], limit: int) -> dict[str, Sequence[InboxRow]]:
        found = super().rows_of(customer_ids, 10**6)
        return {id: list(rows)[::-1][:limit] for id, rows in found.items() if limit > 0}


class LimitsAllTogether(MemoryStore):
    """`limit` is for all customers of a call."""

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Rows:
        found, left = {}, limit
        for id, rows in super().inbox(customer_ids, limit=limit).items():
            if left > 0:
                found[id] = list(rows)[:left]
                left -= len(rows)
        return found


class NumbersByCustomer(MemoryInbox):
    """Each customer's rows are numbered from 1, and anew when none is left."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        for row in rows:
            there = self._rows.get(row.customer_id)
            self._number = there[-1].number if there else 0
            super().append([row])


class SortsByInstant(MemoryInbox):
    """Rows are read in the order of their instants."""

    def rows_of(self, customer_ids: Sequence[str], limit: int) -> dict[str, Sequence[InboxRow]]:
        found = super().rows_of(customer_ids, 10**6)
        by_at = {id: sorted(rows, key=lambda row: row.at) for id, rows in found.items()}
        return {id: rows[:limit] for id, rows in by_at.items() if limit > 0}


class WaitsByName(MemoryStore):
    """Who waits comes by id."""

    def waiting(self, now: int, *, limit: int, **rest: Any) -> Sequence[str]:
        return sorted(super().waiting(now, limit=10**6, **rest))[: max(0, limit)]


class NamesEachRow(MemoryStore):
    """A customer is named once for every row."""

    def waiting(self, now: int, *, limit: int, **rest: Any) -> Sequence[str]:
        ids = super().waiting(now, limit=10**6, **rest)
        return [id for id in ids for _ in self._inbox._rows[id]][: max(0, limit)]


class WaitsForTheClock(MemoryStore):
    """A row waits from its instant on."""

    def waiting(self, now: int, **rest: Any) -> Sequence[str]:
        ids = super().waiting(now, **rest)
        return [id for id in ids if self._inbox._rows[id][0].at <= now]


class TellsNobodyWaits(MemoryStore):
    """load has not heard of the inbox."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {id: replace(one, waiting=False) for id, one in found.items()}


class TellsWithProfilesOnly(MemoryStore):
    """Only one of the two statements of load was changed."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {id: replace(one, waiting=one.waiting and profiles) for id, one in found.items()}


class ShowsVersionsOfAll(MemoryStore):
    """versions has not heard of the inbox."""

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        return {id: one.version for id, one in self.load(customer_ids).items()}


class LosesRowsOfStrangers(MemoryStore):
    """A foreign key: rows for who is not there are lost."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        super().append([row for row in rows if row.customer_id in self._customers])


class BeginsWithAnEmptyInbox(MemoryStore):
    """The first commit of a customer clears what was told before."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        for one in commits:
            if one.expected == 0 and one.customer_id not in stale:
                self._inbox.remove(one.customer_id)
        return stale


class TakesNothing(MemoryStore):
    """taken is overlooked."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit([replace(one, taken=()) for one in commits])


class TakesUpTo(MemoryStore):
    """All rows up to the largest number leave."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit(
            [replace(one, taken=range(1, max(one.taken, default=0) + 1)) for one in commits]
        )


class EmptiesTheInbox(MemoryStore):
    """A commit that takes something takes everything."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        for one in commits:
            if one.taken and one.customer_id not in stale:
                self._inbox.remove(one.customer_id)
        return stale


class WaitsForEver(MemoryStore):
    """Who waited once goes on waiting."""

    def waiting(self, now: int, *, limit: int, **rest: Any) -> Sequence[str]:
        self.known = {*getattr(self, "known", ()), *super().waiting(now, limit=10**6, **rest)}
        return sorted(self.known)[: max(0, limit)]


class TakesWithTheStale(MemoryStore):
    """Rows leave before versions are compared."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for one in commits:
            self.discard(one.customer_id, one.taken)
        return super().commit(commits)


class TakesAnybodys(MemoryInbox):
    """Only the number counts."""

    def take(self, customer_id: str, numbers: Sequence[int]) -> None:
        for id in list(self._rows):
            super().take(id, numbers)


class FailsOnRowsThatLeft(MemoryInbox):
    """Every number must be there."""

    def take(self, customer_id: str, numbers: Sequence[int]) -> None:
        there = {row.number for row in self._rows.get(customer_id, ())}
        if not set(numbers) <= there:
            raise KeyError(numbers)
        super().take(customer_id, numbers)


class DiscardsNothing(MemoryStore):
    """Rows leave with a commit only."""

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        return


class DiscardsAll(MemoryStore):
    """All rows of the customer leave."""

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        self._inbox.remove(customer_id)


class CutsAtNul(MemoryStore):
    """A C string."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        super().append([replace(row, body=row.body.partition(b"\0")[0]) for row in rows])


class StripsIds(MemoryStore):
    """Ids come from a column of fixed width."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        super().append([replace(row, customer_id=row.customer_id.strip()) for row in rows])


class TakesAThousand(MemoryStore):
    """A statement has a thousand rows at most; the others are dropped."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        super().append(rows[:1000])


class CountsCustomers(MemoryStore):
    """depth counts who waits."""

    def depth(self, limit: int) -> int:
        return min(limit, len(self._inbox._rows))


class CountsBeyondTheLimit(MemoryStore):
    """depth counts on."""

    def depth(self, limit: int) -> int:
        return super().depth(10**9)


class OverlooksTheInbox(MemoryStore):
    """next_due has not heard of the inbox."""

    def next_due(self) -> int | None:
        firsts = [at for at in (self._due.first(), self._outbox.first()) if at is not None]
        return min(firsts, default=None)


class KeepsTheInbox(MemoryStore):
    """What was told about whom was erased stays."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        rows = list(self._inbox._rows.get(customer_id, ()))
        was_there = super().erase(customer_id, mark=mark, at=at)
        self._inbox.append(rows)
        return was_there


class KeepsTheInboxOfStrangers(KeepsTheInbox):
    """An erasure ends early for who is not there."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        if customer_id in self._customers:
            return MemoryStore.erase(self, customer_id, mark=mark, at=at)
        return super().erase(customer_id, mark=mark, at=at)


class AppendsInTwoSteps(MemoryStore):
    """Two that append at one time overwrite each other: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def append(self, rows: Sequence[InboxRow]) -> None:
        before = {row.customer_id: list(self._inbox._rows.get(row.customer_id, ())) for row in rows}
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(0.3)
        super().append(rows)
        for row in rows:
            with self._lock:
                own = [
                    one
                    for one in self._inbox._rows.get(row.customer_id, ())
                    if one.body == row.body
                ]
                kept = deque([*before[row.customer_id], *own])
                self._inbox._rows[row.customer_id] = kept


class ReadsFromTheOtherEnd(MemoryStore):
    """With more than one row there, the last is drained first."""

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Rows:
        found = super().inbox(customer_ids, limit=10**6)
        return {id: list(rows)[-limit:] for id, rows in found.items()}


SABOTAGE = [
    (promises.begins_with_an_empty_inbox, WaitsFromTheBeginning),
    (promises.keeps_rows_in_their_order, TellsTheNewestFirst),
    (promises.keeps_rows_in_their_order, LimitsAllTogether),
    (promises.keeps_rows_in_their_order, NumbersByCustomer),
    (promises.keeps_rows_in_their_order, SortsByInstant),
    (promises.names_the_longest_waiting_first, WaitsByName),
    (promises.names_the_longest_waiting_first, NamesEachRow),
    (promises.hides_nothing_from_a_late_clock, WaitsForTheClock),
    (promises.tells_who_waits, TellsNobodyWaits),
    (promises.tells_who_waits, TellsWithProfilesOnly),
    (promises.tells_who_waits, ShowsVersionsOfAll),
    (promises.keeps_rows_for_who_is_not_there, LosesRowsOfStrangers),
    (promises.keeps_rows_for_who_is_not_there, BeginsWithAnEmptyInbox),
    (promises.takes_rows_with_the_commit, TakesNothing),
    (promises.takes_rows_with_the_commit, TakesUpTo),
    (promises.takes_rows_with_the_commit, EmptiesTheInbox),
    (promises.takes_rows_with_the_commit, WaitsForEver),
    (promises.takes_nothing_with_a_stale_commit, TakesWithTheStale),
    (promises.takes_rows_of_its_own_only, TakesAnybodys),
    (promises.takes_rows_of_its_own_only, FailsOnRowsThatLeft),
    (promises.discards_what_nobody_will_decide_on, DiscardsNothing),
    (promises.discards_what_nobody_will_decide_on, DiscardsAll),
    (promises.keeps_what_came_in_meanwhile, EmptiesTheInbox),
    (promises.gives_no_number_twice, NumbersByCustomer),
    (promises.keeps_any_row, CutsAtNul),
    (promises.keeps_any_row, StripsIds),
    (promises.keeps_any_row, TakesAThousand),
    (promises.counts_rows_up_to_a_limit, CountsCustomers),
    (promises.counts_rows_up_to_a_limit, CountsBeyondTheLimit),
    (promises.counts_what_waits_as_due, OverlooksTheInbox),
    (promises.erases_the_inbox, KeepsTheInbox),
    (promises.erases_the_inbox, KeepsTheInboxOfStrangers),
    (promises.loses_nothing_while_it_is_drained, AppendsInTwoSteps),
    (promises.loses_nothing_while_it_is_drained, ReadsFromTheOtherEnd),
    (promises.loses_nothing_while_it_is_drained, EmptiesTheInbox),
]

(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(INBOX_PROMISES, SABOTAGE)
