"""What does the host hand in? Checked here, once, and turned into signals.

Behind this door there are only wire values and micros: no pydantic, no classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any

import msgspec

from journeykit.errors import (
    FutureEventError,
    InvalidEventError,
    UnknownChannelError,
    UnknownEventError,
    UnknownJourneyError,
    UsageError,
)
from journeykit.kernel import ConsentTold, EventArrived, ProfileTold
from journeykit.machine import Rules
from journeykit.model import Event, Profile, validate_event, validate_profile, wire
from journeykit.time import MINUTE, from_micros, to_micros

_canonical = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Reported:
    """An event that passed the door: what the kernel gets, and the digest of its content."""

    customer_id: str
    signal: EventArrived
    digest: str | None


def check_customer_id(customer_id: object) -> str:
    """Return the id if it is one.

    Raises:
        UsageError: It is not a string, or it is empty.
    """
    if not isinstance(customer_id, str) or not customer_id or len(customer_id) > 500:
        raise UsageError(
            "a customer id must be a string of 1 to 500 characters",
            place="customer_id",
            value=customer_id,
            remedy="such as the primary key of your users table, as text",
        )
    return customer_id


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
    fields = wire(checked)
    occurred = now
    if occurred_at is not None:
        occurred = to_micros(occurred_at, what=f"{name}.occurred_at")
        if occurred > now + rules.future_tolerance:
            raise FutureEventError(
                f"the event says it happened {_span(occurred - now)} after now",
                place=f"{name}.occurred_at",
                value=occurred_at,
                remedy=f"now is {from_micros(now).isoformat()}; check the sender's clock, or raise "
                "Workspace(future_tolerance=...)",
            )
    if id is not None and (not isinstance(id, str) or not id or id.startswith("#")):
        raise UsageError(
            "an event id must be a string that is not empty and does not begin with '#'",
            place="id",
            value=id,
            remedy="give the id of the message or row that the event comes from",
        )
    digest = None
    if id is not None:
        content = [name, fields, None if occurred_at is None else occurred]
        digest = blake2b(_canonical(content), digest_size=10).hexdigest()
    return Reported(customer_id, EventArrived(now, name, fields, occurred, id or ""), digest)


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
            remedy="pass an instance, such as OrderPlaced(...), or its wire name",
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
    return ProfileTold(now, validate_profile(cls, given))


def read_consents(
    rules: Rules,
    channels: Sequence[str],
    topic: str | None,
    *,
    granted: bool,
    source: str,
    now: int,
) -> list[ConsentTold]:
    """Check a word of consent."""
    if isinstance(channels, str):
        channels = [channels]
    for channel in channels:
        check_channel(rules, channel)
    if topic is not None and (not isinstance(topic, str) or not topic or "/" in topic):
        raise UsageError(
            "a topic must be a word without '/'", place="topic", value=topic,
            remedy="such as 'offers', or None for the whole channel",
        )  # fmt: skip
    return [ConsentTold(now, channel, topic or "", granted, source) for channel in channels]


def check_channel(rules: Rules, channel: str) -> None:
    """Refuse a channel that the policy does not declare."""
    known = rules.workspace.policy.consent
    if channel not in known:
        raise UnknownChannelError(
            "the policy declares no such channel",
            place="channel",
            value=channel,
            remedy=f"declared are {', '.join(sorted(known)) or 'none'}; add it to Policy(consent=...)",
        )


def check_journey(rules: Rules, journey: str) -> None:
    """Refuse a journey that the workspace does not have."""
    if journey not in rules.current:
        known = sorted(rules.current)
        near = get_close_matches(str(journey), known, 1)
        raise UnknownJourneyError(
            "the workspace has no such journey",
            place="journey",
            value=journey,
            remedy=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
        )


ROW_FIELDS = ("customer_id", "event", "data", "id", "occurred_at")


def read_row(rules: Rules, row: Mapping[str, Any], now: int) -> Reported:
    """Check one row of a batch: a mapping with the arguments of `track`.

    Raises:
        InputError, UsageError: As for `track`; also for a row that lacks a field, or has
            one that is not known.
    """
    if not isinstance(row, Mapping):
        raise UsageError("a row must be a mapping", value=row, remedy=_ROW_REMEDY)
    for field in ("customer_id", "event"):
        if field not in row:
            raise UsageError(f"the row has no {field!r}", place=field, remedy=_ROW_REMEDY)
    unknown = [field for field in row if field not in ROW_FIELDS]
    if unknown:
        raise UsageError(
            f"the row has an unknown field {unknown[0]!r}", place=unknown[0], remedy=_ROW_REMEDY
        )
    return read_event(
        rules,
        row["customer_id"],
        row["event"],
        row.get("data"),
        id=row.get("id"),
        occurred_at=row.get("occurred_at"),
        now=now,
    )


_ROW_REMEDY = "a row has customer_id and event, and may have data, id and occurred_at"


CUSTOMER_FIELDS = ("customer_id", "attributes", "consents", "source")
_CUSTOMER_REMEDY = (
    "a row has customer_id, and may have attributes, consents (such as ['email', 'sms/offers']) "
    "and source"
)


def read_customer_row(
    rules: Rules, row: Mapping[str, Any], now: int
) -> tuple[str, list[ProfileTold | ConsentTold]]:
    """Check one row of a batch of customers: attributes to tell, consents to grant.

    Raises:
        InputError, UsageError: As for `identify` and `grant`; also for a row that lacks the
            id, or has a field that is not known.
    """
    if not isinstance(row, Mapping) or "customer_id" not in row:
        raise UsageError("the row has no 'customer_id'", value=row, remedy=_CUSTOMER_REMEDY)
    unknown = [field for field in row if field not in CUSTOMER_FIELDS]
    if unknown:
        raise UsageError(
            f"the row has an unknown field {unknown[0]!r}",
            place=unknown[0],
            remedy=_CUSTOMER_REMEDY,
        )
    customer_id = check_customer_id(row["customer_id"])
    signals: list[ProfileTold | ConsentTold] = [
        read_profile(rules, row.get("attributes") or {}, now)
    ]
    words = row.get("consents") or ()
    if isinstance(words, str):
        words = [words]
    for word in words:
        channel, _, topic = str(word).partition("/")
        signals += read_consents(
            rules,
            [channel],
            topic or None,
            granted=True,
            source=str(row.get("source") or ""),
            now=now,
        )
    return customer_id, signals
