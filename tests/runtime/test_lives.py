"""What became of a message: its whole life, read back from the journal by one query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from journeykit import (
    Address,
    Always,
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    Simulation,
    Wait,
    Workspace,
    days,
    hours,
    minutes,
)
from journeykit.errors import InputError, UnknownCustomerError, UnknownMessageError
from journeykit.kernel import journal as j
from journeykit.runtime import MessageLife, tell
from journeykit.runtime.lives import lives_of
from journeykit.testing.journeys import workspaces
from journeykit.testing.strategies import histories


class Seen(Event):
    plan: str = "free"


class Stopped(Event):
    pass


class Person(Profile):
    visits: int | None = None
    push: Annotated[str | None, Address("push")] = None


def play(*journeys: Journey, at: str = "2026-03-02 10:00", **policy: Any) -> tuple[Simulation, Any]:
    consent = {"email": "opt-out", "sms": "opt-out", "push": "opt-out"}
    workspace = Workspace(
        journeys=list(journeys),
        profile=Person,
        events=[Seen, Stopped],
        timezone="Europe/Berlin",
        policy=Policy(consent=consent, **policy),
    )
    sim = Simulation(workspace, at=at)
    return sim, sim.customer("ann")


def on_seen(*steps: Any, **more: Any) -> Journey:
    return Journey("j", entry=On(Seen), reentry=Always(), steps=list(steps), **more)


def path(life: MessageLife) -> str:
    """Return its stages in short."""
    return " ".join(
        f"{s.kind}:{s.reason}" if s.reason and s.reason != s.kind else s.kind for s in life.stages
    )


def told(entries: list[Any]) -> MessageLife:
    (life,) = lives_of(tell("ann", "Europe/Berlin", entries), entries)
    return life


CASES: list[tuple[str, dict[str, Any], list[Any], str, str, str]] = [
    # what is sent, the policy, what channels answer; the stages, the status, the reason
    ("accepted", {}, [], "decided released accepted", "accepted", "accepted"),
    (
        "held",
        {"quiet_hours": [QuietHours("09:00", "12:00")]},
        [],
        "decided held:quiet_hours released accepted",
        "accepted",
        "accepted",
    ),
    (
        "retried",
        {},
        [Retry("busy", after=timedelta(minutes=5)), Retry("busy", after=timedelta(minutes=5))],
        "decided released retried:retry retried:retry accepted",
        "accepted",
        "accepted",
    ),
    ("failed", {}, [Rejected("gone")], "decided released failed", "failed", "failed"),
    (
        "dropped",
        {"caps": [FrequencyCap(0, per="day")]},
        [],
        "decided dropped:frequency_cap",
        "dropped",
        "frequency_cap",
    ),
    (
        "expired",
        {"quiet_hours": [QuietHours("09:00", "23:00")]},
        [],
        "decided expired",
        "expired",
        "expired",
    ),
]


@pytest.mark.parametrize(("name", "policy", "answers", "stages", "status", "reason"), CASES)
def test_a_life(
    name: str, policy: dict[str, Any], answers: list[Any], stages: str, status: str, reason: str
) -> None:
    valid = hours(5) if name == "expired" else None
    sim, ann = play(on_seen(Send("hi", via=["email"], valid_for=valid)), **policy)
    sim.channel("email").answer(*answers)
    ann.track(Seen())
    sim.advance(days(2))
    (life,) = ann.lives
    assert (path(life), life.status, life.reason) == (stages, status, reason)
    assert life.at == life.last.at == life.stages[-1].at
    assert life.decided == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert (life.template, life.journey, life.step, life.topic) == ("hi", "j", "hi", None)
    assert sim.runner.message("ann", life.id) == life


def test_from_channel_to_channel() -> None:
    sim, ann = play(on_seen(Send("hi", via=["push", "email", "sms"])))
    sim.channel("email").answer(Rejected("no such mailbox", dead_address=False))
    ann.track(Seen())
    (life,) = ann.lives
    assert path(life) == (
        "decided rerouted:no_address released rejected rerouted:rejected released accepted"
    )
    assert life.channels == ("push", "email", "sms")
    assert (life.channel, life.hand_overs) == ("sms", 2)
    assert [(s.channel, s.hand_over) for s in life.stages if s.hand_over] == [
        ("email", 1),
        ("sms", 2),
    ]
    assert life.stages[3].detail == {"said": "no such mailbox"}


def test_on_its_way() -> None:
    sim, ann = play(on_seen(Send("hi", via=["email"])), quiet_hours=[QuietHours("09:00", "12:00")])
    sim.channel("email").answer(Retry(after=timedelta(hours=1)))
    ann.track(Seen())
    (life,) = ann.lives
    noon = datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert (life.status, life.reason, life.until, life.at) == ("held", "quiet_hours", noon, None)
    assert life.last.detail["rule"] == "09:00-12:00"
    sim.advance_to("12:00")
    (life,) = ann.lives
    assert (life.status, life.until, life.at) == ("released", noon + timedelta(hours=1), None)
    assert (life.hand_overs, life.last.kind) == (1, "retried")


def test_withdrawn_before_and_accepted_after() -> None:
    """A channel that answers late says what became of the message all the same."""
    sim, ann = play(on_seen(Send("hi", via=["email"]), exits=On(Stopped)))
    sim.channel("email").answer(Retry(after=timedelta(hours=1)))
    ann.track(Seen())
    sim.settle()
    ann.track(Stopped())
    (life,) = ann.lives
    assert (life.status, life.reason) == ("withdrawn", "stopped")
    entries = sim.runner.journal("ann")
    late = j.Answered(entries[-1].at, life.id, "email", "accepted", "", None, True, "j", "", False)
    assert told([*entries, late]).status == "accepted"
    assert told([*entries, replace(late, answer="retry")]).status == "withdrawn"


def test_displaced_by_what_asked_at_the_same_instant() -> None:
    news = Journey("news", entry=On(Seen), steps=[Send("news", via=["email"])])
    best = Journey("best", entry=On(Stopped), steps=[Send("best", via=["email"], priority=1)])
    _, ann = play(news, best, caps=[FrequencyCap(1, per="day")])
    ann.track(Seen())
    ann.track(Stopped())
    first, second = ann.lives
    assert path(first) == "decided released displaced held:frequency_cap"
    assert first.stages[2].detail == {"by": second.id}
    assert "best" in first.stages[2].text
    assert second.status == "accepted"


def test_it_reads_well() -> None:
    sim, ann = play(
        on_seen(Wait(minutes(1)), Send("hi", via=["email"])),
        quiet_hours=[QuietHours("09:00", "12:00")],
    )
    ann.track(Seen())
    sim.advance(days(1))
    (life,) = ann.lives
    assert (
        str(life)
        == """\
