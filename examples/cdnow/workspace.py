"""A record shop's journeys: a module as a user would write it, from top to bottom.

Run it on the shop's history with `journeykit demo`.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from journeykit import (
    Address,
    Always,
    Arm,
    Branch,
    Content,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    RenderContext,
    Restart,
    Send,
    Set,
    Split,
    Templates,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    days,
    hours,
    outcome,
    total,
)

# ---- what happens, and what is known of a customer


class Purchased(Event):
    order_id: str
    discs: int
    value: Decimal


class Listener(Profile):
    first_name: str = ""
    tier: Literal["regular", "vip"] = "regular"
    email: Annotated[str | None, Address("email")] = None
    phone: Annotated[str | None, Address("sms")] = None
    device: Annotated[str | None, Address("push")] = None


# ---- the journeys

thank_you = Journey(
    "thank-you",
    entry=On(Purchased),
    reentry=Always(),  # every order is thanked for
    steps=[
        Send("thanks", via=["email"], transactional=True),  # asks for no consent, uses no cap
        WaitFor(On(Purchased), timeout=days(10), since="step", then=[Exit("ordered_again")]),
        Send("review_request", via=["push", "email"], topic="reviews", on_cap="skip"),
    ],
)

second_purchase = Journey(
    "second-purchase",
    entry=On(Purchased),  # the first one: by default a customer enters once in a lifetime
    goal=Goal(On(Purchased), within=days(45), name="bought again"),
    steps=[
        Wait(days(14)),
        WaitUntil(at="18:00", days=["tue", "wed", "thu"]),
        Send("picked_for_you", via=["email"], topic="offers"),
        Wait(days(14)),
        Split(
            Arm("discount", 1, [Send("ten_percent_off", via=["email", "push"], topic="offers")]),
            Arm("no_discount", 1, [Send("new_releases", via=["email", "push"], topic="offers")]),
        ),
        Wait(days(14)),
    ],
)

win_back = Journey(
    "win-back",
    entry=On(Purchased),
    reentry=Restart(),  # every purchase starts the sixty days anew
    goal=Goal(On(Purchased, where=outcome("miss_you") == "accepted"), name="came back"),
    steps=[
        Wait(days(60)),
        WaitUntil(at="10:00"),
        Send(
            "we_miss_you",
            via=["push", "email", "sms"],
            topic="offers",
            valid_for=days(5),
            label="miss_you",
        ),
        Branch(When(outcome("miss_you") != "accepted", [Exit("not_reached")])),
        Wait(days(10)),
        Send("last_offer", via=["sms", "email"], topic="offers", on_cap="skip"),
        Wait(days(30)),
    ],
)

vip = Journey(
    "vip",
    entry=On(Purchased, where=total(Purchased.value) >= 100),
    holdout=0.1,  # a tenth is kept out, to compare with
    goal=Goal(On(Purchased, where=Purchased.value >= 50), within=days(90), name="big order"),
    steps=[
        Set(Listener.tier, "vip"),
        Wait(hours(2)),
        Send("vip_welcome", via=["push", "email"], priority=10),
        Wait(days(30)),
        Send("vip_preview", via=["email"], topic="offers", priority=10),
        Wait(days(60)),
    ],
)

# ---- the policy, and everything together

shop = Workspace(
    journeys=[thank_you, second_purchase, win_back, vip],
    profile=Listener,
    timezone="America/New_York",
    policy=Policy(
        consent={"email": "opt-in", "push": "opt-in", "sms": "opt-in"},
        quiet_hours=[
            QuietHours("21:00", "08:00", channels=["push", "sms"]),
            QuietHours("00:00", "24:00", days=["sun"], topics=["offers"]),
        ],
        caps=[
            FrequencyCap(1, per=timedelta(days=3)),
            FrequencyCap(2, per="month", topics=["offers"]),
        ],
    ),
    seed="cdnow",
)

# ---- what the messages say

templates = Templates()


def _name(context: RenderContext) -> str:
    return context.profile.get("first_name") or "music lover"


@templates.register("thanks")
def _thanks(context: RenderContext) -> Content:
    order, discs = context.trigger["order_id"], context.trigger["discs"]
    plural = "" if discs == 1 else "s"
    return Content(f"Thank you, {_name(context)}", f"Order {order}, {discs} disc{plural}.")


@templates.register("review_request")
def _review_request(context: RenderContext) -> Content:
    return Content("How does it sound?", f"{_name(context)}, tell others about your order.")


@templates.register("picked_for_you")
def _picked_for_you(context: RenderContext) -> Content:
    return Content("Picked for you", f"{_name(context)}, these go with what you bought.")


@templates.register("ten_percent_off")
def _ten_percent_off(context: RenderContext) -> Content:
    return Content("Ten percent off", f"{_name(context)}, your next order costs less.")


@templates.register("new_releases")
def _new_releases(context: RenderContext) -> Content:
    return Content("New this week", f"{_name(context)}, have a look at what came in.")


@templates.register("we_miss_you")
def _we_miss_you(context: RenderContext) -> Content:
    return Content("It has been quiet", f"{_name(context)}, we have kept some records for you.")


@templates.register("last_offer")
def _last_offer(context: RenderContext) -> str:
    return f"{_name(context)}: free shipping until Sunday."


@templates.register("vip_welcome")
def _vip_welcome(context: RenderContext) -> Content:
    return Content("You are a VIP now", f"{_name(context)}, shipping is free for you.")


@templates.register("vip_preview")
def _vip_preview(context: RenderContext) -> Content:
    return Content("Before everybody else", f"{_name(context)}, listen before the release.")
