"""When is the next local moment? Times of day, dates, anniversaries."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from dateutil.relativedelta import relativedelta

from journeykit.errors import InputError
from journeykit.time.instants import DAY, naive_of, wall_of, within_years
from journeykit.time.zones import Resolve, Zone

Feb29 = Literal["feb28", "mar01", "skip"]
_LONGEST_SEARCH = 800  # days: a weekday comes within 8, a February 29 is not asked for here
_LONGEST_PAUSE = 9  # years: a February 29 leaves out 2100, so it comes after eight at the most


def local_moment(day: int, clock: int, zone: Zone, resolve: Resolve = "compatible") -> int | None:
    """Return the instant of a local date and time of day; None where `resolve` skips it."""
    return zone.instant(day * DAY + clock, resolve)


def next_local(
    us: int,
    zone: Zone,
    *,
    clock: int | Sequence[int],
    days: frozenset[int] | None = None,
    resolve: Resolve = "compatible",
) -> int:
    """Return the earliest such local moment at or after `us`; exactly now counts (rule T4).

    Args:
        clock: Time of day in micros since midnight, or several.
        days: Weekdays, 0 for Monday; every day when None. Dates that a zone left out are
            skipped.

    Raises:
        InputError: No time or no day is given, or it does not come before the year 10000.
    """
    clocks = (clock,) if isinstance(clock, int) else tuple(clock)
    today = zone.wall(us) // DAY
    best: int | None = None
    for day in range(today - 1, today + _LONGEST_SEARCH):
        # With `earlier`, the first minutes of a day may have been moved to the day before.
        if best is not None and day > zone.wall(best) // DAY + (resolve == "earlier"):
            break
        if (days is not None and (day + 3) % 7 not in days) or not zone.date_exists(day):
            continue
        for one in clocks:
            moment = local_moment(day, one, zone, resolve)
            if moment is not None and moment >= us and (best is None or moment < best):
                best = moment
    if best is None:
        raise InputError(
            "a local moment needs a time of day and a weekday",
            place="next_local",
            value=(clocks, days),
            remedy="give at least one of each",
        )
    return within_years(best)


def next_anniversary(
    us: int,
    zone: Zone,
    *,
    month: int,
    day: int,
    clock: int = 0,
    feb29: Feb29 = "feb28",
    resolve: Resolve = "compatible",
) -> int:
    """Return the next anniversary at or after `us`; exactly now counts (rule T5).

    A date that the zone left out is skipped (rule T3).

    Args:
        feb29: Where February 29 falls in common years.

    Raises:
        InputError: No year has such a date, or it does not come before the year 10000.
    """
    year = naive_of(zone.wall(us)).year
    for candidate in range(max(year - 1, 1), min(year + _LONGEST_PAUSE, 9999) + 1):
        on = anniversary_in(candidate, month, day, feb29)
        if on is None:
            continue
        number = wall_of(datetime(on.year, on.month, on.day)) // DAY
        moment = local_moment(number, clock, zone, resolve)
        if moment is not None and moment >= us and zone.date_exists(number):
            return within_years(moment)
    raise InputError(
        "this anniversary does not come before the year 10000",
        place="date",
        value=f"{month:02}-{day:02}",
        remedy="look for it from an earlier instant",
    )


def anniversary_in(year: int, month: int, day: int, feb29: Feb29 = "feb28") -> date | None:
    """Return the date of an anniversary in one year, or None where it is skipped.

    Raises:
        InputError: No year has such a date.
    """
    if (month, day) == (2, 29) and not calendar.isleap(year):
        return {"feb28": date(year, 2, 28), "mar01": date(year, 3, 1), "skip": None}[feb29]
    try:
        return date(year, month, day)
    except ValueError:
        raise InputError(
            "no year has such a date",
            place="date",
            value=f"{month:02}-{day:02}",
            remedy="give a month from 1 to 12 and a day that it has",
        ) from None


def nth_month(anchor: date, n: int) -> date:
    """Return the date `n` months after `anchor`, reckoned from the anchor itself (rule T5).

    Raises:
        InputError: It lies outside the years 1 to 9999.
    """
    try:
        return anchor + relativedelta(months=n)
    except (ValueError, OverflowError):
        raise InputError(
            "this leads to a date outside the years 1 to 9999",
            place="months",
            value=n,
            remedy="use a nearer one",
        ) from None
