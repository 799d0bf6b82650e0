"""What does a link prove? A token names a customer and a purpose, and nobody can forge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from journeykit.ports.channel import OutgoingMessage

TokenPurpose = Literal["unsubscribe", "confirm", "preferences"]


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """What a valid token says: for whom, and for what, it was made.

    Attributes:
        channel: None in a token for all of a customer's preferences.
        topic: None for the whole channel.
        issued: When it was made, to the second.
    """

    purpose: TokenPurpose
    customer_id: str
    channel: str | None
    topic: str | None
    issued: datetime


class TokenSigner(Protocol):
    """Makes and reads the tokens of links. `journeykit.adapters.Tokens` is one."""

    def sign(
        self,
        purpose: TokenPurpose,
        customer_id: str,
        *,
        at: datetime,
        channel: str | None = None,
        topic: str | None = None,
    ) -> str:
        """Return a token, issued at `at`."""
        ...

    def read(self, token: object, purpose: TokenPurpose, *, at: datetime) -> TokenClaim:
        """Return what a token says that counts at `at`.

        Raises:
            InvalidTokenError: It does not count, for whatever reason.
        """
        ...


class UnsubscribeHeaders(Protocol):
    """Gives an email the headers by which its reader can unsubscribe."""

    def headers(self, message: OutgoingMessage) -> Mapping[str, str]:
        """Return headers for `message`, such as `List-Unsubscribe`."""
        ...
