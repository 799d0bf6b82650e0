"""What does the provider behind a channel see? Every call, and what it did with it.

It keeps the log that the history checker reads. It knows nothing of journeykit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from journeykit.ports import Accepted, OutgoingMessage, Receipt, Retry
from journeykit.testing.faults.dice import Dice
from journeykit.time import SECOND

Fate = Literal["accepted", "unanswered", "broken", "retried"]


@dataclass(slots=True)
class Contact:
    """One call of the channel.

    Attributes:
        start: True time at which it began; `clock` is what the worker's clock showed.
        end: True time at which the provider answered, or would have.
        answered: Whether the answer came to the worker.
    """

    key: str
    customer_id: str
    template: str
    channel: str
    worker: str
    start: int
    clock: int
    end: int
    fate: Fate
    answered: bool = True

    @property
    def taken(self) -> bool:
        """Whether the provider took the message: the customer gets it."""
        return self.fate in ("accepted", "unanswered")


@dataclass(eq=False)
class Provider:
    """The channel of every process; `rates` are per million."""

    dice: Dice
    unanswered: int = 0
    broken: int = 0
    retried: int = 0
    contacts: list[Contact] = field(default_factory=list)
    answering: Contact | None = None

    def begin(self, message: OutgoingMessage, worker: str, now: int, offset: int) -> Contact:
        """A worker calls; how it ends is decided already."""
        fate: Fate = "accepted"
        if self.dice.chance(self.unanswered):
            fate = "unanswered"
        elif self.dice.chance(self.broken):
            fate = "broken"
        elif self.dice.chance(self.retried):
            fate = "retried"
        slow = self.unanswered and self.dice.chance(10_000)
        span = SECOND // 100 if self.dice.chance(500_000) else SECOND // 5
        took = self.dice.between(SECOND, 15 * SECOND) if slow else self.dice.between(500, span)
        contact = Contact(
            message.key, message.customer_id, message.template, message.channel, worker, now,
            now + offset, now + took, fate,
        )  # fmt: skip
        self.contacts.append(contact)
        return contact

    def end(self, contact: Contact, now: int) -> None:
        """The call is over, or its caller has died."""
        contact.end = now

    def send(self, message: OutgoingMessage) -> Receipt:
        """Answer, as the contact at hand was decided to end."""
        contact, self.answering = self.answering, None
        assert contact is not None
        assert contact.key == message.key
        if contact.fate == "unanswered":
            raise TimeoutError("no answer, as it was told")
        if contact.fate == "broken":
            raise ConnectionError("no connection, as it was told")
        return Retry("later, as it was told") if contact.fate == "retried" else Accepted()
