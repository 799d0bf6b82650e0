"""Order and determinism, sentence by sentence: rules O1 to O9, through the public API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from journeykit import (
    AfterExit,
    Always,
    Arm,
    Branch,
    Duration,
    Event,
    Exit,
    Goal,
    Goto,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    QuietHours,
    Restart,
    Retry,
    Send,
    Set,
    Simulation,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    count,
    days,
    hours,
    minutes,
)
from journeykit.errors import FutureEventError
from journeykit.kernel import encode_entries
from journeykit.kernel import journal as j
from journeykit.simulation import ScriptedChannel

EMAIL = Policy(consent={"email": "opt-out"})


class Begun(Event):
    key: str = "a"


class Paid(Event):
    key: str = "a"
    amount: Decimal = Decimal(0)


class Gone(Event):
    key: str = "a"


class Person(Profile):
    plan: str = "free"
    tier: str = ""


def workspace(*journeys: Journey, **more: Any) -> Workspace:
    return Workspace(
        **{
            "journeys": list(journeys), "timezone": "UTC", "policy": EMAIL, "profile": Person,
            "events": [Begun, Paid, Gone], **more,
        }
    )  # fmt: skip


def waiting(**more: Any) -> Workspace:
    """One hour's wait for a payment; what came of it is the reason of the exit."""
    return workspace(
        Journey(
            "pay",
            entry=On(Begun),
            steps=[
                WaitFor(
                    On(Paid),
                    timeout=hours(1),
                    then=[Exit("paid")],
                    on_timeout=[Exit("too-late")],
                    **more,
                )
            ],
        )
    )


# ---- O1: one customer's inputs one after another, customers apart


def test_inputs_of_one_batch_are_applied_in_its_order(host: Any) -> None:  # O1
    ann = host(workspace(Journey("j", entry=On(Begun), reentry=AfterExit(), exits=On(Gone),
                                 steps=[Wait(days(1))])))  # fmt: skip
    rows = [{"customer_id": "ann", "event": name} for name in ("begun", "gone", "begun", "begun")]

    outcomes = ann.kit.track_many(rows).outcomes

    assert [one.entered for one in outcomes] == [["j"], [], ["j"], []]
    assert ann.ended == [("exited", "gone")]
    assert ann.refused == ["already_inside"]


def test_nobody_waits_for_another_customer() -> None:  # O1
    steps = [
        Wait(hours(1)),
        Send("hello", via=["email"]),
        Wait(hours(1)),
        Send("bye", via=["email"]),
    ]
    sim = Simulation(workspace(Journey("j", entry=On(Begun), steps=steps)), at="2026-03-02 10:00")
    ann, bob = sim.customer("ann"), sim.customer("bob")
    sim.channel("email").answer(Retry(after=timedelta(days=9)), customer="ann")
    ann.track(Begun())
    bob.track(Begun())
    sim.advance(hours(3))
    assert (ann.received, bob.received) == ([], ["hello", "bye"])


# ---- O2: by the instant of receipt, timers by their due instant; inputs first


@pytest.mark.parametrize("ticks", ["no", "before", "after"])  # of the event, at its instant
@pytest.mark.parametrize(
    ("paid_at", "reason"),
    [
        ("2026-03-02 10:59:59.999999", "paid"),
        ("2026-03-02 11:00:00.000000", "paid"),  # exactly the time-out: an input goes first
        ("2026-03-02 11:00:00.000001", "too-late"),
        ("2026-03-09 11:00:00", "too-late"),  # nothing ran for a week: the order is the same
    ],
)
def test_an_event_at_the_very_time_out_still_counts(
    host: Any, paid_at: str, reason: str, ticks: str
) -> None:  # O2
    ann = host(waiting())
    ann.track(Begun())
    ann.at(paid_at)
    if ticks == "before" and paid_at != "2026-03-02 11:00:00.000000":
        ann.tick()  # at the very instant, a tick before is the end of the instant: see below
    ann.track(Paid())
    if ticks == "after":
        ann.tick()
    ann.at("2026-03-10 10:00").tick()
    assert ann.ended == [("exited", reason)]


def test_a_tick_at_the_instant_ends_it(host: Any) -> None:  # O2
    ann = host(waiting())
    ann.track(Begun())
    ann.at("2026-03-02 11:00").tick()
    ann.track(Paid())
    assert ann.ended == [("exited", "too-late")], "what the tick fired is not undone"


