"""Does the page of definitions name every option, its default and its choices, and no other?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

import journeykit
from journeykit.model import Frozen
from journeykit.model.steps import Step

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "definitions.md").read_text()
SECTIONS: dict[str, str] = dict(
    re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
)
DEFINED: dict[str, type[Frozen]] = {
    name: cls
    for name in journeykit.__all__
    if isinstance(cls := getattr(journeykit, name), type) and issubclass(cls, Frozen)
}
defined = pytest.mark.parametrize("name", sorted(DEFINED))


def rows_of(name: str) -> dict[str, tuple[str, str]]:
    """Return option to (default, meaning)."""
    rows = re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+) \|$", SECTIONS[name], re.MULTILINE)
    return {option: (default.strip(), meaning) for option, default, meaning in rows}


def options_of(name: str) -> dict[str, Any]:
    """The fields that an author sets; `label` is told once for all steps."""
    cls = DEFINED[name]
    left_out = {"type", "label"} if issubclass(cls, Step) else {"type"}
    return {name: info for name, info in cls.model_fields.items() if name not in left_out}


def test_everything_that_can_be_written_has_a_section() -> None:
    assert sorted(SECTIONS) == sorted(DEFINED)


@defined
def test_a_section_names_all_options_in_their_order(name: str) -> None:
    assert list(rows_of(name)) == list(options_of(name))


@defined
def test_a_section_tells_the_defaults(name: str) -> None:
    for option, (told, _) in rows_of(name).items():
        info = options_of(name)[option]
        if info.is_required():
            assert told == "", option
            continue
        default = info.get_default(call_default_factory=True)
        if default in (None, (), {}):
            assert told == "none", option
        elif isinstance(default, str):
            assert told == f'`"{default}"`', option
        elif isinstance(default, type):
            assert told == f"`{default.__name__}`", option
        elif isinstance(default, Frozen):
            assert told == f"`{type(default).__name__}()`", option
        else:
            assert told == f"`{default!r}`", option


@defined
def test_a_section_tells_the_choices(name: str) -> None:
    for option, (_, meaning) in rows_of(name).items():
        for choice in choices_in(options_of(name)[option].annotation):
            assert f'`"{choice}"`' in meaning, f"{option} may also be {choice!r}"


@defined
def test_a_section_tells_what_goes_without_a_keyword(name: str) -> None:
    for option, (_, meaning) in rows_of(name).items():
        by_position = not options_of(name)[option].kw_only
        assert bool(re.search(r"Given (first|second|third|by position)", meaning)) is by_position, (
            option
        )


def choices_in(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return [choice for choice in get_args(annotation) if isinstance(choice, str)]
    return [choice for part in get_args(annotation) for choice in choices_in(part)]


def test_the_fields_of_every_profile_are_told() -> None:
    section = PAGE.partition("## Events and profiles")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert told == list(journeykit.Profile.model_fields)


def test_conditions_name_everything_that_makes_one() -> None:
    section = PAGE.partition("## Conditions")[2]
    makers = ["ago", "ahead", "count", "exists", "field", "in_", "last", "not_", "outcome", "total"]
    assert [name for name in makers if f"{name}(" not in section] == []
    assert set(makers) <= set(journeykit.__all__)


def test_every_unit_of_time_is_told() -> None:
    section = PAGE.partition("## Durations")[2]
    for unit in ("years", "months", "weeks", "days", "hours", "minutes", "seconds"):
        assert f"`{unit}`" in section
