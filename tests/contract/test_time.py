"""Time, sentence by sentence: rules T1 to T9, as a host sees them.

The arithmetic itself is proved in `tests/time`; here it is what journeys wait for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from journeykit import (
    Event,
    Exit,
    FrequencyCap,
    Goto,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Send,
    Set,
    Simulation,
    Wait,
    WaitFor,
    WaitUntil,
    Workspace,
    days,
    hours,
    minutes,
    months,
    years,
)
from journeykit.errors import DefinitionError, InputError, NaiveInstantError, UnknownZoneError
from journeykit.kernel import journal as j

EMAIL = Policy(consent={"email": "opt-out"})


class Begun(Event):
    at: datetime | None = None
    day: date | None = None


class Done(Event):
    pass


class Person(Profile):
    first_name: str = ""
    trial_ends: datetime | None = None
    birthday: date | None = None


def space(*steps: Any, **more: Any) -> Workspace:
    journey = Journey("j", entry=On(Begun), steps=[*steps, Exit("out")])
    return Workspace(
        **{
            "journeys": [journey], "timezone": "UTC", "policy": EMAIL, "profile": Person,
            "events": [Begun, Done], **more,
        }
    )  # fmt: skip


def ends_at(workspace: Workspace, start: str, zone: str, event: Event | None = None) -> str:
    """Return when a run that begins at `start` (UTC) is out, as UTC text."""
    sim = Simulation(workspace, at=f"{start}+00:00", tz=zone)
    ann = sim.customer("ann")
    ann.track(Begun() if event is None else event)
    sim.advance(years(3))
    (out,) = [line.at for line in ann.timeline if line.kind == "end"]
    return out.replace(tzinfo=None).isoformat(" ", "minutes")


# ---- T1: instants are aware, and kept in UTC


@pytest.mark.parametrize(
    "call",
    [
        lambda ann: ann.kit.track("ann", Begun(), occurred_at=datetime(2026, 3, 2, 9)),
        lambda ann: ann.kit.track("ann", "begun", {"at": datetime(2026, 3, 2, 9)}),
        lambda ann: ann.kit.track("ann", Begun(at=datetime(2026, 3, 2, 9))),
        lambda ann: ann.kit.identify("ann", {"trial_ends": datetime(2026, 3, 2, 9)}),
    ],
    ids=["occurred_at", "event field", "event object", "profile field"],
)
def test_naive_datetimes_are_refused_and_nothing_is_stored(host: Any, call: Any) -> None:  # T1
    ann = host(space(Wait(days(1))))
    before = ann.journal
    with pytest.raises(NaiveInstantError, match="tzinfo=UTC"):
        call(ann)
    assert ann.journal == before


def test_a_naive_instant_in_a_definition_is_refused() -> None:  # T1
    with pytest.raises(DefinitionError, match="zone"):
        WaitUntil(datetime(2026, 3, 2, 9))


def test_an_instant_of_any_zone_is_the_same_instant(host: Any) -> None:  # T1
    ann = host(space(Wait(days(1))))
    ann.kit.track("ann", Begun(), occurred_at=datetime.fromisoformat("2026-03-02 13:30+04:00"))
    (run,) = ann.kit.customer("ann").enrollments
    assert run.entered == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert run.entered.utcoffset() == timedelta(0)


def test_an_instant_in_a_field_is_kept_in_utc(host: Any) -> None:  # T1, O8
    ann = host(space(Wait(days(1))))
    for text in ("2026-03-02 13:30+04:00", "2026-03-02 09:30Z"):
        moment = datetime.fromisoformat(text)
        ann.kit.identify("ann", {"trial_ends": moment})
        assert ann.kit.customer("ann").profile["trial_ends"] == "2026-03-02T09:30:00Z"
        told = ann.kit.track("ann", Begun(at=moment), id="e")
    assert told.repeated, "the same instant is the same content"


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_an_instant_outside_the_calendar_is_refused(host: Any, text: str) -> None:  # T1, F1
    """A condition that met it could not be decided on, and nor could its customer."""
    ann = host(space(Wait(days(1))))
    before = ann.journal
    for call in (
        lambda: ann.kit.track("ann", "begun", {"at": text}),
        lambda: ann.kit.track("ann", Begun(at=datetime.fromisoformat(text))),
        lambda: ann.kit.identify("ann", {"trial_ends": text}),
        lambda: ann.kit.enroll("ann", "j", data={"at": text}),
    ):
        with pytest.raises(InputError, match=rf"years 1 to 9999 \(got .*{text[:4].lstrip('0')}"):
            call()
    assert ann.journal == before


# ---- T2, T3: calendar and elapsed units, gaps and overlaps


@pytest.mark.parametrize(
    ("wait", "zone", "start", "end"),
    [
        (days(1), "Europe/Berlin", "2026-03-28 11:00", "2026-03-29 10:00"),  # 23 hours
        (hours(24), "Europe/Berlin", "2026-03-28 11:00", "2026-03-29 11:00"),
        (timedelta(days=1), "Europe/Berlin", "2026-03-28 11:00", "2026-03-29 11:00"),  # elapsed
        (days(1) + hours(1), "Europe/Berlin", "2026-03-28 11:00", "2026-03-29 11:00"),  # added last
        (days(1), "Europe/Berlin", "2026-03-28 01:30", "2026-03-29 01:30"),  # 02:30 is 03:30 then
        (days(1), "Europe/Berlin", "2026-10-24 00:30", "2026-10-25 00:30"),  # its first pass
        (months(1), "UTC", "2026-01-31 10:00", "2026-02-28 10:00"),  # clamped
        (months(1) + days(1), "UTC", "2026-01-31 10:00", "2026-03-01 10:00"),  # months first
        (minutes(0), "UTC", "2026-01-31 10:00", "2026-01-31 10:00"),
        (days(1), "Pacific/Apia", "2011-12-29 20:00", "2011-12-30 20:00"),  # a day that was not
    ],
)
def test_a_wait_ends_by_the_clock_or_by_the_hour(
    wait: Any, zone: str, start: str, end: str
) -> None:
    assert ends_at(space(Wait(wait)), start, zone) == end  # T2, T3


@pytest.mark.parametrize(
    ("resolve", "end"),
    [
        ("compatible", "2026-03-29 01:30"),
        ("earlier", "2026-03-29 00:30"),
        ("skip", "2026-03-30 00:30"),
    ],
)
def test_the_rule_for_a_gap_is_a_parameter(resolve: Any, end: str) -> None:  # T3
    made = space(WaitUntil(at="02:30", resolve=resolve))
    assert ends_at(made, "2026-03-28 12:00", "Europe/Berlin") == end


# ---- T4, T5, T6: moments


@pytest.mark.parametrize(
    ("step", "start", "end"),
    [
        (WaitUntil(at="09:00"), "2026-03-02 09:00", "2026-03-02 09:00"),  # exactly now counts
        (WaitUntil(at="09:00"), "2026-03-02 09:01", "2026-03-03 09:00"),
        (WaitUntil(at="09:00", days=["mon"]), "2026-03-02 09:01", "2026-03-09 09:00"),
        (WaitUntil(cron="0 9 * * *"), "2026-03-02 09:00", "2026-03-03 09:00"),  # strictly after
        (WaitUntil(cron="0 0 13 * fri"), "2026-03-02 09:00", "2026-03-06 00:00"),  # either matches
    ],
)
def test_moments(step: Any, start: str, end: str) -> None:  # T4, T6
    assert ends_at(space(step), start, "UTC") == end


def test_on_a_loop_a_moment_is_not_met_twice(simulate: Any) -> None:  # T4
    """Exactly now counts, but the second visit of that instant would be no later one."""
    steps = [WaitUntil(at="09:00", label="daily"), Send("x", via=["email"]), Goto("daily")]
    journey = Journey("j", entry=On(Begun), steps=steps)
    sim, ann = simulate(space(journeys=[journey]))
    ann.track(Begun())
    sim.advance_to("2026-03-05 12:00")
    assert ann.received == ["x"] * 3
    assert [message.at.hour for message in ann.messages] == [9, 9, 9]


LEAP = date(1992, 2, 29)


@pytest.mark.parametrize(
    ("options", "born", "start", "end"),
    [
        ({"at": "09:00"}, date(1990, 3, 2), "2026-03-02 09:00", "2026-03-02 09:00"),  # exactly now
        ({"at": "09:00"}, date(1990, 3, 2), "2026-03-02 09:01", "2027-03-02 09:00"),
        ({"at": "09:00"}, date(1990, 3, 2), "2026-03-01 23:00", "2026-03-02 09:00"),
        ({}, date(1990, 3, 2), "2026-03-01 23:00", "2026-03-02 00:00"),
        ({"at": "09:00"}, LEAP, "2026-01-01 00:00", "2026-02-28 09:00"),
        ({"at": "09:00"}, LEAP, "2028-01-01 00:00", "2028-02-29 09:00"),
        ({"at": "09:00", "anniversary": "mar01"}, LEAP, "2026-01-01 00:00", "2026-03-01 09:00"),
        ({"at": "09:00", "anniversary": "skip"}, LEAP, "2026-01-01 00:00", "2028-02-29 09:00"),
        # moved by the calendar part of the offset before, by the elapsed part after the clock
        ({"at": "09:00", "offset": days(-3)}, date(1990, 3, 2), "2026-02-27 09:01", "2027-02-27 09:00"),
        ({"at": "09:00", "offset": days(-3)}, date(1990, 1, 2), "2026-12-20 00:00", "2026-12-30 09:00"),
        ({"at": "09:00", "offset": months(2)}, date(1990, 12, 31), "2026-01-01 00:00", "2026-02-28 09:00"),
        ({"at": "09:00", "offset": hours(-10)}, date(1990, 3, 2), "2026-01-01 00:00", "2026-03-01 23:00"),
    ],
)  # fmt: skip
def test_a_step_waits_for_an_anniversary(
    options: dict[str, Any], born: date, start: str, end: str
) -> None:  # T5
    options = {"anniversary": "feb28", **options}
    assert ends_at(space(WaitUntil(born, **options)), start, "UTC") == end


def test_an_anniversary_is_that_of_the_customers_clock() -> None:  # T5, T3
    step = WaitUntil(date(1990, 3, 29), anniversary="feb28", at="02:30")
    assert ends_at(space(step), "2026-03-28 12:00", "Europe/Berlin") == "2026-03-29 01:30"
    born = datetime(1990, 3, 2, 23, 30, tzinfo=UTC)  # the third of March in Tokyo
    step = WaitUntil(born, anniversary="feb28", at="09:00")
    assert ends_at(space(step), "2026-02-01 12:00", "Asia/Tokyo") == "2026-03-03 00:00"


def test_every_year_again(simulate: Any) -> None:  # T5
    steps = [
        WaitUntil(Person.birthday, anniversary="feb28", at="09:00", if_past="exit", label="year"),
        Send("congratulations", via=["email"]),
        Goto("year"),
    ]
    sim, ann = simulate(space(journeys=[Journey("j", entry=On(Begun), steps=steps)]))
    ann.tell({"birthday": date(1992, 2, 29)})
    ann.track(Begun())
    sim.advance(years(4))
    assert [f"{message.at:%m-%d}" for message in ann.messages] == [
        "02-28",
        "02-29",
        "02-28",
        "02-28",
    ]
    bob = sim.customer("bob")
    bob.track(Begun())
    assert bob.reasons("end") == ["past"], "nobody told when he was born"


def test_a_yearly_loop_that_an_empty_field_would_not_stop_is_refused() -> None:  # T5, E5
    steps = [WaitUntil(Person.birthday, anniversary="feb28", label="year"), Goto("year")]
    with pytest.raises(DefinitionError, match="lets no time pass"):
        Journey("j", entry=On(Begun), steps=steps)
    with pytest.raises(DefinitionError, match="an anniversary is that of a date"):
        WaitUntil(at="09:00", anniversary="feb28")


# ---- T7: whose zone


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "europe/berlin ", "../UTC", "localtime", "+02:00"]
)
def test_an_unknown_zone_refuses_the_whole_update(host: Any, name: str) -> None:  # T7
    ann = host(space(Wait(days(1))))
    before = (ann.journal, dict(ann.kit.customer("ann").profile))
    with pytest.raises(UnknownZoneError) as caught:
        ann.kit.identify("ann", {"first_name": "Ann", "timezone": name})
    assert caught.value.place.endswith("timezone")
    assert caught.value.value == name
    assert (ann.journal, dict(ann.kit.customer("ann").profile)) == before


@pytest.mark.parametrize("name", [5, True, ["UTC"]])
def test_what_is_no_name_refuses_it_too(host: Any, name: Any) -> None:  # T7
    ann = host(space(Wait(days(1))))
    with pytest.raises(InputError, match="timezone"):
        ann.kit.identify("ann", {"timezone": name})


def test_a_workspace_has_no_silent_zone() -> None:  # T7
    with pytest.raises(DefinitionError, match="timezone"):
        Workspace(journeys=[])  # type: ignore[call-arg]
    with pytest.raises((DefinitionError, InputError)):
        Workspace(journeys=[], timezone="")


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ({}, "2026-03-02 08:00"),  # not known: the workspace's, Berlin
        ({"timezone": "Asia/Tokyo"}, "2026-03-03 00:00"),
        ({"timezone": None}, "2026-03-02 08:00"),
    ],
)
def test_the_profiles_zone_else_the_workspaces(told: dict[str, Any], end: str) -> None:  # T7
    sim = Simulation(
        space(WaitUntil(at="09:00"), timezone="Europe/Berlin"), at="2026-03-02 00:30+00:00"
    )
    sim.identify("ann", told)
    sim.track("ann", Begun())
    sim.advance(days(2))
    (out,) = [line.at for line in sim.explain("ann") if line.kind == "end"]
    assert out.replace(tzinfo=None).isoformat(" ", "minutes") == end


@pytest.mark.parametrize(
    ("rule", "received", "held"),
    [("default", [], ["quiet_hours"]), ("hold", [], ["zone_unknown"]), ("skip", [], [])],
)
def test_a_rule_says_what_an_unknown_zone_means(rule: Any, received: Any, held: Any) -> None:  # T7
    policy = Policy(consent={"email": "opt-out"}, quiet_hours=[
        QuietHours("21:00", "08:00", if_zone_unknown=rule)])  # fmt: skip
    sim = Simulation(space(Send("x", via=["email"]), policy=policy), at="2026-03-02 22:00")
    ann = sim.customer("ann", {"timezone": None})
    ann.track(Begun())
    assert ann.received == received
    assert [message.reason for message in ann.held] == held
    ann.tell({"timezone": "America/New_York"})  # where it is five in the afternoon
    assert ann.received == ([] if rule == "skip" else ["x"])


# ---- T8: a change of zone

MOVED = [
    # Waits for a local moment are reckoned anew. It is 10:00 UTC when the zone changes.
    (WaitUntil(at="12:00"), "Asia/Tokyo", "2026-03-03 03:00"),  # noon has passed there
    (WaitUntil(at="12:00"), "America/New_York", "2026-03-02 17:00"),
    (WaitUntil(at="19:00"), "Asia/Tokyo", "2026-03-02 10:00"),  # exactly now counts
    (WaitUntil(at="12:00", days=["tue"]), "Asia/Tokyo", "2026-03-03 03:00"),
    (WaitUntil(cron="0 12 * * *"), "Asia/Tokyo", "2026-03-03 03:00"),
    (WaitUntil(date(2026, 3, 4), at="09:00"), "Asia/Tokyo", "2026-03-04 00:00"),
    (WaitUntil(Begun.day, at="12:00"), "Pacific/Kiritimati", "2026-03-02 10:00"),  # never the past
    (WaitUntil(datetime(2026, 3, 4, 9, tzinfo=UTC), at="12:00"), "Asia/Tokyo", "2026-03-04 03:00"),
    # In a named zone, at an instant, or after a duration: nothing changes.
    (WaitUntil(at="12:00", zone="Europe/Berlin"), "Asia/Tokyo", "2026-03-02 11:00"),
    (WaitUntil(datetime(2026, 3, 4, 9, tzinfo=UTC)), "Asia/Tokyo", "2026-03-04 09:00"),
    (Wait(hours(24)), "Asia/Tokyo", "2026-03-03 09:00"),
    (Wait(days(1)), "Asia/Tokyo", "2026-03-03 09:00"),
    (Wait(months(1)), "Asia/Tokyo", "2026-04-02 09:00"),
    (WaitFor(On(Done), timeout=days(2)), "Asia/Tokyo", "2026-03-04 09:00"),
]


@pytest.mark.parametrize(("step", "zone", "end"), MOVED)
def test_a_change_of_zone_moves_local_moments_only(
    step: Any, zone: str, end: str, host: Any
) -> None:
    ann = host(space(step), at="2026-03-02 09:00")  # T8
    ann.track(Begun(day=date(2026, 3, 2)))
    ann.at("2026-03-02 10:00").tick()
    ann.kit.identify("ann", {"timezone": zone})
    assert ann.kit.next_due() >= ann.clock.now(), "never into the past"
    ann.tick()
    due = ann.kit.next_due()
    while due is not None:
        ann.clock.micros = (due - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        ann.tick()
        due = ann.kit.next_due()
    (out,) = [e.at for e in ann.kit.journal("ann") if isinstance(e, j.Ended)]
    text = (datetime(1970, 1, 1) + timedelta(microseconds=out)).isoformat(" ", "minutes")
    assert text == end


def test_another_name_of_the_same_zone_rule_still_moves_it(host: Any) -> None:  # T8
    ann = host(space(WaitUntil(at="12:00")), at="2026-03-02 09:00")
    ann.track(Begun())
    ann.kit.identify("ann", {"timezone": "Etc/UTC"})
    assert ann.kit.next_due() == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_step_that_sets_the_zone_moves_other_runs(host: Any) -> None:  # T8
    workspace = space(
        journeys=[
            Journey("mover", entry=On(Done), steps=[Set(Person.timezone, "Asia/Tokyo")]),
            Journey("waiter", entry=On(Begun), steps=[WaitUntil(at="12:00"), Exit("out")]),
        ]
    )
    ann = host(workspace, at="2026-03-02 09:00")
    ann.track(Begun())
    ann.at("2026-03-02 10:00")
    ann.track(Done())
    assert ann.kit.next_due() == datetime(2026, 3, 3, 3, tzinfo=UTC)


def test_a_held_message_looks_again_when_the_zone_changes(simulate: Any) -> None:  # T8, G2
    policy = Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("21:00", "08:00")])
    _, ann = simulate(space(Send("x", via=["email"]), policy=policy), at="2026-03-02 22:00")
    ann.track(Begun())
    assert [message.reason for message in ann.held] == ["quiet_hours"]
    ann.tell({"timezone": "Asia/Tokyo"})  # 07:00: an hour more
    assert ann.held[0].until == datetime(2026, 3, 2, 23, tzinfo=UTC)
    ann.tell({"timezone": "Australia/Sydney"})  # 09:00
    assert ann.received == ["x"]


# ---- T9: moments that are past


@pytest.mark.parametrize(
    ("moment", "if_past", "steps_taken", "reason"),
    [
        # At 10:00. Exactly now is not past.
        ("2026-03-02 10:00:00", "skip", ["next"], "out"),
        ("2026-03-02 10:00:00", "exit", ["next"], "out"),
        ("2026-03-02 09:59:59.999999", "continue", ["next"], "out"),
        ("2026-03-02 09:59:59.999999", "skip", [], "out"),
        ("2026-03-02 09:59:59.999999", "exit", [], "past"),
        # An empty field is no moment at all: it is treated as a past one.
        (None, "continue", ["next"], "out"),
        (None, "skip", [], "out"),
        (None, "exit", [], "past"),
    ],
)
def test_a_moment_that_is_past(
    host: Any, moment: str | None, if_past: Any, steps_taken: list[str], reason: str
) -> None:  # T9
    ann = host(space(WaitUntil(Begun.at, if_past=if_past), Set(Person.first_name, "next")))
    at = None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=UTC)
    outcome = ann.track(Begun(at=at))
    assert outcome.ended == [("exited", reason)]
    taken = [e.attributes["first_name"] for e in outcome.entries if isinstance(e, j.Assigned)]
    assert taken == steps_taken


@pytest.mark.parametrize(
    ("step", "end"),
    [
        # Trial ends on March 5 at 14:30 UTC, which is 15:30 in Berlin.
        (WaitUntil(Person.trial_ends), "2026-03-05 14:30"),
        (WaitUntil(Person.trial_ends, offset=days(-3)), "2026-03-02 14:30"),
        (WaitUntil(Person.trial_ends, offset=days(-3), at="09:00"), "2026-03-02 08:00"),
        (WaitUntil(Person.trial_ends, offset=hours(-2)), "2026-03-05 12:30"),
        (WaitUntil(Person.trial_ends, offset=days(30)), "2026-04-04 13:30"),  # keeps 15:30
        (WaitUntil(Person.birthday), "2026-05-08 22:00"),  # a date begins at 00:00
        (WaitUntil(Person.birthday, at="09:00"), "2026-05-09 07:00"),
        (WaitUntil(Person.birthday, offset=days(-1) + hours(3), at="09:00"), "2026-05-08 10:00"),
    ],
)
def test_a_moment_from_the_profile_with_offsets(host: Any, step: Any, end: str) -> None:  # T9
    ann = host(
        space(step), at="2026-03-01 09:00", timezone="Europe/Berlin",
        trial_ends=datetime(2026, 3, 5, 14, 30, tzinfo=UTC), birthday=date(2026, 5, 9),
    )  # fmt: skip
    ann.track(Begun())
    due = ann.kit.next_due()
    assert due.replace(tzinfo=None).isoformat(" ", "minutes") == end


def test_downtime_over_a_moment_is_no_past_moment(simulate: Any) -> None:  # T9, O3
    """It was ahead when its step was reached: it is overdue, and the run goes on."""
    sim, ann = simulate(space(WaitUntil(Begun.at, if_past="exit")))
    ann.track(Begun(at=datetime(2026, 3, 2, 11, tzinfo=UTC)))
    with sim.downtime():
        sim.advance(days(3))
    assert ann.reasons("end") == ["out"]


def test_caps_of_a_calendar_day_turn_over_at_the_customers_midnight(
    simulate: Any,
) -> None:  # T7, G3
    policy = Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(1, per="day")])
    steps = [Send("one", via=["email"]), Send("two", via=["email"])]
    sim, ann = simulate(space(*steps, policy=policy), timezone="Asia/Tokyo")
    ann.track(Begun())  # 19:00 there
    assert ann.received == ["one"]
    sim.advance_to("2026-03-02 14:59")
    assert ann.received == ["one"]
    sim.advance_to("15:00")
    assert ann.received == ["one", "two"]
