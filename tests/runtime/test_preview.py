"""Does a preview come true? What it says, against what then happens, entry by entry."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from journeykit import (
    Address,
    Always,
    Consent,
    Event,
    FrequencyCap,
    Goto,
    Journey,
    On,
    Orchestrator,
    Policy,
    Profile,
    QuietHours,
    RecordingChannel,
    Retry,
    Send,
    Simulation,
    SQLiteStore,
    Wait,
    WaitFor,
    WaitUntil,
    Workspace,
    days,
    hours,
)
from journeykit.errors import NaiveInstantError, UnknownCustomerError, UsageError
from journeykit.kernel import decode_state, encode_entries, encode_state, run_ahead
from journeykit.runtime.script import profile_of
from journeykit.simulation import VirtualClock
from journeykit.testing.journeys import workspaces
from journeykit.testing.strategies import Happened, histories
from journeykit.time import to_micros


class Seen(Event):
    plan: Literal["free", "pro"] = "free"


class Bought(Event):
    amount: int = 1


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None
    trial_ends: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


def play(*journeys: Journey, at: str = "2026-03-02 10:00", **policy: Any) -> tuple[Simulation, Any]:
    workspace = Workspace(
        journeys=list(journeys),
        profile=Person,
        events=[Seen, Bought],
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out", "sms": "opt-out"}, **policy),
    )
    sim = Simulation(workspace, at=at)
    return sim, sim.customer("ann", {"email": "ann@example.com"})


def ahead_of(sim: Simulation, until: datetime) -> Any:
    """Run ahead of what is stored, as `preview` does."""
    runner = sim.runner
    found = runner.store.load(["ann"], profiles=True)["ann"]
    return run_ahead(
        runner.rules,
        decode_state(found.body),
        sim.clock.micros,
        to_micros(until),
        profile=dict(profile_of(found)),
    )


# ---- it comes true


def comes_true(sim: Simulation, until: datetime) -> list[Any]:
    """Return what happens until then, once it is what was seen ahead."""
    before = len(sim.runner.journal("ann"))
    stored = sim.runner.store.load(["ann"], profiles=True)["ann"]
    seen = ahead_of(sim, until)
    assert sim.runner.store.load(["ann"], profiles=True)["ann"] == stored
    sim.advance_to(until)
    sim.settle()
    happened = sim.runner.journal("ann")[before:]
    assert encode_entries(seen.entries) == encode_entries(happened)
    assert encode_state(seen.state) == sim.runner.store.load(["ann"])["ann"].body
    return happened


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_preview_says_is_what_then_happens(data: st.DataObject) -> None:
    """Generated journeys, policies and histories; retries and holds are under way."""
    workspace = data.draw(workspaces([Seen, Bought], Person))
    history: list[Happened] = data.draw(histories([Seen, Bought], customers=["ann"]).filter(bool))
    sim = Simulation(workspace, at=history[0].at)
    sim.customer("ann", {"timezone": "Europe/Berlin", "email": "ann"}, consent=["email"])
    for name in sim.channels:
        sim.channel(name).answer(*data.draw(st.lists(st.just(Retry()), max_size=2)))
    for one in history:
        sim.advance_to(one.at)
        sim.track("ann", one.event)
    sim.advance(data.draw(st.sampled_from([timedelta(), timedelta(hours=5), timedelta(days=2)])))
    sim.settle()
    for channel in sim.channels.values():
        channel._scripts.clear()
    until = sim.now + data.draw(st.sampled_from([timedelta(hours=9), timedelta(days=40)]))
    happened = comes_true(sim, until)
    event(f"{len(happened) // 5 * 5} entries")


def test_a_retry_passes_the_gate_again() -> None:
    sim, ann = play(
        Journey("j", entry=On(Seen), steps=[Send("one", via=["email"])]),
        at="2026-03-02 20:30",
        quiet_hours=[QuietHours("21:00", "08:00")],
    )
    sim.channel("email").answer(Retry(after=timedelta(hours=2)))
    ann.track(Seen())
    sim.settle()
    (life,) = ann.preview(until="2026-03-03 10:00").messages
    assert [wait.reason for wait in life.waits] == ["quiet_hours"]
    comes_true(sim, sim.now + timedelta(days=1))
    assert ann.received == ["one"]


def test_what_follows_from_one_hand_over_may_forbid_the_next() -> None:
    first = [Wait(hours(1)), Send("last", via=["email"], priority=1), withdraw()]
    sim, ann = play(
        Journey("a", entry=On(Seen), steps=first),
        Journey("b", entry=On(Seen), steps=[Wait(hours(1)), Send("late", via=["email"])]),
        Journey("c", entry=On(Seen), steps=[Wait(hours(1)), Send("later", via=["email"])]),
    )
    ann.track(Seen())
    sim.settle()
    messages = ann.preview(until="2026-03-03 10:00").messages
    assert "consent_withdrawn" in {message.reason for message in messages}
    comes_true(sim, sim.now + timedelta(days=1))


def withdraw() -> Consent:
    return Consent("withdraw", channels=["email"])


def test_its_timeline_is_the_one_that_is_told_later() -> None:
    night = QuietHours("21:00", "08:00")
    steps = [
        Send("one", via=["email"]),
        WaitFor(On(Bought), timeout=hours(11), on_timeout=[Send("two", via=["email"])]),
        WaitUntil(at="09:00"),
        Send("three", via=["sms", "email"]),
    ]
    sim, ann = play(
        Journey("j", entry=On(Seen), steps=steps),
        quiet_hours=[night],
        caps=[FrequencyCap(2, per=days(7))],
    )
    ann.track(Seen())
    told = len(ann.timeline)
    preview = ann.preview(until="2026-03-20 10:00")
    sim.advance(days(20))
    assert preview.timeline.lines == ann.timeline.lines[told:]
    assert list(preview.messages) == ann.lives[1:]


def test_a_journey_that_loops_daily_for_a_month() -> None:
    loop = Journey(
        "daily",
        entry=On(Seen),
        steps=[Send("hello", via=["email"], label="again"), Wait(days(1)), Goto("again")],
    )
    _, ann = play(loop)
    ann.track(Seen())
    preview = ann.preview(until="2026-04-01 10:00")
    assert len(preview.messages) == 30
    assert {life.status for life in preview.messages} == {"accepted"}


def test_it_says_how_far_it_looked() -> None:
    """A journey that would go on for ever is followed for so many decisions, and no further."""
    loop = Journey(
        "hasty",
        entry=On(Seen),
        steps=[Send("hello", via=["email"], label="again"), Wait(hours(1)), Goto("again")],
    )
    sim, ann = play(loop)
    ann.track(Seen())
    until = sim.now + timedelta(days=5000)
    preview = ann.preview(until=until)
    assert sim.now + timedelta(days=90) < preview.until < until
    assert preview.messages[-1].decided <= preview.until
    assert ann.preview(until=sim.now + timedelta(days=9)).until == sim.now + timedelta(days=9)


def test_an_orchestrator_on_a_database_sees_the_same(tmp_path: Path) -> None:
    steps = [Wait(hours(2)), Send("one", via=["email"]), Wait(days(1)), Send("two", via=["email"])]
    workspace = Workspace(
        journeys=[Journey("j", entry=On(Seen), steps=steps)],
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("10:00", "14:00")]),
    )
    clock = VirtualClock(to_micros(datetime(2026, 3, 2, 9, tzinfo=UTC)))
    with closing(SQLiteStore(tmp_path / "j.db")) as store:
        kit = Orchestrator(
            workspace, store=store, channels={"email": RecordingChannel()}, clock=clock
        )
        kit.identify("ann")
        kit.track("ann", Seen())
        clock.micros += 3 * 3_600_000_000
        kit.tick()
        clock.micros += 1_800_000_000
        preview = kit.preview("ann", until=datetime(2026, 3, 5, tzinfo=UTC))
        assert [(life.template, life.status) for life in preview.messages] == [
            ("one", "accepted"),
            ("two", "accepted"),
        ]
        assert preview.messages[0].stages[1].reason == "quiet_hours"  # it was held before
        assert preview.messages[0].stages[1].at < preview.now
        assert len(kit.customer("ann").held) == 1


# ---- how it reads


def test_who_wins_which_slot_and_why() -> None:
    news = Journey("news", entry=On(Seen), steps=[Send("news", via=["email"])])
    offer = Journey(
        "offer", entry=On(Bought), steps=[Wait(hours(2)), Send("offer", via=["email"], priority=5)]
    )
    sim, ann = play(news, offer, caps=[FrequencyCap(1, per="day", look_ahead=hours(6))])
    ann.track(Bought())
    ann.track(Seen())
    preview = ann.preview(until="2026-03-03 10:00")
    assert (
        str(preview)
        == """\
