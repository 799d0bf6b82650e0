"""What checkers must flag: each line with the mark at its end, and no other, is an error."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from journeykit import (
    Arm,
    Branch,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Journey,
    MinimumGap,
    On,
    Policy,
    Profile,
    QuietHours,
    Send,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    days,
    field,
    hours,
    in_,
    not_,
)


class CartUpdated(Event):
    cart_id: str
    total: Decimal


class Recounted(CartUpdated):
    pieces: int


class Shopper(Profile):
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None


# events and profiles
CartUpdated(cart_id="c1")  # wrong
CartUpdated(cart_id="c1", total=Decimal(1), colour="red")  # wrong
CartUpdated(cart_id=5, total=Decimal(1))  # wrong
Recounted(cart_id="c1", total=Decimal(1))  # wrong
print(CartUpdated.totall)  # wrong
print(Shopper.plann)  # wrong
Shopper(plan="gold")  # wrong

# conditions
When("plan == 'pro'")  # wrong
When(lambda event: True)  # wrong
When(CartUpdated.total >= "much")  # wrong
When(Shopper.visits >= 3)  # fine when it runs, but wrong
When(field(Shopper.visits) >= "3")  # wrong
When(in_(CartUpdated.total, 5))  # wrong
When(not_("pro"))  # wrong

# steps
Wait()  # wrong
Wait(5)  # wrong
Wait(hours(1), lable="x")  # wrong
WaitUntil(at=9)  # wrong
WaitUntil(at="09:00", if_past="panic")  # wrong
WaitFor(On(CartUpdated))  # wrong
WaitFor("cart_updated", timeout=days(1))  # wrong
Send("hello")  # wrong
Send("hello", via=["email"], on_quiet="wait")  # wrong
Send("hello", via=["email"], max_attempts="5")  # wrong
Branch(Exit())  # wrong
Branch(When(Shopper.plan == "pro"), otherwise=Exit())  # wrong
Split(Arm("a", "50"))  # wrong

# journeys, policies, workspaces
On(Shopper)  # wrong
Goal(CartUpdated)  # wrong
Journey("j", entry=CartUpdated, steps=[Exit()])  # wrong
Journey("j", entry=On(CartUpdated))  # wrong
Journey("j", entry=On(CartUpdated), steps=["send"])  # wrong
Journey("j", entry=On(CartUpdated), steps=[Exit()], reentry="once")  # wrong
QuietHours("21:00")  # wrong
FrequencyCap(3)  # wrong
FrequencyCap(3, per=7)  # wrong
FrequencyCap(3, per="day", week_starts="someday")  # wrong
MinimumGap()  # wrong
MinimumGap(4)  # wrong
Send("hello", via=["email"], on_cap="elsewhere")  # wrong
Policy(consent={"email": "yes"})  # wrong
Workspace(journeys=[])  # wrong
Workspace(journeys=[], timezone="UTC", profile=CartUpdated)  # wrong
