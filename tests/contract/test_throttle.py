"""Does a throttle hold, whoever works? And does everybody get his turn? (D5, G1, G4)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    Accepted,
    Content,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    QuietHours,
    Retry,
    Send,
    Simulation,
    SQLiteStore,
    Throttle,
    Workspace,
    hours,
    minutes,
    seconds,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import decode_state, replay
from journeykit.kernel import journal as j
from journeykit.ports import Receipt, Store, Taken, Taking
from journeykit.runtime import TickCounts
from journeykit.simulation.people import SimulatedCustomer

MICROSECOND = timedelta(microseconds=1)


class SignedUp(Event):
    pass


class Left(Event):
    pass


def shop(*steps: Any, **policy: Any) -> Workspace:
    policy.setdefault("consent", {"email": "opt-out", "sms": "opt-out"})
    policy.setdefault("throttles", [Throttle(1, per=seconds(1), channels=["sms"])])
    journey = Journey(
        "welcome",
        entry=On(SignedUp),
        exits=[On(Left)],
        steps=list(steps or (Send("hello", via=["sms"]),)),
    )
    return Workspace(journeys=[journey], events=[Left], timezone="UTC", policy=Policy(**policy))


def play(workspace: Workspace, people: int, at: str = "2026-03-02 12:00") -> Any:
    sim = Simulation(workspace, at=at, tz="UTC")
    customers = [sim.customer(f"c{number:03}") for number in range(people)]
    for one in customers:
        one.track(SignedUp())
    return sim, customers


def times(customers: Sequence[SimulatedCustomer]) -> list[datetime]:
    """Return when messages were handed over, in order."""
    return sorted(message.at for one in customers for message in one.messages)


def held(customer: SimulatedCustomer) -> list[j.Held]:
    entries = customer._stage.runner.journal(customer.id)
    return [entry for entry in entries if isinstance(entry, j.Held)]


# ---- the bucket


def test_one_goes_at_once_and_the_others_one_interval_apart() -> None:
    """D5."""
    sim, customers = play(shop(), 5)
    start = sim.now
    sim.advance(minutes(1))
    assert times(customers) == [start + timedelta(seconds=n) for n in range(5)]


def test_a_burst_goes_at_once() -> None:
    """D5: after a pause the bucket is full again, and never fuller."""
    policy = {"throttles": [Throttle(60, burst=3, channels=["sms"])]}
    sim, customers = play(shop(**policy), 4)
    start = sim.now
    sim.advance(minutes(10))
    assert [(at - start).total_seconds() for at in times(customers)] == [0, 0, 0, 1]
    more = [sim.customer(f"d{number}") for number in range(5)]
    for one in more:
        one.track(SignedUp())
    start = sim.now
    sim.advance(minutes(10))
    assert [(at - start).total_seconds() for at in times(more)] == [0, 0, 0, 1, 2]


def test_who_waits_is_told_once_why_and_until_when() -> None:
    """G1, G4: the reason, the rule and the turn are in the journal."""
    sim, customers = play(shop(), 40)
    sim.advance(minutes(2))
    told = [held(one) for one in customers]
    assert Counter(map(len, told)) == {1: 39, 0: 1}
    (entry,) = next(one for one in told if one)
    assert entry.reason == "throttle"
    assert entry.detail == {"rule": "1 per PT1S", "rate": "1 per PT1S", "channel": "sms"}
    line = next(line for line in customers[5].timeline if line.kind == "hold")
    assert line.reason == "throttle"
    assert "sms takes 1 per 1 second and no more" in line.text


def test_a_throttle_with_a_name_is_told_by_it() -> None:
    sim, customers = play(shop(throttles=[Throttle(1, channels=["sms"], name="provider")]), 2)
    sim.settle()
    (entry,) = [entry for one in customers for entry in held(one)]
    assert (entry.detail["rule"], entry.detail["rate"]) == ("provider", "1 per PT1M")
    told = str(customers[0].timeline) + str(customers[1].timeline)
    assert "sms takes 1 per 1 minute and no more by the rule 'provider'" in told


def test_first_come_first_served() -> None:
    """D5: a newcomer does not take the turn of one who waits."""
    sim, first = play(shop(), 5)
    sim.advance(seconds(2))
    late = sim.customer("aaa")
    late.track(SignedUp())
    sim.advance(minutes(1))
    (at,) = times([late])
    assert at > max(times(first))


def test_other_channels_do_not_wait() -> None:
    """D5: each channel has a bucket of its own, or none."""
    steps = (Send("hello", via=["sms"]), Send("again", via=["email"]))
    _, customers = play(shop(*steps, throttles=[Throttle(1, per=hours(1))]), 1)
    assert customers[0].received == ["hello", "again"]
    _, customers = play(shop(Send("mail", via=["email"])), 9)
    assert [one.received for one in customers] == [["mail"]] * 9


def test_the_gate_is_asked_before_the_throttle() -> None:
    """G1: what the gate stops takes no token, and keeps the reason of the gate."""
    policy = {
        "quiet_hours": [QuietHours("21:00", "08:00")],
        "throttles": [Throttle(1, per=hours(1), channels=["sms"])],
    }
    sim, (ann, bob) = play(shop(**policy), 2, at="2026-03-02 22:00")
    assert [ann.held[0].reason, bob.held[0].reason] == ["quiet_hours", "quiet_hours"]
    sim.advance_to("08:00")
    assert sorted([*ann.received, *bob.received]) == ["hello"]
    sim.advance_to("09:00")
    assert [ann.received, bob.received] == [["hello"], ["hello"]]


def test_a_turn_within_quiet_hours_waits_for_the_morning() -> None:
    """G1, G4: at its turn a message is judged by the whole gate again."""
    policy = {
        "quiet_hours": [QuietHours("21:00", "08:00")],
        "throttles": [Throttle(1, per=hours(2), channels=["sms"])],
    }
    sim, customers = play(shop(**policy), 2, at="2026-03-02 20:00")
    sim.advance(hours(1))
    sim.advance_to("21:59")
    waiting = next(one for one in customers if not one.received)
    assert waiting.held[0].reason == "throttle"
    sim.advance_to("22:00")
    assert waiting.held[0].reason == "quiet_hours"
    sim.advance_to("08:00")
    assert waiting.received == ["hello"]


def test_transactional_messages_obey() -> None:
    """D5, G6: the limit is the provider's."""
    sim, customers = play(shop(Send("receipt", via=["sms"], transactional=True)), 3)
    assert sum(len(one.received) for one in customers) == 1
    sim.advance(seconds(2))
    assert sum(len(one.received) for one in customers) == 3


