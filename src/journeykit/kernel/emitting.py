"""How does a step report an event? As the host would, checked by the event's class."""

from __future__ import annotations

from journeykit.errors import InputError
from journeykit.kernel.keys import derived_id
from journeykit.kernel.news import Emitted
from journeykit.kernel.signals import EventArrived
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, EmitPlan
from journeykit.model import validate_event, wire


def emit_event(turn: Turn, run: Enrollment, step: CompiledStep) -> bool:
    """Let the event of an `Emit` step be applied when what is at hand is done.

    Returns:
        Whether its class took it. Not either where there is no such class any more.
    """
    plan: EmitPlan = step.plan
    cls = turn.rules.event_classes.get(plan.event)
    if cls is None:
        return False
    try:
        data = wire(validate_event(cls, plan.fields.read(turn.read_run(run))))
    except InputError:
        return False
    at = turn.stamp
    id = derived_id(turn.rules.seed, "event", run.id, step.id, str(turn.seq))
    event = EventArrived(at, plan.event, data, at, id, run.id)
    turn.following.append(Emitted(event, turn.taken.get(run.id, 0)))
    return True
