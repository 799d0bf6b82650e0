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
    Content,
    CustomerCommit,
    Hand,
    JournalRecord,
    OutgoingMessage,
    Receipt,
    RenderContext,
    StoredCustomer,
    Suppression,
    Taken,
    Taking,
)

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


class Seen(Call[Mapping[tuple[str, str], str]], frozen=True):
    """Look event ids up."""

    events: Sequence[tuple[str, str]]


class Due(Call[Sequence[str]], frozen=True):
    """Find customers that time alone changes."""

    now: int
    limit: int


class Claim(Call[Sequence[ClaimedMessage]], frozen=True):
    """Take messages that may go."""

    now: int
    limit: int
    lease_until: int


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


class KeepContent(Call[None], frozen=True):
    """Keep what was rendered."""

    contents: Sequence[tuple[ClaimedMessage, bytes]]


class Versions(Call[Mapping[str, int]], frozen=True):
    """Look up how often customers have changed."""

    customer_ids: Sequence[str]


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


class HandOver(Call[Receipt], frozen=True):
    """Hand a message to its channel."""

    message: OutgoingMessage
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
