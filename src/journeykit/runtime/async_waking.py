"""How does a worker in an event loop sleep? Until somebody rings, in whichever thread."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class AsyncBell:
    """Ends the sleep of one task; see `journeykit.ports.waking.AsyncWaker`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        was_rung = self._rung.is_set()
        self._rung.clear()
        return was_rung

    def wake(self) -> None:
        """End the wait, or the next one. From any thread, and from a signal handler."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._rung.set)

    async def close(self) -> None:
        """Nothing is held."""
