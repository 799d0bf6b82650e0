"""Does every command that the pages show work? Each line is known, with what proves it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BASH = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SET_UP = {
    "python3 -m venv .venv",
    ".venv/bin/pip install .",
    ".venv/bin/python",
}
COMMANDS = {
    # The parts are proved by .ci/run (installing, the tests, the wheel) and tests/cli.
    "python3 -m venv .venv && .venv/bin/pip install -q '.[cli]' && .venv/bin/journeykit demo",
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && .venv/bin/pytest -n 2",
    'pip install "journeykit[postgres]"',
    "journeykit simulate shop.journeys:shop --events events.csv",
    "journeykit check shop.journeys:shop --strict --sarif findings.sarif",
    "journeykit why-not journeys.db shop.journeys:shop ann cart",
    "journeykit migrate journeys.db",
    "journeykit migrate --sql --dialect postgresql --reader reports",
    "journeykit doctor journeys.db --json",
    "journeykit prune journeys.db shop.journeys:shop --older-than P400D",
}


def lines_of(page: Path) -> list[str]:
    return [line for block in BASH.findall(page.read_text()) for line in block.splitlines()]


def test_the_pages_show_no_command_that_nobody_proved() -> None:
    shown = {line for page in PAGES for line in lines_of(page)}
    assert shown == SET_UP | COMMANDS


def test_the_front_page_has_two_commands_in_blocks_of_their_own() -> None:
    blocks = BASH.findall((ROOT / "README.md").read_text())
    assert [len(block.splitlines()) for block in blocks] == [1, 1]
    assert [block.rstrip("\n") in COMMANDS for block in blocks] == [True, True]
    found = [line for line in (ROOT / "README.md").read_text().splitlines()
             if ".venv/bin/pytest" in line]  # fmt: skip
    assert found == [blocks[1].strip()], ".ci/run takes the first line that has it"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["demo"], ["--customers", "--db"]),
        (["simulate"], ["--events", "--profiles", "--until", "--templates", "--functions", "--db"]),
        (["explain"], []),
        (["schema"], []),
        (["diff"], ["--json", "--exit-code"]),
        (["draw"], ["--output", "--counts", "--direction"]),
        (["check"], ["--strict", "--sarif", "--today", "--templates"]),
        (["why-not"], []),
    ],
)
def test_the_commands_exist_with_the_options_that_pages_name(
    words: list[str], options: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "journeykit", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": "", "TERM": "dumb", "NO_COLOR": "1"},
    )
    assert [option for option in options if option not in done.stdout] == []
