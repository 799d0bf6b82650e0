"""Each promise around a hand-over is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.ports import (
    FOREVER,
    ClaimedMessage,
    Claiming,
    Committed,
    CustomerCommit,
    OutboxRow,
)
from journeykit.testing import store_handing as promises
from journeykit.testing.store_handing import HANDING_PROMISES
from saboteurs import proofs

Claims = Sequence[ClaimedMessage]
Handing = Sequence[tuple[ClaimedMessage, bytes | None]]


class NotesNothing(MemoryStore):
    """begin keeps content, as it always did."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return [replace(one, begun=False) for one in super().claim(now, **rest)]


class NotesWithContentOnly(MemoryOutbox):
    """What is begun without content is not noted."""

    def begin(self, handing: Handing) -> None:
        super().begin([(one, content) for one, content in handing if content is not None])


class ForgetsWithTheLease(MemoryOutbox):
    """A lease that ended takes the note along."""

    def _end_lease(self, key: str) -> None:
        super()._end_lease(key)
        self._rows[key].begun = False


class TakesClaimsForBegun(MemoryOutbox):
    """Whatever was claimed has begun."""

    def claim(self, *terms: Any) -> list[ClaimedMessage]:
        claims = super().claim(*terms)
        for one in claims:
            self._rows[one.key].begun = True
        return claims


class KeepsTheNoteOverPuts(MemoryOutbox):
    """A put leaves the note."""

    def put(self, put: OutboxRow) -> None:
        row = self._rows.get(put.key)
        begun = row is not None and row.begun
        super().put(put)
        self._rows[put.key].begun = begun


class KeepsTheNoteOfWhatComesBack(MemoryOutbox):
    """Giving back leaves the note."""

    def unclaim(self, claims: Claims) -> None:
        for one in claims:
            if self._held(one):
                self._end_lease(one.key)


class ReplacesWithNothing(MemoryOutbox):
    """None is kept like any content."""

    def begin(self, handing: Handing) -> None:
        super().begin(handing)
        for one, content in handing:
            if self._held(one):
                self._rows[one.key].content = content


class TakesEmptyForNone(MemoryOutbox):
    """Content of no bytes is none."""

    def begin(self, handing: Handing) -> None:
        super().begin([(one, content or None) for one, content in handing])


class BeginsForAnybody(MemoryOutbox):
    """The last one to begin wins, whatever its token."""

    def begin(self, handing: Handing) -> None:
        for one, _ in handing:
            if one.key in self._rows:
                self._rows[one.key].begun = True


class NotesByKey(MemoryOutbox):
    """Notes are kept apart, by key: a row that left leaves its note behind."""

    def begin(self, handing: Handing) -> None:
        super().begin(handing)
        self.notes = {one.key for one, _ in handing if self._held(one) or one.key not in self._rows}

    def put(self, put: OutboxRow) -> None:
        super().put(put)
        self._rows[put.key].begun = put.key in getattr(self, "notes", ())


class InTwoSteps(MemoryStore):
    """commit, then claim and hold: what others put is claimed as well."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        self.refuse_halves(commits)
        stale = self.commit(commits)
        terms = {"limit": claiming.limit, "lease_until": claiming.lease_until}
        claims = self.claim(claiming.now, worker=claiming.worker, **terms)
        if not claims:
            return Committed(stale)
        ids = [one.customer_id for one in claims]
        hand = self.hold(ids, claiming.now, until=claiming.hold_until, worker=claiming.worker)
        return Committed(stale, claims, hand)

    def refuse_halves(self, commits: Sequence[CustomerCommit]) -> None:
        """Nothing."""


class CommitsOneByOne(MemoryStore):
    """Each commit is a transaction of its own."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = [super(CommitsOneByOne, self).commit_and_claim([one], claiming) for one in commits]
        stale = [id for one in done for id in one.stale]
        claims = [claim for one in done for claim in one.claims]
        return Committed(stale, claims[: claiming.limit], done[0].hand)


class ClaimsTooEarly(MemoryStore):
    """What is put for later is claimed now."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        return super().commit_and_claim(commits, replace(claiming, now=claiming.now + 1))


class ClaimsWithoutLimit(MemoryStore):
    """All that is put is claimed."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        return super().commit_and_claim(commits, replace(claiming, limit=10**6))


class SortsClaims(MemoryStore):
    """Claims come by key."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = super().commit_and_claim(commits, claiming)
        return replace(done, claims=sorted(done.claims, key=lambda one: one.key))


class HoldsNobody(MemoryStore):
    """The announcement is told, and not made."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = super().commit_and_claim(commits, claiming)
        if done.hand:
            self.let_go(done.hand)
        return done


class HoldsEverybody(MemoryStore):
    """All customers of the commit are announced."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = super().commit_and_claim(commits, claiming)
        if done.hand:
            self.let_go(done.hand)
        until, worker = claiming.hold_until, claiming.worker
        ids = [one.customer_id for one in commits]
        return replace(done, hand=self.hold(ids, claiming.now, until=until, worker=worker))


class HoldsAsLongAsItLeases(MemoryStore):
    """The announcement ends with the lease."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        terms = replace(claiming, hold_until=claiming.lease_until)
        return super().commit_and_claim(commits, terms)