def test_an_input_stands_at_its_receipt_however_long_the_call_takes() -> None:  # O2
    class Ticking:
        """A clock that moves on by a microsecond whenever somebody looks, as real ones do."""

        at = datetime(2026, 3, 2, 10, tzinfo=UTC)

        def now(self) -> datetime:
            self.at += timedelta(microseconds=1)
            return self.at

    clock = Ticking()
    kit = Orchestrator(
        waiting(), store=MemoryStore(), channels={"email": ScriptedChannel("email")}, clock=clock
    )
    kit.identify("ann")
    kit.track("ann", Begun())
    clock.at += timedelta(hours=5)  # and nobody ticked
    outcome = kit.track("ann", Paid())
    assert outcome.ended == [("exited", "too-late")]


@pytest.mark.parametrize(
    "told",
    [
        lambda kit: kit.identify("ann", {"plan": "pro"}),
        lambda kit: kit.track("ann", Gone()),
        lambda kit: kit.cancel("ann", "j"),
    ],
    ids=["profile", "event", "command"],
)
def test_every_kind_of_input_goes_before_a_timer_of_its_instant(host: Any, told: Any) -> None:  # O2
    steps = [
        Wait(hours(1)),
        Branch(When(Person.plan == "pro", [Exit("pro")]), otherwise=[Exit("free")]),
    ]
    ann = host(workspace(Journey("j", entry=On(Begun), steps=steps, exits=On(Gone))))
    ann.track(Begun())
    ann.at("2026-03-02 11:00")
    told(ann.kit)
    ann.tick()
    assert ann.ended != [("exited", "free")]
    assert len(ann.ended) == 1


def test_timers_fire_in_the_order_of_their_due_instants(host: Any) -> None:  # O2
    def setter(name: str, after: Any, tier: str) -> Journey:
        return Journey(name, entry=On(Begun), steps=[Wait(after), Set(Person.tier, tier)])

    # By name the other way round, and all of them overdue by a day.
    ann = host(workspace(setter("a", hours(3), "last"), setter("b", hours(2), "middle"),
                         setter("c", hours(1), "first")))  # fmt: skip
    ann.track(Begun())
    ann.at("2026-03-03 10:00").tick()
    assigned = [e.attributes["tier"] for e in ann.kit.journal("ann") if isinstance(e, j.Assigned)]
    assert assigned == ["first", "middle", "last"]


# ---- O3: catching up


def drip() -> Workspace:
    return workspace(
        Journey("drip", entry=On(Begun), exits=On(Gone), steps=[
            Wait(days(1)), Send("one", via=["email"]), Wait(days(1)), Send("two", via=["email"]),
        ]),
    )  # fmt: skip


def test_what_arrived_in_downtime_goes_before_overdue_timers(simulate: Any) -> None:  # O3
    sim, ann = simulate(drip())
    ann.track(Begun())
    with sim.downtime():
        sim.advance(days(7))
        ann.track(Gone())
        sim.advance(days(1))
    assert ann.received == []
    assert ann.enrollments == []
    assert ann.reasons("end") == ["gone"]


@pytest.mark.parametrize("longer", [hours(5), hours(0)])
def test_a_time_out_that_passed_in_downtime_loses_against_what_arrived(
    simulate: Any, longer: Duration
) -> None:  # O3: also against what arrived at its last instant
    sim, ann = simulate(waiting())
    ann.track(Begun())
    with sim.downtime():
        sim.advance(hours(5))
        ann.track(Paid())  # four hours late, and yet before the timer acts
        sim.advance(longer)
    assert ann.reasons("end") == ["paid"]


def test_a_week_of_downtime_is_not_a_week_of_messages(host: Any) -> None:  # O3, G5
    ann = host(drip())
    ann.track(Begun())
    ann.at("2026-03-20 10:00").tick()
    assert ann.sent == ["one"]
    ann.at("2026-03-21 09:59").tick()
    assert ann.sent == ["one"], "the next wait counts from the hand-over"
    ann.at("2026-03-21 10:00").tick()
    assert ann.sent == ["one", "two"]


