"""What starts runs, sentence by sentence: changes, segments, calendars, dates, calls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

import pytest

from journeykit import (
    AfterExit,
    Always,
    ByCall,
    Changed,
    Enters,
    EntryCap,
    Event,
    Goal,
    Increment,
    Journey,
    Leaves,
    MemoryStore,
    On,
    OnDate,
    Policy,
    Profile,
    Scheduled,
    Segment,
    Send,
    Set,
    Simulation,
    SQLiteStore,
    Wait,
    Workspace,
    ago,
    collected,
    count,
    days,
    hours,
    last,
)
from journeykit.errors import DefinitionError, UsageError
from journeykit.kernel import decode_state, encode_entries, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.time import from_micros, to_micros

START = "2026-03-02 12:00"  # a Monday


class Paid(Event):
    amount: int = 1


class Seen(Event):
    page: str = "home"


class Carted(Event):
    cart: str = "c1"
    worth: int = 10


class Bought(Event):
    cart: str = "c1"


class Shopper(Profile):
    plan: Literal["free", "pro"] = "free"
    points: int = 0
    vip: bool = False
    phone: str | None = None
    balance: Decimal = Decimal(0)
    born: date | None = None
    renews: date | None = None
    ends: datetime | None = None


LAPSED = Segment("lapsed", last(Paid) < ago(days(60)))
PRO = Segment("pro", Shopper.plan == "pro")


def journey(name: str, entry: Any, **more: Any) -> Journey:
    more.setdefault("reentry", Always())
    more.setdefault("steps", [Wait(days(1))])
    return Journey(name, entry=entry, **more)


def shop(*journeys: Journey, timezone: str = "Europe/Berlin") -> Workspace:
    return Workspace(
        journeys=journeys,
        profile=Shopper,
        events=[Paid, Seen, Carted, Bought],
        timezone=timezone,
        policy=Policy(consent={"email": "opt-out"}),
    )


def play(
    *journeys: Journey, at: str = START, store: Any = None, tz: str | None = None
) -> Simulation:
    return Simulation(shop(*journeys), at=at, store=store, tz=tz)


def entries(sim: Simulation, name: str = "j", customer: str = "ann") -> list[str]:
    """The entry instants of a journey, in UTC; the journal is the state, as always."""
    sim.settle()
    journal = sim.runner.journal(customer)
    stored = sim.runner.store.load([customer])[customer].body
    assert encode_state(replay(customer, journal)) == stored
    found = [one for one in journal if isinstance(one, j.Entered) and one.journey == name]
    return [f"{from_micros(one.entered):%Y-%m-%d %H:%M}" for one in found]


# ---- an attribute changes


@pytest.mark.parametrize(
    ("entry", "told", "times"),
    [
        (Changed(Shopper.plan), [{"plan": "pro"}], 1),
        (Changed(Shopper.plan), [{"plan": "free"}], 0),  # the default, told
        (Changed(Shopper.plan), [{"plan": "pro"}, {"plan": "pro"}], 1),  # told anew
        (Changed(Shopper.plan), [{"plan": "pro"}, {"plan": "free"}], 2),
        (Changed(Shopper.plan), [{"points": 3}], 0),
        (Changed(Shopper.plan, was="free", becomes="pro"), [{"plan": "pro"}, {"plan": "free"}], 1),
        (Changed(Shopper.plan, becomes=["free", "pro"]), [{"plan": "pro"}, {"plan": "free"}], 2),
        (Changed(Shopper.phone, was=[None]), [{"phone": "1"}, {"phone": "2"}], 1),
        (Changed(Shopper.phone, becomes=[None]), [{"phone": "1"}, {"phone": None}], 1),
        (Changed(Shopper.balance), [{"balance": "0.00"}, {"balance": "5.0"}, {"balance": "5"}], 1),
        (Changed(Shopper.balance, becomes=Decimal("5.0")), [{"balance": "5.00"}], 1),
        (Changed(Shopper.points, where=Shopper.points >= 10), [{"points": 9}, {"points": 10}], 1),
        (Changed(Shopper.points, where=Shopper.plan == "pro"), [{"points": 9, "plan": "pro"}], 1),
    ],
)
def test_a_change_of_an_attribute_starts_a_run(
    entry: Changed, told: list[dict[str, Any]], times: int
) -> None:  # O6: the profile comes first
    sim = play(journey("j", entry))
    ann = sim.customer("ann")
    for attributes in told:
        sim.advance(hours(1))
        ann.tell(attributes)
    assert len(entries(sim)) == times


def test_what_is_told_when_a_customer_begins_is_no_change() -> None:
    sim = play(journey("j", Changed(Shopper.plan)))
    sim.customer("ann", {"plan": "pro"})
    assert entries(sim) == []


def test_a_step_that_sets_an_attribute_changes_it_too() -> None:
    sim = play(
        journey("points", On(Paid), steps=[Increment(Shopper.points, 5), Set(Shopper.plan, "pro")]),
        journey("j", Changed(Shopper.points, becomes=5)),
        journey("up", Changed(Shopper.plan)),
    )
    ann = sim.customer("ann")
    ann.track(Paid())
    assert (len(entries(sim)), len(entries(sim, "up"))) == (1, 1)


def test_a_template_is_told_what_it_was() -> None:
    sim = play(journey("j", Changed(Shopper.points), steps=[Send("up", via=["email"])]))
    ann = sim.customer("ann", {"points": 3})
    ann.tell({"points": 5})
    (entered,) = [one for one in sim.runner.journal("ann") if isinstance(one, j.Entered)]
    assert entered.data == {"was": 3, "becomes": 5}
    assert ann.received == ["up"]


# ---- segments


def test_time_alone_lets_somebody_in_and_an_event_out_again() -> None:
    sim = play(
        journey("j", Enters(LAPSED), steps=[Wait(days(300))], exits=Leaves(LAPSED)),
        journey("back", Leaves(LAPSED)),
    )
    ann = sim.customer("ann")
    ann.track(Paid())
    sim.advance(days(70))
    # 60 days by the clock, one of them 23 hours long; "before" begins a microsecond later.
    assert entries(sim) == ["2026-05-01 10:00"]

    ann.track(Paid())

    assert ann.reasons("end", "j") == ["segment_left"]
    assert entries(sim, "back") == ["2026-05-11 10:00"]
    sim.advance(days(70))
    assert entries(sim) == ["2026-05-01 10:00", "2026-07-10 10:00"]


def test_what_time_alone_did_while_nothing_ran_is_as_of_its_own_instant() -> None:  # O3
    sim = play(journey("j", Enters(LAPSED)))
    ann = sim.customer("ann")
    ann.track(Paid())
    with sim.downtime():
        sim.advance(days(70))
    assert entries(sim) == ["2026-05-01 10:00"]


def test_what_was_told_meanwhile_and_changes_nothing_does_not_change_the_instant() -> None:  # O3
    sim = play(journey("j", Enters(LAPSED)))
    ann = sim.customer("ann")
    ann.track(Paid())
    with sim.downtime():
        sim.advance(days(80))
        ann.track(Paid(), occurred_at="2026-03-01 12:00")
        sim.advance(days(5))
    assert entries(sim) == ["2026-05-01 10:00"]


def test_a_purchase_that_waited_comes_before_what_was_due() -> None:  # O3
    sim = play(journey("j", Enters(LAPSED)))
    ann = sim.customer("ann")
    ann.track(Paid())
    with sim.downtime():
        sim.advance(days(70))
        ann.track(Paid())
    assert entries(sim) == []


def test_a_segment_is_left_by_time_alone_when_a_window_passes() -> None:
    often = Segment("often", count(Paid, within=days(7)) >= 2)
    sim = play(journey("in", Enters(often)), journey("out", Leaves(often)))
    ann = sim.customer("ann")
    ann.track(Paid())
    sim.advance(days(1))
    ann.track(Paid())
    sim.advance(days(30))
    assert (entries(sim, "in"), entries(sim, "out")) == (["2026-03-03 11:00"], ["2026-03-09 11:00"])


def test_a_new_customer_who_is_inside_enters_and_an_old_one_is_left_as_he_is() -> None:
    store = MemoryStore()
    play(journey("j", ByCall()), store=store).customer("old", {"plan": "pro"})
    sim = play(journey("j", Enters(PRO), version=2), at="2026-03-03 12:00", store=store)
    sim.customer("new", {"plan": "pro"})
    sim.track("old", Seen())
    assert (entries(sim, customer="new"), entries(sim, customer="old")) == (
        ["2026-03-03 11:00"],
        [],
    )

    sim.identify("old", {"plan": "free"})
    sim.identify("old", {"plan": "pro"})
    assert entries(sim, customer="old") == ["2026-03-03 11:00"]


def test_an_event_ends_by_a_segment_before_it_starts_anything() -> None:  # O6
    sim = play(
        journey("j", On(Paid), reentry=AfterExit(), exits=Enters(Segment("two", count(Paid) >= 2))),
    )
    ann = sim.customer("ann")
    ann.track(Paid())
    ann.track(Paid())
    assert ann.reasons("end") == ["segment_entered"]
    assert len(entries(sim)) == 2  # the run that it started is not ended by it


def test_what_else_must_hold_is_asked_at_that_instant() -> None:
    sim = play(
        journey(
            "j", Enters(PRO, where=Shopper.points > 3), exits=Leaves(PRO, where=Shopper.points > 5)
        )
    )
    ann = sim.customer("ann", {"points": 3})
    ann.tell({"plan": "pro"})
    assert ann.reasons("refuse") == ["condition_false"]  # E4
    ann.tell({"plan": "free", "points": 4})
    ann.tell({"plan": "pro"})
    ann.tell({"plan": "free"})
    assert (len(entries(sim)), ann.reasons("end")) == (1, [])
    ann.tell({"plan": "pro", "points": 6})
    ann.tell({"plan": "free"})
    assert ann.reasons("end") == ["segment_left", "segment_left"]


def test_a_new_condition_under_an_old_name_lets_nobody_in_who_stands_there() -> None:
    store = MemoryStore()
    play(journey("j", Enters(Segment("many", Shopper.points >= 10))), store=store).customer(
        "ann", {"points": 5}
    )
    sim = play(
        journey("j", Enters(Segment("many", Shopper.points >= 4)), version=2),
        at="2026-03-03 12:00", store=store,
    )  # fmt: skip
    sim.track("ann", Seen())
    assert entries(sim) == []


def test_the_timeline_tells_of_segments_and_timers_also_when_they_are_no_more() -> None:
    sim = play(
        journey("j", Enters(LAPSED)),
        journey("k", Scheduled(cron="0 9 * * mon")),
        tz="Europe/Berlin",
    )
    ann = sim.customer("ann")
    ann.track(Paid())
    sim.publish(shop(journey("l", ByCall())))
    ann.track(Seen())
    told = [line.text for line in ann.timeline.lines if line.kind in ("segment", "arm")]
    assert told == [
        "outside of the segment lapsed",
        "an entry by the calendar is due Mon 2026-03-09 09:00",
        "outside of the segment lapsed; time alone changes that Fri 2026-05-01 12:00",
        "the segment lapsed is no more",
        "an entry by the calendar is no more",
    ]


def test_one_name_stands_for_one_condition() -> None:
    with pytest.raises(DefinitionError, match="'pro' has another condition elsewhere"):
        shop(
            journey("one", Enters(PRO)),
            journey("two", On(Paid), exits=Leaves(Segment("pro", Shopper.points > 3))),
        )


def test_a_segment_left_since_keeps_a_late_trigger_out() -> None:  # O5
    sim = play(journey("j", On(Paid), exits=Leaves(PRO)))
    ann = sim.customer("ann", {"plan": "pro"})
    sim.advance(hours(2))
    ann.tell({"plan": "free"})
    sim.advance(hours(1))
    ann.track(Paid(), occurred_at="2026-03-02 13:00")
    assert ann.reasons("refuse") == ["exit_already_happened"]


@pytest.mark.parametrize(
    ("occurred", "reasons"),
    [("2026-03-02 13:59", ["exit_already_happened"]), ("2026-03-02 14:00", [])],
)
def test_a_segment_left_since_keeps_out_also_whom_it_has_again(
    occurred: str, reasons: list[str]
) -> None:  # O5
    sim = play(journey("j", On(Paid), exits=Leaves(PRO)))
    ann = sim.customer("ann", {"plan": "pro"})
    sim.advance(hours(2))
    ann.tell({"plan": "free"})
    sim.advance(hours(1))
    ann.tell({"plan": "pro"})
    sim.advance(hours(1))
    ann.tell({"points": 3})
    ann.track(Paid(), occurred_at=occurred)
    assert ann.reasons("refuse") == reasons
    assert len(entries(sim)) == 1 - len(reasons)


# ---- the calendar


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        # Berlin: an hour ahead of UTC, from the 29th on two.
        (Scheduled(cron="0 9 * * mon"), ["03-09 08:00", "03-16 08:00", "03-23 08:00", "03-30 07:00"]),
        (Scheduled(rrule="FREQ=MONTHLY;BYDAY=-1SU", at="02:30"), ["03-29 01:30"]),  # T3: a gap
        (
            Scheduled(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", at="09:00", starts=date(2026, 3, 1)),
            ["03-10 08:00", "03-24 08:00"],
        ),
        (Scheduled(rrule="FREQ=DAILY;COUNT=2", at="09:00", starts=date(2026, 3, 9)),
         ["03-09 08:00", "03-10 08:00"]),
        (Scheduled(rrule="FREQ=DAILY;UNTIL=20260304", at="09:00"), ["03-03 08:00", "03-04 08:00"]),
        (Scheduled(cron="0 9 * * mon", zone="Asia/Tokyo"),
         ["03-09 00:00", "03-16 00:00", "03-23 00:00", "03-30 00:00"]),
        (Scheduled(cron="0 9 * * mon", starts=date(2026, 3, 20)), ["03-23 08:00", "03-30 07:00"]),
        (Scheduled(cron="0 9 * * mon", where=Shopper.points > 3), []),
        (Scheduled(cron="0 9 * * mon", segment=PRO), []),
    ],
)  # fmt: skip
def test_a_schedule_starts_runs_by_the_calendar(entry: Scheduled, expected: list[str]) -> None:
    sim = play(journey("j", entry))
    sim.customer("ann")
    sim.advance(days(30))
    assert [text.removeprefix("2026-") for text in entries(sim)] == expected


def test_each_customer_has_a_morning_of_their_own() -> None:
    sim = play(journey("j", Scheduled(cron="0 9 * * *")))
    sim.customer("ann", {"timezone": "Asia/Tokyo"})
    sim.customer("bob", {"timezone": "America/New_York"})
    sim.advance(days(1))
    assert (entries(sim), entries(sim, customer="bob")) == (
        ["2026-03-03 00:00"],
        ["2026-03-02 14:00"],
    )


def test_only_who_is_inside_of_its_segment_is_on_a_schedule() -> None:
    sim = play(journey("j", Scheduled(cron="0 9 * * *", segment=PRO)))
    ann = sim.customer("ann")
    sim.advance(days(2))
    ann.tell({"plan": "pro"})
    sim.advance(days(2))
    ann.tell({"plan": "free"})
    sim.advance(days(2))
    assert entries(sim) == ["2026-03-05 08:00", "2026-03-06 08:00"]
    assert sim.runner.next_due() is None or not ann.held


def test_of_what_was_missed_the_latest_comes_once_and_as_of_its_instant() -> None:  # O3
    sim = play(journey("j", Scheduled(cron="0 9 * * *")))
    ann = sim.customer("ann")
    with sim.downtime():
        sim.advance(days(10))
    assert entries(sim) == ["2026-03-12 08:00"]
    with sim.downtime():
        ann.tell({"points": 3})  # an input in between changes nothing about it
        sim.advance(days(3))
    assert entries(sim)[1:] == ["2026-03-15 08:00"]


def test_a_refused_occurrence_has_its_reason() -> None:  # E4
    sim = play(journey("j", Scheduled(cron="0 9 * * mon", where=Shopper.points > 3)))
    ann = sim.customer("ann")
    sim.advance(days(8))
    assert ann.reasons("refuse") == ["condition_false"]
    assert "scheduled" in str(ann.timeline)


# ---- dates


@pytest.mark.parametrize(
    ("entry", "told", "expected"),
    [
        (OnDate(Shopper.renews, offset=days(-7), at="09:00"), {"renews": "2026-03-20"}, ["2026-03-13 08:00"]),
        (OnDate(Shopper.renews), {"renews": "2026-03-20"}, ["2026-03-19 23:00"]),
        (OnDate(Shopper.renews), {"renews": "2026-03-01"}, []),  # past when told
        (OnDate(Shopper.renews), {"renews": None}, []),
        (OnDate(Shopper.ends, offset=hours(-1)), {"ends": "2026-03-20T12:00:00Z"}, ["2026-03-20 11:00"]),
        (OnDate(Shopper.ends), {"ends": "2026-03-02T11:00:00Z"}, ["2026-03-02 11:00"]),  # T9: now
        (OnDate(Shopper.renews, zone="Asia/Tokyo", at="09:00"), {"renews": "2026-03-20"}, ["2026-03-20 00:00"]),
        (OnDate(Shopper.renews, where=Shopper.points > 3), {"renews": "2026-03-20"}, []),
        # T5: every year; a February 29 comes on the 28th.
        (OnDate(Shopper.born, anniversary="feb28", at="09:00"), {"born": "2000-03-01"}, ["2027-03-01 08:00"]),
        (OnDate(Shopper.born, anniversary="feb28", at="09:00"), {"born": "2000-02-29"}, ["2027-02-28 08:00"]),
        (OnDate(Shopper.born, anniversary="skip", at="09:00"), {"born": "2000-02-29"}, []),
    ],
)  # fmt: skip
def test_a_date_of_the_profile_starts_a_run(
    entry: OnDate, told: dict[str, Any], expected: list[str]
) -> None:
    sim = play(journey("j", entry))
    sim.customer("ann", told)
    sim.advance(days(370))
    assert entries(sim) == expected


def test_a_birthday_comes_every_year() -> None:  # T5
    sim = play(journey("j", OnDate(Shopper.born, anniversary="feb28", at="09:00")))
    sim.customer("ann", {"born": "2000-05-01"})
    sim.advance(days(3 * 365))
    assert entries(sim) == ["2026-05-01 07:00", "2027-05-01 07:00", "2028-05-01 07:00"]


def test_another_date_is_another_timer() -> None:
    sim = play(journey("j", OnDate(Shopper.renews, at="09:00")))
    ann = sim.customer("ann", {"renews": "2026-03-20"})
    ann.tell({"renews": "2026-03-25"})
    sim.advance(days(30))
    ann.tell({"renews": "2026-05-01"})
    sim.advance(days(60))
    ann.tell({"renews": None})
    assert entries(sim) == ["2026-03-25 08:00", "2026-05-01 07:00"]


@pytest.mark.parametrize(
    ("moves_at", "zone", "expected"),
    [
        ("2026-03-19 12:00", "America/New_York", "2026-03-20 13:00"),  # later
        ("2026-03-20 03:00", "Asia/Tokyo", "2026-03-20 02:00"),  # T8: past there; never back
        ("2026-03-20 10:00", "America/New_York", "2026-03-20 08:00"),  # it has come already
    ],
)
def test_a_move_sets_the_timer_of_a_date_anew(moves_at: str, zone: str, expected: str) -> None:
    sim = play(journey("j", OnDate(Shopper.renews, at="09:00")))
    ann = sim.customer("ann", {"renews": "2026-03-20", "timezone": "Europe/Berlin"})
    sim.advance_to(moves_at)
    ann.tell({"timezone": zone})
    sim.advance(days(3))
    assert entries(sim) == [expected]


def test_another_date_comes_also_where_the_clock_has_shown_that_hour_already() -> None:
    sim = play(journey("j", OnDate(Shopper.ends)))
    ann = sim.customer("ann", {"ends": "2026-03-02T15:00+01:00", "timezone": "Europe/Berlin"})
    sim.advance(hours(4))
    ann.tell({"timezone": "America/New_York"})
    sim.advance(hours(1))
    ann.tell({"ends": "2026-03-02T13:00-05:00"})
    sim.advance(days(1))
    assert entries(sim) == ["2026-03-02 14:00", "2026-03-02 18:00"]


# ---- calls, windows, and what cannot be written


def test_a_journey_by_call_is_entered_by_call_alone() -> None:
    sim = play(journey("j", ByCall(), goal=Goal(On(Bought, key=Bought.cart))))
    sim.customer("ann")
    sim.enroll("ann", "j", key="c1")
    sim.track("ann", Bought(cart="c2"))
    sim.track("ann", Bought(cart="c1"))
    assert len(entries(sim)) == 1
    assert sim.customer("ann").reasons("end") == ["bought"]


@pytest.mark.parametrize(
    ("occurred", "reason"),
    [
        ("2026-03-02 13:00", []),  # from included
        ("2026-03-02 12:59", ["not_open_yet"]),
        ("2026-03-02 13:59:59", []),
        ("2026-03-02 14:00", ["closed"]),  # until excluded
    ],
)
def test_a_window_goes_by_when_the_trigger_happened(occurred: str, reason: list[str]) -> None:
    opens, closes = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 13, tzinfo=UTC)
    sim = play(journey("j", On(Paid), opens=opens, closes=closes))
    ann = sim.customer("ann")
    sim.advance(hours(5))
    ann.track(Paid(), occurred_at=occurred)  # told late
    assert ann.reasons("refuse") == reason  # E4


def test_a_schedule_keeps_to_the_window_without_a_word() -> None:
    opens, closes = datetime(2026, 3, 4, 8, tzinfo=UTC), datetime(2026, 3, 6, 8, tzinfo=UTC)
    sim = play(journey("j", Scheduled(cron="0 9 * * *"), opens=opens, closes=closes))
    ann = sim.customer("ann")
    sim.advance(days(9))
    assert entries(sim) == ["2026-03-04 08:00", "2026-03-05 08:00"]
    assert ann.reasons("refuse") == []


@pytest.mark.parametrize("opens", [None, datetime(2026, 3, 20, tzinfo=UTC)])
def test_another_window_sets_the_timers_anew(opens: datetime | None) -> None:
    store, daily = MemoryStore(), Scheduled(cron="0 9 * * *")
    closes = datetime(2026, 3, 3, tzinfo=UTC) if opens is None else None
    sim = play(journey("j", daily, opens=opens, closes=closes), store=store)
    sim.customer("ann")
    sim.advance(days(3))
    assert entries(sim) == []
    sim = play(journey("j", daily, version=2), store=store, at="2026-03-05 12:00")
    sim.track("ann", Seen())
    sim.advance(days(2))
    assert entries(sim) == ["2026-03-06 08:00", "2026-03-07 08:00"]


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda: Changed(Paid.amount), "it belongs to an event"),
        (lambda: Changed(Shopper.plan, becomes="gold"), "it never has the value 'gold'"),
        (lambda: Changed(Shopper.points, was="three"), "is an integer"),
        (lambda: Changed(Shopper.points, was=[]), "the list is empty"),
        (lambda: Changed(Shopper.plan, was="pro", becomes="pro"), "is no change"),
        (lambda: Changed.model_validate({"attribute": {"of": "profile", "field": "points", "kind":
                 "integer"}, "was": ["x"], "type": "changed"}), "'x' is not an integer"),
        (lambda: Segment("s", Paid.amount > 3), "no event and no run"),
        (lambda: Segment("a b", Shopper.points > 3), "a name has"),
        (lambda: Segment("s", collected("digest_1") >= 3), "no run is at hand"),
        (lambda: journey("j", On(Paid), opens=datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))),
         "the years 1 to 9999"),
        (lambda: Scheduled(), "exactly one of a cron expression and an RRULE"),
        (lambda: Scheduled(cron="0 9 * * *", rrule="FREQ=DAILY", at="09:00"), "exactly one of"),
        (lambda: Scheduled(cron="0 9 * * *", at="09:00"), "has its time of day in it"),
        (lambda: Scheduled(rrule="FREQ=DAILY"), "no time of day"),
        (lambda: Scheduled(rrule="FREQ=HOURLY", at="09:00"), "FREQ must be one of"),
        (lambda: Scheduled(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", at="09:00"), "never comes"),
        (lambda: OnDate(Shopper.plan), "no date of the profile"),
        (lambda: journey("j", [On(Carted, key=Carted.cart), Enters(PRO)]), "some entries have a key"),
        (lambda: journey("j", [Enters(PRO), Enters(PRO)]), "named twice"),
        (lambda: journey("j", "paid"), "write one of On, Changed, Enters, Leaves, Scheduled, OnDate, ByCall"),
        (lambda: journey("j", {"type": "on_dat"}), "did you mean 'on_date'"),
        (lambda: journey("j", {"type": "_AskedAlone"}), "there is no kind"),
        (lambda: journey("j", [On(Paid), Enters(PRO)], exits=Paid.amount > 3), "Enters starts runs too"),
        (lambda: journey("j", On(Paid), opens=datetime(2026, 1, 2, tzinfo=UTC),
                         closes=datetime(2026, 1, 2, tzinfo=UTC)), "closes before"),
        (lambda: journey("j", On(Paid), opens=datetime(2026, 1, 2)), "a datetime without a zone"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_when_it_is_written(write: Any, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem):
        write()


@pytest.mark.parametrize(
    "entry",
    [
        Changed(Shopper.plan, was="free", becomes=["pro", None], where=Shopper.points > 3),
        Changed(Shopper.vip, becomes=True),
        Changed(Shopper.ends, was=datetime(2026, 1, 1, tzinfo=UTC)),
        Enters(LAPSED),
        Leaves(LAPSED, where=Shopper.points > 3),
        Scheduled(cron="0 9 * * mon", zone="Asia/Tokyo", segment=PRO),
        Scheduled(rrule="FREQ=MONTHLY;BYDAY=1MO", at="09:00", starts=date(2026, 1, 1)),
        OnDate(Shopper.renews, offset=days(-7), at="09:00", anniversary="skip"),
        ByCall(),
    ],
)
def test_entries_survive_json(entry: Any) -> None:
    written = journey("j", [On(Paid), entry], opens=datetime(2026, 1, 2, tzinfo=UTC))
    assert Journey.from_json(written.to_json()) == written
    assert Journey.from_json(written.to_json()).canonical() == written.canonical()
    assert Journey.from_yaml(written.to_yaml()) == written


# ---- backfill


def filled(store: Any, *journeys: Journey, at: str = "2026-06-01 12:00") -> Simulation:
    return play(journey("old", ByCall()), *journeys, at=at, store=store)


@pytest.fixture(params=["memory", "sqlite"])
def past(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """A store with a customer who paid, looked at carts and bought one, long ago."""
    store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "s.db")
    sim = play(journey("old", ByCall()), store=store)
    ann = sim.customer("ann", {"plan": "pro", "renews": "2026-07-01"})
    ann.track(Paid())
    sim.advance(days(29))
    ann.track(Carted(cart="c1"))
    ann.track(Carted(cart="c2", worth=1))
    ann.track(Carted(cart="c3"))
    ann.track(Bought(cart="c3"))
    sim.advance(days(50))
    yield store
    store.close()


def test_backfill_lets_in_who_is_inside_as_of_when_time_made_it_so(past: Any) -> None:
    sim = filled(past, journey("j", Enters(LAPSED)))
    assert entries(sim) == []
    outcome = sim.backfill("j")
    assert (outcome.customers, outcome.entered, outcome.refused) == (1, 1, {})
    assert entries(sim) == ["2026-05-01 10:00"]  # what was paid is counted from the journal


def test_backfill_from_now_on(past: Any) -> None:
    sim = filled(past, journey("j", Enters(LAPSED)), journey("cart", On(Carted)))
    sim.backfill("j", since="now")
    sim.backfill("cart", since="now")
    assert entries(sim) == entries(sim, "cart") == ["2026-06-01 10:00"]


def test_backfill_takes_the_latest_event_that_would_have_entered(past: Any) -> None:  # O5
    sim = filled(
        past,
        journey(
            "j",
            On(Carted, key=Carted.cart, where=Carted.worth > 5),
            goal=Goal(On(Bought, key=Bought.cart)),
        ),
    )
    outcome = sim.backfill("j")
    assert (outcome.entered, outcome.refused) == (
        1, {"condition_false": 1, "exit_already_happened": 1},
    )  # fmt: skip
    assert entries(sim) == ["2026-03-31 10:00"]
    runs = decode_state(past.load(["ann"])["ann"].body).enrollments
    assert all(run.key == "c1" for run in runs.values())


@pytest.mark.parametrize("since", ["qualified", "now"])
@pytest.mark.parametrize("entry", [Enters(LAPSED), Enters(PRO), On(Carted)])
def test_backfill_enters_nobody_twice(past: Any, entry: Any, since: Any) -> None:
    sim = filled(past, journey("j", entry, steps=[Wait(days(1))]))
    assert sim.backfill("j", since=since).entered == 1
    for _ in range(2):
        sim.advance(days(2))
        again = sim.backfill("j", since=since)
        assert (again.entered, again.refused) == (0, {"entered_since": 1})


@pytest.mark.parametrize("since", ["qualified", "now"])
@pytest.mark.parametrize("entry", [Enters(PRO), On(Carted)])
def test_backfill_lets_nobody_in_for_what_came_while_inside(entry: Any, since: Any) -> None:
    sim = play(journey("j", entry, reentry=AfterExit()))
    ann = sim.customer("ann", {"plan": "pro"})
    ann.track(Carted())
    sim.advance(hours(1))
    ann.tell({"plan": "free"})
    ann.tell({"plan": "pro"})
    ann.track(Carted())
    sim.advance(days(2))
    assert ann.reasons("refuse") == ["already_inside"]
    outcome = sim.backfill("j", since=since)
    assert (outcome.entered, outcome.refused) == (0, {"entered_since": 1})
    assert len(entries(sim)) == 1


def test_backfill_tells_who_waits_for_a_slot(past: Any) -> None:
    sim = filled(past, journey("j", Enters(PRO), entry_caps=[EntryCap(1)]))
    outcome = sim.backfill("j")
    assert (outcome.entered, outcome.waiting) == (0, 1)
    assert len(entries(sim)) == 1


def test_who_fell_silent_is_looked_at_by_a_backfill(past: Any) -> None:
    sim = filled(past, journey("j", Enters(LAPSED)), at="2026-04-01 12:00")
    sim.advance(days(31))
    assert entries(sim) == []
    sim = filled(past, journey("j", Enters(LAPSED)), at="2026-04-01 12:00")
    assert sim.backfill("j").entered == 0
    sim.advance(days(31))
    assert entries(sim) == ["2026-05-01 10:00"]


def test_backfill_sets_the_timers(past: Any) -> None:
    sim = filled(
        past,
        journey("date", OnDate(Shopper.renews, at="09:00")),
        journey("j", Scheduled(cron="0 9 * * mon", segment=PRO)),
    )
    assert sim.runner.next_due() is None  # nobody has been looked at
    assert sim.backfill("date").waiting == 1
    sim.advance(days(35))
    assert entries(sim, "date") == ["2026-07-01 07:00"]
    assert entries(sim)[0] == "2026-06-08 07:00"


def test_backfill_by_a_segment_heeds_what_ended_since(past: Any) -> None:  # O5
    sim = filled(past, journey("j", Enters(LAPSED), goal=Goal(On(Seen), within=days(1))))
    sim.track("ann", Seen(), occurred_at="2026-05-01 12:30")
    outcome = sim.backfill("j")
    assert (outcome.entered, outcome.refused) == (0, {"exit_already_happened": 1})


def test_backfill_takes_an_earlier_event_where_the_latest_would_not_have_entered(past: Any) -> None:
    sim = filled(past, journey("j", On(Carted, where=Carted.worth > 5)), journey("x", On(Bought)))
    sim.track("ann", Carted(cart="c4", worth=1))
    assert sim.backfill("j").refused == {}
    assert entries(sim) == ["2026-03-31 10:00"]


def test_backfill_asks_for_whom_it_is_meant(past: Any) -> None:
    sim = filled(past, journey("j", Enters(LAPSED)), journey("x", Enters(PRO)))
    assert sim.backfill("j", where=Shopper.plan == "free").entered == 0
    assert entries(sim) == []
    assert sim.backfill("j", where=Shopper.plan == "pro").entered == 1


def test_backfill_lets_only_those_in_who_left_since_it_is_known(past: Any) -> None:
    sim = filled(past, journey("j", Leaves(Segment("free", Shopper.plan == "free"))))
    assert sim.backfill("j").entered == 0


@pytest.mark.parametrize("before", [count(Paid) >= 9, count(Paid, within=days(3)) >= 9])
def test_backfill_knows_what_a_longer_window_asks_about(before: Any) -> None:
    store = MemoryStore()
    sim = play(journey("old", Enters(Segment("old", before))), store=store)
    ann = sim.customer("ann")
    for _ in range(4):
        ann.track(Paid())
        sim.advance(days(12))
    now = Enters(Segment("busy", count(Paid, within=days(30)) >= 2))
    both = [journey("old", Enters(Segment("old", before))), journey("j", now)]
    sim = play(*both, store=store, at="2026-04-19 13:00")
    sim.track("ann", Seen())
    assert entries(sim) == []
    assert (sim.backfill("j").entered, sim.backfill("j").entered) == (1, 0)
    tally = next(iter(decode_state(store.load(["ann"])["ann"].body).tallies.values()))
    assert (tally.n, len(tally.recent)) == (4, 2)
    assert len(entries(sim)) == 1


def test_correcting_the_past_starts_nothing_else(past: Any) -> None:
    sim = filled(past, journey("j", Enters(LAPSED)), journey("other", Enters(LAPSED)))
    sim.track("ann", Seen())  # the first look: nothing was counted yet
    sim.backfill("j")
    assert (entries(sim), entries(sim, "other")) == (["2026-05-01 10:00"], [])
    sim.advance(days(30))
    assert entries(sim, "other") == []


@pytest.mark.parametrize(
    ("entry", "more", "problem"),
    [
        (ByCall(), {}, "nothing of the past"),
        (Changed(Shopper.plan), {}, "nothing of the past"),
        (Enters(PRO), {"since": "ever"}, "as of now"),
        (Enters(PRO), {"where": Paid.amount > 3}, "no field of the profile"),
        (Enters(PRO), {"where": count(Seen) > 3}, "is not counted"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(entry: Any, more: Any, problem: str) -> None:
    sim = play(journey("j", entry))
    with pytest.raises(UsageError, match=problem):
        sim.backfill("j", **more)


def test_nothing_is_backfilled_while_nothing_runs() -> None:
    sim = play(journey("j", Enters(PRO)))
    with sim.downtime(), pytest.raises(UsageError, match="nothing runs"):
        sim.backfill("j")


def test_the_runtime_writes_the_same_journal_as_a_simulation(host: Any, simulate: Any) -> None:
    """O4, on every store: for each way in, with time passing by itself."""
    workspace = shop(
        journey("in", Enters(LAPSED), exits=Leaves(LAPSED)),
        journey("changed", Changed(Shopper.points), steps=[Set(Shopper.plan, "pro")]),
        journey("monday", Scheduled(cron="0 9 * * mon", segment=PRO)),
        journey("date", OnDate(Shopper.renews, offset=days(-7), at="09:00")),
    )
    sim, ann = simulate(workspace, timezone="UTC", renews="2026-04-01")
    here = host(workspace, renews="2026-04-01")
    kit, clock = here.kit, here.clock
    for moment, points in (
        ("2026-03-10 10:00", 3),
        ("2026-06-20 10:00", 4),
        ("2026-07-01 10:00", 0),
    ):
        target = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        while (due := kit.next_due()) is not None and due < target:
            clock.micros = max(clock.micros, to_micros(due))
            kit.tick()
        here.at(moment)
        sim.advance_to(moment)
        if points:
            for teller in (ann.tell, lambda told: kit.identify("ann", told)):
                teller({"points": points})
            for track in (ann.track, lambda event: kit.track("ann", event)):
                track(Paid())
        kit.tick()
        sim.settle()
    assert here.journal == encode_entries(sim.runner.journal("ann"))
    ways = {one.journey for one in kit.journal("ann") if isinstance(one, j.Entered)}
    assert ways == {"in", "changed", "monday", "date"}
