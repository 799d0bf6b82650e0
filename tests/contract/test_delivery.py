"""Delivery, sentence by sentence: rules D1 to D4, and O3 for what is not handed over yet.

Where hand-over itself matters, an orchestrator runs on both stores with a clock in the hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any

import pytest

from journeykit import (
    Accepted,
    Address,
    Always,
    Branch,
    Content,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    RenderContext,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    When,
    Workspace,
    days,
    hours,
    minutes,
    outcome,
)
from journeykit.model import Step
from journeykit.time import Duration


class Ping(Event):
    pass


class Pong(Event):
    pass


class Stop(Event):
    pass


class Person(Profile):
    name: str = ""
    email: Annotated[str | None, Address("email")] = None


class Crash(BaseException):
    """The process dies: nothing catches this."""


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self, text: str) -> None:
        self.to(text)

    def to(self, text: str) -> None:
        self.instant = datetime.fromisoformat(f"{text}+01:00").astimezone(UTC)

    def by(self, span: timedelta) -> None:
        self.instant += span

    def now(self) -> datetime:
        return self.instant


class Line:
    """A channel that remembers every call and answers from a list, then accepts."""

    def __init__(self) -> None:
        self.calls: list[OutgoingMessage] = []
        self.answers: list[Any] = []
        self.during: Callable[[OutgoingMessage], None] | None = None

    def send(self, message: OutgoingMessage) -> Any:
        self.calls.append(message)
        if self.during is not None:
            self.during(message)
        answer = self.answers.pop(0) if self.answers else Accepted()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def keys(self) -> set[str]:
        return {call.key for call in self.calls}

    @property
    def times(self) -> list[str]:
        return [f"{call.at + timedelta(hours=1):%d %H:%M}" for call in self.calls]


class World:
    """One workspace on one store; `restart` is a new process on the same store."""

    def __init__(self, store: Any, *journeys: Journey, at: str, **policy: Any) -> None:
        self.clock = Hand(at)
        self.store = store
        self.line: dict[str, Line] = {name: Line() for name in ("email", "push", "sms")}
        self.workspace = Workspace(
            journeys=list(journeys),
            profile=Person,
            timezone="Europe/Berlin",
            events=[Ping, Pong, Stop],
            policy=Policy(consent=dict.fromkeys(self.line, "opt-out"), **policy),
        )
        self.renderer: Any = None
        self.restart()
        self.kit.identify("ann", {"email": "ann@example.org"})

    def restart(self) -> None:
        self.kit = Orchestrator(
            self.workspace,
            store=self.store,
            channels=self.line,
            clock=self.clock,
            renderer=self.renderer,
        )

    def ticks(self, *moments: str) -> None:
        for moment in moments:
            self.clock.to(moment)
            self.kit.tick()

    def until(self, moment: str) -> None:
        """Tick at every due moment up to and including this one."""
        end = Hand(moment).now()
        while (due := self.kit.next_due()) is not None and due <= end:
            self.clock.instant = max(due, self.clock.instant)
            self.kit.tick()
        self.clock.instant = end
        self.kit.tick()

    def reasons(self, kind: str) -> list[str]:
        return [line.reason for line in self.kit.explain("ann") if line.kind == kind]


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    with MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "j.db") as made:
        yield made


def hello(*more: Step, name: str = "hello", event: type[Event] = Ping, **options: Any) -> Journey:
    options.setdefault("via", ["email"])
    return Journey(
        name,
        entry=On(event),
        reentry=Always(),
        exits=[On(Stop)],
        steps=[Send(name, **options), *more],
    )


def after(**span: int) -> Retry:
    return Retry("busy", after=timedelta(**span))


# ---- D1: all or nothing


def test_D1_a_decision_that_is_not_committed_leaves_nothing() -> None:
    class Full(MemoryStore):
        full = False

        def commit(self, commits: Any) -> Any:
            if self.full:
                raise OSError("disk full")
            return super().commit(commits)

    store = Full()
    world = World(store, hello(), at="2026-03-02 12:00")
    before = world.kit.customer("ann"), len(world.kit.journal("ann"))
    store.full = True
    with pytest.raises(OSError, match="disk full"):
        world.kit.track("ann", Ping())
    store.full = False
    assert (world.kit.customer("ann"), len(world.kit.journal("ann"))) == before
    world.kit.tick()
    assert not world.line["email"].calls


# ---- D2: at least once, one key


def test_D2_one_key_on_every_repeat(store: Any) -> None:
    """Retries named and not named, an exception, a night in between, a crash: one key."""
    world = World(
        store,
        hello(max_attempts=20),
        at="2026-03-02 20:00",
        quiet_hours=[QuietHours("21:00", "08:00")],
    )
    email = world.line["email"]
    email.answers = [after(minutes=10), Retry(), OSError("broken pipe"), Crash(), after(hours=3)]
    world.kit.track("ann", Ping())
    with pytest.raises(Crash):
        world.until("2026-03-02 20:59")
    world.restart()
    world.until("2026-03-03 12:00")
    assert len(email.calls) == 6
    assert len(email.keys) == 1
    assert [line.template for line in email.calls] == ["hello"] * 6
    assert [sent.id for sent in world.kit.customer("ann").sent] == list(email.keys)


def test_D2_after_a_crash_one_repeat_and_no_more(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    email = world.line["email"]
    email.answers = [Crash()]  # it left, and the answer was lost
    world.kit.track("ann", Ping())
    with pytest.raises(Crash):
        world.kit.tick()
    world.restart()
    world.until("2026-03-04 12:00")
    assert len(email.calls) == 2
    assert len(email.keys) == 1
    assert email.calls[1].attempt == 1  # of the first call, nothing is known


def test_D2_different_messages_have_different_keys(store: Any) -> None:
    world = World(store, hello(Send("more", via=["email"])), at="2026-03-02 12:00")
    for _ in range(3):
        world.kit.track("ann", Ping())
    world.until("2026-03-02 13:00")
    assert len(world.line["email"].calls) == len(world.line["email"].keys) == 6


class Counting:
    """Renders something else every time."""

    def __init__(self) -> None:
        self.count = 0

    def render(self, context: RenderContext) -> Content:
        self.count += 1
        return Content(text=f"{context.channel}:{context.profile.get('name')}:{self.count}")

    def missing(self, template: str, channel: str) -> str | None:
        return None


def test_D2_a_repeat_has_the_same_content(store: Any) -> None:
    """Also after a night in quiet hours, and when the profile has changed meanwhile."""
    world = World(store, hello(), at="2026-03-02 20:00", quiet_hours=[QuietHours("21:00", "08:00")])
    world.renderer = Counting()
    world.restart()
    email = world.line["email"]
    email.answers = [after(minutes=10), after(hours=2)]
    world.kit.track("ann", Ping())
    world.until("2026-03-02 20:30")
    world.kit.identify("ann", {"name": "Anna"})
    world.until("2026-03-03 12:00")
    assert email.times == ["02 20:00", "02 20:10", "03 08:00"]
    assert {call.content.text for call in email.calls} == {"email::1"}


def test_D2_on_another_channel_it_is_rendered_for_that_channel(store: Any) -> None:
    world = World(store, hello(via=["push", "email"]), at="2026-03-02 12:00")
    world.renderer = Counting()
    world.restart()
    world.line["push"].answers = [Rejected("no such device")]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert [call.content.text for call in world.line["email"].calls] == ["email::2"]


# ---- D3: what channels answer


def test_D3_a_named_delay_is_kept_exactly(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    delay = timedelta(hours=1, seconds=7, microseconds=3)
    world.line["email"].answers = [Retry(after=delay)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    started = world.clock.now()
    assert world.kit.next_due() == started + delay
    world.clock.instant = started + delay - timedelta(microseconds=1)
    world.kit.tick()
    assert len(world.line["email"].calls) == 1
    world.clock.instant = started + delay
    world.kit.tick()
    assert [call.attempt for call in world.line["email"].calls] == [1, 2]


@pytest.mark.parametrize(("delay", "later"), [(minutes(90), 1.5), (days(2), 48)])
def test_D3_a_delay_may_be_one_of_our_durations(store: Any, delay: Duration, later: float) -> None:
    world = World(store, hello(), at="2026-03-28 12:00")  # the clocks go forward in the night
    world.line["email"].answers = [Retry(after=delay)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert world.kit.next_due() == world.clock.now() + timedelta(hours=later)


@pytest.mark.parametrize("delay", [timedelta(days=3_000_000), timedelta.max, days(3_000_000)])
def test_D3_a_delay_beyond_the_calendar_harms_nobody(store: Any, delay: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    world.line["email"].answers = [Retry(after=delay)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    due = world.kit.next_due()
    assert due is not None
    assert due.year == 9999
    assert "comes again Thu 9999-12-30" in str(world.kit.explain("ann"))


def test_D3_a_named_delay_counts_from_the_answer(store: Any) -> None:
    """The channel takes ten minutes to answer, and another message goes after it."""
    world = World(store, hello(), hello(name="other"), at="2026-03-02 12:00")
    email = world.line["email"]
    email.answers = [after(hours=1), after(hours=2)]
    email.during = lambda message: world.clock.by(timedelta(minutes=10))
    world.kit.track("ann", Ping())
    world.kit.tick()
    email.during = None
    world.until("2026-03-02 18:00")
    assert email.times == ["02 12:00", "02 12:10", "02 13:10", "02 14:20"]


def backoffs(seed: str, count: int) -> list[timedelta]:
    world = World(MemoryStore(), hello(max_attempts=count + 1), at="2026-03-02 12:00")
    world.workspace = world.workspace.model_copy(update={"seed": seed})
    world.restart()
    world.line["email"].answers = [Retry()] * count
    world.kit.track("ann", Ping(), id=f"evt-{seed}")
    world.until("2026-03-20 12:00")
    calls = [call.at for call in world.line["email"].calls]
    return [later - sooner for sooner, later in pairwise(calls)]


def test_D3_backoff_has_full_jitter_from_the_key() -> None:
    many = [backoffs(str(seed), 3) for seed in range(40)]
    assert backoffs("0", 3) == many[0]  # the same key, the same pauses
    for attempt in range(3):
        pauses = [one[attempt] for one in many]
        ceiling = timedelta(minutes=1) * 2**attempt
        assert len(set(pauses)) > 30
        assert all(timedelta(0) <= pause < ceiling for pause in pauses)
        assert min(pauses) < ceiling / 4 < 3 * ceiling / 4 < max(pauses)  # full, not half


def test_D3_backoff_is_bounded() -> None:
    assert max(backoffs("x", 20)) < timedelta(hours=6)


@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("rule", ["continue", "exit"])
def test_D3_hand_overs_are_bounded_the_first_included(attempts: int, rule: str) -> None:
    world = World(
        MemoryStore(),
        hello(
            Branch(
                When(outcome("it") == "failed", [Send("failed", via=["sms"])]),
                otherwise=[Send("fine", via=["sms"])],
            ),
            label="it",
            max_attempts=attempts,
            on_failure=rule,
        ),
        at="2026-03-02 12:00",
    )
    world.line["email"].answers = [after(minutes=5)] * 50
    world.kit.track("ann", Ping())
    world.until("2026-03-03 12:00")
    assert len(world.line["email"].calls) == attempts
    expected = ["failed"] if rule == "continue" else []
    assert [call.template for call in world.line["sms"].calls] == expected
    assert world.reasons("end") == ["completed" if rule == "continue" else "message_failed"]


def test_D3_the_default_is_five(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    world.line["email"].answers = [OSError()] * 50
    world.kit.track("ann", Ping())
    world.until("2026-03-05 12:00")
    assert len(world.line["email"].calls) == 5


@pytest.mark.parametrize("dead", [True, False])
def test_D3_D4_rejected_the_address_or_only_this_message(store: Any, dead: bool) -> None:
    world = World(store, hello(), hello(name="other", event=Pong), at="2026-03-02 12:00")
    email = world.line["email"]
    email.answers = [Rejected("550", dead_address=dead)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert world.kit.customer("ann").suppressed == (
        {"email:ann@example.org": "550"} if dead else {}
    )
    world.kit.track("ann", Pong())
    world.kit.tick()
    assert len(email.calls) == (1 if dead else 2)
    assert world.reasons("drop") == (["suppressed"] if dead else [])


def test_D3_retries_obey_quiet_hours(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 20:30", quiet_hours=[QuietHours("21:00", "08:00")])
    world.line["email"].answers = [after(hours=1)]
    world.kit.track("ann", Ping())
    world.until("2026-03-03 12:00")
    assert world.line["email"].times == ["02 20:30", "03 08:00"]


@pytest.mark.parametrize("how", ["consent", "suppression", "address", "exit", "cancel"])
def test_D3_retries_obey_what_changed_meanwhile(store: Any, how: str) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    world.line["email"].answers = [after(hours=1)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    kit = world.kit
    {
        "consent": lambda: kit.withdraw("ann", ["email"]),
        "suppression": lambda: kit.suppress("ann", "email"),
        "address": lambda: kit.identify("ann", {"email": None}),
        "exit": lambda: kit.track("ann", Stop()),
        "cancel": lambda: kit.cancel("ann", "hello"),
    }[how]()
    world.until("2026-03-02 18:00")
    assert len(world.line["email"].calls) == 1
    assert not world.kit.customer("ann").enrollments


@pytest.mark.parametrize(
    ("delay", "when"),
    [
        (timedelta(hours=2), "02 20:00"),  # after the end of its validity: certain at once
        (timedelta(minutes=90), "02 20:00"),  # at 21:30 it is quiet until long after the end
        (timedelta(minutes=30), "sent"),
    ],
)
def test_D3_G4_a_retry_that_would_be_too_late_is_dropped_at_once(
    delay: timedelta, when: str
) -> None:
    world = World(
        MemoryStore(),
        hello(valid_for=hours(2)),
        at="2026-03-02 20:00",
        quiet_hours=[QuietHours("21:00", "08:00")],
    )
    world.line["email"].answers = [Retry(after=delay)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert world.reasons("drop") == ([] if when == "sent" else ["expired"])
    world.until("2026-03-03 12:00")
    assert len(world.line["email"].calls) == (2 if when == "sent" else 1)


def test_D3_rejected_falls_over_to_the_next_channel(store: Any) -> None:
    world = World(store, hello(via=["push", "sms", "email"]), at="2026-03-02 12:00")
    world.line["push"].answers = [Rejected("gone")]
    world.line["sms"].answers = [Rejected("refused", dead_address=False)]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert [len(world.line[name].calls) for name in ("push", "sms", "email")] == [1, 1, 1]
    assert len({world.line[name].calls[0].key for name in world.line}) == 1
    assert [sent.channel for sent in world.kit.customer("ann").sent] == ["email"]


def test_D3_a_channel_that_rejected_it_is_not_tried_again(store: Any) -> None:
    """Email is quiet, and the message begins with its first channel again at 08:00."""
    world = World(
        store,
        hello(via=["push", "email"], on_quiet="next"),
        at="2026-03-02 22:00",
        quiet_hours=[QuietHours("21:00", "08:00", channels=["email"])],
    )
    world.line["push"].answers = [Rejected("too long", dead_address=False)]
    world.kit.track("ann", Ping())
    world.until("2026-03-03 12:00")
    assert world.line["push"].times == ["02 22:00"]
    assert world.line["email"].times == ["03 08:00"]


def test_D3_a_channel_that_was_passed_over_for_now_may_carry_what_another_rejected() -> None:
    world = World(
        MemoryStore(),
        hello(via=["push", "email"], on_quiet="next"),
        at="2026-03-02 22:00",
        quiet_hours=[QuietHours("21:00", "08:00", channels=["push"])],
    )
    world.line["email"].answers = [Rejected("mailbox full", dead_address=False)]
    world.kit.track("ann", Ping())
    world.until("2026-03-03 12:00")
    assert world.line["email"].times == ["02 22:00"]
    assert world.line["push"].times == ["03 08:00"]


def test_D2_while_nobody_knows_whether_it_came_through_no_other_channel_is_tried() -> None:
    world = World(
        MemoryStore(),
        hello(via=["push", "email"], on_quiet="next"),
        at="2026-03-02 20:30",
        quiet_hours=[QuietHours("21:00", "08:00", channels=["push"])],
    )
    world.line["push"].answers = [OSError("connection reset"), after(hours=1)]
    world.kit.track("ann", Ping())
    world.until("2026-03-03 12:00")
    assert [at[:5] for at in world.line["push"].times] == ["02 20", "02 20", "03 08"]
    assert not world.line["email"].calls


# ---- D4: dead addresses


def test_D4_suppressed_for_every_journey_also_at_the_same_instant(store: Any) -> None:
    """Both lie in the outbox; the first answer says that the address is dead."""
    world = World(store, hello(), hello(name="other"), hello(name="more"), at="2026-03-02 12:00")
    email = world.line["email"]
    email.answers = [Rejected("550")]
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert len(email.calls) == 1
    assert world.reasons("drop") == ["suppressed", "suppressed"]


def test_D4_a_new_address_may_be_used_and_the_old_one_stays_dead(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    email = world.line["email"]
    email.answers = [Rejected("550")]
    for address in ("ann@example.org", "ann@example.com", "ann@example.org"):
        world.kit.identify("ann", {"email": address})
        world.kit.track("ann", Ping())
        world.kit.tick()
    assert [call.address for call in email.calls] == ["ann@example.org", "ann@example.com"]
    world.kit.unsuppress("ann", "email", "ann@example.org")
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert email.calls[-1].address == "ann@example.org"


def test_D4_where_no_address_is_declared_the_customer_id_stands_for_it(store: Any) -> None:
    world = World(store, hello(via=["sms"]), at="2026-03-02 12:00")
    sms = world.line["sms"]
    sms.answers = [Rejected("unknown subscriber")]
    for _ in range(2):
        world.kit.track("ann", Ping())
        world.kit.tick()
    assert [call.address for call in sms.calls] == ["ann"]
    assert world.kit.customer("ann").suppressed == {"sms:ann": "unknown subscriber"}


def test_D4_a_declared_address_without_a_value_reaches_nobody(store: Any) -> None:
    world = World(store, hello(via=["email", "sms"]), at="2026-03-02 12:00")
    world.kit.identify("ann", {"email": ""})
    world.kit.track("ann", Ping())
    world.kit.tick()
    assert not world.line["email"].calls
    assert world.reasons("reroute") == ["no_address"]
    assert len(world.line["sms"].calls) == 1


# ---- O3, G3: what was withdrawn or taken back


def test_O3_withdrawn_when_its_enrollment_ends(store: Any) -> None:
    world = World(store, hello(), at="2026-03-02 12:00")
    world.kit.track("ann", Ping())
    world.kit.track("ann", Stop())
    world.kit.tick()
    assert not world.line["email"].calls
    assert world.reasons("withdraw") == ["stop"]


def test_G3_an_answer_that_comes_after_the_end_of_the_run_still_counts(store: Any) -> None:
    """The run is cancelled while its message is on its way: it was sent, and uses the slot."""
    world = World(
        store,
        hello(),
        hello(name="other", event=Pong),
        at="2026-03-02 12:00",
        caps=[FrequencyCap(1, per="day")],
    )
    world.line["email"].during = lambda message: world.kit.cancel("ann", "hello")
    world.kit.track("ann", Ping())
    world.kit.tick()
    world.line["email"].during = None
    assert len(world.kit.customer("ann").sent) == 1
    world.kit.track("ann", Pong())
    world.kit.tick()
    assert [held.reason for held in world.kit.customer("ann").held] == ["frequency_cap"]
    assert len(world.line["email"].calls) == 1


def test_G5_a_failed_message_ends_its_step(store: Any) -> None:
    world = World(store, hello(Wait(days(1)), Send("two", via=["sms"])), at="2026-03-02 12:00")
    world.line["email"].answers = [after(hours=1), Rejected("no", dead_address=False)]
    world.kit.track("ann", Ping())
    world.until("2026-03-04 12:00")
    assert world.line["sms"].times == ["03 13:00"]
