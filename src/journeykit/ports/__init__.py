"""What does the host provide? Protocols, and the values that pass through them."""

from journeykit.ports.channel import (
    Accepted,
    Channel,
    Content,
    OutgoingMessage,
    Receipt,
    Rejected,
    RenderContext,
    Renderer,
    Retry,
)
from journeykit.ports.clock import Clock
from journeykit.ports.store import (
    ClaimedMessage,
    CustomerCommit,
    Definition,
    Hand,
    JournalRecord,
    OutboxRow,
    SeenEvent,
    Store,
    StoredCustomer,
)

__all__ = [
    "Accepted",
    "Channel",
    "ClaimedMessage",
    "Clock",
    "Content",
    "CustomerCommit",
    "Definition",
    "Hand",
    "JournalRecord",
    "OutboxRow",
    "OutgoingMessage",
    "Receipt",
    "Rejected",
    "RenderContext",
    "Renderer",
    "Retry",
    "SeenEvent",
    "Store",
    "StoredCustomer",
]