def test_an_overdue_message_is_judged_by_the_present_clock(host: Any) -> None:  # O3
    quiet = Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("21:00", "08:00")])
    ann = host(workspace(*drip().journeys, policy=quiet))
    ann.track(Begun())
    ann.at("2026-03-05 23:00").tick()  # was due at 10:00 two days before, which was not quiet
    assert ann.sent == []
    (message,) = ann.kit.customer("ann").held
    assert (message.reason, message.until) == ("quiet_hours", datetime(2026, 3, 6, 8, tzinfo=UTC))
    ann.at("2026-03-06 08:00").tick()
    assert ann.sent == ["one"]


@pytest.mark.parametrize("held", [True, False])
def test_what_was_not_handed_over_is_withdrawn_with_its_run(host: Any, held: bool) -> None:  # O3
    hours_ = [QuietHours("00:00", "24:00", days=["mon"])] if held else []
    policy = Policy(consent={"email": "opt-out"}, quiet_hours=hours_)
    journey = Journey("j", entry=On(Begun), exits=On(Gone), steps=[Send("x", via=["email"])])
    ann = host(workspace(journey, policy=policy))
    ann.track(Begun())  # on a Monday: held, or released and not handed over before a tick
    ann.track(Gone())
    ann.at("2026-03-09 10:00").tick()
    assert ann.sent == []
    assert any(isinstance(e, j.Withdrawn) and e.reason == "gone" for e in ann.kit.journal("ann"))


# ---- O4: the same journal everywhere


def busy() -> Workspace:
    return workspace(
        Journey("drip", entry=On(Begun, key=Begun.key), reentry=Always(), exits=On(Gone, key=Gone.key),
                goal=Goal(On(Paid, key=Paid.key), within=days(3)), steps=[
            Split(Arm("a", 1, [Wait(hours(2))]), Arm("b", 1, [Wait(hours(3))])),
            Send("one", via=["email"]), WaitUntil(at="09:00"), Send("two", via=["email"]),
        ]),
        Journey("win", entry=On(Paid), reentry=Restart(), steps=[
            Wait(days(2)), Branch(When(count(Paid, within=days(30)) >= 2, [Exit("twice")])),
            Send("thanks", via=["email"], valid_for=hours(1)),
        ]),
        policy=Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("13:00", "15:00")]),
    )  # fmt: skip


INPUTS = [
    ("2026-03-02 10:00", Begun(key="a"), "e1"),
    ("2026-03-02 11:00", Begun(key="b"), "e2"),
    ("2026-03-02 13:00", Paid(key="b"), "e3"),  # at the due instant of some timers
    ("2026-03-02 13:00", Paid(key="b"), "e3"),  # repeated
    ("2026-03-03 09:00", Paid(key="a", amount=Decimal("1.50")), "e4"),
    ("2026-03-03 09:00", Gone(key="a"), "e5"),
    ("2026-03-06 09:00", Begun(key="c"), None),
]


def simulated(space: Workspace) -> bytes:
    sim = Simulation(space, at="2026-03-02 10:00", tz="UTC")
    ann = sim.customer("ann")
    for at, event, key in INPUTS:
        sim.advance_to(at)
        ann.track(event, id=key)
    sim.advance_to("2026-03-20 00:00")
    return encode_entries(sim.runner.journal("ann"))


def test_simulator_and_runtime_write_the_same_journal(host: Any) -> None:  # O4
    """The runtime is ticked at each due instant, and not even there where nothing is due."""
    ann = host(busy())
    todo = list(INPUTS)
    end = datetime(2026, 3, 20, tzinfo=UTC)
    while True:
        due = ann.kit.next_due()
        input_at = datetime.fromisoformat(todo[0][0]).replace(tzinfo=UTC) if todo else end
        if due is not None and due < input_at:
            ann.clock.micros = _micros(due)
            ann.tick()
            continue
        ann.clock.micros = _micros(input_at)
        if not todo:
            break
        _, event, key = todo.pop(0)
        ann.track(event, id=key)
    assert ann.journal == simulated(busy())


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_twice_the_same_is_the_same() -> None:  # O4
    assert simulated(busy()) == simulated(busy())


def test_another_seed_draws_other_arms_and_ids() -> None:  # O4
    space = busy()
    other = Workspace(**{**{name: getattr(space, name) for name in type(space).model_fields},
                         "seed": "other"})  # fmt: skip
    assert simulated(other) != simulated(space)


