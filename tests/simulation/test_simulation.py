"""The simulation as a script sees it: time, customers, channels, downtime, and misuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import pytest

from journeykit import (
    Accepted,
    Address,
    Always,
    Content,
    Event,
    Exit,
    FrequencyCap,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    RenderContext,
    Retry,
    Send,
    Simulation,
    SQLiteStore,
    Wait,
    WaitUntil,
    Workspace,
    days,
    hours,
    minutes,
    months,
)
from journeykit.errors import (
    InputError,
    InvalidEventError,
    NaiveInstantError,
    StoreError,
    UnknownChannelError,
    UnknownCustomerError,
    UnknownEventError,
    UnknownJourneyError,
    UnknownZoneError,
    UsageError,
)


class Begun(Event):
    plan: str = "free"


class Person(Profile):
    first_name: str = ""
    email: Annotated[str | None, Address("email")] = None


def space(*steps: Any, **more: Any) -> Workspace:
    return Workspace(
        **{
            "journeys": [Journey("j", entry=On(Begun), reentry=Always(), steps=[*steps, Exit("out")])],
            "timezone": "Europe/Berlin",
            "profile": Person,
            "policy": Policy(consent={"email": "opt-in", "push": "opt-out"}, topics=["news"]),
            **more,
        }
    )  # fmt: skip


MAIL = Send("hello", via=["email"])
PUSH = Send("ping", via=["push"])


def simulate(
    *steps: Any, at: Any = "2026-03-02 10:00", tz: str | None = None, **more: Any
) -> Simulation:
    return Simulation(space(*steps, **more), at=at, tz=tz)


# ---- the first instant, and whose clock reads it


@pytest.mark.parametrize(
    ("at", "tz", "utc"),
    [
        ("2026-03-02 10:00", None, "2026-03-02T09:00:00+00:00"),  # the workspace's zone
        ("2026-03-02 10:00", "Asia/Tbilisi", "2026-03-02T06:00:00+00:00"),
        ("2026-03-02", "Asia/Tbilisi", "2026-03-01T20:00:00+00:00"),  # midnight there
        ("2026-03-02 10:00+00:00", "Asia/Tbilisi", "2026-03-02T10:00:00+00:00"),
        ("2026-03-29 02:30", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),  # in a gap: later
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # the first pass
        (datetime(2026, 3, 2, 10, tzinfo=UTC), "Asia/Tbilisi", "2026-03-02T10:00:00+00:00"),
    ],
)
def test_texts_are_read_on_the_wall_clock_of_tz(at: Any, tz: str | None, utc: str) -> None:
    sim = simulate(PUSH, at=at, tz=tz)
    assert sim.now.astimezone(UTC).isoformat() == utc
    assert str(sim.now.tzinfo) == (tz or "Europe/Berlin")


def test_tz_is_the_zone_of_scripted_customers_unless_they_have_their_own() -> None:
    sim = simulate(PUSH, tz="Asia/Tbilisi")
    assert sim.customer("ann").view.timezone == "Asia/Tbilisi"
    assert sim.customer("bob", {"timezone": "Asia/Tokyo"}).view.timezone == "Asia/Tokyo"
    assert sim.customer("cyd", {"timezone": None}).view.timezone is None
    assert sim.customer("dan", Person(first_name="Dan")).profile["first_name"] == "Dan"


# ---- time passes


def test_the_clock_stops_at_every_due_moment_and_never_beyond() -> None:
    sim = simulate(Wait(hours(1)), PUSH, WaitUntil(at="18:00"), PUSH)
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(days(3))
    assert [message.at.hour for message in ann.messages] == [10, 17]  # UTC
    assert sim.now.isoformat() == "2026-03-05T10:00:00+01:00"


@pytest.mark.parametrize(
    ("by", "now"),
    [
        (days(1), "2026-03-29T10:00:00+02:00"),  # by the clock: 23 hours
        (hours(24), "2026-03-29T11:00:00+02:00"),
        (timedelta(days=1), "2026-03-29T11:00:00+02:00"),
        ("P1D", "2026-03-29T10:00:00+02:00"),
        (days(2) - hours(1), "2026-03-30T09:00:00+02:00"),
        (months(1), "2026-04-28T10:00:00+02:00"),
        (timedelta(0), "2026-03-28T10:00:00+01:00"),
    ],
)
def test_advance_goes_by_the_clock_of_tz_or_by_the_hour(by: Any, now: str) -> None:
    sim = simulate(PUSH, at="2026-03-28 10:00")
    sim.advance(by)
    assert sim.now.isoformat() == now


@pytest.mark.parametrize(
    ("to", "now"),
    [
        ("10:00", "2026-03-02T10:00:00+01:00"),  # now counts
        ("09:59", "2026-03-03T09:59:00+01:00"),
        ("2026-03-02 10:00", "2026-03-02T10:00:00+01:00"),
        ("2026-03-07", "2026-03-07T00:00:00+01:00"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "2026-03-02T13:00:00+01:00"),
    ],
)
def test_advance_to(to: Any, now: str) -> None:
    sim = simulate(PUSH)
    sim.advance_to(to)
    assert sim.now.isoformat() == now


def test_what_a_script_does_at_an_instant_goes_before_its_timers() -> None:
    sim = simulate(Wait(hours(1)), PUSH)
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(hours(1))
    ann.cancel("j")
    assert ann.received == []
    ann.track(Begun())
    sim.advance(hours(1))
    assert ann.received == ["ping"], "looking works off what is due now"


def test_a_clock_that_jumps() -> None:
    sim = simulate(Wait(hours(1)), PUSH)
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.clock_jumps(timedelta(hours=-5))
    sim.advance(hours(5.5))
    assert ann.received == []
    sim.clock_jumps(timedelta(hours=3))
    assert ann.received == ["ping"]


# ---- customers and their messages


def test_messages_are_told_by_customer_in_order_of_hand_over_with_their_content() -> None:
    class Names:
        def render(self, context: RenderContext) -> Content:
            return Content(text=f"{context.template} for {context.profile['first_name']}")

        def missing(self, template: str, channel: str) -> str | None:
            return None

    sim = Simulation(space(PUSH, MAIL, PUSH), at="2026-03-02 10:00", renderer=Names())
    ann = sim.customer("ann", {"first_name": "Ann", "email": "ann@example.com"}, consent=["email"])
    bob = sim.customer("bob")  # no name was told: the class says ""
    for person in (ann, bob):
        person.track(Begun())
    assert ann.received == ["ping", "hello", "ping"]  # push and email in one instant, in order
    assert [message.content.text for message in ann.messages][:2] == [
        "ping for Ann",
        "hello for Ann",
    ]
    assert ann.messages[1].address == "ann@example.com"
    assert bob.received == ["ping", "ping"]
    assert bob.reasons("drop") == ["no_address"]
    assert len(sim.channel("push").accepted) == 4


def test_held_messages_have_a_reason_and_an_end() -> None:
    policy = Policy(consent={"push": "opt-out"}, quiet_hours=[QuietHours("09:00", "12:00")],
                    caps=[FrequencyCap(1, per="day")])  # fmt: skip
    sim = simulate(PUSH, PUSH, policy=policy)
    ann = sim.customer("ann")
    ann.track(Begun())
    (held,) = ann.held
    assert (held.template, held.reason, held.channel, held.status) == (
        "ping",
        "quiet_hours",
        "push",
        "held",
    )
    assert held.until == datetime(2026, 3, 2, 11, tzinfo=UTC)
    sim.advance_to("12:00")
    assert ann.received == ["ping"]
    assert [message.reason for message in ann.held] == ["frequency_cap"]


def test_consent_and_profile_change_as_the_script_says() -> None:
    sim = simulate(MAIL)
    ann = sim.customer("ann", {"email": "a@example.com"})
    ann.track(Begun())
    assert ann.reasons("drop") == ["consent_missing"]
    ann.grant("email", source="form")
    ann.track(Begun())
    assert ann.received == ["hello"]
    ann.tell({"email": "b@example.com"})
    ann.track(Begun())
    assert ann.received == ["hello"] * 2
    ann.withdraw("email")
    ann.track(Begun())
    ann.grant("email", topic="news")
    ann.suppress("push")
    assert [message.address for message in ann.messages] == ["a@example.com", "b@example.com"]
    assert ann.reasons("drop") == ["consent_missing", "consent_withdrawn"]
    assert ann.view.consents == {"email": False, "email/news": True}
    assert list(ann.view.suppressed) == ["push:ann"]
    ann.unsuppress("push")
    assert ann.view.suppressed == {}


def test_late_and_repeated_events() -> None:
    sim = simulate(Wait(days(1)))
    ann = sim.customer("ann")
    assert ann.track(Begun(), id="x", occurred_at="2026-03-02 08:00").entered == ["j"]
    assert ann.track(Begun(), id="x", occurred_at="2026-03-02 08:00").repeated
    assert ann.track("begun", {"plan": "pro"}, id="x").conflict
    assert [run.entered.hour for run in ann.enrollments] == [7]  # UTC


def test_enroll_by_call() -> None:
    sim = simulate(Wait(days(1)))
    ann = sim.customer("ann")
    assert ann.enroll("j", data={"plan": "pro"}).entered == ["j"]


# ---- channels


def test_answers_are_scripted_per_message() -> None:
    sim = simulate(PUSH, Send("bye", via=["push"]))
    sim.channel("push").answer(Retry(after=timedelta(minutes=7)), Rejected(dead_address=False),
                               template="ping", customer="ann")  # fmt: skip
    sim.channel("push").answer(Accepted("provider-1"), template="bye")
    ann, bob = sim.customer("ann"), sim.customer("bob")
    ann.track(Begun())
    bob.track(Begun())
    assert (ann.received, bob.received) == ([], ["ping", "bye"])
    sim.advance(minutes(6))
    assert ann.received == []
    sim.advance(minutes(1))
    assert ann.received == ["bye"]
    assert ann.reasons("answer") == ["retry", "failed", "accepted"]
    calls = [m for m in sim.channel("push").handed_over if m.customer_id == "ann"]
    assert [(m.template, m.attempt) for m in calls] == [("ping", 1), ("ping", 2), ("bye", 1)]
    assert calls[0].key == calls[1].key != calls[2].key


def test_a_dead_address_and_an_exception() -> None:
    sim = simulate(PUSH)
    sim.channel("push").answer(ConnectionError("no route"), Rejected("gone"))
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(hours(1))
    assert ann.reasons("answer") == ["retry", "failed"]
    assert list(ann.view.suppressed) == ["push:ann"]


# ---- downtime


def test_everything_waits_while_nothing_runs() -> None:
    sim = simulate(Wait(hours(1)), MAIL)
    ann = sim.customer("ann", {"email": "a@example.com"})
    ann.track(Begun())
    with sim.downtime():
        sim.advance(hours(3))
        new = sim.customer("bob", {"email": "b@example.com"}, consent=["email"])
        new.track(Begun())
        ann.grant("email")
        ann.enroll("j")
        ann.tell({"first_name": "Ann"})
        assert ann.received == []
        assert ann.profile.get("first_name") is None
        sim.advance(hours(3))
    assert ann.profile["first_name"] == "Ann"
    assert ann.received == ["hello"], "the wait was overdue, and consent came before it acts"
    assert len(ann.enrollments) == len(new.enrollments) == 1
    assert new.received == []
    sim.advance(hours(1))
    assert (ann.received, new.received) == (["hello", "hello"], ["hello"])


def test_every_kind_of_input_waits() -> None:
    sim = simulate(Wait(days(1)))
    ann = sim.customer("ann", consent=["email"])
    with sim.downtime():
        for call in (
            lambda: ann.track(Begun()), lambda: ann.cancel("j"), lambda: ann.suppress("push"),
            lambda: ann.unsuppress("push"), lambda: ann.withdraw("email", topic="news"),
        ):  # fmt: skip
            assert call().entries == ()
    kinds = [line.kind for line in ann.timeline][2:]
    assert kinds == [
        "event",
        "enter",
        "move",
        "command",
        "end",
        "suppress",
        "unsuppress",
        "consent",
    ]
    assert ann.enrollments == []


def test_an_input_for_nobody_in_downtime_is_told_at_its_end() -> None:
    sim = simulate(Wait(days(1)))
    down = sim.downtime()
    down.__enter__()
    sim.track("nobody", Begun())
    with pytest.raises(UnknownCustomerError, match="nobody"):
        down.__exit__(None, None, None)


# ---- misuse


@pytest.mark.parametrize(
    ("misuse", "error", "says"),
    [
        (lambda sim: sim.advance(hours(-1)), UsageError, "clock_jumps"),
        (lambda sim: sim.advance(timedelta(microseconds=-1)), UsageError, "does not go back"),
        (lambda sim: sim.advance("tomorrow"), UsageError, "ISO 8601"),
        (lambda sim: sim.advance(5), UsageError, "span of time"),
        (lambda sim: sim.advance_to("2026-03-02 09:59"), UsageError, "does not go back"),
        (lambda sim: sim.advance_to("25:00"), UsageError, "25:00"),
        (lambda sim: sim.advance_to("next monday"), UsageError, "2026-03-01 20:30"),
        (lambda sim: sim.advance_to(datetime(2026, 3, 3)), NaiveInstantError, "advance_to"),
        (lambda sim: sim.advance_to(None), UsageError, "advance_to"),
        (lambda sim: sim.channel("fax"), UsageError, "email, push"),
        (lambda sim: sim.channel("push").answer("ok"), UsageError, "Accepted"),
        (lambda sim: sim.customer("bob", consent=["fax"]), UnknownChannelError, "fax"),
        (lambda sim: sim.customer("bob", {"timezone": "Nowhere"}), UnknownZoneError, "no such time zone"),
        (lambda sim: sim.customer("bob", {"name": "Bob"}), InputError, "first_name"),
        (lambda sim: sim.customer(""), UsageError, "customer_id"),
        (lambda sim: sim.track("nobody", Begun()), UnknownCustomerError, "identify"),
        (lambda sim: sim.track("ann", "begn"), UnknownEventError, "did you mean 'begun'"),
        (lambda sim: sim.track("ann", "begun", {"plam": 1}), InvalidEventError, "did you mean 'plan'"),
        (lambda sim: sim.track("ann", Begun(), occurred_at=datetime(2026, 3, 2)), NaiveInstantError,
         "occurred_at"),
        (lambda sim: sim.track("ann", Begun(), occurred_at="soon"), UsageError, "occurred_at"),
        (lambda sim: sim.enroll("ann", "k"), UnknownJourneyError, "there are j"),
        (lambda sim: sim.enroll("ann", "j", data={"plan": 5}), InvalidEventError, "begun.plan"),
        (lambda sim: sim.enroll("ann", "j", key=5), UsageError, "key"),
        (lambda sim: sim.cancel("ann", "j", key=5), UsageError, "key"),
        (lambda sim: sim.explain("nobody"), UnknownCustomerError, "nobody"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("down", [False, True])
def test_misuse_is_told(
    misuse: Callable[[Any], Any], error: type[Exception], says: str, down: bool
) -> None:
    sim = simulate(PUSH)
    sim.customer("ann")
    with pytest.raises(error, match=says), sim.downtime() if down else nullcontext():
        misuse(sim)


def test_misuse_of_the_beginning_is_told() -> None:
    with pytest.raises(NaiveInstantError, match="at"):
        simulate(PUSH, at=datetime(2026, 3, 2))
    with pytest.raises(UsageError, match="2026-03-01 20:30"):
        simulate(PUSH, at="now")
    with pytest.raises(UnknownZoneError, match="Asia/Tbilisi"):
        simulate(PUSH, tz="Asia/Tiblisi")


def test_a_downtime_within_a_downtime_is_refused() -> None:
    sim = simulate(PUSH)
    with pytest.raises(UsageError, match="nothing runs"), sim.downtime(), sim.downtime():
        pass


@pytest.mark.parametrize("look", [lambda sim: sim.advance(hours(2)), lambda sim: sim.settle()])
def test_a_customer_who_cannot_be_decided_on_is_no_silence(
    look: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production that customer is set aside, and the tick tells; a test has to fail."""
    sim = simulate(Wait(hours(1)), PUSH)
    sim.customer("ann").track(Begun())

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    sim.clock.micros += 3_600_000_000
    monkeypatch.setattr("journeykit.runtime.script.advance", broken)
    with pytest.raises(StoreError, match="ZeroDivisionError") as caught:
        look(sim)
    assert caught.value.value == "ann"


