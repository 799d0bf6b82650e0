"""Does the page of log events tell every fact that the code tells, with its fields?"""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import journeykit
from journeykit.runtime.logs import EVENTS

PACKAGE = Path(journeykit.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "log-events.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", re.M)


@lru_cache
def told() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each fact that is told somewhere, with its fields."""
    return tuple(_told())


def _told() -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text()
        if "tell(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("tell", "logs.tell"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    fields = (one.arg for one in node.keywords if one.arg not in (None, "level"))
                    yield str(first.value), tuple(str(field) for field in fields)


def test_every_fact_has_its_row_with_its_fields() -> None:
    rows = {name: (level, fields, why) for name, level, why, fields in ROW.findall(PAGE)}
    assert sorted(rows) == sorted(EVENTS)
    for name, fields in told():
        assert rows[name][1] == ", ".join(f"`{field}`" for field in fields), name
    for name, (level, meaning) in EVENTS.items():
        assert rows[name][0] == logging.getLevelName(level), name
        assert rows[name][2] == meaning, name


def test_every_fact_is_told_somewhere() -> None:
    assert {name for name, _ in told()} == set(EVENTS)


def test_nobody_writes_records_of_another_kind() -> None:
    """Whoever wants to say something gives it a name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "logs.py" or path.parent.name != "runtime":
            found = re.findall(r"\b(?:LOG|logger|logging)\.\w+\(", path.read_text())
            assert found == [], path
