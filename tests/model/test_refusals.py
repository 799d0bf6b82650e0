"""Every wrong definition is refused in words that name the place, the value and the way out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import Field

from journeykit.errors import DefinitionError, InputError, JourneykitError
from journeykit.model import (
    After,
    Arm,
    Branch,
    Case,
    Consent,
    Digest,
    Exit,
    FrequencyCap,
    Frozen,
    Goal,
    Goto,
    Hours,
    Journey,
    On,
    Policy,
    QuietHours,
    Receipt,
    Send,
    Set,
    Split,
    Step,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
    When,
    Workspace,
    collected,
    count,
    outcome,
)
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours, years

SEEN = On(PageSeen)
HELLO = Send("hello", via=["email"])
PRO = Customer.plan == "pro"
NAIVE = datetime(2026, 3, 1)


def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a class as a program without a type checker would."""
    return cls(*args, **kwargs)


def journey(*steps: Step, **options: Any) -> Journey:
    return make(Journey, "welcome", **{"entry": SEEN, "steps": list(steps), **options})


def workspace(*journeys: Journey, **options: Any) -> Workspace:
    policy = Policy(consent={"email": "opt-in"})
    given: dict[str, Any] = {"timezone": "UTC", "policy": policy, **options}
    return Workspace(journeys=list(journeys), **given)


