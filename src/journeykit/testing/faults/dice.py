"""What goes wrong next? A seed decides, so that every run can be played again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from journeykit.kernel.keys import even_bits

T = TypeVar("T")


class Dice:
    """Choices in a row that depend on nothing but the seed and their place in the row."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: int, *path: str) -> None:
        self._seed = "/".join([str(seed), *path]).encode()[:64]
        self._count = 0

    def below(self, end: int) -> int:
        """Return a number from 0 to `end`, which is excluded."""
        self._count += 1
        return even_bits(self._seed, str(self._count)) % end

    def between(self, least: int, most: int) -> int:
        """Return a number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def chance(self, per_million: int) -> bool:
        """Return True so often in a million."""
        return per_million > 0 and self.below(1_000_000) < per_million

    def choose(self, among: Sequence[T]) -> T:
        """Return one of them."""
        return among[self.below(len(among))]
