"""Where do messages go that nobody is to receive? Into a list."""

from __future__ import annotations

from journeykit.ports import Accepted, OutgoingMessage, Receipt


class RecordingChannel:
    """A `Channel` that accepts every message and remembers it, for tests and first steps.

    It may be shared between threads.

    Attributes:
        messages: Every hand-over in order, repeats of one key included.
    """

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        """Remember the message and accept it; its key is the provider's id."""
        self.messages.append(message)  # one step for other threads: no lock is needed
        return Accepted(message.key)

    def __repr__(self) -> str:
        return f"RecordingChannel({len(self.messages)} messages)"
