"""Does a worker run, sleep, wake and stop as it should?"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    Accepted,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Send,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import UsageError
from journeykit.ports import Receipt
from journeykit.runtime import TickCounts

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 30.0


class SignedUp(Event):
    pass


welcome = Journey(
    "welcome",
    entry=On(SignedUp),
    steps=[Send("hello", via=["email"]), Wait(hours(1)), Send("tips", via=["email"])],
)
workspace = Workspace(
    journeys=[welcome], timezone="UTC", policy=Policy(consent={"email": "opt-out"})
)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Post:
    def __init__(self) -> None:
        self.act: Callable[[OutgoingMessage], None] = lambda message: None
        self.sent: list[str] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.sent.append(f"{message.customer_id} {message.template}")
        self.act(message)
        return Accepted()


class Worker:
    """An orchestrator that runs in a thread of its own."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.post = Clock(), Post()
        self.kit = Orchestrator(
            workspace,
            store=MemoryStore(),
            channels={"email": self.post},
            clock=self.clock,
            **options,
        )
        self.counts: TickCounts | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.counts = self.kit.run(idle=timedelta(hours=1))
        except BaseException as error:
            self.error = error

    def ends(self) -> TickCounts:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "run does not return"
        assert self.counts is not None, self.error
        return self.counts

    def sign_up(self, *names: str) -> None:
        for name in names:
            self.kit.identify(name)
            self.kit.track(name, SignedUp())


def test_it_works_off_what_is_due_and_stops_when_it_is_told() -> None:
    worker = Worker()
    worker.sign_up("ann", "bob")
    done = threading.Event()
    worker.post.act = lambda message: done.set() if len(worker.post.sent) == 2 else None
    worker.thread.start()
    assert done.wait(PATIENCE)
    worker.kit.stop()
    assert worker.ends().accepted == 2


def test_what_it_is_told_wakes_it() -> None:
    """Its longest pause is an hour: without waking, this test would not end."""
    worker = Worker()
    done = threading.Event()
    worker.post.act = lambda message: done.set()
    worker.thread.start()
    worker.sign_up("ann")
    assert done.wait(PATIENCE)
    worker.kit.stop()
    assert worker.ends().accepted == 1


def test_a_stop_that_comes_before_the_run_is_not_lost() -> None:
    worker = Worker()
    worker.sign_up("ann")
    worker.kit.stop()
    worker.thread.start()
    assert not worker.ends().did_something
    assert worker.kit.tick().accepted == 1  # a tick is not a run


def test_it_can_run_again() -> None:
    worker = Worker()
    worker.post.act = lambda message: worker.kit.stop()
    worker.sign_up("ann")
    assert worker.kit.run().accepted == 1
    worker.sign_up("bob")
    assert worker.kit.run().accepted == 1
    assert worker.post.sent == ["ann hello", "bob hello"]


def test_stopping_from_within_a_channel_ends_after_that_hand_over() -> None:
    """The answer is stored, and what has not begun is given back."""
    worker = Worker()
    worker.sign_up("ann", "bob", "cy")
    worker.post.act = lambda message: worker.kit.stop()
    assert worker.kit.run().accepted == 1
    (first,) = worker.post.sent
    worker.post.act = lambda message: None
    assert worker.kit.tick().accepted == 2
    assert sorted(worker.post.sent) == ["ann hello", "bob hello", "cy hello"]
    assert worker.post.sent[0] == first


def test_stopping_twice_is_fine() -> None:
    worker = Worker()
    worker.thread.start()
    worker.kit.stop()
    worker.kit.stop()
    worker.ends()


class Watch:
    """Wakes a worker at once, and calls `then` with each pause that it would have taken."""

    def __init__(self, then: Callable[[float], None]) -> None:
        self.then = then
        self.woken = self.closed = 0

    def wait(self, seconds: float) -> bool:
        self.then(seconds)
        return False

    def wake(self) -> None:
        self.woken += 1

    def close(self) -> None:
        self.closed += 1


