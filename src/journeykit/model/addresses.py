"""Where is a customer reached? The mark of the profile field that holds an address."""

from __future__ import annotations

import re

from journeykit.errors import DefinitionError
from journeykit.model.names import NAME as CHANNEL_NAME


class Address:
    """Marks the profile field that holds the address of a channel.

    `email: Annotated[str | None, Address("email")] = None`

    Args:
        channel: The channel.
        zone: Name of the profile field with the time zone of the address, such as that of a
            phone number. It counts for messages of this channel while the customer's own
            `timezone` is not known.
    """

    __slots__ = ("channel", "zone")

    def __init__(self, channel: str, *, zone: str | None = None) -> None:
        if not re.fullmatch(CHANNEL_NAME, str(channel)):
            raise DefinitionError(
                "a channel must have a name without spaces and slashes",
                place="Address",
                value=channel,
                remedy="such as Address('email')",
            )
        self.channel = channel
        self.zone = zone

    def __repr__(self) -> str:
        zone = "" if self.zone is None else f", zone={self.zone!r}"
        return f"Address({self.channel!r}{zone})"
