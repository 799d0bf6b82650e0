"""How is a journey a state machine? It is handed to `transitions`, which checks and owns it.

The machine is built once per journey version, never per customer. The kernel runs on a flat
table that is read off it (`machine.table`); hosts may use the machine like any other.
"""

from __future__ import annotations

from typing import Any

from transitions import Machine

from journeykit.model import START, Graph, Journey


def build_machine(graph: Graph, *, model: Any = None) -> Machine:
    """Return the `transitions` machine of a journey's graph.

    Args:
        graph: What `Journey.graph` gives.
        model: An object to be moved, as `transitions` does it; none by default, because
            the machine keeps a reference to each of its models.
    """
    return Machine(
        model=model,
        states=list(graph.states),
        initial=START,
        transitions=[
            {"trigger": outcome, "source": state.id, "dest": target}
            for state in graph.states.values()
            for outcome, target in state.outcomes.items()
        ],
        auto_transitions=False,
        queued=False,
    )


def journey_machine(journey: Journey, *, model: Any = None) -> Machine:
    """Return an ordinary `transitions.Machine` of `journey`, for hosts that want one."""
    return build_machine(journey.graph, model=model)


def moves_of(machine: Machine) -> dict[str, dict[str, str]]:
    """Read off where each outcome leads: state id to outcome to state id."""
    moves: dict[str, dict[str, str]] = {name: {} for name in machine.states}
    for outcome, event in machine.events.items():
        for source, transitions in event.transitions.items():
            (transition,) = transitions
            assert transition.dest is not None  # no outcome stays where it is
            moves[source][outcome] = transition.dest
    return moves
