"""How does one customer stand? A picture for reading, with datetimes instead of micros."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from journeykit.kernel import ConsentRecord, CustomerState
from journeykit.time import from_micros


@dataclass(frozen=True, slots=True)
class RunView:
    """An open run: where it stands and since when; `due` is None where it waits for an answer.

    `parked` is the error with which the run is parked at its step, or None.
    """

    id: str
    journey: str
    version: int
    step: str
    key: str | None
    entered: datetime
    due: datetime | None
    parked: str | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message on its way: `held` until an instant for a reason, or `released`."""

    id: str
    template: str
    channel: str
    journey: str
    status: str
    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SentView:
    """A message that its channel accepted."""

    id: str
    channel: str
    journey: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A customer's last word on a channel or a topic, as proof. Whether it counts now: see
    `preferences`.

    Attributes:
        until: When an implied consent ends; None for an express one.
        confirmed, confirmed_by: When and where it was confirmed, if it was.
    """

    granted: bool
    since: datetime
    source: str
    until: datetime | None
    confirmed: datetime | None
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Everything the library knows of one customer now.

    Attributes:
        consents: `channel` or `channel/topic` to whether the last word was yes.
        proofs: The same keys, to that word with its source and instant.
    """

    id: str
    timezone: str | None
    profile: Mapping[str, Any]
    enrollments: tuple[RunView, ...]
    held: tuple[MessageView, ...]
    released: tuple[MessageView, ...]
    sent: tuple[SentView, ...]
    consents: Mapping[str, bool]
    suppressed: Mapping[str, str]
    version: int
    proofs: Mapping[str, ConsentView] = field(default_factory=dict)


def view_of(state: CustomerState, profile: Mapping[str, Any], version: int) -> CustomerView:
    """Return the picture of a state."""
    messages = [
        MessageView(m.id, m.template, m.channel, m.journey, m.status, m.reason, _when(m.until))
        for m in state.messages.values()
    ]
    parked = {e.enrollment: e.error for e in state.errands.values() if e.parked is not None}
    return CustomerView(
        state.id,
        state.zone,
        profile,
        tuple(
            RunView(
                run.id,
                run.journey,
                run.version,
                run.step,
                run.key,
                from_micros(run.entered),
                _when(run.due),
                parked.get(run.id),
            )
            for run in state.enrollments.values()
        ),
        tuple(m for m in messages if m.status == "held"),
        tuple(m for m in messages if m.status == "released"),
        tuple(
            SentView(line.message, line.channel, line.journey, from_micros(line.at))
            for line in state.ledger
        ),
        {key: record.granted for key, record in state.consents.items()},
        dict(state.suppressed),
        version,
        {key: _proof(record) for key, record in state.consents.items()},
    )


def _proof(record: ConsentRecord) -> ConsentView:
    return ConsentView(
        record.granted,
        from_micros(record.at),
        record.source,
        _when(record.until),
        _when(record.confirmed),
        record.confirmed_by,
    )


def _when(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
