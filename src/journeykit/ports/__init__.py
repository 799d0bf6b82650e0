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
from journeykit.ports.functions import CallContext, Function
from journeykit.ports.shared import Bucket, Controls, Suppression, Taken, Taking, take_from
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
from journeykit.ports.tokens import (
    TokenClaim,
    TokenPurpose,
    TokenSigner,
    UnsubscribeHeaders,
)

__all__ = [
    "Accepted",
    "Bucket",
    "CallContext",
    "Channel",
    "ClaimedMessage",
    "Clock",
    "Content",
    "Controls",
    "CustomerCommit",
    "Definition",
    "Function",
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
    "Suppression",
    "Taken",
    "Taking",
    "TokenClaim",
    "TokenPurpose",
    "TokenSigner",
    "UnsubscribeHeaders",
    "take_from",
]
