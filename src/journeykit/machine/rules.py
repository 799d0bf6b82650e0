"""What does the kernel know about a workspace? Everything, compiled, and nothing else.

Old journey versions keep running beside the present one (rule V1): `Rules` holds a table
for every version that somebody may still be in, and one present version per journey.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from journeykit.errors import VersionError
from journeykit.machine.acts import check_acts, narrow_fields
from journeykit.machine.awaiting import asks_waits, times_waits
from journeykit.machine.calls import entry_caps_of
from journeykit.machine.channels import responses_of
from journeykit.machine.checks import check_places, check_readings
from journeykit.machine.compile import compile_journey
from journeykit.machine.consents import objectionable, topics_of
from journeykit.machine.entries import Watch
from journeykit.machine.guards import Guard, compile_condition, compile_value
from journeykit.machine.migrations import migrations_of
from journeykit.machine.overdue import overdue_of
from journeykit.machine.policy import GatePlan
from journeykit.machine.sendtimes import send_times_of
from journeykit.machine.table import Getter, Listener, Table
from journeykit.machine.waits import hours_of
from journeykit.model import (
    BestHour,
    Journey,
    PastStream,
    Workspace,
    conditions_of,
    past_streams,
    reads,
    reads_of,
    wire,
)
from journeykit.time import DAY, Duration, zone


class StreamRule(NamedTuple):
    """One stream of past events that some condition asks about."""

    id: str
    guard: Guard | None
    amount: Getter | None
    reach: int | None


class Rules:
    """A compiled workspace."""

    __slots__ = (
        "address_zones",
        "addresses",
        "asks_waits",
        "costs",
        "current",
        "declared",
        "defaults",
        "entries",
        "event_classes",
        "future_tolerance",
        "gate",
        "hearers",
        "leaves_by_condition",
        "leaves_by_time",
        "marks",
        "max_steps",
        "migrations",
        "narrow_fields",
        "objectionable",
        "overdue",
        "paused",
        "reaches",
        "reads_profile",
        "remember",
        "responses",
        "result_classes",
        "seed",
        "send_times",
        "streams",
        "tables",
        "topics",
        "watch",
        "workspace",
        "zone",
        "zone_fields",
    )  # fmt: skip

    def __init__(self, workspace: Workspace, older: Iterable[Journey] = ()) -> None:
        self.workspace = workspace
        self.event_classes = workspace.event_classes
        self.result_classes = workspace.result_classes
        self.seed = workspace.seed.encode()
        self.zone = zone(workspace.timezone)
        self.gate = GatePlan(workspace.policy)
        self.future_tolerance = _least(workspace.future_tolerance)
        self.remember = most_micros(workspace.remember_events)
        self.max_steps = workspace.max_steps
        self.addresses = workspace.profile.addresses()
        self.address_zones = workspace.profile.address_zones()
        self.zone_fields = frozenset(("timezone", *self.address_zones.values()))
        self.narrow_fields = narrow_fields(workspace.profile)
        self.defaults = {k: v for k, v in wire(workspace.profile()).items() if v is not None}
        self.declared = frozenset(self.addresses)
        self.tables = _Tables()
        self.current: dict[str, Table] = {}
        check_readings(workspace)
        check_places(workspace)
        check_acts(workspace)
        journeys = list(workspace.journeys)
        for journey in journeys:
            table = compile_journey(journey)
            self.tables[journey.name, journey.version] = table
            self.current[journey.name] = table
            table.entry_caps = entry_caps_of(journey, self.zone)
        for journey in older:
            if (journey.name, journey.version) not in self.tables:
                self.tables[journey.name, journey.version] = compile_journey(journey)
                journeys.append(journey)
        self.topics = workspace.topics | topics_of(self.tables.values())
        self.objectionable = objectionable(self.tables.values())
        self.responses = responses_of(workspace.policy)
        self.costs = dict(workspace.policy.costs)
        self.send_times = send_times_of(workspace, self.tables.values())
        self.leaves_by_condition = any(t.exit_conditions for t in self.tables.values())
        self.asks_waits = asks_waits(self.tables.values())
        self.leaves_by_time = any(t.timed_exits or times_waits(t) for t in self.tables.values())
        self.gate.send_hours = hours_of(self.tables.values())
        self.entries = self._entries()
        self.marks = self._marks()
        self.hearers = _hearers(self.tables.values())
        self.streams = _streams(journeys, workspace)
        self.reaches = {
            stream.id: stream.reach
            for streams in self.streams.values()
            for stream in streams
            if stream.reach is not None
        }
        self.reads_profile = _reads_profile(journeys, workspace)
        self.watch = Watch(workspace.journeys, journeys)
        self.migrations = migrations_of(journeys, self.tables)
        self.overdue = overdue_of(journeys)
        self.paused: frozenset[str] = frozenset()

    def pausing(self, journeys: frozenset[str]) -> Rules:
        """Return the same rules while these journeys pause."""
        if journeys == self.paused:
            return self
        found = copy(self)
        found.paused = journeys
        return found

    def table(self, journey: str, version: int) -> Table:
        """Return the table that a run is on."""
        return self.tables[journey, version]

    def attributes(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of a customer: what was told, else what the class says."""
        return {**self.defaults, **told}

    def _entries(self) -> dict[str, list[tuple[Table, Listener]]]:
        found: dict[str, list[tuple[Table, Listener]]] = {}
        for name in sorted(self.current):
            table = self.current[name]
            for event, listener in table.entries.items():
                found.setdefault(event, []).append((table, listener))
        return found

    def _marks(self) -> dict[str, list[Listener]]:
        """Return the distinct exits, and goals that lead away, of present versions, by event type."""
        found: dict[str, dict[str, Listener]] = {}
        for table in self.current.values():
            ending = [goal.listener for goal in table.goals if goal.leads_away]
            for listener in (*table.exit_listeners, *ending):
                found.setdefault(listener.event, {}).setdefault(listener.mark, listener)
        return {event: list(listeners.values()) for event, listeners in found.items()}