# ---- what it costs, and where it runs


def test_it_runs_on_any_store(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "sim.db") as store:
        sim = Simulation(space(Wait(hours(1)), PUSH), at="2026-03-02 10:00", store=store)
        ann = sim.customer("ann")
        ann.track(Begun())
        sim.advance(hours(1))
        assert ann.received == ["ping"]


def test_looking_costs_the_same_however_many_customers_there_are() -> None:
    """Not a timed test: a look that asked everybody would be five hundred times as slow."""

    def cost(number: int) -> float:
        sim = simulate(PUSH, Wait(days(9)))
        people = [sim.customer(f"c{n}") for n in range(number)]
        for person in people:
            person.track(Begun())
        assert people[0].received == ["ping"]
        start = process_time()
        for _ in range(20):
            assert people[0].received == ["ping"]
            assert people[-1].held == []
        return process_time() - start

    assert cost(1000) < 50 * max(cost(2), 0.002)


# ---- the trace

FAILING = """
from journeykit import *


class Begun(Event):
    pass


SPACE = Workspace(
    journeys=[Journey("j", entry=On(Begun), steps=[Send("hello", via=["email"])])],
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("10:00", "12:00")]),
)


def story(number=1):
    sim = Simulation(SPACE, at="2026-03-02 10:00")
    for n in range(number):
        sim.customer(f"c{n}").track(Begun())
    return sim


def test_received():
    ann = story().people["c0"]
    assert ann.received == ["hello"]


def test_held():
    sim = story()
    assert not sim.people["c0"].held


class TestWithSetup:
    def setup_method(self):
        self.sim = story(7)

    def test_many(self):
        assert [one.received for one in self.sim.people.values()] == []


def test_nobody():
    assert 1 == 2
"""


def test_a_failing_test_shows_what_happened(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(FAILING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    if "journeykit_pytest" not in _entry_points():
        command += ["-p", "journeykit_pytest"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    parts = ran.stdout.split("\n____")
    shown = {name: part for part in parts for name in ("received", "held", "many", "nobody")
             if f"test_{name} _" in part}  # fmt: skip
    line = "hello: held until Mon 2026-03-02 12:00, because it is 10:00 in UTC, within"
    for name in ("received", "held"):
        assert "What happened to c0" in shown[name], ran.stdout
        assert line in shown[name]
    assert shown["many"].count("What happened to c") == 5
    assert "2 more customers were there" in shown["many"]
    assert "What happened" not in shown["nobody"]


def _entry_points() -> list[str]:
    from importlib.metadata import entry_points

    return [point.value for point in entry_points(group="pytest11")]


def test_a_customer_and_its_timeline_read_well() -> None:
    sim = simulate(PUSH)
    ann = sim.customer("ann")
    ann.track(Begun())
    assert repr(ann) == "<customer 'ann'>"
    assert str(ann.timeline).splitlines()[0] == "ann (Europe/Berlin)"
    told = ann.timeline.about("j")
    assert told.text(details=True).count("[j]") == len(told)