@pytest.mark.parametrize(
    ("write", "place", "problem", "remedy"),
    [
        # --- waits
        (lambda: Wait(hours(-1)), "Wait.duration", "negative (got hours(-1))", "zero or more"),
        (lambda: Wait(days(2) + hours(-1)), "Wait.duration", "(got days(2) + hours(-1))", "zero"),
        (lambda: Wait("soon"), "Wait.duration", "no ISO 8601 duration", "write P1M, P2W"),
        (lambda: make(Wait, 5), "Wait.duration", "no span of time (got 5)", "days(7)"),
        (lambda: Wait(years(101)), "Wait.duration", "100 years", "a shorter one"),
        (lambda: make(Wait), "Wait.duration", "it is missing", "give duration="),
        (lambda: make(Wait, hours(1), 2), "Wait:", "2 were given", "label="),
        (lambda: make(Wait, hours(1), duration=hours(1)), "Wait:", "given twice", "give it once"),
        (lambda: make(Wait, hours(1), lable="x"), "Wait.lable", "(got 'x')", "mean 'label'?"),
        (lambda: Wait(hours(1), label="two words"), "Wait.label", "'two words'", "such as"),
        (lambda: make(Wait, hours(1), type="send"), "Wait.type", "(got 'send')", "it is 'wait'"),
        # --- until a moment
        (lambda: WaitUntil(), "WaitUntil:", "exactly one of", 'at="09:00"'),
        (lambda: WaitUntil(at="25:00"), "WaitUntil.at", "'25:00' is no time", "HH:MM"),
        (lambda: WaitUntil(at="24:00"), "WaitUntil.at", "'24:00' is no time", "end only"),
        (lambda: WaitUntil(at="09:00", days=[]), "WaitUntil.days", "(got [])", "mon, tue"),
        (lambda: WaitUntil(at="09:00", days=["fun"]), "WaitUntil.days", "'fun'", "mon, tue"),
        (lambda: WaitUntil(at="09:00", days="mon"), "WaitUntil.days", "a list", "in [...]"),
        (lambda: WaitUntil(cron="0 0 31 2 *"), "WaitUntil.cron", "never fires", "day and month"),
        (lambda: WaitUntil(at="09:00", cron="0 9 * * *"), "WaitUntil:", "exactly one", "cron="),
        (lambda: WaitUntil(at="09:00", zone="Mars"), "WaitUntil.zone", "'Mars'", "IANA name"),
        (lambda: WaitUntil(at="09:00", offset=days(1)), "WaitUntil.offset", "moment only", "give"),
        (lambda: WaitUntil(NAIVE), "WaitUntil.moment", "without a zone", "tzinfo=UTC"),  # T1
        (lambda: WaitUntil("2026-03-01T00:00"), "WaitUntil.moment", "without a zone", "tzinfo"),
        (lambda: WaitUntil(5), "WaitUntil.moment", "neither a date nor an instant", "a date"),
        (lambda: WaitUntil("soon"), "WaitUntil.moment", "(got 'soon')", "an aware datetime"),
        (lambda: WaitUntil(Customer.plan), "WaitUntil.moment", "the field is a text", "a field that holds"),
        (
            lambda: WaitUntil(date(2026, 3, 1), days=["mon"]),
            "WaitUntil.days", "time of day only", "days=",
        ),
        (
            lambda: make(WaitUntil, Customer.born, if_past="panic"),
            "WaitUntil.if_past", "(got 'panic')", "'continue', 'skip' or 'exit'",
        ),
        # --- for an event
        (lambda: make(WaitFor, SEEN), "WaitFor.timeout", "missing", "give timeout="),
        (lambda: WaitFor([], timeout=days(1)), "WaitFor.on", "nothing is awaited", "On(...)"),
        (lambda: WaitFor(SEEN, timeout=days(0)), "WaitFor.timeout", "longer than zero", "days(7)"),
        (
            lambda: make(WaitFor, SEEN, timeout=days(1), then=[5]),
            "WaitFor.then[0]", "(got 5)", "Wait, WaitUntil",
        ),
        (lambda: make(WaitFor, PageSeen, timeout=days(1)), "WaitFor.on[0]", "a class", "On(...)"),
        (
            lambda: make(WaitFor, SEEN, timeout=days(1), then=HELLO),
            "WaitFor.then", "must be a list", "in [...]",
        ),
        # --- for several things, for business days, for a window, for a list
        (
            lambda: WaitFor([Case(SEEN)], need="all", timeout=days(1)),
            "WaitFor.need", "no case comes first", "leave out the cases",
        ),
        (
            lambda: WaitFor([Case(SEEN)], timeout=days(1), then=[HELLO]),
            "WaitFor.then", "never taken", "behind the WaitFor",
        ),
        (
            lambda: WaitFor([PRO, Case(PRO)], timeout=days(1), since="step"),
            "WaitFor.since", "only conditions are awaited", "leave out since",
        ),
        (lambda: make(WaitFor, 5, timeout=days(1)), "WaitFor.on[0]", "no condition (got 5)", "pro"),
        (lambda: make(Case, True), "Case.what", "no condition", "compare a class attribute"),
        (lambda: make(Case, Case(SEEN)), "Case.what", "no kind 'Case'", "'Receipt', a condition"),
        (lambda: make(Receipt, "read", of="x"), "Receipt.receipt", "'read'", "'delivered'"),
        (lambda: make(Receipt, "opened"), "Receipt.of", "missing", "give of="),
        (
            lambda: journey(HELLO, WaitFor(Receipt("opened", of="helo"), timeout=days(1))),
            "Journey.steps[1] › on[0]", "no Send step has the id 'helo'", "they are 'hello'",
        ),
        (
            lambda: journey(HELLO, exits=[Receipt("bounced", of="hi")]),
            "Journey.exits[0]", "no Send step has the id 'hi'", "they are 'hello'",
        ),
        (
            lambda: journey(HELLO, exits=[collected("hello") >= 1]),
            "Journey.exits[0]", "no Digest step has the id 'hello'", "there are none",
        ),
        (
            lambda: journey(WaitFor(PRO, timeout=days(1), label="w"), Goto("w")),
            "Journey.steps[0]", "the loop w → w lets no time pass", "put a Wait",
        ),  # E5: a condition may go on to hold
        (
            lambda: journey(HELLO, WaitForWindow(Hours("09:00", "17:00"), label="w"), Goto("w")),
            "Journey.steps[1]", "lets no time pass", "put a Wait",
        ),
        (lambda: Wait(hours(2), up_to=hours(2)), "Wait.up_to", "no longer than that", "longer one"),
        (lambda: Wait(days(2), up_to=hours(40)), "Wait.up_to", "no longer than that", "longer one"),
        (lambda: WaitBusinessDays(-1), "WaitBusinessDays.count", "(got -1)", "0"),
        (lambda: make(WaitBusinessDays, 1.5), "WaitBusinessDays.count", "(got 1.5)", "such as 3"),
        (
            lambda: WaitBusinessDays(1, weekend=["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
            "WaitBusinessDays.weekend", "no day of the week is left", "leave one out",
        ),
        (
            lambda: WaitBusinessDays(1, holidays=["XX"]),
            "WaitBusinessDays.holidays", "no calendar 'XX'", "ISO 3166",
        ),
        (lambda: WaitForWindow(), "WaitForWindow.hours", "without hours", "Hours("),
        (
            lambda: WaitForWindow(Hours("09:00", "09:00")),
            "WaitForWindow.hours", "never come", "00:00 to 24:00",
        ),
        (
            lambda: Send("hello", via=["email"], hours=[Hours("09:00", "09:00")]),
            "Send.hours", "never come", "00:00 to 24:00",
        ),
        (
            lambda: Send("hello", via=["email"], hours=[Hours("09:00", "10:00")], transactional=True),
            "Send.hours", "goes at once", "leave out hours",
        ),
        (lambda: Digest(SEEN, window=days(0)), "Digest.window", "longer than zero", "days(7)"),
        (lambda: Digest(SEEN, window=days(1), at_most=1001), "Digest.at_most", "1001", "1000"),
        (lambda: make(Digest, [SEEN], window=days(1)), "Digest.on", "", "On(...)"),
        # --- messages
        (lambda: make(Send, "hello"), "Send.via", "missing", "give via="),
        (lambda: Send("hello", via=[]), "Send.via", "no channel", "at least one"),
        (lambda: Send("hello", via="email"), "Send.via", "a list (got 'email')", "in [...]"),
        (lambda: Send("hello", via=["sms", "sms"]), "Send.via", "named twice", "every channel once"),
        (lambda: Send("hello", via=["e mail"]), "Send.via[0]", "(got 'e mail')", "such as"),
        (lambda: Send("", via=["email"]), "Send.template", "(got '')", "'cart_reminder'"),
        (lambda: make(Send, 5, via=["email"]), "Send.template", "must be text (got 5)", "in quotes"),
        (
            lambda: make(Send, "hello", via=["email"], on_quiet="holt"),
            "Send.on_quiet", "(got 'holt')", "did you mean 'hold'?",
        ),
        (
            lambda: Send("hello", via=["email"], valid_for=days(1), valid_until=Customer.born),
            "Send.valid_for", "both given", "give one",
        ),
        (
            lambda: Send("hello", via=["email"], valid_until=NAIVE),
            "Send.valid_until", "without a zone", "tzinfo=UTC",
        ),  # T1
        (
            lambda: Send("hello", via=["email"], max_attempts=0),
            "Send.max_attempts", "too small (got 0)", "1 or more",
        ),
        (
            lambda: Send("hello", via=["email"], max_attempts=1000),
            "Send.max_attempts", "too large", "100 or less",
        ),
        (
            lambda: make(Send, "hello", via=["email"], priority="high"),
            "Send.priority", "(got 'high')", "such as 3",
        ),
        (
            lambda: make(Send, "hello", via=["email"], transactional=1),
            "Send.transactional", "(got 1)", "True or False",
        ),
        # --- ways
        (lambda: make(Branch), "Branch.whens", "missing", "give whens="),
        (lambda: Branch(*[]), "Branch.whens", "missing", "give whens="),
        (lambda: make(Branch, HELLO), "Branch.whens[0]", "this is no When", "write When(...)"),
        (lambda: make(Branch, whens=[]), "Branch.whens", "without a When", "at least one When"),
        (lambda: When(True, [HELLO]), "When.condition", "no condition (got True)", "Shopper.plan"),
        (lambda: make(When, "plan == 'pro'"), "When.condition", "no condition", "class attribute"),
        (lambda: make(When, PRO, HELLO), "When.steps", "must be a list", "in [...]"),
        (
            lambda: make(Branch, When(PRO), othrwise=[HELLO]),
            "Branch.othrwise", "no such option", "mean 'otherwise'?",
        ),
        (lambda: Split(Arm("a")), "Split.arms", "two or more arms", 'Split(Arm("a"'),
        (lambda: Split(Arm("a"), Arm("a")), "Split.arms", "different names", "Arm("),
        (lambda: Split(Arm("a", 0), Arm("b", 0)), "Split.arms", "weight 0", "above 0"),
        (lambda: Arm("a", -1), "Arm.weight", "too small (got -1)", "0 or more"),
        (lambda: make(Arm, "a", 0.5), "Arm.weight", "whole number (got 0.5)", "such as 3"),
        # --- profile and consent
        (lambda: Set(OrderPlaced.amount, 5), "Set.field", "not an attribute", "Profile class"),
        (lambda: Set("plan", "pro"), "Set.field", "no field (got 'plan')", "Shopper.plan"),
        (lambda: Set(Customer.plan, "gold"), "Set.value", "cannot be 'gold'", "'free', 'pro'"),
        (lambda: Set(Customer.plan, 5), "Set.value", "is a text", "a string"),
        (lambda: Set(Customer.trial_ends, NAIVE), "Set.value", "is an instant", "tzinfo=UTC"),
        (
            lambda: Set(Customer.visits, OrderPlaced.amount),
            "Set.value", "an integer, the other a decimal", "one kind",
        ),
        (lambda: make(Consent, "give", channels=["sms"]), "Consent.change", "'give'", "'grant' or"),
        (lambda: Consent("grant", channels=[]), "Consent.channels", "no channel", "at least one"),
        (lambda: Goto("two words"), "Goto.target", "(got 'two words')", "such as"),
        (lambda: Exit("of my own accord"), "Exit.reason", "a space", "such as"),
        # --- triggers
        (lambda: On(OrderPlaced, key=Customer.plan), "On.key", "profile.plan", "of order_placed"),
        (lambda: On(OrderPlaced, key="cart"), "On.key", "no field (got 'cart')", "Shopper.plan"),
        (lambda: On(OrderPlaced, where=True), "On.where", "no condition", "Shopper.plan"),
        (lambda: make(On, 5), "On.event", "must be text (got 5)", "in quotes"),
        (lambda: make(On, Customer), "On.event", "Customer is no event", "(Event)"),
        (lambda: On("order placed"), "On.event", "'order placed'", "'order_placed'"),
        (lambda: After(days(0)), "After.duration", "longer than zero", "days(7)"),
        (lambda: make(Goal, OrderPlaced), "Goal.on", "this is a class", "write On(...)"),
        (lambda: Goal(SEEN, within=days(-1)), "Goal.within", "longer than zero", "days(7)"),
        (lambda: Goal(SEEN, name=""), "Goal.name", "it is empty", "one character"),
        # --- journeys
        (
            lambda: journey(HELLO, description="\ud800"),
            "Journey.description", "half a character", "lone surrogates",
        ),
        (lambda: Goal(SEEN, name="\udfff"), "Goal.name", "half a character", "lone surrogates"),
        (lambda: journey(), "Journey.steps", "without steps", "at least one step"),
        (lambda: journey(HELLO, entry=[]), "Journey.entry", "never entered", "give On("),
        (lambda: journey(HELLO, entry=PageSeen), "Journey.entry[0]", "a class", "On(...)"),
        (lambda: make(Journey, "j", steps=[HELLO]), "Journey.entry", "missing", "give entry="),
        (lambda: journey(HELLO, version=0), "Journey.version", "(got 0)", "1 or more"),
        (lambda: journey(HELLO, version="2"), "Journey.version", "whole number", "such as"),
        (lambda: journey(HELLO, holdout=1), "Journey.holdout", "(got 1)", "less than 1"),
        (lambda: journey(HELLO, holdout="1"), "Journey.holdout", "a number", "such as 0.1"),
        (lambda: journey(HELLO, reentry="once"), "Journey.reentry", "(got 'once')", "one of Once"),
        (lambda: journey(HELLO, reentry=After), "Journey.reentry", "a class", "write After(...)"),
        (lambda: journey(HELLO, exits=True), "Journey.exits[0]", "no condition", "Shopper.plan"),
        (lambda: journey(HELLO, goal=OrderPlaced), "Journey.goal[0]", "a class", "Goal(...)"),
        (lambda: journey(make(list)), "Journey.steps[0]", "(got [])", "Wait, WaitUntil"),
        (
            lambda: Journey("two words", entry=SEEN, steps=[HELLO]),
            "Journey.name", "'two words'", "such as",
        ),
        (
            lambda: journey(HELLO, entry=[SEEN, On(OrderPlaced, key=OrderPlaced.cart)]),
            "Journey.entry", "some have none", "each entry a key",
        ),
        (lambda: journey(HELLO, entry=[SEEN, SEEN]), "Journey.entry[1]", "named twice", "with |"),
        (
            lambda: journey(HELLO, exits=[On(OrderPlaced, key=OrderPlaced.cart)]),
            "Journey.exits[0]", "the entry has none", "give the entry a key",
        ),  # E1
        (
            lambda: journey(WaitFor(On(OrderPlaced, key=OrderPlaced.cart), timeout=days(1))),
            "Journey.steps[0] › on[0]", "the entry has none", "leave out the key",
        ),
        (lambda: journey(Goto("x")), "Journey.steps[0]", "Goto('x')", "label='x'"),
        (lambda: journey(Goto("x", label="x")), "Journey.steps[0]", "x → x", "lead to a step"),
        (
            lambda: journey(Goto("y", label="x"), Goto("x", label="y")),
            "Journey.steps[0]", "in a circle: y → x → y", "lead to a step",
        ),
        # E5: a loop must let time pass; these come back in the same instant.
        (
            lambda: journey(Send("a", via=["email"], label="x"), Goto("x")),
            "Journey.steps[0]", "the loop x → x lets no time pass", "put a Wait",
        ),
        (
            lambda: journey(Wait(hours(0), label="x"), Goto("x")),
            "Journey.steps[0]", "the loop x → x", "put a Wait",
        ),
        (
            lambda: journey(WaitUntil(Customer.born, label="x"), Goto("x")),
            "Journey.steps[0]", "the loop x → x", "put a Wait",
        ),
        (
            lambda: journey(
                Wait(hours(1)), Branch(When(PRO, [Goto("b")]), label="b"), Exit()
            ),
            "Journey.steps[1]", "the loop b → b", "put a Wait",
        ),
        (lambda: journey(Exit(), HELLO), "Journey.steps[1]", "nothing leads", "needs a label"),
        (
            lambda: journey(Branch(When(PRO, [Exit(), HELLO])), Exit()),
            "Journey.steps[0] › whens[0] › steps[1]", "nothing leads", "needs a label",
        ),
        (
            lambda: journey(Wait(hours(1), label="a"), Wait(hours(1), label="a")),
            "Journey.steps[1]", "'a' is used twice", "another label",
        ),
        (
            lambda: journey(Wait(hours(1), label="start")),
            "Journey.steps[0]", "'start' is reserved", "another label",
        ),
        # What is read must be at hand where it is read.
        (
            lambda: journey(Branch(When(OrderPlaced.gift == True, [HELLO]))),  # noqa: E712
            "Journey.steps[0] › whens[0] › condition", "order_placed.gift cannot", "page_seen",
        ),
        (
            lambda: journey(WaitUntil(OrderPlaced.deliver_on)),
            "Journey.steps[0] › moment", "order_placed.deliver_on cannot", "page_seen, profile",
        ),
        (
            lambda: journey(HELLO, entry=On(PageSeen, where=outcome("hello") == "accepted")),
            "Journey.entry[0] › where", "step.hello cannot", "page_seen, profile",
        ),
        (
            lambda: journey(HELLO, Branch(When(outcome("helo") == "failed", [Exit()]))),
            "Journey.steps[1] › whens[0] › condition", "no Send or StartJourney step has the id 'helo'", "'hello'",
        ),
        # --- policy
        (lambda: QuietHours("00:00", "24:00"), "QuietHours:", "never end", "some time open"),  # G2
        (lambda: QuietHours("24:00", "08:00"), "QuietHours.start", "'24:00'", "end only"),
        (lambda: QuietHours("21", "08:00"), "QuietHours.start", "'21'", "HH:MM"),
        (lambda: QuietHours("21:00", "8"), "QuietHours.end", "'8'", "HH:MM"),
        (lambda: QuietHours("21:00", "08:00", days=[]), "QuietHours.days", "no weekday", "mon"),
        (
            lambda: QuietHours("21:00", "08:00", channels=[]),
            "QuietHours.channels", "covers nothing", "leave it out",
        ),
        (
            lambda: make(QuietHours, "21:00", "08:00", dates=["soon"]),
            "QuietHours.dates[0]", "no date (got 'soon')", "date(2026, 3, 1)",
        ),
        (
            lambda: QuietHours("21:00", "08:00", where=OrderPlaced.amount > 3),
            "QuietHours.where", "order_placed.amount cannot be read", "reads the profile",
        ),
        (lambda: make(FrequencyCap, 3), "FrequencyCap.per", "missing", "give per="),
        (lambda: FrequencyCap(-1, per="day"), "FrequencyCap.limit", "(got -1)", "0 or more"),
        (lambda: make(FrequencyCap, True, per="day"), "FrequencyCap.limit", "(got True)", "3"),
        (lambda: FrequencyCap(3, per="fortnight"), "FrequencyCap.per", "'fortnight'", '"week"'),
        (lambda: FrequencyCap(3, per=timedelta()), "FrequencyCap.per", "longer than zero", "days"),
        (lambda: make(FrequencyCap, 3, per=7), "FrequencyCap.per", "no window (got 7)", '"day"'),
        (
            lambda: make(FrequencyCap, 3, per="week", week_starts="someday"),
            "FrequencyCap.week_starts", "(got 'someday')", "'mon', 'tue'",
        ),
        (
            lambda: FrequencyCap(3, per="day", week_starts="sun"),
            "FrequencyCap.week_starts", "only a window of a week", 'per="week" instead of \'day\'',
        ),
        (
            lambda: Send("hi", via=["sms"], transactional=True, on_cap="skip"),
            "Send.on_cap", "neither quiet hours nor caps stop", "leave out on_cap",
        ),
        (
            lambda: Send("hi", via=["sms"], transactional=True, on_quiet="else", otherwise=[Exit()]),
            "Send.on_quiet", "neither quiet hours nor caps stop", "leave out on_quiet",
        ),
        (lambda: make(Policy, consent={"sms": "yes"}), "Policy.consent.sms", "'yes'", "'opt-in'"),
        (lambda: make(Policy, consent=["sms"]), "Policy.consent", "mapping (got ['sms'])", "{...}"),
        (
            lambda: Policy(consent={"email": "opt-in"}, caps=[FrequencyCap(1, per="day", channels=["sms"])]),
            "Policy.caps[0] › channels", "'sms' is not declared", "declared: email",
        ),
        (
            lambda: Policy(
                consent={"email": "opt-in"},
                quiet_hours=[QuietHours("00:00", "12:00"), QuietHours("12:00", "24:00")],
            ),
            "Policy.quiet_hours", "never let channel 'email' speak", "some time of the week",
        ),  # G2
        # --- workspaces
        (lambda: make(Workspace, journeys=[]), "Workspace.timezone", "missing", "timezone="),  # T7
        (lambda: workspace(timezone="Europe/Berln"), "Workspace.timezone", "'Europe/Berln'", "mean"),
        (lambda: workspace(timezone=""), "Workspace.timezone", "(got '')", "IANA name"),
        (
            lambda: workspace(
                journey(Send("a", via=["email"], hours=[Hours("21:00", "23:00")])),
                policy=Policy(
                    consent={"email": "opt-in"}, quiet_hours=[QuietHours("20:00", "08:00")]
                ),
            ),
            "Workspace.journeys[0] › steps[0] › hours", "quiet_hours[0] (20:00-08:00)", "overlap",
        ),  # G2
        (
            lambda: workspace(journey(HELLO), journey(HELLO)),
            "Workspace.journeys[1] › name", "'welcome' is used twice", "its own name",
        ),
        (
            lambda: workspace(journey(Send("a", via=["sms"]))),
            "Workspace.journeys[0] › steps[0]", "'sms' of journey 'welcome'", "{'sms': 'opt-in'}",
        ),  # G7: no silent value
        (
            lambda: workspace(
                journey(HELLO),
                policy=Policy(
                    consent={"email": "opt-in"}, caps=[FrequencyCap(1, per="day", journeys=["w"])]
                ),
            ),
            "Workspace.policy › caps[0] › journeys", "no journey 'w' here", "name one of welcome",
        ),
        (
            lambda: workspace(journey(HELLO, entry=On("order_placed"))),
            "Workspace.journeys[0] › entry[0]", "'order_placed' is not known", "events=[...]",
        ),
        (lambda: workspace(profile=OrderPlaced), "Workspace.profile", "subclass of Profile", "class"),
        (lambda: workspace(profile=Customer()), "Workspace.profile", "subclass of Profile", "class"),
        (lambda: workspace(events=["a"]), "Workspace.events[0]", "subclass of Event", "the class"),
        (lambda: workspace(remember_events=days(89)), "Workspace.remember_events", "90", "days(90)"),
        (
            lambda: workspace(events=[PageSeen, type(PageSeen)("PageSeen", (PageSeen,), {"__module__": "x"})]),
            "Workspace.events", "two event classes have the wire name 'page_seen'", "rename one",
        ),
        (lambda: workspace(max_steps=0), "Workspace.max_steps", "(got 0)", "1 or more"),
        (lambda: workspace(max_input_bytes=10), "Workspace.max_input_bytes", "(got 10)", "1024 or more"),
        (lambda: workspace(max_content_bytes=0), "Workspace.max_content_bytes", "(got 0)", "1024 or more"),
        (lambda: make(Workspace, journey(HELLO)), "Workspace:", "0 positional", "journeys="),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_refused(write: Any, place: str, problem: str, remedy: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        write()

    check(caught.value, place, problem, remedy)


def check(error: JourneykitError, place: str, problem: str, remedy: str) -> None:
    text = str(error)
    said, _, way_out = text.partition("; ")
    assert said.startswith(place), text
    assert problem in said, text
    assert remedy in way_out, text
    assert error.problem
    assert error.remedy
    for jargon in ("pydantic", "Input should", "input should", "function-", "[type=", "docstring"):
        assert jargon not in text


def step(**fields: Any) -> dict[str, Any]:
    return {"steps": [fields]}


def when(**condition: Any) -> dict[str, Any]:
    return step(type="branch", whens=[{"condition": condition}])


AGE = {"of": "profile", "field": "age", "kind": "integer"}
AT = "Journey.steps[0] › Branch.whens[0] › condition"


@pytest.mark.parametrize(
    ("change", "place", "problem", "remedy"),
    [
        ({"steps": []}, "Journey.steps", "without steps", "at least one"),
        ({"steps": "wait"}, "Journey.steps", "a list (got 'wait')", "in [...]"),
        ({"steps": [5]}, "Journey.steps[0]", "(got 5)", "Wait, WaitUntil"),
        (step(type="wiat"), "Journey.steps[0]", "no kind 'wiat'", "did you mean 'wait'?"),
        (step(duration="P1D"), "Journey.steps[0]", "its type is missing", "wait, wait_until"),
        (step(type="wait", duration="soon"), "Journey.steps[0] › Wait.duration", "'soon'", "P1M"),
        (step(type="wait", duration=5), "Journey.steps[0] › Wait.duration", "(got 5)", "P1M"),
        (
            step(type="wait_until", moment="2026-01-01T00:00"),
            "Journey.steps[0] › WaitUntil.moment", "without a zone", "give it one",
        ),  # T1
        (
            step(type="wait_until", moment={"of": "profile", "field": "born"}),
            "Journey.steps[0] › WaitUntil.moment › FieldRef.kind", "missing", "give kind=",
        ),
        (
            step(type="split", arms=[{"name": "a", "weight": "1"}, {"name": "b"}]),
            "Journey.steps[0] › Split.arms[0] › weight", "(got '1')", "such as 3",
        ),
        (
            step(type="wait_for", on=[{"what": {"event": "paid"}, "step": []}], timeout="P1D"),
            "Journey.steps[0] › WaitFor.on[0] › Case.step", "", "mean 'steps'?",
        ),
        (
            step(type="wait_for", on=[{"receipt": "read", "of": "x"}], timeout="P1D"),
            "Journey.steps[0] › WaitFor.on[0] › Receipt.receipt", "'read'", "'delivered'",
        ),
        (
            step(type="wait_for", on=[{"what": 5}], timeout="P1D"),
            "Journey.steps[0] › WaitFor.on[0] › Case.what", "no condition (got 5)", "compare",
        ),
        (
            step(type="digest", on={"event": "paid"}, window="PT1H", at_most=0),
            "Journey.steps[0] › Digest.at_most", "(got 0)", "1",
        ),
        (
            step(
                type="wait_for", on=[{"event": "paid"}], timeout="P1D",
                then=[{"type": "send", "template": "x", "via": ["email"], "prioriti": 1}],
            ),
            "Journey.steps[0] › WaitFor.then[0] › Send.prioriti", "(got 1)", "mean 'priority'?",
        ),
        (
            step(type="branch", whens=[{"condition": 5, "steps": [{"type": "send", "via": []}]}]),
            "Journey.steps[0] › Branch.whens[0] › condition", "no condition (got 5)", "Send.via",
        ),  # the other mistakes are listed behind the first
        (when(**AGE, op="equals", value=3), f"{AT} › Comparison.op", "'equals'", "'eq', 'ne'"),
        (when(of="profile", field="age", op="eq"), f"{AT} › Comparison.kind", "missing", "kind="),
        (when(**AGE, op="ge", value="3"), f"{AT} › Comparison.value", "not an integer", "whole"),
        (when(**AGE, op="ge", value=True), f"{AT} › Comparison.value", "not an integer", "whole"),
        (when(**AGE, op="in", value=3), f"{AT} › Comparison.value", "compares with a list", "list"),
        (when(**AGE, op="eq", value=[3]), f"{AT} › Comparison.value", "with one value", "one"),
        (when(**AGE, op="in", value=[]), f"{AT} › Comparison.value", "empty", "give"),
        (when(**AGE, op="contains", value=3), f"{AT} › Comparison.op", "contains nothing", "comp"),
        (when(**AGE, op="exists", value=False), f"{AT} › Comparison.value", "no value", "leave"),
        (when(**AGE, op="ge", value={"ago": "P1D"}), f"{AT} › Comparison.value", "no moment", "wh"),
        (
            when(**AGE, op="ge", value={"agoo": "P1D"}),
            f"{AT} › Comparison.value › RelativeMoment.agoo", "no such option", "mean 'ago'?",
        ),
        (
            when(**AGE, op="ge", value={"ago": "P1D", "ahead": "P1D"}),
            f"{AT} › Comparison.value › RelativeMoment", "either ago or ahead", "ago(days(30))",
        ),
        (
            when(**AGE, op="ge", value={**AGE, "kind": "text"}),
            f"{AT} › Comparison.value", "the other a text", "one kind",
        ),
        (
            when(of="profile", field="x", kind="decimal", op="ge", value="much"),
            f"{AT} › Comparison.value", "'much' is not a decimal", '"19.90"',
        ),
        (
            when(of="profile", field="x", kind="instant", op="ge", value="2026-03-01"),
            f"{AT} › Comparison.value", "not an instant", "+00:00",
        ),  # T1
        (when(all=5), f"{AT} › All.all", "(got 5)", "in [...]"),
        (
            when(any=[{"not": {**AGE, "op": "lt"}}]),
            f"{AT} › AnyOf.any[0] › Not.not › Comparison.value", "it is missing", "give value=",
        ),
        (
            when(past="count", event="paid", op="in", value=[2]),
            f"{AT} › PastComparison.op", "count cannot be asked", "eq, ne",
        ),
        (
            when(past="total", event="paid", op="ge", value=2),
            f"{AT} › PastComparison.field", "total needs a field", "total(OrderPlaced.amount)",
        ),
        (
            when(past="total", event="paid", op="ge", value=2, field=AGE),
            f"{AT} › PastComparison.field", "a number field of its event", "such as total",
        ),
        (
            when(past="count", event="paid", op="ge", value=2, field=AGE),
            f"{AT} › PastComparison.field", "nothing else does", "total",
        ),
        (
            when(past="last", event="paid", op="ge", value=2),
            f"{AT} › PastComparison.value", "2 is not an instant", "+00:00",
        ),
        (
            when(past="last", event="paid", op="exists", within="P1D"),
            f"{AT} › PastComparison.within", "last has no window", "ago(days(30))",
        ),
        (
            when(past="count", event="paid", op="ge", value=AGE),
            f"{AT} › PastComparison.value", "compared with a field", "a constant",
        ),
        (
            when(past="count", event="paid", op="ge", value=1, where={**AGE, "op": "exists"}),
            f"{AT} › PastComparison.where", "past paid events", "compare fields of paid",
        ),
        ({"exits": [{"event": "paid", "where": 5}]}, "Journey.exits[0] › On.where", "5", "compare"),
        ({"exits": [{"evnt": "paid"}]}, "Journey.exits[0] › Comparison.of", "missing", "give of="),
        ({"reentry": {"type": "ever"}}, "Journey.reentry", "no kind 'ever'", "'once'"),
        (
            {"reentry": {"type": "after", "duration": "-P1D"}},
            "Journey.reentry › After.duration", "'-P1D'", "days(7)",
        ),
        (
            {"entry": {"event": "paid", "key": AGE}},
            "Journey.entry[0] › On.key", "key reads profile.age", "a field of paid",
        ),
        ({"nmae": "x"}, "Journey.nmae", "no such option", "did you mean 'name'?"),
        (
            step(type="set", field=AGE, value="3"),
            "Journey.steps[0] › Set.value", "profile.age is an integer, and '3' is not", "whole",
        ),
        (
            when(of="profile", field="x", kind="instant", op="ge", value="soon"),
            f"{AT} › Comparison.value", "'soon' is not an instant", "+00:00",
        ),
        (
            when(of="profile", field="x", kind="json", op="eq", value="a"),
            f"{AT} › Comparison.op", "a structure", "exists",
        ),
        (
            step(type="wait_until", moment=AGE),
            "Journey.steps[0] › WaitUntil.moment", "the field is an integer", "a field that holds",
        ),
        (
            step(type="wait_until", moment="0001-01-01T00:00+05:00"),
            "Journey.steps[0] › WaitUntil.moment", "outside the years", "a date",
        ),
        ({"zzz": "x"}, "Journey.zzz", "no such option", "it takes name, version"),
        ({"steps": {"a": 1}}, "Journey.steps of journey 'welcome'", "(got {'a': 1})", "in [...]"),
        (step(type=3), "Journey.steps[0] of journey 'welcome'", "no kind 3", "wait, wait_until"),
        (
            {"goal": {"on": {"event": "paid"}, "name": 5}},
            "Journey.goal[0] › name of journey 'welcome'", "text (got 5)", "quotes",
        ),
        ({"opens": 5}, "Journey.opens of journey 'welcome'", "no instant (got 5)", "offset"),
        ({"closes": "1700000000"}, "Journey.closes", "no instant (got '1700000000')", "offset"),
        ({"version": 2**31}, "Journey.version", "too large", "2147483647"),
        ({"name": "a\x1bb"}, "Journey.name", "control character (got 'a\\x1bb')", "such as"),
        ({"name": "a\ud800"}, "", "a text has \\ud800 without", "whole characters"),
        (
            {"exits": [{**AGE, "op": "gt"}]},
            "Journey.exits[0] › Comparison.value of journey 'welcome'", "missing", "give value=",
        ),
        (
            {"exits": [{"past": "count", "event": "paid", "op": "gt"}]},
            "Journey.exits[0] › PastComparison.value", "missing", "give value=",
        ),
        (
            {"exits": [{**AGE, "op": "exists", "value": 1}]},
            "Journey.exits[0] › Comparison.value", "no value (got 1)", "leave it out",
        ),
    ],
)  # fmt: skip
def test_wrong_json_is_refused_with_its_path(
    change: dict[str, Any], place: str, problem: str, remedy: str
) -> None:
    right = {
        "name": "welcome",
        "entry": {"event": "page_seen"},
        "steps": [{"type": "wait", "duration": "P1D"}],
    }
    Journey.from_json(json.dumps(right))

    with pytest.raises(DefinitionError) as caught:
        Journey.from_json(json.dumps({**right, **change}))
    check(caught.value, place, problem, remedy)

    # The same within a workspace: the path goes on from there.
    data = {"journeys": [right, {**right, **change}], "timezone": "UTC"}
    with pytest.raises(DefinitionError) as caught:
        Workspace.from_json(json.dumps(data), events=[PageSeen])
    check(caught.value, place.replace("Journey.", "Workspace.journeys[1] › "), problem, remedy)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not json", "this is no JSON"),
        ("", "this is no JSON"),
        ('{"name": "welcome"', "this is no JSON"),
        (b"\xff", "this is no JSON"),
        ("[]", "this is no"),
        ("null", "this is no"),
    ],
)
def test_what_is_no_json_is_refused(text: str | bytes, problem: str) -> None:
    for load in (Journey.from_json, Workspace.from_json):
        with pytest.raises(DefinitionError) as caught:
            load(text)
        assert problem in str(caught.value)
        assert caught.value.remedy


def test_what_nobody_foresaw_is_still_told_in_our_words() -> None:
    class Pair(Frozen):
        number: int = Field(multiple_of=2)

    with pytest.raises(
        DefinitionError, match=r"Pair\.number: it must be a multiple of 2 \(got 3\)"
    ):
        Pair(3)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(DefinitionError) as caught:
        make(Send, "two words", via=[], priority="high")

    text = str(caught.value)
    assert "Send.template" in text
    assert "also Send.via" in text
    assert "also Send.priority" in text


def test_errors_are_value_errors_with_their_parts() -> None:
    with pytest.raises(ValueError, match=r"Wait\.duration") as caught:
        Wait(hours(-1))

    error = caught.value
    assert isinstance(error, DefinitionError)
    assert not isinstance(error, InputError)
    assert (error.place, error.value) == ("Wait.duration", hours(-1))


def test_a_window_of_the_past_is_refused_by_name() -> None:
    with pytest.raises(DefinitionError, match=r"count\(within=\).*longer than zero.*days\(30\)"):
        count(OrderPlaced, within=days(0))


def test_an_aware_moment_is_kept_in_utc() -> None:  # T1
    there = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert WaitUntil(there).moment == there
    assert WaitUntil("2026-03-01").moment == date(2026, 3, 1)
    assert WaitUntil("2026-03-01T13:00:00+01:00") == WaitUntil(there)
