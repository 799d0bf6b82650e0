"""What do these tests share? A small shop, a clock in the test's hand, and odd doubles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest

from journeykit import (
    Accepted,
    Address,
    Event,
    Exit,
    Goal,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    Send,
    Wait,
    Workspace,
    hours,
)
from journeykit.ports import Channel, Receipt, Renderer, Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class SignedUp(Event):
    plan: str = "free"


class CartUpdated(Event):
    cart_id: str
    total: int = 0


class Left(Event):
    pass


class Bought(Event):
    pass


class Shopper(Profile):
    first_name: str = ""
    email: Annotated[str | None, Address("email")] = None


class Hand:
    """A clock that moves when told."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def passes(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Post:
    """A channel that does `act` on each message, and accepts by default."""

    act: Callable[[OutgoingMessage], Receipt | None] | None = None
    messages: list[OutgoingMessage] = field(default_factory=list)

    def send(self, message: OutgoingMessage) -> Receipt:
        self.messages.append(message)
        answer = self.act(message) if self.act else None
        return Accepted() if answer is None else answer

    @property
    def templates(self) -> list[str]:
        return [message.template for message in self.messages]

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.messages]


def workspace_of(*journeys: Journey, **policy: Any) -> Workspace:
    consent = policy.pop("consent", {"email": "opt-out", "sms": "opt-out"})
    return Workspace(
        journeys=list(journeys),
        events=[SignedUp, CartUpdated, Left, Bought],
        profile=Shopper,
        timezone="Europe/Berlin",
        policy=Policy(consent=consent, **policy),
    )


welcome = Journey(
    "welcome",
    entry=On(SignedUp),
    exits=[On(Left)],
    goal=Goal(On(Bought)),
    steps=[Send("hello", via=["email"]), Wait(hours(1)), Send("tips", via=["email"])],
)
cart = Journey(
    "cart",
    entry=On(CartUpdated, where=CartUpdated.total >= 20, key=CartUpdated.cart_id),
    steps=[Send("reminder", via=["sms", "email"]), Exit("reminded")],
)


@dataclass
class Shop:
    """An orchestrator with everything around it."""

    kit: Orchestrator
    clock: Hand
    email: Post
    sms: Post
    store: Store

    def tick(self) -> Any:
        return self.kit.tick()

    def kinds(self, customer: str) -> list[str]:
        """Return the kinds of the journal entries of a customer."""
        return [line.kind for line in self.kit.explain(customer)]


Opening = Callable[..., Shop]


@pytest.fixture
def open_shop() -> Opening:
    """Return a maker of shops; what is not given is made, with both journeys."""

    def make(
        *journeys: Journey,
        store: Store | None = None,
        clock: Hand | None = None,
        renderer: Renderer | None = None,
        channels: Mapping[str, Channel] | None = None,
        functions: Mapping[str, Any] | None = None,
        worker: str = "",
        batch: int = 1000,
        lease: timedelta = timedelta(minutes=5),
        options: Mapping[str, Any] | None = None,
        **policy: Any,
    ) -> Shop:
        store = MemoryStore() if store is None else store
        clock = Hand() if clock is None else clock
        email, sms = Post(), Post()
        kit = Orchestrator(
            workspace_of(*(journeys or (welcome, cart)), **policy),
            store=store,
            channels=channels or {"email": email, "sms": sms},
            clock=clock,
            renderer=renderer,
            functions=functions or {},
            worker=worker,
            batch=batch,
            lease=lease,
            **(options or {}),
        )
        return Shop(kit, clock, email, sms, store)

    return make
