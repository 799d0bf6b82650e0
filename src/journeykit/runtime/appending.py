"""What is told now and decided on later? Checked at the door, and appended to the inbox.

The calls are those by which a host tells something, without their answers: nothing is decided
when they return. Workers decide on it soon, in the order in which it was told per customer.

Keeps true: what is wrong is refused by the call, as by the one that decides at once (F1); what
has passed is decided on as if it had been told to a worker at that instant.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from journeykit.errors import InboxFullError, JourneykitError, UsageError
from journeykit.kernel import CancelAsked, ConsentConfirmed, SuppressionTold
from journeykit.machine import Rules
from journeykit.model import Event, Profile, ReceiptKind
from journeykit.model.spans import Span
from journeykit.runtime.calls import Append, Depth, Flow, Now
from journeykit.runtime.choosing import read_preferences
from journeykit.runtime.inbox import Told, to_row, told
from journeykit.runtime.intake import (
    check_address,
    check_channel,
    check_channels,
    check_customer_id,
    check_journey,
    check_key,
    check_source,
    check_topic,
    check_words,
    read_consents,
    read_enrollment,
    read_event,
    read_profile,
)
from journeykit.runtime.outcomes import BadRow
from journeykit.runtime.receipts import read_receipt
from journeykit.runtime.rows import read_customer_row, read_row
from journeykit.runtime.verbs import verb
from journeykit.time import SECOND

Row = Mapping[str, Any]

AT_ONCE = 1000
"""How many rows are appended at a time."""


class Telling:
    """The calls by which a host tells something about customers; none of it is decided on here."""

    @property
    @abstractmethod
    def rules(self) -> Rules:
        """The compiled workspace."""

    @verb
    def identify(
        self, customer_id: str, attributes: Mapping[str, Any] | Profile | None = None
    ) -> Flow[None]:
        """Tell attributes of a customer; begin the customer if it is new.

        Raises:
            InvalidProfileError, UnknownZoneError: Nothing of it was appended.
        """
        check_customer_id(customer_id)
        now = yield from Now()
        given = {} if attributes is None else attributes
        profile = read_profile(self.rules, given, now)
        yield from self.append([told(customer_id, profile, creates=True)], now)

    @verb
    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Flow[None]:
        """Report that something happened.

        Args:
            event: An `Event`, or its wire name with the fields in `data`.
            id: The host's id of the event: a repeat does nothing, whether it is told here or
                to an orchestrator; one with other content is journaled (rule O8).
            occurred_at: When it happened; now when not given.

        Raises:
            UnknownEventError, InvalidEventError, NaiveInstantError, FutureEventError: Nothing
                of it was appended.
        """
        now = yield from Now()
        one = read_event(
            self.rules, customer_id, event, data, id=id, occurred_at=occurred_at, now=now
        )
        yield from self.append([told(customer_id, one.signal, digest=one.digest)], now)

    @verb
    def grant(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
        lasts: Span | None = None,
    ) -> Flow[None]:
        """Record that a customer gave consent, with its source as proof (rule G7)."""
        yield from self._consent(customer_id, channels, topic, True, source, lasts)

    @verb
    def withdraw(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Flow[None]:
        """Record that a customer withdrew consent; without a topic, for the whole channel.

        It holds from its commit: a tenth of a second later at the latest, no hand-over starts
        that was not judged with it. One that has begun is not waited for; `withdraw` of an
        orchestrator does wait.
        """
        yield from self._consent(customer_id, channels, topic, False, source, None)

    @verb
    def confirm(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Flow[None]:
        """Record that a customer confirmed a consent that was granted before (double opt-in)."""
        check_customer_id(customer_id)
        names = check_channels(self.rules, channels)
        check_topic(self.rules, topic)
        check_source(source)
        now = yield from Now()
        signals = [ConsentConfirmed(now, name, topic or "", source) for name in names]
        yield from self.append([told(customer_id, *signals)], now)

    @verb
    def prefer(
        self,
        customer_id: str,
        choices: Mapping[str, bool],
        *,
        limits: Mapping[str, Any] | None = None,
        source: str = "preference centre",
    ) -> Flow[None]:
        """Take a page of choices back, as `Orchestrator.preferences` showed it."""
        check_customer_id(customer_id)
        now = yield from Now()
        signals = read_preferences(self.rules, choices, limits, source, now)
        yield from self.append([told(customer_id, *signals)], now)

    @verb
    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Flow[None]:
        """Keep an address from being used on a channel; without one, that which it then has."""
        yield from self._suppression(customer_id, channel, address, True, reason)

    @verb
    def unsuppress(self, customer_id: str, channel: str, address: str | None = None) -> Flow[None]:
        """Let an address be used again."""
        yield from self._suppression(customer_id, channel, address, False, "")

    @verb
    def enroll(
        self,
        customer_id: str,
        journey: str,
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Flow[None]:
        """Start a run by call, without an event. Re-entry rules hold as for events.

        Args:
            data: What later steps and templates read where they would read the trigger.
            id: Names the cause: a repeat does nothing, as for events (rule O8).
        """
        now = yield from Now()
        one = read_enrollment(self.rules, customer_id, journey, key, data, id, now)
        yield from self.append([told(customer_id, one.signal, digest=one.digest)], now)

    @verb
    def cancel(
        self, customer_id: str, journey: str, *, key: str | None = None, reason: str = "cancelled"
    ) -> Flow[None]:
        """End a customer's runs of a journey, or the one with this key."""
        check_customer_id(customer_id)
        check_journey(self.rules, journey)
        check_key(key)
        check_words("reason", reason, "why the runs are to end, for the timeline")
        now = yield from Now()
        yield from self.append([told(customer_id, CancelAsked(now, journey, key, reason))], now)

    @verb
    def report(
        self,
        customer_id: str,
        message: str,
        receipt: ReceiptKind,
        *,
        id: str | None = None,
        occurred_at: datetime | None = None,
        detail: str = "",
        dead_address: bool = False,
    ) -> Flow[None]:
        """Tell what became of a message after it was sent, as its provider reports it."""
        now = yield from Now()
        one = read_receipt(
            self.rules, customer_id, message, receipt, id=id, occurred_at=occurred_at,
            detail=detail, dead_address=dead_address, now=now,
        )  # fmt: skip
        yield from self.append([told(customer_id, one.signal, digest=one.digest)], now)

    @verb
    def track_many(self, rows: Iterable[Row]) -> Flow[list[BadRow]]:
        """Report many events, a thousand at a time; return the bad rows with their errors.

        Each row is a mapping with `customer_id`, `event`, and optionally `data`, `id` and
        `occurred_at`, as for `track`.
        """

        def read(row: Row, now: int) -> Told:
            one = read_row(self.rules, row, now)
            return told(one.customer_id, one.signal, digest=one.digest)

        return (yield from self._many(rows, read))

    @verb
    def identify_many(self, rows: Iterable[Row]) -> Flow[list[BadRow]]:
        """Tell attributes, and grant consents, of many customers; return the bad rows.

        Each row is a mapping as for `Orchestrator.identify_many`.
        """

        def read(row: Row, now: int) -> Told:
            customer_id, signals = read_customer_row(self.rules, row, now)
            return told(customer_id, *signals, creates=True)

        return (yield from self._many(rows, read))

    # ---- within

    def append(self, all_told: Sequence[Told], now: int) -> Flow[None]:
        """Append what has passed the door."""
        yield from Append([to_row(one, now) for one in all_told])

    def _many(self, rows: Iterable[Row], read: Callable[[Row, int], Told]) -> Flow[list[BadRow]]:
        bad: list[BadRow] = []
        good: list[Told] = []
        now = yield from Now()
        for index, row in enumerate(rows):
            try:
                good.append(read(row, now))
            except JourneykitError as error:
                bad.append(BadRow(index, row, error))
            if len(good) >= AT_ONCE:
                yield from self.append(good, now)
                good = []
                now = yield from Now()
        if good:
            yield from self.append(good, now)
        return bad

    def _consent(
        self,
        customer_id: str,
        channels: Sequence[str],
        topic: str | None,
        granted: bool,
        source: str,
        lasts: Span | None,
    ) -> Flow[None]:
        check_customer_id(customer_id)
        now = yield from Now()
        signals = read_consents(
            self.rules, channels, topic, granted=granted, source=source, now=now, lasts=lasts
        )
        yield from self.append([told(customer_id, *signals)], now)

    def _suppression(
        self, customer_id: str, channel: str, address: str | None, suppressed: bool, reason: str
    ) -> Flow[None]:
        check_customer_id(customer_id)
        check_channel(self.rules, channel)
        check_words("reason", reason, "why the address must not be used")
        if address is not None:
            check_address(address)
        now = yield from Now()
        signal = SuppressionTold(now, channel, address or "", suppressed, reason)
        yield from self.append([told(customer_id, signal)], now)


