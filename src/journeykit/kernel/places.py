"""Where is a customer? The zone of the profile, of an address, of the workspace (rule T7)."""

from __future__ import annotations

from typing import Literal

from journeykit.kernel.state import CustomerState
from journeykit.time import Zone, zone

ZoneSource = Literal["profile", "address", "default", "country"]


def zone_of_address(state: CustomerState, channel: str) -> Zone | None:
    """Return the zone that was told with the address of a channel, or None."""
    name = state.zones.get(channel) if state.zones else None
    return None if name is None else zone(name)
