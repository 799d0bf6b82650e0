"""Segments and calendars are looked at when that is needed, and what is kept is always right."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Always,
    Enters,
    Exit,
    Journey,
    Leaves,
    On,
    OnDate,
    Scheduled,
    Segment,
    Set,
    Wait,
    Workspace,
    ago,
    count,
    days,
    hours,
    last,
)
from journeykit.kernel import EventArrived, ProfileTold, next_due, reading_of
from journeykit.kernel import journal as j
from journeykit.machine import compile_workspace
from journeykit.model import wire
from journeykit.testing.entries import CRONS, RRULES, STARTS
from journeykit.testing.strategies import attributes_of, conditions, moments, profiles
from journeykit.testing.strategies import events as drawn_events
from journeykit.time import (
    DAY,
    HOUR,
    MINUTE,
    Cron,
    Recurrence,
    from_micros,
    parse_clock,
    to_micros,
    zone,
)

ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Africa/Casablanca"])
GAPS = st.sampled_from([0, 1, HOUR, DAY, 31 * DAY]) | st.integers(0, 5 * DAY)
NOISE = list(HealthCheck)


def watching(person: Any, events: Any, timezone: str, *journeys: Journey) -> Workspace:
    return Workspace(journeys=journeys, profile=person, events=events, timezone=timezone)


def at_segment(entry: Any, name: str) -> Journey:
    return Journey(name, entry=entry, reentry=Always(), steps=[Exit()])


def entered(stage: Any, journey: str) -> list[int]:
    found = [one for one in stage.journal if isinstance(one, j.Entered)]
    return [one.entered for one in found if one.journey == journey]


def is_right(stage: Any, segment: Segment, at: int) -> bool:
    """Ask the condition itself, as of an instant."""
    rule = stage.rules.watch.segments[segment.id]
    reading = reading_of(stage.rules, stage.state, stage.profile, at)
    return bool(stage.state.segments[segment.id].inside is rule.guard(reading))


def pass_time(stage: Any, segment: Segment, target: int) -> None:
    """Stop at what is due, and look at many instants in between at which nothing is."""
    while True:
        due = next_due(stage.state)
        until = target if due is None or due > target else due - 1
        step = max((until - stage.now) // 7, 13 * MINUTE)
        for at in [*range(stage.now, until, step), until]:
            assert is_right(stage, segment, at)
        if due is None or due > target:
            break
        stage.now = due
        stage.advance()
    stage.now = target


@settings(max_examples=150, deadline=None, suppress_health_check=NOISE)
@given(data=st.data())
def test_who_is_inside_is_known_at_every_instant(
    data: st.DataObject, stage: Any, person: Any, events: Any
) -> None:
    segment = Segment("s", data.draw(conditions(attributes_of(person), events)))
    start, _ = data.draw(moments())
    journeys = at_segment(Enters(segment), "in"), at_segment(Leaves(segment), "out")
    told = stage(
        compile_workspace(watching(person, events, data.draw(ZONES), *journeys)),
        to_micros(start),
    )
    told.advance(ProfileTold(told.now, told.told(data.draw(profiles(person)))))
    new = told.state.segments[segment.id].inside
    for number in range(data.draw(st.integers(0, 5))):
        pass_time(told, segment, told.now + data.draw(GAPS))
        match data.draw(st.sampled_from(["event", "profile", "zone"])):
            case "event":
                event = data.draw(st.sampled_from(events).flatmap(drawn_events))
                late = data.draw(st.sampled_from([0, 0, HOUR, 3 * DAY]))
                name = type(event).__wire_name__
                told.advance(
                    EventArrived(told.now, name, wire(event), told.now - late, f"{number}")
                )
            case "profile":
                told.advance(ProfileTold(told.now, told.told(data.draw(profiles(person)))))
            case _:
                told.advance(ProfileTold(told.now, told.told({"timezone": data.draw(ZONES)})))
        assert is_right(told, segment, told.now)
    pass_time(told, segment, told.now + 60 * DAY)

    ins, outs = entered(told, "in"), entered(told, "out")
    assert len(ins) - len(outs) == int(told.state.segments[segment.id].inside)
    assert sorted([*ins, *outs]) == [one for pair in zip(ins, [*outs, None], strict=False)
                                     for one in pair if one is not None]  # fmt: skip
    assert not new or ins[0] == to_micros(start)


@settings(max_examples=60, deadline=None, suppress_health_check=NOISE)
@given(data=st.data())
def test_a_schedule_fires_once_for_each_occurrence_and_once_for_those_missed(
    data: st.DataObject, stage: Any, person: Any, events: Any
) -> None:
    """Whoever looks in seldom gets the latest occurrence, as of its own instant."""
    where = data.draw(ZONES)
    clock = data.draw(st.sampled_from(["00:00", "02:30", "09:00"]))
    begins = data.draw(st.sampled_from([None, STARTS]))
    rule = data.draw(st.sampled_from([*CRONS, "*/20 * * * *", *RRULES[:2]]))
    if "FREQ" not in rule:
        entry = Scheduled(cron=rule, starts=begins)
        cron, midnight = Cron(rule), zone(where).instant(date_of(begins) * DAY)

        def following(at: int) -> int | None:
            return cron.next_after(max(at, midnight - 1), zone(where))
    else:
        entry = Scheduled(rrule=rule, at=clock, starts=begins)
        recurrence = Recurrence(rule, begins)

        def following(at: int) -> int | None:
            return recurrence.next_after(at, zone(where), parse_clock(clock))

    start, _ = data.draw(moments())
    workspace = watching(person, events, where, at_segment(entry, "again"))
    told = stage(compile_workspace(workspace), to_micros(start))
    told.advance(ProfileTold(told.now, {}))
    for _ in range(data.draw(st.integers(1, 6))):
        before, known = told.now, entered(told, "again")
        told.now += data.draw(st.sampled_from([1, HOUR, DAY]) | st.integers(1, 20 * DAY))
        told.advance()
        missed, at = [], following(before)
        while at is not None and at <= told.now:
            missed.append(at)
            at = following(at)
        assert entered(told, "again") == [*known, *missed[-1:]]
        assert next_due(told.state) == at


def date_of(begins: date | None) -> int:
    return (begins - date(1970, 1, 1)).days if begins else -20_000


HOURS = st.integers(0, 47).map(lambda number: number * HOUR)


@settings(max_examples=150, deadline=None, suppress_health_check=NOISE)
@given(moves=st.lists(st.tuples(ZONES, HOURS), min_size=2, max_size=6), start=moments())
def test_no_morning_comes_twice_however_one_travels(
    moves: list[tuple[str, int]], start: Any, stage: Any, person: Any, events: Any
) -> None:  # T8
    workspace = watching(
        person, events, "Europe/Berlin", at_segment(Scheduled(cron="0 9 * * *"), "morning")
    )
    told = stage(compile_workspace(workspace), to_micros(start[0]))
    told.advance(ProfileTold(told.now, {}))
    dates: list[int] = []
    for name, gap in [*moves, ("UTC", 3 * DAY)]:
        target = told.now + gap
        while (due := next_due(told.state)) is not None and due <= target:
            told.now = due
            told.advance()
            here = zone(told.state.zone or "Europe/Berlin")
            dates += [here.wall(at) // DAY for at in entered(told, "morning")[len(dates) :]]
        told.now = target
        told.advance(ProfileTold(told.now, told.told({"timezone": name})))
    assert all(one < other for one, other in pairwise(dates))


@pytest.mark.parametrize("back", [0, 1, HOUR, 2 * DAY])
def test_a_clock_that_goes_back_lets_nobody_in_twice(
    back: int, stage: Any, person: Any, events: Any
) -> None:  # O9
    joined, *_ = events
    segment = Segment("quiet", (last(joined) < ago(days(60))) & (person.visits != 7))
    workspace = watching(
        person, events, "Europe/Berlin",
        at_segment(Enters(segment), "in"), at_segment(Leaves(segment), "out"),
        at_segment(Scheduled(cron="0 9 * * *"), "morning"),
    )  # fmt: skip
    told = stage(compile_workspace(workspace), 20_000 * DAY)
    told.advance(ProfileTold(told.now, told.told({"visits": 1})))
    told.advance(EventArrived(told.now, "joined", wire(joined()), told.now, "e1"))
    told.now += 61 * DAY
    told.advance()
    told.advance()
    mornings = entered(told, "morning")
    assert (len(entered(told, "in")), entered(told, "out")) == (1, [])

    told.now -= back
    told.advance(ProfileTold(told.now, told.told({"visits": 3})))
    told.advance()
    told.now += back
    told.advance()

    assert (len(entered(told, "in")), entered(told, "out")) == (1, [])
    assert entered(told, "morning") == mornings


def test_what_the_workspace_watches_no_more_is_forgotten(
    stage: Any, person: Any, events: Any
) -> None:
    joined, *_ = events
    segment = Segment("quiet", last(joined) < ago(days(60)))
    watched = watching(
        person, events, "UTC",
        at_segment(Enters(segment), "in"),
        at_segment(OnDate(person.born, anniversary="feb28"), "birthday"),
    )  # fmt: skip
    told = stage(compile_workspace(watched), 20_000 * DAY)
    told.advance(ProfileTold(told.now, told.told({"born": date(1990, 5, 1)})))
    told.advance(EventArrived(told.now, "joined", wire(joined()), told.now, "e1"))
    due = next_due(told.state)
    assert due is not None

    told.rules = compile_workspace(watching(person, events, "UTC"))
    told.now = due
    told.advance()

    assert (told.state.segments, told.state.armed, next_due(told.state)) == ({}, {}, None)


def test_a_workspace_that_watches_nothing_keeps_nothing(
    stage: Any, person: Any, events: Any
) -> None:
    joined, *_ = events

    workspace = watching(person, events, "UTC", at_segment(On(joined), "plain"))
    told = stage(compile_workspace(workspace), 20_000 * DAY)
    told.advance(ProfileTold(told.now, told.told({"born": date(1990, 5, 1)})))
    told.advance(EventArrived(told.now, "joined", wire(joined()), told.now, "e1"))

    assert not told.rules.watch.is_needed
    assert not [one for one in told.journal if isinstance(one, j.Segmented | j.Armed)]


def test_a_circle_of_segments_ends_with_a_failed_run(
    stage: Any, person: Any, events: Any
) -> None:  # E5

    segment = Segment("pro", person.plan == "pro")
    circle = [
        Journey("up", entry=Leaves(segment), reentry=Always(), steps=[Set(person.plan, "pro")]),
        Journey("down", entry=Enters(segment), reentry=Always(), steps=[Set(person.plan, "free")]),
    ]
    told = stage(compile_workspace(watching(person, events, "UTC", *circle)), 20_000 * DAY)
    told.advance(ProfileTold(told.now, told.told({"plan": "pro"})))

    ended = [one for one in told.journal if isinstance(one, j.Ended)]
    assert ended[-1].reason == "too_many_steps"
    assert told.state.enrollments == {}


@pytest.mark.parametrize("told", [{"plan": "pro"}, {"timezone": "Asia/Tokyo"}])
def test_what_was_missed_counts_though_the_timer_was_set_anew(
    told: dict[str, str], stage: Any, person: Any, events: Any
) -> None:  # O3: inputs that waited go first; what was due before them is still due
    entry = Scheduled(cron="0 9 * * *", segment=Segment("some", person.visits != 1))
    workspace = watching(person, events, "UTC", at_segment(entry, "morning"))
    script = stage(compile_workspace(workspace), 20_000 * DAY)
    script.advance(ProfileTold(script.now, script.told({"visits": 3})))
    script.now += 4 * DAY + 12 * HOUR
    script.advance(ProfileTold(script.now - HOUR, script.told(told)))
    script.advance()
    assert len(entered(script, "morning")) == 1


def test_a_step_that_fires_first_may_change_what_was_due_after_it(
    stage: Any, person: Any, events: Any
) -> None:
    """While nothing ran, a wait ended, then a date came and a segment was left: in that order."""
    joined, *_ = events
    segment = Segment("soon", person.trial_ends > ago(days(1)))
    later = datetime(2030, 1, 1, tzinfo=UTC)
    workspace = watching(
        person, events, "UTC",
        Journey("j", entry=On(joined), steps=[Wait(hours(1)), Set(person.trial_ends, later)]),
        at_segment(Leaves(segment), "out"),
        at_segment(OnDate(person.trial_ends), "date"),
    )  # fmt: skip
    told = stage(compile_workspace(workspace), 20_000 * DAY)
    ends = from_micros(told.now + 2 * HOUR)
    told.advance(ProfileTold(told.now, told.told({"trial_ends": ends})))
    told.advance(EventArrived(told.now, "joined", wire(joined()), told.now, "e1"))
    told.now += 5 * DAY
    told.advance()
    assert (entered(told, "out"), entered(told, "date")) == ([], [])
    assert next_due(told.state) == to_micros(later)


@pytest.mark.parametrize(
    "entry",
    [
        lambda person: OnDate(person.trial_ends, offset=days(20)),
        lambda person: OnDate(person.trial_ends, anniversary="feb28"),
        lambda person: Scheduled(cron="0 0 31 12 *"),
        lambda person: Scheduled(rrule="FREQ=YEARLY", at="00:00", starts=date(9998, 1, 1)),
    ],
)
def test_nothing_is_due_beyond_the_calendar(
    entry: Any, stage: Any, person: Any, events: Any
) -> None:
    workspace = watching(person, events, "UTC", at_segment(entry(person), "late"))
    told = stage(compile_workspace(workspace), to_micros(datetime(9999, 12, 30, 23, tzinfo=UTC)))
    ends = datetime(9999, 12, 31, 23, tzinfo=UTC)
    told.advance(ProfileTold(told.now, told.told({"trial_ends": ends})))
    while (due := next_due(told.state)) is not None:
        told.now = due
        told.advance()
    assert len(entered(told, "late")) <= 1


def test_a_count_says_who_is_inside(stage: Any, person: Any, events: Any) -> None:
    joined, *_ = events
    segment = Segment("often", count(joined, within=days(7)) >= 2)
    workspace = watching(
        person, events, "UTC", at_segment(Enters(segment), "in"), at_segment(Leaves(segment), "out")
    )
    told = stage(compile_workspace(workspace), 20_000 * DAY)
    told.advance(ProfileTold(told.now, {}))
    for number in range(3):
        told.now += DAY
        told.advance(EventArrived(told.now, "joined", wire(joined()), told.now, f"{number}"))
    pass_time(told, segment, told.now + 20 * DAY)

    assert entered(told, "in") == [20_002 * DAY]
    assert entered(told, "out") == [20_009 * DAY]  # the second of three leaves the window
