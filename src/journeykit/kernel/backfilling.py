"""Which customers of the past belong into a journey? One customer, asked once or again (O5).

Nothing here enters anybody twice: what happened before the last entry, or while a run was
open beside which there is no other, has had its run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from journeykit.kernel import journal as j
from journeykit.kernel.entering import Trigger, enter, refuse, start_alone
from journeykit.kernel.news import EntryDue
from journeykit.kernel.signals import BackfillAsked, EventArrived
from journeykit.kernel.state import Membership, history_key
from journeykit.kernel.turn import Turn
from journeykit.kernel.watching import correct
from journeykit.machine import Listener, SegmentRule, StartRule, Table
from journeykit.time import shift


def backfill(turn: Turn, asked: BackfillAsked) -> None:
    """Let one customer into a journey that was published after what would have started it."""
    for counted in asked.counts:
        turn.emit(j.Counted(turn.stamp, *counted))
    if asked.counts:  # the segments stood as they stand now; it was not known
        correct(turn, asked.received)
    if asked.guard is not None and not asked.guard(turn.read_nobody({})):
        return
    turn.emit(j.Commanded(turn.stamp, "backfill", asked.journey, None, asked.since))
    table = turn.rules.current[asked.journey]
    for name, listener in table.entries.items():
        for key, event in _latest(turn, name, listener, asked):
            _enter_by_event(turn, table, key, event, asked)
    for (segment, inside), starts in turn.rules.watch.at_segments.items():
        standing = turn.state.segments.get(segment)
        for start in starts:
            if start.journey == asked.journey and standing and standing.inside is inside:
                rule = turn.rules.watch.segments[segment]
                _enter_by_segment(turn, table, rule, standing, start, asked)


# ---- by an event


def _latest(
    turn: Turn, name: str, listener: Listener, asked: BackfillAsked
) -> Iterator[tuple[str | None, EventArrived]]:
    """Yield by key the latest event that starts a run; where none does, a refusal is journaled."""
    oldest = asked.received - turn.rules.remember
    found: dict[str | None, EventArrived] = {}
    refused: dict[str | None, None] = {}
    table = turn.rules.current[asked.journey]
    for event in sorted(asked.past, key=lambda event: event.occurred, reverse=True):
        if event.name != name or event.occurred < oldest:
            continue
        turn.event = event.data
        turn.read_nobody(event.data)
        key = None if listener.key is None else listener.key(turn)
        if key in found or (listener.key is not None and key is None):
            continue
        if listener.guard is None or listener.guard(turn):
            found[key] = event
        else:
            refused[key] = None
    for key in refused:
        if key not in found:
            refuse(turn, table, key, "condition_false", name)
    yield from found.items()


def _enter_by_event(
    turn: Turn, table: Table, key: str | None, event: EventArrived, asked: BackfillAsked
) -> None:
    trigger = (event.name, event.id, asked.received, event.occurred, event.data)
    if _had_its_run(turn, table, key, event.occurred, asked):
        refuse(turn, table, key, "entered_since", event.name)
    elif _is_over(turn, table, key, trigger, asked.past):
        refuse(turn, table, key, "exit_already_happened", event.name)
    else:
        at = event.occurred if asked.since == "qualified" else asked.received
        enter(turn, table, key, (event.name, event.id, asked.received, at, event.data))


def _had_its_run(
    turn: Turn, table: Table, key: str | None, at: int | None, asked: BackfillAsked
) -> bool:
    """Tell whether the customer entered since, or was inside, so that this has had its run."""
    history = turn.state.history.get(history_key(table.journey, key))
    if history is None:
        return False
    if at is None or history.entered >= at:
        return True
    ended = asked.ended.get(key)
    return ended is not None and at < ended and table.reentry not in ("always", "restart")


def _is_over(
    turn: Turn, table: Table, key: str | None, trigger: Trigger, past: Sequence[EventArrived]
) -> bool:
    """Tell whether an exit or a goal happened since (O5): it was not remembered, as of late."""
    name, cause, _, since, _ = trigger
    ends: list[tuple[Listener, int | None]] = [(one, None) for one in table.exit_listeners]
    for goal in table.goals:
        if goal.leads_away:
            end = None if goal.within is None else shift(since, goal.within, turn.zone)
            ends.append((goal.listener, end))
    behind = name == ""
    for event in past:
        if event.id == cause and event.name == name and event.occurred == since:
            behind = True  # of what happened at its very instant, only what came after it
            continue
        if event.occurred < since or (event.occurred == since and (not behind or not name)):
            continue
        for listener, end in ends:
            if listener.event != event.name or (end is not None and event.occurred >= end):
                continue
            turn.event = event.data
            turn.read_nobody(trigger[4])
            concerned = listener.key is None or listener.key(turn) == key
            if concerned and (listener.guard is None or listener.guard(turn)):
                return True
    return False


# ---- by a segment


def _enter_by_segment(
    turn: Turn,
    table: Table,
    rule: SegmentRule,
    standing: Membership,
    start: StartRule,
    asked: BackfillAsked,
) -> None:
    """Let in who is inside: since when, or from now on."""
    since = standing.since
    if since is None:
        since = _since(turn, rule, inside=standing.inside, now=asked.received)
    if since is None and not standing.inside:
        return  # nobody knows of ever having been inside
    if _had_its_run(turn, table, None, since, asked):
        refuse(turn, table, None, "entered_since", "", {"by": start.by})
        return
    at = asked.received if since is None else since
    if _is_over(turn, table, None, ("", "", asked.received, at, {}), asked.past):
        refuse(turn, table, None, "exit_already_happened", "", {"by": start.by})
        return
    if asked.since == "now":
        at = asked.received
    start_alone(turn, EntryDue(start.journey, start.id, f"{start.id} {at}", at, {}))


def _since(turn: Turn, rule: SegmentRule, *, inside: bool, now: int) -> int | None:
    """Return when time alone made it so, if it did; None where that is not known."""
    timed = rule.enters if inside else rule.leaves
    if timed is None:
        return None
    before, turn.now = turn.now, now
    try:
        return timed.held_since(turn.read_nobody({}))
    finally:
        turn.now = before
