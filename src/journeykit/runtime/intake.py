"""What does the host hand in? Checked here, once, and turned into signals.

Behind this door there are only wire values and micros: no pydantic, no classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any, TypeGuard

import msgspec

from journeykit.errors import (
    FutureEventError,
    InvalidEventError,
    InvalidProfileError,
    UnknownChannelError,
    UnknownEventError,
    UnknownJourneyError,
    UnknownTopicError,
    UsageError,
)
from journeykit.kernel import ConsentTold, EnrollAsked, EventArrived, ProfileTold, ReceiptTold
from journeykit.machine import Rules, known_fields
from journeykit.model import (
    Event,
    Profile,
    validate_event,
    validate_profile,
    wire,
)
from journeykit.model.spans import Span, validate_positive
from journeykit.runtime.writable import (
    can_be_written,
    canonical,
    loose_fields,
    refuse_unlike_json,
    refuse_unwritable,
)
from journeykit.time import MINUTE, Duration, from_micros, to_micros

_LONGEST_ID = 500
_MOST_BYTES = 1300  # in UTF-8: two ids together are one key of an index of PostgreSQL
_LONGEST_WORDS = 10_000


@dataclass(frozen=True, slots=True)
class Reported:
    """An event that passed the door: what the kernel gets, and the digest of its content."""

    customer_id: str
    signal: EventArrived
    digest: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that starts a run, or a receipt, that passed the door; `digest` as for an event."""

    customer_id: str
    signal: EnrollAsked | ReceiptTold
    digest: str | None


def check_customer_id(customer_id: object) -> str:
    """Return the id if it is one.

    Raises:
        UsageError: It is not a string, or it is empty.
    """
    if not is_text(customer_id) or _is_long(customer_id):
        raise UsageError(
            f"a customer id must be a string of 1 to {_LONGEST_ID} characters, and up to "
            f"{_MOST_BYTES} bytes in UTF-8, without NUL",
            place="customer_id",
            value=customer_id,
            remedy="such as the primary key of your users table, as text",
            private=True,
        )
    return customer_id


