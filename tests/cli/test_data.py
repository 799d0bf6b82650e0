"""Definitions as files: read by every command, described, compared and drawn."""

from __future__ import annotations

import builtins
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from journeykit import Workspace
from journeykit.cli.target import load_definition, load_workspace
from journeykit.errors import UsageError

CART = """\
name: cart
entry: {event: ordered, where: {of: ordered, field: amount, kind: decimal, op: ge, value: '10'}}
steps:
  - {type: wait, duration: PT1H}
  - {type: send, template: thanks, via: [email]}
"""
WHOLE = """\
timezone: Europe/Berlin
policy:
  consent: {email: opt-in}
vocabulary:
  events:
    ordered: {amount: decimal, items: {kind: integer, default: 1}}
  profile:
    first_name: {kind: text, default: ''}
    email: {kind: text, optional: true, address: email}
journeys:
  - name: thanks
    entry: {event: ordered, where: {of: ordered, field: amount, kind: decimal, op: ge, value: 10}}
    steps:
      - {type: send, template: thanks, via: [email]}
      - {type: wait, duration: P2D}
      - {type: send, template: more, via: [email]}
"""


# ---- files as targets


def test_a_file_of_data_is_a_target(desk: Any) -> None:
    desk.write("shop.yaml", WHOLE)
    desk.write("cart.yml", CART)
    workspace, module = load_workspace("shop.yaml")
    desk.write("again.json", workspace.to_json(vocabulary=True))

    assert isinstance(workspace, Workspace)
    assert module.__name__ == "shop"
    assert load_definition("again.json").canonical() == workspace.canonical()
    assert load_definition("cart.yml").name == "cart"  # type: ignore[union-attr]
    written = load_definition("shop.py:shop")
    assert written.canonical() == workspace.canonical()


def test_a_log_is_played_through_a_file_of_data(desk: Any) -> None:
    desk.write("shop.yaml", WHOLE)
    shared = ("--events", "events.csv", "--profiles", "profiles.csv", "--until", "P5D")
    from_data = desk.run("simulate", "shop.yaml", *shared)
    from_code = desk.run("simulate", "shop.py:shop", *shared)

    assert from_data.exit_code == 0, from_data.output
    assert digest(from_data.output) == digest(from_code.output)


