"""How does a message leave? A channel takes it and says what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct

from journeykit.errors import UsageError
from journeykit.time import Duration


class Content(Struct, frozen=True, omit_defaults=True):
    """What a renderer made of a template: rendered once, the same on every retry.

    Attributes:
        subject: A single line; channels without subjects ignore it.
        text: Plain text.
        html: HTML for channels that show it, or None.
        headers: Extra headers for channels that have them (`List-Unsubscribe`, …).
        data: Anything JSON can hold, for channels with templates of their own.
    """

    subject: str = ""
    text: str = ""
    html: str | None = None
    headers: dict[str, str] = {}
    data: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message on its way to one customer.

    Attributes:
        key: The idempotency key: the same on every attempt, used for no other message.
        address: Where it goes: the profile's address for this channel; the customer id
            where the profile declares none.
        at: The instant of this hand-over, UTC.
        attempt: 1 for the first hand-over.
        transactional: Whether its author marked it so.
        legal_basis: On what ground it goes, as its `Send` says: a withdrawal stops only
            `consent` and `legitimate_interest`. "" where nobody is asked, being transactional.
    """

    key: str
    customer_id: str
    channel: str
    address: str
    template: str
    content: Content
    journey: str
    step: str
    topic: str | None
    at: datetime
    attempt: int = 1
    transactional: bool = False
    legal_basis: str = "consent"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The channel took the message over; it is the channel's now.

    Attributes:
        provider_id: The provider's name for it, kept in the journal.
    """

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message will never be taken.

    Attributes:
        reason: In the channel's words, kept in the journal.
        dead_address: True when the address itself is dead: it is then suppressed on this
            channel for every journey. Say False when only this message was refused.
    """

    reason: str = ""
    dead_address: bool = True


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now. The message comes again under the same key.

    Attributes:
        after: How long to wait, kept exactly; None lets journeykit back off. Also a `Duration`
            such as `minutes(5)`, whose days are days of UTC.
        whole_channel: Whether the channel takes no other message either until then: it is left
            alone by this worker. It has no meaning where a function answers so.

    Raises:
        UsageError: `whole_channel` without a delay.
    """

    reason: str = ""
    after: timedelta | Duration | None = None
    whole_channel: bool = False

    def __post_init__(self) -> None:
        if self.whole_channel and self.after is None:
            raise UsageError(
                "a channel that is to be left alone says for how long",
                place="Retry.after",
                remedy="such as Retry('quota', after=minutes(5), whole_channel=True)",
            )


Receipt = Accepted | Rejected | Retry


class Channel(Protocol):
    """Hands messages to a provider. Inherit from nothing.

    `send` may be called again with a message whose answer was lost in a crash: the key is
    then the same. A channel whose provider takes idempotency keys passes it on, and the
    customer sees one message.

    An exception from `send` counts as `Retry()`: nobody knows whether the message left. So
    what a channel cannot carry, such as a line break in a subject, it answers with
    `Rejected(dead_address=False)` instead. It leaves the message as it is, and may be called
    from several threads unless it says otherwise.

    A channel whose provider takes many messages at a time may have
    `send_many(messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]` beside it: one receipt
    for each message, in their order. It is called where the host asks for that
    (`Delivery.batch`). An exception, or another number of receipts, counts as `Retry()` for all
    of them.

    `journeykit.testing.check_channel` puts a channel through every promise on this page.
    """

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand `message` over, and say what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What a template may read. All values are plain JSON values.

    Attributes:
        profile: The customer's attributes at the first hand-over.
        trigger: The fields of the event that started the enrollment.
        results: Step label to outcome of the messages that this run sent so far; and name of a
            result, such as `lead_score`, to the fields of what a function gave.
        collected: Digest step label to the fields of the events that it collected, oldest first.
    """

    customer_id: str
    template: str
    channel: str
    journey: str
    step: str
    key: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    trigger: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    locale: str | None = None
    collected: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class Renderer(Protocol):
    """Turns a template and a customer into content, once per message.

    It is called right before the first hand-over; the result stays with the message. An
    exception counts as a retry of this one message.
    """

    def render(self, context: RenderContext) -> Content:
        """Return the content of one message."""
        ...

    def missing(self, template: str, channel: str) -> str | None:
        """Return None if `template` can be rendered for `channel`, else what is lacking."""
        ...