ann (Europe/Berlin) until Tue 2026-03-03 10:00, if nothing happens but time
  Mon 2026-03-02 12:00  [offer] offer: sent by email
  Tue 2026-03-03 00:00  [news] news: sent by email
    Mon 2026-03-02 10:00  news: held until Mon 2026-03-02 12:00, because offer of offer is due \
then and goes first (priority 5 before 0), under the cap of 1 per day (0 of 1 used)
    Mon 2026-03-02 12:00  news: held until Tue 2026-03-03 00:00, because the cap of 1 per day is \
used up (1 of 1)"""
    )
    first, second = preview.messages
    assert (first.template, first.channel, first.journey, first.step) == (
        "offer", "email", "offer", "offer",
    )  # fmt: skip
    assert (first.status, first.at, first.reason) == (
        "accepted", datetime(2026, 3, 2, 11, tzinfo=UTC), "accepted",
    )  # fmt: skip
    assert [wait.reason for wait in second.waits] == ["look_ahead", "frequency_cap"]
    assert second.waits[0].makes_room_for == "offer"
    assert repr(preview) == "Preview('ann', until='2026-03-03T09:00:00+00:00')"
    assert sim.now == preview.now


def test_what_still_waits_and_what_is_not_sent() -> None:
    sim, ann = play(
        Journey(
            "j",
            entry=On(Seen),
            reentry=Always(),
            steps=[Wait(hours(1)), Send("hello", via=["email"], valid_for=days(3))],
        ),
        caps=[FrequencyCap(1, per=days(2))],
    )
    for _ in range(3):
        ann.track(Seen())

    def stand(until: str) -> list[tuple[str, bool, str]]:
        return [(m.status, m.at is None, m.reason) for m in ann.preview(until=until).messages]

    waiting = ("held", True, "frequency_cap")
    gone = ("accepted", False, "accepted")
    assert stand("2026-03-03 10:00") == [gone, waiting, waiting]
    sim.advance(hours(2))
    assert stand("2026-03-03 10:00") == [waiting, waiting]
    assert stand("2026-03-10 10:00") == [gone, ("expired", False, "expired")]


def test_nothing_to_come() -> None:
    _, ann = play(Journey("j", entry=On(Seen), steps=[Send("hello", via=["email"])]))
    preview = ann.preview(until="2026-03-03 10:00")
    assert preview.messages == ()
    assert str(preview).splitlines()[1:] == ["  no message"]
    ann.track(Seen())
    assert ann.received == ["hello"]
    assert ann.preview(until="2026-03-03 10:00").messages == ()


# ---- what is refused


def test_what_cannot_be_previewed() -> None:
    sim, ann = play(Journey("j", entry=On(Seen), steps=[Send("hello", via=["email"])]))
    with pytest.raises(UsageError, match="a preview looks ahead"):
        ann.preview(until="2026-03-02 09:59")
    with pytest.raises(UnknownCustomerError):
        sim.runner.preview("bob", until=sim.now)
    with pytest.raises(NaiveInstantError, match="until"):
        sim.runner.preview("ann", until=datetime(2026, 4, 1))
