"""When does this wait end? Worked out at the instant at which a step is reached."""

from __future__ import annotations

from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, Moment
from journeykit.time import (
    DAY,
    Duration,
    Zone,
    local_moment,
    naive_of,
    next_anniversary,
    next_local,
    shift,
    shift_wall,
)


def reached_at(turn: Turn, run: Enrollment) -> int:
    """Return the instant from which a step of `run` is reckoned: now, never going back."""
    return turn.now if turn.now > run.at else run.at


def span_ends(turn: Turn, step: CompiledStep, start: int) -> int:
    """Return when a wait of a duration ends that begins at `start` (rule T2)."""
    if step.elapsed is not None:
        return start + step.elapsed
    duration: Duration = step.plan
    return shift(start, duration, turn.zone)


def moment_of(turn: Turn, run: Enrollment, step: CompiledStep, start: int) -> int | None:
    """Return the moment that a `WaitUntil` means, looked for from `start` on.

    A moment from a field may lie before `start`. None when the field is empty, or when the
    moment does not exist and `resolve` says to skip it.
    """
    plan: Moment = step.plan
    zone = plan.zone or turn.zone
    if plan.read is not None:
        stamp = plan.read(turn.read_run(run))
        if stamp is None or plan.anniversary is None:
            return None if stamp is None else _placed(plan, stamp, zone)
        last = run.passed.get(step.id)
        return _anniversary(plan, stamp, zone, start if last is None else max(start, last + 1))
    passed = run.passed.get(step.id)
    if plan.cron is not None:
        return plan.cron.next_after(start if passed is None else max(start, passed), zone)
    if passed is not None and passed >= start:
        start = passed + 1
    assert plan.clock is not None
    return next_local(start, zone, clock=plan.clock, days=plan.days, resolve=plan.resolve)


def _placed(plan: Moment, stamp: tuple[str, int], zone: Zone) -> int | None:
    """Move a date or an instant by the offset; set its clock before the elapsed part."""
    kind, value = stamp
    offset = plan.offset or Duration()
    calendar = Duration(months=offset.months, days=offset.days)
    if kind == "instant":
        value = shift(value, calendar, zone, resolve=plan.resolve)
        if plan.clock is None:
            return value + offset.micros
        day = zone.wall(value) // DAY
    else:
        day = shift_wall(value, calendar) // DAY
    moment = local_moment(day, plan.clock or 0, zone, plan.resolve)
    return None if moment is None else moment + offset.micros


def _anniversary(plan: Moment, stamp: tuple[str, int], zone: Zone, start: int) -> int:
    """Return the first anniversary at or after `start`, moved by the offset (rule T5)."""
    kind, value = stamp
    born = naive_of(zone.wall(value) if kind == "instant" else value)
    clock, feb29 = plan.clock or 0, plan.anniversary
    offset = plan.offset or Duration()
    assert feb29 is not None
    calendar = Duration(months=offset.months, days=offset.days)
    at = shift(start - offset.micros, -calendar, zone) - 35 * DAY  # surely before its midnight
    while True:
        on = next_anniversary(at, zone, month=born.month, day=born.day, feb29=feb29)
        day = shift_wall(zone.wall(on), calendar) // DAY
        moment = local_moment(day, clock, zone, plan.resolve) if zone.date_exists(day) else None
        if moment is not None and moment + offset.micros >= start:
            return moment + offset.micros
        at = on + DAY


def stamp_instant(stamp: tuple[str, int], zone: Zone) -> int | None:
    """Return the instant that a compiled date or instant means; a date begins at 00:00."""
    kind, value = stamp
    return value if kind == "instant" else local_moment(value // DAY, 0, zone)