def test_who_waits_and_withdraws_or_leaves_gets_nothing() -> None:
    """G7, E2."""
    sim, customers = play(shop(), 3)
    waiting = [one for one in customers if not one.received]
    waiting[0].withdraw("sms")
    waiting[1].track(Left())
    sim.advance(minutes(5))
    assert [one.received for one in waiting] == [[], []]
    assert waiting[0].reasons("drop") == ["consent_withdrawn"]


def test_something_else_does_not_release_it_before_its_turn() -> None:
    """G1: in between nothing is asked."""
    sim, customers = play(shop(caps=[FrequencyCap(1, per="day")]), 3)
    waiting = [one for one in customers if not one.received]
    for one in waiting:
        one.tell({"timezone": "Asia/Tokyo"})
    assert not any(one.received for one in waiting)
    sim.advance(seconds(2))
    assert all(one.received for one in waiting)


def test_a_queue_that_left_is_forgotten_after_a_while() -> None:
    """D5: turns that nobody uses do not hold up those who come later for ever."""
    sim, customers = play(shop(), 400)
    for one in customers:
        one.track(Left())
    sim.advance(seconds(30))
    late = sim.customer("late")
    late.track(SignedUp())
    assert late.received == ["hello"]


@pytest.mark.parametrize(
    ("choice", "options", "received", "reasons"),
    [
        ("skip", {}, ["next"], ["throttle"]),
        ("exit", {}, [], ["throttle"]),
        ("else", {"otherwise": [Send("instead", via=["email"])]}, ["instead", "next"], ["throttle"]),
    ],
)  # fmt: skip
def test_the_step_chooses_what_a_throttle_does(
    choice: Any, options: Any, received: list[str], reasons: list[str]
) -> None:
    """G4."""
    steps = (Send("hello", via=["sms"], on_throttle=choice, **options), Send("next", via=["email"]))
    _, customers = play(shop(*steps), 2)
    went = [one for one in customers if one.received == ["hello", "next"]]
    (other,) = [one for one in customers if one not in went]
    assert other.received == received
    assert other.reasons("drop") == reasons


