"""Who is left alone? Parked customers in memory, behind the store's lock."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.adapters.agenda import Agenda
from journeykit.ports import ParkedCustomer


class MemoryParking:
    """Parked customers, each with the instant at which it would be due by itself.

    Args:
        due: By when customers are due; those who are parked, from the end of that on.
    """

    def __init__(self, due: Agenda) -> None:
        self._due = due
        self._parked: dict[str, ParkedCustomer] = {}
        self._own: dict[str, int | None] = {}

    def __contains__(self, customer_id: str) -> bool:
        return customer_id in self._parked

    def until(self, customer_id: str) -> int:
        """Return until when a customer is parked; 0 for one who is not."""
        parked = self._parked.get(customer_id)
        return parked.until if parked else 0

    def park(self, row: ParkedCustomer) -> None:
        """Park a customer, anew if it is."""
        own = (
            self._own[row.customer_id]
            if row.customer_id in self._own
            else self._due.at(row.customer_id)
        )
        self._parked[row.customer_id] = row
        self.set_due(row.customer_id, own)

    def unpark(self, customer_id: str) -> bool:
        """Make a customer due when it is by itself; tell whether it was parked."""
        if self._parked.pop(customer_id, None) is None:
            return False
        self._due.set(customer_id, self._own.pop(customer_id))
        return True

    def set_due(self, customer_id: str, at: int | None) -> None:
        """Make a customer due at `at`, or when its parking ends, whichever is later."""
        parked = self._parked.get(customer_id)
        if parked is None:
            self._due.set(customer_id, at)
        else:
            self._own[customer_id] = at
            self._due.set(customer_id, None if at is None else max(at, parked.until))

    def listed(self, of: Sequence[str] | None, after: str, limit: int) -> list[ParkedCustomer]:
        """Return who is parked, ordered by id."""
        if of is None:
            ids = [id for id in sorted(self._parked) if id > after][: max(0, limit)]
        else:
            ids = sorted(self._parked.keys() & set(of))
        return [self._parked[id] for id in ids]
