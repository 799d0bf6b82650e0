"""What did hosts tell that nobody decided on yet? An inbox in memory, behind the store's lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from journeykit.adapters.agenda import Agenda
from journeykit.ports import FOREVER, InboxRow


class MemoryInbox:
    """Rows by customer. Customers wait from their first row on, or rest while parked."""

    def __init__(self) -> None:
        self._rows: dict[str, deque[InboxRow]] = {}
        self._waiting = Agenda()
        self._resting = Agenda()
        self._number = 0

    def __contains__(self, customer_id: str) -> bool:
        return customer_id in self._rows

    def append(self, rows: Sequence[InboxRow]) -> None:
        """Add rows, and number them."""
        for row in rows:
            self._number += 1
            kept = InboxRow(row.customer_id, row.at, row.body, self._number)
            self._rows.setdefault(row.customer_id, deque()).append(kept)
            self.unpark(row.customer_id)

    def waiting(self, now: int, limit: int) -> list[str]:
        """Return those who rested long enough, then those who wait."""
        rested = self._resting.upto(now, limit)
        return rested + self._waiting.upto(FOREVER, limit - len(rested))

    def rows_of(self, customer_ids: Sequence[str], limit: int) -> dict[str, Sequence[InboxRow]]:
        """Return the first rows of customers."""
        if limit <= 0:
            return {}
        there = self._rows
        return {id: list(islice(there[id], limit)) for id in customer_ids if id in there}

    def depth(self, limit: int) -> int:
        """Return how many rows there are, up to `limit`."""
        found = 0
        for rows in self._rows.values():
            found += len(rows)
            if found >= limit:
                return max(0, limit)
        return found

    def take(self, customer_id: str, numbers: Sequence[int]) -> None:
        """Remove rows of a customer."""
        rows, gone = self._rows.get(customer_id), set(numbers)
        if not rows:
            return
        while rows and rows[0].number in gone:
            gone.discard(rows.popleft().number)
        if gone:
            rows = deque(row for row in rows if row.number not in gone)
        if not rows:
            self.remove(customer_id)
            return
        self._rows[customer_id] = rows
        if self._resting.at(customer_id) is None:
            self._waiting.set(customer_id, rows[0].at)

    def remove(self, customer_id: str) -> None:
        """Remove every row of a customer."""
        self._rows.pop(customer_id, None)
        self._waiting.set(customer_id, None)
        self._resting.set(customer_id, None)

    def park(self, customer_id: str, until: int) -> None:
        """Let a customer rest, if anything lies here for it."""
        if customer_id in self._rows:
            self._waiting.set(customer_id, None)
            self._resting.set(customer_id, until)

    def unpark(self, customer_id: str) -> None:
        """Let a customer wait again."""
        if customer_id in self._rows:
            self._resting.set(customer_id, None)
            self._waiting.set(customer_id, self._rows[customer_id][0].at)

    def since(self) -> list[int | None]:
        """Return since when each customer waits who does not rest."""
        return [self._waiting.at(id) for id in self._waiting]

    def first(self) -> int | None:
        """Return since when, or from when on, somebody waits; None where nobody ever does."""
        firsts = (self._waiting.first(), self._resting.first())
        return min((at for at in firsts if at is not None), default=None)
