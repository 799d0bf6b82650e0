"""The demo, in processes of its own: the same journal twice, and after kills."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from journeykit.simulation import hand_overs

Shell = Callable[..., subprocess.CompletedProcess[str]]
ARGUMENTS = ("demo", "--customers", "25", "--db")
DEMO = ("-m", "journeykit", *ARGUMENTS)

KILLED = """
import os, signal, sys
from journeykit.adapters import SQLiteStore
from journeykit.simulation import PretendChannel

cls, method, when, count = {cls}, {method!r}, {when!r}, {count}
honest = getattr(cls, method)
calls = 0

def dying(*arguments, **options):
    global calls
    calls += 1
    if calls == count and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = honest(*arguments, **options)
    if calls == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

setattr(cls, method, dying)
from journeykit.cli import main
main(sys.argv[1:])
"""


def digest(output: str) -> str:
    found = re.search(r"journal digest\s+(\w{32})", output)
    assert found, output
    return found[1]


def log_of(folder: Path, db: str) -> list[dict[str, Any]]:
    return list(hand_overs(folder / f"{db}-handovers.jsonl"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    """Play the demo once; return what it printed and what it handed over."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = subprocess.run(
        [sys.executable, *DEMO, "demo.db"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout, log_of(folder, "demo.db")


def test_it_shows_what_it_promises(undisturbed: tuple[str, Any]) -> None:
    output, _ = undisturbed

    for part in ("25 customers", "replaying   10 %", "replaying  100 %", "thank-you",
                 "second-purchase", "win-back", "vip", "holdout", "One customer, explained",
                 "events/s", "journal entries/s", "demo.db"):  # fmt: skip
        assert part in output
    longest = max((line for line in output.splitlines() if "demo.db" not in line), key=len)
    assert len(longest) <= 80


def test_two_runs_write_the_same_journals(
    undisturbed: tuple[str, list[dict[str, Any]]], shell: Shell, tmp_path: Path
) -> None:  # O4
    again = shell(*DEMO, "again.db")

    assert again.returncode == 0, again.stderr
    assert digest(again.stdout) == digest(undisturbed[0])
    assert log_of(tmp_path, "again.db") == undisturbed[1]


@pytest.mark.parametrize(
    ("cls", "method", "when", "count"),
    [
        ("SQLiteStore", "commit", "after", 1),  # people are known, nothing has happened yet
        ("SQLiteStore", "commit", "after", 30),  # decided and written, not handed over
        ("SQLiteStore", "begin", "after", 20),  # claimed and rendered by one who is gone
        ("PretendChannel", "send", "before", 100),
        ("PretendChannel", "send", "after", 101),  # handed over, the answer is lost
    ],
)
def test_killed_and_started_again_it_ends_in_the_same_journal(
    undisturbed: tuple[str, list[dict[str, Any]]],
    shell: Shell,
    tmp_path: Path,
    cls: str,
    method: str,
    when: str,
    count: int,
) -> None:  # O4, D2
    script = KILLED.format(cls=cls, method=method, when=when, count=count)
    killed = shell("-c", script, *ARGUMENTS, "killed.db")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = len(log_of(tmp_path, "killed.db"))

    resumed = shell(*DEMO, "killed.db")

    assert resumed.returncode == 0, resumed.stderr
    assert "went on" in resumed.stdout
    assert digest(resumed.stdout) == digest(undisturbed[0])
    assert table(resumed.stdout) == table(undisturbed[0])
    handed_over = log_of(tmp_path, "killed.db")
    assert before < len(handed_over)
    # no message under two keys: what was handed over, in any number of calls, is the same
    assert {frozenset(one.items()) for one in handed_over} == {
        frozenset(one.items()) for one in undisturbed[1]
    }
    # and each of them at most once more than undisturbed
    calls = Counter((one["key"], one["attempt"]) for one in handed_over)
    assert max(calls.values()) <= 2


def table(output: str) -> str:
    """Return the part of the output that says what came of it."""
    return output[
        output.index("Journeys") : output.index("went on" if "went on" in output else "replayed  ")
    ].strip()


@pytest.mark.parametrize(
    ("fresh", "told"),
    [
        ([], "Stopped. The same command goes on from here."),
        (["--fresh"], "Stopped. The same command without --fresh goes on from here."),
    ],
)
def test_stopped_by_hand_it_says_how_to_go_on(shell: Shell, fresh: list[str], told: str) -> None:
    script = KILLED.replace("signal.SIGKILL", "signal.SIGINT").format(
        cls="PretendChannel", method="send", when="after", count=50
    )
    stopped = shell("-c", script, *ARGUMENTS, "stopped.db", *fresh)

    assert stopped.returncode == 130
    assert told in stopped.stderr
    assert "Traceback" not in stopped.stderr


def test_another_number_of_customers_wants_another_file(shell: Shell, tmp_path: Path) -> None:
    first = shell("-m", "journeykit", "demo", "--customers", "3", "--db", "demo.db")
    other = shell("-m", "journeykit", "demo", "--customers", "4", "--db", "demo.db")
    fresh = shell("-m", "journeykit", "demo", "--customers", "4", "--db", "demo.db", "--fresh")

    assert first.returncode == 0
    assert other.returncode == 2
    assert "began with another log" in other.stderr
    assert "--fresh" in other.stderr
    assert fresh.returncode == 0
    assert "4 customers" in fresh.stdout


def test_without_db_the_file_lies_in_this_folder(shell: Shell, tmp_path: Path) -> None:
    done = shell("-m", "journeykit", "demo", "--customers", "2")

    assert done.returncode == 0
    assert (tmp_path / "journeykit-demo-2.db").exists()
    assert str(tmp_path / "journeykit-demo-2.db") in done.stdout


@pytest.mark.slow
def test_the_whole_demo_killed_three_times(tmp_path: Path) -> None:  # O4, D2
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True
        )

    whole = run("-m", "journeykit", "demo", "--db", "whole.db")
    for cls, method, when, count in (
        ("PretendChannel", "send", "after", 5_000),
        ("SQLiteStore", "commit", "before", 150),
        ("SQLiteStore", "begin", "after", 20),
    ):
        script = KILLED.format(cls=cls, method=method, when=when, count=count)
        killed = run("-c", script, "demo", "--db", "killed.db")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = run("-m", "journeykit", "demo", "--db", "killed.db")

    assert "went on" in resumed.stdout
    assert digest(resumed.stdout) == digest(whole.stdout)
    one, other = log_of(tmp_path, "whole.db"), log_of(tmp_path, "killed.db")
    assert len(one) < len(other)  # answers were lost, so some messages came again
    assert {frozenset(line.items()) for line in one} == {frozenset(x.items()) for x in other}
