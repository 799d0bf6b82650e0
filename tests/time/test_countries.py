"""Which zones does a country have? Told by the tz database, and asked of each of its clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from journeykit.time import DAY, is_country, is_zone, to_micros, zone, zone_names, zones_of

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("FR", {"Europe/Paris"}),
        ("fr", {"Europe/Paris"}),
        ("DE", {"Europe/Berlin", "Europe/Busingen"}),
        ("XX", set()),
        ("", set()),
        ("US-FL", set()),  # a region has no zones of its own here
    ],
)
def test_the_zones_of_a_country(country: str, names: set[str]) -> None:  # T7
    assert set(zone_names(country)) == names


@pytest.mark.parametrize(
    ("code", "known"),
    [("US", True), ("FR", True), ("XK", True), ("ZZ", True), ("UK", False), ("EU", False),
     ("us", False), ("USA", False), ("#", False), ("", False)],
)  # fmt: skip
def test_what_a_country_is(code: str, known: bool) -> None:
    assert is_country(code) is known


def test_a_large_country_has_many_and_knows_them_all() -> None:
    names = zone_names("US")
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(names)
    assert all(map(is_zone, names))
    assert list(names) == sorted(names)


@pytest.mark.parametrize("country", ["US", "RU", "AU", "BR", "DE", "AQ"])
def test_zones_that_show_the_same_are_asked_once(country: str) -> None:  # T7
    """Whatever any clock of the country shows within 400 days, one of those asked shows."""
    us = to_micros(NOW)
    asked = zones_of(country, us)
    assert {one.name for one in asked} <= set(zone_names(country))
    for hour in range(0, 400 * 24, 7):
        moment = NOW + timedelta(hours=hour)
        at = to_micros(moment)
        shown = {moment.astimezone(ZoneInfo(name)).utcoffset() for name in zone_names(country)}
        assert {timedelta(microseconds=one.offset(at)) for one in asked} == shown


def test_germany_has_one_clock_and_the_answer_is_kept() -> None:
    us = to_micros(NOW)
    assert zones_of("DE", us) == (zone("Europe/Berlin"),)
    assert zones_of("de", us + DAY) is zones_of("DE", us)
    assert zones_of("XX", us) == ()
