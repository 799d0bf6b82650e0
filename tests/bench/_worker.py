"""A worker process for the benches: it waits for a line, works, and tells what it did.

    _worker.py TARGET SECONDS

TARGET is an SQLite file or a postgresql:// url with the customers of `_waiting`, all of whom are
due. It works until nothing is left, for SECONDS at most, and prints a JSON line.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import _waiting
from _drip import NOON, Hand, Nothing

from journeykit import SQLiteStore
from journeykit.runtime import TickCounts

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def opened(target: str) -> Any:
    """Return the store of a target."""
    if target.startswith("postgresql:"):
        from journeykit.adapters.postgres import PostgresStore

        return PostgresStore(target)
    return SQLiteStore(target, synchronous="normal")


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(target: str, seconds: float) -> None:
    clock, channel = Hand(), Nothing()
    clock.at = NOON + timedelta(days=3650)
    with opened(target) as store:
        kit = _waiting.orchestrator(store, channel, clock)
        print("ready", flush=True)
        sys.stdin.readline()
        counts = TickCounts()
        turns, early, start = 0, 0, perf_counter()
        while perf_counter() - start < seconds and kit.turn(counts):
            turns += 1
            if turns == 5:
                early = peak_kib()
        took = perf_counter() - start
    told = {"sent": channel.taken.total(), "seconds": took, "early": early, "peak": peak_kib()}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
