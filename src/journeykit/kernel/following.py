"""What follows from what steps did? Emitted events and started runs, one after another (O6).

Keeps true:
    * it is applied after the input or timer that led to it, in the order in which it came up;
    * a circle of runs that emit or start without end in one instant ends with failed runs (E5).
"""

from __future__ import annotations

from typing import assert_never

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.arriving import hear, take
from journeykit.kernel.asking import ask_waits
from journeykit.kernel.entering import enter, refuse, start_alone
from journeykit.kernel.jumping import jump
from journeykit.kernel.moving import leave, leave_by_condition
from journeykit.kernel.news import (
    CaughtUp,
    Emitted,
    EntryDue,
    EntrySettled,
    News,
    RunOver,
    StartAsked,
)
from journeykit.kernel.starting import starter_of
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.kernel.watching import look
from journeykit.machine import StartPlan, known_fields


def follow_up(turn: Turn) -> None:
    """Apply everything that waits in `turn.following`, and what follows from that."""
    if turn.stirred:
        look(turn, turn.now)
    queue, done = turn.following, 0
    most = len(queue) * turn.rules.max_steps
    while done < len(queue):
        news = queue[done]
        taken = news.taken if isinstance(news, Emitted | StartAsked) else 0
        # Runs that start now have taken so many steps already. Beyond `most` they may take
        # none but waits: not only chains end, but also what branches out.
        turn.taken_before = taken if done < most else turn.rules.max_steps
        done += 1
        _apply(turn, news)
        if turn.rules.asks_waits:
            ask_waits(turn)
        if turn.stirred:
            look(turn, turn.now)
    queue.clear()
    turn.taken_before = 0


def _apply(turn: Turn, news: News) -> None:
    match news:
        case Emitted():
            take(turn, news.event)
        case StartAsked():
            _start(turn, news)
        case EntrySettled():
            _settle(turn, news.child)
        case CaughtUp():
            _catch_up(turn, news)
        case EntryDue():
            start_alone(turn, news)
            leave_by_condition(turn)
        case RunOver():
            run = turn.state.enrollments.get(news.parent)
            if run is not None and run.child == news.child:
                _return(turn, run, news.status)
        case _:
            assert_never(news)


def _start(turn: Turn, asked: StartAsked) -> None:
    table, at = turn.rules.current.get(asked.journey), turn.stamp
    if table is None:
        detail = {"journey": asked.journey}
        turn.emit(j.Refused(at, asked.journey, asked.key, "unknown_journey", detail))
    elif table.keyed and asked.key is None:
        refuse(turn, table, None, "key_missing", "")
    else:
        try:
            known = known_fields(turn.rules, asked.journey, asked.data)
        except InputError as error:
            refuse(turn, table, asked.key, "invalid_data", "", {"field": error.place or ""})
        else:
            data = {**asked.data, **known}
            enter(turn, table, asked.key, ("", asked.cause, at, at, data))
    _settle(turn, asked.child)
    leave_by_condition(turn)


def _catch_up(turn: Turn, news: CaughtUp) -> None:
    """Let one run hear what came before it could begin, as `arriving` does."""
    event, run = news.event, turn.state.enrollments.get(news.enrollment)
    if run is None:
        return
    table = turn.table(run)
    here = table.steps[run.step]
    hearing = table.hearing(here, event.name)
    if hearing is None:
        return
    turn.event = event.data
    outcome = hear(turn, run, here, hearing, event)
    if turn.jumps:
        jump(turn)
    elif outcome:
        leave(turn, run, outcome, here)
    leave_by_condition(turn)


def _settle(turn: Turn, child: str) -> None:
    """Tell the run that asked for `child` whether it was started."""
    run = starter_of(turn, child)
    waiting = turn.state.errands.values()
    if run is None or any(one.kind == "entry" and one.enrollment == child for one in waiting):
        return  # where it waits for a slot, `EntrySettled` comes
    if any(isinstance(entry, j.Entered) and entry.enrollment == child for entry in turn.entries):
        plan = _plan_at(turn, run)
        if plan is not None and plan.waits:
            turn.emit(j.Returned(turn.stamp, run.id, "started", over=False))
        else:
            _return(turn, run, "started")
    else:
        _return(turn, run, "refused")


def _return(turn: Turn, run: Enrollment, status: str) -> None:
    """Tell a run what came of the one it asked for, and let it go on."""
    if _plan_at(turn, run) is None:  # it went on without: by a time-out, or to a goal
        return
    turn.emit(j.Returned(turn.stamp, run.id, status, over=True))
    leave(turn, run, "done")
    leave_by_condition(turn)


def _plan_at(turn: Turn, run: Enrollment) -> StartPlan | None:
    step = turn.table(run).steps[run.step]
    plan: StartPlan | None = step.plan if step.kind == "start_journey" else None
    return plan
