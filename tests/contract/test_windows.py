"""Send windows, holidays, countries and zones: rules G2, G4 and T7 through the public API.

2026-03-02 is a Monday. Times are those of the simulation's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest

from journeykit import (
    Address,
    Always,
    Event,
    FrequencyCap,
    Hours,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Retry,
    Send,
    SendWindow,
    Set,
    Simulation,
    Workspace,
    count,
    days,
    hours,
)
from journeykit.errors import DefinitionError, InvalidProfileError, UnknownZoneError
from journeykit.kernel import journal as j
from journeykit.kernel import replay
from journeykit.time import to_micros

CHANNELS = ("email", "sms", "voice")
WEEK = ["mon", "tue", "wed", "thu", "fri"]
CALLS = SendWindow(
    Hours("10:00", "13:00", days=WEEK), Hours("14:00", "20:00", days=WEEK), holidays=["FR"]
)
NIGHT = QuietHours("21:00", "08:00")


class Ping(Event):
    pass


class Moved(Event):
    to: str


class Person(Profile):
    tier: str = "free"
    sms_number: Annotated[str | None, Address("sms", zone="phone_zone")] = None
    phone_zone: str | None = None


def ping(channel: str = "email", **more: Any) -> Journey:
    steps = [Send("hello", via=[channel], **more)]
    return Journey("hello", entry=On(Ping), reentry=Always(), steps=steps)


def play(
    *journeys: Journey,
    at: str,
    windows: Sequence[SendWindow] = (),
    quiet: Sequence[QuietHours] = (),
    caps: Sequence[FrequencyCap] = (),
    tz: str = "Europe/Berlin",
    timezone: str | None = None,
) -> Simulation:
    workspace = Workspace(
        journeys=list(journeys) or [ping()],
        profile=Person,
        timezone=timezone or tz,
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            windows=list(windows),
            quiet_hours=list(quiet),
            caps=list(caps),
        ),
    )
    return Simulation(workspace, at=at, tz=tz)


def sent(sim: Simulation, who: str = "ann") -> list[str]:
    sim.settle()
    zone = sim.now.tzinfo
    return [f"{m.at.astimezone(zone):%a %d %H:%M}" for m in sim.accepted(who)]


def leaves(sim: Simulation, attributes: dict[str, Any] | None = None, wait: int = 12) -> list[str]:
    ann = sim.customer("ann", attributes)
    ann.track(Ping())
    sim.advance(days(wait))
    return sent(sim)


def holds(sim: Simulation) -> list[j.Held]:
    return [entry for entry in sim.runner.journal("ann") if isinstance(entry, j.Held)]


# ---- send windows


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-02 09:59", "Mon 02 10:00"),
        ("2026-03-02 10:00", "Mon 02 10:00"),  # the start is in
        ("2026-03-02 13:00", "Mon 02 14:00"),  # the end is not
        ("2026-03-02 20:00", "Tue 03 10:00"),
        ("2026-03-06 20:00", "Mon 09 10:00"),  # over the weekend
        ("2026-04-03 20:00", "Tue 07 10:00"),  # Easter Monday
        ("2026-07-13 20:00", "Wed 15 10:00"),  # July 14
    ],
)
def test_G2_messages_leave_within_a_send_window(at: str, expected: str) -> None:
    assert leaves(play(at=at, windows=[CALLS], tz="Europe/Paris")) == [expected]


def test_G2_hours_are_a_union_and_rules_allow_together() -> None:
    morning = SendWindow(Hours("08:00", "12:00"), Hours("11:00", "18:00"))
    late = SendWindow(Hours("11:30", "22:00"))
    lunch = QuietHours("11:00", "13:00")
    assert leaves(play(at="2026-03-02 11:15", windows=[morning])) == ["Mon 02 11:15"]
    assert leaves(play(at="2026-03-02 08:00", windows=[morning, late])) == ["Mon 02 11:30"]
    sim = play(at="2026-03-02 08:00", windows=[morning, late], quiet=[lunch])
    assert leaves(sim) == ["Mon 02 13:00"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-03-07 01:59", "Sat 07 01:59"),  # Friday's night
        ("2026-03-07 02:00", "Fri 13 22:00"),
        ("2026-03-08 01:00", "Fri 13 22:00"),  # Saturday has none
    ],
)
def test_G2_a_window_over_midnight_belongs_to_its_first_day(at: str, expected: str) -> None:
    party = SendWindow(Hours("22:00", "02:00", days=["fri"]))
    assert leaves(play(at=at, windows=[party])) == [expected]


def test_G2_dates_close_a_window_too() -> None:
    window = SendWindow(Hours("10:00", "20:00"), dates=[date(2026, 3, 2), date(2026, 3, 3)])
    sim = play(at="2026-03-02 12:00", windows=[window])
    assert leaves(sim) == ["Wed 04 10:00"]
    assert holds(sim)[0].detail["rule"] == "2026-03-02"


def test_G2_reasons_name_the_rule() -> None:
    sim = play(at="2026-03-02 13:30", windows=[CALLS], tz="Europe/Paris")
    leaves(sim)
    (held,) = holds(sim)
    assert (held.reason, held.detail) == (
        "quiet_hours",
        {
            "rule": "outside 10:00-13:00 mon,tue,wed,thu,fri, 14:00-20:00 mon,tue,wed,thu,fri",
            "zone": "Europe/Paris",
            "zone_from": "profile",
            "local": "2026-03-02 13:30",
        },
    )
    told = str(sim.runner.explain("ann"))
    assert "it is 13:30 in Europe/Paris, outside 10:00-13:00" in told


@pytest.mark.parametrize("rule", [CALLS, QuietHours("20:00", "10:00", holidays=["FR"])])
def test_G2_a_rule_has_the_name_that_its_author_gave_it(rule: Any) -> None:
    named = rule.model_copy(update={"name": "calls in France"})
    kind = "windows" if isinstance(rule, SendWindow) else "quiet"
    many: dict[str, Any] = {kind: [named]}
    sim = play(at="2026-07-14 12:00", tz="Europe/Paris", **many)
    assert leaves(sim) == ["Wed 15 10:00"]
    assert holds(sim)[0].detail["rule"] == "calls in France"
    assert holds(sim)[0].detail["date"] == "2026-07-14"
    told = str(sim.runner.explain("ann"))
    assert "2026-07-14 is a quiet date by the rule 'calls in France'" in told


def test_G2_holidays_of_a_part_of_a_country_and_quiet_hours() -> None:
    moselle = QuietHours("22:00", "08:00", holidays=["FR-57"])
    sim = play(at="2026-12-25 12:00", quiet=[moselle], tz="Europe/Paris")
    assert leaves(sim) == ["Sun 27 08:00"]


# ---- for whom, and from when until when


@pytest.mark.parametrize(
    ("countries", "country", "region", "covered"),
    [
        (["FR"], "FR", None, True),
        (["FR"], "fr", None, True),
        (["fr"], "FR", None, True),
        (["FR"], "DE", None, False),
        (["FR"], None, None, False),  # who does not say is nowhere
        (["FR", "US"], "US", "FL", True),  # a country covers its parts
        (["US-FL"], "US", None, False),
        (["US-FL"], "US", "FL", True),
        (["US-FL"], "US", "US-FL", True),
        (["US-FL"], None, "us-fl", True),
        (["US"], None, "US-FL", True),
        (["US-FL"], None, "FL", False),  # of which country?
        (["US-FL"], "US", "TX", False),
        (["US-FL"], "DE", "FL", False),
        (None, None, None, True),
    ],
)
def test_G2_rules_of_countries_and_their_parts(
    countries: list[str] | None, country: str | None, region: str | None, covered: bool
) -> None:
    sim = play(at="2026-03-02 22:00", quiet=[QuietHours("21:00", "08:00", countries=countries)])
    found = leaves(sim, {"country": country, "region": region})
    assert found == ["Tue 03 08:00" if covered else "Mon 02 22:00"]


def test_G2_G4_who_moves_away_is_let_go() -> None:
    sim = play(at="2026-03-02 22:00", quiet=[QuietHours("21:00", "08:00", countries=["US-FL"])])
    ann = sim.customer("ann", {"country": "US", "region": "FL"})
    ann.track(Ping())
    sim.advance(hours(1))
    assert sent(sim) == []
    ann.tell({"region": "TX"})
    assert sent(sim) == ["Mon 02 23:00"]


@pytest.mark.parametrize(
    ("first", "end", "at", "expected"),
    [
        (None, None, "2026-03-02 22:00", "Tue 03 08:00"),
        ("2026-03-02", None, "2026-03-02 22:00", "Tue 03 08:00"),
        ("2026-03-03", None, "2026-03-02 22:00", "Mon 02 22:00"),
        # UTC midnight is 01:00 in Berlin: from it on, and until it.
        ("2026-03-03", None, "2026-03-03 00:59", "Tue 03 00:59"),
        ("2026-03-03", None, "2026-03-03 01:00", "Tue 03 08:00"),
        (None, "2026-03-03", "2026-03-03 00:59", "Tue 03 01:00"),  # the hold ends with its rule
        (None, "2026-03-03", "2026-03-03 01:00", "Tue 03 01:00"),
        (None, "2026-03-04", "2026-03-02 22:00", "Tue 03 08:00"),
    ],
)
def test_G2_a_rule_counts_from_a_day_and_until_another(
    first: str | None, end: str | None, at: str, expected: str
) -> None:
    rule = QuietHours(
        "21:00",
        "08:00",
        valid_from=None if first is None else date.fromisoformat(first),
        valid_until=None if end is None else date.fromisoformat(end),
    )
    assert leaves(play(at=at, quiet=[rule])) == [expected]


def test_G4_a_rule_that_lapses_lets_go_what_it_alone_held() -> None:
    """Closed for the whole time that it is valid: what it holds leaves when it lapses."""
    closed = QuietHours("00:00", "24:00", valid_until=date(2026, 3, 5))
    assert leaves(play(at="2026-03-02 12:00", quiet=[closed])) == ["Thu 05 01:00"]
    assert leaves(play(at="2026-03-02 12:00", quiet=[closed, NIGHT])) == ["Thu 05 08:00"]


def test_G4_a_rule_that_lapses_ends_no_wait_that_others_keep() -> None:
    """Held once, until the first instant at which the rules that stay are open."""
    season = FrequencyCap(9, per="day", valid_until=date(2026, 3, 3))
    sim = play(at="2026-03-02 22:00", quiet=[NIGHT], caps=[season])
    assert leaves(sim) == ["Tue 03 08:00"]
    assert [held.until for held in holds(sim)] == [to_micros(datetime(2026, 3, 3, 7, tzinfo=UTC))]
    busy = QuietHours("08:00", "20:00", where=count(Ping, within=hours(2)) >= 1)
    sim = play(at="2026-03-02 12:00", quiet=[busy, QuietHours("14:00", "14:30")])
    assert leaves(sim) == ["Mon 02 14:30"]
    assert len(holds(sim)) == 1
    sim = play(
        at="2026-03-02 12:00", quiet=[QuietHours("21:00", "08:00", if_zone_unknown="hold")], caps=[season]
    )  # fmt: skip
    assert leaves(sim, {"timezone": None}) == []
    assert [(held.reason, held.until) for held in holds(sim)] == [("zone_unknown", None)]
    never = QuietHours("00:00", "24:00", valid_until=date(2026, 3, 5))
    sim = play(at="2026-03-02 22:00", quiet=[never], caps=[FrequencyCap(0, per="day")])
    assert (leaves(sim), holds(sim)) == ([], []), "nothing opens when the first lapses"


def test_G4_a_retry_is_not_given_up_while_the_rule_that_would_stop_it_lapses_in_time() -> None:
    closed = QuietHours("18:00", "17:00", valid_until=date(2026, 3, 3))
    sim = play(ping(valid_for=hours(10)), at="2026-03-02 17:59", quiet=[closed])
    sim.channel("email").answer(Retry(after=timedelta(hours=1)))
    assert leaves(sim) == ["Tue 03 01:00"]


@pytest.mark.parametrize("if_zone_unknown", ["hold", "every_zone"])
def test_G4_T7_a_rule_that_lapses_wants_to_know_no_zone_any_more(if_zone_unknown: Any) -> None:
    rule = QuietHours(
        "21:00", "08:00", if_zone_unknown=if_zone_unknown, valid_until=date(2026, 3, 5)
    )
    sim = play(at="2026-03-02 12:00", quiet=[rule])
    assert leaves(sim, {"timezone": None}) == ["Thu 05 01:00"]
    assert [held.reason for held in holds(sim)] == ["zone_unknown"]


def test_G2_countries_conditions_and_days_hold_together() -> None:
    rule = QuietHours(
        "21:00", "08:00", countries=["DE"], where=Person.tier == "free",
        valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1),
    )  # fmt: skip
    for attributes, expected in (
        ({"country": "DE"}, "Tue 03 08:00"),
        ({"country": "DE", "tier": "pro"}, "Mon 02 22:00"),
        ({"country": "AT"}, "Mon 02 22:00"),
    ):
        assert leaves(play(at="2026-03-02 22:00", quiet=[rule]), attributes) == [expected]


# ---- zones that are not known, and zones of addresses


@pytest.mark.parametrize(
    ("country", "at", "expected"),
    [
        # Berlin is 6 hours ahead of New York and 11 of Honolulu: 08:00 there is 19:00 here, and
        # 21:00 in New York is 03:00 here.
        ("US", "2026-03-02 12:00", "Mon 02 19:00"),
        ("US", "2026-03-02 19:00", "Mon 02 19:00"),
        ("US", "2026-03-03 02:59", "Tue 03 02:59"),
        ("US", "2026-03-03 03:00", "Tue 03 19:00"),
        ("us", "2026-03-02 12:00", "Mon 02 19:00"),
        ("FR", "2026-03-02 22:00", "Tue 03 08:00"),
        ("JP", "2026-03-02 12:00", "Mon 02 12:00"),
        ("JP", "2026-03-02 13:00", "Tue 03 00:00"),
        # The clocks of New York go forward on March 8, those of Honolulu never.
        ("US", "2026-03-09 02:30", "Mon 09 19:00"),
        ("US", "2026-03-09 01:59", "Mon 09 01:59"),
    ],
)
def test_T7_a_rule_may_ask_every_zone_of_the_country(country: str, at: str, expected: str) -> None:
    rule = QuietHours("21:00", "08:00", if_zone_unknown="every_zone")
    sim = play(at=at, quiet=[rule])
    assert leaves(sim, {"timezone": None, "country": country}) == [expected]
    for held in holds(sim):
        assert held.detail["zone_from"] == "country"
        assert held.detail["zone"] != "Europe/Berlin"


def test_T7_every_zone_of_a_region_is_that_of_its_country() -> None:
    rule = SendWindow(Hours("08:00", "21:00"), if_zone_unknown="every_zone")
    sim = play(at="2026-03-02 12:00", windows=[rule])
    assert leaves(sim, {"timezone": None, "region": "US-FL"}) == ["Mon 02 19:00"]


def test_T7_where_country_and_region_contradict_every_zone_of_both_is_asked() -> None:
    rule = SendWindow(Hours("08:00", "21:00"), if_zone_unknown="every_zone")
    for told, expected in (
        ({"country": "JP", "region": "US-FL"}, "Tue 03 00:00"),
        ({"country": "FR", "region": "US-FL"}, "Mon 02 19:00"),
        ({"country": "US", "region": "FR-75"}, "Mon 02 19:00"),
    ):
        sim = play(at="2026-03-02 12:00", windows=[rule])
        assert leaves(sim, {"timezone": None, **told}) == [expected]


def test_T7_without_a_country_it_holds_until_zone_or_country_is_known() -> None:
    rule = QuietHours("21:00", "08:00", if_zone_unknown="every_zone")
    for told, expected in (
        ({"country": "JP"}, "Tue 03 00:00"),
        ({"country": "FR"}, "Tue 03 08:00"),
        ({"country": "US"}, "Mon 02 22:00"),
        ({"timezone": "Asia/Tokyo"}, "Tue 03 00:00"),
    ):
        sim = play(at="2026-03-02 12:00", quiet=[rule])
        ann = sim.customer("ann", {"timezone": None})
        ann.track(Ping())
        sim.advance_to("2026-03-02 22:00")
        assert (sent(sim), holds(sim)[0].reason) == ([], "zone_unknown")
        ann.tell(told)
        sim.advance(days(2))
        assert sent(sim) == [expected]


def test_T7_a_rule_of_every_zone_and_one_of_the_default_hold_together() -> None:
    everywhere = QuietHours("21:00", "08:00", if_zone_unknown="every_zone")
    lunch = QuietHours("19:00", "20:00")
    sim = play(at="2026-03-02 12:00", quiet=[everywhere, lunch])
    assert leaves(sim, {"timezone": None, "country": "US"}) == ["Mon 02 20:00"]
    sources = [(held.detail["zone_from"], held.detail["rule"]) for held in holds(sim)]
    assert sources == [("country", "21:00-08:00")]


@pytest.mark.parametrize(
    ("attributes", "source", "expected"),
    [
        # Tokyo is 8 hours ahead of Berlin, New York 6 behind.
        ({"timezone": None, "phone_zone": "Asia/Tokyo"}, "address", "Tue 03 00:00"),
        ({"timezone": None, "phone_zone": "America/New_York"}, "address", "Mon 02 22:00"),
        ({"timezone": "Asia/Tokyo", "phone_zone": "America/New_York"}, "profile", "Tue 03 00:00"),
        ({"timezone": None, "phone_zone": None}, "default", "Tue 03 08:00"),
    ],
)
def test_T7_the_zone_of_an_address_counts_where_the_customers_is_unknown(
    attributes: dict[str, Any], source: str, expected: str
) -> None:
    sim = play(ping("sms"), at="2026-03-02 22:00", quiet=[NIGHT])
    assert leaves(sim, {"sms_number": "+1", **attributes}) == [expected]
    journal = sim.runner.journal("ann")
    (decided,) = [entry for entry in journal if isinstance(entry, j.Decided)]
    assert decided.zone_from == source
    zone = attributes["timezone"] or attributes["phone_zone"] or "Europe/Berlin"
    assert decided.zone == zone
    assert [held.detail["zone_from"] for held in holds(sim)] == [source] * len(holds(sim))
    told = {"sms": attributes["phone_zone"]} if attributes["phone_zone"] else {}
    assert replay("ann", journal).zones == told


def test_T7_the_zone_of_an_address_is_for_its_channel_only() -> None:
    sim = play(ping("email"), at="2026-03-02 22:00", quiet=[NIGHT])
    found = leaves(sim, {"timezone": None, "phone_zone": "America/New_York"})
    assert found == ["Tue 03 08:00"]


def test_T7_G3_caps_of_a_day_end_with_the_day_of_the_address() -> None:
    sim = play(ping("sms"), at="2026-03-02 12:00", caps=[FrequencyCap(1, per="day")])
    attributes = {"timezone": None, "sms_number": "+1", "phone_zone": "America/New_York"}
    ann = sim.customer("ann", attributes)
    ann.track(Ping())
    sim.advance(hours(1))
    ann.track(Ping())
    sim.advance(days(2))
    assert sent(sim) == ["Mon 02 12:00", "Tue 03 06:00"]
    (held,) = holds(sim)
    assert (held.detail["zone"], held.detail["zone_from"]) == ("America/New_York", "address")


def test_T7_G4_a_new_zone_of_the_address_lets_go_what_waited() -> None:
    sim = play(ping("sms"), at="2026-03-02 22:00", quiet=[NIGHT])
    ann = sim.customer("ann", {"timezone": None, "sms_number": "+1"})
    ann.track(Ping())
    sim.advance(hours(1))
    assert sent(sim) == []
    ann.tell({"phone_zone": "America/New_York"})
    assert sent(sim) == ["Mon 02 23:00"]


@pytest.mark.parametrize("wrong", ["Europe/Berln", "", "localtime"])
def test_T7_an_unknown_zone_of_an_address_refuses_the_whole_update(wrong: str) -> None:
    sim = play(at="2026-03-02 12:00")
    ann = sim.customer("ann", {"tier": "free"})
    with pytest.raises(UnknownZoneError, match="phone_zone") as caught:
        ann.tell({"tier": "pro", "phone_zone": wrong})
    assert caught.value.value == wrong
    assert sim.runner.customer("ann").profile["tier"] == "free"
    with pytest.raises(InvalidProfileError):
        ann.tell({"phone_zone": 7})


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (Person.phone_zone, "Nowhere", "unknown_zone"),
        (Person.country, "USA", "unknown_country"),
        (Person.country, " us", ""),
        (Person.country, "", ""),
        (Person.region, "Florida", "unknown_country"),
        (Person.region, "UK-ENG", "unknown_country"),
        (Person.region, "fl", ""),
        (Person.tier, "Nowhere", ""),
    ],
)
def test_T7_E5_a_step_that_sets_a_place_that_there_is_not_fails_alone(
    field: Any, value: str, reason: str
) -> None:
    journey = Journey("j", entry=On(Moved), steps=[Set(field, Moved.to)])
    sim = play(journey, at="2026-03-02 12:00")
    sim.customer("ann").track(Moved(to=value))
    (ended,) = [entry for entry in sim.runner.journal("ann") if isinstance(entry, j.Ended)]
    assert (ended.status, ended.reason) == (("failed", reason) if reason else ("completed", ""))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (Person.phone_zone, "Nowhere", "no such time zone"),
        (Person.timezone, "", "no such time zone"),
        (Person.country, "USA", "no such country"),
        (Person.region, "Florida", "no code of a part of a country"),
    ],
)
def test_T7_F1_a_step_that_would_always_set_a_place_that_there_is_not_is_refused(
    field: Any, value: str, problem: str
) -> None:
    with pytest.raises(DefinitionError, match=problem) as refused:
        play(Journey("j", entry=On(Ping), steps=[Set(field, value)]), at="2026-03-02 12:00")
    assert (refused.value.place, refused.value.value) == ("Journey 'j' › steps[0] › value", value)


# ---- what is refused when it is written


def policy(**rules: Any) -> Any:
    return Policy(consent=dict.fromkeys(CHANNELS, "opt-out"), **rules)


def every(rule: type[QuietHours] = QuietHours, *span: str, **more: Any) -> QuietHours:
    return rule(*(span or ("00:00", "24:00")), **more)


MONDAYS = [date(2026, 1, 5) + timedelta(weeks=n) for n in range(60)]
DAYTIME = SendWindow(Hours("08:00", "20:00"))


@pytest.mark.parametrize(
    ("write", "parts"),
    [
        (lambda: SendWindow(), ["without hours", 'Hours("09:00", "20:00")']),
        (lambda: SendWindow(dates=[date(2026, 1, 1)]), ["without hours"]),
        (lambda: SendWindow(Hours("09:00", "09:00")), ["never opens", "00:00 to 24:00"]),
        (
            lambda: SendWindow(Hours("24:00", "09:00")),
            ["Hours.start", "24:00 is allowed as an end"],
        ),
        (lambda: Hours("9:00", "10:00"), ["Hours.start", "'9:00'"]),
        (lambda: Hours("09:00", "10:00", days=[]), ["Hours.days", "no weekday"]),
        (lambda: Hours("09:00", "10:00", days=["someday"]), ["Hours.days", "'someday'"]),
        (
            lambda: SendWindow(Hours("09:00", "20:00", days=["mon"]), dates=MONDAYS),
            ["never opens"],
        ),
        (lambda: every(), ["these quiet hours never end"]),
        (lambda: every(valid_from=date(2026, 1, 1)), ["these quiet hours never end"]),
        (
            lambda: QuietHours("21:00", "08:00", countries=["USA"]),
            ["countries", "'USA'", "'US-FL'"],
        ),
        (lambda: QuietHours("21:00", "08:00", countries=[]), ["countries", "empty"]),
        (lambda: QuietHours("21:00", "08:00", holidays=["XX"]), ["holidays", "'XX'"]),
        (
            lambda: QuietHours(
                "21:00", "08:00", valid_from=date(2026, 1, 2), valid_until=date(2026, 1, 2)
            ),
            ["valid from 2026-01-02", "later valid_until"],
        ),
        # Together, and only together.
        (
            lambda: policy(windows=[DAYTIME], quiet_hours=[QuietHours("08:00", "20:00")]),
            [
                "quiet_hours[0] (08:00-20:00) and windows[0] (outside 08:00-20:00) together never",
                "channel 'email'",
            ],
        ),
        (
            lambda: policy(
                windows=[DAYTIME, SendWindow(Hours("20:00", "23:00"), channels=["voice"])],
                quiet_hours=[QuietHours("22:00", "07:00", name="the night")],
            ),
            ["windows[0]", "windows[1]", "channel 'voice'"],
        ),
        (
            lambda: policy(
                windows=[DAYTIME, SendWindow(Hours("20:00", "23:00"), topics=["offers"])]
            ),
            ["channel 'email' speak about 'offers'"],
        ),
        (
            lambda: policy(
                windows=[
                    SendWindow(Hours("08:00", "20:00"), countries=["US"]),
                    SendWindow(Hours("20:00", "23:00"), countries=["US-FL"]),
                ]
            ),
            ["speak in US-FL"],
        ),
        (
            lambda: policy(
                windows=[DAYTIME, SendWindow(Hours("20:00", "23:00"), where=Person.tier == "pro")]
            ),
            ["speak to those whom where= names"],
        ),
        (
            lambda: policy(
                windows=[DAYTIME, SendWindow(Hours("20:00", "23:00"), valid_from=date(2027, 1, 1))]
            ),
            ["speak from 2027-01-01 on"],
        ),
        (
            lambda: policy(
                windows=[SendWindow(Hours("08:00", "20:00", days=["mon"]))],
                quiet_hours=[QuietHours("21:00", "08:00", dates=MONDAYS)],
            ),
            ["quiet_hours[0]", "windows[0]", "within 400 days"],
        ),
    ],
)
def test_G2_what_never_opens_is_refused(write: Any, parts: list[str]) -> None:
    with pytest.raises(DefinitionError) as caught:
        write()
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "write",
    [
        lambda: every(valid_until=date(2026, 3, 1)),  # until the launch
        lambda: policy(
            windows=[
                SendWindow(Hours("08:00", "20:00"), channels=["email"]),
                SendWindow(Hours("20:00", "23:00"), channels=["sms"]),
            ]
        ),
        lambda: policy(
            windows=[
                SendWindow(Hours("08:00", "20:00"), countries=["US"]),
                SendWindow(Hours("20:00", "23:00"), countries=["FR"]),
            ]
        ),
        lambda: policy(
            windows=[
                SendWindow(Hours("08:00", "20:00"), where=Person.tier == "pro"),
                SendWindow(Hours("20:00", "23:00"), where=Person.tier == "free"),
            ]
        ),
        lambda: policy(
            windows=[
                SendWindow(Hours("08:00", "20:00"), valid_until=date(2027, 1, 1)),
                SendWindow(Hours("20:00", "23:00"), valid_from=date(2027, 1, 1)),
            ]
        ),
    ],
)
def test_G2_what_opens_for_everybody_is_taken(write: Any) -> None:
    assert write() == write()


@pytest.mark.parametrize(
    "profile",
    [
        {"sms": Annotated[str | None, Address("sms", zone="nowhere")]},
        {"sms": Annotated[str | None, Address("sms", zone="age")], "age": int | None},
    ],
)
def test_T7_an_address_names_a_field_that_there_is(profile: dict[str, Any]) -> None:
    body = {"__annotations__": profile, "__module__": __name__, **dict.fromkeys(profile)}
    with pytest.raises(DefinitionError, match="names no field for a time zone"):
        type("Wrong", (Profile,), body)


def test_G2_rules_survive_json() -> None:
    rules = policy(
        windows=[
            SendWindow(
                Hours("10:00", "13:00", days=["mon"]), Hours("14:00", "20:00"),
                dates=[date(2026, 12, 24)], holidays=["fr", "US-CA"], channels=["voice"],
                topics=["offers"], countries=["fr", "US-fl"], where=count(Ping) >= 1,
                if_zone_unknown="every_zone", valid_from=date(2026, 1, 1),
                valid_until=date(2027, 1, 1), name="calls in France",
            )
        ]
    )  # fmt: skip
    again = Policy.model_validate_json(rules.model_dump_json())
    assert again == rules
    assert again.windows[0].holidays == ("FR", "US-CA")
    assert again.windows[0].countries == ("FR", "US-FL")
    assert again.windows[0].title == "calls in France"
