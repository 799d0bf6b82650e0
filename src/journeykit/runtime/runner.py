"""What does the host hold in its hand? A `Runner`: it performs what the flows ask for.

The front door's `Orchestrator` is a `Runner` with the system clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from journeykit.errors import JourneykitError, StoreError, UsageError
from journeykit.kernel import Signal
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import Condition, Event, Journey, Workspace
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
from journeykit.runtime import calls as c
from journeykit.runtime import logs
from journeykit.runtime.backfilling import Backfill, Backfilled, Since, backfill
from journeykit.runtime.broadcasting import Audience, BroadcastOutcome, broadcast
from journeykit.runtime.clarifying import Clarifying
from journeykit.runtime.drivers import drive
from journeykit.runtime.erasing import missing_customer
from journeykit.runtime.fitting import (
    check_channels,
    check_functions,
    check_templates,
    check_workspace,
)
from journeykit.runtime.guards import Guard, OnlyTo
from journeykit.runtime.hands import HANDS
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.inputs import Inputs
from journeykit.runtime.intake import (
    Asked,
    Reported,
    check_address,
    check_channel,
    check_id,
    read_event,
)
from journeykit.runtime.lines import Lines
from journeykit.runtime.observing import observe
from journeykit.runtime.operating import Operations
from journeykit.runtime.outcomes import BadRow, BatchOutcome, Outcome, TickCounts
from journeykit.runtime.performing import Ports
from journeykit.runtime.queries import Queries
from journeykit.runtime.receipts import read_receipt_row
from journeykit.runtime.reporting import report
from journeykit.runtime.resuming import Resuming
from journeykit.runtime.rows import read_customer_row, read_row
from journeykit.runtime.script import Arrival
from journeykit.runtime.suppressing import (
    ListOutcome,
    SuppressedAddress,
    look_up,
    suppress_rows,
    unsuppress_rows,
)
from journeykit.runtime.ticking import Pace, tick, turn
from journeykit.runtime.verbs import Drives
from journeykit.runtime.waiting import let_hands_finish

R = TypeVar("R")
Row = Mapping[str, Any]


class Runner(Operations, Queries, Inputs, Resuming, Clarifying, Drives):
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
        if lease <= timedelta(0) or batch < 1:
            raise UsageError(
                "lease must be longer than zero, and batch at least 1",
                place=f"{type(self).__name__}(...)",
                value={"lease": lease, "batch": batch},
                remedy="such as lease=timedelta(minutes=5), batch=1000",
            )
        self._store = store
        self._tokens = tokens
        self._ports = Ports(
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
        self._ports.lines.guard = None if only_to is None else Guard(only_to)
        self._observer = observer
        self._lease = lease // timedelta(microseconds=1)
        self._batch = batch
        self._pace = Pace(batch)
        self._fit(workspace)
        self._take(workspace)
        if worker:
            store.recover(worker)

    @property
    def workspace(self) -> Workspace:
        """The workspace that runs here."""
        return self._rules.workspace

    @property
    def clock(self) -> Clock:
        """The clock that was given."""
        return self._ports.clock

    @property
    def tokens(self) -> TokenSigner | None:
        """What signs and reads the tokens of links, if that was given."""
        return self._tokens

    # ---- what the host tells, many at a time; one by one: see Inputs

    def identify_many(self, rows: Iterable[Row]) -> BatchOutcome:
        """Tell attributes, and grant consents, of many customers; begin those that are new.

        Each row is a mapping with `customer_id`, and optionally `attributes`, `consents` (a
        list of channels, or `channel/topic`, that are granted), their `source`, and
        `confirmed`: True where the customer has confirmed them already (double opt-in). Good
        rows are done, a thousand to a transaction; bad ones come back with their errors.
        """
        batch = BatchOutcome()
        waiting: dict[str, Arrival] = {}
        places: dict[str, tuple[int, Row]] = {}
        now = self._now()
        for index, row in enumerate(rows):
            try:
                customer_id, signals = read_customer_row(self._rules, row, now)
            except JourneykitError as error:
                batch.bad.append(BadRow(index, row, error))
                continue
            if customer_id in waiting or len(waiting) >= self._batch:
                self._ingest_arrivals(batch, waiting, places)
                waiting, places, now = {}, {}, self._now()
            waiting[customer_id] = Arrival(customer_id, list(signals), creates=True)
            places[customer_id] = index, row
        self._ingest_arrivals(batch, waiting, places)
        batch.bad.sort(key=lambda bad: bad.index)
        return batch

    def track_many(self, rows: Iterable[Row]) -> BatchOutcome:
        """Report many events; good rows are done, bad ones come back with their errors.

        Each row is a mapping with `customer_id`, `event`, and optionally `data`, `id` and
        `occurred_at`, as for `track`. Rows of one customer are applied in their order.
        """
        return self._many(rows, read_row)

    def report_many(self, rows: Iterable[Row]) -> BatchOutcome:
        """Tell many receipts; good rows are done, bad ones come back with their errors.

        Each row is a mapping with `customer_id`, `message` and `receipt`, and optionally `id`,
        `occurred_at`, `detail` and `dead_address`, as for `report`.
        """
        batch = self._many(rows, read_receipt_row)
        entries = (entry for outcome in batch.outcomes for entry in outcome.entries)
        if any(isinstance(entry, j.Suppressed) for entry in entries):
            self._let_hands_finish(None)
        return batch

    def _many(
        self,
        rows: Iterable[Row],
        read: Callable[[Rules, Row, int], Reported | Asked],
    ) -> BatchOutcome:
        batch = BatchOutcome()
        good: list[Reported | Asked] = []
        places: list[tuple[int, Row]] = []
        now = self._now()
        for index, row in enumerate(rows):
            try:
                good.append(read(self._rules, row, now))
                places.append((index, row))
            except JourneykitError as error:
                batch.bad.append(BadRow(index, row, error))
            if len(good) >= self._batch:
                self._report_rows(batch, good, places)
                good, places, now = [], [], self._now()
        self._report_rows(batch, good, places)
        batch.bad.sort(key=lambda bad: bad.index)
        return batch

    def broadcast(
        self,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        to: Iterable[str] | None = None,
        where: Condition | bool | None = None,
        running: str | None = None,
        id: str,
        occurred_at: datetime | None = None,
    ) -> BroadcastOutcome:
        """Report one business event, such as `BackInStock`, to many customers.

        Each of them gets it as from `track`, a batch to a transaction. A repeat with the same
        `id` reports it to nobody twice: after a crash in the middle, call again.

        Args:
            event, data, occurred_at: As for `track`.
            to: Customer ids.
            where: A condition on the profile and the past: to all customers of whom it holds.
            running: To all customers with an open run of this journey.
            id: The host's id of the event: each customer gets it under this id.

        Raises:
            UnknownEventError, InvalidEventError, NaiveInstantError, FutureEventError,
                UnknownJourneyError, UsageError: What was handed in is wrong; nothing was stored.
        """
        check_id(id)
        audience = Audience(self._rules, to, where, running)
        about = read_event(
            self._rules, "-", event, data, id=id, occurred_at=occurred_at, now=self._now()
        )
        return self.drive(broadcast(self._rules, audience, about, self._batch))

    def backfill(
        self,
        journey: str,
        *,
        since: Since = "qualified",
        where: Condition | bool | None = None,
    ) -> Backfilled:
        """Let customers of the past into a journey that was published after them.

        Goes through all customers, a batch to a transaction. Who is inside of a segment that
        lets people in enters; who had the latest event that does, within `remember_events`,
        enters, unless an exit or a goal has happened since; the timers of schedules and dates
        are set. What conditions ask about the past is counted from the journal. Nobody enters
        twice, however often it is called.

        Args:
            since: Whether a run begins as of when its customer qualified, or as of now.
            where: Only for whom this holds: a condition on the profile and the past.

        Raises:
            UnknownJourneyError, UsageError: What was handed in is wrong; nothing was stored.
        """
        asked = Backfill(self._rules, journey, since, where)
        return self.drive(backfill(self._rules, asked, self._batch))

    def suppress_addresses(self, rows: Iterable[Row]) -> ListOutcome:
        """Put addresses on the list of suppressed ones, whoever has them, now or later.

        Each row is a mapping with `channel`, `address` and optionally a `reason` (by default
        `host`; such as `erasure` or `complaint`). The list keeps no address, only a hash that
        is keyed with the seed of the workspace. Good rows are done, a thousand to a
        transaction; bad ones come back with their errors. An address that is there already
        keeps its reason.

        After this returns, no hand-over to these addresses starts, on any worker: it waits for
        what workers have in hand for anybody, which takes as long as a round of hand-overs.
        Where a worker has died, it takes up to 30 seconds; the list itself is stored at once.
        """
        outcome = self.drive(suppress_rows(self._rules, rows, self._now()))
        self._let_hands_finish(None)
        return outcome

    def unsuppress_addresses(self, rows: Iterable[Row]) -> ListOutcome:
        """Take addresses off the list: rows with `channel` and `address`.

        A customer for whom a message was refused, because the address was on the list, keeps
        that until `unsuppress` is called for this customer.
        """
        return self.drive(unsuppress_rows(self._rules, rows))

    def suppressed(self, channel: str, address: str) -> SuppressedAddress | None:
        """Return since when and why an address is on the list of suppressed ones, or None."""
        check_channel(self._rules, channel)
        check_address(address)
        return self.drive(look_up(self._rules, channel, address))

    # ---- what takes time

    def tick(self) -> TickCounts:
        """Advance what is due, hand over what may go, until nothing is left that is due now."""
        counts = self.drive(tick(self._rules, self._now(), self._batch, self._lease))
        logs.ticked(counts)
        return counts

    def turn(self, counts: TickCounts) -> bool:
        """Take one batch of what is due now, and add it to `counts`; tell whether to go on.

        `tick` takes turns until nothing is left. A loop of your own may look at other things
        between them.
        """
        here = TickCounts()
        goes_on = self.drive(turn(self._rules, self._now(), self._pace, self._lease, here))
        logs.ticked(here)
        counts += here
        return goes_on

    # ---- within

    def _apply(self, customer_id: str, signals: list[Signal], *, creates: bool = False) -> Outcome:
        arrival = Arrival(customer_id, signals, creates=creates)
        applied = self.drive(ingest(self._rules, [arrival])).get(customer_id)
        if applied is None:
            raise missing_customer(self._store, self._rules, customer_id)
        return Outcome(customer_id, applied.decision.entries)

    def _report(self, reported: Reported | Asked) -> Outcome:
        (answer,) = self.drive(report(self._rules, [reported]))
        if isinstance(answer, JourneykitError):
            raise answer
        return answer

    def _ingest_arrivals(
        self,
        batch: BatchOutcome,
        arrivals: Mapping[str, Arrival],
        places: Mapping[str, tuple[int, Row]],
    ) -> None:
        refused: dict[str, StoreError] = {}
        asked = list(arrivals.values())
        done = self.drive(ingest(self._rules, asked, refused)) if asked else {}
        for customer_id, (index, row) in places.items():
            if customer_id in refused:
                batch.bad.append(BadRow(index, row, refused[customer_id]))
            else:
                batch.outcomes.append(Outcome(customer_id, done[customer_id].decision.entries))

    def _report_rows(
        self,
        batch: BatchOutcome,
        good: Sequence[Reported | Asked],
        places: Sequence[tuple[int, Row]],
    ) -> None:
        answers = self.drive(report(self._rules, good)) if good else []
        for (index, row), answer in zip(places, answers, strict=True):
            if isinstance(answer, Outcome):
                batch.outcomes.append(answer)
            else:
                batch.bad.append(BadRow(index, row, answer))

    def _fit(self, workspace: Workspace) -> None:
        """Refuse a workspace that needs what is not given."""
        check_workspace(workspace)
        check_channels(workspace.journeys, self._ports.channels)
        check_templates(workspace.journeys, self._ports.renderer)
        check_functions(workspace.journeys, self._ports.functions)

    def _fit_older(self, journey: Journey) -> None:
        whose = f"version {journey.version}, on which open runs are to finish,"
        check_channels([journey], self._ports.channels, whose)
        check_functions([journey], self._ports.functions, whose)
        check_templates([journey], self._ports.renderer, f" of {whose}")

    def _let_hands_finish(self, customer_id: str | None) -> None:
        self.drive(let_hands_finish(customer_id))

    def _now(self) -> int:
        return self._ports.now()

    def drive(self, flow: c.Flow[R]) -> R:
        """Run a flow on this runner's ports."""
        depth = HANDS.depth()
        try:
            if self._observer is not None:
                flow = observe(flow, self._observer)
            return drive(flow, self._ports.perform)
        finally:
            HANDS.close_beyond(depth)

    def _may_start(self) -> bool:
        """Tell whether hand-overs may still start."""
        return True

    def _committed(self) -> None:
        """Something was committed, and may be due."""
