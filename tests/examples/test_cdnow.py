"""The record shop: real rows, made-up people, journeys that show what the library does."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from journeykit import Journey, Send, Simulation
from journeykit.cli.example import example_folder, load_example
from journeykit.machine import compile_workspace
from journeykit.model import steps_of
from journeykit.simulation import read_history

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def modules() -> tuple[ModuleType, ModuleType]:
    return load_example()


@pytest.fixture
def shop(modules: tuple[ModuleType, ModuleType]) -> ModuleType:
    return modules[0]


@pytest.fixture
def history(modules: tuple[ModuleType, ModuleType]) -> ModuleType:
    return modules[1]


def test_the_folder_is_the_checkouts() -> None:
    assert example_folder() == ROOT / "examples" / "cdnow"


def test_in_a_wheel_it_lies_below_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import journeykit.cli.example as module

    package = tmp_path / "site-packages" / "journeykit"
    inside = package / "examples" / "cdnow"
    inside.mkdir(parents=True)
    (inside / "workspace.py").touch()
    monkeypatch.setattr(module, "__file__", str(package / "cli" / "example.py"))

    assert module.example_folder() == inside


def test_the_sample_is_a_systematic_tenth(history: ModuleType) -> None:
    lines = history.PURCHASES.read_text().splitlines()

    assert lines[0] == "customer_id,purchased_on,quantity,value_usd"
    numbers = [line.split(",")[0] for line in lines[1:]]
    assert len(numbers) == 6_844
    assert len(set(numbers)) == 2_357
    assert {number[-1] for number in numbers} == {"7"}
    readme = (example_folder() / "README.md").read_text()
    assert "6,844" in readme
    assert "2,357" in readme


def test_every_row_becomes_an_event_on_its_own_date(history: ModuleType) -> None:
    purchases = iter(history.PURCHASES.read_text().splitlines()[1:])
    ids = Counter[str]()
    for person, events in history.customers():
        zone = ZoneInfo(person["attributes"]["timezone"])
        before = None
        for event, line in zip(events, purchases, strict=False):
            number, day, discs, value = line.split(",")
            at = event["occurred_at"]
            assert event["customer_id"] == number == person["customer_id"]
            assert at.astimezone(zone).date().isoformat() == day
            assert event["data"]["value"] == value
            assert event["data"]["discs"] == int(discs)
            assert before is None or at > before
            before = at
            ids[event["id"]] += 1
    assert next(purchases, None) is None
    assert set(ids.values()) == {1}


def test_people_are_the_same_on_every_machine(history: ModuleType) -> None:
    person, _ = next(history.customers(1))

    assert person["customer_id"] == "00007"
    assert person["attributes"]["first_name"] in history.NAMES
    script = (
        "from journeykit.cli.example import load_example; "
        "print(list(load_example()[1].customers(20)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "PATH": ""},
    )
    assert said.stdout.strip() == repr(list(history.customers(20)))


def test_people_live_all_over_the_world_and_differ(history: ModuleType) -> None:
    people = [person for person, _ in history.customers(400)]

    zones = Counter(person["attributes"]["timezone"] for person in people)
    assert set(zones) == set(history.ZONES)
    assert max(zones.values()) < 2.5 * min(zones.values())
    consents = Counter(word for person in people for word in person["consents"])
    assert set(consents) == {"email", "push", "sms/offers"}
    assert 0 < consents["sms/offers"] < consents["push"] < consents["email"] < len(people)


def test_the_history_passes_the_door(shop: ModuleType, history: ModuleType) -> None:
    people, events = [], []
    for person, orders in history.customers(200):
        people.append(person)
        events += orders

    checked = read_history(compile_workspace(shop.shop), events, people)

    assert not checked.bad_customers
    assert not checked.bad_events
    assert checked.repeats == checked.reordered == 0


def sends(journeys: list[Journey]) -> Iterator[Send]:
    for journey in journeys:
        for _, step in steps_of(journey):
            if isinstance(step, Send):
                yield step


def test_there_is_a_template_for_every_message(shop: ModuleType) -> None:
    for step in sends(shop.shop.journeys):
        for channel in step.via:
            assert shop.templates.missing(step.template, channel) is None


def test_a_regular_customer(shop: ModuleType) -> None:
    sim = Simulation(shop.shop, at="1997-01-06 12:00", tz="Europe/Berlin", renderer=shop.templates)
    ann = sim.customer("ann", {"first_name": "Ann", "email": "ann@example.com"}, consent=["email"])

    ann.track(shop.Purchased(order_id="a-1", discs=1, value=20))
    assert ann.received == ["thanks"]
    assert ann.reasons("refuse", "vip") == ["condition_false"]

    sim.advance_to("1997-03-20 12:00")
    assert ann.received[1:2] == ["review_request"]
    assert "picked_for_you" in ann.received
    assert "we_miss_you" in ann.received  # after sixty quiet days, at ten o'clock

    ann.track(shop.Purchased(order_id="a-2", discs=1, value=20))
    assert "goal reached" in str(ann.timeline)


def test_a_big_order_makes_a_vip_unless_held_out(shop: ModuleType) -> None:
    sim = Simulation(shop.shop, at="1997-01-06 12:00", tz="Europe/Berlin")
    outcomes = Counter[str]()
    for number in range(200):
        customer = sim.customer(str(number), {"email": "x@example.com"}, consent=["email"])
        outcome = customer.track(shop.Purchased(order_id=f"{number}", discs=9, value=100))
        refused = {name: reason for name, reason, _ in outcome.refused}
        outcomes[refused.get("vip", "entered")] += 1
    assert set(outcomes) == {"entered", "holdout"}
    assert 8 <= outcomes["holdout"] <= 35  # a tenth, by a hash


def test_what_the_readme_says_of_the_provider_is_what_the_demo_uses() -> None:
    from journeykit.cli.demo import BUSY, DEAD

    readme = (example_folder() / "README.md").read_text()
    assert "two addresses in a hundred are dead, one message in twenty" in readme
    assert (DEAD, BUSY) == (0.02, 0.05)


def test_the_readme_names_every_file() -> None:
    readme = (example_folder() / "README.md").read_text()
    named = set(re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE))
    there = {path.name for path in example_folder().iterdir() if path.is_file()}
    assert named | {"README.md"} == there