def test_the_next_channel_may_be_free() -> None:
    """G4: the throttle of one channel is not that of the next."""
    steps = (Send("hello", via=["sms", "email"], on_throttle="next"),)
    _, customers = play(shop(*steps), 3)
    used = Counter(message.channel for one in customers for message in one.messages)
    assert used == {"sms": 1, "email": 2}


def test_where_all_channels_are_throttled_the_message_waits() -> None:
    """G4: the last channel holds."""
    steps = (Send("hello", via=["sms", "email"], on_throttle="next"),)
    sim, customers = play(shop(*steps, throttles=[Throttle(1, per=minutes(1))]), 5)
    assert sum(len(one.received) for one in customers) == 2
    sim.advance(minutes(5))
    assert [one.received for one in customers] == [["hello"]] * 5
    for channel in ("sms", "email"):
        at = [m.at for one in customers for m in one.messages if m.channel == channel]
        at.sort()
        gaps = [later - sooner for sooner, later in pairwise(at)]
        assert all(gap >= timedelta(minutes=1) for gap in gaps)


@pytest.mark.parametrize(
    "closed",
    [
        {"quiet_hours": [QuietHours("00:00", "23:59", channels=["email"])]},
        {"consent": {"sms": "opt-out", "email": "opt-in"}},
    ],
    ids=["for now", "for good"],
)
def test_who_finds_no_other_channel_gets_a_turn_on_the_one_that_was_passed_over(
    closed: dict[str, Any],
) -> None:
    """D5: a place in the queue like everybody's, and not told anew at each token."""
    steps = (Send("hello", via=["sms", "email"], on_throttle="next"),)
    sim, customers = play(shop(*steps, **closed), 40)
    sim.advance(seconds(39))
    assert {m.channel for one in customers for m in one.messages} == {"sms"}
    assert {later - sooner for sooner, later in pairwise(times(customers))} == {
        timedelta(seconds=1)
    }
    assert len(times(customers)) == 40
    assert max(len(held(one)) for one in customers) == 2


def test_who_cannot_leave_in_time_is_dropped_at_once_and_uses_no_turn() -> None:
    """G4: the end is excluded."""
    sim, customers = play(shop(Send("hello", via=["sms"], valid_for=seconds(3))), 9)
    assert sum(one.reasons("drop") == ["expired"] for one in customers) == 6
    late = sim.customer("late")
    late.track(SignedUp())
    assert late.reasons("drop") == ["expired"]
    sim.advance(seconds(2))
    assert sum(one.received == ["hello"] for one in customers) == 3
    sim.advance(seconds(1))
    later = sim.customer("later")
    later.track(SignedUp())
    assert later.received == ["hello"]
    text = str(customers[0].timeline) + str(late.timeline)
    assert "was valid until" in text
    assert "takes 1 per 1 second" in text


def test_a_retry_takes_a_token_like_any_other_and_keeps_its_delay() -> None:
    """D3, D5: the delay that a channel names is its own matter."""
    sim, _ = play(shop(), 0)
    ann = sim.customer("ann")
    sim.channel("sms").answer(Retry(after=timedelta(seconds=10)), Accepted())
    ann.track(SignedUp())
    ann.view  # noqa: B018
    start = sim.now
    sim.advance(seconds(9))
    others = [sim.customer(f"c{number}") for number in range(3)]
    for one in others:
        one.track(SignedUp())
    sim.advance(minutes(1))
    when = [(at - start).total_seconds() for at in times([ann, *others])]
    assert when == [9, 10, 11, 12]
    assert ann.received == ["hello"]


