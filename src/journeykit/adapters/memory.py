"""Where do customers live while a test or a simulation runs? In dictionaries.

The same promises as a durable store, for as long as the process lives. What is due first is
kept in order, so no call looks through all customers.

Beyond the port, as in `SQLiteStore`:
    * ties of `due` are ordered by customer id;
    * content is kept for the newest claim of a row only;
    * a commit with new event ids forgets those that expired before its `at`, in the order in
      which they came;
    * fencing tokens, and numbers of hands, come from one counter for the whole store.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import Self

from journeykit.adapters.agenda import Agenda
from journeykit.adapters.commits import (
    entries_in,
    refuse_hole,
    refuse_repeated_customers,
)
from journeykit.adapters.memory_inbox import MemoryInbox
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.adapters.memory_parking import MemoryParking
from journeykit.adapters.memory_rows import KeptCustomer
from journeykit.adapters.memory_upkeep import MemoryUpkeep
from journeykit.ports import (
    FOREVER,
    Bucket,
    ClaimedMessage,
    Claiming,
    Committed,
    Controls,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalRecord,
    ParkedCustomer,
    SeenEvent,
    StoredCustomer,
    Suppression,
    Taken,
    Taking,
    take_from,
)


class MemoryStore(MemoryUpkeep):
    """A store that forgets everything when the process ends; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._customers: dict[str, KeptCustomer] = {}
        self._ids: list[str] = []
        self._due = Agenda()
        self._parking = MemoryParking(self._due)
        self._inbox = MemoryInbox()
        self._outbox = MemoryOutbox(self._parking.until)
        self._seen: deque[tuple[KeptCustomer, SeenEvent]] = deque()
        self._definitions: dict[tuple[str, int], Definition] = {}
        self._buckets: dict[str, Bucket] = {}
        self._suppressed: dict[tuple[str, str], Suppression] = {}
        self._controls = Controls()
        self._erased: dict[str, int] = {}
        self._floor = 0

    def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """See `Store.load`."""
        with self._lock:
            there, inbox, parking = self._customers, self._inbox, self._parking
            return {
                id: there[id].told(profile=profiles, waiting=id in inbox, parked=id in parking)
                for id in customer_ids
                if id in there
            }

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """See `Store.versions`."""
        with self._lock:
            there, inbox = self._customers, self._inbox
            return {
                id: there[id].document.version
                for id in customer_ids
                if id in there and id not in inbox
            }

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """See `Store.commit`.

        Raises:
            UsageError: Two commits are for one customer, or a journal is not a JSON array.
            StoreError: A journal does not begin where the stored one ends.
        """
        with self._lock:
            return self._commit(commits)

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        """See `Store.commit_and_claim`; for what it raises, `commit`."""
        now, until, worker = claiming.now, claiming.lease_until, claiming.worker
        with self._lock:
            stale = self._commit(commits)
            left = set(stale)
            put = (row for one in commits if one.customer_id not in left for row in one.put)
            claims = self._outbox.claim_these(put, now, claiming.limit, until, worker)
            if not claims:
                return Committed(stale)
            ids = list(dict.fromkeys(claim.customer_id for claim in claims))
            hand = self._outbox.hold(ids, now, claiming.hold_until, worker)
            return Committed(stale, claims, hand)

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See `Store.seen`."""
        found = {}
        with self._lock:
            for customer_id, event_id in events:
                customer = self._customers.get(customer_id)
                if customer and event_id in customer.seen:
                    found[customer_id, event_id] = customer.seen[event_id].digest
        return found

    def due(self, now: int, *, limit: int, lease_until: int = 0, worker: str = "") -> Sequence[str]:
        """See `Store.due`. Leases nobody: `expected` decides who comes first."""
        with self._lock:
            return self._due.upto(now, limit)

    def append(self, rows: Sequence[InboxRow]) -> None:
        """See `Store.append`."""
        with self._lock:
            self._inbox.append(rows)

    def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """See `Store.waiting`. Leases nobody, as `due`."""
        with self._lock:
            return self._inbox.waiting(now, limit)

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Mapping[str, Sequence[InboxRow]]:
        """See `Store.inbox`."""
        with self._lock:
            return self._inbox.rows_of(customer_ids, limit)

    def depth(self, limit: int) -> int:
        """See `Store.depth`."""
        with self._lock:
            return self._inbox.depth(limit)

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """See `Store.discard`."""
        with self._lock:
            self._inbox.take(customer_id, numbers)

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """See `Store.park`."""
        with self._lock:
            for row in rows:
                self._parking.park(row)
                self._inbox.park(row.customer_id, row.until)
            self._outbox.park(row.customer_id for row in rows)

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        """See `Store.unpark`."""
        with self._lock:
            ids = [id for id in sorted(set(customer_ids)) if self._parking.unpark(id)]
            for id in ids:
                self._inbox.unpark(id)
                self._outbox.unpark(id)
            return ids

    def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """See `Store.parked`."""
        with self._lock:
            return self._parking.listed(of, after, limit)

    def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.shelved`. It looks through the whole outbox."""
        with self._lock:
            return self._outbox.shelved(after, limit)

    def claim(
        self,
        now: int,
        *,
        limit: int,
        lease_until: int,
        worker: str,
        without: Collection[str] = (),
    ) -> Sequence[ClaimedMessage]:
        """See `Store.claim`."""
        with self._lock:
            return self._outbox.claim(now, limit, lease_until, worker, without)

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """See `Store.unclaim`."""
        with self._lock:
            self._outbox.unclaim(claims)

    def recover(self, worker: str) -> int:
        """See `Store.recover`."""
        with self._lock:
            return self._outbox.recover(worker)

    def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """See `Store.hold`."""
        with self._lock:
            return self._outbox.hold(customer_ids, now, until, worker)

    def let_go(self, hand: Hand) -> None:
        """See `Store.let_go`."""
        with self._lock:
            self._outbox.let_go(hand)

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """See `Store.hands`."""
        with self._lock:
            return self._outbox.hands(customer_id, now)

    def take(self, bucket: str, asked: Taking) -> Taken:
        """See `Store.take`."""
        with self._lock:
            self._buckets[bucket], taken = take_from(self._buckets.get(bucket, Bucket()), asked)
            return taken

    def suppress(self, rows: Sequence[Suppression]) -> None:
        """See `Store.suppress`."""
        with self._lock:
            self._list(rows, ())

    def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """See `Store.unsuppress`."""
        with self._lock:
            self._list((), addresses)

    def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """See `Store.suppressed`."""
        with self._lock:
            there = self._suppressed
            return {place: there[place] for place in addresses if place in there}

    def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """See `Store.begin`."""
        with self._lock:
            self._outbox.begin(handing)

    def next_due(self) -> int | None:
        """See `Store.next_due`."""
        with self._lock:
            firsts = (self._due.first(), self._outbox.first(), self._inbox.first())
            at = min((at for at in firsts if at is not None), default=FOREVER)
            return None if at >= FOREVER else at

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """See `Store.journal`."""
        with self._lock:
            customer = self._customers.get(customer_id)
            records = customer.journal if customer else []
            return records[bisect_right(records, after, key=lambda record: record.first_seq) :]

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.customers`."""
        with self._lock:
            if len(self._ids) != len(self._customers):
                self._ids = sorted(self._customers)
            start = bisect_right(self._ids, after)
            return self._ids[start : start + max(0, limit)]

    def publish(self, definitions: Sequence[Definition]) -> None:
        """See `Store.publish`."""
        with self._lock:
            for one in definitions:
                self._definitions.setdefault((one.journey, one.version), one)

    def definitions(self) -> Sequence[Definition]:
        """See `Store.definitions`."""
        with self._lock:
            return [self._definitions[place] for place in sorted(self._definitions)]

    def controls(self) -> Controls:
        """See `Store.controls`."""
        with self._lock:
            return self._controls

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        """See `Store.set_controls`."""
        with self._lock:
            if expected != self._controls.version:
                return False
            self._controls = Controls(expected + 1, body)
            return True

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """See `Store.erase`. It looks through the whole outbox."""
        with self._lock:
            self._erased[mark] = at
            self._inbox.remove(customer_id)
            self._parking.unpark(customer_id)
            customer = self._customers.pop(customer_id, None)
            if customer is None:
                return False
            self._floor = max(self._floor, customer.document.version)
            self._ids = []
            self._due.set(customer_id, None)
            self._outbox.drop_all_of(customer_id)
            self._seen = deque(one for one in self._seen if one[0] is not customer)
            return True

    def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """See `Store.erased`."""
        with self._lock:
            return {mark: self._erased[mark] for mark in marks if mark in self._erased}

    def close(self) -> None:
        """Do nothing: there is nothing to let go of, and what is here may still be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._customers)} customers, {len(self._outbox)} messages)"

    def _commit(self, commits: Sequence[CustomerCommit]) -> list[str]:
        refuse_repeated_customers(commits)
        stale, fresh = [], []
        for commit in commits:
            if commit.expected != self._version(commit.customer_id):
                stale.append(commit.customer_id)
            else:
                fresh.append((commit, self._checked_entries(commit)))
        for commit, entries in fresh:
            self._write(commit, entries)
        return stale

    def _version(self, customer_id: str) -> int:
        customer = self._customers.get(customer_id)
        return customer.document.version if customer else 0

    def _checked_entries(self, commit: CustomerCommit) -> int:
        entries = entries_in(commit)
        if entries:
            customer = self._customers.get(commit.customer_id)
            refuse_hole(commit, customer.next_seq if customer else 1)
        return entries

    def _write(self, commit: CustomerCommit, entries: int) -> None:
        id = commit.customer_id
        customer = self._customers.get(id)
        before = commit.expected if customer else self._floor
        document = StoredCustomer(id, before + 1, commit.body)
        if customer is None:
            customer = self._customers[id] = KeptCustomer(document)
        else:
            customer.document = document
        if commit.profile is not None:
            customer.profile = commit.profile
        if entries:
            customer.journal.append(JournalRecord(id, commit.first_seq, commit.at, commit.journal))
            customer.next_seq += entries
        self._parking.set_due(id, commit.next_due)
        for key in commit.drop:
            self._outbox.drop(key)
        for row in commit.put:
            self._outbox.put(row)
        if commit.taken:
            self._inbox.take(id, commit.taken)
        if commit.suppress or commit.unsuppress:
            self._list(commit.suppress, commit.unsuppress)
        if commit.seen:
            self._remember(customer, commit)

    def _list(self, added: Sequence[Suppression], removed: Sequence[tuple[str, str]]) -> None:
        for row in added:
            self._suppressed.setdefault((row.channel, row.address), row)
        for place in removed:
            self._suppressed.pop(place, None)

    def _remember(self, customer: KeptCustomer, commit: CustomerCommit) -> None:
        while self._seen and self._seen[0][1].expires < commit.at:
            owner, old = self._seen.popleft()
            if owner.seen.get(old.event_id) is old:
                del owner.seen[old.event_id]
        for event in commit.seen:
            customer.seen[event.event_id] = event
            self._seen.append((customer, event))
