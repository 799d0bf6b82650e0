"""What became of a message whose worker died? Somebody who looked it up says so."""

from __future__ import annotations

from typing import Literal

from journeykit.errors import UnknownMessageError, UsageError
from journeykit.kernel import OutcomeTold, awaits_word, decode_state
from journeykit.runtime.calls import Flow, Load, Now
from journeykit.runtime.desk import Desk
from journeykit.runtime.draining import find_erased
from journeykit.runtime.erasing import absent
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import check_customer_id
from journeykit.runtime.outcomes import Outcome
from journeykit.runtime.script import Arrival
from journeykit.runtime.verbs import verb

_OUTCOMES = ("accepted", "rejected", "repeat")


class Clarifying(Desk):
    """The call about messages in doubt; see `Runner`."""

    @verb
    def settle(
        self, customer_id: str, message: str, outcome: Literal["accepted", "rejected", "repeat"]
    ) -> Flow[Outcome]:
        """Say what became of a message whose worker died when it left.

        It waits for that where its channel has `Delivery(on_unknown="hold")`, or where it was in
        doubt five times in a row; `parked` lists such messages.

        Args:
            message: Its key, which the channel was given.
            outcome: `accepted` counts as the channel's own answer, from now on. `rejected`: this
                message was refused, its address is alive. `repeat` hands it over again under
                the same key, as soon as the gate lets it pass.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            UnknownMessageError: No message of this key waits for that.
            UsageError: There is no such outcome.
        """
        check_customer_id(customer_id)
        if outcome not in _OUTCOMES:
            raise UsageError(
                "there is no such outcome",
                place="outcome",
                value=outcome,
                remedy="they are 'accepted', 'rejected' and 'repeat'",
            )
        found = (yield from Load([customer_id], False)).get(customer_id)
        if found is None:
            erased = yield from find_erased(self.rules, [customer_id])
            raise absent(customer_id, erased.get(customer_id))
        known = decode_state(found.body).messages.get(message)
        if known is None or not awaits_word(known):
            raise UnknownMessageError(
                "no message of this key waits for a word on what became of it",
                place="message",
                value=message,
                remedy="parked() lists those that do",
            )
        now = yield from Now()
        told = OutcomeTold(now, message, outcome)
        done = yield from ingest(self.rules, [Arrival(customer_id, [told])])
        entries = done[customer_id].decision.entries if customer_id in done else ()
        return Outcome(customer_id, entries)
