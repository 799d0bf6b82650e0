"""What holds for whatever is told through the inbox? It ends as if it had been told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.test_generated_journeys import (
    EVENTS,
    RULES,
    WORKED_OFF,
    ZONES,
    Told,
    begin,
    drawn,
    functions,
    sqlite,
    told,
)

from journeykit import MemoryStore, Orchestrator, Workspace
from journeykit.runtime.calls import Call, Flow
from journeykit.runtime.draining import drain
from journeykit.runtime.hands import Hands
from journeykit.runtime.working import work
from journeykit.simulation import ScriptedChannel, VirtualClock
from journeykit.testing.strategies import Happened, histories
from journeykit.time import to_micros


def worker(workspace: Workspace, store: Any, clock: VirtualClock) -> Orchestrator:
    kit = Orchestrator(
        workspace,
        store=store,
        channels={name: ScriptedChannel(name) for name in workspace.policy.channels},
        functions=functions(),
        clock=clock,
    )
    kit._ports.hands = Hands()  # as if it were a process of its own
    return kit


def play(
    workspace: Workspace,
    history: Sequence[Happened],
    store: Any,
    tell: Callable[[list[Orchestrator], Sequence[tuple[str, Happened]]], None],
) -> Told:
    """Play a history with two workers; `tell` has what happens at one instant."""
    clock = VirtualClock(to_micros(history[0].at))
    kits = [worker(workspace, store, clock) for _ in range(2)]

    def wait(until: int, *, inputs: bool = True) -> None:
        while (due := store.next_due()) is not None and (
            due < until or (due == until and not inputs)
        ):
            clock.micros = max(clock.micros, due)
            kits[0].tick()
        clock.micros = until

    begin(kits[0])
    numbered = [(f"e{number}", one) for number, one in enumerate(history)]
    for at, group in groupby(numbered, key=lambda pair: pair[1].at):
        wait(to_micros(at))
        tell(kits, list(group))
    wait(clock.micros + WORKED_OFF // timedelta(microseconds=1), inputs=False)
    kits[0].tick()
    assert store.depth(1) == 0
    return told(kits[0], store)


def at_once(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
    for id, one in group:
        kits[0].track(one.customer, one.event, id=id)


@settings(RULES, max_examples=12)
@given(workspace=drawn(), history=histories(EVENTS).filter(bool))
def test_what_is_drained_at_once_is_as_if_told_at_once(
    workspace: Workspace, history: list[Happened]
) -> None:  # O4, F3
    def by_inbox(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
        for id, one in group:
            kits[0].inbox.track(one.customer, one.event, id=id)
            kits[0].drive(drain(kits[0].rules, [one.customer]))

    expected = play(workspace, history, MemoryStore(), at_once)
    assert play(workspace, history, MemoryStore(), by_inbox) == expected
    with sqlite() as store:
        assert play(workspace, history, store, by_inbox) == expected


@settings(RULES, max_examples=20)
@given(
    workspace=drawn(),
    history=histories(EVENTS).filter(bool),
    turns=st.lists(st.integers(0, 2), max_size=60),
    ways=st.lists(st.sampled_from(["inbox", "at once", "repeat"]), min_size=1, max_size=6),
)
def test_workers_may_come_in_any_order(
    workspace: Workspace, history: list[Happened], turns: list[int], ways: list[str]
) -> None:  # O1, O4, O8
    """Between any two calls of the store that one makes, the other may make some of its own."""
    order, way = _cycle(turns or [0]), _cycle(ways)

    def in_any_order(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
        for id, one in group:
            how = next(way)
            teller = kits[next(order) % 2]
            if how == "at once":
                teller.track(one.customer, one.event, id=id)
            for _ in range(2 if how == "repeat" else how == "inbox"):
                teller.inbox.track(one.customer, one.event, id=id)
        running = [_steps(kit, drain(kit.rules, list(ZONES))) for kit in kits]
        while running:
            flow = running[next(order) % len(running)]
            if next(flow, "over") == "over":
                running.remove(flow)
        for _ in range(next(order)):
            kits[next(order) % 2].drive(drain(kits[0].rules, list(ZONES)))
        while any(kit.drive(_undecided(kit)) for kit in kits):
            pass

    expected = play(workspace, history, MemoryStore(), at_once)
    assert play(workspace, history, MemoryStore(), in_any_order) == expected


def _undecided(kit: Orchestrator) -> Flow[bool]:
    """Drain until nothing is left; what is due at this instant is for `wait`."""
    done = yield from drain(kit.rules, list(ZONES))
    return bool(done.advanced or done.left)


def _steps(kit: Orchestrator, flow: Flow[Any]) -> Iterator[str]:
    """Make one call of a flow after the other, with a pause behind each."""
    answer: Any = None
    while True:
        try:
            call: Call[Any] = flow.send(answer)
        except StopIteration:
            return
        answer = kit._ports.perform(call)
        yield "made a call"


def _cycle(values: Sequence[Any]) -> Iterator[Any]:
    while True:
        yield from values


@settings(RULES, max_examples=12)
@given(
    workspace=drawn(),
    history=histories(EVENTS).filter(bool),
    order=st.lists(st.integers(0, 1), min_size=1, max_size=40),
)
def test_two_workers_that_take_turns_do_what_one_does(
    workspace: Workspace, history: list[Happened], order: list[int]
) -> None:  # O1, O3, O4
    """All of an instant lies in the inbox; then both look for work, call by call."""
    turns = _cycle(order)

    def told_by_inbox(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
        for id, one in group:
            kits[0].inbox.track(one.customer, one.event, id=id)

    def by_one(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
        told_by_inbox(kits, group)
        kits[0].tick()

    def by_two(kits: list[Orchestrator], group: Sequence[tuple[str, Happened]]) -> None:
        told_by_inbox(kits, group)
        limits = (1000, 1)  # so that they meet in other places each time
        running = [
            _steps(kit, work(kit.rules, kit._ports.now(), limit))
            for kit, limit in zip(kits, limits, strict=True)
        ]
        while running:
            flow = running[next(turns) % len(running)]
            if next(flow, "over") == "over":
                running.remove(flow)
        kits[next(turns)].tick()
        kits[next(turns)].tick()

    expected = play(workspace, history, MemoryStore(), by_one)
    assert play(workspace, history, MemoryStore(), by_two) == expected
