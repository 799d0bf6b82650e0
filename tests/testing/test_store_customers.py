"""Each promise about customers is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.ports import ClaimedMessage, CustomerCommit, OutboxRow, StoredCustomer
from journeykit.testing import store_customers as promises
from journeykit.testing.store_customers import CUSTOMER_PROMISES
from saboteurs import proofs

Stored = Mapping[str, StoredCustomer]
PATIENCE_SECONDS = 0.3


class IsDueFromTheStart(MemoryStore):
    """next_due is 0 where there is nothing."""

    def next_due(self) -> int | None:
        return super().next_due() or 0


class ClaimsAtLeastOne(MemoryStore):
    """claim(limit=0) takes a row."""

    def claim(self, now: int, *, limit: int, **rest: Any) -> Sequence[ClaimedMessage]:
        return super().claim(now, limit=max(1, limit), **rest)


class RefusesNoIds(MemoryStore):
    """An empty list of ids is `IN ()`, which some databases do not parse."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        if not customer_ids:
            raise ValueError("syntax error near ')'")
        return super().load(customer_ids, profiles=profiles)


class KeepsTheExpectedVersion(MemoryStore):
    """The stored version is `expected`, not one more."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {id: replace(one, version=one.version - 1) for id, one in found.items()}


class ServesFromACache(MemoryStore):
    """What was read once is never read again."""

    def __init__(self) -> None:
        super().__init__()
        self.cache: dict[str, StoredCustomer] = {}

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        for id, one in super().load([commit.customer_id for commit in commits]).items():
            self.cache.setdefault(id, one)
        return stale

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        return {id: self.cache[id] for id in customer_ids if id in self.cache}

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        return {id: one.version for id, one in self.load(customer_ids).items()}


class AnswersForTheAbsent(MemoryStore):
    """Who is not there is there with version 0."""

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        return dict.fromkeys(customer_ids, 0) | dict(super().versions(customer_ids))


class LosesProfiles(MemoryStore):
    """A commit without a profile takes the old one away."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for commit in commits:
            if commit.profile is None and commit.customer_id in self._customers:
                self._customers[commit.customer_id].profile = None
        return super().commit(commits)


class AlwaysBringsProfiles(MemoryStore):
    """Every load pays for profiles."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        return super().load(customer_ids, profiles=True)


class TakesEmptyForNone(MemoryStore):
    """A profile of no bytes is none."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {id: replace(one, profile=one.profile or None) for id, one in found.items()}


class QueuesWhatIsStale(MemoryStore):
    """The outbox is written before versions are compared."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for commit in commits:
            for row in commit.put:
                self._outbox.put(row)
        return super().commit(commits)


class OverwritesWhatIsNewer(MemoryStore):
    """A lower `expected` is taken for the stored version."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        there = self.versions([one.customer_id for one in commits])
        return super().commit(
            [
                replace(one, expected=max(one.expected, there.get(one.customer_id, 0)))
                for one in commits
            ]
        )


class HoldsBackTheFresh(MemoryStore):
    """One stale commit keeps the whole call from being written."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = [
            one.customer_id for one in commits if one.expected != self._version(one.customer_id)
        ]
        return stale or super().commit(commits)


class CommitsOneByOne(MemoryStore):
    """Each customer is a transaction of its own."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return [id for one in commits for id in super(CommitsOneByOne, self).commit([one])]


class TakesTheLastOfTwo(MemoryStore):
    """Of two commits for one customer the last is written."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit(list({one.customer_id: one for one in commits}.values()))


class ComparesBeforeItLocks(OverwritesWhatIsNewer):
    """Two that read one version both get through: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        found = super().versions(customer_ids)
        if threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                self.meeting.wait(PATIENCE_SECONDS)
        return found

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        there = MemoryStore.versions(self, [one.customer_id for one in commits])
        return MemoryStore.commit(
            self, [replace(one, expected=there.get(one.customer_id, 0)) for one in commits]
        )


