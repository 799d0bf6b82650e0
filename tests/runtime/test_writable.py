"""What is not JSON, too deep, too long or too large is refused at the door, and named."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import (
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    Rejected,
    Send,
    Simulation,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import InvalidEventError, InvalidProfileError, JourneykitError, UsageError
from journeykit.kernel import decode_state, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.model import Result
from journeykit.ports import Content, RenderContext
from journeykit.runtime.writable import DEPTH

HALF = "\ud800"


class Told(Event):
    text: str = ""
    number: int = 0
    share: float = 0.0
    price: Decimal = Decimal(0)
    anything: Any = None
    more: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it
    many: list[Any] = []  # noqa: RUF012


class Person(Profile):
    text: str = ""
    share: float = 0.0
    more: dict[str, Any] = {}  # noqa: RUF012


class Colour(Enum):
    RED = "red"


def shop(**more: Any) -> Workspace:
    w = Journey("w", entry=On(Told), steps=[Wait(hours(1))], max_open=1)
    return Workspace(
        journeys=[w],
        timezone="UTC",
        profile=Person,
        policy=Policy(consent={"email": "opt-out"}),
        **more,
    )


def kit(**more: Any) -> Orchestrator:
    made = Orchestrator(shop(**more), store=MemoryStore(), channels={})
    made.identify("ann", {})
    return made


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


WRONG: list[tuple[str, Any, str]] = [
    ("bytes", b"x", "JSON has no bytes"),
    ("bytearray", bytearray(b"x"), "JSON has no bytearray"),
    ("a set", {1}, "JSON has no set"),
    ("an object", object(), "JSON has no object"),
    ("a function", len, "JSON has no builtin_function_or_method"),
    ("no number", math.nan, "finite"),
    ("infinite", -math.inf, "finite"),
    ("a decimal that is none", Decimal("NaN"), "finite"),
    ("a signalling one", Decimal("sNaN"), "finite"),
    ("half a pair", HALF, "surrogate"),
    ("half a pair as key", {HALF: 1}, "surrogate"),
    ("a number as key", {1: 2}, "keys of a mapping"),
    ("too deep", nested(DEPTH + 1), f"more than {DEPTH} lists"),
    ("far too deep", nested(100_000), f"more than {DEPTH} lists"),
    ("a number without end", 10**5000, "more than 300 digits"),
]


@pytest.mark.parametrize(("wrong", "told"), [one[1:] for one in WRONG], ids=[w[0] for w in WRONG])
@pytest.mark.parametrize("within", ["itself", "mapping", "list"])
def test_F1_what_is_not_json_is_refused_and_nothing_is_stored(
    wrong: Any, told: str, within: str
) -> None:
    host = kit()
    before = host.journal("ann")
    value = {"itself": wrong, "mapping": {"a": wrong}, "list": [0, wrong]}[within]
    tries: list[tuple[Callable[[], Any], type[JourneykitError], str]] = [
        (lambda: host.track("ann", "told", {"anything": value}), InvalidEventError, "told"),
        (lambda: host.track("ann", Told(anything=value)), InvalidEventError, "told"),
        (lambda: host.track("ann", "told", {"many": [value]}), InvalidEventError, "told"),
        (lambda: host.identify("ann", {"more": {"x": value}}), InvalidProfileError, "profile"),
        (lambda: host.enroll("ann", "w", data={"free": value}), UsageError, "data"),
    ]
    for call, kind, place in tries:
        with pytest.raises(kind) as caught:
            call()
        assert told in str(caught.value)
        assert caught.value.place.startswith(f"{place}.")
    assert host.journal("ann") == before
    rows = [{"customer_id": "ann", "event": "told", "data": {"anything": value}}]
    good = {"customer_id": "ann", "event": "told"}
    outcome = host.track_many([*rows, good])
    assert (outcome.done, [bad.index for bad in outcome.bad]) == (1, [0])


def test_F1_a_typed_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(InvalidEventError, match=r"told\.number: a number of more than 300 digits"):
        kit().track("ann", "told", {"number": 10**5000})


RIGHT: list[Any] = [
    None, True, 0, -(2**64), 10**299, 1.5, "", "a\0b", "💐", [], {}, nested(DEPTH - 1),
    Decimal("1.50"), date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC), UUID(int=7), Colour.RED,
    (1, 2), {"a": {"b": [1, {"c": None}]}},
]  # fmt: skip


@pytest.mark.parametrize("value", RIGHT, ids=repr)
def test_what_json_has_is_kept_and_reads_the_same(value: Any) -> None:
    host = kit()
    host.track("ann", "told", {"anything": value, "many": [value]}, id="e1")
    host.identify("ann", {"more": {"x": value}})
    host.track("ann", "told", {"anything": value, "many": [value]}, id="e1")
    state = decode_state(host.store.load(["ann"])["ann"].body)
    assert replay("ann", host.journal("ann")) == state
    assert decode_state(encode_state(state)) == state


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(anything)
def test_F1_whatever_is_given_is_kept_as_it_is_or_refused(value: Any) -> None:
    host = kit()
    try:
        host.track("ann", "told", {"anything": value})
    except InvalidEventError as error:
        refused = error.place
    else:
        refused = ""
    if refused:
        assert refused.startswith("told.anything")
        return
    (told,) = [e for e in host.journal("ann") if isinstance(e, j.Received)]
    assert told.data["anything"] == value


def test_F1_what_is_too_large_is_refused_with_its_largest_field() -> None:
    host = kit(max_input_bytes=2000)
    for text, is_good in (("x" * 1800, True), ("x" * 2000, False), ("x" * 10_000_000, False)):
        calls: list[Callable[[], Any]] = [
            lambda text=text: host.track("ann", "told", {"text": text}),
            lambda text=text: host.identify("ann", {"text": text}),
            lambda text=text: host.enroll("ann", "w", data={"text": text}),
        ]
        for call in calls:
            if is_good:
                call()
                continue
            with pytest.raises(
                JourneykitError, match=r"more than the 2000 that are allowed"
            ) as caught:
                call()
            assert caught.value.place.endswith(".text")
            assert "max_input_bytes" in caught.value.remedy
    assert len(host.store.load(["ann"])["ann"].body) < 8000


class Answer(Result):
    text: str = ""
    more: dict[str, Any] = {}  # noqa: RUF012


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": "x" * 3000}, "more than the 2000 that are allowed"),
        (Answer(text="x" * 3000), "more than the 2000 that are allowed"),
        ({"more": {"a": {1}}}, "JSON has no set"),
        (Answer(more={"a": math.nan}), "finite"),
    ],
)
def test_F2_what_a_function_gives_is_checked_in_the_same_way(given: Any, told: str) -> None:
    from journeykit import Call

    w = Journey("w", entry=On(Told), steps=[Call("ask", gives=Answer, max_attempts=1)])
    workspace = Workspace(journeys=[w], timezone="UTC", max_input_bytes=2000)
    sim = Simulation(workspace, at="2026-03-02 10:00", functions={"ask": given})
    sim.customer("ann").track(Told())
    sim.settle()
    (parked,) = sim.runner.parked()
    assert told in parked.error


def test_what_a_provider_says_at_length_is_cut() -> None:
    w = Journey("w", entry=On(Told), steps=[Send("hi", via=["email"])])
    policy = Policy(consent={"email": "opt-out"})
    sim = Simulation(Workspace(journeys=[w], timezone="UTC", policy=policy), at="2026-03-02 10:00")
    sim.channel("email").answer(Rejected("x" * 10_000_000))
    sim.customer("ann").track(Told())
    sim.settle()
    (answer,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Answered)]
    assert answer.detail == "x" * 4000 + "…"


class Renderer:
    def __init__(self, content: Content) -> None:
        self.content = content

    def missing(self, template: str, channel: str) -> str | None:
        return None

    def render(self, context: RenderContext) -> Content:
        return self.content


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (Content(text="x" * 3000), "3011 bytes of content, of 2000 that are allowed"),
        (Content(data={"a": {1}}), "JSON has no set"),
        (Content(data={"a": math.nan}), "it must be a finite number"),
    ],
)
def test_F2_content_that_cannot_be_kept_fails_its_message(content: Content, told: str) -> None:
    w = Journey("w", entry=On(Told), steps=[Send("hi", via=["email"], max_attempts=1)])
    policy = Policy(consent={"email": "opt-out"})
    workspace = Workspace(journeys=[w], timezone="UTC", policy=policy, max_content_bytes=2000)
    sim = Simulation(workspace, at="2026-03-02 10:00", renderer=Renderer(content))
    ann = sim.customer("ann")
    ann.track(Told())
    sim.settle()
    (answer,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Answered)]
    assert (answer.answer, answer.detail) == ("failed", f"template 'hi' failed: {told}")
    assert ann.received == []
