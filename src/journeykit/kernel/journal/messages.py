"""What became of messages?"""

from __future__ import annotations

from typing import Any

from journeykit.kernel.journal.base import Entry


class Decided(Entry, tag="decide"):
    """A `Send` step asks for a message.

    `legal_basis` is "" where nobody is asked, being transactional.
    `zone` counts for its first channel; it is from `profile`, `address` or `default`. `via` is
    set where a rule found the order of its channels.
    """

    message: str
    enrollment: str
    template: str
    channel: str
    topic: str
    priority: int
    transactional: bool
    expires: int | None
    tags: tuple[str, ...] = ()
    zone: str = ""
    zone_from: str = ""
    via: tuple[str, ...] = ()
    legal_basis: str = "consent"


class Timed(Entry, tag="time"):
    """A send time was asked for a message, and chose `sends`: now, or a later instant."""

    message: str
    send_time: str
    sends: int


class Rerouted(Entry, tag="reroute"):
    """The channel so far cannot carry the message; the next one in `via` is tried."""

    message: str
    channel: str
    route: int
    reason: str
    detail: dict[str, Any]


class Held(Entry, tag="hold"):
    """The gate is closed for a passing reason; the message waits until `until`.

    `opens` is when the gate opens, where the message leaves only some time after that.
    """

    message: str
    until: int | None
    reason: str
    detail: dict[str, Any]
    opens: int | None = None


class Released(Entry, tag="release"):
    """The gate is open: the message lies in the outbox, its slot is reserved."""

    message: str


class Displaced(Entry, tag="displace"):
    """A message released at this very instant makes room for a more important one (G3)."""

    message: str
    by: str


class Answered(Entry, tag="answer"):
    """A channel was handed the message and answered.

    `late` marks an answer to a message that had been withdrawn while it was on its way.
    `address` is where it went, or "" where the channel has that address still.
    """

    message: str
    channel: str
    answer: str
    detail: str
    until: int | None
    late: bool
    journey: str
    topic: str
    transactional: bool
    template: str = ""
    tags: tuple[str, ...] = ()
    address: str = ""


class Dropped(Entry, tag="drop"):
    """The message will not be sent. The run goes on, or ends, as its step says."""

    message: str
    reason: str
    detail: dict[str, Any]


class Withdrawn(Entry, tag="withdraw"):
    """The message was not handed over yet when its enrollment ended."""

    message: str
    reason: str


class Doubted(Entry, tag="doubt"):
    """A worker died when it was about to hand the message over, or had done so: nobody knows.

    It goes again under its key; `holds`: it waits until somebody says what became of it.
    """

    message: str
    channel: str
    holds: bool


class Clarified(Entry, tag="clarify"):
    """Somebody said what became of a message in doubt: `accepted`, `rejected`, or `repeat`."""

    message: str
    outcome: str
