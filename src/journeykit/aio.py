"""Where is everything put together for an event loop? The `AsyncOrchestrator`.

Beside `journeykit`, which brings no asyncio along for those who do not use it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from inspect import isawaitable
from types import MappingProxyType, TracebackType
from typing import Any, Self

from journeykit.adapters import SystemClock, TemplateNames
from journeykit.adapters.appending import join_async
from journeykit.adapters.threaded import ThreadedStore
from journeykit.errors import UsageError
from journeykit.model import Workspace
from journeykit.ports import (
    AnyFunction,
    AsyncChannel,
    AsyncRenderer,
    AsyncStore,
    Channel,
    Clock,
    Delivery,
    Observer,
    Renderer,
    TokenSigner,
)
from journeykit.ports.waking import AsyncWaker
from journeykit.runtime import OnlyTo, TickCounts, logs
from journeykit.runtime.async_runner import AsyncRunner
from journeykit.runtime.async_waking import AsyncBell
from journeykit.runtime.joining import AsyncInbox, AsyncUsing
from journeykit.runtime.looping import keep_working
from journeykit.runtime.runner import Verbs

__all__ = ["AsyncOrchestrator", "ThreadedStore"]

_IDLE = timedelta(seconds=1)
_RUNS: ContextVar[object] = ContextVar("journeykit_runs", default=None)
"""The orchestrator in whose `run` this is."""


class AsyncOrchestrator(AsyncRunner):
    """An `Orchestrator` for an event loop: the same calls, awaited.

    `async with AsyncOrchestrator(...) as kit:` publishes the workspace, and at the end of the
    block lets `run` end. A task that is cancelled leaves everything in order: what a store was
    asked is finished, answers that are known are stored, and what was not handed over is given
    back.

    Args:
        workspace: Its journeys are published to the store, when this is opened.
        store: Where everything is kept: an `AsyncStore`, such as `AsyncPostgresStore(...)`, or
            `ThreadedStore(store)` for a store without coroutines.
        channels: One for each channel that a journey sends through. One whose `send` is a
            coroutine function is awaited; any other one works in a thread.
        renderer: Turns templates into content. By default a message carries the name of
            its template, for providers that keep the templates themselves.
        clock: Tells the time; the system's by default.
        worker: Name of this worker, for leases; see `Runner`.
        lease: How long a claimed message is kept from other workers.
        batch: Customers or messages per transaction.
        tokens: Signs and reads the tokens of links, such as `Tokens`.
        functions: What `Call` steps call, by name; they are called as channels are.
        only_to: Whom this host may write to at all, on a copy of the real data; see
            `Orchestrator`.
        observer: Is told counts and spans of time.
        delivery: How channels are called, by name; see `Delivery`. What is said of threads there
            holds for tasks.
        inbox_limit: How many rows may wait in the inbox before `kit.inbox` refuses more; None
            for any number.

    Raises:
        DefinitionError: A journey sends through a channel, or calls a function, that is not
            given.
        TemplateError: The renderer lacks a template.
        UsageError: The store has no coroutines.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        store: AsyncStore,
        channels: Mapping[str, Channel | AsyncChannel],
        renderer: Renderer | AsyncRenderer | None = None,
        clock: Clock | None = None,
        worker: str = "",
        lease: timedelta = timedelta(minutes=5),
        batch: int = 1000,
        tokens: TokenSigner | None = None,
        functions: Mapping[str, AnyFunction] = MappingProxyType({}),
        only_to: OnlyTo | None = None,
        observer: Observer | None = None,
        delivery: Mapping[str, Delivery] = MappingProxyType({}),
        inbox_limit: int | None = None,
    ) -> None:
        self._inbox = AsyncInbox(self, lambda: self.rules, inbox_limit)
        self._stopping = False
        self._waker: AsyncWaker | None = None
        self._ended: asyncio.Event | None = None
        super().__init__(
            workspace,
            store=store,
            channels=channels,
            renderer=_TEMPLATE_NAMES if renderer is None else renderer,
            clock=SystemClock() if clock is None else clock,
            worker=worker,
            lease=lease,
            batch=batch,
            tokens=tokens,
            functions=functions,
            only_to=only_to,
            observer=observer,
            delivery=delivery,
        )

    @property
    def inbox(self) -> AsyncInbox:
        """The calls by which something is told, appended for workers that decide on it soon.

        See `Orchestrator.inbox`; here they are awaited.
        """
        return self._inbox

    def using(self, connection: object) -> AsyncUsing:
        """Tell something within a transaction of your own: committed or rolled back with it.

        `async with kit.using(connection) as tx:` has the calls of `inbox`, not awaited: each
        checks at once what it is handed, and all is appended at the end of the block, under a
        savepoint. See `Orchestrator.using`.

        Args:
            connection: To the database of the store, with a transaction open: an asynchronous
                psycopg or asyncpg connection, or a SQLAlchemy `AsyncConnection` or
                `AsyncSession`.

        Raises:
            UsageError: No transaction is open on it, or it is no such connection, or the store
                is in no database that others could write to.
            WrongDatabaseError: It is to another database than the store's.
        """
        return AsyncUsing(join_async(self.store, connection), self.rules, self._ports.now)

    async def run(self, *, idle: timedelta = _IDLE) -> TickCounts:
        """Work until `stop` is called: a worker. It sleeps while nothing is due.

        As `Orchestrator.run`. One task of the loop may run it while others tell things and ask.
        Cancelled, it ends as after Ctrl-C: what is handed over by a coroutine is cancelled, what
        works in a thread is waited for, and answers that are known are stored.

        Args:
            idle: Longest pause; it is shorter when something is due sooner.

        Returns:
            The counts of all that was done, with the newest thousand failures.

        Raises:
            UsageError: `idle` is not longer than zero, or it runs already.
            StoreSchemaError: Somebody has brought the store to a schema that this is too old
                for.
        """
        if idle <= timedelta(0):
            raise UsageError(
                "idle must be longer than zero",
                place="idle",
                value=idle,
                remedy="such as timedelta(seconds=1)",
            )
        if self._ended is not None:
            raise UsageError(
                "this orchestrator runs already",
                remedy="make one AsyncOrchestrator for each worker, with a name of its own",
            )
        self._ended = ended = asyncio.Event()
        within = _RUNS.set(self)
        total = TickCounts()
        span = idle // timedelta(microseconds=1)
        waker: AsyncWaker | None = None
        try:
            self._waker = self._ports.waker = waker = await _waker_of(self.store)
            logs.tell("worker_started")
            await self.drive(
                keep_working(partial(Verbs.turn, self), total, span, lambda: self._stopping)
            )
        finally:
            _RUNS.reset(within)
            self._ended = self._waker = None
            self._stopping = False
            ended.set()
            if waker is not None:
                await waker.close()
            logs.tell("worker_stopped")
        return total

    def stop(self) -> None:
        """Let `run` return: after the hand-overs that it is in, not after the whole queue.

        It may be called from another task or thread, from a signal handler and from within a
        channel. Called while nothing runs, it makes the next `run` return at once.
        """
        self._stopping = True
        if self._waker is not None:
            self._waker.wake()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ended is not None:
            self.stop()
            await self._ended.wait()

    def _may_start(self) -> bool:
        return not (self._stopping and _RUNS.get() is self)

    def _committed(self) -> None:
        if self._waker is not None and _RUNS.get() is not self:
            self._waker.wake()


async def _waker_of(store: Any) -> AsyncWaker:
    """Return what wakes a worker: the store's own waker, or a bell of this process."""
    made = getattr(store, "waker", None)
    if made is None:
        return AsyncBell()
    waker: Any = made()
    if isawaitable(waker):
        waker = await waker
    result: AsyncWaker = waker
    return result


class _TemplateNames:
    """`TemplateNames` without a thread for each message: it works nothing."""

    def __init__(self) -> None:
        self._names = TemplateNames()

    async def render(self, context: Any) -> Any:
        return self._names.render(context)

    def missing(self, template: str, channel: str) -> str | None:
        return self._names.missing(template, channel)


_TEMPLATE_NAMES = _TemplateNames()