# ---- whoever works


class Hand:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Post:
    """Notes when messages come; sending takes time."""

    def __init__(self, clock: Hand, takes: timedelta = timedelta(0)) -> None:
        self.clock, self.takes = clock, takes
        self.times: list[datetime] = []
        self.keys: list[str] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.times.append(self.clock.at)
        self.keys.append(message.key)
        self.clock.at += self.takes
        return Accepted()


def kit(store: Any, post: Post, workspace: Workspace, **options: Any) -> Orchestrator:
    channels = {"sms": post, "email": post}
    return Orchestrator(workspace, store=store, channels=channels, clock=post.clock, **options)


def begin(one: Orchestrator, people: int) -> None:
    one.identify_many([{"customer_id": f"c{n}"} for n in range(people)])
    one.track_many([{"customer_id": f"c{n}", "event": "signed_up"} for n in range(people)])


def run_dry(clock: Hand, *workers: Orchestrator) -> None:
    """Let the workers tick in turn at every moment at which something is due."""
    for _ in range(5_000):
        for one in workers:
            one.tick()
        due = workers[0].next_due()
        if due is None:
            return
        clock.at = max(clock.at, due)
    raise AssertionError("it goes on and on")


def most_in(times: Sequence[datetime], span: timedelta) -> int:
    """Return how many there are in the fullest span."""
    return max(sum(at <= one <= at + span for one in times) for at in times)


@settings(max_examples=25, deadline=None)
@given(
    limit=st.integers(1, 30),
    burst=st.none() | st.integers(1, 6),
    people=st.integers(1, 40),
    takes=st.sampled_from([0, 1, 30, 70, 400]),
    batch=st.sampled_from([1, 3, 1000]),
)
def test_no_span_sees_more_hand_overs_than_the_throttle_allows(
    limit: int, burst: int | None, people: int, takes: int, batch: int
) -> None:
    """D5: two workers, channels that take their time, batches of any size; nothing is lost."""
    throttle = Throttle(limit, per=seconds(1), burst=burst, channels=["sms"])
    workspace = shop(throttles=[throttle])
    clock, store = Hand(), MemoryStore()
    post = Post(clock, timedelta(milliseconds=takes))
    workers = [kit(store, post, workspace, worker=name, batch=batch) for name in ("w1", "w2")]
    begin(workers[0], people)
    run_dry(clock, *workers)
    assert len(set(post.keys)) == len(post.keys) == people
    fresh = timedelta(milliseconds=50)
    for span in (timedelta(0), timedelta(milliseconds=200), timedelta(seconds=1)):
        allowed = throttle.depth + (span + fresh) // (throttle.interval * MICROSECOND)
        assert most_in(post.times, span) <= allowed


class Falls(BaseException):
    """The worker dies."""


