"""Is everything that is wrong refused at the door? With field, value and remedy (F1).

One line per way to be wrong: what is called, the error, and what its text must name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from journeykit import Event, Journey, MemoryStore, On, Orchestrator, Wait, Workspace, hours
from journeykit.errors import (
    FutureEventError,
    InputError,
    InvalidEventError,
    InvalidProfileError,
    JourneykitError,
    NaiveInstantError,
    UnknownChannelError,
    UnknownCustomerError,
    UnknownEventError,
    UnknownJourneyError,
    UnknownTopicError,
    UnknownZoneError,
    UsageError,
)
from journeykit.kernel import journal as j

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALF = "\ud800"  # half of a surrogate pair: Python holds it, UTF-8 does not

Call = Callable[[Any], Any]


def track(*args: Any, **options: Any) -> Call:
    return lambda kit: kit.track("ann", *args, **options)


REFUSALS: list[tuple[str, Call, type[JourneykitError], Sequence[str]]] = [
    # who
    ("no id", lambda k: k.track("", "signed_up"), UsageError, ["customer_id", "1 to 500"]),
    ("None", lambda k: k.identify(None), UsageError, ["customer_id", "None", "primary key"]),
    ("a number", lambda k: k.identify(17), UsageError, ["customer_id", "17"]),
    ("long", lambda k: k.identify("x" * 501), UsageError, ["customer_id", "500"]),
    ("half a pair", lambda k: k.identify(HALF), UsageError, ["customer_id"]),
    ("unknown", lambda k: k.track("bob", "signed_up"), UnknownCustomerError, ["'bob'", "identify"]),
    # which event
    ("no such event", track("signed_in"), UnknownEventError, ["'signed_in'", "did you mean 'signed_up'"]),
    ("far off", track("xyz"), UnknownEventError, ["'xyz'", "cart_updated", "Workspace(events="]),
    ("a class", track(int), UsageError, ["event", "instance"]),
    ("None for event", track(None), UsageError, ["event", "None"]),
    # what it holds
    ("missing field", track("cart_updated", {}), InvalidEventError, ["cart_id"]),
    ("wrong type", track("cart_updated", {"cart_id": "c", "total": "many"}), InvalidEventError, ["total", "'many'"]),
    ("extra field", track("signed_up", {"colour": "red"}), InvalidEventError, ["colour"]),
    ("no mapping", track("signed_up", ["plan"]), InvalidEventError, ["mapping", "plan"]),
    ("half a pair inside", track("signed_up", {"plan": HALF}), InvalidEventError, ["UTF-8"]),
    # its id and instant
    ("empty event id", track("signed_up", id=""), UsageError, ["id", "1 to 500"]),
    ("event id with NUL", track("signed_up", id="a\0"), UsageError, ["id", "without NUL"]),
    ("long event id", track("signed_up", id="x" * 501), UsageError, ["id", "1 to 500"]),
    ("customer id with NUL", lambda k: k.identify("a\0", {}), UsageError, ["customer_id", "without NUL"]),
    ("id of ours", track("signed_up", id="#5"), UsageError, ["id", "'#5'"]),
    ("id a number", track("signed_up", id=5), UsageError, ["id", "5"]),
    ("half a pair as id", track("signed_up", id=HALF), UsageError, ["id"]),
    ("naive", track("signed_up", occurred_at=datetime(2026, 3, 1)), NaiveInstantError, ["signed_up.occurred_at", "2026"]),
    ("text as instant", track("signed_up", occurred_at="2026-03-01T00:00Z"), InputError, ["occurred_at"]),
    ("future", track("signed_up", occurred_at=NOON + timedelta(hours=2)), FutureEventError, ["120 minutes", "future_tolerance"]),
    # the profile
    ("unknown attribute", lambda k: k.identify("ann", {"shoe_size": 43}), InvalidProfileError, ["shoe_size"]),
    ("wrong attribute", lambda k: k.identify("ann", {"first_name": 7}), InvalidProfileError, ["first_name", "7"]),
    ("unknown zone", lambda k: k.identify("ann", {"timezone": "Mars/Base"}), UnknownZoneError, ["timezone", "Mars/Base"]),
    ("no attributes", lambda k: k.identify("ann", ["x"]), InvalidProfileError, ["mapping"]),
    ("none at all", lambda k: k.identify("ann", []), InvalidProfileError, ["mapping"]),
    ("half a pair in it", lambda k: k.identify("ann", {"first_name": HALF}), InvalidProfileError, ["UTF-8"]),
    # consent and suppression
    ("no such channel", lambda k: k.grant("ann", ["fax"]), UnknownChannelError, ["'fax'", "email, sms"]),
    ("no channels", lambda k: k.withdraw("ann", None), UsageError, ["channels", "None"]),
    ("a number as channel", lambda k: k.withdraw("ann", [5]), UnknownChannelError, ["5"]),
    ("slash in topic", lambda k: k.grant("ann", ["email"], topic="a/b"), UsageError, ["topic", "'a/b'"]),
    ("empty topic", lambda k: k.grant("ann", ["email"], topic=""), UsageError, ["topic"]),
    ("unknown topic", lambda k: k.withdraw("ann", ["email"], topic="ofers"), UnknownTopicError, ["'ofers'", "topics are"]),
    ("no channel", lambda k: k.grant("ann", []), UsageError, ["no channel is named", "email"]),
    ("no channel to withdraw", lambda k: k.withdraw("ann", ()), UsageError, ["no channel is named"]),
    ("lasts nothing", lambda k: k.grant("ann", ["email"], lasts="P0D"), UsageError, ["lasts", "longer than zero"]),
    ("lasts what", lambda k: k.grant("ann", ["email"], lasts=7), UsageError, ["lasts", "no span of time"]),
    ("source", lambda k: k.grant("ann", ["email"], source=None), UsageError, ["source", "None"]),
    ("consent of nobody", lambda k: k.withdraw("bob", ["email"]), UnknownCustomerError, ["'bob'"]),
    ("suppress where", lambda k: k.suppress("ann", "fax"), UnknownChannelError, ["'fax'"]),
    ("suppress what", lambda k: k.suppress("ann", "email", 5), UsageError, ["address", "5"]),
    ("suppress whom", lambda k: k.suppress("bob", "email"), UnknownCustomerError, ["'bob'"]),
    ("suppress whose", lambda k: k.suppress("bob", "email", "b@x"), UnknownCustomerError, ["'bob'"]),
    ("unsuppress whom", lambda k: k.unsuppress("bob", "email"), UnknownCustomerError, ["'bob'"]),
    # operator's commands
    ("no such journey", lambda k: k.enroll("ann", "welcom"), UnknownJourneyError, ["'welcom'", "did you mean 'welcome'"]),
    ("journey a list", lambda k: k.cancel("ann", ["welcome"]), UnknownJourneyError, ["welcome"]),
    ("enroll whom", lambda k: k.enroll("bob", "welcome"), UnknownCustomerError, ["'bob'"]),
    ("cancel whom", lambda k: k.cancel("bob", "welcome"), UnknownCustomerError, ["'bob'"]),
    ("data no mapping", lambda k: k.enroll("ann", "welcome", data=[1]), UsageError, ["data", "[1]"]),
    ("data no JSON", lambda k: k.enroll("ann", "welcome", data={"a": object()}), UsageError, ["data.a", "JSON has no object"]),
    ("data half a pair", lambda k: k.enroll("ann", "welcome", data={"a": HALF}), UsageError, ["data.a", "surrogate"]),
    ("data of a wrong type", lambda k: k.enroll("ann", "cart", key="c1", data={"total": "much"}), InvalidEventError, ["cart_updated.total", "'much'", "whole number"]),
    ("key a number", lambda k: k.enroll("ann", "cart", key=5), UsageError, ["key", "5"]),
    ("cancel key", lambda k: k.cancel("ann", "cart", key=""), UsageError, ["key"]),
    ("long key", lambda k: k.enroll("ann", "cart", key="x" * 501), UsageError, ["key", "1 to 500"]),
    ("long reason", lambda k: k.cancel("ann", "cart", reason="x" * 10_001), UsageError, ["reason", "10000 characters"]),
    ("reason", lambda k: k.cancel("ann", "cart", reason=None), UsageError, ["reason"]),
    ("enroll id", lambda k: k.enroll("ann", "welcome", id="#1"), UsageError, ["id", "'#1'"]),
    # questions
    ("customer", lambda k: k.customer("bob"), UnknownCustomerError, ["'bob'"]),
    ("explain", lambda k: k.explain("bob"), UnknownCustomerError, ["'bob'"]),
    ("journal", lambda k: k.journal("bob"), UnknownCustomerError, ["'bob'"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error", "named"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_wrong_input_is_refused_by_name_and_nothing_is_stored(
    open_shop: Any, call: Call, error: type[JourneykitError], named: Sequence[str]
) -> None:
    """F1."""
    shop = open_shop()
    shop.kit.identify("ann", {"first_name": "Ann"})
    before = shop.store.versions(["ann", "bob"]), len(shop.store.customers())
    with pytest.raises(error) as caught:
        call(shop.kit)
    told = caught.value.in_full()
    assert [part for part in named if part not in told] == [], told
    assert caught.value.remedy, told
    assert (shop.store.versions(["ann", "bob"]), len(shop.store.customers())) == before


ODD_IDS = [
    "a", " ", "a b", "\t", "💐", "é", "e\u0301", "Ann", "ann", "a'; DROP TABLE--", "%", "_",
    "../etc", "x" * 500, "#1", "null", "{}", "ﬀ", "\u202e", "名前",
]  # fmt: skip


def test_any_text_is_an_id(open_shop: Any) -> None:
    shop = open_shop()
    for name in ODD_IDS:
        shop.kit.identify(name)
    fields = {"cart_id": "c1", "total": 20}
    for name in ODD_IDS:
        assert shop.kit.track(name, "cart_updated", fields, id="e1").entered == ["cart"], name
        assert shop.kit.track(name, "cart_updated", fields, id="e1").repeated, name
    shop.tick()
    assert sorted(m.customer_id for m in shop.sms.messages) == sorted(ODD_IDS)
    assert len(set(shop.sms.keys)) == len(ODD_IDS)


# ---- batches


def test_a_batch_does_the_good_rows_and_returns_the_bad_ones(open_shop: Any) -> None:
    """F1: nothing is lost silently."""
    shop = open_shop(batch=2)  # so that the rows fall into several commits
    shop.kit.identify_many([{"customer_id": name} for name in ("ann", "bob")])
    rows: list[Any] = [
        {"customer_id": "ann", "event": "signed_up", "id": "e1"},
        {"customer_id": "ann", "event": "signed_in"},
        {"customer_id": "nobody", "event": "signed_up"},
        {"customer_id": "bob", "event": "cart_updated", "data": {"cart_id": "c", "total": "x"}},
        {"customer_id": "bob", "event": "signed_up"},
        {"customer_id": "ann", "event": "signed_up", "id": "e1"},
        {"customer_id": "ann", "event": "left", "id": "e1"},
        {"event": "signed_up"},
        {"customer_id": "ann"},
        {"customer_id": "ann", "event": "left", "evnt": 1},
        "ann signed up",
        None,
        {"customer_id": "ann", "event": "left", "occurred_at": datetime(2026, 3, 1)},
        {"customer_id": "ann", "event": "left"},
    ]
    done = shop.kit.track_many(iter(rows))
    assert [bad.index for bad in done.bad] == [1, 2, 3, 7, 8, 9, 10, 11, 12]
    assert all(bad.row is rows[bad.index] and bad.error.remedy for bad in done.bad)
    assert [type(bad.error).__name__ for bad in done.bad] == [
        "UnknownEventError", "UnknownCustomerError", "InvalidEventError", "UsageError",
        "UsageError", "UsageError", "UsageError", "UsageError", "NaiveInstantError",
    ]  # fmt: skip
    told = [(one.customer_id, one.entered, one.repeated, one.conflict) for one in done.outcomes]
    assert told == [
        ("ann", ["welcome"], False, False),
        ("bob", ["welcome"], False, False),
        ("ann", [], True, False),
        ("ann", [], False, True),
        ("ann", [], False, False),
    ]
    assert done.done == 5


def test_rows_of_one_customer_are_applied_in_their_order(open_shop: Any) -> None:
    """O1: in one commit as in several."""
    rows = [{"customer_id": "ann", "event": name} for name in ("signed_up", "left", "bought")]
    told = []
    for batch in (1, 2, 1000):
        shop = open_shop(batch=batch)
        shop.kit.identify("ann")
        done = shop.kit.track_many(rows)
        told.append([(o.entered, [reason for _, reason in o.ended]) for o in done.outcomes])
    assert told == [[(["welcome"], []), ([], ["left"]), ([], [])]] * 3


def test_customers_come_in_batches_too(open_shop: Any) -> None:
    shop = open_shop(batch=3, consent={"email": "opt-in", "sms": "opt-in"}, topics=["offers"])
    rows: list[Any] = [
        {"customer_id": "ann", "attributes": {"first_name": "Ann"}, "consents": ["email", "sms/offers"], "source": "form"},
        {"customer_id": "bob", "attributes": {"first_nam": "Bob"}},
        {"customer_id": "cy", "consents": "email"},
        {"customer_id": "cy", "attributes": {"email": "cy@example.org"}},
        {"customer_id": "dee", "consents": ["fax"]},
        {"customer_id": "eve", "consents": [5]},
        {"name": "flo"},
        7,
        {"customer_id": "gus", "source": 3, "consents": ["email"]},
        {"customer_id": "hal"},
        {"customer_id": "ida", "consents": 5},
        {"customer_id": "jo", "consents": {"email": False}},  # no list: it says no
        {"customer_id": "kim", "consents": ["sms/"]},  # less than the whole channel was meant
        {"customer_id": "lou", "attributes": []},
    ]  # fmt: skip
    done = shop.kit.identify_many(rows)
    assert [bad.index for bad in done.bad] == [1, 4, 5, 6, 7, 8, 10, 11, 12, 13]
    assert [one.customer_id for one in done.outcomes] == ["ann", "cy", "cy", "hal"]
    assert shop.kit.customer("ann").consents == {"email": True, "sms/offers": True}
    cy = shop.kit.customer("cy")
    assert (cy.consents, cy.profile["email"]) == ({"email": True}, "cy@example.org")
    assert shop.store.customers() == ["ann", "cy", "hal"]


def test_an_empty_batch_is_fine(open_shop: Any) -> None:
    shop = open_shop()
    assert shop.kit.track_many([]).done == 0
    assert shop.kit.identify_many([]).done == 0


# ---- ids and instants of events


def test_equal_content_is_a_repeat_whatever_the_order_of_its_fields(open_shop: Any) -> None:
    """O8."""
    shop = open_shop()
    shop.kit.identify("ann")
    assert shop.kit.track("ann", "cart_updated", {"cart_id": "c1", "total": 5}, id="e1").entries
    again = shop.kit.track("ann", "cart_updated", {"total": 5, "cart_id": "c1"}, id="e1")
    assert again.repeated
    assert not again.entries
    other = shop.kit.track("ann", "cart_updated", {"cart_id": "c1", "total": 6}, id="e1")
    assert other.conflict
    assert not other.repeated
    moved = shop.kit.track(
        "ann", "cart_updated", {"cart_id": "c1", "total": 5}, id="e1", occurred_at=NOON
    )
    assert moved.conflict  # another occurred_at is another content


def test_an_event_id_belongs_to_its_customer(open_shop: Any) -> None:
    """O8."""
    shop = open_shop()
    for name in ("ann", "bob"):
        shop.kit.identify(name)
        assert shop.kit.track(name, "signed_up", id="e1").entered == ["welcome"]


def test_without_an_id_each_call_is_an_event_of_its_own(open_shop: Any) -> None:
    """O8."""
    shop = open_shop()
    shop.kit.identify("ann")
    assert shop.kit.track("ann", "signed_up").entered == ["welcome"]
    assert shop.kit.track("ann", "signed_up").refused[0].reason == "already_inside"


def test_an_instant_within_the_tolerance_is_taken(open_shop: Any) -> None:
    """O9: five minutes, unless the workspace says otherwise."""
    shop = open_shop()
    shop.kit.identify("ann")
    limit = shop.clock.at + timedelta(minutes=5)
    shop.kit.track("ann", "bought", occurred_at=limit)
    with pytest.raises(FutureEventError):
        shop.kit.track("ann", "bought", occurred_at=limit + timedelta(microseconds=1))


def test_enrolling_with_data_keeps_plain_values(open_shop: Any) -> None:
    shop = open_shop()
    shop.kit.identify("ann")
    outcome = shop.kit.enroll("ann", "welcome", data={"n": 1, "l": [1.5, None, {"a": "b"}]})
    assert outcome.entered == ["welcome"]
    assert shop.kit.enroll("ann", "welcome").refused[0].reason == "already_inside"


class Priced(Event):
    price: Decimal
    on: date | None = None
    note: str = ""


class Counted(Event):
    note: int = 0


STARTED_BY_CALL = [
    # of an entry event: its types, in its wire form; what is left out stays away
    ({"price": 20}, {"price": "20"}),
    ({"price": Decimal("2.50")}, {"price": "2.50"}),
    ({"price": "2.50", "on": date(2026, 3, 1)}, {"price": "2.50", "on": "2026-03-01"}),
    ({"on": None}, {"on": None}),
    ({}, {}),
    # of two entry events, one must take it
    ({"note": "n"}, {"note": "n"}),
    ({"note": 5}, {"note": 5}),
    ({"note": [5]}, None),
    ({"price": "much"}, None),
    ({"price": None}, None),
    ({"on": "soon", "price": 1}, None),
    # of none of them: any JSON
    ({"more": {"price": ["much"]}, "price": 1}, {"more": {"price": ["much"]}, "price": "1"}),
]


@pytest.mark.parametrize(("data", "kept"), STARTED_BY_CALL)
def test_enrolling_checks_what_an_entry_event_would_carry(data: Any, kept: Any) -> None:
    """F1: a run that was started by a call reads values of the types it was written for."""
    journey = Journey("j", entry=[On(Priced), On(Counted)], steps=[Wait(hours(1))])
    workspace = Workspace(journeys=[journey], timezone="UTC")
    kit = Orchestrator(workspace, store=MemoryStore(), channels={})
    kit.identify("ann")
    if kept is None:
        with pytest.raises(InvalidEventError):
            kit.enroll("ann", "j", data=data)
        return
    (entered,) = [e for e in kit.enroll("ann", "j", data=data).entries if isinstance(e, j.Entered)]
    assert entered.data == kept
