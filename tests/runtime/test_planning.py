"""What would publishing do? Told before anything changes."""

from __future__ import annotations

from typing import Any

from journeykit import (
    EXIT,
    RESTART,
    Digest,
    Event,
    Journey,
    Migrate,
    On,
    Policy,
    Scheduled,
    Send,
    Wait,
    Workspace,
    days,
    hours,
)
from journeykit.analysis.migration import message_changes, needs_backfill
from journeykit.runtime import Plan, Standing
from journeykit.simulation import Simulation


class Begun(Event):
    pass


def send(template: str, **options: Any) -> Send:
    return Send(template, **{"via": ["email"], **options})


def journey(version: int, *steps: Any, **options: Any) -> Journey:
    return Journey(options.pop("name", "j"), version=version, **{"entry": On(Begun), **options},
                   steps=list(steps))  # fmt: skip


def shop(*journeys: Journey) -> Workspace:
    policy = Policy(consent={"email": "opt-out", "sms": "opt-out"})
    return Workspace(journeys=list(journeys), timezone="UTC", policy=policy, events=[Begun])


STEPS = (
    send("hello"), Wait(days(1), label="first"), send("tips"), Wait(days(1), label="second"),
    send("bye"),
)  # fmt: skip


def test_what_a_map_names_in_vain_is_told() -> None:
    """It is not refused: not every store has had every version."""
    upgrade = Migrate({"frist": EXIT, "second": EXIT}, from_versions=[1, 2])
    new = shop(journey(3, Wait(days(1), label="first"), upgrade=upgrade))
    plan = stage().plan(new)
    assert plan["j"].unknown == ("'frist'", "version 2")
    assert "  the map names 'frist', which was never published" in str(plan).splitlines()
    empty = Simulation(shop(journey(1, *STEPS, name="other")), at="2026-03-02 12:00")
    assert empty.plan(new)["j"].unknown == ()


def test_who_goes_over_to_a_digest_is_not_released_at_once() -> None:
    new = journey(
        2, Digest(On(Begun), window=days(1), label="list"),
        upgrade=Migrate({"first": "list", "second": "list"}),
    )  # fmt: skip
    standings = stage().plan(shop(new))["j"].standings
    assert [one.at_once for one in standings] == [0, 0]


def stage() -> Simulation:
    """ann and bob stand at `first`, cy at `second`, whose timer is past."""
    sim = Simulation(shop(journey(1, *STEPS), journey(1, Wait(days(9)), name="gone")),
                     at="2026-03-02 12:00")  # fmt: skip
    sim.customer("cy").track(Begun())
    sim.advance(days(1))
    for name in ("ann", "bob"):
        sim.customer(name).track(Begun())
    sim.advance(hours(23))
    return sim


def test_the_plan_tells_who_goes_where() -> None:
    sim = stage()
    new = journey(
        2, send("hello"), Wait(days(1), label="first"), send("bye", topic="news"),
        upgrade=Migrate({"second": "bye"}),
    )  # fmt: skip
    plan = sim.runner.plan(shop(new, journey(1, Wait(days(1)), name="fresh")))
    assert not plan.refused
    assert plan["j"].standings == (
        Standing(1, "first", 2, "first"), Standing(1, "second", 1, "bye", at_once=1),
    )  # fmt: skip
    assert [str(change) for change in plan["j"].messages] == [
        "bye: topic None → 'news'", "tips: removed",
    ]  # fmt: skip
    assert (plan["fresh"].change, plan["fresh"].standings) == ("new", ())
    assert (plan["gone"].change, plan["gone"].version) == ("removed", None)
    assert [one.runs for one in plan["gone"].standings] == [3]
    assert str(plan) == (
        "j: changed, version 2\n"
        "  2 at 'first' of version 1 go to 'first'\n"
        "  1 at 'second' of version 1 go to 'bye', 1 released at once\n"
        "  message bye: topic None → 'news'\n"
        "  message tips: removed\n"
        "fresh: new, version 1\n"
        "gone: removed\n"
        "  3 at 'wait_1' of version 1 finish there"
    )


def test_the_plan_comes_true() -> None:
    sim = stage()
    new = shop(journey(2, send("first-of-all"), Wait(days(2), label="rest"),
                       upgrade=Migrate({"first": EXIT, "second": RESTART})))  # fmt: skip
    plan = sim.plan(new)
    assert [(one.target, one.runs, one.at_once) for one in plan["j"].standings] == [
        (EXIT, 2, 0), (RESTART, 1, 1),
    ]  # fmt: skip
    sim.publish(new)
    sim.settle()
    assert [len(sim.runner.customer(name).enrollments) for name in ("ann", "bob", "cy")] == [
        1,
        1,
        2,
    ]
    assert [one.template for one in sim.accepted("cy")][-1] == "first-of-all"
    assert [(one.version, one.runs) for one in sim.plan(new)["j"].standings] == [(2, 1)]


def test_who_is_overdue_is_told() -> None:
    sim = stage()
    sim.clock.micros += days(1).days * 86_400_000_000
    plan = sim.runner.plan(sim.runner.workspace)
    assert plan["j"].change == "same"
    assert [(one.step, one.at_once) for one in plan["j"].standings] == [("first", 2), ("second", 1)]


def test_what_would_be_refused_is_told_with_all_reasons() -> None:
    sim = stage()
    sim.publish(shop(journey(3, *STEPS), journey(1, Wait(days(9)), name="gone")))
    old = sim.plan(shop(journey(2, *STEPS)))
    assert len(old.refusals) == 1
    assert "older than version 3" in old.refusals[0]
    both = sim.plan(
        shop(journey(4, send("x"), upgrade=Migrate()), journey(1, Wait(days(8)), name="gone"))
    )
    assert len(both.refusals) == 2
    assert "was edited" in both.refusals[0]
    assert "'first' of version 1 (2), 'second' of version 1 (1)" in both.refusals[1]
    assert "1 at 'second' of version 1 have nowhere to go" in str(both)
    assert str(both).endswith(f"refused: {both.refusals[1]}")


def test_nothing_is_written() -> None:
    sim = stage()
    before = [sim.runner.store.load([name])[name] for name in ("ann", "bob", "cy")]
    sim.runner.plan(shop(journey(2, *STEPS, upgrade=Migrate({"first": EXIT}))))
    assert [sim.runner.store.load([name])[name] for name in ("ann", "bob", "cy")] == before
    assert len(sim.runner.store.definitions()) == 2


def test_entries_by_time_need_a_backfill() -> None:
    calendar = Scheduled(cron="0 9 * * mon")
    timed = journey(1, Wait(days(1)), entry=calendar)
    assert needs_backfill(None, timed)
    assert not needs_backfill(timed, journey(2, Wait(days(2)), entry=calendar))
    assert not needs_backfill(None, journey(1, Wait(days(1))))
    assert "backfill" in str(stage().plan(shop(timed.model_copy(update={"name": "cal"}))))


def test_a_message_is_compared_with_the_one_that_the_map_names() -> None:
    old = journey(1, send("hello"), Wait(days(1)), send("tips"))
    new = journey(2, send("hi", via=["sms"]), Wait(days(1)), send("more"),
                  upgrade=Migrate({"hello": "hi"}))  # fmt: skip
    changes = [str(change) for change in message_changes(old, new)]
    assert changes[0] == "hi: template 'hello' → 'hi', via ['email'] → ['sms']"
    assert changes[1:] == ["more: added", "tips: removed"]
    assert message_changes(old, old) == ()


def test_a_plan_of_nothing_is_empty() -> None:
    assert str(Plan(())) == ""
