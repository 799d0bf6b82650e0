"""What follows when an errand was carried out? A function answered, a turn came, a slot is free."""

from __future__ import annotations

from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.answering import backoff
from journeykit.kernel.entering import enter, may_enter, refuse
from journeykit.kernel.errands import CALL, RATE, forget_errand, keep, park
from journeykit.kernel.moving import leave
from journeykit.kernel.news import CaughtUp, EntrySettled
from journeykit.kernel.signals import ErrandAnswered, EventArrived
from journeykit.kernel.state import CustomerState, Errand
from journeykit.kernel.turn import Turn
from journeykit.machine import CallPlan, Rules


def errand_answered(turn: Turn, signal: ErrandAnswered) -> None:
    """Apply what came back from outside."""
    errand = turn.state.errands.get(signal.errand)
    if errand is None:
        turn.drop.add(signal.errand)
        if signal.kind == "call":
            _settle(turn, signal, signal.answer, late=True)
    elif errand.kind == "call":
        _called(turn, errand, signal)
    elif errand.kind == "rate":
        _turn_came(turn, errand, signal)
    else:
        _slot(turn, errand, signal)


def _settle(turn: Turn, signal: ErrandAnswered, answer: str, *, late: bool = False) -> None:
    result, data = (signal.result, signal.data) if answer == "done" else (None, None)
    about = (signal.errand, signal.kind, signal.what, answer, result, data, signal.detail)
    turn.emit(j.Settled(turn.stamp, *about, late))
    forget_errand(turn, signal.errand)


def _called(turn: Turn, errand: Errand, signal: ErrandAnswered) -> None:
    run = turn.state.enrollments[errand.enrollment]
    step = turn.table(run).steps[run.step]
    plan: CallPlan = step.plan
    if signal.answer == "done":
        _settle(turn, signal, "done")
        leave(turn, run, "done", step)
        return
    if errand.parked is not None:  # somebody was slower than the last attempt
        return
    if signal.answer == "later":
        keep(turn, errand)
        return
    attempts = errand.attempts + 1
    if attempts >= plan.max_attempts and plan.park_on_failure:
        park(turn, errand, signal.detail)
        return
    if attempts >= plan.max_attempts:
        _settle(turn, signal, "failed")
        exits = plan.exit_on_failure
        leave(turn, run, "exit" if exits else "failed", step, why="call_failed" if exits else "")
        return
    after = signal.after
    if after is None:
        after = backoff(turn.rules.seed, errand.id, attempts)
    _postpone(turn, errand, signal.received + after, CALL, "call_failed", signal.detail)


def _turn_came(turn: Turn, errand: Errand, signal: ErrandAnswered) -> None:
    if signal.answer == "later" and signal.after is not None:
        until = signal.received + signal.after
        _postpone(turn, errand, until, RATE, "rate_limit", signal.detail)
        return
    run = turn.state.enrollments[errand.enrollment]
    _settle(turn, signal, "done")
    leave(turn, run, "done")


def _postpone(
    turn: Turn, errand: Errand, until: int, channel: str, reason: str, detail: str
) -> None:
    turn.emit(j.Postponed(turn.stamp, errand.id, until, reason, detail))
    turn.put[errand.id] = (channel, until)


def _slot(turn: Turn, errand: Errand, signal: ErrandAnswered) -> None:
    """Let a trigger enter that has its slot, if it still may; else say why not (E4)."""
    _settle(turn, signal, signal.answer)
    turn.following.append(EntrySettled(errand.enrollment))
    trigger = _trigger(errand)
    table = turn.rules.current.get(errand.journey)
    if table is None:
        detail = {"event": errand.event} if errand.event else {}
        gone = j.Refused(turn.stamp, errand.journey, errand.key, "unknown_journey", detail)
        turn.emit(gone)
        return
    if signal.answer != "refused":
        if errand.late is not None:
            turn.late[errand.enrollment] = errand.late
        enter(turn, table, errand.key, trigger, admitted=signal.answer == "done")
        _tell_what_came(turn, errand)
    else:
        refuse(turn, table, errand.key, "entry_cap", errand.event, {"rule": signal.detail})


def _tell_what_came(turn: Turn, errand: Errand) -> None:
    """Let a run hear what came since its trigger, behind its entry."""
    for one in errand.heard:
        event = EventArrived(one.received, one.event, one.data, one.occurred, one.id)
        if errand.id in turn.state.errands:  # its trigger asks for a slot again
            about = (one.event, one.id, one.received, one.occurred, one.data)
            turn.emit(j.Overheard(turn.stamp, errand.id, *about))
        else:
            turn.following.append(CaughtUp(errand.enrollment, event))


def _trigger(errand: Errand) -> tuple[str, str, int, int, dict[str, Any]]:
    return errand.event, errand.cause, errand.received, errand.occurred, errand.data


def is_still_wanted(
    rules: Rules, state: CustomerState, errand: Errand, now: int, profile: dict[str, Any] | None
) -> bool:
    """Tell whether a trigger that waits for a slot could enter now; else none is taken for it."""
    table = rules.current.get(errand.journey)
    if table is None:
        return False
    return may_enter(Turn(rules, state, profile, now), table, errand.key, _trigger(errand))
