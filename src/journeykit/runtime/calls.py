"""What can a flow ask for? A closed set of port calls, each knowing the type of its answer.

`answer = yield from Load(...)` gives a flow the answer of the port; who makes the call, and
whether it is awaited, is the driver's business (`runtime.drivers`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from journeykit.ports import (
    ClaimedMessage,
    Content,
    CustomerCommit,
    Hand,
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


class Call(Generic[R]):
    """One port call. Iterating it hands it to the driver and returns the answer."""

    __slots__ = ()

    def __iter__(self) -> Generator[Call[R], R, R]:
        answer = yield self
        return answer


@dataclass(frozen=True, slots=True)
class Now(Call[int]):
    """What time is it? In micros."""


@dataclass(frozen=True, slots=True)
class Load(Call[Mapping[str, StoredCustomer]]):
    """Load customers."""

    customer_ids: Sequence[str]
    profiles: bool


@dataclass(frozen=True, slots=True)
class Commit(Call[Sequence[str]]):
    """Write decisions; the answer names the customers that somebody else changed."""

    commits: Sequence[CustomerCommit]


@dataclass(frozen=True, slots=True)
class Seen(Call[Mapping[tuple[str, str], str]]):
    """Look event ids up."""

    events: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Due(Call[Sequence[str]]):
    """Find customers that time alone changes."""

    now: int
    limit: int


@dataclass(frozen=True, slots=True)
class Claim(Call[Sequence[ClaimedMessage]]):
    """Take messages that may go."""

    now: int
    limit: int
    lease_until: int


@dataclass(frozen=True, slots=True)
class Hold(Call[Hand]):
    """Announce whom the messages in hand are for."""

    customer_ids: Sequence[str]
    now: int
    until: int


@dataclass(frozen=True, slots=True)
class LetGo(Call[None]):
    """Nothing is in hand any more."""

    hand: Hand


@dataclass(frozen=True, slots=True)
class Unclaim(Call[None]):
    """Give messages back that were not handed over."""

    claims: Sequence[ClaimedMessage]


@dataclass(frozen=True, slots=True)
class KeepContent(Call[None]):
    """Keep what was rendered."""

    contents: Sequence[tuple[ClaimedMessage, bytes]]


@dataclass(frozen=True, slots=True)
class Versions(Call[Mapping[str, int]]):
    """Look up how often customers have changed."""

    customer_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Render(Call[Content]):
    """Turn a template into content."""

    context: RenderContext


MayStart = Literal["go", "changed", "stop"]


@dataclass(frozen=True, slots=True)
class Start(Call[MayStart]):
    """Ask, as the last thing before a hand-over, whether it may start.

    `changed`: this process committed something about the customer, or about addresses of
    whomsoever, since the last asking.
    `stop`: the worker is to stop, and hands nothing over any more.
    """

    hand: Hand
    customer_id: str


@dataclass(frozen=True, slots=True)
class HandOver(Call[Receipt]):
    """Hand a message to its channel."""

    message: OutgoingMessage
    hand: Hand


@dataclass(frozen=True, slots=True)
class Take(Call[Taken]):
    """Take tokens out of the bucket of a throttle."""

    bucket: str
    asked: Taking


@dataclass(frozen=True, slots=True)
class Listed(Call[Mapping[tuple[str, str], Suppression]]):
    """Look addresses up on the list of suppressed ones."""

    addresses: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class List(Call[None]):
    """Put addresses on the list."""

    rows: Sequence[Suppression]


@dataclass(frozen=True, slots=True)
class Unlist(Call[None]):
    """Take addresses off the list."""

    addresses: Sequence[tuple[str, str]]


class InHand(NamedTuple):
    """An announcement about a customer, or somebody; `here` when this process made it."""

    hand: Hand
    here: bool


@dataclass(frozen=True, slots=True)
class InHands(Call[Sequence[InHand]]):
    """Ask which hand-overs to a customer may be under way and are to be waited for.

    None asks for those to anybody.
    """

    customer_id: str | None


@dataclass(frozen=True, slots=True)
class Rest(Call[bool]):
    """Wait until a hand-over of this process ends, at most `span`; tell whether one did."""

    span: int
