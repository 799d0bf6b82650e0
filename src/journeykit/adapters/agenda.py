"""What is due first? Keys with an instant each, the earliest first, ties by key.

Setting or removing a key leaves its earlier place in the heap behind; places that no longer
hold are stepped over when they come up. So every operation costs O(log n), and reading what
is due does not disturb it: what was read is kept in order in front of the heap, where the
next reading finds it at once.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from heapq import heapify, heappop, heappush

_SPARE = 1_000
"""How many outdated places may lie about, besides one per key, before they are cleared."""


class Agenda:
    """Keys by the instant at which they are due."""

    __slots__ = ("_at", "_front", "_heap")

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._front: list[tuple[int, str]] = []
        self._heap: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def at(self, key: str) -> int | None:
        """Return when `key` is due, or None for one that never is."""
        return self._at.get(key)

    def set(self, key: str, at: int | None) -> None:
        """Make `key` due at `at`, whatever it was before; None removes it."""
        if at is None:
            self._at.pop(key, None)
            return
        if self._at.get(key) == at:
            return
        self._at[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._at) + _SPARE:
            self._front.clear()
            self._heap = [(at, key) for key, at in self._at.items()]
            heapify(self._heap)

    def upto(self, now: int, limit: int) -> list[str]:
        """Return up to `limit` keys due at or before `now`, the longest due first."""
        if limit <= 0:
            return []
        front = self._front = [place for place in self._front if self._holds(place)]
        heap = self._heap
        while heap and heap[0][0] <= now and (len(front) < limit or heap[0] < front[-1]):
            place = heappop(heap)
            if self._holds(place):
                _insert(front, place)
        while len(front) > limit:
            heappush(heap, front.pop())
        return [key for at, key in front if at <= now]

    def first(self) -> int | None:
        """Return the earliest instant, or None when there is none."""
        while self._heap and not self._holds(self._heap[0]):
            heappop(self._heap)
        outdated = 0
        while outdated < len(self._front) and not self._holds(self._front[outdated]):
            outdated += 1
        del self._front[:outdated]
        return min((places[0][0] for places in (self._front, self._heap) if places), default=None)

    def _holds(self, place: tuple[int, str]) -> bool:
        return self._at.get(place[1]) == place[0]


def _insert(places: list[tuple[int, str]], place: tuple[int, str]) -> None:
    """Add `place` to `places`, which stay sorted and without repetition."""
    if not places or places[-1] < place:
        places.append(place)
    elif places[bisect_left(places, place)] != place:
        insort(places, place)
