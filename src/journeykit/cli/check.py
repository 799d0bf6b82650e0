"""What is found in a workspace, for people and for CI? As plain text, and as SARIF 2.1.0."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from journeykit.adapters import SystemClock
from journeykit.analysis.codes import RULES
from journeykit.cli.target import load_workspace
from journeykit.cli.words import counted
from journeykit.errors import UsageError
from journeykit.model import Finding, Findings, Journey, Workspace

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


class Checked:
    """What was found in a target, and where its journeys stand."""

    def __init__(self, target: str, workspace: Workspace, module: ModuleType, found: Findings):
        self.target = target
        self.workspace = workspace
        self.found = found
        self.file = _file_of(target, module)
        self._lines = _lines_of(self.file)
        self._elsewhere = {
            journey.name: place
            for journey in workspace.journeys
            if journey.name not in self._lines and (place := _written_elsewhere(journey))
        }

    def is_bad(self, *, strict: bool) -> bool:
        """Whether CI is to fail."""
        return bool(self.found.of("error", "warning") if strict else self.found.errors)

    def place_of(self, journey: str) -> tuple[Path | None, int | None]:
        """Return the file and the line in which a journey is written, where a file shows it."""
        return self._elsewhere.get(journey) or (self.file, self._lines.get(journey))


def check_target(
    target: str, *, today: str | None = None, templates: str | None = None, strict: bool = False
) -> Checked:
    """Check the workspace that `target` names.

    Raises:
        UsageError: There is no such workspace, no such renderer, or `today` is no date.
    """
    workspace, module = load_workspace(target)
    renderer = None if templates is None else getattr(module, templates, None)
    if templates is not None and not hasattr(renderer, "missing"):
        raise UsageError(
            f"module {module.__name__} has no renderer of this name",
            place="--templates",
            value=templates,
            remedy="give the name of a Templates(), or of another renderer",
        )
    found = workspace.check(today=_day(today), templates=renderer, strict=strict)
    return Checked(target, workspace, module, found)


def _day(text: str | None) -> date:
    if text is None:
        return SystemClock().now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "this is no date", place="--today", value=text, remedy="such as 2026-03-01"
        ) from None


def show_findings(console: Console, checked: Checked) -> None:
    """Print what was found, grouped by journey, and how much it is."""
    found = checked.found
    names = dict.fromkeys(finding.journey for finding in found)
    for name in names:
        console.print(Text(name or "workspace", style="bold"))
        for finding in found.about(name):
            console.print(_told(finding), soft_wrap=True)
    counts = [
        counted(len(found.of(severity)), severity)
        for severity in ("error", "warning", "note")
        if found.of(severity)
    ]
    journeys = counted(len(checked.workspace.journeys), "journey")
    console.print(f"{journeys} checked: {', '.join(counts) or 'nothing found'}", markup=False)


def _told(finding: Finding) -> Text:
    text = Text("  ")
    text.append(finding.severity, style=_STYLES[finding.severity])
    text.append(f" {finding.code} at {finding.place}\n    {finding.why}\n    → {finding.remedy}")
    return text


# ---- SARIF


def write_sarif(checked: Checked, to: str) -> None:
    """Write what was found as SARIF 2.1.0 to a file, or to the standard output for `-`.

    Raises:
        UsageError: The file cannot be written.
    """
    text = json.dumps(sarif_of(checked), indent=2, ensure_ascii=False)
    if to == "-":
        print(text)
        return
    try:
        Path(to).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"it cannot be written: {error.strerror}", place="--sarif", value=to,
            remedy="name a file in a folder that exists",
        ) from None  # fmt: skip


def sarif_of(checked: Checked) -> dict[str, Any]:
    """Return what was found as SARIF 2.1.0."""
    codes = sorted(set(checked.found.codes))
    driver = {
        "name": "journeykit",
        "version": version("journeykit"),
        "rules": [_rule(code) for code in codes],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(checked, finding, codes) for finding in checked.found],
            }
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    title = rule.title[0].upper() + rule.title[1:]
    return {
        "id": code,
        "shortDescription": {"text": f"{title}."},
        "defaultConfiguration": {"level": rule.severity},
        "help": {"text": f"See {code} in docs/reference/findings.md of journeykit."},
    }


def _result(checked: Checked, finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": finding.path, "kind": "element"}]
    }
    file, line = checked.place_of(finding.journey)
    if file is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(file)}}
        if line is not None:
            place["region"] = {"startLine": line}
        location["physicalLocation"] = place
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": f"{finding.why}; {finding.remedy}."},
        "locations": [location],
    }


def _uri(file: Path) -> str:
    """Return a path as SARIF wants it: relative where it lies below the present folder."""
    here, full = Path.cwd(), file.resolve()
    if full.is_relative_to(here):
        return quote(full.relative_to(here).as_posix())
    return full.as_uri()


def _file_of(target: str, module: ModuleType) -> Path | None:
    if Path(target).is_file():
        return Path(target)
    named = getattr(module, "__file__", None)
    return None if named is None else Path(named)


def _written_elsewhere(journey: Journey) -> tuple[Path, int] | None:
    """Return where a journey is written that the target has imported from another module."""
    for module in tuple(sys.modules.values()):
        if any(value is journey for value in tuple(vars(module).values())):
            named = getattr(module, "__file__", None)
            file = None if named is None else Path(named)
            line = _lines_of(file).get(journey.name)
            if file is not None and line is not None:
                return file, line
    return None


def _lines_of(file: Path | None) -> dict[str, int]:
    """Return on which line a file says `Journey("name", ...)`, or `name:` in a file of data."""
    try:
        text = "" if file is None else file.read_text(encoding="utf-8")
        if file is not None and file.suffix == ".py":
            return dict(_journeys_in(ast.parse(text)))
        return dict(_journeys_in_data(text))
    except (OSError, SyntaxError, ValueError):
        return {}


def _journeys_in_data(text: str) -> Iterator[tuple[str, int]]:
    """Yield names and lines of YAML, and so of JSON; nothing where PyYAML is not at hand."""
    try:
        import yaml  # an extra
    except ImportError:
        return
    try:
        root = yaml.compose(text)
    except yaml.YAMLError:
        return
    journeys = next(
        (node for key, node in getattr(root, "value", ()) if key.value == "journeys"), None
    )
    for journey in getattr(journeys, "value", ()):
        for key, name in journey.value:
            if key.value == "name":
                yield name.value, name.start_mark.line + 1


def _journeys_in(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(name)), *_],
                lineno=line,
            ) if called == Journey.__name__:
                yield name, line
