"""A worker of one of two releases, which does what it reads, line by line; see test_rolling_deploy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from journeykit import (
    Call,
    Event,
    Journey,
    On,
    Orchestrator,
    Policy,
    Send,
    SQLiteStore,
    Templates,
    Wait,
    Workspace,
    hours,
)
from journeykit.simulation import ScriptedChannel, VirtualClock


class Joined(Event):
    pass


def main() -> None:
    """Answer each line with a list, as JSON."""
    path, release = sys.argv[1:]
    store = SQLiteStore(path)
    clock = VirtualClock(1_772_445_600_000_000)
    email = ScriptedChannel("email")
    made: list[Orchestrator] = []

    def start() -> list[str]:
        scores = [Call("score", label="ask")] if release == "2" else []
        steps = [Wait(hours(1)), *scores, Send("hi", via=["email"])]
        templates = Templates()
        templates.register("hi")(lambda context: "hi")
        made.append(
            Orchestrator(
                Workspace(
                    journeys=[Journey("w", version=int(release), entry=On(Joined), steps=steps)],
                    timezone="UTC",
                    policy=Policy(consent={"email": "opt-out"}),
                ),
                store=store,
                channels={"email": email},
                renderer=templates,
                clock=clock,
                functions={"score": lambda context: None} if scores else {},
            )
        )
        return []

    def enter(count: str, prefix: str) -> list[str]:
        ids = [f"{prefix}{number}" for number in range(int(count))]
        made[0].identify_many([{"customer_id": one} for one in ids])
        made[0].track_many([{"customer_id": one, "event": "joined"} for one in ids])
        return []

    def let_pass(micros: str) -> list[str]:
        clock.micros += int(micros)
        return []

    def tick() -> list[str]:
        before = len(email.accepted)
        made[0].tick()
        return [message.customer_id for message in email.accepted[before:]]

    def parked() -> list[str]:
        return [f"{one.failed}:{one.reason}:{one.attempts}" for one in made[0].parked()]

    commands: dict[str, Callable[..., Any]] = {
        "start": start, "enter": enter, "pass": let_pass, "tick": tick, "parked": parked,
    }  # fmt: skip
    for line in sys.stdin:
        name, *words = line.split()
        print(json.dumps(commands[name](*words)), flush=True)
    store.close()


if __name__ == "__main__":
    main()
