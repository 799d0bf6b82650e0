"""A journey is a `transitions` machine, and the table that runs is read off it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import event as note
from hypothesis import strategies as st
from transitions import Machine, MachineError

from journeykit.errors import DefinitionError
from journeykit.machine import (
    Reading,
    build_machine,
    compile_journey,
    compile_workspace,
    journey_machine,
    key_text,
    moves_of,
)
from journeykit.model import (
    Arm,
    Branch,
    Consent,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Goto,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Send,
    Set,
    Split,
    Step,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    count,
    exists,
    outcome,
    total,
)
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import DAY, HOUR, days, hours

CLASSES = [OrderPlaced, PageSeen]
PRO = Customer.plan == "pro"


class Model:
    """Something for `transitions` to move."""

    state: str


def journey(*steps: Step, **options: Any) -> Journey:
    given: dict[str, Any] = {"entry": On(PageSeen), **options}
    return Journey("shop", steps=steps, **given)


def moves(*steps: Step) -> dict[str, dict[str, str]]:
    """State to outcome to state, as the table has it; the exits left out where they are usual."""
    table = compile_journey(journey(*steps))
    return {
        name: {o: to.id for o, to in step.moves.items() if (o, to.id) != ("exit", "exited")}
        for name, step in table.steps.items()
        if step.moves
    }


# ---- both ways


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys(CLASSES, Customer), st.lists(st.integers(0, 7), max_size=40))
def test_the_machine_and_the_table_walk_alike(journey: Journey, choices: list[int]) -> None:
    model = Model()
    machine = journey_machine(journey, model=model)
    step = compile_journey(journey).start
    assert model.state == step.id

    walked = 0
    for choice in choices:
        outcomes = sorted(step.moves)
        assert outcomes == sorted(machine.get_triggers(model.state))
        if not outcomes:
            assert step.kind in ("exit", "completed", "exited")
            break
        outcome = outcomes[choice % len(outcomes)]
        assert getattr(model, outcome)() is True
        step = step.moves[outcome]
        walked += 1
        assert model.state == step.id
    note(f"walked {walked // 5 * 5}+")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys(CLASSES, Customer))
def test_the_table_is_whole(journey: Journey) -> None:
    table = compile_journey(journey)

    assert list(table.steps) == list(journey.graph.states)
    for name, step in table.steps.items():
        assert step.id == name
        assert bool(step.moves) is (step.kind not in ("exit", "completed", "exited"))
        for way, target in step.moves.items():
            assert table.steps[target.id] is target
            assert way.replace("_", "").replace("-", "").isalnum()
        if step.kind == "branch":
            assert [o for _, o in step.plan] == [o for o in step.moves if o.startswith("when_")]
        if step.kind == "split":
            ends = [end for end, _ in step.plan]
            assert ends == sorted(ends)
            assert ends[-1] == 1.0
    # What a run can come to, by hand: follow every way until nothing new is found.
    for step in table.steps.values():
        seen: set[str] = set()
        ways = list(step.moves.values())
        while ways:
            found = ways.pop()
            if found.id not in seen:
                seen.add(found.id)
                ways.extend(found.moves.values())
        waits = {
            n
            for n in seen
            if table.steps[n].kind == "digest"
            or (table.steps[n].kind == "wait_for" and table.steps[n].since_entry)
        }
        assert step.reach == waits


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workspaces(CLASSES, Customer))
def test_every_legal_workspace_compiles(workspace: Workspace) -> None:
    rules = compile_workspace(workspace, older=workspace.journeys)

    assert set(rules.current) == {one.name for one in workspace.journeys}
    assert set(rules.tables) == {(one.name, one.version) for one in workspace.journeys}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys(CLASSES, Customer))
def test_a_part_around_everything_changes_names_only(journey: Journey) -> None:
    data = json.loads(journey.to_json())
    data["steps"] = [{"type": "part", "name": "all", "steps": data["steps"]}]
    for goal in data["goal"]:
        goal["goto"] = goal["goto"] and f"all.{goal['goto']}"
    for rule in data["exits"]:
        if "receipt" in rule:
            rule["of"] = f"all.{rule['of']}"
    whole = Journey.from_json(json.dumps(data))

    def full(name: str) -> str:
        return name if name in ("start", "completed", "exited") else f"all.{name}"

    assert [*whole.graph.states] == [full(name) for name in journey.graph.states]
    for name, state in journey.graph.states.items():
        there = whole.graph.states[full(name)]
        assert there.outcomes == {way: full(to) for way, to in state.outcomes.items()}
        within = "steps[0] › Part 'all' › " if state.path else ""
        assert there.path == within + state.path


def test_a_host_gets_an_ordinary_machine() -> None:
    machine = journey_machine(journey(Wait(hours(1)), Send("hello", via=["email"])))
    model = Model()
    machine.add_model(model)

    assert isinstance(machine, Machine)
    model.enter()  # type: ignore[attr-defined]
    model.done()  # type: ignore[attr-defined]
    assert model.state == "hello"
    with pytest.raises(MachineError):
        model.enter()  # type: ignore[attr-defined]
    assert not hasattr(model, "to_completed")  # auto_transitions=False: only the author's ways


def test_transitions_draws_it() -> None:
    from transitions.extensions import GraphMachine

    graph = journey(Wait(hours(1)), Send("hello", via=["email"])).graph
    model = Model()
    drawn = GraphMachine(
        model=model,
        states=list(graph.states),
        initial="start",
        transitions=[
            {"trigger": o, "source": s, "dest": to}
            for s, outcomes in moves_of(build_machine(graph)).items()
            for o, to in outcomes.items()
        ],
        auto_transitions=False,
        graph_engine="mermaid",
    )
    text = drawn.get_graph().draw(None)
    assert "wait_1 --> hello: done" in text


# ---- ids and ways


def test_ids_are_the_label_the_template_or_the_place() -> None:
    table = compile_journey(
        journey(
            Wait(hours(1)),
            Wait(hours(1), label="second"),
            Send("hello", via=["email"]),
            Branch(
                When(PRO, [Send("twice", via=["email"]), Exit("bought")]),
                otherwise=[Send("twice", via=["email"]), Goto("second")],
            ),
        )
    )
    assert list(table.steps) == [
        "start",
        "wait_1",
        "second",
        "hello",
        "branch_4",
        "send_4.when_1.1",  # this journey sends `twice` twice
        "exit_4.when_1.2",
        "send_4.otherwise.1",
        "completed",
        "exited",
    ]
    assert table.steps["send_4.otherwise.1"].path == "steps[3] › otherwise › steps[0]"


def test_ids_do_not_depend_on_what_stands_behind() -> None:  # V1
    first = [Wait(hours(1)), Send("hello", via=["email"]), Branch(When(PRO, [Exit()]))]
    before = compile_journey(journey(*first)).steps
    after = compile_journey(journey(*first, Wait(days(1)), Send("bye", via=["email"]))).steps
    assert [name for name in after if name in before] == list(before)


def test_a_template_is_no_id_where_a_label_has_it() -> None:
    table = compile_journey(journey(Send("hello", via=["email"]), Wait(hours(1), label="hello")))
    assert list(table.steps)[1:3] == ["send_1", "hello"]
    assert "send_1" in compile_journey(journey(Send("completed", via=["email"]))).steps


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            [Wait(hours(1)), Send("a", via=["email"])],
            {
                "start": {"enter": "wait_1"},
                "wait_1": {"done": "a"},
                "a": {"done": "completed", "dropped": "completed", "failed": "completed"},
            },
        ),
        (  # a branch goes on behind itself, from each of its ways and where it has none
            [Branch(When(PRO, [Wait(hours(1))]), When(PRO)), Wait(hours(2))],
            {
                "start": {"enter": "branch_1"},
                "branch_1": {
                    "when_1": "wait_1.when_1.1", "when_2": "wait_2", "otherwise": "wait_2",
                },
                "wait_1.when_1.1": {"done": "wait_2"},
                "wait_2": {"done": "completed"},
            },
        ),
        (
            [WaitFor(On(OrderPlaced), timeout=days(1), then=[Exit()]), Wait(hours(1))],
            {
                "start": {"enter": "wait_for_1"},
                "wait_for_1": {"event": "exit_1.event.1", "timeout": "wait_2"},
                "wait_2": {"done": "completed"},
            },
        ),
        (
            [Split(Arm("a", 1, [Wait(hours(1))]), Arm("b"))],
            {
                "start": {"enter": "split_1"},
                "split_1": {"arm_a": "wait_1.arm_a.1", "arm_b": "completed"},
                "wait_1.arm_a.1": {"done": "completed"},
            },
        ),
        (  # T9: to leave out the next step
            [WaitUntil(Customer.born, if_past="skip"), Wait(hours(1)), Wait(hours(2))],
            {
                "start": {"enter": "wait_until_1"},
                "wait_until_1": {"done": "wait_2", "skip": "wait_3"},
                "wait_2": {"done": "wait_3"},
                "wait_3": {"done": "completed"},
            },
        ),
        (  # ... where the next one stands behind the branch
            [
                Branch(When(PRO, [WaitUntil(Customer.born, if_past="skip")])),
                Wait(hours(1)),
                Wait(hours(2)),
            ],
            {
                "start": {"enter": "branch_1"},
                "branch_1": {"when_1": "wait_until_1.when_1.1", "otherwise": "wait_2"},
                "wait_until_1.when_1.1": {"done": "wait_2", "skip": "wait_3"},
                "wait_2": {"done": "wait_3"},
                "wait_3": {"done": "completed"},
            },
        ),
        (  # ... and where there is none
            [WaitUntil(Customer.born, if_past="skip")],
            {
                "start": {"enter": "wait_until_1"},
                "wait_until_1": {"done": "completed", "skip": "completed"},
            },
        ),
        (  # a Goto is no state: who comes to it is where it leads, also over several
            [
                Branch(When(PRO, [Goto("b")]), otherwise=[Goto("c")]),
                Goto("c", label="b"),
                Wait(hours(1), label="c"),
                Goto("c"),
            ],
            {
                "start": {"enter": "branch_1"},
                "branch_1": {"when_1": "c", "otherwise": "c"},
                "c": {"done": "c"},
            },
        ),
    ],
)  # fmt: skip
def test_where_the_outcomes_lead(steps: list[Step], expected: dict[str, dict[str, str]]) -> None:
    assert moves(*steps) == expected


@pytest.mark.parametrize(
    "steps",
    [
        # E5: each of these loops lets time pass on every way round
        [Wait(hours(1), label="x"), Goto("x")],
        [WaitUntil(at="09:00", label="x"), Goto("x")],
        [WaitUntil(cron="0 9 * * *", label="x"), Goto("x")],
        [WaitFor(On(OrderPlaced), timeout=hours(1), label="x"), Goto("x")],
        [Branch(When(PRO, [Wait(hours(1)), Goto("b")]), label="b"), Exit()],
        [Send("a", via=["email"], label="x"), Wait(hours(1)), Goto("x")],
    ],
)
def test_loops_that_let_time_pass_are_fine(steps: list[Step]) -> None:
    assert compile_journey(journey(*steps))


def test_a_table_holds_the_plans() -> None:
    table = compile_journey(
        journey(
            Consent("grant", channels=["email"], topic="news"),
            Set(Customer.visits, 3),
            Set(Customer.spent, OrderPlaced.amount),
            Split(Arm("a", 1), Arm("b", 3)),
            Exit("sold"),
            entry=On(OrderPlaced, key=OrderPlaced.gift),
            holdout=0.5,
        )
    )
    plans = {name: step.plan for name, step in table.steps.items()}
    assert plans["consent_1"] == (True, ("email",), "news", None)
    assert plans["set_2"][0] == "visits"
    assert plans["split_4"] == ((0.25, "arm_a"), (1.0, "arm_b"))
    assert plans["exit_5"] == "sold"
    assert (table.keyed, table.holdout, table.reentry) == (True, 0.5, "once")


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), ("a", "a"), (3, "3"), (1.5, "1.5")],
)
def test_a_key_has_one_spelling(value: object, text: str) -> None:  # E1
    assert key_text(value) == text


def reading(**facts: Any) -> Reading:
    made = Reading()
    for name, value in facts.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("until", "profile", "stamp", "is_local"),
    [
        (WaitUntil(Customer.born), {"born": "1970-01-02"}, ("date", DAY), True),
        (WaitUntil(Customer.born), {}, None, True),
        (WaitUntil(Customer.trial_ends), {"trial_ends": "1970-01-01T01:00Z"}, ("instant", HOUR), False),
        (
            WaitUntil(Customer.trial_ends, at="09:00"),
            {"trial_ends": "1970-01-01T00:00:00+00:00"}, ("instant", 0), True,
        ),
        (WaitUntil(Customer.trial_ends), {"trial_ends": None}, None, False),
        (WaitUntil(date(1970, 1, 3)), {}, ("date", 2 * DAY), True),
        (WaitUntil(date(1970, 1, 3), zone="Asia/Tbilisi"), {}, ("date", 2 * DAY), False),
        (WaitUntil(datetime(1970, 1, 2, tzinfo=UTC)), {}, ("instant", DAY), False),
        (WaitUntil(at="09:00"), {}, "nothing to read", True),
    ],
)  # fmt: skip
def test_moments_are_read_as_dates_or_instants(
    until: WaitUntil, profile: dict[str, Any], stamp: object, is_local: bool
) -> None:
    [moment] = [s.plan for s in compile_journey(journey(until)).steps.values() if s.plan]
    told = "nothing to read" if moment.read is None else moment.read(reading(profile=profile))
    assert told == stamp
    assert moment.is_local is is_local  # T8: only these are reckoned anew in another zone


def test_a_message_may_not_leave_after_a_day_of_the_profile() -> None:
    table = compile_journey(journey(Send("a", via=["email"], valid_until=Customer.born)))
    plan = table.steps["a"].plan
    assert plan.valid_until(reading(profile={"born": "1970-01-02"})) == ("date", DAY)
    assert plan.valid_until(reading(profile={})) is None
    assert not plan.chooses_anew
    tries = compile_journey(journey(Send("a", via=["email", "sms"], on_cap="next")))
    assert tries.steps["a"].plan.chooses_anew


def test_values_and_keys_are_read_from_their_facts() -> None:
    table = compile_journey(
        journey(
            Set(Customer.spent, OrderPlaced.amount),
            Set(Customer.visits, 3),
            entry=On(OrderPlaced, key=OrderPlaced.gift),
        )
    )
    made = reading(trigger={"amount": "7"}, event={"gift": True})
    assert table.steps["set_1"].plan[1](made) == "7"
    assert table.steps["set_2"].plan[1](made) == 3
    key = table.entries["order_placed"].key
    assert key is not None
    assert key(made) == "true"
    assert key(reading(event={})) is None


def test_what_a_run_hears_depends_on_where_it_stands() -> None:  # O7
    table = compile_journey(
        journey(
            Wait(hours(1)),
            WaitFor(On(OrderPlaced), timeout=days(1), label="since-entry"),
            WaitFor(On(OrderPlaced), timeout=days(1), label="since-step", since="step"),
        )
    )

    def heard(step: str) -> tuple[int, list[str]]:
        found = table.hearing(table.steps[step], "order_placed")
        assert found is not None
        assert table.hearing(table.steps[step], "order_placed") is found
        return len(found.here), [waiting.id for waiting, _ in found.ahead]

    assert heard("wait_1") == (0, ["since-entry"])
    assert heard("since-entry") == (1, [])
    assert heard("since-step") == (1, [])
    assert table.hearing(table.steps["wait_1"], "page_seen") is None


# ---- what is read meets the classes


class Renamed(Event, name="page_seen"):
    url: str
    seconds: str = ""


class Stranger(Profile):
    plan: str = ""
    visits: str | None = None


def workspace(*written: Journey, **options: Any) -> Workspace:
    loaded = [Journey.from_json(one.to_json()) for one in written]
    return Workspace(
        **{
            "journeys": loaded,
            "timezone": "UTC",
            "profile": Customer,
            "events": CLASSES,
            "policy": Policy(consent={"email": "opt-in"}),
            **options,
        }
    )


READS_PAGE = On(PageSeen, where=PageSeen.page == "x")
READS_SECONDS = On(PageSeen, where=PageSeen.seconds >= 3)


@pytest.mark.parametrize(
    ("make", "place", "problem", "remedy"),
    [
        (
            lambda: workspace(journey(Exit(), entry=READS_PAGE), events=[Renamed]),
            "Journey 'shop' › entry[0] › where", "page_seen has no field 'page'", "url, seconds",
        ),
        (
            lambda: workspace(journey(Exit(), entry=READS_SECONDS), events=[Renamed]),
            "Journey 'shop' › entry[0] › where", "page_seen.seconds as kind 'integer'", "'text'",
        ),
        (
            lambda: workspace(journey(Set(Customer.visits, 3)), profile=Stranger),
            "Journey 'shop' › steps[0] › field", "as kind 'integer'", "'text'",
        ),
        (
            lambda: workspace(journey(WaitUntil(Customer.born)), profile=Stranger),
            "Journey 'shop' › steps[0] › moment", "profile has no field 'born'", "plan, visits",
        ),
        (
            lambda: workspace(
                journey(WaitUntil(OrderPlaced.paid_at), entry=[On(PageSeen), On(OrderPlaced)])
            ),
            "Journey 'shop' › steps[0] › moment",
            "a run may also start with page_seen, which has no field 'paid_at'",
            "page_seen and order_placed have in common",
        ),
        (
            lambda: workspace(
                journey(Branch(When(count(OrderPlaced) >= 1, [Exit()]))), events=[PageSeen]
            ),
            "Journey 'shop' › steps[0] › whens[0] › condition", "class of event 'order_placed'",
            "events=[...]",
        ),
        (
            lambda: workspace(
                journey(Exit()), events=[PageSeen],
                policy=Policy(
                    consent={"email": "opt-in"},
                    caps=[FrequencyCap(1, per="day", where=total(OrderPlaced.amount) > 3)],
                ),
            ),
            "Policy.caps[0] › where", "class of event 'order_placed'", "events=[...]",
        ),
        (
            lambda: workspace(
                journey(Exit()), profile=Stranger,
                policy=Policy(
                    consent={"email": "opt-in"},
                    quiet_hours=[QuietHours("21:00", "08:00", where=exists(Customer.born))],
                ),
            ),
            "Policy.quiet_hours[0] › where", "profile has no field 'born'", "the fields of Stranger",
        ),
        (
            lambda: workspace(
                journey(Branch(When(count(PageSeen, where=PageSeen.page == "x") > 1, [Exit()]))),
                events=[Renamed],
            ),
            "Journey 'shop' › steps[0] › whens[0] › condition", "has no field 'page'", "url",
        ),
    ],
)  # fmt: skip
def test_what_is_read_must_exist(make: Any, place: str, problem: str, remedy: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_workspace(make())
    assert caught.value.place == place
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_fields_that_all_entries_have_can_be_read() -> None:
    class PagePrinted(Event):
        page: str

    entry = [On(PageSeen), On(PagePrinted)]
    compile_workspace(
        Workspace(
            journeys=[journey(Branch(When(PagePrinted.page == "x", [Exit()])), entry=entry)],
            timezone="UTC",
        )
    )


def test_old_versions_outlive_their_classes() -> None:  # V1
    old = Journey.from_json(
        journey(Branch(When(count(OrderPlaced) >= 1, [Exit()])), version=1).to_json()
    )
    now = journey(Wait(hours(1)), version=2)
    rules = compile_workspace(Workspace(journeys=[now], timezone="UTC"), older=[old])
    assert set(rules.tables) == {("shop", 1), ("shop", 2)}
    assert rules.table("shop", 1).steps["branch_1"]
    assert rules.current["shop"].version == 2


def test_the_profile_is_asked_for_only_where_it_is_read() -> None:
    plain = journey(Send("a", via=["email"]))
    assert not compile_workspace(workspace(plain)).reads_profile
    assert compile_workspace(workspace(journey(Branch(When(PRO, [Exit()]))))).reads_profile
    assert compile_workspace(
        workspace(
            plain,
            policy=Policy(
                consent={"email": "opt-in"}, caps=[FrequencyCap(1, per="day", where=PRO)]
            ),
        )
    ).reads_profile
    told = journey(Send("a", via=["email"]), Branch(When(outcome("a") == "failed", [Exit()])))
    assert not compile_workspace(workspace(told)).reads_profile


def test_a_stream_is_counted_once_for_its_longest_window() -> None:
    asked = [
        count(OrderPlaced, within=days(3)) >= 1,
        count(OrderPlaced, within=days(30)) >= 1,
        count(OrderPlaced) >= 1,
    ]
    rules = compile_workspace(workspace(journey(Branch(*(When(a, [Exit()]) for a in asked)))))
    [stream] = rules.streams["order_placed"]
    assert rules.reaches == {stream.id: stream.reach}
    assert stream.reach is not None
    assert stream.reach >= 30 * 86_400_000_000


def test_goals_exits_and_waits_are_indexed_by_event() -> None:
    table = compile_journey(
        journey(
            WaitFor([On(OrderPlaced), On(PageSeen)], timeout=days(1)),
            goal=Goal(On(OrderPlaced), within=days(7)),
            exits=[On(PageSeen), PRO],
        )
    )
    assert set(table.hears) == {"order_placed", "page_seen"}
    assert [goal.title for goal in table.hears["order_placed"].goals] == ["order_placed"]
    assert len(table.hears["page_seen"].exits) == 1
    assert len(table.exit_conditions) == 1


# ---- size


def test_a_chain_of_a_thousand_timeless_steps_compiles() -> None:
    chain = [Send(f"t{number}", via=["email"]) for number in range(1000)]
    assert len(compile_journey(journey(*chain)).steps) == 1003