class ClaimsOfTheStale(MemoryStore):
    """What a stale commit would put is claimed."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = super().commit_and_claim(commits, claiming)
        rows = [row for one in commits if one.customer_id in done.stale for row in one.put]
        there = [row for row in rows if row.key in self._outbox._rows]
        more = self._outbox.claim_these(
            there, claiming.now, 9, claiming.lease_until, claiming.worker
        )
        return replace(done, claims=[*more, *done.claims])


class ForgetsTheStale(MemoryStore):
    """Nobody is called stale."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        return replace(super().commit_and_claim(commits, claiming), stale=())


class LosesContent(MemoryStore):
    """A claim of a row that was put again comes without its content."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        done = super().commit_and_claim(commits, claiming)
        return replace(done, claims=[replace(one, content=None) for one in done.claims])


class KeepsTheToken(MemoryOutbox):
    """Claims within a commit have no number of their own."""

    def claim_these(self, *terms: Any) -> list[ClaimedMessage]:
        self._token -= 1
        return super().claim_these(*terms)


class LeasesToNobody(MemoryOutbox):
    """Claims within a commit are nobody's, and no recovery ends them."""

    def claim_these(
        self, rows: Iterable[OutboxRow], now: int, limit: int, lease_until: int, worker: str
    ) -> list[ClaimedMessage]:
        return super().claim_these(rows, now, limit, lease_until, "")


class ClaimsOfTheParked(MemoryOutbox):
    """Parking is overlooked."""

    def claim_these(self, rows: Iterable[OutboxRow], now: int, *rest: Any) -> list[ClaimedMessage]:
        parked, self._parked_until = self._parked_until, lambda _: 0
        try:
            return super().claim_these(rows, now, *rest)
        finally:
            self._parked_until = parked


class LooksTwice(MemoryStore):
    """Between commit and claim others come in: here it waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        stale = self.commit(commits)
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(0.01)
        rows = [row for one in commits for row in one.put if row.key in self._outbox._rows]
        claims = self._outbox.claim_these(
            rows, claiming.now, claiming.limit, claiming.lease_until, claiming.worker
        )
        return Committed(stale, claims)

    def claim(self, now: int, **rest: Any) -> Claims:
        claims = super().claim(now, **rest)
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(0.01)
        return claims


class ClaimsTheShelved(MemoryStore):
    """At the end of all days everything is due."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return super().claim(FOREVER if now == FOREVER - 1 else now, **rest)


class ListsByRow(MemoryStore):
    """A customer is listed once for every row."""

    def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        rows = [row.customer_id for row in self._outbox._rows.values() if row.due >= FOREVER]
        return sorted(id for id in rows if id > after)[: max(0, limit)]


class CountsTheShelved(MemoryStore):
    """next_due has no end."""

    def next_due(self) -> int | None:
        return self._outbox.first()


SABOTAGE = [
    (promises.tells_what_has_begun, NotesNothing),
    (promises.tells_what_has_begun, NotesWithContentOnly),
    (promises.tells_what_has_begun, ForgetsWithTheLease),
    (promises.tells_what_has_begun, TakesClaimsForBegun),
    (promises.forgets_what_has_begun, KeepsTheNoteOverPuts),
    (promises.forgets_what_has_begun, KeepsTheNoteOfWhatComesBack),
    (promises.keeps_content_that_is_not_replaced, ReplacesWithNothing),
    (promises.keeps_content_that_is_not_replaced, TakesEmptyForNone),
    (promises.begins_for_the_newest_claim_only, BeginsForAnybody),
    (promises.begins_for_the_newest_claim_only, NotesByKey),
    (promises.claims_what_it_commits, ClaimsTooEarly),
    (promises.claims_what_it_commits, ClaimsWithoutLimit),
    (promises.claims_what_it_commits, SortsClaims),
    (promises.announces_what_it_claims, HoldsNobody),
    (promises.announces_what_it_claims, HoldsEverybody),
    (promises.announces_what_it_claims, HoldsAsLongAsItLeases),
    (promises.claims_nothing_of_the_stale, ClaimsOfTheStale),
    (promises.claims_nothing_of_the_stale, ForgetsTheStale),
    (promises.claims_nothing_of_the_stale, InTwoSteps),
    (promises.commits_and_claims_all_or_nothing, CommitsOneByOne),
    (promises.holds_what_it_claims_like_any_claim, LosesContent),
    (promises.holds_what_it_claims_like_any_claim, KeepsTheToken),
    (promises.holds_what_it_claims_like_any_claim, LeasesToNobody),
    (promises.claims_nothing_of_the_parked, ClaimsOfTheParked),
    (promises.gives_each_row_to_committer_or_claimer, LooksTwice),
    (promises.leaves_the_shelved_alone, ClaimsTheShelved),
    (promises.leaves_the_shelved_alone, ListsByRow),
    (promises.leaves_the_shelved_alone, CountsTheShelved),
]

(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(HANDING_PROMISES, SABOTAGE)
