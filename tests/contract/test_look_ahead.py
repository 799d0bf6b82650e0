"""The most important first: a cap with `look_ahead` (rule G3), through the public API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from journeykit import (
    Address,
    Always,
    Arm,
    Branch,
    Consent,
    Event,
    Exit,
    FrequencyCap,
    Journey,
    On,
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
    days,
    hours,
    minutes,
)
from journeykit.model import Step
from journeykit.runtime import MessageLife
from journeykit.time import Duration

FIRST = FrequencyCap(1, per="day", look_ahead=hours(6))


class Seen(Event):
    until: datetime | None = None


class Bought(Event):
    gone: datetime = datetime(2026, 3, 2, 11, tzinfo=UTC)


class Stopped(Event):
    pass


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    phone: Annotated[str | None, Address("call", zone="phone_zone")] = None
    phone_zone: str | None = None


def news(**more: Any) -> Journey:
    """The lesser message."""
    send = Send("news", via=more.pop("via", ["email"]), **more)
    return Journey("news", entry=On(Seen), reentry=Always(), steps=[send])


def offer(*steps: Step, exits: Sequence[Any] = ()) -> Journey:
    """The run in which something more important may come."""
    return Journey("offer", entry=On(Bought), reentry=Always(), steps=list(steps), exits=exits)


BEST = Send("offer", via=["email"], priority=5)


def play(
    *journeys: Journey,
    at: str = "2026-03-02 10:00",
    caps: Sequence[FrequencyCap] = (FIRST,),
    quiet: Sequence[QuietHours] = (),
) -> tuple[Simulation, Any]:
    workspace = Workspace(
        journeys=list(journeys),
        profile=Person,
        events=[Seen, Bought, Stopped],
        timezone="Europe/Berlin",
        policy=Policy(
            consent={"email": "opt-out", "sms": "opt-out", "push": "opt-in", "call": "opt-in"},
            quiet_hours=list(quiet),
            caps=list(caps),
        ),
    )
    sim = Simulation(workspace, at=at)
    return sim, sim.customer("ann")


def sent(sim: Simulation) -> list[str]:
    sim.settle()
    return [f"{m.template} {m.at.astimezone(sim.now.tzinfo):%d %H:%M}" for m in sim.accepted("ann")]


FIRST_COMES_THE_BEST = ["offer 02 12:00", "news 03 00:00"]
AT_ONCE = ["news 02 10:00", "offer 03 00:00"]


def way(*steps: Step) -> list[Step]:
    return [Wait(hours(2)), *steps]


WAYS: list[tuple[str, list[Step], list[str]]] = [
    ("a wait", way(BEST), FIRST_COMES_THE_BEST),
    ("a moment", [WaitUntil(at="12:00"), BEST], FIRST_COMES_THE_BEST),
    (
        "a time-out",
        [WaitFor(On(Stopped), timeout=hours(2), on_timeout=[BEST])],
        FIRST_COMES_THE_BEST,
    ),
    ("two waits", [Wait(hours(1)), Wait(hours(1)), BEST], FIRST_COMES_THE_BEST),
    (
        "a branch that holds",
        way(Branch(When(Person.plan == "free", [BEST]), otherwise=[Exit()])),
        FIRST_COMES_THE_BEST,
    ),
    (
        "a branch that leads away",
        way(Branch(When(Person.plan == "pro", [BEST]), otherwise=[Exit()])),
        ["news 02 10:00"],
    ),
    (
        "an attribute set on the way",
        way(Set(Person.plan, "pro"), Branch(When(Person.plan == "pro", [BEST]))),
        FIRST_COMES_THE_BEST,
    ),
    (
        "a consent given on the way",
        way(Consent("grant", channels=["sms"]), BEST),
        FIRST_COMES_THE_BEST,
    ),
    (
        "the consent that it needs, given on the way",
        way(Consent("grant", channels=["push"]), Send("offer", via=["push"], priority=5)),
        FIRST_COMES_THE_BEST,
    ),
    (
        "a consent withdrawn on the way",
        way(Consent("withdraw", channels=["sms"]), Send("offer", via=["sms"], priority=5)),
        ["news 02 10:00"],
    ),
    (
        "the zone of an address, which nobody knows yet",
        way(Set(Person.phone_zone, "Asia/Tokyo"), BEST),
        AT_ONCE,
    ),
    ("an equal one", way(Send("offer", via=["email"])), AT_ONCE),
    (
        "an equal one before it",
        way(Send("other", via=["sms"]), BEST),
        ["news 02 10:00", "other 03 00:00", "offer 04 00:00"],
    ),
    (
        "a transactional one",
        way(Send("offer", via=["email"], priority=5, transactional=True)),
        ["news 02 10:00", "offer 02 12:00"],
    ),
    ("one without consent", way(Send("offer", via=["push"], priority=5)), ["news 02 10:00"]),
    (
        "one whose second channel is open",
        way(Send("offer", via=["push", "email"], priority=5)),
        FIRST_COMES_THE_BEST,
    ),
    ("exactly at the end of the span", [Wait(hours(6)), BEST], ["offer 02 16:00", "news 03 00:00"]),
    ("a minute beyond the span", [Wait(hours(6) + minutes(1)), BEST], AT_ONCE),
    (
        "one that has expired by then",
        [Wait(hours(2)), Send("offer", via=["email"], priority=5, valid_until=Bought.gone)],
        ["news 02 10:00"],
    ),
]


@pytest.mark.parametrize(("steps", "leave"), [pytest.param(s, l, id=i) for i, s, l in WAYS])
def test_G3_a_lesser_message_makes_room_for_what_a_run_comes_to(
    steps: list[Step], leave: list[str]
) -> None:
    sim, ann = play(news(), offer(*steps))
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(4))
    assert sent(sim) == leave


def test_G3_the_order_of_calls_at_one_instant_does_not_matter() -> None:
    sim, ann = play(news(), offer(Wait(hours(2)), BEST))
    ann.track(Seen())  # released at once, and taken back by what comes next
    ann.track(Bought())
    assert [message.reason for message in ann.held] == ["look_ahead"]
    assert [stage.kind for stage in ann.lives[0].stages] == ["decided", "released", "held"]
    sim.advance(days(2))
    assert sent(sim) == FIRST_COMES_THE_BEST


def test_G3_a_moment_later_what_was_released_is_not_taken_back() -> None:
    sim, ann = play(news(), offer(Wait(hours(2)), BEST))
    sim.channel("email").answer(Retry(after=timedelta(minutes=2)))
    ann.track(Seen())
    sim.advance(minutes(1))
    ann.track(Bought())
    sim.advance(days(2))
    assert sent(sim) == ["news 02 10:02", "offer 03 00:00"]


def test_G3_the_split_decides_as_it_will() -> None:
    """Whoever falls into the arm without a message is not waited for."""
    arms = Split(Arm("with", 50, [Wait(hours(1)), BEST]), Arm("without", 50, [Wait(hours(1))]))
    sim, _ = play(news(), offer(Wait(hours(1)), arms))
    for n in range(20):
        who = sim.customer(f"c{n}")
        who.track(Bought())
        who.track(Seen())
        holds = who.reasons("hold")
        falls = "with" if holds else "without"
        assert f"falls into {falls};" in str(who.preview(until="2026-03-03 10:00").timeline)


@pytest.mark.parametrize(
    ("limit", "runs", "leave"),
    [
        (2, 1, ["news 02 10:00", "offer 02 12:00"]),  # there is room for both
        (2, 2, ["offer 02 12:00", "offer 02 12:00", "news 03 00:00"]),
        (3, 2, ["news 02 10:00", "offer 02 12:00", "offer 02 12:00"]),
    ],
)
def test_G3_only_the_slots_that_are_needed_are_kept(
    limit: int, runs: int, leave: list[str]
) -> None:
    cap = FrequencyCap(limit, per="day", look_ahead=hours(6))
    sim, ann = play(news(), offer(Wait(hours(2)), BEST), caps=[cap])
    for _ in range(runs):
        ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(4))
    assert sent(sim) == leave


def test_G3_a_slot_that_is_free_again_by_then_is_used() -> None:
    """At 23:00 a message takes today's slot: what is due after midnight has its own."""
    sim, ann = play(news(), offer(Wait(hours(2)), BEST), at="2026-03-02 23:00")
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == ["news 02 23:00", "offer 03 01:00"]


