"""When does this wait end? Worked out at the instant at which a step is reached."""

from __future__ import annotations

from journeykit.kernel.keys import fraction
from journeykit.kernel.state import Enrollment
from journeykit.kernel.turn import Turn
from journeykit.machine import BusinessDays, CompiledStep, Moment, RandomSpan, WindowPlan
from journeykit.time import (
    DAY,
    SECOND,
    Duration,
    Zone,
    business_moment,
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
            return None if stamp is None else placed(plan, stamp, zone)
        last = run.passed.get(step.id)
        return anniversary_from(plan, stamp, zone, start if last is None else max(start, last + 1))
    passed = run.passed.get(step.id)
    if plan.cron is not None:
        return plan.cron.next_after(start if passed is None else max(start, passed), zone)
    if passed is not None and passed >= start:
        start = passed + 1
    assert plan.clock is not None
    return next_local(start, zone, clock=plan.clock, days=plan.days, resolve=plan.resolve)


def placed(plan: Moment, stamp: tuple[str, int], zone: Zone) -> int | None:
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


def anniversary_from(plan: Moment, stamp: tuple[str, int], zone: Zone, start: int) -> int:
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


# ---- waits that the author wrote in other ways


def wait_ends(turn: Turn, run: Enrollment, step: CompiledStep, start: int) -> int:
    """Return when a `Wait` ends that begins at `start`; a random one by a keyed hash (O4)."""
    if not isinstance(step.plan, RandomSpan):
        return span_ends(turn, step, start)
    least = shift(start, step.plan.least, turn.zone)
    most = shift(start, step.plan.most, turn.zone)
    visit = str(run.passed.get(step.id, ""))
    share = fraction(turn.rules.seed, "wait", run.id, step.id, visit)
    return least + int(max(0, most - least) * share) // SECOND * SECOND


def business_end(turn: Turn, step: CompiledStep, start: int) -> int:
    """Return when a `WaitBusinessDays` ends that begins at `start`."""
    plan: BusinessDays = step.plan
    return business_moment(
        start,
        turn.zone,
        count=plan.number,
        weekend=plan.weekend,
        dates=plan.dates,
        clock=plan.clock,
    )


def window_opens(turn: Turn, step: CompiledStep, start: int) -> int:
    """Return the first instant from `start` on within the hours of a `WaitForWindow`."""
    plan: WindowPlan = step.plan
    opens = plan.outside.next_uncovered(start, plan.zone or turn.zone)
    assert opens is not None  # the hours come every week: others were refused
    return opens


def local_end(turn: Turn, run: Enrollment, step: CompiledStep) -> int:
    """Return when a wait for a local moment ends in the present zone, never in the past (T8)."""
    start = reached_at(turn, run)
    if step.kind == "wait_for_window":
        return window_opens(turn, step, start)
    if step.kind == "wait_business_days":  # counted from when it began, on the new clock
        return max(start, business_end(turn, step, run.at))
    moment = moment_of(turn, run, step, start)
    if moment is None:  # the field is empty by now: nothing says that it ends sooner
        moment = run.due
    return start if moment is None or moment < start else moment
