"""Whom does a rule of the policy concern, and when? Names and conditions, compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache

from journeykit.machine.crossings import Crossings, TimedGuard, timed_guard
from journeykit.machine.guards import Guard, Reading, compile_condition
from journeykit.model import Condition
from journeykit.time import DAY, number_of


def names_in(names: Sequence[str] | None) -> frozenset[str] | None:
    """Return the names that a rule covers; None where it covers all."""
    return None if names is None else frozenset(names)


def guards_of(
    condition: Condition | None,
    countries: Sequence[str] | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> tuple[Guard | None, TimedGuard | None]:
    """Return whom a rule concerns, and when time alone ends that.

    Args:
        condition: What must hold of the customer.
        countries: ISO 3166 codes, one of which must be the customer's country or region.
        valid_from, valid_until: The rule counts from the first midnight in UTC on, until the
            other one.
    """
    guards: list[Guard] = []
    crossings: tuple[Crossings, ...] = ()
    if valid_from is not None or valid_until is not None:
        guards.append(_validity(valid_from, valid_until))
    if countries is not None:
        guards.append(_lives_in(frozenset(countries)))
    if condition is not None:
        guards.append(compile_condition(condition, incoming=None))
        timed = timed_guard(condition, guards[-1])
        crossings = timed.crossings if timed is not None else ()
    if not guards:
        return None, None
    guard = guards[0] if len(guards) == 1 else _all_of(guards)
    if valid_until is not None:
        crossings += (_at(number_of(valid_until) * DAY),)
    if not crossings:
        return guard, None
    return guard, TimedGuard(lambda reading: not guard(reading), crossings)


@lru_cache(maxsize=4096)
def codes_of(country: str | None, region: str | None) -> frozenset[str]:
    """Return the ISO 3166 codes of where somebody lives: `US` and `US-FL`.

    A region may be told with its country (`US-FL`) or beside it (`FL`). Of somebody whose
    country is known and whose region is not, the region is `US-?`.
    """
    codes = set()
    if country:
        codes.add(country.strip().upper())
    if region:
        part = region.strip().upper()
        if "-" in part:
            codes |= {part, part.partition("-")[0]}
        elif country:
            codes.add(f"{country.strip().upper()}-{part}")
    elif country:
        codes.add(f"{country.strip().upper()}-?")
    return frozenset(codes)


def _lives_in(wanted: frozenset[str]) -> Guard:
    def guard(reading: Reading) -> bool:
        profile = reading.profile
        codes = codes_of(profile.get("country"), profile.get("region"))
        return not wanted.isdisjoint(codes)

    return guard


def _validity(valid_from: date | None, valid_until: date | None) -> Guard:
    first = None if valid_from is None else number_of(valid_from) * DAY
    end = None if valid_until is None else number_of(valid_until) * DAY

    def guard(reading: Reading) -> bool:
        now = reading.now
        return (first is None or now >= first) and (end is None or now < end)

    return guard


def _all_of(guards: Iterable[Guard]) -> Guard:
    every = tuple(guards)
    return lambda reading: all(guard(reading) for guard in every)


def _at(instant: int) -> Crossings:
    def crossing(_: Reading) -> Iterator[int]:
        yield instant

    return crossing