def test_an_arm_depends_on_nothing_but_seed_journey_step_and_customer() -> None:  # O4
    def arms(people: list[str]) -> dict[str, str]:
        journey = Journey("ab", entry=On(Begun), steps=[
            Split(Arm("a", 1, [Exit("a")]), Arm("b", 1, [Exit("b")]), label="s")])  # fmt: skip
        sim = Simulation(workspace(journey), at="2026-03-02 10:00")
        for name in people:
            sim.customer(name).track(Begun())
        return {name: sim.explain(name).about("ab").lines[-1].reason for name in people}

    names = [f"c{number}" for number in range(200)]
    forth, back = arms(names), arms(names[::-1])
    assert forth == back
    assert 70 < sum(arm == "a" for arm in forth.values()) < 130


# ---- O5: when it happened


def test_the_entry_instant_is_when_the_trigger_happened(host: Any) -> None:  # O5
    ann = host(waiting())
    ann.track(Begun(), occurred_at="2026-03-02 08:30")
    (run,) = ann.kit.customer("ann").enrollments
    assert run.entered == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("occurred_at", "ends"),
    [
        ("2026-03-02 08:29:59.999999", False),  # before the entry: changes nothing
        ("2026-03-02 08:30:00", True),  # at the entry
        ("2026-03-02 09:00:00", True),  # later, though before the trigger was received
    ],
)
@pytest.mark.parametrize("what", ["exit", "goal", "wait"])
def test_an_event_counts_from_the_entry_instant_on(
    host: Any, what: str, occurred_at: str, ends: bool
) -> None:  # O5
    more: dict[str, Any] = {"exit": {"exits": On(Paid)}, "goal": {"goal": Goal(On(Paid))}}.get(
        what, {}
    )
    steps = [WaitFor(On(Paid), timeout=days(2))] if what == "wait" else [Wait(days(2))]
    ann = host(workspace(Journey("j", entry=On(Begun), steps=steps, **more)))
    ann.track(Begun(), occurred_at="2026-03-02 08:30")
    ann.track(Paid(), occurred_at=occurred_at)
    assert bool(ann.ended) is ends


def test_a_late_event_is_applied_when_it_is_received(host: Any) -> None:  # O5
    ann = host(waiting())
    ann.track(Begun())
    ann.at("2026-03-02 12:00").tick()
    ann.track(Paid(), occurred_at="2026-03-02 10:30")  # in time by its own word, received late
    assert ann.ended == [("exited", "too-late")]


@pytest.mark.parametrize(
    ("what", "over"),
    [
        ("exit", "exit_already_happened"),
        ("goal", "exit_already_happened"),
        ("key", "exit_already_happened"),
        ("other key", None),
        ("where", "exit_already_happened"),
        ("other where", None),
        ("reads the trigger", "exit_already_happened"),
        ("reads another trigger", None),
        ("goal that goes on", None),
        ("goal too late", None),  # it came after its window
    ],
)
def test_a_late_trigger_whose_exit_has_happened_does_not_enter(
    host: Any, what: str, over: str | None
) -> None:  # O5
    keys: dict[str, Any] = {"entry": On(Begun, key=Begun.key), "exits": On(Gone, key=Gone.key)}
    more: dict[str, Any] = {
        "exit": {"exits": On(Gone)},
        "goal": {"goal": Goal(On(Gone), within=hours(3))},
        "key": keys,
        "other key": keys,
        "where": {"exits": On(Gone, where=Gone.key == "a")},
        "other where": {"exits": On(Gone, where=Gone.key == "b")},
        "reads the trigger": {"exits": On(Gone, where=Gone.key == Begun.key)},
        "reads another trigger": {"exits": On(Gone, where=Gone.key == Begun.key)},
        "goal that goes on": {"goal": Goal(On(Gone), ends_run=False)},
        "goal too late": {"goal": Goal(On(Gone), within=hours(1))},
    }[what]
    journey = Journey("j", **{"entry": On(Begun), "steps": [Wait(days(9))], **more})
    ann = host(workspace(journey))
    ann.track(Gone(key="a"))  # at ten
    ann.at("2026-03-02 12:00")
    key = "b" if what in ("other key", "reads another trigger") else "a"
    outcome = ann.track(Begun(key=key), occurred_at="2026-03-02 08:30")
    assert [refusal.reason for refusal in outcome.refused] == ([over] if over else [])


