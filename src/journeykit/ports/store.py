"""What does journeykit need from a database? Documents by key, with compare-and-set.

A store moves bytes and keeps promises; it decides nothing. Every customer is one
document with one version number, beside it an append-only journal, an outbox of messages
to hand over, an inbox of what hosts told and nobody decided on yet, the ids of events
already seen and every published definition; and what all
customers share, the buckets of throttles and the list of suppressed addresses. All instants
are integers: microseconds since 1970-01-01T00:00:00Z.

`journeykit.testing.check_store` puts a store through every promise on this page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from journeykit.ports.rows import (
    ClaimedMessage,
    Claiming,
    Committed,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalRecord,
    ParkedCustomer,
    StoredCustomer,
)
from journeykit.ports.shared import Controls, Suppression, Taken, Taking
from journeykit.ports.upkeep import Upkeep


class Store(Upkeep, Protocol):
    """Keeps customers, journal, outbox and definitions. Inherit from nothing.

    Every method is one transaction: when it has returned, what it wrote survives a crash of
    the process; when it raises, nothing of it was written. Methods may be called from
    several threads and several processes at a time.
    """

    def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """Return the newest committed state of those customers that exist.

        Ids that are not there are absent from the answer. `profile` is filled only when
        asked for, and None where the customer has none.
        """
        ...

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """Write every commit whose `expected` is still the stored version, together.

        Returns:
            The ids of the stale ones, of which nothing was written. The caller loads them
            anew and decides again.

        Raises:
            RefusedCommitError: A journal does not begin where the stored one ends. It names the
                customer, and nothing of the call was written.
        """
        ...

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        """Commit, then claim what was put and is due, and announce it, in one transaction.

        It is as `commit`, `claim` of these very rows, and `hold` for their customers, with
        nobody else in between. Nothing is claimed of a stale commit, or for a parked customer.
        """
        ...

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Return the digest for each (customer id, event id) that was committed before.

        An id may be forgotten once its `expires` is past, never earlier.
        """
        ...

    def due(self, now: int, *, limit: int, lease_until: int = 0, worker: str = "") -> Sequence[str]:
        """Return up to `limit` customers with `next_due <= now`, the longest due first.

        A store for many workers may keep those it returned from being returned to others until
        `lease_until`, unless they are committed before; it is no promise, since `expected`
        decides who comes first.
        """
        ...

    def append(self, rows: Sequence[InboxRow]) -> None:
        """Put rows into the inbox, each with a number. Those of one customer stay in this order."""
        ...

    def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """Return up to `limit` customers for whom rows lie in the inbox, the longest waiting first.

        Each is named once, by the `at` of its first row; a row waits even if its `at` is later
        than `now`. Nothing that is committed is ever skipped, however late its transaction
        committed. Who is parked until later than `now` is left out, unless a row came in after
        the parking. For `lease_until` see `due`. The customers need not be there.
        """
        ...

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Mapping[str, Sequence[InboxRow]]:
        """Return up to `limit` rows for each of these customers, the lowest number first.

        Customers for whom nothing lies there are absent from the answer.
        """
        ...

    def depth(self, limit: int) -> int:
        """Return how many rows lie in the inbox, counted up to `limit`."""
        ...

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """Take rows out of the inbox without a commit, such as those for a customer nobody knows.

        Numbers that are not there, or are another customer's, are passed over.
        """
        ...

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """Leave customers alone: `due`, `waiting` and `claim` pass them over until `until`.

        Their claims end. A customer who is parked already is parked anew. The customers need not
        be there: something may wait in the inbox for one that nobody knows. Neither a commit
        nor the end of `until` ends the parking: who is tried again, and fails again, is parked
        anew with one more attempt, and only `unpark` and `erase` forget how many there were.
        """
        ...

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        """End the parking: what was passed over may be found at `now`. Return who was parked.

        Nothing becomes due before its own instant.
        """
        ...

    def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """Return who is parked, ordered by id: those of `of`, or up to `limit` behind `after`.

        Those whose `until` is past are among them.
        """
        ...

    def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """Return up to `limit` customers behind `after`, by id, with outbox rows never due.

        That is `due == FOREVER`: `claim` and `next_due` leave such rows alone.
        """
        ...

    def claim(
        self,
        now: int,
        *,
        limit: int,
        lease_until: int,
        worker: str,
        without: Collection[str] = (),
    ) -> Sequence[ClaimedMessage]:
        """Take up to `limit` messages with `due <= now`, the longest due first.

        A row that another claim holds, until its `lease_until <= now`, is passed over, so
        no two workers hold a row at the same time; so are rows on the channels `without`. Ties
        are ordered by key.
        """
        ...

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """Give back claims that were not handed over, where the token still is the newest."""
        ...

    def recover(self, worker: str) -> int:
        """End every lease that `worker` holds; return how many. For a restarted worker.

        What it announced with `hold` ends as well.
        """
        ...

    def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """Announce that messages to these customers may be handed over from now on.

        A worker does so after it has claimed and before it loads, so that whoever commits a
        withdrawal of consent either comes before the load, or finds the announcement.
        """
        ...

    def let_go(self, hand: Hand) -> None:
        """End an announcement. One that has ended already is fine."""
        ...

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """Return the announcements about a customer that nobody let go, with `until > now`.

        None asks for those about anybody.
        """
        ...

    def take(self, bucket: str, asked: Taking) -> Taken:
        """Take tokens out of the bucket of this name; one not yet there is `Bucket()`.

        A store reads the bucket, hands it to `take_from`, keeps what that returns, and lets
        nobody else in between. Tokens that were taken do not come back, whatever becomes of
        the worker.
        """
        ...

    def suppress(self, rows: Sequence[Suppression]) -> None:
        """Put addresses on the list of suppressed ones; those that are there stay as they were."""
        ...

    def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """Take (channel, address) off the list. What is not there is fine."""
        ...

    def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """Return those of (channel, address) that are on the list."""
        ...

    def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """Note that claims are about to be handed over, and keep rendered content with its row.

        None leaves the content as it is. A row that has left the outbox, or that a newer claim
        holds, is passed over. The note ends when the row is put again or given back (`unclaim`).
        """
        ...

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """Return the newest committed version of those customers that exist.

        One for whom something lies in the inbox is left out: it is about to change.
        """
        ...

    def next_due(self) -> int | None:
        """Return the earliest instant at which a customer or an outbox row is due.

        A claimed row counts from the end of its lease, an inbox from the `at` of its first row.
        What is passed over because its customer is parked counts from `until`, and what is not
        due before `FOREVER` not at all.
        """
        ...

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """Return the records with `first_seq > after`, oldest first."""
        ...

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """Return up to `limit` customer ids greater than `after`, in the order of their code points."""
        ...

    def publish(self, definitions: Sequence[Definition]) -> None:
        """Keep definitions that are not there yet; those that are there stay as they were."""
        ...

    def definitions(self) -> Sequence[Definition]:
        """Return every definition ever published, by journey and version."""
        ...

    def controls(self) -> Controls:
        """Return what operators have set; `Controls()` where nobody has set anything."""
        ...

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        """Replace it if `expected` is still its version, which then grows by one; tell whether."""
        ...

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """Remove all that is kept of a customer, and keep `mark` with the instant instead.

        That is the document, the profile, the journal, what lies in the outbox and the inbox,
        the parking and the ids of events. The mark is kept, and inbox and parking are emptied,
        whether the customer was there or not; whether it was is returned.
        """
        ...

    def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """Return those of `marks` that an erasure has left, with the instant of the last one."""
        ...

    def close(self) -> None:
        """Let go of connections and files. Calling it twice is fine."""
        ...
