"""Whenever a journal is cut, and wherever: nothing that happens afterwards differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.test_generated_journeys import (
    EVENTS,
    RULES,
    WORKED_OFF,
    ZONES,
    begin,
    drawn,
    functions,
    sqlite,
)

from journeykit import MemoryStore, Simulation, Workspace
from journeykit.kernel import decode_entries, encode_entries, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.runtime.pruning import Pruned, _prune_page
from journeykit.testing.strategies import Happened, histories


def played(
    workspace: Workspace, history: Sequence[Happened], cuts: Sequence[bool], store: Any
) -> Simulation:
    """Play a history, and cut all that was told so far behind the events that `cuts` says."""
    sim = Simulation(workspace, at=history[0].at, functions=functions(), store=store)
    begin(sim.runner)
    for number, one in enumerate(history):
        sim.advance_to(one.at)
        sim.track(one.customer, one.event, id=f"e{number}")
        if cuts and cuts[number % len(cuts)]:
            outcome = Pruned()
            sim.runner.drive(_prune_page(list(ZONES), sim.clock.micros + 1, outcome))
            assert outcome.failures == []
    sim.advance(WORKED_OFF)
    sim.settle()
    return sim


@settings(RULES, max_examples=6)
@given(
    workspace=drawn(),
    history=histories(EVENTS).filter(bool),
    cuts=st.lists(st.booleans(), min_size=1, max_size=4).filter(any),
)
def test_what_was_cut_changes_nothing_that_comes(
    workspace: Workspace, history: list[Happened], cuts: list[bool]
) -> None:
    """O4: the same documents, the same entries from there on, and the journal can be replayed."""
    whole = played(workspace, history, (), MemoryStore())
    with sqlite() as store:
        for each in (MemoryStore(), store):
            cut = played(workspace, history, cuts, each)
            for name in ZONES:
                body = each.load([name])[name].body
                assert body == whole.runner.store.load([name])[name].body
                entries = [e for r in each.journal(name) for e in decode_entries(r.entries)]
                assert encode_state(replay(name, entries)) == body
                first = entries[0]
                if isinstance(first, j.Pruned):
                    rest = whole.runner.journal(name)[first.entries :]
                    assert encode_entries(entries[1:]) == encode_entries(rest)
                assert str(cut.runner.explain(name)).splitlines()
                for journey in workspace.journeys:
                    assert str(cut.runner.why_not(name, journey.name))
                    cut.runner.counts(journey.name)
                cut.runner.messages(name)
