"""What can reach the kernel? A closed set. `received` is the instant of receipt, in micros."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from journeykit.time import Duration


class EventArrived(Struct, frozen=True, gc=False):
    """The host reports an event. `id` is the host's, or derived; `data` is in wire form.

    `by` is the enrollment whose step emitted it, else "".
    """

    received: int
    name: str
    data: dict[str, Any]
    occurred: int
    id: str
    by: str = ""


class EventConflicted(Struct, frozen=True, gc=False):
    """An event id came a second time with other content (rule O8)."""

    received: int
    name: str
    id: str


class ProfileTold(Struct, frozen=True, gc=False):
    """The host tells attributes, in wire form; those not named stay as they are."""

    received: int
    attributes: dict[str, Any]


class ConsentTold(Struct, frozen=True, gc=False):
    """A customer gave or withdrew consent. `topic` is "" for the whole channel.

    Attributes:
        lasts: How long an implied consent counts, on the customer's clock; None where the
            customer said it expressly.
    """

    received: int
    channel: str
    topic: str
    granted: bool
    source: str
    lasts: Duration | None = None


class ConsentConfirmed(Struct, frozen=True, gc=False):
    """A customer confirmed a consent that was given before (double opt-in)."""

    received: int
    channel: str
    topic: str
    source: str


class PreferencesTold(Struct, frozen=True, gc=False):
    """A customer said yes or no to channels and topics at once: `channel`, `channel/topic`."""

    received: int
    choices: dict[str, bool]
    source: str


class SuppressionTold(Struct, frozen=True, gc=False):
    """The host suppresses an address on a channel, or lifts that.

    Attributes:
        address: "" for the one that the channel has for the customer now (D4).
        listed: Nobody says so now; it was found on the list of suppressed addresses.
    """

    received: int
    channel: str
    address: str
    suppressed: bool
    reason: str
    listed: bool = False


class EnrollAsked(Struct, frozen=True, gc=False):
    """The host enrolls a customer by call. `id` names the cause, as an event id does."""

    received: int
    journey: str
    key: str | None
    data: dict[str, Any]
    id: str


class CancelAsked(Struct, frozen=True, gc=False):
    """The host ends the runs of a journey: all of them, or those of one key."""

    received: int
    journey: str
    key: str | None
    reason: str


class RetryAsked(Struct, frozen=True, gc=False):
    """The host lets runs that are parked try again: those of a journey, or the one named."""

    received: int
    journey: str
    enrollment: str = ""


class ChannelAnswered(Struct, frozen=True, gc=False):
    """A channel was handed a message and answered.

    Attributes:
        after: The delay that the channel named for a retry, in micros, or None.
        address: Where it was sent: what is suppressed if the address is dead.
    """

    received: int
    message: str
    channel: str
    address: str
    answer: Literal["accepted", "rejected", "retry"]
    detail: str = ""
    dead_address: bool = False
    after: int | None = None
    journey: str = ""
    topic: str = ""
    transactional: bool = False
    template: str = ""
    tags: tuple[str, ...] = ()


class GateClosed(Struct, frozen=True, gc=False):
    """At hand-over the gate objected: the message must be judged with all consequences.

    `withheld`: it is not the gate; this host writes to nobody but its own people.
    """

    received: int
    message: str
    withheld: bool = False


class Throttled(Struct, frozen=True, gc=False):
    """At hand-over the throttle of the channel had no token left: its turn comes at `until`.

    Attributes:
        detail: The rule and its rate.
    """

    received: int
    message: str
    channel: str
    until: int
    detail: dict[str, Any]


class ChannelRests(Struct, frozen=True, gc=False):
    """At hand-over the channel took nothing: it is left alone until `until`.

    Attributes:
        reason: `circuit_open` or `channel_paused`.
    """

    received: int
    message: str
    channel: str
    until: int
    reason: str
    detail: dict[str, Any]


class OutcomeUnknown(Struct, frozen=True, gc=False):
    """A worker died when it was about to hand a message over, or had done so.

    Attributes:
        hold: Whether the host wants to be asked before it goes again.
    """

    received: int
    message: str
    channel: str
    hold: bool


Told = Literal["accepted", "rejected"]


class OutcomeTold(Struct, frozen=True, gc=False):
    """Somebody has looked up what became of a message that waits for that.

    `repeat`: it did not arrive, or may arrive twice.
    """

    received: int
    message: str
    outcome: Told | Literal["repeat"]


class ErrandAnswered(Struct, frozen=True, gc=False):
    """An errand was carried out: a function answered, a turn came or not, a slot was taken or not.

    Attributes:
        kind, what: As in the journal entry `Requested`.
        answer: `done`; `retry` of a function that failed; `later` where the turn is still to
            come, or the journey of a call pauses; `refused` where a cap had no slot left;
            `moot` where nobody asked for a slot, since the trigger could not enter any more.
        result, data: What a function gave, in wire form: its wire name, and its fields.
        detail: Why not; of a refusal, the rule.
        after: The pause before it is asked again, in micros; None to back off.
    """

    received: int
    errand: str
    kind: str
    what: str
    answer: Literal["done", "retry", "later", "refused", "moot"]
    result: str | None = None
    data: dict[str, Any] | None = None
    detail: str = ""
    after: int | None = None


class ReceiptTold(Struct, frozen=True, gc=False):
    """The host tells what was said of a message after it was sent.

    Attributes:
        message: Its key.
        receipt: `delivered`, `opened`, `clicked`, `replied`, `bounced` or `complained`.
        id: The host's id of the receipt, or "".
        dead_address: Whether nothing can be sent to the address any more.
    """

    received: int
    message: str
    receipt: str
    occurred: int
    id: str = ""
    detail: str = ""
    dead_address: bool = False


class BackfillAsked(Struct, frozen=True, gc=False):
    """The host lets customers of the past into a journey; this one is among those asked.

    Attributes:
        since: Whether a run begins as of when the customer qualified, or as of now.
        past: The events of the journal that the journey hears, in the order of their receipt.
        counts: What was not counted of the past so far: stream, instant, amount, windowed, and
            whether only its instant was not kept.
        ended: When the latest run of the journey ended, by the key of its runs.
        guard: Whom it concerns, compiled; None for everybody.
    """

    received: int
    journey: str
    since: Literal["qualified", "now"]
    past: Sequence[EventArrived] = ()
    counts: Sequence[tuple[str, int, str, bool, bool]] = ()
    guard: Callable[[Any], bool] | None = None
    ended: Mapping[str | None, int] = {}


Signal = (
    EventArrived
    | EventConflicted
    | ProfileTold
    | ConsentTold
    | ConsentConfirmed
    | PreferencesTold
    | SuppressionTold
    | EnrollAsked
    | CancelAsked
    | RetryAsked
    | BackfillAsked
    | ChannelAnswered
    | GateClosed
    | Throttled
    | ChannelRests
    | OutcomeUnknown
    | OutcomeTold
    | ErrandAnswered
    | ReceiptTold
)
