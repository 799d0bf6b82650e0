"""When is the n-th business day? Weekends and holidays are left out, on one local calendar."""

from __future__ import annotations

from journeykit.time.holidays import DaySet
from journeykit.time.instants import DAY, within_years
from journeykit.time.moments import local_moment
from journeykit.time.zones import Zone


def business_moment(
    us: int,
    zone: Zone,
    *,
    count: int,
    weekend: frozenset[int] = frozenset(),
    dates: DaySet = frozenset(),
    clock: int | None = None,
) -> int:
    """Return a moment of the `count`-th business day behind the local date of `us`.

    With a count of zero, the first such moment at or after `us`; today counts. A wall time in
    a gap is later by the gap's length, one that comes twice its first pass (rule T3); a date
    that the zone left out is no business day.

    Args:
        weekend: Weekdays that are none, 0 for Monday; not all of them.
        dates: Day numbers that are none.
        clock: Time of day in micros since midnight; that of `us` when None.

    Raises:
        InputError: It does not come before the year 10000.
    """
    wall = zone.wall(us)
    day = wall // DAY
    at = wall % DAY if clock is None else clock

    def is_business(day: int) -> bool:
        return (day + 3) % 7 not in weekend and day not in dates and zone.date_exists(day)

    if count == 0:
        if clock is None and is_business(day):
            return us
        moment = local_moment(day, at, zone)
        if clock is None or moment is None or moment < us or not is_business(day):
            count = 1
        else:
            return moment
    while count:
        day += 1
        within_years(day * DAY)
        count -= is_business(day)
    found = local_moment(day, at, zone)
    assert found is not None  # it is only left out where "skip" asks for it
    return within_years(found)