def test_exits_are_remembered_as_long_as_event_ids(host: Any) -> None:  # O5
    def late(told_after: timedelta) -> Any:
        """An exit of long ago is told today; its trigger, of the day before it, comes later."""
        ann = host(workspace(Journey("j", entry=On(Begun), exits=On(Gone), steps=[Wait(days(9))])))
        ann.track(Gone(), occurred_at="2025-01-02 10:00")
        ann.clock.micros += told_after // timedelta(microseconds=1)
        ann.track(Paid())  # something that makes the customer forget what is old
        return ann.track(Begun(), occurred_at="2025-01-01 10:00")

    assert [one.reason for one in late(timedelta(days=1)).refused] == ["exit_already_happened"]
    assert [one.reason for one in late(timedelta(days=89)).refused] == ["exit_already_happened"]
    assert late(timedelta(days=100)).entered == ["j"], "and not for ever"


@pytest.mark.parametrize(
    ("late", "enters"),
    [(False, True), (True, False)],  # on time: by order of receipt; late: it happened "at or after"
)
def test_an_exit_at_the_instant_of_the_trigger(host: Any, late: bool, enters: bool) -> None:  # O5
    ann = host(workspace(Journey("j", entry=On(Begun), exits=On(Gone), steps=[Wait(days(9))])))
    ann.track(Gone())
    if late:
        ann.at("2026-03-02 10:01")
    outcome = ann.track(Begun(), occurred_at="2026-03-02 10:00")
    assert bool(outcome.entered) is enters


# ---- O6: one event, in one order


def test_one_event_ends_the_old_run_and_starts_a_new_one(host: Any) -> None:  # O6
    journey = Journey(
        "j", entry=On(Begun), reentry=AfterExit(), exits=On(Begun), steps=[Wait(days(1))]
    )
    ann = host(workspace(journey))
    for minute in ("00", "01", "02"):
        ann.at(f"2026-03-02 10:{minute}")
        assert ann.track(Begun()).entered == ["j"]
    assert ann.ended == [("exited", "begun")] * 2
    assert len(ann.steps) == 1


@pytest.mark.parametrize("late", [False, True])
def test_several_such_events_of_one_instant(host: Any, late: bool) -> None:  # O6, O5
    journey = Journey(
        "j", entry=On(Begun), reentry=AfterExit(), exits=On(Begun), steps=[Wait(days(9))]
    )
    ann = host(workspace(journey))
    if late:
        ann.at("2026-03-05 10:00")  # an import of dates: all have the same instant
    rows = [{"customer_id": "ann", "event": "begun",
             "occurred_at": datetime(2026, 3, 2, 10, tzinfo=UTC)}] * 3  # fmt: skip
    assert [one.entered for one in ann.kit.track_many(rows).outcomes] == [["j"]] * 3
    assert len(ann.steps) == 1


@pytest.mark.parametrize("what", ["exit", "goal", "wait"])
def test_an_event_is_nothing_to_the_run_that_it_started(host: Any, what: str) -> None:  # O6
    more: dict[str, Any] = {"exit": {"exits": On(Begun)}, "goal": {"goal": Goal(On(Begun))}}.get(
        what, {}
    )
    steps = [WaitFor(On(Begun), timeout=days(1), then=[Exit("heard")])]
    ann = host(workspace(Journey("j", entry=On(Begun), steps=steps, **more)))
    outcome = ann.track(Begun())
    assert (outcome.entered, outcome.ended, outcome.goals) == (["j"], [], 0)


