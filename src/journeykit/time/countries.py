"""Which time zones does a country have? As the tz database lists them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files

from journeykit.time.zones import BLOCK, Zone, is_zone, zone

_REGION = re.compile(r"(([A-Z]{2})-)?[A-Z0-9]{1,3}", re.ASCII)
_OF_USERS = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ", re.ASCII)  # ISO 3166 leaves them to its users


@cache
def _countries() -> frozenset[str]:
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if not line.startswith("#"))


def is_country(code: str) -> bool:
    """Tell whether this is an ISO 3166 code of a country, in upper case."""
    return code in _countries() or _OF_USERS.fullmatch(code) is not None


def is_region(code: str) -> bool:
    """Tell whether a part of a country may have this code, in upper case: `US-FL`, or `FL`."""
    shape = _REGION.fullmatch(code)
    return shape is not None and (shape[2] is None or is_country(shape[2]))


@cache
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            if is_zone(name):
                found.setdefault(country, []).append(name)
    return {country: tuple(sorted(names)) for country, names in found.items()}


def zone_names(country: str) -> tuple[str, ...]:
    """Return the names of all zones of a country by its ISO 3166 code; none if unknown."""
    return _zones_by_country().get(country.strip().upper(), ())


def zones_of(country: str, us: int) -> tuple[Zone, ...]:
    """Return the zones of a country that differ in the 400 days from an instant on.

    Of several that show the same all the while, the first by name stands for all.
    """
    return _distinct(country.strip().upper(), us // BLOCK)


@lru_cache(maxsize=1024)
def _distinct(country: str, block: int) -> tuple[Zone, ...]:
    start, end = block * BLOCK, (block + 2) * BLOCK
    found: dict[tuple[tuple[int, int], ...], Zone] = {}
    for name in zone_names(country):
        one = zone(name)
        offsets = [(start, one.offset(start))]
        at = one.next_change(start, end)
        while at is not None:
            offsets.append((at, one.offset(at)))
            at = one.next_change(at, end)
        found.setdefault(tuple(offsets), one)
    return tuple(found.values())
