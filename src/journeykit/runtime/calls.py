"""What can a flow ask for? A closed set of port calls, each knowing the type of its answer.

`answer = yield from Load(...)` gives a flow the answer of the port; who makes the call, and
whether it is awaited, is the driver's business (`runtime.drivers`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from msgspec import Struct

from journeykit.machine import Rules
from journeykit.ports import (
    CallContext,
    ClaimedMessage,
    Committed,
    Content,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalRecord,
    OutgoingMessage,
    ParkedCustomer,
    Receipt,
    RenderContext,
    StoredCustomer,
    Suppression,
    Taken,
    Taking,
)
from journeykit.runtime.lines import Lines

R = TypeVar("R")
Flow = Generator["Call[Any]", Any, R]


class Call(Struct, Generic[R], frozen=True):
    """One port call. Iterating it hands it to the driver and returns the answer."""

    def __iter__(self) -> Generator[Call[R], R, R]:
        answer = yield self
        return answer


class Now(Call[int], frozen=True):
    """What time is it? In micros."""


class Heed(Call[Rules], frozen=True):
    """Take what operators have set into account: the rules, with the journeys that pause now.

    Attributes:
        fresh: Whether it is read anew in any case; else what was known a moment ago will do.
    """

    rules: Rules
    fresh: bool = False


class Page(Call[Sequence[str]], frozen=True):
    """Ask for customer ids in their order, those behind `after`."""

    after: str
    limit: int


class Erased(Call[Mapping[str, int]], frozen=True):
    """Ask which of these marks an erasure has left."""

    marks: Sequence[str]


class JournalOf(Call[Sequence[JournalRecord]], frozen=True):
    """Read the whole journal of a customer."""

    customer_id: str


class Load(Call[Mapping[str, StoredCustomer]], frozen=True):
    """Load customers."""

    customer_ids: Sequence[str]
    profiles: bool


class Commit(Call[Sequence[str]], frozen=True):
    """Write decisions; the answer names the customers that somebody else changed."""

    commits: Sequence[CustomerCommit]


class CommitAndClaim(Call[Committed], frozen=True):
    """Write decisions; claim and announce at once what they put that is due at `now`.

    An announcement is open as after `Hold`.
    """

    commits: Sequence[CustomerCommit]
    now: int
    limit: int
    lease_until: int
    hold_until: int


class Seen(Call[Mapping[tuple[str, str], str]], frozen=True):
    """Look event ids up."""

    events: Sequence[tuple[str, str]]


class Due(Call[Sequence[str]], frozen=True):
    """Find customers that time alone changes."""

    now: int
    limit: int
    lease_until: int


class Waiting(Call[Sequence[str]], frozen=True):
    """Find customers for whom something lies in the inbox."""

    now: int
    limit: int
    lease_until: int


class InboxOf(Call[Mapping[str, Sequence[InboxRow]]], frozen=True):
    """Read what lies in the inbox for these customers, up to `limit` rows for each."""

    customer_ids: Sequence[str]
    limit: int


class Append(Call[None], frozen=True):
    """Put rows into the inbox."""

    rows: Sequence[InboxRow]


class Discard(Call[None], frozen=True):
    """Take rows out of the inbox that nobody decides on."""

    customer_id: str
    numbers: Sequence[int]


class Depth(Call[int], frozen=True):
    """How many rows lie in the inbox? Counted up to `limit`."""

    limit: int


class Park(Call[None], frozen=True):
    """Leave customers alone for a while."""

    rows: Sequence[ParkedCustomer]


class Unpark(Call[Sequence[str]], frozen=True):
    """End the parking of these customers; the answer names who was parked."""

    customer_ids: Sequence[str]
    now: int


class ParkedOf(Call[Sequence[ParkedCustomer]], frozen=True):
    """Ask who of these is parked."""

    customer_ids: Sequence[str]


class ParkedBehind(Call[Sequence[ParkedCustomer]], frozen=True):
    """Ask who is parked, by id: up to `limit` behind `after`."""

    after: str
    limit: int


class Shelved(Call[Sequence[str]], frozen=True):
    """Ask for whom rows lie in the outbox that are never due, by id."""

    after: str
    limit: int


class Lacks(Call[None], frozen=True):
    """Tell that this worker lacks something that another one may have; it is logged once.

    Attributes:
        code: What kind of thing; see `runtime.parking.NotHereError`.
        what: Its name.
    """

    code: str
    what: str
    journey: str
    version: int


class Definitions(Call[Sequence[Definition]], frozen=True):
    """Read every version that was ever published."""


class Adopt(Call[None], frozen=True):
    """Go by these rules from now on: the same workspace, with more versions beside it."""

    rules: Rules


class NextDue(Call[int | None], frozen=True):
    """Ask when something is due next."""


class Doze(Call[bool], frozen=True):
    """Wait until something wakes this worker, at most `span`; tell whether it did."""

    span: int


class Claim(Call[Sequence[ClaimedMessage]], frozen=True):
    """Take messages that may go, but none of the channels `without`."""

    now: int
    limit: int
    lease_until: int
    without: frozenset[str] = frozenset()


class Hold(Call[Hand], frozen=True):
    """Announce whom the messages in hand are for."""

    customer_ids: Sequence[str]
    now: int
    until: int


class LetGo(Call[None], frozen=True):
    """Nothing is in hand any more."""

    hand: Hand


class Unclaim(Call[None], frozen=True):
    """Give messages back that were not handed over."""

    claims: Sequence[ClaimedMessage]


class Begin(Call[None], frozen=True):
    """Note that messages are about to be handed over, and keep what was rendered."""

    handing: Sequence[tuple[ClaimedMessage, bytes | None]]


class Versions(Call[Mapping[str, int]], frozen=True):
    """Look up how often customers have changed."""

    customer_ids: Sequence[str]


class Reaches(Call[bool], frozen=True):
    """Ask whether this worker has a channel."""

    channel: str


class Render(Call[Content], frozen=True):
    """Turn a template into content."""

    context: RenderContext


MayStart = Literal["go", "changed", "stop"]


class Start(Call[MayStart], frozen=True):
    """Ask, as the last thing before a hand-over, whether it may start.

    `changed`: this process committed something about the customer, or about addresses of
    whomsoever, since the last asking.
    `stop`: the worker is to stop, and hands nothing over any more.
    """

    hand: Hand
    customer_id: str


class Stay(Call[None], frozen=True):
    """A hand-over that was to start does not take place after all."""

    hand: Hand
    customer_id: str


class LinesNow(Call[Lines], frozen=True):
    """Ask what this process knows of its channels."""


class Parcel(Struct, frozen=True):
    """Messages that go to their channel in one call, each to another customer.

    Attributes:
        number: Larger than that of every parcel of the round that went before.
        together: Whether they go by `send_many`; else there is one.
    """

    number: int
    channel: str
    messages: Sequence[OutgoingMessage]
    together: bool = False


class Handed(Struct, frozen=True):
    """What a channel said of each message of a parcel, in their order."""

    parcel: Parcel
    receipts: Sequence[Receipt]


class HandOver(Call[Sequence[Handed]], frozen=True):
    """Start parcels on their way; the answer tells what has been answered since the last time.

    Where nothing has been, and something is on its way, it waits for that. At most one parcel
    is for channels that take one at a time.
    """

    parcels: Sequence[Parcel]
    hand: Hand


class CallFunction(Call[object], frozen=True):
    """Call a function of the host."""

    context: CallContext


class GoesOn(Call[bool], frozen=True):
    """Ask whether functions may still be called; a worker that is to stop says no."""


class Take(Call[Taken], frozen=True):
    """Take tokens out of the bucket of a throttle."""

    bucket: str
    asked: Taking


class Listed(Call[Mapping[tuple[str, str], Suppression]], frozen=True):
    """Look addresses up on the list of suppressed ones."""

    addresses: Sequence[tuple[str, str]]


class List(Call[None], frozen=True):
    """Put addresses on the list."""

    rows: Sequence[Suppression]


class Unlist(Call[None], frozen=True):
    """Take addresses off the list."""

    addresses: Sequence[tuple[str, str]]


class InHand(NamedTuple):
    """An announcement about a customer, or somebody; `here` when this process made it."""

    hand: Hand
    here: bool


class InHands(Call[Sequence[InHand]], frozen=True):
    """Ask which hand-overs to a customer may be under way and are to be waited for.

    None asks for those to anybody.
    """

    customer_id: str | None


class Rest(Call[bool], frozen=True):
    """Wait until a hand-over of this process ends, at most `span`; tell whether one did."""

    span: int
