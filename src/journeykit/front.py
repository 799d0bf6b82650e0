"""Where is everything put together? The `Orchestrator`: a runner with the system clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from journeykit.adapters import SystemClock, TemplateNames, pause
from journeykit.errors import UsageError
from journeykit.model import Workspace
from journeykit.ports import Channel, Clock, Renderer, Store
from journeykit.runtime import Runner, TickCounts

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

    Raises:
        DefinitionError: A journey sends through a channel that is not given.
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
    ) -> None:
        super().__init__(
            workspace,
            store=store,
            channels=channels,
            renderer=TemplateNames() if renderer is None else renderer,
            clock=SystemClock() if clock is None else clock,
            worker=worker,
            lease=lease,
            batch=batch,
        )
        self._stopping = False

    def run(self, *, idle: timedelta = _IDLE) -> TickCounts:
        """Tick until `stop` is called, from another thread or from a signal handler.

        Args:
            idle: Longest pause between two ticks; it is shorter when something is due
                sooner.

        Returns:
            The counts of all ticks together.
        """
        if idle <= timedelta(0):
            raise UsageError("idle must be longer than zero", place="idle", value=idle)
        self._stopping = False
        total = TickCounts()
        while not self._stopping:
            total += self.tick()
            due = self.next_due()
            rest = idle if due is None else min(idle, due - self.clock.now())
            if not self._stopping and rest > timedelta(0):
                pause(rest)
        return total

    def stop(self) -> None:
        """Let `run` return after the tick that it is in."""
        self._stopping = True
