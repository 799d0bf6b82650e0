"""Public holidays as sets of day numbers: what is known, what is kept, what is refused."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from journeykit.errors import DefinitionError
from journeykit.time import DAY, Windows, closed_dates, holiday_calendar, number_of, zone


@pytest.mark.parametrize(
    ("code", "day", "is_holiday"),
    [
        ("FR", "2026-07-14", True),
        ("FR", "2026-07-15", False),
        ("FR", "2027-05-06", True),  # Ascension: another date each year
        ("FR", "2026-12-26", False),
        ("FR-57", "2026-12-26", True),  # in Moselle
        ("US", "2026-11-26", True),
        ("US", "2026-07-03", True),  # the day off for a Saturday's holiday
        ("US-CA", "2026-03-31", True),
        ("US", "2026-03-31", False),
        ("DE-BY", "2026-01-06", True),
        ("DE-BE", "2026-01-06", False),
        # Years that nobody has lists for.
        ("FR", "0001-01-01", False),
        ("FR", "9999-12-31", False),
    ],
)
def test_a_calendar_knows_its_days(code: str, day: str, is_holiday: bool) -> None:  # G2
    assert (number_of(date.fromisoformat(day)) in holiday_calendar(code)) is is_holiday


def test_beyond_the_years_there_are_no_holidays() -> None:
    calendar = holiday_calendar("FR")
    assert -(10**9) not in calendar
    assert 10**9 not in calendar
    assert "2026-07-14" not in calendar


def test_a_year_is_worked_out_once() -> None:
    holiday_calendar.cache_clear()
    calendar = holiday_calendar("FR")
    assert calendar is holiday_calendar("FR")
    assert calendar._years == {}
    for day in range(number_of(date(2026, 1, 1)), number_of(date(2026, 12, 31)) + 1):
        assert isinstance(day in calendar, bool)
    assert list(calendar._years) == [2026]
    assert repr(calendar) == "HolidayCalendar('FR')"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("FX", "write ISO 3166 codes of a country such as 'FR'"),
        ("fr", "did you mean 'FR'?"),
        ("US-ZZ", "did you mean 'US-"),
        ("", "such as 'US-CA'"),
    ],
)
def test_an_unknown_calendar_is_refused(code: str, hint: str) -> None:
    with pytest.raises(DefinitionError, match="no calendar") as caught:
        holiday_calendar(code)
    assert repr(code) in str(caught.value)
    assert hint in caught.value.remedy


def test_without_the_package_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    holiday_calendar.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(DefinitionError) as caught:
        holiday_calendar("FR")
    assert "pip install 'journeykit[holidays]'" in caught.value.remedy


def test_who_names_no_calendar_imports_none() -> None:
    command = (
        "import sys, journeykit; journeykit.QuietHours('21:00', '08:00');"
        "print('holidays' in sys.modules);"
        "journeykit.QuietHours('21:00', '08:00', holidays=['FR']);"
        "print('holidays' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_dates_of_ones_own_and_of_calendars_are_one_set() -> None:  # G2
    own = frozenset([number_of(date(2026, 7, 13))])
    assert closed_dates(own) is own
    french = Windows.of([], dates=closed_dates(own, (holiday_calendar("FR"),)))
    american = Windows.of([], dates=closed_dates(frozenset(), (holiday_calendar("US"),)))
    plain = Windows.of([], dates=frozenset([number_of(date(2026, 7, 15))]))
    days = [number_of(date(2026, 7, day)) for day in (3, 13, 14, 15, 16)]
    for parts in ([french, american, plain], [plain, french, american], [american, plain, french]):
        union = Windows.union(parts)
        assert [union.covers(day * DAY) for day in days] == [True, True, True, True, False]
        opens = union.next_uncovered(days[1] * DAY, zone("UTC"))
        assert opens == days[4] * DAY
    assert [french.covers(day * DAY) for day in days] == [False, True, True, False, False]