class Crashing:
    """A store whose worker dies right after it has taken tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def take(self, bucket: str, asked: Taking) -> Taken:
        self._store.take(bucket, asked)
        raise Falls


def test_a_crash_between_token_and_hand_over_loses_the_token_and_no_message() -> None:
    """D2, D5."""
    clock, store = Hand(), MemoryStore()
    post = Post(clock)
    worker = kit(Crashing(store), post, shop(), worker="w1")
    begin(worker, 3)
    with pytest.raises(Falls):
        worker.tick()
    assert post.keys == []
    again = kit(store, post, shop(), worker="w1")  # takes back what it had claimed
    again.tick()
    assert post.keys == []  # its token is gone
    run_dry(clock, again)
    assert len(set(post.keys)) == 3


def test_an_overdue_queue_never_exceeds_the_bucket() -> None:
    """D5, O3: after an outage everybody is overdue, and they still leave one by one."""
    clock = Hand()
    post = Post(clock)
    worker = kit(MemoryStore(), post, shop(throttles=[Throttle(10, per=seconds(1), burst=2)]))
    begin(worker, 60)
    worker.tick()
    clock.at += timedelta(hours=1)
    run_dry(clock, worker)
    assert len(set(post.keys)) == 60
    assert most_in(post.times, timedelta(0)) <= 2
    assert most_in(post.times, timedelta(seconds=1)) <= 12


def test_a_token_that_was_not_used_in_time_is_not_used() -> None:
    """D5: while a hand-over took its time, the bucket filled up; what was in hand is lost."""
    clock = Hand()
    post = Post(clock)

    class SlowOnce(Post):
        def send(self, message: OutgoingMessage) -> Receipt:
            clock.at += timedelta(milliseconds=400 if len(post.times) == 3 else 0)
            return post.send(message)

    throttle = Throttle(20, per=seconds(1), burst=8, channels=["sms"])
    worker = kit(MemoryStore(), SlowOnce(clock), shop(throttles=[throttle]))
    begin(worker, 20)
    worker.tick()
    assert most_in(post.times, timedelta(0)) <= throttle.depth + 1  # one had been taken before


@pytest.mark.parametrize("late", [51, 60, 2_000])
def test_a_slow_store_lets_messages_go_one_by_one_and_not_never(late: int) -> None:
    """D5: where each answer comes too late for its tokens, one of them is used all the same."""
    clock, store = Hand(), MemoryStore()
    post = Post(clock)

    class Slow(Crashing):
        def take(self, bucket: str, asked: Taking) -> Taken:
            clock.at += timedelta(milliseconds=late)
            return self._store.take(bucket, asked)

    throttle = Throttle(100, per=seconds(1), burst=50, channels=["sms"])
    worker = kit(Slow(store), post, shop(throttles=[throttle]))
    begin(worker, 20)
    run_dry(clock, worker)
    assert len(set(post.keys)) == len(post.keys) == 20
    assert most_in(post.times, timedelta(0)) == 1


def test_fast_channels_ask_the_store_seldom() -> None:
    """Tokens are taken twice as many each time, as long as they are used in time."""
    clock, store = Hand(), MemoryStore()
    taken: list[Taking] = []

    class Counting(Crashing):
        def take(self, bucket: str, asked: Taking) -> Taken:
            taken.append(asked)
            return self._store.take(bucket, asked)

    throttle = Throttle(1_000, per=seconds(1), burst=500, channels=["sms"])
    worker = kit(Counting(store), Post(clock), shop(throttles=[throttle]))
    begin(worker, 200)
    assert worker.tick().accepted == 200
    assert len(taken) == 8


def test_whose_turn_has_come_is_claimed_before_newcomers() -> None:
    """D5: also by a worker that claims one message at a time, and finds many that are due."""
    clock = Hand()
    post = Post(clock)
    worker = kit(MemoryStore(), post, shop(), batch=1)
    begin(worker, 3)
    worker.tick()
    clock.at += timedelta(milliseconds=500)
    for number in range(20):
        worker.identify(f"late {number}")
        worker.track(f"late {number}", SignedUp())
    clock.at += timedelta(milliseconds=500)
    worker.turn(TickCounts())
    assert len(post.keys) == 2


def test_a_retry_that_waits_for_its_turn_keeps_its_slot() -> None:
    """G3: nobody knows whether the first hand-over came through."""
    other = Journey("other", entry=On(Left), steps=[Send("other", via=["email"])])
    one = Journey("one", entry=On(SignedUp), steps=[Send("hello", via=["sms"])])
    policy = Policy(
        consent={"email": "opt-out", "sms": "opt-out"},
        caps=[FrequencyCap(1, per="day")],
        throttles=[Throttle(1, per=minutes(1), channels=["sms"])],
    )
    sim = Simulation(
        Workspace(journeys=[one, other], timezone="UTC", policy=policy), at="2026-03-02 12:00"
    )
    sim.channel("sms").answer(Retry(after=timedelta(seconds=10)))
    ann = sim.customer("ann")
    ann.track(SignedUp())
    sim.advance(seconds(15))
    assert [message.reason for message in ann.held] == ["throttle"]
    ann.track(Left())
    assert [message.reason for message in ann.held] == ["throttle", "frequency_cap"]
    sim.advance(minutes(2))
    assert ann.received == ["hello"]


def test_the_state_is_the_fold_of_the_journal() -> None:
    """Turns, places and openings are in the entries, or follow from them."""
    steps = (Send("hello", via=["sms"], spread=minutes(5)),)
    quiet = [QuietHours("21:00", "08:00")]
    sim, customers = play(shop(*steps, quiet_hours=quiet), 9, at="2026-03-02 07:59")
    for _ in range(8):
        sim.advance(minutes(1))
        for one in customers:
            stored = sim.runner.store.load([one.id])[one.id]
            entries = sim.runner.journal(one.id)
            assert replay(one.id, entries) == decode_state(stored.body)


def test_a_slow_rate_renders_only_what_may_leave() -> None:
    """A backlog of a hundred does not fill a hundred templates before the first one goes."""
    clock, rendered = Hand(), list[str]()

    class Words:
        def render(self, context: Any) -> Any:
            rendered.append(context.customer_id)
            return Content(text="hi")

        def missing(self, template: str, channel: str) -> str | None:
            return None

    worker = kit(MemoryStore(), Post(clock), shop(), renderer=Words())
    begin(worker, 100)
    worker.tick()
    assert len(rendered) <= 3


def test_the_bucket_is_kept_with_the_store(tmp_path: Any) -> None:
    """D5: two workers on one file, one after the other."""
    clock = Hand()
    post = Post(clock)
    path = tmp_path / "shop.db"
    with SQLiteStore(path, synchronous="off") as one, SQLiteStore(path) as other:
        first, second = kit(one, post, shop(), worker="w1"), kit(other, post, shop(), worker="w2")
        begin(first, 6)
        first.tick()
        second.tick()
        assert len(post.keys) == 1
        run_dry(clock, second, first)
    assert len(set(post.keys)) == 6
    assert most_in(post.times, timedelta(seconds=1) - MICROSECOND) == 1


# ---- bad input


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Throttle(0), "limit"),
        (lambda: Throttle(1, burst=0), "burst"),
        (lambda: Throttle(5, per="P1D"), "a throttle counts elapsed time"),
        (lambda: Throttle(5, per=seconds(0)), "longer than zero"),
        (lambda: Throttle(5, channels=[]), "covers nothing"),
        (lambda: Throttle(2_000_000, per=seconds(1)), "is no limit"),
        (
            lambda: Policy(consent={"sms": "opt-in"}, throttles=[Throttle(5, channels=["fax"])]),
            r"throttles\[0\] › channels: channel 'fax' is not declared",
        ),
        (
            lambda: Policy(
                consent={"sms": "opt-in", "email": "opt-in"},
                throttles=[Throttle(5, channels=["sms"]), Throttle(9)],
            ),
            r"throttles\[1\]: channel 'sms' is throttled by throttles\[0\] already",
        ),
        (
            lambda: Send("hello", via=["sms"], on_throttle="else"),
            'on_throttle is "else", and there are no steps to take',
        ),
    ],
)
def test_what_makes_no_sense_is_refused_when_written(wrong: Any, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        wrong()


@pytest.mark.parametrize(
    ("limit", "per", "interval", "burst"),
    [
        (1, minutes(1), 60_000_000, 1),
        (60, minutes(1), 1_000_000, 1),
        (7, minutes(1), 8_571_429, 1),  # rounded up: never more than seven a minute
        (100, seconds(1), 10_000, 10),
        (25, seconds(1), 40_000, 2),
    ],
)
def test_a_throttle_says_how_its_bucket_is_made(
    limit: int, per: Any, interval: int, burst: int
) -> None:
    one = Throttle(limit, per=per)
    assert (one.interval, one.depth) == (interval, burst)


def test_a_throttle_survives_json() -> None:
    workspace = shop(Send("hello", via=["sms"], on_throttle="skip", spread=minutes(5)))
    text = workspace.to_json()
    again = Workspace.from_json(text, events=[SignedUp, Left])
    assert again.policy.throttles == workspace.policy.throttles
    assert again.to_json() == text
