"""The store in PostgreSQL for hosts with an event loop: the same statements, awaited."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import URL

from journeykit.adapters import postgres_commit as commits_
from journeykit.adapters import postgres_customers as customers_
from journeykit.adapters import postgres_inbox as inbox_
from journeykit.adapters import postgres_outbox as outbox_
from journeykit.adapters import postgres_parking as parking_
from journeykit.adapters import postgres_shared as shared_
from journeykit.adapters import postgres_upkeep as upkeep_
from journeykit.adapters.postgres_async_connection import AsyncDatabase
from journeykit.adapters.postgres_async_waker import AsyncPostgresWaker
from journeykit.adapters.postgres_course import Texts
from journeykit.adapters.postgres_schema import Names, bring_up
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


class AsyncPostgresStore:
    """A store in PostgreSQL 14 or newer, for one event loop and any number of tasks.

    It connects at the first call, or with `await store.open()`.

    Args:
        address: `postgresql://user@host/database`; the `url` of a SQLAlchemy engine will do.
        schema: As for `PostgresStore`, like `prefix`, `lock_timeout`, `migrate` and `read_only`.
        connections: How many connections there are at most.

    Raises:
        StoreSchemaError, StoreBusyError, StoreError, UsageError: As `PostgresStore` does. A call
            that is cancelled may or may not have been written, like one that lost its connection.
    """

    def __init__(
        self,
        address: str | URL,
        *,
        schema: str | None = None,
        prefix: str = "journeykit_",
        lock_timeout: timedelta = timedelta(seconds=10),
        migrate: bool = True,
        read_only: bool = False,
        connections: int = 10,
    ) -> None:
        names = Names(schema, prefix)
        first = partial(bring_up, names, may_migrate=migrate and not read_only)
        texts = Texts(names, lock_timeout, read_only=read_only)
        self._database = AsyncDatabase(address, texts, first, connections=connections)
        self._turn = inbox_.Turn()

    async def open(self) -> None:
        """Connect, and bring the schema up. Every other call does so as well."""
        await self._database.open()

    @property
    def names(self) -> Names:
        """Where the tables are."""
        return self._database.texts.names

    @property
    def appending(self) -> AppendingSQL:
        """What `append` executes, for a host's own connection."""
        return inbox_.appending(self.names, self._database.place)

    async def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """See `Store.load`."""
        return await self._database.run(customers_.load, customer_ids, profiles)

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """See `Store.commit`.

        Raises:
            UsageError: Two commits are for one customer, or a journal is not a JSON array.
            StoreError: A journal does not begin where the stored one ends.
        """
        return (await self._database.run(commits_.commit, commits, None)).stale

    async def commit_and_claim(
        self, commits: Sequence[CustomerCommit], claiming: Claiming
    ) -> Committed:
        """See `Store.commit_and_claim`; it raises what `commit` raises."""
        return await self._database.run(commits_.commit, commits, claiming)

    async def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See `Store.seen`."""
        return await self._database.run(customers_.seen, events)

    async def due(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """See `Store.due`."""
        return await self._database.run(customers_.due, now, limit, lease_until, worker)

    async def append(self, rows: Sequence[InboxRow]) -> None:
        """See `Store.append`."""
        await self._database.run(inbox_.append, rows)

    async def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """See `Store.waiting`."""
        return await self._database.run(inbox_.waiting, self._turn, now, limit, lease_until, worker)

    async def inbox(
        self, customer_ids: Sequence[str], *, limit: int
    ) -> Mapping[str, Sequence[InboxRow]]:
        """See `Store.inbox`."""
        return await self._database.run(inbox_.inbox, customer_ids, limit)

    async def depth(self, limit: int) -> int:
        """See `Store.depth`."""
        return await self._database.run(inbox_.depth, limit)

    async def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """See `Store.discard`."""
        await self._database.run(inbox_.discard, customer_id, numbers)

    async def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """See `Store.park`."""
        await self._database.run(parking_.park, rows)

    async def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:  # noqa: ARG002  # it stays due
        """See `Store.unpark`."""
        return await self._database.run(parking_.unpark, customer_ids)

    async def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """See `Store.parked`."""
        return await self._database.run(parking_.parked, of, after, limit)

    async def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.shelved`."""
        return await self._database.run(outbox_.shelved, after, limit)

    async def claim(
        self,
        now: int,
        *,
        limit: int,
        lease_until: int,
        worker: str,
        without: Collection[str] = (),
    ) -> Sequence[ClaimedMessage]:
        """See `Store.claim`."""
        return await self._database.run(outbox_.claim, now, limit, lease_until, worker, without)

    async def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """See `Store.unclaim`."""
        await self._database.run(outbox_.unclaim, claims)

    async def recover(self, worker: str) -> int:
        """See `Store.recover`. It looks through the whole outbox, and all timers."""
        return await self._database.run(outbox_.recover, worker)

    async def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """See `Store.hold`."""
        return await self._database.run(outbox_.hold, customer_ids, now, until, worker)

    async def let_go(self, hand: Hand) -> None:
        """See `Store.let_go`."""
        await self._database.run(outbox_.let_go, hand)

    async def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """See `Store.hands`."""
        return await self._database.run(outbox_.hands, customer_id, now)

    async def take(self, bucket: str, asked: Taking) -> Taken:
        """See `Store.take`."""
        return await self._database.run(shared_.take, bucket, asked)

    async def suppress(self, rows: Sequence[Suppression]) -> None:
        """See `Store.suppress`."""
        await self._database.run(shared_.suppress, rows)

    async def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """See `Store.unsuppress`."""
        await self._database.run(shared_.unsuppress, addresses)

    async def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """See `Store.suppressed`."""
        return await self._database.run(shared_.suppressed, addresses)

    async def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """See `Store.begin`."""
        await self._database.run(outbox_.begin, handing)

    async def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """See `Store.versions`."""
        return await self._database.run(customers_.versions, customer_ids)

    async def next_due(self) -> int | None:
        """See `Store.next_due`."""
        return await self._database.run(customers_.next_due)

    async def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """See `Store.journal`."""
        return await self._database.run(customers_.journal, customer_id, after)

    async def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.customers`."""
        return await self._database.run(customers_.customers, after, limit)

    async def publish(self, definitions: Sequence[Definition]) -> None:
        """See `Store.publish`."""
        await self._database.run(customers_.publish, definitions)

    async def definitions(self) -> Sequence[Definition]:
        """See `Store.definitions`."""
        return await self._database.run(customers_.definitions)

    async def controls(self) -> Controls:
        """See `Store.controls`."""
        return await self._database.run(shared_.controls)

    async def set_controls(self, body: bytes, *, expected: int) -> bool:
        """See `Store.set_controls`."""
        return await self._database.run(shared_.set_controls, body, expected)

    async def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """See `Store.erase`.

        No row is left. Bytes may stay in pages of the tables until those are used again, or the
        tables are vacuumed in full; the server's write-ahead log, replicas and backups keep
        older pages until they are replaced.
        """
        return await self._database.run(shared_.erase, customer_id, mark, at)

    async def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """See `Store.erased`."""
        return await self._database.run(shared_.erased, marks)

    async def status(self, now: int) -> StoreStatus:
        """See `Upkeep.status`."""
        return await self._database.run(upkeep_.status, now)

    async def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """See `Upkeep.prune`."""
        return await self._database.run(upkeep_.prune, cuts)

    async def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """See `Upkeep.forget`."""
        return await self._database.run(upkeep_.forget, now, limit, buckets)

    async def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """See `Upkeep.outbox`."""
        return await self._database.run(upkeep_.outbox, customer_id)

    async def buckets(self) -> Sequence[str]:
        """See `Upkeep.buckets`."""
        return await self._database.run(upkeep_.bucket_names)

    def waker(self) -> AsyncPostgresWaker:
        """See `Wakes.waker`. It takes a connection of its own, as soon as it waits."""
        return AsyncPostgresWaker(self._database.connect, self.names.wakes)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncPostgresStore({self._database.place!r})"
