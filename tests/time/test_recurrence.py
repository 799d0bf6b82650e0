"""A recurrence gives local dates; they become instants by the rule of every wall time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.time import DAY, HOUR, Recurrence, from_micros, number_of, wall_of, zone
from journeykit.time.instants import naive_of

BERLIN, APIA = zone("Europe/Berlin"), zone("Pacific/Apia")


def instants(rule: str, starts: date | None, after: str, clock: int = 9 * HOUR) -> list[str]:
    recurrence = Recurrence(rule, starts)
    at = wall_of(naive_of(number_of(date.fromisoformat(after)) * DAY))
    found: list[str] = []
    while len(found) < 3:
        following = recurrence.next_after(at, BERLIN, clock)
        if following is None:
            break
        assert following > at
        at = following
        found.append(f"{from_micros(at):%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("rule", "starts", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=1MO", None, ["2026-01-05 08:00", "2026-02-02 08:00", "2026-03-02 08:00"]),
        ("rrule:freq=monthly;byday=1mo", None, ["2026-01-05 08:00", "2026-02-02 08:00", "2026-03-02 08:00"]),
        ("FREQ=WEEKLY", None, ["2026-01-05 08:00", "2026-01-12 08:00", "2026-01-19 08:00"]),  # Mondays
        ("FREQ=YEARLY", None, ["2026-01-01 08:00", "2027-01-01 08:00", "2028-01-01 08:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", None, ["2026-01-31 08:00", "2026-03-31 07:00", "2026-05-31 07:00"]),
        ("FREQ=WEEKLY;INTERVAL=2", date(2025, 12, 31), ["2026-01-14 08:00", "2026-01-28 08:00", "2026-02-11 08:00"]),
        ("FREQ=DAILY;COUNT=2", date(2025, 12, 31), ["2026-01-01 08:00"]),
        ("FREQ=DAILY;UNTIL=20260102", None, ["2026-01-01 08:00", "2026-01-02 08:00"]),  # included
        ("FREQ=DAILY;UNTIL=20251231", date(2025, 12, 1), []),
        ("FREQ=DAILY", date(2027, 3, 28), ["2027-03-28 07:00", "2027-03-29 07:00", "2027-03-30 07:00"]),
    ],
)  # fmt: skip
def test_a_rule_gives_dates(rule: str, starts: date | None, expected: list[str]) -> None:
    assert instants(rule, starts, "2026-01-01") == expected


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("", "cannot be read"),
        ("FREQ", "cannot be read"),
        ("FREQ=DAILY;FREQ=DAILY", "once each"),
        ("FREQ=SECONDLY", "FREQ must be one of"),
        ("BYDAY=MO", "FREQ must be one of"),
        ("FREQ=DAILY;BYHOUR=9", "give the time of day with at="),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL must be"),
        ("FREQ=DAILY;INTERVAL=2", "counted from a start"),
        ("FREQ=DAILY;COUNT=2", "counted from a start"),
        ("FREQ=DAILY;UNTIL=20260101T090000Z", "write 'UNTIL=20260101'"),
        ("FREQ=DAILY;BYDAY=XX", "cannot be read"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never comes"),
        ("FREQ=YEARLY;BYWEEKNO=60", "never comes"),
        ("FREQ=DAILY;UNTIL=19990101", "never comes"),
    ],
)
def test_what_is_no_rule_for_dates_is_refused(rule: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Recurrence(rule)


def test_a_rule_is_text() -> None:
    with pytest.raises(ValueError, match="is no recurrence rule"):
        Recurrence(3)  # type: ignore[arg-type]
    assert repr(Recurrence("FREQ=DAILY")) == "Recurrence('FREQ=DAILY', None)"


def test_a_date_that_was_left_out_is_skipped() -> None:  # T3
    daily = Recurrence("FREQ=DAILY")
    before = APIA.instant(number_of(date(2011, 12, 29)) * DAY + 9 * HOUR)
    following = daily.next_after(before, APIA, 9 * HOUR)
    assert following is not None
    assert APIA.wall(following) == number_of(date(2011, 12, 31)) * DAY + 9 * HOUR


@settings(max_examples=150, deadline=None)
@given(
    starts=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    every=st.integers(1, 40),
    days=st.integers(0, 5000),
)
def test_every_nth_day_from_a_start(starts: date, every: int, days: int) -> None:
    """The dates are those of plain counting, wherever one begins to look."""
    recurrence = Recurrence(f"FREQ=DAILY;INTERVAL={every}", starts)
    day = number_of(starts) + days
    found = recurrence.dates_from(day)
    first = next(found)
    assert first - number_of(starts) == -(-days // every) * every
    assert next(found) == first + every
    assert next(recurrence.dates_from(number_of(starts) - 10)) == number_of(starts)
    assert starts + timedelta(days=first - number_of(starts)) == date.fromordinal(
        first + date(1970, 1, 1).toordinal()
    )
