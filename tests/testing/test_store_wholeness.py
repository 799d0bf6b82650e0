"""Each promise to do all or nothing is broken on purpose, and each time the check notices."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.adapters import MemoryStore
from journeykit.ports import CustomerCommit, Definition, InboxRow, ParkedCustomer, Suppression
from journeykit.testing import store_wholeness as promises
from journeykit.testing.store_wholeness import WHOLENESS_PROMISES
from saboteurs import proofs


class Encoding(MemoryStore):
    """A store that can keep no half characters, and refuses them late."""


def encoded(*texts: str) -> None:
    for text in texts:
        text.encode()


class CommitsOneByOne(Encoding):
    """Each customer is a transaction of its own."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        stale: list[str] = []
        for one in commits:
            encoded(one.customer_id, *(row.key for row in one.put))
            stale += super().commit([one])
        return stale


class ListsOnItsOwn(Encoding):
    """Addresses are listed in a transaction of their own, after the others."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for one in commits:
            encoded(one.customer_id, *(r.key for r in one.put), *(e.event_id for e in one.seen))
        stale = super().commit(commits)
        for one in commits:
            encoded(*(row.address for row in one.suppress))
        return stale


class TakesFirst(Encoding):
    """Rows leave the inbox before the rest is written."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for one in commits:
            self.discard(one.customer_id, one.taken)
        for one in commits:
            encoded(one.customer_id)
        return super().commit(commits)


class AppendsOneByOne(Encoding):
    """Each row is a transaction of its own."""

    def append(self, rows: Sequence[InboxRow]) -> None:
        for row in rows:
            encoded(row.customer_id)
            super().append([row])


class ParksOneByOne(Encoding):
    """Each customer is a transaction of its own."""

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        for row in rows:
            encoded(row.customer_id)
            super().park([row])


class PublishesOneByOne(Encoding):
    """Each definition is a transaction of its own."""

    def publish(self, definitions: Sequence[Definition]) -> None:
        for one in definitions:
            encoded(one.journey)
            super().publish([one])


class SuppressesOneByOne(Encoding):
    """Each address is a transaction of its own."""

    def suppress(self, rows: Sequence[Suppression]) -> None:
        for row in rows:
            encoded(row.address)
            super().suppress([row])


SABOTAGE = [
    (promises.commits_as_a_whole, CommitsOneByOne),
    (promises.commits_as_a_whole, ListsOnItsOwn),
    (promises.commits_as_a_whole, TakesFirst),
    (promises.appends_as_a_whole, AppendsOneByOne),
    (promises.parks_as_a_whole, ParksOneByOne),
    (promises.keeps_lists_as_a_whole, PublishesOneByOne),
    (promises.keeps_lists_as_a_whole, SuppressesOneByOne),
]

(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(WHOLENESS_PROMISES, SABOTAGE)
