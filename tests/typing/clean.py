"""What an author writes passes mypy and pyright, both strict, with precise types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, assert_type

from pydantic import Field

from journeykit import (
    Accepted,
    Address,
    After,
    AfterExit,
    Always,
    Arm,
    BestHour,
    Branch,
    ByCall,
    Case,
    Changed,
    Consent,
    Digest,
    Duration,
    Enters,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Goto,
    Hours,
    Journey,
    Leaves,
    MemoryStore,
    MinimumGap,
    On,
    Once,
    OnDate,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    QuietHours,
    Receipt,
    RecordingChannel,
    Restart,
    Scheduled,
    Segment,
    Send,
    Set,
    Simulation,
    Split,
    Via,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
    When,
    Workspace,
    ago,
    ahead,
    collected,
    count,
    days,
    exists,
    field,
    hours,
    in_,
    last,
    not_,
    outcome,
    receipt,
    total,
)
from journeykit.aio import AsyncOrchestrator, ThreadedStore
from journeykit.model import (
    All,
    Attribute,
    Condition,
    DeliveryWindow,
    PastQuestion,
    SendTimeCustomer,
    SendTimeMessage,
)
from journeykit.runtime import Outcome, Pause, TickCounts, Timeline


class CartUpdated(Event):
    cart_id: str
    total: Decimal
    pieces: int = 1
    note: str | None = None


class OrderPlaced(Event, name="order_made"):
    cart_id: str
    amount: Annotated[Decimal, Field(gt=0)]
    paid_at: datetime | None = None


class OrderAgain(OrderPlaced):
    before: str


class Shopper(Profile):
    first_name: str = ""
    plan: Literal["free", "pro"] = "free"
    vip: bool = False
    visits: int | None = None
    born: date | None = None
    trial_ends: datetime | None = None
    interests: tuple[str, ...] = ()
    email: Annotated[str | None, Address("email")] = None


# Instances have values, and constructors know their fields.
cart = CartUpdated(cart_id="c1", total=Decimal(40))
assert_type(cart.total, Decimal)
assert_type(cart.note, str | None)
assert_type(OrderAgain(cart_id="c1", amount=Decimal(1), before="c0").before, str)

# Comparisons, which checkers take for bools, are accepted wherever a condition is.
When(CartUpdated.total >= 20)
When(CartUpdated.total >= Decimal("19.90"))
When(Shopper.plan == "pro", [Exit()])
When(Shopper.plan != "pro")
When((CartUpdated.pieces > 2) & (Shopper.plan == "pro"))
When((CartUpdated.pieces > 2) | not_(Shopper.plan == "pro"))
When(not_(exists(Shopper.email)) & (Shopper.first_name != ""))
When(in_(Shopper.plan, ["free"]) | in_(CartUpdated.pieces, {1, 2}))

# Fields that may be None, and operators that have no sign.
assert_type(field(CartUpdated.pieces), Attribute[int])
assert_type(field(Shopper.visits) >= 3, Condition)
assert_type(field(Shopper.born) < date(2000, 1, 1), Condition)
When(field(Shopper.trial_ends) <= ahead(days(3)))
assert_type(field(Shopper.trial_ends) > datetime(2026, 3, 1, tzinfo=UTC), Condition)
assert_type(field(Shopper.plan).in_(["pro"]), Condition)
assert_type(field(Shopper.plan).not_in(["pro"]), Condition)
assert_type(field(Shopper.first_name).startswith("A"), Condition)
assert_type(field(Shopper.interests).contains("tea"), Condition)
assert_type(not_(exists(Shopper.visits)), Condition)
assert_type(outcome("cart_reminder") == "failed", Condition)

# The past.
assert_type(count(OrderPlaced), PastQuestion)
assert_type(count(OrderPlaced, within=days(30)) >= 2, Condition)
assert_type(count(OrderPlaced, where=OrderPlaced.amount > 100) == 0, Condition)
assert_type(total(OrderPlaced.amount, within=timedelta(days=30)) >= 100, Condition)
When(last(OrderPlaced) < ago(days(60)))
assert_type(exists(last(OrderPlaced)), Condition)
assert_type((count(OrderPlaced) >= 2) & (Shopper.vip == True), All)  # noqa: E712

# Durations.
assert_type(days(1) + hours(2), Duration)
assert_type(days(1) + timedelta(hours=2), Duration)
assert_type(-days(3), Duration)

abandoned_cart = Journey(
    "abandoned-cart",
    version=1,
    entry=On(CartUpdated, where=CartUpdated.total >= 20, key=CartUpdated.cart_id),
    reentry=Restart(),
    goal=Goal(On(OrderPlaced, key=OrderPlaced.cart_id), within=days(7), ends_run=True, name="sale"),
    exits=[On("unsubscribed"), Shopper.plan == "pro", count(OrderPlaced) >= 3],
    holdout=0.1,
    steps=[
        Wait(hours(1), label="first"),
        Wait(timedelta(hours=1)),
        Wait("P1D"),
        WaitUntil(at="09:00", days=["mon", "tue"]),
        WaitUntil(cron="0 9 * * mon", zone="Europe/Berlin"),
        WaitUntil(Shopper.trial_ends, offset=days(-3) + hours(2), at="09:00", if_past="skip"),
        WaitUntil(date(2026, 3, 1)),
        Send("cart_reminder", via=["push", "email"], topic="offers", valid_for=days(2)),
        Send("ask", via=Via("push", "email", by="preferred", preferred=Shopper.first_name)),
        Send("news", via=Via("push", "email", by="cheapest"), send_time="best", within=hours(9)),
        Send("invoice", via=("email",), transactional=True, valid_until=Shopper.trial_ends),
        WaitFor(On(OrderPlaced), timeout=days(1), then=[Exit("bought")], since="step"),
        WaitFor(
            [
                Case(On(OrderPlaced), [Exit("bought")]),
                Case(Shopper.plan == "pro"),
                Receipt("opened", of="cart_reminder"),
                receipt("news", "clicked"),
            ],
            timeout=days(1),
        ),
        WaitFor([On(OrderPlaced), Shopper.plan == "pro"], need="all", timeout=days(1)),
        Wait(hours(1), up_to=hours(5)),
        WaitBusinessDays(3, holidays=["DE"], at="10:00"),
        WaitForWindow(Hours("09:00", "17:00"), Hours("19:00", "20:00"), zone="UTC"),
        Digest(On(CartUpdated, key=CartUpdated.cart_id), window=hours(1), label="updates"),
        Branch(When(collected("updates") >= 3, [Exit("busy")])),
        Branch(
            When(Shopper.plan == "pro", [Send("vip", via=["email"])]),
            When(field(Shopper.visits) > 3, [Goto("first")]),
            otherwise=[Set(Shopper.vip, True), Set(Shopper.visits, CartUpdated.pieces)],
        ),
        Split(Arm("a", 50, [Consent("grant", channels=["sms"])]), Arm("b", 50)),
    ],
)
plain = Journey("plain", entry=[On(CartUpdated), On(OrderPlaced)], steps=(Exit(),))
for again in (Once(), AfterExit(), After(days(30)), Always(), Restart()):
    Journey("again", entry=On(CartUpdated), reentry=again, steps=[Wait(days(1))])


def at_noon(
    customer: SendTimeCustomer, message: SendTimeMessage, window: DeliveryWindow
) -> datetime:
    assert_type(window.opens(window.start), datetime | None)
    assert_type(customer.responses["email"].hours.get(9), int | None)
    return window.start if message.channel == "push" else window.end


shop = Workspace(
    journeys=[plain],
    profile=Shopper,
    events=[CartUpdated, OrderPlaced],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-in", "push": "opt-out"},
        quiet_hours=[QuietHours("21:00", "08:00", channels=["push"], where=Shopper.vip == False)],  # noqa: E712
        caps=[
            FrequencyCap(3, per=timedelta(days=7)),
            FrequencyCap(1, per="week", week_starts="sun"),
            FrequencyCap(2, per="week", own_limit=Shopper.visits, counts_transactional=True),
            MinimumGap(hours(4), channels=["push"], countries=["DE"], name="not at once"),
        ],
        responses={"email": [On(OrderPlaced), On(CartUpdated, where=CartUpdated.pieces > 1)]},
        costs={"email": 0.001, "push": 0},
        reachable={"push": Shopper.vip == True, "email": exists(Shopper.email)},  # noqa: E712
    ),
    send_times={"best": BestHour(at_least=2), "noon": at_noon},
    remember_events=days(90),
)
assert_type(shop.journeys, Sequence[Journey])
assert_type(Journey.from_json(abandoned_cart.to_json()), Journey)
assert_type(
    Workspace.from_json(
        shop.to_json(),
        profile=Shopper,
        events=[CartUpdated, OrderPlaced],
        send_times=shop.send_times,
    ),
    Workspace,
)

lapsed = Segment("lapsed", (last(OrderPlaced) < ago(days(60))) & (field(Shopper.visits) > 3))
win_back = Journey(
    "win-back",
    entry=[
        Enters(lapsed, where=Shopper.plan == "pro"),
        Changed(Shopper.plan, was="free", becomes=["pro", None]),
        Scheduled(cron="0 9 * * mon", segment=lapsed),
        OnDate(Shopper.trial_ends, offset=days(-7), at="09:00"),
        ByCall(),
    ],
    exits=[Leaves(lapsed), Shopper.plan == "free"],
    steps=[Wait(hours(1))],
)
assert_type(lapsed.condition, Condition)


def with_a_simulation() -> None:
    sim = Simulation(shop, at="2026-03-01 20:30", tz="Asia/Tbilisi")
    ann = sim.customer("ann", {"email": "a@example.org"}, consent=["email"])
    ann.track(CartUpdated(cart_id="c1", total=Decimal(40)))
    sim.advance(hours(2))
    sim.advance_to("08:00")


def with_an_orchestrator() -> None:
    kit = Orchestrator(shop, store=MemoryStore(), channels={"email": RecordingChannel()})
    kit.identify("ann", {"first_name": "Ann", "timezone": "Asia/Tbilisi"})
    assert_type(kit.track("ann", CartUpdated(cart_id="c1", total=Decimal(40)), id="evt-1"), Outcome)
    assert_type(kit.tick(), TickCounts)
    print(kit.explain("ann"))


class Provider:
    async def send(self, message: OutgoingMessage) -> Accepted:
        return Accepted(message.key)


async def with_an_async_orchestrator() -> None:
    store = ThreadedStore(MemoryStore())
    async with AsyncOrchestrator(shop, store=store, channels={"email": Provider()}) as kit:
        await kit.identify("ann", {"first_name": "Ann", "timezone": "Asia/Tbilisi"})
        told = kit.track("ann", CartUpdated(cart_id="c1", total=Decimal(40)), id="evt-1")
        assert_type(await told, Outcome)
        assert_type(await kit.tick(), TickCounts)
        assert_type(await kit.explain("ann"), Timeline)
        assert_type(await kit.paused(), Mapping[str, Pause])
