"""What does the host keep of one customer, and how is it removed? (rule F4)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from journeykit.errors import ErasedCustomerError, UnknownCustomerError
from journeykit.kernel import customer_mark, decode_entries, decode_state
from journeykit.machine import Rules
from journeykit.ports import FOREVER, InboxRow, JournalRecord, StoredCustomer
from journeykit.runtime.calls import (
    Erased,
    Flow,
    InboxOf,
    JournalOf,
    Listed,
    Load,
    ParkedOf,
)
from journeykit.runtime.listing import place_of
from journeykit.runtime.operator_calls import Erase
from journeykit.runtime.script import decode_json, encode_json, profile_of
from journeykit.runtime.upkeep_calls import OutboxOf
from journeykit.time import from_micros

_ROWS = 10_000


def erase(rules: Rules, customer_id: str, now: int) -> Flow[bool]:
    """Remove a customer; tell whether there was one. What is in hand is not waited for."""
    return (yield from Erase(customer_id, customer_mark(rules.seed, customer_id), now))


def missing_customer(rules: Rules, customer_id: str) -> Flow[UnknownCustomerError]:
    """Return the error for an id of which there is no customer: erased, or never known."""
    mark = customer_mark(rules.seed, customer_id)
    return absent(customer_id, (yield from Erased([mark])).get(mark))


def load_customer(rules: Rules, customer_id: str, *, profile: bool = False) -> Flow[StoredCustomer]:
    """Load one customer.

    Raises:
        ErasedCustomerError, UnknownCustomerError: There is no such customer.
    """
    found = (yield from Load([customer_id], profile)).get(customer_id)
    if found is None:
        raise (yield from missing_customer(rules, customer_id))
    return found


def absent(customer_id: str, erased: int | None) -> UnknownCustomerError:
    """Return the error for an id of which there is no customer.

    Args:
        erased: When it was erased, or None.
    """
    if erased is None:
        return UnknownCustomerError(
            "nobody was identified under this id",
            place="customer_id",
            value=customer_id,
            remedy="call identify(customer_id, {...}) first",
        )
    return ErasedCustomerError(
        f"the customer of this id was erased at {from_micros(erased).isoformat()}",
        place="customer_id",
        value=customer_id,
        remedy="call identify(customer_id, {...}) if it is to be known anew",
    )


def export_customer(rules: Rules, customer_id: str, now: int) -> Flow[dict[str, Any]]:
    """Return everything that is kept of a customer, as values that JSON has.

    Raises:
        ErasedCustomerError, UnknownCustomerError: There is no such customer, and nothing was told
            about one.
    """
    found = (yield from Load([customer_id], True)).get(customer_id)
    told = yield from _whole_inbox(customer_id)
    parked = yield from ParkedOf([customer_id])
    if found is None and not told and not parked:
        raise (yield from missing_customer(rules, customer_id))
    state = None if found is None else decode_state(found.body)
    addresses = {} if state is None else state.addresses
    places = {
        place_of(rules, channel, address): (channel, address)
        for channel, address in addresses.items()
    }
    listed = (yield from Listed(list(places))) if places else {}
    records = yield from JournalOf(customer_id)
    outbox = yield from OutboxOf(customer_id)
    return {
        "customer_id": customer_id,
        "exported_at": from_micros(now).isoformat(),
        "profile": {} if found is None else dict(profile_of(found)),
        "state": None if found is None else decode_json(found.body),
        "journal": list(_journal(records)),
        "suppressed": [
            {
                "channel": places[place][0],
                "address": places[place][1],
                "reason": row.reason,
                "since": from_micros(row.at).isoformat(),
            }
            for place, row in listed.items()
        ],
        "inbox": [
            {"number": row.number, "at": from_micros(row.at).isoformat(), "told": _told(row.body)}
            for row in told
        ],
        "outbox": [
            {
                "message": row.key,
                "channel": row.channel,
                "due": None if row.due >= FOREVER else from_micros(row.due).isoformat(),
                "content": None if row.content is None else decode_json(row.content),
            }
            for row in outbox
        ],
        "parked": [
            {
                "until": None if row.until >= FOREVER else from_micros(row.until).isoformat(),
                "since": from_micros(row.at).isoformat(),
                "attempts": row.attempts,
                "reason": row.reason,
            }
            for row in parked
        ],
    }


def _whole_inbox(customer_id: str) -> Flow[Sequence[InboxRow]]:
    """Return every row that lies there for a customer, however many."""
    limit = _ROWS
    while True:
        rows = (yield from InboxOf([customer_id], limit)).get(customer_id, ())
        if len(rows) < limit:
            return rows
        limit *= 4


def _told(body: bytes) -> list[dict[str, Any]]:
    """Return the signals of a row by name."""
    _, signals = decode_json(body)
    return [{"kind": kind, **signal} for kind, _, signal in signals]


def _journal(records: Iterable[JournalRecord]) -> Iterator[dict[str, Any]]:
    """Yield the entries by name, with their numbers and instants."""
    for record in records:
        for number, entry in enumerate(decode_entries(record.entries), record.first_seq):
            names = [name for name in entry.__struct_fields__ if name != "at"]
            fields = decode_json(encode_json({name: getattr(entry, name) for name in names}))
            kind = entry.__struct_config__.tag
            at = from_micros(entry.at).isoformat()
            yield {"number": number, "kind": kind, "at": at, **fields}
