"""May this trigger start a run? Every no has a stable reason (rule E4).

They are listed in `kernel.reasons`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.digesting import collect_trigger
from journeykit.kernel.errands import request_entry
from journeykit.kernel.keys import enrollment_id, fraction
from journeykit.kernel.moving import end_run, leave
from journeykit.kernel.news import EntryDue
from journeykit.kernel.pausing import is_late
from journeykit.kernel.starting import starter_of
from journeykit.kernel.state import CustomerState, Enrollment, history_key
from journeykit.kernel.turn import Turn
from journeykit.machine import GoalRule, Listener, Rules, Table
from journeykit.time import Zone, shift

# Event name ("" for a call), cause, received, occurred, data.
Trigger = tuple[str, str, int, int, dict[str, Any]]


def try_enter(turn: Turn, table: Table, listener: Listener, trigger: Trigger) -> None:
    """Start a run of `table` for an event, or journal why not."""
    name, _, _, _, data = trigger
    turn.event = data
    turn.read_nobody(data)
    key = None
    if listener.key is not None:
        key = listener.key(turn)
        if key is None:
            refuse(turn, table, None, "key_missing", name)
            return
    if listener.guard is not None and not listener.guard(turn):
        refuse(turn, table, key, "condition_false", name)
        return
    enter(turn, table, key, trigger)


def enter(
    turn: Turn, table: Table, key: str | None, trigger: Trigger, *, admitted: bool = False
) -> None:
    """Start a run unless a rule of re-entry forbids it.

    Args:
        admitted: Whether it has its slot under the entry caps; else it asks for one first.
    """
    name, cause, _, occurred, data = trigger
    seed, customer = turn.rules.seed, turn.state.id
    when = str(occurred) if name else ""
    run_id = enrollment_id(seed, table.journey, customer, key, cause, when)
    if run_id in turn.state.enrollments:  # the very same cause, told again after a long time
        refuse(turn, table, key, "already_inside", name)
        return
    reason, restarted = _objection(turn, table, key, trigger)
    if reason is None and table.entry_caps and not admitted:
        if request_entry(turn, table, key, trigger, run_id):
            return
        reason = "already_inside"
    if reason is not None:
        refuse(turn, table, key, reason, name, _numbers(turn, table, key, reason))
        return
    reached = _reached_before(turn, table, key, trigger)
    for run in restarted:
        end_run(turn, run, "restarted", name)
    starter = None if name else starter_of(turn, run_id)
    parent = "" if starter is None else starter.id
    version = table.version
    turn.emit(
        j.Entered(turn.stamp, run_id, table.journey, version, name, occurred, key, data, parent)
    )
    run = turn.state.enrollments[run_id]
    if table.digests:
        collect_trigger(turn, run, table)
    for goal in reached:
        turn.emit(j.Met(turn.stamp, run_id, goal.number))
    leave(turn, run, reached[0].jump if reached else "enter")


def start_alone(turn: Turn, due: EntryDue) -> None:
    """Start a run for an entry without an event, or journal why not."""
    table, rule = turn.rules.current[due.journey], turn.rules.watch.starts[due.entry]
    turn.event = {}
    turn.read_nobody({})
    if rule.guard is not None and not rule.guard(turn):
        refuse(turn, table, None, "condition_false", "", {"by": rule.by})
        return
    late = turn.rules.overdue.get((due.journey, table.version)) if due.by_time else None
    if late is not None and is_late(late, due.at, turn.now, turn.zone):
        if late.then == "exit":
            refuse(turn, table, None, "overdue", "", {"by": rule.by, "due": due.at})
            return
        run_id = enrollment_id(turn.rules.seed, due.journey, turn.state.id, None, due.cause, "")
        turn.late[run_id] = due.at
    enter(turn, table, None, ("", due.cause, turn.now, due.at, due.data))


def may_enter(turn: Turn, table: Table, key: str | None, trigger: Trigger) -> bool:
    """Tell whether no rule of re-entry stands in the way."""
    return _objection(turn, table, key, trigger)[0] is None


def refuse(
    turn: Turn,
    table: Table,
    key: str | None,
    reason: str,
    event: str,
    numbers: dict[str, Any] | None = None,
) -> None:
    """Journal that a trigger did not start a run, with what was compared."""
    detail: dict[str, Any] = {"event": event} if event else {}
    detail.update(numbers or {})
    turn.emit(j.Refused(turn.stamp, table.journey, key, reason, detail))


def _objection(
    turn: Turn, table: Table, key: str | None, trigger: Trigger
) -> tuple[str | None, list[Enrollment]]:
    """Return why the trigger may not enter, and the runs that it would restart."""
    _, _, _, occurred, data = trigger
    journey = table.journey
    if journey in turn.rules.paused:
        return "paused", []
    reason = out_of_window(table, occurred)
    if reason is not None:
        return reason, []
    if table.holdout and is_held_out(turn.rules, table, turn.state.id):
        return "holdout", []
    runs = [run for run in turn.state.enrollments.values() if run.journey == journey]
    inside = [run for run in runs if run.key == key]
    reason = re_entry(table, turn.state, key, occurred, inside, turn.zone)
    if reason is not None:
        return reason, []
    if _already_over(turn, table, key, trigger):
        return "exit_already_happened", []
    turn.read_nobody(data)
    if any(guard(turn) for guard in table.exit_conditions):
        return "exit_condition_holds", []
    restarted = inside if table.reentry == "restart" else []
    if len(runs) - len(restarted) >= table.max_open:
        return "too_many_open", []
    return None, restarted


def _numbers(turn: Turn, table: Table, key: str | None, reason: str) -> dict[str, int]:
    """Return what was compared for a refusal, where that is a number."""
    if reason == "re_entry_too_soon" and table.after is not None:
        last = turn.state.history[history_key(table.journey, key)].entered
        return {"last": last, "opens": shift(last, table.after, turn.zone)}
    if reason in ("not_open_yet", "closed"):
        shown = table.opens if reason == "not_open_yet" else table.closes
        return {} if shown is None else {"opens" if reason == "not_open_yet" else "closed": shown}
    return {"limit": table.max_open} if reason == "too_many_open" else {}


def out_of_window(table: Table, occurred: int) -> str | None:
    """Return why a journey takes nobody whose trigger happened then, or None."""
    if table.opens is not None and occurred < table.opens:
        return "not_open_yet"
    return "closed" if table.closes is not None and occurred >= table.closes else None


def drawn_for_holdout(rules: Rules, journey: str, customer_id: str) -> float:
    """Return what is compared with the share that a journey keeps out, for one customer."""
    return fraction(rules.seed, "holdout", journey, customer_id)


def is_held_out(rules: Rules, table: Table, customer_id: str) -> bool:
    """Tell whether a customer is in the share that a journey keeps out."""
    return drawn_for_holdout(rules, table.journey, customer_id) < table.holdout


def re_entry(
    table: Table,
    state: CustomerState,
    key: str | None,
    occurred: int,
    inside: list[Enrollment],
    zone: Zone,
) -> str | None:
    """Return why a trigger that happened then may not enter beside or after others (rule E1)."""
    rule = table.reentry
    if rule == "always":
        return None
    if rule == "restart":
        stale = any(occurred < run.entered for run in inside)
        return "already_inside" if stale else None
    if inside:
        return "already_inside"
    past = state.history.get(history_key(table.journey, key))
    if past is None or rule == "after_exit":
        return None
    if rule == "once":
        return "already_entered"
    assert table.after is not None
    too_soon = occurred < shift(past.entered, table.after, zone)
    return "re_entry_too_soon" if too_soon else None


def _already_over(turn: Turn, table: Table, key: str | None, trigger: Trigger) -> bool:
    """Tell whether an exit or a goal of the run happened before its late trigger came (O5)."""
    occurred = trigger[3]
    for rule in table.segment_exits:
        standing = turn.state.segments.get(rule.segment)
        if standing is None or rule.guard is not None:
            continue
        ended = standing.since if standing.inside is rule.inside else standing.before
        if ended is not None and ended > occurred:
            return True
    if not turn.state.marks:
        return False
    if any(
        _happened(turn, listener, key, trigger, before=None) for listener in table.exit_listeners
    ):
        return True
    return any(goal.ends_run and _is_reached(turn, goal, key, trigger) for goal in table.goals)


def _reached_before(
    turn: Turn, table: Table, key: str | None, trigger: Trigger
) -> Sequence[GoalRule]:
    """Return the goals to which a run goes on at once: reached before its late trigger came."""
    if not turn.state.marks:
        return ()
    return [goal for goal in table.goals if goal.jump and _is_reached(turn, goal, key, trigger)]


def _is_reached(turn: Turn, goal: GoalRule, key: str | None, trigger: Trigger) -> bool:
    occurred, within = trigger[3], goal.within
    end = None if within is None else shift(occurred, within, turn.zone)
    return _happened(turn, goal.listener, key, trigger, before=end)


def _happened(
    turn: Turn, listener: Listener, key: str | None, trigger: Trigger, *, before: int | None
) -> bool:
    """Tell whether an event that `listener` hears would have ended the run of `trigger`.

    What happened at the very instant of the trigger counts if the trigger came late. If it
    did not, or if both are of one type, they are told apart by their order of receipt.
    """
    name, _, received, occurred, data = trigger
    together = occurred < received and listener.event != name
    since = occurred if together else occurred + 1
    for mark in turn.state.marks.get(mark_key(listener, key), ()):
        if mark.occurred < since or (before is not None and mark.occurred >= before):
            continue
        if mark.data is None:
            return True
        turn.event = mark.data
        turn.read_nobody(data)
        if listener.guard is not None and listener.guard(turn):
            return True
    return False


def mark_key(listener: Listener, key: str | None) -> str:
    """Return under which name events that `listener` hears are remembered."""
    if listener.key is None or key is None:
        return listener.mark
    return f"{listener.mark}/{key}"
