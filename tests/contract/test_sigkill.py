"""What is left of a process that was killed? Everything that it had said was done.

A worker in a process of its own plays a drip on a file and is killed at moments drawn from a
seed, again and again, until it comes to its end. The journals are then those of a run that
nobody disturbed, and each message went out under one key (D1, D2, O4).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

from journeykit import SQLiteStore
from journeykit.kernel import fraction

WORKER = Path(__file__).with_name("drip_worker.py")
MESSAGES = 3 * 12
PATIENCE = 120
PIECES = 8
"""No worker lives longer than this part of an undisturbed run."""


def start(folder: Path, *seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WORKER), str(folder), *map(str, seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(worker: subprocess.Popen[bytes]) -> float | None:
    """Wait for the end; return how long its work took, or None where it was not done.

    A kill may come just after the work was done.
    """
    told, wrong = worker.communicate(timeout=PATIENCE)
    assert worker.returncode in (0, -signal.SIGKILL), wrong.decode()
    said = told.split()
    assert said or worker.returncode != 0, wrong.decode()
    return float(said[1]) if said else None


def journals(folder: Path) -> dict[str, bytes]:
    with SQLiteStore(folder / "journeys.db") as store:
        return {
            name: b",".join(record.entries[1:-1] for record in store.journal(name))
            for name in store.customers()
        }


def hand_overs(folder: Path) -> list[dict[str, object]]:
    path = folder / "sent.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Calm(NamedTuple):
    """What a run came to that nobody disturbed, and how long it took."""

    folder: Path
    seconds: float


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm")
    seconds = finish(start(folder))
    assert seconds is not None
    return Calm(folder, seconds)


def kill_often(folder: Path, calm: Calm, seed: int, kills: int) -> int:
    """Let a worker be killed at drawn moments, until it is done or was killed so often."""
    for number in range(kills):
        drawn = fraction(b"kills", str(seed), str(number))
        if finish(start(folder, drawn * calm.seconds / PIECES)) is not None:
            return number
    assert finish(start(folder)) is not None
    return kills


def check(folder: Path, calm: Calm, kills: int) -> None:
    assert journals(folder) == journals(calm.folder)
    sent = hand_overs(folder)
    keys: dict[tuple[object, object], set[object]] = defaultdict(set)
    texts: dict[object, set[object]] = defaultdict(set)
    for line in sent:
        keys[line["to"], line["template"]].add(line["key"])
        texts[line["key"]].add(line["text"])
    assert len(keys) == MESSAGES
    assert all(len(found) == 1 for found in keys.values()), "a message under two keys"
    assert all(len(found) == 1 for found in texts.values())
    repeats = Counter((line["key"], line["attempt"]) for line in sent)
    assert sum(repeats.values()) - len(repeats) <= 5 * kills  # a portion per kill at most


def test_killed_and_started_again_it_ends_in_the_same_journals(calm: Calm, tmp_path: Path) -> None:
    kills = kill_often(tmp_path, calm, seed=7, kills=15)
    print(f"{kills} kills")
    assert kills >= PIECES // 2
    check(tmp_path, calm, kills)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_a_hundred_and_fifty_times(calm: Calm, tmp_path: Path, seed: int) -> None:
    check(tmp_path, calm, kill_often(tmp_path, calm, seed=seed, kills=15))
