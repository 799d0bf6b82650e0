"""How does what a host tells lie in the inbox? As bytes that every worker can read back.

A row holds what one call told about one customer: its signals, each with its kind and, where
the host gave an id, the digest of its content.

Keeps true: what is read back is what was told, also by a worker with newer code; one with
older code that meets a kind it does not know says so, and leaves the row to a newer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from journeykit.errors import StoreError
from journeykit.kernel import (
    CancelAsked,
    ConsentConfirmed,
    ConsentTold,
    EnrollAsked,
    EventArrived,
    PreferencesTold,
    ProfileTold,
    ReceiptTold,
    Signal,
    SuppressionTold,
)
from journeykit.ports import InboxRow
from journeykit.runtime.parking import NotHereError

KINDS: dict[str, type[Any]] = {
    "event": EventArrived,
    "profile": ProfileTold,
    "consent": ConsentTold,
    "confirmation": ConsentConfirmed,
    "preferences": PreferencesTold,
    "suppression": SuppressionTold,
    "enroll": EnrollAsked,
    "cancel": CancelAsked,
    "receipt": ReceiptTold,
}
"""What may lie there. A kind never changes its meaning: what means something else is a new one."""

_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class Told(msgspec.Struct, frozen=True):
    """What one call told about one customer.

    Attributes:
        signals: In their order.
        digests: One for each signal: the digest of its content where the host gave an id.
        creates: Whether it may begin the customer.
    """

    customer_id: str
    signals: Sequence[Signal]
    digests: Sequence[str | None]
    creates: bool = False


class _Body(msgspec.Struct, frozen=True, array_like=True):
    creates: bool
    signals: list[tuple[str, str | None, msgspec.Raw]]


_encode = msgspec.json.encode
_bodies = msgspec.json.Decoder(_Body)
_decoders = {kind: msgspec.json.Decoder(cls) for kind, cls in KINDS.items()}


def told(
    customer_id: str, *signals: Signal, digest: str | None = None, creates: bool = False
) -> Told:
    """Return what one call tells. `digest`: of its only signal."""
    return Told(customer_id, signals, [digest] if digest else [None] * len(signals), creates)


def to_row(one: Told, at: int) -> InboxRow:
    """Return the row that holds what was told at `at`."""
    pairs = zip(one.signals, one.digests, strict=True)
    signals = [(_KIND_OF[type(signal)], digest, signal) for signal, digest in pairs]
    return InboxRow(one.customer_id, at, _encode((one.creates, signals)))


def from_row(row: InboxRow) -> Told:
    """Read a row back.

    Raises:
        NotHereError: A newer journeykit told it, of a kind that this one does not know.
        StoreError: It cannot be read.
    """
    try:
        body = _bodies.decode(row.body)
        for kind, _, _ in body.signals:
            if kind not in _decoders:
                raise NotHereError("kind_unknown", kind, "")
        signals = [_decoders[kind].decode(raw) for kind, _, raw in body.signals]
    except msgspec.DecodeError as error:
        raise StoreError(
            "this row of the inbox cannot be read",
            place=f"row {row.number} of the inbox",
            remedy="somebody else wrote it, or changed it; nothing of it was applied",
        ) from error
    digests = [digest for _, digest, _ in body.signals]
    return Told(row.customer_id, signals, digests, body.creates)
