"""How is a ratio measured fairly? Ours and the limit in turn, in one run; the medians count.

A machine that other programs share drifts by half within seconds. So each round times both,
one right after the other, and the figure is the median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from statistics import median


def rounds(
    ours: Callable[[], float], limit: Callable[[], float], *, times: int = 21
) -> tuple[float, float, float]:
    """Return (median ratio, median of ours, median of the limit); both give a rate per second."""
    measured = []
    for _ in range(times):
        gc.collect()
        gc.disable()  # as timeit does: a collection would hit whoever is running by chance
        try:
            measured.append((ours(), limit()))
        finally:
            gc.enable()
    return (
        median(mine / theirs for mine, theirs in measured),
        median(mine for mine, _ in measured),
        median(theirs for _, theirs in measured),
    )


def report(name: str, *, ratio: float, limit: object, value: object, **more: object) -> None:
    """Print one JSON line."""
    line = {"name": name, "ratio": round(ratio, 4), "limit": limit, "value": value, **more}
    print(json.dumps(line), flush=True)
