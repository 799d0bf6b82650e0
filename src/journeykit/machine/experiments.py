"""How is an arm of an experiment drawn? Weighted rendezvous hashing, reckoned exactly.

Every arm draws an even number u from (0, 1) for the customer, and scores `weight / -ln(u)`; the
best score wins. An arm's score depends on itself alone. So where one arm's weight changes, or an
arm comes or goes, only as many customers move as must.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal

from journeykit.model import Experiment

_RECKONING = Context(prec=28)  # a float's logarithm is not the same on every machine (O4)
_BITS = 64


class ExperimentPlan:
    """One compiled `Experiment`."""

    __slots__ = ("_weights", "name")

    def __init__(self, step: Experiment) -> None:
        self.name = step.name
        self._weights = {arm: weight for arm, weight in step.weights.items() if weight}

    def arm(self, draw: Callable[[str], int]) -> str:
        """Return the arm whose score is best; `draw` gives 64 even bits for an arm."""
        best: dict[int, tuple[int, str]] = {}  # of arms of one weight, the largest draw scores best
        for arm, weight in self._weights.items():
            drawn = draw(arm), arm
            if weight not in best or drawn > best[weight]:
                best[weight] = drawn
        if len(best) == 1:
            return next(iter(best.values()))[1]
        return max(best.items(), key=_score)[1][1]


def _score(candidate: tuple[int, tuple[int, str]]) -> tuple[Decimal, str]:
    weight, (drawn, arm) = candidate
    even = _RECKONING.divide(Decimal(2 * drawn + 1), Decimal(1 << (_BITS + 1)))
    return _RECKONING.divide(Decimal(weight), _RECKONING.minus(even.ln(_RECKONING))), arm
