"""Who belongs to which segment, and what is due by the calendar? Looked at when that changes.

Nobody is ever searched for: what conditions and timers go by is looked at again when an input
or a step changes it, and at the instant at which time alone does.

Keeps true:
    * a change of a segment first ends the runs that it ends, then it starts those that it
      starts (O6);
    * what was to happen at an instant happens as of that instant, however late it is;
    * nothing is due twice: not after downtime, not when the clock goes back (O9), not after a
      move to another zone (T8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.moving import end_run
from journeykit.kernel.news import EntryDue
from journeykit.kernel.state import Membership, Timer
from journeykit.kernel.timing import anniversary_from, placed
from journeykit.kernel.turn import Turn
from journeykit.machine import ArmedRule, SegmentRule, StartRule
from journeykit.time import HOUR, Zone

Change = tuple[str, Any, Any]


def look(turn: Turn, at: int) -> None:
    """Look at everything again, as of `at`; what is to start waits in `turn.following`."""
    turn.stirred = False
    changes, turn.changes = turn.changes, []
    now, turn.now = turn.now, max(at, turn.state.clock)
    try:
        flipped = _segments(turn, changes)
        _rearm(turn, changes, [segment for segment, _, _ in flipped])
        at = turn.now
    finally:
        turn.now = now
    turn.following += _of_changes(turn, changes, at)
    for segment, inside, since in flipped:
        turn.following += _after_flip(turn, segment, inside, since)


def correct(turn: Turn, at: int) -> None:
    """Look at everything again after the past became known better: nobody entered or left."""
    turn.stirred = False
    state = turn.state
    now, turn.now = turn.now, max(at, state.clock)
    try:
        stood = {id: membership.inside for id, membership in state.segments.items()}
        for rule in turn.rules.watch.segments.values():
            inside = rule.guard(turn.read_nobody({}))
            known = state.segments.get(rule.id)
            since = known.since if known is not None and known.inside is inside else None
            _note(turn, rule, inside, since)
        moved = [id for id, one in state.segments.items() if stood.get(id) is not one.inside]
        _rearm(turn, (), moved)
    finally:
        turn.now = now


def look_due(turn: Turn, segment: str, due: int) -> Sequence[EntryDue]:
    """Look at one segment at the instant at which time alone changes it; return what starts."""
    known = turn.state.segments.get(segment)
    rule = turn.rules.watch.segments.get(segment)
    if known is None or rule is None or known.look != due:
        return ()
    now, turn.now = turn.now, due
    try:
        if _look_at(turn, rule) is None:
            return ()
        _rearm(turn, (), [segment])
    finally:
        turn.now = now
    starts = _after_flip(turn, segment, not known.inside, due)
    return [replace(one, by_time=True) for one in starts]


def fire(turn: Turn, entry: str, due: int) -> Sequence[EntryDue]:
    """Let an entry be due; return what starts, which is one run however many times were missed."""
    timer, rule = turn.state.armed.get(entry), turn.rules.watch.armed.get(entry)
    if timer is None or rule is None or timer.due != due:
        return ()
    zone = rule.zone or turn.zone
    now, turn.now = turn.now, max(turn.now, turn.state.clock)
    try:
        occurrence = _latest(turn, rule, due, zone)
        fired = Timer(None, zone.wall(occurrence))
        _arm(turn, rule, Timer(_next(turn, rule, fired, turn.now), fired.last))
    finally:
        turn.now = now
    return [replace(_due(rule, occurrence, str(occurrence)), by_time=True)]


# ---- segments


def _segments(turn: Turn, changes: Sequence[Change]) -> list[tuple[str, bool, int]]:
    """Ask the segments that read what has changed; return those entered, or left, and since when."""
    watch, state = turn.rules.watch, turn.state
    asked = {id for name, _, _ in changes for id in watch.readers.get(name, ())}
    if state.segments.keys() != watch.segments.keys():
        for gone in [id for id in state.segments if id not in watch.segments]:
            turn.emit(j.Segmented(turn.stamp, gone, None))
        asked |= watch.segments.keys() - state.segments.keys()
    flips = [(id, _look_at(turn, watch.segments[id])) for id in sorted(asked)]
    return [(id, state.segments[id].inside, at) for id, at in flips if at is not None]


def _look_at(turn: Turn, rule: SegmentRule) -> int | None:
    """Ask a segment as of `turn.now`; return when the customer entered or left it, if so."""
    known, at = turn.state.segments.get(rule.id), turn.now
    reading = turn.read_nobody({})
    inside = rule.guard(reading)
    is_new = known is None and turn.state.seq == 0  # a new customer was outside of everything
    flipped = (is_new and inside) if known is None else inside is not known.inside
    if flipped and known is not None:
        at = _by_time_alone(turn, rule, known, at)
    since = at if flipped or is_new else None if known is None else known.since
    _note(turn, rule, inside, since)
    return at if flipped else None


def _note(turn: Turn, rule: SegmentRule, inside: bool, since: int | None) -> None:
    """Keep how the customer stands to a segment as of `turn.now`, where that is news."""
    known = turn.state.segments.get(rule.id)
    look = rule.changes_at(turn.read_nobody({}), inside=inside)
    if known is None or (known.inside, known.since, known.look) != (inside, since, look):
        turn.emit(j.Segmented(turn.stamp, rule.id, inside, since, look))
    if look is not None and look < turn.soonest:
        turn.soonest = look


def _by_time_alone(turn: Turn, rule: SegmentRule, known: Membership, at: int) -> int:
    """Return since when it is so: time alone may have done it before, while nothing ran."""
    if known.look is None or known.look >= at:
        return at
    now, turn.now = turn.now, known.look
    try:
        return at if rule.guard(turn.read_nobody({})) is known.inside else known.look
    finally:
        turn.now = now


def _after_flip(turn: Turn, segment: str, inside: bool, at: int) -> list[EntryDue]:
    """End the runs that a change of a segment ends; return what it starts."""
    reason = "segment_entered" if inside else "segment_left"
    for run in tuple(turn.state.enrollments.values()):
        for rule in turn.table(run).segment_exits:
            if (
                (rule.segment, rule.inside) == (segment, inside)
                and run.entered <= at
                and (rule.guard is None or rule.guard(turn.read_run(run)))
            ):
                end_run(turn, run, "exited", reason)
                break
    starts = turn.rules.watch.at_segments.get((segment, inside), ())
    return [_due(start, at, f"{at} #{turn.seq}") for start in starts]


def _of_changes(turn: Turn, changes: Sequence[Change], at: int) -> list[EntryDue]:
    """Return what starts because attributes have changed."""
    watch = turn.rules.watch.changes
    found = []
    for number, (name, before, after) in enumerate(changes):
        for rule in watch.get(name, ()):
            if rule.concerns(before, after):
                cause = f"#{turn.seq}.{number}"
                found.append(_due(rule, at, cause, {"was": before, "becomes": after}))
    return found


def _due(rule: StartRule, at: int, cause: str, data: dict[str, Any] | None = None) -> EntryDue:
    return EntryDue(rule.journey, rule.id, f"{rule.id} {cause}", at, data or {})


# ---- the calendar


def _rearm(turn: Turn, changes: Sequence[Change], segments: Sequence[str]) -> None:
    """Set the timers again that go by what has changed, as of `turn.now`."""
    rules, state = turn.rules.watch.armed, turn.state
    for gone in [id for id in state.armed if id not in rules]:
        turn.emit(j.Armed(turn.stamp, gone, gone=True))
    changed = {name for name, _, _ in changes}
    for rule in rules.values():
        timer = state.armed.get(rule.id)
        moved = rule.zone is None and "" in changed
        if (
            timer is None
            or moved
            or rule.segment in segments
            or (rule.field and rule.field in changed)
        ):
            last = _last(turn, rule, timer, changed)
            due = _next(turn, rule, Timer(None, last), turn.now)
            overdue = timer is not None and timer.due is not None and timer.due <= turn.now
            if overdue and _still_counts(turn, rule, changed):
                assert timer is not None
                due = timer.due
            elif moved and due is None and timer is not None and timer.due is not None:
                due = turn.now if rule.field and rule.field not in changed else None  # T8
            _arm(turn, rule, Timer(due, last))


def _last(turn: Turn, rule: ArmedRule, timer: Timer | None, changed: set[str]) -> int | None:
    """Return what the clock showed when the entry was last due, as far as that still counts.

    Another date is another occasion, except at the very instant at which it was due.
    """
    if timer is None or timer.last is None:
        return None
    once = rule.moment is not None and rule.moment.anniversary is None
    shown = (rule.zone or turn.zone).wall(turn.now)
    return None if once and rule.field in changed and timer.last != shown else timer.last


def _still_counts(turn: Turn, rule: ArmedRule, changed: set[str]) -> bool:
    """Tell whether what was due while nothing ran, and has not fired, still is."""
    return _is_armed(turn, rule) and not (rule.field and rule.field in changed)


def _is_armed(turn: Turn, rule: ArmedRule) -> bool:
    membership = None if rule.segment is None else turn.state.segments.get(rule.segment)
    return rule.segment is None or (membership is not None and membership.inside)


def _arm(turn: Turn, rule: ArmedRule, timer: Timer) -> None:
    if turn.state.armed.get(rule.id) != timer:
        turn.emit(j.Armed(turn.stamp, rule.id, timer.due, timer.last))
    if timer.due is not None and timer.due < turn.soonest:
        turn.soonest = timer.due


def _next(turn: Turn, rule: ArmedRule, timer: Timer, at: int) -> int | None:
    """Return when an entry is due next: after `at`; or, of a date, at `at` too."""
    if not _is_armed(turn, rule):
        return None
    zone = rule.zone or turn.zone
    try:
        if rule.next_after is not None:
            return _next_occurrence(rule, timer.last, zone, at)
        return _next_date(turn, rule, timer.last, zone, at)
    except InputError:  # not before the calendar ends
        return None


def _next_occurrence(rule: ArmedRule, last: int | None, zone: Zone, at: int) -> int | None:
    assert rule.next_after is not None
    if rule.opens is not None:
        at = max(at, rule.opens - 1)
    due = rule.next_after(at, zone)
    while due is not None and last is not None and zone.wall(due) <= last:
        due = rule.next_after(due, zone)
    return None if due is None or (rule.closes is not None and due >= rule.closes) else due


def _next_date(turn: Turn, rule: ArmedRule, last: int | None, zone: Zone, at: int) -> int | None:
    plan = rule.moment
    assert plan is not None
    assert plan.read is not None
    stamp = plan.read(turn)
    if stamp is None:
        return None
    if plan.anniversary is None:
        due = placed(plan, stamp, zone)
        return None if due is None or due < at or _shown(due, last, zone) else due
    found = anniversary_from(plan, stamp, zone, at)
    while _shown(found, last, zone):
        found = anniversary_from(plan, stamp, zone, found + 1)
    return found


def _shown(due: int, last: int | None, zone: Zone) -> bool:
    """Tell whether the clock has shown this time already when the entry was last due."""
    return last is not None and zone.wall(due) <= last


def _latest(turn: Turn, rule: ArmedRule, due: int, zone: Zone) -> int:
    """Return the last occurrence from `due` until now: those before it were missed."""
    until = turn.now if rule.closes is None else min(turn.now, rule.closes - 1)

    def following(at: int) -> int | None:
        try:
            if rule.next_after is not None:
                return _next_occurrence(rule, None, zone, at)
            return _next_date(turn, rule, None, zone, at + 1)
        except InputError:
            return None

    span = HOUR
    while until - span > due:  # from behind: there may be very many
        found = following(until - span)
        if found is not None and found <= until:
            due = max(due, found)
            break
        span *= 2
    while (found := following(due)) is not None and found <= until:
        due = found
    return due
