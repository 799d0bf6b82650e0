"""What is the customer's word on a channel and a topic, and does it count now? (rule G7)

Keeps true:
    * the word on the topic counts, else the word on its channel, else the mode;
    * only a withdrawal takes away: a yes that has ended, or that is not confirmed, is as if
      nothing had been said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from journeykit.kernel.state import ConsentRecord, consent_key
from journeykit.machine import DOUBLE, OPT_OUT, ConsentPlan, Reading

ConsentStatus = Literal["granted", "withdrawn", "pending", "expired", "none"]
Consents = Mapping[str, ConsentRecord]


class Standing(NamedTuple):
    """How consent to a channel, or to a topic of it, stands at an instant.

    Attributes:
        allowed: Whether a message on the ground of consent may go.
        key: Whose word it is: `channel` or `channel/topic`.
        record: That word, or None where nothing was said.
        mode: The mode that counts: an index into `MODES`.
        refused: Whether a no stands, also one that a yes not confirmed yet is to replace.
    """

    allowed: bool
    status: ConsentStatus
    key: str
    record: ConsentRecord | None
    mode: int
    refused: bool = False


def standing(
    consents: Consents, channel: str, topic: str, plan: ConsentPlan, reading: Reading, now: int
) -> Standing:
    """Say how consent stands; `topic` is "" for the channel as a whole."""
    mode, of_channel = plan.modes(channel, topic, reading)
    silent = Standing(mode == OPT_OUT, "none", consent_key(channel, topic), None, mode)
    words = ((consent_key(channel, topic), mode), (channel, of_channel))
    for key, asked in words if topic else words[:1]:
        record = consents.get(key)
        if record is None:
            continue
        status = _status(record, asked, now)
        if status == "granted":
            return Standing(True, status, key, record, mode)
        if status == "withdrawn":
            if silent.status == "pending":  # the newer word
                return silent._replace(allowed=False, refused=True)
            return Standing(False, status, key, record, mode, refused=True)
        if silent.record is None:
            silent = Standing(mode == OPT_OUT, status, key, record, mode)
    return silent


def _status(record: ConsentRecord, mode: int, now: int) -> ConsentStatus:
    if not record.granted:
        return "withdrawn"
    if record.until is not None and now >= record.until:
        return "expired"
    return "pending" if mode == DOUBLE and record.confirmed is None else "granted"


def grant_counts(consents: Consents, channel: str, topic: str, until: int | None) -> bool:
    """Tell whether a yes changes anything; an implied one gives way to what was said before.

    It neither shortens nor replaces an express one, nor overrides a withdrawal; of two implied
    ones the later end counts.
    """
    if until is None:
        return True
    word = consents.get(consent_key(channel, topic))
    if word is not None:
        return word.granted and word.until is not None and until > word.until
    of_channel = consents.get(channel)
    return of_channel is None or of_channel.granted


def may_confirm(consents: Consents, channel: str, topic: str, now: int) -> bool:
    """Tell whether there is a yes that nobody has confirmed yet."""
    word = consents.get(consent_key(channel, topic))
    return (
        word is not None
        and word.granted
        and word.confirmed is None
        and (word.until is None or now < word.until)
    )
