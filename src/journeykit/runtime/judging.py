"""May a message be handed over, by the state that is known in this round? (G1)"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.kernel import Facts, GateClosed, Message, may_hand_over, zone_of
from journeykit.machine import Reading
from journeykit.ports import ClaimedMessage
from journeykit.runtime.rounds import Going, Member, Round, stick
from journeykit.runtime.script import profile_of


def judged(round_: Round, claims: Sequence[ClaimedMessage]) -> list[Going]:
    """Return what may go now; note for the others that the gate is closed."""
    going: list[Going] = []
    for claim in claims:
        customer = round_.customers.get(claim.customer_id)
        if customer is None:
            continue
        try:
            message = allowed(round_, customer, claim)
        except Exception as error:
            stick(round_, claim.customer_id, error)
            continue
        if message is not None:
            passed = (round_.now, customer.stored.version, round_.rules.paused)
            going.append(Going(claim, customer, message, passed))
    return going


def allowed(round_: Round, customer: Member, claim: ClaimedMessage) -> Message | None:
    """Return the message if it may be handed over now (G1: the state at hand-over decides)."""
    rules, state, now = round_.rules, customer.state, round_.now
    message = state.messages.get(claim.key)
    if message is not None and message.status == "released" and message.channel == claim.channel:
        zone = zone_of(rules, state)
        reading = Reading()
        reading.now = now
        reading.zone = zone
        reading.past = state.tallies
        if rules.reads_profile:
            reading.profile = rules.attributes(profile_of(customer.stored))
        facts = Facts(
            state=state,
            gate=rules.gate,
            declared=rules.declared,
            now=now,
            zone=zone,
            zone_known=state.zone is not None,
            reading=reading,
        )
        if may_hand_over(facts, rules, message).action == "allow":
            return message
    customer.closed.append(GateClosed(now, claim.key))
    round_.unsent.pop(claim.key, None)
    return None
