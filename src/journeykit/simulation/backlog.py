"""What waits while nothing runs? Inputs, checked at the door and kept with their receipt.

It takes the calls of a `Runner`, and decides nothing: that happens in `apply`, when all that
arrived goes before any overdue timer (rule O3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from journeykit.kernel import Signal
from journeykit.runtime import Inputs, Outcome, Runner
from journeykit.runtime.calls import Flow
from journeykit.runtime.erasing import missing_customer
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import Asked, Reported, check_customer_id
from journeykit.runtime.script import Arrival
from journeykit.runtime.verbs import Drives

R = TypeVar("R")


class Backlog(Inputs, Drives):
    """Stands in for a runner that is down."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._rules = runner.rules
        self._tokens = runner.tokens
        self._arrivals: dict[str, Arrival] = {}

    def apply(self) -> None:
        """Let the runner take everything, the inputs of each customer in their order.

        Raises:
            UnknownCustomerError: Nobody was identified under some id.
        """
        if self._arrivals:
            self.drive(self._apply_all())

    def forget(self, customer_id: str) -> None:
        """Drop what arrived for a customer who is erased now."""
        self._arrivals.pop(customer_id, None)

    def drive(self, flow: Flow[R]) -> R:
        """Run a flow that only looks: what it tells waits."""
        return self._runner.drive(flow)

    def _apply_all(self) -> Flow[None]:
        done = yield from ingest(self._runner.rules, list(self._arrivals.values()))
        for customer_id in self._arrivals:
            if customer_id not in done:
                raise (yield from missing_customer(self._rules, customer_id))

    def _apply(
        self, customer_id: str, signals: Sequence[Signal], *, creates: bool = False
    ) -> Flow[Outcome]:
        yield from ()
        arrival = self._arrival(customer_id)
        for signal in signals:
            arrival.add(signal)
        arrival.creates = arrival.creates or creates
        return Outcome(customer_id)

    def _report(self, reported: Reported | Asked) -> Flow[Outcome]:
        yield from ()
        self._arrival(reported.customer_id).add(reported.signal, reported.digest)
        return Outcome(reported.customer_id)

    def _let_hands_finish(self, customer_id: str | None) -> Flow[None]:  # noqa: ARG002
        """Nothing is under way while nothing runs."""
        yield from ()

    def _arrival(self, customer_id: str) -> Arrival:
        check_customer_id(customer_id)
        return self._arrivals.setdefault(customer_id, Arrival(customer_id, waited=True))
