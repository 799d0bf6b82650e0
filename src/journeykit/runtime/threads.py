"""Which threads carry parcels? Some of each channel's own, made when they are needed.

A module of its own, since it is not light: only hosts that ask for several hand-overs at a time
load it.

Keeps true: a parcel never waits for a thread. It was told to start, and who withdraws consent
meanwhile waits for it a moment only (G7). How many there are at a time is the flow's business.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock

from journeykit.runtime.calls import Handed

MOST = 100_000
"""More than there are ever parcels on their way: threads are made one by one, when none is idle."""


class Threads:
    """The threads of one worker's channels, and what they carry, by the number of its hand."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._flying: dict[int, set[Future[Handed]]] = {}

    def start(self, hand: int, channel: str, carry: Callable[[], Handed]) -> None:
        """Let a thread of a channel carry a parcel."""
        with self._lock:
            pool = self._pools.get(channel)
            if pool is None:
                name = f"journeykit-{channel}"
                pool = self._pools[channel] = ThreadPoolExecutor(MOST, thread_name_prefix=name)
        self._flying.setdefault(hand, set()).add(pool.submit(carry))

    def ended(self, hand: int, *, waits: bool) -> list[Handed]:
        """Return what has been answered since the last time; wait for one answer if asked to."""
        flying = self._flying.get(hand)
        if not flying:
            return []
        ended, left = wait(flying, None if waits else 0, FIRST_COMPLETED)
        self._flying[hand] = left
        if not left:
            del self._flying[hand]
        return [future.result() for future in ended]

    def forget(self, hand: int) -> None:
        """Nobody asks any more."""
        self._flying.pop(hand, None)
