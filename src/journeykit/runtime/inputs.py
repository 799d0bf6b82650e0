"""What does a host tell? Each call is checked at the door and becomes signals.

Who takes the signals is left open: a `Runner` decides on them at once; while a simulation
plays that nothing runs, they wait.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from journeykit.kernel import CancelAsked, SuppressionTold
from journeykit.kernel import journal as j
from journeykit.model import Event, Profile, ReceiptKind
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.consenting import Consenting
from journeykit.runtime.intake import (
    Asked,
    Reported,
    check_address,
    check_channel,
    check_customer_id,
    check_journey,
    check_key,
    check_words,
    read_enrollment,
    read_event,
    read_profile,
)
from journeykit.runtime.outcomes import Outcome
from journeykit.runtime.receipts import read_receipt
from journeykit.runtime.verbs import verb


class Inputs(Consenting):
    """The calls by which a host tells something about one customer."""

    @verb
    def identify(
        self, customer_id: str, attributes: Mapping[str, Any] | Profile | None = None
    ) -> Flow[Outcome]:
        """Tell attributes of a customer; begin the customer if it is new.

        Only the attributes given change.

        Raises:
            InvalidProfileError, UnknownZoneError: Nothing of the update was stored.
        """
        check_customer_id(customer_id)
        now = yield from Now()
        told = read_profile(self._rules, {} if attributes is None else attributes, now)
        return (yield from self._apply(customer_id, [told], creates=True))

    @verb
    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Flow[Outcome]:
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
        now = yield from Now()
        reported = read_event(
            self._rules, customer_id, event, data, id=id, occurred_at=occurred_at, now=now
        )
        return (yield from self._report(reported))

    @verb
    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Flow[Outcome]:
        """Keep an address from being used on a channel; the present one when not given.

        It is kept from every customer and every journey. After this returns, no hand-over to
        it starts; see `withdraw`, but since anybody may have this address, it waits for what
        workers have in hand for anybody.
        """
        outcome = yield from self._suppression(customer_id, channel, address, True, reason)
        yield from self._let_hands_finish(None)
        return outcome

    @verb
    def complained(
        self, customer_id: str, channel: str, address: str | None = None
    ) -> Flow[Outcome]:
        """Record that a customer called a message spam: `suppress` with the reason `complaint`."""
        return (yield from Inputs.suppress(self, customer_id, channel, address, reason="complaint"))

    @verb
    def unsuppress(
        self, customer_id: str, channel: str, address: str | None = None
    ) -> Flow[Outcome]:
        """Let an address be used again: by this customer, and by whom has not asked for it so far.

        Another customer for whom a message was refused, because the address was suppressed,
        keeps that until it is lifted there too.
        """
        return (yield from self._suppression(customer_id, channel, address, False, ""))

    @verb
    def enroll(
        self,
        customer_id: str,
        journey: str,
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
        id: str | None = None,
    ) -> Flow[Outcome]:
        """Start a run by call, without an event. Re-entry rules hold as for events.

        Args:
            data: What later steps and templates read where they would read the trigger:
                fields of an entry event, as for `track`, some of them or none, and other JSON
                values.
            id: Names the cause: a repeat with equal content does nothing, one with other
                content is reported as `conflict`, as for events (rule O8).

        Raises:
            InvalidEventError, NaiveInstantError: A field is not what the entry event takes.
        """
        now = yield from Now()
        asked = read_enrollment(self._rules, customer_id, journey, key, data, id, now)
        return (yield from self._report(asked))

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
    ) -> Flow[Outcome]:
        """Tell what became of a message after it was sent, as its provider reports it.

        Runs wait for it (`WaitFor(Receipt(...))`), are ended by it (`exits=`), and ask for it
        (`receipt(...)`). It is journaled also where the message is not known any more.
        `complained`, and `bounced` from a dead address, suppress the address that the channel
        has for the customer now (rule D4), as `complained` and `suppress` do; then it waits
        for what workers have in hand.

        Args:
            message: The key that the channel was handed.
            receipt: `delivered`, `opened`, `clicked`, `replied`, `bounced` or `complained`.
            id: The provider's id of it: a repeat with equal content does nothing, one with
                other content is reported as `conflict`, as for events (rule O8).
            occurred_at: When it happened; now when not given.
            detail: In the words of the provider, for the timeline.
            dead_address: Of `bounced`: nothing can be sent to the address any more.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            NaiveInstantError, FutureEventError: `occurred_at` is no instant of the past.
        """
        told = read_receipt(
            self._rules, customer_id, message, receipt, id=id, occurred_at=occurred_at,
            detail=detail, dead_address=dead_address, now=(yield from Now()),
        )  # fmt: skip
        outcome = yield from self._report(told)
        if any(isinstance(entry, j.Suppressed) for entry in outcome.entries):
            yield from self._let_hands_finish(None)
        return outcome

    @verb
    def cancel(
        self, customer_id: str, journey: str, *, key: str | None = None, reason: str = "cancelled"
    ) -> Flow[Outcome]:
        """End a customer's runs of a journey, or the one with this key; what waits is withdrawn.

        After this returns, no hand-over of theirs starts; see `withdraw`.
        """
        check_customer_id(customer_id)
        check_journey(self._rules, journey)
        check_key(key)
        check_words("reason", reason, "why the runs are to end, for the timeline")
        now = yield from Now()
        outcome = yield from self._apply(customer_id, [CancelAsked(now, journey, key, reason)])
        yield from self._let_hands_finish(customer_id)
        return outcome

    # ---- within

    def _suppression(
        self, customer_id: str, channel: str, address: str | None, suppressed: bool, reason: str
    ) -> Flow[Outcome]:
        check_customer_id(customer_id)
        check_channel(self._rules, channel)
        check_words("reason", reason, "why the address must not be used")
        if address is not None:
            check_address(address)
        now = yield from Now()
        signal = SuppressionTold(now, channel, address or "", suppressed, reason)
        return (yield from self._apply(customer_id, [signal]))

    @abstractmethod
    def _report(self, reported: Reported | Asked) -> Flow[Outcome]:
        """Take an event or a call, of which a repeat may be known."""
