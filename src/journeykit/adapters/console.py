"""How does a developer see what would be sent? A few lines per message on a stream."""

from __future__ import annotations

import sys
from threading import Lock
from typing import TextIO

from journeykit.ports import Accepted, Content, OutgoingMessage, Receipt

_JOINERS = frozenset("\u200c\u200d")
"""They print nothing themselves, but emoji and some scripts are spelled with them."""


class ConsoleChannel:
    """A `Channel` that writes each message to a text stream and accepts it.

    Messages from several threads never mix. What customers typed steers no terminal: control
    characters are shown as replacement characters. What the stream's encoding lacks is shown
    as `?`.

    Args:
        stream: Where to write; standard output, looked up at each message, when not given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._lock = Lock()

    def send(self, message: OutgoingMessage) -> Receipt:
        """Write the message: instant, channel, address, subject, then its text indented.

        The subject left empty is the template's name. Of HTML only the length is told.
        """
        stream = sys.stdout if self._stream is None else self._stream
        at = message.at.isoformat(sep=" ", timespec="seconds")
        title = message.content.subject or message.template
        lines = [f"{at}  {message.channel} to {message.address}: {title}"]
        lines += [f"    {line}" for line in _body(message.content)]
        shown = "".join(f"{_printable(line)}\n" for line in lines)
        with self._lock:
            stream.write(_encodable(shown, stream))
            stream.flush()
        return Accepted(message.key)

    def __repr__(self) -> str:
        return "ConsoleChannel()" if self._stream is None else f"ConsoleChannel({self._stream!r})"


def _body(content: Content) -> list[str]:
    lines = [line.expandtabs(4) for line in content.text.splitlines()]
    if content.html is not None:
        lines.append(f"({len(content.html):,} characters of HTML)")
    return lines


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() or char in _JOINERS else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