def test_G3_without_look_ahead_nobody_waits_for_what_is_not_decided() -> None:
    sim, ann = play(news(), offer(Wait(hours(2)), BEST), caps=[FrequencyCap(1, per="day")])
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == AT_ONCE


def test_G3_a_message_that_the_cap_does_not_cover_is_not_waited_for() -> None:
    cap = FrequencyCap(1, per="day", channels=["email"], look_ahead=hours(6))
    by_sms = offer(Wait(hours(2)), Send("offer", via=["sms"], priority=5))
    sim, ann = play(news(), by_sms, caps=[cap])
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == ["news 02 10:00", "offer 02 12:00"]


@pytest.mark.parametrize(
    ("valid", "leave"),
    [
        (hours(2) + minutes(1), ["offer 02 12:00"]),  # it waits, and cannot leave after all
        (hours(2), AT_ONCE),  # the other one is due at the end, which is excluded
        (hours(1), AT_ONCE),
    ],
)
def test_G4_nobody_waits_to_the_end_of_the_validity(valid: Any, leave: list[str]) -> None:
    sim, ann = play(news(valid_for=valid), offer(Wait(hours(2)), BEST))
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == leave


@pytest.mark.parametrize("on_cap", ["hold", "skip", "exit"])
def test_G3_it_waits_whatever_the_step_does_at_caps(
    on_cap: Literal["hold", "skip", "exit"],
) -> None:
    sim, ann = play(news(on_cap=on_cap), offer(Wait(hours(2)), BEST))
    ann.track(Bought())
    ann.track(Seen())
    assert ann.reasons("hold") == ["look_ahead"]
    sim.advance(days(2))
    assert sent(sim) == (FIRST_COMES_THE_BEST if on_cap == "hold" else ["offer 02 12:00"])


