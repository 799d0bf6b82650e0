"""Definitions are frozen values that survive JSON, pickling and copying unchanged."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel, ValidationError

from journeykit.machine import Table, compile_journey
from journeykit.model import (
    Branch,
    Frozen,
    Goal,
    Journey,
    On,
    Policy,
    Send,
    Set,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    ago,
    conditions_of,
    count,
    in_,
    not_,
    total,
)
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours, months

CLASSES = [OrderPlaced, PageSeen]


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def shape(table: Table) -> dict[str, Any]:
    """What can be compared of a table: closures cannot."""
    return {
        name: (
            step.kind,
            step.path,
            sorted(step.reach),
            [(listener.event, listener.mark) for listener in step.awaits],
            {outcome: target.id for outcome, target in step.moves.items()},
        )
        for name, step in table.steps.items()
    }


@lawful(60)
@given(journeys(CLASSES, Customer))
def test_a_journey_survives_json(journey: Journey) -> None:
    loaded = Journey.from_json(journey.to_json())

    assert loaded == journey
    assert loaded.canonical() == journey.canonical()
    assert hash(loaded) == hash(journey)
    assert loaded.to_json(indent=2) == journey.to_json(indent=2)
    assert shape(compile_journey(loaded)) == shape(compile_journey(journey))


@lawful(20)
@given(workspaces(CLASSES, Customer))
def test_a_workspace_survives_json(workspace: Workspace) -> None:
    loaded = Workspace.from_json(
        workspace.to_json(),
        profile=Customer,
        events=CLASSES,
        send_times=workspace.send_times,
    )

    assert loaded == workspace
    assert loaded.canonical() == workspace.canonical()
    assert loaded.event_classes == workspace.event_classes


EXAMPLE = Journey(
    "example",
    entry=On(OrderPlaced, where=OrderPlaced.amount >= 20, key=OrderPlaced.cart),
    goal=Goal(On(OrderPlaced, key=OrderPlaced.cart), within=days(7)),
    exits=[On(PageSeen), not_(Customer.plan == "pro")],
    steps=[
        Wait(months(1) + days(2) + hours(3)),
        WaitUntil(Customer.trial_ends, offset=days(-3) + hours(2), at="09:00"),
        WaitUntil(datetime(2026, 3, 1, tzinfo=UTC), label="midnight"),
        WaitUntil(date(2026, 3, 1), label="day"),
        Set(Customer.spent, OrderPlaced.amount),
        Set(Customer.born, date(2000, 1, 1)),
        Branch(
            When(
                (total(OrderPlaced.amount, within=days(30)) > 100)
                & in_(Customer.plan, ["pro"])
                & (Customer.trial_ends == ago(days(3))),
                [Send("hello", via=["email"], valid_until=OrderPlaced.paid_at)],
            )
        ),
    ],
)


def test_a_condition_carries_its_kind_and_loads_without_the_class() -> None:
    data = json.loads(EXAMPLE.to_json())

    assert data["entry"][0]["where"] == {
        "of": "order_placed", "field": "amount", "kind": "decimal", "op": "ge", "value": "20",
    }  # fmt: skip
    assert data["exits"][1]["not"]["value"] == "pro"
    assert data["steps"][1]["offset"] == "P-3DT2H"
    assert data["steps"][2]["moment"] == "2026-03-01T00:00:00Z"
    assert data["steps"][3]["moment"] == "2026-03-01"
    assert data["steps"][5]["value"] == "2000-01-01"

    # Renamed everywhere: there is no such class, and it loads and compiles all the same.
    renamed = Journey.from_json(EXAMPLE.to_json().replace("order_placed", "order_made"))
    assert {asked.incoming for asked in conditions_of(renamed)} == {"order_made", None}
    assert renamed.entry[0].event_class is None
    assert set(compile_journey(renamed).entries) == {"order_made"}


def test_the_class_is_no_part_of_the_value() -> None:
    assert EXAMPLE.entry[0].event_class is OrderPlaced
    assert On(OrderPlaced) == On("order_placed")
    assert hash(On(OrderPlaced)) == hash(On("order_placed"))


def parts(value: object) -> Iterator[Frozen]:
    if isinstance(value, Frozen):
        yield value
        for inner in value.__dict__.values():
            yield from parts(inner)
    if isinstance(value, tuple):
        for inner in value:
            yield from parts(inner)


def test_everything_is_frozen_down_to_the_leaves() -> None:
    found = list(parts(EXAMPLE))
    assert len(found) > 20
    for part in found:
        for name, value in part.__dict__.items():
            assert not isinstance(value, list | set | bytearray), f"{part!r}.{name}"
            with pytest.raises(ValidationError):
                setattr(part, name, value)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_equal(again: Any) -> None:
    copied = again(EXAMPLE)

    assert copied == EXAMPLE
    assert copied.entry[0].event_class is OrderPlaced
    assert shape(compile_journey(copied)) == shape(compile_journey(EXAMPLE))


def test_values_are_equal_by_what_they_say() -> None:
    assert Wait(hours(1)) == Wait("PT1H") == Wait("PT60M")
    assert Wait(days(1)) != Wait(hours(24))  # T2
    assert Set(Customer.visits, 1) != Set(Customer.vip, True)
    assert Send("a", via=["sms"]) != WaitFor(On(PageSeen), timeout=days(1))
    assert {Wait(hours(1)), Wait("PT1H")} == {Wait(hours(1))}
    assert EXAMPLE.to_json() != EXAMPLE


def test_json_of_a_journey_within_a_hosts_own_model() -> None:
    class Draft(BaseModel):
        author: str
        journey: Journey

    draft = Draft(author="ann", journey=EXAMPLE)

    assert Draft.model_validate_json(draft.model_dump_json()) == draft
    assert Draft.model_validate(draft.model_dump()) == draft


def test_the_schema_is_published() -> None:
    schema = Journey.model_json_schema()

    kinds = schema["$defs"]["Wait"]["properties"]
    assert kinds["duration"]["pattern"]
    assert schema["properties"]["name"]["pattern"]
    assert json.dumps(Workspace.model_json_schema(mode="validation")["$defs"]["Policy"])


def test_a_policy_is_the_hosts_no_more() -> None:
    """What the caller does to its lists and dicts afterwards changes nothing."""
    consent: dict[str, Any] = {"email": "opt-in"}
    channels = ["email"]
    policy = Policy(consent=consent)
    send = Send("hello", via=channels)
    consent["sms"] = "opt-out"
    channels.append("sms")

    assert dict(policy.consent) == {"email": "opt-in"}
    assert send.via == ("email",)


def test_one_or_many() -> None:
    one = Journey("j", entry=On(PageSeen), steps=[Wait(hours(1))], exits=count(OrderPlaced) >= 2)
    many = Journey(
        "j", entry=[On(PageSeen)], steps=[Wait(hours(1))], exits=[count(OrderPlaced) >= 2]
    )
    assert one == many
