"""What does a pause hold, and what becomes of work that comes too late? (rule V2)

Keeps true:
    * a message of a paused journey does not leave, whatever else the gate says;
    * what no gate lets pass ever, and what is no longer valid, is dropped also in a pause;
    * work is late only by the time since it could have been done.
"""

from __future__ import annotations

from journeykit.kernel import errands
from journeykit.kernel.facts import Facts
from journeykit.kernel.moving import end_run
from journeykit.kernel.refusal import refusal
from journeykit.kernel.state import CustomerState, Enrollment, Message
from journeykit.kernel.turn import Turn
from journeykit.kernel.verdict import Verdict
from journeykit.machine import OverduePlan, Rules
from journeykit.time import DAY, Zone, shift

_LOOK = 30 * DAY
"""How long a message that a channel may have taken is held before it is looked at again."""


def detained(rules: Rules, message: Message, facts: Facts) -> Verdict | None:
    """Return the verdict that a pause holds the message, or None where there is none."""
    if message.journey not in rules.paused or refusal(message, facts) is not None:
        return None
    until = message.expires
    if until is None and message.unsure:
        until = facts.now + _LOOK
    return Verdict("hold", "paused", until)


def is_set_free(rules: Rules, state: CustomerState) -> bool:
    """Tell whether a pause held a message, or a call, of a journey that does not pause any more."""
    return any(
        message.reason == "paused" and message.journey not in rules.paused
        for message in state.messages.values()
    ) or any(errands.is_set_free(rules, errand) for errand in state.errands.values())


def note_late_run(turn: Turn, run: Enrollment) -> bool:
    """Note that the timer of a run, which fires now, was due long ago; tell whether it ends it."""
    plan = turn.rules.overdue.get((run.journey, run.version))
    assert run.due is not None
    if plan is None or not is_late(plan, run.due, turn.now, turn.zone):
        return False
    if plan.then == "exit":
        end_run(turn, run, "exited", "overdue")
        return True
    turn.late[run.id] = run.due
    return False


def note_late(turn: Turn, message: Message) -> None:
    """Note that a message, which is to be judged, could have left long ago, if so."""
    plan = turn.rules.overdue.get((message.journey, _version(turn.state, message)))
    if plan is not None and message.journey not in turn.rules.paused:
        due = could_leave(message)
        if due is not None and is_late(plan, due, turn.now, turn.zone):
            turn.late[message.id] = due


def late_at_hand_over(rules: Rules, message: Message, facts: Facts) -> bool:
    """Tell whether a released message is too late to be handed over."""
    plan = rules.overdue.get((message.journey, _version(facts.state, message)))
    due = message.until
    return plan is not None and due is not None and is_late(plan, due, facts.now, facts.zone)


def could_leave(message: Message) -> int | None:
    """Return since when a message could have left, had somebody looked; None if it could not."""
    return message.paused if message.reason == "paused" else message.until


def is_late(plan: OverduePlan, due: int, now: int, zone: Zone) -> bool:
    """Tell whether what was due at `due` is later than the journey allows."""
    return due < now and shift(due, plan.after, zone) < now


def _version(state: CustomerState, message: Message) -> int:
    return state.enrollments[message.enrollment].version
