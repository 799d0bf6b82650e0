"""Is the catalogue whole? Forty journeys, each with a test, and all of the language in them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import journeykit
from journeykit import Journey, Workspace
from journeykit.model import Step
from journeykit.model.triggers import Entry

CATALOGUE = Path(__file__).parents[2] / "docs" / "catalogue"
INDEX = CATALOGUE / "index.md"
PAGES = sorted(path for path in CATALOGUE.glob("*.md") if path != INDEX)
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def program(path: Path) -> ast.Module:
    return ast.parse("\n".join(BLOCK.findall(path.read_text())))


def written(tree: ast.AST) -> set[str]:
    """Return what is called in a program, by name."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)}


def test_there_are_forty_and_more() -> None:
    assert len(PAGES) >= 40


@page
def test_a_page_defines_a_journey_and_tests_it(page: Path) -> None:
    tree = program(page)
    assert {"Journey", "Workspace", "Simulation"} <= written(tree)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    tests = [node for node in functions if node.name.startswith("test_")]
    assert len(tests) >= 2, "one path is no test of a journey"
    for test in tests:
        asserts = [node for node in ast.walk(test) if isinstance(node, ast.Assert)]
        assert asserts, f"{test.name} asserts nothing"


@page
def test_a_page_imports_what_it_uses_and_nothing_else(page: Path) -> None:
    tree = program(page)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert imported <= used, f"not used: {imported - used}"


@page
def test_its_journeys_are_data_and_nothing_is_found(page: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(BLOCK.findall(page.read_text())[0], page.name, "exec"), names)  # as a reader does
    workspaces = [value for value in names.values() if isinstance(value, Workspace)]
    for workspace in workspaces:
        assert not list(workspace.check())
        for journey in workspace.journeys:
            assert Journey.from_json(journey.to_json()) == journey
            assert Journey.from_yaml(journey.to_yaml()) == journey
            assert journey.mermaid().startswith("flowchart")


@page
def test_nobody_but_ann_has_a_name(page: Path) -> None:
    ids = re.findall(r'customer\(f?"([^"]+)"', page.read_text())
    assert {one for one in ids if not one.startswith("customer-")} <= {"ann", "other"}


def test_every_kind_of_step_and_entry_has_a_page() -> None:
    shown = set().union(*(written(program(path)) for path in PAGES))
    kinds = {cls.__name__ for cls in (*Step.__kinds__.values(), *Entry.__kinds__.values())}
    public = kinds & set(journeykit.__all__)
    assert public <= shown, f"no page shows {sorted(public - shown)}"


@page
def test_the_index_lists_every_page(page: Path) -> None:
    assert INDEX.read_text().count(f"({page.name})") == 1
