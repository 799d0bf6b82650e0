"""A replay side by side is the same as one clock that stops at every moment of everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.adapters import MemoryStore, TemplateNames
from journeykit.errors import ContentionError, StoreBusyError
from journeykit.kernel import fraction
from journeykit.model import (
    Always,
    Event,
    FrequencyCap,
    Goal,
    Journey,
    On,
    Policy,
    QuietHours,
    Restart,
    Send,
    Throttle,
    Wait,
    WaitFor,
    Workspace,
)
from journeykit.ports import Accepted, OutgoingMessage, Receipt, Rejected, Retry
from journeykit.runtime import Runner
from journeykit.runtime.calls import Flow
from journeykit.runtime.delivery import deliver
from journeykit.runtime.ticking import LEASE
from journeykit.runtime.working import work
from journeykit.simulation import WORKER, History, Replay, VirtualClock, read_history
from journeykit.time import hours, minutes, to_micros

START = datetime(2026, 3, 28, 18, tzinfo=UTC)  # clocks change in Berlin this night


class Bought(Event):
    number: int = 0


class Left(Event):
    pass


# Waits of whole hours, and events at whole hours: many things happen at the same instant.
workspace = Workspace(
    journeys=[
        Journey(
            "thanks",
            entry=On(Bought),
            reentry=Always(),
            steps=[
                Send("thanks", via=["mail"], on_cap="skip"),
                Send("at_once", via=["push"]),
                WaitFor(On(Bought), timeout=hours(2), since="step"),
                Send("more", via=["push", "mail"], priority=1),
            ],
        ),
        Journey(
            "back",
            entry=On(Bought),
            reentry=Restart(),
            goal=Goal(On(Left)),
            steps=[Wait(hours(3)), Send("back", via=["mail"], valid_for=hours(9), spread=hours(1))],
        ),
    ],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"mail": "opt-out", "push": "opt-out"},
        quiet_hours=[QuietHours("23:00", "04:00")],
        caps=[FrequencyCap(2, per=timedelta(hours=6), channels=["mail"])],
    ),
)


class Killed(BaseException):
    """The process is gone: nobody may catch it."""


class Provider:
    """Answers by the key and the attempt alone; dies at the `dies_at`-th hand-over."""

    def __init__(self, *, dies_at: int | None = None, after_sending: bool = False) -> None:
        self.handed_over: list[OutgoingMessage] = []
        self.left = dies_at
        self.after_sending = after_sending

    def send(self, message: OutgoingMessage) -> Receipt:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0 and not self.after_sending:
                raise Killed
        self.handed_over.append(message)
        if self.left is not None and self.left <= 0:
            raise Killed
        drawn = fraction(b"provider", message.key)
        if drawn < 0.1:
            return Rejected("dead")
        if drawn < 0.4 and message.attempt == 1:
            return Retry("busy", hours(1).micros * timedelta(microseconds=1))
        if drawn < 0.5 and message.attempt == 1:
            return Retry("busy")
        return Accepted()


class DyingStore(MemoryStore):
    """Kills the process at its `dies_at`-th write: right before it, or right after it."""

    dies_at: int | None = None
    after_writing = False

    def commit(self, commits: Sequence[Any]) -> Sequence[str]:
        self._die(after=False)
        stale = super().commit(commits)
        self._die(after=True)
        return stale

    def begin(self, contents: Sequence[Any]) -> None:
        self._die(after=False)
        super().begin(contents)
        self._die(after=True)

    def _die(self, *, after: bool) -> None:
        if self.dies_at is None or after != self.after_writing:
            return
        self.dies_at -= 1
        if self.dies_at <= 0:
            self.dies_at = None
            raise Killed


def a_runner(store: MemoryStore, provider: Provider, workspace: Workspace = workspace) -> Runner:
    return Runner(
        workspace,
        store=store,
        channels={"mail": provider, "push": provider},
        renderer=TemplateNames(),
        clock=VirtualClock(0),
        worker=WORKER,
    )


def journals(store: MemoryStore) -> dict[str, list[tuple[int, int, bytes]]]:
    """Return everybody's journal records, as bytes."""
    return {
        customer: [(one.first_seq, one.at, one.entries) for one in store.journal(customer)]
        for customer in store.customers()
    }


