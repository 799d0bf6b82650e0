"""Where does a fleet of workers keep its customers? In one PostgreSQL.

Every call is one transaction. A call with a thousand rows makes as many round trips as one with a
single row, and waits for the disk once: prefer large batches. Customers never wait for each
other; two workers who look for work get different work.

Beyond the port:
    * `due` and `waiting` keep what they returned from others until `lease_until`;
    * who is due behind somebody's lease is found at once; a lease that ended is due again where it
      was;
    * content is kept for the newest claim of a row only;
    * a commit with new event ids forgets up to twice as many that expired before its `at`,
      oldest first, so that their table stops growing after one period;
    * fencing tokens, and numbers of hands, come from one sequence, so they stay apart even
      where a key leaves the outbox and comes back;
    * transactions that others make fail (deadlock, serialization) are tried again a few times.

Needs the extra `postgres`: SQLAlchemy has the pool, psycopg 3 sends the statements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy import URL, Engine

from journeykit.adapters import postgres_commit as commits_
from journeykit.adapters import postgres_customers as customers_
from journeykit.adapters import postgres_inbox as inbox_
from journeykit.adapters import postgres_outbox as outbox_
from journeykit.adapters import postgres_parking as parking_
from journeykit.adapters import postgres_shared as shared_
from journeykit.adapters import postgres_upkeep as upkeep_
from journeykit.adapters.postgres_connection import Database
from journeykit.adapters.postgres_course import Texts
from journeykit.adapters.postgres_schema import Names, bring_up
from journeykit.adapters.postgres_waker import PostgresWaker
from journeykit.ports import (
    AppendingSQL,
    ClaimedMessage,
    Claiming,
    Committed,
    Controls,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalCut,
    JournalRecord,
    ParkedCustomer,
    StoredCustomer,
    StoreStatus,
    Suppression,
    Taken,
    Taking,
)


class PostgresStore:
    """A store in PostgreSQL 14 or newer, for any number of threads, processes and machines.

    Args:
        address: `postgresql://user@host/database`, or a host's own SQLAlchemy engine with psycopg 3,
            whose pool is then used and stays open.
        schema: Where the tables are; made when it is not there. None: where the user's
            `search_path` leads.
        prefix: How the names of the tables begin.
        lock_timeout: How long to wait for other transactions.
        migrate: Whether to bring the schema to the newest version; if not, an older one is refused.
        read_only: Let every transaction be one that writes nothing, for a user who may only read;
            an older schema is refused, and so is every method that writes.

    Raises:
        StoreSchemaError: The schema is newer than this journeykit; or older, and `migrate` is off.
        StoreBusyError: Somebody held what a call needs for longer than `lock_timeout`. Any method
            may raise it; nothing was written then.
        StoreError: There is no connection to the database. Where one is lost in the midst of a
            call, that may or may not have been written; the next call connects anew.
        UsageError: The store was closed, or opened before the process forked.
    """

    def __init__(
        self,
        address: str | URL | Engine,
        *,
        schema: str | None = None,
        prefix: str = "journeykit_",
        lock_timeout: timedelta = timedelta(seconds=10),
        migrate: bool = True,
        read_only: bool = False,
    ) -> None:
        names = Names(schema, prefix)
        self._database = Database(address, Texts(names, lock_timeout, read_only=read_only))
        self._turn = inbox_.Turn()
        try:
            self._database.run(bring_up, names, may_migrate=migrate and not read_only)
        except BaseException:
            self._database.close()
            raise

    @property
    def names(self) -> Names:
        """Where the tables are."""
        return self._database.texts.names

    @property
    def appending(self) -> AppendingSQL:
        """What `append` executes, for a host's own connection."""
        return inbox_.appending(self.names, self._database.place)

    def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """See `Store.load`."""
        return self._database.run(customers_.load, customer_ids, profiles)

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """See `Store.commit`.

        Raises:
            UsageError: Two commits are for one customer, or a journal is not a JSON array.
            StoreError: A journal does not begin where the stored one ends.
        """
        return self._database.run(commits_.commit, commits, None).stale

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        """See `Store.commit_and_claim`; it raises what `commit` raises."""
        return self._database.run(commits_.commit, commits, claiming)

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See `Store.seen`."""
        return self._database.run(customers_.seen, events)

    def due(self, now: int, *, limit: int, lease_until: int = 0, worker: str = "") -> Sequence[str]:
        """See `Store.due`."""
        return self._database.run(customers_.due, now, limit, lease_until, worker)

    def append(self, rows: Sequence[InboxRow]) -> None:
        """See `Store.append`."""
        self._database.run(inbox_.append, rows)

    def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """See `Store.waiting`."""
        return self._database.run(inbox_.waiting, self._turn, now, limit, lease_until, worker)

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Mapping[str, Sequence[InboxRow]]:
        """See `Store.inbox`."""
        return self._database.run(inbox_.inbox, customer_ids, limit)

    def depth(self, limit: int) -> int:
        """See `Store.depth`."""
        return self._database.run(inbox_.depth, limit)

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """See `Store.discard`."""
        self._database.run(inbox_.discard, customer_id, numbers)

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """See `Store.park`."""
        self._database.run(parking_.park, rows)

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:  # noqa: ARG002  # it stays due
        """See `Store.unpark`."""
        return self._database.run(parking_.unpark, customer_ids)

    def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """See `Store.parked`."""
        return self._database.run(parking_.parked, of, after, limit)

    def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.shelved`."""
        return self._database.run(outbox_.shelved, after, limit)

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
        return self._database.run(outbox_.claim, now, limit, lease_until, worker, without)

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """See `Store.unclaim`."""
        self._database.run(outbox_.unclaim, claims)

    def recover(self, worker: str) -> int:
        """See `Store.recover`. It looks through the whole outbox, and all timers."""
        return self._database.run(outbox_.recover, worker)

    def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """See `Store.hold`."""
        return self._database.run(outbox_.hold, customer_ids, now, until, worker)

    def let_go(self, hand: Hand) -> None:
        """See `Store.let_go`."""
        self._database.run(outbox_.let_go, hand)

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """See `Store.hands`."""
        return self._database.run(outbox_.hands, customer_id, now)

    def take(self, bucket: str, asked: Taking) -> Taken:
        """See `Store.take`."""
        return self._database.run(shared_.take, bucket, asked)

    def suppress(self, rows: Sequence[Suppression]) -> None:
        """See `Store.suppress`."""
        self._database.run(shared_.suppress, rows)

    def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """See `Store.unsuppress`."""
        self._database.run(shared_.unsuppress, addresses)

    def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """See `Store.suppressed`."""
        return self._database.run(shared_.suppressed, addresses)

    def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """See `Store.begin`."""
        self._database.run(outbox_.begin, handing)

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """See `Store.versions`."""
        return self._database.run(customers_.versions, customer_ids)

    def next_due(self) -> int | None:
        """See `Store.next_due`."""
        return self._database.run(customers_.next_due)

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """See `Store.journal`."""
        return self._database.run(customers_.journal, customer_id, after)

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.customers`."""
        return self._database.run(customers_.customers, after, limit)

    def publish(self, definitions: Sequence[Definition]) -> None:
        """See `Store.publish`."""
        self._database.run(customers_.publish, definitions)

    def definitions(self) -> Sequence[Definition]:
        """See `Store.definitions`."""
        return self._database.run(customers_.definitions)

    def controls(self) -> Controls:
        """See `Store.controls`."""
        return self._database.run(shared_.controls)

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        """See `Store.set_controls`."""
        return self._database.run(shared_.set_controls, body, expected)

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """See `Store.erase`.

        No row is left. Bytes may stay in pages of the tables until those are used again, or the
        tables are vacuumed in full; the server's write-ahead log, replicas and backups keep
        older pages until they are replaced.
        """
        return self._database.run(shared_.erase, customer_id, mark, at)

    def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """See `Store.erased`."""
        return self._database.run(shared_.erased, marks)

    def status(self, now: int) -> StoreStatus:
        """See `Upkeep.status`."""
        return self._database.run(upkeep_.status, now)

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """See `Upkeep.prune`."""
        return self._database.run(upkeep_.prune, cuts)

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """See `Upkeep.forget`."""
        return self._database.run(upkeep_.forget, now, limit, buckets)

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """See `Upkeep.outbox`."""
        return self._database.run(upkeep_.outbox, customer_id)

    def buckets(self) -> Sequence[str]:
        """See `Upkeep.buckets`."""
        return self._database.run(upkeep_.bucket_names)

    def waker(self) -> PostgresWaker:
        """See `Wakes.waker`. It takes a connection of its own, as soon as it waits."""
        return PostgresWaker(self._database.connect, self.names.wakes)

    def close(self) -> None:
        """See `Store.close`. A host's own engine stays as it is."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"PostgresStore({self._database.place!r})"
