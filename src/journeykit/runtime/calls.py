"""What can a flow ask for? A closed set of port calls, each knowing the type of its answer.

`answer = yield from Load(...)` gives a flow the answer of the port; who makes the call, and
whether it is awaited, is the driver's business (`runtime.drivers`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from journeykit.ports import (
    ClaimedMessage,
    Content,
    CustomerCommit,
    OutgoingMessage,
    Receipt,
    RenderContext,
    StoredCustomer,
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


@dataclass(frozen=True, slots=True)
class HandOver(Call[Receipt]):
    """Hand a message to its channel."""

    message: OutgoingMessage
