"""How does a store that blocks serve an event loop? In threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar, cast

from journeykit.ports import (
    Appendable,
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
    Store,
    StoredCustomer,
    StoreStatus,
    Suppression,
    Taken,
    Taking,
)
from journeykit.ports.waking import Waker, Wakes

P = ParamSpec("P")
R = TypeVar("R")


class ThreadedStore:
    """Makes any `Store` an `AsyncStore`: each call works in one of a few threads.

    A call that has begun is finished and waited for, also where its task is cancelled: nobody
    can end a thread.

    Args:
        store: Such as `SQLiteStore("journeys.db")`; it is closed by `close`.
        threads: How many calls work at a time; the others wait for them.
    """

    def __init__(self, store: Store, *, threads: int = 4) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="journeykit-store")
        self._is_closed = False

    async def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """As `Store.load`."""
        return await self._call(self._store.load, customer_ids, profiles=profiles)

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """As `Store.commit`."""
        return await self._call(self._store.commit, commits)

    async def commit_and_claim(
        self, commits: Sequence[CustomerCommit], claiming: Claiming
    ) -> Committed:
        """As `Store.commit_and_claim`."""
        return await self._call(self._store.commit_and_claim, commits, claiming)

    async def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """As `Store.seen`."""
        return await self._call(self._store.seen, events)

    async def due(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """As `Store.due`."""
        return await self._call(
            self._store.due, now, limit=limit, lease_until=lease_until, worker=worker
        )

    async def append(self, rows: Sequence[InboxRow]) -> None:
        """As `Store.append`."""
        await self._call(self._store.append, rows)

    async def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """As `Store.waiting`."""
        return await self._call(
            self._store.waiting, now, limit=limit, lease_until=lease_until, worker=worker
        )

    async def inbox(
        self, customer_ids: Sequence[str], *, limit: int
    ) -> Mapping[str, Sequence[InboxRow]]:
        """As `Store.inbox`."""
        return await self._call(self._store.inbox, customer_ids, limit=limit)

    async def depth(self, limit: int) -> int:
        """As `Store.depth`."""
        return await self._call(self._store.depth, limit)

    async def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """As `Store.discard`."""
        await self._call(self._store.discard, customer_id, numbers)

    async def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """As `Store.park`."""
        await self._call(self._store.park, rows)

    async def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        """As `Store.unpark`."""
        return await self._call(self._store.unpark, customer_ids, now)

    async def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """As `Store.parked`."""
        return await self._call(self._store.parked, of=of, after=after, limit=limit)

    async def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """As `Store.shelved`."""
        return await self._call(self._store.shelved, after=after, limit=limit)

    async def claim(
        self, now: int, *, limit: int, lease_until: int, worker: str, without: Collection[str] = ()
    ) -> Sequence[ClaimedMessage]:
        """As `Store.claim`."""
        return await self._call(
            self._store.claim,
            now,
            limit=limit,
            lease_until=lease_until,
            worker=worker,
            without=without,
        )

    async def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """As `Store.unclaim`."""
        await self._call(self._store.unclaim, claims)

    async def recover(self, worker: str) -> int:
        """As `Store.recover`."""
        return await self._call(self._store.recover, worker)

    async def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """As `Store.hold`."""
        return await self._call(self._store.hold, customer_ids, now, until=until, worker=worker)

    async def let_go(self, hand: Hand) -> None:
        """As `Store.let_go`."""
        await self._call(self._store.let_go, hand)

    async def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """As `Store.hands`."""
        return await self._call(self._store.hands, customer_id, now)

    async def take(self, bucket: str, asked: Taking) -> Taken:
        """As `Store.take`."""
        return await self._call(self._store.take, bucket, asked)

    async def suppress(self, rows: Sequence[Suppression]) -> None:
        """As `Store.suppress`."""
        await self._call(self._store.suppress, rows)

    async def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """As `Store.unsuppress`."""
        await self._call(self._store.unsuppress, addresses)

    async def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """As `Store.suppressed`."""
        return await self._call(self._store.suppressed, addresses)

    async def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """As `Store.begin`."""
        await self._call(self._store.begin, handing)

    async def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """As `Store.versions`."""
        return await self._call(self._store.versions, customer_ids)

    async def next_due(self) -> int | None:
        """As `Store.next_due`."""
        return await self._call(self._store.next_due)

    async def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """As `Store.journal`."""
        return await self._call(self._journal, customer_id, after)

    async def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """As `Store.customers`."""
        return await self._call(self._store.customers, after=after, limit=limit)

    async def publish(self, definitions: Sequence[Definition]) -> None:
        """As `Store.publish`."""
        await self._call(self._store.publish, definitions)

    async def definitions(self) -> Sequence[Definition]:
        """As `Store.definitions`."""
        return await self._call(self._store.definitions)

    async def controls(self) -> Controls:
        """As `Store.controls`."""
        return await self._call(self._store.controls)

    async def set_controls(self, body: bytes, *, expected: int) -> bool:
        """As `Store.set_controls`."""
        return await self._call(self._store.set_controls, body, expected=expected)

    async def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """As `Store.erase`."""
        return await self._call(self._store.erase, customer_id, mark=mark, at=at)

    async def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """As `Store.erased`."""
        return await self._call(self._store.erased, marks)

    async def close(self) -> None:
        """As `Store.close`."""
        if not self._is_closed:
            self._is_closed = True
            try:
                await self._call(self._store.close)
            finally:
                self._threads.shutdown(wait=False)

    async def status(self, now: int) -> StoreStatus:
        """As `Store.status`."""
        return await self._call(self._store.status, now)

    async def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """As `Store.prune`."""
        return await self._call(self._store.prune, cuts)

    async def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """As `Store.forget`."""
        return await self._call(self._store.forget, now, limit=limit, buckets=buckets)

    async def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """As `Store.outbox`."""
        return await self._call(self._store.outbox, customer_id)

    async def buckets(self) -> Sequence[str]:
        """As `Store.buckets`."""
        return await self._call(self._store.buckets)

    # ---- what not every store has

    @property
    def appending(self) -> AppendingSQL:
        """As `Appendable.appending`, where the store has that."""
        return cast(Appendable, self._store).appending

    @property
    def waker(self) -> Callable[[], ThreadedWaker]:
        """As `Wakes.waker`, where the store has that."""
        make = cast(Wakes, self._store).waker
        return lambda: ThreadedWaker(make())

    # ---- within

    async def _call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await _in_thread(self._threads, partial(method, *args, **kwargs))

    def _journal(self, customer_id: str, after: int) -> Iterable[JournalRecord]:
        return list(self._store.journal(customer_id, after=after))


class ThreadedWaker:
    """Makes a `Waker` an `AsyncWaker`, with a thread of its own."""

    def __init__(self, waker: Waker) -> None:
        self._waker = waker
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journeykit-waker")

    async def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        wait = partial(self._waker.wait, seconds)
        return await _in_thread(self._thread, wait, cut=self._waker.wake)

    def wake(self) -> None:
        """End the wait, or the next one. From any thread, and from a signal handler."""
        self._waker.wake()

    async def close(self) -> None:
        """Let go of what it holds."""
        try:
            await _in_thread(self._thread, self._waker.close)
        finally:
            self._thread.shutdown(wait=False)


async def _in_thread(
    threads: ThreadPoolExecutor, call: Callable[[], R], *, cut: Callable[[], None] | None = None
) -> R:
    """Make a call in a thread, and wait until it has returned, whoever cancels meanwhile.

    Args:
        cut: Makes the call return early.
    """
    asked = asyncio.get_running_loop().run_in_executor(threads, call)
    cancelled = None
    while not asked.done():
        try:
            await asyncio.wait((asked,))
        except asyncio.CancelledError as error:
            cancelled = error
            if cut is not None:
                cut()
    if cancelled is not None:
        asked.exception()  # whatever it is, nobody hears of it
        raise cancelled
    return asked.result()
