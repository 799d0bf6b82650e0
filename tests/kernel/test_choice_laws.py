"""Laws of choosing: the order is a permutation, the moment is the best that is open (G4, D3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Accepted,
    BestHour,
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    Simulation,
    Via,
    Workspace,
    field,
    hours,
    minutes,
)
from journeykit.kernel import (
    CustomerState,
    EventArrived,
    advance,
    decode_entries,
    decode_state,
    encode_state,
)
from journeykit.kernel import journal as j
from journeykit.kernel.engaging import HOURS, hour_of_week
from journeykit.kernel.sendtimes import smoothed
from journeykit.kernel.state import ConsentRecord, Delivered, Responses
from journeykit.machine import compile_workspace
from journeykit.testing.strategies import clock_changes
from journeykit.time import HOUR, MINUTE, SECOND, Span, Windows, from_micros, to_micros, zone

CHANNELS = ("email", "push", "sms")
lawful = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
COUNTS = st.dictionaries(st.integers(0, HOURS - 1), st.integers(1, 4), max_size=8)


class Joined(Event):
    pass


class Opened(Event):
    pass


class Person(Profile):
    channel: str | None = None
    push_enabled: bool = True


# ---- the score


@given(COUNTS)
def test_the_score_of_an_hour_is_what_the_documentation_says(counts: dict[int, int]) -> None:
    told = {0: (12, 4), 1: (6, 2), 2: (3, 1)}  # hours beside it: same weekday, another day
    scores = smoothed([counts.get(hour, 0) for hour in range(HOURS)])
    for hour in range(HOURS):
        expected = 0
        for answered, count in counts.items():
            by_clock = min((hour - answered) % 24, (answered - hour) % 24)
            in_week = min((hour - answered) % HOURS, (answered - hour) % HOURS)
            if by_clock in told:
                expected += count * told[by_clock][0 if in_week == by_clock else 1]
        assert scores[hour] == expected, hour


# ---- the moment


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """An instant near a clock change, answers, a window, quiet hours, a cap that is used up."""
    name, change = draw(st.sampled_from(clock_changes()))
    start = to_micros(change) + draw(st.integers(-40 * 60, 10 * 60)) * MINUTE
    clock = st.sampled_from(["00:00", "01:30", "02:00", "03:00", "09:15", "18:00", "22:00"])
    quiet = draw(st.none() | st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]))
    return {
        "zone": name,
        "start": start + draw(st.sampled_from([0, 1, SECOND, 17 * MINUTE])),
        "counts": draw(COUNTS),
        "within": draw(st.integers(1, 60)),
        "quiet": quiet,
        "sent": draw(st.none() | st.integers(0, 23)),
        "at_least": draw(st.integers(1, 4)),
    }


def decided(case: dict[str, Any], way: Any) -> tuple[list[j.Entry], CustomerState]:
    quiet = [QuietHours(*case["quiet"])] if case["quiet"] else []
    caps = [FrequencyCap(1, per=hours(24))] if case["sent"] is not None else []
    workspace = Workspace(
        journeys=[
            Journey(
                "j",
                entry=On(Joined),
                steps=[Send("hi", via=["email"], send_time="best", within=hours(case["within"]))],
            )
        ],
        timezone=case["zone"],
        policy=Policy(
            consent={"email": "opt-out"},
            quiet_hours=quiet,
            caps=caps,
            responses={"email": [On(Opened)]},
        ),
        send_times={"best": way},
    )
    state = CustomerState("ann")
    start = case["start"]
    if case["counts"]:
        state.responses["email"] = Responses(start, dict(case["counts"]))
    if case["sent"] is not None:
        state.ledger.append(Delivered(start - case["sent"] * HOUR, "m0", "email", "other"))
    rules = compile_workspace(workspace)
    signal = EventArrived(start, "joined", {}, start, "e1")
    decision = advance(rules, state, [signal], start, profile={})
    return decision.entries, decision.state


def is_open(case: dict[str, Any], at: int) -> bool:
    """The gate, said again in the shortest way."""
    if case["sent"] is not None and at < case["start"] - case["sent"] * HOUR + 24 * HOUR:
        return False
    if case["quiet"] is None:
        return True
    first, last = ((int(text[:2]) * 60 + int(text[3:])) * MINUTE for text in case["quiet"])
    return not Windows.of([Span(first, last)]).covers(zone(case["zone"]).wall(at))


@lawful
@given(situations())
def test_the_best_hour_is_open_and_none_that_is_open_is_better(case: dict[str, Any]) -> None:
    way = BestHour(at_least=case["at_least"])
    entries, _ = decided(case, way)
    timed = [entry for entry in entries if isinstance(entry, j.Timed)]
    start, end = case["start"], case["start"] + case["within"] * HOUR
    answers = sum(case["counts"].values())
    if not timed:  # it could not leave at all
        assert any(isinstance(entry, j.Dropped) for entry in entries)
        return
    sends = timed[0].sends
    assert start <= sends < end
    if answers < case["at_least"]:
        assert sends == start
        return
    clock = zone(case["zone"])
    scores = smoothed([case["counts"].get(hour, 0) for hour in range(HOURS)])

    def score(at: int) -> int:
        return scores[hour_of_week(clock.wall(at))]

    first_minute = start - start % MINUTE + MINUTE
    open_minutes = [
        at for at in (start, *range(first_minute, end, MINUTE)) if at < end and is_open(case, at)
    ]
    if not open_minutes:
        assert sends == start or is_open(case, sends)
        return
    best = max(map(score, open_minutes))
    if not is_open(case, sends):
        pytest.fail("the chosen instant is not open")
    assert score(sends) == best
    earliest = min(at for at in open_minutes if score(at) == best)
    assert earliest - MINUTE < sends <= earliest


@lawful
@given(situations(), st.integers(-3 * 60, 100 * 60))
def test_what_a_function_means_is_kept_within_the_window(case: dict[str, Any], by: int) -> None:
    def way(customer: Any, message: Any, window: Any) -> datetime:
        return from_micros(case["start"] + by * MINUTE)

    entries, state = decided(case, way)
    again, _ = decided(case, way)
    assert entries == again  # O4
    timed = [entry for entry in entries if isinstance(entry, j.Timed)]
    start, end = case["start"], case["start"] + case["within"] * HOUR
    for entry in timed:
        assert start <= entry.sends < end
        if start <= start + by * MINUTE < end:
            assert entry.sends == start + by * MINUTE
        held = [one for one in entries if isinstance(one, j.Held) and one.reason == "send_time"]
        assert [one.until for one in held] == ([entry.sends] if entry.sends > start else [])
    assert len(timed) <= 1
    assert encode_state(decode_state(encode_state(state))) == encode_state(state)


# ---- the order


@lawful
@given(
    via=st.permutations(CHANNELS).flatmap(lambda all_: st.integers(1, 3).map(lambda n: all_[:n])),
    by=st.sampled_from(["preferred", "last_engaged", "cheapest", "reachable"]),
    last=st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 3)),
    costs=st.fixed_dictionaries({name: st.sampled_from([0, 0.5, 1]) for name in CHANNELS}),
    named=st.sampled_from([None, "fax", *CHANNELS]),
    quiet=st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 3)),
    withdrawn=st.sets(st.sampled_from(CHANNELS)),
)
def test_the_order_is_the_written_one_sorted_by_the_rule(
    via: list[str],
    by: Any,
    last: dict[str, int],
    costs: dict[str, float],
    named: str | None,
    quiet: dict[str, int],
    withdrawn: set[str],
) -> None:
    workspace = Workspace(
        journeys=[
            Journey(
                "j",
                entry=On(Joined),
                steps=[
                    Send(
                        "hi",
                        via=Via(
                            *via, by=by, preferred=Person.channel if by == "preferred" else None
                        ),
                    )
                ],
            )
        ],
        timezone="UTC",
        profile=Person,
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            costs=costs,
            responses={name: [On(Opened)] for name in CHANNELS},
            quiet_hours=[
                QuietHours("00:00", f"{length:02}:00", channels=[name])
                for name, length in quiet.items()
            ],
        ),
    )
    start = 20_000 * 24 * HOUR  # midnight
    state = CustomerState("ann")
    for name, at in last.items():
        state.responses[name] = Responses(at)
    for name in withdrawn:
        state.consents[name] = ConsentRecord(granted=False, at=0)
    rules = compile_workspace(workspace)
    signal = EventArrived(start, "joined", {}, start, "e1")
    decision = advance(rules, state, [signal], start, profile={"channel": named})
    (entry,) = (one for one in decision.entries if isinstance(one, j.Decided))
    keys: dict[str, Callable[[str], Any]] = {
        "preferred": lambda name: name != named,
        "last_engaged": lambda name: -last.get(name, 0),
        "cheapest": lambda name: costs[name],
        "reachable": lambda name: (1, 0) if name in withdrawn else (0, quiet.get(name, 0)),
    }

    assert sorted(entry.via) == sorted(via)
    ranks = [(keys[by](name), via.index(name)) for name in entry.via]
    assert ranks == sorted(ranks)
    assert entry.channel == entry.via[0]
    for message in decision.state.messages.values():
        assert message.via[message.route] == message.channel


RECEIPTS = st.sampled_from(
    [
        Accepted(),
        Rejected("no", dead_address=False),
        Rejected("dead"),
        Retry("busy", after=timedelta(hours=1)),
    ]
)


@lawful
@given(
    via=st.permutations(CHANNELS),
    by=st.sampled_from(["preferred", "reachable"]),
    choice=st.sampled_from(["hold", "skip", "next"]),
    send_time=st.booleans(),
    said=st.dictionaries(st.sampled_from(CHANNELS), st.lists(RECEIPTS, max_size=4)),
    told=st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=4),
)
def test_one_message_has_one_key_and_one_outcome(  # D2, D3
    via: list[str],
    by: Any,
    choice: Any,
    send_time: bool,
    said: dict[str, list[Any]],
    told: list[tuple[int, bool]],
) -> None:
    rule = Via(*via, by=by, preferred=Person.channel if by == "preferred" else None)
    timing: dict[str, Any] = {"send_time": "later", "within": hours(9)} if send_time else {}
    workspace = Workspace(
        journeys=[
            Journey("j", entry=On(Joined), steps=[Send("hi", via=rule, on_quiet=choice, **timing)])
        ],
        timezone="UTC",
        profile=Person,
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            reachable={"push": field(Person.push_enabled) == True},  # noqa: E712
            quiet_hours=[QuietHours("11:30", "13:00", channels=["sms"])],
        ),
        send_times={"later": lambda customer, message, window: window.end - timedelta(hours=8)},
    )
    sim = Simulation(workspace, at="2026-03-02 11:00", tz="UTC")
    for name, receipts in said.items():
        sim.channel(name).answer(*receipts)
    ann = sim.customer("ann", {"channel": "sms"})
    ann.track(Joined())
    for gap, enabled in told:
        sim.advance(minutes(gap))
        ann.tell({"push_enabled": enabled})
    sim.advance(hours(200))

    entries = sim.runner.journal("ann")
    (decided,) = (one for one in entries if isinstance(one, j.Decided))
    handed = [m for name in CHANNELS for m in sim.channel(name).handed_over]
    assert {m.key for m in handed} <= {decided.message}
    answers = [one.answer for one in entries if isinstance(one, j.Answered)]
    dropped = sum(isinstance(one, j.Dropped) for one in entries)
    assert answers.count("accepted") + answers.count("failed") + dropped == 1
    assert len(ann.messages) == answers.count("accepted")
    routes = [0, *(one.route for one in entries if isinstance(one, j.Rerouted))]
    assert [decided.via[route] for route in routes] == [
        decided.channel, *(one.channel for one in entries if isinstance(one, j.Rerouted))
    ]  # fmt: skip
    assert sum(isinstance(one, j.Timed) for one in entries) <= 1
    if choice != "next":
        assert routes == sorted(set(routes))
    assert not ann.held


def test_what_was_written_before_there_were_rules_can_be_read() -> None:
    (entry,) = decode_entries(b'[["decide",1,"m","r","hi","email","",0,false,null]]')
    assert isinstance(entry, j.Decided)
    assert entry.via == ()
    state = decode_state(
        b'{"id":"ann","messages":{"m":{"id":"m","enrollment":"r","journey":"j","template":"hi",'
        b'"channel":"email","decided":1}}}'
    )
    assert (state.messages["m"].via, state.messages["m"].sends, state.responses) == ((), None, {})
