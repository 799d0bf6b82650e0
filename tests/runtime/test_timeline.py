"""Does the story read well? Whole timelines, as a support agent would read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest

from journeykit import (
    Address,
    Branch,
    Event,
    FrequencyCap,
    Goal,
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
    WaitFor,
    When,
    Workspace,
    days,
    hours,
    minutes,
    months,
)
from journeykit.kernel import journal as j
from journeykit.model.spans import in_words
from journeykit.runtime import Timeline, tell
from journeykit.runtime.timeline import local_time
from journeykit.runtime.wording import because
from journeykit.time import Duration


class Begun(Event):
    plan: str = "free"


class Cart(Event):
    cart_id: str


class Bought(Event):
    pass


class Person(Profile):
    plan: str = "free"
    push: Annotated[str | None, Address("push")] = None


POLICY = {
    "consent": {"email": "opt-in", "push": "opt-in", "sms": "opt-out"},
    "quiet_hours": [QuietHours("21:00", "08:00", channels=["sms", "push"])],
    "caps": [FrequencyCap(1, per=timedelta(days=7), channels=["sms"])],
    "topics": ["offers"],
}


def simulate(*journeys: Journey, at: str = "2026-03-02 10:00", **policy: Any) -> Simulation:
    workspace = Workspace(
        journeys=list(journeys),
        events=[Begun, Cart, Bought],
        profile=Person,
        timezone="Europe/Berlin",
        policy=Policy(**(POLICY | policy)),
    )
    return Simulation(workspace, at=at)


def story(timeline: Timeline) -> list[str]:
    """Return the sentences that are printed, without the day and the journey."""
    rows = str(timeline).splitlines()[1:]
    return [row[24:].strip().replace("[j] ", "") for row in rows]


def test_a_night_and_a_cap() -> None:
    """Every hold with its rule, the zone, the clock and the numbers."""
    steps = [Send("one", via=["sms"]), Wait(hours(9)), Send("two", via=["sms"])]
    sim = simulate(Journey("j", entry=On(Begun), steps=steps), at="2026-03-02 20:00")
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(days(9))
    assert (
        str(ann.timeline)
        == """\
ann (Europe/Berlin)
  Mon 2026-03-02 20:00  profile told: timezone
  Mon 2026-03-02 20:00  event begun
  Mon 2026-03-02 20:00  [j] entered (version 1)
  Mon 2026-03-02 20:00  [j] wants to send one by sms
  Mon 2026-03-02 20:00  [j] one: sent by sms
  Mon 2026-03-02 20:00  [j] waits 9 hours, until Tue 2026-03-03 05:00
  Tue 2026-03-03 05:00  [j] wants to send two by sms
  Tue 2026-03-03 05:00  [j] two: held until Mon 2026-03-09 20:00, because it is 05:00 in \
