"""How does a developer see what would be sent? One line per message on a stream."""

from __future__ import annotations

import sys
from typing import TextIO

from journeykit.ports import Accepted, OutgoingMessage, Receipt


class ConsoleChannel:
    """A `Channel` that writes each message to a text stream and accepts it.

    Args:
        stream: Where to write; standard output, looked up at each message, when not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    def send(self, message: OutgoingMessage) -> Receipt:
        """Write the message: instant, channel, address, subject, then its text indented."""
        stream = sys.stdout if self._stream is None else self._stream
        content = message.content
        title = content.subject or message.template
        at = message.at.isoformat(sep=" ", timespec="seconds")
        lines = [f"{at}  {message.channel} to {message.address}: {_printable(title)}"]
        lines += [f"    {_printable(line)}" for line in content.text.splitlines()]
        stream.write("\n".join(lines) + "\n")
        return Accepted(message.key)


def _printable(text: str) -> str:
    """Return `text` without control characters: what customers typed steers no terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
