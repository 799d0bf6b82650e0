"""What happens next? `advance` answers: inputs in, new state and journal out.

Same arguments, same answer, on every machine and every day: nothing here reads a clock,
rolls a die, remembers or waits.

Keeps true:
    * inputs that waited go before every timer; of those received now, timers due earlier go
      first, timers due now go last (O2, O3);
    * no message is released before all inputs and timers are applied;
    * nobody is decided on of whom some run is on a version that is not known here: it would not
      hear what concerns it;
    * the entries of the decision, folded over the old state, give the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from journeykit.kernel import journal as j
from journeykit.kernel.arriving import take
from journeykit.kernel.asking import ask_waits
from journeykit.kernel.errands import let_go
from journeykit.kernel.following import follow_up
from journeykit.kernel.forgetting import forget
from journeykit.kernel.leaving import foresee
from journeykit.kernel.migrating import migrate
from journeykit.kernel.moving import leave, leave_by_condition
from journeykit.kernel.news import EntryDue
from journeykit.kernel.pausing import is_set_free, note_late_run
from journeykit.kernel.sending import ask_again, settle
from journeykit.kernel.signals import Signal
from journeykit.kernel.starting import TIMING_OUT
from journeykit.kernel.state import (
    NEVER,
    CustomerState,
    Enrollment,
    Membership,
    Message,
    Timer,
    soonest,
)
from journeykit.kernel.turn import Turn
from journeykit.kernel.watching import fire, look, look_due
from journeykit.machine import Rules
from journeykit.model import MOST_KEPT

Thing = Enrollment | Message | Membership | Timer
_FIRST, _LAST = -1, 3  # of what is due at one instant: segments end runs before anything goes on
_RUN, _LISTENING_RUN, _MESSAGE = 0, 1, 2  # what comes at the very time-out still counts (O2)
_LISTENING = TIMING_OUT | {"digest"}
_NOTHING = -NEVER  # the limit up to which nothing is due


class Decision(Struct):
    """All that follows from one call of `advance`.

    Attributes:
        state: The very object that was handed in, changed.
        entries: What to append to the journal; empty when nothing happened.
        put: Outbox rows to write: message id to (channel, due instant).
        drop: Message ids that leave the outbox.
        profile: The whole new profile, or None when it did not change.
        next_due: When time alone changes something again, or None.
    """

    state: CustomerState
    entries: list[j.Entry]
    put: dict[str, tuple[str, int]]
    drop: set[str]
    profile: dict[str, Any] | None
    next_due: int | None


def advance(
    rules: Rules,
    state: CustomerState,
    signals: Sequence[Signal],
    now: int,
    *,
    profile: dict[str, Any] | None = None,
    fire_now: bool = True,
    waited: bool = False,
    more: bool = False,
) -> Decision:
    """Apply `signals` and everything that is due at `now`; release what may go.

    Args:
        state: Freshly decoded; it is changed in place and belongs to the decision.
        signals: In the order of their receipt; none later than `now`.
        now: Micros.
        profile: The customer's attributes in wire form; may be None when no compiled
            journey reads them and no signal changes them.
        fire_now: Whether timers due at exactly `now` fire. The runtime says no where it
            brings inputs: more may come at this instant, and inputs go first (O2).
        waited: Whether all signals arrived while nothing ran; those received before now did
            in any case.
        more: Whether more that arrived is to come with the next call: no timer fires before it.

    Raises:
        VersionError: A run is on a version that these rules do not have.
    """
    for run in state.enrollments.values():
        if (run.journey, run.version) not in rules.tables:
            rules.table(run.journey, run.version)  # which says so
    turn = Turn(rules, state, profile, now)
    moved = bool(rules.migrations) and migrate(turn)
    if state.messages and not turn.look_again and is_set_free(rules, state):
        turn.look_again = "slots"
    if state.errands:
        let_go(turn)
    if turn.stirred and state.seq:  # what the workspace has watched only since: as it stands now
        look(turn, signals[0].received if signals else now)
    if moved:
        ask_waits(turn)
        if turn.following:
            follow_up(turn)
    late = 0
    for signal in signals:
        if signal.received >= now and not waited:
            break
        take(turn, signal)
        if turn.following or turn.stirred:
            follow_up(turn)
        late += 1
    limit = now if fire_now else now - 1
    if more:
        limit = _NOTHING
    elif turn.soonest < now:
        _fire(turn, now - 1)
    for signal in signals[late:] if late else signals:
        take(turn, signal)
        if turn.following or turn.stirred:
            follow_up(turn)
    if turn.soonest <= limit:
        _fire(turn, limit)
    while turn.asked or turn.look_again:
        settle(turn)
        leave_by_condition(turn)
        if rules.asks_waits:
            ask_waits(turn)
        if turn.following or turn.stirred:
            follow_up(turn)
        turn.soonest = soonest(state)
        _fire(turn, limit)
    by_time = rules.leaves_by_time
    if by_time:
        foresee(turn)
    entries = turn.entries
    if entries:
        if state.ledger or state.marks or state.tallies or len(state.history) > MOST_KEPT:
            forget(turn)
        turn.close()
    due = turn.soonest
    if len(entries) == 1 and type(entries[0]) is j.Received:
        pass  # an event that only was told changes no timer
    elif state.enrollments or turn.watches:
        due = soonest(state) if by_time else soonest(state, due, leaves=False)
    else:
        due = NEVER
    return Decision(
        state,
        entries,
        turn.put,
        turn.drop,
        turn.told if turn.profile_changed else None,
        None if due == NEVER else due,
    )


def _fire(turn: Turn, limit: int) -> None:
    """Fire what is due at or before `limit`: the earliest first, ties in a total order."""
    while turn.soonest <= limit:
        leave_by_condition(turn)
        ask_waits(turn)
        if turn.following or turn.stirred:
            follow_up(turn)
        due = _due(turn, limit)
        if not due:
            turn.soonest = soonest(turn.state)
            return
        starts: list[EntryDue] = []  # by segments, when all else that is due then is done
        before = due[0][0]
        for at, rank, _, name, thing in due:
            if starts and (at > before or rank == _LAST):
                turn.following += starts
                starts = []
                follow_up(turn)
            before = at
            if isinstance(thing, Enrollment):
                _timer(turn, thing, limit)
                leave_by_condition(turn)
                ask_waits(turn)
                if turn.following or turn.stirred:
                    follow_up(turn)
            elif isinstance(thing, Membership):
                starts += look_due(turn, name, at)
            elif isinstance(thing, Timer):
                turn.following += fire(turn, name, at)
                follow_up(turn)
            elif turn.state.messages.get(thing.id) is thing and thing.id not in turn.asked:
                ask_again(turn, thing)
        if starts:
            turn.following += starts
            follow_up(turn)


def _due(turn: Turn, limit: int) -> list[tuple[int, int, str, str, Thing]]:
    state = turn.state
    found: list[tuple[int, int, str, str, Thing]] = [
        (run.due, _rank(turn, run), run.journey, run.id, run)
        for run in state.enrollments.values()
        if run.due is not None and run.due <= limit
    ]
    for message in state.messages.values():
        until = message.until
        is_due = message.status == "held" and until is not None and until <= limit
        if is_due and message.id not in turn.asked:
            assert until is not None
            found.append((until, _MESSAGE, message.journey, message.id, message))
    if turn.watches:
        for name, membership in state.segments.items():
            if membership.look is not None and membership.look <= limit:
                found.append((membership.look, _FIRST, "", name, membership))
        for name, timer in state.armed.items():
            if timer.due is not None and timer.due <= limit:
                found.append((timer.due, _LAST, "", name, timer))
    if len(found) > 1:
        found.sort(key=lambda row: row[:4])
    return found


def _rank(turn: Turn, run: Enrollment) -> int:
    """Let runs that others may still tell something, by `Emit` or by their end, go on later."""
    kind = turn.table(run).steps[run.step].kind
    return _LISTENING_RUN if kind in _LISTENING else _RUN


def _timer(turn: Turn, run: Enrollment, limit: int) -> None:
    if turn.state.enrollments.get(run.id) is not run or run.due is None or run.due > limit:
        return
    if turn.rules.overdue and note_late_run(turn, run):
        return
    step = turn.table(run).steps[run.step]
    leave(turn, run, "timeout" if step.kind in TIMING_OUT else "done", step)
