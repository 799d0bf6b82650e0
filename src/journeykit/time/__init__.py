"""When? Wall-clock arithmetic in one place: instants, durations, zones, windows, cron."""

from journeykit.time.business import business_moment
from journeykit.time.countries import is_country, is_region, zone_names, zones_of
from journeykit.time.cron import Cron
from journeykit.time.durations import (
    Duration,
    days,
    hours,
    minutes,
    months,
    seconds,
    shift,
    shift_wall,
    weeks,
    years,
)
from journeykit.time.holidays import DaySet, HolidayCalendar, closed_dates, holiday_calendar
from journeykit.time.instants import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    from_micros,
    naive_of,
    number_of,
    parse_clock,
    parse_days,
    to_micros,
    wall_of,
)
from journeykit.time.moments import (
    Feb29,
    anniversary_in,
    local_moment,
    next_anniversary,
    next_local,
    nth_month,
)
from journeykit.time.recurrence import Recurrence
from journeykit.time.windows import LONGEST_CLOSURE, Span, Windows, first_uncovered, never_open
from journeykit.time.zones import Resolve, Zone, is_zone, zone

__all__ = [
    "DAY",
    "HOUR",
    "LONGEST_CLOSURE",
    "MINUTE",
    "SECOND",
    "Cron",
    "DaySet",
    "Duration",
    "Feb29",
    "HolidayCalendar",
    "Recurrence",
    "Resolve",
    "Span",
    "Windows",
    "Zone",
    "anniversary_in",
    "business_moment",
    "closed_dates",
    "days",
    "first_uncovered",
    "from_micros",
    "holiday_calendar",
    "hours",
    "is_country",
    "is_region",
    "is_zone",
    "local_moment",
    "minutes",
    "months",
    "naive_of",
    "never_open",
    "next_anniversary",
    "next_local",
    "nth_month",
    "number_of",
    "parse_clock",
    "parse_days",
    "seconds",
    "shift",
    "shift_wall",
    "to_micros",
    "wall_of",
    "weeks",
    "years",
    "zone",
    "zone_names",
    "zones_of",
]
