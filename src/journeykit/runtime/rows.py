"""What does a row of a batch hold? The arguments of one call, in a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from journeykit.errors import UsageError
from journeykit.kernel import ConsentConfirmed, ConsentTold, ProfileTold
from journeykit.machine import Rules
from journeykit.runtime.intake import (
    Reported,
    check_customer_id,
    read_consents,
    read_event,
    read_profile,
)

ROW_FIELDS = ("customer_id", "event", "data", "id", "occurred_at")


def read_row(rules: Rules, row: Mapping[str, Any], now: int) -> Reported:
    """Check one row of a batch: a mapping with the arguments of `track`.

    Raises:
        InputError, UsageError: As for `track`; also for a row that lacks a field, or has
            one that is not known.
    """
    check_fields(row, ROW_FIELDS, ("customer_id", "event"), _ROW_REMEDY)
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


CUSTOMER_FIELDS = ("customer_id", "attributes", "consents", "source", "confirmed")
_CUSTOMER_REMEDY = (
    "a row has customer_id, and may have attributes, consents (such as ['email', 'sms/offers']), "
    "source and confirmed"
)

Told = ProfileTold | ConsentTold | ConsentConfirmed


def read_customer_row(rules: Rules, row: Mapping[str, Any], now: int) -> tuple[str, list[Told]]:
    """Check one row of a batch of customers: attributes to tell, consents to grant.

    Raises:
        InputError, UsageError: As for `identify` and `grant`; also for a row that lacks the
            id, or has a field that is not known.
    """
    check_fields(row, CUSTOMER_FIELDS, ("customer_id",), _CUSTOMER_REMEDY)
    customer_id = check_customer_id(row["customer_id"])
    attributes, confirmed = row.get("attributes"), row.get("confirmed")
    if confirmed is not None and not isinstance(confirmed, bool):
        raise UsageError(
            "confirmed is True or False", place="confirmed", value=confirmed,
            remedy="True where the customer has confirmed these consents already",
        )  # fmt: skip
    signals: list[Told] = [read_profile(rules, {} if attributes is None else attributes, now)]
    words = row.get("consents") or ()
    if isinstance(words, str):
        words = [words]
    for word in words if isinstance(words, Sequence | Set) else [words]:
        if not isinstance(word, str):
            raise UsageError(
                "consents are names of channels", place="consents", value=word,
                remedy=_CUSTOMER_REMEDY, private=True,
            )  # fmt: skip
        channel, slash, topic = word.partition("/")
        told = read_consents(
            rules,
            [channel],
            topic if slash else None,
            granted=True,
            source=row.get("source") or "",
            now=now,
        )
        signals += told
        if confirmed:
            signals += [ConsentConfirmed(now, yes.channel, yes.topic, yes.source) for yes in told]
    return customer_id, signals


def check_fields(row: object, known: Sequence[str], needed: Sequence[str], remedy: str) -> None:
    """Refuse a row that is no mapping, lacks a field, or has one that is not known."""
    if not isinstance(row, Mapping):
        raise UsageError(
            "a row must be a mapping", place="row", value=row, remedy=remedy, private=True
        )
    for field in needed:
        if field not in row:
            raise UsageError(f"the row has no {field!r}", place=field, remedy=remedy)
    for field in row:
        if field not in known:
            raise UsageError(
                f"the row has an unknown field {field!r}", place=str(field), remedy=remedy
            )
