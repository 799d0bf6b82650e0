"""Is what the front page shows of the demo what the demo prints?"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
(EXCERPT,) = re.findall(r"```text\n(A record shop, .*?)```", README, re.DOTALL)


def missing(excerpt: str, printed: str) -> list[str]:
    """Return the lines that were not printed, or not in this order; `…` leaves lines out."""
    ahead = iter([line.rstrip() for line in printed.splitlines()])
    shown = [line.rstrip() for line in excerpt.splitlines() if line.strip() not in ("", "…")]
    return [line for line in shown if line not in ahead]


def test_what_was_not_printed_is_noticed() -> None:
    printed = "one  \ntwo\nthree\n"
    assert missing("one\n…\nthree\n", printed) == []
    assert missing("one\nfour\n", printed) == ["four"]
    assert missing("two\none\n", printed) == ["one"]


@pytest.mark.slow
def test_the_excerpt_is_what_the_demo_prints(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "journeykit", "demo", "--db", str(tmp_path / "demo.db")],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "100", "PATH": "", "TERM": "dumb", "NO_COLOR": "1"},
    )
    assert missing(EXCERPT, done.stdout) == []
