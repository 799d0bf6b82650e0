"""Waits of every kind: random, business days, windows, and several things at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    Always,
    ByCall,
    Case,
    Digest,
    Emit,
    Event,
    Exit,
    Goal,
    Goto,
    Hours,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Receipt,
    Send,
    Set,
    Simulation,
    StartJourney,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
    Workspace,
    ago,
    count,
    days,
    hours,
    last,
    seconds,
)
from journeykit.kernel import decode_state, encode_entries, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.simulation import SimulatedCustomer
from journeykit.time import HOUR, SECOND, to_micros

EMAIL = Policy(consent={"email": "opt-out"})


class Begun(Event):
    cart: str = "a"


class Paid(Event):
    cart: str = "a"
    amount: int = 1


class Seen(Event):
    pass


class Person(Profile):
    vip: bool = False
    score: int = 0
    renews: datetime | None = None


def journey(*steps: Any, **more: Any) -> Journey:
    made = Journey("j", entry=more.pop("entry", On(Begun)), steps=list(steps), **more)
    assert Journey.from_json(made.to_json()) == made
    return made


def staged(*steps: Any, at: str = "2026-03-02 09:00", **more: Any) -> Simulation:
    policy = more.pop("policy", EMAIL)
    workspace = Workspace(
        journeys=[journey(*steps, **more)],
        profile=Person,
        events=[Begun, Paid, Seen],
        timezone="Europe/Berlin",
        policy=policy,
    )
    return Simulation(workspace, at=at)


def begun(sim: Simulation, **attributes: Any) -> SimulatedCustomer:
    ann = sim.customer("ann", attributes)
    ann.track(Begun())
    return ann


def ways(ann: SimulatedCustomer) -> list[str]:
    """The outcomes by which runs have left waits, and how they ended."""
    entries = ann._stage.runner.journal("ann")
    found = [e.outcome for e in entries if isinstance(e, j.Moved) and e.outcome != "enter"]
    return [one for one in found if one not in ("done", "otherwise")]


def check_replay(sim: Simulation) -> None:
    sim.settle()
    stored = sim.runner._store.load(["ann"], profiles=False)["ann"].body  # type: ignore[attr-defined]
    assert encode_state(replay("ann", sim.runner.journal("ann"))) == stored
    assert encode_state(decode_state(stored)) == stored


# ---- for a time between two


def test_a_random_wait_lies_between_both_ends_and_is_each_ones_own() -> None:  # T2, O4
    sim = staged(Wait(hours(1), up_to=hours(5)), Exit("done"))
    start = to_micros(sim.now)
    ends = []
    for number in range(40):
        customer = sim.customer(f"c{number}")
        customer.track(Begun())
        (run,) = customer.enrollments
        assert run.due is not None
        ends.append(to_micros(run.due))
    assert all(start + HOUR <= end < start + 5 * HOUR for end in ends)
    assert all((end - start) % SECOND == 0 for end in ends)
    assert len(set(ends)) > 35
    assert min(ends) < start + 2 * HOUR
    assert max(ends) > start + 4 * HOUR


def test_a_random_wait_is_the_same_again_and_another_on_each_visit() -> None:  # O4
    steps = [Wait(seconds(0), up_to=hours(5), label="w"), Wait(seconds(1)), Goto("w")]
    lasted = []
    for _ in range(2):
        sim = staged(*steps)
        begun(sim)
        sim.advance(days(2))
        moves = [e for e in sim.runner.journal("ann") if isinstance(e, j.Moved)]
        lasted.append([e.due - e.at for e in moves if e.step == "w" and e.due is not None])
        check_replay(sim)
    assert lasted[0] == lasted[1]
    assert len(set(lasted[0])) == len(lasted[0]) > 8


def test_a_random_wait_of_calendar_days_draws_between_the_instants() -> None:  # T2
    # 2026-03-28 09:00 in Berlin: two days end 47 hours later, four days 95.
    sim = staged(Wait(days(2), up_to=days(4)), Exit("done"), at="2026-03-28 09:00")
    start = to_micros(sim.now)
    for number in range(30):
        customer = sim.customer(f"c{number}", {"timezone": "Europe/Berlin"})
        customer.track(Begun())
        (run,) = customer.enrollments
        assert run.due is not None
        assert 47 * HOUR <= to_micros(run.due) - start < 95 * HOUR


# ---- business days, and a zone that changes meanwhile


@pytest.mark.parametrize(
    ("wait", "before", "after"),
    [
        # Fri 2026-03-06 12:00 in Berlin. The zone becomes that of New York on Saturday noon.
        (WaitBusinessDays(1, at="10:00"), "2026-03-09 09:00", "2026-03-09 14:00"),  # T8
        (WaitBusinessDays(1), "2026-03-09 11:00", "2026-03-09 11:00"),  # a duration keeps its end
        (WaitBusinessDays(2, at="00:00", weekend=["sun"]), "2026-03-08 23:00", "2026-03-09 04:00"),
        (WaitForWindow(Hours("09:00", "17:00", days=["mon"])), "2026-03-09 08:00", "2026-03-09 13:00"),
        (
            WaitForWindow(Hours("09:00", "17:00", days=["mon"]), zone="Asia/Tokyo"),
            "2026-03-09 00:00", "2026-03-09 00:00",
        ),
        # The new clock shows the hours already: it goes on at once, and never into the past.
        (WaitForWindow(Hours("05:00", "07:00", days=["sat"])), "2026-03-07 04:00", "2026-03-07 04:00"),
        (WaitForWindow(Hours("06:00", "07:00")), "2026-03-07 05:00", "2026-03-07 05:00"),
    ],
)  # fmt: skip
def test_a_local_wait_is_reckoned_anew(wait: Any, before: str, after: str) -> None:
    sim = staged(wait, Exit("done"), at="2026-03-06 12:00")
    ann = begun(sim, timezone="Europe/Berlin")
    (run,) = ann.enrollments
    assert run.due == datetime.fromisoformat(before).replace(tzinfo=UTC)
    if run.due < datetime(2026, 3, 7, 11, tzinfo=UTC):
        return
    sim.advance_to("2026-03-07 12:00")
    ann.tell({"timezone": "America/New_York"})
    (run,) = ann.enrollments
    assert run.due == datetime.fromisoformat(after).replace(tzinfo=UTC)
    check_replay(sim)


def test_a_zone_that_shows_the_hours_lets_the_customer_go_on_at_once() -> None:  # T8
    sim = staged(WaitForWindow(Hours("06:00", "07:00")), Exit("done"), at="2026-03-06 12:30")
    ann = begun(sim, timezone="Europe/Berlin")
    ann.tell({"timezone": "America/New_York"})  # there it is 06:30
    assert ann.enrollments == []
    check_replay(sim)


def test_a_date_that_is_empty_by_then_lets_nobody_go_on_sooner() -> None:  # T8
    sim = staged(WaitUntil(Person.renews, at="09:00"), Exit("done"), at="2026-03-06 12:00")
    ann = begun(sim, timezone="Europe/Berlin", renews="2026-03-20T12:00:00Z")
    (before,) = ann.enrollments
    ann.tell({"renews": None, "timezone": "Asia/Tokyo"})
    (after,) = ann.enrollments
    assert after.due == before.due == datetime(2026, 3, 20, 8, tzinfo=UTC)


def test_a_moment_that_the_new_clock_shows_after_the_last_year_fails_the_run_alone() -> None:  # T8
    sim = staged(WaitUntil(date(9999, 12, 31), at="20:00"), Exit("done"), at="2026-03-06 12:00")
    ann = begun(sim, timezone="Europe/Berlin")
    assert len(ann.enrollments) == 1
    ann.tell({"timezone": "America/New_York"})
    assert ann.reasons("end") == ["beyond_calendar"]
    check_replay(sim)
    bob = sim.customer("bob", {"timezone": "America/New_York"})
    bob.track(Begun())
    assert bob.reasons("end") == ["beyond_calendar"]


def test_business_days_are_counted_on_the_new_clock() -> None:  # T8
    sim = staged(WaitBusinessDays(1, at="10:00"), Exit("done"), at="2026-03-05 23:30")
    ann = begun(sim, timezone="America/New_York")  # Thursday there
    sim.advance(hours(16))  # it ends on Friday 10:00 there, 16:00 here
    ann.tell({"timezone": "Asia/Tokyo"})  # Friday when it began there: Monday counts
    (run,) = ann.enrollments
    assert run.due == datetime(2026, 3, 9, 1, tzinfo=UTC)


def test_business_days_that_are_over_on_the_new_clock_end_now() -> None:  # T8
    sim = staged(WaitBusinessDays(1, at="10:00"), Exit("done"), at="2026-03-06 12:00")
    ann = begun(sim, timezone="Europe/Berlin")
    sim.advance_to("2026-03-09 06:00")
    ann.tell({"timezone": "Asia/Tokyo"})  # there it is 14:00 on that Monday
    assert ann.reasons("end") == ["done"]
    (anew,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Rescheduled)]
    assert anew.due == anew.at  # never in the past
    check_replay(sim)


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        ("2026-03-02 12:00", "2026-03-02 12:00"),  # inside: at once
        ("2026-03-02 09:00", "2026-03-02 09:00"),  # the first minute is inside
        ("2026-03-02 17:00", "2026-03-03 09:00"),  # the last is not
        ("2026-03-07 12:00", "2026-03-09 09:00"),
    ],
)
def test_a_window_holds_the_person(at: str, leaves: str) -> None:
    weekdays = Hours("09:00", "17:00", days=["mon", "tue", "wed", "thu", "fri"])
    sim = staged(WaitForWindow(weekdays), Send("hello", via=["email"]), at=at)
    ann = begun(sim)
    sim.advance(days(7))
    (message,) = ann.messages
    assert message.at.astimezone(sim.now.tzinfo).strftime("%Y-%m-%d %H:%M") == leaves


# ---- hours of a message


@pytest.mark.parametrize(
    ("send", "quiet", "leaves", "reason"),
    [
        # Friday 20:30 in Berlin.
        ({"hours": [Hours("09:00", "12:00", days=["mon"])]}, [], "2026-03-09 09:00", "send_hours"),
        ({"hours": [Hours("20:00", "21:00")]}, [], "2026-03-06 20:30", ""),
        ({"hours": [Hours("06:00", "09:00")]}, ["21:00-08:00"], "2026-03-07 08:00", "send_hours"),
        ({"hours": [Hours("06:00", "21:00")]}, ["20:00-23:00"], "2026-03-07 06:00", "quiet_hours"),
        ({"hours": [Hours("09:00", "12:00")], "on_quiet": "skip"}, [], None, "send_hours"),
        ({"hours": [Hours("06:00", "09:00")], "valid_for": hours(3)}, [], None, "expired"),
    ],
)
def test_the_hours_of_a_message_are_judged_with_the_quiet_hours(  # G2, G4
    send: Any, quiet: list[str], leaves: str | None, reason: str
) -> None:
    policy = Policy(
        consent={"email": "opt-out"},
        quiet_hours=[QuietHours(*each.split("-")) for each in quiet],
    )
    sim = staged(Send("hello", via=["email"], **send), at="2026-03-06 20:30", policy=policy)
    ann = begun(sim)
    assert ann.reasons("hold") + ann.reasons("drop") == ([reason] if reason else [])
    sim.advance(days(10))
    shown = [m.at.astimezone(sim.now.tzinfo).strftime("%Y-%m-%d %H:%M") for m in ann.messages]
    assert shown == ([] if leaves is None else [leaves])
    check_replay(sim)


def test_hours_that_a_condition_of_the_policy_shuts_are_told_as_never() -> None:  # G2
    asleep = QuietHours("21:00", "08:00", where=Person.vip == True)  # noqa: E712
    policy = Policy(consent={"email": "opt-out"}, quiet_hours=[asleep])
    sim = staged(Send("hello", via=["email"], hours=[Hours("06:00", "07:00")]), policy=policy)
    ann = begun(sim, vip=True)
    assert ann.reasons("drop") == ["send_hours"]
    assert "opens never" in str(ann.timeline)


def test_each_step_has_hours_of_its_own() -> None:
    sim = staged(
        Send("late", via=["email"], hours=[Hours("22:00", "23:00")]),
        Send("any", via=["email"]),
        Send("early", via=["email"], hours=[Hours("05:00", "06:00")]),
    )
    ann = begun(sim)
    sim.advance(days(2))
    shown = [(m.template, m.at.astimezone(sim.now.tzinfo).hour) for m in ann.messages]
    assert shown == [("late", 22), ("any", 22), ("early", 5)]


# ---- several things at once

PAID, SEEN, VIP = On(Paid), On(Seen), Person.vip == True  # noqa: E712
CASES = [Case(PAID, [Exit("paid")]), Case(VIP, [Exit("vip")]), Case(SEEN, [Exit("seen")])]


def happens(ann: SimulatedCustomer, what: str) -> None:
    match what:
        case "paid":
            ann.track(Paid())
        case "seen":
            ann.track(Seen())
        case "vip":
            ann.tell({"vip": True})
        case "not vip":
            ann.tell({"vip": False})
        case "day":
            ann._stage.advance(days(1))


@pytest.mark.parametrize(
    ("wait", "script", "ended"),
    [
        # The first of them, each with its own branch.
        (WaitFor(CASES, timeout=days(3)), "paid", "paid"),
        (WaitFor(CASES, timeout=days(3)), "vip", "vip"),
        (WaitFor(CASES, timeout=days(3)), "seen", "seen"),
        (WaitFor(CASES, timeout=days(3), on_timeout=[Wait(hours(1))]), "day day day", "open"),
        # What has no case goes through then.
        (WaitFor([*CASES[:1], SEEN], timeout=days(3), then=[Exit("then")]), "seen", "then"),
        (WaitFor([PAID, VIP], timeout=days(3), then=[Exit("then")]), "day vip", "then"),
        # All of them, in any order; a condition counts while it holds.
        (WaitFor([PAID, SEEN], need="all", timeout=days(3), then=[Exit("all")]), "seen day paid", "all"),
        (WaitFor([PAID, SEEN], need="all", timeout=days(3), then=[Exit("all")]), "seen seen", "open"),
        (WaitFor([PAID, VIP], need="all", timeout=days(3), then=[Exit("all")]), "vip paid", "all"),
        (WaitFor([PAID, VIP], need="all", timeout=days(3), then=[Exit("all")]), "paid vip", "all"),
        (WaitFor([PAID, VIP], need="all", timeout=days(3)), "vip not vip paid", "open"),
        (WaitFor([VIP], need="all", timeout=days(3), then=[Exit("all")]), "vip", "all"),
    ],
)  # fmt: skip
def test_what_a_wait_for_several_things_comes_to(wait: WaitFor, script: str, ended: str) -> None:
    sim = staged(wait, Exit("end"))
    ann = begun(sim)
    for what in script.replace("not vip", "not-vip").split():
        happens(ann, what.replace("not-vip", "not vip"))
    reasons = ann.reasons("end")
    assert reasons == ([] if ended == "open" else [ended])
    check_replay(sim)


@pytest.mark.parametrize(
    ("since", "script", "ended"),
    [
        ("entry", "paid day", ["paid"]),  # O7: it came before the step was reached
        ("step", "paid day", []),
        ("step", "paid day paid", ["paid"]),
        ("entry", "seen paid day", ["paid"]),  # both were there: the first that is written
        ("entry", "vip day", ["vip"]),  # a condition is asked at once when it is reached
        ("step", "vip day", ["vip"]),
        ("entry", "seen vip day", ["vip"]),
    ],
)
def test_what_came_before_the_step_was_reached(since: Any, script: str, ended: list[str]) -> None:
    sim = staged(Wait(hours(20)), WaitFor(CASES, timeout=days(3), since=since), Exit("end"))
    ann = begun(sim)
    for what in script.split():
        happens(ann, what)
    assert ann.reasons("end") == ended
    check_replay(sim)


def test_one_input_that_brings_two_takes_the_first_in_the_list() -> None:  # O6
    many = count(Paid) >= 1
    for cases, ended in (
        ([Case(many, [Exit("many")]), Case(PAID, [Exit("paid")])], "many"),
        ([Case(PAID, [Exit("paid")]), Case(many, [Exit("many")])], "paid"),
    ):
        ann = begun(staged(WaitFor(cases, timeout=days(3)), Exit("end")))
        ann.track(Paid())
        assert ann.reasons("end") == [ended]


@pytest.mark.parametrize(("micros", "way"), [(-1, "case_1"), (0, "case_1"), (1, "timeout")])
def test_an_event_at_exactly_the_time_out_counts(micros: int, way: str) -> None:  # O2
    sim = staged(WaitFor(CASES, timeout=days(1)), Exit("end"))
    ann = begun(sim)
    sim.clock.micros += 24 * HOUR + micros
    ann.track(Paid())
    assert ways(ann)[0] == way


def test_an_event_before_the_entry_changes_nothing() -> None:  # O5
    for steps in ([], [Wait(hours(1))]):
        sim = staged(*steps, WaitFor(CASES, timeout=days(3)), Exit("end"))
        ann = begun(sim)
        ann.track(Paid(), occurred_at="2026-03-02 08:59")
        sim.advance(hours(2))
        assert ann.reasons("end") == []


def test_exits_and_goals_go_before_waits() -> None:  # O6
    for more, ended in (
        ({"exits": [On(Paid)]}, "paid"),
        ({"goal": Goal(On(Paid), name="won")}, "won"),
        ({"exits": [count(Paid) >= 1]}, "exit_condition"),
    ):
        ann = begun(staged(WaitFor(CASES, timeout=days(3)), Exit("end"), **more))  # type: ignore[arg-type]
        ann.track(Paid())
        assert ann.reasons("end") == [ended]


def test_the_key_tells_which_run_an_event_is_about() -> None:  # E1
    sim = staged(
        WaitFor([Case(On(Paid, key=Paid.cart), [Exit("paid")]), Case(VIP, [Exit("vip")])], timeout=days(3)),
        Exit("end"),
        entry=On(Begun, key=Begun.cart),
    )  # fmt: skip
    ann = sim.customer("ann")
    for cart in ("a", "b"):
        ann.track(Begun(cart=cart))
    ann.track(Paid(cart="b"))
    assert [run.key for run in ann.enrollments] == ["a"]
    ann.tell({"vip": True})
    assert ann.reasons("end") == ["paid", "vip"]


# ---- conditions that time makes true


@pytest.mark.parametrize(
    ("condition", "ends"),
    [
        # Berlin: the clock goes forward in the night to 2026-03-29.
        (Person.renews <= ago(hours(0)), "2026-03-29 10:00"),
        (Person.renews <= ago(hours(24)), "2026-03-30 10:00"),
        (Person.renews <= ago(days(-1)), "2026-03-28 11:00"),  # a day before, by the clock
        (last(Begun) <= ago(days(2)), "2026-03-29 10:00"),
        (count(Begun, within=hours(30)) == 0, "2026-03-28 17:00"),
    ],
)
def test_a_condition_ends_the_wait_when_time_makes_it_true(condition: Any, ends: str) -> None:
    sim = staged(
        WaitFor(condition, timeout=days(30)), Send("now", via=["email"]), at="2026-03-27 12:00"
    )
    ann = begun(sim, renews="2026-03-29T10:00:00+00:00", timezone="Europe/Berlin")
    sim.advance(days(10))
    (message,) = ann.messages
    assert message.at == datetime.fromisoformat(ends).replace(tzinfo=UTC)
    check_replay(sim)


def test_the_wait_is_foreseen_anew_when_what_it_reads_changes() -> None:
    sim = staged(WaitFor(Person.renews <= ago(hours(0)), timeout=days(30)), Exit("end"))
    ann = begun(sim, renews="2026-03-10T10:00:00+00:00")
    ann.tell({"renews": "2026-03-05T10:00:00+00:00"})
    sim.advance_to("2026-03-05 10:59:59")
    assert ann.enrollments
    sim.advance(seconds(1))
    assert ann.reasons("end") == ["end"]
    check_replay(sim)


def test_at_the_time_out_a_condition_goes_first() -> None:  # O2: what is so by then, counts
    wait = WaitFor([Case(last(Begun) <= ago(days(2)), [Exit("so")])], timeout=days(2))
    sim = staged(wait, Exit("end"))
    ann = begun(sim)
    sim.advance(days(3))
    assert ann.reasons("end") == ["so"]


def test_after_downtime_what_arrived_counts_before_what_is_overdue() -> None:  # O3
    sim = staged(WaitFor(CASES, timeout=days(1), on_timeout=[Exit("late")]))
    ann = begun(sim)
    with sim.downtime():
        sim.advance(days(2))
        ann.track(Paid())
    assert ann.reasons("end") == ["paid"]
    check_replay(sim)


def test_with_all_of_them_time_counts_once_the_rest_is_there() -> None:
    late = last(Begun) <= ago(days(1))
    sim = staged(
        WaitFor([PAID, late], need="all", timeout=days(9), then=[Exit("all")]), Exit("end")
    )
    ann = begun(sim)
    sim.advance(days(2))
    assert ann.enrollments
    ann.track(Paid())
    assert ann.reasons("end") == ["all"]
    sim = staged(
        WaitFor([PAID, late], need="all", timeout=days(9), then=[Exit("all")]), Exit("end")
    )
    ann = begun(sim)
    ann.track(Paid())
    sim.advance_to("2026-03-03 09:00")
    assert ann.reasons("end") == ["all"]


# ---- on loops


def test_on_a_loop_each_visit_waits_anew() -> None:
    both = WaitFor(
        [PAID, SEEN], need="all", timeout=days(9), then=[Send("both", via=["email"])], label="w"
    )
    ann = begun(sim := staged(both, Goto("w")))
    for what in ("paid", "seen", "paid", "paid", "seen", "seen", "paid"):
        happens(ann, what)
        sim.settle()
    assert ann.received == ["both"] * 3
    check_replay(sim)


def test_a_wait_that_leads_to_itself_forgets_what_it_had() -> None:
    ann = begun(
        sim := staged(WaitFor([PAID, SEEN], need="all", timeout=days(9), label="w"), Goto("w"))
    )
    for what in ("paid", "seen", "paid"):
        happens(ann, what)
    (run,) = ann.enrollments
    assert run.step == "w"
    assert ways(ann) == ["event"]
    check_replay(sim)


def test_a_condition_lets_another_run_go_on_within_one_input() -> None:
    sim = staged(
        WaitFor(Person.score >= 2, timeout=days(9)), Send("two", via=["email"]), reentry=Always()
    )
    workspace = Workspace(
        journeys=[
            sim.runner.workspace.journeys[0],
            Journey("k", entry=On(Paid), steps=[Set(Person.score, 2), Exit("set")]),
        ],
        profile=Person,
        events=[Seen],
        timezone="Europe/Berlin",
        policy=EMAIL,
    )
    sim = Simulation(workspace, at="2026-03-02 09:00")
    ann = begun(sim)
    ann.track(Begun())
    ann.track(Paid())
    assert ann.received == ["two", "two"]
    check_replay(sim)


# ---- what is certain whatever happens

SCRIPTS = st.lists(
    st.sampled_from(["paid", "seen", "vip", "not vip", "day", "late", "downtime", "zone"]),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(SCRIPTS, st.sampled_from(["entry", "step"]), st.sampled_from(["any", "all"]), st.booleans())
def test_the_simulation_and_the_journal_agree_on_every_wait(
    script: list[str], since: Any, need: Any, loops: bool
) -> None:
    awaited: list[Any] = [PAID, SEEN, VIP, last(Seen) <= ago(days(1))]
    if need == "any":
        awaited[1] = Case(SEEN, [Wait(hours(1))])
    steps: list[Any] = [Wait(hours(3), up_to=hours(30), label="w")]
    steps += [WaitFor(awaited, need=need, timeout=days(2), since=since), WaitBusinessDays(0)]
    sim = staged(*steps, *([Goto("w", at_most=3)] if loops else []), at="2026-03-27 12:00")
    ann = begun(sim)
    for what in script:
        if what == "late":
            ann.track(Paid(), occurred_at=sim.now - timedelta(hours=30))
        elif what == "zone":
            ann.tell({"timezone": "America/New_York"})
        elif what == "downtime":
            with sim.downtime():
                ann.track(Seen())
                sim.advance(days(1))
        else:
            happens(ann, what)
        check_replay(sim)
    sim.advance(days(40))
    check_replay(sim)
    assert ann.enrollments == []


def test_what_a_started_journey_sets_lets_others_go_on_at_once() -> None:
    workspace = Workspace(
        journeys=[
            Journey(
                "waits",
                entry=On(Begun),
                steps=[WaitFor(Person.score >= 2, timeout=days(5)), Emit(Seen, {}), Exit("got")],
            ),
            Journey("sets", entry=ByCall(), steps=[Set(Person.score, 2)]),
            Journey("starts", entry=On(Begun), steps=[Wait(days(1)), StartJourney("sets")]),
            Journey("hears", entry=On(Seen), steps=[Exit("seen")]),
        ],
        profile=Person,
        timezone="Europe/Berlin",
        policy=EMAIL,
    )
    sim = Simulation(workspace, at="2026-03-02 09:00")
    ann = begun(sim)
    sim.advance(days(1))
    assert sorted(ann.reasons("end")) == ["completed", "completed", "got", "seen"]
    assert ann.timeline.lines[-1].at == sim.now
    check_replay(sim)


@pytest.mark.parametrize(("since", "ended"), [("entry", ["paid"]), ("step", [])])
def test_a_late_event_of_before_the_step_is_none_since_the_step(  # O5, O7
    since: Any, ended: list[str]
) -> None:
    sim = staged(Wait(hours(1)), WaitFor(CASES, timeout=days(3), since=since), Exit("end"))
    ann = begun(sim)
    sim.advance(hours(2))
    ann.track(Paid(), occurred_at="2026-03-02 09:30")
    assert ann.reasons("end") == ended
    ann.track(Paid(), occurred_at="2026-03-02 10:00")
    assert ann.reasons("end") == ["paid"]


def test_simulation_and_stores_write_the_same_journal(  # O4
    host: Callable[..., Any], simulate: Callable[..., Any]
) -> None:
    workspace = Workspace(
        journeys=[
            journey(
                Send("hello", via=["email"], hours=[Hours("10:30", "12:00")]),
                WaitFor(
                    [
                        Case(Receipt("opened", of="hello"), [Wait(hours(1), up_to=hours(9))]),
                        PAID,
                        VIP,
                    ],
                    timeout=days(3),
                ),
                WaitFor([last(Paid) <= ago(days(1)), On(Seen)], need="all", timeout=days(9)),
                Digest(On(Paid), window=hours(6), sliding=True, label="d"),
                WaitBusinessDays(2, at="09:00"),
                WaitForWindow(Hours("14:00", "15:00")),
                Exit("done"),
            )
        ],
        profile=Person,
        events=[Begun, Paid, Seen],
        timezone="UTC",
        policy=EMAIL,
    )
    sim, ann = simulate(workspace)
    real = host(workspace)
    script: list[tuple[str, Any]] = [
        ("2026-03-02 10:00", Begun()),
        ("2026-03-02 10:30", None),
        ("2026-03-02 11:00", "opened"),
        ("2026-03-02 22:00", Paid(amount=1)),
        ("2026-03-03 01:00", Seen()),
        ("2026-03-03 22:00", None),
        ("2026-03-04 00:00", Paid(amount=2)),
        ("2026-03-04 06:00", None),
        ("2026-03-06 09:00", None),
        ("2026-03-06 14:00", None),
    ]
    for at, what in script:
        sim.advance_to(at)
        while (due := real.kit._store.next_due()) is not None and due < to_micros(sim.now):
            real.clock.micros = due
            real.tick()
        real.at(at)
        if isinstance(what, Event):
            ann.track(what)
            real.track(what)
        elif what is not None:
            key = ann.messages[0].key
            sim.report("ann", key, what, id="r")
            real.kit.report("ann", key, what, id="r")
        sim.settle()
        real.tick()
    assert ann.reasons("end") == ["done"]
    assert real.journal == encode_entries(sim.runner.journal("ann"))
    collected_there = [
        e.data["amount"] for e in real.kit.journal("ann") if isinstance(e, j.Collected)
    ]
    assert collected_there == [1, 2]
