"""When does a cron expression fire? On the customer's wall clock, once per local time (T6).

croniter iterates the fields, on naive local time only; one function maps each local time to
an instant. Expressions that croniter 6 and 7 read differently are refused, so that the same
definition means the same with both.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from croniter import CroniterBadDateError, CroniterError, croniter

from journeykit.time.instants import naive_of, wall_of
from journeykit.time.zones import Zone

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_ALLOWED = re.compile(r"[0-9A-Za-z*,/?#-]+")
_SINGLE_WITH_STEP = re.compile(r"[0-9A-Za-z]+/[0-9]+")
_SAFE = 26 * 3600 * 1_000_000


class Cron:
    """A five-field cron expression, or an alias such as `@daily`.

    Days of the month and weekdays follow POSIX: either matches when both are restricted.

    Raises:
        ValueError: It cannot be read, is ambiguous, or can never fire.
    """

    __slots__ = ("_fields", "expression")

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._fields = _checked(expression)

    def __repr__(self) -> str:
        return f"Cron({self.expression!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cron) and other.expression == self.expression

    def __hash__(self) -> int:
        return hash(self.expression)

    def next_after(self, us: int, zone: Zone) -> int:
        """Return the first instant strictly after `us` at which it fires.

        A local time in a gap fires later by the gap's length; one that comes twice fires on
        its first pass only; instants that coincide fire once.
        """
        start = zone.wall(us)
        change = zone.next_change(us - _SAFE, us + _SAFE)
        if change is not None:
            start -= _SAFE
        walls = croniter(self._fields, naive_of(start), ret_type=datetime)
        best: int | None = None
        while True:
            wall = wall_of(walls.get_next(datetime))
            moment = zone.instant(wall)
            assert moment is not None
            if best is not None and moment >= best and wall > zone.wall(best):
                return best
            if moment > us and (best is None or moment < best):
                best = moment
                if zone.next_change(best - _SAFE, best + _SAFE) is None:
                    return best


@lru_cache(maxsize=512)
def _checked(expression: str) -> str:
    if not isinstance(expression, str):
        raise ValueError(f"{expression!r} is no cron expression: write '0 9 * * mon-fri'")
    fields = ALIASES.get(expression.strip().lower(), expression).split()
    if len(fields) != 5:
        raise ValueError(
            f"cron {expression!r} has {len(fields)} fields: write five (minute, hour, day of "
            f"month, month, day of week), or one of {', '.join(ALIASES)}"
        )
    for name, field in zip(_FIELDS, fields, strict=True):
        _check_field(expression, name, field)
    text = " ".join(fields)
    try:
        first = croniter(
            text, datetime(2000, 1, 1), ret_type=datetime, max_years_between_matches=30
        )
        first.get_next(datetime)
    except CroniterBadDateError:
        raise ValueError(
            f"cron {expression!r} never fires: there is no such date; check day and month"
        ) from None
    except (CroniterError, ValueError, KeyError) as error:
        raise ValueError(f"cron {expression!r} cannot be read: {error}") from None
    return text


def _check_field(expression: str, name: str, field: str) -> None:
    if not _ALLOWED.fullmatch(field):
        raise ValueError(
            f"cron {expression!r}: the {name} {field!r} has a character that is unknown"
        )
    for part in field.split(","):
        if re.fullmatch(r"[hHrR](\(.*\))?(/.*)?", part):
            raise ValueError(
                f"cron {expression!r}: hashed and random fields ({part!r}) are not taken; write a "
                "number"
            )
        if _SINGLE_WITH_STEP.fullmatch(part):
            low, step = part.split("/")
            raise ValueError(
                f"cron {expression!r}: the {name} {part!r} is ambiguous; write '{low}-END/{step}' "
                f"or '*/{step}'"
            )
