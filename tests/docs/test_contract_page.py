"""Does the contract page carry every rule, and is what it calls built pinned by a test?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contract.md").read_text()
RULES = re.findall(r"^- \*\*([A-Z]\d)\*\* \[(\w+)\]", PAGE, re.MULTILINE)
COUNTS = {"T": 9, "O": 9, "E": 5, "G": 7, "D": 5, "V": 3, "F": 5}
TESTS = "\n".join(
    path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)
)


def test_every_rule_is_there_once_and_in_order() -> None:
    wanted = [f"{group}{number + 1}" for group, count in COUNTS.items() for number in range(count)]
    assert [rule for rule, _ in RULES] == wanted
    assert PAGE.count("- **") == len(wanted) + 3  # and the three words that say how far


def test_every_rule_says_how_far_it_is_built() -> None:
    assert {built for _, built in RULES} <= {"today", "partly", "planned"}
    for rule, built in RULES:
        (text,) = re.findall(rf"^- \*\*{rule}\*\* (.+)$", PAGE, re.MULTILINE)
        says_planned = "planned" in text.removeprefix("[planned]") or "yet" in text
        assert says_planned is (built == "partly"), f"{rule} is [{built}]: {text}"


@pytest.mark.parametrize("rule", [rule for rule, built in RULES if built != "planned"])
def test_a_rule_that_holds_is_named_by_a_test(rule: str) -> None:
    assert re.search(rf"\b{rule}\b", TESTS), f"no test names rule {rule}"
