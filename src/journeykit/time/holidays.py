"""Which dates are public holidays? Calendars by code, from the `holidays` package.

The package is an extra, and imported only where a rule names a calendar. A year is worked out
when it is first asked for and kept. The answer depends on the code, the date and the version
of the package alone.
"""

from __future__ import annotations

import warnings
from difflib import get_close_matches
from functools import cache
from typing import Any

from journeykit.errors import DefinitionError, InputError
from journeykit.time.instants import DAY, naive_of, number_of


class HolidayCalendar:
    """The public holidays of a country or of a part of one, as a set of day numbers.

    Only `in` and truth can be asked. Years that the package does not know have none.
    """

    __slots__ = ("_country", "_known", "_subdivision", "_years", "code")

    def __init__(self, code: str) -> None:
        self.code = code
        country, _, subdivision = code.partition("-")
        self._country = country
        self._subdivision = subdivision or None
        self._years: dict[int, frozenset[int]] = {}
        self._known: dict[int, bool] = {}

    def __repr__(self) -> str:
        return f"HolidayCalendar({self.code!r})"

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, int):
            return False
        found = self._known.get(day)
        if found is None:
            found = self._known[day] = self._look(day)
        return found

    def _look(self, day: int) -> bool:
        try:
            year = naive_of(day * DAY).year
        except InputError:  # before the year 1, or after 9999
            return False
        days = self._years.get(year)
        if days is None:
            days = self._years[year] = self._in_year(year)
        return day in days

    def _in_year(self, year: int) -> frozenset[int]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of years that it does not know
            found = _package().country_holidays(
                self._country, subdiv=self._subdivision, years=year, expand=False
            )
        return frozenset(number_of(day) for day in found)


class Dates:
    """Some dates and the holidays of some calendars together, as a set of day numbers."""

    __slots__ = ("_calendars", "own")

    def __init__(self, own: frozenset[int], calendars: tuple[HolidayCalendar, ...]) -> None:
        self.own = own
        self._calendars = calendars

    def __contains__(self, day: object) -> bool:
        return day in self.own or any(day in calendar for calendar in self._calendars)

    def __or__(self, other: DaySet) -> Dates:
        if isinstance(other, Dates):
            more = tuple(one for one in other._calendars if one not in self._calendars)
            return Dates(self.own | other.own, self._calendars + more)
        return Dates(self.own | other, self._calendars)


DaySet = frozenset[int] | Dates


def closed_dates(own: frozenset[int], calendars: tuple[HolidayCalendar, ...] = ()) -> DaySet:
    """Return day numbers and calendars as one set; without calendars, plain numbers."""
    return Dates(own, calendars) if calendars else own


def union_of(some: DaySet, others: DaySet) -> DaySet:
    """Return two sets of day numbers as one."""
    if isinstance(some, Dates):
        return some | others
    return others | some if isinstance(others, Dates) else some | others


@cache
def holiday_calendar(code: str) -> HolidayCalendar:
    """Return the calendar of this code: `FR` of a country, `US-CA` of a part of one.

    Raises:
        DefinitionError: There is no such calendar, or the package is not installed.
    """
    country, _, subdivision = code.partition("-")
    known: dict[str, list[str]] = _package().list_supported_countries()
    if country not in known:
        raise _unknown(code, country, list(known))
    if subdivision and subdivision not in known[country]:
        raise _unknown(code, code, [country, *(f"{country}-{part}" for part in known[country])])
    return HolidayCalendar(code)


def _unknown(code: str, wrong: str, known: list[str]) -> DefinitionError:
    near = get_close_matches(wrong.upper(), known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return DefinitionError(
        f"the holidays package has no calendar {code!r}",
        remedy=f"{hint}write ISO 3166 codes of a country such as 'FR', or of a part of one such "
        "as 'US-CA'",
    )


def _package() -> Any:
    try:
        import holidays  # here, since it is an extra, and not light
    except ImportError:
        raise DefinitionError(
            "public holidays need the holidays package, which is not installed",
            remedy="pip install 'journeykit[holidays]', or list the dates in dates=[...]",
        ) from None
    return holidays
