"""What does a store in memory keep of a customer, of a message, of an announcement?"""

from __future__ import annotations

from dataclasses import dataclass, field

from journeykit.ports import ClaimedMessage, Hand, JournalRecord, SeenEvent, StoredCustomer


@dataclass(slots=True)
class KeptCustomer:
    """All that is kept of one customer; `document` carries nothing else."""

    document: StoredCustomer
    profile: bytes | None = None
    next_seq: int = 1
    journal: list[JournalRecord] = field(default_factory=list)
    seen: dict[str, SeenEvent] = field(default_factory=dict)

    def told(self, *, profile: bool, waiting: bool, parked: bool) -> StoredCustomer:
        """Return the document with what belongs to it now."""
        one = self.document
        if not (profile or waiting or parked):
            return one
        about = self.profile if profile else None
        return StoredCustomer(one.customer_id, one.version, one.body, about, waiting, parked)


@dataclass(slots=True)
class KeptMessage:
    """One row of the outbox. It is leased while `worker` is not None."""

    customer_id: str
    channel: str
    due: int
    token: int = 0
    worker: str | None = None
    content: bytes | None = None
    begun: bool = False

    def claimed(self, key: str) -> ClaimedMessage:
        """Return the row as a claim of it."""
        return ClaimedMessage(
            key, self.customer_id, self.channel, self.due, self.token, self.content, self.begun
        )


@dataclass(frozen=True, slots=True)
class KeptHand:
    """An announcement, who made it, and about whom."""

    hand: Hand
    worker: str
    customers: frozenset[str]
