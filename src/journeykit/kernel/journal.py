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
    """The host told attributes. `zone` and `addresses` are what the state keeps of them."""

    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]


class Assigned(Entry, tag="set"):
    """A `Set` step changed attributes of the profile."""

    enrollment: str
    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]


class Consented(Entry, tag="consent"):
    """A customer gave or withdrew consent. `topic` is "" for the whole channel."""

    channel: str
    topic: str
    granted: bool
    source: str


class Suppressed(Entry, tag="suppress"):
    """An address must not be used on a channel any more, by any journey."""

    channel: str
    address: str
    reason: str


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
    """A `Send` step asks for a message."""

    message: str
    enrollment: str
    template: str
    channel: str
    topic: str
    priority: int
    transactional: bool
    expires: int | None


class Rerouted(Entry, tag="reroute"):
    """The channel so far cannot carry the message; the next one in `via` is tried."""

    message: str
    channel: str
    route: int
    reason: str
    detail: dict[str, Any]


class Held(Entry, tag="hold"):
    """The gate is closed for a passing reason; the message waits until `until`."""

    message: str
    until: int | None
    reason: str
    detail: dict[str, Any]


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
    | Suppressed
    | Unsuppressed
    | Commanded
    | Counted
    | Marked
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
    | Rerouted
    | Held
    | Released
    | Displaced
    | Answered
    | Dropped
    | Withdrawn
)
