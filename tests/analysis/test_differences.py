"""What changed is told in words and as data: all of it, and nothing where nothing did."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from journeykit.analysis import Change, Diff, diff
from journeykit.analysis.placing import kept_in_order
from journeykit.errors import UsageError
from journeykit.model import (
    Address,
    After,
    Always,
    Arm,
    Branch,
    ByCall,
    Enters,
    Event,
    Exit,
    Experiment,
    FrequencyCap,
    Goal,
    Goto,
    Journey,
    On,
    Part,
    Policy,
    Profile,
    QuietHours,
    Restart,
    Segment,
    Send,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
)
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours

CLASSES = [OrderPlaced, PageSeen]


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def cart(*steps: Any, **options: Any) -> Journey:
    return Journey("cart", **{"entry": On(OrderPlaced), "steps": list(steps), **options})


HELLO, NEWS = Send("hello", via=["email"]), Send("news", via=["push"])
HOUR, DAY = Wait(hours(1), label="hour"), Wait(days(1), label="day")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # Steps, by their ids.
        (cart(Wait(hours(1))), cart(Wait(hours(2))), ["~ Wait wait_1: 1 hour → 2 hours"]),
        (
            cart(HELLO), cart(Send("hello", via=["push", "email"], topic="offers", on_cap="skip")),
            [
                "~ Send hello: via email → push, email",
                "~ Send hello: topic none → offers",
                "~ Send hello: on cap hold → skip",
            ],
        ),
        (cart(HELLO), cart(HELLO, NEWS), ["+ Send news (Send news · push), after hello"]),
        (cart(NEWS, HELLO), cart(HELLO), ["- Send news (Send news · push)"]),
        (cart(HELLO, NEWS), cart(NEWS, HELLO), ["> Send news: moved, first of all"]),
        (
            cart(HELLO, Branch(When(Customer.vip == True, [Exit("a")]), label="b")),  # noqa: E712
            cart(Branch(When(Customer.vip == True, [HELLO, Exit("a")]), label="b")),  # noqa: E712
            [
                "> Send hello: moved, first in when_1 of b",
                "> Exit: a: exit_2.when_1.1 is now exit_1.when_1.2, as its place gives its id",
            ],
        ),
        (
            cart(Wait(hours(1)), HELLO), cart(HELLO, Wait(hours(1))),
            [
                "> Send hello: moved, first of all",
                "> Wait 1 hour: wait_1 is now wait_2, as its place gives its id",
            ],
        ),
        (
            cart(Wait(hours(1)), NEWS), cart(HELLO, Wait(hours(1)), NEWS),
            [
                "+ Send hello (Send hello · email), first of all",
                "> Wait 1 hour: wait_1 is now wait_2, as its place gives its id",
            ],
        ),
        (cart(HOUR), cart(Exit("x", label="hour")), ["~ hour: Wait 1 hour → Exit: x"]),
        (cart(Exit("a")), cart(Exit("b")), ["~ Exit exit_1: a → b"]),
        (
            cart(HELLO), cart(Send("hello", via=["email"], label="hello")),
            ["~ Send hello: label none → hello"],
        ),
        (
            cart(Branch(When(Customer.plan == "pro", [HELLO]), label="b")),
            cart(Branch(When(Customer.plan == "free", [HELLO]), label="b")),
            ["~ Branch b: whens[0].condition profile.plan == 'pro' → profile.plan == 'free'"],
        ),
        (
            cart(Branch(When(Customer.plan == "pro", [HELLO]), label="b")),
            cart(Branch(When(Customer.plan == "pro", [HELLO]), When(Customer.visits > 3), label="b")),
            ["~ Branch b: whens[1] none → profile.visits > 3"],
        ),
        (
            cart(Split(Arm("a", 1, [HELLO]), Arm("b", 1), label="s")),
            cart(Split(Arm("b", 3), Arm("a", 1, [HELLO]), Arm("c"), label="s")),
            [
                "~ Split s: arms[b].weight 1 → 3",
                "~ Split s: arms[c] none → c 1",
                "~ Split s: arms order a, b → b, a",
            ],
        ),
        (
            cart(Experiment("x", Arm("a", 1), Arm("b", 1), label="e")),
            cart(Experiment("y", Arm("a", 1), Arm("b", 1), label="e")),
            ["~ Experiment e: name x → y"],
        ),
        (
            cart(WaitFor(On(PageSeen), timeout=days(1), label="w")),
            cart(WaitFor(On(OrderPlaced), timeout=days(2), since="step", label="w")),
            [
                "~ Wait for w: page_seen → order_placed",
                "~ Wait for w: timeout 1 day → 2 days",
                "~ Wait for w: since entry → step",
            ],
        ),
        (
            cart(Send("hello", via=["email"], on_failure="exit")),
            cart(Send("hello", via=["email"], on_failure=[DAY])),
            [
                "~ Send hello: on failure exit → steps",
                "+ Wait day (Wait 1 day), first in failed of hello",
            ],
        ),
        (
            cart(HOUR, Branch(When(Customer.visits > 3, [Goto("hour")]), label="b")),
            cart(HOUR, Branch(When(Customer.visits > 3, []), label="b")),
            ["- Goto goto_hour (Go to hour)"],
        ),
        (
            cart(Part("a", [HELLO])), cart(Part("b", [HELLO])),
            [
                "> Part a: a is now b",
                "> Send hello · email: a.hello is now b.hello, as its place gives its id",
            ],
        ),
        (
            cart(WaitUntil(at="09:00")), cart(WaitUntil(at="10:00", days=["mon"])),
            ["~ Wait until wait_until_1: at 09:00 → 10:00", "~ Wait until wait_until_1: days none → mon"],
        ),
        # The journey's own options.
        (cart(HELLO), cart(HELLO, version=2), ["~ version: 1 → 2"]),
        (cart(HELLO), cart(HELLO, holdout=0.1), ["~ holdout: 0.0 → 0.1"]),
        (
            cart(HELLO, reentry=After(days(1))), cart(HELLO, reentry=After(days(2))),
            ["~ reentry.duration: 1 day → 2 days"],
        ),
        (
            cart(HELLO, goal=Goal(On(PageSeen))),
            cart(HELLO, goal=Goal(On(PageSeen, where=PageSeen.seconds > 9))),
            ["~ goal page_seen: on.where none → page_seen.seconds > 9"],
        ),
        (
            cart(HELLO, entry=[Enters(Segment("a", Customer.visits > 3))]),
            cart(HELLO, entry=[Enters(Segment("a", Customer.visits > 4))]),
            ["~ entry enters a: segment.condition profile.visits > 3 → profile.visits > 4"],
        ),
        (
            cart(HELLO, entry=[On(PageSeen), ByCall()]), cart(HELLO, entry=[On(PageSeen)]),
            ["- entry: by call"],
        ),
        (
            cart(HELLO, reentry=Always()), cart(HELLO, reentry=Restart()),
            ["~ reentry: Always → Restart"],
        ),
        (
            cart(HELLO, entry=On(OrderPlaced)),
            cart(HELLO, entry=On(OrderPlaced, where=OrderPlaced.amount >= 20)),
            ["~ entry order_placed: where none → order_placed.amount >= 20"],
        ),
        (
            cart(HELLO, entry=[On(OrderPlaced)]), cart(HELLO, entry=[On(PageSeen)]),
            ["- entry: order_placed", "+ entry: page_seen"],
        ),
        (
            cart(HELLO, entry=[On(OrderPlaced), On(PageSeen)]),
            cart(HELLO, entry=[On(PageSeen), On(OrderPlaced)]),
            ["> entry: the order of order_placed, page_seen → page_seen, order_placed"],
        ),
        (
            cart(HELLO, goal=Goal(On(PageSeen), within=days(7))),
            cart(HELLO, goal=[Goal(On(PageSeen), within=days(14)), Goal(On(OrderPlaced))]),
            ["~ goal page_seen: within 7 days → 14 days", "+ goal: order_placed"],
        ),
        (
            cart(HELLO, exits=[On(PageSeen), Customer.visits > 3]),
            cart(HELLO, exits=[Customer.visits > 4]),
            [
                "- exit: page_seen",
                "- exit: profile.visits > 3",
                "+ exit: profile.visits > 4",
            ],
        ),
    ],
)  # fmt: skip
def test_a_change_of_a_journey_is_told(old: Journey, new: Journey, told: list[str]) -> None:
    found = diff(old, new)
    assert [str(change) for change in found] == told
    assert {change.journey for change in found} == {"cart"}
    assert found.text().splitlines() == ["journey cart", *(f"  {line}" for line in told)]


def shop(**options: Any) -> Workspace:
    policy = {"consent": {"email": "opt-in", "push": "opt-in"}, **options.pop("policy", {})}
    shared = {"journeys": [cart(HELLO)], "profile": Customer, "timezone": "UTC", **options}
    return Workspace(policy=Policy(**policy), **shared)


class Caller(Profile):
    plan: Literal["free", "pro", "max"] = "free"
    phone: Annotated[str | None, Address("email")] = None


NIGHT = QuietHours("21:00", "08:00")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (shop(), shop(timezone="Asia/Tokyo"), ["~ timezone: UTC → Asia/Tokyo"]),
        (
            shop(), shop(journeys=[cart(HELLO), Journey("b", entry=On(OrderPlaced), steps=[NEWS])]),
            ["+ journey b (1 steps)"],
        ),
        (
            shop(journeys=[cart(HELLO), Journey("b", entry=On(OrderPlaced), steps=[NEWS])]), shop(),
            ["- journey b (1 steps)"],
        ),
        (
            shop(), shop(policy={"consent": {"email": "opt-out", "push": "opt-in", "sms": "opt-in"}}),
            ["~ consent email: opt-in → opt-out", "+ consent sms: opt-in"],
        ),
        (
            shop(policy={"quiet_hours": [NIGHT]}),
            shop(policy={"quiet_hours": [QuietHours("21:00", "08:00", channels=["push"])]}),
            ["~ quiet hours 21:00-08:00: channels none → push"],
        ),
        (
            shop(policy={"quiet_hours": [NIGHT]}), shop(policy={"quiet_hours": []}),
            ["- quiet hours: Quiet hours 21:00 08:00"],
        ),
        (
            shop(), shop(policy={"caps": [FrequencyCap(3, per=days(7), channels=["push"])]}),
            ["+ caps: Frequency cap 3 · channels push · per 7 days"],
        ),
        (
            shop(policy={"caps": [FrequencyCap(3, per="day", name="daily")]}),
            shop(policy={"caps": [FrequencyCap(2, per="day", name="daily")]}),
            ["~ caps daily: limit 3 → 2"],
        ),
        (
            shop(policy={"costs": {"email": 0.1}}), shop(policy={"costs": {"email": 0.2}}),
            ["~ costs email: 0.1 → 0.2"],
        ),
        (
            shop(policy={"topics": ["a"]}), shop(policy={"topics": ["a", "b"]}),
            ["~ topics: a → a, b"],
        ),
        (
            shop(), shop(events=[PageSeen]),
            ["+ event page_seen (page, seconds)"],
        ),
        (
            shop(journeys=[Journey("j", entry=On("seen"), steps=[HELLO])], profile=Caller,
                 vocabulary={"events": {"seen": {"page": "text", "at": "date"}}}),
            shop(journeys=[Journey("j", entry=On("seen"), steps=[HELLO])], profile=Caller,
                 vocabulary={"events": {"seen": {"page": {"kind": "text", "optional": True},
                                                 "by": "text"}}}),
            [
                "~ event seen page: text → kind: text, optional: yes",
                "- event seen at: date",
                "+ event seen by: text",
            ],
        ),
        (
            shop(journeys=[cart(HELLO, version=2), Journey("b", entry=On(OrderPlaced), steps=[NEWS])]),
            shop(journeys=[Journey("b", entry=On(OrderPlaced), steps=[NEWS]), cart(HELLO, version=3)]),
            ["> the order of the journeys: cart, b → b, cart", "~ version: 2 → 3"],
        ),
        (
            shop(send_times={"late": min}), shop(send_times={"late": max}),
            ["~ send time late: min → max"],
        ),
    ],
)  # fmt: skip
def test_a_change_of_a_workspace_is_told(old: Workspace, new: Workspace, told: list[str]) -> None:
    assert [str(change) for change in diff(old, new)] == told


def test_it_is_data_too() -> None:
    found = diff(cart(Wait(hours(1))), cart(Wait(hours(2))))
    assert found.to_dict() == {
        "changes": [
            {
                "kind": "changed", "journey": "cart", "part": "step", "place": "wait_1",
                "option": "duration", "old": "PT1H", "new": "PT2H",
                "words": "Wait wait_1: 1 hour → 2 hours",
            }
        ]
    }  # fmt: skip
    whole = diff(cart(HELLO), cart(HELLO, NEWS))[0]
    assert whole.new["template"] == "news"
    assert whole.old is None
    assert Journey.model_validate(diff(shop(journeys=[]), shop())[-1].new) == cart(HELLO)


def test_it_is_a_sequence_that_prints_itself() -> None:
    found = diff(shop(), shop(timezone="Asia/Tokyo", journeys=[cart(HELLO, version=2)]))
    assert len(found) == 2
    assert isinstance(found[0], Change)
    assert found[:1] == Diff(found[:1])
    assert hash(found) == hash(Diff(found))
    assert found != diff(shop(), shop())
    assert (
        str(found) == "workspace\n  ~ timezone: UTC → Asia/Tokyo\njourney cart\n  ~ version: 1 → 2"
    )
    assert str(diff(shop(), shop())) == "no differences"
    assert repr(found) == "Diff(2 changes)"


def test_a_journey_and_a_workspace_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="a Journey and a Workspace cannot be compared"):
        diff(cart(HELLO), shop())


def test_a_default_that_is_no_data_is_left_out() -> None:
    class Odd(Event):
        thing: Any = Field(default_factory=lambda: object())

    assert not diff(shop(events=[Odd]), shop(events=[Odd]))
    assert [str(one) for one in diff(shop(events=[Odd]), shop())] == ["- event odd (thing)"]


@lawful(40)
@given(journeys(CLASSES, Customer), journeys(CLASSES, Customer))
def test_there_is_a_change_just_where_journeys_differ(one: Journey, other: Journey) -> None:
    assert not diff(one, Journey.from_json(one.to_json()))
    assert bool(diff(one, other)) is (one.canonical() != other.canonical())
    json.dumps(diff(one, other).to_dict(), allow_nan=False)


@lawful(40)
@given(journeys(CLASSES, Customer), st.data())
def test_no_single_change_goes_unnoticed(journey: Journey, data: st.DataObject) -> None:
    """Another value in one place of the data form, or an item less: if it loads, it is told."""
    text = journey.model_dump(mode="json")
    places = list(leaves(text))
    where, key = data.draw(st.sampled_from(places))
    if isinstance(where, list):
        del where[key]
    else:
        where[key] = data.draw(st.sampled_from([1, 2, "exit", "hold", "P3D", True, None, [], "x"]))
    try:
        changed = Journey.model_validate(text)
    except ValueError:
        return
    assert bool(diff(journey, changed)) is (changed.canonical() != journey.canonical())


def leaves(data: Any) -> Any:
    """Yield (container, key) of everything in a data form."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in list(pairs):
        yield data, key
        if isinstance(value, dict | list):
            yield from leaves(value)


@lawful(15)
@given(workspaces(CLASSES, Customer), workspaces(CLASSES, Customer))
def test_there_is_a_change_just_where_workspaces_differ(one: Workspace, other: Workspace) -> None:
    again = Workspace.from_json(
        one.to_json(), profile=Customer, events=CLASSES, send_times=one.send_times
    )
    assert not diff(one, again)
    if one.canonical() != other.canonical():
        assert diff(one, other)


@given(st.lists(st.integers(0, 6), unique=True), st.lists(st.integers(0, 6), unique=True))
def test_what_is_kept_in_order_is_as_much_as_can_be(one: list[int], other: list[int]) -> None:
    old, new = [str(n) for n in one], [str(n) for n in other]
    kept = kept_in_order(old, new)
    assert [name for name in old if name in kept] == [name for name in new if name in kept]
    assert len(kept) == longest(old, new)


def longest(old: list[str], new: list[str]) -> int:
    """The length of a longest common subsequence, by the book."""
    if not old or not new:
        return 0
    if old[0] == new[0]:
        return 1 + longest(old[1:], new[1:])
    return max(longest(old[1:], new), longest(old, new[1:]))
