"""How does an operator look at a store in memory, and keep it small?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from threading import Lock

from journeykit.adapters.agenda import Agenda
from journeykit.adapters.memory_inbox import MemoryInbox
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.adapters.memory_parking import MemoryParking
from journeykit.adapters.memory_rows import KeptCustomer
from journeykit.ports import FOREVER, Bucket, ClaimedMessage, JournalRecord, SeenEvent
from journeykit.ports.pruning import JournalCut
from journeykit.ports.status import Backlog, StoreStatus


class MemoryUpkeep:
    """The part of `MemoryStore` that no journey needs."""

    _lock: Lock
    _customers: dict[str, KeptCustomer]
    _due: Agenda
    _parking: MemoryParking
    _inbox: MemoryInbox
    _outbox: MemoryOutbox
    _seen: deque[tuple[KeptCustomer, SeenEvent]]
    _buckets: dict[str, Bucket]

    def status(self, now: int) -> StoreStatus:
        """See `Upkeep.status`. It looks at everything."""
        with self._lock:
            rows, hands = self._outbox.standing(now)
            leased = [row.lease for row in rows if row.lease is not None]
            parked = self._parking.listed(None, "", FOREVER)
            resting = {one.customer_id for one in parked if one.until > now}
            due = (self._due.at(id) for id in self._due)
            return StoreStatus(
                due=_backlog(due, now),
                outbox=_backlog(
                    (row.due for row in rows if row.lease is None and row.of not in resting), now
                ),
                inbox=_backlog(self._inbox.since(), now),
                leased=len(leased),
                overdue_leases=_backlog(leased, now),
                resting=sum(now < one.until < FOREVER for one in parked),
                parked=sum(one.until >= FOREVER for one in parked),
                shelved=sum(row.due >= FOREVER for row in rows),
                hands=hands,
            )

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """See `Upkeep.prune`."""
        stale = []
        with self._lock:
            for cut in cuts:
                customer = self._customers.get(cut.customer_id)
                if customer is None or customer.document.version != cut.version:
                    stale.append(cut.customer_id)
                    continue
                record = JournalRecord(cut.customer_id, cut.upto, cut.at, cut.entries)
                later = [one for one in customer.journal if one.first_seq > cut.upto]
                customer.journal = [record, *later]
        return stale

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """See `Upkeep.forget`."""
        with self._lock:
            forgotten = self._outbox.forget_hands(now)
            while limit > 0 and self._seen and self._seen[0][1].expires < now:
                owner, old = self._seen.popleft()
                if owner.seen.get(old.event_id) is old:
                    del owner.seen[old.event_id]
                forgotten += 1
                limit -= 1
            return forgotten + sum(self._buckets.pop(name, None) is not None for name in buckets)

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """See `Upkeep.outbox`."""
        with self._lock:
            return self._outbox.rows_of(customer_id)

    def buckets(self) -> Sequence[str]:
        """See `Upkeep.buckets`."""
        with self._lock:
            return sorted(self._buckets)


def _backlog(instants: Iterable[int | None], now: int) -> Backlog:
    due = [at for at in instants if at is not None and at <= now]
    return Backlog(len(due), min(due, default=None))
