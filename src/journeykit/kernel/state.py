"""What is kept of one customer? One document, loaded and committed as one.

Every value here is plain data that JSON can hold, so that a document written today can be
read tomorrow. Instants are micros (microseconds since 1970, UTC). Only `kernel.fold`
changes a state, one journal entry at a time.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from journeykit.machine import Tally

MessageStatus = Literal["asked", "held", "released"]
ANY_TOPIC = ""
NEVER = 1 << 62


class ConsentRecord(Struct, array_like=True, omit_defaults=True, gc=False):
    """The last word of a customer on a channel, or on one topic of it, kept as proof.

    Attributes:
        until: First instant at which an implied consent no longer counts; None for what the
            customer said expressly.
        confirmed: When the customer confirmed it (double opt-in), or None.
        confirmed_by: Where the confirmation came from.
    """

    granted: bool
    at: int
    source: str = ""
    until: int | None = None
    confirmed: int | None = None
    confirmed_by: str = ""


class Gathered(Struct, array_like=True, gc=False):
    """What a `Digest` collected, as fields of events: the list that is done, and the next one."""

    done: list[dict[str, Any]] = field(default_factory=list)
    open: list[dict[str, Any]] = field(default_factory=list)


class Enrollment(Struct, omit_defaults=True, gc=False):
    """One customer's open run through one version of a journey.

    Attributes:
        step: Id of the step at which the customer stands.
        entered: When the trigger happened (`occurred_at`), not when it was received.
        event: Wire name of the trigger; "" when the host enrolled the customer by call.
        data: Wire fields of the trigger.
        due: When the present step ends by time alone, or None.
        asked: How many messages it has asked for; tells them apart in derived ids.
        message: Id of the message that the present step waits for, or None.
        latched: Ids of `WaitFor` steps whose event has come before they were reached; of one
            that waits for several things, `id#place` of each that has come.
        met: Numbers of the goals that were counted.
        results: Send step id to what became of its last message; StartJourney step id to what
            came of the run that it started.
        passed: Id of a step on a loop to the moment at which it last let the run pass; of a
            bounded Goto, how often the run went there.
        at: When it came to its present step.
        answers: What functions gave: wire name of the result to its fields.
        leaves: When its exit condition, or one that it waits for, will hold if nothing but time
            passes, or None.
        sent: Send step id to the id of its latest message.
        receipts: Send step id to what was told of its latest message: `opened`, and so on.
        collected: Digest step id to what it collected.
        spared: Ids of `Send` steps that it had passed before it was moved to this version, and
            must not come to again.
        child: Id of the run that its last StartJourney step asked for, while it may wait for it.
        parent: Id of the run whose StartJourney step asked for this one, or None.
    """

    id: str
    journey: str
    version: int
    step: str
    entered: int
    event: str = ""
    key: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    due: int | None = None
    asked: int = 0
    message: str | None = None
    latched: list[str] = field(default_factory=list)
    met: list[int] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    at: int = 0
    leaves: int | None = None
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    spared: list[str] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)
    receipts: dict[str, list[str]] = field(default_factory=dict)
    collected: dict[str, Gathered] = field(default_factory=dict)
    child: str | None = None
    parent: str | None = None


class Heard(Struct, array_like=True, gc=False):
    """An event that came while a trigger waited for its slot."""

    event: str
    id: str
    received: int
    occurred: int
    data: dict[str, Any]


class Errand(Struct, omit_defaults=True, gc=False):
    """Something that is asked outside the customer, and was not answered yet.

    Attributes:
        kind: `call` of a function, `rate` for a turn, `entry` for a slot under entry caps.
        enrollment: The run that waits; of an `entry`, the run that may begin.
        what: Name of the function; "" otherwise.
        data: Arguments of a call, or the fields of the trigger.
        asked: When it was asked first.
        until: When it is asked again, or None where it never was postponed.
        attempts: How often it was postponed.
        event, key, cause, received, occurred: The trigger of an `entry`.
        heard: Events that came while it waited, and that its run is to hear.
        late: When the trigger was due, where it came too late by the journey's rule.
        parked: Since when a run is parked that waits for it, or None.
        error: What the function failed with then.
    """

    id: str
    kind: str
    enrollment: str
    journey: str
    what: str
    data: dict[str, Any]
    asked: int
    until: int | None = None
    attempts: int = 0
    event: str = ""
    key: str | None = None
    cause: str = ""
    received: int = 0
    occurred: int = 0
    heard: list[Heard] = field(default_factory=list)
    late: int | None = None
    parked: int | None = None
    error: str = ""


class Message(Struct, omit_defaults=True, gc=False):
    """One intent to contact that has not come to its end yet.

    Attributes:
        route: Index of the present channel in `via`, its own or else that of its step.
        status: `asked`: wants to go now; `held`: waits for `until`; `released`: lies in the
            outbox, its slot under the caps reserved.
        until: When a held message is looked at again, None where it waits for something other
            than time; when a released one may be handed over.
        reason: Why it is held; "" otherwise.
        attempts: Hand-overs that the channels have answered.
        unsure: Whether its present channel was called and has not given its last answer, so
            that nobody knows whether the message came through.
        rejected: Channels that rejected it for good.
        expires: First instant at which it may not leave any more, or None.
        legal_basis: On what ground it goes; "" where nobody is asked, being transactional.
        opens: When the gate opens for it, where it is held beyond that to spread the load.
        missed: How often the gate had closed again when its instant came.
        queued: Its place in the queue of a throttle: its turn, and before those with the same
            turn who were told less often.
        turns: How many turns it was told.
        makes_room: Since when it has been waiting for more important ones, or None.
        tags: What its author marked it with.
        via: Its channels in the order that was found for it; empty where they stand in the
            order of its step.
        sends: The instant that its send time chose, or None where none was asked yet.
        paused: Since when a pause has been holding it, or None.
        doubts: How often in a row nobody knew what became of a hand-over of it.
        doubted: When that was found out last.
    """

    id: str
    enrollment: str
    journey: str
    template: str
    channel: str
    decided: int
    topic: str = ANY_TOPIC
    priority: int = 0
    transactional: bool = False
    route: int = 0
    status: MessageStatus = "asked"
    until: int | None = None
    reason: str = ""
    attempts: int = 0
    expires: int | None = None
    unsure: bool = False
    rejected: list[str] = field(default_factory=list)
    makes_room: int | None = None
    opens: int | None = None
    queued: int | None = None
    turns: int = 0
    missed: int = 0
    tags: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    sends: int | None = None
    legal_basis: str = "consent"
    paused: int | None = None
    doubts: int = 0
    doubted: int = 0


class Delivered(Struct, array_like=True, omit_defaults=True, gc=False):
    """One line of the send ledger: a message that its channel accepted at `at`.

    `template` is "" in lines written before it was kept; `address`, where it went, where that is
    the address that the channel still has.
    """

    at: int
    message: str
    channel: str
    journey: str
    topic: str = ANY_TOPIC
    transactional: bool = False
    template: str = ""
    tags: tuple[str, ...] = ()
    address: str = ""


class Mark(Struct, array_like=True, omit_defaults=True, gc=False):
    """An exit or goal event of the past: when it happened, and when it was told.

    `data` is its fields where what must hold of it depends on the run, else None.
    """

    occurred: int
    received: int
    data: dict[str, Any] | None = None


class History(Struct, array_like=True, gc=False):
    """Entries of one customer into one journey (and key): the last instant and how many."""

    entered: int
    entries: int = 1


class Responses(Struct, array_like=True, gc=False):
    """What a customer answered on one channel.

    Attributes:
        last: When the latest answer happened.
        hours: Hour of the week, on the customer's clock of that time, to how many answers.
    """

    last: int
    hours: dict[int, int] = field(default_factory=dict)


class Membership(Struct, array_like=True, omit_defaults=True, gc=False):
    """How a customer stands to one segment.

    Attributes:
        inside: Whether it belongs to it.
        since: When that became so; None where it was so when it was first looked at.
        look: When time alone changes it next, or None.
        before: When it last became the contrary, before `since`, or None where nobody knows.
    """

    inside: bool
    since: int | None = None
    look: int | None = None
    before: int | None = None


class Timer(Struct, array_like=True, omit_defaults=True, gc=False):
    """When an entry that goes by the calendar starts a run next.

    Attributes:
        due: That instant, or None.
        last: What the clock showed when it last did, or None.
    """

    due: int | None = None
    last: int | None = None


class CustomerState(Struct, omit_defaults=True, gc=False):
    """All that is kept of one customer, the profile apart.

    Attributes:
        seq: Number of the last journal entry.
        clock: Instant of the last journal entry; it never goes back.
        zone: The profile's time zone, or None when it is not known.
        addresses: Channel to address, from the profile fields declared with `Address`.
        consents: `channel` or `channel/topic` to the customer's last word.
        suppressed: `channel:address` to the reason.
        enrollments: Open runs by id, in the order of their entry.
        messages: Open messages by id, in the order of their decision.
        ledger: Accepted messages, oldest first.
        history: `journey` or `journey/key` to past entries.
        marks: Exit and goal events of the past by mark id (and key), for triggers that
            arrive late.
        tallies: What conditions ask about the past, by stream id.
        zones: Channel to the zone that was told with its address.
        responses: Channel to what the customer answered on it.
        errands: What is asked outside and not answered yet, by id.
        segments: How the customer stands to segments, by their ids.
        armed: The timers of entries that go by the calendar, by their ids.
    """

    id: str
    seq: int = 0
    clock: int = 0
    zone: str | None = None
    addresses: dict[str, str] = field(default_factory=dict)
    consents: dict[str, ConsentRecord] = field(default_factory=dict)
    suppressed: dict[str, str] = field(default_factory=dict)
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    ledger: list[Delivered] = field(default_factory=list)
    history: dict[str, History] = field(default_factory=dict)
    marks: dict[str, list[Mark]] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    zones: dict[str, str] = field(default_factory=dict)
    responses: dict[str, Responses] = field(default_factory=dict)
    errands: dict[str, Errand] = field(default_factory=dict)
    segments: dict[str, Membership] = field(default_factory=dict)
    armed: dict[str, Timer] = field(default_factory=dict)


def next_due(state: CustomerState) -> int | None:
    """Return the earliest instant at which time alone changes something, or None."""
    due = soonest(state)
    return None if due == NEVER else due


def soonest(state: CustomerState, bound: int = -NEVER, *, leaves: bool = True) -> int:
    """Return `next_due`, or an instant that never comes.

    `Turn` and `advance` ask only where there are runs, segments or timers of entries: without
    them no time counts. Whoever adds what is due without any lets both ask there too.

    Args:
        bound: An instant before which nothing is due: what is due then ends the search.
        leaves: Whether any run may have a `leaves`.
    """
    due = NEVER
    for run in state.enrollments.values():
        at = run.due
        if at is not None and at < due:
            due = at
            if at <= bound:
                return at
        if leaves:
            at = run.leaves
            if at is not None and at < due:
                due = at
    if state.messages:
        for message in state.messages.values():
            if message.status == "held":
                at = message.until
                if at is not None and at < due:
                    due = at
    if state.segments or state.armed:
        for membership in state.segments.values():
            if membership.look is not None and membership.look < due:
                due = membership.look
        for timer in state.armed.values():
            if timer.due is not None and timer.due < due:
                due = timer.due
    return due


def history_key(journey: str, key: str | None) -> str:
    """Return where the entries of a journey, or of one key of it, are counted."""
    return journey if key is None else f"{journey}/{key}"


def consent_key(channel: str, topic: str) -> str:
    """Return where the word on a channel, or on one topic of it, is kept."""
    return f"{channel}/{topic}" if topic else channel


def suppression_key(channel: str, address: str) -> str:
    """Return where a dead address of a channel is kept."""
    return f"{channel}:{address}"
