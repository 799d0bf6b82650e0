"""What does each public method do? Read in the order in which a host meets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from journeykit import (
    Journey,
    MemoryStore,
    Orchestrator,
    Rejected,
    Retry,
    Send,
    Templates,
)
from journeykit.errors import DefinitionError, TemplateError, UsageError
from journeykit.runtime import Refusal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def shop(open_shop: Any) -> Any:
    shop = open_shop()
    shop.kit.identify("ann", {"first_name": "Ann", "email": "ann@example.org"})
    return shop


def test_identify_changes_only_what_is_told(shop: Any) -> None:
    shop.kit.identify("ann", {"timezone": "Asia/Tokyo"})
    ann = shop.kit.customer("ann")
    assert ann.profile["first_name"] == "Ann"
    assert ann.timezone == "Asia/Tokyo"
    shop.kit.identify("ann", shop.kit.workspace.profile(first_name="Anna"))
    assert shop.kit.customer("ann").profile["timezone"] == "Asia/Tokyo"
    assert shop.kit.customer("ann").profile["first_name"] == "Anna"
    shop.kit.identify("new")
    assert shop.kit.customer("new").timezone is None


def test_track_returns_what_it_did(shop: Any) -> None:
    entered = shop.kit.track("ann", "signed_up")
    assert entered.entered == ["welcome"]
    assert entered.moved == ["hello"]
    assert entered.customer_id == "ann"
    refused = shop.kit.track("ann", "signed_up")
    assert refused.refused == [Refusal("welcome", "already_inside")]
    assert shop.kit.track("ann", "left").ended == [("exited", "left")]
    again = shop.kit.track("ann", "signed_up")
    assert again.refused == [Refusal("welcome", "already_entered")]
    assert again.entered == []


def test_a_goal_is_counted_in_the_outcome(shop: Any) -> None:
    shop.kit.track("ann", "signed_up")
    outcome = shop.kit.track("ann", "bought")
    assert (outcome.goals, outcome.ended) == (1, [("goal", "bought")])


def test_a_repeat_in_one_batch_is_a_repeat(shop: Any) -> None:
    """O8: reported twice in one batch, as in two."""
    row = {"customer_id": "ann", "event": "signed_up", "id": "e1"}
    first, second, other = shop.kit.track_many(
        [row, row, {**row, "data": {"plan": "pro"}}]
    ).outcomes
    assert (first.repeated, second.repeated, other.conflict) == (False, True, True)
    assert (first.entered, other.entered) == (["welcome"], [])


def test_enroll_and_cancel(shop: Any) -> None:
    """E1: enrolling by call obeys the re-entry rule; the same id starts the same run."""
    assert shop.kit.enroll("ann", "cart").refused == [Refusal("cart", "key_missing")]
    assert shop.kit.enroll("ann", "cart", key="c1").entered == ["cart"]
    assert shop.kit.enroll("ann", "cart", key="c2").entered == ["cart"]
    assert [run.key for run in shop.kit.customer("ann").enrollments] == ["c1", "c2"]
    assert shop.kit.cancel("ann", "cart", key="c1", reason="asked").ended == [
        ("cancelled", "asked")
    ]
    assert shop.kit.cancel("ann", "cart").ended == [("cancelled", "cancelled")]
    assert shop.kit.cancel("ann", "cart").ended == []
    shop.tick()
    assert shop.sms.messages == []  # O3: what was not handed over is withdrawn


def test_consent_is_kept_with_its_source(open_shop: Any) -> None:
    """G7."""
    shop = open_shop(consent={"email": "opt-in", "sms": "opt-in"})
    shop.kit.identify("ann", {"email": "a@example.org"})
    shop.kit.track("ann", "signed_up")
    shop.tick()
    assert [line.reason for line in shop.kit.explain("ann") if line.kind == "drop"] == [
        "consent_missing"
    ]
    shop.kit.grant("ann", ["email", "sms"], source="form")
    shop.kit.withdraw("ann", "sms", source="stop word")
    assert shop.kit.customer("ann").consents == {"email": True, "sms": False}
    shop.clock.passes(hours=1)
    shop.tick()
    assert shop.email.templates == ["tips"]


def test_suppression_by_call(shop: Any) -> None:
    """D4."""
    shop.kit.suppress("ann", "email", reason="complaint")
    assert shop.kit.customer("ann").suppressed == {"email:ann@example.org": "complaint"}
    assert shop.kit.address_of("ann", "email") == "ann@example.org"
    assert shop.kit.address_of("ann", "sms") == "ann"
    shop.kit.unsuppress("ann", "email")
    shop.kit.suppress("ann", "email", "other@example.org")
    shop.kit.track("ann", "signed_up")
    shop.tick()
    assert shop.email.templates == ["hello"]


def test_a_dead_address_is_dead_for_every_journey(shop: Any) -> None:
    """D4."""
    shop.email.act = lambda message: Rejected("no such mailbox")
    shop.kit.track("ann", "signed_up")
    counts = shop.tick()
    assert (counts.rejected, counts.handed_over) == (1, 1)
    shop.clock.passes(hours=1)
    assert shop.tick().handed_over == 0
    assert shop.kit.customer("ann").suppressed == {"email:ann@example.org": "no such mailbox"}


def test_a_named_delay_is_kept_exactly_and_hand_overs_are_bounded(shop: Any) -> None:
    """D3."""
    shop.email.act = lambda message: Retry("busy", after=timedelta(minutes=7))
    shop.kit.track("ann", "signed_up")
    while "tips" not in shop.email.templates:
        shop.tick()
        shop.clock.at = max(shop.clock.at, shop.kit.next_due())
    hellos = [m for m in shop.email.messages if m.template == "hello"]
    assert [m.attempt for m in hellos] == list(range(1, len(hellos) + 1))
    assert {b.at - a.at for a, b in pairwise(hellos)} == {timedelta(minutes=7)}
    assert len({m.key for m in hellos}) == 1  # D2


def test_the_views_tell_how_a_customer_stands(open_shop: Any) -> None:
    from journeykit import QuietHours

    shop = open_shop(quiet_hours=[QuietHours("12:00", "14:00", channels=["sms"])])
    shop.kit.identify("ann", {"email": "a@example.org"})
    shop.kit.track("ann", "cart_updated", {"cart_id": "c1", "total": 50})
    shop.kit.track("ann", "signed_up")
    ann = shop.kit.customer("ann")
    (held,) = ann.held
    assert (held.template, held.channel, held.reason) == ("reminder", "sms", "quiet_hours")
    assert held.until == datetime(2026, 3, 2, 13, tzinfo=UTC)  # 14:00 in Berlin
    (released,) = ann.released
    assert (released.template, released.status) == ("hello", "released")
    assert {run.journey: (run.step, run.key, run.due) for run in ann.enrollments} == {
        "cart": ("reminder", "c1", None),
        "welcome": ("hello", None, None),
    }
    shop.tick()
    ann = shop.kit.customer("ann")
    assert [(sent.channel, sent.journey, sent.at) for sent in ann.sent] == [
        ("email", "welcome", NOON)
    ]
    assert [run.due for run in ann.enrollments if run.journey == "welcome"] == [
        NOON + timedelta(hours=1)
    ]
    assert shop.kit.next_due() == NOON + timedelta(hours=1)


def test_tick_counts_what_it_did(open_shop: Any) -> None:
    shop = open_shop(batch=2)
    for number in range(5):
        shop.kit.identify(f"c{number}", {"email": f"c{number}@example.org"})
        shop.kit.track(f"c{number}", "signed_up")
    assert shop.kit.next_due() == NOON
    counts = shop.tick()
    assert (counts.accepted, counts.advanced, counts.failures) == (5, 0, [])
    assert not shop.tick().did_something
    shop.clock.passes(hours=1)
    counts = shop.tick()
    assert (counts.accepted, counts.advanced) == (5, 5)
    assert shop.kit.next_due() is None


def test_what_was_given_can_be_had_back(open_shop: Any) -> None:
    store = MemoryStore()
    shop = open_shop(store=store)
    assert shop.kit.store is store
    assert shop.kit.clock is shop.clock
    assert [journey.name for journey in shop.kit.workspace.journeys] == ["welcome", "cart"]
    assert shop.kit.rules.workspace is shop.kit.workspace


# ---- what an orchestrator refuses to start with


def test_a_channel_that_is_missing_is_refused_at_the_start(open_shop: Any) -> None:
    shop = open_shop()
    with pytest.raises(DefinitionError) as caught:
        Orchestrator(shop.kit.workspace, store=MemoryStore(), channels={"email": shop.email})
    told = str(caught.value)
    assert "'sms'" in told
    assert "Journey 'cart'" in told
    assert "given are email" in told


def test_a_template_that_is_missing_is_refused_at_the_start(open_shop: Any) -> None:
    templates = Templates()
    templates.register("hello")(lambda context: "hi")
    templates.register("tip")(lambda context: "hi")
    with pytest.raises(TemplateError, match="did you mean 'tip'"):
        open_shop(renderer=templates)


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"lease": timedelta(0)}, {"lease": -timedelta(1)}])
def test_impossible_settings_are_refused(open_shop: Any, wrong: Any) -> None:
    with pytest.raises(UsageError, match="lease") as caught:
        open_shop(**wrong)
    assert caught.value.remedy


def test_a_naive_clock_is_refused(open_shop: Any) -> None:
    """T1."""
    shop = open_shop()
    shop.clock.at = datetime(2026, 3, 2, 12)
    with pytest.raises(Exception, match="clock"):
        shop.tick()


# ---- O9


def test_a_clock_that_jumps_back_fires_nothing_twice(shop: Any) -> None:
    """O9: and a timer fires when the clock shows its instant again."""
    shop.kit.track("ann", "signed_up")
    shop.tick()
    shop.clock.passes(minutes=50)
    shop.tick()
    shop.clock.passes(minutes=-45)
    assert not shop.tick().did_something
    shop.kit.track("ann", "bought", id="b")
    instants = [entry.at for entry in shop.kit.journal("ann")]
    assert instants == sorted(instants)  # O4
    shop.clock.passes(minutes=55)
    shop.tick()
    assert shop.email.templates == ["hello"]  # the goal ended it


def test_two_journeys_of_one_customer_go_in_one_batch(open_shop: Any) -> None:
    """O1: several messages of one customer, settled one after the other."""
    welcome, _ = open_shop().kit.workspace.journeys
    one = Journey("one", entry=welcome.entry, steps=[Send("a", via=["email"])])
    two = Journey("two", entry=welcome.entry, steps=[Send("b", via=["email"])])
    shop = open_shop(one, two)
    shop.kit.identify("ann", {"email": "a@example.org"})
    shop.kit.track("ann", "signed_up")
    assert shop.tick().accepted == 2
    assert sorted(shop.email.templates) == ["a", "b"]
    assert len(shop.kit.customer("ann").sent) == 2
    assert shop.kinds("ann")[-2:] == ["move", "end"]
