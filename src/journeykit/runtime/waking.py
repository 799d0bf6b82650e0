"""How does a worker sleep where its store does not wake it? Until somebody rings in this process."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock


class Bell:
    """Ends the sleep of one thread; see `journeykit.ports.waking.Waker`."""

    def __init__(self) -> None:
        self._asleep = Lock()  # held all the time; whoever releases it wakes the worker
        self._asleep.acquire()

    def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        return self._asleep.acquire(timeout=seconds)

    def wake(self) -> None:
        """End the wait, or the next one."""
        with suppress(RuntimeError):  # it is awake already
            self._asleep.release()

    def close(self) -> None:
        """Nothing is held."""
