"""Where is a customer reached? The mark of the profile field that holds an address."""

from __future__ import annotations

import re

from journeykit.errors import DefinitionError
from journeykit.model.names import NAME as CHANNEL_NAME


class Address:
    """Marks the profile field that holds the address of a channel.

    `email: Annotated[str | None, Address("email")] = None`
    """

    __slots__ = ("channel",)

    def __init__(self, channel: str) -> None:
        if not re.fullmatch(CHANNEL_NAME, str(channel)):
            raise DefinitionError(
                "a channel must have a name without spaces and slashes",
                place="Address",
                value=channel,
                remedy="such as Address('email')",
            )
        self.channel = channel

    def __repr__(self) -> str:
        return f"Address({self.channel!r})"
