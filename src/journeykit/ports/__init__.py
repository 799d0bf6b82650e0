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
from journeykit.ports.delivering import Circuit, Delivery
from journeykit.ports.functions import CallContext, Function
from journeykit.ports.observing import METRICS, Observer
from journeykit.ports.shared import Bucket, Controls, Suppression, Taken, Taking, take_from
from journeykit.ports.store import (
    FOREVER,
    ClaimedMessage,
    Claiming,
    Committed,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalRecord,
    OutboxRow,
    ParkedCustomer,
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
    "FOREVER",
    "METRICS",
    "Accepted",
    "Bucket",
    "CallContext",
    "Channel",
    "Circuit",
    "ClaimedMessage",
    "Claiming",
    "Clock",
    "Committed",
    "Content",
    "Controls",
    "CustomerCommit",
    "Definition",
    "Delivery",
    "Function",
    "Hand",
    "InboxRow",
    "JournalRecord",
    "Observer",
    "OutboxRow",
    "OutgoingMessage",
    "ParkedCustomer",
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