class ReadsInTwoSnapshots(MemoryStore):
    """The second half of a load sees what was committed after the first."""

    def __init__(self) -> None:
        super().__init__()
        self.committed = threading.Condition()

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        with self.committed:
            self.committed.notify_all()
        return stale

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        middle = len(customer_ids) // 2
        found = dict(super().load(customer_ids[:middle]))
        with self.committed:
            self.committed.wait(PATIENCE_SECONDS)
        return found | dict(super().load(customer_ids[middle:]))


class ListsDueById(MemoryStore):
    """`due` is in the order of ids."""

    def due(self, now: int, *, limit: int) -> Sequence[str]:
        return sorted(super().due(now, limit=10**6))[:limit]


class IsDueTooLate(MemoryStore):
    """Exactly now is not due."""

    def due(self, now: int, *, limit: int) -> Sequence[str]:
        return super().due(now - 1, limit=limit)


class TakesWhatItReads(MemoryStore):
    """Who was told as due is not told again."""

    def due(self, now: int, *, limit: int) -> Sequence[str]:
        found = super().due(now, limit=limit)
        for id in found:
            self._due.set(id, None)
        return found


class OnlyMovesDueAhead(MemoryStore):
    """A later `next_due`, or none, does not replace an earlier one."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        before = {one.customer_id: self._due._at.get(one.customer_id) for one in commits}
        stale = super().commit(commits)
        for id, at in before.items():
            if at is not None:
                now = self._due._at.get(id)
                self._due.set(id, at if now is None else min(at, now))
        return stale


class ForgetsLeases(MemoryStore):
    """next_due overlooks what is claimed."""

    def next_due(self) -> int | None:
        firsts = [at for at in (self._due.first(), self._outbox._free.first()) if at is not None]
        return min(firsts, default=None)


class CountsLeasedRowsAsDue(MemoryStore):
    """next_due takes a claimed row's own instant, so that a worker spins."""

    def next_due(self) -> int | None:
        firsts = [row.due for row in self._outbox._rows.values()]
        firsts += [at for at in [self._due.first()] if at is not None]
        return min(firsts, default=None)


class SortsLikeADictionary(MemoryStore):
    """`customers` is in the order of a collation."""

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        ids = sorted(super().customers(limit=10**6), key=str.casefold)
        return [id for id in ids if id.casefold() > after.casefold()][:limit]


class PagesWithTheLast(MemoryStore):
    """A page begins with the last of the page before."""

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        return [id for id in super().customers(limit=10**6) if id >= after][:limit]


class PagesForEver(MemoryStore):
    """`after` is overlooked."""

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        return super().customers(limit=limit)


class FoldsIds(MemoryStore):
    """Two ids that a fold makes equal are one customer."""

    fold: Callable[[str], str] = staticmethod(str.casefold)

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        fold = type(self).fold
        return super().commit([replace(one, customer_id=fold(one.customer_id)) for one in commits])

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        fold = type(self).fold
        found = super().load([fold(id) for id in customer_ids], profiles=profiles)
        return {id: found[fold(id)] for id in customer_ids if fold(id) in found}


class StripsIds(FoldsIds):
    """A CHAR column: trailing blanks do not count."""

    fold = staticmethod(str.rstrip)


class ComposesIds(FoldsIds):
    """A normal form makes one id of two."""

    fold = staticmethod(lambda text: unicodedata.normalize("NFC", text))


class CutsIds(FoldsIds):
    """A VARCHAR(255) column."""

    fold = staticmethod(lambda text: text[:255])


class KeepsText(MemoryStore):
    """Bodies go through a text column."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {
            id: replace(one, body=one.body.decode(errors="replace").encode())
            for id, one in found.items()
        }


class CutsAtNul(MemoryStore):
    """Bodies are C strings."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        found = super().load(customer_ids, profiles=profiles)
        return {id: replace(one, body=one.body.split(b"\0")[0]) for id, one in found.items()}


