"""What goes into a store, and what comes out? Plain values; instants are micros."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from journeykit.ports.shared import Suppression


class StoredCustomer(Struct, frozen=True):
    """One customer as it was last committed.

    Attributes:
        waiting: Whether something for it lies in the inbox.
        parked: Whether it is parked; see `Store.park`.
    """

    customer_id: str
    version: int
    body: bytes
    profile: bytes | None = None
    waiting: bool = False
    parked: bool = False


class InboxRow(Struct, frozen=True):
    """Something that a host told about a customer, not decided on yet.

    Attributes:
        at: When it was told.
        body: Any bytes.
        number: Given by the store, larger than that of every row that one connection appended
            before it; 0 before it is appended.
    """

    customer_id: str
    at: int
    body: bytes
    number: int = 0


class ParkedCustomer(Struct, frozen=True):
    """A customer whom work failed for, and who is left alone until `until`.

    Attributes:
        until: When it is tried again; `FOREVER` where somebody must say so.
        at: When it was tried last.
        attempts: How often in a row it was tried.
        reason: Stable code or class name of the error, without personal data.
    """

    customer_id: str
    until: int
    at: int
    attempts: int
    reason: str


FOREVER = 2**62
"""No instant: what is due then is never due."""


class SeenEvent(Struct, frozen=True):
    """An event id that its customer has used, with the digest of its content."""

    event_id: str
    digest: str
    expires: int


class OutboxRow(Struct, frozen=True):
    """A message that may be handed over from `due` on. `key` is its idempotency key."""

    key: str
    customer_id: str
    channel: str
    due: int


class ClaimedMessage(Struct, frozen=True):
    """An outbox row that one worker holds until its lease ends.

    `token` is the fencing token: it grows with every claim of the row. `content` is what
    an earlier attempt rendered, or None. `begun`: an earlier claim was about to be handed over
    (`Store.begin`), and nobody told what became of it.
    """

    key: str
    customer_id: str
    channel: str
    due: int
    token: int
    content: bytes | None = None
    begun: bool = False


class Claiming(Struct, frozen=True):
    """On what terms a worker takes messages into its hands in the commit that releases them.

    Attributes:
        now: Rows that are put with `due <= now` are claimed.
        lease_until: As for `Store.claim`.
        hold_until: As for `Store.hold`.
        limit: How many rows at most.
    """

    now: int
    lease_until: int
    hold_until: int
    worker: str
    limit: int


class Committed(Struct, frozen=True):
    """What a commit came to.

    Attributes:
        stale: The ids of the stale ones, of which nothing was written.
        claims: The rows that were claimed at once, in the order in which they were put.
        hand: The announcement about their customers; None where nothing was claimed.
    """

    stale: Sequence[str] = ()
    claims: Sequence[ClaimedMessage] = ()
    hand: Hand | None = None


class Hand(Struct, frozen=True):
    """One announcement that messages are about to be handed over; see `Store.hold`.

    Attributes:
        number: Different for every announcement.
        until: When it ends if nobody lets go.
    """

    number: int
    until: int


class CustomerCommit(Struct, frozen=True):
    """All that one decision changes, to be written together or not at all.

    Attributes:
        expected: The version that the decision was made on; 0 for a customer not yet there.
            The stored version becomes `expected + 1`; that of a new customer is greater than
            any that an erased customer had, so that no decision made before an erasure fits.
        next_due: When the customer needs attention again, or None.
        profile: The whole new profile, or None when it did not change.
        first_seq: Journal number of the first entry in `journal`; numbers of one customer
            start at 1 and have no holes.
        journal: The entries, a JSON array; b"" when there are none.
        put: Messages to this customer to add to the outbox, or to make due at another instant. A
            put on a row that is there ends its lease and keeps its content.
        drop: Keys of messages to this customer that leave the outbox, claimed or not. They leave
            before `put` is added. A key belongs to one customer.
        suppress: Addresses for the list of suppressed ones, as `Store.suppress` takes them.
        unsuppress: (channel, address) that leave the list, after those are added.
        taken: Numbers of rows of this customer that leave the inbox: they were decided on.
    """

    customer_id: str
    expected: int
    body: bytes
    next_due: int | None
    first_seq: int = 1
    at: int = 0
    journal: bytes = b""
    profile: bytes | None = None
    put: Sequence[OutboxRow] = ()
    drop: Sequence[str] = ()
    seen: Sequence[SeenEvent] = ()
    suppress: Sequence[Suppression] = ()
    unsuppress: Sequence[tuple[str, str]] = ()
    taken: Sequence[int] = ()


class JournalRecord(Struct, frozen=True):
    """The journal entries of one commit."""

    customer_id: str
    first_seq: int
    at: int
    entries: bytes


class Definition(Struct, frozen=True):
    """One published version of a journey, as canonical JSON."""

    journey: str
    version: int
    digest: str
    body: bytes
