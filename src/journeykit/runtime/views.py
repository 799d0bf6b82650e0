"""How does one customer stand? A picture for reading, with datetimes instead of micros."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from journeykit.kernel import CustomerState
from journeykit.time import from_micros


@dataclass(frozen=True, slots=True)
class RunView:
    """An open run: where it stands and since when; `due` is None where it waits for an answer."""

    id: str
    journey: str
    version: int
    step: str
    key: str | None
    entered: datetime
    due: datetime | None


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
class CustomerView:
    """Everything the library knows of one customer now."""

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


def view_of(state: CustomerState, profile: Mapping[str, Any], version: int) -> CustomerView:
    """Return the picture of a state."""
    messages = [
        MessageView(m.id, m.template, m.channel, m.journey, m.status, m.reason, _when(m.until))
        for m in state.messages.values()
    ]
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
    )


def _when(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
