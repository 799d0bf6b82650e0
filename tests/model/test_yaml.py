"""YAML says what JSON says, in another spelling, and nothing is guessed or executed."""

from __future__ import annotations

import builtins
import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit.errors import DefinitionError, UsageError
from journeykit.model import Exit, Goal, Journey, On, Send, Wait, Workspace
from journeykit.model.datatexts import MOST_UNFOLDED, _dumper, data_of, lean
from journeykit.simulation import Simulation
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import hours

CLASSES = [OrderPlaced, PageSeen]


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@lawful(40)
@given(journeys(CLASSES, Customer))
def test_a_journey_survives_yaml(journey: Journey) -> None:
    text = journey.to_yaml()
    loaded = Journey.from_yaml(text)

    assert loaded == journey
    assert loaded.canonical() == journey.canonical()
    assert loaded.to_yaml() == text
    # Other readers of YAML see the same.
    assert data_of(text, is_yaml=True) == yaml.safe_load(text) == lean(journey)
    assert Journey.from_json(json.dumps(lean(journey))) == journey


@lawful(20)
@given(workspaces(CLASSES, Customer))
def test_a_workspace_survives_yaml(workspace: Workspace) -> None:
    loaded = Workspace.from_yaml(
        workspace.to_yaml(), profile=Customer, events=CLASSES, send_times=workspace.send_times
    )

    assert loaded == workspace
    assert loaded.canonical() == workspace.canonical()


@lawful(15)
@given(workspaces(CLASSES, Customer, max_journeys=1))
def test_a_workspace_that_was_written_and_read_does_the_same(workspace: Workspace) -> None:
    read = [
        Workspace.from_yaml(
            workspace.to_yaml(), profile=Customer, events=CLASSES, send_times=workspace.send_times
        ),
        Workspace.from_yaml(workspace.to_yaml(vocabulary=True), send_times=workspace.send_times),
        Workspace.from_json(workspace.to_json(vocabulary=True), send_times=workspace.send_times),
    ]
    assert [told_by(one) for one in read] == [told_by(workspace)] * 3


def told_by(workspace: Workspace) -> list[str]:
    """What one customer's journal says of two events and sixty days."""
    sim = Simulation(workspace, at=datetime(2026, 3, 20, 20, 30, tzinfo=UTC))
    ann = sim.customer("ann", {"email": "ann@example.com", "visits": 2}, consent=["email"])
    order, page = workspace.event_classes["order_placed"], workspace.event_classes["page_seen"]
    ann.track(order.model_validate({"cart": "c1", "amount": "30", "paid_by": "card"}))
    sim.advance(hours(30))
    ann.track(page.model_validate({"page": "/"}))
    sim.advance(hours(24 * 60))
    return str(sim.explain("ann")).splitlines()


