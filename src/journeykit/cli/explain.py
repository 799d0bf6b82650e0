"""What happened to this customer? Read from a store, without its workspace."""

from __future__ import annotations

from pathlib import Path

from journeykit.cli.looking import look_into
from journeykit.errors import UnknownCustomerError
from journeykit.kernel import decode_entries, decode_state
from journeykit.runtime import Timeline, tell


def explain_customer(db: str | Path, customer: str) -> Timeline:
    """Return the timeline of a customer in a store, in the customer's zone, else UTC.

    Raises:
        UsageError: There is no such file.
        UnknownCustomerError: There is nobody of this id.
    """
    with look_into(db) as store:
        found = store.load([customer]).get(customer)
        if found is None:
            some = list(store.customers(limit=4))
            known = ", ".join([*some[:3], *(["…"] if len(some) > 3 else [])])
            raise UnknownCustomerError(
                "nobody was identified under this id", place=str(db), value=customer,
                remedy=f"there are {known}" if known else "the store is empty",
            )  # fmt: skip
        records = list(store.journal(customer))
        entries = [entry for record in records for entry in decode_entries(record.entries)]
        return tell(customer, decode_state(found.body).zone or "UTC", entries)
