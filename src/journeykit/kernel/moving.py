"""Where does a run stand next? From outcome to outcome, until a step waits or the run ends.

Keeps true:
    * every move is one the table has; nothing else changes the step of a run;
    * a run that takes more steps in one instant than the workspace allows fails, alone (E5);
      so does one that is to wait beyond the year 9999, or to live in a zone that there is not.
"""

from __future__ import annotations

from typing import Any

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.choosing import choose
from journeykit.kernel.consenting import say
from journeykit.kernel.errands import recall, request_call, request_turn
from journeykit.kernel.fold_runs import move_run
from journeykit.kernel.keys import derived_id, fraction
from journeykit.kernel.state import Enrollment
from journeykit.kernel.timing import moment_of, reached_at, span_ends, stamp_instant
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, SendPlan
from journeykit.time import is_country, is_region, is_zone, shift


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
            passed = run.due if run.due is not None else reached_at(turn, run)
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
        taken = turn.taken[run.id] = turn.taken.get(run.id, 0) + 1
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
_TELLING = ("set", "send", "call")  # after these, other conditions may hold than before (E2)


def wait_at(turn: Turn, run: Enrollment, step: CompiledStep) -> tuple[int | None, str | None]:
    """Return until when `run` waits at `step`, or the outcome by which it need not wait.

    Neither for a step that does not wait for time.
    """
    kind = step.kind
    if kind == "wait_for":
        if step.id in run.latched:
            return None, "event"
        return span_ends(turn, step, reached_at(turn, run)), None
    if kind == "wait":
        start = reached_at(turn, run)
        due = span_ends(turn, step, start)
        return (due, None) if due > start else (None, "done")
    if kind == "wait_until":
        return _until(turn, run, step)
    return _ON


def _until(turn: Turn, run: Enrollment, step: CompiledStep) -> tuple[int | None, str | None]:
    """Return when a `WaitUntil` ends, or the outcome by which it is left at once (T9)."""
    start = reached_at(turn, run)
    moment = moment_of(turn, run, step, start)
    if moment is not None and moment > start:
        return moment, None
    if moment == start:
        return None, "done"
    choice = step.plan.if_past
    return None, "done" if choice == "continue" else choice


def _act(turn: Turn, run: Enrollment, step: CompiledStep, why: str) -> str | None:
    """Do what a step does that takes no time; return the outcome, or None where it waits."""
    match step.kind:
        case "send":
            ask(turn, run, step)
            return None
        case "branch" | "split":
            return way_at(turn, run, step)
        case "set":
            return _assign(turn, run, step)
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


def way_at(turn: Turn, run: Enrollment, step: CompiledStep) -> str:
    """Return the way that `run` takes at a `Branch` or a `Split`."""
    if step.kind == "branch":
        reading = turn.read_run(run)
        for guard, outcome in step.plan:
            if guard(reading):
                return str(outcome)
        return "otherwise"
    drawn = fraction(turn.rules.seed, "split", run.journey, step.id, turn.state.id)
    return next(str(outcome) for end, outcome in step.plan if drawn < end)


def _assign(turn: Turn, run: Enrollment, step: CompiledStep) -> str | None:
    """Set an attribute; a run that would set a place that there is not fails, alone (T7)."""
    field, given = step.plan
    value = given(turn.read_run(run))
    wrong = "" if value is None else _objection_to_place(turn, field, value)
    if wrong:
        end_run(turn, run, "failed", wrong)
        return None
    attributes = {field: value}
    zone, addresses, zones = turn.learn(attributes)
    turn.emit(j.Assigned(turn.stamp, run.id, attributes, zone, addresses, zones))
    if turn.zone_changed():
        reckon_anew(turn)
    return "done"


def _objection_to_place(turn: Turn, field: str, value: Any) -> str:
    """Return the reason why no profile holds this zone, country or region; "" if one may."""
    if field in turn.rules.zone_fields:
        return "" if is_zone(value) else "unknown_zone"
    if field not in ("country", "region"):
        return ""
    code = value.strip().upper()
    known = not code or (is_country(code) if field == "country" else is_region(code))
    return "" if known else "unknown_country"


def reckon_anew(turn: Turn) -> None:
    """After a change of zone: waits for local moments look again (T8)."""
    for run in tuple(turn.state.enrollments.values()):
        step = turn.table(run).steps[run.step]
        if step.kind == "wait_until" and run.due is not None and step.plan.is_local:
            due = _anew(turn, run, step)
            if due != run.due:
                turn.emit(j.Rescheduled(turn.stamp, run.id, due))
                turn.soonest = min(turn.soonest, due)


def _anew(turn: Turn, run: Enrollment, step: CompiledStep) -> int:
    """Return when a wait for a local moment ends in the present zone, never in the past."""
    start = reached_at(turn, run)
    moment = moment_of(turn, run, step, start)
    return start if moment is None or moment < start else moment


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
    message = run.message
    if message is not None:
        turn.emit(j.Withdrawn(turn.stamp, message, reason or status))
        forget_message(turn, message)
    if turn.state.errands:
        recall(turn, run, reason or status)
    turn.emit(j.Ended(turn.stamp, run.id, status, reason))


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
