"""The gate, sentence by sentence: rules G1 to G7 of the contract, through the public API.

Each test names its rule. `sent` tells when what left, on the wall clock of the simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import pytest

from journeykit import (
    Address,
    Always,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    QuietHours,
    RecordingChannel,
    Rejected,
    Retry,
    Send,
    Simulation,
    SQLiteStore,
    Wait,
    Workspace,
    ago,
    days,
    hours,
    minutes,
)
from journeykit.errors import DefinitionError
from journeykit.model import Step

NIGHT = QuietHours("21:00", "08:00")
ALL_OUT: dict[str, Literal["opt-in", "opt-out"]] = {
    "email": "opt-out", "push": "opt-out", "sms": "opt-out",
}  # fmt: skip


class Ping(Event):
    until: datetime | None = None


class Pong(Event):
    pass


class Stop(Event):
    pass


class Person(Profile):
    tier: Literal["free", "pro"] = "free"
    deadline: datetime | None = None
    joined: datetime | None = None


class Addressed(Profile):
    email: Annotated[str | None, Address("email")] = None
    push_token: Annotated[str | None, Address("push")] = None


def on(event: type[Event], name: str, *steps: Step, **more: Any) -> Journey:
    return Journey(name, entry=On(event), reentry=Always(), steps=list(steps), **more)


def play(
    *journeys: Journey,
    at: str,
    tz: str = "Europe/Berlin",
    consent: dict[str, Literal["opt-in", "opt-out"]] | None = None,
    quiet: Sequence[QuietHours] = (),
    caps: Sequence[FrequencyCap] = (),
    profile: type[Profile] = Person,
    timezone: str | None = None,
    store: Any = None,
) -> Simulation:
    workspace = Workspace(
        journeys=list(journeys),
        profile=profile,
        timezone=timezone or tz,
        events=[Ping, Pong, Stop],
        policy=Policy(consent=consent or ALL_OUT, quiet_hours=list(quiet), caps=list(caps)),
    )
    return Simulation(workspace, at=at, tz=tz, store=store)


def sent(sim: Simulation, who: str = "ann") -> list[str]:
    sim.settle()
    zone = sim.now.tzinfo
    return [f"{m.template} {m.at.astimezone(zone):%a %d %H:%M}" for m in sim.accepted(who)]


def hello(**more: Any) -> Journey:
    return on(Ping, "hello", Send("hello", via=["email"], **more))


# ---- G1: the order, and which reasons last


ORDER = [  # each line: what stands in the way, from the front of the order to its end
    ("suppressed consent expiry quiet cap", "drop", "suppressed"),
    ("consent expiry quiet cap", "drop", "consent_withdrawn"),
    ("expiry quiet cap", "drop", "expired"),
    ("quiet cap", "hold", "quiet_hours"),
    ("cap", "hold", "frequency_cap"),
    ("", "answer", ""),
]


@pytest.mark.parametrize(("standing", "kind", "reason"), ORDER)
def test_G1_order(standing: str, kind: str, reason: str) -> None:
    there = standing.split()
    sim = play(
        hello(valid_until=Ping.until),
        at="2026-03-02 23:00" if "quiet" in there else "2026-03-02 12:00",
        consent={"email": "opt-in"},
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per=days(7))],
    )
    ann = sim.customer("ann", consent=["email"])
    if "cap" in there:
        ann.track(Ping())
        sim.advance_to("2026-03-03 12:00")
        assert len(ann.received) == 1
        sim.advance_to("2026-03-03 23:00" if "quiet" in there else "2026-03-03 13:00")
    if "suppressed" in there:
        ann.suppress("email")
    if "consent" in there:
        ann.withdraw("email")
    past = sim.now - timedelta(minutes=1)
    ann.track(Ping(until=past if "expiry" in there else None))
    line = next(
        line for line in reversed(ann.timeline.lines) if line.kind in ("drop", "hold", "answer")
    )
    assert (line.kind, line.reason) == (kind, reason if kind != "answer" else "accepted")


@pytest.mark.parametrize("lasting", ["suppressed", "consent_missing", "expired"])
def test_G1_lasting_reasons_drop_at_once_and_the_run_goes_on(lasting: str) -> None:
    sim = play(
        on(
            Ping,
            "two",
            Send("first", via=["email"], valid_until=Ping.until),
            Send("second", via=["sms"]),
        ),
        at="2026-03-02 12:00",
        consent={"email": "opt-in", "sms": "opt-out"},
    )
    ann = sim.customer("ann", consent=[] if lasting == "consent_missing" else ["email"])
    if lasting == "suppressed":
        ann.suppress("email")
    ann.track(Ping(until=sim.now if lasting == "expired" else None))  # the end is excluded
    assert ann.reasons("drop") == [lasting]
    assert sent(sim) == ["second Mon 02 12:00"]


def test_G1_the_state_at_hand_over_decides() -> None:
    """Released at 20:59:59, handed over at 21:00: it must not go."""
    clock = Hand("2026-03-02 20:59:59")
    kit, email = kit_of(hello(), clock=clock, quiet=[NIGHT])
    kit.track("ann", Ping())
    assert kit.customer("ann").released
    clock.to("2026-03-02 21:00")
    kit.tick()
    assert not email.handed_over
    (held,) = kit.customer("ann").held
    assert (held.reason, held.until) == ("quiet_hours", berlin("2026-03-03 08:00"))
    clock.to("2026-03-03 08:00")
    kit.tick()
    assert [m.at for m in email.handed_over] == [berlin("2026-03-03 08:00")]


def test_G1_not_judged_in_between() -> None:
    """Consent is away while the message is held, and back when it leaves."""
    sim = play(hello(), at="2026-03-02 22:00", consent={"email": "opt-in"}, quiet=[NIGHT])
    ann = sim.customer("ann", consent=["email"])
    ann.track(Ping())
    assert ann.held
    sim.advance_to("2026-03-03 01:00")
    ann.withdraw("email")
    ann.tell({"tier": "pro"})  # a change of the profile does not count as a judgement
    ann.tell({"timezone": "Europe/Athens"})  # nor does one of the zone
    ann.suppress("email")
    assert ann.held
    sim.advance_to("2026-03-03 06:30")
    ann.grant("email")
    sim.runner.unsuppress("ann", "email")
    sim.advance_to("2026-03-03 12:00")
    assert sent(sim) == ["hello Tue 03 07:00"]  # 08:00 in Athens


# ---- G2: quiet hours


@pytest.mark.parametrize(
    ("start", "end", "asked", "leaves"),
    [
        ("21:00", "08:00", "02 20:59", "02 20:59"),
        ("21:00", "08:00", "02 21:00", "03 08:00"),  # the start is quiet
        ("21:00", "08:00", "03 07:59", "03 08:00"),
        ("21:00", "08:00", "03 08:00", "03 08:00"),  # the end is not
        ("12:00", "12:00", "02 12:00", "02 12:00"),  # start == end is empty
        ("00:00", "00:00", "02 00:00", "02 00:00"),
        ("22:00", "24:00", "02 23:59", "03 00:00"),  # 24:00 is the end of the day
        ("00:00", "23:59", "02 00:00", "02 23:59"),
        ("08:00", "00:00", "02 09:00", "03 00:00"),  # an end of 00:00 is the next midnight
    ],
)
def test_G2_half_open(start: str, end: str, asked: str, leaves: str) -> None:
    sim = play(hello(), at=f"2026-03-{asked}", quiet=[QuietHours(start, end)])
    sim.customer("ann").track(Ping())
    sim.advance(days(2))
    assert [one[-8:] for one in sent(sim)] == [leaves]


FRIDAY = QuietHours("22:00", "06:00", days=["fri"])


@pytest.mark.parametrize(
    ("asked", "leaves"),
    [
        # 2026-03-06 is a Friday.
        ("06 05:00", "06 05:00"),  # Friday before dawn belongs to Thursday
        ("06 22:00", "07 06:00"),
        ("07 05:59", "07 06:00"),  # Saturday before dawn belongs to Friday
        ("07 22:00", "07 22:00"),
    ],
)
def test_G2_a_window_over_midnight_belongs_to_the_day_on_which_it_starts(
    asked: str, leaves: str
) -> None:
    sim = play(hello(), at=f"2026-03-{asked}", quiet=[FRIDAY])
    sim.customer("ann").track(Ping())
    sim.advance(days(2))
    assert [one[-8:] for one in sent(sim)] == [leaves]


@pytest.mark.parametrize(("day", "leaves"), [("fri", "Sat 31 06:00"), ("thu", "Sat 31 01:00")])
def test_G2_the_part_after_midnight_follows_a_date_that_was_never_shown(
    day: str, leaves: str
) -> None:
    """Apia left out Friday 2011-12-30; Saturday before dawn still belongs to Friday."""
    quiet = QuietHours("22:00", "06:00", days=[day])
    sim = play(hello(), at="2011-12-31 01:00", tz="Pacific/Apia", quiet=[quiet])
    sim.customer("ann").track(Ping())
    sim.advance(days(1))
    assert sent(sim) == [f"hello {leaves}"]


@pytest.mark.parametrize(
    ("zone", "quiet", "asked", "leaves"),
    [
        # Berlin repeats 02:00 to 03:00 on 2026-10-25; instants are UTC.
        ("Europe/Berlin", ("22:00", "02:30"), "2026-10-24T23:00Z", "2026-10-25T00:30Z"),
        ("Europe/Berlin", ("22:00", "02:30"), "2026-10-25T00:45Z", "2026-10-25T00:45Z"),
        # Quiet returns in the second pass: 02:00 is shown again at 01:00 UTC.
        ("Europe/Berlin", ("22:00", "02:30"), "2026-10-25T01:00Z", "2026-10-25T01:30Z"),
        # Berlin leaves out 02:00 to 03:00 on 2026-03-29. The end is swallowed.
        ("Europe/Berlin", ("22:00", "02:30"), "2026-03-28T23:00Z", "2026-03-29T01:00Z"),
        # A window that is never shown never applies.
        ("Europe/Berlin", ("02:00", "03:00"), "2026-03-29T00:59Z", "2026-03-29T00:59Z"),
        ("Europe/Berlin", ("02:00", "03:00"), "2026-03-29T01:00Z", "2026-03-29T01:00Z"),
        # A start that is swallowed: quiet begins at the first instant after the change.
        ("Europe/Berlin", ("02:30", "04:00"), "2026-03-29T01:00Z", "2026-03-29T02:00Z"),
        # Half an hour only, Lord Howe.
        ("Australia/Lord_Howe", ("22:00", "01:45"), "2026-04-04T14:30Z", "2026-04-04T14:45Z"),
        ("Australia/Lord_Howe", ("22:00", "01:45"), "2026-04-04T15:00Z", "2026-04-04T15:15Z"),
    ],
)
def test_G2_overlaps_and_gaps(zone: str, quiet: tuple[str, str], asked: str, leaves: str) -> None:
    sim = play(hello(), at=asked, tz=zone, quiet=[QuietHours(*quiet)])
    sim.customer("ann").track(Ping())
    sim.advance(timedelta(days=1))
    (message,) = sim.accepted("ann")
    assert message.at == datetime.fromisoformat(leaves)


def test_G2_windows_are_a_union_and_dates_are_whole_local_days() -> None:
    quiet = [
        QuietHours("20:00", "23:00"),
        QuietHours("22:00", "08:00"),  # overlaps
        QuietHours("08:00", "09:30"),  # touches
        QuietHours("00:00", "00:00", dates=[date(2026, 3, 4)]),
    ]
    sim = play(hello(), at="2026-03-02 20:30", quiet=quiet)
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-03 19:59")
    assert sent(sim) == ["hello Tue 03 09:30"]
    sim.advance_to("2026-03-04 10:00")
    ann.track(Ping())
    sim.advance(days(3))
    assert sent(sim)[1:] == ["hello Thu 05 09:30"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: QuietHours("00:00", "24:00"),
        lambda: QuietHours("24:00", "08:00"),
        lambda: QuietHours("21:00", "25:00"),
        lambda: QuietHours("21:00", "08:00", days=[]),
        lambda: QuietHours("21:00", "08:00", days=["someday"]),
        lambda: Policy(
            consent=ALL_OUT,
            quiet_hours=[QuietHours("00:00", "12:00"), QuietHours("12:00", "24:00")],
        ),
        # Together they never let this topic speak on this channel, though each does.
        lambda: Policy(
            consent=ALL_OUT,
            quiet_hours=[
                QuietHours("00:00", "12:00", topics=["offers"]),
                QuietHours("12:00", "24:00", channels=["sms"]),
            ],
        ),
        lambda: FrequencyCap(-1, per="day"),
        lambda: FrequencyCap(True, per="day"),
        lambda: FrequencyCap(1, per=timedelta(0)),
        lambda: FrequencyCap(1, per="year"),  # type: ignore[arg-type]
        lambda: FrequencyCap(1, per="day", week_starts="someday"),  # type: ignore[arg-type]
        lambda: FrequencyCap(1, per="day", channels=[]),
    ],
)
def test_G2_G3_what_can_never_be_meant_is_refused(wrong: Any) -> None:
    with pytest.raises(DefinitionError):
        wrong()


def test_G2_never_is_an_answer_where_only_a_customer_makes_it_so() -> None:
    first = date(2026, 1, 1)
    dates = [first + timedelta(days=n) for n in range(500)]
    parts = ((dates[:300], Person.tier == "free"), (dates[300:], Person.tier != "pro"))
    sim = play(
        on(Ping, "x", Send("hello", via=["email"]), Send("next", via=["sms"])),
        at="2026-01-05 12:00",
        quiet=[
            QuietHours("00:00", "00:00", dates=part, channels=["email"], where=where)
            for part, where in parts
        ],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    assert ann.reasons("drop") == ["quiet_hours"]
    assert "2026-01-05 is a quiet date" in str(ann.timeline)
    assert "opens never" in str(ann.timeline)
    assert ann.received == ["next"]


def test_G2_scopes_and_conditions() -> None:
    sim = play(
        on(Ping, "x", Send("offer", via=["email"], topic="offers")),
        on(Ping, "y", Send("news", via=["email"], topic="news")),
        on(Ping, "z", Send("text", via=["sms"], topic="offers")),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "08:00", channels=["email"], topics=["offers"],
                          where=Person.tier == "free")],
    )  # fmt: skip
    ann, bob = sim.customer("ann", {"tier": "free"}), sim.customer("bob", {"tier": "pro"})
    ann.track(Ping())
    bob.track(Ping())
    assert sorted(ann.received) == ["news", "text"]
    assert sorted(bob.received) == ["news", "offer", "text"]
    sim.advance_to("2026-03-03 01:00")
    ann.tell({"tier": "pro"})  # the rule does not concern her any more: it leaves at once
    assert sent(sim)[-1] == "offer Tue 03 01:00"


def test_G4_a_rule_that_time_ends_for_the_customer_opens_the_gate_then() -> None:
    """No email on the first day after joining, whatever the clock says."""
    sim = play(
        hello(),
        on(Pong, "y", Send("capped", via=["sms"])),
        at="2026-03-02 12:00",
        quiet=[
            QuietHours("09:00", "08:59", channels=["email"], where=Person.joined > ago(days(1)))
        ],
        caps=[FrequencyCap(0, per="day", channels=["sms"], where=Person.joined > ago(hours(30)))],
    )
    joined = sim.now
    ann = sim.customer("ann", {"joined": joined})
    sim.advance(hours(1))
    ann.track(Ping())
    ann.track(Pong())
    assert sorted(held.reason for held in ann.held) == ["frequency_cap", "quiet_hours"]
    sim.advance(days(3))
    assert sorted(sent(sim)) == ["capped Tue 03 18:00", "hello Tue 03 08:59"]


# ---- G3: caps


def pings(sim: Simulation, *moments: str) -> None:
    for moment in moments:
        sim.advance_to(f"2026-03-{moment}")
        sim.track("ann", Ping())


def test_G3_rolling_counts_later_than_t_minus_L() -> None:
    sim = play(hello(), at="2026-03-02 12:00", caps=[FrequencyCap(2, per=timedelta(hours=24))])
    sim.customer("ann")
    pings(sim, "02 12:00", "02 18:00", "02 19:00", "02 20:00")
    sim.advance(days(4))
    assert sent(sim) == [
        "hello Mon 02 12:00",
        "hello Mon 02 18:00",
        "hello Tue 03 12:00",  # exactly 24 hours after the first, which no longer counts
        "hello Tue 03 18:00",
    ]


@pytest.mark.parametrize(
    ("cap", "first", "second"),
    [
        (FrequencyCap(1, per="day"), "Mon 02 23:30", "Tue 03 00:00"),
        (FrequencyCap(1, per="week"), "Mon 02 23:30", "Mon 09 00:00"),
        (FrequencyCap(1, per="week", week_starts="wed"), "Mon 02 23:30", "Wed 04 00:00"),
        (FrequencyCap(1, per="month"), "Mon 02 23:30", "Wed 01 00:00"),
        (FrequencyCap(1, per=days(1)), "Mon 02 23:30", "Tue 03 23:30"),
    ],
)
def test_G3_windows(cap: FrequencyCap, first: str, second: str) -> None:
    sim = play(hello(), at="2026-03-02 23:30", caps=[cap])
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    sim.advance(days(40))
    assert sent(sim) == [f"hello {first}", f"hello {second}"]


def test_G3_calendar_windows_go_by_the_zone_of_now_for_past_messages_too() -> None:
    """Sent at 23:30 on Monday in Berlin, which was Tuesday in Tokyo, where she is now."""
    sim = play(hello(), at="2026-03-02 23:30", caps=[FrequencyCap(1, per="day")])
    ann = sim.customer("ann")
    ann.track(Ping())
    assert len(ann.received) == 1
    sim.advance_to("2026-03-03 00:30")  # Tuesday in Berlin too
    ann.tell({"timezone": "Asia/Tokyo"})
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance_to("2026-03-03 23:00")
    assert sent(sim)[1:] == ["hello Tue 03 16:00"]  # Wednesday 00:00 in Tokyo


def test_G3_a_change_of_zone_opens_the_gate_at_once() -> None:
    sim = play(hello(), at="2026-03-02 12:00", caps=[FrequencyCap(1, per="day")])
    ann = sim.customer("ann")
    pings(sim, "02 12:00", "02 20:00")
    sim.advance_to("2026-03-02 21:00")
    assert ann.held
    ann.tell({"timezone": "Pacific/Kiritimati"})  # Tuesday there; noon in Berlin was Tuesday too
    assert ann.held
    ann.tell({"timezone": "Asia/Tokyo"})  # 05:00 on Tuesday; noon was still Monday
    assert sent(sim)[1:] == ["hello Mon 02 21:00"]


def test_G3_several_caps_are_anded_and_a_blocked_message_uses_up_no_other() -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["sms"])),
        on(Pong, "b", Send("b", via=["email"])),
        at="2026-03-02 10:00",
        caps=[FrequencyCap(2, per="day"), FrequencyCap(1, per=timedelta(days=3), channels=["sms"])],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())  # blocked by the cap on sms alone
    ann.track(Pong())  # the second of the day
    ann.track(Pong())  # blocked by the day
    assert sorted(ann.received) == ["a", "b"]
    sim.advance_to("2026-03-05 10:00")
    assert sent(sim)[2:] == ["b Tue 03 00:00", "a Thu 05 10:00"]


def test_G3_zero_blocks_all_it_covers_and_an_absent_cap_nothing() -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["sms"]), Send("b", via=["email"])),
        at="2026-03-02 10:00",
        caps=[FrequencyCap(0, per="day", channels=["sms"])],
    )
    ann = sim.customer("ann")
    for _ in range(20):
        ann.track(Ping())
    assert ann.received == ["b"] * 20
    assert set(ann.reasons("drop")) == {"frequency_cap"}


@pytest.mark.parametrize(
    ("per", "second"),
    [
        (timedelta(hours=1), "Mon 02 13:00"),
        ("day", "Tue 03 00:00"),
        (days(1), "Tue 03 12:00"),
        ("week", "Mon 09 00:00"),
    ],
)
def test_G3_entries_later_than_now_count(per: Any, second: str) -> None:
    """The clock was wrong by two days when the first was accepted, and is put right."""
    sim = play(hello(), at="2026-03-02 12:00", caps=[FrequencyCap(1, per=per)])
    ann = sim.customer("ann")
    ann.track(Ping())
    assert len(ann.received) == 1
    sim.clock_jumps(timedelta(days=-2))
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance(days(12))
    assert sent(sim)[1:] == [f"hello {second}"]


def test_G3_a_slot_is_reserved_from_release_to_the_last_answer_and_comes_back() -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["sms"], max_attempts=3)),
        on(Pong, "b", Send("b", via=["email"])),
        at="2026-03-02 10:00",
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    retry = Retry(after=timedelta(hours=1))
    sim.channel("sms").answer(retry, retry, Rejected("no", dead_address=False))
    ann.track(Ping())
    sim.advance_to("2026-03-02 10:30")
    ann.track(Pong())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance_to("2026-03-02 15:00")
    assert sent(sim) == ["b Mon 02 12:00"]  # rejected for good at 12:00: b gets the slot at once


def test_G3_its_own_entry_never_blocks_a_retry() -> None:
    sim = play(hello(), at="2026-03-02 10:00", caps=[FrequencyCap(1, per="day")])
    sim.channel("email").answer(Retry(after=hours_(1)), Retry(after=hours_(1)))
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-02 13:00")
    assert sent(sim) == ["hello Mon 02 12:00"]
    assert len({m.key for m in sim.channel("email").handed_over}) == 1


def test_G3_a_slot_stays_reserved_while_a_retry_waits_out_quiet_hours() -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["push"])),
        on(Pong, "b", Send("b", via=["email"], priority=9)),
        at="2026-03-02 20:30",
        quiet=[QuietHours("21:00", "08:00", channels=["push"])],
        caps=[FrequencyCap(1, per=timedelta(days=2))],
    )
    sim.channel("push").answer(Retry(after=hours_(1)))
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-02 22:00")
    ann.track(Pong())
    assert [held.template for held in ann.held] == ["a", "b"]
    sim.advance(days(4))
    assert sent(sim) == ["a Tue 03 08:00", "b Thu 05 08:00"]


@pytest.mark.parametrize("how", ["exit", "cancel", "withdraw"])
def test_G3_a_slot_comes_back_when_a_released_message_will_not_go(how: str) -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["sms"]), exits=[On(Stop)]),
        on(Pong, "b", Send("b", via=["email"])),
        at="2026-03-02 10:00",
        caps=[FrequencyCap(1, per="day")],
    )
    sim.channel("sms").answer(Retry(after=hours_(2)))
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Pong())
    assert [held.template for held in ann.held] == ["b"]
    sim.advance_to("2026-03-02 11:00")
    if how == "exit":
        ann.track(Stop())
    elif how == "cancel":
        ann.cancel("a")
    else:
        ann.withdraw("sms")  # judged at the retry
    sim.advance_to("2026-03-02 20:00")
    assert sent(sim) == [f"b Mon 02 {'12' if how == 'withdraw' else '11'}:00"]


RIVALS = [  # name, priority; who is first in the total order is listed first
    ([("urgent", 5), ("aaa", 0)], "urgent"),
    ([("aaa", 0), ("bbb", 0)], "aaa"),  # decided at the same instant: by the journey's name
    ([("zzz", 1), ("aaa", 0), ("bbb", -1)], "zzz"),
]


@pytest.mark.parametrize(("rivals", "winner"), RIVALS)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("held_until", ["", "2026-03-03 08:00"])
def test_G3_rivals_of_one_instant(
    rivals: list[tuple[str, int]], winner: str, backwards: bool, held_until: str
) -> None:
    """By one call each, in either order; at once, or at the end of the quiet hours."""
    sim = play(
        *(
            on(Ping, name, Send(name, via=["email"], priority=priority))
            for name, priority in rivals
        ),
        at="2026-03-02 22:00" if held_until else "2026-03-02 12:00",
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    for name, _ in reversed(rivals) if backwards else rivals:
        ann.enroll(name)
    if held_until:
        sim.advance_to(held_until)
    assert ann.received == [winner]
    sim.advance(days(7))
    assert ann.received == [name for name, _ in rivals]


def test_G3_the_one_decided_earlier_goes_first() -> None:
    sim = play(
        on(Ping, "zzz", Send("zzz", via=["email"])),
        on(Pong, "aaa", Send("aaa", via=["email"])),
        at="2026-03-02 22:00",
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance(minutes(1))
    ann.track(Pong())
    sim.advance_to("2026-03-03 08:00")
    assert ann.received == ["zzz"]


def test_G3_a_timer_and_an_input_of_one_instant_are_rivals_too() -> None:
    sim = play(
        on(Ping, "slow", Wait(hours(1)), Send("slow", via=["email"], priority=1)),
        on(Pong, "fast", Send("fast", via=["email"])),
        at="2026-03-02 12:00",
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-02 13:00")
    ann.track(Pong())  # inputs go before timers, and still the timer's message is worth more
    assert ann.received == ["slow"]


def test_G3_nobody_takes_back_what_was_handed_over() -> None:
    sim = play(
        on(Ping, "low", Send("low", via=["email"])),
        on(Pong, "high", Send("high", via=["email"], priority=9)),
        at="2026-03-02 12:00",
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    assert ann.received == ["low"]  # looking at the result hands over
    ann.track(Pong())
    assert ann.received == ["low"]
    assert [held.template for held in ann.held] == ["high"]


def test_G3_only_those_are_taken_back_without_whom_there_is_room() -> None:
    """`high` is blocked by a cap of its own: nobody has to make room for nothing."""
    sim = play(
        on(Ping, "low", Send("low", via=["email"])),
        on(Pong, "high", Send("high", via=["sms"], priority=9)),
        at="2026-03-02 12:00",
        caps=[FrequencyCap(1, per="day"), FrequencyCap(0, per="day", channels=["push"]),
              FrequencyCap(1, per=timedelta(days=30), channels=["sms"])],
    )  # fmt: skip
    ann = sim.customer("ann")
    ann.track(Pong())
    assert ann.received == ["high"]
    sim.advance_to("2026-03-03 12:00")
    ann.track(Ping())
    ann.track(Pong())
    assert ann.received == ["high", "low"]
    assert "makes room" not in str(ann.timeline)
    assert not [line for line in ann.timeline if line.kind == "displace"]


# ---- G4: what a blocked message does


@pytest.mark.parametrize(
    ("choice", "received", "kind"),
    [
        ("hold", ["first", "second"], "hold"),
        ("skip", ["second"], "drop"),
        ("exit", [], "end"),
        ("next", ["first", "second"], "reroute"),
    ],
)
@pytest.mark.parametrize("reason", ["quiet_hours", "frequency_cap"])
def test_G4_choices(choice: str, received: list[str], kind: str, reason: str) -> None:
    chosen: Any = {"on_quiet" if reason == "quiet_hours" else "on_cap": choice}
    sim = play(
        on(
            Ping,
            "x",
            Send("first", via=["sms", "email"], **chosen),
            Send("second", via=["email"]),
        ),
        on(Pong, "y", Send("used", via=["sms"])),
        at="2026-03-02 12:00",
        quiet=[QuietHours("21:00", "08:00", channels=["sms"])],
        caps=[FrequencyCap(1, per="day", channels=["sms"])],
    )
    ann = sim.customer("ann")
    if reason == "quiet_hours":
        sim.advance_to("22:00")
    else:
        ann.track(Pong())
        assert ann.received == ["used"]
    ann.track(Ping())
    assert reason in ann.reasons(kind)
    sim.advance(days(2))
    assert [name for name in ann.received if name != "used"] == received
    if choice == "next":
        assert sim.channel("email").accepted[0].template == "first"
    if choice == "exit":
        assert not ann.enrollments


def test_G4_quiet_and_caps_may_choose_differently() -> None:
    sim = play(
        hello(on_quiet="skip", on_cap="hold"),
        at="2026-03-02 12:00",
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance_to("2026-03-02 22:00")
    ann.track(Ping())
    assert ann.reasons("drop") == ["quiet_hours"]
    sim.advance_to("2026-03-03 12:00")
    # A slot is free at midnight, the whole gate is open at 08:00.
    assert sent(sim) == ["hello Mon 02 12:00", "hello Tue 03 08:00"]


def test_G4_the_first_instant_at_which_quiet_hours_and_caps_are_open_together() -> None:
    sim = play(
        hello(),
        at="2026-03-02 20:00",
        quiet=[NIGHT, QuietHours("12:00", "14:00")],
        caps=[FrequencyCap(1, per=timedelta(hours=17)), FrequencyCap(2, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    (held,) = ann.held
    # 17 hours end at 13:00, in quiet hours; those end at 14:00.
    assert held.until == datetime(2026, 3, 3, 13, tzinfo=UTC)
    sim.advance(days(1))
    assert sent(sim)[1:] == ["hello Tue 03 14:00"]


def test_G4_a_rolling_window_longer_than_a_year_is_waited_for() -> None:
    sim = play(hello(), at="2026-03-02 12:00", caps=[FrequencyCap(1, per=timedelta(days=800))])
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance(timedelta(days=800))
    assert len(ann.received) == 2


def test_G4_next_takes_the_channel_that_opens_first_when_all_are_blocked() -> None:
    sim = play(
        on(Ping, "x", Send("hello", via=["sms", "email"], on_quiet="next")),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "09:00", channels=["email"]),
               QuietHours("21:00", "08:00", channels=["sms"])],
    )  # fmt: skip
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance(days(1))
    assert sent(sim) == ["hello Tue 03 08:00"]
    assert [m.template for m in sim.channel("sms").accepted] == ["hello"]


def test_G4_where_quiet_hours_hold_no_other_channel_shortens_the_wait() -> None:
    sim = play(
        on(Ping, "x", Send("hello", via=["sms", "email"], on_quiet="hold", on_cap="next")),
        on(Pong, "y", Send("pong", via=["push"])),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "08:00", channels=["sms"]),
               QuietHours("21:00", "23:00", channels=["email"])],
    )  # fmt: skip
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Pong())  # its acceptance lets the held message ask again
    assert ann.received == ["pong"]
    assert [held.until for held in ann.held] == [datetime(2026, 3, 3, 7, tzinfo=UTC)]
    sim.advance(days(1))
    assert sent(sim)[1:] == ["hello Tue 03 08:00"]
    assert len(ann.reasons("hold")) == 1


def test_G4_next_also_when_this_channel_cannot_be_in_time() -> None:
    """By sms it could not leave before it expires; by email it can, now."""
    sim = play(
        on(Ping, "x", Send("hello", via=["sms", "email"], on_quiet="next", valid_for=hours(1))),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "08:00", channels=["sms"])],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    assert sent(sim) == ["hello Mon 02 22:00"]


def test_G4_exit_also_when_waiting_could_not_help() -> None:
    sim = play(
        on(
            Ping,
            "x",
            Send("hello", via=["sms"], on_quiet="exit", valid_for=hours(1)),
            Send("after", via=["email"]),
        ),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "08:00", channels=["sms"])],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    assert not ann.received
    assert not ann.enrollments
    assert ann.reasons("end") == ["quiet_hours"]


@pytest.mark.parametrize(
    ("valid_for", "outcome"),
    [
        (hours(10), "drop"),  # until 08:00, the end excluded: it opens one instant too late
        (hours(10) + minutes(1), "sent"),
        (minutes(1), "drop"),
    ],
)
def test_G4_validity_ends_before_its_end(valid_for: Any, outcome: str) -> None:
    sim = play(hello(valid_for=valid_for), at="2026-03-02 22:00", quiet=[NIGHT])
    ann = sim.customer("ann")
    ann.track(Ping())
    if outcome == "drop":
        assert ann.reasons("drop") == ["expired"]  # at once: it is certain
    sim.advance(days(1))
    assert sent(sim) == (["hello Tue 03 08:00"] if outcome == "sent" else [])


@pytest.mark.parametrize("source", ["trigger", "profile", "instant"])
def test_G4_valid_until_comes_from_trigger_profile_or_definition(source: str) -> None:
    end = datetime(2026, 3, 3, 7, tzinfo=UTC)  # 08:00 in Berlin
    until: Any = {"trigger": Ping.until, "profile": Person.deadline, "instant": end}[source]
    sim = play(hello(valid_until=until), at="2026-03-02 22:00", quiet=[NIGHT])
    ann = sim.customer("ann", {"deadline": end} if source == "profile" else {})
    ann.track(Ping(until=end if source == "trigger" else None))
    assert ann.reasons("drop") == ["expired"]


def test_G4_it_is_dropped_when_it_becomes_certain_later_by_a_change_of_zone() -> None:
    sim = play(hello(valid_for=hours(11)), at="2026-03-02 22:00", quiet=[NIGHT])
    ann = sim.customer("ann")
    ann.track(Ping())
    assert ann.held
    sim.advance(minutes(5))
    ann.tell({"timezone": "America/New_York"})
    assert not ann.held or ann.held[0].reason == "quiet_hours"
    # 16:05 in New York: not quiet at all, so it left.
    assert sent(sim) == ["hello Mon 02 22:05"]


def test_G4_dropped_as_soon_as_a_change_of_zone_makes_it_certain() -> None:
    sim = play(hello(valid_for=hours(11)), at="2026-03-02 22:00", quiet=[NIGHT])
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-03 04:00")
    ann.tell({"timezone": "America/New_York"})  # 22:00 there: quiet until 14:00 in Berlin
    assert ann.reasons("drop") == ["expired"]
    assert not ann.enrollments


def test_G4_dropped_as_soon_as_the_last_slot_is_used() -> None:
    """`b` waits for the slot that `a` holds; when `a` is accepted, `b` cannot be in time."""
    sim = play(
        on(Ping, "a", Send("a", via=["sms"])),
        on(Pong, "b", Send("b", via=["email"], valid_for=hours(3))),
        at="2026-03-02 10:00",
        caps=[FrequencyCap(1, per="day")],
    )
    sim.channel("sms").answer(Retry(after=hours_(1)))
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Pong())
    assert [held.template for held in ann.held] == ["b"]
    sim.advance_to("2026-03-02 10:59")
    assert [held.template for held in ann.held] == ["b"]
    sim.advance_to("2026-03-02 11:00")
    assert ann.received == ["a"]
    assert ann.reasons("drop", "b") == ["expired"]
    assert not ann.held


def test_G4_held_by_quiet_hours_and_overtaken_by_a_message_that_uses_the_slot() -> None:
    sim = play(
        on(Ping, "a", Send("a", via=["sms"], valid_for=hours(11))),
        on(Pong, "b", Send("b", via=["email"])),
        at="2026-03-02 22:00",
        quiet=[QuietHours("21:00", "08:00", channels=["sms"])],
        caps=[FrequencyCap(1, per=timedelta(days=1))],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance_to("2026-03-03 02:00")
    ann.track(Pong())
    assert ann.received == ["b"]
    assert ann.reasons("drop", "a") == ["expired"]  # at 02:00, not at 08:00
    assert f"{ann.timeline.lines[-1].at:%H:%M}" == "01:00"


def test_G4_a_message_that_waits_for_the_zone_expires_too() -> None:
    quiet = QuietHours("21:00", "08:00", if_zone_unknown="hold")
    sim = play(hello(valid_for=hours(2)), at="2026-03-02 12:00", quiet=[quiet])
    ann = sim.customer("ann", {"timezone": None})
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["zone_unknown"]
    sim.advance(hours(3))
    assert ann.reasons("drop") == ["expired"]
    assert not ann.enrollments


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo"])
def test_T7_a_message_that_waits_for_the_zone_leaves_when_it_is_known(zone: str) -> None:
    """Also where the zone told is the one that counted so far."""
    quiet = QuietHours("21:00", "08:00", if_zone_unknown="hold")
    sim = play(hello(), at="2026-03-02 10:00", quiet=[quiet])
    ann = sim.customer("ann", {"timezone": None})
    ann.track(Ping())
    sim.advance(hours(1))
    assert ann.held
    ann.tell({"timezone": zone})
    assert sent(sim) == ["hello Mon 02 11:00"]


def test_T7_a_rule_may_skip_where_the_zone_is_unknown() -> None:
    quiet = QuietHours("21:00", "08:00", if_zone_unknown="skip")
    sim = play(hello(), at="2026-03-02 10:00", quiet=[quiet])
    ann = sim.customer("ann", {"timezone": None})
    ann.track(Ping())
    assert ann.reasons("drop") == ["zone_unknown"]


# ---- G5: when a Send step ends


def test_G5_the_next_wait_counts_from_acceptance() -> None:
    sim = play(
        on(Ping, "x", Send("one", via=["email"]), Wait(hours(24)), Send("two", via=["email"])),
        at="2026-03-02 22:00",
        quiet=[NIGHT],
    )
    ann = sim.customer("ann")
    sim.channel("email").answer(Retry(after=hours_(2)))
    ann.track(Ping())
    sim.advance(days(3))
    assert sent(sim) == ["one Tue 03 10:00", "two Wed 04 10:00"]


def test_G5_a_week_of_downtime_is_not_a_week_of_messages() -> None:
    daily = [step for n in range(7) for step in (Wait(days(1)), Send(f"m{n}", via=["email"]))]
    sim = play(on(Ping, "x", *daily), at="2026-03-02 12:00")
    ann = sim.customer("ann")
    ann.track(Ping())
    with sim.downtime():
        sim.advance(days(7))
    assert ann.received == ["m0"]
    sim.advance(days(2))
    assert sent(sim) == ["m0 Mon 09 12:00", "m1 Tue 10 12:00", "m2 Wed 11 12:00"]


def test_G5_O3_after_downtime_caps_and_quiet_hours_hold() -> None:
    sim = play(
        *(on(Ping, f"j{n}", Wait(days(n)), Send(f"m{n}", via=["email"])) for n in range(1, 6)),
        at="2026-03-02 22:00",
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per="day")],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    with sim.downtime():
        sim.advance(days(7))
    assert not ann.received
    sim.advance(days(6))
    assert sent(sim) == [f"m{n} {day} 08:00" for n, day in enumerate(
        ["Tue 10", "Wed 11", "Thu 12", "Fri 13", "Sat 14"], start=1)]  # fmt: skip


def test_O3_what_arrived_meanwhile_goes_first() -> None:
    sim = play(
        on(Ping, "x", Send("hello", via=["email"]), exits=[On(Stop)]),
        at="2026-03-02 22:00",
        quiet=[NIGHT],
    )
    ann = sim.customer("ann")
    ann.track(Ping())
    with sim.downtime():
        sim.advance(days(1))
        ann.track(Stop())
    assert not ann.received
    assert ann.reasons("withdraw") == ["stop"]


# ---- G6: transactional messages


def test_G6_transactional_skips_consent_quiet_hours_and_caps_and_uses_up_none() -> None:
    sim = play(
        on(Ping, "receipt", Send("receipt", via=["email"], transactional=True)),
        on(Pong, "news", Send("news", via=["email"])),
        at="2026-03-02 22:00",
        consent={"email": "opt-in"},
        quiet=[NIGHT],
        caps=[FrequencyCap(1, per=timedelta(days=1))],
    )
    ann = sim.customer("ann")
    for _ in range(3):
        ann.track(Ping())
    assert ann.received == ["receipt"] * 3
    ann.grant("email")
    sim.advance_to("2026-03-03 09:00")
    ann.track(Pong())
    ann.track(Ping())
    assert sorted(ann.received[3:]) == ["news", "receipt"]


@pytest.mark.parametrize("how", ["suppressed", "expired"])
def test_G6_transactional_never_skips_suppression_or_expiry(how: str) -> None:
    sim = play(
        hello(transactional=True, valid_until=Ping.until),
        at="2026-03-02 12:00",
    )
    ann = sim.customer("ann")
    if how == "suppressed":
        ann.suppress("email")
    ann.track(Ping(until=sim.now if how == "expired" else None))
    assert ann.reasons("drop") == [how]


# ---- G7: consent


CONSENT = [  # what was said in order (+ grant, - withdraw), then: may offers go, may news go
    ("", "opt-in", False, False),
    ("", "opt-out", True, True),
    ("+email", "opt-in", True, True),
    ("+email -offers", "opt-in", False, True),  # except those withdrawn on their own
    ("+email -offers +email", "opt-in", False, True),  # a yes to the channel is none to offers
    ("+email -offers +offers", "opt-in", True, True),
    ("+offers", "opt-in", True, False),
    ("+email -email", "opt-in", False, False),  # withdrawing the channel covers all
    ("+email +offers -email", "opt-in", False, False),
    ("+email +offers -email +email", "opt-in", True, True),
    ("+email -offers -email +email", "opt-in", False, True),  # offers were withdrawn, and still are
    ("+email -email +offers", "opt-in", True, False),  # the newer word on the topic
    ("-offers", "opt-out", False, True),
    ("-email", "opt-out", False, False),
    ("-offers +email", "opt-out", False, True),
]


@pytest.mark.parametrize(("words", "mode", "offers", "news"), CONSENT)
def test_G7_channels_and_topics(words: str, mode: Any, offers: bool, news: bool) -> None:
    sim = play(
        on(Ping, "o", Send("offer", via=["email"], topic="offers")),
        on(Ping, "n", Send("news", via=["email"], topic="news")),
        on(Ping, "p", Send("plain", via=["email"])),
        at="2026-03-02 12:00",
        consent={"email": mode},
    )
    ann = sim.customer("ann")
    for word in words.split():
        topic = None if word[1:] == "email" else word[1:]
        (ann.grant if word[0] == "+" else ann.withdraw)("email", topic=topic)
        sim.advance(minutes(1))
    ann.track(Ping())
    expected = {"offer": offers, "news": news, "plain": news}
    assert {name: name in ann.received for name in expected} == expected


def test_G7_source_and_instant_are_kept_as_proof() -> None:
    sim = play(hello(), at="2026-03-02 12:00", consent={"email": "opt-in"})
    ann = sim.customer("ann")
    ann.grant("email", source="form 7")
    (entry,) = [e for e in sim.runner.journal("ann") if type(e).__name__ == "Consented"]
    assert (entry.source, entry.at) == ("form 7", 1_772_449_200_000_000)


@pytest.mark.parametrize("regrant", [True, False])
def test_G7_a_held_message_is_not_cancelled_by_a_withdrawal(regrant: bool) -> None:
    sim = play(hello(), at="2026-03-02 22:00", consent={"email": "opt-in"}, quiet=[NIGHT])
    ann = sim.customer("ann", consent=["email"])
    ann.track(Ping())
    sim.advance_to("2026-03-03 02:00")
    ann.withdraw("email")
    assert ann.held
    if regrant:
        sim.advance_to("2026-03-03 07:59")
        ann.grant("email")
    sim.advance_to("2026-03-03 09:00")
    assert sent(sim) == (["hello Tue 03 08:00"] if regrant else [])
    assert ann.reasons("drop") == ([] if regrant else ["consent_withdrawn"])


def test_G7_neither_by_a_slot_that_comes_back_while_it_could_not_leave() -> None:
    """A slot comes back in quiet hours; what is held is not asked for consent by that."""
    sim = play(
        on(Ping, "a", Send("a", via=["sms"]), exits=[On(Stop)]),
        on(Pong, "b", Send("b", via=["email"])),
        at="2026-03-02 20:30",
        consent={"email": "opt-in", "sms": "opt-out"},
        quiet=[QuietHours("21:00", "08:00", channels=["email"])],
        caps=[FrequencyCap(1, per=timedelta(days=3))],
    )
    sim.channel("sms").answer(Retry(after=hours_(5)))
    ann = sim.customer("ann", consent=["email"])
    ann.track(Ping())
    ann.track(Pong())
    assert [held.template for held in ann.held] == ["b"]
    sim.advance_to("2026-03-02 22:00")
    ann.withdraw("email")
    ann.track(Stop())
    assert [held.template for held in ann.held] == ["b"]
    ann.grant("email")
    sim.advance_to("2026-03-03 12:00")
    assert sent(sim) == ["b Tue 03 08:00"]


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_G7_after_withdraw_returns_no_hand_over_starts(store: str, tmp_path: Any) -> None:
    """Two messages of two customers lie in the outbox; a withdrawal comes during the first."""
    clock = Hand("2026-03-02 12:00")
    kit, email = kit_of(
        hello(),
        clock=clock,
        consent={"email": "opt-in"},
        store=MemoryStore() if store == "memory" else SQLiteStore(tmp_path / "j.db"),
        customers=("ann", "bob"),
    )
    for one in ("ann", "bob"):
        kit.grant(one, ["email"])
        kit.track(one, Ping())

    def withdraw_the_other(message: Any) -> None:
        if len(email.handed_over) == 1:
            kit.withdraw("bob" if message.customer_id == "ann" else "ann", ["email"])

    email.during = withdraw_the_other
    kit.tick()
    assert len(email.handed_over) == 1


# ---- a host's clock in the hand, channels that remember


def hours_(number: int) -> timedelta:
    return timedelta(hours=number)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self, text: str) -> None:
        self.to(text)

    def to(self, text: str) -> None:
        self.instant = berlin(text)

    def now(self) -> datetime:
        return self.instant


class Remembering(RecordingChannel):
    """A channel that remembers each call, and lets the test do something during it."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_over: list[Any] = []
        self.during: Any = None

    def send(self, message: Any) -> Any:
        self.handed_over.append(message)
        if self.during is not None:
            self.during(message)
        return super().send(message)


def kit_of(
    *journeys: Journey,
    clock: Hand,
    consent: dict[str, Literal["opt-in", "opt-out"]] | None = None,
    quiet: Sequence[QuietHours] = (),
    caps: Sequence[FrequencyCap] = (),
    store: Any = None,
    customers: Sequence[str] = ("ann",),
) -> tuple[Orchestrator, Remembering]:
    workspace = Workspace(
        journeys=list(journeys),
        profile=Person,
        timezone="Europe/Berlin",
        events=[Ping, Pong, Stop],
        policy=Policy(
            consent=consent or {"email": "opt-out"}, quiet_hours=list(quiet), caps=list(caps)
        ),
    )
    email = Remembering()
    kit = Orchestrator(
        workspace,
        store=MemoryStore() if store is None else store,
        channels={"email": email},
        clock=clock,
    )
    for one in customers:
        kit.identify(one)
    return kit, email
