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
        self._weights = {arm: Decimal(weight) for arm, weight in step.weights.items() if weight}

    def arm(self, draw: Callable[[str], int]) -> str:
        """Return the arm whose score is best; `draw` gives 64 even bits for an arm."""
        if len(self._weights) == 1:
            return next(iter(self._weights))
        return max(self._weights, key=lambda arm: (self._score(arm, draw(arm)), arm))

    def _score(self, arm: str, drawn: int) -> Decimal:
        even = _RECKONING.divide(Decimal(2 * drawn + 1), Decimal(1 << (_BITS + 1)))
        return _RECKONING.divide(self._weights[arm], _RECKONING.minus(even.ln(_RECKONING)))
