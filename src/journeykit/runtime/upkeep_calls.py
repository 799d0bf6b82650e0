"""What can a flow ask for that looks after a store? Calls, as those of `runtime.calls`."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.ports import ClaimedMessage, JournalCut, StoreStatus
from journeykit.runtime.calls import Call


class PruneJournals(Call[Sequence[str]], frozen=True):
    """Cut journals; the answer names the customers who changed meanwhile."""

    cuts: Sequence[JournalCut]


class Forget(Call[int], frozen=True):
    """Remove what has had its time, and the buckets named; the answer tells how many rows."""

    now: int
    limit: int
    buckets: Sequence[str]


class Buckets(Call[Sequence[str]], frozen=True):
    """Ask for the names of all buckets."""


class Status(Call[StoreStatus], frozen=True):
    """Ask how the store stands."""

    now: int


class OutboxOf(Call[Sequence[ClaimedMessage]], frozen=True):
    """Read what lies in the outbox for a customer."""

    customer_id: str