def test_the_profile_comes_first_then_goals_exits_waits_and_entries(host: Any) -> None:  # O6
    """One event is goal, exit, awaited event and entry of four journeys at once."""
    wait = [Wait(days(9))]
    entered = On(Begun)
    listening = [WaitFor(On(Paid), timeout=days(9), then=[Set(Person.plan, "pro")])]
    ann = host(
        workspace(
            # By name in the wrong order, so that the names cannot be what orders them.
            Journey("a-entry", entry=On(Paid, where=Person.plan == "pro"), steps=wait),
            Journey("b-wait", entry=entered, steps=listening),
            Journey(
                "c-exit", entry=entered, exits=On(Paid, where=Person.plan == "free"), steps=wait
            ),
            Journey("d-goal", entry=entered, goal=Goal(On(Paid)), steps=wait),
        )
    )
    ann.track(Begun())
    outcome = ann.track(Paid())
    assert outcome.entered == ["a-entry"], "entries see what waits have done"
    assert [status for status, _ in outcome.ended] == ["exited", "goal", "completed"]
    kinds = [type(entry) for entry in outcome.entries]
    assert kinds.index(j.Met) < kinds.index(j.Assigned) < kinds.index(j.Entered)


def test_an_exit_condition_goes_before_waits(host: Any) -> None:  # O6, E2
    """The event makes the condition true, and is also awaited: the run must not go on."""
    steps = [WaitFor(On(Paid), timeout=days(9), then=[Set(Person.tier, "heard")])]
    ann = host(workspace(Journey("j", entry=On(Begun), exits=count(Paid) >= 1, steps=steps)))
    ann.track(Begun())
    assert ann.track(Paid()).ended == [("exited", "exit_condition")]
    assert "tier" not in ann.kit.customer("ann").profile


def test_a_goal_is_counted_before_the_exit_of_the_same_event(host: Any) -> None:  # O6
    journey = Journey("j", entry=On(Begun), exits=On(Paid), goal=Goal(On(Paid), ends_run=False),
                      steps=[Wait(days(9))])  # fmt: skip
    ann = host(workspace(journey))
    ann.track(Begun())
    outcome = ann.track(Paid())
    assert (outcome.goals, outcome.ended) == (1, [("exited", "paid")])


def test_a_step_set_by_one_run_is_seen_by_the_exits_of_another_at_once(host: Any) -> None:  # E2
    ann = host(
        workspace(
            Journey("setter", entry=On(Begun), steps=[Wait(hours(1)), Set(Person.plan, "pro")]),
            Journey("victim", entry=On(Begun), exits=Person.plan == "pro",
                    steps=[Wait(hours(1)), Set(Person.tier, "wrong")]),
        )
    )  # fmt: skip
    ann.track(Begun())
    ann.at("2026-03-02 11:00").tick()
    assert ann.ended == [("exited", "exit_condition"), ("completed", "")]
    assert "tier" not in ann.kit.customer("ann").profile


# ---- O7: awaited events


