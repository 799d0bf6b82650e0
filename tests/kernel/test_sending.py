"""What becomes of a message where answers, slots and channels cross each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeykit import (
    Always,
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Retry,
    Send,
    Simulation,
    Workspace,
    days,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import ChannelAnswered, CustomerState, EnrollAsked, GateClosed, advance
from journeykit.kernel import journal as j
from journeykit.machine import GatePlan, Rules, compile_workspace
from journeykit.time import DAY, HOUR, MINUTE, zone

NOON = 1_772_449_200_000_000  # 2026-03-02 12:00 in Berlin, a Monday
NIGHT = QuietHours("21:00", "08:00")


class Go(Event):
    pass


def journey(name: str, **more: Any) -> Journey:
    via = more.pop("via", ["email"])
    return Journey(name, entry=On(Go), reentry=Always(), steps=[Send(name, via=via, **more)])


def rules_of(*journeys: Journey, **policy: Any) -> Rules:
    consent = dict.fromkeys(("email", "push"), "opt-out")
    return compile_workspace(
        Workspace(
            journeys=list(journeys),
            timezone="Europe/Berlin",
            policy=Policy(consent=consent, **policy),  # type: ignore[arg-type]
        )
    )


class Bench:
    """One customer, moved call by call."""

    def __init__(self, rules: Rules, now: int = NOON) -> None:
        self.rules = rules
        self.now = now
        self.state = CustomerState("ann")
        self.entries: list[j.Entry] = []
        self.put: dict[str, tuple[str, int]] = {}
        self.drop: set[str] = set()

    def take(self, *signals: Any) -> None:
        decision = advance(self.rules, self.state, signals, self.now)
        self.entries += decision.entries
        self.put, self.drop = decision.put, decision.drop

    def enroll(self, name: str) -> str:
        before = set(self.state.messages)
        self.take(EnrollAsked(self.now, name, None, {}, ""))
        (message,) = set(self.state.messages) - before
        return message

    def answer(self, message: str, kind: Any, channel: str = "email", **more: Any) -> None:
        self.take(ChannelAnswered(self.now, message, channel, "ann", kind, **more))


def test_G3_an_answer_to_a_message_that_was_taken_back_on_its_way() -> None:
    """`low` is displaced while its channel is being called; the channel asks to come again."""
    bench = Bench(rules_of(journey("low"), journey("high", priority=1),
                           caps=[FrequencyCap(1, per="day")]))  # fmt: skip
    low = bench.enroll("low")
    high = bench.enroll("high")
    assert bench.drop == {low}
    assert list(bench.put) == [high]
    until = bench.state.messages[low].until
    bench.answer(low, "retry", after=MINUTE)
    message = bench.state.messages[low]
    assert (message.status, message.until, message.attempts) == ("held", until, 1)
    assert not bench.put
    bench.answer(low, "accepted")  # a second worker had it too: it did go out
    assert [line.message for line in bench.state.ledger] == [low]
    bench.take(GateClosed(bench.now, high))
    assert bench.state.messages[high].reason == "frequency_cap"


@pytest.mark.parametrize("dead", [True, False])
def test_D3_a_late_no_from_a_channel_that_was_left(dead: bool) -> None:
    """The gate sent the message on to email while push was being called; push says no."""
    bench = Bench(
        rules_of(
            journey("x", via=["push", "email"], on_quiet="next"),
            quiet_hours=[QuietHours("21:00", "08:00", channels=["push"])],
        )
    )
    message = bench.enroll("x")
    bench.now += 10 * HOUR
    bench.take(GateClosed(bench.now, message))
    assert bench.state.messages[message].channel == "email"
    bench.answer(message, "rejected", "push", dead_address=dead)
    kept = bench.state.messages[message]
    assert (kept.channel, kept.status, kept.rejected) == ("email", "released", ["push"])
    assert ("push:ann" in bench.state.suppressed) is dead
    bench.answer(message, "rejected", "email", dead_address=False)
    assert not bench.state.messages  # no channel is left
    assert [e.answer for e in bench.entries if isinstance(e, j.Answered)] == ["rejected", "failed"]


def test_D3_a_named_delay_counts_from_the_answer_not_from_its_settling() -> None:
    bench = Bench(rules_of(journey("x")))
    message = bench.enroll("x")
    bench.now += MINUTE
    bench.take(ChannelAnswered(NOON + 1, message, "email", "ann", "retry", after=HOUR))
    assert bench.put == {message: ("email", NOON + 1 + HOUR)}


def test_G6_a_transactional_retry_is_not_measured_by_quiet_hours() -> None:
    bench = Bench(rules_of(journey("x", transactional=True, valid_for=timedelta(hours=12)),
                           quiet_hours=[NIGHT]))  # fmt: skip
    message = bench.enroll("x")
    bench.answer(message, "retry", after=10 * HOUR)
    assert bench.put == {message: ("email", NOON + 10 * HOUR)}


def test_G4_a_retry_of_a_message_that_would_be_skipped_is_judged_at_its_time() -> None:
    """It does not wait for the end of quiet hours, so that end says nothing."""
    bench = Bench(rules_of(journey("x", on_quiet="exit", valid_for=timedelta(hours=12)),
                           quiet_hours=[NIGHT]))  # fmt: skip
    message = bench.enroll("x")
    bench.answer(message, "retry", after=10 * HOUR)
    assert message in bench.state.messages
    bench.now += 10 * HOUR
    bench.take(GateClosed(bench.now, message))
    assert [e.reason for e in bench.entries if isinstance(e, j.Ended)] == ["quiet_hours"]


def test_D2_a_row_with_what_was_handed_over_is_kept_while_its_message_waits() -> None:
    bench = Bench(rules_of(journey("x"), quiet_hours=[NIGHT]))
    message = bench.enroll("x")
    bench.answer(message, "retry", after=10 * HOUR)
    bench.now += 10 * HOUR
    bench.take(GateClosed(bench.now, message))
    morning = NOON + 20 * HOUR
    assert (bench.put, bench.drop) == ({message: ("email", morning)}, set())
    bench.take(GateClosed(bench.now, message))  # another worker had claimed it
    assert not bench.drop
    bench.take(GateClosed(bench.now, "never there"))
    assert bench.drop == {"never there"}


def play(*journeys: Journey, **policy: Any) -> Simulation:
    consent: Any = {"email": "opt-in", "push": "opt-out", "sms": "opt-out"}
    workspace = Workspace(
        journeys=list(journeys),
        profile=Profile,
        timezone="Europe/Berlin",
        policy=Policy(consent=consent, **policy),
    )
    return Simulation(workspace, at="2026-03-02 22:00")


def test_G4_passed_over_for_now_and_then_nothing_but_that_channel() -> None:
    """Push is quiet, email has no consent: it waits for push, and says so."""
    sim = play(
        journey("x", via=["push", "email"], on_quiet="next"),
        quiet_hours=[QuietHours("21:00", "08:00", channels=["push"])],
    )
    ann = sim.customer("ann")
    ann.track(Go())
    assert [held.reason for held in ann.held] == ["quiet_hours"]
    sim.advance(days(1))
    assert [m.channel for m in sim.accepted("ann")] == ["push"]


def test_G1_what_changes_nothing_is_not_journaled() -> None:
    sim = play(journey("x", via=["push"]), quiet_hours=[NIGHT])
    ann = sim.customer("ann")
    ann.track(Go())
    for locale in ("de", "fr", "it"):
        ann.tell({"locale": locale})
    assert len(ann.reasons("hold")) == 1


def test_G4_the_wait_of_a_retry_moves_with_the_zone() -> None:
    sim = play(
        journey("x", via=["push"]), quiet_hours=[QuietHours("23:00", "08:00", channels=["push"])]
    )
    sim.channel("push").answer(Retry(after=timedelta(hours=2)))
    ann = sim.customer("ann")
    ann.track(Go())
    sim.advance(timedelta(hours=3))
    assert ann.held
    ann.tell({"timezone": "Europe/London"})
    sim.advance(days(1))
    calls = sim.channel("push").handed_over
    assert [f"{call.at:%H:%M}" for call in calls] == ["21:00", "08:00"]


@pytest.mark.parametrize("order", [["push", "sms"], ["sms", "push"]])
def test_G4_of_several_channels_the_first_to_open_after_a_change(order: list[str]) -> None:
    sim = play(
        journey("x", via=order, on_quiet="next"),
        quiet_hours=[QuietHours("21:00", "09:00", channels=["push"]),
                     QuietHours("21:00", "08:00", channels=["sms"])],
    )  # fmt: skip
    ann = sim.customer("ann")
    ann.track(Go())
    sim.advance(timedelta(hours=4))
    ann.tell({"timezone": "Europe/London"})
    assert [f"{held.until:%H:%M}" for held in ann.held] == ["08:00"]
    sim.advance(days(1))
    assert [(m.channel, f"{m.at:%H:%M}") for m in sim.accepted("ann")] == [("sms", "08:00")]


def test_a_policy_names_only_declared_channels() -> None:
    with pytest.raises(DefinitionError, match=r"'pager' is not declared"):
        Policy(consent={"email": "opt-in"}, quiet_hours=[QuietHours("01:00", "02:00",
                                                                    channels=["pager"])])  # fmt: skip
    with pytest.raises(DefinitionError, match=r"caps\[0\]"):
        Policy(consent={"email": "opt-in"}, caps=[FrequencyCap(1, per="day", channels=["pager"])])


def test_the_floor_of_a_calendar_window_is_the_same_after_ten_thousand_others() -> None:
    (cap,) = GatePlan(Policy(consent={"email": "opt-in"}, caps=[FrequencyCap(1, per="week")])).caps
    berlin = zone("Europe/Berlin")
    first = [cap.floor(NOON + day * DAY, berlin) for day in range(50)]
    for day in range(10_000):
        cap.floor(NOON - day * DAY, berlin)
    assert [cap.floor(NOON + day * DAY, berlin) for day in range(50)] == first
    assert first[0] == (NOON - 12 * HOUR - 1, True)
