"""What does the async twin need from a database? The same, as coroutines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from journeykit.ports.pruning import JournalCut
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
from journeykit.ports.status import StoreStatus


class AsyncStore(Protocol):
    """A `Store` whose methods are coroutines. Inherit from nothing.

    It keeps every promise of `Store`, with tasks for threads. A coroutine that is cancelled may
    leave open whether it was done, as a lost connection does; an `AsyncRunner` cancels none.

    `journeykit.testing.check_async_store` puts a store through every promise. What has no
    coroutines becomes one by `journeykit.adapters.threaded.ThreadedStore`.
    """

    async def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """As `Store.load`."""
        ...

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """As `Store.commit`."""
        ...

    async def commit_and_claim(
        self, commits: Sequence[CustomerCommit], claiming: Claiming
    ) -> Committed:
        """As `Store.commit_and_claim`."""
        ...

    async def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """As `Store.seen`."""
        ...

    async def due(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """As `Store.due`."""
        ...

    async def append(self, rows: Sequence[InboxRow]) -> None:
        """As `Store.append`."""
        ...

    async def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """As `Store.waiting`."""
        ...

    async def inbox(
        self, customer_ids: Sequence[str], *, limit: int
    ) -> Mapping[str, Sequence[InboxRow]]:
        """As `Store.inbox`."""
        ...

    async def depth(self, limit: int) -> int:
        """As `Store.depth`."""
        ...

    async def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """As `Store.discard`."""
        ...

    async def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """As `Store.park`."""
        ...

    async def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        """As `Store.unpark`."""
        ...

    async def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """As `Store.parked`."""
        ...

    async def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """As `Store.shelved`."""
        ...

    async def claim(
        self, now: int, *, limit: int, lease_until: int, worker: str, without: Collection[str] = ()
    ) -> Sequence[ClaimedMessage]:
        """As `Store.claim`."""
        ...

    async def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """As `Store.unclaim`."""
        ...

    async def recover(self, worker: str) -> int:
        """As `Store.recover`."""
        ...

    async def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """As `Store.hold`."""
        ...

    async def let_go(self, hand: Hand) -> None:
        """As `Store.let_go`."""
        ...

    async def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """As `Store.hands`."""
        ...

    async def take(self, bucket: str, asked: Taking) -> Taken:
        """As `Store.take`."""
        ...

    async def suppress(self, rows: Sequence[Suppression]) -> None:
        """As `Store.suppress`."""
        ...

    async def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """As `Store.unsuppress`."""
        ...

    async def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """As `Store.suppressed`."""
        ...

    async def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """As `Store.begin`."""
        ...

    async def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """As `Store.versions`."""
        ...

    async def next_due(self) -> int | None:
        """As `Store.next_due`."""
        ...

    async def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """As `Store.journal`."""
        ...

    async def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """As `Store.customers`."""
        ...

    async def publish(self, definitions: Sequence[Definition]) -> None:
        """As `Store.publish`."""
        ...

    async def definitions(self) -> Sequence[Definition]:
        """As `Store.definitions`."""
        ...

    async def controls(self) -> Controls:
        """As `Store.controls`."""
        ...

    async def set_controls(self, body: bytes, *, expected: int) -> bool:
        """As `Store.set_controls`."""
        ...

    async def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """As `Store.erase`."""
        ...

    async def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """As `Store.erased`."""
        ...

    async def close(self) -> None:
        """As `Store.close`."""
        ...

    async def status(self, now: int) -> StoreStatus:
        """As `Upkeep.status`."""
        ...

    async def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """As `Upkeep.prune`."""
        ...

    async def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """As `Upkeep.forget`."""
        ...

    async def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """As `Upkeep.outbox`."""
        ...

    async def buckets(self) -> Sequence[str]:
        """As `Upkeep.buckets`."""
        ...