class Bounded(Telling):
    """Appends while the inbox has room: how full it is, is looked at now and then only.

    Several processes that append may together go beyond the limit by a few hundredths.
    """

    _limit: int | None = None
    _room = 0
    _looked = 0

    def bound(self, limit: int | None) -> None:
        """Set how many rows may lie there.

        Raises:
            UsageError: It is no number of rows, at least 1.
        """
        if limit is not None and (type(limit) is not int or limit < 1):
            raise UsageError(
                "the limit must be a number of rows, at least 1",
                place="inbox_limit",
                value=limit,
                remedy="such as inbox_limit=100_000, or None for any number",
            )
        self._limit = limit

    def append(self, all_told: Sequence[Told], now: int) -> Flow[None]:
        """Append what has passed the door.

        Raises:
            InboxFullError: As many rows as may lie there already; nothing was appended.
        """
        if self._limit is not None:
            if self._room < len(all_told) or not 0 <= now - self._looked < SECOND:
                yield from self._look(self._limit, now)
            self._room -= len(all_told)
        yield from super().append(all_told, now)

    def _look(self, limit: int, now: int) -> Flow[None]:
        depth = yield from Depth(limit)
        if depth >= limit:
            raise InboxFullError(
                f"at least {depth} rows wait in the inbox, and {limit} may",
                place="inbox",
                remedy="start more workers, look for what holds them up (`journeykit doctor`), and "
                "tell it again later; or raise inbox_limit",
            )
        self._looked = now
        self._room = max((limit - depth) // 10, limit // 100, 1)
