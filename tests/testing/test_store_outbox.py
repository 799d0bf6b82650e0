"""Each promise about the outbox is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.ports import ClaimedMessage, CustomerCommit, OutboxRow
from journeykit.testing import store_outbox as promises
from journeykit.testing.store_outbox import OUTBOX_PROMISES
from saboteurs import proofs

Claims = Sequence[ClaimedMessage]
PATIENCE_SECONDS = 0.3


class ClaimsByKey(MemoryStore):
    """Rows are taken in the order of their keys."""

    def claim(self, now: int, *, limit: int, **rest: Any) -> Claims:
        claims = sorted(super().claim(now, limit=10**6, **rest), key=lambda one: one.key)
        super().unclaim(claims[limit:])
        return claims[:limit]


class ClaimsTiesByChance(MemoryStore):
    """Rows due at one instant come in no fixed order."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return sorted(super().claim(now, **rest), key=lambda one: (-one.due, one.key))[::-1]


class ClaimsTooEarly(MemoryStore):
    """What is due in a microsecond is taken now."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return super().claim(now + 1, **rest)


class ClaimsTooLate(MemoryStore):
    """Exactly now is not due, and a lease lasts a microsecond longer."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return super().claim(now - 1, **rest)


class TellsAnotherDue(MemoryStore):
    """A claim carries the instant of the claim."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return [replace(one, due=now) for one in super().claim(now, **rest)]


class MixesUpChannels(MemoryStore):
    """Every row goes to one channel."""

    def claim(self, now: int, **rest: Any) -> Claims:
        return [replace(one, channel="email") for one in super().claim(now, **rest)]


class HoldsNothing(MemoryStore):
    """A claim keeps nobody else away."""

    def claim(self, now: int, **rest: Any) -> Claims:
        claims = super().claim(now, **rest)
        super().unclaim(claims)
        return claims


class TakesFromEveryChannel(MemoryStore):
    """No channel is ever passed over."""

    def claim(self, now: int, *, without: Any = (), **rest: Any) -> Claims:
        return super().claim(now, **rest)


class LooksBehindNothing(MemoryStore):
    """Channels are left out of what would have been claimed, and nothing takes their place."""

    def claim(self, now: int, *, without: Any = (), **rest: Any) -> Claims:
        claims = super().claim(now, **rest)
        super().unclaim([one for one in claims if one.channel in without])
        return [one for one in claims if one.channel not in without]


class HoldsForEver(MemoryStore):
    """A lease does not end."""

    def claim(self, now: int, *, lease_until: int, **rest: Any) -> Claims:
        return super().claim(now, lease_until=2**62, **rest)


class QueuesAnewAfterALease(MemoryStore):
    """A row whose lease ended goes to the end of the queue."""

    def claim(self, now: int, **rest: Any) -> Claims:
        for key in self._outbox._leased.upto(now, 10**6):
            self._outbox._rows[key].due = self._outbox._leased._at[key]
        return super().claim(now, **rest)


class ClaimsInTwoSteps(MemoryStore):
    """Two that look at one time see the same rows: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def claim(self, now: int, **rest: Any) -> Claims:
        looked = super().claim(now, **rest)
        super().unclaim(looked)
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(PATIENCE_SECONDS)
        super().claim(now, **rest)
        return looked


class ForgetsARow(MemoryStore):
    """The first of many claimed together is held, but not told."""

    def claim(self, now: int, **rest: Any) -> Claims:
        claims = super().claim(now, **rest)
        return claims[1:] if len(claims) > 1 else claims


class NumbersByRow(MemoryStore):
    """A token that was given back is given out again."""

    def unclaim(self, claims: Claims) -> None:
        super().unclaim(claims)
        self._outbox._token = 0


