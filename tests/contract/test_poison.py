"""One poison customer, journey, message, function or channel: the others go on as if it were not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    Call,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
    minutes,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import StoreError, UsageError
from journeykit.kernel import decode_state, encode_state, may_hand_over
from journeykit.ports import (
    FOREVER,
    Accepted,
    Content,
    CustomerCommit,
    OutgoingMessage,
    RenderContext,
    Store,
)
from journeykit.runtime import TickCounts
from journeykit.runtime.parking import PAUSES
from journeykit.simulation import ScriptedChannel, VirtualClock

OTHERS = 1000
BATCH = 100
TURNS = 2 * OTHERS // BATCH + 4
HOUR = 3_600_000_000
START = 1_772_445_600_000_000  # 2026-03-02 10:00


class Joined(Event):
    pass


class Cursed(Event):
    pass


class Renderer:
    """Renders anything but one template."""

    def missing(self, template: str, channel: str) -> str | None:
        return None

    def render(self, context: RenderContext) -> Content:
        if context.template == "cursed":
            raise RuntimeError("secret")
        return Content(text=context.template)


class Raising:
    """A channel whose provider is not there."""

    calls = 0

    def send(self, message: OutgoingMessage) -> Accepted:
        self.calls += 1
        raise ConnectionError("secret")


class Host:
    """An orchestrator whose clock stands still, with what is poison to it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.broken = True
        self.clock = VirtualClock(START)
        self.email = ScriptedChannel("email")
        self.push = Raising()
        self.called: list[str] = []
        self.kit = Orchestrator(
            workspace(self.choose),
            store=store,
            channels={"email": self.email, "push": self.push},
            renderer=Renderer(),
            clock=self.clock,
            functions={"curse": self.curse},
            batch=BATCH,
        )

    def choose(self, customer: Any, message: Any, window: Any) -> Any:
        if self.broken:
            raise RuntimeError("secret")
        return window.start

    def curse(self, context: Any) -> Any:
        self.called.append(context.customer_id)
        if self.broken:
            raise RuntimeError("secret")

    def let_pass(self, micros: int) -> Host:
        self.clock.micros += micros
        return self


def workspace(choose: Callable[..., Any]) -> Workspace:
    def cursed(name: str, *steps: Any) -> Journey:
        return Journey(name, entry=On(Cursed), steps=[Wait(hours(1)), *steps])

    timed = Send("hi", via=["email"], send_time="best", within=hours(24), label="timed")
    return Workspace(
        journeys=[
            Journey("plain", entry=On(Joined), steps=[Wait(hours(1)), Send("hi", via=["email"])]),
            cursed("timed", timed),
            cursed("worded", Send("cursed", via=["email"])),
            cursed("pushed", Send("hi", via=["push"])),
            cursed("called", Call("curse", max_attempts=3)),
            cursed("busy", *(Wait(minutes(n)) for n in (1, 4, 20, 60, 360, 999))),
        ],
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out", "push": "opt-out"}),
        send_times={"best": choose},
    )


def damage(store: Store, customer_id: str, body: bytes = b"{not json") -> None:
    found = store.load([customer_id])[customer_id]
    due = store.next_due()
    assert not store.commit([CustomerCommit(customer_id, found.version, body, due)])


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield Host(MemoryStore())
        return
    if request.param == "postgres":
        with PostgresStore(request.getfixturevalue("fresh_postgres")) as kept:
            yield Host(kept)
        return
    with SQLiteStore(tmp_path / "a.db") as store:
        yield Host(store)


def many(host: Host, count: int = OTHERS) -> None:
    ids = [f"c{number:04}" for number in range(count)]
    host.kit.identify_many([{"customer_id": one} for one in ids])
    host.kit.track_many([{"customer_id": one, "event": "joined"} for one in ids])


def poisoned(host: Host, kind: str) -> None:
    """Ann, before everybody else: what is to be done for her fails always."""
    host.kit.identify("ann", {})
    names = {"document": "plain", "journey": "timed", "message": "worded"}
    host.kit.enroll("ann", names.get(kind, {"channel": "pushed", "function": "called"}.get(kind)))
    if kind == "document":
        damage(host.store, "ann")


KINDS = ["document", "journey", "message", "channel", "function"]


@pytest.mark.parametrize("kind", KINDS)
def test_F2_a_thousand_others_pass_by_in_as_many_turns_as_ever(kind: str) -> None:
    host = Host(MemoryStore())
    poisoned(host, kind)
    many(host)
    host.let_pass(HOUR)
    counts, turns = TickCounts(), 0
    while host.kit.turn(counts):
        turns += 1
        assert turns <= TURNS
    assert len(host.email.accepted) == OTHERS
    for _ in range(300):  # however often its turn comes, it is the only one who waits
        due = host.kit.next_due()
        if due is None:
            break
        host.clock.micros = max(host.clock.micros, int(due.timestamp() * 1_000_000))
        counts = host.kit.tick()
        assert counts.accepted == 0
    assert host.kit.next_due() is None
    told = [(one.customer_id, one.failed, one.until) for one in host.kit.parked()]
    parked = {"document": "work", "journey": "work", "function": "call"}
    assert told == ([("ann", parked[kind], None)] if kind in parked else [])
    assert len(host.email.accepted) == OTHERS


