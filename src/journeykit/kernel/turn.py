"""What is at hand while one customer is decided on? The state, what was told, what follows.

A `Turn` lives for one call of `advance`. Everything it does to the state goes through
`emit`: journal first, then the fold.
"""

from __future__ import annotations

from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.facts import Facts
from journeykit.kernel.fold import APPLY
from journeykit.kernel.news import News
from journeykit.kernel.places import ZoneSource, zone_of_address
from journeykit.kernel.state import NEVER, CustomerState, Enrollment, soonest
from journeykit.kernel.verdict import Verdict
from journeykit.machine import GoalRule, Nobody, Reading, Rules, Table
from journeykit.time import Zone, zone

_NO_FIELDS: dict[str, Any] = {}
_NONE = (None, "")


class Turn(Reading):
    """One customer, one instant. It is also what conditions read.

    Attributes:
        now: The present instant by the host's clock: what the gate goes by.
        stamp: Instant of new journal entries: now, but never before the last entry (O9).
        told: The attributes that the host told, or a step set; `profile` also has defaults.
        asked: Messages that want to go, to be judged when all inputs and timers are done.
        put: Outbox rows to write: message id to (channel, due).
        drop: Message ids that leave the outbox.
        soonest: No timer fires before this instant: the earliest found due when it was last
            looked for, or set by a move since. It may be too early, never too late.
        taken: Steps that took no time in this instant, by enrollment (E5).
        taken_before: How many those count that start now, for what led to them.
        following: What is to be applied when the present input or timer is done.
        jumps: The runs that the input at hand lets jump, each with the goal that it reached.
        openings: By message, what stood in the way of the channels that it passed over for
            now: the verdict with the earliest opening.
        late: By run or message, the instant at which it was due; only where its journey has a rule
            for what comes too late.
        watches: Whether segments, or what the calendar starts, are to be looked at here.
        stirred: Whether they are to be looked at now: what they go by has changed.
        changes: Changed attributes since they were last looked at: name, before, after; "" for
            the customer's zone.
        look_again: Whether something happened that may open the gate for held messages, or
            close it for good: `profile` or `slots`; "" if nothing did.
    """

    __slots__ = (
        "asked", "changes", "drop", "entries", "following", "jumps", "late", "look_again", "openings", "profile_changed", "put", "rules",
        "soonest", "stamp", "state", "stirred", "taken", "taken_before", "told", "watches",
    )  # fmt: skip

    def __init__(
        self, rules: Rules, state: CustomerState, profile: dict[str, Any] | None, now: int
    ) -> None:
        self.rules = rules
        self.state = state
        self.told: dict[str, Any] = _NO_FIELDS if profile is None else profile
        self.profile = _NO_FIELDS if profile is None else rules.attributes(profile)
        self.profile_changed = False
        self.now = now
        self.stamp = now if now > state.clock else state.clock
        self.entries: list[j.Entry] = []
        self.asked: list[str] = []
        self.put: dict[str, tuple[str, int]] = {}
        self.drop: set[str] = set()
        self.taken: dict[str, int] = {}
        self.taken_before = 0
        self.following: list[News] = []
        self.jumps: dict[str, GoalRule] = {}
        self.openings: dict[str, Verdict] = {}
        self.late: dict[str, int] = {}
        gate = rules.gate
        self.look_again = ""
        if gate.is_guarded or (gate.looks_ahead and _makes_room(state, now)):
            self.look_again = "slots"
        self.soonest = NEVER
        watches = bool(state.segments or state.armed)
        if state.enrollments or watches:  # without them there is nothing that time changes
            self.soonest = soonest(state, leaves=rules.leaves_by_time)
        self.watches = watches or rules.watch.is_needed
        self.stirred = self.watches and _is_new_to(state, rules)
        self.changes: list[tuple[str, Any, Any]] = []
        self.zone = rules.zone if state.zone is None else zone(state.zone)
        self.past = state.tallies
        self.event = self.trigger = self.results = self.answers = _NO_FIELDS
        self.run = Nobody

    def emit(self, entry: j.Entry) -> None:
        """Write `entry` to the journal and apply it; `close` sets number and clock."""
        self.entries.append(entry)
        APPLY[type(entry)](self.state, entry)

    @property
    def seq(self) -> int:
        """Number of the newest journal entry."""
        return self.state.seq + len(self.entries)

    def close(self) -> None:
        """Leave the state as `fold.apply` does: numbered, and at the instant of its entries."""
        if self.entries:
            self.state.seq += len(self.entries)
            self.state.clock = self.stamp

    def read_run(self, run: Enrollment) -> Reading:
        """Let conditions read a run: its trigger and what became of its messages."""
        self.trigger = run.data
        self.results = run.results
        self.answers = run.answers
        self.run = run
        return self

    def read_nobody(self, trigger: dict[str, Any]) -> Reading:
        """Let conditions read a trigger that has not started a run yet."""
        self.trigger = trigger
        self.results = self.answers = _NO_FIELDS
        self.run = Nobody
        return self

    def table(self, run: Enrollment) -> Table:
        """Return the table that `run` is on."""
        return self.rules.tables[run.journey, run.version]

    def learn(
        self, attributes: dict[str, Any]
    ) -> tuple[str | None, dict[str, str], dict[str, str]]:
        """Change the profile; return its zone, its addresses, and the zones of addresses."""
        before = self.profile
        self.told = told = {**self.told, **attributes}
        self.profile = profile = self.rules.attributes(told)
        if self.watches:
            self.stirred = True
            for name in sorted(self.rules.watch.fields.intersection(attributes)):
                if before.get(name) != profile.get(name):
                    self.changes.append((name, before.get(name), profile.get(name)))
        self.profile_changed = True
        self.look_again = "profile"
        given = [
            {channel: str(told[name]) for channel, name in fields if told.get(name) not in _NONE}
            for fields in (self.rules.addresses.items(), self.rules.address_zones.items())
        ]
        return told.get("timezone"), given[0], given[1]

    def zone_for(self, channel: str) -> tuple[str, ZoneSource]:
        """Return the name of the zone that counts for a channel now, and where it is from."""
        if self.state.zone is None:
            found = zone_of_address(self.state, channel)
            return (self.zone.name, "default") if found is None else (found.name, "address")
        return self.zone.name, "profile"

    def zone_changed(self) -> bool:
        """Look the customer's zone up again; tell whether it is another one now."""
        before = self.zone
        self.zone = zone_of(self.rules, self.state)
        changed = before is not self.zone and before.name != self.zone.name
        if changed and self.watches:
            self.changes.append(("", before.name, self.zone.name))
        return changed


def _is_new_to(state: CustomerState, rules: Rules) -> bool:
    """Tell whether the workspace watches something else than when the customer was last seen."""
    watch = rules.watch
    return (
        state.segments.keys() != watch.segments.keys() or state.armed.keys() != watch.armed.keys()
    )


def _makes_room(state: CustomerState, now: int) -> bool:
    """Tell whether a message waits for a more important one, which may come no more.

    Or was released at this very instant, at which a more important one may come to be known.
    """
    return any(
        message.makes_room is not None or (message.status == "released" and message.until == now)
        for message in state.messages.values()
    )


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
        reading=turn,
    )
