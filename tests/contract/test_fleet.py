"""Eight worker processes on one PostgreSQL, killed at random: nothing lost, nothing twice.

`tests/fleet_harness.py` plays it in real time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HARNESS = Path(__file__).parents[1] / "fleet_harness.py"


def play(url: str, folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    command = [sys.executable, str(HARNESS), url, str(folder), str(seconds), str(seed)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds + 300, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    print(
        f"{report['workers']} workers, {report['kills']} SIGKILLs in {seconds:g} s: "
        f"{report['customers']} customers, {report['hand_overs']} hand-overs, "
        f"{report['repeated']} repeated under the same key, {len(report['broken'])} violations"
    )
    assert not report["broken"], "\n".join(report["broken"])
    return report


@pytest.mark.slow
def test_workers_are_killed_for_minutes(fresh_postgres: str, tmp_path: Path) -> None:  # D1 D2 G7
    seconds = float(os.environ.get("JOURNEYKIT_FLEET_SECONDS", "75"))
    report = play(fresh_postgres, tmp_path, seconds, seed=1)
    assert report["kills"] >= seconds / 3
