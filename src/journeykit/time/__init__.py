"""When? Wall-clock arithmetic in one place: instants, durations, zones, windows, cron."""

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
from journeykit.time.instants import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    from_micros,
    naive_of,
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
from journeykit.time.windows import Span, Windows, never_open
from journeykit.time.zones import Resolve, Zone, is_zone, zone

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Cron",
    "Duration",
    "Feb29",
    "Resolve",
    "Span",
    "Windows",
    "Zone",
    "anniversary_in",
    "days",
    "from_micros",
    "hours",
    "is_zone",
    "local_moment",
    "minutes",
    "months",
    "naive_of",
    "never_open",
    "next_anniversary",
    "next_local",
    "nth_month",
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
]
