"""Do the reference pages of reasons, journal and errors say what the code says?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from journeykit import errors
from journeykit.kernel import reasons
from journeykit.kernel.journal import AnyEntry

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
REASONS = (REFERENCE / "reasons.md").read_text()
JOURNAL = (REFERENCE / "journal.md").read_text()
ERRORS = (REFERENCE / "errors.md").read_text()
ENTRIES = get_args(AnyEntry)


def section(page: str, title: str) -> str:
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize(
    ("title", "kind", "codes"),
    [
        ("Did not enter", "refuse", reasons.REFUSED),
        ("Waits", "hold", reasons.HELD),
        ("Not sent", "drop", reasons.DROPPED),
        ("Takes another channel", "reroute", reasons.REROUTED),
        ("Ended", "end", reasons.ENDED),
    ],
)
def test_the_codes_of_a_kind_are_those_of_the_code(
    title: str, kind: str, codes: Mapping[str, str]
) -> None:
    text = section(REASONS, title)
    told = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(told) == sorted(code for code in codes if code)
    assert f"Kind `{kind}`" in text


def test_every_kind_of_entry_is_told_with_its_fields() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$", JOURNAL, re.MULTILINE)
    told = {kind: (name, tuple(re.findall(r"`(\w+)`", fields))) for kind, name, fields in rows}
    assert len(rows) == len(told)
    assert told == {
        str(entry.__struct_config__.tag): (entry.__name__, entry.__struct_fields__[1:])
        for entry in ENTRIES
    }
    assert {entry.__struct_fields__[0] for entry in ENTRIES} == {"at"}


def test_the_kinds_that_reasons_speak_of_are_kinds_of_entries() -> None:
    kinds = {str(entry.__struct_config__.tag) for entry in ENTRIES}
    assert set(re.findall(r"[Kk]ind `(\w+)`", REASONS)) <= kinds


def test_the_tree_of_errors_is_that_of_the_classes() -> None:
    (block,) = re.findall(r"```text\n(JourneykitError\n.*?)```", ERRORS, re.DOTALL)
    drawn = re.findall(r"^(.*?)(\w+Error)\b", block, re.MULTILINE)
    path: list[str] = []
    parents: dict[str, str] = {}
    for indent, name in drawn:
        del path[len(indent) // 4 :]
        parents[name] = path[-1] if path else ""
        path.append(name)
    assert parents == {
        name: "" if cls is errors.JourneykitError else parent_of(cls)
        for name, cls in vars(errors).items()
        if isinstance(cls, type) and issubclass(cls, errors.JourneykitError)
    }


def parent_of(cls: type) -> str:
    (parent,) = (base for base in cls.__bases__ if issubclass(base, errors.JourneykitError))
    return parent.__name__


def test_the_parts_of_an_error_are_told() -> None:
    told = re.findall(r"^\| `(\w+)` \| (?!who)", section_before(ERRORS, "## Who does what"), re.M)
    parts = vars(errors.JourneykitError("p", place="here", value=1, remedy="r"))
    assert set(told) == set(parts) - {"has_value"}
    assert "has_value" in ERRORS


def section_before(page: str, title: str) -> str:
    return page.partition(title)[0]
