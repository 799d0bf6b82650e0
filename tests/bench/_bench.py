"""How is a ratio measured fairly? Ours and the limit in turn, in one run.

A machine that other programs share drifts by half within seconds, so each round times both,
one right after the other. Short loops are judged by their best rounds, as `timeit` advises:
what disturbs a loop only ever slows it. Work that waits for a disk is judged by the median of
the rounds' ratios.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from statistics import median

Rate = Callable[[], float]


def best_of(ours: Rate, limit: Rate, *, times: int = 25) -> tuple[float, float, float]:
    """Return (ratio of the best rounds, our best, the limit's best); rates per second."""
    measured = _rounds(ours, limit, times)
    mine, theirs = max(one for one, _ in measured), max(other for _, other in measured)
    return mine / theirs, mine, theirs


def medians(ours: Rate, limit: Rate, *, times: int = 5) -> tuple[float, float, float]:
    """Return (median of the rounds' ratios, our median, the limit's median)."""
    measured = _rounds(ours, limit, times)
    return (
        median(mine / theirs for mine, theirs in measured),
        median(mine for mine, _ in measured),
        median(theirs for _, theirs in measured),
    )


def _rounds(ours: Rate, limit: Rate, times: int) -> list[tuple[float, float]]:
    measured = []
    for _ in range(times):
        gc.collect()
        gc.disable()  # as timeit does: a collection would hit whoever is running by chance
        try:
            measured.append((ours(), limit()))
        finally:
            gc.enable()
    return measured


def report(name: str, *, ratio: float, limit: object, value: object, **more: object) -> None:
    """Print one JSON line."""
    line = {"name": name, "ratio": round(ratio, 4), "limit": limit, "value": value, **more}
    print(json.dumps(line), flush=True)
