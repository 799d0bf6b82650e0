"""What does the host hold in its hand? A `Runner`: it performs what the flows ask for.

The front door's `Orchestrator` is a `Runner` with the system clock; `AsyncRunner` is its twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar

from journeykit.errors import JourneykitError, UsageError
from journeykit.kernel import Signal
from journeykit.model import Journey, Workspace
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
from journeykit.runtime import logs
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.clarifying import Clarifying
from journeykit.runtime.drivers import drive
from journeykit.runtime.erasing import missing_customer
from journeykit.runtime.fitting import (
    check_channels,
    check_functions,
    check_no_coroutines,
    check_templates,
    check_workspace,
)
from journeykit.runtime.guards import Guard, OnlyTo
from journeykit.runtime.hands import enter_flow
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import Asked, Reported
from journeykit.runtime.lines import Lines
from journeykit.runtime.many import Many
from journeykit.runtime.observing import observe
from journeykit.runtime.operating import Operations
from journeykit.runtime.operator_calls import Recover
from journeykit.runtime.outcomes import Outcome, TickCounts
from journeykit.runtime.performing import Ports
from journeykit.runtime.queries import Queries
from journeykit.runtime.reporting import report
from journeykit.runtime.resuming import Resuming
from journeykit.runtime.script import Arrival
from journeykit.runtime.ticking import Pace, tick, turn
from journeykit.runtime.upkeep import Upkeeping
from journeykit.runtime.verbs import Drives, verb
from journeykit.runtime.waiting import let_hands_finish

R = TypeVar("R")


class Verbs(Operations, Queries, Many, Resuming, Clarifying, Upkeeping):
    """All that a host can call, for both kinds of hosts.

    Args:
        ports: What the host provides.
    """

    def __init__(
        self,
        workspace: Workspace,
        ports: Ports,
        *,
        lease: timedelta,
        batch: int,
        tokens: TokenSigner | None,
        only_to: OnlyTo | None,
        observer: Observer | None,
    ) -> None:
        if lease <= timedelta(0) or batch < 1:
            raise UsageError(
                "lease must be longer than zero, and batch at least 1",
                place=f"{type(self).__name__}(...)",
                value={"lease": lease, "batch": batch},
                remedy="such as lease=timedelta(minutes=5), batch=1000",
            )
        self._tokens = tokens
        self._ports = ports
        self._ports.lines.guard = None if only_to is None else Guard(only_to)
        self._observer = observer
        self._lease = lease // timedelta(microseconds=1)
        self._batch = batch
        self._pace = Pace(batch)
        self._fit(workspace)

    @property
    def clock(self) -> Clock:
        """The clock that was given."""
        return self._ports.clock

    # ---- what takes time

    @verb
    def tick(self) -> Flow[TickCounts]:
        """Advance what is due, hand over what may go, until nothing is left that is due now."""
        now = yield from Now()
        counts = yield from tick(self._rules, now, self._batch, self._lease)
        logs.ticked(counts)
        return counts

    @verb
    def turn(self, counts: TickCounts) -> Flow[bool]:
        """Take one batch of what is due now, and add it to `counts`; tell whether to go on.

        `tick` takes turns until nothing is left. A loop of your own may look at other things
        between them.
        """
        here = TickCounts()
        now = yield from Now()
        goes_on = yield from turn(self._rules, now, self._pace, self._lease, here)
        logs.ticked(here)
        counts += here
        return goes_on

    # ---- within

    def _start(self, workspace: Workspace) -> Flow[None]:
        """Publish the workspace, and take back what this worker held before."""
        yield from self._take(workspace)
        if self._ports.worker:
            yield from Recover()

    def _apply(
        self, customer_id: str, signals: Sequence[Signal], *, creates: bool = False
    ) -> Flow[Outcome]:
        arrival = Arrival(customer_id, list(signals), creates=creates)
        applied = (yield from ingest(self._rules, [arrival])).get(customer_id)
        if applied is None:
            raise (yield from missing_customer(self._rules, customer_id))
        return Outcome(customer_id, applied.decision.entries)

    def _report(self, reported: Reported | Asked) -> Flow[Outcome]:
        (answer,) = yield from report(self._rules, [reported])
        if isinstance(answer, JourneykitError):
            raise answer
        return answer

    def _let_hands_finish(self, customer_id: str | None) -> Flow[None]:
        yield from let_hands_finish(customer_id)

    def _fit(self, workspace: Workspace) -> None:
        check_workspace(workspace)
        check_channels(workspace.journeys, self._ports.channels)
        check_templates(workspace.journeys, self._ports.renderer)
        check_functions(workspace.journeys, self._ports.functions)

    def _fit_older(self, journey: Journey) -> None:
        whose = f"version {journey.version}, on which open runs are to finish,"
        check_channels([journey], self._ports.channels, whose)
        check_functions([journey], self._ports.functions, whose)
        check_templates([journey], self._ports.renderer, f" of {whose}")

    def _watched(self, flow: Flow[R]) -> Flow[R]:
        """Let the observer of the host, if there is one, see the calls of a flow."""
        return flow if self._observer is None else observe(flow, self._observer)

    def _may_start(self) -> bool:
        """Tell whether hand-overs may still start."""
        return True

    def _committed(self) -> None:
        """Something was committed, and may be due."""


class Runner(Verbs, Drives):
    """Runs a workspace on a store, with channels and a clock that the host provides.

    Args:
        workspace: Its journeys are published to the store.
        channels: One for each channel that a journey sends through.
        renderer: Turns templates into content.
        clock: Tells the time.
        worker: Name of this worker, for leases. A worker that was killed and starts again
            under the same name takes its unfinished hand-overs back at once; two living
            workers must have different names.
        lease: How long a claimed message is kept from other workers.
        batch: Customers or messages per transaction.
        tokens: Signs and reads the tokens of links, such as `journeykit.adapters.Tokens`.
        functions: What `Call` steps call, by name.
        only_to: Whom this host may write to at all, for a copy of the real data: patterns of
            addresses such as `*@ours.test`, or a function of channel and address. What is for
            anybody else is dropped as `withheld`, and its run goes on.
        observer: Is told counts and spans of time.
        delivery: How channels are called, by name: how many messages at a time, and when they
            are left alone. A channel that is not named takes one message after the other.

    Raises:
        DefinitionError: A journey, or an older version on which open runs are to finish, sends
            through a channel, or calls a function, that is not given.
        TemplateError: The renderer lacks a template of theirs.
        UsageError: Something that was given is a coroutine function.
        VersionError: A published journey was edited under its old version.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        store: Store,
        channels: Mapping[str, Channel],
        renderer: Renderer,
        clock: Clock,
        worker: str = "",
        lease: timedelta = timedelta(minutes=5),
        batch: int = 1000,
        tokens: TokenSigner | None = None,
        functions: Mapping[str, Function] = MappingProxyType({}),
        only_to: OnlyTo | None = None,
        observer: Observer | None = None,
        delivery: Mapping[str, Delivery] = MappingProxyType({}),
    ) -> None:
        self._store = store
        ports = Ports(
            store,
            dict(channels),
            renderer,
            clock,
            worker,
            self._may_start,
            self._committed,
            dict(functions),
            lines=Lines(channels, delivery),
        )
        super().__init__(
            workspace,
            ports,
            lease=lease,
            batch=batch,
            tokens=tokens,
            only_to=only_to,
            observer=observer,
        )
        self.drive(self._start(workspace))

    @property
    def store(self) -> Store:
        """The store that was given."""
        return self._store

    def publish(
        self,
        workspace: Workspace,
        *,
        channels: Mapping[str, Channel] = MappingProxyType({}),
        functions: Mapping[str, Function] = MappingProxyType({}),
    ) -> None:
        """Let another workspace run here, and move the open runs that are to move.

        Refused as a whole, before anything changes, where it makes no sense. Other workers
        keep what they run until they are started with the new workspace.

        Args:
            channels: Those that the new workspace needs besides.
            functions: As well.

        Raises:
            DefinitionError: A journey needs a channel or a function that is not given.
            TemplateError: The renderer lacks a template.
            VersionError: A published journey was edited under its old version, is older than
                what was published, or has no place for somebody.
        """
        self.drive(self._publish(workspace, channels, functions))

    def _fit(self, workspace: Workspace) -> None:
        ports = self._ports
        check_no_coroutines(ports.store, ports.channels, ports.renderer, ports.functions)
        super()._fit(workspace)

    def drive(self, flow: Flow[R]) -> R:
        """Run a flow on this runner's ports."""
        entered = enter_flow()
        try:
            return drive(self._watched(flow), self._ports.perform)
        finally:
            self._ports.hands.leave_flow(entered)
