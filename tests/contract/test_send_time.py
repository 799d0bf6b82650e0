"""At which moment does a message leave best? Rule G4 of the contract, through the public API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest

from journeykit import (
    Address,
    Always,
    BestHour,
    Event,
    FrequencyCap,
    Journey,
    On,
    Orchestrator,
    Policy,
    Profile,
    QuietHours,
    RecordingChannel,
    Rejected,
    Send,
    Simulation,
    SQLiteStore,
    Wait,
    Workspace,
    days,
    hours,
    minutes,
)
from journeykit.errors import DefinitionError, SendTimeError, StoreError
from journeykit.kernel import encode_entries
from journeykit.kernel import journal as j
from journeykit.model import DeliveryWindow, SendTimeCustomer, SendTimeMessage

Make = Callable[..., Any]


class Joined(Event):
    plan: str = "free"


class Left(Event):
    pass


class Opened(Event):
    by: str = "email"


class Shopper(Profile):
    push_token: Annotated[str | None, Address("push")] = None


def shop(
    way: Any = None, *, via: Any = ("email",), policy: dict[str, Any] | None = None, **send: Any
) -> Workspace:
    step = Send("hi", via=list(via), **{"send_time": "best", "within": hours(24), **send})
    return Workspace(
        journeys=[Journey("w", entry=On(Joined), reentry=Always(), steps=[step], exits=[On(Left)])],
        profile=Shopper,
        timezone="UTC",
        policy=Policy(
            consent=dict.fromkeys(("email", "push"), "opt-out"),
            responses={name: [On(Opened, where=Opened.by == name)] for name in ("email", "push")},
            **(policy or {}),
        ),
        send_times={"best": BestHour() if way is None else way},
    )


def after(**span: Any) -> Any:
    """Return a send time that always means the same distance from now."""
    return lambda customer, message, window: window.start + timedelta(**span)


def sent(ann: Any) -> list[str]:
    return [f"{m.at:%d %H:%M} {m.channel}" for m in ann.messages]


def timed(sim: Any) -> list[j.Timed]:
    return [entry for entry in sim.runner.journal("ann") if isinstance(entry, j.Timed)]


# ---- a function of the host's


@pytest.mark.parametrize(
    ("way", "leaves"),
    [
        (after(hours=5), "02 15:00 email"),
        (after(), "02 10:00 email"),  # now is no wait
        (after(hours=-5), "02 10:00 email"),  # nor is what is past
        (after(microseconds=1), "02 10:00 email"),
        (after(hours=23, minutes=59), "03 09:59 email"),
        (after(hours=24), "03 09:59 email"),  # the end is excluded: its last minute
        (after(days=30), "03 09:59 email"),
    ],
)
def test_G4_a_message_waits_for_the_instant_that_its_send_time_chose(
    simulate: Make, way: Any, leaves: str
) -> None:
    sim, ann = simulate(shop(way))
    ann.track(Joined())
    sim.advance(days(3))
    assert sent(ann) == [leaves]


def test_G4_the_wait_has_its_reason(simulate: Make) -> None:
    sim, ann = simulate(shop(after(hours=5)))
    ann.track(Joined())
    (held,) = ann.held
    assert (held.reason, f"{held.until:%H:%M}") == ("send_time", "15:00")
    assert "best chose 2026-03-02 15:00 in UTC" in str(ann.timeline)
    sim.advance(hours(6))
    assert not ann.held


def test_G4_what_a_send_time_is_told(simulate: Make) -> None:
    seen: list[tuple[SendTimeCustomer, SendTimeMessage, DeliveryWindow]] = []

    def way(
        customer: SendTimeCustomer, message: SendTimeMessage, window: DeliveryWindow
    ) -> datetime:
        seen.append((customer, message, window))
        assert (window.start, window.end) == (
            datetime(2026, 3, 2, 10, tzinfo=UTC),
            datetime(2026, 3, 2, 14, tzinfo=UTC),
        )
        assert window.zone == "America/New_York"
        return window.start

    _, ann = simulate(
        shop(way, within=hours(4), priority=3, topic="news"), timezone="America/New_York"
    )
    ann.track(Opened(), occurred_at="2026-03-01 17:30")  # Sunday, 12:30 there
    ann.track(Joined(plan="pro"))
    ((customer, message, _),) = seen
    assert customer.customer_id == "ann"
    assert customer.profile["timezone"] == "America/New_York"
    assert dict(customer.responses["email"].hours) == {6 * 24 + 12: 1}
    assert customer.responses["email"].last == datetime(2026, 3, 1, 17, 30, tzinfo=UTC)
    assert (message.template, message.channel, message.topic) == ("hi", "email", "news")
    assert (message.journey, message.step, message.priority) == ("w", "hi", 3)
    assert dict(message.trigger) == {"plan": "pro"}


def test_G4_the_window_ends_with_the_validity(simulate: Make) -> None:
    ends: list[datetime] = []

    def way(customer: Any, message: Any, window: DeliveryWindow) -> datetime:
        ends.append(window.end)
        return window.end

    sim, ann = simulate(shop(way, valid_for=hours(2)))
    ann.track(Joined())
    sim.advance(days(1))
    assert ends == [datetime(2026, 3, 2, 12, tzinfo=UTC)]
    assert sent(ann) == ["02 11:59 email"]


def test_G4_the_window_knows_when_the_gate_opens(simulate: Make) -> None:
    """Quiet 12 to 14 and from 20 on; one message a day, and one was sent at 09:00."""
    found: dict[str, Any] = {}

    def way(customer: Any, message: Any, window: DeliveryWindow) -> datetime:
        if customer.responses:
            for text in ("10:00", "11:00", "12:30", "19:59", "20:00"):
                at = datetime.fromisoformat(f"2026-03-03T{text}+00:00")
                opens = window.opens(at)
                found[text] = opens and f"{opens:%d %H:%M}", window.is_open(at)
            found["before"] = window.is_open(window.start - timedelta(minutes=1))
            found["end"] = window.is_open(window.end), window.opens(window.end)
        return window.start

    quiet = [QuietHours("12:00", "14:00"), QuietHours("20:00", "08:00")]
    cap = FrequencyCap(1, per=hours(24))
    sim, ann = simulate(
        shop(way, policy={"quiet_hours": quiet, "caps": [cap]}), at="2026-03-02 11:00"
    )
    ann.track(Joined())
    sim.advance_to("2026-03-03 09:00")
    ann.track(Opened())
    ann.track(Joined())
    assert found == {
        "10:00": ("03 11:00", False),  # the cap
        "11:00": ("03 11:00", True),
        "12:30": ("03 14:00", False),  # quiet hours
        "19:59": ("03 19:59", True),
        "20:00": ("04 08:00", False),
        "before": False,
        "end": (False, None),
    }


def test_G4_it_is_asked_once_in_the_life_of_a_message(simulate: Make) -> None:
    asked: list[str] = []

    def way(customer: Any, message: Any, window: DeliveryWindow) -> datetime:
        asked.append(message.channel)
        return window.start + timedelta(hours=5)

    quiet = [QuietHours("15:00", "18:00")]
    sim, ann = simulate(shop(way, policy={"quiet_hours": quiet}))
    sim.channel("email").answer(Rejected("full", dead_address=False))
    ann.track(Joined())
    ann.tell({"push_token": "t1"})
    sim.advance(days(2))
    assert asked == ["email"]
    assert len(timed(sim)) == 1


@pytest.mark.parametrize("choice", ["hold", "skip"])
def test_G4_at_its_instant_the_gate_has_the_last_word(simulate: Make, choice: str) -> None:
    quiet = [QuietHours("15:00", "18:00")]
    sim, ann = simulate(shop(after(hours=5), policy={"quiet_hours": quiet}, on_quiet=choice))
    ann.track(Joined())
    sim.advance(days(1))
    assert sent(ann) == (["02 18:00 email"] if choice == "hold" else [])
    assert ann.reasons("hold")[0] == "send_time"


def test_G4_what_may_not_go_is_not_asked_for(simulate: Make) -> None:
    sim, ann = simulate(shop(after(hours=5), via=["push", "email"]))  # no address for push
    ann.track(Joined())
    assert [(one.reason, one.channel) for one in ann.held] == [("send_time", "email")]
    assert len(timed(sim)) == 1


def test_G4_what_cannot_leave_in_time_is_dropped_at_once(simulate: Make) -> None:
    quiet = [QuietHours("09:00", "18:00")]
    sim, ann = simulate(shop(after(hours=1), policy={"quiet_hours": quiet}, valid_for=hours(3)))
    ann.track(Joined())
    assert ann.reasons("drop") == ["expired"]
    assert not timed(sim)


def test_G4_a_change_elsewhere_does_not_release_it_sooner(simulate: Make) -> None:
    cap = FrequencyCap(1, per="day", where=Shopper.push_token == "x")
    sim, ann = simulate(shop(after(hours=5), policy={"caps": [cap]}), push_token="x")
    ann.track(Joined())
    ann.tell({"push_token": "y"})
    ann.tell({"timezone": "Asia/Tbilisi"})
    ann.withdraw("push")
    sim.advance(hours(4))
    assert not ann.received
    sim.advance(hours(2))
    assert sent(ann) == ["02 15:00 email"]


def test_G7_a_withdrawal_while_it_waits_forbids_it(simulate: Make) -> None:
    sim, ann = simulate(shop(after(hours=5)))
    ann.track(Joined())
    ann.withdraw("email")
    sim.advance(hours(6))
    assert not ann.received
    assert ann.reasons("drop") == ["consent_withdrawn"]


def test_E2_an_exit_withdraws_what_waits_for_its_instant(simulate: Make) -> None:
    sim, ann = simulate(shop(after(hours=5)))
    ann.track(Joined())
    ann.track(Left())
    sim.advance(days(1))
    assert not ann.received
    assert not ann.held


def test_O3_after_downtime_it_leaves_when_the_clock_is_there(simulate: Make) -> None:
    sim, ann = simulate(shop(after(hours=5)))
    ann.track(Joined())
    with sim.downtime():
        sim.advance(days(2))
    sim.advance(minutes(1))
    assert len(ann.messages) == 1


def test_G4_another_message_takes_no_slot_from_one_that_waits(simulate: Make) -> None:
    """Waiting reserves nothing: the cap is asked when it leaves."""
    cap = FrequencyCap(1, per="day")
    sim, ann = simulate(shop(after(hours=5), policy={"caps": [cap]}))
    ann.track(Joined())
    sim.advance(hours(2))
    ann.track(Joined())  # waits until 17:00
    sim.advance(days(2))
    assert sent(ann) == ["02 15:00 email", "03 00:00 email"]


# ---- what a host's function may do wrong


def _naive(customer: Any, message: Any, window: Any) -> Any:
    return datetime(2026, 3, 2, 12)


def _nothing(customer: Any, message: Any, window: Any) -> Any:
    return None


def _raises(customer: Any, message: Any, window: Any) -> Any:
    raise KeyError("visits of ann@example.org")


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (_naive, "chose a datetime without a zone"),
        (_nothing, "chose no instant, but a value of type NoneType"),
        (_raises, "failed: KeyError"),
    ],
)
def test_F2_a_send_time_that_fails_stops_that_customer_alone(
    tmp_path: Any, way: Any, told: str
) -> None:
    def choose(customer: Any, message: Any, window: Any) -> Any:
        return window.start if customer.customer_id == "bea" else way(customer, message, window)

    channel = RecordingChannel()
    with SQLiteStore(tmp_path / "a.db") as store:
        kit = Orchestrator(
            shop(choose), store=store, channels={"email": channel, "push": RecordingChannel()}
        )
        for name in ("ann", "bea"):
            kit.identify(name, {})
        with pytest.raises(StoreError, match="could not be decided on: SendTimeError") as caught:
            kit.track("ann", Joined(), id="e1")
        cause = caught.value.__cause__
        assert isinstance(cause, SendTimeError)
        assert told in str(cause)
        assert "Journey 'w' › step 'hi'" in str(cause)
        assert "example.org" not in str(cause)  # F5
        assert not kit.customer("ann").enrollments
        kit.track("bea", Joined())
        kit.tick()
    assert [m.customer_id for m in channel.messages] == ["bea"]


def test_F2_in_a_tick_the_customer_is_set_aside_and_goes_on_once_it_is_repaired(
    host: Make,
) -> None:
    broken = [True]

    def way(customer: Any, message: Any, window: DeliveryWindow) -> datetime:
        if broken:
            raise RuntimeError("no")
        return window.start

    send = Send("hi", via=["email"], send_time="best", within=hours(24))
    workspace = Workspace(
        journeys=[Journey("w", entry=On(Joined), steps=[Wait(hours(1)), send])],
        timezone="UTC",
        profile=Shopper,
        policy=Policy(consent=dict.fromkeys(("email", "push"), "opt-out")),
        send_times={"best": way},
    )
    ann = host(workspace)
    ann.track(Joined())
    ann.at("2026-03-02 11:00")
    counts = ann.kit.tick()
    assert [str(failure.customer_id) for failure in counts.failures] == ["ann"]
    assert ann.sent == []
    broken.clear()
    ann.at("2026-03-02 13:00").tick()
    ann.tick()
    assert ann.sent == ["hi"]


def test_a_preview_asks_send_times_too(simulate: Make) -> None:
    _, ann = simulate(shop(after(hours=5)))
    ann.track(Joined())
    planned = ann.preview(until="2026-03-03 10:00")
    assert "15:00" in str(planned)
    assert "best chose" in str(planned)


# ---- the built-in one


def answer(sim: Any, ann: Any, *moments: str, by: str = "email") -> None:
    for moment in moments:
        ann.track(Opened(by=by), occurred_at=moment)


@pytest.mark.parametrize(
    ("moments", "within", "leaves"),
    [
        ([], hours(24), "02 10:00"),
        (["2026-02-24 18:10", "2026-02-25 18:50"], hours(24), "02 10:00"),  # fewer than three
        (["2026-02-24 18:10", "2026-02-25 18:50", "2026-02-26 18:00"], hours(24), "02 18:00"),
        # Tuesdays at 7 and once a Thursday at 20: the coming Tuesday
        (["2026-02-17 07:00", "2026-02-24 07:59", "2026-02-26 20:00"], hours(24), "03 07:00"),
        # all of it before the window begins: the nearest hour that answers reach, Monday 10:00
        (["2026-02-23 09:00", "2026-02-16 09:30", "2026-02-09 09:59"], hours(4), "02 10:00"),
        # 22:30 is in quiet hours: the best hour beside it that is open
        (["2026-02-24 22:30", "2026-02-25 22:30", "2026-02-26 22:30"], hours(24), "02 21:00"),
        # midnight is no border of the week: Sunday 23:00 lies beside Monday 00:00
        (["2026-02-22 23:00", "2026-02-15 23:00", "2026-02-08 23:00"], days(7), "08 21:00"),
        # of equal hours the earliest: 13:00 today, 13:00 tomorrow
        (["2026-02-26 13:00", "2026-02-27 13:00", "2026-02-28 13:00"], hours(48), "02 13:00"),
    ],
)
def test_G4_best_hour(simulate: Make, moments: list[str], within: Any, leaves: str) -> None:
    quiet = [QuietHours("22:00", "05:00")]
    sim, ann = simulate(shop(policy={"quiet_hours": quiet}, within=within))
    answer(sim, ann, *moments)
    ann.track(Joined())
    sim.advance(days(10))
    assert sent(ann) == [f"{leaves} email"]


@pytest.mark.parametrize(("channels", "leaves"), [("same", "02 10:00"), ("all", "02 18:00")])
def test_G4_best_hour_goes_by_the_channel_or_by_all(
    simulate: Make, channels: Any, leaves: str
) -> None:
    sim, ann = simulate(shop(BestHour(channels=channels)))
    answer(sim, ann, "2026-02-24 18:10", "2026-02-25 18:50", "2026-02-26 18:00", by="push")
    ann.track(Joined())
    sim.advance(days(2))
    assert sent(ann) == [f"{leaves} email"]


def test_G4_best_hour_is_that_of_the_customers_clock(simulate: Make) -> None:
    sim, ann = simulate(shop(), timezone="Asia/Kolkata")  # half an hour beside UTC
    answer(sim, ann, "2026-02-24 13:00", "2026-02-25 13:10", "2026-02-26 13:20")  # 18:30 there
    ann.track(Joined())
    sim.advance(days(2))
    assert sent(ann) == ["02 12:30 email"]  # 18:00 there


def test_G4_best_hour_through_a_clock_change(simulate: Make) -> None:
    """Berlin, 2026-03-29: 02:00 to 03:00 is not shown, and 03:00 follows 01:59."""
    sim, ann = simulate(shop(), at="2026-03-28 20:00", timezone="Europe/Berlin")
    answer(sim, ann, "2026-03-15 01:30", "2026-03-22 01:30", "2026-03-08 01:30")  # Sunday 02:30
    ann.track(Joined())
    sim.advance(days(2))
    assert sent(ann) == ["29 00:00 email"]  # 01:00 there; 03:00 lies as near, and later


def test_G4_best_hour_where_the_clock_changes_within_an_hour(simulate: Make) -> None:
    """Pyongyang, 2018-05-04: 00:00 of Saturday follows 23:29:59 of Friday, at 15:00 UTC."""
    sim, ann = simulate(shop(), at="2018-05-04 12:00", timezone="Asia/Pyongyang")
    for day in ("13", "20", "27"):  # 00:10 of a Saturday there
        ann.track(Opened(), occurred_at=f"2018-04-{day} 15:40")
    ann.track(Joined())
    sim.advance(days(2))
    assert sent(ann) == ["04 15:00 email"]


# ---- the JSON form


def test_send_times_are_no_part_of_the_json_form() -> None:
    workspace = shop(after(hours=1))
    text = workspace.to_json()
    assert "send_times" not in text
    with pytest.raises(DefinitionError, match="there is no send time 'best' here"):
        Workspace.from_json(text, profile=Shopper, events=[Joined, Left, Opened])
    again = Workspace.from_json(
        text, profile=Shopper, events=[Joined, Left, Opened], send_times=workspace.send_times
    )
    assert again.to_json() == text


def test_V1_an_older_version_keeps_its_send_time(tmp_path: Any) -> None:
    channels = {"email": RecordingChannel(), "push": RecordingChannel()}
    with SQLiteStore(tmp_path / "a.db") as store:
        Orchestrator(shop(after(hours=1)), store=store, channels=channels)
        newer = Workspace(
            journeys=[Journey("w", version=2, entry=On(Joined), steps=[Send("hi", via=["email"])])],
            timezone="UTC",
            profile=Shopper,
            events=[Left],
            policy=Policy(consent=dict.fromkeys(("email", "push"), "opt-out")),
        )
        with pytest.raises(DefinitionError, match="version 1 of journey 'w', which asks for it"):
            Orchestrator(newer, store=store, channels=channels)


def test_O4_simulation_and_store_write_the_same_journal(host: Make) -> None:
    workspace = shop(after(hours=5))
    ann = host(workspace)
    ann.track(Opened(), id="o")
    ann.track(Joined(), id="e")
    ann.tick()
    ann.at("2026-03-02 15:00").tick()
    ann.tick()
    sim = Simulation(workspace, at="2026-03-02 10:00", tz="UTC")
    other = sim.customer("ann", {"timezone": "UTC"})
    other.track(Opened(), id="o")
    other.track(Joined(), id="e")
    sim.advance(hours(6))
    assert encode_entries(sim.runner.journal("ann")) == ann.journal
