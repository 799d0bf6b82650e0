"""Entries, states and ids: what survives its bytes, and what a repeated cause does."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import Always, Event, Journey, On, Policy, Send, Wait, WaitFor, Workspace, days
from journeykit.kernel import (
    CancelAsked,
    CustomerState,
    EnrollAsked,
    EventArrived,
    GateClosed,
    advance,
    apply,
    decode_entries,
    decode_state,
    derived_id,
    encode_entries,
    encode_state,
    fraction,
    replay,
)
from journeykit.kernel import journal as j
from journeykit.kernel.fold import APPLY
from journeykit.machine import compile_workspace
from journeykit.time import DAY

NOW = 1_772_442_000_000_000
KINDS = get_args(j.AnyEntry)


class Begun(Event):
    cart: str | None = None


class Paid(Event):
    cart: str = "a"


def rules(*steps: Any, **more: Any) -> Any:
    journey = Journey(
        "j", **{"entry": On(Begun), "reentry": Always(), "steps": steps or [Wait(days(1))], **more}
    )
    return compile_workspace(
        Workspace(journeys=[journey], timezone="UTC", events=[Begun, Paid],
                  policy=Policy(consent={"email": "opt-out"}))
    )  # fmt: skip


def begun(number: int = 1, at: int = NOW, **data: Any) -> EventArrived:
    return EventArrived(at, "begun", {"cart": None, **data}, NOW, f"e{number}")


# ---- the journal


def test_every_kind_of_entry_can_be_applied() -> None:
    assert set(APPLY) == set(KINDS)


def test_tags_are_different_and_short() -> None:
    tags = [kind.__struct_config__.tag for kind in KINDS]
    assert len(set(tags)) == len(tags)
    assert all(str(tag).islower() for tag in tags)


AT, TEXT = st.integers(0, 1 << 55), st.text(max_size=5)
DATA = st.dictionaries(TEXT, st.none() | st.booleans() | AT | TEXT | st.floats(-1e9, 1e9))
ENTRIES = st.one_of(
    st.builds(j.Received, AT, TEXT, TEXT, AT, DATA),
    st.builds(j.Marked, AT, TEXT, AT, st.none() | DATA),
    st.builds(j.Moved, AT, TEXT, TEXT, TEXT, st.none() | AT, st.none() | AT),
    st.builds(j.Foreseen, AT, TEXT, st.none() | AT),
    st.builds(j.Forgot, AT, AT, AT, st.dictionaries(TEXT, AT)),
    st.builds(j.Held, AT, TEXT, st.none() | AT, TEXT, DATA),
)


@given(st.lists(ENTRIES, max_size=4))
def test_entries_survive_their_bytes(entries: list[Any]) -> None:
    assert decode_entries(encode_entries(entries)) == entries


def test_an_entry_is_an_array_that_begins_with_its_kind() -> None:
    assert encode_entries([j.Ended(5, "r", "exited", "gone")]) == b'[["end",5,"r","exited","gone"]]'


def test_a_state_of_yesterday_can_be_read() -> None:
    """Fields that were added since have their defaults; what is at its default is not written."""
    assert encode_state(CustomerState("ann")) == b'{"id":"ann"}'
    old = b'{"id":"ann","seq":3,"enrollments":{"r":{"id":"r","journey":"j","version":1,"step":"w","entered":5}}}'
    state = decode_state(old)
    assert state.enrollments["r"].leaves is None
    assert decode_state(encode_state(state)) == state


def test_a_ledger_and_an_answer_of_yesterday_can_be_read() -> None:
    """They knew no templates and no tags: no cap on either counts them."""
    old = b'{"id":"ann","ledger":[[7,"m1","email","shop","",false]]}'
    (line,) = decode_state(old).ledger
    assert (line.topic, line.template, line.tags) == ("", "", ())
    told = b'[["answer",7,"m1","email","accepted","",null,false,"shop","",false]]'
    (answer,) = decode_entries(told)
    assert isinstance(answer, j.Answered)
    assert (answer.template, answer.tags) == ("", ())


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_state(b'{"id":5}')


def test_applying_one_by_one_is_replaying() -> None:
    decision = advance(rules(), CustomerState("ann"), [begun()], NOW)
    state = CustomerState("ann")
    for entry in decision.entries:
        apply(state, entry)
    assert state == replay("ann", decision.entries) == decision.state
    assert (state.seq, state.clock) == (len(decision.entries), NOW)


# ---- ids and draws


def test_ids_and_draws_depend_on_seed_and_the_whole_cause() -> None:
    assert derived_id(b"s", "a", "b") == derived_id(b"s", "a", "b")
    assert len({derived_id(b"s", "a", "b"), derived_id(b"t", "a", "b"), derived_id(b"s", "ab"),
                derived_id(b"s", "a", "b", "")}) == 4  # fmt: skip
    assert len(derived_id(b"s", "a")) == 20
    assert 0 <= fraction(b"s", "a") < 1
    assert fraction(b"s", "a") != fraction(b"s", "b")


def test_draws_are_even() -> None:
    drawn = [fraction(b"s", str(number)) for number in range(4000)]
    for tenth in range(10):
        share = sum(tenth / 10 <= one < (tenth + 1) / 10 for one in drawn) / 4000
        assert 0.08 < share < 0.12


# ---- causes that come again


def test_the_same_cause_does_not_replace_its_open_run() -> None:  # O8
    """The store may have forgotten the id after ninety days; the run is still open."""
    made, state = rules(), CustomerState("ann")
    advance(made, state, [begun()], NOW)
    first = dict(state.enrollments)
    decision = advance(made, state, [begun(at=NOW + DAY // 2)], NOW + DAY // 2)
    assert [e.reason for e in decision.entries if isinstance(e, j.Refused)] == ["already_inside"]
    assert state.enrollments == first
    again = EventArrived(NOW + DAY // 2, "begun", {"cart": None}, NOW + 1, "e1")  # at another time
    advance(made, state, [again], NOW + DAY // 2)
    assert len(state.enrollments) == 2


def test_an_enrollment_with_an_id_is_started_once() -> None:
    made, state = rules(), CustomerState("ann")
    for _ in range(2):
        advance(made, state, [EnrollAsked(NOW, "j", None, {}, "import-1")], NOW)
    assert len(state.enrollments) == 1
    advance(made, state, [EnrollAsked(NOW, "j", None, {}, "")] * 2, NOW)
    assert len(state.enrollments) == 3


# ---- keys that are missing


def test_an_event_without_its_key_starts_nothing_and_ends_nothing() -> None:  # E1, E4
    made = rules(entry=On(Begun, key=Begun.cart), exits=On(Begun, key=Begun.cart))
    state = CustomerState("ann")
    decision = advance(made, state, [begun(1), begun(2, cart="a"), begun(3)], NOW)
    assert [e.reason for e in decision.entries if isinstance(e, j.Refused)] == ["key_missing"] * 2
    assert [run.key for run in state.enrollments.values()] == ["a"]
    assert len(state.marks) == 1, "without a key there is nothing to remember it under"


def test_cancelling_by_key_leaves_the_others() -> None:
    made = rules(entry=On(Begun, key=Begun.cart))
    state = CustomerState("ann")
    advance(made, state, [begun(1, cart="a"), begun(2, cart="b")], NOW)
    advance(made, state, [CancelAsked(NOW, "j", "a", "enough")], NOW)
    assert [run.key for run in state.enrollments.values()] == ["b"]


# ---- the doors


def test_a_tick_with_nothing_due_does_nothing() -> None:
    made, state = rules(), CustomerState("ann")
    advance(made, state, [begun()], NOW)
    body = encode_state(state)
    decision = advance(made, state, [], NOW + DAY - 1)
    assert (decision.entries, decision.put, decision.drop, decision.profile) == (
        [],
        {},
        set(),
        None,
    )
    assert encode_state(state) == body
    assert decision.next_due == NOW + DAY


def test_timers_of_this_instant_wait_where_the_host_says_so() -> None:  # O2
    made = rules(WaitFor(On(Paid), timeout=days(1)))
    state = CustomerState("ann")
    advance(made, state, [begun()], NOW)
    due = NOW + DAY
    assert advance(made, state, [], due, fire_now=False).entries == []
    paid = EventArrived(due, "paid", {"cart": "a"}, due, "p")
    outcomes = [
        e.outcome for e in advance(made, state, [paid], due).entries if isinstance(e, j.Moved)
    ]
    assert outcomes == ["event"]


def test_a_message_that_is_gone_is_only_taken_out_of_the_outbox() -> None:
    made, state = rules(Send("x", via=["email"])), CustomerState("ann")
    decision = advance(made, state, [GateClosed(NOW, "no-such-message")], NOW)
    assert (decision.entries, decision.drop) == ([], {"no-such-message"})


def test_what_nobody_can_ask_for_is_forgotten() -> None:  # O5
    made = rules(exits=On(Paid))
    state = CustomerState("ann")
    for day in range(200):
        at = NOW + day * DAY
        advance(made, state, [EventArrived(at, "paid", {"cart": "a"}, at, f"p{day}")], at)
    (marks,) = state.marks.values()
    assert 90 <= len(marks) <= 95
