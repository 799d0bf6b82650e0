"""Events and profiles: classes of the host, with references where others have nothing."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, ClassVar, Generic, Literal, NewType, Optional, TypeVar, Union

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, Field, computed_field

from journeykit.errors import (
    DefinitionError,
    InvalidEventError,
    InvalidProfileError,
    NaiveInstantError,
    UnknownZoneError,
)
from journeykit.model import (
    Address,
    Attribute,
    Event,
    Profile,
    kinds_of,
    validate_event,
    validate_profile,
    wire,
)
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.testing.strategies import events, profiles

T = TypeVar("T")
CartId = NewType("CartId", str)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Line(BaseModel):
    sku: str


class EveryType(Event):
    """This module says `from __future__ import annotations`: all of these are text at first."""

    a: str
    b: int | None
    c: Decimal
    d: Optional[float]  # noqa: UP045
    e: Union[bool, None]  # noqa: UP007
    f: datetime
    g: date
    h: list[int]
    i: tuple[str, ...]
    j: dict[str, int]
    k: Line
    m: list[Line]
    n: Literal["x", "y"]
    o: Literal[1, 2]
    p: Literal["x", 1]
    q: Colour
    r: Size
    s: Mixed
    t: CartId
    u: Annotated[Decimal, Field(gt=0)]
    v: int | str
    w: Any
    x: Literal["x"] | None = None


def reference(name: str, cls: Any = EveryType) -> Attribute[Any]:
    found = getattr(cls, name)
    assert isinstance(found, Attribute)
    return found


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("a n q t x", "text"),
        ("b o r", "integer"),
        ("c u", "decimal"),
        ("d", "float"),
        ("e", "boolean"),
        ("f", "instant"),
        ("g", "date"),
        ("h i m", "list"),
        ("j k p s v w", "json"),  # no one kind: it can only be asked whether it exists
    ],
)
def test_kinds_are_read_off_the_annotations(names: str, kind: str) -> None:
    for name in names.split():
        assert reference(name).kind == kind, name
        assert kinds_of(EveryType)[name] == kind


def test_few_legal_values_are_known() -> None:
    assert reference("n").choices == ("x", "y")
    assert reference("q").choices == ("red", "blue")
    assert reference("r").choices == (1, 2)
    assert reference("x").choices == ("x",)
    assert reference("p").choices == ()


def test_a_class_defined_in_a_function_sees_its_own_types() -> None:
    class Local(Enum):
        HERE = "here"

    class Moved(Event):
        to: Local

    assert reference("to", Moved).choices == ("here",)


def test_a_type_that_is_defined_later_is_found_when_it_is_needed() -> None:
    class Node(Event):
        name: str
        amount: Later  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DefinitionError, match=r"Node: the type 'Later' of a field is not defined"):
        Node.amount  # noqa: B018
    globals()["Later"] = Decimal
    try:
        assert reference("amount", Node).kind == "decimal"
    finally:
        del globals()["Later"]


class Ordered(Event):
    cart: str
    amount: Decimal


class Reordered(Ordered):
    before: str


class Rereordered(Reordered, name="ordered.again"):
    amount: Decimal = Decimal(1)
    note: str = ""


def test_events_inherit_fields_and_have_their_own_names() -> None:
    names = [cls.__wire_name__ for cls in (Ordered, Reordered, Rereordered)]
    assert names == ["ordered", "reordered", "ordered.again"]
    assert repr(reference("cart", Reordered)) == "reordered.cart"
    assert repr(reference("cart", Rereordered)) == "ordered.again.cart"
    # What is required stays required: the reference is no default.
    with pytest.raises(InvalidEventError, match=r"reordered\.cart: the field is missing"):
        validate_event(Reordered, {"before": "x", "amount": 1})
    made = Rereordered(cart="c", before="b")
    assert (made.cart, made.before, made.amount) == ("c", "b", Decimal(1))


class Changed(Event, Generic[T]):
    value: T


class AgeChanged(Changed[int]):
    pass


def test_generic_events() -> None:
    assert Changed[int].__wire_name__ == "changed_int"
    assert AgeChanged.__wire_name__ == "age_changed"
    assert reference("value", AgeChanged).kind == "integer"
    assert reference("value", Changed[Decimal]).kind == "decimal"
    assert reference("value", Changed).kind == "json"


def define(*, of: type = Event, **annotations: Any) -> Any:
    """Define a subclass as a class statement would."""
    defaults = annotations.pop("defaults", {})
    body = {"__annotations__": annotations, "__module__": __name__, **defaults}
    return type(of)("Thing", (of,), body)


@pytest.mark.parametrize(
    ("write", "place", "problem"),
    [
        (lambda: define(model_dump=str), "Thing", "'model_dump' is already used"),
        (lambda: define(copy=str), "Thing", "'copy' is already used"),
        (lambda: define(addresses=str), "Thing", "'addresses' is already used"),
        (
            lambda: define(x=str, defaults={"x": Field(alias="y")}),
            "Thing.x", "an alias, or excluded",
        ),
        (
            lambda: define(x=str, defaults={"x": Field(validation_alias="y")}),
            "Thing.x", "an alias, or excluded",
        ),
        (
            lambda: define(x=str, defaults={"x": Field(exclude=True)}),
            "Thing.x", "an alias, or excluded",
        ),
        (lambda: define(x=set[str]), "Thing.x", "a set has no order"),  # O4
        (lambda: define(x=frozenset[str] | None), "Thing.x", "a set has no order"),
        (lambda: define(x=Annotated[str, Address("email")]), "Thing.x", "no address"),
        (lambda: define(of=Profile, x=str), "Thing", "'x' has no default"),
        (lambda: define(of=Profile, timezone=int, defaults={"timezone": 1}), "Thing.timezone", "not"),
        (lambda: define(of=Profile, country=str, defaults={"country": "GE"}), "Thing.country", "not"),
        (lambda: define(of=Profile, region=str, defaults={"region": "FL"}), "Thing.region", "not"),
        (
            lambda: define(
                of=Profile,
                x=Annotated[str | None, Address("sms")],
                y=Annotated[str | None, Address("sms")],
                defaults={"x": None, "y": None},
            ),
            "Thing", "'x' and 'y' are both the address",
        ),
        (
            lambda: define(
                of=Profile, x=Annotated[int | None, Address("sms")], defaults={"x": None}
            ),
            "Thing.x", "an address is text",
        ),
        (lambda: Address(""), "Address", "must have a name"),
        (lambda: Address("e mail"), "Address", "must have a name"),
    ],
)  # fmt: skip
def test_classes_that_cannot_work_are_refused(write: Any, place: str, problem: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic warns of shadowed names; we refuse them
        with pytest.raises(DefinitionError) as caught:
            write()
    assert caught.value.place == place
    assert problem in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["", "two words", "profile", "step", "ordér", "x" * 101])
def test_wire_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match="cannot be the wire name"):

        class Thing(Event, name=name):
            pass


def test_a_computed_field_is_refused() -> None:
    with pytest.raises(DefinitionError, match="'twice' is a computed field"):

        class Thing(Event):
            x: int

            @computed_field
            def twice(self) -> int:
                return 2 * self.x


def test_a_field_named_model_something_is_fine() -> None:
    class CarSold(Event):
        model_year: int
        rate: ClassVar[int] = 3

    assert reference("model_year", CarSold).kind == "integer"
    assert CarSold.rate == 3


class Reachable(Profile):
    email: Annotated[str | None, Address("email")] = None
    phone: Annotated[str, Address("sms"), Address("voice")] | None = None


def test_addresses_are_found_wherever_the_mark_stands() -> None:
    assert Reachable.addresses() == {"email": "email", "sms": "phone", "voice": "phone"}
    assert Profile.addresses() == {}
    assert repr(Address("email")) == "Address('email')"


@given(events(OrderPlaced))
@settings(max_examples=50, deadline=None)
def test_an_event_survives_its_wire_form(event: OrderPlaced) -> None:
    told = wire(event)

    assert validate_event(OrderPlaced, told) == event
    assert wire(validate_event(OrderPlaced, told)) == told


@given(profiles(Customer))
@settings(max_examples=50, deadline=None)
def test_a_profile_survives_its_wire_form(known: dict[str, Any]) -> None:
    assert validate_profile(Customer, known) == known


def test_only_what_was_given_of_a_profile_is_kept() -> None:
    assert validate_profile(Customer, {"visits": "3", "name": None}) == {"visits": 3, "name": None}


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ({"cart": "c"}, InvalidEventError, "order_placed.amount: the field is missing; give amount"),
        ({"cart": "c", "amount": "much"}, InvalidEventError, "(got 'much'); give a number as text"),
        ({"cart": 5, "amount": 1}, InvalidEventError, "order_placed.cart"),
        ({"cart": "c", "amount": 1, "paid_by": "cash"}, InvalidEventError, "one of 'card', 'inv"),
        ({"cart": "c", "amount": 1, "amuont": 2}, InvalidEventError, "did you mean 'amount'?"),
        ({"cart": "c", "amount": 1, "zzz": 2}, InvalidEventError, "the fields are cart, amount"),
        ({"cart": "c", "amount": 1, "codes": 5}, InvalidEventError, "give tuple[str, ...]"),
        ({"cart": "c", "amount": "NaN"}, InvalidEventError, "order_placed.amount"),
        ({"cart": "c", "amount": 1, "weight": float("inf")}, InvalidEventError, "weight"),
        (
            {"cart": "c", "amount": 1, "paid_at": "2026-03-01T00:00:00"},
            NaiveInstantError, "order_placed.paid_at: a datetime without a zone",
        ),  # T1
        ({}, InvalidEventError, "also order_placed.amount: the field is missing"),
    ],
)  # fmt: skip
def test_a_wrong_event_is_refused(data: Mapping[str, Any], error: Any, text: str) -> None:  # F1
    with pytest.raises(error) as caught:
        validate_event(OrderPlaced, data)
    assert text in caught.value.in_full()
    assert "pydantic" not in str(caught.value)
    assert "nput should" not in str(caught.value)
    if error is InvalidEventError:  # and the class itself says the same
        with pytest.raises(InvalidEventError) as made:
            OrderPlaced(**data)
        assert str(made.value) == str(caught.value)


@pytest.mark.parametrize(
    ("data", "error", "text"),
    [
        ({"timezone": "Mars"}, UnknownZoneError, "Mars"),  # T7
        ({"country": "USA"}, InvalidProfileError, "profile.country: there is no such country"),
        ({"country": "UK"}, InvalidProfileError, "no such country"),
        ({"region": "Florida"}, InvalidProfileError, "'Florida'); give an ISO 3166-2"),
        ({"region": "UK-ENG"}, InvalidProfileError, "profile.region"),
        ({"timezone": ""}, UnknownZoneError, "timezone"),
        ({"plann": "pro"}, InvalidProfileError, "profile.plann: there is no such field"),
        ({"visits": "many"}, InvalidProfileError, "give a whole number (default None)"),
        ({"trial_ends": datetime(2026, 3, 1)}, NaiveInstantError, "profile.trial_ends"),
        ([("visits", 3)], InvalidProfileError, "must be a mapping"),
        ({"visits": 3, "vip": "perhaps"}, InvalidProfileError, "profile.vip"),
    ],
)
def test_a_wrong_profile_is_refused_as_a_whole(data: Any, error: Any, text: str) -> None:
    with pytest.raises(error) as caught:
        validate_profile(Customer, data)
    assert text in caught.value.in_full()


def test_a_profile_that_is_made_wrongly_is_told_in_our_words() -> None:
    with pytest.raises(
        InvalidProfileError, match=r"profile\.visits: .*got str of 4 char"
    ) as caught:
        Customer(visits="many")
    assert "(got 'many')" in caught.value.in_full()


def test_instances_have_values_and_classes_have_references() -> None:
    order = OrderPlaced(cart="c", amount=Decimal(3), paid_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert order.cart == "c"
    assert order.codes == ()
    assert repr(OrderPlaced.cart) == "order_placed.cart"
    assert wire(order)["amount"] == "3"
    assert wire(order)["paid_at"] == "2026-03-01T00:00:00Z"
    assert wire(PageSeen(page="p")) == {"page": "p", "seconds": 0}