def test_F2_pauses_grow_until_somebody_has_to_say_so(host: Host) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "timed")
    host.let_pass(HOUR)
    before = host.kit.journal("ann")
    for attempt, pause in enumerate(PAUSES, 1):
        (failure,) = host.kit.tick().failures
        assert failure.customer_id == "ann"
        (parked,) = host.kit.parked()
        assert (parked.failed, parked.reason, parked.attempts) == ("work", "SendTimeError", attempt)
        assert parked.until == host.clock.now() + timedelta(microseconds=pause)
        assert parked.at == host.clock.now()
        assert host.kit.next_due() == parked.until
        host.let_pass(pause - 1)
        assert not host.kit.tick().failures
        host.let_pass(1)
    assert host.kit.tick().failures
    (parked,) = host.kit.parked()
    assert (parked.attempts, parked.until) == (len(PAUSES) + 1, None)
    assert host.kit.next_due() is None
    assert not host.let_pass(1000 * HOUR).kit.tick().failures
    assert host.kit.journal("ann") == before  # nothing of it was changed
    assert "secret" not in str(parked)  # F5


def test_F2_whoever_is_let_go_on_begins_anew(host: Host) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "timed")
    host.let_pass(HOUR)
    for pause in (0, *PAUSES):
        host.let_pass(pause).kit.tick()
    assert host.kit.parked()[0].until is None
    assert host.kit.unpark("ann") == 1
    assert host.kit.unpark("ann") == 0
    host.kit.tick()
    assert host.kit.parked()[0].attempts == 1
    host.broken = False
    assert host.kit.unpark() == 1
    host.kit.tick()
    assert [m.customer_id for m in host.email.accepted] == ["ann"]
    assert host.kit.parked() == []


def test_F2_success_ends_it(host: Host) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "timed")
    host.let_pass(HOUR)
    host.kit.tick()
    host.let_pass(PAUSES[0]).kit.tick()
    assert host.kit.parked()[0].attempts == 2
    host.broken = False
    host.let_pass(PAUSES[1]).kit.tick()
    assert host.kit.parked() == []
    assert [m.customer_id for m in host.email.accepted] == ["ann"]


@pytest.mark.parametrize("what", ["message", "errand"])
def test_F2_a_hand_over_or_a_call_that_cannot_even_begin_is_parked_as_such(
    host: Host, what: str
) -> None:
    """The state lacks what the message, or the errand, says of it; deciding on it goes well."""
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "plain" if what == "message" else "called")
    host.let_pass(HOUR)
    host.broken = False
    found = _released(host)
    state = decode_state(found.body)
    if what == "errand":
        (errand,) = state.errands.values()
        errand.enrollment = "nowhere"
    else:
        (message,) = state.messages.values()
        message.enrollment = "nowhere"
    damage(host.store, "ann", encode_state(state))
    host.kit.tick()
    (parked,) = host.kit.parked()
    assert parked.failed == ("delivery" if what == "message" else "errand")
    assert (parked.reason, parked.attempts) == ("KeyError", 1)
    for pause in PAUSES:
        host.let_pass(pause).kit.tick()
    assert host.kit.parked()[0].attempts == len(PAUSES) + 1
    assert host.kit.next_due() is None
    damage(host.store, "ann", found.body)
    host.kit.unpark("ann")
    host.kit.tick()
    assert host.kit.parked() == []
    if what == "errand":
        assert host.called == ["ann"]
    else:
        assert [m.customer_id for m in host.email.accepted] == ["ann"]


def test_F2_work_that_goes_well_does_not_end_the_rest_of_a_message_that_cannot_leave(
    host: Host,
) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "plain")
    host.kit.enroll("ann", "busy")
    host.broken = False
    host.let_pass(HOUR)
    state = decode_state(_released(host).body)
    (message,) = state.messages.values()
    message.enrollment = "nowhere"
    damage(host.store, "ann", encode_state(state))
    for attempt, pause in enumerate((0, *PAUSES), 1):
        host.let_pass(pause).kit.tick()
        (parked,) = host.kit.parked()
        assert (parked.failed, parked.attempts) == ("delivery", attempt)


