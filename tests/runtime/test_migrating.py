"""How do open runs come to a new version? V1: whole, once, with all they have, and never twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from journeykit import (
    EXIT,
    RESTART,
    Branch,
    ByCall,
    Call,
    Digest,
    Event,
    Goal,
    Goto,
    Journey,
    MemoryStore,
    Migrate,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    StartJourney,
    Wait,
    WaitFor,
    When,
    Workspace,
    collected,
    days,
    hours,
    minutes,
    outcome,
)
from journeykit.errors import DefinitionError, UsageError, VersionError
from journeykit.kernel import decode_entries, encode_state, replay
from journeykit.ports import CustomerCommit
from journeykit.simulation import Simulation


class Begun(Event):
    pass


class Paid(Event):
    pass


class Seen(Event):
    shop: str = "b"


class Left(Event):
    pass


class Person(Profile):
    plan: str = ""


def shop(
    version: int, *steps: Any, policy: Any = None, others: Sequence[Journey] = (), **options: Any
) -> Workspace:
    journey = Journey("j", version=version, entry=On(Begun), steps=list(steps), **options)
    policy = policy or Policy(consent={"email": "opt-out", "sms": "opt-out"})
    return Workspace(
        journeys=[journey, *others],
        timezone="UTC",
        policy=policy,
        events=[Paid, Seen, Left],
        profile=Person,
    )


def begin(*steps: Any, **options: Any) -> Simulation:
    """Return a simulation in which ann has entered version 1."""
    sim = Simulation(shop(1, *steps, **options), at="2026-03-01 12:00")
    sim.customer("ann").track(Begun())
    sim.settle()
    return sim


def send(template: str, **options: Any) -> Send:
    return Send(template, via=["email"], **options)


def got(sim: Simulation) -> list[str]:
    """Return what ann received; her journal must give her state."""
    sim.settle()
    store = sim.runner.store
    entries = [e for one in store.journal("ann") for e in decode_entries(one.entries)]
    assert encode_state(replay("ann", entries)) == store.load(["ann"])["ann"].body
    return [message.template for message in sim.accepted("ann")]


def where(sim: Simulation) -> list[tuple[int, str]]:
    return [(run.version, run.step) for run in sim.runner.customer("ann").enrollments]


TWO = (send("hello"), Wait(days(2), label="rest"), send("tips"))


def test_without_a_map_runs_finish_on_their_version() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(shop(2, send("other")))
    assert where(sim) == [(1, "rest")]
    sim.advance(days(2))
    assert got(sim) == ["hello", "tips"]


def test_a_run_goes_to_the_step_of_the_same_id_and_keeps_its_timer() -> None:  # V1
    sim = begin(*TWO)
    sim.advance(days(1))
    sim.publish(shop(2, Wait(days(9), label="rest"), send("news"), upgrade=Migrate()))
    assert where(sim) == [(2, "rest")]
    sim.advance(days(1))
    assert got(sim) == ["hello", "news"]


def test_a_run_goes_where_the_map_says() -> None:  # V1
    sim = begin(*TWO)
    new = shop(2, Wait(days(1), label="pause"), send("news"), upgrade=Migrate({"rest": "pause"}))
    sim.publish(new)
    assert where(sim) == [(2, "pause")]
    sim.advance(hours(47))
    assert got(sim) == ["hello"]
    sim.advance(hours(1))
    assert got(sim) == ["hello", "news"]


def test_exit_ends_the_run_with_its_reason() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(shop(2, send("news"), upgrade=Migrate({"rest": EXIT})))
    assert where(sim) == []
    assert [line.reason for line in sim.explain("ann") if line.kind == "end"] == ["migrated"]


def test_restart_begins_anew_and_sends_nothing_twice() -> None:  # V1
    sim = begin(*TWO)
    new = shop(2, send("hello"), send("more"), Wait(days(1)), upgrade=Migrate({"rest": RESTART}))
    sim.publish(new)
    assert got(sim) == ["hello", "more"]
    assert "not sent again" in str(sim.explain("ann"))


def test_a_send_that_was_renamed_is_the_same_send() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(
        shop(2, send("hi"), Wait(days(1)), upgrade=Migrate({"hello": "hi", "rest": RESTART}))
    )
    sim.advance(days(1))
    assert got(sim) == ["hello"]


def test_a_step_that_does_not_wait_is_entered_at_once() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(shop(2, send("first"), send("late"), upgrade=Migrate({"rest": "late"})))
    assert got(sim) == ["hello", "late"]
    assert where(sim) == []


def test_a_loop_goes_on_as_it_would_have() -> None:  # V1: only what would not come again is spared
    loop = (send("digest", label="top"), Wait(days(1), label="rest"), Goto("top"))
    sim = begin(*loop)
    sim.publish(shop(2, *loop, upgrade=Migrate()))
    sim.advance(days(2))
    assert got(sim) == ["digest"] * 3


def test_a_loop_that_is_over_sends_nothing_again() -> None:  # V1
    loop = (send("a", label="top"), Wait(days(1), label="rest"), Goto("top", at_most=1))
    for after, received in ((hours(1), ["a"] * 3), (hours(25), ["a"] * 2)):
        sim = begin(*loop, Wait(days(9)))
        sim.advance(after)
        sim.publish(shop(2, *loop, Wait(days(9)), upgrade=Migrate({"rest": RESTART})))
        sim.advance(days(3))
        assert got(sim) == received


QUIET = Policy(
    consent={"email": "opt-out", "sms": "opt-out"},
    quiet_hours=[QuietHours("00:00", "24:00", days=["sun"])],
)


def test_a_message_under_way_goes_on_under_its_key() -> None:  # V1
    sim = begin(*TWO, policy=QUIET)  # 2026-03-01 is a Sunday
    (before,) = sim.people["ann"].held
    new = shop(2, send("hi"), Wait(days(1)), policy=QUIET, upgrade=Migrate({"hello": "hi"}))
    sim.publish(new)
    assert where(sim) == [(2, "hi")]
    sim.advance(days(1))
    assert got(sim) == ["hello"]
    assert [message.key for message in sim.accepted("ann")] == [before.id]
    assert [run.step for run in sim.runner.customer("ann").enrollments] == ["wait_2"]


def test_a_message_under_way_keeps_the_order_of_its_channels() -> None:  # V1, D3
    both = Send("hello", via=["sms", "email"])
    sim = begin(both, policy=QUIET)
    sim.channel("sms").answer(Rejected("no such number"))
    sim.publish(shop(2, Send("hello", via=["email"]), policy=QUIET, upgrade=Migrate()))
    sim.advance(days(1))
    assert got(sim) == ["hello"]
    assert sim.accepted("ann")[0].channel == "email"
    assert len(sim.channel("sms").handed_over) == 1


def test_a_message_that_goes_on_as_another_steps_is_not_asked_for_again() -> None:  # V1
    sim = begin(*TWO, policy=QUIET)
    new = shop(
        2, send("first"), Wait(hours(1)), send("hello"), policy=QUIET,
        upgrade=Migrate({"hello": "first"}),
    )  # fmt: skip
    sim.publish(new)
    sim.advance(days(2))
    assert got(sim) == ["hello"]


@pytest.mark.parametrize("target", [EXIT, RESTART])
def test_a_held_message_is_withdrawn_where_its_run_goes_elsewhere(target: str) -> None:  # V1
    sim = begin(*TWO, policy=QUIET)
    new = shop(2, Wait(days(3)), send("late"), policy=QUIET, upgrade=Migrate({"hello": target}))
    sim.publish(new)
    assert sim.people["ann"].held == []
    sim.advance(days(3))
    assert got(sim) == ([] if target == EXIT else ["late"])


def test_a_message_that_may_have_left_is_waited_for_before_its_run_begins_anew() -> None:  # V1
    sim = Simulation(shop(1, *TWO), at="2026-03-01 12:00")
    ann = sim.customer("ann")
    sim.channel("email").answer(Retry("busy", after=hours(1)))
    ann.track(Begun())
    sim.settle()
    sim.publish(shop(2, send("hello"), send("more"), upgrade=Migrate({"hello": RESTART})))
    assert where(sim) == [(1, "hello")]
    sim.advance(hours(2))
    assert got(sim) == ["hello", "more"]
    assert len({message.key for message in sim.channel("email").handed_over}) == 2


def test_a_send_with_a_message_needs_a_send() -> None:  # V1
    sim = begin(*TWO, policy=QUIET)
    with pytest.raises(VersionError, match=r"'hello' of version 1 \(1\)"):
        sim.publish(
            shop(2, Wait(days(1), label="w"), policy=QUIET, upgrade=Migrate({"hello": "w"}))
        )


def test_who_would_be_nowhere_stops_the_publication_before_anything_changes() -> None:  # V1
    sim = begin(*TWO)
    sim.customer("bob").track(Begun())
    sim.settle()
    new = shop(2, send("news"), upgrade=Migrate())
    plan = sim.plan(new)
    assert plan.refused
    assert plan["j"].standings[0].stranded
    with pytest.raises(VersionError) as caught:
        sim.publish(new)
    told = str(caught.value)
    assert told in plan.refusals
    assert "'rest' of version 1 (2)" in told
    assert "Migrate({'rest': EXIT})" in told
    assert len(sim.runner.store.definitions()) == 1
    assert sim.runner.workspace.journeys[0].version == 1
    sim.advance(days(2))
    assert got(sim) == ["hello", "tips"]


def test_only_steps_at_which_somebody_stands_need_a_counterpart() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(shop(2, Wait(days(1), label="rest"), Wait(days(1)), upgrade=Migrate()))
    assert where(sim) == [(2, "rest")]


def test_only_the_versions_that_are_named_move() -> None:  # V1
    sim = begin(*TWO)
    sim.publish(shop(2, *TWO, send("second")))
    sim.customer("bob").track(Begun())
    sim.settle()
    sim.publish(shop(3, *TWO, send("third"), upgrade=Migrate(from_versions=[2])))
    assert where(sim) == [(1, "rest")]
    assert [run.version for run in sim.runner.customer("bob").enrollments] == [3]


def test_conditions_read_what_became_of_messages_before() -> None:  # V1
    sim = begin(*TWO)
    check = Branch(When(outcome("hi") == "accepted", [send("yes")]), otherwise=[send("no")])
    new = shop(2, send("hi"), Wait(days(1), label="rest"), check, upgrade=Migrate({"hello": "hi"}))
    sim.publish(new)
    sim.advance(days(2))
    assert got(sim) == ["hello", "yes"]


@pytest.mark.parametrize(("awaited", "late"), [(Paid, ["thanks"]), (Seen, [])])
def test_an_event_that_came_early_counts_where_the_same_is_awaited(
    awaited: type[Event], late: list[str]
) -> None:  # V1, O7
    def steps(what: type[Event]) -> tuple[Any, ...]:
        wait = WaitFor(On(what), timeout=days(5), then=[send("thanks")], label="pay")
        return Wait(days(1), label="rest"), wait

    sim = begin(*steps(Paid))
    sim.track("ann", Paid())
    sim.publish(shop(2, *steps(awaited), upgrade=Migrate()))
    sim.advance(days(1))
    assert got(sim) == late


ALL, ANY = "all", "any"


@pytest.mark.parametrize(
    ("old", "new", "received"),
    [
        (([Paid, Seen], ALL), ([Seen, Paid], ALL), ["thanks"]),
        (([Paid, Seen], ALL), ([Paid], ANY), ["thanks"]),
        (([Paid, Seen], ALL), ([Paid, Seen, Left], ALL), []),
        (([Paid, Seen], ALL), ([Seen, Left], ALL), []),
        (([Paid], ANY), ([Seen, Paid], ALL), ["thanks"]),
        (([Paid], ANY), ([Paid, Seen], ANY), ["thanks"]),
        (([Paid, Seen], ANY), ([Paid], ANY), []),  # nobody kept which of them came
        (([Paid, Seen], ANY), ([Left, Seen], ALL), []),
    ],
)
def test_of_several_things_those_that_came_count_where_they_still_are_awaited(
    old: Any, new: Any, received: list[str]
) -> None:  # V1, O7
    def steps(awaited: Any) -> tuple[Any, ...]:
        what, need = awaited
        wait = WaitFor(
            [On(one) for one in what], need=need, timeout=days(9), then=[send("thanks")],
            label="both",
        )  # fmt: skip
        return Wait(days(1), label="rest"), wait

    sim = begin(*steps(old))
    sim.track("ann", Paid())
    sim.advance(hours(1))
    sim.publish(shop(2, *steps(new), upgrade=Migrate()))
    sim.advance(days(2))
    sim.track("ann", Seen()) if new[1] == ALL else None
    assert got(sim) == received


def test_a_run_mapped_onto_a_wait_whose_event_has_come_goes_on() -> None:  # V1, O7
    wait = WaitFor(On(Paid), timeout=days(5), then=[send("thanks")], label="pay")
    sim = begin(Wait(days(1), label="rest"), wait)
    sim.track("ann", Paid())
    sim.publish(shop(2, Wait(days(1), label="first"), wait, upgrade=Migrate({"rest": "pay"})))
    assert got(sim) == ["thanks"]


def test_a_run_mapped_onto_a_wait_for_what_holds_already_goes_on() -> None:  # V1
    both = WaitFor(
        [On(Paid), Person.plan == "pro"], timeout=days(5), then=[send("thanks")], label="pay"
    )
    sim = begin(Wait(days(1), label="rest"))
    sim.identify("ann", {"plan": "pro"})
    sim.publish(shop(2, Wait(days(1), label="first"), both, upgrade=Migrate({"rest": "pay"})))
    assert got(sim) == ["thanks"]


def test_a_digest_goes_on_with_what_it_collected() -> None:  # V1
    def steps(label: str) -> tuple[Any, ...]:
        digest = Digest(On(Seen), window=days(1), label=label)
        enough = When(collected(label) >= 2, [send("many")])
        return digest, Branch(enough, otherwise=[send("few")])

    sim = begin(*steps("list"))
    sim.track("ann", Seen())
    sim.publish(shop(2, *steps("news"), upgrade=Migrate({"list": "news"})))
    sim.track("ann", Seen())
    sim.advance(days(1))
    assert got(sim) == ["many"]


@pytest.mark.parametrize(
    ("digest", "received"),
    [
        (Digest(On(Seen), window=days(1), at_most=2, label="list"), ["2"]),  # full: at once
        (Digest(On(Seen, where=Seen.shop == "b"), window=days(1), label="list"), ["2"]),
        (Digest(On(Paid), window=days(1), label="list"), ["0"]),  # other events: a new list
        (Digest(On(Paid), window=days(1), label="other"), ["0"]),
    ],
)
def test_a_digest_keeps_what_it_collected_if_it_collects_the_same_events(
    digest: Digest, received: list[str]
) -> None:  # V1
    sim = begin(Digest(On(Seen), window=days(1), label="list"))
    sim.track("ann", Seen())
    sim.track("ann", Seen())
    name = digest.label or ""
    ways = [When(collected(name) == n, [send(str(n))]) for n in range(4)]
    sim.publish(shop(2, digest, Branch(*ways), upgrade=Migrate({"list": name})))
    if digest.at_most == 2:
        assert got(sim) == received
    sim.advance(days(1))
    assert got(sim) == received


CHILDREN = [
    Journey("child", entry=ByCall(), steps=[Wait(days(30))]),
    Journey("sister", entry=ByCall(), steps=[Wait(days(2))]),
]


@pytest.mark.parametrize(
    ("old", "new", "days_until_after", "children"),
    [
        ({"timeout": days(5)}, {"timeout": days(9)}, 5, ["child"]),  # the timer goes on
        ({"timeout": days(5)}, {}, 30, ["child"]),  # no time-out any more
        ({}, {"timeout": days(9)}, 9, ["child"]),  # reckoned from when the step was reached
        ({}, {"wait_for_end": False}, 1, ["child"]),  # it was started, which is all that counts
        ({"timeout": days(5)}, {"journey": "sister"}, 3, ["child", "sister"]),
    ],
)
def test_a_run_that_waits_for_another_one_waits_as_the_new_version_says(
    old: dict[str, Any], new: dict[str, Any], days_until_after: int, children: list[str]
) -> None:  # V1
    def with_children(
        version: int, *, journey: str = "child", wait_for_end: bool = True, **options: Any
    ) -> Workspace:
        step = StartJourney(journey, wait_for_end=wait_for_end, label="ask", **options)
        upgrade = Migrate() if version > 1 else None
        return shop(version, step, send("after"), upgrade=upgrade, others=CHILDREN)

    sim = Simulation(with_children(1, **old), at="2026-03-01 12:00")
    sim.customer("ann").track(Begun())
    sim.advance(days(1))
    sim.publish(with_children(2, **new))
    seen = {run.journey for run in sim.runner.customer("ann").enrollments} - {"j"}
    assert sorted(seen) == children
    sim.advance(days(days_until_after - 1) - minutes(1) if days_until_after > 1 else minutes(1))
    assert got(sim) == ([] if days_until_after > 1 else ["after"])
    sim.advance(minutes(2))
    assert got(sim) == ["after"]


def busy(context: Any) -> Retry:
    return Retry("busy", after=days(1))


@pytest.mark.parametrize(
    ("new", "upgrade", "stands"),
    [
        ([Call("score", label="ask"), Wait(days(1))], Migrate(), ["ask"]),
        ([Call("score", label="other"), Wait(days(1))], Migrate({"ask": "other"}), ["other"]),
        ([Wait(days(1), label="rest")], Migrate({"ask": RESTART}), ["rest"]),
        ([Wait(days(1), label="rest")], Migrate({"ask": EXIT}), []),
    ],
)
def test_a_call_that_waits_for_its_answer(
    new: list[Any], upgrade: Migrate, stands: list[str]
) -> None:  # V1
    sim = Simulation(
        shop(1, Call("score", label="ask"), Wait(days(1))), at="2026-03-01 12:00",
        functions={"score": busy},
    )  # fmt: skip
    sim.customer("ann").track(Begun())
    sim.settle()
    sim.publish(shop(2, *new, upgrade=upgrade))
    assert [step for _, step in where(sim)] == stands
    errands = sim.export("ann")["state"].get("errands", {})
    assert len(errands) == (stands in (["ask"], ["other"]))
    sim.advance(days(9))
    assert got(sim) == []


def test_what_a_call_waits_for_no_wait_can_take_over() -> None:  # V1
    sim = Simulation(
        shop(1, Call("score", label="ask"), Wait(days(1))), at="2026-03-01 12:00",
        functions={"score": busy},
    )  # fmt: skip
    sim.customer("ann").track(Begun())
    sim.settle()
    with pytest.raises(VersionError, match="'ask' of version 1"):
        sim.publish(shop(2, Wait(days(1), label="rest"), upgrade=Migrate({"ask": "rest"})))


def test_a_new_version_may_bring_channels_and_functions() -> None:
    sim = begin(*TWO)
    new = shop(
        2, Call("score", label="rest"), Send("x", via=["push"]),
        policy=Policy(consent={"email": "opt-out", "sms": "opt-out", "push": "opt-out"}),
    )  # fmt: skip
    with pytest.raises(DefinitionError, match="'score'"):
        sim.publish(new)
    sim.publish(new, functions={"score": busy})
    assert sim.channel("push").handed_over == []
    sim.customer("bob").track(Begun())
    sim.settle()
    assert len(sim.function("score").calls) == 1


def test_the_timeline_tells_where_a_run_goes() -> None:
    sim = begin(*TWO)
    sim.publish(shop(2, Wait(days(1), label="pause"), upgrade=Migrate({"rest": "pause"})))
    assert "moves to version 2, from rest to pause" in str(sim.explain("ann"))


def test_a_customer_whose_document_is_damaged_holds_up_nobody(open_shop: Any) -> None:  # V1
    store = MemoryStore()
    old = Journey("welcome", entry=entry(open_shop), steps=[Wait(days(2), label="rest")])
    first = open_shop(old, store=store)
    for name in ("ann", "bob"):
        first.kit.identify(name)
        first.kit.track(name, "signed_up")
    version = store.versions(["ann"])["ann"]
    store.commit([CustomerCommit("ann", version, b"{", None)])
    new = Journey("welcome", version=2, entry=old.entry, steps=[send("x")],
                  upgrade=Migrate({"rest": EXIT}))  # fmt: skip
    after = open_shop(new, store=store, clock=first.clock)
    assert after.kinds("bob").count("end") == 1


def test_goals_that_were_met_are_not_met_again() -> None:  # V1, E3
    goal = Goal(On(Paid), ends_run=False)
    other = Goal(On(Seen), ends_run=False)
    sim = begin(*TWO, goal=goal)
    sim.track("ann", Paid())
    sim.publish(shop(2, *TWO, goal=[other, goal], upgrade=Migrate()))
    assert sim.track("ann", Paid()).goals == 0
    assert sim.track("ann", Seen()).goals == 1


def test_exits_of_the_new_version_count_from_then_on() -> None:  # V1, E2
    sim = begin(*TWO)
    sim.publish(shop(2, *TWO, exits=On(Paid), upgrade=Migrate()))
    assert sim.track("ann", Paid()).ended == [("exited", "paid")]


def test_a_sweep_that_was_cut_off_goes_on_at_the_next_start(open_shop: Any) -> None:  # V1
    class Breaks(MemoryStore):
        left = 1
        pages = 0

        def customers(self, **page: Any) -> Any:
            self.pages += 1
            return super().customers(**page)

        def commit(self, commits: Any) -> Any:
            if any(b'"migrate"' in one.journal for one in commits):
                self.left -= 1
                if self.left == -1:
                    raise OSError("disk gone")
            return super().commit(commits)

    store = Breaks()
    old = Journey("welcome", entry=entry(open_shop), steps=[Wait(days(2), label="rest")])
    first = open_shop(old, store=store, batch=1)
    for name in ("ann", "bob", "cy"):
        first.kit.identify(name)
        first.kit.track(name, "signed_up")
    new = Journey(
        "welcome",
        version=2,
        entry=old.entry,
        steps=[Wait(days(1), label="rest")],
        upgrade=Migrate(),
    )
    with pytest.raises(OSError, match="disk gone"):
        open_shop(new, store=store, clock=first.clock, batch=1)
    store.left = 10
    again = open_shop(new, store=store, clock=first.clock, batch=1)
    moves = {name: again.kinds(name).count("migrate") for name in ("ann", "bob", "cy")}
    assert moves == {"ann": 1, "bob": 1, "cy": 1}
    assert store.left == 8, "who had moved was moved again"
    store.pages = 0
    open_shop(new, store=store, clock=first.clock)
    assert store.pages == 0, "a start that has nothing to do looked through everybody"
    assert again.kinds("ann").count("migrate") == 1


def entry(open_shop: Any) -> Any:
    return open_shop().kit.workspace.journeys[0].entry


def test_a_run_that_came_to_a_version_late_moves_when_it_is_touched(open_shop: Any) -> None:  # V1
    """An old worker goes on for a while: what it starts is moved by the next who looks."""
    store = MemoryStore()
    old = Journey("welcome", entry=entry(open_shop), steps=[Wait(days(2), label="rest")])
    new = Journey(
        "welcome",
        version=2,
        entry=old.entry,
        steps=[Wait(days(1), label="rest")],
        upgrade=Migrate(),
    )
    before = open_shop(old, store=store)
    after = open_shop(new, store=store, clock=before.clock)
    before.kit.identify("ann")
    before.kit.track("ann", "signed_up")
    assert after.kinds("ann").count("migrate") == 0
    after.kit.identify("ann", {"first_name": "Ann"})
    assert after.kinds("ann").count("migrate") == 1


def test_a_worker_of_the_old_version_goes_on_with_who_is_on_a_newer_one(
    open_shop: Any,
) -> None:  # V1
    """It reads the version from the store; what it lets in itself is on its own."""
    store = MemoryStore()
    old = Journey("welcome", entry=entry(open_shop), steps=[send("hello"), Wait(days(2))])
    new = Journey("welcome", version=2, entry=old.entry, steps=[send("hi")])
    before = open_shop(old, store=store)
    after = open_shop(new, store=store, clock=before.clock)
    after.kit.identify("ann", {"email": "ann@example.org"})
    after.kit.track("ann", "signed_up")
    assert before.tick().failures == []
    assert before.email.templates == ["hi"]
    after.tick()
    assert after.email.messages == []


WRONG = [
    (Migrate({"rest": "nowhere"}), "goes? to go over to|is to go over to 'nowhere'"),
    (Migrate({"rest": "completed"}), "'completed'"),
    (Migrate(from_versions=[2]), "version 2 is not older"),
    (Migrate(from_versions=[0]), "version 0 is not older"),
    (Migrate(from_versions=[]), "moves nobody: no version is named; leave out from_versions"),
    (Migrate({"completed": RESTART}), "nobody stands at 'completed'"),
]


@pytest.mark.parametrize(("upgrade", "told"), WRONG)
def test_a_map_that_makes_no_sense_is_refused(upgrade: Migrate, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        shop(2, send("x"), upgrade=upgrade)


@pytest.mark.parametrize("call", ["publish", "plan"])
def test_what_is_no_workspace_is_refused(call: str) -> None:
    sim = begin(*TWO)
    with pytest.raises(UsageError, match="this is no Workspace"):
        getattr(sim.runner, call)(sim.runner.workspace.journeys[0])
    with pytest.raises(UsageError, match="a customer id must be"):
        sim.export(5)  # type: ignore[arg-type]


def test_a_map_survives_json() -> None:
    upgrade = Migrate({"a": "x", "b": EXIT, "c": RESTART}, from_versions=[1])
    journey = shop(2, send("x"), upgrade=upgrade).journeys[0]
    again = Journey.from_json(journey.to_json())
    assert again == journey
    assert again.upgrade == upgrade
