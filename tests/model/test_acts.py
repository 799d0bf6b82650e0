"""Acting steps, jumps and parts as definitions: what they become, and what is refused."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field

from journeykit import (
    Always,
    Append,
    Arm,
    Branch,
    ByCall,
    Call,
    Emit,
    Event,
    Exit,
    Experiment,
    Goal,
    Goto,
    Increment,
    Journey,
    On,
    Once,
    Part,
    Policy,
    Profile,
    RateLimit,
    Restart,
    Send,
    Set,
    StartJourney,
    Wait,
    WaitUntil,
    When,
    Workspace,
    days,
    hours,
    outcome,
)
from journeykit.errors import DefinitionError
from journeykit.machine import compile_workspace
from journeykit.model import FieldRef, Step


class Begun(Event):
    size: int = 0
    name: str = ""
    items: tuple[str, ...] = ()


class Counted(Event):
    number: int
    price: Decimal = Decimal(0)
    day: date | None = None


class Person(Profile):
    points: int = 0
    level: float = 0.0
    balance: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    plan: str = ""
    stars: int = Field(default=0, le=5)
    born: date | None = None


MAIL = Send("hello", via=["email"])
PAUSE = Wait(hours(1))


def journey(*steps: Step, name: str = "j", **options: Any) -> Journey:
    return Journey(name, steps=steps, **{"entry": On(Begun), **options})


def workspace(*journeys: Journey) -> Workspace:
    made = Workspace(
        journeys=journeys, timezone="UTC", profile=Person, events=[Begun, Counted],
        policy=Policy(consent={"email": "opt-out"}),
    )  # fmt: skip
    compile_workspace(made)
    return made


def space(*steps: Step, **options: Any) -> Workspace:
    return workspace(journey(*steps, **options))


def make(cls: Any, *args: Any, **options: Any) -> Any:
    """Call `cls` with what its types forbid."""
    return cls(*args, **options)


def refused(write: Any) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        write()
    return caught.value


@pytest.mark.parametrize(
    ("write", "place", "problem", "remedy"),
    [
        # --- numbers and lists
        (lambda: Increment(Person.plan, 1), "Increment.field", "is a text: nothing adds", "integer"),
        (lambda: Increment(Person.points, "x"), "Increment.by", "'x' is not", "whole number"),
        (lambda: Increment(Person.points, 0.5), "Increment.by", "0.5 is not", "whole number"),
        (lambda: Increment(Person.points, 0), "Increment.by", "adding 0 changes", "another number"),
        (lambda: Increment(Person.balance, "0.00"), "Increment.by", "changes nothing", "another"),
        (lambda: Increment(Person.points, None), "Increment.by", "adding None", "another number"),
        (lambda: Increment(Person.points, Begun.name), "Increment.by", "the other a text", "one kind"),
        (lambda: Increment(Begun.size, 1), "Increment.field", "no attribute|not an attribute", "Profile"),
        (lambda: Append(Person.plan, "a"), "Append.field", "only a list is appended", "list[str]"),
        (lambda: Append(Person.tags, None), "Append.value", "nothing is appended", "the item"),
        (lambda: Append(Person.tags, Begun.items), "Append.value", "is a list, and no item", "one value"),
        (lambda: make(Append, Person.tags, ["a"]), "Append.value", "neither a constant nor", "a text"),
        (lambda: Append(Person.tags, datetime(2026, 1, 1)), "Append.value", "cannot be kept", "aware"),  # T1
        (lambda: Append(Person.tags, "a", keep=0), "Append.keep", "too small", "1 or more"),
        (lambda: Append(Begun.items, "a"), "Append.field", "not an attribute", "Profile"),
        (
            lambda: space(Set(Person.stars, 6)),
            "Journey 'j' › steps[0] › value", "less than or equal to 5", "whole number",
        ),
        # --- events
        (lambda: make(Emit, Person), "Emit.event", "Person is no event", "class OrderPlaced"),
        (lambda: Emit(Counted, {"number": [1]}), "Emit.fields", "neither a constant nor", "a date"),
        (lambda: Emit(Counted, {"at": datetime(2026, 1, 1)}), "Emit.fields › at", "cannot be kept", "aware"),  # T1
        (lambda: Emit(Counted, {"price": Decimal("NaN")}), "Emit.fields › price", "cannot be kept", "Decimal"),
        (lambda: Emit(Counted, {"number": 2**64}), "Emit.fields › number", "cannot be kept", "64 bits"),
        (lambda: make(Emit, Counted, 3), "Emit.fields", "3 is no mapping", "{...}"),
        (
            lambda: make(Increment, FieldRef(of="profile", field="points", kind="integer"), [1]),
            "Increment.by", "[1] is neither a constant nor a field", "a number",
        ),
        # --- experiments
        (lambda: Experiment("x", Arm("a")), "Experiment.arms", "two or more arms", "Experiment('x'"),
        (lambda: Experiment("x", Arm("a", 0), Arm("b", 0)), "Experiment.arms", "weight 0", "one arm"),
        (lambda: Experiment("x y", Arm("a"), Arm("b")), "Experiment.name", "1 to 100", "such as"),
        (lambda: make(Experiment, "x", Arm("a"), Arm("b"), name="y"), "Experiment", "name is given", "once"),
        # --- jumps
        (lambda: Goto("x", at_most=0), "Goto.at_most", "too small", "1 or more"),
        (
            lambda: journey(MAIL, Goto("again", at_most=2)),
            "Journey.steps[1]", "leads to a label that the journey does not have", "label='again'",
        ),
        (
            lambda: journey(Send("a", via=["email"], label="again"), Goto("again", at_most=2)),
            "Journey.steps[0]", "lets no time pass", "put a Wait",  # E5
        ),
        (
            lambda: journey(
                Append(Person.tags, "a", label="again"),
                Branch(When(Person.plan == "", [Emit(Counted)]), otherwise=[Exit()]),
                Goto("again", at_most=2),
            ),
            "Journey.steps[0]", "again → branch_2 → emit_2.when_1.1 → goto_3 → again lets no", "put a Wait",
        ),
        (
            lambda: journey(
                Append(Person.tags, "a", label="again"),
                Branch(When(Person.plan == "", [Emit(Counted)]), otherwise=[MAIL]),
                Goto("again", at_most=2),
            ),
            "Journey.steps[0]", "again → branch_2 → emit_2.when_1.1 → goto_3 → again lets no", "put a Wait",
        ),
        (
            lambda: journey(PAUSE, goal=Goal(On(Counted), goto="thanks")),
            "Journey.goal[0] › goto", "goto='thanks' leads to a label", "label='thanks'",
        ),
        (
            lambda: Goal(On(Counted), goto="thanks", ends_run=True),
            "Goal.goto", "goes nowhere", "leave out ends_run",
        ),
        # --- parts
        (lambda: Part("a", []), "Part.steps", "does nothing", "one step"),
        (lambda: Part("a.b", [PAUSE]), "Part.name", "has a dot", "in its place"),
        (lambda: make(Part, "a", [PAUSE], label="b"), "Part.label", "by its name", "leave label out"),
        (
            lambda: journey(Part("a", [PAUSE]), Part("a", [PAUSE])),
            "Journey.steps[1]", "the name of a part 'a' is used twice", "another name",
        ),
        (
            lambda: journey(Part("a", [PAUSE]), Wait(days(1), label="a")),
            "Journey.steps[1]", "the label 'a' is used twice", "another label",
        ),
        (
            lambda: journey(Part("a", [Exit(), PAUSE])),
            "Journey.steps[0] › Part 'a' › steps[1]", "nothing leads to", "a Goto or a Goal names",
        ),
        (
            lambda: journey(Part("a", [PAUSE, Part("b", [Goto("x")])])),
            "Journey.steps[0] › Part 'a' › steps[1]", "Goto('x') leads", "'a', 'a.b'",
        ),
        (
            lambda: journey(Part("a", [Goto("b")]), Part("b", [Goto("a")])),
            "Journey.steps[", "lead in a circle", "to a step",
        ),
        (
            lambda: journey(Wait(days(1), label="wait_2"), PAUSE),
            "Journey.steps[0]", "the id of another step", "another label",
        ),
        # --- started journeys
        (
            lambda: StartJourney("x", timeout=days(1)),
            "StartJourney.timeout", "nothing is waited for", "wait_for_end=True",
        ),
        (
            lambda: StartJourney("x", wait_for_end=True, on_timeout=[MAIL]),
            "StartJourney.on_timeout", "no time-out leads", "timeout=",
        ),
        (lambda: StartJourney("x", key=3), "StartJourney.key", "a key is text", "in quotes"),
        (lambda: StartJourney("x", data={"a": math.inf}), "StartJourney.data › a", "cannot be kept", "finite"),
        (lambda: StartJourney("x", data={"a": ()}), "StartJourney.data", "neither a constant", "a text"),
        # --- failures
        (lambda: make(Send, "a", via=["email"], on_failure=[3]), "Send.on_failure[0]", "(got 3)", "Wait"),
        (lambda: make(Send, "a", via=["email"], on_failure="stop"), "Send.on_failure", "'stop'", "'exit'"),
        # --- what came of a step
        (
            lambda: journey(MAIL, Branch(When(outcome("hello") == "completed", [Exit()]))),
            "Journey.steps[1] › whens[0]", "'hello' never has the outcome 'completed'", "'accepted'",
        ),
        (
            lambda: journey(
                StartJourney("x", label="go"), Branch(When(outcome("go") == "accepted", [Exit()]))
            ),
            "Journey.steps[1] › whens[0]", "'go' never has the outcome 'accepted'", "'refused'",
        ),
        # --- whole workspaces
        (lambda: space(Emit(Counted)), "Journey 'j' › steps[0] › fields", "number is missing", "number"),
        (lambda: space(Emit(Counted, {"numbr": 3})), "Journey 'j' › steps[0] › fields", "no such", "'number'"),
        (
            lambda: space(Emit(Counted, {"number": 3, "price": "much"})),
            "Journey 'j' › steps[0] › fields › price", "valid decimal", "number as text",
        ),
        (
            lambda: space(Emit(Counted, {"number": Begun.name})),
            "Journey 'j' › steps[0] › fields › number", "is an integer, and begun.name is a text", "kind",
        ),
        (
            lambda: space(Emit(Counted, {"number": 1, "more": Begun.name})),
            "Journey 'j' › steps[0] › fields › more", "no such field", "the fields are",
        ),
        (
            lambda: Workspace(journeys=[journey(Emit("unheard"))], timezone="UTC"),
            "Workspace.journeys[0] › steps[0] › event", "'unheard' is not known", "events=[...]",
        ),
        (lambda: space(Append(Person.tags, 3)), "Journey 'j' › steps[0] › value", "valid string", "tuple[str"),
        (lambda: space(Append(Person.sizes, "3")), "Journey 'j' › steps[0] › value", "as something else", "as the"),
        (lambda: space(Append(Person.sizes, True)), "Journey 'j' › steps[0] › value", "as something else", "as the"),
        (
            lambda: space(Append(Person.tags, Begun.size)),
            "Journey 'j' › steps[0] › value", "of profile.tags is a text, and begun.size is an integer", "kind",
        ),
        (lambda: space(StartJourney("k")), "Workspace.journeys[0] › steps[0] › journey", "no journey 'k'", "j"),
        (
            lambda: workspace(
                journey(StartJourney("key")), journey(PAUSE, name="keyed", entry=On(Begun, key=Begun.name))
            ),
            "Workspace.journeys[0] › steps[0] › journey", "no journey 'key'", "'keyed'?",
        ),
        (
            lambda: workspace(
                journey(StartJourney("keyed")), journey(PAUSE, name="keyed", entry=On(Begun, key=Begun.name))
            ),
            "Workspace.journeys[0] › steps[0] › key", "told apart by a key", "give key=",
        ),
        (
            lambda: workspace(
                journey(StartJourney("k", data={"number": "x"})), journey(PAUSE, name="k", entry=On(Counted))
            ),
            "Journey 'j' › steps[0] › data › number", "valid integer", "whole number",
        ),
        (
            lambda: workspace(
                journey(Experiment("x", Arm("a"), Arm("b"))),
                journey(Experiment("x", Arm("a"), Arm("b", 2)), name="k"),
            ),
            "Workspace.journeys[1] › steps[0] › arms", "other arms or weights here", "another name",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(write: Any, place: str, problem: str, remedy: str) -> None:
    text = str(refused(write))
    said, _, way_out = text.partition("; ")
    assert said.startswith(place), text
    assert any(way in said for way in problem.split("|")), text
    assert remedy in way_out, text


def test_fields_of_events_and_attributes_may_be_given() -> None:
    made = space(
        Increment(Person.points, Begun.size),
        Increment(Person.balance, Decimal("-0.10")),
        Increment(Person.level, 1),
        Append(Person.tags, Begun.name, keep=3, unique=True),
        Append(Person.sizes, 3),
        Emit(Counted, {"number": Person.points, "day": date(2026, 3, 1), "price": Decimal("9.50")}),
    )
    loaded = Workspace.from_json(made.to_json(), profile=Person, events=[Begun, Counted])
    assert loaded.canonical() == made.canonical()
    emitted = made.journeys[0].steps[5]
    assert isinstance(emitted, Emit)
    assert emitted.event_class is Counted
    assert emitted.constants == {"day": "2026-03-01", "price": "9.50"}


def test_a_class_that_only_an_emit_names_is_known() -> None:
    made = Workspace(journeys=[journey(Emit(Counted, {"number": 1}))], timezone="UTC")
    assert set(made.event_classes) == {"begun", "counted"}


def test_data_that_one_of_the_entries_takes_is_enough() -> None:
    either = journey(PAUSE, name="k", entry=[On(Begun), On(Counted)])
    workspace(journey(StartJourney("k", data={"number": 3, "name": "x", "free": True})), either)


# ---- journeys that start one another


STARTS = StartJourney("k")
TELLS = Emit(Counted, {"number": 1})
K: dict[str, Any] = {"name": "k", "entry": On(Counted), "reentry": Always()}


@pytest.mark.parametrize(
    "journeys",
    [
        [journey(StartJourney("j"), reentry=Always())],
        [journey(Emit(Begun), reentry=Restart())],
        [journey(Set(Person.points, 1), MAIL, Emit(Begun), PAUSE, reentry=Always())],
        [journey(Part("a", [StartJourney("j")]), reentry=Always())],
        [journey(Call("f"), Emit(Begun), reentry=Always())],
        [journey(STARTS, reentry=Always()), journey(Emit(Begun), **K)],
        [journey(TELLS, reentry=Always()), journey(StartJourney("j"), **K)],
        [
            journey(STARTS, reentry=Always()),
            journey(StartJourney("l", wait_for_end=True), **K),
            journey(Emit(Begun), name="l", entry=ByCall(), reentry=Always()),
        ],
        [journey(PAUSE), journey(Emit(Counted, {"number": 1}), **K)],
    ],
)
def test_journeys_that_surely_start_one_another_are_refused(journeys: list[Journey]) -> None:  # E5
    error = refused(lambda: workspace(*journeys))
    assert "start one another without end" in error.problem
    assert "journeys[" in error.place
    assert "let time pass" in error.remedy


@pytest.mark.parametrize(
    "journeys",
    [
        [journey(PAUSE, Emit(Begun), reentry=Always())],  # time passes
        [journey(Emit(Begun), reentry=Once())],  # the second one is refused
        [journey(Branch(When(Person.points == 1, [Emit(Begun)])), reentry=Always())],  # perhaps
        [journey(Emit(Begun), entry=On(Begun, where=Begun.size == 1), reentry=Always())],
        [journey(Send("a", via=["email"], on_cap="exit"), Emit(Begun), reentry=Always())],
        [journey(Call("f", on_failure="exit"), Emit(Begun), reentry=Always())],
        [journey(RateLimit(1, per=hours(1)), Emit(Begun), reentry=Always())],
        [journey(STARTS, reentry=Always()), journey(PAUSE, StartJourney("j"), **K)],
        [  # the first waits, and what it waits for does not start it
            journey(StartJourney("k", wait_for_end=True), Emit(Begun), reentry=Always()),
            journey(PAUSE, **K),
        ],
        [journey(Exit(), reentry=Always()), journey(Emit(Begun), **K)],
    ],
)
def test_journeys_that_may_come_to_an_end_are_not(journeys: list[Journey]) -> None:
    workspace(*journeys)


# ---- parts


def reminder(name: str, template: str) -> Part:
    return Part(
        name,
        [
            Send(template, via=["email"]),
            Wait(days(1), label="pause"),
            Branch(
                When(outcome(template) == "accepted", [Goto("pause", at_most=2)]),
                otherwise=[Goto("end")],
            ),
        ],
    )


def test_a_part_is_drawn_in_its_place() -> None:
    made = journey(
        reminder("first", "hello"),
        Part("second", [Send("hello", via=["email"]), Part("in", [PAUSE, Goto("pause")]),
                        Wait(days(2), label="pause")]),
        Wait(days(3), label="end"),
    )  # fmt: skip
    states = made.graph.states
    assert list(states) == [
        "start", "first.hello", "first.pause", "first.branch_3", "first.goto_3.when_1.1",
        "second.hello", "second.in.wait_1", "second.pause", "end",
        "completed", "exited",
    ]  # fmt: skip
    assert states["start"].outcomes["enter"] == "first.hello"
    assert states["first.goto_3.when_1.1"].outcomes["again"] == "first.pause"
    assert states["first.goto_3.when_1.1"].outcomes["done"] == "second.hello"
    assert states["first.branch_3"].outcomes["otherwise"] == "end"  # a label outside
    assert states["second.in.wait_1"].outcomes["done"] == "second.pause"  # the nearest comes first
    assert (
        states["second.in.wait_1"].path
        == "steps[1] › Part 'second' › steps[1] › Part 'in' › steps[0]"
    )
    loaded = Journey.from_json(made.to_json())
    assert loaded == made
    assert loaded.graph.states.keys() == states.keys()


def test_within_a_part_its_own_steps_are_meant() -> None:
    made = journey(
        reminder("first", "hello"), reminder("second", "hello"), Wait(days(3), label="end")
    )
    for name in ("first", "second"):
        branch = made.graph.states[f"{name}.branch_3"].step
        assert isinstance(branch, Branch)
        assert branch.whens[0].condition == (outcome(f"{name}.hello") == "accepted")
    assert made.steps[0] == reminder("first", "hello")  # what was written stays as it is


def test_a_part_may_ask_for_a_step_outside() -> None:
    asks = Branch(When(outcome("hello") == "accepted", [Exit()]))
    made = journey(MAIL, Part("a", [asks]))
    assert made.graph.states["a.branch_1"].step is asks


def test_what_leaves_out_the_next_step_leaves_out_a_part() -> None:
    until = WaitUntil(Person.born, if_past="skip")
    made = journey(until, Part("a", [PAUSE, PAUSE]), Wait(days(3), label="end"))
    assert made.graph.states["wait_until_1"].outcomes["skip"] == "end"
    inside = journey(Part("a", [PAUSE, until]), Part("b", [PAUSE]), Wait(days(3), label="end"))
    assert inside.graph.states["a.wait_until_2"].outcomes["skip"] == "end"


def test_parts_can_be_jumped_to() -> None:
    made = journey(Part("a", [PAUSE, MAIL]), Goto("a", at_most=1), goal=Goal(On(Counted), goto="a"))
    assert made.graph.states["goto_2"].outcomes["again"] == "a.wait_1"
    assert made.graph.jumps == {"goal_1": "a.wait_1"}


# ---- goals


def test_people_jump_to_a_goal_from_every_step() -> None:
    made = journey(
        PAUSE, MAIL, Exit(), Wait(days(1), label="thanks"),
        goal=[Goal(On(Begun)), Goal(On(Counted), goto="thanks")],
    )  # fmt: skip
    assert [goal.ends_run for goal in made.goal] == [True, False]
    for name, state in made.graph.states.items():
        expected = None if name in ("exit_3", "completed", "exited") else "thanks"
        assert state.outcomes.get("goal_2") == expected, name
    assert Journey.from_json(made.to_json()) == made
