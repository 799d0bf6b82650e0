"""`journeykit parked`, `unpark` and `retry`, on a file and on a real PostgreSQL."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from journeykit import Orchestrator, SQLiteStore
from journeykit.adapters.postgres import PostgresStore
from journeykit.cli.target import load_workspace
from journeykit.ports import FOREVER, ParkedCustomer
from journeykit.simulation import VirtualClock

START = 1_772_445_600_000_000  # 2026-03-02 10:00
CODE = """
from journeykit import Call, Event, Exit, Journey, On, Workspace


class Applied(Event):
    pass


leads = Journey(
    "leads",
    entry=On(Applied),
    steps=[Call("score", label="ask", max_attempts=1), Exit("scored")],
)
app = Workspace(journeys=[leads], timezone="UTC")
"""


def fill(store: Any) -> str:
    """Ann's run is parked, bob for a while, and cy until somebody says so; return Ann's run."""
    clock = VirtualClock(START)
    kit = Orchestrator(
        load_workspace("app.py:app")[0],
        store=store,
        channels={},
        clock=clock,
        functions={"score": lambda context: 1 / 0},
    )
    for name in ("ann", "bob", "cy"):
        kit.identify(name, {})
    kit.track("ann", "applied")
    kit.tick()
    store.park(
        [
            ParkedCustomer("bob", START + 60_000_000, START, 1, "work:DecodeError"),
            ParkedCustomer("cy", FOREVER, START, 6, "delivery:KeyError"),
        ]
    )
    (run,) = kit.customer("ann").enrollments
    return run.id


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Any:
    """The name of a store for the commands, and how to open it."""
    url = request.getfixturevalue("fresh_postgres") if request.param == "postgres" else None
    desk = request.getfixturevalue("desk")  # which moves into a folder of its own
    (desk.folder / "app.py").write_text(CODE)
    if url is None:
        return "a.db", lambda: SQLiteStore(desk.folder / "a.db")
    return url, lambda: PostgresStore(url)


def test_what_is_parked_is_listed_and_let_go_on(place: Any, desk: Any) -> None:
    name, opened = place
    with closing(opened()) as store:
        run = fill(store)
    error = "ZeroDivisionError from function 'score'"
    assert desk.run("parked", name).stdout.splitlines() == [
        (
            f"ann  leads {run} at ask: call_failed of score, {error}; 1 attempt, "
            "last 2026-03-02 10:00:00 UTC; waits for retry"
        ),
        (
            "bob  work: DecodeError; 1 attempt, last 2026-03-02 10:00:00 UTC; "
            "tried again 2026-03-02 10:01:00 UTC"
        ),
        "cy  delivery: KeyError; 6 attempts, last 2026-03-02 10:00:00 UTC; waits for unpark",
    ]
    told = json.loads(desk.run("parked", name, "--json").stdout)
    assert [(one["customer_id"], one["failed"]) for one in told] == [
        ("ann", "call"), ("bob", "work"), ("cy", "delivery")
    ]  # fmt: skip
    assert told[0]["error"] == error
    assert desk.run("unpark", name, "cy").stdout == "1 customer may go on\n"
    assert desk.run("unpark", name, "cy").stdout == "0 customers may go on\n"
    assert desk.run("unpark", name, "--all").stdout == "1 customer may go on\n"
    assert desk.run("retry", name, "app.py:app", "ann", "leads").stdout == "1 run may try again\n"
    assert desk.run("retry", name, "app.py:app", "ann", run).stdout == "0 runs may try again\n"
    assert desk.run("parked", name).stdout == "nothing is parked\n"


def test_nothing_is_parked_in_a_new_store(desk: Any) -> None:
    SQLiteStore(desk.folder / "a.db").close()
    assert desk.run("parked", "a.db").stdout == "nothing is parked\n"
    assert desk.run("parked", "a.db", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["parked", "no.db"], "there is no such file"),
        (["unpark", "no.db", "ann"], "there is no such file"),
        (["unpark", "a.db"], "name the customer, or say --all"),
        (["unpark", "a.db", "ann", "--all"], "name the customer, or say --all"),
        (["retry", "a.db", "app.py:app", "ann", "leads"], "nobody was identified under this id"),
        (["retry", "a.db", "app.py:app", "ann", "lead"], "did you mean 'leads'"),
    ],
)
def test_what_makes_no_sense_is_refused(desk: Any, arguments: list[str], told: str) -> None:
    SQLiteStore(desk.folder / "a.db").close()
    (desk.folder / "app.py").write_text(CODE)
    refused = desk.run(*arguments)
    assert refused.exit_code == 2
    assert told in refused.stderr