def one_turn(runner: Runner, now: int) -> Flow[bool]:
    worked = yield from work(runner.rules, now, 1000)
    sent = yield from deliver(runner.rules, now, 1, LEASE)
    return bool(worked.entries or sent.finished)


def one_clock(rows: Sequence[dict[str, Any]], until: datetime) -> tuple[Any, list[str]]:
    """The plain way: one clock, which stops at every event and at every due moment.

    Messages go one at a time, as in a replay: what an answer sets off may go before the next.
    """
    store, provider = MemoryStore(), Provider()
    runner = a_runner(store, provider)
    clock = runner.clock
    assert isinstance(clock, VirtualClock)
    ordered = sorted(rows, key=lambda row: row["occurred_at"])
    while True:
        due = store.next_due()
        instants = [] if due is None else [due]
        instants += [to_micros(row["occurred_at"]) for row in ordered[:1]]
        if not instants or min(instants) > to_micros(until):
            return journals(store), [message.key for message in provider.handed_over]
        clock.micros = max(clock.micros, min(instants))
        now = [row for row in ordered if to_micros(row["occurred_at"]) == clock.micros]
        ordered = ordered[len(now) :]
        new = {row["customer_id"] for row in now} - set(store.customers())
        runner.identify_many({"customer_id": customer} for customer in sorted(new))
        assert not runner.track_many(now).bad
        while runner.drive(one_turn(runner, clock.micros)):
            pass


def shown(message: OutgoingMessage) -> tuple[Any, ...]:
    return (message.key, message.attempt, message.customer_id, message.template, message.at)


def a_history(rows: Sequence[dict[str, Any]]) -> History:
    history = read_history(a_runner(MemoryStore(), Provider()).rules, rows)
    assert not history.bad_events
    return history


