"""Does a throttle hold over several processes on one file? Counted in every window (D5)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).with_name("throttle_worker.py")
WORKERS = 3
PEOPLE = 60
BURST, INTERVAL = 3, 20_000  # of the worker's throttle
PATIENCE = 120
FRESH = 50_000
"""A hand-over starts at most so many micros after its token was taken."""


def test_several_processes_share_one_bucket(tmp_path: Path) -> None:
    """D5: in any span T at most burst + T / interval, and every message exactly once."""
    begin = [sys.executable, str(WORKER), str(tmp_path), "begin", str(PEOPLE)]
    subprocess.run(begin, check=True, timeout=PATIENCE)
    work = [sys.executable, str(WORKER), str(tmp_path)]
    workers = [
        subprocess.Popen([*work, f"w{number}"], stderr=subprocess.PIPE) for number in range(WORKERS)
    ]
    for worker in workers:
        _, wrong = worker.communicate(timeout=PATIENCE)
        assert worker.returncode == 0, wrong.decode()
    lines = [line.split() for line in (tmp_path / "sent").read_text().splitlines()]
    started = sorted(int(at) for at, _ in lines)
    assert len({key for _, key in lines}) == len(lines) == PEOPLE
    for first in range(PEOPLE):
        for last in range(first, PEOPLE):
            span = started[last] - started[first] + FRESH
            assert last - first + 1 <= BURST + span // INTERVAL
    whole = started[-1] - started[0]
    assert whole >= (PEOPLE - BURST) * INTERVAL - FRESH