class NumbersByLease(MemoryStore):
    """A put begins the numbers anew."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        self._outbox._token = 0
        return super().commit(commits)


class TakesNothingBack(MemoryStore):
    """unclaim waits for the lease to end."""

    def unclaim(self, claims: Claims) -> None:
        return


class TakesBackWithoutContent(MemoryStore):
    """unclaim throws away what was rendered."""

    def unclaim(self, claims: Claims) -> None:
        super().unclaim(claims)
        for one in claims:
            self._outbox._rows[one.key].content = None


class TakesBackFromAnybody(MemoryStore):
    """unclaim looks at the key only."""

    def unclaim(self, claims: Claims) -> None:
        for one in claims:
            if one.key in self._outbox._rows:
                self._outbox._end_lease(one.key)


class FailsOnRowsThatLeft(MemoryStore):
    """unclaim wants every row to be there."""

    def unclaim(self, claims: Claims) -> None:
        for one in claims:
            if one.key not in self._outbox._rows:
                raise KeyError(one.key)
        super().unclaim(claims)


class RecoversFromTheLiving(MemoryStore):
    """recover ends every lease."""

    def recover(self, worker: str) -> int:
        for key in [key for key, row in self._outbox._rows.items() if row.worker is not None]:
            self._outbox._end_lease(key)
        return 2 if worker == "dead" else 0


class MiscountsRecovery(MemoryStore):
    """recover tells how many rows there are."""

    def recover(self, worker: str) -> int:
        super().recover(worker)
        return len(self._outbox._rows)


class ReplacesOnPut(MemoryOutbox):
    """INSERT OR REPLACE: what was rendered is gone."""

    def put(self, put: OutboxRow) -> None:
        row = self._rows.get(put.key)
        if row:
            row.content = None
        super().put(put)


class KeepsContentForOneClaim(MemoryStore):
    """Content goes with the lease."""

    def claim(self, now: int, **rest: Any) -> Claims:
        for key in self._outbox._leased.upto(now, 10**6):
            self._outbox._rows[key].content = None
        return super().claim(now, **rest)


class WantsRowsToBeThere(MemoryStore):
    """begin fails for a row that left."""

    def begin(self, contents: Sequence[tuple[ClaimedMessage, bytes]]) -> None:
        for one, _ in contents:
            self._outbox._rows[one.key].channel  # noqa: B018 - raises
        super().begin(contents)


class BringsRowsBack(MemoryStore):
    """begin is an upsert."""

    def begin(self, contents: Sequence[tuple[ClaimedMessage, bytes]]) -> None:
        for one, _ in contents:
            if one.key not in self._outbox._rows:
                self._outbox.put(OutboxRow(one.key, one.customer_id, one.channel, one.due))
        super().begin(contents)


class KeepsAnybodysContent(MemoryStore):
    """The last writer wins, whatever its token."""

    def begin(self, contents: Sequence[tuple[ClaimedMessage, bytes]]) -> None:
        for one, content in contents:
            if one.key in self._outbox._rows:
                self._outbox._rows[one.key].content = content


class KeepsTheFirstPut(MemoryOutbox):
    """INSERT OR IGNORE: a second put changes nothing."""

    def put(self, put: OutboxRow) -> None:
        if put.key not in self._rows:
            super().put(put)


class KeepsLeasesOverPuts(MemoryOutbox):
    """A put on a claimed row moves it, and leaves it to its worker."""

    def put(self, put: OutboxRow) -> None:
        row = self._rows.get(put.key)
        if row and row.worker is not None:
            row.due = put.due
        else:
            super().put(put)


class KeepsLeasesOverEqualPuts(MemoryOutbox):
    """A put with the same instant is taken for no change."""

    def put(self, put: OutboxRow) -> None:
        row = self._rows.get(put.key)
        if row is None or row.due != put.due:
            super().put(put)


class KeepsWhatIsClaimed(MemoryOutbox):
    """A claimed row is not dropped."""

    def drop(self, key: str) -> None:
        row = self._rows.get(key)
        if row and row.worker is None:
            super().drop(key)


class WantsDropsToBeThere(MemoryOutbox):
    """A drop of a key that is not there fails."""

    def drop(self, key: str) -> None:
        del self._rows[key]


class PutsBeforeItDrops(MemoryStore):
    """What one commit drops and puts is gone."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale = super().commit(commits)
        for one in commits:
            for key in one.drop if one.customer_id not in stale else ():
                self._outbox.drop(key)
        return stale


class DropsNothingThatIsPut(MemoryStore):
    """What one commit drops and puts is only moved."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit(
            [
                replace(one, drop=[key for key in one.drop if key not in {r.key for r in one.put}])
                for one in commits
            ]
        )


SABOTAGE = [
    (promises.claims_the_longest_due_first, ClaimsByKey),
    (promises.claims_the_longest_due_first, ClaimsTiesByChance),
    (promises.claims_the_longest_due_first, ClaimsTooEarly),
    (promises.claims_the_longest_due_first, ClaimsTooLate),
    (promises.describes_what_it_claims, TellsAnotherDue),
    (promises.describes_what_it_claims, MixesUpChannels),
    (promises.passes_over_what_is_held, HoldsNothing),
    (promises.passes_over_what_is_held, HoldsForEver),
    (promises.passes_over_what_is_held, ClaimsTooEarly),
    (promises.passes_over_what_is_held, ClaimsTooLate),
    (promises.passes_over_channels_that_are_named, TakesFromEveryChannel),
    (promises.passes_over_channels_that_are_named, LooksBehindNothing),
    (promises.orders_by_due_after_a_lease, QueuesAnewAfterALease),
    (promises.hands_each_row_to_one_worker, ClaimsInTwoSteps),
    (promises.hands_each_row_to_one_worker, HoldsNothing),
    (promises.hands_each_row_to_one_worker, ForgetsARow),
    (promises.raises_the_token_with_every_claim, NumbersByRow),
    (promises.raises_the_token_with_every_claim, NumbersByLease),
    (promises.takes_back_what_was_not_handed_over, TakesNothingBack),
    (promises.takes_back_what_was_not_handed_over, TakesBackWithoutContent),
    (promises.heeds_the_newest_token_only, TakesBackFromAnybody),
    (promises.heeds_the_newest_token_only, FailsOnRowsThatLeft),
    (promises.frees_what_a_dead_worker_held, RecoversFromTheLiving),
    (promises.frees_what_a_dead_worker_held, MiscountsRecovery),
    (promises.keeps_content_with_its_row, ReplacesOnPut),
    (promises.keeps_content_with_its_row, KeepsContentForOneClaim),
    (promises.forgets_content_of_rows_that_left, WantsRowsToBeThere),
    (promises.forgets_content_of_rows_that_left, BringsRowsBack),
    (promises.keeps_the_newest_claims_content, KeepsAnybodysContent),
    (promises.moves_a_row_that_is_put_again, KeepsTheFirstPut),
    (promises.moves_a_row_that_is_put_again, KeepsLeasesOverPuts),
    (promises.moves_a_row_that_is_put_again, KeepsLeasesOverEqualPuts),
    (promises.lets_go_of_dropped_rows, KeepsWhatIsClaimed),
    (promises.lets_go_of_dropped_rows, WantsDropsToBeThere),
    (promises.lets_go_of_dropped_rows, PutsBeforeItDrops),
    (promises.lets_go_of_dropped_rows, DropsNothingThatIsPut),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(OUTBOX_PROMISES, SABOTAGE)
