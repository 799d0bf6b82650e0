"""What does the host hold in its hand? A `Runner`: it performs what the flows ask for.

The front door's `Orchestrator` is a `Runner` with the system clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from journeykit.errors import (
    JourneykitError,
    StoreError,
    UsageError,
)
from journeykit.kernel import (
    CancelAsked,
    Signal,
    SuppressionTold,
    decode_entries,
    decode_state,
)
from journeykit.kernel import journal as j
from journeykit.machine import Rules, compile_workspace
from journeykit.model import Event, Profile, Workspace
from journeykit.ports import Channel, Clock, Renderer, Store
from journeykit.runtime import calls as c
from journeykit.runtime import logs
from journeykit.runtime.drivers import drive
from journeykit.runtime.fitting import check_channels, check_templates
from journeykit.runtime.hands import HANDS
from journeykit.runtime.intake import (
    Reported,
    check_channel,
    check_customer_id,
    check_journey,
    check_key,
    check_words,
    read_consents,
    read_enrollment,
    read_event,
    read_profile,
)
from journeykit.runtime.outcomes import BadRow, BatchOutcome, Outcome, TickCounts
from journeykit.runtime.performing import Ports
from journeykit.runtime.publishing import publish
from journeykit.runtime.reporting import report, unknown_customer
from journeykit.runtime.rows import read_customer_row, read_row
from journeykit.runtime.script import Arrival, ingest, profile_of
from journeykit.runtime.telling import tell
from journeykit.runtime.ticking import Pace, tick, turn
from journeykit.runtime.timeline import Timeline
from journeykit.runtime.views import CustomerView, view_of
from journeykit.runtime.waiting import let_hands_finish
from journeykit.time import from_micros

R = TypeVar("R")
Row = Mapping[str, Any]


class Runner:
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
        renderer: Renderer,
        clock: Clock,
        worker: str = "",
        lease: timedelta = timedelta(minutes=5),
        batch: int = 1000,
    ) -> None:
        if lease <= timedelta(0) or batch < 1:
            raise UsageError(
                "lease must be longer than zero, and batch at least 1",
                place=f"{type(self).__name__}(...)",
                value={"lease": lease, "batch": batch},
                remedy="such as lease=timedelta(minutes=5), batch=1000",
            )
        self._store = store
        self._ports = Ports(
            store, dict(channels), renderer, clock, worker, self._may_start, self._committed
        )
        self._lease = lease // timedelta(microseconds=1)
        self._batch = batch
        self._pace = Pace(batch)
        check_channels(workspace, channels)
        check_templates(workspace, renderer)
        older = publish(workspace, store)
        self._rules = compile_workspace(workspace, older)
        if worker:
            store.recover(worker)

    @property
    def workspace(self) -> Workspace:
        """The workspace that runs here."""
        return self._rules.workspace

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules

    @property
    def clock(self) -> Clock:
        """The clock that was given."""
        return self._ports.clock

    @property
    def store(self) -> Store:
        """The store that was given."""
        return self._store

    # ---- what the host tells

    def identify(
        self, customer_id: str, attributes: Mapping[str, Any] | Profile | None = None
    ) -> Outcome:
        """Tell attributes of a customer; begin the customer if it is new.

        Only the attributes given change.

        Raises:
            InvalidProfileError, UnknownZoneError: Nothing of the update was stored.
        """
        check_customer_id(customer_id)
        told = read_profile(self._rules, {} if attributes is None else attributes, self._now())
        return self._apply(customer_id, [told], creates=True)

    def identify_many(self, rows: Iterable[Row]) -> BatchOutcome:
        """Tell attributes, and grant consents, of many customers; begin those that are new.

        Each row is a mapping with `customer_id`, and optionally `attributes`, `consents` (a
        list of channels, or `channel/topic`, that are granted) and their `source`. Good rows
        are done, a thousand to a transaction; bad ones come back with their errors.
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

    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """Report that something happened, and say what that did.

        Args:
            event: An `Event`, or its wire name with the fields in `data`.
            id: The host's id of the event. A repeat with equal content does nothing, a
                repeat with other content is reported as `conflict` (rule O8). Without an
                id, each call is an event of its own.
            occurred_at: When it happened; now when not given.

        Raises:
            UnknownEventError, InvalidEventError, NaiveInstantError, FutureEventError: What
                was handed in is wrong; nothing was stored.
            UnknownCustomerError: Nobody was identified under this id.
        """
        reported = read_event(
            self._rules, customer_id, event, data, id=id, occurred_at=occurred_at, now=self._now()
        )
        (answer,) = self.drive(report(self._rules, [reported]))
        if isinstance(answer, JourneykitError):
            raise answer
        return answer

    def track_many(self, rows: Iterable[Row]) -> BatchOutcome:
        """Report many events; good rows are done, bad ones come back with their errors.

        Each row is a mapping with `customer_id`, `event`, and optionally `data`, `id` and
        `occurred_at`, as for `track`. Rows of one customer are applied in their order.
        """
        batch = BatchOutcome()
        good: list[Reported] = []
        places: list[tuple[int, Row]] = []
        now = self._now()
        for index, row in enumerate(rows):
            try:
                good.append(read_row(self._rules, row, now))
                places.append((index, row))
            except JourneykitError as error:
                batch.bad.append(BadRow(index, row, error))
            if len(good) >= self._batch:
                self._report_rows(batch, good, places)
                good, places, now = [], [], self._now()
        self._report_rows(batch, good, places)
        batch.bad.sort(key=lambda bad: bad.index)
        return batch

    def grant(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Outcome:
        """Record that a customer gave consent, with its source as proof (rule G7)."""
        return self._consent(customer_id, channels, topic, True, source)

    def withdraw(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Outcome:
        """Record that a customer withdrew consent; without a topic, for the whole channel.

        After this returns, no hand-over that it forbids starts, on any worker: it waits for
        the messages that a worker has in hand for this customer at this moment, which takes
        about as long as one call of a channel. Where that worker has died, it takes up to 30
        seconds; the withdrawal itself is stored at once.
        """
        outcome = self._consent(customer_id, channels, topic, False, source)
        self._let_hands_finish(customer_id)
        return outcome

    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Outcome:
        """Keep an address from being used on a channel; the present one when not given.

        After this returns, no hand-over to it starts; see `withdraw`.
        """
        outcome = self._suppression(customer_id, channel, address, True, reason)
        self._let_hands_finish(customer_id)
        return outcome

    def unsuppress(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Let an address be used again."""
        return self._suppression(customer_id, channel, address, False, "")

    def enroll(
        self,
        customer_id: str,
        journey: str,
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Outcome:
        """Start a run by call, without an event. Re-entry rules hold as for events.

        Args:
            data: What later steps and templates read where they would read the trigger:
                fields of an entry event, as for `track`, some of them or none, and other JSON
                values.
            id: Names the cause: the same id starts the same run.

        Raises:
            InvalidEventError, NaiveInstantError: A field is not what the entry event takes.
        """
        check_customer_id(customer_id)
        asked = read_enrollment(self._rules, journey, key, data, id, self._now())
        return self._apply(customer_id, [asked])

    def cancel(
        self, customer_id: str, journey: str, *, key: str | None = None, reason: str = "cancelled"
    ) -> Outcome:
        """End a customer's runs of a journey, or the one with this key; what waits is withdrawn.

        After this returns, no hand-over of theirs starts; see `withdraw`.
        """
        check_customer_id(customer_id)
        check_journey(self._rules, journey)
        check_key(key)
        check_words("reason", reason, "why the runs are to end, for the timeline")
        outcome = self._apply(customer_id, [CancelAsked(self._now(), journey, key, reason)])
        self._let_hands_finish(customer_id)
        return outcome

    # ---- what the host asks

    def customer(self, customer_id: str) -> CustomerView:
        """Return how a customer stands now.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id], profiles=True).get(customer_id)
        if found is None:
            raise unknown_customer(customer_id)
        return view_of(decode_state(found.body), profile_of(found), found.version)

    def address_of(self, customer_id: str, channel: str) -> str:
        """Return where a channel reaches a customer: the id where no address is known (D4).

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id]).get(customer_id)
        if found is None:
            raise unknown_customer(customer_id)
        return decode_state(found.body).addresses.get(channel, customer_id)

    def journal(self, customer_id: str) -> list[j.AnyEntry]:
        """Return the whole journal of a customer, oldest first.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = [
            entry
            for record in self._store.journal(customer_id)
            for entry in decode_entries(record.entries)
        ]
        if not found and customer_id not in self._store.versions([customer_id]):
            raise unknown_customer(customer_id)
        return found

    def explain(self, customer_id: str) -> Timeline:
        """Return everything that happened to a customer, with reasons, in words."""
        view = self.customer(customer_id)
        zone = view.timezone or self.workspace.timezone
        return tell(customer_id, zone, self.journal(customer_id), self._rules)

    def next_due(self) -> datetime | None:
        """Return when a `tick` is needed next, or None when nothing waits."""
        due = self._store.next_due()
        return None if due is None else from_micros(due)

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

    def _consent(
        self,
        customer_id: str,
        channels: Sequence[str],
        topic: str | None,
        granted: bool,
        source: str,
    ) -> Outcome:
        check_customer_id(customer_id)
        signals = read_consents(
            self._rules, channels, topic, granted=granted, source=source, now=self._now()
        )
        return self._apply(customer_id, list(signals))

    def _suppression(
        self, customer_id: str, channel: str, address: str | None, suppressed: bool, reason: str
    ) -> Outcome:
        check_customer_id(customer_id)
        check_channel(self._rules, channel)
        check_words("reason", reason, "why the address must not be used")
        if address is not None:
            check_words("address", address, "the address, as the profile holds it")
        else:
            address = self.address_of(customer_id, channel)
        signal = SuppressionTold(self._now(), channel, address, suppressed, reason)
        return self._apply(customer_id, [signal])

    def _apply(self, customer_id: str, signals: list[Signal], *, creates: bool = False) -> Outcome:
        arrival = Arrival(customer_id, signals, creates=creates)
        applied = self.drive(ingest(self._rules, [arrival])).get(customer_id)
        if applied is None:
            raise unknown_customer(customer_id)
        return Outcome(customer_id, applied.decision.entries)

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
        self, batch: BatchOutcome, good: Sequence[Reported], places: Sequence[tuple[int, Row]]
    ) -> None:
        answers = self.drive(report(self._rules, good)) if good else []
        for (index, row), answer in zip(places, answers, strict=True):
            if isinstance(answer, Outcome):
                batch.outcomes.append(answer)
            else:
                batch.bad.append(BadRow(index, row, answer))

    def _let_hands_finish(self, customer_id: str) -> None:
        self.drive(let_hands_finish(customer_id))

    def _now(self) -> int:
        return self._ports.now()

    def drive(self, flow: c.Flow[R]) -> R:
        """Run a flow on this runner's ports."""
        depth = HANDS.depth()
        try:
            return drive(flow, self._ports.perform)
        finally:
            HANDS.close_beyond(depth)

    def _may_start(self) -> bool:
        """Tell whether hand-overs may still start."""
        return True

    def _committed(self) -> None:
        """Something was committed, and may be due."""
