"""What reached a customer, and what was noted of it?"""

from __future__ import annotations

from typing import Any

from msgspec import field

from journeykit.kernel.journal.base import Entry


class Received(Entry, tag="event", omit_defaults=True):
    """An event arrived. Every one is kept, also one that concerns nobody.

    `by` is the enrollment whose `Emit` step reported it; "" for an event of the host's.
    """

    name: str
    id: str
    occurred: int
    data: dict[str, Any]
    by: str = ""


class Conflicted(Entry, tag="conflict"):
    """An event id came again with other content; the first stays, this one is not applied."""

    name: str
    id: str


class Profiled(Entry, tag="profile"):
    """The host told attributes. The other fields are what the state keeps of them.

    `zones` are the zones that were told with the addresses, by channel.
    """

    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]
    zones: dict[str, str] = field(default_factory=dict)


class Consented(Entry, tag="consent", omit_defaults=True):
    """A customer gave or withdrew consent. `topic` is "" for the whole channel.

    `until` is when an implied consent ends. Where not `counts`, it changed nothing: it would
    have weakened what the customer said before.
    """

    channel: str
    topic: str
    granted: bool
    source: str
    until: int | None = None
    counts: bool = True


class Confirmed(Entry, tag="confirm"):
    """A customer confirmed a consent. Where not `counts`, there was none to confirm."""

    channel: str
    topic: str
    source: str
    counts: bool


class Suppressed(Entry, tag="suppress"):
    """An address must not be used on a channel any more, by any journey.

    `listed` when that was known of the address before, from another customer or the host.
    """

    channel: str
    address: str
    reason: str
    listed: bool = False


class Unsuppressed(Entry, tag="unsuppress"):
    """An address may be used again."""

    channel: str
    address: str


class Commanded(Entry, tag="command"):
    """An operator or the host asked for something by call: `enroll`, `cancel`, `backfill` or `retry`."""

    command: str
    journey: str
    key: str | None
    reason: str


class Counted(Entry, tag="count"):
    """An event was added to a stream that conditions ask about.

    `known` is one that was counted before, and whose instant is kept from now on.
    """

    stream: str
    occurred: int
    amount: str
    windowed: bool
    known: bool = False


class Marked(Entry, tag="mark"):
    """An exit or goal event was remembered, for a trigger that may arrive late.

    `data` is its fields where what must hold of it depends on the run, else None.
    """

    mark: str
    occurred: int
    data: dict[str, Any] | None


class Responded(Entry, tag="respond"):
    """The customer answered on a channel; `hour` is that of the week on their clock, 0 to 167."""

    channel: str
    occurred: int
    hour: int


class Forgot(Entry, tag="forget"):
    """What lies before these instants was dropped from the state: nothing asks for it.

    Where `most` is set, only so many exits and goals of the past, instants of each stream, and
    keys of runs were kept, the latest.
    """

    ledger: int
    marks: int
    tallies: dict[str, int]
    most: int = 0