hi to ann (j): accepted
  Mon 2026-03-02 10:01  wants to send hi by email
  Mon 2026-03-02 10:01  hi: held until Mon 2026-03-02 12:00, because it is 10:01 in Europe/Berlin, \
within the quiet hours 09:00-12:00
  Mon 2026-03-02 12:00  hi: the gate is open, released
  Mon 2026-03-02 12:00  hi: sent by email"""
    )


def test_an_id_that_there_is_not() -> None:
    sim, _ = play(on_seen(Send("hi", via=["email"])))
    with pytest.raises(
        UnknownMessageError, match=r"no message of this id \(got str of 2 "
    ) as error:
        sim.runner.message("ann", "m1")
    assert isinstance(error.value, InputError)
    with pytest.raises(UnknownCustomerError):
        sim.runner.message("bob", "m1")
    with pytest.raises(UnknownCustomerError):
        sim.runner.messages("bob")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_entry_about_a_message_is_missing_from_the_lives(data: st.DataObject) -> None:
    """Every entry is one stage, the words are those of the timeline, the end is the state's."""
    workspace = data.draw(workspaces([Seen], Person))
    history = data.draw(histories([Seen], customers=["ann"]).filter(bool))
    sim = Simulation(workspace, at=history[0].at)
    ann = sim.customer("ann", {"timezone": "Europe/Berlin"}, consent=["email"])
    for one in history:
        sim.advance_to(one.at)
        sim.track("ann", one.event)
    sim.settle()
    timeline, lives = ann.timeline, ann.lives
    entries = sim.runner.journal("ann")
    told = [
        line.text
        for entry, line in zip(entries, timeline, strict=True)
        if hasattr(entry, "message")
    ]
    assert sorted(told) == sorted(stage.text for life in lives for stage in life.stages)
    assert [life.id for life in lives] == [e.message for e in entries if isinstance(e, j.Decided)]
    view = ann.view
    assert {m.id for m in view.held} == {life.id for life in lives if life.status == "held"}
    assert {m.id for m in view.released} == {life.id for life in lives if life.status == "released"}
    assert {m.id for m in view.sent} <= {life.id for life in lives if life.status == "accepted"}
