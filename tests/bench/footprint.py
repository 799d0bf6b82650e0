"""What does journeykit cost while nothing happens? Import, file size, memory, opening."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from _bench import report

from journeykit import (
    Event,
    Exit,
    Journey,
    On,
    Orchestrator,
    SQLiteStore,
    Wait,
    Workspace,
    days,
)

WAITING = 100_000
_IMPORT = "import time; start = time.perf_counter(); import journeykit; print(time.perf_counter() - start)"
_CHILD = """
import json, resource, sys, time
from journeykit import SQLiteStore
start = time.perf_counter()
store = SQLiteStore(sys.argv[1])
store.next_due()
took = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([took, peak]))
"""


def import_seconds() -> float:
    """Return the median of five imports, each in a process of its own, files cached."""
    runs = [_run("-c", _IMPORT) for _ in range(6)]
    return median(float(run) for run in runs[1:])


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    return done.stdout


class Joined(Event):
    plan: str = "free"


waiting = Workspace(
    journeys=[Journey("onboarding", entry=On(Joined), steps=[Wait(days(30)), Exit("idle")])],
    timezone="Europe/Berlin",
)


def waiting_file(path: Path, customers: int) -> int:
    """Fill a file with customers that wait in a journey; return its size in bytes."""
    with SQLiteStore(path, synchronous="off") as store:
        kit = Orchestrator(waiting, store=store, channels={})
        for first in range(0, customers, 10_000):
            names = [f"customer-{n:07}" for n in range(first, min(customers, first + 10_000))]
            kit.identify_many([{"customer_id": name} for name in names])
            assert not kit.track_many(
                {"customer_id": name, "event": "joined"} for name in names
            ).bad
        assert len(store.due(2**62, limit=customers + 1)) == customers
    return path.stat().st_size


def opening(path: Path) -> tuple[float, int]:
    """Return (seconds to open and ask what is due first, peak memory in KiB), of five runs."""
    runs = [json.loads(_run("-c", _CHILD, str(path))) for _ in range(5)]
    return median(took for took, _ in runs), int(median(peak for _, peak in runs))


def main() -> None:
    took = import_seconds()
    report("import journeykit", ratio=took / 0.35, limit=0.35, value=round(took, 3), unit="seconds")
    with TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.db", Path(folder) / "large.db"
        waiting_file(small, 100)
        each = waiting_file(large, WAITING) / WAITING
        report(
            "a waiting customer in SQLite, its journal included",
            ratio=each / 1024, limit=1024, value=round(each), unit="bytes of the file",
        )  # fmt: skip
        few_seconds, few_kib = opening(small)
        many_seconds, many_kib = opening(large)
        report(
            f"opening a store with {WAITING:,} waiting customers",
            ratio=many_seconds / 0.05,
            limit=0.05,
            value=round(many_seconds, 4),
            unit="seconds",
            with_100=round(few_seconds, 4),
        )
        extra = (many_kib - few_kib) * 1024 / WAITING
        report(
            "process memory of a waiting customer",
            ratio=max(0.0, extra),
            limit=1,
            value=round(extra, 2),
            unit="bytes",
            peak_kib_with_100=few_kib,
            peak_kib_with_all=many_kib,
        )


if __name__ == "__main__":
    main()
