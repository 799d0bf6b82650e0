"""What did conditions read at an earlier instant? Known from a state of then."""

from __future__ import annotations

from typing import Any

from journeykit.kernel.state import CustomerState, Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import Reading, Rules


def reading_at(
    rules: Rules,
    state: CustomerState,
    profile: dict[str, Any],
    now: int,
    *,
    event: dict[str, Any] | None = None,
    run: Enrollment | None = None,
) -> Reading:
    """Return what conditions read of a customer, an event and a run.

    Args:
        profile: What had been told by then.
        event: The fields of the event at hand; without a run, it is the trigger too.
        run: The run that is asked about.
    """
    turn = Turn(rules, state, profile, now)
    if event is not None:
        turn.event = event
    if run is not None:
        turn.read_run(run)
    elif event is not None:
        turn.read_nobody(event)
    return turn