def two_waits(since: Any) -> Workspace:
    return workspace(
        Journey("j", entry=On(Begun), steps=[
            Wait(hours(1)),
            WaitFor(On(Paid), timeout=days(1), since=since, then=[Exit("paid")], on_timeout=[Exit("no")]),
        ]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("since", "at", "occurred_at", "reason"),
    [
        ("entry", "2026-03-02 10:30", "2026-03-02 10:30", "paid"),  # before the step
        ("entry", "2026-03-02 10:00", "2026-03-02 10:00", "paid"),  # at the entry instant
        ("entry", "2026-03-02 10:30", "2026-03-02 09:59", "no"),  # before the entry
        ("entry", "2026-03-02 11:00", "2026-03-02 11:00", "paid"),  # at the step's instant, first
        ("entry", "2026-03-02 12:00", "2026-03-02 10:30", "paid"),  # late, about before the step
        ("step", "2026-03-02 10:30", "2026-03-02 10:30", "no"),
        ("step", "2026-03-02 11:00", "2026-03-02 11:00", "no"),  # inputs first: not yet reached
        ("step", "2026-03-02 12:00", "2026-03-02 10:30", "no"),  # late, about before the step
        ("step", "2026-03-02 12:00", "2026-03-02 11:00", "paid"),
        ("step", "2026-03-02 12:00", "2026-03-02 12:00", "paid"),
    ],
)
def test_since_entry_and_since_step(
    simulate: Any, since: str, at: str, occurred_at: str, reason: str
) -> None:  # O7
    sim, ann = simulate(two_waits(since))
    ann.track(Begun())
    sim.advance_to(at)
    ann.track(Paid(), occurred_at=occurred_at)
    sim.advance(days(3))
    assert ann.reasons("end") == [reason]


def test_a_latch_is_cleared_when_its_step_is_left(simulate: Any) -> None:  # O7
    """One event satisfies one visit of a step on a loop."""
    steps = [
        Wait(hours(1), label="again"),
        WaitFor(On(Paid), timeout=hours(1), then=[Goto("again")], on_timeout=[Exit("no")]),
    ]
    sim, ann = simulate(workspace(Journey("j", entry=On(Begun), steps=steps)))
    ann.track(Begun())
    ann.track(Paid())
    sim.advance(hours(1))
    assert [run.step for run in ann.enrollments] == ["again"], "the first visit was satisfied"
    sim.advance(hours(1))
    assert [run.step for run in ann.enrollments] == ["wait_for_2"], "the second is not"
    sim.advance(hours(1))
    assert ann.reasons("end") == ["no"]


def test_what_is_latched_for_one_way_is_nothing_on_another(simulate: Any) -> None:  # O7
    steps = [
        Wait(hours(1)),
        Branch(When(Person.plan == "pro", [WaitFor(On(Paid), timeout=hours(1), label="pro")]),
               otherwise=[WaitFor(On(Gone), timeout=hours(1), label="free")]),
    ]  # fmt: skip
    sim, ann = simulate(workspace(Journey("j", entry=On(Begun), steps=steps)))
    ann.track(Begun())
    ann.track(Paid())
    sim.advance(hours(1))
    assert [run.step for run in ann.enrollments] == ["free"]


# ---- O8: event ids


@pytest.mark.parametrize("together", [True, False])
def test_repeats_are_ignored_and_conflicts_reported(host: Any, together: bool) -> None:  # O8
    journey = Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(9))])
    ann = host(workspace(journey))
    row = {"customer_id": "ann", "event": "paid", "id": "x", "data": {"amount": "1"}}
    rows = [row, row, {**row, "data": {"amount": "2"}}, row, {**row, "event": "begun", "data": {}}]
    batches = [rows] if together else [[one] for one in rows]

    outcomes = [one for batch in batches for one in ann.kit.track_many(batch).outcomes]

    assert [one.entered for one in outcomes] == [["j"], [], [], [], []]
    assert [one.repeated for one in outcomes] == [False, True, False, True, False]
    assert [one.conflict for one in outcomes] == [False, False, True, False, True]
    assert len(ann.steps) == 1


def test_repeats_within_one_downtime(simulate: Any) -> None:  # O8, O3
    sim, ann = simulate(
        workspace(Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(9))]))
    )
    with sim.downtime():
        ann.track(Paid(amount=Decimal(1)), id="x")
        ann.track(Paid(amount=Decimal(1)), id="x")
        ann.track(Paid(amount=Decimal(2)), id="x")
    assert len(ann.enrollments) == 1
    assert ann.reasons("conflict") == ["conflict"]


def test_another_occurred_at_is_other_content(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), steps=[Wait(days(9))])))
    assert not ann.track(Paid(), id="x", occurred_at="2026-03-02 09:00").conflict
    assert ann.track(Paid(), id="x", occurred_at="2026-03-02 09:00").repeated
    assert ann.track(Paid(), id="x", occurred_at="2026-03-02 09:01").conflict


def test_a_repeat_without_occurred_at_comes_later_and_is_one_all_the_same(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), steps=[Wait(days(9))])))
    ann.track(Paid(), id="x")
    ann.at("2026-03-20 10:00")
    assert ann.track(Paid(), id="x").repeated


def test_an_id_belongs_to_its_customer(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), steps=[Wait(days(9))])))
    ann.kit.identify("bob")
    assert ann.track(Paid(), id="x").entered == ["j"]
    assert ann.kit.track("bob", Paid(), id="x").entered == ["j"]


def test_ids_are_remembered_for_ninety_days(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(1))])))
    ann.track(Paid(), id="x")
    ann.at("2026-05-31 10:00")
    assert ann.track(Paid(), id="x").repeated


def test_an_id_that_was_forgotten_does_not_replace_the_run_that_it_started(host: Any) -> None:  # O8
    journey = Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(500))])
    ann = host(workspace(journey))
    ann.track(Paid(), id="x", occurred_at="2026-03-02 09:00")
    ann.at("2026-09-01 10:00")
    again = ann.track(Paid(), id="x", occurred_at="2026-03-02 09:00")
    assert [one.reason for one in again.refused] in ([], ["already_inside"])
    assert len(ann.steps) == 1


