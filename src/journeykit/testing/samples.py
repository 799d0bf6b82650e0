"""What can be tried at once? Two events and a profile with every kind of field."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from journeykit.model import Address, Event, Profile


class PageSeen(Event):
    """A small event, all of it required but one field."""

    page: str
    seconds: int = 0


class OrderPlaced(Event):
    """An event with a field of every kind."""

    cart: str
    amount: Decimal
    pieces: int = 1
    weight: float = 0.0
    gift: bool = False
    paid_by: Literal["card", "invoice"] = "card"
    deliver_on: date | None = None
    paid_at: datetime | None = None
    codes: tuple[str, ...] = ()


class Customer(Profile):
    """A profile with a field of every kind but one that is required."""

    name: str | None = None
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None
    spent: Decimal | None = None
    score: float | None = None
    vip: bool = False
    born: date | None = None
    trial_ends: datetime | None = None
    interests: tuple[str, ...] = ()
    email: Annotated[str | None, Address("email")] = None


__all__ = ["Customer", "OrderPlaced", "PageSeen"]