class _Tables(dict[tuple[str, int], Table]):
    """The tables by journey and version; a run may be on one that was published elsewhere."""

    def __missing__(self, place: tuple[str, int]) -> Table:
        journey, version = place
        raise VersionError(
            f"a run is on version {version} of journey {journey!r}, which another worker has "
            "published since this one was started",
            value=place,
            remedy="start this worker anew, with the workspace that has it",
        )


def compile_workspace(workspace: Workspace, older: Iterable[Journey] = ()) -> Rules:
    """Compile a workspace, with the older versions that runs may still be on.

    Raises:
        DefinitionError: Something reads a field that its class does not have, or that the
            entry events do not have in common.
    """
    return Rules(workspace, older)


def _hearers(tables: Iterable[Table]) -> dict[str, tuple[Getter, ...]]:
    """Return by event type the keys of the runs that may hear it; none where any run may.

    A type that is missing is heard by no run. So what an event costs does not grow with the
    runs, and the journeys, that it does not concern.
    """
    fields: dict[str, dict[str | None, Getter | None]] = {}
    for table in tables:
        for event, hearing in table.hears.items():
            known = fields.setdefault(event, {})
            for listener in hearing.listeners():
                known.setdefault(listener.key_field, listener.key)
    return {
        event: () if None in known else tuple(key for key in known.values() if key is not None)
        for event, known in fields.items()
    }


def _streams(journeys: Sequence[Journey], workspace: Workspace) -> dict[str, list[StreamRule]]:
    """Return by event type what must be counted, each stream once, for its longest window."""
    longest: dict[str, tuple[PastStream, int | None]] = {}
    conditions = [asked.condition for journey in journeys for asked in conditions_of(journey)]
    conditions += [rule.where for _, rule in workspace.policy.clock_rules if rule.where is not None]
    conditions += [cap.where for _, cap in workspace.policy.cap_rules if cap.where is not None]
    strict = [rule for _, rule in workspace.policy.strict_rules]
    conditions += [rule.where for rule in strict if rule.where is not None]
    conditions += [condition for _, condition in workspace.policy.conditions_on_channels]
    for condition in conditions:
        for stream, window in past_streams(condition):
            reach = None if window is None else most_micros(window)
            known = longest.get(stream.id)
            if known is not None:
                reach = max(filter(None, (reach, known[1])), default=None)
            longest[stream.id] = (stream, reach)
    rules: dict[str, list[StreamRule]] = {}
    for stream, reach in longest.values():
        guard = amount = None
        if stream.where is not None:
            guard = compile_condition(stream.where, incoming=stream.event)
        if stream.field is not None:
            amount = compile_value(stream.field, incoming=stream.event)
        rules.setdefault(stream.event, []).append(StreamRule(stream.id, guard, amount, reach))
    return rules


def _reads_profile(journeys: Sequence[Journey], workspace: Workspace) -> bool:
    """Tell whether deciding needs the profile; rendering always gets it."""
    for journey in journeys:
        if any(read.ref.of == "profile" for read in reads_of(journey)):
            return True
    policy = workspace.policy
    if any(not isinstance(way, BestHour) for way in workspace.send_times.values()) or any(
        ref.of == "profile" for _, asked in policy.conditions_on_channels for ref in reads(asked)
    ):
        return True
    clock_rules = [rule for _, rule in policy.clock_rules]
    if any(rule.if_zone_unknown == "every_zone" for rule in clock_rules):
        return True
    if any(getattr(cap, "own_limit", None) is not None for _, cap in policy.cap_rules):
        return True
    return any(
        rule.where is not None or rule.countries is not None
        for rule in (
            *clock_rules,
            *(cap for _, cap in policy.cap_rules),
            *(rule for _, rule in policy.strict_rules),
        )
    )


def _least(span: Duration) -> int:
    return span.micros + (span.days + span.months * 28) * DAY


def most_micros(span: Duration) -> int:
    """Upper bound of a span in micros, whatever the zone does."""
    extra = 2 if span.is_calendar else 0
    return span.micros + (span.days + span.months * 31 + extra) * DAY