def test_G3_a_transactional_message_does_not_wait() -> None:
    sim, ann = play(news(transactional=True), offer(Wait(hours(2)), BEST))
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == ["news 02 10:00", "offer 02 12:00"]


def test_G3_a_held_message_is_waited_for() -> None:
    """The better one is decided, and held until 08:00; the lesser asks at 07:00 on sms."""
    cap = FrequencyCap(1, per="day", look_ahead=hours(6))
    night = QuietHours("21:00", "08:00", channels=["email"])
    sim, ann = play(
        news(via=["sms"]), offer(BEST), at="2026-03-02 07:00", caps=[cap], quiet=[night]
    )
    ann.track(Bought())
    ann.track(Seen())
    (held,) = [m for m in ann.held if m.template == "news"]
    assert (held.reason, f"{held.until:%H:%M}") == ("look_ahead", "07:00")  # UTC
    sim.advance(days(2))
    assert sent(sim) == ["offer 02 08:00", "news 03 00:00"]


def test_G3_what_comes_to_quiet_hours_is_due_when_they_end() -> None:
    """Due at 22:00 by its steps, it leaves at 08:00: beyond the span, and tomorrow."""
    night = QuietHours("21:00", "08:00")
    sim, ann = play(news(), offer(Wait(hours(2)), BEST), at="2026-03-02 20:00", quiet=[night])
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(2))
    assert sent(sim) == ["news 02 20:00", "offer 03 08:00"]


@pytest.mark.parametrize(
    ("change", "leaves"),
    [
        (lambda ann: ann.track(Stopped()), "02 11:00"),  # its run exits
        (lambda ann: ann.cancel("offer"), "02 11:00"),
        (lambda ann: ann.withdraw("email", topic="offers"), "02 11:00"),
        (lambda ann: ann.tell({"plan": "pro"}), "02 11:00"),  # it takes another way
        (lambda ann: ann.track("seen"), "03 00:00"),  # nothing that concerns it
    ],
)
def test_G3_it_goes_as_soon_as_the_other_comes_no_more(change: Any, leaves: str) -> None:
    best = Send("offer", via=["email"], topic="offers", priority=5)
    run = offer(Wait(hours(2)), Branch(When(Person.plan == "free", [best])), exits=[On(Stopped)])
    sim, ann = play(news(), run)
    ann.track(Bought())
    ann.track(Seen())
    sim.advance_to("11:00")
    change(ann)
    sim.advance(days(4))
    assert next(one for one in sent(sim) if one.startswith("news")) == f"news {leaves}"


def test_G3_a_restart_that_moves_the_other_does_not_hold_it_beyond_the_span() -> None:
    """Every hour the run begins anew: after six hours of waiting the lesser one goes."""
    run = Journey("offer", entry=On(Bought), reentry=Restart(), steps=[Wait(hours(2)), BEST])
    sim, ann = play(news(), run)
    ann.track(Bought())
    ann.track(Seen())
    for _ in range(8):
        sim.advance(hours(1))
        ann.track(Bought())
    assert sent(sim) == ["news 02 15:00"]  # the next one would be due at 17:00


