"""Eight workers on one PostgreSQL, and somebody kills them. Real processes, real time.

`python tests/fleet_harness.py URL FOLDER SECONDS SEED` starts the workers, tells them of
customers from this process, kills one worker after another with SIGKILL and starts another in
its place; then it lets them finish and reads what the channel wrote down. Prints one JSON line.

`python tests/fleet_harness.py work URL FOLDER NAME` is one worker.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from journeykit import (
    Accepted,
    Event,
    FrequencyCap,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Send,
    Wait,
    Workspace,
    seconds,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.ports import Receipt
from journeykit.testing.faults.dice import Dice

WORKERS = 8
CAP = 4


class SignedUp(Event):
    pass


class CartUpdated(Event):
    cart: str


class OrderPlaced(Event):
    cart: str


workspace = Workspace(
    journeys=[
        Journey(
            "welcome",
            entry=On(SignedUp),
            steps=[
                Send("one", via=["email"]), Wait(seconds(2)),
                Send("two", via=["email"]), Wait(seconds(2)), Send("three", via=["email"]),
            ],
        ),
        Journey(
            "cart",
            entry=On(CartUpdated, key=CartUpdated.cart),
            exits=[On(OrderPlaced, key=OrderPlaced.cart)],
            steps=[Wait(seconds(6)), Send("reminder", via=["sms"])],
        ),
    ],
    timezone="UTC",
    policy=Policy(
        consent={"email": "opt-in", "sms": "opt-in"},
        caps=[FrequencyCap(CAP, per=timedelta(days=7))],
    ),
)  # fmt: skip


class Provider:
    """Writes down when each call began, and that it ended."""

    def __init__(self, folder: Path, name: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._log = os.open(folder / "channel.log", flags)
        self._name = name

    def send(self, message: OutgoingMessage) -> Receipt:
        self._write(message, "begun")
        time.sleep(0.002)
        self._write(message, "ended")
        return Accepted()

    def _write(self, message: OutgoingMessage, what: str) -> None:
        line = [
            message.key, message.customer_id, message.template, message.channel, self._name, what,
            time.monotonic(),
        ]  # fmt: skip
        os.write(self._log, json.dumps(line).encode() + b"\n")


def open_kit(url: str, folder: Path, name: str) -> Orchestrator:
    provider = Provider(folder, name)
    return Orchestrator(
        workspace,
        store=PostgresStore(url),
        channels={"email": provider, "sms": provider},
        worker=name,
        lease=timedelta(seconds=10),
        batch=50,
    )


def work(url: str, folder: Path, name: str) -> None:
    logging.basicConfig(filename=folder / f"{name}.err", level=logging.WARNING)
    kit = open_kit(url, folder, name)
    signal.signal(signal.SIGTERM, lambda *_: kit.stop())
    kit.run(idle=timedelta(milliseconds=200))


class Fleet:
    """The workers: some of them die, and others take their places."""

    def __init__(self, url: str, folder: Path, dice: Dice) -> None:
        self._url, self._folder, self._dice = url, folder, dice
        self._started = 0
        self.kills = 0
        self.workers = [self._start() for _ in range(WORKERS)]

    def _start(self, name: str = "") -> tuple[str, subprocess.Popen[bytes]]:
        if not name:
            self._started += 1
            name = f"w{self._started}"
        command = [sys.executable, __file__, "work", self._url, str(self._folder), name]
        return name, subprocess.Popen(command)

    def kill_one(self) -> None:
        """Kill a worker; another one takes its place, now and then under its name."""
        place = self._dice.below(WORKERS)
        name, process = self.workers[place]
        process.kill()
        process.wait()
        self.kills += 1
        self.workers[place] = self._start(name if self._dice.chance(500_000) else "")

    def stop(self) -> list[int]:
        """Let them finish; return how they ended."""
        for _, process in self.workers:
            process.terminate()
        return [process.wait(60) for _, process in self.workers]


def disturb(url: str, folder: Path, span: float, seed: int) -> dict[str, object]:
    dice = Dice(seed, "fleet")
    kit = open_kit(url, folder, "teller")
    fleet = Fleet(url, folder, dice)
    told: dict[str, dict[str, float]] = defaultdict(dict)
    end = time.monotonic() + span
    next_kill = time.monotonic() + 2
    number = 0
    waiting: list[tuple[float, str, str]] = []
    while time.monotonic() < end or waiting:
        now = time.monotonic()
        if now < end:
            names = [f"c{number + more:05}" for more in range(10)]
            number += 10
            rows = [{"customer_id": name, "consents": ["email", "sms"]} for name in names]
            kit.identify_many(rows)
            kit.track_many([{"customer_id": n, "event": "signed_up", "id": "s"} for n in names])
            cart = [
                {"customer_id": n, "event": "cart_updated", "data": {"cart": "c"}} for n in names
            ]
            kit.track_many(cart)
            for name in names:
                told[name]["cart"] = time.monotonic()
                if dice.chance(300_000):
                    waiting.append((now + dice.between(0, 5), name, "order"))
                elif dice.chance(200_000):
                    waiting.append((now + dice.between(0, 6), name, "withdraw"))
        for at, name, what in [one for one in waiting if one[0] <= now]:
            waiting.remove((at, name, what))
            if what == "order":
                kit.track(name, OrderPlaced(cart="c"))
            else:
                kit.withdraw(name, ["email"], source="here")
            told[name][what] = time.monotonic()
        if now >= next_kill and now < end:
            fleet.kill_one()
            next_kill = now + dice.between(3, 12) / 10
        time.sleep(0.05)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and kit.next_due() is not None:
        time.sleep(0.2)
    left = kit.next_due()
    codes = fleet.stop()
    wrong = list(broken(folder, told, kit))
    if left is not None:
        wrong.append(f"something is due for ever: {left}")
    if any(code not in (0, -signal.SIGTERM) for code in codes):  # one may not have begun yet
        wrong.append(f"workers ended with {codes}")
    calls = _calls(folder)
    return {
        "customers": number, "workers": WORKERS, "kills": fleet.kills,
        "hand_overs": sum(len(one) for one in calls.values()),
        "repeated": sum(len(one) - 1 for one in calls.values()), "broken": wrong[:20],
    }  # fmt: skip


Call = tuple[str, str, str, float, float | None]


def _calls(folder: Path) -> dict[str, list[Call]]:
    """Return by key each call: customer, template, channel, when it began and ended."""
    calls: dict[str, list[Call]] = defaultdict(list)
    under_way: dict[tuple[str, str], int] = {}
    for line in (folder / "channel.log").read_text().splitlines():
        key, customer, template, channel, worker, what, at = json.loads(line)
        if what == "begun":
            under_way[key, worker] = len(calls[key])
            calls[key].append((customer, template, channel, at, None))
        else:
            place = under_way[key, worker]
            calls[key][place] = (*calls[key][place][:4], at)
    return calls


def broken(folder: Path, told: dict[str, dict[str, float]], kit: Orchestrator) -> Iterator[str]:
    calls = _calls(folder)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    got: dict[str, set[str]] = defaultdict(set)
    for key, made in calls.items():
        customer, template, channel = made[0][:3]
        keys[customer, template].add(key)
        got[customer].add(template)
        withdrawn = told[customer].get("withdraw")
        for _, _, _, began, _ in made:
            if withdrawn is not None and channel == "email" and began > withdrawn:
                yield f"{customer}: {template} began {began - withdrawn:.3f} s after the withdrawal"
        if len(made) > 3:
            yield f"{customer}: {template} was handed over {len(made)} times"
    for (customer, template), several in keys.items():
        if len(several) > 1:
            yield f"{customer}: {template} has {len(several)} keys"
    for customer, diary in told.items():
        wanted = {"one", "two", "three"} if "withdraw" not in diary else set()
        if "order" not in diary:
            wanted |= {"reminder"}
        elif diary["order"] < diary["cart"] + 5:
            wanted -= {"reminder"}
            if "reminder" in got[customer]:
                yield f"{customer}: was reminded of what was bought"
        if not wanted <= got[customer]:
            yield f"{customer}: never got {sorted(wanted - got[customer])}"
        if len(kit.customer(customer).enrollments):
            yield f"{customer}: stands still"


def main() -> None:
    if sys.argv[1] == "work":
        work(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
        return
    report = disturb(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
