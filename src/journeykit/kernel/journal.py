"""What happened, and why? A closed set of entries; a customer's state is their fold.

An entry says what was decided, with every value needed to apply it: folding needs no
journey, no policy and no clock. On disk an entry is a JSON array that begins with its kind.
All instants are micros; `at` never decreases within one customer.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Entry(Struct, array_like=True, gc=False):
    """The base of all entries."""

    at: int


class Received(Entry, tag="event"):
    """An event arrived. Every one is kept, also one that concerns nobody."""

    name: str
    id: str
    occurred: int
    data: dict[str, Any]


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
    zones: dict[str, str] = {}


class Assigned(Entry, tag="set"):
    """A `Set` step changed attributes of the profile."""

    enrollment: str
    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]
    zones: dict[str, str] = {}


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
    """An operator or the host asked for something by call: `enroll` or `cancel`."""

    command: str
    journey: str
    key: str | None
    reason: str


class Counted(Entry, tag="count"):
    """An event was added to a stream that conditions ask about."""

    stream: str
    occurred: int
    amount: str
    windowed: bool


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
    """What lies before these instants was dropped from the state: nothing asks for it."""

    ledger: int
    marks: int
    tallies: dict[str, int]


class Entered(Entry, tag="enter"):
    """An enrollment began. It stands before its first step until the first move."""

    enrollment: str
    journey: str
    version: int
    event: str
    entered: int
    key: str | None
    data: dict[str, Any]


class Refused(Entry, tag="refuse"):
    """A trigger did not start an enrollment."""

    journey: str
    key: str | None
    reason: str
    detail: dict[str, Any]


class Moved(Entry, tag="move"):
    """A run left its step by `outcome` and stands at `step`, until `due` if that is set.

    `passed` is set when the step left lies on a loop and waits for a local moment: the
    moment that it let pass, so that a second visit looks for a later one.
    """

    enrollment: str
    outcome: str
    step: str
    due: int | None
    passed: int | None


class Rescheduled(Entry, tag="reschedule"):
    """The end of the present step was reckoned anew (the customer's zone changed)."""

    enrollment: str
    due: int


class Foreseen(Entry, tag="foresee"):
    """If nothing but time passes, the exit condition of a run will hold at `leaves`."""

    enrollment: str
    leaves: int | None


class Latched(Entry, tag="latch"):
    """An awaited event came before its `WaitFor` step was reached."""

    enrollment: str
    step: str


class Met(Entry, tag="goal"):
    """A goal was reached; it counts once for its enrollment."""

    enrollment: str
    goal: int


class Ended(Entry, tag="end"):
    """An enrollment is over: `completed`, `exited`, `goal`, `cancelled`, `restarted` or `failed`."""

    enrollment: str
    status: str
    reason: str


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


class Dropped(Entry, tag="drop"):
    """The message will not be sent. The run goes on, or ends, as its step says."""

    message: str
    reason: str
    detail: dict[str, Any]


class Withdrawn(Entry, tag="withdraw"):
    """The message was not handed over yet when its enrollment ended."""

    message: str
    reason: str


AnyEntry = (
    Received
    | Conflicted
    | Profiled
    | Assigned
    | Consented
    | Confirmed
    | Suppressed
    | Unsuppressed
    | Commanded
    | Counted
    | Marked
    | Responded
    | Forgot
    | Entered
    | Refused
    | Moved
    | Rescheduled
    | Foreseen
    | Latched
    | Met
    | Ended
    | Decided
    | Timed
    | Rerouted
    | Held
    | Released
    | Displaced
    | Answered
    | Dropped
    | Withdrawn
)
