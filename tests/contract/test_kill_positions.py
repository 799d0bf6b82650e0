"""SIGKILL before any statement, and around any hand-over: the end is as if nothing had happened.

`tests/kill_harness.py` does it, in processes of its own; see there what a place is. The quick
tests try some places, the long ones all of them, and print how many.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HARNESS = Path(__file__).parents[1] / "kill_harness.py"


def killed(kind: str, folder: Path, step: int, offset: int, url: str = "") -> dict[str, Any]:
    command = [sys.executable, str(HARNESS), kind, str(folder), str(step), str(offset), url]
    done = subprocess.run(
        command if url else command[:-1], capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    print(f"{report['store']}: {report['kills']} kills at {report['places']} places")
    assert report["kills"] > 5
    assert not report["broken"], "\n".join(report["broken"][:10])
    return report


def test_some_places_on_sqlite(tmp_path: Path) -> None:  # D1 D2
    killed("sqlite", tmp_path, 37, 5)


def test_some_places_on_postgres(tmp_path: Path, postgres_url: str) -> None:  # D1 D2
    killed("postgres", tmp_path, 37, 5, postgres_url)


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_every_place_on_sqlite(tmp_path: Path, half: int) -> None:
    report = killed("sqlite", tmp_path, 2, half)
    assert 2 * report["kills"] >= report["places"] - 1


@pytest.mark.slow
@pytest.mark.parametrize("half", [0, 1])
def test_every_place_on_postgres(tmp_path: Path, postgres_url: str, half: int) -> None:
    report = killed("postgres", tmp_path, 2, half, postgres_url)
    assert 2 * report["kills"] >= report["places"] - 1
