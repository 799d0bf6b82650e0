"""Conditions are written with operators, checked at once, and never answer by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from journeykit.errors import ConditionError, DefinitionError
from journeykit.model import (
    All,
    AnyOf,
    Comparison,
    Condition,
    FieldRef,
    Not,
    PastComparison,
    Profile,
    ago,
    ahead,
    count,
    exists,
    field,
    in_,
    last,
    not_,
    outcome,
    total,
)
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours


class Plan(Enum):
    FREE = "free"
    PRO = "pro"


PRO = Customer.plan == "pro"
VIP = Customer.vip == True  # noqa: E712
OLD: Any = Customer.visits


@pytest.mark.parametrize(
    ("written", "op", "kind", "value"),
    [
        (Customer.plan == "pro", "eq", "text", "pro"),
        (Customer.plan == Plan.PRO, "eq", "text", "pro"),
        (Customer.plan != "pro", "ne", "text", "pro"),
        (field(Customer.name) >= "m", "ge", "text", "m"),
        (OLD < 3, "lt", "integer", 3),
        (OLD <= 3, "le", "integer", 3),  # Python turns it round
        (OrderPlaced.amount >= 20, "ge", "decimal", "20"),
        (OrderPlaced.amount >= Decimal("20.50"), "ge", "decimal", "20.50"),
        (OrderPlaced.amount > Decimal("1E+2"), "gt", "decimal", "100"),
        (OrderPlaced.weight <= 1, "le", "float", 1.0),
        (OrderPlaced.gift == False, "eq", "boolean", False),  # noqa: E712
        (field(Customer.born) < date(2000, 1, 2), "lt", "date", "2000-01-02"),
        (
            field(Customer.trial_ends) < datetime(2026, 3, 1, 4, tzinfo=timezone(timedelta(hours=4))),
            "lt", "instant", "2026-03-01T00:00:00+00:00",
        ),
        (in_(Customer.plan, ["pro", "free"]), "in", "text", ("pro", "free")),
        (field(Customer.visits).not_in({3}), "not_in", "integer", (3,)),
        (field(Customer.name).contains("nn"), "contains", "text", "nn"),
        (field(Customer.name).startswith("A"), "starts_with", "text", "A"),
        (field(Customer.interests).contains("tea"), "contains", "list", "tea"),
        (exists(Customer.name), "exists", "text", True),
        (
            OrderPlaced.deliver_on == Customer.born,
            "eq", "date", FieldRef(of="profile", field="born", kind="date"),
        ),
        (outcome("hello") == "failed", "eq", "text", "failed"),
    ],
)  # fmt: skip
def test_a_comparison_is_kept_in_wire_form(written: Any, op: str, kind: str, value: object) -> None:
    assert isinstance(written, Comparison)
    assert (written.op, written.kind, written.value) == (op, kind, value)
    assert type(written.value) is type(value)


def test_relative_moments_count_from_now() -> None:
    trial: Any = Customer.trial_ends
    assert (trial < ago(days(3))).value.offset == days(-3)
    assert (trial < ahead(hours(2))).value.offset == hours(2)
    assert (ago(days(3)) > trial) == (trial < ago(days(3)))


def test_joining_is_flat_and_keeps_the_order() -> None:
    gift = OrderPlaced.gift == True  # noqa: E712
    assert PRO & VIP & gift == All(all=(PRO, VIP, gift))
    assert PRO & (VIP & gift) == All(all=(PRO, VIP, gift))
    assert PRO | VIP | gift == AnyOf(any=(PRO, VIP, gift))
    assert PRO | VIP & gift == AnyOf(any=(PRO, All(all=(VIP, gift))))
    assert (PRO | VIP) & gift == All(all=(AnyOf(any=(PRO, VIP)), gift))
    assert not_(PRO) == ~PRO == Not(**{"not": PRO})


def test_questions_about_the_past() -> None:
    asked: Any = count(OrderPlaced, within=days(30), where=OrderPlaced.gift == True) >= 2  # noqa: E712
    assert isinstance(asked, PastComparison)
    assert (asked.past, asked.event, asked.op, asked.value) == ("count", "order_placed", "ge", 2)
    assert asked.within == days(30)
    where: Any = OrderPlaced.deliver_on == OrderPlaced.deliver_on
    assert (count(OrderPlaced, where=where) >= 2).where == where  # type: ignore[union-attr]
    added: Any = total(OrderPlaced.amount) > 100
    assert (added.value, added.field.field, added.field.kind) == ("100", "amount", "decimal")
    never = not_(exists(last(OrderPlaced)))
    assert isinstance(never, Not)
    lapsed: Any = last(OrderPlaced) <= ago(days(60))
    assert lapsed.value.ago == days(60)
    by_name: Any = "order_placed"
    assert (count(by_name) >= 1) == (count(OrderPlaced) >= 1)


@pytest.mark.parametrize(
    "use",
    [
        lambda: bool(PRO),
        lambda: PRO and VIP,
        lambda: PRO or VIP,
        lambda: not PRO,
        lambda: 1 < OLD < 5,
        lambda: [1] if PRO else [],
    ],
)
def test_a_condition_is_no_bool(use: Any) -> None:
    with pytest.raises(ConditionError, match=r"no truth value; join conditions with & and \|"):
        use()


@pytest.mark.parametrize(
    ("use", "problem", "remedy"),
    [
        # the value does not fit the field
        (lambda: Customer.plan == "gold", "plan ==: it never has this value (got 'gold')", "'pro'"),
        (lambda: in_(Customer.plan, ["gold"]), "plan in: it never has this value", "'free', 'pro'"),
        (lambda: Customer.plan == 5, "is a text (got 5)", "a string"),
        (lambda: Customer.name == None, "is a text (got None)", "not_(exists(profile.name))"),  # noqa: E711
        (lambda: OLD >= "3", "profile.visits >=: profile.visits is an integer (got '3')", "whole"),
        (lambda: OLD >= True, "is an integer (got True)", "a whole number"),
        (lambda: OLD >= 3.5, "is an integer (got 3.5)", "a whole number"),
        (lambda: OLD >= 2**70, "is an integer", "a whole number"),
        (lambda: Customer.vip == 1, "is a boolean (got 1)", "True or False"),
        (lambda: OrderPlaced.amount >= 1.5, "is a decimal (got 1.5)", "a Decimal"),
        (lambda: OrderPlaced.amount >= "much", "is a decimal (got 'much')", '"19.90"'),
        (lambda: OrderPlaced.amount >= Decimal("NaN"), "is a decimal", "a Decimal"),
        (lambda: OrderPlaced.amount >= Decimal("1E+999"), "is a decimal", "a Decimal"),
        (lambda: OrderPlaced.weight >= float("inf"), "is a float (got inf)", "finite"),
        (lambda: field(Customer.born) > datetime(2026, 1, 1, tzinfo=UTC), "is a date", "date(2026"),
        (lambda: Customer.trial_ends == datetime(2026, 1, 1), "is an instant", "tzinfo=UTC"),  # T1
        (
            lambda: Customer.trial_ends == datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
            "is an instant", "tzinfo=UTC",
        ),
        (lambda: Customer.trial_ends == date(2026, 1, 1), "is an instant", "tzinfo=UTC"),
        (lambda: ago(days(1)) < OLD, "is an integer, and no moment", "a whole number"),
        (lambda: in_(OLD, 5), "a list of values is wanted (got 5)", "give [...]"),
        (lambda: in_(Customer.name, "abc"), "a list of values is wanted", "give [...]"),
        (lambda: in_(OLD, []), "the list is empty", "name a value"),
        # the field cannot be asked this
        (lambda: field(Customer.vip) > True, "a boolean has no order", "== or !="),
        (lambda: Customer.interests == "tea", "a list cannot be compared", "contains(item)"),
        (lambda: field(OLD).contains(5), "it contains nothing", "compare it"),
        (lambda: field(Customer.interests).startswith("t"), "only a text starts", "compare"),
        (lambda: field(Customer.interests).contains(None), "a text or a whole number", "a string"),
        (lambda: field(Customer.name).contains(5), "a text contains text only", "a string"),
        (lambda: field(Customer.name).startswith(5), "a text contains text only", "a string"),
        (lambda: field(Customer.born) > Customer.trial_ends, "a date, the other an instant", "one"),
        (lambda: field(Customer.visits) >= count(OrderPlaced), "cannot be compared with a field", "constant"),
        # no field, no event, no condition
        (lambda: bool(Customer.vip), "profile.vip is a field, not its value", "profile.vip == True"),
        (lambda: field("plan"), "this is no field (got 'plan')", "Shopper.plan"),
        (lambda: exists("plan"), "this is no field (got 'plan')", "Shopper.plan"),
        (lambda: not_(True), "not_ joins conditions, and this is a bool", "compare"),
        (lambda: PRO & True, "& joins conditions, and this is a bool", "compare"),
        (lambda: True & PRO, "& joins conditions, and this is a bool", "compare"),
        (lambda: True | PRO, "| joins conditions, and this is a bool", "compare"),
        (lambda: PRO & Customer.vip, "& joins conditions", "compare"),
        (lambda: outcome("hello") == "sent", "it never has this value (got 'sent')", "'accepted'"),
        # questions about the past
        (lambda: count(Customer), "count asks about events", "count(OrderPlaced)"),
        (lambda: last(Profile), "last asks about events", "last(OrderPlaced)"),
        (lambda: bool(count(OrderPlaced)), "is a question, not a value", "count(order_placed) >= 1"),
        (lambda: count(OrderPlaced) >= "2", "count(order_placed) is an integer", "whole number"),
        (lambda: count(OrderPlaced) >= ago(days(1)), "no moment", "a whole number"),
        (lambda: count(OrderPlaced, within=5), "(within=): a window", "within=days(30)"),
        (lambda: count(OrderPlaced, where=True), "where joins conditions", "compare"),
        (lambda: count(OrderPlaced, where=PRO) >= 1, "past order_placed events", "order_placed"),
        (
            lambda: count(OrderPlaced, where=OrderPlaced.paid_at == ago(days(1))) >= 1,
            "past order_placed events", "join the rest with & outside",
        ),
        (
            lambda: count(OrderPlaced, where=count(PageSeen) >= 1) >= 1,
            "past order_placed events", "join the rest with & outside",
        ),
        (lambda: total(OrderPlaced), "total adds up a number field", "total(OrderPlaced.amount)"),
        (lambda: total(OrderPlaced.cart), "total adds up a number field", "OrderPlaced.amount"),
        (lambda: total(OLD), "total adds up a number field of an event", "OrderPlaced.amount"),
        (lambda: last(OrderPlaced) > days(3), "last(order_placed) is an instant", "tzinfo=UTC"),
        (lambda: ago("soon"), "'soon' is no ISO 8601 duration", "write P1M"),
    ],
)  # fmt: skip
def test_a_wrong_condition_is_refused_when_written(use: Any, problem: str, remedy: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        use()

    said, _, way_out = str(caught.value).partition("; ")
    assert problem in said
    assert remedy in way_out


def test_a_question_compares_with_every_operator() -> None:
    asked: Any = count(OrderPlaced)
    written: list[Any] = [asked == 1, asked != 1, asked < 1, asked <= 1, asked > 1, asked >= 1]
    assert [one.op for one in written] == ["eq", "ne", "lt", "le", "gt", "ge"]
    assert repr(asked) == "count(order_placed)"


def test_a_misspelled_field_is_named_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"Customer has no field 'plann'; did you mean 'plan'"):
        Customer.plann  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match=r"PageSeen has no field 'zzz'; it has page, seconds"):
        PageSeen.zzz  # type: ignore[attr-defined]  # noqa: B018


def test_conditions_are_values() -> None:
    assert (Customer.plan == "pro") == PRO
    assert hash(PRO) == hash(Customer.plan == "pro")
    assert PRO != VIP
    assert PRO != "pro"
    assert isinstance(PRO, Condition)
    # To Python 1 == True == 1.0; as definitions they differ.
    one = Comparison(of="profile", field="visits", kind="integer", op="eq", value=1)
    true = Comparison(of="profile", field="visits", kind="boolean", op="eq", value=True)
    assert one != true


def test_a_float_has_one_spelling() -> None:
    loaded = Comparison.model_validate(
        {"of": "order_placed", "field": "weight", "kind": "float", "op": "ge", "value": 1}
    )
    assert loaded == (OrderPlaced.weight >= 1)
    assert loaded.canonical() == (OrderPlaced.weight >= 1.0).canonical()  # type: ignore[union-attr]
