"""What ends the pause of a worker before its time? Somebody who says that there is work."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Waker(Protocol):
    """One worker waits on it; whoever has work for it rings."""

    def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was.

        What woke it before the wait began counts as well, once.
        """
        ...

    def wake(self) -> None:
        """End the wait, or the next one. From any thread, and from a signal handler."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class AsyncWaker(Protocol):
    """The same for workers in an event loop."""

    async def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        ...

    def wake(self) -> None:
        """End the wait, or the next one. From any thread, and from a signal handler."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


@runtime_checkable
class Wakes(Protocol):
    """A store that tells workers in other processes when something came in."""

    def waker(self) -> Waker:
        """Return a new waker, which hears of what any process commits from now on."""
        ...
