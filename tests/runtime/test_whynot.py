"""Why not? Told from the journal, with the values that were compared when it was decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Address,
    After,
    AfterExit,
    Always,
    Branch,
    ByCall,
    Call,
    Changed,
    Enters,
    EntryCap,
    Event,
    FrequencyCap,
    Goal,
    Journey,
    Leaves,
    On,
    OnDate,
    Policy,
    Profile,
    QuietHours,
    Receipt,
    Restart,
    Scheduled,
    Segment,
    Send,
    Simulation,
    Wait,
    WaitFor,
    When,
    Workspace,
    ago,
    count,
    days,
    exists,
    hours,
    last,
    minutes,
    not_,
    total,
)
from journeykit.errors import UnknownJourneyError
from journeykit.kernel import decode_state
from journeykit.kernel import journal as j
from journeykit.runtime import WhyNot
from journeykit.runtime.hindsight import goes_by
from journeykit.runtime.whynot import why_not


class CartUpdated(Event):
    cart_id: str
    total: Decimal
    items: int = 1


class OrderPlaced(Event):
    cart_id: str
    amount: Decimal = Decimal(0)


class Shopper(Profile):
    plan: str = "free"
    visits: int | None = None
    renews: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


remind = [Wait(hours(1)), Send("reminder", via=["email"])]


def simulated(*journeys: Journey, **policy: Any) -> Simulation:
    workspace = Workspace(
        journeys=list(journeys),
        profile=Shopper,
        events=[CartUpdated, OrderPlaced],
        timezone="Asia/Tbilisi",
        policy=Policy(**{"consent": {"email": "opt-out"}, **policy}),
    )
    return Simulation(workspace, at="2026-03-01 12:00")


def cart(**options: Any) -> Journey:
    return Journey("cart", **{"entry": On(CartUpdated), "steps": remind, **options})


def ask(journey: Journey, play: Callable[[Any, Simulation], object], **policy: Any) -> WhyNot:
    sim = simulated(journey, **policy)
    ann = sim.customer("ann", {"email": "ann@example.com"})
    play(ann, sim)
    return ann.why_not(journey.name)


def updated(amount: int, cart_id: str = "c1", **more: Any) -> CartUpdated:
    return CartUpdated(cart_id=cart_id, total=Decimal(amount), **more)


def ordered(amount: int, cart_id: str = "c1") -> OrderPlaced:
    return OrderPlaced(cart_id=cart_id, amount=Decimal(amount))


def twice(ann: Any, sim: Simulation) -> None:
    ann.track(updated(30))
    ann.track(updated(30))


def through(ann: Any, sim: Simulation) -> None:
    ann.track(updated(30))
    sim.advance(hours(2))


def again(ann: Any, sim: Simulation) -> None:
    through(ann, sim)
    ann.track(updated(30))


def enough(ann: Any, sim: Simulation) -> None:
    for _ in range(9):
        ann.track(updated(1))


lapsed = Segment("lapsed", exists(last(OrderPlaced)) & (last(OrderPlaced) < ago(days(60))))
CASES: list[tuple[str, Journey, Callable[[Any, Simulation], object], str, str]] = [
    (
        "a value that is too small",
        cart(entry=On(CartUpdated, where=CartUpdated.total >= 20)),
        lambda ann, sim: ann.track(updated(12)),
        "refused",
        ("ann and cart (Asia/Tbilisi): did not enter\n"
        "  Sun 2026-03-01 12:00  cart_updated: did not enter: the condition of the entry does not hold\n"
        "    cart_updated.total >= 20 was false: total was 12"),
    ),
    (
        "a tree of conditions",
        cart(entry=On(CartUpdated, where=(CartUpdated.total >= 20) & ((Shopper.plan == "pro") | not_(CartUpdated.items == 1)) & (count(OrderPlaced) > 1))),
        lambda ann, sim: ann.track(updated(30)),
        "refused",
        ("    cart_updated.total >= 20 and (profile.plan == 'pro' or not cart_updated.items == 1) and count(order_placed) > 1 was false\n"
        "      cart_updated.total >= 20 was true: total was 30\n"
        "      profile.plan == 'pro' or not cart_updated.items == 1 was false\n"
        "        profile.plan == 'pro' was false: plan was 'free'\n"
        "        not cart_updated.items == 1 was false\n"
        "          cart_updated.items == 1 was true: items was 1\n"
        "      count(order_placed) > 1 was false: count was 0"),
    ),
    (
        "the past as it was then",
        cart(entry=On(CartUpdated, where=(total(OrderPlaced.amount, within=days(3)) > 10) & (last(OrderPlaced) < ago(days(1))))),
        lambda ann, sim: (ann.track(OrderPlaced(cart_id="a", amount=Decimal(7))), ann.track(updated(1)), ann.track(OrderPlaced(cart_id="a", amount=Decimal(70)))),
        "refused",
        ("      total(order_placed.amount) within 3 days > 10 was false: total was 7\n"
        "      last(order_placed) < 1 day ago was false: it was 2026-03-01T12:00:00+04:00, 1 day ago was 2026-02-28T12:00:00+04:00"),
    ),
    (
        "no value at all",
        cart(entry=On(CartUpdated, where=Shopper.visits > 3)),
        lambda ann, sim: (ann.track(updated(1)), ann.tell({"visits": 9})),
        "refused",
        "    profile.visits > 3 was false: visits had no value",
    ),
    (
        "a run is open",
        cart(reentry=AfterExit()),
        twice,
        "inside",
        ("  now  is inside since Sun 2026-03-01 12:00: stands at wait_1 until Sun 2026-03-01 13:00\n"
        "  Sun 2026-03-01 12:00  cart_updated: did not enter: a run is open, and the journey has no parallel ones\n"
        "    a run stands at wait_1"),
    ),
    (
        "once in a lifetime",
        cart(),
        again,
        "ended",
        ("  now  the journey is entered once in a lifetime, and was: Sun 2026-03-01 12:00\n"
        "  Sun 2026-03-01 14:00  cart_updated: did not enter: the journey is entered once in a lifetime, and was"),
    ),
    (
        "too soon",
        cart(reentry=After(days(7))),
        again,
        "ended",
        ("  now  the last entry is not long enough ago: the next may be Sun 2026-03-08 12:00\n"
        "  Sun 2026-03-01 14:00  cart_updated: did not enter: the last entry is not long enough ago: it was Sun 2026-03-01 12:00, and the next may be Sun 2026-03-08 12:00"),
    ),
    (
        "held out",
        cart(holdout=0.999999),
        lambda ann, sim: ann.track(updated(1)),
        "refused",
        "    100.00% are held out, and the draw was ",
    ),
    (
        "left already",
        cart(exits=[Shopper.plan == "pro"]),
        lambda ann, sim: (ann.tell({"plan": "pro"}), ann.track(updated(1)), ann.tell({"plan": "free"})),
        "refused",
        ("  Sun 2026-03-01 12:00  cart_updated: did not enter: the exit condition holds already\n"
        "    profile.plan == 'pro' was true: plan was 'pro'"),
    ),
    (
        "an exit by a condition",
        cart(exits=[Shopper.visits > 3]),
        lambda ann, sim: (ann.track(updated(1)), ann.tell({"visits": 5})),
        "ended",
        ("  Sun 2026-03-01 12:00  left: the exit condition holds\n"
        "    profile.visits > 3 was true: visits was 5"),
    ),
    (
        "an exit by an event",
        cart(exits=[On(OrderPlaced)]),
        lambda ann, sim: (ann.track(updated(1)), ann.track(OrderPlaced(cart_id="c9", amount=Decimal(5)))),
        "ended",
        "  Sun 2026-03-01 12:00  left: order_placed\n    order_placed: cart_id 'c9', amount '5'",
    ),
    (
        "a goal",
        cart(goal=Goal(On(OrderPlaced), name="paid")),
        lambda ann, sim: (ann.track(updated(1)), ann.track(OrderPlaced(cart_id="c9"))),
        "ended",
        "  Sun 2026-03-01 12:00  ended with its goal: paid\n    order_placed: cart_id 'c9', amount '0'",
    ),
    (
        "many refusals",
        cart(entry=On(CartUpdated, where=CartUpdated.total >= 20)),
        enough,
        "refused",
        "  Sun 2026-03-01 12:00  and before, refused for condition_false 4",
    ),
    (
        "no event of the kind",
        cart(),
        lambda ann, sim: (ann.track(OrderPlaced(cart_id="c")), ann.track(OrderPlaced(cart_id="c"))),
        "never_triggered",
        ("ann and cart (Asia/Tbilisi): nothing that starts a run has happened\n"
        "  now  no cart_updated came; what came: order_placed 2"),
    ),
    ("nothing at all", cart(), lambda ann, sim: None, "never_triggered", "no cart_updated came; no event at all did"),
    (
        "not in the segment",
        cart(entry=Enters(lapsed)),
        lambda ann, sim: ann.track(OrderPlaced(cart_id="c")),
        "never_triggered",
        ("  now  never came to belong to segment 'lapsed', and does not belong to it now\n"
        "    last(order_placed) exists and last(order_placed) < 60 days ago was false\n"
        "      last(order_placed) exists was true: it was 2026-03-01T12:00:00+04:00\n"
        "      last(order_placed) < 60 days ago was false: it was 2026-03-01T12:00:00+04:00, 60 days ago was 2025-12-31T12:00:00+04:00"),
    ),
    (
        "never left the segment",
        cart(entry=Leaves(Segment("free", Shopper.plan == "free"))),
        lambda ann, sim: None,
        "never_triggered",
        "  now  never left off belonging to segment 'free', and belongs to it now",
    ),
    (
        "no change",
        cart(entry=Changed(Shopper.plan, becomes="pro")),
        lambda ann, sim: None,
        "never_triggered",
        "  now  changed plan: it has not changed to 'pro', and is 'free'",
    ),
    (
        "a change that was refused",
        cart(entry=Changed(Shopper.plan, becomes="pro", where=Shopper.visits > 3)),
        lambda ann, sim: ann.tell({"plan": "pro", "visits": 1}),
        "refused",
        "    profile.visits > 3 was false: visits was 1",
    ),
    (
        "the moment is to come",
        cart(entry=Scheduled(cron="0 9 * * mon")),
        lambda ann, sim: None,
        "never_triggered",
        "  now  scheduled: its moment comes Mon 2026-03-02 09:00",
    ),
    (
        "there is no moment",
        cart(entry=OnDate(Shopper.renews)),
        lambda ann, sim: None,
        "never_triggered",
        "  now  on_date renews: there is no moment to come",
    ),
    (
        "a moment that is past",
        cart(entry=OnDate(Shopper.renews)),
        lambda ann, sim: ann.tell({"renews": datetime(2026, 1, 1, tzinfo=UTC)}),
        "never_triggered",
        "  now  on_date renews: there is no moment to come, for renews is 2026-01-01T00:00:00Z",
    ),
    (
        "a schedule for others",
        cart(entry=Scheduled(cron="0 9 * * mon", segment=Segment("vip", Shopper.visits > 3))),
        lambda ann, sim: (ann.tell({"visits": 1}), sim.advance(days(9))),
        "never_triggered",
        ("  now  scheduled: does not belong to segment 'vip'\n"
        "    profile.visits > 3 was false: visits was 1"),
    ),
    (
        "a schedule that will come",
        cart(entry=Scheduled(cron="0 9 * * mon", segment=Segment("vip", Shopper.visits > 3))),
        lambda ann, sim: ann.tell({"visits": 4}),
        "never_triggered",
        "  now  scheduled: its moment comes Mon 2026-03-02 09:00",
    ),
    (
        "another change",
        cart(entry=Changed(Shopper.plan, was="free", becomes=["pro", "team"])),
        lambda ann, sim: ann.tell({"plan": "old"}),
        "never_triggered",
        "  now  changed plan: it has not changed from 'free' to 'pro' or 'team', and is 'old'",
    ),
    (
        "an instant and a moment counted from now",
        cart(entry=On(CartUpdated, where=Shopper.renews < ago(days(3)))),
        lambda ann, sim: (ann.tell({"renews": datetime(2026, 3, 1, tzinfo=UTC)}), ann.track(updated(1))),
        "refused",
        "profile.renews < 3 days ago was false: renews was 2026-03-01T04:00:00+04:00, 3 days ago was 2026-02-26T12:00:00+04:00",
    ),
    (
        "an exit that came before its late trigger",
        cart(exits=[On(OrderPlaced)]),
        lambda ann, sim: (ann.track(ordered(5)), ann.track(updated(1), occurred_at=sim.now - timedelta(hours=1))),
        "refused",
        ("exit or goal that happened after the trigger came before it\n"
        "    order_placed happened Sun 2026-03-01 12:00: cart_id 'c1', amount '5'\n"
        "    the trigger, cart_updated happened Sun 2026-03-01 11:00: cart_id 'c1', total '1', items 1"),
    ),
    (
        "an event that was not the awaited one",
        cart(steps=[WaitFor(On(OrderPlaced, where=OrderPlaced.amount > 9), timeout=days(1), then=remind)]),
        lambda ann, sim: (ann.track(updated(1)), ann.track(ordered(5)), sim.advance(days(2))),
        "ended",
        ("  Mon 2026-03-02 12:00  nothing came in time\n"
        "    order_placed happened Sun 2026-03-01 12:00: cart_id 'c1', amount '5'; awaited was one where order_placed.amount > 9"),
    ),
    (
        "no event, of another run",
        cart(steps=[WaitFor(On(OrderPlaced, key=OrderPlaced.cart_id), timeout=days(1), then=remind)], entry=On(CartUpdated, key=CartUpdated.cart_id)),
        lambda ann, sim: (ann.track(updated(1)), ann.track(ordered(5, "c2")), sim.advance(days(2))),
        "ended",
        "cart_id 'c2', amount '5'; awaited was one with the cart_id of the run",
    ),
    (
        "some of all that was awaited",
        cart(steps=[WaitFor([On(OrderPlaced), Shopper.visits > 3, On(CartUpdated)], need="all", timeout=days(1), then=remind)]),
        lambda ann, sim: (ann.track(updated(1)), ann.track(ordered(5)), sim.advance(days(2))),
        "ended",
        ("nothing came in time\n    profile.visits > 3 was false: visits had no value\n"
        "    cart_updated happened Sun 2026-03-01 12:00: cart_id 'c1', total '1', items 1; awaited was a later one"),
    ),
    (
        "nothing of what was awaited",
        cart(steps=[Send("hello", via=["email"]), WaitFor([Receipt("opened", of="hello"), On(OrderPlaced)], timeout=days(1), then=remind)]),
        lambda ann, sim: (ann.track(updated(1)), sim.advance(days(2))),
        "ended",
        "nothing came in time\n    hello was not opened\n    no order_placed came since the run began",
    ),
    (
        "a goal that leads elsewhere",
        cart(steps=[*remind, Wait(days(1), label="thanks")], goal=Goal(On(OrderPlaced), goto="thanks")),
        lambda ann, sim: (ann.track(updated(1)), ann.track(ordered(5))),
        "inside",
        ("goes on where its goal leads; waits 1 day, until Mon 2026-03-02 12:00\n"
        "    order_placed happened Sun 2026-03-01 12:00: cart_id 'c1', amount '5'"),
    ),
    (
        "an exit by a receipt",
        cart(steps=[Send("hello", via=["email"]), *remind], exits=[Receipt("opened", of="reminder"), Receipt("opened", of="hello")]),
        lambda ann, sim: (ann.track(updated(1)), sim.advance(minutes(1)), ann.opens("hello")),
        "ended",
        "left: opened\n    hello was opened",
    ),
    (
        "an exit by a segment",
        cart(exits=[Leaves(Segment("free", Shopper.plan == "free")), Enters(Segment("vip", Shopper.visits > 3))]),
        lambda ann, sim: (ann.track(updated(1)), ann.tell({"visits": 5})),
        "ended",
        "left: the customer came to belong to a segment\n    profile.visits > 3 was true: visits was 5",
    ),
    (
        "an exit from a segment",
        cart(exits=[Leaves(Segment("free", Shopper.plan == "free")), Enters(Segment("vip", Shopper.visits > 3))]),
        lambda ann, sim: (ann.track(updated(1)), ann.tell({"plan": "pro"})),
        "ended",
        "left: the customer no longer belongs to a segment\n    profile.plan == 'free' was false: plan was 'pro'",
    ),
    ("by call", cart(entry=ByCall()), lambda ann, sim: None, "never_triggered", "runs begin by call alone"),
    (
        "before it opens",
        cart(opens=datetime(2026, 4, 1, tzinfo=UTC)),
        lambda ann, sim: ann.track(updated(1)),
        "refused",
        "  now  the journey takes nobody before Wed 2026-04-01 04:00",
    ),
    (
        "after it closed",
        cart(closes=datetime(2026, 2, 1, tzinfo=UTC)),
        lambda ann, sim: ann.track(updated(1)),
        "refused",
        "  now  the journey takes nobody any more, since Sun 2026-02-01 04:00",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("journey", "play", "standing", "told"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_it_is_told(
    journey: Journey, play: Callable[[Any, Simulation], object], standing: str, told: str
) -> None:  # E4
    answer = ask(journey, play)
    assert told in answer.text(), answer.text()
    assert answer.standing == standing
    assert str(answer) == answer.text()
    assert answer.complete


def test_a_message_that_waits_is_told_with_its_rule() -> None:
    night = QuietHours("12:30", "20:00")
    answer = ask(cart(), through, quiet_hours=[night])
    assert answer.standing == "inside"
    assert answer.whys[-1].kind == "held"
    assert answer.reasons == ["already_inside", "quiet_hours"]
    assert "reminder: held until Sun 2026-03-01 20:00, because it is 13:00" in answer.text()


def test_a_message_that_was_dropped_is_told_with_its_numbers() -> None:
    send = [Send("reminder", via=["email"], on_cap="skip")]
    answer = ask(
        cart(steps=send, reentry=Always()),
        twice,
        caps=[FrequencyCap(1, per=days(7))],
    )
    assert answer.whys[-1].kind == "dropped"
    assert answer.reasons[-1] == "frequency_cap"
    assert "reminder: not sent, because the cap of 1 per 7 days is used up (1 of 1" in answer.text()


def test_a_key_that_is_missing_and_other_keys() -> None:
    keyed = cart(entry=On(CartUpdated, key=CartUpdated.cart_id))
    sim = simulated(keyed)
    ann = sim.customer("ann")
    ann.track(updated(1))
    ann.track(updated(1))
    answer = ann.why_not("cart")
    assert "is inside for c1 since" in answer.text()
    ann.enroll("cart")
    assert "key_missing" in ann.why_not("cart").reasons


def test_a_call_that_failed_is_told_with_its_error() -> None:
    def score(context: Any) -> None:
        raise ZeroDivisionError

    calling = cart(steps=[Call("score", max_attempts=1, on_failure="exit"), *remind])
    workspace = Workspace(
        journeys=[calling], events=[OrderPlaced], timezone="UTC",
        policy=Policy(consent={"email": "opt-out"}),
    )  # fmt: skip
    sim = Simulation(workspace, at="2026-03-01 12:00", functions={"score": score})
    ann = sim.customer("ann")
    ann.track(updated(1))
    answer = ann.why_not("cart")
    assert answer.reasons == ["already_entered", "call_failed", "failed"]
    assert answer.whys[-1].text == "score failed for good: ZeroDivisionError from function 'score'"


def test_a_pause_is_told_with_its_reason() -> None:
    sim = simulated(cart())
    ann = sim.customer("ann")
    sim.pause("cart", reason="wrong price")
    ann.track(updated(1))
    answer = sim.why_not("ann", "cart")
    assert answer.reasons == ["paused", "paused"]
    assert "now  the journey pauses: wrong price" in answer.text()


def test_nobody_and_nothing() -> None:
    sim = simulated(cart())
    answer = sim.why_not("eve", "cart")
    assert answer == WhyNot("eve", "cart", "Asia/Tbilisi", "unknown")
    assert "nobody was identified under this id" in answer.text()
    with pytest.raises(UnknownJourneyError, match="did you mean 'cart'"):
        sim.why_not("ann", "carts")


def test_who_was_erased_is_told_as_that() -> None:  # F4
    sim = simulated(cart())
    sim.customer("ann").track(updated(1))
    sim.erase("ann")
    answer = sim.why_not("ann", "cart")
    assert (answer.standing, answer.reasons) == ("unknown", ["erased"])
    assert str(answer).endswith("the customer of this id was erased: Sun 2026-03-01 12:00")


def test_a_condition_of_an_earlier_version_is_not_told_as_the_reason() -> None:
    sim = simulated(cart(entry=On(CartUpdated, where=CartUpdated.total >= 20)))
    ann = sim.customer("ann")
    ann.track(updated(12))
    sim.publish(
        simulated(
            cart(version=2, entry=On(CartUpdated, where=CartUpdated.total >= 5))
        ).runner.workspace
    )
    answer = ann.why_not("cart")
    assert answer.reasons == ["condition_false"]
    assert answer.whys[0].explained == ()
    assert answer.whys[0].facts == ("it was another condition: that of the present version holds",)


def test_an_event_that_came_before_the_journey_was_there() -> None:
    other = Journey("other", entry=On(OrderPlaced), steps=remind)
    sim = simulated(other)
    ann = sim.customer("ann")
    ann.track(updated(12))
    sim.publish(simulated(other, cart()).runner.workspace)
    assert "now  cart_updated came once, before the journey was there" in ann.why_not("cart").text()


def test_a_trigger_that_waits_for_its_slot() -> None:
    sim = simulated(cart(entry_caps=[EntryCap(1, per="day")]))
    ann = sim.customer("ann")
    ann.track(updated(12))
    answer = sim.runner.why_not("ann", "cart")  # nothing that is due is done for it
    assert answer.standing == "waiting"
    assert answer.reasons == ["entry_waits"]
    bob = sim.customer("bob")
    bob.track(updated(12))
    assert bob.why_not("cart").reasons == ["entry_cap"]
    assert ann.why_not("cart").standing == "inside"


def test_a_journal_that_lacks_its_beginning_tells_reasons_without_values() -> None:
    sim = simulated(cart(entry=On(CartUpdated, where=CartUpdated.total >= 20), reentry=Always()))
    ann = sim.customer("ann")
    ann.track(updated(12))
    ann.track(updated(30))
    ann.cancel("cart")
    ann.track(updated(13))
    runner, entries = sim.runner, sim.runner.journal("ann")
    found = runner.store.load(["ann"], profiles=True)["ann"]
    later = entries[next(n for n, one in enumerate(entries) if isinstance(one, j.Received)) + 1 :]
    answer = why_not(
        runner._rules, "ann", "cart", later, decode_state(found.body), {}, now=later[-1].at
    )
    assert not answer.complete
    assert answer.reasons == ["condition_false", "condition_false", "cancelled"]
    assert all(not why.explained for why in answer.whys)
    assert answer.text().endswith("does not reach back far enough to tell what was compared")


def test_who_is_not_let_in_afterwards_is_told_by_the_event_of_then() -> None:
    other = Journey("other", entry=On(OrderPlaced), steps=remind)
    keyed = cart(entry=On(CartUpdated, where=CartUpdated.total >= 20, key=CartUpdated.cart_id))
    sim = simulated(other)
    ann = sim.customer("ann")
    ann.track(updated(12, "c1"))
    ann.track(updated(13, "c2"))
    ann.track(OrderPlaced(cart_id="c3"))
    sim.publish(simulated(other, keyed).runner.workspace)
    sim.backfill("cart", since="qualified")
    told = ann.why_not("cart").text()
    assert "cart_updated.total >= 20 was false: total was 12" in told
    assert "cart_updated.total >= 20 was false: total was 13" in told


@pytest.mark.parametrize(
    "entry",
    [
        On(CartUpdated),
        Changed(Shopper.plan, becomes="pro"),
        Enters(lapsed),
        Leaves(lapsed),
        Scheduled(cron="0 9 * * mon"),
        OnDate(Shopper.renews),
        ByCall(),
    ],
    ids=lambda entry: type(entry).__name__,
)
def test_entries_are_named_as_the_journal_names_them(entry: Any) -> None:
    starts = simulated(cart(entry=entry)).runner._rules.watch.starts.values()
    named = [] if isinstance(entry, On | ByCall) else [goes_by(entry)]
    assert [rule.by for rule in starts] == named


def test_the_way_that_a_branch_took_is_told() -> None:
    ways = Branch(
        When(Shopper.visits > 3, [Send("many", via=["email"])]),
        When(CartUpdated.total >= 20, [Send("dear", via=["email"])]),
        When(Shopper.plan == "pro", [Send("pro", via=["email"])]),
    )
    play: Any = lambda ann, sim: (ann.track(updated(30)), ann.tell({"visits": 9}))  # noqa: E731
    text = ask(cart(steps=[ways, Wait(days(1))]), play).text()
    assert text.splitlines()[2:] == [
        "  Sun 2026-03-01 12:00  condition 2 holds: takes the way when_2",
        "    profile.visits > 3 was false: visits had no value",
        "    cart_updated.total >= 20 was true: total was 30",
    ]
    play = lambda ann, sim: ann.track(updated(3))  # noqa: E731
    text = ask(cart(steps=[ways, Wait(days(1))]), play).text()
    assert text.splitlines()[-3:] == [
        "    profile.visits > 3 was false: visits had no value",
        "    cart_updated.total >= 20 was false: total was 3",
        "    profile.plan == 'pro' was false: plan was 'free'",
    ]


def test_an_exit_by_a_segment_is_told() -> None:
    vip = Segment("vip", Shopper.visits > 3)
    answer = ask(
        cart(exits=[Enters(vip), Shopper.plan == "pro"]),
        lambda ann, sim: (ann.track(updated(1)), ann.tell({"visits": 5})),
    )
    assert answer.standing == "ended"
    assert answer.whys[-1].kind == "end"
    assert answer.whys[-1].reason in ("segment_entered", "exited")


def test_it_changes_nothing() -> None:
    sim = simulated(cart())
    ann = sim.customer("ann")
    again(ann, sim)
    before = sim.runner.journal("ann")
    assert ann.why_not("cart") == ann.why_not("cart")
    assert sim.runner.journal("ann") == before


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_told_is_what_was_decided(script: list[tuple[int, int]]) -> None:
    """Every refusal that is explained was false then, whatever has happened since."""
    journey = cart(
        entry=On(CartUpdated, where=(CartUpdated.total >= 20) & (count(CartUpdated) < 4)),
        exits=[Shopper.visits > 20],
        reentry=Restart(),
    )
    sim = simulated(journey)
    ann = sim.customer("ann")
    for amount, kind in script:
        if kind == 0:
            ann.tell({"visits": amount})
        elif kind == 1:
            sim.advance(hours(amount))
        else:
            ann.track(updated(amount))
    answer = ann.why_not("cart")
    for why in answer.whys:
        if why.reason == "condition_false":
            assert [one.holds for one in why.explained] == [False]
        if why.reason in ("exit_condition", "exit_condition_holds"):
            assert [one.holds for one in why.explained] == [True]
    refused = sum(isinstance(one, j.Refused) for one in sim.runner.journal("ann"))
    assert sum(why.kind == "refuse" and why.reason != "earlier" for why in answer.whys) == min(
        5, refused
    )
