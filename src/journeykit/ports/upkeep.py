"""What does an operator need from a store? To see how it stands, and to keep it small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from journeykit.ports.pruning import JournalCut
from journeykit.ports.rows import ClaimedMessage
from journeykit.ports.status import StoreStatus


class Upkeep(Protocol):
    """The part of a `Store` that no journey needs."""

    def status(self, now: int) -> StoreStatus:
        """Return how the store stands. It reads; it looks along indexes, and counts up to a bound."""
        ...

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """Replace the beginnings of journals, each by one record that begins with number `upto`.

        Records behind `upto` stay as they are, and the next record of a commit has the number
        that it would have had.

        Returns:
            The ids of customers whose version is another one by now, or who are gone: nothing of
            theirs was changed.
        """
        ...

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """Remove what has had its time, and the buckets named; return how many rows that were.

        That is up to `limit` event ids with `expires < now`, the oldest ones, and announcements
        with `until <= now`.
        """
        ...

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """Return all that lies in the outbox for a customer, ordered by key; it may look through all.

        `token` is 0 for a row that was never claimed.
        """
        ...

    def buckets(self) -> Sequence[str]:
        """Return the names of all buckets, in their order."""
        ...
