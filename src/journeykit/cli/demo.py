"""What does the demo play? The example in `examples/cdnow`, to the end of its history."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from journeykit.cli.example import load_example
from journeykit.cli.play import Job, Played, play
from journeykit.machine import compile_workspace
from journeykit.simulation import read_history

DEAD, BUSY = 0.02, 0.05


def play_demo(console: Console, *, customers: int | None, db: Path | None, fresh: bool) -> Played:
    """Play the record shop's history, or the part of it that its first customers are."""
    workspace, made_up = load_example()
    people, events = [], []
    for person, orders in made_up.customers(customers):
        people.append(person)
        events += orders
    history = read_history(compile_workspace(workspace.shop), events, people)
    assert not history.bad_events
    assert not history.bad_customers
    name = "journeykit-demo.db" if customers is None else f"journeykit-demo-{customers}.db"
    job = Job(
        workspace.shop,
        history,
        until=made_up.ENDS,
        db=Path.cwd() / name if db is None else db.absolute(),
        renderer=workspace.templates,
        fresh=fresh,
        dead=DEAD,
        busy=BUSY,
    )
    console.print(
        f"A record shop, January 1997 to June 1998: {len(history.people):,} customers, "
        f"{history.events:,} purchases.\nThe purchases are real (CDNOW); names, zones, clock "
        "times and consents are made up.",
    )
    return play(job, console)
