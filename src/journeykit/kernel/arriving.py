"""What does an input do? The profile first, then goals, exits, waits and entries (rule O6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from journeykit.kernel import journal as j
from journeykit.kernel import signals as s
from journeykit.kernel.answering import answered
from journeykit.kernel.asking import ask_waits
from journeykit.kernel.awaiting import concerns, gather
from journeykit.kernel.backfilling import backfill
from journeykit.kernel.consenting import confirm, prefer, say
from journeykit.kernel.engaging import note_responses
from journeykit.kernel.entering import enter, mark_key, refuse, try_enter
from journeykit.kernel.errand_answers import errand_answered
from journeykit.kernel.errands import overhear, recall_entries, retry
from journeykit.kernel.jumping import jump
from journeykit.kernel.keys import plain_address
from journeykit.kernel.moving import end_run, leave, leave_by_condition, reckon_anew
from journeykit.kernel.receipts import told
from journeykit.kernel.sending import closed_at_hand_over, throttled
from journeykit.kernel.state import Enrollment, suppression_key
from journeykit.kernel.turn import Turn
from journeykit.kernel.unanswered import left_unknown, outcome_told, rests
from journeykit.kernel.watching import look
from journeykit.machine import PAST, CompiledStep, Getter, GoalRule, Hearing, Listener, amount_text
from journeykit.time import shift


def take(turn: Turn, signal: s.Signal) -> None:
    """Apply one signal."""
    match signal:
        case s.EventArrived():
            _event(turn, signal)
        case s.ChannelAnswered():
            answered(turn, signal)
        case s.GateClosed():
            closed_at_hand_over(turn, signal.message, withheld=signal.withheld)
        case s.Throttled():
            throttled(turn, signal)
        case s.ChannelRests():
            rests(turn, signal)
        case s.OutcomeUnknown():
            left_unknown(turn, signal)
        case s.OutcomeTold():
            outcome_told(turn, signal)
        case s.ErrandAnswered():
            errand_answered(turn, signal)
        case s.ProfileTold():
            _profile(turn, signal)
        case s.ConsentTold():
            word = (signal.channel, signal.topic, signal.granted, signal.source)
            say(turn, *word, signal.lasts, signal.received)
        case s.ConsentConfirmed():
            confirm(turn, signal.channel, signal.topic, signal.source)
        case s.PreferencesTold():
            prefer(turn, signal.choices, signal.source)
        case s.SuppressionTold():
            _suppression(turn, signal)
        case s.EnrollAsked():
            _enroll(turn, signal)
        case s.BackfillAsked():
            backfill(turn, signal)
        case s.CancelAsked():
            _cancel(turn, signal)
        case s.RetryAsked():
            retry(turn, signal)
        case s.ReceiptTold():
            told(turn, signal)
        case s.EventConflicted():
            turn.emit(j.Conflicted(turn.stamp, signal.name, signal.id))
        case _:
            assert_never(signal)
    if turn.rules.leaves_by_condition:
        leave_by_condition(turn)
    if turn.stirred:
        look(turn, signal.received)
    if turn.rules.asks_waits:
        ask_waits(turn)


def _profile(turn: Turn, signal: s.ProfileTold) -> None:
    begins = turn.seq == 0
    zone, addresses, zones = turn.learn(signal.attributes)
    if begins:  # what is told when a customer begins changes nothing
        turn.changes.clear()
    turn.emit(j.Profiled(turn.stamp, signal.attributes, zone, addresses, zones))
    if turn.zone_changed():
        reckon_anew(turn)


def _suppression(turn: Turn, signal: s.SuppressionTold) -> None:
    state = turn.state
    at = signal.address or state.addresses.get(signal.channel, state.id)
    if signal.suppressed:
        why, listed = signal.reason, signal.listed
        turn.emit(j.Suppressed(turn.stamp, signal.channel, at, why, listed))
    else:
        for address in _spellings(turn, signal.channel, at):
            turn.emit(j.Unsuppressed(turn.stamp, signal.channel, address))


def _spellings(turn: Turn, channel: str, address: str) -> list[str]:
    """Return an address as it was told, and as else it stands suppressed: the list lifts them all."""
    before = suppression_key(channel, "")
    kept = [key.removeprefix(before) for key in turn.state.suppressed if key.startswith(before)]
    plain = plain_address(address)
    return [address, *(one for one in kept if one != address and plain_address(one) == plain)]


def _enroll(turn: Turn, signal: s.EnrollAsked) -> None:
    turn.emit(j.Commanded(turn.stamp, "enroll", signal.journey, signal.key, ""))
    table = turn.rules.current[signal.journey]
    if table.keyed and signal.key is None:
        refuse(turn, table, None, "key_missing", "")
        return
    cause = signal.id or f"#{turn.seq}"
    received = signal.received
    enter(turn, table, signal.key, ("", cause, received, received, signal.data))


def _cancel(turn: Turn, signal: s.CancelAsked) -> None:
    turn.emit(j.Commanded(turn.stamp, "cancel", signal.journey, signal.key, signal.reason))
    for run in tuple(turn.state.enrollments.values()):
        if run.journey == signal.journey and signal.key in (None, run.key):
            end_run(turn, run, "cancelled", signal.reason)
    if turn.state.errands:
        recall_entries(turn, signal.journey, signal.key, signal.reason)


def _event(turn: Turn, event: s.EventArrived) -> None:
    if not event.id:  # without an id of the host's, each call is an event of its own (O8)
        event = replace(event, id=f"#{turn.seq + 1}")
    rules, state = turn.rules, turn.state
    name = event.name
    occurred = event.occurred
    received = j.Received(turn.stamp, name, event.id, occurred, event.data, event.by)
    turn.entries.append(received)  # which only tells
    if name in rules.streams:
        _count(turn, event)
    if rules.responses:
        note_responses(turn, event)
    turn.event = event.data
    going: list[tuple[Enrollment, CompiledStep, str]] = []
    keys = rules.hearers.get(name)
    for run in () if keys is None else _hearers(turn, keys):
        table = rules.tables[run.journey, run.version]
        here = table.steps[run.step]
        hearing = here.hears.get(name) or table.hearing(here, name)
        if hearing is None or occurred < run.entered:  # O5
            continue
        outcome = hear(turn, run, here, hearing, event)
        if outcome and run.id not in turn.jumps:
            going.append((run, here, outcome))
    if keys is not None and state.errands:
        overhear(turn, event)
    by_condition = rules.leaves_by_condition
    if by_condition:
        leave_by_condition(turn)
    if turn.stirred:
        look(turn, event.received)
    if turn.jumps:
        jump(turn)
    for run, here, outcome in going:  # O6: waits after all goals and exits
        if run.id in state.enrollments:
            leave(turn, run, outcome, here)
            if by_condition:
                leave_by_condition(turn)
    if rules.asks_waits:
        ask_waits(turn)
    entries = rules.entries.get(name)
    if entries is not None:
        trigger = (name, event.id, event.received, event.occurred, event.data)
        for table, listener in entries:
            try_enter(turn, table, listener, trigger)
    marks = rules.marks.get(name)
    if marks is not None:
        for listener in marks:
            _mark(turn, listener, event)


def _hearers(turn: Turn, keys: Sequence[Getter]) -> Sequence[Enrollment]:
    """Return the runs that may hear the event at hand; all of them where no key tells."""
    runs = turn.state.enrollments.values()
    if not keys:
        return tuple(runs)
    if len(keys) == 1:  # as good as always, and quicker
        about = keys[0](turn)
        return [run for run in runs if run.key == about]
    these = {key(turn) for key in keys}
    return [run for run in runs if run.key in these]


def _count(turn: Turn, event: s.EventArrived) -> None:
    """Add the event to what conditions ask about the past, before anything is decided."""
    turn.event = event.data
    for stream in turn.rules.streams[event.name]:
        if stream.guard is None or stream.guard(turn):
            amount = "" if stream.amount is None else amount_text(stream.amount(turn))
            windowed = stream.reach is not None
            turn.emit(j.Counted(turn.stamp, stream.id, event.occurred, amount, windowed))
    if turn.watches:
        turn.changes.append((PAST + event.name, None, None))
        turn.stirred = True


def hear(
    turn: Turn, run: Enrollment, here: CompiledStep, hearing: Hearing, event: s.EventArrived
) -> str:
    """Let one run, which stands at `here`, hear the event at hand: goals, exits, its waits.

    Returns:
        The outcome by which it leaves where it stands, the caller letting it leave; else "".
    """
    turn.trigger = run.data
    turn.results = run.results
    turn.answers = run.answers
    turn.run = run
    if hearing.ends and _ends(turn, run, hearing, event):
        return ""
    if hearing.gathers:
        return gather(turn, run, here, hearing, event)
    arrived = ""
    for listener in hearing.here:
        if here.since_entry or event.occurred >= run.at:
            key, guard = listener.key, listener.guard
            if (key is None or key(turn) == run.key) and (guard is None or guard(turn)):
                arrived = "event"
                break
    for step, listener in hearing.ahead:
        if step.id not in run.latched and concerns(turn, run, listener):
            turn.emit(j.Latched(turn.stamp, run.id, step.id))  # O7
    return arrived


def _ends(turn: Turn, run: Enrollment, hearing: Hearing, event: s.EventArrived) -> bool:
    """Count the goals that an event reaches; tell whether it ended the run."""
    for goal in hearing.goals:
        if _reaches(turn, run, goal, event):
            turn.emit(j.Met(turn.stamp, run.id, goal.number))
            if goal.jump:
                turn.jumps.setdefault(run.id, goal)
            if goal.ends_run:
                end_run(turn, run, "goal", goal.title)
                return True
    for listener in hearing.exits:
        if concerns(turn, run, listener):
            end_run(turn, run, "exited", event.name)
            return True
    return False


def _reaches(turn: Turn, run: Enrollment, goal: GoalRule, event: s.EventArrived) -> bool:
    """Rule E3: once per run, within its window, whose end is excluded."""
    if goal.number in run.met or not concerns(turn, run, goal.listener):
        return False
    return goal.within is None or event.occurred < shift(run.entered, goal.within, turn.zone)


def _mark(turn: Turn, listener: Listener, event: s.EventArrived) -> None:
    """Remember an exit or goal event, for a trigger that may arrive after it (O5)."""
    turn.event = event.data
    data = event.data if listener.asks_run else None
    if data is None and listener.guard is not None and not listener.guard(turn):
        return
    key = None if listener.key is None else listener.key(turn)
    if listener.key is None or key is not None:
        turn.emit(j.Marked(turn.stamp, mark_key(listener, key), event.occurred, data))
