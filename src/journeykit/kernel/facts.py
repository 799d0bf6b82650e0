"""What may the gate know? One customer, one instant, and the compiled policy."""

from __future__ import annotations

from collections.abc import Collection

from journeykit.kernel.places import ZoneSource, zone_of_address
from journeykit.kernel.state import CustomerState
from journeykit.machine import GatePlan, Reading
from journeykit.time import Zone


class Facts:
    """All that the gate may know about one customer at one instant.

    Attributes:
        declared: Channels for which the profile declares an address.
        holds_quiet, holds_caps: Whether the message waits when quiet hours, or caps, block
            it. Where it does not, nobody looks for the instant at which they open.
        set_aside: Ids of messages whose reserved slots are taken as free.
    """

    __slots__ = (
        "declared", "gate", "holds_caps", "holds_quiet", "now", "reading", "set_aside", "state",
        "zone", "zone_known",
    )  # fmt: skip

    def __init__(
        self,
        *,
        state: CustomerState,
        gate: GatePlan,
        declared: frozenset[str],
        now: int,
        zone: Zone,
        zone_known: bool,
        reading: Reading,
        holds_quiet: bool = True,
        holds_caps: bool = True,
        set_aside: Collection[str] = (),
    ) -> None:
        self.state = state
        self.gate = gate
        self.declared = declared
        self.now = now
        self.zone = zone
        self.zone_known = zone_known
        self.reading = reading
        self.holds_quiet = holds_quiet
        self.holds_caps = holds_caps
        self.set_aside = set_aside

    def zone_for(self, channel: str) -> tuple[Zone, ZoneSource]:
        """Return the zone that counts for messages of a channel, and where it is from (T7)."""
        if self.zone_known:
            return self.zone, "profile"
        if not self.state.zones:
            return self.zone, "default"
        found = zone_of_address(self.state, channel)
        return (self.zone, "default") if found is None else (found, "address")
