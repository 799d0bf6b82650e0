"""One table: for each code journeys that have it, and next to each the nearest that has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Address,
    AfterExit,
    Always,
    Arm,
    Branch,
    ByCall,
    Call,
    Changed,
    Emit,
    Enters,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Goto,
    Hours,
    Journey,
    Leaves,
    MinimumGap,
    On,
    OnDate,
    Part,
    Policy,
    Profile,
    QuietHours,
    Receipt,
    Restart,
    Result,
    Scheduled,
    Segment,
    Send,
    SendWindow,
    Set,
    Split,
    StartJourney,
    Templates,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    ago,
    count,
    days,
    exists,
    hours,
    last,
    minutes,
    months,
    not_,
    outcome,
)
from journeykit import Case as Case_
from journeykit.analysis.codes import RULES
from journeykit.cli.example import load_example
from journeykit.model import Entry, Findings, Step
from journeykit.testing.journeys import workspaces

TODAY = date(2026, 6, 15)


class SignedUp(Event):
    plan: str = "free"
    seats: int = 1


class Ordered(Event):
    cart: str
    amount: Decimal = Decimal(0)


class Left(Event):
    pass


class Shopper(Profile):
    first_name: str = ""
    plan: str = "free"
    visits: int | None = None
    born: date | None = None
    email: Annotated[str | None, Address("email")] = None


class Score(Result):
    points: int


hello = Send("hello", via=["email"])
more = Send("more", via=["email"])
end = [Exit("done")]


def shop(*journeys: Journey, **policy: Any) -> Workspace:
    return Workspace(
        journeys=list(journeys),
        timezone="Europe/Berlin",
        profile=Shopper,
        events=[SignedUp, Ordered, Left],
        policy=Policy(**{"consent": {"email": "opt-out", "sms": "opt-out"}, **policy}),
    )


def steps(*steps: Step, **options: Any) -> Journey:
    return Journey("welcome", **{"entry": On(SignedUp), "steps": [*steps], **options})


def sending(*steps_: Step, **policy: Any) -> Workspace:
    return shop(steps(*steps_), **policy)


@dataclass
class Case:
    """What has the finding, where, and what comes nearest without having it."""

    code: str
    found: Workspace
    place: str
    nearest: Workspace
    why: str = ""
    check: Callable[[Workspace], Findings] = lambda workspace: workspace.check(today=TODAY)


def strict(workspace: Workspace) -> Findings:
    return workspace.check(strict=True)


templates = Templates()


@templates.register("hello")
def say_hello(context: Any) -> str:
    name = context.profile["first_name"] + context.profile.get("nick", "")
    known = "hello" in context.results
    return f"{name}, {context.trigger['plan']} {context.results['hello'] if known else ''}"


@templates.register("wrong", channels=["email"])
def say_wrong(context: Any) -> str:
    return str(context.profile["first_nam"])


@templates.register("seats")
def say_seats(context: Any) -> str:
    return str(context.trigger["seats"])


@templates.register("after")
def say_after(context: Any) -> str:
    return str(context.results["hello"])


@templates.register("nowhere")
def say_nowhere(context: Any) -> str:
    return str(context.results["helo"])


def rendered(workspace: Workspace) -> Findings:
    return workspace.check(templates=templates)


def by_email(template: str, **options: Any) -> Send:
    return Send(template, via=["email"], **options)


big = Ordered.amount >= 10
CASES = [
    Case(
        "JK101",
        sending(Branch(When(Shopper.visits > 3, end), When(Shopper.visits > 5, [hello]))),
        "steps[0] › whens[1]",
        sending(Branch(When(Shopper.visits > 5, end), When(Shopper.visits > 3, [hello]))),
        "whoever has profile.visits > 5 takes an earlier way",
    ),
    Case(
        "JK101",
        sending(Branch(When(not_(exists(Shopper.visits))), When(exists(Shopper.visits)), otherwise=[hello])),
        "steps[0] › otherwise",
        sending(Branch(When(not_(exists(Shopper.visits))), When(Shopper.visits > 1), otherwise=[hello])),
    ),
    Case(
        "JK101",
        sending(WaitFor([Case_(On(Ordered), end), Case_(On(Ordered, where=big), [hello])], timeout=days(2), on_timeout=end)),
        "steps[0] › on[1]",
        sending(WaitFor([Case_(On(Ordered, where=big), end), Case_(On(Ordered), [hello])], timeout=days(2), on_timeout=end)),
        "taken by one that stands before it",
    ),
    Case(
        "JK101",
        sending(WaitFor([Shopper.visits > 3, Case_(Shopper.visits > 5, [hello])], timeout=days(2), then=end, on_timeout=end)),
        "steps[0] › on[1]",
        sending(WaitFor([Shopper.visits > 3, Shopper.visits > 5, Case_(On(Ordered), [hello])], timeout=days(2), then=end, on_timeout=end)),
    ),
    Case(
        "JK101",
        sending(hello, WaitFor([Case_(Receipt("opened", of="hello"), end), Case_(Receipt("opened", of="hello"), [more])], timeout=days(2), on_timeout=end)),
        "steps[1] › on[1]",
        sending(hello, WaitFor([Case_(Receipt("opened", of="hello"), end), Case_(Receipt("clicked", of="hello"), [more])], timeout=days(2), on_timeout=end)),
    ),
    Case(
        "JK102",
        sending(WaitFor(On(Ordered), timeout=days(2), then=[hello]), more),
        "steps[0]",
        sending(WaitFor(On(Ordered), timeout=days(2), then=[hello])),
        "when nothing comes within 2 days, the run goes on at more",
    ),
    Case(
        "JK102",
        sending(WaitFor(On(Ordered), timeout=days(2), then=[hello]), more),
        "steps[0]",
        sending(WaitFor(On(Ordered), timeout=days(2), then=[hello], on_timeout=[Exit("no")]), more),
    ),
    Case(
        "JK102",
        sending(WaitFor(Case_(On(Ordered), [hello]), timeout=days(2)), more),
        "steps[0]",
        sending(WaitFor(Case_(On(Ordered)), timeout=days(2)), Wait(days(1)), more),
    ),
    Case(
        "JK102",
        sending(WaitFor(On(Ordered), timeout=days(2)), more),
        "steps[0]",
        sending(WaitFor(On(Ordered), timeout=days(2), on_timeout=end), more),
        "goes on at more like those for whom it came",
    ),
    Case(
        "JK103",
        shop(steps(hello, Wait(days(1)), version=2)),
        "steps[1]",
        shop(steps(hello, Wait(days(1), label="a_day"), version=2)),
        "the ids of wait_2 come from their places",
    ),
    Case(
        "JK103",
        sending(Wait(days(1))),
        "steps[0]",
        sending(Branch(When(Shopper.visits > 3, [hello]))),
        check=strict,
    ),
    Case(
        "JK104",
        shop(steps(WaitFor(On(Ordered), timeout=days(2), then=end), exits=[On(Ordered)])),
        "steps[0] › on[0]",
        shop(steps(WaitFor(On(Ordered), timeout=days(2), then=end), exits=[On(Ordered, where=big)])),
        "ordered ends the run by exits[0]",
    ),
    Case(
        "JK104",
        shop(steps(WaitFor(On(Ordered, where=Ordered.amount > 20), timeout=days(2)), goal=Goal(On(Ordered, where=big)))),
        "steps[0] › on[0]",
        shop(steps(WaitFor(On(Ordered, where=Ordered.amount > 20), timeout=days(2)), goal=Goal(On(Ordered, where=big), ends_run=False))),
        "by goal[0]",
    ),
    Case(
        "JK104",
        shop(steps(WaitFor(On(Ordered, key=Ordered.cart), timeout=days(2)), entry=On(Ordered, key=Ordered.cart), exits=[On(Ordered, key=Ordered.cart)])),
        "steps[0] › on[0]",
        shop(steps(WaitFor(On(Ordered), timeout=days(2)), entry=On(Ordered, key=Ordered.cart), exits=[On(Ordered, key=Ordered.cart)])),
    ),
    Case(
        "JK104",
        shop(steps(hello, WaitFor([On(Ordered), Case_(Receipt("opened", of="hello"), [more])], timeout=days(2)), exits=[Receipt("opened", of="hello")])),
        "steps[1] › on[1] › what",
        shop(steps(hello, WaitFor(Receipt("opened", of="hello"), timeout=days(2)), exits=[Receipt("clicked", of="hello")])),
        "opened of hello ends the run by exits[0]",
    ),
    Case(
        "JK105",
        shop(steps(Emit(Left, {}), hello, reentry=Always()), Journey("bye", entry=On(Left, where=Shopper.visits > 3), steps=[Emit(SignedUp, {})], reentry=Always())),
        "steps[0]",
        shop(steps(Emit(Left, {}), hello, reentry=Always()), Journey("bye", entry=On(Left, where=Shopper.visits > 3), steps=[Wait(hours(1)), Emit(SignedUp, {})], reentry=Always())),
        "welcome → bye → welcome",
    ),
    Case(
        "JK105",
        shop(steps(Emit(Left, {}), entry=[On(Left, where=Shopper.visits > 3)], reentry=Restart())),
        "steps[0]",
        shop(steps(Emit(Left, {}), entry=[On(Left, where=Shopper.visits > 3)])),
    ),
    Case(
        "JK107",
        sending(Branch(When(outcome("hello") == "dropped", [more])), hello),
        "steps[0] › whens[0] › condition",
        sending(hello, Branch(When(outcome("hello") == "dropped", [more]))),
        "it reads what comes of hello, and no path leads from there to here",
    ),
    Case(
        "JK107",
        sending(Branch(When(Score.points > 3, [more])), Call("score", gives=Score)),
        "steps[0] › whens[0] › condition",
        sending(Call("score", gives=Score), Branch(When(Score.points > 3, [more]))),
        "comes of call_2",
    ),
    Case(
        "JK106",
        sending(Split(Arm("a", 1), Arm("b", 0, [hello]))),
        "steps[0] › arms[1]",
        sending(Split(Arm("a", 1), Arm("b", 0))),
        "arm 'b' has weight 0",
    ),
    Case(
        "JK108",
        shop(steps(hello, holdout=0.1)),
        "holdout",
        shop(steps(hello, holdout=0.1, goal=Goal(On(Ordered)))),
    ),
    Case(
        "JK110",
        shop(steps(hello, entry=Scheduled(cron="0 9 * * mon"))),
        "entry[0]",
        shop(steps(hello, entry=Scheduled(rrule="FREQ=DAILY;COUNT=1", at="09:00", starts=date(2026, 3, 1)))),
        "once in a lifetime",
    ),
    Case(
        "JK110",
        shop(steps(hello, entry=OnDate(Shopper.born, anniversary="feb28"))),
        "entry[0]",
        shop(steps(hello, entry=[OnDate(Shopper.born), Scheduled(cron="0 9 * * mon")], reentry=AfterExit())),
    ),
    Case(
        "JK109",
        shop(steps(Wait(days(4)), WaitFor(On(Ordered), timeout=days(2), then=end), goal=Goal(On(Ordered), within=days(7)))),
        "steps[1] › on[0]",
        shop(steps(Wait(days(6)), WaitFor(On(Ordered), timeout=days(2), then=end), goal=Goal(On(Ordered), within=days(7)))),
        "the 7 days are not over by then",
    ),
    Case(
        "JK109",
        shop(steps(WaitFor(On(Ordered, where=big), timeout=days(2), then=end), goal=[Goal(On(SignedUp)), Goal(On(Ordered), within=days(7))])),
        "steps[0] › on[0]",
        shop(steps(WaitUntil(Shopper.email if False else date(2027, 1, 1)), WaitFor(On(Ordered, where=big), timeout=days(2), then=end), goal=Goal(On(Ordered), within=days(7)))),
        "by goal[1]",
    ),
    Case(
        "JK201",
        shop(steps(hello, entry=On(SignedUp, where=(SignedUp.seats > 3) & (SignedUp.seats < 4)))),
        "entry[0] › where",
        shop(steps(hello, entry=On(SignedUp, where=(SignedUp.seats > 3) & (SignedUp.seats < 5)))),
        "signed_up.seats > 3 and signed_up.seats < 4 can never hold",
    ),
    Case(
        "JK201",
        sending(Branch(When(((Shopper.visits > 3) & (Shopper.visits < 2)) | (Shopper.plan == "pro"), [hello]))),
        "steps[0] › whens[0] › condition",
        sending(Branch(When(((Shopper.visits > 3) & (Shopper.visits < 20)) | (Shopper.plan == "pro"), [hello]))),
        "profile.visits > 3 and profile.visits < 2 can never hold",
    ),
    Case(
        "JK201",
        sending(Branch(When(count(Ordered, where=(Ordered.amount > 3) & (Ordered.amount < 3)) > 1))),
        "steps[0] › whens[0] › condition",
        sending(Branch(When(count(Ordered, where=(Ordered.amount > 3) & (Ordered.amount < 4)) > 1))),
    ),
    Case(
        "JK201",
        shop(steps(hello), quiet_hours=[QuietHours("21:00", "08:00", where=count(Ordered) < 0)]),
        "policy › quiet_hours[0] › where",
        shop(steps(hello), quiet_hours=[QuietHours("21:00", "08:00", where=count(Ordered) < 1)]),
    ),
    Case(
        "JK201",
        shop(steps(hello), reachable={"email": (Shopper.visits > 3) & (Shopper.visits < 1)}),
        "policy › reachable › email",
        shop(steps(hello), responses={"email": [On(Ordered, where=big)]}),
    ),
    Case(
        "JK201",
        shop(steps(hello, exits=[(Shopper.visits > 3) & (Shopper.visits < 1)])),
        "exits[0]",
        shop(steps(hello, exits=[(Shopper.visits > 3) | (Shopper.visits < 1)])),
    ),
    Case(
        "JK201",
        shop(steps(hello, entry=Changed(Shopper.plan, becomes="pro", where=Shopper.plan == "free"))),
        "entry[0] › where",
        shop(steps(hello, entry=Changed(Shopper.plan, was="pro", where=Shopper.plan == "free"))),
        "profile.plan == 'free' and profile.plan is one of 'pro' can never hold",
    ),
    Case(
        "JK201",
        shop(steps(hello, entry=Scheduled(cron="0 9 * * *", segment=Segment("many", Shopper.visits > 9), where=Shopper.visits < 9))),
        "entry[0] › where",
        shop(steps(hello, entry=Leaves(Segment("many", Shopper.visits > 9), where=Shopper.visits < 9))),
    ),
    Case(
        "JK202",
        shop(steps(hello, entry=On(SignedUp, where=(SignedUp.seats > 3) | (SignedUp.seats <= 3)))),
        "entry[0] › where",
        shop(steps(hello, entry=On(SignedUp, where=(SignedUp.seats > 3) | (SignedUp.seats < 3)))),
        "always holds",
    ),
    Case(
        "JK202",
        sending(Branch(When(count(Ordered) >= 0, [hello]))),
        "steps[0] › whens[0] › condition",
        sending(Branch(When(count(Ordered) >= 1, [hello]))),
    ),
    Case(
        "JK203",
        shop(steps(hello, exits=[not_(Shopper.plan == "pro") | (Shopper.plan == "pro")])),
        "exits[0]",
        shop(steps(hello, exits=[Shopper.plan == "pro"])),
        "so nobody enters",
    ),
    Case(
        "JK203",
        shop(steps(hello, entry=On(SignedUp, where=Shopper.plan == "free"), exits=[Shopper.plan == "free"])),
        "exits[0]",
        shop(steps(hello, entry=On(SignedUp, where=Shopper.plan == "free"), exits=[Shopper.plan == "pro"])),
        "whenever entry[0] lets somebody in",
    ),
    Case(
        "JK203",
        shop(steps(hello, entry=On(SignedUp, where=SignedUp.seats > 3), exits=[SignedUp.seats > 2])),
        "exits[0]",
        shop(steps(hello, entry=[On(SignedUp, where=Shopper.visits > 3), On(Left)], exits=[last(Ordered) > datetime(2026, 1, 1, tzinfo=UTC)])),
    ),
    Case(
        "JK204",
        shop(steps(hello, goal=Goal(On(Ordered, where=(Ordered.amount > 3) & (Ordered.amount < 2))))),
        "goal[0] › on › where",
        shop(steps(hello, goal=Goal(On(Ordered, where=(Ordered.amount > 3) & (Ordered.amount < 4))))),
    ),
    Case(
        "JK204",
        shop(steps(Branch(When(Shopper.visits > 3)), goal=Goal(On(Ordered)))),
        "goal[0]",
        shop(steps(Branch(When(Shopper.visits > 3, [hello])), goal=Goal(On(Ordered)))),
        "the run is over at the instant of its entry",
    ),
    Case(
        "JK204",
        shop(steps(hello, goal=[Goal(On(Ordered)), Goal(On(Ordered, where=big))])),
        "goal[1]",
        shop(steps(hello, goal=[Goal(On(Ordered, where=big)), Goal(On(Ordered))])),
        "ends the run by goal[0] first",
    ),
    Case(
        "JK204",
        shop(steps(hello, goal=[Goal(On(Ordered), within=days(7)), Goal(On(Ordered), within=days(6))])),
        "goal[1]",
        shop(steps(hello, goal=[Goal(On(Ordered), within=days(6)), Goal(On(Ordered), within=days(7))])),
    ),
    Case(
        "JK205",
        shop(steps(Branch(When(SignedUp.seats < 3, [hello])), entry=On(SignedUp, where=(SignedUp.seats >= 3) & (Shopper.plan == "a")))),
        "steps[0] › whens[0] › condition",
        shop(steps(Branch(When(SignedUp.seats < 4, [hello])), entry=On(SignedUp, where=(SignedUp.seats >= 3) & (Shopper.plan == "a")))),
        "holds for nobody whom the entry lets in, which asks for signed_up.seats >= 3",
    ),
    Case(
        "JK205",
        shop(steps(hello, goal=Goal(On(Ordered, where=(SignedUp.plan == "pro") & (Ordered.amount > 1))), entry=On(SignedUp, where=SignedUp.plan == "free"))),
        "goal[0] › on › where",
        shop(steps(hello, goal=Goal(On(Ordered, where=(SignedUp.plan == "pro") & (Ordered.amount > 1))), entry=On(SignedUp, where=SignedUp.seats > 1))),
    ),
    Case(
        "JK205",
        shop(steps(hello, goal=Goal(On(Ordered, where=SignedUp.plan == "pro")), entry=On(SignedUp, where=SignedUp.plan == "free"))),
        "goal[0] › on › where",
        shop(steps(hello, goal=Goal(On(SignedUp, where=SignedUp.plan == "pro")), entry=On(SignedUp, where=SignedUp.plan == "free"))),
    ),
    Case(
        "JK206",
        shop(steps(Wait(days(1)), Branch(When(Shopper.visits > 3, [hello])), exits=[Shopper.visits > 2])),
        "steps[1] › whens[0] › condition",
        shop(steps(Wait(days(1)), Branch(When(Shopper.visits > 3, [hello])), exits=[Shopper.visits > 4])),
        "where profile.visits > 3 holds, exits[0] has ended the run: profile.visits > 2",
    ),
    Case(
        "JK206",
        shop(steps(WaitFor(Shopper.plan == "pro", timeout=days(2), then=end), exits=[On(Left), Shopper.plan == "pro"])),
        "steps[0] › on[0]",
        shop(steps(WaitFor(last(Ordered) < ago(days(2)), timeout=days(2), then=end), exits=[last(Ordered) < ago(days(2))])),
        "exits[1] has ended the run",
    ),
    Case(
        "JK206",
        shop(steps(WaitFor(Shopper.visits > 3, timeout=days(2), then=[hello]), exits=[Shopper.visits > 2])),
        "steps[0] › on[0]",
        shop(steps(WaitFor(Shopper.visits > 3, timeout=days(2), on_timeout=[hello]), exits=[Shopper.visits > 2])),
    ),
    Case(
        "JK301",
        shop(steps(WaitBusinessDays(9), more, goal=Goal(On(Ordered), within=days(7)))),
        "steps[1]",
        shop(steps(WaitBusinessDays(7), more, goal=Goal(On(Ordered), within=days(7)))),
    ),
    Case(
        "JK301",
        shop(steps(Wait(days(4)), hello, Wait(days(4)), more, goal=Goal(On(Ordered), within=days(7)))),
        "steps[3]",
        shop(steps(Wait(days(4)), hello, Wait(days(3)), more, goal=Goal(On(Ordered), within=days(7)))),
        "more is sent when the 7 days of goal[0] are over",
    ),
    Case(
        "JK301",
        shop(steps(Wait(days(8)), more, goal=Goal(On(Ordered), within=days(7)))),
        "steps[1]",
        shop(steps(Wait(days(8)), more, goal=Goal(On(Ordered), within=days(7)), exits=[On(Ordered)])),
    ),
    Case(
        "JK301",
        shop(steps(WaitFor(On(Left), timeout=days(8), on_timeout=[more]), goal=Goal(On(Ordered), within=days(7)))),
        "steps[0] › on_timeout › steps[0]",
        shop(steps(WaitFor(On(Left), timeout=days(8), then=[more]), goal=Goal(On(Ordered), within=days(7)))),
    ),
    Case(
        "JK302",
        sending(WaitUntil(date(2026, 6, 14)), hello),
        "steps[0] › moment",
        sending(WaitUntil(date(2026, 6, 14), offset=days(1)), hello),
        "2026-06-14 is past",
    ),
    Case(
        "JK302",
        sending(WaitUntil(date(2026, 7, 10), offset=months(-1))),
        "steps[0] › moment",
        sending(WaitUntil(date(1990, 6, 14), anniversary="feb28")),
    ),
    Case(
        "JK302",
        sending(by_email("hello", valid_until=datetime(2026, 6, 14, 23, tzinfo=UTC))),
        "steps[0] › valid_until",
        sending(by_email("hello", valid_until=datetime(2026, 6, 15, tzinfo=UTC))),
    ),
    Case(
        "JK302",
        shop(steps(hello, entry=Scheduled(rrule="FREQ=DAILY;UNTIL=20260613", at="09:00"))),
        "entry[0] › rrule",
        shop(steps(hello, entry=Scheduled(rrule="FREQ=DAILY;UNTIL=20260616", at="09:00"))),
        "so it starts no run any more",
    ),
    Case(
        "JK302",
        shop(steps(hello, closes=datetime(2026, 6, 14, 12, tzinfo=UTC))),
        "closes",
        shop(steps(hello, closes=datetime(2026, 6, 15, 12, tzinfo=UTC))),
    ),
    Case(
        "JK303",
        sending(by_email("hello", valid_for=hours(11)), quiet_hours=[QuietHours("21:00", "08:00")]),
        "steps[0] › valid_for",
        sending(by_email("hello", valid_for=hours(11) + minutes(1)), quiet_hours=[QuietHours("21:00", "08:00")]),
        "quiet hours last up to 11 hours (21:00-08:00)",
    ),
    Case(
        "JK303",
        sending(by_email("hello", valid_for=hours(60)), windows=[SendWindow(Hours("09:00", "17:00", days=["mon", "tue", "wed", "thu", "fri"]))]),
        "steps[0] › valid_for",
        sending(by_email("hello", valid_for=hours(65)), windows=[SendWindow(Hours("09:00", "17:00", days=["mon", "tue", "wed", "thu", "fri"]))]),
        "up to 64 hours",
    ),
    Case(
        "JK303",
        sending(by_email("hello", valid_for=hours(30)), quiet_hours=[QuietHours("21:00", "08:00", dates=[date(2026, 12, 25)])]),
        "steps[0] › valid_for",
        sending(by_email("hello", valid_for=hours(30)), quiet_hours=[QuietHours("21:00", "08:00")]),
        "up to 35 hours",
    ),
    Case(
        "JK303",
        sending(Send("hello", via=["email", "sms"], valid_for=hours(5)), quiet_hours=[QuietHours("21:00", "06:00", channels=["email"]), QuietHours("01:00", "09:00", channels=["sms"])]),
        "steps[0] › valid_for",
        sending(Send("hello", via=["email", "sms"], valid_for=hours(6)), quiet_hours=[QuietHours("21:00", "06:00", channels=["email"]), QuietHours("01:00", "09:00", channels=["sms"])]),
        "up to 5 hours",
    ),
    Case(
        "JK303",
        sending(by_email("hello", valid_for=days(1)), quiet_hours=[QuietHours("00:00", "24:00", days=["sun"])]),
        "steps[0] › valid_for",
        sending(by_email("hello", valid_for=days(2)), quiet_hours=[QuietHours("00:00", "24:00", days=["sun"])]),
        "valid for 1 day, and quiet hours last up to 24 hours",
    ),
    Case(
        "JK303",
        sending(by_email("hello", valid_for=hours(3), hours=[Hours("09:00", "17:00")])),
        "steps[0] › valid_for",
        sending(by_email("hello", valid_for=hours(3), hours=[Hours("09:00", "17:00")], on_quiet="skip")),
        "its own hours 09:00-17:00",
    ),
    Case(
        "JK304",
        sending(hello, caps=[FrequencyCap(3, per="day", valid_until=date(2026, 6, 15))]),
        "policy › caps[0]",
        sending(hello, caps=[FrequencyCap(3, per="day", valid_until=date(2026, 6, 16))]),
        "it counts until 2026-06-15, which is past",
    ),
    Case(
        "JK305",
        sending(by_email("hello", valid_for=hours(1), spread=hours(2))),
        "steps[0] › spread",
        sending(by_email("hello", valid_for=hours(2), spread=hours(2))),
        "spread lets 2 hours pass, and the message is valid for 1 hour",
    ),
    Case(
        "JK306",
        shop(steps(hello, Wait(days(14)), goal=Goal(On(Ordered), within=days(7)))),
        "steps[1]",
        shop(steps(hello, Wait(days(14)), Set(Shopper.plan, "old"), goal=Goal(On(Ordered), within=days(7)))),
        "when the windows of all goals are over",
    ),
    Case(
        "JK306",
        shop(steps(Wait(days(4)), WaitFor(On(Left), timeout=days(4)), Wait(days(1)), goal=[Goal(On(Ordered), within=days(2)), Goal(On(SignedUp), within=days(3))])),
        "steps[0]",
        shop(steps(Wait(days(4)), WaitFor(On(Left), timeout=days(4)), goal=[Goal(On(Ordered), within=days(2)), Goal(On(SignedUp))])),
    ),
    Case(
        "JK401",
        sending(hello, caps=[FrequencyCap(0, per="day", channels=["email"])]),
        "steps[0]",
        sending(Send("hello", via=["email", "sms"]), caps=[FrequencyCap(0, per="day", channels=["email"])]),
        "policy › caps[0] (0 per day)",
    ),
    Case(
        "JK401",
        sending(by_email("hello", tags=["ads"]), caps=[FrequencyCap(0, per="day", tags=["ads"])]),
        "steps[0]",
        sending(by_email("hello", tags=["ads"], transactional=True), caps=[FrequencyCap(0, per="day", tags=["ads"])]),
    ),
    Case(
        "JK402",
        sending(hello, Wait(hours(3)), by_email("more", on_cap="skip"), caps=[MinimumGap(hours(4))]),
        "steps[2]",
        sending(hello, Wait(hours(4)), by_email("more", on_cap="skip"), caps=[MinimumGap(hours(4))]),
        "it comes 3 hours at the latest behind hello",
    ),
    Case(
        "JK402",
        sending(hello, Wait(hours(3)), by_email("more", on_cap="skip"), caps=[FrequencyCap(1, per=days(2), templates=["hello", "more"])]),
        "steps[2]",
        sending(hello, Wait(hours(3)), by_email("more", on_cap="skip"), caps=[FrequencyCap(2, per=days(2))]),
    ),
    Case(
        "JK402",
        sending(hello, WaitFor(On(Ordered), timeout=hours(2), then=[Wait(hours(1))]), by_email("more", valid_for=minutes(30)), caps=[MinimumGap(hours(4))]),
        "steps[2]",
        sending(hello, WaitFor(On(Ordered), timeout=hours(2), then=[Wait(hours(1))]), by_email("more"), caps=[MinimumGap(hours(4))]),
        "3 hours at the latest",
    ),
    Case(
        "JK402",
        sending(hello, by_email("more", on_cap="skip"), caps=[MinimumGap(hours(4))]),
        "steps[1]",
        sending(hello, WaitUntil(Shopper.email if False else date(2027, 1, 1)), by_email("more", on_cap="skip"), caps=[MinimumGap(hours(4))]),
        "it comes at once behind hello",
    ),
    Case(
        "JK402",
        sending(hello, Wait(hours(1)), more, Wait(hours(1)), by_email("most", on_cap="skip"), caps=[FrequencyCap(2, per=days(1))]),
        "steps[4]",
        sending(hello, Wait(hours(1)), more, Wait(days(1)), by_email("most", on_cap="skip"), caps=[FrequencyCap(2, per=days(1))]),
        "whoever gets 2 messages from hello on does not get most",
    ),
    Case(
        "JK402",
        sending(hello, Wait(hours(1)), more, Wait(hours(1)), by_email("most", on_cap="skip"), caps=[FrequencyCap(2, per=days(1))]),
        "steps[4]",
        sending(hello, Wait(hours(1)), Send("more", via=["sms"]), Wait(hours(1)), by_email("most", on_cap="skip"), caps=[FrequencyCap(2, per=days(1), channels=["email"])]),
    ),
    Case(
        "JK402",
        sending(hello, by_email("more", on_cap="skip"), caps=[FrequencyCap(1, per="day")]),
        "steps[1]",
        sending(hello, Wait(hours(1)), by_email("more", on_cap="skip"), caps=[FrequencyCap(1, per="day")]),
        "(1 per day)",
    ),
    Case(
        "JK402",
        sending(Wait(hours(1), label="again"), by_email("hello", on_cap="skip"), Goto("again", at_most=3), caps=[FrequencyCap(3, per=days(1))]),
        "steps[1]",
        sending(Wait(hours(1), label="again"), by_email("hello", on_cap="skip"), Goto("again", at_most=3), caps=[FrequencyCap(4, per=days(1))]),
        "(3 per 1 day) does not let it pass then, quiet hours and other holds apart: whoever gets 3 messages from hello on does not get hello again",
    ),
    Case(
        "JK402",
        sending(Wait(hours(1), label="again"), by_email("hello", on_cap="skip"), Goto("again"), caps=[FrequencyCap(9, per=days(1))]),
        "steps[1]",
        sending(Wait(hours(1), label="again"), by_email("hello", on_cap="skip"), Goto("again"), caps=[FrequencyCap(10**9, per=days(1))]),
    ),
    Case(
        "JK403",
        sending(by_email("hello", review_by=date(2026, 6, 14))),
        "steps[0] › review_by",
        sending(by_email("hello", review_by=date(2026, 6, 15))),
        "to be reviewed by 2026-06-14",
    ),
    Case(
        "JK501",
        sending(by_email("helo")),
        "steps[0]",
        sending(hello),
        "did you mean 'hello'?",
        rendered,
    ),
    Case("JK501", sending(Send("wrong", via=["sms"])), "steps[0]", sending(hello), "registered for email only", rendered),
    Case(
        "JK502",
        sending(by_email("wrong")),
        "steps[0]",
        sending(hello),
        "did it mean 'first_name'?",
        rendered,
    ),
    Case(
        "JK502",
        shop(steps(by_email("seats"), entry=[On(SignedUp), On(Left)])),
        "steps[0]",
        shop(steps(by_email("seats"), entry=[On(SignedUp)])),
        "left has no such field",
        rendered,
    ),
    Case(
        "JK502",
        shop(steps(by_email("seats"), entry=On(Left))),
        "steps[0]",
        shop(steps(hello, entry=On(SignedUp))),
        "no such field, but none at all",
        rendered,
    ),
    Case("JK502", sending(hello, by_email("nowhere")), "steps[1]", sending(hello, by_email("after")), "no step has the id 'helo'", rendered),
    Case(
        "JK503",
        sending(Branch(When(Shopper.visits > 3, [hello])), by_email("after")),
        "steps[1]",
        sending(hello, Branch(When(Shopper.visits > 3, [Wait(days(1))])), by_email("after")),
        "paths to after on which hello does not give it before",
        rendered,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_it_is_found_where_it_is_and_nowhere_near(case: Case) -> None:
    mine = [finding for finding in case.check(case.found) if finding.code == case.code]
    assert [finding.place for finding in mine] == [case.place], case.check(case.found)
    assert case.why in mine[0].why
    assert mine[0].severity == RULES[case.code].severity or case.check is strict
    near = [finding for finding in case.check(case.nearest) if finding.code == case.code]
    assert not near, near


@pytest.mark.parametrize(
    "loosened", [Set(Shopper.plan, SignedUp.plan), Set(Shopper.plan, None)], ids=["field", "none"]
)
def test_what_a_step_sets_may_be_anything(loosened: Step) -> None:
    everybody = Branch(When((Shopper.plan == "a") | (Shopper.plan != "a"), [hello]))
    assert sending(everybody, Wait(days(1))).check().codes == ["JK202"]
    assert sending(loosened, everybody, Wait(days(1))).check().codes == []
    assert sending(Set(Shopper.plan, "b"), everybody, Wait(days(1))).check().codes == ["JK202"]


@pytest.mark.parametrize(
    ("entry", "is_found"),
    [
        (Changed(Shopper.plan, becomes="pro"), True),
        (Changed(Shopper.plan, becomes=["pro", "free"]), False),
        (Changed(Shopper.plan, was="free"), False),
        (Enters(Segment("pros", Shopper.plan == "pro")), True),
        (Leaves(Segment("free", Shopper.plan != "pro")), True),
        (Leaves(Segment("pros", Shopper.plan == "pro")), False),
        (Scheduled(cron="0 9 * * *", where=Shopper.plan == "pro"), True),
        (ByCall(), False),
    ],
    ids=str,
)
def test_an_exit_that_holds_for_all_who_enter(entry: Entry, is_found: bool) -> None:
    found = shop(steps(hello, entry=entry, reentry=Always(), exits=[Shopper.plan == "pro"])).check()
    assert found.codes == (["JK203"] if is_found else [])


def test_what_a_call_gives_a_template_nobody_knows_but_what_a_step_gives() -> None:
    mine = steps(by_email("seats"), entry=ByCall())
    assert rendered(shop(mine)).codes == []
    given, none = ({"seats": 1}, {})
    for data, codes in ((given, []), (none, ["JK503"])):
        other = Journey("other", entry=On(Left), steps=[StartJourney("welcome", data=data)])
        assert rendered(shop(mine, other)).codes == codes
    both = steps(by_email("seats"), entry=[ByCall(), Changed(Shopper.plan)])
    assert rendered(shop(both)).codes == ["JK502"]


def test_who_leaves_does_not_go_on_where_the_time_out_goes() -> None:
    ends = WaitFor(On(Ordered), timeout=days(2), then=[hello, Exit("came")])
    assert sending(ends, more).check().codes == []


def test_steps_of_a_part_have_ids_of_their_own() -> None:
    part = Part("twice", [hello, Wait(days(1))])
    (finding,) = sending(part).check(strict=True)
    assert "the ids of twice.wait_2 come from their places" in finding.why


def test_a_journey_that_another_starts_may_have_any_trigger() -> None:
    low = Branch(When(SignedUp.seats < 3, [hello]))
    mine = steps(low, entry=On(SignedUp, where=SignedUp.seats >= 3))
    other = Journey("other", entry=On(Left), steps=[StartJourney("welcome", data={"seats": 1})])
    assert shop(mine).check().codes == ["JK205"]
    assert shop(mine, other).check().codes == []


def test_every_code_has_a_case() -> None:
    assert {case.code for case in CASES} == set(RULES)


def test_a_way_that_is_found_twice_is_told_once() -> None:
    found = sending(Branch(When((Shopper.visits > 3) & (Shopper.visits < 2), [hello]))).check()
    assert found.codes == ["JK201"]


def test_findings_are_a_sequence_that_tells_itself() -> None:
    found = sending(
        by_email("hello", review_by=date(2026, 1, 1), valid_until=date(2026, 1, 1))
    ).check(today=TODAY)
    assert found.codes == ["JK302", "JK403"]
    assert len(found) == 2
    assert found[0] == found[:1][0]
    assert found[1:] == found.about("welcome")[1:]
    assert not found.errors
    assert found.warnings == found
    assert hash(found) == hash(Findings(list(found)))
    assert found != [*found]
    assert str(found).splitlines()[0] == (
        "warning JK302: Journey 'welcome' › steps[0] › valid_until: 2026-01-01 is past; "
        "write a later one, or take it out"
    )
    assert repr(found) == "Findings(JK302, JK403)"
    assert str(Findings()) == "nothing found"
    assert sending(hello).check() == Findings()


def test_without_a_day_nothing_is_past_and_without_a_renderer_nothing_is_missing() -> None:
    workspace = sending(by_email("helo", review_by=date(2026, 1, 1)), WaitUntil(date(2026, 1, 1)))
    assert not workspace.check()


def test_a_renderer_that_cannot_tell_its_variables_is_not_asked() -> None:
    class Mute:
        def missing(self, template: str, channel: str) -> str | None:
            return None

    assert not sending(by_email("wrong")).check(templates=Mute())


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_workspace_can_be_checked(data: st.DataObject) -> None:
    workspace = data.draw(workspaces([SignedUp, Ordered, Left], Shopper))
    day = data.draw(st.dates(date(2020, 1, 1), date(2030, 1, 1)))
    found = workspace.check(today=day, templates=templates, strict=True)
    assert found == workspace.check(today=day, templates=templates, strict=True)
    for finding in found:
        assert finding.code in RULES
        assert finding.why
        assert finding.remedy
        assert finding.place


def test_what_json_keeps_has_the_same_findings() -> None:
    for case in CASES:
        again = Workspace.from_json(
            case.found.to_json(), profile=Shopper, events=[SignedUp, Ordered, Left], results=[Score]
        )
        assert case.check(again) == case.check(case.found)


def test_the_demo_has_nothing_to_mend() -> None:
    workspace, _ = load_example()
    assert workspace.shop.check().of("error", "warning") == Findings()
