"""Entry, re-entry, exit and goals, sentence by sentence: rules E1 to E5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from journeykit import (
    After,
    AfterExit,
    Always,
    Branch,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Goto,
    Journey,
    On,
    Once,
    Policy,
    Profile,
    QuietHours,
    Restart,
    Send,
    Set,
    Simulation,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    ago,
    ahead,
    count,
    days,
    exists,
    hours,
    last,
    months,
    not_,
    outcome,
    total,
    weeks,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import journal as j

EMAIL = Policy(consent={"email": "opt-out"})


class Updated(Event):
    cart: str = "c1"
    total: Decimal = Decimal(10)


class Ordered(Event):
    cart: str = "c1"
    amount: Decimal = Decimal(10)


class Gone(Event):
    cart: str = "c1"


class Shopper(Profile):
    plan: Literal["free", "pro"] = "free"
    trial_ends: datetime | None = None
    tier: str = ""


def space(*journeys: Journey, **more: Any) -> Workspace:
    return Workspace(
        **{
            "journeys": journeys, "timezone": "UTC", "policy": EMAIL, "profile": Shopper,
            "events": [Updated, Ordered, Gone], **more,
        }
    )  # fmt: skip


def journey(**more: Any) -> Journey:
    return Journey("j", **{"entry": On(Updated), "steps": [Wait(days(10))], **more})


def keyed(**more: Any) -> Journey:
    return journey(entry=On(Updated, key=Updated.cart), **more)


# ---- E1: re-entry

INSIDE, ENTERED, SOON = "already_inside", "already_entered", "re_entry_too_soon"


@pytest.mark.parametrize(
    ("rule", "inside", "after_exit"),
    [
        (None, INSIDE, ENTERED),  # the default is Once
        (Once(), INSIDE, ENTERED),
        (AfterExit(), INSIDE, ""),
        (After(days(1)), INSIDE, ""),  # a day has passed: still never while inside
        (After(days(30)), INSIDE, SOON),
        (Always(), "", ""),
        (Restart(), "", ""),
    ],
)
@pytest.mark.parametrize("with_key", [False, True])
def test_re_entry(host: Any, rule: Any, inside: str, after_exit: str, with_key: bool) -> None:  # E1
    more = {} if rule is None else {"reentry": rule}
    ann = host(space((keyed if with_key else journey)(exits=On(Gone), **more)))

    def again() -> str:
        outcome = ann.track(Updated())
        assert len(outcome.entered) + len(outcome.refused) == 1
        return "" if outcome.entered else str(outcome.refused[0].reason)

    assert again() == ""
    ann.at("2026-03-05 10:00")
    assert again() == inside
    ann.track(Gone())
    ann.at("2026-03-06 10:00")
    assert again() == after_exit


def test_once_is_for_a_lifetime(host: Any) -> None:  # E1
    ann = host(space(journey(steps=[Wait(hours(1))])))
    ann.track(Updated())
    ann.at("2046-03-02 10:00").tick()
    assert [one.reason for one in ann.track(Updated()).refused] == [ENTERED]


@pytest.mark.parametrize(
    ("zone", "span", "entered", "allowed"),
    [  # the instant at which it is allowed, and not one microsecond before
        ("UTC", days(1), "2026-03-02 10:00", "2026-03-03 10:00"),
        ("UTC", hours(24), "2026-03-02 10:00", "2026-03-03 10:00"),
        ("UTC", months(1), "2026-01-31 10:00", "2026-02-28 10:00"),
        # Calendar days keep the wall clock: 23 hours in spring, 25 in autumn; elapsed do not.
        ("Europe/Berlin", days(1), "2026-03-28 11:00", "2026-03-29 10:00"),
        ("Europe/Berlin", hours(24), "2026-03-28 11:00", "2026-03-29 11:00"),
        ("America/New_York", days(1), "2026-10-31 12:00", "2026-11-01 13:00"),
        ("America/New_York", hours(24), "2026-10-31 12:00", "2026-11-01 12:00"),
    ],
)
@pytest.mark.parametrize("with_key", [False, True])
def test_exactly_the_duration_is_enough(
    host: Any, zone: str, span: Any, entered: str, allowed: str, with_key: bool
) -> None:  # E1
    made = (keyed if with_key else journey)(reentry=After(span), steps=[Wait(hours(1))])
    ann = host(space(made), at=entered, timezone=zone)
    ann.track(Updated())
    first = datetime.fromisoformat(allowed).replace(tzinfo=UTC)
    ann.at((first - timedelta(microseconds=1)).replace(tzinfo=None).isoformat()).tick()
    assert [one.reason for one in ann.track(Updated()).refused] == [SOON]
    ann.at(allowed)
    assert ann.track(Updated()).entered == ["j"]


def test_after_counts_from_the_last_entry_not_from_the_exit(host: Any) -> None:  # E1
    ann = host(space(journey(reentry=After(days(3)), steps=[Wait(days(2))])))
    ann.track(Updated(), occurred_at="2026-03-02 08:00")  # the entry instant is the trigger's
    ann.at("2026-03-05 07:59:59.999999").tick()
    assert ann.track(Updated()).entered == []
    ann.at("2026-03-05 08:00")
    assert ann.track(Updated()).entered == ["j"]
    ann.at("2026-03-08 07:59").tick()
    assert [one.reason for one in ann.track(Updated()).refused] == [SOON], "from the last one"


def test_restart_starts_from_the_first_step(simulate: Any) -> None:  # E1
    steps = [Wait(hours(1)), Send("one", via=["email"]), Wait(hours(1)), Send("two", via=["email"])]
    sim, ann = simulate(space(journey(reentry=Restart(), steps=steps)))
    ann.track(Updated())
    sim.advance(hours(1.5))
    ann.track(Updated(total=Decimal(99)))
    sim.advance(hours(0.75))
    assert ann.received == ["one"], "the first run would have sent `two` a quarter ago"
    sim.advance(hours(5))
    assert ann.received == ["one", "one", "two"]
    assert ann.reasons("end") == ["updated", "completed"]


def test_restart_restarts_the_run_with_the_key_only(host: Any) -> None:  # E1
    ann = host(space(keyed(reentry=Restart())))
    ann.track(Updated(cart="c1"))
    ann.track(Updated(cart="c2"))
    ann.at("2026-03-02 12:00")
    assert ann.track(Updated(cart="c1")).ended == [("restarted", "updated")]
    runs = {run.key: run.entered.hour for run in ann.kit.customer("ann").enrollments}
    assert runs == {"c1": 12, "c2": 10}


def test_a_late_trigger_does_not_restart_a_newer_run(host: Any) -> None:  # E1, O5
    ann = host(space(journey(reentry=Restart())))
    ann.track(Updated())
    ann.at("2026-03-02 12:00")
    assert [one.reason for one in ann.track(Updated(), occurred_at="2026-03-02 09:00").refused] == [
        INSIDE
    ]
    assert ann.ended == []


def test_keys_live_side_by_side_and_the_rule_holds_for_each(host: Any) -> None:  # E1
    ann = host(space(keyed(reentry=AfterExit(), exits=On(Gone, key=Gone.cart))))
    for cart in ("c1", "c2", "c3"):
        assert ann.track(Updated(cart=cart)).entered == ["j"]
    assert [one.reason for one in ann.track(Updated(cart="c2")).refused] == [INSIDE]
    ann.track(Gone(cart="c2"))
    assert sorted(run.key for run in ann.kit.customer("ann").enrollments) == ["c1", "c3"]
    assert ann.track(Updated(cart="c2")).entered == ["j"]


@pytest.mark.parametrize("what", ["exit", "goal", "wait"])
@pytest.mark.parametrize("with_key", [True, False])
def test_with_key_it_concerns_one_run_and_without_all(
    host: Any, what: str, with_key: bool
) -> None:  # E1
    on = On(Ordered, key=Ordered.cart) if with_key else On(Ordered)
    more: dict[str, Any] = {"exit": {"exits": on}, "goal": {"goal": Goal(on)}}.get(
        what, {"steps": [WaitFor(on, timeout=days(9))]}
    )
    ann = host(space(keyed(**more)))
    for cart in ("c1", "c2"):
        ann.track(Updated(cart=cart))
    ann.track(Ordered(cart="c2"))
    left = [run.key for run in ann.kit.customer("ann").enrollments]
    assert left == (["c1"] if with_key else [])


def test_a_run_can_be_started_and_ended_by_call_with_its_key(host: Any) -> None:  # E1
    ann = host(space(keyed()))
    assert [one.reason for one in ann.kit.enroll("ann", "j", key="c1").refused] == []
    assert [one.reason for one in ann.kit.enroll("ann", "j", key="c1").refused] == [INSIDE]
    ann.kit.enroll("ann", "j", key="c2")
    ann.kit.cancel("ann", "j", key="c1", reason="sold-out")
    assert ann.ended == [("cancelled", "sold-out")]
    ann.kit.cancel("ann", "j")
    assert ann.steps == []


# ---- E2: exits


@pytest.mark.parametrize("where", ["wait", "held", "released", "wait_for", "wait_until"])
def test_an_exit_ends_it_wherever_it_stands(host: Any, where: str) -> None:  # E2
    policy = Policy(
        consent={"email": "opt-out"}, quiet_hours=[QuietHours("00:00", "24:00", days=["mon"])]
    )
    step = {
        "wait": Wait(days(1)),
        "held": Send("x", via=["email"]),
        "released": Send("x", via=["email"]),
        "wait_for": WaitFor(On(Ordered), timeout=days(1)),
        "wait_until": WaitUntil(at="09:00"),
    }[where]
    made = space(journey(exits=On(Gone), steps=[step]), policy=policy if where == "held" else EMAIL)
    ann = host(made)
    ann.track(Updated())
    outcome = ann.track(Gone())
    assert outcome.ended == [("exited", "gone")]
    withdrawn = [e.reason for e in outcome.entries if isinstance(e, j.Withdrawn)]
    assert withdrawn == (["gone"] if where in ("held", "released") else [])
    ann.at("2026-03-20 10:00").tick()
    assert ann.sent == []


def test_an_exit_asks_for_its_where(host: Any) -> None:  # E2
    ann = host(space(journey(exits=On(Ordered, where=Ordered.amount >= Updated.total))))
    ann.track(Updated(total=Decimal(50)))
    assert ann.track(Ordered(amount=Decimal("49.99"))).ended == []
    assert ann.track(Ordered(amount=Decimal(50))).ended == [("exited", "ordered")]


def test_an_exit_condition_on_the_profile_holds_at_once(host: Any) -> None:  # E2
    ann = host(space(journey(exits=Shopper.plan == "pro")))
    ann.track(Updated())
    outcome = ann.kit.identify("ann", {"plan": "pro"})
    assert outcome.ended == [("exited", "exit_condition")]


@pytest.mark.parametrize(
    ("condition", "steps"),
    [
        (Shopper.tier == "gold", [Set(Shopper.tier, "gold"), Set(Shopper.plan, "pro")]),
        (Shopper.tier == "gold", [Set(Shopper.tier, "gold"), Set(Shopper.tier, "")]),
        (Shopper.tier == "gold", [Set(Shopper.tier, "gold"), Exit("done")]),
        (outcome("s") == "accepted", [Send("m", via=["email"], label="s"), Exit("done")]),
        (outcome("s") == "dropped", [
            Send("m", via=["email"], valid_until=datetime(2026, 1, 1, tzinfo=UTC), label="s"),
            Set(Shopper.plan, "pro"),
        ]),
    ],
)  # fmt: skip
def test_an_exit_condition_that_a_step_makes_true_holds_before_the_next_step(
    host: Any, condition: Any, steps: Any
) -> None:  # E2
    ann = host(space(
        journey(exits=condition, steps=steps),
        Journey("i", entry=On(Updated), exits=Shopper.tier == "gold", steps=[Wait(days(10))]),
    ))  # fmt: skip
    ann.track(Updated())
    ann.tick()
    assert ann.ended[0] == ("exited", "exit_condition")
    assert len(ann.ended) == 1 + (ann.kit.customer("ann").profile.get("tier") == "gold")
    assert ann.kit.customer("ann").profile.get("plan") is None


def test_where_the_exit_condition_holds_nobody_enters(host: Any) -> None:  # E2, E4
    ann = host(space(journey(exits=Shopper.plan == "pro")), plan="pro")
    assert [one.reason for one in ann.track(Updated()).refused] == ["exit_condition_holds"]


TRIAL = "2026-03-05 14:30"


@pytest.mark.parametrize(
    ("zone", "condition", "tells", "ends"),
    [
        # A field against a moment: true at that very instant, or a microsecond after it.
        ("UTC", Shopper.trial_ends <= ahead(days(0)), TRIAL, "2026-03-05 14:30:00.000000"),
        ("UTC", Shopper.trial_ends < ahead(days(0)), TRIAL, "2026-03-05 14:30:00.000001"),
        ("UTC", Shopper.trial_ends <= ago(hours(2)), TRIAL, "2026-03-05 16:30:00.000000"),
        ("UTC", Shopper.trial_ends <= ahead(hours(2)), TRIAL, "2026-03-05 12:30:00.000000"),
        ("UTC", not_(Shopper.trial_ends > ahead(hours(2))), TRIAL, "2026-03-05 12:30:00.000000"),
        # On the wall clock: a day before 09:00 of the day of the change is 25 hours before.
        ("America/New_York", Shopper.trial_ends <= ahead(days(1)), "2026-11-01 14:00", "2026-10-31 13:00:00.000000"),
        ("America/New_York", Shopper.trial_ends <= ahead(hours(24)), "2026-11-01 14:00", "2026-10-31 14:00:00.000000"),
        # No day of February lies a month before the 31st: the first that comes to it is March 1.
        ("UTC", Shopper.trial_ends <= ahead(months(1)), "2027-03-31 10:00", "2027-03-01 00:00:00.000000"),
        # A question about the past: two updates at 10:00, and the window slides on.
        ("UTC", count(Updated, within=days(7)) < 1, None, "2026-03-09 10:00:00.000000"),
        ("UTC", total(Updated.total, within=hours(5)) < 10, None, "2026-03-02 15:00:00.000000"),
        ("UTC", last(Updated) <= ago(days(3)), None, "2026-03-05 10:00:00.000000"),
        ("UTC", last(Updated) < ago(weeks(1)), None, "2026-03-09 10:00:00.000001"),
        ("UTC", (last(Updated) < ago(hours(1))) & (Shopper.plan == "free"), None, "2026-03-02 11:00:00.000001"),
    ],
)  # fmt: skip
def test_time_alone_makes_an_exit_condition_true_at_its_instant(
    host: Any, zone: str, condition: Any, tells: str | None, ends: str
) -> None:  # E2
    told = (
        {} if tells is None else {"trial_ends": datetime.fromisoformat(tells).replace(tzinfo=UTC)}
    )
    ann = host(space(journey(exits=condition, steps=[Wait(days(500))])), timezone=zone, **told)
    ann.track(Updated())
    assert ann.track(Updated()).ended == []
    due = ann.kit.next_due()
    assert due == datetime.fromisoformat(ends).replace(tzinfo=UTC)
    ann.clock.micros = (due - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) - 1
    ann.tick()
    assert ann.ended == []
    ann.clock.micros += 1
    ann.tick()
    assert ann.ended == [("exited", "exit_condition")]


def test_what_is_told_meanwhile_moves_that_instant(simulate: Any) -> None:  # E2
    sim, ann = simulate(space(journey(exits=last(Updated) < ago(days(2)), reentry=Once())))
    ann.track(Updated())
    sim.advance(days(1))
    ann.track(Updated())
    sim.advance(days(2))
    assert len(ann.enrollments) == 1
    sim.advance(timedelta(microseconds=1))
    assert ann.reasons("end") == ["exit_condition"]


def test_it_ends_before_a_timer_of_the_same_instant(simulate: Any) -> None:  # E2
    made = journey(
        exits=last(Updated) <= ago(days(2)), steps=[Wait(days(2)), Set(Shopper.tier, "x")]
    )
    sim, ann = simulate(space(made))
    ann.track(Updated())
    sim.advance(days(2))
    assert ann.reasons("end") == ["exit_condition"]
    assert "tier" not in ann.profile


def test_a_customer_whose_end_lies_beyond_the_calendar_just_waits(host: Any) -> None:  # E2
    forever = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    ann = host(space(journey(exits=Shopper.trial_ends <= ahead(months(1)))), trial_ends=forever)
    ann.track(Updated())
    assert ann.kit.next_due() == datetime(2026, 3, 12, 10, tzinfo=UTC)


# ---- E3: goals


@pytest.mark.parametrize(
    ("occurred_at", "counts"),
    [
        ("2026-03-02 10:00:00", True),  # at the entry instant, but another event
        ("2026-03-05 09:59:59.999999", True),
        ("2026-03-05 10:00:00", False),  # the end of the window is excluded
        ("2026-03-02 09:59:59", False),  # before the entry
    ],
)
def test_a_goal_counts_within_its_window(host: Any, occurred_at: str, counts: bool) -> None:  # E3
    ann = host(space(journey(goal=Goal(On(Ordered), within=days(3)))))
    ann.track(Updated())
    ann.at("2026-03-05 10:00")
    outcome = ann.track(Ordered(), occurred_at=occurred_at)
    assert outcome.goals == int(counts)
    assert outcome.ended == ([("goal", "ordered")] if counts else [])


def test_a_goal_counts_once_and_others_count_too(host: Any) -> None:  # E3
    ann = host(
        space(
            journey(
                goal=[
                    Goal(On(Ordered), ends_run=False, name="bought"),
                    Goal(On(Ordered, where=Ordered.amount >= 100), ends_run=False),
                    Goal(On(Gone), name="left"),
                ]
            )
        )
    )
    ann.track(Updated())
    assert ann.track(Ordered()).goals == 1
    assert ann.track(Ordered()).goals == 0
    assert ann.track(Ordered(amount=Decimal(100))).goals == 1
    assert ann.track(Gone()).ended == [("goal", "left")]


def test_a_goal_counts_for_each_run(host: Any) -> None:  # E3
    ann = host(space(journey(reentry=Always(), goal=Goal(On(Ordered)))))
    ann.track(Updated())
    ann.track(Updated())
    assert ann.track(Ordered()).goals == 2


# ---- E4: refusals have a stable reason


@pytest.mark.parametrize(
    ("reason", "more", "event"),
    [
        ("condition_false", {"entry": On(Updated, where=Updated.total >= 20)}, Updated()),
        ("holdout", {"holdout": 0.999999999}, Updated()),
        ("too_many_open", {"reentry": Always(), "max_open": 1}, Updated()),
        ("already_inside", {}, Updated()),
        ("key_missing", {}, None),
    ],
)
def test_a_refused_entry_is_journaled_with_its_reason(
    host: Any, reason: str, more: dict[str, Any], event: Any
) -> None:  # E4
    ann = host(space((journey if event else keyed)(**more)))
    if event is None:
        ann.kit.enroll("ann", "j")
    else:
        ann.track(event)
        ann.track(event)
    assert ann.refused[-1] == reason
    told = [line for line in ann.kit.explain("ann") if line.kind == "refuse"]
    assert (told[-1].journey, told[-1].reason) == ("j", reason)


def test_an_entry_may_ask_about_the_past_including_the_event_at_hand(host: Any) -> None:  # O6, E4
    made = journey(entry=On(Ordered, where=(count(Ordered) >= 2) & not_(exists(last(Gone)))))
    ann = host(space(made))
    assert ann.track(Ordered()).entered == []
    assert ann.track(Ordered()).entered == ["j"]


def test_the_holdout_is_the_same_for_ever(host: Any) -> None:  # E4
    sim = Simulation(space(journey(holdout=0.3, reentry=Always())), at="2026-03-02 10:00")
    first = {}
    for number in range(300):
        who = sim.customer(f"c{number}")
        first[number] = bool(who.track(Updated()).entered)
        assert bool(who.track(Updated()).entered) is first[number]
    assert 60 < sum(not entered for entered in first.values()) < 120


# ---- E5: loops


def test_a_loop_without_a_wait_is_refused_when_it_is_defined() -> None:  # E5
    with pytest.raises(DefinitionError, match="no time pass"):
        journey(steps=[Set(Shopper.tier, "a", label="again"), Goto("again")])
    with pytest.raises(DefinitionError, match="no time pass"):
        journey(steps=[Send("x", via=["email"], label="again"), Goto("again")])
    with pytest.raises(DefinitionError, match="no time pass"):
        journey(steps=[WaitUntil(Shopper.trial_ends, label="again"), Goto("again")])
    journey(steps=[Wait(hours(1), label="again"), Goto("again")])


@pytest.mark.parametrize(("most", "status"), [(3, "failed"), (4, "failed"), (5, "completed")])
def test_too_many_steps_in_one_instant_fail_that_run_alone(
    host: Any, most: int, status: str
) -> None:  # E5
    long = [Set(Shopper.tier, str(number)) for number in range(4)]
    ann = host(
        space(
            Journey("a-long", entry=On(Updated), steps=long),
            Journey("b-short", entry=On(Updated), steps=[Set(Shopper.plan, "pro")]),
            max_steps=most,
        )
    )
    ann.kit.identify("bob")
    outcome = ann.track(Updated())
    reason = "too_many_steps" if status == "failed" else ""
    assert outcome.ended == [(status, reason), ("completed", "")]
    assert ann.kit.track("bob", Updated()).entered == ["a-long", "b-short"]


def test_waits_and_sends_end_the_instant(simulate: Any) -> None:  # E5
    steps = [Wait(hours(1), label="again"), Set(Shopper.tier, "x"), Goto("again")]
    sim, ann = simulate(space(journey(steps=steps), max_steps=2))
    ann.track(Updated())
    sim.advance(days(9))
    assert len(ann.enrollments) == 1


def test_a_run_that_would_set_a_zone_that_there_is_not_fails_alone(host: Any) -> None:  # T7, E5
    ann = host(
        space(
            Journey("bad", entry=On(Updated), steps=[Set(Shopper.timezone, Updated.cart)]),
            Journey("good", entry=On(Updated), steps=[Wait(days(1))]),
        )
    )
    outcome = ann.track(Updated(cart="Mars/Olympus"))
    assert outcome.ended == [("failed", "unknown_zone")]
    assert len(ann.steps) == 1
    assert ann.kit.customer("ann").timezone == "UTC"


def test_a_wait_beyond_the_calendar_fails_alone(host: Any) -> None:  # T1, E5
    never = datetime(9999, 12, 31, tzinfo=UTC)
    bad = Journey("bad", entry=On(Updated), steps=[WaitUntil(Shopper.trial_ends, offset=days(3))])
    ann = host(space(bad, journey()), trial_ends=never)
    assert ann.track(Updated()).ended == [("failed", "beyond_calendar")]
    assert len(ann.steps) == 1


# ---- several entry events, and branches on what became of a message


def test_several_events_may_start_a_run_and_share_fields(host: Any) -> None:  # E1
    made = journey(
        entry=[On(Updated, key=Updated.cart), On(Ordered, key=Ordered.cart)],
        steps=[Branch(When(Updated.cart == "c9", [Exit("nine")])), Wait(days(1))],
    )
    ann = host(space(made))
    assert ann.track(Ordered(cart="c9")).ended == [("exited", "nine")]
    assert ann.track(Updated(cart="c1")).entered == ["j"]


def test_a_cap_that_blocks_for_good_ends_as_the_author_says(simulate: Any) -> None:  # E2
    policy = Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(0, per="day")])
    made = journey(steps=[Send("x", via=["email"], on_cap="exit"), Wait(days(1))])
    _, ann = simulate(space(made, policy=policy))
    ann.track(Updated())
    assert ann.reasons("end") == ["frequency_cap"]
