"""Where does a customer live, and what do the clocks show there? What a profile may say of it.

A country that is misspelt would be a country without rules: nothing would be left out aloud,
and everything that they forbid would leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from journeykit.errors import InvalidProfileError
from journeykit.time import is_country, is_region, zone


def refuse_unknown_places(told: Mapping[str, Any], zone_fields: Iterable[str]) -> None:
    """Refuse a zone, a country or a region that there is not (rule T7).

    Args:
        told: Attributes in wire form. Text without a character says of country and region
            that they are not known.
        zone_fields: The attributes that hold a zone.

    Raises:
        UnknownZoneError, InvalidProfileError: With the field and the value.
    """
    for name in zone_fields:
        if told.get(name) is not None:
            zone(told[name], place=name)
    country, region = (_code(told.get(name)) for name in ("country", "region"))
    if country and not is_country(country):
        raise InvalidProfileError(
            "there is no such country",
            place="profile.country",
            value=told["country"],
            remedy="give an ISO 3166 code such as 'US', or None where it is not known",
        )
    if region and not is_region(region):
        raise InvalidProfileError(
            "this is no code of a part of a country",
            place="profile.region",
            value=told["region"],
            remedy="give an ISO 3166-2 code such as 'US-FL', or just 'FL', or None",
        )


def _code(told: str | None) -> str:
    return "" if told is None else told.strip().upper()
