"""Where do people go on who reach a goal with `goto`? Where it leads, from anywhere (E3)."""

from __future__ import annotations

from journeykit.kernel.moving import leave, withdraw
from journeykit.kernel.turn import Turn


def jump(turn: Turn) -> None:
    """Let the runs jump that reached such a goal by the input at hand; `turn.jumps` is empty then.

    What a run held is withdrawn; the first of several goals counts.
    """
    jumps, turn.jumps = turn.jumps, {}
    for run_id, goal in jumps.items():
        run = turn.state.enrollments.get(run_id)
        if run is not None:
            withdraw(turn, run, goal.title)
            leave(turn, run, goal.jump)
