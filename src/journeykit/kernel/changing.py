"""What can no profile hold? A step that would put it there fails its run, alone (T7)."""

from __future__ import annotations

from typing import Any

from journeykit.errors import InputError
from journeykit.kernel.turn import Turn
from journeykit.machine import OUT_OF_RANGE
from journeykit.model import validate_profile
from journeykit.time import is_country, is_region, is_zone

CHANGING = frozenset({"set", "increment", "append"})


def objection_to_value(turn: Turn, field: str, value: Any) -> str:
    """Return the reason why an attribute cannot have this value; "" where it can."""
    if value is OUT_OF_RANGE:
        return "number_out_of_range"
    if value is None:
        return ""
    if field in turn.rules.narrow_fields:
        try:
            validate_profile(turn.rules.workspace.profile, {field: value})
        except InputError:
            return "invalid_value"
    if field in turn.rules.zone_fields:
        return "" if is_zone(value) else "unknown_zone"
    if field not in ("country", "region"):
        return ""
    code = value.strip().upper()
    known = not code or (is_country(code) if field == "country" else is_region(code))
    return "" if known else "unknown_country"
