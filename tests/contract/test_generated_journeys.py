"""What holds for every journey that can be written, whatever happens to a customer in it?

Workspaces and histories are drawn; each history is played by a simulation and by an
orchestrator on both stores.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Address,
    After,
    AfterExit,
    Always,
    Digest,
    Event,
    Goal,
    Goto,
    Journey,
    MemoryStore,
    On,
    Once,
    Orchestrator,
    Policy,
    Profile,
    Restart,
    Result,
    Retry,
    Send,
    Simulation,
    SQLiteStore,
    WaitFor,
    Workspace,
    count,
    days,
    hours,
)
from journeykit.kernel import decode_state, encode_entries, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.model import Emit, StartJourney, Step, steps_of
from journeykit.simulation import ScriptedChannel, VirtualClock
from journeykit.testing.journeys import journeys, workspaces
from journeykit.testing.strategies import Happened, histories
from journeykit.time import to_micros


class Joined(Event):
    plan: Literal["free", "pro"] = "free"
    seats: int = 1


class Bought(Event):
    cart: str = "a"
    amount: Decimal = Decimal(1)


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None
    tags: list[str] = []  # noqa: RUF012
    trial_ends: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


class Score(Result):
    score: int = 0


EVENTS = [Joined, Bought]
ZONES = {"ann": "Europe/Berlin", "bob": "Pacific/Apia"}
GIVES: dict[str, type[Result] | None] = {"score": Score, "note": None}
WORKED_OFF = timedelta(days=90)
RULES = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
Told = tuple[dict[str, bytes], dict[str, bytes]]


def drawn() -> st.SearchStrategy[Workspace]:
    return workspaces(EVENTS, Person, functions=GIVES)


def functions() -> dict[str, Any]:
    """What answers as the attempt says, the same on every machine."""

    def score(context: Any) -> Any:
        return Retry() if context.attempt < 2 else Score(score=len(context.key) % 7)

    def note(context: Any) -> None:
        raise RuntimeError("the function is down")

    return {"score": score, "note": note}


def told(kit: Any, store: Any) -> Told:
    """Return the journal and the document of each customer."""
    journals = {name: encode_entries(kit.journal(name)) for name in ZONES}
    return journals, {name: store.load([name])[name].body for name in ZONES}


def begin(kit: Any) -> None:
    for name, zone in ZONES.items():
        kit.identify(name, {"timezone": zone, "email": name})
        kit.grant(name, ["email"], source="test")


def in_a_simulation(workspace: Workspace, history: Sequence[Happened]) -> tuple[Told, Simulation]:
    sim = Simulation(workspace, at=history[0].at, functions=functions())
    begin(sim.runner)
    for number, one in enumerate(history):
        sim.advance_to(one.at)
        sim.track(one.customer, one.event, id=f"e{number}")
    sim.advance(WORKED_OFF)
    sim.settle()
    return told(sim.runner, sim.runner.store), sim


def by_an_orchestrator(workspace: Workspace, history: Sequence[Happened], store: Any) -> Told:
    """Play a history with a clock that is set to one due instant after the other."""
    clock = VirtualClock(to_micros(history[0].at))
    kit = Orchestrator(
        workspace,
        store=store,
        channels={name: ScriptedChannel(name) for name in workspace.policy.channels},
        functions=functions(),
        clock=clock,
    )

    def wait(until: int, *, inputs: bool = True) -> None:
        while (due := store.next_due()) is not None and (
            due < until or (due == until and not inputs)
        ):
            clock.micros = max(clock.micros, due)
            kit.tick()
        clock.micros = until

    begin(kit)
    for number, one in enumerate(history):
        wait(to_micros(one.at))
        kit.track(one.customer, one.event, id=f"e{number}")
    wait(clock.micros + WORKED_OFF // timedelta(microseconds=1), inputs=False)
    kit.tick()
    return told(kit, store)


@contextmanager
def sqlite() -> Iterator[SQLiteStore]:
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder) / "journeys.db", synchronous="off")
        try:
            yield store
        finally:
            store.close()


@RULES
@given(workspace=drawn(), history=histories(EVENTS).filter(bool))
def test_every_run_ends_or_waits_and_is_the_same_everywhere(
    workspace: Workspace, history: list[Happened]
) -> None:  # E5, O4
    same_everywhere(workspace, history)


def same_everywhere(workspace: Workspace, history: Sequence[Happened]) -> None:
    simulated, sim = in_a_simulation(workspace, history)
    due = sim.runner.store.next_due()
    assert due is None or due > sim.clock.micros, "something is due, and nobody does it"
    for name, body in simulated[1].items():
        ends_or_waits(sim, name, body)
    assert by_an_orchestrator(workspace, history, MemoryStore()) == simulated
    with sqlite() as store:
        assert by_an_orchestrator(workspace, history, store) == simulated


def ends_or_waits(sim: Simulation, name: str, body: bytes) -> None:
    journal, rules = sim.runner.journal(name), sim.runner.rules
    assert encode_state(replay(name, journal)) == body
    failed = {one.reason for one in journal if isinstance(one, j.Ended) and one.status == "failed"}
    starts = any(isinstance(step, Emit | StartJourney) for step in every_step(rules.workspace))
    assert starts or "too_many_steps" not in failed, "it spins, though nothing starts another"
    taken = Counter((one.enrollment, one.at) for one in journal if isinstance(one, j.Moved))
    assert max(taken.values(), default=0) <= rules.workspace.max_steps + 1
    for run in decode_state(body).enrollments.values():
        kind = rules.table(run.journey, run.version).steps[run.step].kind
        assert kind not in PASSING, f"it stands at {run.step} for no reason"


@st.composite
def keyed(draw: st.DrawFn) -> Workspace:
    """Journeys whose runs have keys, side by side; what ends and awaits them has some of its own."""
    policy = Policy(consent={"email": draw(st.sampled_from(["opt-in", "opt-out"]))})
    carts: Any = st.sampled_from([None, Bought.cart, Bought.amount])
    rules: Any = st.sampled_from([Once(), AfterExit(), Always(), Restart(), After(days(2))])
    journeys = []
    for name in ("first", "second")[: draw(st.integers(1, 2))]:
        heard = On(Bought, where=draw(st.none() | st.just(Bought.amount > 0)), key=draw(carts))
        steps: list[Step] = [
            WaitFor(heard, timeout=days(3), since=draw(st.sampled_from(["entry", "step"]))),
            Digest(heard, window=hours(5), at_most=draw(st.integers(1, 3))),
            Send("hello", via=["email"]),
        ]
        journeys.append(
            Journey(
                name,
                entry=On(Bought, key=draw(carts.filter(lambda key: key is not None))),
                reentry=draw(rules),
                goal=Goal(
                    On(
                        Bought,
                        where=Bought.amount > draw(st.sampled_from([-1, 0, 5])),
                        key=draw(carts),
                    ),
                    within=days(9),
                ),
                max_open=draw(st.sampled_from([1, 3])),
                steps=draw(st.permutations(steps)),
            )
        )
    return Workspace(journeys=journeys, profile=Person, timezone="Europe/Berlin", policy=policy)


@RULES
@given(workspace=keyed(), history=histories([Bought]).filter(bool))
def test_runs_of_many_keys_are_the_same_everywhere(
    workspace: Workspace, history: list[Happened]
) -> None:  # E1, O4
    same_everywhere(workspace, history)


PASSING = ("start", "branch", "split", "experiment", "set", "increment", "append", "emit", "consent", "exit", "goto", "completed", "exited")  # fmt: skip


def every_step(workspace: Workspace) -> list[Step]:
    return [step for journey in workspace.journeys for _, step in steps_of(journey)]


@RULES
@given(workspace=drawn())
def test_every_definition_survives_its_data_form(workspace: Workspace) -> None:
    for journey in workspace.journeys:
        again = Journey.from_json(journey.to_json())
        assert again == journey
        assert again.canonical() == journey.canonical()
        assert list(again.graph.states) == list(journey.graph.states)


def test_the_strategies_draw_every_kind_of_step() -> None:
    seen: set[str] = set()

    @settings(RULES, max_examples=150, derandomize=True, database=None)
    @given(journeys(EVENTS, Person, others=["other"], functions=GIVES))
    def look(journey: Journey) -> None:
        seen.update(step.kind for _, step in steps_of(journey))

    look()
    kinds = {tag for tag, cls in Step.__kinds__.items() if cls.__module__.startswith("journeykit")}
    assert kinds - seen == {"part"}  # which is told by the steps within it


def test_a_loop_that_only_a_time_out_closes_lets_time_pass() -> None:  # E5
    bought = count(Bought, within=days(30)) >= 1
    again = [Send("reminder", via=["email"]), Goto("waiting")]
    journey = Journey(
        "j",
        entry=On(Joined),
        steps=[WaitFor(bought, timeout=days(3), on_timeout=again, label="waiting")],
    )
    policy = Policy(consent={"email": "opt-out"})
    app = Workspace(journeys=[journey], events=EVENTS, timezone="UTC", policy=policy)
    sim = Simulation(app, at="2026-03-02 12:00")
    ann = sim.customer("ann")
    ann.track(Joined())
    sim.advance(days(10))
    assert ann.received == ["reminder"] * 3
    ann.track(Bought())
    assert ann.reasons("end") == ["completed"]
