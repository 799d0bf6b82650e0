"""`journeykit check`: what it prints, when it fails, and whether its SARIF is SARIF."""

from __future__ import annotations

import json
from typing import Any

import pytest

ODD = """
from journeykit import (
    Branch, Event, Journey, On, Policy, Profile, Send, Templates, Wait, WaitUntil, When, Workspace,
)
from datetime import date


class Ordered(Event):
    items: int = 1


never = (Ordered.items > 3) & (Ordered.items < 4)
thanks = Journey(
    "thanks", entry=On(Ordered), steps=[Branch(When(never, [Send("thanks", via=["email"])]))]
)
late = Journey(
    "late", entry=On(Ordered), steps=[WaitUntil(date(2026, 1, 1)), Send("late", via=["email"])]
)
shop = Workspace(
    journeys=[thanks, late], timezone="UTC", policy=Policy(consent={"email": "opt-in"})
)
fine = Workspace(journeys=[late], timezone="UTC", policy=Policy(consent={"email": "opt-in"}))
templates = Templates()
templates.register("thanks")(lambda context: str(context.trigger["itms"]))
"""


@pytest.fixture
def odd(desk: Any) -> Any:
    desk.write("odd.py", ODD)
    return desk


def test_findings_are_printed_by_journey_and_errors_fail(odd: Any) -> None:
    done = odd.run("check", "odd.py:shop", "--today", "2026-06-01")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "thanks",
        "  error JK201 at steps[0] › whens[0] › condition",
        "    ordered.items > 3 and ordered.items < 4 can never hold",
        "    → correct the condition, or take out what depends on it",
        "late",
        "  warning JK302 at steps[0] › moment",
        "    2026-01-01 is past",
        "    → write a later one, or take it out",
        "2 journeys checked: 1 error, 1 warning",
    ]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["odd.py:fine", "--today", "2026-01-01"], 0),
        (["odd.py:fine", "--today", "2026-06-01"], 0),
        (["odd.py:fine", "--today", "2026-06-01", "--strict"], 1),
        (["odd.py:fine", "--today", "2026-01-01", "--strict"], 1),  # ids that come from places
        (["odd.py:shop", "--today", "2026-01-01"], 1),
        (["odd.py:nothing"], 2),
        (["odd.py:fine", "--today", "tomorrow"], 2),
        (["odd.py:fine", "--templates", "shop"], 2),
        (["odd.py:fine", "--sarif", "no/such/folder.sarif"], 2),
    ],
)
def test_the_exit_code_says_what_ci_needs(odd: Any, arguments: list[str], code: int) -> None:
    assert odd.run("check", *arguments).exit_code == code


def test_templates_are_checked_when_named(odd: Any) -> None:
    done = odd.run("check", "odd.py:shop", "--templates", "templates", "--today", "2026-01-01")
    assert "JK502" in done.stdout
    assert "did it mean 'items'?" in done.stdout
    assert "JK501" in done.stdout


def test_a_day_is_today_when_none_is_given(odd: Any) -> None:
    assert "JK302" in odd.run("check", "odd.py:fine").stdout  # the machine's clock is later


def test_a_good_workspace_says_so(desk: Any) -> None:
    done = desk.run("check", "shop.py:shop")
    assert (done.exit_code, done.stdout) == (0, "1 journey checked: nothing found\n")


def test_the_log_is_valid_sarif(odd: Any) -> None:
    done = odd.run("check", "odd.py:shop", "--today", "2026-06-01", "--sarif", "-")
    assert done.exit_code == 1
    log = json.loads(done.stdout)
    odd.run("check", "odd.py:shop", "--today", "2026-06-01", "--sarif", "found.sarif")
    assert json.loads((odd.folder / "found.sarif").read_text(encoding="utf-8")) == log
    check_required(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["JK201", "JK302"]
    first, second = run["results"]
    assert first["level"] == "error"
    assert second["level"] == "warning"
    (place,) = first["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == (
        "Journey 'thanks' › steps[0] › whens[0] › condition"
    )
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "odd.py"
    line = place["physicalLocation"]["region"]["startLine"]
    assert "thanks = Journey(" in ODD.splitlines()[line - 1]


def test_a_journey_that_is_imported_is_shown_where_it_is_written(desk: Any) -> None:
    desk.write("written_here.py", ODD)
    desk.write("all of it.py", "from written_here import shop\n")
    places = [
        one["locations"][0]["physicalLocation"] for one in sarif_results(desk, "all of it.py:shop")
    ]
    assert [place["artifactLocation"]["uri"] for place in places] == ["written_here.py"] * 2
    assert "late = Journey(" in ODD.splitlines()[places[1]["region"]["startLine"] - 1]


def test_a_journey_that_is_made_by_a_function_has_a_file_and_no_line(desk: Any) -> None:
    desk.write("a shop.py", ODD.replace('"late"', 'str("late")', 1))
    _, late = sarif_results(desk, "a shop.py:shop")
    assert late["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "a%20shop.py"}}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_file_of_data_is_shown_with_the_line_of_the_journey(desk: Any, form: str) -> None:
    namespace: dict[str, Any] = {}
    exec(ODD, namespace)
    text = getattr(namespace["shop"], f"to_{form}")(vocabulary=True)
    desk.write(f"shop.{form}", text)
    for result, name in zip(sarif_results(desk, f"shop.{form}"), ("thanks", "late"), strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == f"shop.{form}"
        assert name in text.splitlines()[place["region"]["startLine"] - 1]


def sarif_results(desk: Any, target: str) -> Any:
    done = desk.run("check", target, "--today", "2026-06-01", "--sarif", "-")
    return json.loads(done.stdout)["runs"][0]["results"]


# What the schema of SARIF 2.1.0 requires, and the closed lists that it has.
LEVELS = {"none", "note", "warning", "error"}


def check_required(log: dict[str, Any]) -> None:
    assert set(log) <= {"$schema", "version", "runs", "inlineExternalProperties", "properties"}
    assert log["version"] == "2.1.0"
    assert isinstance(log["runs"], list)
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
        rules = driver["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            assert isinstance(rule["shortDescription"]["text"], str)
            assert rule["defaultConfiguration"]["level"] in LEVELS
        for result in run["results"]:
            assert isinstance(result["message"]["text"], str)
            assert result["level"] in LEVELS
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            for place in result["locations"]:
                for logical in place["logicalLocations"]:
                    assert isinstance(logical["fullyQualifiedName"], str)
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                assert not uri.startswith("/")
                assert "\\" not in uri
                region = place["physicalLocation"].get("region", {"startLine": 1})
                assert region["startLine"] >= 1
