"""What `journeykit` says, with and without the extra `cli`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from journeykit.cli.words import typed_name

Shell = Callable[..., subprocess.CompletedProcess[str]]

WITHOUT = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
from importlib import util
honest = util.find_spec
util.find_spec = lambda name, *rest: None if name in {hidden!r} else honest(name, *rest)
from journeykit.cli import main
main({arguments!r})
"""


def test_help_names_the_commands(shell: Shell) -> None:
    said = shell("-m", "journeykit", "--help")

    assert said.returncode == 0
    for command in ("demo", "simulate", "explain"):
        assert command in said.stdout


def test_simulate_help_documents_both_files(shell: Shell) -> None:
    said = shell("-m", "journeykit", "simulate", "--help")

    assert said.returncode == 0
    for word in ("occurred_at", "customer_id", "consents", "attributes", "data", "sorted"):
        assert word in said.stdout


@pytest.mark.parametrize(
    ("arguments", "path", "told"),
    [
        # what was typed as sys.orig_argv and sys.argv[0] have it; what to type next
        (["journeykit", ".venv/bin/journeykit"], "", ".venv/bin/journeykit"),
        (["journeykit", "{bin}/journeykit"], "{bin}", "journeykit"),
        (["py", "/lib/journeykit/__main__.py"], "", "py -m journeykit"),
        (["py", "-c"], "", "journeykit"),
    ],
)
def test_a_command_to_copy_works_from_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], path: str, told: str
) -> None:
    script = tmp_path / "journeykit"
    script.touch(mode=0o755)
    typed, started = arguments
    monkeypatch.setattr("sys.orig_argv", [typed])
    monkeypatch.setattr("sys.argv", [started.format(bin=tmp_path)])
    monkeypatch.setenv("PATH", path.format(bin=tmp_path) or "/nowhere")

    assert typed_name() == told


@pytest.mark.parametrize(
    ("hidden", "arguments", "code"),
    [
        (["typer", "rich"], ["--help"], 0),
        (["typer"], ["--help"], 0),
        (["rich"], [], 0),
        (["typer", "rich"], ["demo"], 2),
    ],
)
def test_without_the_extra_it_says_what_is_missing_and_how_to_get_it(
    shell: Shell, hidden: list[str], arguments: list[str], code: int
) -> None:
    said = shell("-c", WITHOUT.format(hidden=hidden, arguments=arguments))

    assert said.returncode == code, said.stderr
    text = said.stdout if code == 0 else said.stderr
    assert f"not installed here: {', '.join(hidden)}" in text
    assert "pip install 'journeykit[cli]'" in text
    assert "demo" in text


def test_the_library_imports_neither(shell: Shell) -> None:
    said = shell(
        "-c",
        "import sys, journeykit, journeykit.simulation, journeykit.cli; "
        "print(sorted({'typer', 'rich', 'click'} & set(sys.modules)))",
    )

    assert said.stdout.strip() == "[]", said.stderr


@pytest.mark.parametrize("arguments", [["demo", "--customers", "0"], ["demo", "--colour"], ["dmo"]])
def test_wrong_options_are_refused(shell: Shell, arguments: list[str]) -> None:
    said = shell("-m", "journeykit", *arguments)

    assert said.returncode == 2
    assert "Traceback" not in said.stderr
