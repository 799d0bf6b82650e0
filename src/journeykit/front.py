"""Where is everything put together? The `Orchestrator`: a runner with the system clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from threading import get_ident
from types import MappingProxyType

from journeykit.adapters import SystemClock, TemplateNames
from journeykit.adapters.appending import join
from journeykit.errors import UsageError
from journeykit.model import Workspace
from journeykit.ports import (
    Channel,
    Clock,
    Delivery,
    Function,
    Observer,
    Renderer,
    Store,
    TokenSigner,
)
from journeykit.ports.waking import Waker, Wakes
from journeykit.runtime import OnlyTo, Runner, TickCounts, logs
from journeykit.runtime.joining import Inbox, Using
from journeykit.runtime.looping import keep_working
from journeykit.runtime.runner import Verbs
from journeykit.runtime.waking import Bell

_IDLE = timedelta(seconds=1)


class Orchestrator(Runner):
    """Runs the journeys of a workspace: give it a store and channels, report events, tick.

    Args:
        workspace: Its journeys are published to the store.
        store: Where everything is kept.
        channels: One for each channel that a journey sends through.
        renderer: Turns templates into content. By default a message carries the name of
            its template, for providers that keep the templates themselves.
        clock: Tells the time; the system's by default.
        worker: Name of this worker, for leases; see `Runner`.
        lease: How long a claimed message is kept from other workers.
        batch: Customers or messages per transaction.
        tokens: Signs and reads the tokens of links, such as `Tokens`.
        functions: What `Call` steps call, by name.
        only_to: Whom this host may write to at all, on a copy of the real data: patterns of
            addresses such as `*@ours.test`, or a function of channel and address. What is for
            anybody else is dropped as `withheld`, and its run goes on.
        observer: Is told counts and spans of time.
        delivery: How channels are called, by name; see `Delivery`. A channel that is not named
            takes one message after the other.
        inbox_limit: How many rows may wait in the inbox before `kit.inbox` refuses more; None
            for any number.

    Raises:
        DefinitionError: A journey sends through a channel, or calls a function, that is not
            given.
        TemplateError: The renderer lacks a template.
        VersionError: A published journey was edited under its old version.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        store: Store,
        channels: Mapping[str, Channel],
        renderer: Renderer | None = None,
        clock: Clock | None = None,
        worker: str = "",
        lease: timedelta = timedelta(minutes=5),
        batch: int = 1000,
        tokens: TokenSigner | None = None,
        functions: Mapping[str, Function] = MappingProxyType({}),
        only_to: OnlyTo | None = None,
        observer: Observer | None = None,
        delivery: Mapping[str, Delivery] = MappingProxyType({}),
        inbox_limit: int | None = None,
    ) -> None:
        self._inbox = Inbox(self, lambda: self.rules, inbox_limit)
        self._runs_in: int | None = None
        self._stopping = False
        self._waker: Waker = Bell()
        super().__init__(
            workspace,
            store=store,
            channels=channels,
            renderer=TemplateNames() if renderer is None else renderer,
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
    def inbox(self) -> Inbox:
        """The calls by which something is told, appended for workers that decide on it soon.

        A front end that only appends answers fast, whatever the journeys do. Nothing is
        decided when such a call returns, and nothing is returned; see `Telling`.
        """
        return self._inbox

    def using(self, connection: object) -> Using:
        """Tell something within a transaction of your own: committed or rolled back with it.

        `with kit.using(connection) as tx:` has the calls of `inbox`. Each checks at once what
        it is handed; all is appended at the end of the block, under a savepoint. An error in
        the block rolls back to that, and leaves the transaction usable. Workers decide on it
        once the transaction is committed.

        Args:
            connection: To the database of the store, with a transaction open: a sqlite3 or
                psycopg connection, a SQLAlchemy `Connection` or `Session`, or Django's
                `connection` within `atomic()`.

        Raises:
            UsageError: No transaction is open on it, or it is no such connection, or the store
                is in no database that others could write to.
            WrongDatabaseError: It is to another database than the store's.
            StaleSnapshotError: SQLite's transaction read something before somebody else wrote;
                begin it with BEGIN IMMEDIATE.
        """
        return Using(join(self.store, connection), self.rules, self._ports.now)

    def run(self, *, idle: timedelta = _IDLE) -> TickCounts:
        """Work until `stop` is called: a worker. It sleeps while nothing is due.

        It takes turns: some of the inbox, some of what is due, some of what is to be handed
        over. What this orchestrator is told from other threads wakes it; what other processes
        tell the store is noticed after `idle` at the latest, on PostgreSQL at once. Ctrl-C
        ends it too, with KeyboardInterrupt, after the answers that are known have been stored.

        While the store fails, it tries again after one second, then after longer pauses, up to
        a minute, and goes on once the store is back.

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
        if self._runs_in is not None:
            raise UsageError(
                "this orchestrator runs already",
                remedy="make one Orchestrator for each worker, with a name of its own",
            )
        self._runs_in = get_ident()
        total = TickCounts()
        store = self.store
        self._waker = self._ports.waker = store.waker() if isinstance(store, Wakes) else Bell()
        span = idle // timedelta(microseconds=1)
        try:
            logs.tell("worker_started")
            self.drive(keep_working(partial(Verbs.turn, self), total, span, lambda: self._stopping))
        finally:
            self._runs_in = None
            self._stopping = False
            over, self._waker = self._waker, Bell()
            over.close()
            logs.tell("worker_stopped")
        return total

    def stop(self) -> None:
        """Let `run` return: after the hand-over that it is in, not after the whole queue.

        It may be called from another thread, from a signal handler and from within a channel.
        Called while nothing runs, it makes the next `run` return at once.
        """
        self._stopping = True
        self._waker.wake()

    def _may_start(self) -> bool:
        return not (self._stopping and self._runs_in == get_ident())

    def _committed(self) -> None:
        if self._runs_in is not None and self._runs_in != get_ident():
            self._waker.wake()
