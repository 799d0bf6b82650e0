"""A list of events, gathered for a while: its window, its length, and where it is read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    Branch,
    Content,
    Digest,
    Event,
    Exit,
    Goto,
    Hours,
    Journey,
    On,
    Policy,
    RenderContext,
    Send,
    Simulation,
    Wait,
    When,
    Workspace,
    collected,
    days,
    hours,
    minutes,
)
from journeykit.kernel import encode_state, replay
from journeykit.kernel import journal as j
from journeykit.simulation import SimulatedCustomer
from journeykit.time import HOUR


class Commented(Event):
    text: str = ""
    post: str = "p"


class Joined(Event):
    pass


class Shown:
    """A renderer that keeps what templates could read."""

    def __init__(self) -> None:
        self.lists: list[list[str]] = []

    def render(self, context: RenderContext) -> Content:
        found = context.collected.get("digest", [])
        self.lists.append([one["text"] for one in found])
        return Content()

    def missing(self, template: str, channel: str) -> None:
        return None


def begun(*steps: Any, entry: Any = None, at: str = "2026-03-02 09:00") -> tuple[Any, Any, Shown]:
    journey = Journey("j", entry=entry or On(Commented), steps=list(steps))
    assert Journey.from_json(journey.to_json()) == journey
    workspace = Workspace(
        journeys=[journey],
        events=[Commented, Joined],
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out"}),
    )
    shown = Shown()
    sim = Simulation(workspace, at=at, renderer=shown)
    return sim, sim.customer("ann"), shown


def check_replay(sim: Simulation) -> None:
    sim.settle()
    stored = sim.runner._store.load(["ann"], profiles=False)["ann"].body  # type: ignore[attr-defined]
    assert encode_state(replay("ann", sim.runner.journal("ann"))) == stored


def comments(sim: Any, ann: SimulatedCustomer, *gaps: float) -> None:
    """Comment a, b, c, …, each so many hours after the one before."""
    for number, gap in enumerate(gaps):
        sim.advance(hours(gap))
        ann.track(Commented(text="abcdefgh"[number]))


SEND = Send("news", via=["email"])


@pytest.mark.parametrize(
    ("options", "gaps", "lists", "at"),
    [
        # The trigger is the first; the window begins when the step is reached.
        ({}, [0, 0.5, 0.4], [["a", "b", "c"]], "10:00"),
        ({}, [0, 0.5, 0.6], [["a", "b"]], "10:00"),
        ({}, [0], [["a"]], "10:00"),
        ({}, [0, 1], [["a", "b"]], "10:00"),  # exactly at its end still counts (O2)
        ({"at_most": 2}, [0, 0.5, 0.1], [["a", "b"]], "09:30"),
        ({"at_most": 1}, [0, 0.5], [["a"]], "09:00"),
        ({"sliding": True}, [0, 0.5, 0.9], [["a", "b", "c"]], "11:24"),
        ({"sliding": True}, [0, 0.5], [["a", "b"]], "10:30"),
        ({"sliding": True, "at_most": 3}, [0, 0.5, 0.5], [["a", "b", "c"]], "10:00"),
    ],
)
def test_what_is_collected_and_when_it_is_done(
    options: Any, gaps: list[float], lists: list[list[str]], at: str
) -> None:
    sim, ann, shown = begun(Digest(On(Commented), window=hours(1), label="digest", **options), SEND)
    comments(sim, ann, *gaps)
    sim.advance(hours(3))
    assert shown.lists == lists
    (message,) = ann.messages
    assert message.at.astimezone(sim.now.tzinfo).strftime("%H:%M") == at
    check_replay(sim)


def test_a_sliding_window_ends_after_ten_of_them() -> None:
    sim, ann, shown = begun(
        Digest(On(Commented), window=minutes(30), sliding=True, label="digest"), SEND
    )
    ann.track(Commented(text="a"))
    for _ in range(20):
        sim.advance(minutes(20))
        ann.track(Commented(text="b"))
    (message,) = ann.messages
    assert message.at == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)  # five hours after 09:00
    assert len(shown.lists[0]) == 16


@pytest.mark.parametrize(
    ("gaps", "lists"),
    [
        ([], [[]]),
        ([1], [["a"]]),
        ([1, 1.5], [["a", "b"]]),  # O7: events since the entry, before the step was reached
        ([1, 0, 0, 0, 0], [["a", "b", "c"]]),  # no more than it takes
    ],
)
def test_events_before_the_step_count(gaps: list[float], lists: list[list[str]]) -> None:
    digest = Digest(On(Commented), window=hours(1), at_most=3, label="digest")
    sim, ann, shown = begun(Wait(hours(2)), digest, SEND, entry=On(Joined))
    ann.track(Joined())
    ann.track(Commented(text="old"), occurred_at="2026-03-02 08:00")  # O5
    comments(sim, ann, *gaps)
    sim.advance(hours(9))
    assert shown.lists == lists
    check_replay(sim)


def test_a_list_that_is_full_before_the_step_is_reached_ends_it_at_once() -> None:
    digest = Digest(On(Commented), window=days(1), at_most=2, label="digest")
    sim, ann, shown = begun(Wait(hours(2)), digest, SEND)
    comments(sim, ann, 0, 0, 0)
    sim.advance(hours(2))
    sim.settle()
    assert shown.lists == [["a", "b"]]
    check_replay(sim)


def test_its_condition_and_its_key_choose_what_is_collected() -> None:  # E1
    digest = Digest(
        On(Commented, where=Commented.text != "no", key=Commented.post),
        window=hours(1),
        label="digest",
    )
    sim, ann, shown = begun(digest, SEND, entry=On(Commented, key=Commented.post))
    for post, text in (("p", "no"), ("q", "q1"), ("p", "p1"), ("q", "no"), ("p", "p2")):
        ann.track(Commented(text=text, post=post))
    sim.advance(hours(1))
    sim.settle()
    assert sorted(shown.lists) == [["p1", "p2"], ["q1"]]
    check_replay(sim)


@pytest.mark.parametrize(("number", "reason"), [(1, "few"), (2, "some"), (3, "many")])
def test_its_length_is_a_number_in_conditions(number: int, reason: str) -> None:
    sim, ann, _ = begun(
        Digest(On(Commented), window=hours(1), label="digest"),
        Branch(
            When(collected("digest") >= 3, [Exit("many")]),
            When(collected("digest") == 2, [Exit("some")]),
            otherwise=[Exit("few")],
        ),
    )
    comments(sim, ann, *[0] * number)
    assert ann.reasons("end") == []  # not done yet
    sim.advance(hours(1))
    assert ann.reasons("end") == [reason]


def test_on_a_loop_each_visit_begins_a_new_list_and_nothing_is_lost() -> None:
    sim, ann, shown = begun(
        Digest(On(Commented), window=hours(1), label="digest"),
        Send("news", via=["email"], hours=[Hours("20:00", "21:00")]),
        Goto("digest", at_most=3),
    )
    comments(sim, ann, 0, 0.5, 2, 1)  # a and b within; c and d while the message is held
    sim.advance_to("20:00")
    sim.advance(hours(1))
    assert shown.lists == [["a", "b"]]
    comments(sim, ann, 0.1)
    sim.advance(days(1))
    assert shown.lists[1] == ["c", "d"]
    sim.advance(days(9))
    assert shown.lists[2:] == [["a"], []]
    check_replay(sim)


def test_a_digest_that_leads_to_itself_begins_anew() -> None:
    sim, ann, _ = begun(
        Digest(On(Commented), window=hours(1), at_most=2, label="digest"),
        Goto("digest"),
    )
    comments(sim, ann, 0, 0)
    (run,) = ann.enrollments
    assert run.step == "digest"
    comments(sim, ann, 0)
    check_replay(sim)
    sim.advance(hours(2))
    assert len(ann.enrollments) == 1
    assert [e.outcome for e in sim.runner.journal("ann") if isinstance(e, j.Moved)] == [
        "enter", "done", "done", "done"
    ]  # fmt: skip


def test_after_downtime_what_arrived_is_collected() -> None:  # O3
    sim, ann, shown = begun(Digest(On(Commented), window=hours(1), label="digest"), SEND)
    ann.track(Commented(text="a"))
    with sim.downtime():
        sim.advance(days(1))
        ann.track(Commented(text="b"))
    sim.settle()
    assert shown.lists == [["a", "b"]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.integers(0, 3 * HOUR) | st.sampled_from([0, HOUR, HOUR - 1, HOUR + 1]), max_size=12
    ),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([hours(1), days(1), minutes(7)]),
)
def test_every_event_is_in_one_list_and_in_order(
    gaps: list[int], at_most: int, sliding: bool, window: Any
) -> None:
    """On a loop without an end; only what comes to a full list before the step is left out."""
    sim, ann, shown = begun(
        Digest(On(Commented), window=window, at_most=at_most, sliding=sliding, label="digest"),
        SEND,
        Goto("digest", at_most=1000),
        at="2026-03-28 12:00",
    )
    told: list[str] = []
    for number, gap in enumerate(gaps):
        sim.clock.micros += gap
        told.append(str(number))
        ann.track(Commented(text=told[-1]))
        check_replay(sim)
    sim.advance(window + window)
    entries = sim.runner.journal("ann")
    kept = [e.data["text"] for e in entries if isinstance(e, j.Collected)]
    listed = [text for one in shown.lists for text in one]
    assert kept == told == listed
    assert all(len(one) <= at_most for one in shown.lists)
