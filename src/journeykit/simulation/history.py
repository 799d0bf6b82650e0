"""What happened, and to whom? A log of events, checked and put in order for a replay.

Rows are those of `identify_many` and `track_many`. Every event needs its `occurred_at`: in a
replay that is also the instant at which it arrives.

Keeps true:
    * each row ends up with a person, among the repeats, or among the bad rows;
    * an event has a stable id: the row's own, else one that is derived from its content and
      from how many equal rows came before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from journeykit.errors import (
    InvalidEventError,
    JourneykitError,
    UnknownCustomerError,
    UsageError,
)
from journeykit.kernel import Signal
from journeykit.machine import Rules
from journeykit.runtime import BadRow
from journeykit.runtime.intake import Reported, read_profile
from journeykit.runtime.rows import read_customer_row, read_row
from journeykit.time import to_micros

Row = Mapping[str, Any]
_canonical = msgspec.json.Encoder(order="deterministic").encode


@dataclass(slots=True)
class Person:
    """One customer of a history.

    Attributes:
        begins: When the customer becomes known: at the first event, before it. In micros.
        told: Attributes and consents, as signals of that instant.
        events: In the order in which they happened; those of one instant as in the log.
    """

    customer_id: str
    begins: int = 0
    told: list[Signal] = field(default_factory=list)
    events: list[Reported] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """A checked log.

    Attributes:
        people: In the order of their first event, then of their ids.
        repeats: How many rows repeat an earlier one, id and content.
        bad_events, bad_customers: The rows that were refused, with their places in the input.
        reordered: How many events stood behind later ones of the same customer.
    """

    people: list[Person] = field(default_factory=list)
    repeats: int = 0
    reordered: int = 0
    bad_events: list[BadRow] = field(default_factory=list)
    bad_customers: list[BadRow] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(len(person.events) for person in self.people)

    @property
    def begins(self) -> int | None:
        """The first instant, in micros."""
        return min((person.begins for person in self.people), default=None)

    @property
    def ends(self) -> int | None:
        """The instant of the last event, in micros."""
        return max(
            (person.events[-1].signal.received for person in self.people if person.events),
            default=None,
        )

    def digest(self) -> str:
        """Return a name for what is in it: equal histories have equal digests."""
        hashed = blake2b(digest_size=16)
        for person in self.people:
            told = [asdict(signal) for signal in person.told]
            events = [asdict(one.signal) for one in person.events]
            hashed.update(_canonical([person.customer_id, person.begins, told, events]))
        return hashed.hexdigest()


def read_history(
    rules: Rules, events: Iterable[Row], customers: Iterable[Row] | None = None
) -> History:
    """Check a log and sort it by instant; nothing of a bad row is used.

    Args:
        customers: Who there is: an event of anybody else is refused. Without it everybody in
            the log is a customer of whom nothing is known.
    """
    history = History()
    told = None if customers is None else _told(rules, history, customers)
    happened = _happened(rules, history, events, told)
    for mine in happened.values():
        instants = [one.signal.received for one in mine]
        history.reordered += sum(b < a for a, b in pairwise(instants))
        mine.sort(key=lambda one: one.signal.received)
    first = min((mine[0].signal.received for mine in happened.values()), default=0)
    nothing: list[Signal] = [read_profile(rules, {}, first)]
    for customer_id in happened if told is None else told:
        mine = happened.get(customer_id, [])
        begins = mine[0].signal.received if mine else first
        signals = nothing if told is None else told[customer_id]
        at_begin = [replace(signal, received=begins) for signal in signals]
        history.people.append(Person(customer_id, begins, at_begin, mine))
    history.people.sort(key=lambda one: (one.begins, one.customer_id))
    return history


def _told(rules: Rules, history: History, rows: Iterable[Row]) -> dict[str, list[Signal]]:
    """Return what is told of each customer whose row is good."""
    found: dict[str, list[Signal]] = {}
    for index, row in enumerate(rows):
        try:
            customer_id, signals = read_customer_row(rules, row, 0)
            if customer_id in found:
                raise UsageError(
                    "this customer has a row already",
                    place="customer_id",
                    value=customer_id,
                    remedy="keep one row for each customer",
                )
        except JourneykitError as error:
            history.bad_customers.append(BadRow(index, row, error))
        else:
            found[customer_id] = list(signals)
    return found


def _happened(
    rules: Rules, history: History, rows: Iterable[Row], known: Container[str] | None
) -> dict[str, list[Reported]]:
    """Return the events of each customer, in the order of the log."""
    found: dict[str, list[Reported]] = {}
    names = _Names()
    for index, row in enumerate(rows):
        try:
            reported = _read(rules, row, known)
            if names.is_repeat(reported):
                history.repeats += 1
                continue
        except JourneykitError as error:
            history.bad_events.append(BadRow(index, row, error))
        else:
            found.setdefault(reported.customer_id, []).append(names.with_id(reported))
    return found


def _read(rules: Rules, row: Row, known: Container[str] | None) -> Reported:
    at = row.get("occurred_at")
    if at is None:
        raise InvalidEventError(
            "the row does not say when it happened",
            place="occurred_at",
            remedy="give an instant with a zone, such as 2026-03-01T20:30:00+01:00",
        )
    reported = read_row(rules, row, to_micros(at, what="occurred_at"))
    if known is not None and reported.customer_id not in known:
        raise UnknownCustomerError(
            "nobody was identified under this id",
            place="customer_id",
            value=reported.customer_id,
            remedy="add a good row for this customer to the profiles",
        )
    return reported


class _Names:
    """Tells repeats from new events, and names those that came without an id."""

    def __init__(self) -> None:
        self._digests: dict[tuple[str, str], str] = {}
        self._equal: Counter[str] = Counter()

    def is_repeat(self, reported: Reported) -> bool:
        """Tell whether this very event was there before.

        Raises:
            InvalidEventError: Its id was there before, for another content.
        """
        if reported.digest is None:
            return False
        key = (reported.customer_id, reported.signal.id)
        known = self._digests.get(key)
        if known is None:
            self._digests[key] = reported.digest
        elif known != reported.digest:
            raise InvalidEventError(
                "this id was used before, for an event with other content",
                place="id",
                value=reported.signal.id,
                remedy="an id belongs to one event of its customer; the first row stays",
            )
        return known is not None

    def with_id(self, reported: Reported) -> Reported:
        """Return the event with an id: equal rows are told apart by their number."""
        if reported.digest is not None:
            return reported
        signal = reported.signal
        content = [reported.customer_id, signal.name, signal.data, signal.occurred]
        digest = blake2b(_canonical(content), digest_size=10).hexdigest()
        self._equal[digest] += 1
        named = replace(signal, id=f"row:{digest}:{self._equal[digest]}")
        return Reported(reported.customer_id, named, digest)