@st.composite
def logs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Few customers, few hours, so that events meet timers, and each other."""
    moments = draw(
        st.lists(
            st.tuples(
                st.sampled_from("abc"), st.integers(0, 16), st.sampled_from(["bought", "left"])
            ),
            min_size=1,
            max_size=14,
        )
    )
    return [
        {
            "customer_id": customer,
            "event": event,
            "id": f"e{place}",
            "occurred_at": START + timedelta(hours=hour),
        }
        for place, (customer, hour, event) in enumerate(moments)
    ]


UNTIL = START + timedelta(hours=30)


@settings(max_examples=80, deadline=None)
@given(logs(), st.sampled_from([1, 2, 1000]))
def test_side_by_side_is_as_one_clock(rows: list[dict[str, Any]], width: int) -> None:  # O2, O4
    expected, keys = one_clock(rows, UNTIL)
    store, provider = MemoryStore(), Provider()

    Replay(a_runner(store, provider), a_history(rows), until=UNTIL, width=width).run()

    assert journals(store) == expected
    assert Counter(m.key for m in provider.handed_over) == Counter(keys)


@settings(max_examples=100, deadline=None)
@given(
    logs(),
    st.sampled_from(["channel", "store"]),
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_killed_replay_ends_in_the_same_journals(
    rows: list[dict[str, Any]], where: str, kills: list[int], after: bool
) -> None:  # O4, D2
    history = a_history(rows)
    undisturbed, whole = MemoryStore(), Provider()
    Replay(a_runner(undisturbed, whole), history, until=UNTIL).run()
    store, handed_over, deaths = DyingStore(), list[OutgoingMessage](), 0

    for dies_at in [*kills, None]:
        provider = Provider(dies_at=dies_at if where == "channel" else None, after_sending=after)
        store.dies_at, store.after_writing = (dies_at if where == "store" else None), after
        try:
            Replay(a_runner(store, provider), history, until=UNTIL).run()
        except Killed:
            deaths += 1
        handed_over += provider.handed_over

    assert journals(store) == journals(undisturbed)
    # no message under two keys, and no more repeats than lost answers can force
    assert {shown(m) for m in handed_over} == {shown(m) for m in whole.handed_over}
    attempts = Counter((m.key, m.attempt) for m in handed_over)
    assert max(attempts.values(), default=0) <= 1 + deaths


def test_a_finished_replay_has_nothing_left_to_do() -> None:
    rows = [{"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START}]
    store, provider = MemoryStore(), Provider()
    Replay(a_runner(store, provider), a_history(rows), until=UNTIL).run()
    before, sent = journals(store), len(provider.handed_over)

    counts = Replay(a_runner(store, provider), a_history(rows), until=UNTIL).run()

    assert (counts.found, counts.events) == (1, 0)
    assert journals(store) == before
    assert len(provider.handed_over) == sent


def test_what_customers_share_does_not_tie_them_together() -> None:
    """D4, D5: no throttle; the list as it was before, and not what the replay itself finds."""
    policy = workspace.policy.model_copy(update={"throttles": (Throttle(1, per=hours(900)),)})
    slow = workspace.model_copy(update={"policy": policy})
    rows = [
        {"customer_id": one, "event": "bought", "id": "1", "occurred_at": START} for one in "abcd"
    ]
    store, provider = MemoryStore(), Provider()
    runner = a_runner(store, provider, slow)
    runner.suppress_addresses([{"channel": "mail", "address": "b"}])

    Replay(runner, a_history(rows), until=UNTIL).run()

    reached = {one.customer_id for one in provider.handed_over if one.channel == "mail"}
    assert reached == {"a", "c", "d"}
    assert store._buckets == {}
    assert len(store._suppressed) == 1


def test_it_stops_at_until_and_not_behind_it() -> None:
    rows = [{"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START}]
    store = MemoryStore()
    until = START + timedelta(hours=3)  # the wait of `back` ends at this very instant

    Replay(a_runner(store, Provider()), a_history(rows), until=until).run()

    stamps = [at for _, at, _ in journals(store)["a"]]
    assert max(stamps) == to_micros(until)
    assert (store.next_due() or 0) > to_micros(until)


def test_events_after_until_are_not_played_and_their_customers_not_begun() -> None:
    rows = [
        {"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START},
        {"customer_id": "b", "event": "bought", "id": "2", "occurred_at": UNTIL + hours_(1)},
    ]
    store = MemoryStore()

    counts = Replay(a_runner(store, Provider()), a_history(rows), until=UNTIL).run()

    assert store.customers() == ["a"]
    assert (counts.finished, counts.events) == (1, 1)


def hours_(count: int) -> timedelta:
    return timedelta(hours=count)


def test_a_store_that_fails_ends_the_replay_with_its_own_error() -> None:
    class Busy(MemoryStore):
        def commit(self, commits: Sequence[Any]) -> Sequence[str]:
            raise StoreBusyError("another process held the store")

    rows = [{"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START}]
    with pytest.raises(StoreBusyError):
        Replay(a_runner(Busy(), Provider()), a_history(rows), until=UNTIL).run()


def test_what_another_worker_holds_is_refused_not_waited_for() -> None:
    rows = [{"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START}]
    store = MemoryStore()
    with pytest.raises(Killed):
        Replay(a_runner(store, Provider(dies_at=1)), a_history(rows), until=UNTIL).run()
    store.recover(WORKER)
    store.claim(to_micros(UNTIL), limit=9, lease_until=to_micros(UNTIL) * 2, worker="other")

    with pytest.raises(ContentionError, match="'a' cannot go on"):
        Replay(a_runner(store, Provider()), a_history(rows), until=UNTIL).run()


def test_a_channel_that_raises_is_asked_again() -> None:  # D3
    class Flaky(Provider):
        def send(self, message: OutgoingMessage) -> Receipt:
            self.handed_over.append(message)
            if len(self.handed_over) == 1:
                raise ConnectionError("no route")
            return Accepted()

    rows = [{"customer_id": "a", "event": "bought", "id": "1", "occurred_at": START}]
    provider = Flaky()
    Replay(a_runner(MemoryStore(), provider), a_history(rows), until=START + hours_(1)).run()

    first, second, *_ = provider.handed_over
    assert first.key == second.key
    assert (first.attempt, second.attempt) == (1, 2)
    assert second.at > first.at


def test_progress_never_goes_back_and_ends_at_the_whole() -> None:
    rows = [
        {"customer_id": c, "event": "bought", "occurred_at": START + minutes_(n)}
        for n, c in enumerate("abcabc")
    ]
    seen: list[int] = []
    replay = Replay(a_runner(MemoryStore(), Provider()), a_history(rows), until=UNTIL, width=2)
    replay.run(lambda counts: seen.append(counts.events + counts.finished))

    assert seen == sorted(seen)
    assert seen[-1] == len(rows) + 3


def minutes_(count: int) -> timedelta:
    return minutes(count).micros * timedelta(microseconds=1)