def test_it_sleeps_until_something_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        worker.clock.at += timedelta(seconds=seconds)
        if len(pauses) == 5:
            worker.kit.stop()

    worker.sign_up("ann")
    watch = Watch(sleep)
    monkeypatch.setattr(worker.kit.store, "waker", lambda: watch, raising=False)
    worker.kit.run(idle=timedelta(minutes=25))
    assert pauses == [1500, 1500, 600, 1500, 1500]  # the wait ends after an hour
    assert worker.post.sent == ["ann hello", "ann tips"]
    assert (watch.woken, watch.closed) == (1, 1)  # to stop, and when it had stopped


def test_it_never_spins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something is due that it cannot do, it still takes breath."""
    worker = Worker()
    monkeypatch.setattr(worker.kit.store, "next_due", lambda: 0)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        worker.kit.stop()

    monkeypatch.setattr(worker.kit.store, "waker", lambda: Watch(sleep), raising=False)
    worker.kit.run()
    assert pauses == [0.02]


@pytest.mark.parametrize("idle", [timedelta(0), -timedelta(seconds=1)])
def test_an_idle_that_is_no_pause_is_refused(idle: timedelta) -> None:
    with pytest.raises(UsageError, match="idle") as caught:
        Worker().kit.run(idle=idle)
    assert caught.value.remedy


def test_running_twice_at_a_time_is_refused() -> None:
    worker = Worker()
    refused: list[UsageError] = []

    def act(message: OutgoingMessage) -> None:
        try:
            worker.kit.run()
        except UsageError as error:
            refused.append(error)
        worker.kit.stop()

    worker.post.act = act
    worker.sign_up("ann")
    worker.kit.run()
    assert "runs already" in str(refused[0])


def test_ctrl_c_in_a_channel_leaves_things_in_order() -> None:
    worker = Worker(worker="only")
    worker.sign_up("ann", "bob", "cy")

    def act(message: OutgoingMessage) -> None:
        if len(worker.post.sent) == 2:
            raise KeyboardInterrupt

    worker.post.act = act
    with pytest.raises(KeyboardInterrupt):
        worker.kit.run()
    sent = [name for name in ("ann", "bob", "cy") if worker.kit.customer(name).sent]
    assert len(sent) == 1  # the first is stored
    worker.post.act = lambda message: worker.kit.stop()
    worker.kit.run()
    assert len(worker.post.sent) == 3  # the third goes at once; the second is in doubt, and leased
    worker.clock.at += timedelta(minutes=5)
    worker.post.act = lambda message: None
    worker.kit.tick()
    assert len(worker.post.sent) == 4
    assert worker.post.sent[3] == worker.post.sent[1]


SCRIPT = """
import signal, sys
from datetime import timedelta
from pathlib import Path
from journeykit import *

class SignedUp(Event):
    pass

welcome = Journey("welcome", entry=On(SignedUp), steps=[Send("hello", via=["email"])])
workspace = Workspace(
    journeys=[welcome], timezone="UTC", policy=Policy(consent={"email": "opt-out"})
)
kit = Orchestrator(workspace, store=MemoryStore(), channels={"email": RecordingChannel()})
if sys.argv[1] == "stop":
    signal.signal(signal.SIGTERM, lambda *_: kit.stop())
try:
    print("ready", flush=True)
    kit.run(idle=timedelta(hours=1))
    print("returned", flush=True)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(
    ("how", "number", "told"),
    [("stop", signal.SIGTERM, "returned"), ("ctrl-c", signal.SIGINT, "interrupted")],
)
def test_signals_end_a_worker_that_sleeps(how: str, number: int, told: str, tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(SCRIPT)
    worker = subprocess.Popen([sys.executable, str(script), how], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    worker.send_signal(number)
    rest, _ = worker.communicate(timeout=PATIENCE)
    assert rest == f"{told}\n"
    assert worker.returncode == 0