def test_the_reason_names_the_rule_and_whom_it_makes_room_for() -> None:
    _, ann = play(news(), offer(Wait(hours(2)), BEST))
    ann.track(Bought())
    ann.track(Seen())
    (life,) = ann.lives
    (wait,) = life.waits
    assert (wait.reason, wait.makes_room_for) == ("look_ahead", "offer")
    assert wait.detail == {
        "rule": "1 per day", "used": 0, "limit": 1, "zone": "Europe/Berlin", "for": "offer",
        "journey": "offer", "priority": 5, "own_priority": 0,
    }  # fmt: skip
    assert wait.text == (
        "news: held until Mon 2026-03-02 12:00, because offer of offer is due then and goes first "
        "(priority 5 before 0), under the cap of 1 per day (0 of 1 used)"
    )


# ---- whatever the runs are


@dataclass
class Start:
    """A run that begins, waits, and sends once."""

    at: int  # half hours
    waits: int
    priority: int


STARTS = st.lists(
    st.builds(Start, st.integers(0, 12), st.integers(0, 16), st.integers(0, 3)),
    min_size=2,
    max_size=7,
)
PERS: list[Any] = ["day", hours(5), days(1)]
CAPS = st.tuples(
    st.integers(1, 2), st.sampled_from(PERS), st.sampled_from([minutes(30), hours(3), hours(6)])
).map(lambda drawn: FrequencyCap(drawn[0], per=drawn[1], look_ahead=drawn[2]))


class Go(Event):
    which: int


@settings(max_examples=120, deadline=None)
@given(starts=STARTS, cap=CAPS, hour=st.integers(0, 23))
@example(  # two are more important, and one of them is due at the very instant of the input
    starts=[Start(0, 12, 1), Start(0, 13, 1), Start(12, 0, 0)],
    cap=FrequencyCap(2, per="day", look_ahead=minutes(30)),
    hour=0,
)
def test_G3_the_more_important_has_the_slot_if_it_was_due_within_the_span(
    starts: list[Start], cap: FrequencyCap, hour: int
) -> None:
    journeys = [
        Journey(
            f"j{n}",
            entry=On(Go, where=Go.which == n),
            steps=[
                *([Wait(minutes(30 * one.waits))] if one.waits else []),
                Send(f"m{n}", via=["email"], priority=one.priority),
            ],
        )
        for n, one in enumerate(starts)
    ]
    workspace = Workspace(
        journeys=journeys,
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out"}, caps=[cap]),
    )
    sim = Simulation(workspace, at=f"2026-03-02 {hour:02}:00")
    ann = sim.customer("ann")
    begins = sim.now
    entered = {}
    for n, one in sorted(enumerate(starts), key=lambda pair: pair[1].at):
        sim.advance_to(begins + timedelta(minutes=30 * one.at))
        entered[f"m{n}"] = sim.now
        ann.track(Go(which=n))
    sim.advance(days(30))
    lives = ann.lives
    assert {life.status for life in lives} == {"accepted"}
    assert cap.look_ahead is not None
    span = timedelta(microseconds=cap.look_ahead.micros)
    for one in lives:
        assert one.at is not None
        since = one.at
        for wait in reversed(one.waits):
            if wait.reason != "look_ahead":
                break
            since = wait.at
            assert wait.until is not None
            assert wait.at < wait.until <= since + span
            assert one.at <= since + span or len(one.waits) > 1
        for better in lives:
            comes = better.decided
            if (
                better.priority > one.priority
                and one.at < comes <= since + span
                and entered[better.template] < one.at  # else it may come after the release
                and not any(one.at < at <= comes for at in entered.values())
                and [w.reason for w in better.waits if w.at == comes][:1] == ["frequency_cap"]
                and not any(_left_later(other, one, better) for other in lives)
            ):
                assert not counts(cap, one.at, comes), f"{one}\ntook the slot of\n{better}"
    event(f"{sum(life.waits[0].reason == 'look_ahead' for life in lives if life.waits)} waited")


def _left_later(other: MessageLife, one: MessageLife, better: MessageLife) -> bool:
    """Tell whether another lesser message went after `one`, and may have taken the last slot.

    One whose own span was over by then, as nobody waits for ever.
    """
    assert other.at is not None
    assert one.at is not None
    is_lesser = other.priority < better.priority and other.at < better.decided
    return is_lesser and (one.at, -one.priority) < (other.at, -other.priority)


def counts(cap: FrequencyCap, sent_at: datetime, at: datetime) -> bool:
    """Tell whether a message that was sent then uses a slot, without a change of the clock."""
    if cap.per == "day":
        zone = ZoneInfo("Europe/Berlin")
        return sent_at.astimezone(zone).date() == at.astimezone(zone).date()
    assert isinstance(cap.per, Duration)
    return at < sent_at + timedelta(days=cap.per.days, microseconds=cap.per.micros)
