"""What passes between a journey and the outside? Messages out, receipts in, translated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from journeykit.errors import InputError
from journeykit.kernel import ChannelAnswered, CustomerState, Message
from journeykit.machine import Rules
from journeykit.model import RESULT
from journeykit.ports import (
    Accepted,
    Content,
    OutgoingMessage,
    Receipt,
    Rejected,
    RenderContext,
    Retry,
    StoredCustomer,
)
from journeykit.runtime.script import profile_of
from journeykit.time import Duration, from_micros, shift, to_micros, zone

_NESTING = (dict, list)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_TEXT = 4000
_LAST_DAYS = to_micros(datetime(9999, 12, 30, tzinfo=UTC))  # what every zone can show


def context_of(
    rules: Rules, stored: StoredCustomer, message: Message, state: CustomerState
) -> RenderContext:
    """Return what the template of a message may read."""
    run = state.enrollments[message.enrollment]
    profile = copied(rules.attributes(profile_of(stored)))
    return RenderContext(
        state.id,
        message.template,
        message.channel,
        run.journey,
        run.step,
        message.id,
        profile,
        copied(run.data),
        results_of(run.results, run.answers),
        profile.get("locale"),
        {step: copied(gathered.done) for step, gathered in run.collected.items()},
    )


def copied(value: Any) -> Any:
    """Return a JSON value that code of the host may change: what is kept stays as it is."""
    if type(value) is dict:
        return {name: copied(one) if type(one) in _NESTING else one for name, one in value.items()}
    return [copied(one) for one in value] if type(value) is list else value


def results_of(
    outcomes: Mapping[str, str], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a run has so far: outcomes by step, and what functions gave by name."""
    given = {of.removeprefix(RESULT): copied(fields) for of, fields in answers.items()}
    return {**outcomes, **given}


def outgoing_of(
    message: Message, state: CustomerState, content: Content, now: int
) -> OutgoingMessage:
    """Return what a channel gets to see of a message."""
    run = state.enrollments[message.enrollment]
    return OutgoingMessage(
        message.id,
        state.id,
        message.channel,
        state.addresses.get(message.channel, state.id),  # D4
        message.template,
        content,
        run.journey,
        run.step,
        message.topic or None,
        from_micros(now),
        message.attempts + 1,
        message.transactional,
        message.legal_basis,
    )


def answer_of(message: Message, receipt: Receipt, now: int, address: str) -> ChannelAnswered:
    """Return what the kernel gets to see of a receipt.

    Whatever is no receipt counts as `Retry()`: nobody knows whether the message left. What a
    receipt holds is made text, since the journal keeps it.
    """
    where = (now, message.id, message.channel, address)
    about: dict[str, Any] = {
        "journey": message.journey,
        "topic": message.topic,
        "transactional": message.transactional,
        "template": message.template,
        "tags": message.tags,
    }
    match receipt:
        case Accepted():
            return ChannelAnswered(*where, "accepted", text_of(receipt.provider_id), **about)
        case Rejected():
            dead = bool(receipt.dead_address)
            return ChannelAnswered(*where, "rejected", text_of(receipt.reason), dead, **about)
        case Retry():
            reason, after = text_of(receipt.reason), delay_of(receipt.after, now)
            if after is None and receipt.after is not None:
                unread = f"after={receipt.after!r} is no timedelta"
                reason = f"{reason}; {unread}" if reason else unread
            return ChannelAnswered(*where, "retry", reason, after=after, **about)
        case _:
            detail = f"channel {message.channel!r} answered {type(receipt).__name__}"
            return ChannelAnswered(*where, "retry", detail, **about)


def text_of(value: object) -> str:
    """Return text that JSON can hold; of a very long one, its beginning."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}…"
    return text.encode("utf-8", "replace").decode()


def delay_of(after: object, now: int) -> int | None:
    """Return the delay that a channel named, in micros; None where it named none in earnest.

    One that leads beyond the last days of the calendar leads to them.
    """
    if isinstance(after, Duration):  # such as `minutes(5)`; a day is one in UTC
        try:
            return max(0, min(shift(now, after, zone("UTC")), _LAST_DAYS) - now)
        except InputError:
            return _LAST_DAYS - now
    if not isinstance(after, timedelta):
        return None
    return max(0, min(after // _MICROSECOND, _LAST_DAYS - now))
