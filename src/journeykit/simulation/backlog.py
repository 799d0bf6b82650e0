"""What waits while nothing runs? Inputs, checked at the door and kept with their receipt.

It takes the calls of a `Runner`, and decides nothing: that happens in `apply`, when all that
arrived goes before any overdue timer (rule O3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from journeykit.kernel import CancelAsked, Signal, SuppressionTold
from journeykit.model import Event, Profile
from journeykit.runtime import Outcome, Runner
from journeykit.runtime.intake import (
    check_channel,
    check_customer_id,
    check_journey,
    check_key,
    read_consents,
    read_enrollment,
    read_event,
    read_profile,
)
from journeykit.runtime.reporting import unknown_customer
from journeykit.runtime.script import Arrival, ingest
from journeykit.simulation.clock import VirtualClock


class Backlog:
    """Stands in for a runner that is down."""

    def __init__(self, runner: Runner, clock: VirtualClock) -> None:
        self._runner = runner
        self._rules = runner.rules
        self._clock = clock
        self._arrivals: dict[str, Arrival] = {}

    def apply(self) -> None:
        """Let the runner take everything, the inputs of each customer in their order.

        Raises:
            UnknownCustomerError: Nobody was identified under some id.
        """
        if not self._arrivals:
            return
        done = self._runner.drive(ingest(self._rules, list(self._arrivals.values())))
        for customer_id in self._arrivals:
            if customer_id not in done:
                raise unknown_customer(customer_id)

    # ---- the calls of a runner; see there

    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Outcome:
        """Take an event."""
        now = self._clock.micros
        reported = read_event(
            self._rules, customer_id, event, data, id=id, occurred_at=occurred_at, now=now
        )
        self._arrival(customer_id).add(reported.signal, reported.digest)
        return Outcome(customer_id)

    def identify(
        self, customer_id: str, attributes: Mapping[str, Any] | Profile | None = None
    ) -> Outcome:
        """Take attributes."""
        outcome = self._take(
            customer_id, read_profile(self._rules, attributes or {}, self._clock.micros)
        )
        self._arrival(customer_id).creates = True
        return outcome

    def grant(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Outcome:
        """Take a consent."""
        return self._consent(customer_id, channels, topic, True, source)

    def withdraw(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Outcome:
        """Take a withdrawal."""
        return self._consent(customer_id, channels, topic, False, source)

    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Outcome:
        """Take a suppression; of the address known before, where none is given."""
        return self._suppression(customer_id, channel, address, True, reason)

    def unsuppress(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Take the end of a suppression."""
        return self._suppression(customer_id, channel, address, False, "")

    def enroll(
        self,
        customer_id: str,
        journey: str,
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Take an enrollment by call."""
        told = read_enrollment(self._rules, journey, key, data, None, self._clock.micros)
        return self._take(customer_id, told)

    def cancel(
        self, customer_id: str, journey: str, *, key: str | None = None, reason: str = "cancelled"
    ) -> Outcome:
        """Take a cancellation."""
        check_journey(self._rules, journey)
        check_key(key)
        return self._take(customer_id, CancelAsked(self._clock.micros, journey, key, reason))

    # ---- within

    def _consent(
        self,
        customer_id: str,
        channels: Sequence[str],
        topic: str | None,
        granted: bool,
        source: str,
    ) -> Outcome:
        now = self._clock.micros
        told = read_consents(self._rules, channels, topic, granted=granted, source=source, now=now)
        return self._take(customer_id, *told)

    def _suppression(
        self, customer_id: str, channel: str, address: str | None, suppressed: bool, reason: str
    ) -> Outcome:
        check_channel(self._rules, channel)
        if address is None:
            address = self._runner.address_of(customer_id, channel)
        told = SuppressionTold(self._clock.micros, channel, address, suppressed, reason)
        return self._take(customer_id, told)

    def _take(self, customer_id: str, *signals: Signal) -> Outcome:
        arrival = self._arrival(customer_id)
        for signal in signals:
            arrival.add(signal)
        return Outcome(customer_id)

    def _arrival(self, customer_id: str) -> Arrival:
        check_customer_id(customer_id)
        return self._arrivals.setdefault(customer_id, Arrival(customer_id, waited=True))
