"""Every step reads in a line, also of a kind that nobody wrote a caption for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal

import pytest
from pydantic import Field

from journeykit.analysis.captions import (
    caption,
    entry_in_words,
    goal_in_words,
    outcome_in_words,
    phrase,
    span_in_words,
    value_in_words,
)
from journeykit.model import (
    Append,
    Arm,
    Branch,
    ByCall,
    Call,
    Case,
    Changed,
    Consent,
    Digest,
    Emit,
    Enters,
    Exit,
    Experiment,
    FieldRef,
    Goal,
    Goto,
    Hours,
    Increment,
    Leaves,
    On,
    OnDate,
    Part,
    RateLimit,
    Receipt,
    Scheduled,
    Segment,
    Send,
    Set,
    Split,
    StartJourney,
    Step,
    Via,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
    When,
    count,
)
from journeykit.model.steps.base import Step as Base
from journeykit.model.triggers import Entry
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import Duration, days, hours, minutes, months

SAID: list[tuple[Step, str]] = [
    (Wait(hours(1)), "Wait 1 hour"),
    (Wait(hours(0)), "Wait no time"),
    (Wait(days(1) + hours(2)), "Wait 1 day and 2 hours"),
    (Wait(hours(1), up_to=hours(5)), "Wait 1 hour to 5 hours"),
    (WaitUntil(at="09:00"), "Wait until 09:00"),
    (WaitUntil(at="09:00", days=["mon", "fri"]), "Wait until 09:00 on mon, fri"),
    (WaitUntil(cron="0 9 * * mon", zone="Asia/Tokyo"), "Wait until cron 0 9 * * mon in Asia/Tokyo"),
    (WaitUntil(date(2026, 3, 1)), "Wait until 2026-03-01"),
    (WaitUntil(datetime(2026, 3, 1, tzinfo=UTC)), "Wait until 2026-03-01T00:00:00+00:00"),
    (
        WaitUntil(Customer.trial_ends, offset=days(-3), at="09:00"),
        "Wait until 3 days before profile.trial_ends at 09:00",
    ),
    (
        WaitUntil(Customer.born, offset=days(1), anniversary="feb28"),
        "Wait until 1 day after the anniversary of profile.born",
    ),
    (
        WaitUntil(Customer.born, offset=days(1) + hours(-2)),
        "Wait until P1DT-2H after profile.born",
    ),
    (WaitBusinessDays(1), "Wait 1 business day"),
    (WaitBusinessDays(3, at="09:00"), "Wait 3 business days, until 09:00"),
    (
        WaitForWindow(Hours("09:00", "17:00", days=["mon"]), Hours("10:00", "12:00")),
        "Wait for 09:00-17:00 mon, 10:00-12:00",
    ),
    (
        WaitFor([On(OrderPlaced, where=OrderPlaced.amount >= 20), On(PageSeen)], timeout=days(1)),
        "Wait for order_placed where order_placed.amount >= 20 or page_seen",
    ),
    (
        WaitFor([On(OrderPlaced), Receipt("opened", of="hello")], need="all", timeout=days(1)),
        "Wait for order_placed and opened of hello",
    ),
    (Digest(On(PageSeen), window=hours(1)), "Collect page_seen for 1 hour"),
    (Send("hello", via=["push", "email"]), "Send hello · push, email"),
    (Send("hello", via=["email"], topic="news"), "Send hello · email · news"),
    (Send("hello", via=Via("email", "sms", by="cheapest")), "Send hello · email, sms by cheapest"),
    (Set(Customer.plan, "pro"), "Set profile.plan to 'pro'"),
    (Set(Customer.visits, None), "Set profile.visits to nothing"),
    (Set(Customer.spent, OrderPlaced.amount), "Set profile.spent to order_placed.amount"),
    (Increment(Customer.visits, 5), "Add 5 to profile.visits"),
    (Append(Customer.interests, "jazz"), "Append 'jazz' to profile.interests"),
    (Consent("grant", channels=["email", "sms"]), "Grant consent to email, sms"),
    (Emit(PageSeen, {"page": "/"}), "Emit page_seen"),
    (Call("score_lead"), "Call score_lead"),
    (RateLimit(100, per=hours(1)), "Let 100 pass per 1 hour"),
    (StartJourney("dunning"), "Start dunning"),
    (
        StartJourney("dunning", wait_for_end=True, timeout=days(9)),
        "Start dunning, and wait for its end",
    ),
    (Branch(When(Customer.vip == True, [Exit()])), "Branch"),  # noqa: E712
    (Split(Arm("a"), Arm("b")), "Split"),
    (Experiment("subject-line", Arm("a"), Arm("b")), "Experiment subject-line"),
    (Goto("start_over"), "Go to start_over"),
    (Exit(), "Exit"),
    (Exit("ordered"), "Exit: ordered"),
    (Part("reminders", [Wait(hours(1))]), "Part reminders"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "said"), SAID, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_step_reads_in_a_line(step: Step, said: str) -> None:
    assert caption(step) == said


def test_every_kind_has_a_caption() -> None:
    assert {step.kind for step, _ in SAID} == set(Base.__kinds__)


@pytest.mark.parametrize("step", [step for step, _ in SAID], ids=lambda step: step.kind)
def test_without_a_caption_of_its_own_a_step_is_told_by_its_options(step: Step) -> None:
    told = phrase(step)
    assert told.startswith(type(step).__name__[0])
    assert "=" not in told.replace("==", "").replace(">=", ""), "that would be a repr"
    assert "None" not in told
    assert "\n" not in told


def test_the_options_are_told_that_were_chosen() -> None:
    class Dance(Base):
        name: str
        loud: bool = Field(default=False, kw_only=True)
        how_long: Duration = Field(default=minutes(1), kw_only=True)
        where: FieldRef | None = Field(default=None, kw_only=True)
        type: Literal["dance"] = Field(default="dance", kw_only=True)

    try:
        assert caption(Dance("tango", label="x")) == "Dance tango"
        assert (
            caption(Dance("tango", loud=True, how_long=hours(2), where=Customer.plan))
            == "Dance tango · loud · how long 2 hours · where profile.plan"
        )
    finally:
        del Base.__kinds__["dance"]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (Duration(), "no time"),
        (days(3), "3 days"),
        (days(-3), "3 days before"),
        (months(1) + days(-1), "P1M-1D"),
    ],
)
def test_any_span_reads(span: Duration, said: str) -> None:
    assert span_in_words(span) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "none"),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        ((), "none"),
        (("a", "b"), "a, b"),
        ({"a": 1}, "a: 1"),
        ({}, "none"),
        (date(2026, 3, 1), "2026-03-01"),
        (On(OrderPlaced, key=OrderPlaced.cart), "order_placed, by cart"),
        (Arm("a", 2), "Arm a 2"),
    ],
)
def test_any_value_reads(value: Any, said: str) -> None:
    assert value_in_words(value) == said


WAITS = WaitFor(
    [Case(On(OrderPlaced), [Exit("a")]), On(PageSeen), Case(Customer.visits > 3, [Exit("b")])],
    timeout=days(2),
)


@pytest.mark.parametrize(
    ("step", "outcome", "said"),
    [
        (Branch(When(Customer.visits > 1), When(Customer.vip == True)), "when_2", None),  # noqa: E712
        (Branch(When(Customer.visits > 1)), "when_1", "profile.visits > 1"),
        (Branch(When(Customer.visits > 1)), "otherwise", "otherwise"),
        (Split(Arm("a", 1), Arm("b", 2)), "arm_b", "b 66.7 %"),
        (Split(Arm("x_y", 1), Arm("b", 1)), "arm_x_y", "x_y 50 %"),
        (WAITS, "case_1", "order_placed"),
        (WAITS, "case_2", "profile.visits > 3"),
        (WAITS, "event", "happened"),
        (WAITS, "timeout", "after 2 days"),
        (Goto("a", at_most=3), "again", "up to 3 times"),
        (Send("hello", via=["email"]), "failed", "failed"),
        (WaitUntil(Customer.born, if_past="skip"), "skip", "skips the next"),
        (None, "enter", "enter"),
    ],
)
def test_an_outcome_reads(step: Step | None, outcome: str, said: str | None) -> None:
    assert outcome_in_words(step, outcome) == (said or "profile.vip == True")


LAPSED = Segment("lapsed", count(OrderPlaced, within=days(60)) == 0)
ENTRIES: list[tuple[Entry, str]] = [
    (On(OrderPlaced, key=OrderPlaced.cart), "order_placed, by cart"),
    (ByCall(), "by call"),
    (Enters(LAPSED), "enters lapsed"),
    (Leaves(LAPSED), "leaves lapsed"),
    (Changed(Customer.plan), "profile.plan changes"),
    (
        Changed(Customer.plan, was="free", becomes=["free", "pro"], where=Customer.visits > 3),
        "profile.plan changes from 'free' to 'free' or 'pro' where profile.visits > 3",
    ),
    (Scheduled(cron="0 9 * * mon", segment=LAPSED), "by cron 0 9 * * mon, for lapsed"),
    (
        Scheduled(rrule="FREQ=MONTHLY;BYDAY=1MO", at="09:00", starts=date(2026, 1, 1), zone="UTC"),
        "by FREQ=MONTHLY;BYDAY=1MO at 09:00 from 2026-01-01 in UTC",
    ),
    (
        OnDate(Customer.trial_ends, offset=days(-7), at="09:00"),
        "7 days before profile.trial_ends at 09:00",
    ),
    (
        OnDate(Customer.born, anniversary="feb28", at="08:00", zone="UTC"),
        "the anniversary of profile.born at 08:00 in UTC",
    ),
]


@pytest.mark.parametrize(("entry", "said"), ENTRIES)
def test_an_entry_reads_in_a_line(entry: Entry, said: str) -> None:
    assert entry_in_words(entry) == value_in_words(entry) == said


def test_every_kind_of_entry_has_a_caption() -> None:
    assert {type(entry) for entry, _ in ENTRIES} == set(Entry.__kinds__.values())
    assert value_in_words(LAPSED) == "lapsed (count(order_placed) within 60 days == 0)"


def test_goals_and_entries_read() -> None:
    order = On(OrderPlaced, key=OrderPlaced.cart)
    assert goal_in_words(Goal(order)) == "order_placed, by cart"
    assert goal_in_words(Goal(order, name="sold", within=days(7))) == (
        "sold: order_placed, by cart, within 7 days"
    )
    assert entry_in_words(order) == "order_placed, by cart"
