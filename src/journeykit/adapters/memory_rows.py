"""What does a store in memory keep of a customer, of a message, of an announcement?"""

from __future__ import annotations

from dataclasses import dataclass, field

from journeykit.ports import ClaimedMessage, Hand, JournalRecord, SeenEvent, StoredCustomer


@dataclass(slots=True)
class KeptCustomer:
    """All that is kept of one customer; `document` never carries the profile."""

    document: StoredCustomer
    profile: bytes | None = None
    next_seq: int = 1
    journal: list[JournalRecord] = field(default_factory=list)
    seen: dict[str, SeenEvent] = field(default_factory=dict)

    def with_profile(self) -> StoredCustomer:
        """Return the document with the profile."""
        one = self.document
        return StoredCustomer(one.customer_id, one.version, one.body, self.profile)


@dataclass(slots=True)
class KeptMessage:
    """One row of the outbox. It is leased while `worker` is not None."""

    customer_id: str
    channel: str
    due: int
    token: int = 0
    worker: str | None = None
    content: bytes | None = None

    def claimed(self, key: str) -> ClaimedMessage:
        """Return the row as a claim of it."""
        return ClaimedMessage(
            key, self.customer_id, self.channel, self.due, self.token, self.content
        )


@dataclass(frozen=True, slots=True)
class KeptHand:
    """An announcement, who made it, and about whom."""

    hand: Hand
    worker: str
    customers: frozenset[str]
