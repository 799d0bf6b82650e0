"""What does a host tell of many customers at a time? Rows, lists, and one event for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from journeykit.errors import JourneykitError, StoreError
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import Condition, Event
from journeykit.runtime.backfilling import Backfill, Backfilled, Since, backfill
from journeykit.runtime.broadcasting import Audience, BroadcastOutcome, broadcast
from journeykit.runtime.calls import Flow, Now
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
from journeykit.runtime.outcomes import BadRow, BatchOutcome, Outcome
from journeykit.runtime.receipts import read_receipt_row
from journeykit.runtime.reporting import report
from journeykit.runtime.rows import read_customer_row, read_row
from journeykit.runtime.script import Arrival
from journeykit.runtime.suppressing import (
    ListOutcome,
    SuppressedAddress,
    look_up,
    suppress_rows,
    unsuppress_rows,
)
from journeykit.runtime.verbs import verb

Row = Mapping[str, Any]


class Many(Inputs):
    """The calls by which a host tells something about many customers."""

    @verb
    def identify_many(self, rows: Iterable[Row]) -> Flow[BatchOutcome]:
        """Tell attributes, and grant consents, of many customers; begin those that are new.

        Each row is a mapping with `customer_id`, and optionally `attributes`, `consents` (a
        list of channels, or `channel/topic`, that are granted), their `source`, and
        `confirmed`: True where the customer has confirmed them already (double opt-in). Good
        rows are done, a thousand to a transaction; bad ones come back with their errors.
        """
        batch = BatchOutcome()
        waiting: dict[str, Arrival] = {}
        places: dict[str, tuple[int, Row]] = {}
        now = yield from Now()
        for index, row in enumerate(rows):
            try:
                customer_id, signals = read_customer_row(self._rules, row, now)
            except JourneykitError as error:
                batch.bad.append(BadRow(index, row, error))
                continue
            if customer_id in waiting or len(waiting) >= self._batch:
                yield from self._ingest_arrivals(batch, waiting, places)
                waiting, places, now = {}, {}, (yield from Now())
            waiting[customer_id] = Arrival(customer_id, list(signals), creates=True)
            places[customer_id] = index, row
        yield from self._ingest_arrivals(batch, waiting, places)
        batch.bad.sort(key=lambda bad: bad.index)
        return batch

    @verb
    def track_many(self, rows: Iterable[Row]) -> Flow[BatchOutcome]:
        """Report many events; good rows are done, bad ones come back with their errors.

        Each row is a mapping with `customer_id`, `event`, and optionally `data`, `id` and
        `occurred_at`, as for `track`. Rows of one customer are applied in their order.
        """
        return (yield from self._many(rows, read_row))

    @verb
    def report_many(self, rows: Iterable[Row]) -> Flow[BatchOutcome]:
        """Tell many receipts; good rows are done, bad ones come back with their errors.

        Each row is a mapping with `customer_id`, `message` and `receipt`, and optionally `id`,
        `occurred_at`, `detail` and `dead_address`, as for `report`.
        """
        batch = yield from self._many(rows, read_receipt_row)
        entries = (entry for outcome in batch.outcomes for entry in outcome.entries)
        if any(isinstance(entry, j.Suppressed) for entry in entries):
            yield from self._let_hands_finish(None)
        return batch

    def _many(
        self,
        rows: Iterable[Row],
        read: Callable[[Rules, Row, int], Reported | Asked],
    ) -> Flow[BatchOutcome]:
        batch = BatchOutcome()
        good: list[Reported | Asked] = []
        places: list[tuple[int, Row]] = []
        now = yield from Now()
        for index, row in enumerate(rows):
            try:
                good.append(read(self._rules, row, now))
                places.append((index, row))
            except JourneykitError as error:
                batch.bad.append(BadRow(index, row, error))
            if len(good) >= self._batch:
                yield from self._report_rows(batch, good, places)
                good, places, now = [], [], (yield from Now())
        yield from self._report_rows(batch, good, places)
        batch.bad.sort(key=lambda bad: bad.index)
        return batch

    @verb
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
    ) -> Flow[BroadcastOutcome]:
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
        now = yield from Now()
        about = read_event(self._rules, "-", event, data, id=id, occurred_at=occurred_at, now=now)
        return (yield from broadcast(self._rules, audience, about, self._batch))

    @verb
    def backfill(
        self,
        journey: str,
        *,
        since: Since = "qualified",
        where: Condition | bool | None = None,
    ) -> Flow[Backfilled]:
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
        return (yield from backfill(self._rules, asked, self._batch))

    @verb
    def suppress_addresses(self, rows: Iterable[Row]) -> Flow[ListOutcome]:
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
        outcome = yield from suppress_rows(self._rules, rows, (yield from Now()))
        yield from self._let_hands_finish(None)
        return outcome

    @verb
    def unsuppress_addresses(self, rows: Iterable[Row]) -> Flow[ListOutcome]:
        """Take addresses off the list: rows with `channel` and `address`.

        A customer for whom a message was refused, because the address was on the list, keeps
        that until `unsuppress` is called for this customer.
        """
        return (yield from unsuppress_rows(self._rules, rows))

    @verb
    def suppressed(self, channel: str, address: str) -> Flow[SuppressedAddress | None]:
        """Return since when and why an address is on the list of suppressed ones, or None."""
        check_channel(self._rules, channel)
        check_address(address)
        return (yield from look_up(self._rules, channel, address))

    # ---- within

    def _ingest_arrivals(
        self,
        batch: BatchOutcome,
        arrivals: Mapping[str, Arrival],
        places: Mapping[str, tuple[int, Row]],
    ) -> Flow[None]:
        refused: dict[str, StoreError] = {}
        asked = list(arrivals.values())
        done = (yield from ingest(self._rules, asked, refused)) if asked else {}
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
    ) -> Flow[None]:
        answers = (yield from report(self._rules, good)) if good else []
        for (index, row), answer in zip(places, answers, strict=True):
            if isinstance(answer, Outcome):
                batch.outcomes.append(answer)
            else:
                batch.bad.append(BadRow(index, row, answer))
