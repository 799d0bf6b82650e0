"""Does every page tell the truth? Each runs from top to bottom, as a reader would paste it.

One page is one test: its blocks share their names, and begin with none. What a block prints
is compared with the `text` or `mermaid` block that comes next; a function called `test_...` is
called. A page runs in an empty directory, in which a `yaml` block lies under the name that
stands in its first line.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from journeykit import Workspace
from journeykit.analysis import diff

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md"))]
SHOW_MISTAKES = ("check-journeys.md", "findings.md")  # and what `check` says of them
LANGUAGES = ("python", "text", "bash", "json", "yaml", "mermaid", "sql")

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())


class Reader:
    """Evaluates the blocks of one page in their order."""

    def __init__(self) -> None:
        self._python = PythonEvaluator()
        self._printed = ""

    def python(self, example: Example) -> None:
        assert not self._printed, f"{where(example)}: the block before prints, and nothing shows it"
        out = io.StringIO()
        known = set(example.namespace)
        with contextlib.redirect_stdout(out):
            self._python(example)
            for name in [name for name in example.namespace if name not in known]:
                if name.startswith("test_"):
                    example.namespace[name]()
        self._printed = out.getvalue()

    def text(self, example: Example) -> None:
        if self._printed:
            shown, self._printed = str(example.parsed), self._printed
            assert lines_of(shown) == lines_of(self._printed), where(example)
            self._printed = ""

    def yaml(self, example: Example) -> None:
        text = str(example.parsed)
        named = re.match(r"# ([\w-]+\.yaml)\n", text)
        assert named is not None, f"{where(example)}: begin with the name, such as # shop.yaml"
        Path(named[1]).write_text(text)

    def run(self, path: Path) -> dict[str, Any]:
        """Run a page; return the names that it leaves behind."""
        kinds: dict[str, Callable[[Example], None]] = {
            "python": self.python, "text": self.text, "mermaid": self.text, "yaml": self.yaml,
        }  # fmt: skip
        document = Document.parse(str(path), *(CodeBlockParser(*kind) for kind in kinds.items()))
        document.namespace["__name__"] = "__main__"
        for example in document.examples():
            example.evaluate()
        assert not self._printed, f"{path}: the last block prints, and nothing shows it"
        return dict(document.namespace)


def where(example: Example) -> str:
    return f"{example.path}, line {example.line}"


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@page
def test_the_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    if "DATABASE_URL" in page.read_text():
        monkeypatch.setenv("DATABASE_URL", request.getfixturevalue("fresh_postgres"))
    names = Reader().run(page)
    shown = [value for value in names.values() if isinstance(value, Workspace)]
    for one in shown:
        survives_as_data(one)
    if page.name not in SHOW_MISTAKES:
        assert not [found for one in shown for found in one.check().of("error", "warning")]


def survives_as_data(workspace: Workspace) -> None:
    """Written without any class, it is read as the same, and can be drawn."""
    text = workspace.to_yaml(vocabulary=True)
    read = Workspace.from_yaml(text, send_times=workspace.send_times)
    assert read.canonical() == workspace.canonical()
    assert not diff(workspace, read)
    assert all(journey.mermaid() for journey in workspace.journeys)


@page
def test_every_block_names_its_language(page: Path) -> None:
    """A block that is called `py`, or nothing, would silently not run."""
    opened = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.lstrip().startswith("```"):
            opened = not opened
            if opened:
                assert line.strip("` ") in LANGUAGES, f"line {number}: {line!r}"
    assert not opened


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", "AssertionError"),
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "AssertionError"),
        ("```python\ndef test_one():\n    assert 1 == 2\n```\n", "AssertionError"),
        ("```python\nprint(1)\n```\n", "nothing shows it"),
        ("```python\nprint(1)\n```\n\n```python\nx = 1\n```\n", "nothing shows it"),
    ],
)
def test_a_page_that_lies_is_caught(text: str, complaint: str, tmp_path: Path) -> None:
    lying = tmp_path / "page.md"
    lying.write_text(text)
    with pytest.raises(AssertionError) as caught:
        Reader().run(lying)
    assert complaint in f"{type(caught.value).__name__}: {caught.value}"
