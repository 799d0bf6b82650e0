"""Each row ends up with a person, among the repeats, or among the bad rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.errors import (
    InputError,
    InvalidEventError,
    NaiveInstantError,
    UnknownCustomerError,
    UnknownEventError,
    UnknownZoneError,
    UsageError,
)
from journeykit.machine import compile_workspace
from journeykit.model import Event, Journey, On, Policy, Send, Workspace
from journeykit.simulation import read_history
from journeykit.time import from_micros

START = datetime(2026, 3, 1, tzinfo=UTC)


class Bought(Event):
    number: int = 0


RULES = compile_workspace(
    Workspace(
        journeys=[Journey("thanks", entry=On(Bought), steps=[Send("thanks", via=["mail"])])],
        timezone="Europe/Berlin",
        policy=Policy(consent={"mail": "opt-in"}),
    )
)


def row(customer: str, minute: int, number: int = 0, id: str | None = None) -> dict[str, Any]:
    return {
        "customer_id": customer,
        "event": "bought",
        "data": {"number": number},
        "id": id,
        "occurred_at": START + timedelta(minutes=minute),
    }


rows = st.lists(
    st.builds(
        row,
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.integers(0, 1),
        st.sampled_from([None, None, "x", "y", "#bad"]),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(rows, st.booleans())
def test_no_row_gets_lost(log: list[dict[str, Any]], known: bool) -> None:  # F1
    customers = [{"customer_id": "a"}, {"customer_id": "b"}] if known else None

    history = read_history(RULES, log, customers)

    assert history.events + history.repeats + len(history.bad_events) == len(log)
    for bad in history.bad_events:
        assert log[bad.index] is bad.row


@settings(max_examples=100, deadline=None)
@given(rows)
def test_people_are_in_order_and_so_are_their_events(log: list[dict[str, Any]]) -> None:
    history = read_history(RULES, log)

    places = [(person.begins, person.customer_id) for person in history.people]
    assert places == sorted(places)
    for person in history.people:
        instants = [one.signal.received for one in person.events]
        assert instants == sorted(instants)
        assert person.begins == instants[0]
        assert all(signal.received == person.begins for signal in person.told)


@settings(max_examples=100, deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_ids_depend_on_the_rows_not_on_their_order(log: list[dict[str, Any]], random: Any) -> None:
    log = [one for one in log if one["id"] is None]
    mixed = list(log)
    random.shuffle(mixed)

    def ids(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
        people = read_history(RULES, rows).people
        return {(p.customer_id, one.signal.id) for p in people for one in p.events}

    assert ids(mixed) == ids(log)
    assert len(ids(log)) == len(log)  # equal rows are two events, not one


def test_events_of_one_instant_stay_in_the_order_of_the_log() -> None:
    log = [row("a", 5, 1), row("a", 0, 2), row("a", 5, 3), row("a", 5, 0)]

    history = read_history(RULES, log)

    assert [one.signal.data["number"] for one in history.people[0].events] == [2, 1, 3, 0]
    assert history.reordered == 1


def test_customers_without_events_begin_with_the_log() -> None:
    history = read_history(
        RULES, [row("a", 7), row("b", 3)], [{"customer_id": name} for name in "abc"]
    )

    begins = {p.customer_id: from_micros(p.begins) - START for p in history.people}
    assert begins == {
        "a": timedelta(minutes=7),
        "b": timedelta(minutes=3),
        "c": timedelta(minutes=3),
    }


@pytest.mark.parametrize(
    ("wrong", "error", "place"),
    [
        ({"occurred_at": None}, InvalidEventError, "occurred_at"),
        ({"occurred_at": datetime(2026, 3, 1)}, NaiveInstantError, "occurred_at"),
        ({"occurred_at": "2026-03-01"}, InputError, "occurred_at"),
        ({"event": "sold"}, UnknownEventError, "event"),
        ({"data": {"number": "many"}}, InvalidEventError, "bought.number"),
        ({"customer_id": ""}, UsageError, "customer_id"),
        ({"colour": "red"}, UsageError, "colour"),
    ],
)
def test_bad_events_are_named(wrong: dict[str, Any], error: type[Exception], place: str) -> None:
    history = read_history(RULES, [row("a", 0), {**row("a", 1), **wrong}])

    (bad,) = history.bad_events
    assert bad.index == 1
    assert isinstance(bad.error, error)
    assert bad.error.place == place
    assert bad.error.remedy
    assert history.events == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"attributes": {"timezone": "Mars/Base"}}, UnknownZoneError),
        ({"attributes": {"age": 7}}, InputError),
        ({"consents": ["fax"]}, InputError),
        ({"customer_id": 7}, UsageError),
        ({"customer_id": "a"}, UsageError),  # there is a row for a already
        ({"shoe": 42}, UsageError),
    ],
)
def test_bad_customers_are_named_and_their_events_refused(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    customers = [{"customer_id": "a"}, {"customer_id": "b", **wrong}]

    history = read_history(RULES, [row("a", 0), row("b", 1)], customers)

    (bad,) = history.bad_customers
    assert isinstance(bad.error, error)
    assert bad.index == 1
    assert [type(bad.error) for bad in history.bad_events] == [UnknownCustomerError]
    assert [person.customer_id for person in history.people] == ["a"]


@pytest.mark.parametrize(
    ("first", "second", "repeats", "refused"),
    [
        (row("a", 0, 1, "x"), row("a", 0, 1, "x"), 1, 0),  # equal: a repeat
        (row("a", 0, 1, "x"), row("a", 0, 2, "x"), 0, 1),  # other fields
        (row("a", 0, 1, "x"), row("a", 1, 1, "x"), 0, 1),  # another instant
        (row("a", 0, 1, "x"), row("b", 0, 1, "x"), 0, 0),  # an id belongs to its customer (O8)
        (row("a", 0, 1, None), row("a", 0, 1, None), 0, 0),  # without an id: two events
    ],
)
def test_ids_used_twice(
    first: dict[str, Any], second: dict[str, Any], repeats: int, refused: int
) -> None:
    history = read_history(RULES, [first, second])

    assert (history.repeats, len(history.bad_events)) == (repeats, refused)


@pytest.mark.parametrize(
    ("log", "customers"),
    [
        ([row("a", 0, 1, "x")], None),
        ([row("a", 0, 2, "x"), row("b", 0)], None),
        ([row("a", 1, 1, "x"), row("b", 0)], None),
        ([row("a", 0, 1, "x"), row("b", 0)], [{"customer_id": "a"}, {"customer_id": "b"}]),
        (
            [row("a", 0, 1, "x"), row("b", 0)],
            [{"customer_id": "a", "consents": ["mail"]}, {"customer_id": "b"}],
        ),
    ],
)
def test_other_histories_have_other_digests(
    log: list[dict[str, Any]], customers: list[dict[str, Any]] | None
) -> None:
    plain = [row("a", 0, 1, "x"), row("b", 0)]

    assert read_history(RULES, plain).digest() == read_history(RULES, plain[::-1]).digest()
    if customers == [{"customer_id": "a"}, {"customer_id": "b"}]:  # known with nothing told
        assert read_history(RULES, log, customers).digest() == read_history(RULES, plain).digest()
    else:
        assert read_history(RULES, log, customers).digest() != read_history(RULES, plain).digest()


def test_an_empty_log_is_an_empty_history() -> None:
    history = read_history(RULES, [])

    assert (history.people, history.events, history.begins, history.ends) == ([], 0, None, None)
