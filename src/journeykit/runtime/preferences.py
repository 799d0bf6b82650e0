"""What may a customer be sent? A page that a host can render, and hand back with `prefer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from journeykit.kernel import ConsentStatus, CustomerState, is_chosen, standing_of
from journeykit.machine import MODES, Reading, Rules
from journeykit.model import FrequencyCap
from journeykit.time import from_micros


@dataclass(frozen=True, slots=True)
class Preference:
    """One row: a channel, or a topic on a channel.

    Attributes:
        key: `email` or `email/news`: what `prefer` takes.
        topic: None for the channel as a whole.
        allowed: Whether a message on the ground of consent may go now.
        chosen: Whether to show a tick. It is also true for a yes that is not confirmed yet.
        mode: `opt-in`, `opt-out` or `double-opt-in`, as it counts for this customer.
        status: What the customer's last word comes to: `none` where nothing was said.
        said_of: Whose word that is: a topic without one follows its channel's.
        since, source: When that was said, and where: the proof.
        until: When an implied consent ends, or has ended; None for an express one.
        confirmed, confirmed_by: When and where it was confirmed.
    """

    key: str
    channel: str
    topic: str | None
    allowed: bool
    chosen: bool
    mode: str
    status: ConsentStatus
    said_of: str | None
    since: datetime | None
    source: str
    until: datetime | None
    confirmed: datetime | None
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class OwnLimit:
    """A wish that a cap takes into account: an attribute, and how much the customer wants.

    Attributes:
        field: The attribute of the profile: what `prefer(limits=...)` takes.
        value: None where there is no wish.
        caps: What the rules call themselves that it can make stricter.
    """

    field: str
    value: int | None
    caps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything that a customer can choose: channels by topics, and own limits.

    A suppressed address, quiet hours and caps may stop a message that is allowed here.
    """

    customer_id: str
    rows: tuple[Preference, ...]
    limits: tuple[OwnLimit, ...]

    def __getitem__(self, key: str) -> Preference:
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)

    @property
    def choices(self) -> dict[str, bool]:
        """The ticks as they stand: handed to `prefer`, they change nothing that was said."""
        return {row.key: row.chosen for row in self.rows}

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON values; instants are ISO 8601 texts in UTC."""
        return msgspec.json.decode(self.to_json(), type=dict[str, Any])

    def to_json(self) -> str:
        """Return it as JSON."""
        return msgspec.json.encode(asdict(self)).decode()


def preferences_of(rules: Rules, state: CustomerState, reading: Reading) -> Preferences:
    """Return what a customer can choose, and how it stands at the instant of `reading`."""
    rows = [
        _row(rules, state, reading, channel, topic)
        for channel in rules.workspace.policy.channels
        for topic in ("", *sorted(rules.topics))
    ]
    limits = tuple(
        OwnLimit(field, reading.profile.get(field), caps)
        for field, caps in limits_of(rules).items()
    )
    return Preferences(state.id, tuple(rows), limits)


def limits_of(rules: Rules) -> Mapping[str, tuple[str, ...]]:
    """Return the attributes that caps take as a customer's own limit, with their titles."""
    found: dict[str, tuple[str, ...]] = {}
    for _, cap in rules.workspace.policy.cap_rules:
        if isinstance(cap, FrequencyCap) and cap.own_limit is not None:
            field = cap.own_limit.field
            found[field] = (*found.get(field, ()), cap.title)
    return found


def _row(
    rules: Rules, state: CustomerState, reading: Reading, channel: str, topic: str
) -> Preference:
    found = standing_of(rules, state, reading, channel, topic)
    record = found.record
    return Preference(
        key=f"{channel}/{topic}" if topic else channel,
        channel=channel,
        topic=topic or None,
        allowed=found.allowed,
        chosen=is_chosen(found),
        mode=MODES[found.mode],
        status=found.status,
        said_of=None if record is None else found.key,
        since=None if record is None else from_micros(record.at),
        source="" if record is None else record.source,
        until=None if record is None else _when(record.until),
        confirmed=None if record is None else _when(record.confirmed),
        confirmed_by="" if record is None else record.confirmed_by,
    )


def _when(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
