"""What does the host provide? Protocols, and the values that pass through them."""

from journeykit.ports.appending import Appendable, AppendingSQL
from journeykit.ports.async_host import (
    AnyFunction,
    AsyncChannel,
    AsyncFunction,
    AsyncRenderer,
)
from journeykit.ports.async_store import AsyncStore
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
from journeykit.ports.pruning import JournalCut
from journeykit.ports.rows import (
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
    StoredCustomer,
)
from journeykit.ports.shared import Bucket, Controls, Suppression, Taken, Taking, take_from
from journeykit.ports.status import Backlog, StoreStatus
from journeykit.ports.store import Store
from journeykit.ports.tokens import (
    TokenClaim,
    TokenPurpose,
    TokenSigner,
    UnsubscribeHeaders,
)
from journeykit.ports.upkeep import Upkeep

__all__ = [
    "FOREVER",
    "METRICS",
    "Accepted",
    "AnyFunction",
    "Appendable",
    "AppendingSQL",
    "AsyncChannel",
    "AsyncFunction",
    "AsyncRenderer",
    "AsyncStore",
    "Backlog",
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
    "JournalCut",
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
    "StoreStatus",
    "StoredCustomer",
    "Suppression",
    "Taken",
    "Taking",
    "TokenClaim",
    "TokenPurpose",
    "TokenSigner",
    "UnsubscribeHeaders",
    "Upkeep",
    "take_from",
]
