"""While a release is rolled out: older workers beside newer ones, on one store."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
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
    Templates,
    Wait,
    WaitFor,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.kernel import journal as j
from journeykit.ports import Definition, Store
from journeykit.simulation import ScriptedChannel, VirtualClock

WORKER = Path(__file__).with_name("deploy_worker.py")
START = 1_772_445_600_000_000  # 2026-03-02 10:00
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


class Joined(Event):
    pass


class Paid(Event):
    pass


def shop(version: int, *steps: Any, channels: Any = ("email",), **more: Any) -> Workspace:
    return Workspace(
        journeys=[Journey("w", version=version, entry=On(Joined), steps=list(steps), **more)],
        timezone="UTC",
        policy=Policy(consent=dict.fromkeys(channels, "opt-out")),
        events=[Paid] if version > 1 else [],
    )


class Fleet:
    """A worker of an older release and one of a newer one: one store, one clock."""

    def __init__(
        self, store: Store, newer: Workspace, *, declared: Any = ("email",), **functions: Any
    ) -> None:
        self.store = store
        self.clock = VirtualClock(START)
        self.email = ScriptedChannel("email")
        self.push = ScriptedChannel("push")
        older = shop(1, Wait(hours(1)), Send("hi", via=["email"]), channels=declared)
        self.old = self.worker(older, ["hi"])
        self.new = self.worker(newer, ["hi", "ho"], **functions)
        self.new.identify("ann", {})
        self.new.track("ann", Joined())

    def worker(self, workspace: Workspace, templates: list[str], **functions: Any) -> Orchestrator:
        rendered = Templates()
        for name in templates:
            rendered.register(name)(lambda context: f"this is {context.template}")
        channels = {"email": self.email, "push": self.push}
        return Orchestrator(
            workspace,
            store=self.store,
            channels={
                one: channels[one]
                for one in (workspace.policy.consent if "ho" in templates else ["email"])
            },
            renderer=rendered,
            clock=self.clock,
            functions=functions,
        )

    def let_pass(self, micros: int) -> Fleet:
        self.clock.micros += micros
        return self

    @property
    def sent(self) -> list[str]:
        return [m.template for channel in (self.email, self.push) for m in channel.accepted]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "postgres":
        with PostgresStore(request.getfixturevalue("fresh_postgres")) as in_postgres:
            yield in_postgres
        return
    with SQLiteStore(tmp_path / "a.db") as kept:
        yield kept


def events_of(caplog: pytest.LogCaptureFixture, event: str) -> list[Any]:
    return [one for one in caplog.records if getattr(one, "event", "") == event]


def test_an_older_worker_goes_on_with_a_version_that_it_does_not_know(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "journeykit")
    fleet = Fleet(store, shop(2, Wait(hours(2)), Send("hi", via=["email"]), Wait(hours(1))))
    fleet.let_pass(2 * HOUR)
    counts = fleet.old.tick()
    assert (counts.failures, fleet.sent) == ([], ["hi"])
    assert len(events_of(caplog, "version_learned")) == 1
    fleet.let_pass(HOUR)
    assert fleet.old.tick().failures == []
    assert [e.status for e in fleet.old.journal("ann") if isinstance(e, j.Ended)] == ["completed"]
    assert len(events_of(caplog, "version_learned")) == 1
    assert fleet.old.parked() == []
    fleet.old.identify("bea", {})
    fleet.old.track("bea", Joined())  # what it lets in is still on its own version
    (run,) = fleet.old.customer("bea").enrollments
    assert run.version == 1


def test_an_older_worker_takes_what_is_told_of_a_run_on_a_newer_version(store: Store) -> None:
    """The signal cannot be decided on without the version, which is learned in the same call."""
    fleet = Fleet(store, shop(2, WaitFor(On(Joined), timeout=hours(5)), Send("hi", via=["email"])))
    fleet.let_pass(SECOND)
    outcome = fleet.old.track("ann", Joined())
    assert "hi" in outcome.moved
    fleet.old.tick()
    assert fleet.sent == ["hi"]


def test_a_function_that_an_older_worker_lacks_is_called_by_a_newer_one(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    attempts: list[int] = []
    newer = shop(2, Call("score", label="ask"), Send("hi", via=["email"]))
    fleet = Fleet(store, newer, score=lambda context: attempts.append(context.attempt))
    for _ in range(5):
        counts = fleet.old.tick()
        assert (counts.failures, counts.errands) == ([], 0)
        (parked,) = fleet.old.parked()
        assert (parked.failed, parked.reason, parked.attempts) == ("errand", "function_missing", 0)
        assert parked.until is not None
        assert parked.until <= fleet.clock.now() + timedelta(minutes=5)
        fleet.let_pass(SECOND)
        assert fleet.new.tick().errands == 0  # it is not looked at before
        fleet.let_pass((parked.until - fleet.clock.now()) // timedelta(microseconds=1))
    assert len(events_of(caplog, "missing_here")) == 1
    fleet.new.tick()
    assert (attempts, fleet.sent, fleet.new.parked()) == ([1], ["hi"], [])


def test_what_was_answered_before_something_was_missing_is_kept(store: Store) -> None:
    """D2: one customer, two functions, and the older worker has the first of them."""
    called: list[str] = []
    journeys = [
        Journey(name, version=2, entry=On(event), steps=[Call(function), Wait(hours(1))])
        for name, event, function in (("w", Joined, "score"), ("x", Paid, "gone"))
    ]
    newer = Workspace(journeys=journeys, timezone="UTC")
    functions = {"score": lambda context: called.append(context.key), "gone": lambda context: None}
    fleet = Fleet(store, newer, **functions)
    fleet.old._ports.functions = {"score": functions["score"]}
    fleet.let_pass(SECOND)
    fleet.new.track("ann", Paid())
    assert fleet.old.tick().errands == 1
    (parked,) = fleet.old.parked()
    assert parked.reason == "function_missing"
    fleet.let_pass(MINUTE)
    fleet.new.tick()
    assert len(called) == 1
    assert fleet.new.parked() == []


def test_a_message_beside_one_that_cannot_be_sent_here_is_not_in_doubt(store: Store) -> None:
    """It was rendered and not handed over: nobody has to ask what became of it."""
    journeys = [
        Journey(name, version=2, entry=On(event), steps=[Send(template, via=["email"])])
        for name, event, template in (("w", Joined, "hi"), ("x", Paid, "ho"))
    ]
    policy = Policy(consent={"email": "opt-out"})
    fleet = Fleet(store, Workspace(journeys=journeys, timezone="UTC", policy=policy))
    fleet.let_pass(SECOND)
    fleet.new.track("ann", Paid())
    assert fleet.old.tick().handed_over == 0
    fleet.let_pass(MINUTE)
    fleet.new.tick()
    assert sorted(fleet.sent) == ["hi", "ho"]
    assert not [e for e in fleet.new.journal("ann") if isinstance(e, j.Doubted)]


@pytest.mark.parametrize("what", ["template", "channel"])
def test_a_message_that_an_older_worker_cannot_send_leaves_by_a_newer_one(
    store: Store, what: str
) -> None:
    if what == "template":
        newer = shop(2, Wait(hours(1)), Send("ho", via=["email"]))
    else:
        newer = shop(2, Wait(hours(1)), Send("hi", via=["push"]), channels=("email", "push"))
    fleet = Fleet(store, newer)
    fleet.let_pass(HOUR)
    assert fleet.old.tick().failures == []
    (parked,) = fleet.old.parked()
    assert parked.attempts == 0
    assert parked.reason == ("template_missing" if what == "template" else "version_unknown")
    assert parked.until is not None
    assert fleet.sent == []
    fleet.let_pass((parked.until - fleet.clock.now()) // timedelta(microseconds=1))
    fleet.new.tick()
    assert fleet.sent == ["ho" if what == "template" else "hi"]
    journal = fleet.new.journal("ann")
    assert [e.answer for e in journal if isinstance(e, j.Answered)] == ["accepted"]
    assert fleet.new.parked() == []


def test_what_a_newer_worker_rendered_waits_for_one_that_has_its_channel(store: Store) -> None:
    """D2: the older one knows the rules for the channel, and has none."""
    newer = shop(2, Send("hi", via=["push"]), channels=("email", "push"))
    fleet = Fleet(store, newer, declared=("email", "push"))
    fleet.push.answer(Retry(after=timedelta(seconds=1)))
    assert fleet.new.tick().retried == 1
    fleet.let_pass(SECOND)
    counts = fleet.old.tick()
    assert (counts.handed_over, counts.failures) == (0, [])
    (parked,) = fleet.old.parked()
    assert (parked.failed, parked.reason) == ("delivery", "channel_missing")
    assert parked.until is not None
    fleet.let_pass((parked.until - fleet.clock.now()) // timedelta(microseconds=1))
    assert fleet.new.tick().accepted == 1
    (message,) = fleet.push.accepted
    assert (message.content.text, message.attempt) == ("this is hi", 2)
    assert fleet.new.parked() == []


def test_a_definition_that_the_code_of_today_cannot_read_is_left_to_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = Fleet(store, shop(2, Wait(hours(1)), Send("hi", via=["email"])))
    strange = MemoryStore.definitions

    def later(self: Any = None) -> list[Definition]:
        return [
            Definition("w", 2, "d", b'{"type":"from the future"}') if one.version == 2 else one
            for one in (strange(store) if isinstance(store, MemoryStore) else given())
        ]

    given = store.definitions
    fleet.old._ports.store = _Wrapped(store, later)  # type: ignore[assignment]
    fleet.let_pass(HOUR)
    for _ in range(3):
        assert fleet.old.tick().failures == []
        (parked,) = fleet.old.parked()
        assert (parked.failed, parked.reason, parked.attempts) == ("work", "version_unknown", 0)
        assert parked.until is not None
        fleet.let_pass((parked.until - fleet.clock.now()) // timedelta(microseconds=1))
    (told,) = events_of(caplog, "missing_here")
    assert (told.facts["journey"], told.facts["version"]) == ("w", 2)
    fleet.new.tick()
    assert fleet.sent == ["hi"]


class _Wrapped:
    def __init__(self, store: Store, definitions: Any) -> None:
        self._store = store
        self.definitions = definitions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


# ---- two processes


class Process:
    """A worker of its own, which does what it is told, line by line."""

    def __init__(self, database: Path, release: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, str(WORKER), str(database), release],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{command}\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    def close(self) -> None:
        self._child.communicate("", timeout=60)
        assert self._child.returncode == 0


def test_two_processes_of_two_releases_share_the_customers(tmp_path: Path) -> None:
    old, new = Process(tmp_path / "a.db", "1"), Process(tmp_path / "a.db", "2")
    assert old.ask("start") == new.ask("start") == []
    assert old.ask("enter 10 a") == []
    assert new.ask("enter 10 b") == []
    assert old.ask(f"pass {HOUR}") == new.ask(f"pass {HOUR}") == []
    sent = old.ask("tick")  # whoever is on version 2 waits for a function that it lacks
    assert sorted(sent) == [f"a{n}" for n in range(10)]
    assert old.ask("parked") == ["errand:function_missing:0"] * 10
    assert new.ask("tick") == []
    assert old.ask(f"pass {10 * SECOND}") == new.ask(f"pass {10 * SECOND}") == []
    sent = new.ask("tick")
    assert sorted(sent) == [f"b{n}" for n in range(10)]
    assert new.ask("parked") == []
    assert old.ask("tick") == []
    old.close()
    new.close()
