"""The schema knows every kind, lets through what loads, and stops what cannot."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from journeykit.analysis.schema import json_schema
from journeykit.errors import DefinitionError
from journeykit.model import Goal, Journey, On, Send, Step, Wait, WaitFor, Workspace
from journeykit.model.datatexts import lean
from journeykit.model.triggers import Entry
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours

CLASSES = [OrderPlaced, PageSeen]


@cache
def validator(cls: type[Journey] | type[Workspace]) -> Draft202012Validator:
    return Draft202012Validator(json_schema(cls, version="1.2.3"))


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@pytest.mark.parametrize("cls", [Journey, Workspace])
def test_it_is_a_schema(cls: type[Journey] | type[Workspace]) -> None:
    schema = json_schema(cls, version="1.2.3")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:journeykit:{cls.__name__.lower()}:1.2.3"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["required"]) == {n for n, i in cls.model_fields.items() if i.is_required()}
    assert schema["additionalProperties"] is False
    # Every part that is referred to is there, and every part that is there is referred to.
    text = json.dumps(schema)
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) == set(schema["$defs"])


def test_every_kind_of_step_and_entry_is_in_it() -> None:
    parts = json_schema(Journey, version="1")["$defs"]
    for union, kinds in (("AnyStep", Step.__kinds__), ("AnyEntry", Entry.__kinds__)):
        found = [part["$ref"].rpartition("/")[2] for part in parts[union]["anyOf"]]
        assert sorted(found) == sorted(cls.__name__ for cls in kinds.values())
    for tag, cls in Step.__kinds__.items():
        part = parts[cls.__name__]
        assert part["properties"]["type"]["const"] == tag
        assert set(part["properties"]) == set(cls.model_fields)
        assert "type" in part["required"]


def test_options_say_what_they_are() -> None:
    send = json_schema(Journey, version="1")["$defs"]["Send"]
    assert send["description"].startswith("Send one message, and wait until")
    assert send["properties"]["topic"]["description"] == (
        "What the message is about; consent is asked for it."
    )
    cap = json_schema(Workspace, version="1")["$defs"]["FrequencyCap"]["properties"]
    assert cap["topics"]["description"] == cap["tags"]["description"]


@lawful(40)
@given(journeys(CLASSES, Customer))
def test_every_journey_is_let_through(journey: Journey) -> None:
    check = validator(Journey)
    for data in (journey.model_dump(mode="json"), lean(journey)):
        assert [error.message for error in check.iter_errors(data)] == []


@lawful(15)
@given(workspaces(CLASSES, Customer))
def test_every_workspace_is_let_through(workspace: Workspace) -> None:
    check = validator(Workspace)
    for text in (workspace.to_json(), workspace.to_json(vocabulary=True)):
        assert [error.message for error in check.iter_errors(json.loads(text))] == []


JOURNEY = lean(
    Journey(
        "cart",
        entry=On(OrderPlaced, where=OrderPlaced.amount >= 20, key=OrderPlaced.cart),
        goal=Goal(On(PageSeen), within=days(7)),
        exits=[Customer.vip == True],  # noqa: E712
        steps=[
            Wait(hours(1)),
            Send("hello", via=["email"], on_cap="skip"),
            WaitFor(On(PageSeen), timeout=days(1), then=[Send("more", via=["email"])]),
        ],
    )
)


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The journey with another value at a path; `...` takes it away."""
    data: Any = copy.deepcopy(JOURNEY)
    *way, last = path
    here = data
    for part in way:
        here = here[part]
    if to is ...:
        del here[last]
    else:
        here[last] = to
    return dict(data)


def test_one_may_stand_for_a_list_of_one() -> None:
    for path in (("entry",), ("goal",), ("exits",), ("steps", 2, "on")):
        many: Any = JOURNEY
        for part in path:
            many = many[part]
        one = changed(*path, to=many[0])
        assert validator(Journey).is_valid(one)
        assert Journey.model_validate(one) == Journey.model_validate(JOURNEY)


@pytest.mark.parametrize(
    "data",
    [
        changed("name", to=...),
        changed("name", to="two words"),
        changed("nmae", to="x"),
        changed("version", to="1"),
        changed("version", to=0),
        changed("holdout", to=1),
        changed("entry", to=...),
        changed("entry", 0, "event", to="order placed"),
        changed("entry", 0, "where", "op", to="=="),
        changed("entry", 0, "where", "kind", to="money"),
        changed("entry", 0, "key", to="cart"),
        changed("steps", to={}),
        changed("steps", 0, "type", to=...),
        changed("steps", 0, "type", to="wiat"),
        changed("steps", 0, "duration", to="1 hour"),
        changed("steps", 0, "duration", to="P"),
        changed("steps", 0, "duration", to="PT"),
        changed("steps", 0, "duration", to="P1H"),
        changed("steps", 0, "duration", to=3600),
        changed("steps", 0, "label", to="1st"),
        changed("steps", 0, "for", to="PT1H"),
        changed("steps", 1, "via", to="email"),
        changed("steps", 1, "on_cap", to="wait"),
        changed("steps", 1, "transactional", to="yes"),
        changed("steps", 1, "max_attempts", to=101),
        changed("steps", 2, "timeout", to=...),
        changed("steps", 2, "then", 0, "template", to=...),
        changed("goal", 0, "within", to=7),
        changed("exits", 0, "not", to={}),
    ],
    ids=lambda data: json.dumps(data)[:0],
)
def test_what_cannot_load_is_stopped(data: dict[str, Any]) -> None:
    assert not validator(Journey).is_valid(data)
    with pytest.raises(DefinitionError):
        Journey.model_validate(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("timezone",), None),
        (("policy", "consent", "email"), "yes"),
        (("policy", "quiet_hours"), [{"start": "9:00", "end": "10:00"}]),
        (("policy", "quiet_hours"), [{"start": "09:00", "end": "25:00"}]),
        (("policy", "caps"), [{"limit": 1}]),
        (("policy", "caps"), [{"limit": 1, "per": "year"}]),
        (("policy", "caps"), [{"limit": -1, "per": "P1D"}]),
        (("vocabulary", "events", "page_seen", "page"), "txt"),
        (("vocabulary", "events", "page_seen", "page"), {"kind": "text", "need": 1}),
        (("vocabulary", "profil"), {}),
        (("profile",), {}),
    ],
)
def test_a_workspace_that_cannot_load_is_stopped(path: tuple[str, ...], value: Any) -> None:
    shop = Workspace(
        journeys=[Journey.model_validate(JOURNEY)],
        timezone="UTC",
        profile=Customer,
        events=CLASSES,
        policy={"consent": {"email": "opt-in"}},  # type: ignore[arg-type]
    )
    data: Any = json.loads(shop.to_json(vocabulary=True))
    assert validator(Workspace).is_valid(data)
    here = data
    for part in path[:-1]:
        here = here[part]
    here[path[-1]] = value
    assert not validator(Workspace).is_valid(data)
    with pytest.raises(DefinitionError):
        Workspace.model_validate(data)
