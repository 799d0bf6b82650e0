"""What a host reports of messages that were sent: waits, exits, conditions, suppression."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from journeykit import (
    Address,
    Branch,
    Case,
    Event,
    Exit,
    Goto,
    Hours,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    Receipt,
    Send,
    Simulation,
    Wait,
    WaitFor,
    When,
    Workspace,
    days,
    hours,
    not_,
    receipt,
)
from journeykit.errors import (
    ConditionError,
    FutureEventError,
    JourneykitError,
    NaiveInstantError,
    UnknownCustomerError,
    UsageError,
)
from journeykit.kernel import encode_state, replay
from journeykit.kernel import journal as j
from journeykit.runtime import Outcome
from journeykit.simulation import ScriptedChannel, SimulatedCustomer, VirtualClock
from journeykit.time import to_micros


class Begun(Event):
    pass


class Person(Profile):
    email: Annotated[str | None, Address("email")] = None


OFFER = Send("offer", via=["email"])


def workspace(*steps: Any, **more: Any) -> Workspace:
    journey = Journey("j", entry=On(Begun), steps=list(steps), **more)
    assert Journey.from_json(journey.to_json()) == journey
    return Workspace(
        journeys=[journey],
        profile=Person,
        timezone="Europe/Berlin",
        policy=Policy(consent={"email": "opt-out"}),
    )


def begun(*steps: Any, **more: Any) -> SimulatedCustomer:
    sim = Simulation(workspace(*steps, **more), at="2026-03-02 09:00")
    ann = sim.customer("ann", {"email": "ann@example.org"})
    ann.track(Begun())
    sim.settle()
    return ann


def ended(ann: SimulatedCustomer) -> list[str]:
    reasons = ann.reasons("end")
    stage = ann._stage
    stored = stage.runner._store.load(["ann"], profiles=False)["ann"].body  # type: ignore[attr-defined]
    assert encode_state(replay("ann", stage.runner.journal("ann"))) == stored
    return list(reasons)


def opened(since: Any = "entry") -> list[Any]:
    """A wait for two receipts with a day between, each with its end."""
    cases = [
        Case(Receipt("clicked", of="offer"), [Exit("clicked")]),
        Case(Receipt("opened", of="offer"), [Exit("opened")]),
    ]
    return [OFFER, Wait(hours(1)), WaitFor(cases, timeout=days(2), since=since), Exit("nothing")]


@pytest.mark.parametrize(
    ("since", "script", "reasons"),
    [
        ("entry", "opens", ["opened"]),  # O7: before the step was reached
        ("entry", "opens clicks", ["clicked"]),  # both are there: the first that is written
        ("step", "opens", ["nothing"]),
        ("entry", "hour opens", ["opened"]),
        ("step", "hour opens", ["opened"]),
        ("step", "opens hour clicks", ["clicked"]),
        ("step", "hour day clicks opens", ["clicked"]),
        ("entry", "bounces", ["nothing"]),
    ],
)
def test_a_wait_for_receipts(since: Any, script: str, reasons: list[str]) -> None:
    ann = begun(*opened(since))
    for what in script.split():
        if what == "hour":
            ann._stage.advance(hours(1))
        elif what == "day":
            ann._stage.advance(hours(24))
        else:
            getattr(ann, what)("offer")
    ann._stage.advance(days(3))
    assert ended(ann) == reasons


def test_a_late_receipt_of_before_the_step_is_none_since_the_step() -> None:  # O5, O7
    ann = begun(*opened("step"))
    ann._stage.advance(hours(2))
    key = ann.messages[0].key
    ann._stage.report("ann", key, "opened", occurred_at="2026-03-02 09:30")
    assert ended(ann) == []
    ann._stage.report("ann", key, "opened", occurred_at="2026-03-02 10:00")
    assert ended(ann) == ["opened"]


def test_all_of_several_receipts() -> None:
    both = [Receipt("opened", of="offer"), Receipt("replied", of="offer")]
    for since in ("entry", "step"):
        ann = begun(OFFER, WaitFor(both, need="all", timeout=days(2), since=since), Exit("both"))
        ann.replies("offer", detail="yes, please")
        assert ended(ann) == []
        ann.opens("offer")
        assert ended(ann) == ["both"]


def test_a_condition_reads_what_is_told_so_far() -> None:
    steps = [
        OFFER,
        Wait(days(1)),
        Branch(
            When(receipt("offer", "clicked"), [Exit("clicked")]),
            When(receipt("offer", "opened"), [Exit("opened")]),
            When(not_(receipt("offer", "delivered")), [Exit("unknown")]),
            otherwise=[Exit("delivered")],
        ),
    ]
    for script, reason in (
        ("", "unknown"),
        ("delivers", "delivered"),
        ("delivers opens", "opened"),
    ):
        ann = begun(*steps)
        for what in script.split():
            getattr(ann, what)("offer")
        ann._stage.advance(days(1))
        assert ended(ann) == [reason]


def test_a_receipt_ends_a_run_wherever_it_stands() -> None:  # E2, O6: exits before waits
    ann = begun(
        OFFER,
        WaitFor(Receipt("bounced", of="offer"), timeout=days(2)),
        Exit("waited"),
        exits=[Receipt("bounced", of="offer"), receipt("offer", "replied")],
    )
    ann.bounces("offer")
    assert ended(ann) == ["bounced"]
    waits = [
        Wait(days(2)),
        WaitFor([Case(Receipt("replied", of="offer"), [Exit("waited")])], timeout=days(2)),
        WaitFor(
            [Case(Receipt("replied", of="offer"), [Exit("waited")])], timeout=days(2), since="step"
        ),
    ]
    for wait in waits:
        ann = begun(OFFER, wait, exits=[receipt("offer", "replied")])
        ann.replies("offer")
        assert ended(ann) == ["exit_condition"]


def test_on_a_loop_only_the_latest_message_of_the_step_counts() -> None:
    ann = begun(
        Send("offer", via=["email"], label="again"),
        WaitFor(
            [Case(Receipt("opened", of="again"), [Exit("opened")])],
            timeout=days(1),
            on_timeout=[Goto("again", at_most=2)],
        ),
        Exit("never"),
    )
    first = ann.messages[0].key
    ann._stage.advance(days(1))
    assert ann.received == ["offer", "offer"]
    outcome = ann._stage.report("ann", first, "opened")
    (entry,) = [e for e in outcome.entries if isinstance(e, j.Receipted)]
    assert (entry.enrollment, entry.template) == (None, "offer")
    assert ended(ann) == []
    ann.opens("offer")
    assert ended(ann) == ["opened"]


def test_what_was_told_of_the_last_message_is_forgotten_with_the_next() -> None:
    ann = begun(
        Send("offer", via=["email"], label="again"),
        Wait(days(1)),
        Branch(When(receipt("again", "opened"), [Goto("again", at_most=3)])),
        Exit("not-opened"),
    )
    ann.opens("offer")
    ann._stage.advance(days(1))
    assert ann.received == ["offer", "offer"]
    ann._stage.advance(days(1))
    assert ended(ann) == ["not-opened"]


def test_a_message_that_nobody_knows_is_journaled_all_the_same() -> None:
    ann = begun(*opened())
    outcome = ann._stage.report("ann", "f00", "opened", detail="from last year")
    (entry,) = outcome.entries
    assert isinstance(entry, j.Receipted)
    assert (entry.message, entry.enrollment, entry.journey) == ("f00", None, "")
    assert "a message: opened: from last year" in str(ann.timeline)
    assert ended(ann) == []


def test_a_receipt_before_the_acceptance_is_settled_counts() -> None:
    """The channel has the message, the answer was lost: the provider reports sooner than we know."""
    clock = VirtualClock(to_micros(datetime(2026, 3, 2, 8, tzinfo=UTC)))
    told: list[Outcome] = []

    class Quick(ScriptedChannel):
        def send(self, message: Any) -> Any:
            told.append(kit.report("ann", message.key, "opened"))
            return super().send(message)

    kit = Orchestrator(
        workspace(*opened()), store=MemoryStore(), channels={"email": Quick("email")}, clock=clock
    )
    kit.identify("ann", {"email": "ann@example.org"})
    kit.track("ann", Begun())
    kit.tick()
    (entry,) = [e for e in told[0].entries if isinstance(e, j.Receipted)]
    assert entry.step == "offer"
    clock.micros += 3_600_000_000
    kit.tick()
    assert [e.reason for e in kit.journal("ann") if isinstance(e, j.Ended)] == ["opened"]


def test_a_repeat_of_a_receipt_is_known_by_its_id() -> None:  # O8
    ann = begun(*opened())
    key = ann.messages[0].key
    report = ann._stage.report
    at = "2026-03-02 09:00"
    assert not report("ann", key, "opened", id="r-1", occurred_at=at).repeated
    assert report("ann", key, "opened", id="r-1", occurred_at=at).repeated
    again = report("ann", key, "clicked", id="r-1", occurred_at=at)
    assert again.conflict
    assert not ann.track(Begun(), id="r-1").repeated  # events have ids of their own
    ann._stage.advance(hours(1))
    assert ended(ann) == ["opened"]


@pytest.mark.parametrize(
    ("receipt", "more", "reason"),
    [
        ("complained", {}, "complaint"),
        ("bounced", {"dead_address": True, "detail": "no such user"}, "no such user"),
        ("bounced", {}, None),
        ("opened", {}, None),
    ],
)
def test_complaints_and_dead_addresses_are_suppressed(  # D4
    receipt: Any, more: Any, reason: str | None
) -> None:
    ann = begun(OFFER, Wait(days(1)), Send("more", via=["email"]))
    ann._stage.report("ann", ann.messages[0].key, receipt, **more)
    found = ann._stage.runner.suppressed("email", "ann@example.org")
    assert (None if found is None else found.reason) == reason
    ann._stage.advance(days(1))
    assert ann.received == (["offer"] if reason else ["offer", "more"])
    again = ann._stage.report("ann", ann.messages[0].key, receipt, **more)
    assert not [e for e in again.entries if isinstance(e, j.Suppressed)]


@pytest.mark.parametrize(
    ("first", "then", "suppressed"),
    [
        ("ann@example.org", ["ann@example.com"], "ann@example.org"),
        ("ann@example.org", ["ann@example.com", "ann@example.net"], "ann@example.org"),
        ("ann@example.org", [None], "ann@example.org"),
    ],
)
def test_the_address_is_suppressed_to_which_the_message_went(  # D4
    first: str, then: list[str | None], suppressed: str
) -> None:
    sim = Simulation(workspace(OFFER, Wait(days(1)), Exit("done")), at="2026-03-02 09:00")
    ann = sim.customer("ann", {"email": first})
    ann.track(Begun())
    key = ann.messages[0].key
    for address in then:
        ann.tell({"email": address})
    ann._stage.report("ann", key, "bounced", dead_address=True)
    assert ann._stage.runner.suppressed("email", suppressed) is not None
    for address in filter(None, then):
        assert ann._stage.runner.suppressed("email", address) is None
    assert ended(ann) == []


def test_an_address_that_changes_while_the_message_is_on_its_way_is_another() -> None:  # D4
    clock = VirtualClock(to_micros(datetime(2026, 3, 2, 8, tzinfo=UTC)))
    keys: list[str] = []

    class Slow(ScriptedChannel):
        def send(self, message: Any) -> Any:
            keys.append(message.key)
            kit.identify("ann", {"email": "ann@example.com"})
            return super().send(message)

    shop = workspace(OFFER, Wait(days(1)))
    kit = Orchestrator(shop, store=MemoryStore(), channels={"email": Slow("email")}, clock=clock)
    kit.identify("ann", {"email": "ann@example.org"})
    kit.track("ann", Begun())
    kit.tick()
    kit.report("ann", keys[0], "complained")
    assert kit.suppressed("email", "ann@example.org") is not None
    assert kit.suppressed("email", "ann@example.com") is None


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("ann", "k", "openned"), UsageError, "did you mean 'opened'"),
        (("ann", "", "opened"), UsageError, "OutgoingMessage.key"),
        (("ann", 7, "opened"), UsageError, "OutgoingMessage.key"),
        (("", "k", "opened"), UsageError, "customer id"),
        (("bob", "k", "opened"), UnknownCustomerError, "nobody was identified"),
        (("ann", "k", "opened", {"dead_address": True}), UsageError, "bounced"),
        (("ann", "k", "bounced", {"dead_address": "yes"}), UsageError, "True or False"),
        (("ann", "k", "opened", {"detail": 7}), UsageError, "detail"),
        (("ann", "k", "opened", {"id": "#7"}), UsageError, "'#'"),
        (("ann", "k", "opened", {"occurred_at": datetime(2026, 3, 2)}), NaiveInstantError, "zone"),
        (
            ("ann", "k", "opened", {"occurred_at": datetime(2026, 3, 3, tzinfo=UTC)}),
            FutureEventError,
            "after now",
        ),
    ],
)
def test_what_is_wrong_is_refused_at_the_door(  # F1, O9
    arguments: Any, error: type[JourneykitError], says: str
) -> None:
    ann = begun(*opened())
    more = arguments[3] if len(arguments) > 3 else {}
    with pytest.raises(error, match=says):
        ann._stage.runner.report(*arguments[:3], **more)
    row = dict(zip(("customer_id", "message", "receipt"), arguments, strict=False)) | more
    batch = ann._stage.runner.report_many([row])
    assert [type(bad.error) for bad in batch.bad] == [error]


def test_many_receipts_at_once() -> None:  # F1
    ann = begun(*opened())
    key = ann.messages[0].key
    good = {"customer_id": "ann", "message": key, "receipt": "delivered", "id": "r-1"}
    rows: list[Any] = [
        good,
        good,
        {**good, "id": "r-2", "receipt": "complained", "detail": "spam button"},
        {**good, "channel": "email"},
        {"customer_id": "ann", "message": key},
        "r-3",
    ]
    batch = ann._stage.runner.report_many(rows)
    assert [outcome.repeated for outcome in batch.outcomes] == [False, True, False]
    assert [bad.index for bad in batch.bad] == [3, 4, 5]
    assert ann._stage.runner.suppressed("email", "ann@example.org") is not None
    kinds = [stage.kind for stage in ann.lives[0].stages]
    assert kinds[-2:] == ["receipt", "receipt"]
    assert ann.lives[0].status == "accepted"
    assert ann.lives[0].last.kind == "accepted"


def test_in_a_simulation_only_what_was_received_is_opened() -> None:
    ann = begun(Send("offer", via=["email"], hours=[Hours("22:00", "23:00")]), Wait(days(1)))
    with pytest.raises(UsageError, match="received are none"):
        ann.opens("offer")


def test_while_nothing_runs_receipts_wait() -> None:  # O3
    ann = begun(*opened())
    stage = ann._stage
    with stage.downtime():
        stage.advance(days(9))
        stage.report("ann", stage.accepted("ann")[0].key, "clicked")
    assert ended(ann) == ["clicked"]


def test_there_are_six_receipts() -> None:
    wrong: Any = "openned"
    with pytest.raises(ConditionError, match="delivered, opened"):
        receipt("offer", wrong)
