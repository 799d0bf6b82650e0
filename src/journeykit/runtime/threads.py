"""Which threads carry parcels? So many for each channel, made when they are needed first.

A module of its own, since it is not light: only hosts that ask for several hand-overs at a time
load it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock

from journeykit.runtime.calls import Handed


class Threads:
    """The threads of one worker's channels, and what they carry, by the number of its hand."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._flying: dict[int, set[Future[Handed]]] = {}

    def start(self, hand: int, channel: str, threads: int, carry: Callable[[], Handed]) -> None:
        """Let a thread of a channel carry a parcel."""
        with self._lock:
            pool = self._pools.get(channel)
            if pool is None:
                name = f"journeykit-{channel}"
                pool = self._pools[channel] = ThreadPoolExecutor(threads, thread_name_prefix=name)
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
