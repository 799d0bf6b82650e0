"""What does a host tell of messages that were sent? Receipts of its providers, checked here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from journeykit.errors import UsageError
from journeykit.kernel import ReceiptTold
from journeykit.machine import Rules
from journeykit.model import RECEIPTS
from journeykit.runtime.intake import (
    Asked,
    check_customer_id,
    check_id,
    check_words,
    digest_of,
    is_text,
    occurred_micros,
)
from journeykit.runtime.rows import check_fields

RECEIPT_FIELDS = (
    "customer_id", "message", "receipt", "id", "occurred_at", "detail", "dead_address",
)  # fmt: skip
_REMEDY = (
    "a row has customer_id, message and receipt, and may have id, occurred_at, detail and "
    "dead_address"
)


def read_receipt(
    rules: Rules,
    customer_id: str,
    message: str,
    receipt: object,
    *,
    id: str | None,
    occurred_at: datetime | None,
    detail: str,
    dead_address: object,
    now: int,
) -> Asked:
    """Check one receipt.

    Raises:
        UsageError: Something is not what it should be.
        NaiveInstantError, FutureEventError: `occurred_at` is no instant of the past.
    """
    check_customer_id(customer_id)
    if not is_text(message):
        raise UsageError(
            "the key of a message must be a string that is not empty",
            place="message",
            value=message,
            private=True,
            remedy="give the key that the channel was handed: OutgoingMessage.key",
        )
    if not isinstance(receipt, str) or receipt not in RECEIPTS:
        near = get_close_matches(str(receipt), RECEIPTS, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UsageError(
            "there is no such receipt",
            place="receipt",
            value=receipt,
            remedy=f"{hint}they are {', '.join(RECEIPTS)}",
        )
    check_words("detail", detail, "what the provider says about it")
    if not isinstance(dead_address, bool) or (dead_address and receipt != "bounced"):
        raise UsageError(
            "dead_address is True or False, and only a message that bounced tells of it",
            place="dead_address",
            value=dead_address,
            remedy="report 'bounced' with it; 'complained' suppresses the address by itself",
        )
    occurred = now
    if occurred_at is not None:
        occurred = occurred_micros(rules, receipt, occurred_at, now)
    digest = None
    if id is not None:
        check_id(id)
        stamp = None if occurred_at is None else occurred
        digest = digest_of([message, receipt, stamp, detail, dead_address])
    told = ReceiptTold(now, message, receipt, occurred, id or "", detail, dead_address)
    return Asked(customer_id, told, digest)


def read_receipt_row(rules: Rules, row: Mapping[str, Any], now: int) -> Asked:
    """Check one row of a batch of receipts: a mapping with the arguments of `report`.

    Raises:
        InputError, UsageError: As for `report`; also for a row that lacks a field, or has one
            that is not known.
    """
    check_fields(row, RECEIPT_FIELDS, RECEIPT_FIELDS[:3], _REMEDY)
    return read_receipt(
        rules,
        row["customer_id"],
        row["message"],
        row["receipt"],
        id=row.get("id"),
        occurred_at=row.get("occurred_at"),
        detail=row.get("detail", ""),
        dead_address=row.get("dead_address", False),
        now=now,
    )
