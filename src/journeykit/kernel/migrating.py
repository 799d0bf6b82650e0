"""How does a run of an older version come to the present one? (rule V1)

Before anything else happens to its customer, so that whatever follows finds it there.

Keeps true:
    * a run keeps its timer, its trigger, its results and its message, whose key stays;
    * a run without a counterpart stays where it is;
    * nothing that was accepted is asked for again, unless the old version would have done so;
    * a message that may be on its way is waited for before its run begins anew.
"""

from __future__ import annotations

from contextlib import suppress

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.awaiting import come
from journeykit.kernel.digesting import count
from journeykit.kernel.errands import recall
from journeykit.kernel.moving import end_run, forget_message, leave, leave_by_condition
from journeykit.kernel.state import CustomerState, Enrollment, Message, soonest
from journeykit.kernel.turn import Turn
from journeykit.machine import START, CompiledStep, MigrationPlan, Rules, StartPlan
from journeykit.model import EXIT, RESTART
from journeykit.time import shift


def migrate(turn: Turn) -> bool:
    """Move the runs of a customer that are on an older version and may leave it; tell whether."""
    moved = False
    for run in tuple(turn.state.enrollments.values()):
        moved = migrate_run(turn, run) or moved
    if moved:
        leave_by_condition(turn)
        turn.soonest = soonest(turn.state)
    return moved


def migrate_run(turn: Turn, run: Enrollment) -> bool:
    """Move one run if it can move now; tell whether it did."""
    plan = turn.rules.migrations.get((run.journey, run.version))
    if plan is None:
        return False
    target = plan.target(run.step)
    message = None if run.message is None else turn.state.messages[run.message]
    if target is None or (target == RESTART and message is not None and _may_be_gone(message)):
        return False
    if target == EXIT:
        end_run(turn, run, "exited", "migrated")
        return True
    if isinstance(target, CompiledStep) and plan.keeps(run.step, target):
        _stand(turn, run, plan, target)
        return True
    if message is not None:
        turn.emit(j.Withdrawn(turn.stamp, message.id, "migrated"))
        forget_message(turn, message.id)
    if turn.state.errands:
        recall(turn, run, "migrated")
    turn.emit(_migrated(turn, run, plan, START))
    if isinstance(target, CompiledStep):
        leave(turn, run, "moved", _before(target))
    else:
        leave(turn, run, "enter", plan.table.start)
    return True


def go_on(turn: Turn, run: Enrollment, outcome: str, *, why: str = "") -> None:
    """Leave a `Send` whose message is closed; a run that waited for that to move does so."""
    if not (turn.rules.migrations and migrate_run(turn, run)):
        leave(turn, run, outcome, why=why)


def movable(rules: Rules, state: CustomerState) -> bool:
    """Tell whether some run of a customer is on a version that it may leave."""
    return any((run.journey, run.version) in rules.migrations for run in state.enrollments.values())


def _stand(turn: Turn, run: Enrollment, plan: MigrationPlan, target: CompiledStep) -> None:
    """Let a run wait on at `target` for what it has been waiting for."""
    entry = _migrated(turn, run, plan, target.id)
    if target.kind == "start_journey":
        _set_timer(turn, run, target, entry)
    turn.emit(entry)
    outcome = _outcome_at(turn, run, target)
    if outcome is not None:
        leave(turn, run, outcome, target)


def _outcome_at(turn: Turn, run: Enrollment, step: CompiledStep) -> str | None:
    """Return the outcome by which a run need not wait at `step` any more, or None."""
    match step.kind:
        case "wait_for" if step.awaiting is not None:
            return come(turn, run, step)
        case "wait_for":
            return "event" if step.id in run.latched else None
        case "digest":
            return "done" if count(run, step) >= step.plan.at_most else None
        case "start_journey" if not step.plan.waits and run.results.get(step.id) == "started":
            turn.emit(j.Returned(turn.stamp, run.id, "started", over=True))
            return "done"
    return None


def _set_timer(turn: Turn, run: Enrollment, step: CompiledStep, entry: j.Migrated) -> None:
    """Let a run wait for another one as long as the new version says, if the old one did not."""
    plan: StartPlan = step.plan
    if plan.timeout is None:
        entry.untimed = run.due is not None
    elif run.due is None:
        with suppress(InputError):  # beyond the calendar: it waits as long as it did before
            entry.due = shift(run.at, plan.timeout, turn.zone)


def _migrated(turn: Turn, run: Enrollment, plan: MigrationPlan, step: str) -> j.Migrated:
    message = None if run.message is None else turn.state.messages[run.message]
    via: tuple[str, ...] = ()
    if message is not None and not message.via:
        via = turn.table(run).steps[run.step].plan.via
    spared = {*plan.spared(run.step, run.results, run.passed), *map(plan.name, run.spared)}
    if message is not None and step not in (START, run.step):  # it goes on as another's
        spared.add(run.step)
    kept = (*run.results, *run.passed, *run.sent, *run.receipts, *run.collected)
    return j.Migrated(
        turn.stamp,
        run.id,
        run.step,
        plan.table.version,
        step,
        {one: plan.renamed[one] for one in dict.fromkeys(kept) if one in plan.renamed},
        plan.latched(run.latched),
        plan.goals(run.met),
        sorted(spared.intersection(plan.table.steps)),
        via,
        sorted(plan.emptied.intersection(run.collected)),
    )


def _before(target: CompiledStep) -> CompiledStep:
    """Return a place from which one comes to `target` and nowhere else."""
    place = CompiledStep(START, "start", "")
    place.moves = {"moved": target}
    return place


def _may_be_gone(message: Message) -> bool:
    """Tell whether a channel may have been handed the message, or may be any moment."""
    return message.unsure or message.status == "released"
