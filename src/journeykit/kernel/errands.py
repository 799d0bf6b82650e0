"""What does a customer need from outside? Functions of the host, turns, and slots for entries.

An errand is kept in the state, with a row in the outbox on a channel of journeykit's own, so
that it is carried out like a hand-over: at least once, always under the same key. Its answer
comes back as a signal (`kernel.errand_answers`).

Keeps true:
    * an errand is asked for once, and is settled or recalled once;
    * nobody waits for an errand whose run has ended;
    * a run whose function failed for good, and that is parked, stands at its step until the host
      says that it may try again, or it leaves the step by another way (F2).
"""

from __future__ import annotations

from typing import Any, Final

from journeykit.kernel import journal as j
from journeykit.kernel.keys import derived_id
from journeykit.kernel.news import EntrySettled
from journeykit.kernel.signals import EventArrived, RetryAsked
from journeykit.kernel.state import NEVER, Enrollment, Errand
from journeykit.kernel.turn import Turn
from journeykit.machine import CallPlan, CompiledStep, Rules, Table

CALL: Final = "#call"
RATE: Final = "#rate"
ENTRY: Final = "#entry"
PARKED: Final = "#parked"  # never due: it only tells where parked runs are

# Event name ("" for a call), cause, received, occurred, data: as `kernel.entering` has it.
Trigger = tuple[str, str, int, int, dict[str, Any]]


def request_call(turn: Turn, run: Enrollment, step: CompiledStep) -> None:
    """Ask for a function of the host; `run` waits at `step` for the answer."""
    plan: CallPlan = step.plan
    arguments = plan.arguments(turn.read_run(run))
    _request(turn, run, "call", plan.function, arguments, CALL)


def request_turn(turn: Turn, run: Enrollment) -> None:
    """Ask for a turn at a `RateLimit`, where `run` waits."""
    _request(turn, run, "rate", "", {}, RATE)


def _request(
    turn: Turn, run: Enrollment, kind: str, what: str, data: dict[str, Any], channel: str
) -> None:
    errand = derived_id(turn.rules.seed, "errand", run.id, str(run.asked))
    turn.emit(j.Requested(turn.stamp, errand, kind, run.id, run.journey, what, data))
    turn.put[errand] = (channel, turn.now)


def request_entry(turn: Turn, table: Table, key: str | None, trigger: Trigger, run: str) -> bool:
    """Ask for a slot under the caps of a journey; the trigger waits for it.

    Returns:
        Whether it was asked for. Not where the very trigger waits already, or another one
        whose run would be the only one (E1).
    """
    event, cause, received, occurred, data = trigger
    errand = derived_id(turn.rules.seed, "entry", run)
    alone = table.reentry not in ("always", "restart")
    for other in turn.state.errands.values():
        if other.id == errand:
            return False
        if alone and other.kind == "entry" and (other.journey, other.key) == (table.journey, key):
            return False
    about = (event, key, cause, received, occurred, turn.late.get(run))
    turn.emit(j.Requested(turn.stamp, errand, "entry", run, table.journey, "", data, *about))
    turn.put[errand] = (ENTRY, turn.now)
    return True


def overhear(turn: Turn, event: EventArrived) -> None:
    """Keep an event for the runs whose triggers wait for a slot, where they will hear it (O7)."""
    for errand in turn.state.errands.values():
        if errand.kind == "entry" and event.occurred >= errand.occurred:
            table = turn.rules.current.get(errand.journey)
            if table is not None and event.name in table.hears:
                about = (event.name, event.id, event.received, event.occurred, event.data)
                turn.emit(j.Overheard(turn.stamp, errand.id, *about))


def park(turn: Turn, errand: Errand, error: str) -> None:
    """Let a run stand at its step: its function failed as often as it may (F2)."""
    turn.emit(j.Parked(turn.stamp, errand.id, errand.enrollment, errand.what, error))
    turn.put[errand.id] = (PARKED, NEVER)


def retry(turn: Turn, signal: RetryAsked) -> None:
    """Call anew the functions for which runs are parked: those of a journey, or of one run."""
    run = turn.state.enrollments.get(signal.enrollment)
    journey = signal.journey if run is None else run.journey
    key = None if run is None else run.key
    turn.emit(j.Commanded(turn.stamp, "retry", journey, key, ""))
    for errand in turn.state.errands.values():
        asked = errand.journey == journey if run is None else errand.enrollment == run.id
        if errand.parked is not None and asked:
            turn.emit(j.Retried(turn.stamp, errand.id, errand.enrollment))
            turn.put[errand.id] = (CALL, turn.now)


def keep(turn: Turn, errand: Errand) -> None:
    """Keep a call for as long as its journey pauses (V2)."""
    turn.emit(j.Postponed(turn.stamp, errand.id, NEVER, "paused", ""))
    forget_errand(turn, errand.id)


def is_set_free(rules: Rules, errand: Errand) -> bool:
    """Tell whether a pause that is over has kept an errand."""
    return errand.until == NEVER and errand.journey not in rules.paused


def let_go(turn: Turn) -> None:
    """Ask again for what pauses that are over have kept."""
    for errand in turn.state.errands.values():
        if is_set_free(turn.rules, errand):
            turn.emit(j.Postponed(turn.stamp, errand.id, turn.now, "resumed", ""))
            turn.put[errand.id] = (CALL, turn.now)


def recall(turn: Turn, run: Enrollment, reason: str) -> None:
    """Take back what `run` waits for: it ends, or leaves its step by another way."""
    for errand in tuple(turn.state.errands.values()):
        if errand.enrollment == run.id:
            _recall(turn, errand.id, reason)


def recall_entries(turn: Turn, journey: str, key: str | None, reason: str) -> None:
    """Take back the triggers of a journey that wait for a slot: all, or those of one key."""
    for errand in tuple(turn.state.errands.values()):
        if errand.kind == "entry" and errand.journey == journey and key in (None, errand.key):
            _recall(turn, errand.id, reason)


def _recall(turn: Turn, errand: str, reason: str) -> None:
    asked = turn.state.errands[errand]
    turn.emit(j.Recalled(turn.stamp, errand, reason))
    forget_errand(turn, errand)
    if asked.kind == "entry":
        turn.following.append(EntrySettled(asked.enrollment))


def forget_errand(turn: Turn, errand: str) -> None:
    """Take an errand out of the outbox."""
    turn.put.pop(errand, None)
    turn.drop.add(errand)
