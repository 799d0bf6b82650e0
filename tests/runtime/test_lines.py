"""When does a channel rest, and for how long?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import Accepted, Rejected, Retry, days, hours, minutes, seconds
from journeykit.errors import UsageError
from journeykit.ports import Circuit, Delivery, Receipt
from journeykit.runtime.lines import Line, Lines
from journeykit.time import MINUTE, SECOND

NOW = 1_772_000_000 * SECOND
FAILS = Retry("down")
NAMED = Retry("busy", after=timedelta(seconds=30))


def line(after: int = 3, **spans: Any) -> Line:
    return Line("email", Delivery(circuit=Circuit(after=after, **spans)))


def learn(one: Line, *receipts: Receipt, now: int = NOW) -> None:
    for receipt in receipts:
        delay = receipt.after if isinstance(receipt, Retry) else None
        micros = delay // timedelta(microseconds=1) if isinstance(delay, timedelta) else None
        one.learn(receipt, micros, now)


def rests(one: Line, now: int = NOW) -> tuple[str, int] | None:
    found = one.rests(now)
    return None if found is None else (found.reason, (found.until - now) // SECOND)


@pytest.mark.parametrize(
    ("receipts", "rest"),
    [
        ([FAILS] * 2, None),
        ([FAILS] * 3, ("circuit_open", 60)),
        ([FAILS, FAILS, Accepted(), FAILS, FAILS], None),
        ([FAILS, FAILS, Rejected("no"), FAILS], None),
        ([FAILS, FAILS, NAMED, FAILS], None),
        ([NAMED] * 9, None),
        ([None, "ok", 7], ("circuit_open", 60)),  # what is no receipt tells of nothing good
    ],
)
def test_a_row_of_failures_opens_the_circuit(receipts: Any, rest: Any) -> None:
    one = line()
    learn(one, *receipts)
    assert rests(one) == rest
    assert one.is_trying == (rest is not None)


def test_a_channel_without_a_circuit_never_rests() -> None:
    one = Line("email", Delivery())
    learn(one, *[FAILS] * 1000)
    assert rests(one) is None


def test_it_rests_twice_as_long_each_time_up_to_the_longest() -> None:
    one = line(pause=minutes(1), longest=minutes(5))
    learn(one, *[FAILS] * 3)
    pauses, now = [], NOW
    for _ in range(5):
        found = one.rests(now)
        assert found is not None
        pauses.append((found.until - now) // MINUTE)
        now = found.until
        assert one.rests(now) is None  # its end excluded
        assert one.is_trying
        learn(one, FAILS, now=now)
    assert pauses == [1, 2, 4, 5, 5]


def test_an_answer_closes_it_and_begins_anew() -> None:
    one = line()
    learn(one, *[FAILS] * 3)
    later = NOW + MINUTE
    assert one.rests(later) is None
    learn(one, Accepted(), now=later)
    assert not one.is_trying
    learn(one, *[FAILS] * 2, now=later)
    assert rests(one, later) is None
    learn(one, FAILS, now=later)
    assert rests(one, later) == ("circuit_open", 60)


def test_what_was_on_its_way_when_it_opened_lengthens_nothing() -> None:
    one = line()
    learn(one, *[FAILS] * 20)
    assert rests(one) == ("circuit_open", 60)


def test_a_channel_may_ask_for_a_rest_without_a_circuit() -> None:
    one = Line("email", Delivery())
    learn(one, Retry("quota", after=timedelta(minutes=5), whole_channel=True))
    assert rests(one) == ("channel_paused", 300)
    assert not one.is_trying  # it said itself when it takes something again
    learn(one, Retry("quota", after=timedelta(minutes=1), whole_channel=True))
    assert rests(one) == ("channel_paused", 300)
    learn(one, Accepted())
    assert rests(one) == ("channel_paused", 300)
    assert rests(one, NOW + 5 * MINUTE) is None


def test_a_clock_that_goes_back_ends_a_rest() -> None:
    """O9: an hour back is not an hour more."""
    one = line()
    learn(one, *[FAILS] * 3)
    assert rests(one, NOW - 1) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FAILS, NAMED, Accepted(), Rejected()]),
            st.integers(-2 * MINUTE, 40 * MINUTE),
        )
    )
)
def test_no_rest_is_longer_than_the_longest(steps: list[tuple[Receipt, int]]) -> None:
    one, now = line(longest=minutes(30)), NOW
    for receipt, passes in steps:
        now += passes
        found = one.rests(now)
        assert found is None or now < found.until <= now + 30 * MINUTE
        learn(one, receipt, now=now)


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: Circuit(after=0), "Circuit.after"),
        (lambda: Circuit(after=True), "Circuit.after"),
        (lambda: Circuit(pause=seconds(0)), "Circuit.pause"),
        (lambda: Circuit(pause=timedelta(seconds=-1)), "Circuit.pause"),
        (lambda: Circuit(longest=60), "Circuit.longest"),  # type: ignore[arg-type]
        (lambda: Delivery(concurrency=0), "Delivery.concurrency"),
        (lambda: Delivery(batch=1.5), "Delivery.batch"),  # type: ignore[arg-type]
        (lambda: Delivery(on_unknown="drop"), "Delivery.on_unknown"),  # type: ignore[arg-type]
        (lambda: Delivery(circuit=3), "Delivery.circuit"),  # type: ignore[arg-type]
        (lambda: Retry("x", whole_channel=True), "Retry.after"),
        (lambda: Lines({}, {"email": Delivery()}), "delivery['email']"),
        (lambda: Lines({"email": object()}, {"email": 8}), "delivery['email']"),  # type: ignore
        (
            lambda: Lines({"email": object()}, {"email": Delivery(batch=2)}),  # type: ignore
            "delivery['email'].batch",
        ),
    ],
)
def test_what_cannot_be_is_refused(make: Any, place: str) -> None:
    """F1."""
    with pytest.raises(UsageError) as caught:
        make()
    assert caught.value.place == place
    assert caught.value.remedy


@pytest.mark.parametrize("span", [days(1), hours(1), minutes(2), timedelta(seconds=5)])
def test_spans_of_both_kinds_will_do(span: Any) -> None:
    one = line(pause=span, longest=days(2))
    learn(one, *[FAILS] * 3)
    assert rests(one) is not None
