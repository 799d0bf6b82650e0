"""What is at hand while one customer is decided on? The state, what was told, what follows.

A `Turn` lives for one call of `advance`. Everything it does to the state goes through
`emit`: journal first, then the fold.
"""

from __future__ import annotations

from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.fold import APPLY
from journeykit.kernel.gate import Facts
from journeykit.kernel.state import CustomerState, Enrollment
from journeykit.machine import Reading, Rules, Table
from journeykit.time import Zone, zone

_NO_FIELDS: dict[str, Any] = {}


class Turn:
    """One customer, one instant.

    Attributes:
        now: The present instant by the host's clock: what the gate goes by.
        stamp: Instant of new journal entries: now, but never before the last entry (O9).
        asked: Messages that want to go, to be judged when all inputs and timers are done.
        put: Outbox rows to write: message id to (channel, due).
        drop: Message ids that leave the outbox.
        taken: Steps taken in this instant, by enrollment (E5).
        openings: Earliest opening found on channels that a message passed over for now.
    """

    __slots__ = (
        "asked", "drop", "entries", "now", "openings", "profile", "profile_changed", "put",
        "reading", "rules", "stamp", "state", "taken", "zone",
    )  # fmt: skip

    def __init__(
        self, rules: Rules, state: CustomerState, profile: dict[str, Any] | None, now: int
    ) -> None:
        self.rules = rules
        self.state = state
        self.profile = profile
        self.profile_changed = False
        self.now = now
        self.stamp = now if now > state.clock else state.clock
        self.entries: list[j.Entry] = []
        self.asked: list[str] = []
        self.put: dict[str, tuple[str, int]] = {}
        self.drop: set[str] = set()
        self.taken: dict[str, int] = {}
        self.openings: dict[str, int] = {}
        self.zone = zone_of(rules, state)
        self.reading = Reading()
        self._refresh()

    def _refresh(self) -> None:
        reading = self.reading
        reading.now = self.now
        reading.zone = self.zone
        reading.past = self.state.tallies
        reading.profile = _NO_FIELDS if self.profile is None else self.profile
        reading.event = _NO_FIELDS
        reading.trigger = _NO_FIELDS
        reading.results = _NO_FIELDS

    def emit(self, entry: j.Entry) -> None:
        """Write `entry` to the journal and apply it."""
        state = self.state
        self.entries.append(entry)
        state.seq += 1
        state.clock = entry.at
        APPLY[type(entry)](state, entry)

    def read_run(self, run: Enrollment) -> Reading:
        """Point the reading at a run: its trigger and what became of its messages."""
        reading = self.reading
        reading.trigger = run.data
        reading.results = run.results
        return reading

    def table(self, run: Enrollment) -> Table:
        """Return the table that `run` is on."""
        return self.rules.tables[run.journey, run.version]

    def learn(self, attributes: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
        """Change the profile; return the zone and the addresses that it now gives."""
        self.profile = profile = {**(self.profile or {}), **attributes}
        self.profile_changed = True
        self.reading.profile = profile
        addresses = {
            channel: str(profile[field])
            for channel, field in self.rules.addresses.items()
            if profile.get(field) not in (None, "")
        }
        return profile.get("timezone"), addresses

    def zone_changed(self) -> bool:
        """Look the customer's zone up again; tell whether it is another one now."""
        before = self.zone
        self.zone = self.reading.zone = zone_of(self.rules, self.state)
        return before is not self.zone and before.name != self.zone.name


def zone_of(rules: Rules, state: CustomerState) -> Zone:
    """Return the zone that counts for a customer (rule T7)."""
    return rules.zone if state.zone is None else zone(state.zone)


def facts_of(turn: Turn) -> Facts:
    """Return what the gate may know now."""
    return Facts(
        state=turn.state,
        gate=turn.rules.gate,
        declared=turn.rules.declared,
        now=turn.now,
        zone=turn.zone,
        zone_known=turn.state.zone is not None,
        reading=turn.reading,
    )
