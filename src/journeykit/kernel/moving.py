"""Where does a run stand next? From outcome to outcome, until a step waits or the run ends.

Keeps true:
    * every move is one the table has; nothing else changes the step of a run;
    * a run that takes more steps in one instant than the workspace allows fails, alone (E5);
      so does one that is to wait beyond the year 9999, or to live in a zone that there is not.
"""

from __future__ import annotations

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.awaiting import come
from journeykit.kernel.changing import CHANGING, objection_to_value
from journeykit.kernel.choosing import choose
from journeykit.kernel.consenting import say
from journeykit.kernel.digesting import digest_ends
from journeykit.kernel.emitting import emit_event
from journeykit.kernel.errands import recall, request_call, request_turn
from journeykit.kernel.fold_runs import move_run
from journeykit.kernel.keys import derived_id
from journeykit.kernel.news import RunOver
from journeykit.kernel.starting import ask_to_start
from journeykit.kernel.state import Enrollment
from journeykit.kernel.timing import (
    business_end,
    local_end,
    moment_of,
    reached_at,
    span_ends,
    stamp_instant,
    wait_ends,
    window_opens,
)
from journeykit.kernel.turn import Turn
from journeykit.kernel.ways import passed_by, way_at
from journeykit.machine import CompiledStep, SendPlan, is_local
from journeykit.time import shift
from journeykit.time.instants import within_years


def leave(
    turn: Turn, run: Enrollment, outcome: str, step: CompiledStep | None = None, *, why: str = ""
) -> None:
    """Leave the present step of `run` by `outcome`, and go on until it waits or ends.

    Args:
        step: The present step, where the caller has it at hand.
        why: The reason given if the way leads out of the journey.
    """
    if step is None:
        step = turn.table(run).steps[run.step]
    while True:
        if step.kind in _TELLING and turn.rules.leaves_by_condition:
            leave_by_condition(turn)
            if run.id not in turn.state.enrollments:
                return
        target = step.moves[outcome]
        passed = None
        if step.keeps_passed:
            passed = passed_by(turn, run, step, outcome)
        due: int | None
        left_by: str | None = None
        elapsed = target.elapsed
        if elapsed is not None and not run.latched:  # the commonest wait, at once
            at, now = run.at, turn.now
            due = (now if now > at else at) + elapsed
        else:
            try:
                due, left_by = wait_at(turn, run, target)
            except InputError:
                end_run(turn, run, "failed", "beyond_calendar")
                return
        entry = j.Moved(turn.stamp, run.id, outcome, target.id, due, passed)
        turn.entries.append(entry)  # what turn.emit does, with the run at hand
        move_run(run, entry)
        if due is not None:
            if due < turn.soonest:
                turn.soonest = due
            return
        taken = turn.taken[run.id] = turn.taken.get(run.id, turn.taken_before) + 1
        if taken > turn.rules.max_steps:
            end_run(turn, run, "failed", "too_many_steps")
            return
        if left_by is None:
            left_by = _act(turn, run, target, why)
            if left_by is None:
                return
        elif left_by == "exit":
            why = "past"
        step, outcome = target, left_by


_ON: tuple[None, None] = (None, None)
_TELLING = CHANGING | {
    "send",
    "call",
    "start_journey",
}  # after these, other conditions may hold than before (E2)


def wait_at(turn: Turn, run: Enrollment, step: CompiledStep) -> tuple[int | None, str | None]:
    """Return until when `run` waits at `step`, or the outcome by which it need not wait.

    Neither for a step that does not wait for time.
    """
    kind = step.kind
    if kind == "wait_for":
        outcome: str | None = "event" if step.id in run.latched else None
        if step.awaiting is not None:
            outcome = come(turn, run, step, is_new=run.step == step.id)
        if outcome is not None:
            return None, outcome
        return span_ends(turn, step, reached_at(turn, run)), None
    if kind == "wait_until":
        return _until(turn, run, step)
    if kind not in _SPANNING:
        return _ON
    start = reached_at(turn, run)
    if kind == "wait":
        due = wait_ends(turn, run, step, start)
    elif kind == "digest":
        due = digest_ends(turn, run, step, start)
    elif kind == "wait_business_days":
        due = business_end(turn, step, start)
    else:
        due = window_opens(turn, step, start)
    return (within_years(due), None) if due > start else (None, "done")


_SPANNING = frozenset(("wait", "digest", "wait_business_days", "wait_for_window"))


def _until(turn: Turn, run: Enrollment, step: CompiledStep) -> tuple[int | None, str | None]:
    """Return when a `WaitUntil` ends, or the outcome by which it is left at once (T9)."""
    start = reached_at(turn, run)
    moment = moment_of(turn, run, step, start)
    if moment is not None and moment > start:
        return within_years(moment), None
    if moment == start:
        return None, "done"
    choice = step.plan.if_past
    return None, "done" if choice == "continue" else choice


