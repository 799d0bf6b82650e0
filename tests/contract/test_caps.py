"""Caps, gaps, tags and the else branch: rules G3 and G4 of the contract, through the public API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from journeykit import (
    Always,
    Event,
    Exit,
    FrequencyCap,
    Goto,
    Journey,
    MinimumGap,
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
    months,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import journal as j
from journeykit.model import Step
from journeykit.time import from_micros

NIGHT = QuietHours("21:00", "08:00")
ALL_OUT: dict[str, Literal["opt-in", "opt-out"]] = {"email": "opt-out", "sms": "opt-out"}
Caps = Sequence[FrequencyCap | MinimumGap]


class Ping(Event):
    pass


class Pong(Event):
    pass


class Bill(Event):
    pass


class Stop(Event):
    pass


class Shopper(Profile):
    weekly_limit: int | None = None
    tier: str = "free"


def on(event: type[Event], name: str, *steps: Step, **more: Any) -> Journey:
    return Journey(name, entry=On(event), reentry=Always(), steps=list(steps), **more)


def workspace(*journeys: Journey, caps: Caps, quiet: Sequence[QuietHours] = ()) -> Workspace:
    return Workspace(
        journeys=list(journeys),
        profile=Shopper,
        timezone="Europe/Berlin",
        events=[Ping, Pong, Bill, Stop],
        policy=Policy(consent=ALL_OUT, quiet_hours=list(quiet), caps=list(caps)),
    )


def play(
    *journeys: Journey, caps: Caps, at: str = "2026-03-02 12:00", quiet: Sequence[QuietHours] = ()
) -> Simulation:
    return Simulation(workspace(*journeys, caps=caps, quiet=quiet), at=at, tz="Europe/Berlin")


def sent(sim: Simulation, who: str = "ann") -> list[str]:
    sim.settle()
    zone = sim.now.tzinfo
    return [f"{m.template} {m.at.astimezone(zone):%a %d %H:%M}" for m in sim.accepted(who)]


def entries(sim: Simulation, kind: type[j.Entry]) -> list[Any]:
    return [entry for entry in sim.runner.journal("ann") if isinstance(entry, kind)]


PROMO = on(Ping, "promo", Send("promo", via=["email"], tags=["promo", "spring"]))
NEWS = on(Pong, "news", Send("news", via=["email"], topic="offers"))
INVOICE = on(Bill, "bill", Send("bill", via=["email"], transactional=True))


# ---- G3: what a cap covers


@pytest.mark.parametrize(
    ("covers", "left"),
    [
        # Two promos and the news at noon: of one instant, the first by journey name goes first.
        ({}, ["news Mon 02", "promo Tue 03", "promo Wed 04"]),
        ({"tags": ["promo"]}, ["news Mon 02", "promo Mon 02", "promo Tue 03"]),
        ({"tags": ["sale", "spring"]}, ["news Mon 02", "promo Mon 02", "promo Tue 03"]),  # any
        ({"tags": ["sale"]}, ["news Mon 02", "promo Mon 02", "promo Mon 02"]),
        ({"templates": ["promo"]}, ["news Mon 02", "promo Mon 02", "promo Tue 03"]),
        ({"templates": ["news"]}, ["news Mon 02", "promo Mon 02", "promo Mon 02"]),
        ({"templates": ["news", "promo"]}, ["news Mon 02", "promo Tue 03", "promo Wed 04"]),
        ({"topics": ["offers"]}, ["news Mon 02", "promo Mon 02", "promo Mon 02"]),
        ({"journeys": ["promo"]}, ["news Mon 02", "promo Mon 02", "promo Tue 03"]),
        ({"tags": ["promo"], "channels": ["sms"]}, ["news Mon 02", "promo Mon 02", "promo Mon 02"]),
        ({"tags": ["promo"], "channels": ["email"], "journeys": ["promo"], "templates": ["promo"]},
         ["news Mon 02", "promo Mon 02", "promo Tue 03"]),
    ],
)  # fmt: skip
def test_G3_a_cap_covers_and_counts_what_it_names(covers: dict[str, Any], left: list[str]) -> None:
    sale = on(Stop, "sale", Send("sale", via=["sms"], tags=["sale"]))  # so that the tag is known
    cap = FrequencyCap(1, per=timedelta(days=1), **covers)
    sim = play(PROMO, NEWS, sale, caps=[cap])
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    ann.track(Pong())
    sim.advance(days(3))
    assert sorted(sent(sim)) == [f"{one} 12:00" for one in left]


def test_G3_tags_are_kept_with_the_message_through_its_whole_life() -> None:
    sim = play(PROMO, caps=[FrequencyCap(5, per="day", tags=["promo"])])
    sim.customer("ann").track(Ping())
    sim.settle()
    (decided,), (answered,) = entries(sim, j.Decided), entries(sim, j.Answered)
    assert decided.tags == answered.tags == ("promo", "spring")
    assert answered.template == "promo"


# ---- G3: gaps


@pytest.mark.parametrize(
    ("gap", "second"),
    [
        (MinimumGap(hours(4)), "Mon 02 16:00"),  # exactly the span is enough
        (MinimumGap(minutes(90)), "Mon 02 13:30"),
        (MinimumGap(days(1)), "Tue 03 12:00"),
        (MinimumGap(hours(4), channels=["sms"]), "Mon 02 12:00"),
        (MinimumGap(hours(4), tags=["promo"]), "Mon 02 16:00"),
        (MinimumGap(hours(4), where=Shopper.tier == "pro"), "Mon 02 12:00"),
        (MinimumGap(hours(4), countries=["FR"]), "Mon 02 12:00"),
        (MinimumGap(hours(4), countries=["de"]), "Mon 02 16:00"),
        (MinimumGap(hours(4), valid_from=date(2026, 3, 3)), "Mon 02 12:00"),
        # It lapses at midnight in UTC, an hour later in Berlin, before its span is over.
        (MinimumGap(hours(40), valid_until=date(2026, 3, 3)), "Tue 03 01:00"),
    ],
)
def test_G3_a_gap_between_messages(gap: MinimumGap, second: str) -> None:
    sim = play(PROMO, caps=[gap])
    ann = sim.customer("ann", {"country": "DE"})
    ann.track(Ping())
    ann.track(Ping())
    sim.advance(days(3))
    assert sent(sim) == ["promo Mon 02 12:00", f"promo {second}"]


def test_G3_in_the_hour_that_comes_twice_who_left_later_may_make_room_sooner() -> None:
    """A day later on the clock: the one of 02:50 and, twenty minutes later, the one of 02:10."""
    sim = play(PROMO, caps=[FrequencyCap(2, per=days(1))], at="2026-10-25 02:50")
    ann = sim.customer("ann")
    for wait in (20, 5, 5):
        ann.track(Ping())
        sim.settle()
        sim.advance(minutes(wait))
    sim.advance(days(1))
    assert sent(sim) == ["promo Sun 25 02:50", "promo Sun 25 02:10", "promo Mon 26 02:10"]


def test_G3_of_three_messages_at_once_each_keeps_the_gap() -> None:
    sim = play(PROMO, caps=[MinimumGap(hours(4)), FrequencyCap(2, per="day")])
    ann = sim.customer("ann")
    for _ in range(3):
        ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap", "frequency_cap"]
    sim.advance(days(1))
    assert sent(sim) == ["promo Mon 02 12:00", "promo Mon 02 16:00", "promo Tue 03 00:00"]


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        (MinimumGap(hours(4)), "4 hours apart"),
        (MinimumGap(minutes(61)), "1 hour and 1 minute apart"),
        (MinimumGap(months(13) + days(2) + hours(1)), "1 year, 1 month, 2 days and 1 hour apart"),
        (MinimumGap(timedelta(seconds=1.5)), "1.5 seconds apart"),
        (MinimumGap(hours(4), name="not twice"), "not twice"),
        (FrequencyCap(3, per=days(7)), "3 per P7D"),
        (FrequencyCap(3, per="day", name="three a day"), "three a day"),
    ],
)
def test_G3_reasons_name_the_rule(rule: FrequencyCap | MinimumGap, title: str) -> None:
    assert rule.title == title
    sim = play(PROMO, caps=[rule])
    ann = sim.customer("ann")
    for _ in range(4):
        ann.track(Ping())
    held = entries(sim, j.Held)[0]
    assert held.detail["rule"] == title


# ---- G3: the customer's own limit


@pytest.mark.parametrize(
    ("wish", "leave", "whose"),
    [
        (None, 3, None),  # no wish
        (5, 3, None),  # it cannot raise the limit
        (3, 3, None),
        (2, 2, "customer"),
        (1, 1, "customer"),
        (0, 0, "customer"),
        (-4, 0, "customer"),  # below zero counts as zero
    ],
)
def test_G3_a_customers_own_limit_only_lowers(
    wish: int | None, leave: int, whose: str | None
) -> None:
    cap = FrequencyCap(3, per="week", own_limit=Shopper.weekly_limit)
    sim = play(PROMO, caps=[cap])
    ann = sim.customer("ann", {"weekly_limit": wish})
    for _ in range(4):
        ann.track(Ping())
    assert len(sent(sim)) == leave
    blocked = [*entries(sim, j.Held), *entries(sim, j.Dropped)][0]
    assert blocked.detail.get("whose") == whose
    assert blocked.detail["limit"] == leave
    assert blocked.detail["used"] == leave
    clock = from_micros(blocked.at).astimezone(ZoneInfo(blocked.detail["zone"]))
    assert blocked.detail["local"] == f"{clock:%Y-%m-%d %H:%M}"


def test_G3_a_held_message_follows_the_wish_as_it_changes() -> None:
    cap = FrequencyCap(3, per="week", own_limit=Shopper.weekly_limit)
    sim = play(PROMO, caps=[cap])
    ann = sim.customer("ann", {"weekly_limit": 1})
    ann.track(Ping())
    ann.track(Ping())
    assert sent(sim) == ["promo Mon 02 12:00"]
    ann.tell({"weekly_limit": 2})
    assert sent(sim) == ["promo Mon 02 12:00", "promo Mon 02 12:00"]
    ann.tell({"weekly_limit": 1})
    ann.track(Ping())
    sim.advance(days(8))
    assert sent(sim)[2:] == ["promo Mon 09 00:00"]
    ann.track(Ping())
    ann.tell({"weekly_limit": 0})
    assert not ann.held  # it never could leave, and says so
    assert entries(sim, j.Dropped)[-1].detail["opens"] == "never"


# ---- G3, G6: transactional messages


@pytest.mark.parametrize(("counts", "second"), [(False, "Mon 02 12:00"), (True, "Tue 03 00:00")])
def test_G6_transactional_messages_use_up_slots_only_where_asked(counts: bool, second: str) -> None:
    cap = FrequencyCap(1, per="day", counts_transactional=counts)
    sim = play(PROMO, INVOICE, caps=[cap])
    ann = sim.customer("ann")
    ann.track(Bill())
    ann.track(Ping())
    ann.track(Bill())  # never blocked itself
    sim.advance(days(1))
    assert sorted(sent(sim)) == sorted(["bill Mon 02 12:00"] * 2 + [f"promo {second}"])


def test_G3_a_transactional_message_on_its_way_reserves_a_slot_where_it_counts() -> None:
    sim = play(PROMO, INVOICE, caps=[MinimumGap(hours(4), counts_transactional=True)])
    sim.channel("email").answer(Retry(after=timedelta(hours=1)), Rejected("no", dead_address=False))
    ann = sim.customer("ann")
    ann.track(Bill())
    sim.settle()
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance(hours(2))
    # Rejected for good after an hour: the slot is free again.
    assert sent(sim) == ["promo Mon 02 13:00"]


# ---- G3: several caps, segments


def test_G3_limits_per_segment_are_several_caps() -> None:
    caps = [
        FrequencyCap(1, per="day", where=Shopper.tier == "free"),
        FrequencyCap(2, per="day", where=Shopper.tier == "pro"),
    ]
    sim = play(PROMO, caps=caps)
    for who, tier, most in (("ann", "free", 1), ("bob", "pro", 2)):
        customer = sim.customer(who, {"tier": tier})
        for _ in range(3):
            customer.track(Ping())
        assert len(sent(sim, who)) == most


def test_G3_a_withdrawn_message_that_was_taken_counts_with_its_tags() -> None:
    """Its answer comes after its run has ended: all that caps ask must be in the answer."""
    promo = on(Ping, "promo", Send("promo", via=["email"], tags=["promo"]), exits=On(Stop))
    sim = play(promo, caps=[FrequencyCap(1, per="day", tags=["promo"])])
    ann = sim.customer("ann")
    sim.channel("email").answer(Retry(after=timedelta(hours=1)))
    ann.track(Ping())
    sim.settle()
    ann.track(Stop())
    sim.advance(hours(2))
    ann.track(Ping())
    assert len(sent(sim)) == 1


# ---- G4: the else branch


def either(**choice: Any) -> Journey:
    return on(
        Ping,
        "either",
        Send("promo", via=["email"], otherwise=[Send("letter", via=["sms"]), Wait(hours(1))], **choice),
        Send("thanks", via=["sms"]),
    )  # fmt: skip


NO_EMAIL = FrequencyCap(0, per="day", channels=["email"])
AT_NIGHT = QuietHours("21:00", "08:00", channels=["email"])


@pytest.mark.parametrize(
    ("choice", "at", "left"),
    [
        # No email fits under the cap by day, and at night it is quiet: what leaves, and when?
        ({"on_cap": "else"}, "12:00", ["letter Mon 02 12:00", "thanks Mon 02 13:00"]),
        ({"on_quiet": "else"}, "22:00", ["letter Mon 02 22:00", "thanks Mon 02 23:00"]),
        ({"on_quiet": "else", "on_cap": "skip"}, "12:00", ["thanks Mon 02 12:00"]),
        ({"on_quiet": "else", "on_cap": "exit"}, "12:00", []),
        ({"on_quiet": "skip", "on_cap": "else"}, "22:00", ["thanks Mon 02 22:00"]),
        ({"on_quiet": "else", "on_cap": "else"}, "22:00",
         ["letter Mon 02 22:00", "thanks Mon 02 23:00"]),
    ],
)  # fmt: skip
def test_G4_a_blocked_message_takes_the_else_branch(
    choice: dict[str, Any], at: str, left: list[str]
) -> None:
    caps = [NO_EMAIL] if at == "12:00" else []
    sim = play(either(**choice), at=f"2026-03-02 {at}", quiet=[AT_NIGHT], caps=caps)
    sim.customer("ann").track(Ping())
    sim.advance(days(1))
    assert sent(sim) == left


def test_G4_held_by_the_night_and_over_the_cap_in_the_morning() -> None:
    cap = FrequencyCap(1, per="day", channels=["email"])
    sim = play(either(on_cap="else"), at="2026-03-02 22:00", quiet=[AT_NIGHT], caps=[cap])
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    sim.advance(days(1))
    assert sorted(sent(sim)) == [
        "letter Tue 03 08:00", "promo Tue 03 08:00", "thanks Tue 03 08:00", "thanks Tue 03 09:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ({}, ["thanks Mon 02 22:00"]),
        ({"on_cap": "skip"}, ["thanks Mon 02 22:00"]),
        ({"on_cap": "exit"}, []),
        ({"on_cap": "else", "otherwise": [Send("letter", via=["sms"]), Wait(hours(1))]},
         ["letter Mon 02 22:00", "thanks Mon 02 23:00"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [{}, {"valid_for": days(3)}])
def test_G4_what_the_morning_cannot_mend_is_no_matter_of_the_night(
    choice: dict[str, Any], left: list[str], more: dict[str, Any]
) -> None:
    """The customer wants none: that is certain at night already, and the reason says so."""
    cap = FrequencyCap(3, per="day", channels=["email"], own_limit=Shopper.weekly_limit)
    send = Send("promo", via=["email"], **choice, **more)
    journey = on(Ping, "either", send, Send("thanks", via=["sms"]))
    sim = play(journey, at="2026-03-02 22:00", quiet=[AT_NIGHT], caps=[cap])
    ann = sim.customer("ann", {"weekly_limit": 0})
    ann.track(Ping())
    sim.advance(days(1))
    assert sent(sim) == left
    (dropped,) = entries(sim, j.Dropped)
    assert "frequency_cap" in (dropped.reason, dropped.detail.get("blocked_by"))
    assert dropped.detail["whose"] == "customer"


def test_G4_a_message_held_by_the_night_follows_a_cap_that_shuts_meanwhile() -> None:
    cap = FrequencyCap(3, per="day", channels=["email"], own_limit=Shopper.weekly_limit)
    sim = play(either(on_cap="else"), at="2026-03-02 22:00", quiet=[AT_NIGHT], caps=[cap])
    ann = sim.customer("ann")
    ann.track(Ping())
    sim.advance(hours(1))
    assert [held.reason for held in ann.held] == ["quiet_hours"]
    ann.tell({"weekly_limit": 0})
    assert sent(sim) == ["letter Mon 02 23:00"]


def test_G4_the_message_is_dropped_with_its_reason_and_its_edge_is_called_blocked() -> None:
    journey = either(on_cap="else")
    sim = play(journey, caps=[NO_EMAIL])
    sim.customer("ann").track(Ping())
    sim.settle()
    (dropped,) = entries(sim, j.Dropped)
    assert (dropped.reason, dropped.detail["rule"]) == ("frequency_cap", "0 per day")
    moves = [entry.outcome for entry in entries(sim, j.Moved)]
    assert moves[:2] == ["enter", "blocked"]
    states = journey.graph.states
    assert list(states) == [
        "start", "promo", "letter", "wait_1.blocked.2", "thanks", "completed", "exited",
    ]  # fmt: skip
    assert states["promo"].outcomes["blocked"] == "letter"
    assert states["wait_1.blocked.2"].path == "steps[0] › otherwise › steps[1]"
    assert states["wait_1.blocked.2"].outcomes["done"] == "thanks"
    assert Journey.from_json(journey.to_json()) == journey


def test_G4_what_does_not_pass_takes_no_else_branch() -> None:
    sim = play(either(on_quiet="else", on_cap="else"), caps=[])
    ann = sim.customer("ann")
    ann.withdraw("email")
    ann.track(Ping())
    assert sent(sim) == ["thanks Mon 02 12:00"]


def test_G4_an_else_branch_may_go_back_behind_a_wait_and_end_the_run() -> None:
    again = [Wait(hours(1)), Goto("ask")]
    journey = on(
        Ping, "j", Send("promo", via=["email"], on_cap="else", otherwise=again, label="ask")
    )
    sim = play(journey, caps=[FrequencyCap(1, per=timedelta(minutes=150), channels=["email"])])
    ann = sim.customer("ann")
    ann.track(Ping())
    ann.track(Ping())
    sim.advance(days(1))
    assert sent(sim) == ["promo Mon 02 12:00", "promo Mon 02 15:00"]
    ends = on(Ping, "j", Send("promo", via=["email"], on_cap="else", otherwise=[Exit("full")]))
    sim = play(ends, caps=[FrequencyCap(0, per="day")])
    sim.customer("ann").track(Ping())
    sim.settle()
    assert [(end.status, end.reason) for end in entries(sim, j.Ended)] == [("exited", "full")]


# ---- bad input


CAP = FrequencyCap(1, per="day")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: FrequencyCap(-1, per="day"),
         ["FrequencyCap.limit", "too small", "0 or more"]),
        (lambda: FrequencyCap(1), ["FrequencyCap.per", "missing"]),
        (lambda: FrequencyCap(1, per=0), ["FrequencyCap.per", "no window"]),
        (lambda: FrequencyCap(1, per=timedelta(0)), ["FrequencyCap.per", "longer than zero"]),
        (lambda: MinimumGap(hours(0)), ["MinimumGap.span", "longer than zero"]),
        (lambda: MinimumGap(), ["MinimumGap.span", "missing"]),
        (lambda: FrequencyCap(1, per="day", tags=[]),
         ["FrequencyCap.tags", "empty", "leave it out"]),
        (lambda: MinimumGap(hours(1), templates=[]),
         ["MinimumGap.templates", "empty", "leave it out"]),
        (lambda: FrequencyCap(1, per="day", countries=["Germany"]),
         ["FrequencyCap.countries", "ISO 3166"]),
        (lambda: FrequencyCap(1, per="day", name=" "), ["FrequencyCap.name", "1 to 200"]),
        (lambda: MinimumGap(hours(1), valid_from=date(2026, 3, 3), valid_until=date(2026, 3, 3)),
         ["MinimumGap", "never", "later valid_until"]),
        (lambda: FrequencyCap(1, per="day", own_limit=Shopper.tier),
         ["FrequencyCap.own_limit", "profile.tier is no whole number", "weekly_limit"]),
        (lambda: FrequencyCap(1, per="day", own_limit=3),
         ["FrequencyCap.own_limit", "no field"]),
        (lambda: Policy(consent={"email": "opt-in"}, caps=[CAP, MinimumGap(hours(1), channels=["fax"])]),
         ["Policy.caps[1] › channels", "'fax' is not declared"]),
        (lambda: Send("x", via=["email"], tags=["a", "a"]), ["Send.tags", "named twice"]),
        (lambda: Send("x", via=["email"], tags=["a b"]), ["Send.tags[0]", "space"]),
        (lambda: Send("x", via=["email"], on_cap="else"),
         ["Send.on_cap", "no steps to take", "otherwise=[...]"]),
        (lambda: Send("x", via=["email"], otherwise=[Exit()]),
         ["Send.otherwise", "no choice leads", 'on_quiet="else" or on_cap="else"']),
        (lambda: Send("x", via=["email"], on_cap="elsewhere"),
         ["Send.on_cap", "no such choice", "did you mean 'else'?"]),
        (lambda: on(Ping, "j", Send("x", via=["email"], on_cap="else", otherwise=[Goto("up")], label="up")),
         ["loop up → up lets no time pass", "put a Wait"]),
        (lambda: on(Ping, "j", Send("x", via=["email"], on_cap="else", otherwise=[Wait(hours(-1))])),
         ["negative"]),
        (lambda: workspace(PROMO, caps=[CAP, FrequencyCap(1, per="day", tags=["spam"])]),
         ["Workspace.policy › caps[1] › tags", "no tag 'spam'", "promo, spring"]),
        (lambda: workspace(PROMO, caps=[FrequencyCap(1, per="day", templates=["promos"])]),
         ["Workspace.policy › caps[0] › templates", "no template 'promos'", "name one of promo"]),
        (lambda: workspace(PROMO, caps=[MinimumGap(hours(1), journeys=["promos"])]),
         ["Workspace.policy › caps[0] › journeys", "no journey 'promos'", "name one of promo"]),
    ],
)  # fmt: skip
def test_G3_a_wrong_limit_is_refused_with_its_place(make: Any, told: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    for part in told:
        assert part in str(caught.value)


def test_G3_an_own_limit_that_the_profile_does_not_have() -> None:
    class Other(Profile):
        wish: int = 0

    cap = FrequencyCap(1, per="day", own_limit=Other.wish)
    with pytest.raises(DefinitionError, match="wish") as caught:
        play(PROMO, caps=[cap])
    assert "caps[0] › own_limit" in str(caught.value)


def test_G3_caps_and_gaps_survive_json() -> None:
    policy = Policy(
        consent=ALL_OUT,
        caps=[
            MinimumGap(hours(4), tags=["promo"], countries=["us-fl"], valid_from=date(2026, 1, 1)),
            FrequencyCap(2, per="week", own_limit=Shopper.weekly_limit, name="a wish"),
            FrequencyCap(2, per=days(3), counts_transactional=True, templates=["x"]),
        ],
    )
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


# ---- whose calendar?


@pytest.mark.parametrize(
    ("choice", "received", "held", "dropped"),
    [("default", ["hi"], [], []), ("hold", [], ["zone_unknown"], []), ("skip", [], [], ["zone_unknown"])],
)  # fmt: skip
def test_a_cap_of_the_calendar_may_ask_for_the_zone(
    choice: Any, received: list[str], held: list[str], dropped: list[str]
) -> None:  # T7
    cap = FrequencyCap(5, per="day", if_zone_unknown=choice)
    app = workspace(on(Ping, "j", Send("hi", via=["email"])), caps=[cap])
    sim = Simulation(app, at="2026-03-03 10:00", tz="Europe/Berlin")
    ann, bob = (
        sim.customer("ann", {"timezone": None}),
        sim.customer("bob", {"timezone": "Asia/Tokyo"}),
    )
    ann.track(Ping())
    bob.track(Ping())
    assert bob.received == ["hi"]
    assert (ann.received, [one.reason for one in ann.held], ann.reasons("drop")) == (
        received, held, dropped,
    )  # fmt: skip
    ann.tell({"timezone": "Europe/Berlin"})
    assert ann.received == (["hi"] if choice != "skip" else [])


def test_a_cap_of_elapsed_time_asks_for_no_zone() -> None:  # T7
    with pytest.raises(DefinitionError) as refused:
        FrequencyCap(1, per=hours(24), if_zone_unknown="hold")
    assert "the same in every zone" in str(refused.value)