# ---- what is read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # What JSON knows.
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("-2.5E-1", -0.25),
        ("", None),
        ("[1, a]", [1, "a"]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        # What YAML would guess is what it looks like: text.
        ("09:00", "09:00"),
        ("18:30:15", "18:30:15"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("~", "~"),
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("0o17", "0o17"),
        ("017", "017"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        (".5", ".5"),
        ("+1", "+1"),
        (".inf", ".inf"),
        (".NaN", ".NaN"),
        ("=", "="),
        # Quotes make text of everything.
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n    1", "1"),
    ],
)
def test_a_value_is_what_json_would_read_or_text(written: str, read: Any) -> None:
    assert data_of(f"value: {written}", is_yaml=True) == {"value": read}
    assert type(data_of(f"value: {written}", is_yaml=True)["value"]) is type(read)


def test_keys_are_text() -> None:
    assert data_of("{on: 1, no: 2, 3: 4, null: 5}", is_yaml=True) == {
        "on": 1, "no": 2, "3": 4, "null": 5,
    }  # fmt: skip


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text() | st.sampled_from(["1e3", "no", "", "09:00", "~", "a: b", "- a", "#", "\x85"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)  # fmt: skip
def test_whatever_json_holds_is_written_and_read_back(value: Any) -> None:
    text = yaml.dump({"value": value}, Dumper=_dumper(), allow_unicode=True, width=60)
    assert data_of(text, is_yaml=True) == {"value": value}


def test_an_alias_stands_for_the_whole_value() -> None:
    journey = Journey.from_yaml("""
        name: twice
        entry: {event: page_seen}
        steps:
          - &mail {type: send, template: hello, via: [email]}
          - {type: wait, duration: P1D}
          - *mail
    """)
    assert journey.steps[0] == journey.steps[2] == Send("hello", via=["email"])


# ---- what is refused


HEAD = "name: x\nentry: {event: page_seen}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Journey: the text is empty"),
        ("# nothing", "Journey: the text is empty"),
        ("name: a\nname: b", "line 2, Journey: the key 'name' stands twice"),
        (HEAD + "steps: [{type: wait, type: send}]", "line 3, Journey: the key 'type' stands twice"),
        (HEAD + "? [a]\n: 1", "line 3, Journey: a key that is no text"),
        # F5: nothing that would run
        ("a: !!python/object/apply:os.system [ls]", "line 1, Journey: a tag, which is not for data"),
        ("a: !!str 1", "line 1, Journey: a tag, which is not for data"),
        ("a: !thing {b: 1}", "line 1, Journey: a tag, which is not for data"),
        ("- &a [*a]", "line 1, Journey: this contains itself"),
        ("a: &x {b: {c: *x}}", "line 1, Journey: this contains itself"),
        ("a: *nowhere", "line 1, Journey: this is no YAML: found undefined alias 'nowhere'"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "line 3, Journey: << would merge mappings"),
        ("a: 1\n--- \nb: 1", "line 2, Journey: there are several documents"),
        ("a: [1", "line 1, Journey: this is no YAML"),
        ("a:\n\t- 1", "line 2, Journey: this is no YAML"),
        ("a: " + "9" * 5000, "line 1, Journey: a number of more than 100 characters"),
        ("[" * 5000, "Journey: it is nested too deep"),
        ("a: \x07", "Journey: this is no text"),
        (b"a: \xff\xfe\xfa", "Journey: this is no text"),
        ("5", "line 1, Journey: this is no Journey (got 5)"),
        (HEAD + "steps: [{type: wait}]", "line 3, Journey.steps[0] › Wait.duration of journey 'x': it is missing"),
        (
            HEAD + "steps:\n  - type: wait\n    duration: 09:00",
            "line 5, Journey.steps[0] › Wait.duration of journey 'x': '09:00' is no ISO 8601 duration",
        ),
        (
            HEAD + "steps:\n  - {type: wait, duration: P1D}\n  - {type: goto, target: nowhere}",
            "line 5, Journey.steps[1] of journey 'x': Goto('nowhere') leads to a label",
        ),
        (
            HEAD + "steps:\n  - {type: wait, duration: P1D}\n  -\n    type: exit\n    resaon: x",
            "line 7, Journey.steps[1] › Exit.resaon of journey 'x': there is no such option",
        ),
        (HEAD + 'description: "\\ud800"\n', "line 3, Journey: a text has half a character"),
        (
            HEAD + "holdout: no\nsteps: [{type: wait, duration: P1D}]",
            "line 3, Journey.holdout of journey 'x': it must be a number (got 'no')",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str | bytes, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Journey.from_yaml(text)
    assert str(caught.value).startswith(told)
    assert caught.value.remedy


def test_several_mistakes_are_told_each_with_its_line() -> None:
    with pytest.raises(DefinitionError) as caught:
        Journey.from_yaml("name: x\nentry: {event: 9}\nsteps:\n- {type: wait, duration: 1}\n")
    assert str(caught.value).startswith("line 2, Journey.entry[0]")
    assert "also line 4, Journey.steps[0] › Wait.duration" in str(caught.value)


def test_an_objection_to_a_whole_workspace_names_the_line_of_the_part() -> None:
    shop = Workspace(
        journeys=[
            Journey("a", entry=On(PageSeen), steps=[Exit()]),
            Journey("b", entry=On(PageSeen), steps=[Send("hi", via=["email"])]),
        ],
        timezone="UTC",
        policy={"consent": {"email": "opt-in"}},  # type: ignore[arg-type]
    )
    text = shop.to_yaml().replace("email: opt-in", "sms: opt-in")
    line = text.splitlines().index("  - type: send") + 1
    with pytest.raises(DefinitionError, match=f"^line {line}, .*has no consent"):
        Workspace.from_yaml(text, events=[PageSeen])


def test_a_bomb_does_not_go_off() -> None:
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(DefinitionError, match=f"unfold to more than {MOST_UNFOLDED:,} values"):
        Journey.from_yaml("\n".join(lines))


def test_what_is_written_out_may_be_long() -> None:
    assert len(data_of("\n".join(["- x"] * 3000), is_yaml=True)) == 3000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Journey: this is no JSON"),
        ('{"name": "a", "name": "b"}', "Journey: the key 'name' stands twice"),
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "Journey: the key 'b' stands twice"),
        ('{"holdout": NaN}', "Journey: NaN is no number"),
        ('{"holdout": -Infinity}', "Journey: -Infinity is no number"),
        ("[" * 200_000, "Journey: it is nested too deep"),
        ("[]", "Journey: this is no Journey (got [])"),
    ],
)
def test_json_is_refused_as_plainly(text: str, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Journey.from_json(text)
    assert str(caught.value).startswith(told)


def test_conditions_nested_without_end_are_refused() -> None:
    inner = '{"of": "profile", "field": "vip", "kind": "boolean", "op": "eq", "value": true}'
    deep = '{"not": ' * 400 + inner + "}" * 400
    text = f'{{"name": "x", "entry": {{"event": "a"}}, "steps": [], "exits": [{deep}]}}'
    for read in (Journey.from_json, Journey.from_yaml):
        with pytest.raises(DefinitionError):
            read(text)


# ---- how it is written


def test_what_has_its_default_is_left_out() -> None:
    journey = Journey(
        "thanks",
        entry=On(OrderPlaced, where=OrderPlaced.gift == True, key=OrderPlaced.cart),  # noqa: E712
        goal=Goal(On(PageSeen)),
        steps=[Wait(hours(1)), Send("thanks", via=["email"], on_cap="skip", label="end")],
    )
    assert journey.to_yaml() == (
        "name: thanks\n"
        "entry:\n"
        "- event: order_placed\n"
        "  where: {of: order_placed, field: gift, kind: boolean, op: eq, value: true}\n"
        "  key: {of: order_placed, field: cart, kind: text}\n"
        "steps:\n"
        "- {type: wait, duration: PT1H}\n"
        "- type: send\n"
        "  label: end\n"
        "  template: thanks\n"
        "  via: [email]\n"
        "  on_cap: skip\n"
        "goal:\n"
        "- 'on': {event: page_seen}\n"
    )


# ---- without PyYAML


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "yaml":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "yaml")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'journeykit\[yaml\]'"):
        Journey.from_yaml("name: x")


@pytest.mark.parametrize("wrong", [None, 5, {}, [], bytearray(b"a: 1")])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    for read in (Journey.from_yaml, Journey.from_json, Workspace.from_yaml, Workspace.from_json):
        with pytest.raises(DefinitionError, match=r"this is no text, .*read_text"):
            read(wrong)
