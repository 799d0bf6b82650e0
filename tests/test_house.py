"""Does the house stand as it is drawn? Names, layers, clocks, sizes, docstrings, imports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "journeykit"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES = Path(__file__).with_name("public_names.txt")
LONG = {
    # 400 lines are a reason to look again. These were looked at again, and left whole.
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# ---- what the top level holds


def test_the_top_level_holds_only_what_belongs_there() -> None:
    wanted = {"pyproject.toml", "src", "docs", "examples", "tests", "LICENSE", "README.md"}
    left_behind = [one.rstrip("/") for one in (ROOT / ".gitignore").read_text().split()]
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and not any(map(path.match, left_behind))
    }
    assert found == wanted


def test_py_typed_is_shipped() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert Path(importlib.import_module("journeykit").__path__[0], "py.typed").is_file()


# ---- what is public


def faces() -> list[str]:
    """The packages that have a face, and the one module that is a face of its own."""
    packages = [path.parent for path in PACKAGE.rglob("__init__.py")]
    dotted = [".".join(path.relative_to(PACKAGE.parent).parts) for path in packages]
    return sorted([*dotted, "journeykit.errors"])


def names_of(face: str) -> list[str]:
    module = importlib.import_module(face)
    if face != "journeykit.errors":
        return list(getattr(module, "__all__", ()))
    return [name for name, value in vars(module).items() if isinstance(value, type)
            and not name.startswith("_") and value.__module__ == face]  # fmt: skip


def all_names() -> str:
    """One name a line, as they stand in the file: a change is a line that somebody reads."""
    return "".join(f"{face}.{name}\n" for face in faces() for name in sorted(names_of(face)))


def test_the_public_names_are_those_that_were_written_down() -> None:
    found = all_names()
    written = NAMES.read_text()
    new = sorted(set(found.splitlines()) - set(written.splitlines()))
    gone = sorted(set(written.splitlines()) - set(found.splitlines()))
    assert not new, f"new public names; add them to {NAMES.name} if they are meant: {new}"
    assert not gone, f"public names are gone: {gone}; hosts may use them"
    assert written == found, f"{NAMES.name} is not in order, or names something twice"


@pytest.mark.parametrize("face", faces())
def test_every_public_name_is_there(face: str) -> None:
    module = importlib.import_module(face)
    assert [name for name in names_of(face) if not hasattr(module, name)] == []


# ---- who may import whom


def test_imports_flow_one_way() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_journeykit_brings_no_tools_along() -> None:
    unwanted = [
        "asyncio",
        "hypothesis",
        "multiprocessing",
        "pytest",
        "rich",
        "sybil",
        "typer",
        "journeykit.cli",
        "journeykit.testing",
    ]
    command = f"import sys, journeykit; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# ---- who may ask the machine

BANNED = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "os.urandom",
    "random",
    "secrets",
    "time",
    "uuid.uuid1",
    "uuid.uuid4",
)


def uses(source: str) -> Iterator[str]:
    """Yield the full name of everything that a module uses of what it imported."""
    tree = ast.parse(source)
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                imported[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = dotted_name(node)
            first, _, rest = name.partition(".")
            if first in imported:
                yield f"{imported[first]}.{rest}".rstrip(".")
    yield from imported.values()  # also what is imported and not used


def dotted_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def banned_uses(source: str) -> set[str]:
    """Return what a module uses that asks the machine for the time, for chance or for rest."""
    found = {
        name
        for name in uses(source)
        if any(name == ban or name.startswith(f"{ban}.") for ban in BANNED)
    }
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import UTC, datetime\ndatetime.now(UTC)", {"datetime.datetime.now"}),
        ("import datetime as dt\ndt.datetime.utcnow()", {"datetime.datetime.utcnow"}),
        ("from datetime import date\ntoday = date.today", {"datetime.date.today"}),
        ("from time import time as what\nwhat()", {"time.time"}),
        ("import time\ntime.perf_counter()", {"time.perf_counter"}),
        ("def f():\n    import random\n    return random.random()", {"random.random"}),
        ("import random", {"random"}),
        ("from uuid import uuid4", {"uuid.uuid4"}),
        ("import os\nos.urandom(8)", {"os.urandom"}),
        # These only look like it.
        ("from journeykit.time import DAY\nDAY", set()),
        ("from datetime import datetime\ndatetime(2026, 3, 1)", set()),
        ("def f(clock): return clock.now()", set()),
        ("from datetime import time\ntime(9, 30)", set()),
    ],
)
def test_the_scan_for_clocks_sees_what_it_should(source: str, found: set[str]) -> None:
    assert banned_uses(source) == found


def test_only_the_clock_adapter_asks_the_machine() -> None:
    found = {relative(path): banned_uses(path.read_text()) for path in MODULES}
    assert {path: names for path, names in found.items() if names} == {
        "adapters/clocks.py": {"datetime.datetime.now"},
        # How long to try again while another process holds the database: no instant of it
        # is ever stored or compared with one.
        "adapters/sqlite_connection.py": {"time.monotonic", "time.sleep"},
        "cli/play.py": {"time.perf_counter"},  # how long a replay took, to be shown
        "runtime/observing.py": {"time.perf_counter"},  # how long calls take: told, not used
    }


# ---- how it reads


def test_no_module_grows_beyond_a_screenful_of_screens() -> None:
    long = {relative(path) for path in MODULES if len(path.read_text().splitlines()) > 400}
    assert long <= set(LONG)


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def is_public(node: ast.stmt) -> TypeGuard[Definition]:
    """Overloads count with the function that they belong to."""
    return (
        isinstance(node, Definition)
        and not node.name.startswith("_")
        and not any(ast.unparse(one).endswith("overload") for one in node.decorator_list)
    )


def public_definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield modules, classes, functions and methods that a reader can reach by name."""
    yield "the module", tree
    for node in tree.body:
        if is_public(node):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if is_public(inner):
                    yield f"{node.name}.{inner.name}", inner


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_everything_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    silent = [name for name, node in public_definitions(tree) if not ast.get_docstring(node)]
    assert silent == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=relative)
def test_a_face_holds_nothing_but_imports_and_names(path: Path) -> None:
    """A docstring, imports, `__all__`; the front door has the version too."""
    for node in ast.parse(path.read_text()).body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        is_name = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
            "__all__",
            "__version__",
        )
        assert is_text or is_import or is_name, ast.unparse(node)


if __name__ == "__main__":  # after a change of names that is meant
    NAMES.write_text(all_names())
