"""Journals added up, compared with what a scripted customer went through."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from journeykit.adapters import MemoryStore
from journeykit.kernel import reasons
from journeykit.model import (
    AfterExit,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Journey,
    On,
    Policy,
    QuietHours,
    Send,
    Wait,
    WaitFor,
    Workspace,
)
from journeykit.ports import Rejected, Retry
from journeykit.simulation import Simulation, summarize
from journeykit.time import hours


class Joined(Event):
    pass


class Paid(Event):
    pass


workspace = Workspace(
    journeys=[
        Journey(
            "welcome",
            entry=On(Joined),
            reentry=AfterExit(),
            goal=Goal(On(Paid)),
            steps=[
                Send("hello", via=["push", "mail"]),
                WaitFor(On(Paid), timeout=hours(5), on_timeout=[Exit("gave_up")]),
            ],
        ),
        Journey("paid", entry=On(Paid), steps=[Send("receipt", via=["mail"]), Wait(hours(9))]),
        Journey("unused", entry=On(Paid), holdout=0.999, steps=[Wait(hours(1))]),
    ],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"mail": "opt-out", "push": "opt-in"},
        quiet_hours=[QuietHours("22:00", "07:00")],
        caps=[FrequencyCap(1, per=timedelta(hours=2))],
    ),
)


def played() -> tuple[MemoryStore, Simulation]:
    store = MemoryStore()
    sim = Simulation(workspace, at="2026-03-02 12:00", store=store)
    ann = sim.customer("ann", consent=["push"])
    sim.channel("push").answer(Retry("busy", timedelta(minutes=5)), Rejected("gone"))
    ann.track(Joined())  # push is busy, then refuses; mail takes it
    ann.track(Joined())  # inside already
    sim.advance(hours(1))
    ann.track(Paid())  # the goal; the receipt meets the cap
    bob = sim.customer("bob")
    bob.track(Joined())  # no consent to push: by mail
    sim.advance(hours(8))  # gives up
    ann.track(Joined())  # push is suppressed now: by mail
    sim.advance_to("23:00")
    bob.track(Joined())  # at night
    sim.advance(hours(1))
    bob.track(Paid())  # ends what waits for the morning
    sim.settle()
    return store, sim


def test_a_summary_is_what_happened() -> None:
    store, sim = played()

    summary = summarize(store, ["unused", "welcome"])

    assert list(summary.journeys) == ["unused", "welcome", "paid"]
    welcome, paid = summary.journeys["welcome"], summary.journeys["paid"]
    assert (summary.customers, summary.events) == (2, 7)
    assert (welcome.entered, welcome.refused) == (4, Counter(already_inside=1))
    assert welcome.sent == 3
    assert welcome.held == Counter(quiet_hours=1)
    assert welcome.withdrawn == 1
    assert welcome.goals == 2
    assert welcome.ended == Counter({("goal", "paid"): 2, ("exited", "gave_up"): 1})
    assert welcome.inside == 1
    assert (paid.entered, paid.sent) == (2, 1)
    assert paid.held == Counter(frequency_cap=1, quiet_hours=1)
    assert paid.inside == 1
    assert summary.journeys["unused"].refused == Counter(holdout=2)
    assert summary.channels == {
        "push": Counter(retry=1, rejected=1),
        "mail": Counter(accepted=4),
    }
    assert summary.entries == sum(len(sim.runner.journal(name)) for name in ("ann", "bob"))


def test_the_reasons_of_a_summary_are_the_codes_of_the_kernel() -> None:
    store, _ = played()
    for one in summarize(store).journeys.values():
        assert set(one.refused) <= set(reasons.REFUSED)
        assert set(one.held) <= set(reasons.HELD)
        assert set(one.dropped) <= set(reasons.DROPPED)


def test_equal_journals_have_equal_digests_and_others_do_not() -> None:
    store, _ = played()
    again, sim = played()
    assert summarize(store).digest == summarize(again).digest

    sim.customer("ann").track(Paid())

    assert summarize(store).digest != summarize(again).digest


def test_the_telling_customer_is_the_one_with_most_to_tell() -> None:
    store, sim = played()
    sim.customer("cyd")

    assert summarize(store).telling in ("ann", "bob")
    assert summarize(MemoryStore()).telling == ""
