"""What stands in the way that time will not move? Address, suppression, consent, expiry (G1)."""

from __future__ import annotations

from typing import Any

from journeykit.kernel.consent import ConsentStatus, Standing, standing
from journeykit.kernel.facts import Facts
from journeykit.kernel.reasons import Lasting
from journeykit.kernel.state import Message, consent_key, suppression_key
from journeykit.kernel.verdict import Verdict
from journeykit.machine import MODES


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
    if facts.gate.reachable:
        reaches = facts.gate.reachable.get(channel)
        if reaches is not None and not reaches(facts.reading):
            return Verdict("drop", "unreachable", None, {"channel": channel})
    if not message.transactional:
        verdict = _consent_refusal(message, facts)
        if verdict is not None:
            return verdict
    if message.expires is not None and facts.now >= message.expires:
        return Verdict("drop", "expired", None, {"valid_until": message.expires})
    return None


_NOT_ASKED = ("contract", "legal_obligation")
_REASONS: dict[ConsentStatus, Lasting] = {
    "withdrawn": "consent_withdrawn",
    "pending": "consent_unconfirmed",
    "expired": "consent_expired",
    "none": "consent_missing",
}


def _consent_refusal(message: Message, facts: Facts) -> Verdict | None:
    """Rule G7: the word on the topic, else the word on the channel, else the mode."""
    consents, channel, topic = facts.state.consents, message.channel, message.topic
    plan = facts.gate.consent
    record = consents.get(consent_key(channel, topic)) if topic else None
    if record is None:
        record = consents.get(channel)
    if record is None:
        if channel in plan.open:
            return None
    elif record.granted and record.until is None and not plan.confirms:
        return None  # what most have said, at once
    if message.legal_basis in _NOT_ASKED:
        return None
    found = standing(consents, channel, topic, plan, facts.reading, facts.now)
    if found.allowed or (message.legal_basis == "legitimate_interest" and not found.refused):
        return None
    detail = _detail(channel, found)
    if found.status in ("none", "pending"):
        by = plan.imposed_by(channel, topic, facts.reading)
        if by:
            detail["by"] = by
    return Verdict("drop", _REASONS[found.status], None, detail)


def _detail(channel: str, found: Standing) -> dict[str, Any]:
    topic = found.key.partition("/")[2]
    detail: dict[str, Any] = {"channel": channel}
    if topic:
        detail["topic"] = topic
    if found.record is None:
        detail["rule"] = MODES[found.mode]
        return detail
    detail["since"] = found.record.at
    if found.status == "expired":
        detail["until"] = found.record.until
    return detail
