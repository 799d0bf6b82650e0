"""What acting steps do as time passes: numbers, lists, events, loops, goals, started journeys."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from journeykit import (
    Address,
    AfterExit,
    Always,
    Append,
    Arm,
    Branch,
    ByCall,
    Emit,
    EntryCap,
    Event,
    Exit,
    Experiment,
    FrequencyCap,
    Goal,
    Goto,
    Increment,
    Journey,
    On,
    Part,
    Policy,
    Profile,
    Rejected,
    Restart,
    Send,
    Set,
    Simulation,
    StartJourney,
    Wait,
    WaitFor,
    When,
    Workspace,
    count,
    days,
    hours,
    outcome,
)
from journeykit.kernel import encode_state, replay
from journeykit.kernel import journal as j
from journeykit.model import Step


class Begun(Event):
    size: int = 0
    name: str = ""
    key: str | None = None


class Counted(Event):
    number: int = 0
    plan: Literal["free", "pro"] = "free"


class Bought(Event):
    item: str = ""


class Person(Profile):
    points: int | None = None
    level: float = 0.0
    balance: Decimal = Decimal(0)
    tags: tuple[str, ...] = ()
    plan: str = ""
    tier: Literal["s", "m"] = "s"
    stars: int = Field(default=0, le=5)
    sizes: tuple[Literal["s", "m"], ...] = ()
    code: Annotated[str, Field(pattern="^[a-z]*$")] | None = None
    email: Annotated[str | None, Address("email")] = None


EVENTS: list[type[Event]] = [Begun, Counted, Bought]
PAUSE = Wait(hours(1))
START = "2026-03-02 08:00"


def mail(template: str, **options: Any) -> Send:
    return Send(template, via=["email"], **options)


def journey(*steps: Step, name: str = "main", **options: Any) -> Journey:
    return Journey(name, steps=steps, **{"entry": On(Begun), "reentry": Always(), **options})


def other(*steps: Step, name: str = "other", **options: Any) -> Journey:
    return journey(*steps, name=name, **{"entry": ByCall(), **options})


def space_of(*journeys: Journey, **policy: Any) -> Workspace:
    return Workspace(
        journeys=journeys, timezone="UTC", profile=Person, events=EVENTS,
        policy=Policy(consent={"email": "opt-out"}, **policy),
    )  # fmt: skip


def simulation(*journeys: Journey, **policy: Any) -> Simulation:
    return Simulation(space_of(*journeys, **policy), at=START)


def begin(*journeys: Journey, event: Event | None = None) -> tuple[Simulation, Any]:
    """Simulate a customer to whom one event happened."""
    sim = simulation(*journeys)
    ann = sim.customer("ann", {"email": "ann@example.org"})
    ann.track(event or Begun())
    return sim, ann


def lines(ann: Any, *kinds: str) -> list[str]:
    return [line.text for line in ann.timeline.lines if line.kind in kinds]


def ends(ann: Any, journey: str = "main") -> list[str]:
    found = [line for line in ann.timeline.lines if line.kind == "end" and line.journey == journey]
    return [line.reason for line in found]


# ---- numbers and lists


@pytest.mark.parametrize(
    ("steps", "name", "value"),
    [
        ([Increment(Person.points, 5)], "points", 5),  # nothing counts as 0
        ([Set(Person.points, 7), Increment(Person.points, -9)], "points", -2),
        ([Increment(Person.points, Begun.size)], "points", 3),
        ([Increment(Person.level, 0.5), Increment(Person.level, 1)], "level", 1.5),
        ([Increment(Person.balance, "0.10")] * 3, "balance", "0.30"),  # exactly
        ([Increment(Person.balance, Decimal("-1e20")), Increment(Person.balance, "0.01")], "balance",
         "-99999999999999999999.99"),
        ([Append(Person.tags, "a"), Append(Person.tags, "b"), Append(Person.tags, "a")], "tags",
         ["a", "b", "a"]),
        ([Append(Person.tags, "a"), Append(Person.tags, "b"), Append(Person.tags, "a", unique=True)],
         "tags", ["a", "b"]),
        ([Append(Person.tags, str(n), keep=2) for n in range(5)], "tags", ["3", "4"]),
        ([Append(Person.tags, Begun.name)], "tags", ["x"]),
        ([Append(Person.tags, Begun.key)], "tags", []),  # an empty field adds nothing
    ],
)  # fmt: skip
def test_numbers_and_lists_grow(steps: list[Step], name: str, value: object) -> None:
    _, ann = begin(journey(*steps), event=Begun(size=3, name="x"))
    assert ann.profile[name] == value
    assert len(lines(ann, "set")) == len(steps)
    assert ends(ann) == ["completed"]


@pytest.mark.parametrize(
    "steps",
    [
        [Set(Person.points, 2**63 - 1), Increment(Person.points, 1)],
        [Increment(Person.points, -(2**63) + 1), Increment(Person.points, -1)],
        [Set(Person.level, 1.7e308), Increment(Person.level, 1.7e308)],
        [Set(Person.balance, "9" * 99), Increment(Person.balance, 1)],
    ],
)
def test_a_sum_that_cannot_be_kept_fails_its_run_alone(steps: list[Step]) -> None:
    sim, ann = begin(journey(*steps, mail("never")), journey(PAUSE, mail("hello"), name="b"))
    sim.advance(hours(2))
    assert ends(ann) == ["number_out_of_range"]
    assert ann.received == ["hello"]


@pytest.mark.parametrize(
    "steps",
    [
        [Set(Person.tier, Begun.name)],
        [Set(Person.stars, 5), Increment(Person.stars, 1)],
        [Append(Person.sizes, Begun.name)],
        [Set(Person.code, Begun.name)],
    ],
)
def test_a_value_that_the_class_does_not_take_fails_the_run_alone(steps: list[Step]) -> None:
    both = journey(*steps, mail("never")), journey(mail("hello"), name="second")
    _, ann = begin(*both, event=Begun(name="gold!"))
    assert ends(ann) == ["invalid_value"]
    assert ann.received == ["hello"]


def test_a_changed_number_may_end_a_run_by_its_condition() -> None:  # E2
    rule = Person.points >= 5  # type: ignore[operator]
    _, ann = begin(journey(Increment(Person.points, 5), mail("never"), exits=[rule]))
    assert ends(ann) == ["exit_condition"]
    assert not ann.received


# ---- emitted events


def test_an_emitted_event_is_an_event_like_all_others() -> None:  # O6
    _, ann = begin(
        journey(Emit(Counted, {"number": Begun.size, "plan": "pro"}), PAUSE,
                Branch(When(count(Counted) >= 1, [mail("counted")]))),
        journey(PAUSE, name="leaves", exits=On(Counted)),
        journey(WaitFor(On(Counted, where=Counted.number == 3), timeout=days(1)), mail("awaited"),
                name="waits"),
        journey(mail("entered"), name="enters", entry=On(Counted, where=Counted.plan == "pro")),
        event=Begun(size=3),
    )  # fmt: skip
    assert sorted(ann.received) == ["awaited", "entered"]
    assert ends(ann, "leaves") == ["counted"]
    assert lines(ann, "event") == ["event begun", "emits event counted"]
    [emitted] = [line for line in ann.timeline.lines if line.text == "emits event counted"]
    assert emitted.journey == "main"


def test_what_is_emitted_waits_until_the_input_is_done() -> None:  # O6
    first = journey(Emit(Counted, {"number": 1}), Emit(Counted, {"number": 2}), name="a")
    second = journey(Set(Person.plan, "begun"), name="z")
    third = journey(
        Branch(When(Person.plan == "begun", [mail("after")])), name="c", entry=On(Counted)
    )
    _, ann = begin(first, second, third)
    assert ann.received == ["after", "after"]
    assert [line.split()[-1] for line in lines(ann, "event")] == ["begun", "counted", "counted"]


def test_a_run_hears_what_it_emits_itself() -> None:
    awaits = WaitFor(On(Counted), timeout=days(1), since="step", then=[mail("heard")])
    _, ann = begin(journey(Emit(Counted), awaits))
    assert ann.received == ["heard"]


def test_a_timer_emits_too() -> None:
    sim, ann = begin(
        journey(PAUSE, Emit(Counted)), journey(mail("hello"), name="b", entry=On(Counted))
    )
    assert not ann.received
    sim.advance(hours(1))
    assert ann.received == ["hello"]


def test_a_message_that_is_over_may_emit() -> None:
    _, ann = begin(
        journey(mail("hello"), Emit(Counted)), journey(mail("then"), name="b", entry=On(Counted))
    )
    assert ann.received == ["hello", "then"]


def test_a_value_that_does_not_fit_fails_the_run_alone() -> None:
    tells = Emit(Counted, {"plan": Begun.name})  # which is no plan
    _, ann = begin(journey(tells), journey(mail("hello"), name="b"), event=Begun(name="gold"))
    assert ends(ann) == ["invalid_event"]
    assert ann.received == ["hello"]
    assert lines(ann, "event") == ["event begun"]


def test_an_empty_field_is_left_out() -> None:
    _, ann = begin(
        journey(Emit(Begun, {"key": Begun.key, "size": 9}), entry=On(Begun, where=Begun.size < 9)),
        journey(Append(Person.tags, Begun.name), name="b", entry=On(Begun, where=Begun.size == 9)),
    )
    assert ann.profile["tags"] == [""]


ENDLESS = When(Person.plan == "", [Emit(Begun, {"size": Begun.size}), Emit(Begun)])


def test_a_circle_without_end_fails_and_holds_up_nobody() -> None:  # E5
    sim, ann = begin(
        journey(Branch(ENDLESS)),
        journey(PAUSE, mail("hello"), name="patient", reentry=AfterExit()),
    )
    assert "too_many_steps" in ends(ann)
    sim.advance(hours(2))
    assert ann.received == ["hello"]


def test_a_circle_of_waits_ends_too() -> None:  # E5
    ping = [WaitFor(On(Counted), timeout=days(1), label="w"), Emit(Bought), Goto("w")]
    pong = [WaitFor(On(Bought), timeout=days(1), label="w", since="step"), Emit(Counted), Goto("w")]
    _, ann = begin(
        journey(*ping, reentry=AfterExit()),
        journey(*pong, name="pong", reentry=AfterExit()),
        journey(Emit(Counted), name="serves"),
    )
    assert "too_many_steps" in ends(ann) + ends(ann, "pong")


# ---- loops and goals


def test_a_bounded_goto_goes_round_as_often_as_it_says() -> None:
    sim, ann = begin(
        journey(mail("hello", label="again"), PAUSE, Goto("again", at_most=3), mail("bye"))
    )
    sim.advance(days(1))
    assert ann.received == ["hello"] * 4 + ["bye"]
    assert lines(ann, "move").count("goes round again") == 3
    ann.track(Begun())  # another run counts anew
    sim.advance(days(1))
    assert ann.received.count("hello") == 8


def test_loops_within_loops_count_on() -> None:
    sim, ann = begin(
        journey(
            mail("outer", label="outer"),
            mail("inner", label="inner"), PAUSE, Goto("inner", at_most=2), Goto("outer", at_most=1),
        )
    )  # fmt: skip
    sim.advance(days(1))
    assert ann.received == ["outer", "inner", "inner", "inner", "outer", "inner"]


def test_people_jump_to_a_goal_from_anywhere_once() -> None:  # E3
    steps = [mail("hello"), Wait(days(1)), mail("later"), Exit("lost"), mail("thanks", label="thanks"),
             Wait(days(1)), mail("more")]  # fmt: skip
    sim, ann = begin(journey(*steps, goal=Goal(On(Bought), goto="thanks")))
    sim.advance(hours(1))
    ann.track(Bought())
    assert ann.received == ["hello", "thanks"]
    ann.track(Bought())  # it counts once
    sim.advance(days(2))
    assert ann.received == ["hello", "thanks", "more"]
    assert ends(ann) == ["completed"]
    assert "goes on where its goal leads" in lines(ann, "move")


@pytest.mark.parametrize(
    ("within", "tags"), [(None, ["thanks"]), (hours(1), ["asked"]), (hours(2), ["thanks"])]
)
def test_a_goal_that_was_reached_before_a_late_trigger_came_leads_on_at_once(
    within: Any, tags: list[str]
) -> None:  # O5 E3
    goal = Goal(On(Bought), goto="thanks", within=within)
    last = Append(Person.tags, "thanks", label="thanks")
    sim = simulation(
        journey(Append(Person.tags, "asked"), mail("asked"), PAUSE, Exit(), last, goal=goal)
    )
    ann = sim.customer("ann", {"email": "ann@example.org"})
    sim.advance(hours(3))
    ann.track(Bought(), occurred_at=sim.now - timedelta(hours=1))
    ann.track(Begun(), occurred_at=sim.now - timedelta(hours=2))
    assert ann.profile["tags"] == tags
    ann.track(Bought())  # which counts once
    assert ann.profile["tags"] == tags
    entries = sim.runner.journal("ann")
    assert encode_state(replay("ann", entries)) == sim.runner.store.load(["ann"])["ann"].body


def test_without_the_goal_its_steps_are_not_taken() -> None:
    steps = [mail("hello"), Exit("lost"), mail("thanks", label="thanks")]
    _, ann = begin(journey(*steps, goal=Goal(On(Bought), goto="thanks")))
    assert ann.received == ["hello"]
    assert ends(ann) == ["lost"]


def test_what_a_run_held_is_withdrawn_when_it_jumps() -> None:
    sim = simulation(
        journey(mail("offer"), Exit(), mail("thanks", label="thanks"),
                goal=Goal(On(Bought), goto="thanks")),
    )  # fmt: skip
    ann = sim.customer("ann", {"email": "ann@example.org"})
    with sim.downtime():
        ann.track(Begun())
        ann.track(Bought())
    sim.advance(hours(1))
    assert ann.received == ["thanks"]


def test_the_goal_comes_before_what_the_run_waits_for() -> None:  # O6
    awaits = WaitFor(On(Bought), timeout=days(1), then=[mail("awaited")])
    goals = [Goal(On(Bought), goto="thanks"), Goal(On(Bought), ends_run=False, name="counted")]
    _, ann = begin(journey(awaits, Exit(), mail("thanks", label="thanks"), goal=goals))
    ann.track(Bought())
    assert ann.received == ["thanks"]
    assert len(lines(ann, "goal")) == 2


def test_a_run_that_leaves_by_the_same_event_does_not_jump() -> None:
    made = journey(
        PAUSE, Exit(), mail("thanks", label="thanks"),
        goal=Goal(On(Bought), goto="thanks"), exits=On(Bought),
    )  # fmt: skip
    _, ann = begin(made)
    ann.track(Bought())
    assert not ann.received
    assert ends(ann) == ["bought"]


def test_a_jump_back_counts_as_a_second_visit() -> None:
    made = journey(
        PAUSE, mail("hello", label="hello"), Wait(days(1)), goal=Goal(On(Bought), goto="hello")
    )
    sim, ann = begin(made)
    sim.advance(hours(2))
    ann.track(Bought())
    assert ann.received == ["hello", "hello"]


# ---- experiments and parts


def test_a_customer_is_in_one_arm_everywhere() -> None:
    def arms(a: str, b: str) -> tuple[Arm, Arm]:
        return Arm("a", 1, [Append(Person.tags, a)]), Arm("b", 3, [Append(Person.tags, b)])

    sim = simulation(
        journey(Experiment("x", *arms("a", "b")), Append(Person.tags, "|")),
        journey(Experiment("x", *arms("a", "b"), label="again"), name="second"),
    )
    found = set()
    for number in range(40):
        ann = sim.customer(f"c{number}")
        ann.track(Begun())
        ann.track(Begun())
        letters = set(ann.profile["tags"]) - {"|"}
        assert len(letters) == 1
        found |= letters
    assert found == {"a", "b"}


def test_a_part_runs_as_if_it_were_written_in_its_place() -> None:
    def reminder(template: str) -> list[Step]:
        accepted = When(outcome(template) == "accepted", [Append(Person.tags, template)])
        return [mail(template, label=template), PAUSE, Branch(accepted)]

    inline = journey(*reminder("a"), *reminder("b"))
    parts = journey(Part("first", reminder("a")), Part("second", [Part("in", reminder("b"))]))
    found = []
    for made in (inline, parts):
        sim, ann = begin(made)
        sim.advance(days(1))
        found.append((ann.received, list(ann.profile["tags"]), ends(ann), len(ann.timeline.lines)))
    assert found[0] == found[1] == (["a", "b"], ["a", "b"], ["completed"], found[0][3])


# ---- failures


@pytest.mark.parametrize(
    ("on_failure", "expected"),
    [
        ("continue", (["behind"], ["completed"])),
        ("exit", ([], ["message_failed"])),
        ([Append(Person.tags, "failed")], (["failed", "behind"], ["completed"])),
        ([Append(Person.tags, "failed"), Exit("gave-up")], (["failed"], ["gave-up"])),
        ([], (["behind"], ["completed"])),
    ],
)
def test_a_failed_message_takes_its_way(on_failure: Any, expected: Any) -> None:  # D3
    sim = simulation(journey(mail("hello", on_failure=on_failure), Append(Person.tags, "behind")))
    sim.channel("email").answer(Rejected("gone"))
    ann = sim.customer("ann", {"email": "ann@example.org"})
    ann.track(Begun())
    assert (list(ann.profile.get("tags", ())), ends(ann)) == expected


# ---- started journeys


GO = "go"


def asks(*words: str) -> Branch:
    """Note which of the outcomes it is."""
    return Branch(*(When(outcome(GO) == word, [Append(Person.tags, word)]) for word in words))


WORDS = asks(
    "started", "refused", "completed", "exited", "goal", "cancelled", "failed", "restarted"
)


def test_a_journey_is_started_and_not_waited_for() -> None:
    sim, ann = begin(
        journey(StartJourney("other", label=GO), WORDS, mail("behind")), other(PAUSE, mail("child"))
    )
    assert ann.received == ["behind"]
    assert ann.profile["tags"] == ["started"]
    sim.advance(hours(1))
    assert ann.received == ["behind", "child"]
    assert lines(ann, "start") == ["starts other"]


def test_data_and_key_come_from_the_run_that_starts() -> None:
    keyed = other(
        Append(Person.tags, Begun.name), Increment(Person.points, Begun.size), PAUSE,
        entry=On(Begun, where=Begun.size > 9, key=Begun.key), reentry=AfterExit(),
    )  # fmt: skip
    starts = StartJourney(
        "other", key=Begun.key, data={"name": Begun.name, "size": 4, "more": True}
    )
    _, ann = begin(journey(starts), keyed, event=Begun(name="x", key="k1"))
    assert ann.profile["tags"] == ["x"]
    assert ann.profile["points"] == 4
    [run] = ann.enrollments
    assert run.key == "k1"


@pytest.mark.parametrize(
    ("child", "then", "word"),
    [
        (other(PAUSE), None, "completed"),
        (other(PAUSE, Exit("over")), None, "exited"),
        (other(Exit("at-once")), None, "exited"),  # before the other knows that it was started
        (other(PAUSE, Set(Person.timezone, Person.plan)), None, "failed"),
        (other(Wait(days(9)), goal=Goal(On(Bought))), "bought", "goal"),
        (other(Wait(days(9)), exits=On(Bought)), "bought", "exited"),
        (other(Wait(days(9))), "cancel", "cancelled"),
        (other(Wait(days(9)), entry=On(Bought), reentry=Restart()), "bought", "restarted"),
    ],
)
def test_the_end_is_waited_for_and_read(child: Any, then: str | None, word: str) -> None:
    go = StartJourney("other", label=GO, wait_for_end=True)
    sim, ann = begin(journey(Set(Person.plan, "nowhere"), go, WORDS, mail("behind")), child)
    if then == "bought":
        ann.track(Bought())
    if then == "cancel":
        ann.cancel("other")
    sim.advance(hours(2))
    assert ann.profile["tags"] == [word]
    assert ann.received == ["behind"]
    assert ends(ann) == ["completed"]


def test_what_came_of_a_start_is_told_in_words() -> None:
    _, ann = begin(journey(StartJourney("other", wait_for_end=True)), other(Exit()))
    assert lines(ann, "start", "return") == [
        "starts other", "the run that it starts has begun", "the run that it starts is over: exited",
    ]  # fmt: skip


def test_a_refused_start_goes_on_at_once() -> None:  # E4
    go = StartJourney("other", label=GO, wait_for_end=True)
    sim, ann = begin(journey(PAUSE, go, WORDS), other(Wait(days(9)), reentry=AfterExit()))
    ann.enroll("other")
    sim.advance(hours(1))
    assert ann.profile["tags"] == ["refused"]
    assert [line.reason for line in ann.timeline.lines if line.kind == "refuse"] == [
        "already_inside"
    ]


def test_what_an_entry_asks_of_its_event_is_not_asked_of_a_start() -> None:  # as of a call
    child = other(mail("child"), entry=On(Counted, where=Counted.number > 5))
    _, ann = begin(journey(StartJourney("other", label=GO, data={"number": 1}), WORDS), child)
    assert (ann.received, ann.profile["tags"]) == (["child"], ["started"])


def test_a_key_without_a_value_is_refused() -> None:
    keyed = other(PAUSE, entry=On(Begun, where=Begun.size > 9, key=Begun.key))
    _, ann = begin(journey(StartJourney("other", label=GO, key=Begun.key), WORDS), keyed)
    assert ann.profile["tags"] == ["refused"]
    reasons = [line.reason for line in ann.timeline.lines if line.kind == "refuse"]
    assert "key_missing" in reasons


def test_a_time_out_ends_the_wait_and_not_the_journey() -> None:
    late = [asks("started"), mail("late")]
    go = StartJourney("other", label=GO, wait_for_end=True, timeout=hours(1), on_timeout=late)
    sim, ann = begin(journey(go, mail("behind")), other(Wait(hours(2)), mail("child")))
    sim.advance(hours(1))
    assert ann.received == ["late", "behind"]
    assert ann.profile["tags"] == ["started"]
    sim.advance(hours(1))
    assert ann.received == ["late", "behind", "child"]
    assert ends(ann) == ["completed"]


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_an_end_at_the_very_time_out_still_counts_whatever_the_journey_is_called(
    name: str,
) -> None:  # O2
    go = StartJourney(
        name, label=GO, wait_for_end=True, timeout=hours(1), on_timeout=[mail("late")]
    )
    sim, ann = begin(journey(go, WORDS), other(Wait(hours(1)), name=name))
    sim.advance(hours(2))
    assert not ann.received
    assert ann.profile["tags"] == ["completed"]


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_what_is_emitted_at_the_very_time_out_still_counts(name: str) -> None:  # O2
    heard = WaitFor(On(Counted), timeout=hours(1), then=[mail("heard")], on_timeout=[mail("late")])
    sim, ann = begin(journey(heard), journey(PAUSE, Emit(Counted), name=name))
    sim.advance(hours(2))
    assert ann.received == ["heard"]


def test_a_run_that_has_gone_on_is_not_told() -> None:
    go = StartJourney("other", label=GO, wait_for_end=True)
    sim, ann = begin(
        journey(
            go, Exit(), Wait(days(1), label="bought"), WORDS, goal=Goal(On(Bought), goto="bought")
        ),
        other(PAUSE, mail("child")),
    )
    ann.track(Bought())
    sim.advance(days(2))
    assert ann.received == ["child"]
    assert ann.profile["tags"] == ["started"]


def test_the_other_run_lives_on_when_this_one_ends() -> None:
    go = StartJourney("other", label=GO, wait_for_end=True)
    sim, ann = begin(journey(go, exits=On(Bought)), other(PAUSE, mail("child")))
    ann.track(Bought())
    assert ends(ann) == ["bought"]
    sim.advance(hours(1))
    assert ann.received == ["child"]


def test_on_a_loop_only_the_latest_run_counts() -> None:
    again = [Append(Person.tags, "late"), Goto("go")]
    go = StartJourney("other", label=GO, wait_for_end=True, timeout=hours(2), on_timeout=again)
    # The first child ends an hour into the second visit, and tells nobody.
    sim, ann = begin(
        journey(go, Append(Person.tags, "over"), exits=On(Bought)), other(Wait(hours(3)))
    )
    sim.advance(hours(3))
    assert ann.profile["tags"] == ["late"]
    sim.advance(hours(1))
    assert ann.profile["tags"] == ["late", "late"]


def test_a_start_waits_for_its_slot_under_an_entry_cap() -> None:
    go = StartJourney("other", label=GO)
    sim = simulation(
        journey(go, WORDS), other(PAUSE, mail("child"), entry_caps=[EntryCap(1, per="day")])
    )
    found = []
    for name in ("ann", "ben"):
        customer = sim.customer(name, {"email": f"{name}@example.org"})
        customer.track(Begun())
        found.append(customer)
    sim.advance(hours(1))
    assert [list(one.profile["tags"]) for one in found] == [["started"], ["refused"]]
    assert [one.received for one in found] == [["child"], []]


def test_journeys_that_may_start_one_another_fail_in_the_end() -> None:  # E5
    again = Branch(When(Person.plan == "", [StartJourney("other", wait_for_end=True)]))
    _, ann = begin(
        journey(StartJourney("other")), other(again), journey(mail("hello"), name="patient")
    )
    assert "too_many_steps" in ends(ann, "other")
    assert ann.received == ["hello"]


def test_what_happened_is_in_the_journal() -> None:
    go = StartJourney("other", label=GO, wait_for_end=True, timeout=days(1))
    sim, _ = begin(
        journey(Increment(Person.points, 1), Emit(Counted), go, PAUSE, Goto("go", at_most=1)),
        other(PAUSE, mail("child")),
    )
    sim.advance(days(1))
    entries = sim.runner.journal("ann")
    assert {j.Started, j.Returned, j.Assigned} <= {type(entry) for entry in entries}
    parents = [entry.parent for entry in entries if isinstance(entry, j.Entered)]
    assert [bool(parent) for parent in parents] == [False, True, True]
    assert not replay("ann", entries).enrollments


def test_nobody_makes_room_for_what_waits_for_another_run() -> None:  # G3
    go = StartJourney("other", wait_for_end=True, timeout=hours(1))
    cap = FrequencyCap(1, per=days(1), look_ahead=hours(2))
    sim = simulation(
        journey(go, mail("later", priority=9)),
        journey(mail("now"), name="second", entry=On(Bought)),
        other(Wait(days(1))),
        caps=[cap],
    )
    ann = sim.customer("ann", {"email": "ann@example.org"})
    ann.track(Begun())
    ann.track(Bought())
    assert ann.received == ["now"]


# ---- older versions


class Gone(Event):
    """A class that the workspace has no more, some day."""


def test_a_run_of_an_older_version_outlives_what_it_starts_and_emits() -> None:  # V1
    starts = journey(PAUSE, StartJourney("other", label=GO), WORDS, version=1)
    tells = journey(PAUSE, Emit(Gone), mail("never"), name="tells", version=1)
    sim, ann = begin(starts, tells, other(PAUSE))
    newer = [journey(PAUSE, version=2), journey(PAUSE, name="tells", version=2)]
    sim.publish(space_of(*newer))
    sim.advance(hours(2))
    assert ann.profile["tags"] == ["refused"]
    assert [line.reason for line in ann.timeline.lines if line.kind == "refuse"] == [
        "unknown_journey"
    ]
    assert ends(ann, "tells") == ["invalid_event"]
    assert not ann.received


def test_data_is_kept_as_the_entry_event_would_have_it() -> None:
    class Offered(Event):
        price: Decimal = Decimal(0)
        plan: Literal["free", "pro"] = "free"

    child = other(
        Branch(When(Offered.price == Decimal("0.1"), [Append(Person.tags, "exact")])),
        entry=On(Offered),
    )
    starts = StartJourney("other", label=GO, data={"price": 0.1, "plan": Begun.name})
    _, ann = begin(journey(starts, WORDS), child, event=Begun(name="pro"))
    assert ann.profile["tags"] == ["exact", "started"]
    ann.track(Begun(name="gold"))  # which is no plan
    assert ann.profile["tags"] == ["exact", "started", "refused"]
    [no] = [line for line in ann.timeline.lines if line.kind == "refuse"]
    assert no.reason == "invalid_data"
