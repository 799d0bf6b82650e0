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
from journeykit.machine import Rules
from journeykit.model import Event, Profile, ReceiptKind
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


class Inputs(Consenting):
    """The calls by which a host tells something about one customer."""

    _rules: Rules

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules

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
        return self._report(reported)

    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Outcome:
        """Keep an address from being used on a channel; the present one when not given.

        It is kept from every customer and every journey. After this returns, no hand-over to
        it starts; see `withdraw`, but since anybody may have this address, it waits for what
        workers have in hand for anybody.
        """
        outcome = self._suppression(customer_id, channel, address, True, reason)
        self._let_hands_finish(None)
        return outcome

    def complained(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Record that a customer called a message spam: `suppress` with the reason `complaint`."""
        return self.suppress(customer_id, channel, address, reason="complaint")

    def unsuppress(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Let an address be used again: by this customer, and by whom has not asked for it so far.

        Another customer for whom a message was refused, because the address was suppressed,
        keeps that until it is lifted there too.
        """
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
            id: Names the cause: a repeat with equal content does nothing, one with other
                content is reported as `conflict`, as for events (rule O8).

        Raises:
            InvalidEventError, NaiveInstantError: A field is not what the entry event takes.
        """
        asked = read_enrollment(self._rules, customer_id, journey, key, data, id, self._now())
        return self._report(asked)

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
    ) -> Outcome:
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
            detail=detail, dead_address=dead_address, now=self._now(),
        )  # fmt: skip
        outcome = self._report(told)
        if any(isinstance(entry, j.Suppressed) for entry in outcome.entries):
            self._let_hands_finish(None)
        return outcome

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

    # ---- within

    def _suppression(
        self, customer_id: str, channel: str, address: str | None, suppressed: bool, reason: str
    ) -> Outcome:
        check_customer_id(customer_id)
        check_channel(self._rules, channel)
        check_words("reason", reason, "why the address must not be used")
        if address is not None:
            check_address(address)
        else:
            address = self.address_of(customer_id, channel)
        signal = SuppressionTold(self._now(), channel, address, suppressed, reason)
        return self._apply(customer_id, [signal])

    @abstractmethod
    def address_of(self, customer_id: str, channel: str) -> str:
        """Return where a channel reaches a customer: the id where no address is known (D4)."""

    @abstractmethod
    def _report(self, reported: Reported | Asked) -> Outcome:
        """Take an event or a call, of which a repeat may be known."""