def digest(output: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("journal digest")]
    return line


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("no.yaml", None, "there is no such file (got 'no.yaml')"),
        ("bad.yaml", "a: [1", "bad.yaml: line 1: this is no YAML"),
        ("bad.json", "{", "bad.json: this is no JSON"),
        (
            "bad.yaml", CART.replace("PT1H", "1h"),
            "bad.yaml: line 4, Journey.steps[0] › Wait.duration of journey 'cart': '1h' is no ISO 8601 duration",
        ),
        ("bad.json", '{"journeys": []}', "bad.json: Workspace.timezone: it is missing"),
        ("bad.YML", "a: [1", "bad.YML: line 1: this is no YAML"),
        ("shop.yaml:cart", None, "a file of data has no names (got 'shop.yaml:cart'); write shop.yaml"),
        ("cart.yaml", CART, "this is no Workspace, but a journey (got 'cart.yaml'); put it under"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told(
    desk: Any, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        desk.write(name, text)
    with pytest.raises(UsageError) as caught:
        load_workspace(name)
    assert str(caught.value).startswith(told)
    result = desk.run("check", name)
    assert result.exit_code == 2


def test_a_field_that_there_is_not_is_no_finding_but_refused(desk: Any) -> None:
    desk.write("shop.yaml", WHOLE.replace("field: amount", "field: amuont"))
    result = desk.run("check", "shop.yaml")
    assert result.exit_code == 2
    assert "Journey 'thanks' › entry[0] › where: ordered has no field 'amuont'" in result.stderr


def test_a_file_that_ends_the_program_is_told(desk: Any) -> None:
    desk.write("leaves.py", "raise SystemExit(0)")
    with pytest.raises(UsageError, match="importing it failed: SystemExit: 0"):
        load_workspace("leaves.py:shop")


# ---- schema


def test_the_schema_is_printed(desk: Any) -> None:
    for words, kind in (([], "workspace"), (["workspace"], "workspace"), (["journey"], "journey")):
        result = desk.run("schema", *words)
        assert result.exit_code == 0
        assert json.loads(result.stdout)["$id"].startswith(f"urn:journeykit:{kind}:0.")
    wrong = desk.run("schema", "policy")
    assert wrong.exit_code == 2
    assert "it is journey or workspace" in wrong.stderr


# ---- diff


def test_two_files_are_compared(desk: Any) -> None:
    desk.write("old.yaml", CART)
    desk.write("new.yaml", CART.replace("PT1H", "PT2H"))

    same = desk.run("diff", "old.yaml", "old.yaml", "--exit-code")
    assert (same.exit_code, same.stdout) == (0, "no differences\n")

    told = desk.run("diff", "old.yaml", "new.yaml")
    assert (told.exit_code, told.stdout) == (
        0,
        "journey cart\n  ~ Wait wait_1: 1 hour → 2 hours\n",
    )
    assert desk.run("diff", "old.yaml", "new.yaml", "--exit-code").exit_code == 1

    data = json.loads(desk.run("diff", "old.yaml", "new.yaml", "--json").stdout)
    assert data["changes"][0]["old"] == "PT1H"


def test_code_and_data_are_compared_and_a_journey_with_that_of_its_name(desk: Any) -> None:
    desk.write("shop.yaml", WHOLE)
    assert desk.run("diff", "shop.py:shop", "shop.yaml").stdout == "no differences\n"

    desk.write("thanks.yaml", CART.replace("cart", "thanks"))
    for pair in (("shop.yaml", "thanks.yaml"), ("thanks.yaml", "shop.yaml")):
        told = desk.run("diff", *pair)
        assert told.stdout.startswith("journey thanks\n")
    desk.write("cart.yaml", CART)
    wrong = desk.run("diff", "shop.yaml", "cart.yaml")
    assert wrong.exit_code == 2
    assert "shop.yaml: there is no journey 'cart'; name one of: thanks" in wrong.stderr


# ---- draw


def test_a_journey_is_printed_as_mermaid_text(desk: Any) -> None:
    result = desk.run("draw", "shop.py:shop")
    assert result.exit_code == 0
    assert result.stdout == load_definition("shop.py:shop").journeys[0].mermaid()  # type: ignore[union-attr]
    sideways = desk.run("draw", "shop.py:shop", "thanks", "--direction", "LR")
    assert sideways.stdout.startswith("flowchart LR\n")


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("p.svg", b"<svg"),
        ("p.png", b"\x89PNG\r\n\x1a\n"),
        ("p.mmd", b"flowchart TD\n"),
        ("p.md", b"```mermaid\nflowchart TD\n"),
    ],
)
def test_a_journey_is_drawn_into_a_file(desk: Any, name: str, begins: bytes) -> None:
    pytest.importorskip("mermaidx")
    result = desk.run("draw", "shop.py:shop", "-o", name)
    assert (result.exit_code, result.output) == (0, "")
    assert (desk.folder / name).read_bytes().startswith(begins)


def test_the_counts_of_a_database_are_laid_over_it(desk: Any) -> None:
    played = desk.simulate("--profiles", "profiles.csv", "--until", "P5D", "--db", "played.db")
    assert played.exit_code == 0
    result = desk.run("draw", "shop.py:shop", "--counts", "played.db")

    assert "1 entered" in result.stdout
    assert '|"1"|' in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shop.py:shop", "cart"], "shop.py:shop: there is no journey 'cart'; name one of: thanks"),
        (["shop.py:shop", "-o", "p.gif"], "--output: a picture of this kind cannot be written"),
        (["shop.py:shop", "-o", "nowhere/p.mmd"], "nowhere/p.mmd: it cannot be written"),
        (["shop.py:shop", "--direction", "UP"], "--direction: this is no direction"),
        (["shop.py:shop", "--counts", "no.db"], "there is no such file"),
        (["shop.py:other"], "this is no Workspace or Journey, but a value of type int"),
    ],
)
def test_what_cannot_be_drawn_is_told(desk: Any, words: list[str], told: str) -> None:
    result = desk.run("draw", *words)
    assert result.exit_code == 2
    assert told in result.stderr


def test_without_the_package_it_says_what_to_install(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "mermaidx":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "mermaidx", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    result = desk.run("draw", "shop.py:shop", "-o", "p.svg")
    assert result.exit_code == 2
    assert "pip install 'journeykit[draw]'" in result.stderr
    assert not Path("p.svg").exists()


def test_a_name_of_a_module_is_a_target_too(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("other_shop.py", (desk.folder / "shop.py").read_text())
    monkeypatch.syspath_prepend(str(desk.folder))
    assert desk.run("diff", "other_shop:shop", "shop.py:shop").stdout == "no differences\n"
