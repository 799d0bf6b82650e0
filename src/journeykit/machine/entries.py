"""What starts runs without an event, compiled: changes, segments, calendars, dates.

Who is inside a segment, and what is due by the calendar, is kept with each customer. A
`Watch` says what must be looked at; where a workspace has none of it, it is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from journeykit.machine.crossings import TimedGuard, timed_guard
from journeykit.machine.guards import Reading, compile_condition, compile_value
from journeykit.machine.stamps import date_of, instant_of
from journeykit.machine.table import Moment, SegmentExit, Table
from journeykit.model import (
    Changed,
    Condition,
    Enters,
    Entry,
    Journey,
    Leaves,
    OnDate,
    Scheduled,
    Segment,
    past_streams,
    reads,
    segment_of,
)
from journeykit.time import DAY, Cron, Recurrence, Zone, number_of, parse_clock, to_micros, zone

PAST = "@"  # which no attribute begins with
NextAfter = Callable[[int, Zone], int | None]


class SegmentRule:
    """A segment: who is inside, and when time alone changes that, either way.

    Attributes:
        reads: What a change of may change who is inside: attributes, `PAST` and an event, and
            "" for the customer's zone.
    """

    __slots__ = ("enters", "guard", "id", "leaves", "name", "reads")

    def __init__(self, segment: Segment) -> None:
        self.id = segment.id
        self.name = segment.name
        self.guard = guard = compile_condition(segment.condition, incoming=None)
        self.enters = timed_guard(segment.condition, guard)
        self.leaves: TimedGuard | None = None
        if self.enters is not None:
            self.leaves = TimedGuard(lambda reading: not guard(reading), self.enters.crossings)
        asked = [PAST + stream.event for stream, _ in past_streams(segment.condition)]
        asked += [ref.field for ref in reads(segment.condition)]
        self.reads = frozenset([*asked, *([""] if self.enters is not None else [])])

    def changes_at(self, reading: Reading, *, inside: bool) -> int | None:
        """Return when time alone changes who is inside, after the instant of `reading`, or None."""
        timed = self.leaves if inside else self.enters
        return None if timed is None else timed.holds_from(reading)


class StartRule:
    """An entry without an event.

    Attributes:
        id: The same in every version of a journey that has this entry.
        by: Its kind, and what it goes by, for the timeline.
        guard: What must hold when it would start a run.
    """

    __slots__ = ("by", "guard", "id", "journey")

    def __init__(
        self, journey: str, entry: Entry, by: str, where: Condition | None, more: bytes = b""
    ) -> None:
        self.journey = journey
        self.id = f"{journey}/{blake2b(entry.canonical() + more, digest_size=4).hexdigest()}"
        self.by = by
        self.guard = None if where is None else compile_condition(where, incoming=None)


class ChangeRule(StartRule):
    """A compiled `Changed`."""

    __slots__ = ("becomes", "field", "kind", "was")

    def __init__(self, journey: str, entry: Changed) -> None:
        super().__init__(journey, entry, f"changed {entry.attribute.field}", entry.where)
        self.field = entry.attribute.field
        self.kind = entry.attribute.kind
        self.was = self._values(entry.was)
        self.becomes = self._values(entry.becomes)

    def concerns(self, before: Any, after: Any) -> bool:
        """Tell whether it starts runs for a change from `before` to `after`."""
        was, becomes = self._value(before), self._value(after)
        return (
            was != becomes
            and (self.was is None or was in self.was)
            and (self.becomes is None or becomes in self.becomes)
        )

    def _values(self, values: Sequence[Any] | None) -> list[Any] | None:
        return None if values is None else [self._value(value) for value in values]

    def _value(self, wire: Any) -> Any:
        """Return what a value is worth: of decimals, 5.0 is no other number than 5."""
        return Decimal(wire) if self.kind == "decimal" and isinstance(wire, str) else wire


class ArmedRule(StartRule):
    """A compiled `Scheduled` or `OnDate`: an entry with a timer for each customer.

    Attributes:
        zone: Whose wall clock counts; the customer's own where it is None.
        segment: Only who is inside of it has a timer.
        next_after: Of a schedule, its first occurrence strictly after an instant.
        field, moment: Of a date, the attribute that holds it, and how it is moved.
        opens, closes: The journey takes nobody before, and nobody from then on.
    """

    __slots__ = ("closes", "field", "moment", "next_after", "opens", "segment", "zone")

    def __init__(self, journey: Journey, entry: Scheduled | OnDate) -> None:
        self.segment: str | None = None
        self.next_after: NextAfter | None = None
        self.moment: Moment | None = None
        self.field = ""
        self.zone = None if entry.zone is None else zone(entry.zone)
        self.opens = None if journey.opens is None else to_micros(journey.opens)
        self.closes = None if journey.closes is None else to_micros(journey.closes)
        by, more = "scheduled", b""
        if isinstance(entry, Scheduled):
            self.segment = None if entry.segment is None else entry.segment.id
            self.next_after = _occurrences(entry)
            if (self.opens, self.closes) != (None, None):  # by which its timers go
                more = f"{self.opens} {self.closes}".encode()
        else:
            self.field = entry.attribute.field
            self.moment = _moment(entry)
            by = f"on_date {self.field}"
        super().__init__(journey.name, entry, by, entry.where, more)


def _occurrences(entry: Scheduled) -> NextAfter:
    if entry.rrule is not None:
        assert entry.at is not None
        recurrence, clock = Recurrence(entry.rrule, entry.starts), parse_clock(entry.at)
        return lambda us, zone: recurrence.next_after(us, zone, clock)
    assert entry.cron is not None
    cron = Cron(entry.cron)
    if entry.starts is None:
        return cron.next_after
    begins = number_of(entry.starts) * DAY
    return lambda us, zone: cron.next_after(max(us, zone.instant(begins) - 1), zone)


def _moment(entry: OnDate) -> Moment:
    read, kind = compile_value(entry.attribute, incoming=None), entry.attribute.kind

    def stamp(reading: Reading) -> tuple[str, int] | None:
        text = read(reading)
        if text is None:
            return None
        return (kind, instant_of(text) if kind == "instant" else date_of(text))

    return Moment(
        clock=None if entry.at is None else parse_clock(entry.at),
        days=None,
        cron=None,
        read=stamp,
        instant=kind == "instant",
        offset=entry.offset,
        if_past="skip",
        zone=None if entry.zone is None else zone(entry.zone),
        resolve="compatible",
        anniversary=entry.anniversary,
    )


class Watch:
    """All that a workspace must look at to start runs without an event.

    Attributes:
        segments: By id, also those that only runs on older versions leave by.
        changes: The rules by the attribute that they go by.
        at_segments: The rules by segment and whether it is entered.
        armed: By id, the entries with a timer.
        fields: The attributes whose changes are to be told.
        is_needed: Whether there is anything to look at.
        readers: The segments by what they read.
        starts: All the rules that start runs, by id.
    """

    __slots__ = (
        "armed", "at_segments", "changes", "fields", "is_needed", "readers", "segments", "starts",
    )  # fmt: skip

    def __init__(
        self,
        current: Iterable[Journey],
        journeys: Iterable[Journey],
    ) -> None:
        self.changes: dict[str, list[ChangeRule]] = {}
        self.at_segments: dict[tuple[str, bool], list[StartRule]] = {}
        self.armed: dict[str, ArmedRule] = {}
        found: dict[str, Segment] = {}
        for journey in sorted(current, key=lambda journey: journey.name):
            for entry in journey.entry:
                segment = segment_of(entry)
                if segment is not None:
                    found[segment.id] = segment
                self._add(journey, entry)
        for journey in journeys:
            for rule in journey.exits:
                segment = segment_of(rule)
                if segment is not None:
                    found[segment.id] = segment
        self.segments = {id: SegmentRule(found[id]) for id in sorted(found)}
        starts: list[StartRule] = [*self.armed.values()]
        starts += [rule for rules in self.at_segments.values() for rule in rules]
        starts += [rule for rules in self.changes.values() for rule in rules]
        self.starts = {rule.id: rule for rule in starts}
        self.readers: dict[str, list[str]] = {}
        for asked in self.segments.values():
            for name in asked.reads:
                self.readers.setdefault(name, []).append(asked.id)
        dated = {rule.field for rule in self.armed.values()}
        self.fields = frozenset({*self.changes, *dated, *self.readers} - {""})
        self.is_needed = bool(self.segments or self.changes or self.armed)

    def _add(self, journey: Journey, entry: Entry) -> None:
        name = journey.name
        match entry:
            case Changed():
                change = ChangeRule(name, entry)
                self.changes.setdefault(change.field, []).append(change)
            case Enters() | Leaves():
                inside = isinstance(entry, Enters)
                by = f"{entry.type} {entry.segment.name}"
                start = StartRule(name, entry, by, entry.where)
                self.at_segments.setdefault((entry.segment.id, inside), []).append(start)
            case Scheduled() | OnDate():
                armed = ArmedRule(journey, entry)
                self.armed[armed.id] = armed


def narrow_entry(table: Table, journey: Journey) -> None:
    """Note when runs of a journey may start, and which segments end them."""
    table.opens = None if journey.opens is None else to_micros(journey.opens)
    table.closes = None if journey.closes is None else to_micros(journey.closes)
    exits = [rule for rule in journey.exits if isinstance(rule, Enters | Leaves)]
    table.segment_exits = [
        SegmentExit(
            rule.segment.id,
            isinstance(rule, Enters),
            None if rule.where is None else compile_condition(rule.where, incoming=None),
        )
        for rule in exits
    ]