def test_F2_a_gate_that_fails_when_it_is_asked_again_holds_up_nobody(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the channel said of Ann's first message lets the gate be asked anew for the second."""
    host.kit.identify_many([{"customer_id": one} for one in ("ann", "bob")])
    for one in ("ann", "bob"):
        host.kit.enroll(one, "plain")
    host.kit.enroll("ann", "worded")
    host.broken = False
    host.let_pass(HOUR)
    asked: list[str] = []

    def fails(facts: Any, rules: Any, message: Any) -> Any:
        asked.append(message.id)
        if asked.count(message.id) > 1:
            raise KeyError("secret")
        return may_hand_over(facts, rules, message)

    monkeypatch.setattr("journeykit.runtime.judging.may_hand_over", fails)
    monkeypatch.setattr(host.kit._ports.renderer, "render", lambda context: Content(text="x"))
    host.kit.tick()
    assert sorted({m.customer_id for m in host.email.accepted}) == ["ann", "bob"]
    assert len(host.email.accepted) == 2
    (parked,) = host.kit.parked()
    assert (parked.customer_id, parked.failed, parked.reason) == ("ann", "delivery", "KeyError")


def _released(host: Host) -> Any:
    """Let time act, with nobody who carries out what it releases."""
    from journeykit.runtime.drivers import drive
    from journeykit.runtime.working import work

    ports = host.kit._ports
    drive(work(host.kit.rules, host.clock.micros, BATCH), ports.perform)
    return host.store.load(["ann"])["ann"]


def test_F2_what_is_told_of_a_parked_customer_is_refused_where_it_cannot_be_decided_on(
    host: Host,
) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "timed")
    host.let_pass(HOUR)
    host.kit.tick()
    before = host.kit.parked()
    with pytest.raises(StoreError, match="could not be decided on: SendTimeError"):
        host.let_pass(1).kit.track("ann", Joined())
    assert host.kit.parked() == before
    host.broken = False
    host.kit.track("ann", Joined())
    assert host.kit.customer("ann").enrollments


def test_what_is_parked_comes_in_pages(host: Host) -> None:
    host.kit.identify_many([{"customer_id": one} for one in "abcde"])
    for one in "ac":
        host.kit.enroll(one, "called")
    for one in "bcd":
        host.kit.enroll(one, "timed")
    host.let_pass(HOUR)
    for _ in range(60):
        host.let_pass(HOUR // 60).kit.tick()
    everybody = [(one.customer_id, one.failed) for one in host.kit.parked()]
    assert sorted(everybody) == [("a", "call"), ("b", "work"), ("c", "work"), ("d", "work")]
    paged, after = [], ""
    while page := host.kit.parked(after=after, limit=1):
        paged += [(one.customer_id, one.failed) for one in page]
        after = page[-1].customer_id
    assert paged == everybody
    with pytest.raises(UsageError, match="at least 1"):
        host.kit.parked(limit=0)
    assert host.kit.unpark() == 3
    assert host.kit.unpark() == 0


def test_a_function_that_asks_for_a_pause_is_no_failure_of_the_customer(host: Host) -> None:
    host.kit.identify("ann", {})
    host.kit.enroll("ann", "called")
    host.kit._ports.functions["curse"] = lambda context: Retry(after=timedelta(hours=1))
    host.let_pass(HOUR).kit.tick()
    assert host.kit.parked() == []
    assert FOREVER > START


class Counting(MemoryStore):
    """Notes how large commits are."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def commit(self, commits: Any) -> Any:
        self.sizes.append(len(commits))
        return super().commit(commits)


@pytest.mark.parametrize("when", ["told", "waiting", "due", "released", "called"])
def test_F2_a_document_that_contradicts_its_journal_holds_up_nobody(when: str) -> None:
    """It can be read and decided on, but no store can take what comes of it."""
    host = Host(Counting())
    host.broken = False
    ids = [f"c{number}" for number in range(20)]
    host.kit.identify_many([{"customer_id": one} for one in [*ids, "ann"]])
    rows = [{"customer_id": one, "event": "joined"} for one in [*ids[:10], "ann", *ids[10:]]]
    kind = "called" if when == "called" else "plain"
    if when in ("due", "released", "called"):
        for row in rows:
            host.kit.enroll(row["customer_id"], kind)
    if when in ("released", "called"):
        host.let_pass(HOUR)
        _released(host)
    state = decode_state(host.store.load(["ann"])["ann"].body)
    state.seq += 5
    damage(host.store, "ann", encode_state(state))
    if when == "told":
        outcome = host.kit.track_many(rows)
        assert (outcome.done, [bad.index for bad in outcome.bad]) == (20, [10])
        assert "could not be decided on: RefusedCommitError" in str(outcome.bad[0].error)
    if when == "waiting":
        host.kit.inbox.track_many(rows)
    counts = host.let_pass(HOUR).kit.tick()
    if when in ("told", "waiting"):
        counts += host.let_pass(HOUR).kit.tick()
    done = host.called if when == "called" else [m.customer_id for m in host.email.accepted]
    assert sorted(set(done) - {"ann"}) == sorted(ids)
    told = {one.customer_id: (one.failed, one.reason) for one in host.kit.parked()}
    if when == "told":
        assert told == {}
        return
    failed = {"waiting": "work", "due": "work", "released": "delivery", "called": "errand"}
    assert told == {"ann": (failed[when], "RefusedCommitError")}
    assert {failure.customer_id for failure in counts.failures} == {"ann"}