def _act(turn: Turn, run: Enrollment, step: CompiledStep, why: str) -> str | None:
    """Do what a step does that takes no time; return the outcome, or None where it waits."""
    match step.kind:
        case "send":
            if run.spared and step.id in run.spared:
                turn.emit(j.Spared(turn.stamp, run.id, step.id))
                return "done"
            ask(turn, run, step)
            return None
        case "branch" | "split" | "experiment" | "goto":
            return way_at(turn, run, step)
        case "set" | "increment" | "append":
            return _assign(turn, run, step)
        case "emit":
            if emit_event(turn, run, step):
                return "done"
            end_run(turn, run, "failed", "invalid_event")
        case "start_journey":
            try:
                ask_to_start(turn, run, step)
            except InputError:
                end_run(turn, run, "failed", "beyond_calendar")
        case "consent":
            granted, channels, topic, lasts = step.plan
            source = f"journey {run.journey}"
            for channel in channels:
                say(turn, channel, topic, granted, source, lasts)
            return "done"
        case "call":
            request_call(turn, run, step)
            return None
        case "rate_limit":
            request_turn(turn, run)
            return None
        case "exit":
            end_run(turn, run, "exited", step.plan)
        case "completed":
            end_run(turn, run, "completed", "")
        case _:
            end_run(turn, run, "exited", why)
    return None


def _assign(turn: Turn, run: Enrollment, step: CompiledStep) -> str | None:
    """Change an attribute; a run that would set a place that there is not fails, alone (T7)."""
    field, given = step.plan
    value = given(turn.read_run(run))
    wrong = objection_to_value(turn, field, value)
    if wrong:
        end_run(turn, run, "failed", wrong)
        return None
    attributes = {field: value}
    zone, addresses, zones = turn.learn(attributes)
    turn.emit(j.Assigned(turn.stamp, run.id, attributes, zone, addresses, zones))
    if turn.zone_changed():
        reckon_anew(turn)
    return "done"


def reckon_anew(turn: Turn) -> None:
    """After a change of zone: waits for local moments look again (T8)."""
    for run in tuple(turn.state.enrollments.values()):
        step = turn.table(run).steps[run.step]
        if run.due is not None and is_local(step):
            try:
                due = within_years(local_end(turn, run, step))
            except InputError:
                end_run(turn, run, "failed", "beyond_calendar")
                continue
            if due != run.due:
                turn.emit(j.Rescheduled(turn.stamp, run.id, due))
                turn.soonest = min(turn.soonest, due)


def ask(turn: Turn, run: Enrollment, step: CompiledStep) -> None:
    """Ask for the message of a `Send` step; it is judged when all inputs are applied."""
    plan: SendPlan = step.plan
    message = derived_id(turn.rules.seed, "message", run.id, step.id, str(run.asked))
    expires = expiry_of(turn, run, plan)
    via = choose(turn, run, plan, message, expires)
    channel = (via or plan.via)[0]
    turn.emit(
        j.Decided(
            turn.stamp,
            message,
            run.id,
            plan.template,
            channel,
            plan.topic,
            plan.priority,
            plan.transactional,
            expires,
            plan.tags,
            *turn.zone_for(channel),
            legal_basis=plan.legal_basis,
            via=via,
        )
    )
    turn.asked.append(message)


def expiry_of(turn: Turn, run: Enrollment, plan: SendPlan) -> int | None:
    """Return when a message that is decided now may not leave any more, or None (G4)."""
    if plan.valid_for is not None:
        return shift(turn.now, plan.valid_for, turn.zone)
    if plan.valid_until is not None:
        stamp = plan.valid_until(turn.read_run(run))
        return None if stamp is None else stamp_instant(stamp, turn.zone)
    return None


def end_run(turn: Turn, run: Enrollment, status: str, reason: str) -> None:
    """End an enrollment; what it had not handed over yet is withdrawn (E2, O3)."""
    withdraw(turn, run, reason or status)
    turn.emit(j.Ended(turn.stamp, run.id, status, reason))
    if run.parent is not None:
        turn.following.append(RunOver(run.parent, run.id, status))


def withdraw(turn: Turn, run: Enrollment, reason: str) -> None:
    """Take back what a run waits for at its step: it leaves by another way, or ends."""
    message = run.message
    if message is not None:
        turn.emit(j.Withdrawn(turn.stamp, message, reason))
        forget_message(turn, message)
    if turn.state.errands:
        recall(turn, run, reason)


def leave_by_condition(turn: Turn) -> None:
    """End the runs whose exit condition holds now."""
    if not turn.rules.leaves_by_condition:
        return
    for run in tuple(turn.state.enrollments.values()):
        conditions = turn.table(run).exit_conditions
        if conditions:
            reading = turn.read_run(run)
            if any(guard(reading) for guard in conditions):
                end_run(turn, run, "exited", "exit_condition")


def forget_message(turn: Turn, message: str) -> None:
    """Take a message out of the outbox, and out of those that want to go."""
    turn.put.pop(message, None)
    turn.drop.add(message)
    turn.look_again = turn.look_again or "slots"
    if message in turn.asked:
        turn.asked.remove(message)
