"""A vocabulary says what classes say: both ways, and what is wrong with it is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field

from journeykit.errors import DefinitionError, InvalidEventError
from journeykit.model import (
    Address,
    Call,
    Event,
    Journey,
    On,
    Policy,
    Profile,
    Result,
    Send,
    Workspace,
    kinds_of,
    validate_event,
    validate_profile,
    wire,
)
from journeykit.model.vocabulary import FieldOf, Vocabulary, told, vocabulary_of
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Nested(BaseModel):
    a: int


class Everything(Event, name="all.of:it"):
    """A field of every kind and spelling."""

    word: str
    either: Literal["a", "b"] = "a"
    size: Literal[1, 2] = 2
    colour: Colour = Colour.RED
    maybe: int | None = None
    perhaps: Optional[float] = 0.5  # noqa: UP045
    amount: Decimal = Decimal("0.10")
    rough: float = 1e300
    yes: bool = True
    day: date = date(2028, 2, 29)
    moment: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    words: list[str] = Field(default_factory=list)
    numbers: tuple[int, ...] = (1, 2)
    days: Sequence[date] | None = None
    anything: list[Any] = Field(default_factory=lambda: [1, "a"])
    nested: Nested | None = None
    structure: dict[str, int] = Field(default_factory=lambda: {"a": 1})
    bounded: Annotated[int, Field(ge=0)] = 1


class Score(Result):
    value: int
    why: str = ""


class Caller(Profile):
    phone: Annotated[str | None, Address("sms", zone="phone_zone")] = None
    phone_zone: str | None = None
    mail: Annotated[str, Address("email")] = ""


def test_the_classes_of_a_vocabulary_say_what_it_says() -> None:
    vocabulary = vocabulary_of(Caller, [Everything, OrderPlaced], [Score])
    (everything, order), (score,) = vocabulary.event_classes, vocabulary.result_classes

    assert everything.__wire_name__ == "all.of:it"
    assert score.__wire_name__ == Score.__wire_name__
    for made, cls in ((everything, Everything), (order, OrderPlaced), (score, Score)):
        assert kinds_of(made) == kinds_of(cls)
        fields = made.model_fields
        assert [name for name in fields if fields[name].is_required()] == [
            name for name, info in cls.model_fields.items() if info.is_required()
        ]
    assert wire(everything(word="a")) == wire(Everything(word="a"))
    assert vocabulary.profile_class.addresses() == Caller.addresses()
    assert vocabulary.profile_class.address_zones() == Caller.address_zones()
    # Told again, it is the same.
    again = vocabulary_of(
        vocabulary.profile_class, vocabulary.event_classes, vocabulary.result_classes
    )
    assert again == vocabulary
    assert Vocabulary.model_validate(told(vocabulary)) == vocabulary


def test_what_was_refused_is_refused_again() -> None:
    (everything,) = vocabulary_of(Caller, [Everything]).event_classes
    good = {"word": "a", "moment": "2026-03-01T00:00:00+01:00", "amount": "1.50"}
    assert wire(validate_event(everything, good)) == wire(validate_event(Everything, good))
    for wrong in (
        {},
        {"word": 1},
        {"word": "a", "either": "c"},
        {"word": "a", "colour": "green"},
        {"word": "a", "amount": "x"},
        {"word": "a", "words": [1]},
        {"word": "a", "day": "2026-02-30"},
        {"word": "a", "maybe": "x"},
        {"word": "a", "extra": 1},
        {"word": "a", "yes": None},
    ):
        for cls in (Everything, everything):
            with pytest.raises(InvalidEventError):
                validate_event(cls, wrong)


def test_a_profile_takes_the_fields_that_every_profile_has() -> None:
    made = vocabulary_of(Customer, []).profile_class
    attributes = {"timezone": "Asia/Tbilisi", "country": "GE", "plan": "pro", "born": "2000-02-29"}
    assert validate_profile(made, attributes) == validate_profile(Customer, attributes)


def shop(**options: Any) -> Workspace:
    return Workspace(
        journeys=[
            Journey(
                "thanks",
                entry=On("order_placed", key=None),
                steps=[Call("rate", gives="score"), Send("thanks", via=["email"])],
            )
        ],
        timezone="UTC",
        policy=Policy(consent={"email": "opt-in"}),
        **options,
    )


TOLD = vocabulary_of(Customer, [OrderPlaced, PageSeen], [Score])


def test_a_workspace_needs_no_classes_where_it_has_a_vocabulary() -> None:
    made = shop(vocabulary=TOLD)

    assert made == shop(profile=made.profile, events=made.events, results=made.results)
    assert made.vocabulary is None  # it was taken for the classes
    assert set(made.event_classes) == {"order_placed", "page_seen"}
    assert set(made.result_classes) == {Score.__wire_name__}
    assert made.profile.addresses() == {"email": "email"}


def test_a_class_that_is_given_counts_before_the_vocabulary() -> None:
    made = shop(vocabulary=TOLD, profile=Caller, events=[OrderPlaced], results=[Score])

    assert made.profile is Caller
    assert made.event_classes["order_placed"] is OrderPlaced
    assert made.event_classes["page_seen"] is not PageSeen
    assert made.result_classes[Score.__wire_name__] is Score


def test_a_workspace_with_its_vocabulary_is_read_without_python() -> None:
    written = shop(profile=Customer, events=[OrderPlaced], results=[Score])
    for read in (
        Workspace.from_json(written.to_json(vocabulary=True)),
        Workspace.from_yaml(written.to_yaml(vocabulary=True)),
    ):
        assert read.canonical() == written.canonical()
        assert read.to_yaml(vocabulary=True) == written.to_yaml(vocabulary=True)
    with pytest.raises(DefinitionError, match="or its fields in vocabulary"):
        Workspace.from_json(written.to_json())


def test_it_is_short_where_there_is_no_more_to_say() -> None:
    class Seen(Event):
        page: str
        again: bool = False

    assert told(vocabulary_of(Profile, [Seen])) == {
        "events": {"seen": {"page": "text", "again": {"kind": "boolean", "default": False}}}
    }


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ({"kind": "txt"}, "Vocabulary.events.a.f.kind: there is no such choice"),
        ({}, "Vocabulary.events.a.f.kind: it is missing"),
        ({"kind": "text", "need": True}, "Vocabulary.events.a.f.need: there is no such option"),
        ({"kind": "date", "choices": ["2026-03-01"]}, "Vocabulary.events.a.f › choices: these"),
        ({"kind": "text", "choices": ["a", 1]}, "Vocabulary.events.a.f › choices: these"),
        ({"kind": "text", "items": "text"}, "Vocabulary.events.a.f › items: only a list"),
        ({"kind": "list", "items": "list"}, "Vocabulary.events.a.f.items: there is no such"),
        ({"kind": "integer", "default": "1"}, "Vocabulary.events.a.f › default: this is no de"),
        ({"kind": "boolean", "default": 1}, "Vocabulary.events.a.f › default: this is no de"),
        ({"kind": "decimal", "default": 1.5}, "Vocabulary.events.a.f › default: this is no de"),
        ({"kind": "date", "default": "2026-02-30"}, "Vocabulary.events.a.f › default: this is"),
        ({"kind": "instant", "default": "2026-03-01"}, "Vocabulary.events.a.f › default: this"),
        ({"kind": "list", "default": "ab"}, "Vocabulary.events.a.f › default: this is no def"),
        (
            {"kind": "text", "choices": ["a"], "default": "b"},
            "Vocabulary.events.a.f › default: this is no default",
        ),
        ({"kind": "text", "zone": "z"}, "Vocabulary.events.a.f › zone: zone= is that of an add"),
        ({"kind": "text", "address": "a b"}, "Vocabulary.events.a.f.address: a name has"),
        ({"kind": "text", "address": "sms"}, "Vocabulary.events › a › f: an event has no address"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(field: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Vocabulary.model_validate({"events": {"a": {"f": field}}})
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"events": {"a b": {}}}, "Vocabulary.events.a b.[key]: this cannot be the wire name"),
        ({"events": {"profile": {}}}, "Vocabulary.events › profile: this cannot be the wire name"),
        ({"results": {"a.b": {}}}, "Vocabulary.results › a.b: "),
        ({"events": {"a": {"1st": "text"}}}, "Vocabulary.events › a › 1st: '1st' cannot be"),
        ({"events": {"a": {"_x": "text"}}}, "Vocabulary.events › a › _x: '_x' cannot be"),
        ({"events": {"a": {"copy": "text"}}}, "Vocabulary.events › a: the field name 'copy'"),
        ({"profile": {"plan": "text"}}, "Vocabulary.profile: the attribute 'plan' has no default"),
        (
            {"profile": {"country": {"kind": "text", "default": ""}}},
            "Vocabulary.profile › country: ",
        ),
        (
            {"profile": {"a": {"kind": "integer", "optional": True, "address": "sms"}}},
            "Vocabulary.profile › a: an address is text",
        ),
    ],
)
def test_names_and_profiles_that_make_no_sense_are_refused(data: Any, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        Vocabulary.model_validate(data)
    assert str(caught.value).startswith(told)
    assert caught.value.remedy


def test_the_place_is_told_down_from_the_workspace() -> None:
    text = shop(profile=Customer, events=[OrderPlaced], results=[Score]).to_yaml(vocabulary=True)
    text = text.replace(
        "pieces: {kind: integer, default: 1}", "pieces: {kind: integer, default: a}"
    )
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "default: a}" in one)
    with pytest.raises(DefinitionError) as caught:
        Workspace.from_yaml(text)
    place = "Workspace.vocabulary.events.order_placed.pieces › default"
    assert str(caught.value).startswith(f"line {line}, {place}: this is no default")


def test_a_default_that_cannot_be_told_is_refused() -> None:
    class Odd(Event):
        id_: Any = Field(default_factory=lambda: object())

    with pytest.raises(DefinitionError, match=r"^Odd.id_: its default cannot be told as data"):
        vocabulary_of(Profile, [Odd])


def test_a_field_is_a_value_like_all_others() -> None:
    assert FieldOf("text") == FieldOf.model_validate({"kind": "text"})
    assert FieldOf("text") != FieldOf("text", optional=True)