class LosesEmptyContent(MemoryStore):
    """Content of no bytes comes back as none."""

    def claim(self, now: int, **rest: Any) -> Sequence[ClaimedMessage]:
        return [replace(one, content=one.content or None) for one in super().claim(now, **rest)]


class KeepsFloats(MemoryStore):
    """Instants are floats, which count by sixteens in the far future."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit(
            [
                replace(
                    one,
                    next_due=None if one.next_due is None else int(float(one.next_due)),
                    put=[
                        OutboxRow(r.key, r.customer_id, r.channel, int(float(r.due)))
                        for r in one.put
                    ],
                )
                for one in commits
            ]
        )


class TakesAThousand(MemoryStore):
    """A statement has room for 999 values."""

    def load(self, customer_ids: Sequence[str], *, profiles: bool = False) -> Stored:
        if len(customer_ids) > 999:
            raise ValueError("too many SQL variables")
        return super().load(customer_ids, profiles=profiles)


class DropsBeyondAThousand(MemoryStore):
    """A page has a thousand rows, whatever was asked for."""

    def due(self, now: int, *, limit: int) -> Sequence[str]:
        return super().due(now, limit=min(limit, 1_000))


class ClosesOnce(MemoryStore):
    """The second close fails."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("closed already")
        self.closed = True


SABOTAGE = [
    (promises.starts_empty, IsDueFromTheStart),
    (promises.takes_empty_arguments, ClaimsAtLeastOne),
    (promises.takes_empty_arguments, RefusesNoIds),
    (promises.reads_its_writes, KeepsTheExpectedVersion),
    (promises.reads_its_writes, ServesFromACache),
    (promises.leaves_out_the_absent, AnswersForTheAbsent),
    (promises.tells_versions, ServesFromACache),
    (promises.keeps_profiles_apart, LosesProfiles),
    (promises.keeps_profiles_apart, AlwaysBringsProfiles),
    (promises.keeps_profiles_apart, TakesEmptyForNone),
    (promises.writes_nothing_of_a_stale_commit, QueuesWhatIsStale),
    (promises.writes_nothing_of_a_stale_commit, OverwritesWhatIsNewer),
    (promises.writes_the_fresh_beside_the_stale, HoldsBackTheFresh),
    (promises.writes_all_or_nothing, CommitsOneByOne),
    (promises.refuses_two_commits_for_one_customer, CommitsOneByOne),
    (promises.refuses_two_commits_for_one_customer, TakesTheLastOfTwo),
    (promises.lets_one_of_many_racers_win, ComparesBeforeItLocks),
    (promises.shows_whole_commits_only, ReadsInTwoSnapshots),
    (promises.lists_the_longest_due_first, ListsDueById),
    (promises.lists_the_longest_due_first, IsDueTooLate),
    (promises.lists_the_longest_due_first, TakesWhatItReads),
    (promises.follows_a_moved_due, OnlyMovesDueAhead),
    (promises.knows_the_next_instant, ForgetsLeases),
    (promises.knows_the_next_instant, CountsLeasedRowsAsDue),
    (promises.pages_customers_by_code_point, SortsLikeADictionary),
    (promises.pages_customers_by_code_point, PagesWithTheLast),
    (promises.pages_customers_by_code_point, PagesForEver),
    (promises.tells_odd_ids_apart, FoldsIds),
    (promises.tells_odd_ids_apart, StripsIds),
    (promises.tells_odd_ids_apart, ComposesIds),
    (promises.tells_odd_ids_apart, CutsIds),
    (promises.keeps_any_bytes, KeepsText),
    (promises.keeps_any_bytes, CutsAtNul),
    (promises.keeps_any_bytes, LosesEmptyContent),
    (promises.keeps_far_instants, KeepsFloats),
    (promises.takes_ten_thousand_at_once, TakesAThousand),
    (promises.takes_ten_thousand_at_once, DropsBeyondAThousand),
    (promises.closes_twice, ClosesOnce),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(CUSTOMER_PROMISES, SABOTAGE)