def _is_long(id: str) -> bool:
    return len(id) > _LONGEST_ID or len(id.encode()) > _MOST_BYTES


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether a value is text that any store can hold.

    It is not empty, and has neither lone surrogates nor the character NUL, which PostgreSQL
    does not take.
    """
    return isinstance(value, str) and value != "" and "\0" not in value and can_be_written(value)


def read_event(
    rules: Rules,
    customer_id: str,
    event: Event | str,
    data: Mapping[str, Any] | None,
    *,
    id: str | None,
    occurred_at: datetime | None,
    now: int,
) -> Reported:
    """Check one event.

    Args:
        event: An event, or the wire name of one with its fields in `data`.
        occurred_at: When it happened; now, when it is not given.

    Raises:
        UnknownEventError, InvalidEventError, NaiveInstantError, FutureEventError: What is
            wrong, with the field, the value and what would be right.
    """
    check_customer_id(customer_id)
    checked = _checked(rules, event, data)
    name = type(checked).__wire_name__
    loose = loose_fields(type(checked))
    if loose:
        given = [(field, getattr(checked, field)) for field in loose]
        refuse_unlike_json(name, given, InvalidEventError)
    fields = wire(checked)
    refuse_unwritable(name, fields, InvalidEventError, rules.workspace.max_input_bytes)
    occurred = now if occurred_at is None else occurred_micros(rules, name, occurred_at, now)
    digest = None
    if id is not None:
        check_id(id)
        digest = digest_of([name, fields, None if occurred_at is None else occurred])
    return Reported(customer_id, EventArrived(now, name, fields, occurred, id or ""), digest)


def digest_of(content: object) -> str:
    """Return what tells two contents under one id apart (rule O8)."""
    return blake2b(canonical(content), digest_size=10).hexdigest()


def check_id(id: object) -> None:
    """Refuse an id that is none."""
    if not is_text(id) or id.startswith("#") or _is_long(id):
        raise UsageError(
            f"an event id must be a string of 1 to {_LONGEST_ID} characters, and up to "
            f"{_MOST_BYTES} bytes in UTF-8, without NUL, that does not begin with '#'",
            place="id",
            value=id,
            remedy="give the id of the message or row that the event comes from",
            private=True,
        )


def occurred_micros(rules: Rules, name: str, occurred_at: datetime, now: int) -> int:
    """Return when something happened, in micros; refuse the future (rule O9)."""
    occurred = to_micros(occurred_at, what=f"{name}.occurred_at")
    if occurred > now + rules.future_tolerance:  # O9
        raise FutureEventError(
            f"the event says it happened {_span(occurred - now)} after now",
            place=f"{name}.occurred_at",
            value=occurred_at,
            remedy=f"now is {from_micros(now).isoformat()}; check the sender's clock, or raise "
            "Workspace(future_tolerance=...)",
        )
    return occurred


def _span(micros: int) -> str:
    minutes = micros / MINUTE
    return f"{minutes:.0f} minutes" if minutes >= 1 else f"{micros / 1_000_000:g} seconds"


def _checked(rules: Rules, event: Event | str, data: Mapping[str, Any] | None) -> Event:
    classes = rules.event_classes
    if isinstance(event, Event):
        if data is not None:
            raise UsageError(
                "data is given beside an event that carries its own fields",
                place="data",
                remedy=f"track(customer_id, {type(event).__name__}(...))",
            )
        known = classes.get(type(event).__wire_name__)
        if known is not type(event):
            raise _unknown_event(type(event).__wire_name__, classes)
        return event
    if not isinstance(event, str):
        raise UsageError(
            "an event must be an Event or the name of one", place="event", value=event,
            remedy="pass an instance, such as OrderPlaced(...), or its wire name", private=True,
        )  # fmt: skip
    cls = classes.get(event)
    if cls is None:
        raise _unknown_event(event, classes)
    if data is not None and not isinstance(data, Mapping):
        raise InvalidEventError(
            "the fields of an event must be a mapping", place=event, value=data,
            remedy="such as {'amount': '12.50'}",
        )  # fmt: skip
    return validate_event(cls, data or {})


def _unknown_event(name: str, classes: Iterable[str]) -> UnknownEventError:
    known = sorted(classes)
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return UnknownEventError(
        "the workspace knows no such event",
        place="event",
        value=name,
        remedy=f"{hint}known are {', '.join(known)}; add a class with Workspace(events=[...])",
    )


def read_profile(rules: Rules, attributes: Mapping[str, Any] | Profile, now: int) -> ProfileTold:
    """Check attributes of a profile; only those given are told.

    Raises:
        InvalidProfileError, UnknownZoneError: Which field, which value, what would be right.
    """
    cls = rules.workspace.profile
    given: Any = attributes
    if isinstance(attributes, Profile):
        given = {name: getattr(attributes, name) for name in attributes.model_fields_set}
    loose = loose_fields(cls)
    if loose and isinstance(given, Mapping):
        told_loosely = [(name, given[name]) for name in loose if name in given]
        refuse_unlike_json("profile", told_loosely, InvalidProfileError)
    told = validate_profile(cls, given)
    refuse_unwritable("profile", told, InvalidProfileError, rules.workspace.max_input_bytes)
    return ProfileTold(now, told)


def read_consents(
    rules: Rules,
    channels: Sequence[str],
    topic: str | None,
    *,
    granted: bool,
    source: str,
    now: int,
    lasts: Span | None = None,
) -> list[ConsentTold]:
    """Check a word of consent. `lasts`: how long an implied one counts."""
    names = check_channels(rules, channels)
    check_topic(rules, topic)
    check_source(source)
    span = None if lasts is None else read_lasts(lasts)
    return [ConsentTold(now, name, topic or "", granted, source, span) for name in names]


def read_lasts(lasts: Span) -> Duration:
    """Return how long an implied consent counts."""
    try:
        return validate_positive(lasts)
    except ValueError as error:
        raise UsageError(
            str(error), place="lasts", value=lasts, remedy="such as lasts=years(2)"
        ) from None


def check_source(source: object) -> None:
    """Refuse a source that is no text; it may be empty."""
    check_words("source", source, "where the word comes from, such as 'signup form 3'")


def check_channels(rules: Rules, channels: object) -> list[str]:
    """Return the channels named, each of which the policy declares; a text names one."""
    if isinstance(channels, str):
        channels = [channels]
    if not isinstance(channels, Sequence | Set):
        raise UsageError(
            "channels must be a list of names", place="channels", value=channels,
            remedy="such as ['email', 'sms']",
        )  # fmt: skip
    if not channels:
        raise UsageError(
            "no channel is named, so nothing would be recorded", place="channels", value=channels,
            remedy=f"name some of {', '.join(rules.workspace.policy.channels) or 'none'}",
        )  # fmt: skip
    for channel in channels:
        check_channel(rules, channel)
    return list(channels)


def check_topic(rules: Rules, topic: object) -> None:
    """Refuse a topic that nothing is about; None is the whole channel."""
    if topic is None:
        return
    if not is_text(topic) or "/" in topic:
        raise UsageError(
            "a topic must be a word without '/'", place="topic", value=topic,
            remedy="such as 'offers', or None for the whole channel",
        )  # fmt: skip
    if topic not in rules.topics:
        known = ", ".join(sorted(rules.topics)) or "none so far"
        raise UnknownTopicError(
            "no message is about this topic", place="topic", value=topic,
            remedy=f"the topics are {known}; declare more with Policy(topics=[...])",
        )  # fmt: skip


def check_words(place: str, value: object, remedy: str) -> None:
    """Refuse what is not text, or too long; it may be empty."""
    if value != "" and not is_text(value):
        raise UsageError(
            f"{place} must be text", place=place, value=value, remedy=remedy, private=True
        )
    if len(str(value)) > _LONGEST_WORDS:
        raise UsageError(
            f"{place} has more than {_LONGEST_WORDS} characters", place=place, remedy=remedy
        )


def check_address(address: object) -> None:
    """Refuse what no channel reaches."""
    remedy = "the address, as profiles hold it"
    check_words("address", address, remedy)
    if not str(address).strip():
        raise UsageError("the address is empty", place="address", value=address, remedy=remedy)


def check_channel(rules: Rules, channel: object) -> None:
    """Refuse a channel that the policy does not declare."""
    known = rules.workspace.policy.channels
    if not isinstance(channel, str) or channel not in known:
        raise UnknownChannelError(
            "the policy declares no such channel",
            place="channel",
            value=channel,
            remedy=f"declared are {', '.join(sorted(known)) or 'none'}; add it to Policy(consent=...)",
        )


def check_journey(rules: Rules, journey: object) -> None:
    """Refuse a journey that the workspace does not have."""
    if not isinstance(journey, str) or journey not in rules.current:
        known = sorted(rules.current)
        near = get_close_matches(str(journey), known, 1)
        raise UnknownJourneyError(
            "the workspace has no such journey",
            place="journey",
            value=journey,
            remedy=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
        )


def read_enrollment(
    rules: Rules,
    customer_id: str,
    journey: str,
    key: str | None,
    data: Mapping[str, Any] | None,
    id: str | None,
    now: int,
) -> Asked:
    """Check a call that starts a run; `data` becomes plain JSON values.

    Fields that an entry event of the journey has are checked as the event's, and kept in
    their wire form; the others are free.
    """
    check_customer_id(customer_id)
    check_journey(rules, journey)
    check_key(key)
    if id is not None:
        check_id(id)
    if data is not None and not isinstance(data, Mapping):
        raise UsageError(
            "data must be a mapping", place="data", value=data,
            remedy="such as {'cart_id': 'c1'}", private=True,
        )  # fmt: skip
    refuse_unlike_json("data", _named(data or {}), UsageError)
    told = {**(data or {}), **known_fields(rules, journey, data or {})}
    fields = msgspec.json.decode(msgspec.json.encode(told), type=dict[str, Any])
    refuse_unwritable("data", fields, UsageError, rules.workspace.max_input_bytes)
    digest = None if id is None else digest_of([journey, key, fields])
    return Asked(customer_id, EnrollAsked(now, journey, key, fields, id or ""), digest)


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in data:
        if not is_text(name):
            raise UsageError(
                "the name of a field must be text", place="data", value=name,
                remedy="such as 'cart_id'",
            )  # fmt: skip
    yield from data.items()


def check_key(key: object) -> None:
    """Refuse a key that is neither None nor text."""
    if key is not None and (not is_text(key) or len(key) > _LONGEST_ID):
        raise UsageError(
            f"a key must be text of 1 to {_LONGEST_ID} characters, or None", place="key", value=key, private=True,
            remedy="the value of the field that the journey declares with key=, as text",
        )  # fmt: skip