Europe/Berlin, within the quiet hours 21:00-08:00
  Mon 2026-03-09 20:00  [j] two: the gate is open, released
  Mon 2026-03-09 20:00  [j] two: sent by sms
  Mon 2026-03-09 20:00  [j] came to its end"""
    )


def test_channels_that_cannot_and_one_that_can() -> None:
    sim = simulate(Journey("j", entry=On(Begun), steps=[Send("hi", via=["push", "email", "sms"])]))
    ann = sim.customer("ann")
    ann.track(Begun())
    assert story(ann.timeline)[3:] == [
        "wants to send hi by push",
        "hi: tries email, because there is no address for push",
        "hi: tries sms, because there is no consent to email, which is opt-in",
        "hi: sent by sms",
        "came to its end",
    ]


def test_retries_and_a_dead_address() -> None:
    sim = simulate(
        Journey("j", entry=On(Begun), steps=[Send("hi", via=["email"]), Send("ho", via=["email"])])
    )
    email = sim.channel("email")
    email.answer(Retry("busy", after=timedelta(minutes=5)), Rejected("no such mailbox"))
    ann = sim.customer("ann", consent=["email"])
    ann.track(Begun())
    sim.advance(days(1))
    assert story(ann.timeline)[4:] == [
        "wants to send hi by email",
        "hi: not taken by email yet, comes again Mon 2026-03-02 10:05: busy",
        "hi: failed for good on email, at hand-over 2: no such mailbox",
        "wants to send ho by email",
        "the address for email must not be used any more: no such mailbox",
        "ho: not sent, because the address for email is suppressed (no such mailbox)",
        "came to its end",
    ]


def test_waits_ways_goals_and_exits() -> None:
    steps = [
        WaitFor(On(Bought), timeout=days(2)),
        Branch(
            When(Person.plan == "pro", [Send("pro", via=["sms"])]),
            otherwise=[Wait(hours(1) + minutes(30))],
        ),
    ]  # fmt: skip
    sim = simulate(Journey("j", entry=On(Begun), goal=Goal(On(Cart)), steps=steps))
    ann, bob = sim.customer("ann", {"plan": "pro"}), sim.customer("bob")
    ann.track(Begun())
    bob.track(Begun())
    sim.advance(hours(1))
    bob.track(Bought())
    bob.track(Begun())
    bob.track(Cart(cart_id="c1"))
    sim.advance(days(3))
    assert story(ann.timeline)[3:] == [
        "waits for bought, 2 days at most, until Wed 2026-03-04 10:00",
        "nothing came in time",
        "condition 1 holds: takes the way when_1",
        "wants to send pro by sms",
        "pro: sent by sms",
        "came to its end",
    ]
    assert story(bob.timeline)[3:] == [
        "waits for bought, 2 days at most, until Wed 2026-03-04 10:00",
        "event bought",
        "what it waited for came",
        "no condition holds: takes the way otherwise; waits 1 hour and 30 minutes, until Mon 2026-03-02 12:30",
        "event begun",
        "did not enter: a run is open, and the journey has no parallel ones",
        "event cart",
        "goal reached",
        "ended with its goal: cart",
    ]


def test_repeats_commands_and_withdrawals() -> None:
    sim = simulate(
        Journey("j", entry=On(Cart, key=Cart.cart_id), steps=[Send("hi", via=["sms"])]),
        at="2026-03-02 22:00",
    )
    ann = sim.customer("ann")
    ann.track(Cart(cart_id="c1"), id="e1")
    ann.track(Cart(cart_id="c2"), id="e1")
    sim.runner.withdraw("ann", ["email"], topic="offers", source="preference page")
    sim.runner.suppress("ann", "sms", reason="asked us by phone")
    sim.runner.unsuppress("ann", "sms")
    sim.runner.cancel("ann", "j", key="c1", reason="asked support")
    assert story(ann.timeline)[1:] == [
        "event cart e1",
        "entered for c1 (version 1)",
        "wants to send hi by sms",
        "hi: held until Tue 2026-03-03 08:00, because it is 22:00 in Europe/Berlin, within the quiet hours 21:00-08:00",
        "event cart: id e1 was used before for other content; ignored",
        "withdrew consent to email (offers), source: preference page",
        "the address for sms must not be used any more: asked us by phone",
        "the address for sms may be used again",
        "is cancelled by call for c1: asked support",
        "hi: withdrawn before it went out: asked support",
        "was cancelled: asked support",
    ]


def test_details_are_told_when_they_are_asked_for() -> None:
    sim = simulate(Journey("j", entry=On(Begun), goal=Goal(On(Bought)), steps=[Wait(days(1))]))
    ann = sim.customer("ann")
    ann.track(Bought())
    ann.track(Begun())
    sim.advance(days(2))
    told = ann.timeline
    hidden = [line.text for line in told if line.is_detail]
    assert hidden == [
        "remembered as an exit, for triggers that arrive late",
        "goes on to step completed",
    ]
    assert not [text for text in hidden if text in str(told)]
    assert all(text in told.text(details=True) for text in hidden)
    assert len(told.text(details=True).splitlines()) == len(told) + 1


def test_a_timeline_without_the_journeys_is_plainer() -> None:
    """As when a file is read whose workspace is not at hand."""
    sim = simulate(Journey("j", entry=On(Begun), steps=[Wait(days(1))]))
    ann = sim.customer("ann")
    ann.track(Begun())
    told = tell("ann", "Asia/Tokyo", sim.runner.journal("ann"))
    assert (
        str(told).splitlines()[-1] == "  Mon 2026-03-02 18:00  [j] waits until Tue 2026-03-03 18:00"
    )
    assert repr(told) == "Timeline('ann', 4 lines)"


def test_every_kind_of_entry_has_a_sentence() -> None:
    from journeykit.runtime.telling import _TELL

    assert set(_TELL) == set(j.AnyEntry.__args__)


@pytest.mark.parametrize(
    ("reason", "detail", "words"),
    [
        ("quiet_hours", {"rule": "21:00-08:00", "zone": "Asia/Tokyo", "local": "2026-03-02 06:15"},
         "it is 06:15 in Asia/Tokyo, within the quiet hours 21:00-08:00"),
        ("quiet_hours", {"rule": "2026-12-25", "zone": "Asia/Tokyo", "local": "2026-12-25 12:00"},
         "it is 12:00 in Asia/Tokyo, and 2026-12-25 is a quiet date"),
        ("frequency_cap", {"rule": "3 per 7 days", "used": 3, "limit": 3},
         "the cap of 3 per 7 days is used up (3 of 3)"),
        ("frequency_cap", {"rule": "3 per 7 days", "used": 1, "limit": 1, "whose": "customer"},
         "the cap of 3 per 7 days is used up (1 of 1, the customer's own limit)"),
        ("frequency_cap", {"rule": "4 hours apart", "used": 1, "limit": 1},
         "messages are to be 4 hours apart (1 of 1)"),
        ("frequency_cap", {"rule": "0 per day", "used": 0, "limit": 0, "opens": "never"},
         "the cap of 0 per day is used up (0 of 0); this never opens (opens never)"),
        ("zone_unknown", {"rule": "21:00-08:00"},
         "the time zone is not known, and the rule 21:00-08:00 asks for it"),
        ("consent_withdrawn", {"channel": "email", "topic": "offers", "since": 5},
         "consent to email (offers) was withdrawn on <5>"),
        ("expired", {"valid_until": 7}, "it was valid until <7>"),
        ("expired", {"valid_until": 7, "retry_at": 9},
         "it was valid until <7>, and was to come again <9>"),
        # the objection that would have lasted longer than the message is valid
        ("expired", {"valid_until": 7, "blocked_by": "frequency_cap", "rule": "1 per day",
                     "used": 1, "limit": 1, "opens": 9},
         "it was valid until <7>, and the cap of 1 per day is used up (1 of 1); it opens <9>"),
        ("rejected", {"channel": "push"}, "push rejected it for good"),
        ("asked_again", {}, "it had to wait, and now begins with its first channel again"),
        ("of_tomorrow", {"a": 1}, "of_tomorrow (a 1)"),  # a code that this release does not know
    ],
)  # fmt: skip
def test_reasons_in_words(reason: str, detail: dict[str, Any], words: str) -> None:
    assert because(reason, detail, lambda micros: f"<{micros}>") == words


@pytest.mark.parametrize(
    ("at", "zone", "shown"),
    [
        ("2026-03-02T20:00:05+00:00", "Asia/Tokyo", "Tue 2026-03-03 05:00:05"),
        # The wall clock leaves the calendar: UTC is shown.
        ("9999-12-31T23:00:00+00:00", "Asia/Tokyo", "Fri 9999-12-31 23:00"),
        ("0001-01-01T00:00:00+00:00", "America/New_York", "Mon 1-01-01 00:00"),
    ],
)
def test_instants_on_a_wall_clock(at: str, zone: str, shown: str) -> None:
    assert local_time(datetime.fromisoformat(at), ZoneInfo(zone)).replace(" 0001", " 1") == shown


def test_every_reason_has_words_of_its_own() -> None:
    from journeykit.kernel import reasons

    for code in {**reasons.HELD, **reasons.DROPPED, **reasons.REROUTED}:
        words = because(code, {}, str)
        assert "_" not in words, code
        assert len(words.split()) > 2, code


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (days(1), "1 day"),
        (days(7), "7 days"),
        (days(10), "10 days"),
        (hours(9), "9 hours"),
        (hours(1) + minutes(30), "1 hour and 30 minutes"),
        (months(14) + days(1), "1 year, 2 months and 1 day"),
        (Duration.of("PT0.5S"), "0.5 seconds"),
    ],
)
def test_spans_in_words(duration: Duration, words: str) -> None:
    assert in_words(duration) == words


def test_the_story_is_the_same_each_time() -> None:
    def once() -> str:
        sim = simulate(Journey("j", entry=On(Begun), steps=[Send("hi", via=["sms"])]))
        ann = sim.customer("ann")
        ann.track(Begun())
        return str(ann.timeline)

    assert once() == once()
