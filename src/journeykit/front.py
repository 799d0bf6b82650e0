"""Where is everything put together? The `Orchestrator`: a runner with the system clock."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from threading import Lock, get_ident
from types import MappingProxyType

from journeykit.adapters import SystemClock, TemplateNames
from journeykit.errors import UsageError
from journeykit.model import Workspace
from journeykit.ports import Channel, Clock, Function, Renderer, Store, TokenSigner
from journeykit.runtime import Runner, TickCounts

_IDLE = timedelta(seconds=1)
_BREATH = timedelta(milliseconds=20)


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
    ) -> None:
        self._runs_in: int | None = None
        self._stopping = False
        self._sleep = Lock()  # held all the time; whoever releases it wakes `run`
        self._sleep.acquire()
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
        )

    def run(self, *, idle: timedelta = _IDLE) -> TickCounts:
        """Work until `stop` is called: a worker. It sleeps while nothing is due.

        What this orchestrator is told from other threads wakes it; what other processes tell
        the store is noticed after `idle` at the latest. Ctrl-C ends it too, with
        KeyboardInterrupt, after the answers that are known have been stored.

        Args:
            idle: Longest pause; it is shorter when something is due sooner.

        Returns:
            The counts of all that was done.

        Raises:
            UsageError: `idle` is not longer than zero, or it runs already.
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
        try:
            while not self._stopping:
                if not self.turn(total) and not self._stopping:
                    self._rest(idle)
        finally:
            self._runs_in = None
            self._stopping = False
        return total

    def stop(self) -> None:
        """Let `run` return: after the hand-over that it is in, not after the whole queue.

        It may be called from another thread, from a signal handler and from within a channel.
        Called while nothing runs, it makes the next `run` return at once.
        """
        self._stopping = True
        self._wake()

    def _rest(self, idle: timedelta) -> None:
        due = self.next_due()
        pause = idle if due is None else min(idle, max(_BREATH, due - self.clock.now()))
        self._sleep.acquire(timeout=pause.total_seconds())

    def _wake(self) -> None:
        with suppress(RuntimeError):  # it is awake already
            self._sleep.release()

    def _may_start(self) -> bool:
        return not (self._stopping and self._runs_in == get_ident())

    def _committed(self) -> None:
        if self._runs_in is not None and self._runs_in != get_ident():
            self._wake()
