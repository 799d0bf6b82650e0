"""What if a worker dies with a message in its hand? The same key again, or a person decides (D2).

A worker dies here by an error that nothing catches: no flow puts anything in order behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

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
    RenderContext,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import UnknownCustomerError, UnknownMessageError, UsageError
from journeykit.kernel import decode_entries, decode_state, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.ports import Delivery, Receipt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FEW = 5  # hand-overs that kill their worker, one after the other


class SignedUp(Event):
    pass


class Other(Event):
    pass


class Left(Event):
    pass


def shop(*steps: Any, **policy: Any) -> Workspace:
    steps = steps or (Send("hello", via=["email"]), Wait(hours(1)), Send("again", via=["email"]))
    policy.setdefault("consent", {"email": "opt-out", "push": "opt-out"})
    welcome = Journey("welcome", entry=On(SignedUp), exits=[On(Left)], steps=list(steps))
    other = Journey("other", entry=On(Other), steps=[Send("other", via=["email"])])
    return Workspace(journeys=[welcome, other], timezone="UTC", policy=Policy(**policy))


class Killed(BaseException):
    """The process is gone."""


class Hand:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def passes(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass
class Post:
    """A channel that takes a message, and may kill its worker then."""

    kills: Callable[[OutgoingMessage], bool] = lambda message: False
    messages: list[OutgoingMessage] = field(default_factory=list)
    receipt: Receipt = field(default_factory=Accepted)

    def send(self, message: OutgoingMessage) -> Receipt:
        self.messages.append(message)
        if self.kills(message):
            raise Killed
        return self.receipt

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.messages]


class Numbered:
    """A renderer that never writes the same twice."""

    def __init__(self) -> None:
        self.count = 0

    def render(self, context: RenderContext) -> Content:
        self.count += 1
        return Content(text=f"{context.template} {self.count}")

    def missing(self, template: str, channel: str) -> str | None:
        return None


class Host:
    """Workers that come one after the other, under one name, on one store."""

    def __init__(self, store: Any, workspace: Workspace, on_unknown: Any) -> None:
        self.store, self.workspace, self.on_unknown = store, workspace, on_unknown
        self.clock, self.words = Hand(), Numbered()
        self.email, self.push = Post(), Post()
        self.kit = self.starts()

    def starts(self) -> Orchestrator:
        """Another worker starts, where the last one has died."""
        self.kit = Orchestrator(
            self.workspace,
            store=self.store,
            channels={"email": self.email, "push": self.push},
            renderer=self.words,
            clock=self.clock,
            worker="w",
            delivery={"email": Delivery(on_unknown=self.on_unknown)},
        )
        return self.kit

    def dies(self, kills: Callable[[OutgoingMessage], bool] = lambda message: True) -> None:
        """The worker dies at the first hand-over that kills it; another one starts."""
        self.email.kills = kills
        with pytest.raises(Killed):
            self.kit.tick()
        self.email.kills = lambda message: False
        self.starts()

    def entries(self, kind: type, customer_id: str = "ann") -> list[Any]:
        return [entry for entry in self.kit.journal(customer_id) if isinstance(entry, kind)]

    def assert_state_is_the_fold_of_the_journal(self, customer_id: str = "ann") -> None:
        entries = [
            entry
            for record in self.store.journal(customer_id)
            for entry in decode_entries(record.entries)
        ]
        stored = decode_state(self.store.load([customer_id])[customer_id].body)
        assert encode_state(replay(customer_id, entries)) == encode_state(stored)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    stores: list[Any] = []

    def made(
        on_unknown: Literal["repeat", "hold"] = "hold", workspace: Workspace | None = None
    ) -> Host:
        store: Any = MemoryStore()
        if request.param == "sqlite":
            store = SQLiteStore(tmp_path / "kit.db")
        if request.param == "postgres":
            store = PostgresStore(request.getfixturevalue("fresh_postgres"))
        stores.append(store)
        host = Host(store, shop() if workspace is None else workspace, on_unknown)
        host.kit.identify("ann")
        host.kit.track("ann", SignedUp())
        return host

    yield made
    for store in stores:
        store.close()


def test_it_is_repeated_once_under_its_key_with_its_content(make: Callable[..., Host]) -> None:
    """D2."""
    host = make("repeat")
    host.dies()
    host.kit.tick()
    host.kit.tick()
    first, second = host.email.messages
    assert (first.key, first.content) == (second.key, second.content)
    assert host.words.count == 1
    assert [entry.holds for entry in host.entries(j.Doubted)] == [False]
    assert [entry.answer for entry in host.entries(j.Answered)] == ["accepted"]
    host.assert_state_is_the_fold_of_the_journal()


def test_a_retry_that_was_on_its_way_is_in_doubt_as_well(make: Callable[..., Host]) -> None:
    """D2: its content was kept long ago; that it had begun is noted all the same."""
    host = make("hold")
    host.email.receipt = Retry("busy", after=timedelta(minutes=1))
    host.kit.tick()
    host.clock.passes(minutes=1)
    host.email.receipt = Accepted()
    host.dies()
    host.kit.tick()
    assert len(host.email.messages) == 2
    assert [entry.holds for entry in host.entries(j.Doubted)] == [True]


def test_what_was_answered_before_the_end_is_in_no_doubt(make: Callable[..., Host]) -> None:
    host = make("hold")
    host.kit.tick()
    host.starts().tick()
    assert host.entries(j.Doubted) == []
    assert len(host.email.messages) == 1


def test_what_was_given_back_is_in_no_doubt(make: Callable[..., Host]) -> None:
    """The worker ends in order: what it had begun and not handed over is free."""
    host = make("repeat")
    host.kit.identify("bob")
    host.kit.track("bob", SignedUp())

    def presses_ctrl_c(message: OutgoingMessage) -> bool:
        raise KeyboardInterrupt

    host.email.kills = presses_ctrl_c
    with pytest.raises(KeyboardInterrupt):
        host.kit.tick()
    host.email.kills = lambda message: False
    host.starts().tick()
    doubted = {name: len(host.entries(j.Doubted, name)) for name in ("ann", "bob")}
    assert sorted(doubted.values()) == [0, 1]
    assert sorted(Counter(host.email.keys).values()) == [1, 2]


@pytest.mark.parametrize("outcome", ["accepted", "rejected", "repeat"])
def test_a_person_says_what_became_of_it(make: Callable[..., Host], outcome: Any) -> None:
    host = make("hold")
    host.dies()
    host.kit.tick()
    assert len(host.email.messages) == 1
    (parked,) = host.kit.parked()
    assert (parked.failed, parked.customer_id) == ("hand_over", "ann")
    assert (parked.channel, parked.reason) == ("email", "handed_over_unknown")
    assert host.kit.customer("ann").enrollments[0].step == parked.step
    host.clock.passes(days=90)  # however long it takes
    host.kit.tick()
    assert len(host.email.messages) == 1

    host.kit.settle("ann", parked.message, outcome)
    assert host.kit.parked() == []
    host.kit.tick()
    assert [entry.outcome for entry in host.entries(j.Clarified)] == [outcome]
    first = host.email.messages[0]
    assert host.email.messages[1:] == ([] if outcome != "repeat" else [host.email.messages[-1]])
    for message in host.email.messages:
        assert (message.key, message.content) == (first.key, first.content)
    answer = "failed" if outcome == "rejected" else "accepted"
    assert [entry.answer for entry in host.entries(j.Answered)] == [answer]
    assert host.entries(j.Suppressed) == []
    host.assert_state_is_the_fold_of_the_journal()
    host.clock.passes(hours=1)
    host.kit.tick()
    assert host.email.messages[-1].template == "again"


def test_what_is_not_asked_cannot_be_told(make: Callable[..., Host]) -> None:
    """F1."""
    host = make("repeat")
    (message,) = (entry.message for entry in host.entries(j.Decided))
    with pytest.raises(UnknownMessageError, match=r"parked\(\)"):
        host.kit.settle("ann", message, "accepted")
    with pytest.raises(UsageError, match="'repeat'"):
        host.kit.settle("ann", message, "lost")  # type: ignore[arg-type]
    with pytest.raises(UnknownCustomerError):
        host.kit.settle("eve", message, "accepted")


def test_its_validity_ends_it(make: Callable[..., Host]) -> None:
    """G4: the run goes on then; a word that comes later is too late."""
    hello = Send("hello", via=["email"], valid_for=hours(2))
    host = make("hold", shop(hello, Send("next", via=["push"])))
    host.dies()
    host.kit.tick()
    (parked,) = host.kit.parked()
    host.clock.passes(hours=2)
    host.kit.tick()
    (dropped,) = host.entries(j.Dropped)
    assert (dropped.reason, dropped.detail["blocked_by"]) == ("expired", "handed_over_unknown")
    assert [message.template for message in host.push.messages] == ["next"]
    with pytest.raises(UnknownMessageError):
        host.kit.settle("ann", parked.message, "repeat")
    host.assert_state_is_the_fold_of_the_journal()


def test_an_exit_ends_it(make: Callable[..., Host]) -> None:
    """E2."""
    host = make("hold")
    host.dies()
    host.kit.tick()
    host.kit.track("ann", Left())
    assert host.kit.parked() == []
    assert len(host.entries(j.Withdrawn)) == 1
    host.kit.tick()
    assert len(host.email.messages) == 1


def test_its_slot_stays_reserved(make: Callable[..., Host]) -> None:
    """G3: it may have arrived."""
    cap = FrequencyCap(1, per=timedelta(days=1))
    host = make("hold", shop(Send("hello", via=["email"]), caps=[cap]))
    host.dies()
    host.kit.tick()
    (parked,) = host.kit.parked()
    host.kit.track("ann", Other())
    host.kit.tick()
    assert [entry.reason for entry in host.entries(j.Held)][-1] == "frequency_cap"
    host.kit.settle("ann", parked.message, "rejected")
    host.kit.tick()
    assert [message.template for message in host.email.messages] == ["hello", "other"]


@pytest.mark.parametrize("on_unknown", ["repeat", "hold"])
def test_it_goes_through_no_other_channel(make: Callable[..., Host], on_unknown: Any) -> None:
    """D2: nobody knows whether it arrived, so it waits where it was."""
    quiet = QuietHours("13:00", "14:00", channels=["email"])
    hello = Send("hello", via=["email", "push"], on_quiet="next")
    host = make(on_unknown, shop(hello, quiet_hours=[quiet]))
    host.dies()
    host.clock.passes(hours=1)
    host.kit.tick()
    assert host.push.messages == []
    if on_unknown == "hold":
        (parked,) = host.kit.parked()
        host.kit.settle("ann", parked.message, "repeat")
        host.kit.tick()
    assert [entry.reason for entry in host.entries(j.Held)][-1] == "quiet_hours"
    host.clock.passes(hours=1)
    host.kit.tick()
    assert host.push.messages == []
    assert len(set(host.email.keys)) == 1
    assert len(host.email.keys) == 2
    assert host.words.count == 1


def test_a_rejected_one_goes_through_the_next_channel_with_its_own_content(
    make: Callable[..., Host],
) -> None:
    host = make("hold", shop(Send("hello", via=["email", "push"])))
    host.dies()
    host.kit.tick()
    (parked,) = host.kit.parked()
    host.kit.settle("ann", parked.message, "rejected")
    host.kit.tick()
    (email,), (push,) = host.email.messages, host.push.messages
    assert push.key == email.key
    assert push.content != email.content
    host.assert_state_is_the_fold_of_the_journal()


def test_an_answer_that_comes_after_all_settles_it(make: Callable[..., Host]) -> None:
    """The first worker was only slow: its lease had ended."""
    host = make("hold")
    other = Orchestrator(
        host.workspace,
        store=host.store,
        channels={"email": host.email, "push": host.push},
        clock=host.clock,
        delivery={"email": Delivery(on_unknown="hold")},
    )

    def is_slow(message: OutgoingMessage) -> bool:
        host.email.kills = lambda message: False
        host.clock.passes(minutes=10)
        other.tick()
        assert [one.message for one in other.parked()] == [message.key]
        return False

    host.email.kills = is_slow
    host.kit.tick()
    assert host.kit.parked() == []
    assert len(host.email.messages) == 1
    assert [entry.answer for entry in host.entries(j.Answered)] == ["accepted"]


def test_each_of_a_round_goes_again_at_most_once(make: Callable[..., Host]) -> None:
    """D2: also where the answers of a whole round were lost."""
    host = make("repeat")
    names = [f"c{n}" for n in range(20)]
    for name in names:
        host.kit.identify(name)
        host.kit.track(name, SignedUp())
    host.dies(lambda message: len(host.email.messages) == 12)
    host.kit.tick()
    sent = Counter(host.email.keys)
    assert len(sent) == 21
    assert sorted(sent.values()) == [1] * 9 + [2] * 12


def test_only_what_had_begun_waits_for_a_person(make: Callable[..., Host]) -> None:
    host = make("hold")
    names = [f"c{n}" for n in range(20)]
    for name in names:
        host.kit.identify(name)
        host.kit.track(name, SignedUp())
    host.dies(lambda message: len(host.email.messages) == 12)
    host.kit.tick()
    assert Counter(host.email.keys).most_common(1)[0][1] == 1
    assert len(host.email.keys) == 21
    assert {one.message for one in host.kit.parked()} == set(host.email.keys[:12])


def test_a_message_that_kills_its_worker_kills_no_more_than_a_few(
    make: Callable[..., Host],
) -> None:
    """F2: then it waits for a person, whatever the channel says; the others go all the time."""
    host = make("repeat")
    names = [f"c{n}" for n in range(5)]
    for name in names:
        host.kit.identify(name)
        host.kit.track(name, SignedUp())
    for _ in range(FEW):
        host.dies(lambda message: message.customer_id == "ann")
    host.kit.tick()
    sent = Counter(message.customer_id for message in host.email.messages)
    assert sent["ann"] == FEW
    assert max(sent[name] for name in names) <= 2
    assert min(sent[name] for name in names) >= 1
    (parked,) = host.kit.parked()
    assert (parked.customer_id, parked.attempts) == ("ann", FEW)
