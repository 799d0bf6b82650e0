"""Does the page of findings say what the code says?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from journeykit.analysis.codes import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "findings.md").read_text()
SECTIONS = re.findall(
    r"^## (JK\d+) · (\w+) · ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL
)


def test_the_codes_are_those_of_the_code_in_their_order() -> None:
    told = {code: (severity, title) for code, severity, title, _ in SECTIONS}
    assert len(told) == len(SECTIONS)
    assert told == {code: tuple(rule) for code, rule in RULES.items()}
    assert list(told) == sorted(told)


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, _, _, text in SECTIONS], ids=lambda v: v[:5]
)
def test_each_has_an_example_that_has_it(code: str, text: str) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    asserted = re.search(r"assert codes\(.*== \[(.*)\]", block)
    assert asserted is not None
    assert f'"{code}"' in asserted[1]
    assert len(text.partition("```")[0].strip()) > 60, "say why, and what to do"