def test_without_an_id_each_call_is_an_event_of_its_own(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(9))])))
    for _ in range(3):
        assert ann.track(Paid()).entered == ["j"]
    runs = ann.kit.customer("ann").enrollments
    assert len({run.id for run in runs}) == 3


def test_the_id_of_a_call_is_remembered_like_an_events(host: Any) -> None:  # O8
    ann = host(workspace(Journey("j", entry=On(Paid), reentry=Always(), steps=[Wait(days(1))])))
    ann.track(Paid(), id="x")
    assert ann.kit.enroll("ann", "j", id="x").entered == ["j"], "an event's id is another id"
    ann.at("2026-03-05 10:00").tick()
    assert ann.steps == []
    assert ann.kit.enroll("ann", "j", id="x").repeated, "also when its run is over"
    assert ann.kit.enroll("ann", "j", id="x", key="other").conflict
    assert ann.steps == []
    assert ann.kit.enroll("ann", "j", id="y").entered == ["j"]


# ---- O9: clocks


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(timedelta(minutes=5), True), (timedelta(minutes=5, microseconds=1), False)],
)
def test_the_future_is_refused_beyond_a_tolerance(
    host: Any, ahead: timedelta, taken: bool
) -> None:  # O9
    ann = host(workspace(Journey("j", entry=On(Begun), steps=[Wait(days(9))])))
    at = datetime(2026, 3, 2, 10, tzinfo=UTC) + ahead
    if taken:
        assert ann.kit.track("ann", Begun(), occurred_at=at).entered == ["j"]
        return
    before = ann.journal
    with pytest.raises(FutureEventError, match=r"begun\.occurred_at"):
        ann.kit.track("ann", Begun(), occurred_at=at)
    assert ann.journal == before


def test_the_tolerance_is_a_setting(host: Any) -> None:  # O9
    journey = Journey("j", entry=On(Begun), steps=[Wait(days(9))])
    ann = host(workspace(journey, future_tolerance=minutes(0)))
    with pytest.raises(FutureEventError):
        ann.track(Begun(), occurred_at="2026-03-02 10:00:00.000001")


def test_a_clock_that_goes_back_fires_nothing_twice(host: Any) -> None:  # O9
    ann = host(drip())
    ann.track(Begun())
    ann.at("2026-03-03 10:00").tick()
    assert ann.sent == ["one"]
    ann.at("2026-03-02 10:00")  # back by a day
    for hour in range(10, 24):
        ann.at(f"2026-03-02 {hour}:00").tick()
    ann.at("2026-03-03 10:00").tick()
    assert ann.sent == ["one"]
    ann.at("2026-03-04 10:00").tick()
    assert ann.sent == ["one", "two"], "at the latest when the clock shows the instant again"


@pytest.mark.parametrize(
    ("span", "end"), [(hours(1), "2026-03-02 11:00"), (days(1), "2026-03-03 10:00")]
)
def test_a_wait_that_begins_on_a_clock_gone_back_is_reckoned_from_the_journal(
    host: Any, span: Any, end: str
) -> None:  # O9, O4
    steps = [WaitFor(On(Paid), timeout=days(9)), Wait(span), Exit("out")]
    ann = host(workspace(Journey("j", entry=On(Begun), steps=steps)))
    ann.track(Begun(), occurred_at="2026-03-02 07:00")  # entered at ten by the journal
    ann.at("2026-03-02 08:00")
    ann.track(Paid())
    assert ann.steps == ["wait_2"]
    assert ann.kit.next_due() == instant_of(end)
    ann.at(end).tick()
    assert ann.ended == [("exited", "out")]


def test_instants_of_the_journal_never_decrease(host: Any) -> None:  # O4
    ann = host(drip())
    ann.track(Begun())
    ann.at("2026-03-01 10:00")
    ann.track(Paid())
    ann.kit.identify("ann", {"plan": "pro"})
    ann.at("2026-02-01 10:00")
    ann.track(Gone(), occurred_at="2026-02-01 10:00")
    instants = [entry.at for entry in ann.kit.journal("ann")]
    assert instants == sorted(instants)
