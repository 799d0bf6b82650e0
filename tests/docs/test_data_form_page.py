"""Does the page of the data form name every kind, every sign and every option, and no other?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from journeykit.model import Step
from journeykit.model.fields import Kind
from journeykit.model.operators import Op
from journeykit.model.triggers import Entry, Reentry
from journeykit.model.vocabulary import FieldOf

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "data-form.md").read_text()


def told(part: str) -> dict[str, str]:
    return dict(re.findall(rf"^\| {part} \| `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE))


def test_every_kind_of_step_and_entry_is_told() -> None:
    assert told("step") == {tag: cls.__name__ for tag, cls in Step.__kinds__.items()}
    tagged = {tag: cls for tag, cls in Entry.__kinds__.items() if "type" in cls.model_fields}
    assert told("entry") == {tag: cls.__name__ for tag, cls in tagged.items()}


def test_every_re_entry_rule_is_told() -> None:
    rules = [get_args(one)[0] for one in get_args(get_args(Reentry)[0])]
    assert told("re-entry") == {
        str(rule.model_fields["type"].default): rule.__name__ for rule in rules
    }


def test_every_kind_of_field_and_every_comparison_is_told() -> None:
    (kinds,) = re.findall(r"^\| a kind \| (.+) \|$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", kinds) == list(get_args(Kind))
    (signs,) = re.findall(r"^`op` is one of (.+);", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", signs) == list(get_args(Op))


def test_every_option_of_a_field_is_told() -> None:
    section = PAGE.partition("A field is its kind alone")[2]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(FieldOf.model_fields)
