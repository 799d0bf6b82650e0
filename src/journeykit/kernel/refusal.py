"""What stands in the way that time will not move? Address, suppression, consent, expiry (G1)."""

from __future__ import annotations

from journeykit.kernel.facts import Facts
from journeykit.kernel.state import Message, consent_key, suppression_key
from journeykit.kernel.verdict import Verdict


def refusal(message: Message, facts: Facts) -> Verdict | None:
    """Return why the message must not go as things stand, and time will not help, or None."""
    state, channel = facts.state, message.channel
    address = state.addresses.get(channel)
    if address is None:
        if channel in facts.declared:
            return Verdict("drop", "no_address", None, {"channel": channel})
        address = state.id  # D4: where no address is declared, the customer id stands for it
    if state.suppressed:
        why = state.suppressed.get(suppression_key(channel, address))
        if why is not None:
            return Verdict("drop", "suppressed", None, {"channel": channel, "because": why})
    if not message.transactional:
        verdict = _consent_refusal(message, facts)
        if verdict is not None:
            return verdict
    if message.expires is not None and facts.now >= message.expires:
        return Verdict("drop", "expired", None, {"valid_until": message.expires})
    return None


def _consent_refusal(message: Message, facts: Facts) -> Verdict | None:
    """Rule G7: the word on the topic, else the word on the channel, else the setting."""
    consents, channel = facts.state.consents, message.channel
    if message.topic:
        record = consents.get(consent_key(channel, message.topic))
        if record is not None:
            if record.granted:
                return None
            detail = {"channel": channel, "topic": message.topic, "since": record.at}
            return Verdict("drop", "consent_withdrawn", None, detail)
    record = consents.get(channel)
    if record is not None:
        if record.granted:
            return None
        detail = {"channel": channel, "since": record.at}
        return Verdict("drop", "consent_withdrawn", None, detail)
    if facts.gate.opt_in.get(channel, True):
        return Verdict("drop", "consent_missing", None, {"channel": channel, "rule": "opt-in"})
    return None
