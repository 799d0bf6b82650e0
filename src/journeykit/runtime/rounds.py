"""What is known in one round of hand-overs? Claims, their customers, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from journeykit.kernel import (
    ChannelAnswered,
    ChannelRests,
    CustomerState,
    GateClosed,
    Message,
    OutcomeUnknown,
    SuppressionTold,
    Throttled,
)
from journeykit.machine import Rules
from journeykit.ports import (
    ClaimedMessage,
    Content,
    Hand,
    OutgoingMessage,
    Receipt,
    StoredCustomer,
)
from journeykit.runtime.answers import answer_of
from journeykit.runtime.lines import Lines
from journeykit.runtime.outcomes import Carried, Failure


class Delivered(Struct):
    """What one round of hand-overs came to.

    Attributes:
        overtaken: Messages given back because somebody else changed their customers.
        cut: Time ran out before all claimed messages had their turn.
        stopped: The worker was told to stop.
        errands: Errands of which something became.
        left: Channels of which messages were given back, since time ran out.
        claimed: Messages and errands that were taken in hand.
        passed_over: Whether some channels were left out, of which more is due.
    """

    accepted: int = 0
    rejected: int = 0
    retried: int = 0
    blocked: int = 0
    overtaken: int = 0
    failures: list[Failure] = field(default_factory=list)
    cut: bool = False
    stopped: bool = False
    errands: int = 0
    left: set[str] = field(default_factory=set)
    claimed: int = 0
    passed_over: bool = False

    @property
    def finished(self) -> int:
        """Messages, and errands, of which something became."""
        return self.accepted + self.rejected + self.retried + self.blocked + self.errands

    def join(self, other: Delivered) -> None:
        """Take another round into account."""
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.retried += other.retried
        self.blocked += other.blocked
        self.overtaken += other.overtaken
        self.failures += other.failures
        self.errands += other.errands
        self.cut = self.cut or other.cut
        self.stopped = self.stopped or other.stopped
        self.left |= other.left

    def add(self, carried: Carried) -> None:
        """Take a round of errands into account."""
        self.errands += carried.done
        self.overtaken += carried.overtaken
        self.failures += carried.failures
        self.cut = self.cut or carried.cut
        self.stopped = self.stopped or carried.stopped


class Tokens(Struct):
    """Tokens of one throttled channel that a round has in hand.

    Attributes:
        at: When they were taken.
        most: How many were taken at most, the last time.
    """

    left: int = 0
    at: int = 0
    most: int = 0


class Member(Struct):
    """A customer in this round: as stored, decoded, and what channels said meanwhile.

    Attributes:
        listed: What was found on the list of suppressed addresses.
        overtaken: Somebody else committed: what is known here is old.
        unknown: Messages of which nobody knows what became.
    """

    stored: StoredCustomer
    state: CustomerState
    answers: list[ChannelAnswered] = field(default_factory=list)
    closed: list[GateClosed | Throttled | ChannelRests] = field(default_factory=list)
    listed: dict[tuple[str, str], SuppressionTold] = field(default_factory=dict)
    overtaken: bool = False
    unknown: list[OutcomeUnknown] = field(default_factory=list)


class Going(Struct):
    """A message that passed the gate.

    Attributes:
        judged: The instant, the version of the customer, and the journeys that paused, for which
            it passed.
        fresh: The content as it is to be kept, where it was rendered in this round.
        begun: Whether the store knows that it is about to be handed over.
    """

    claim: ClaimedMessage
    customer: Member
    message: Message
    judged: tuple[int, int, frozenset[str]]
    content: Content | None = None
    fresh: bytes | None = None
    begun: bool = False

    @property
    def address(self) -> str:
        """Where it goes: the customer id where no address is declared (D4)."""
        state = self.customer.state
        return state.addresses.get(self.message.channel, state.id)


class Flying(Struct):
    """A parcel that is on its way: whose messages it holds, where they go, and since when."""

    members: Sequence[Going]
    messages: Sequence[OutgoingMessage]
    started: int
    lane: str


class Round(Struct):
    """A round of hand-overs.

    Attributes:
        unsent: Claims of which nothing became so far: given back at the end.
        unsettled: Claims of which nothing is committed so far.
        stuck: What failed for customers, who are still to be let rest.
        now: The newest instant known.
        last_start: When the announcement is too old to start anything.
        tokens: What was taken out of the buckets of throttled channels.
        dead: Addresses that channels called dead, by their place on the list: for whom, and why.
        checked: When it was last known what other processes committed.
        parcels: How many parcels were sent on their way.
        flying: What is on its way, by the numbers of the parcels.
        lines: What this process knows of its channels.
    """

    rules: Rules
    hand: Hand
    unsent: dict[str, ClaimedMessage]
    unsettled: dict[str, ClaimedMessage]
    now: int
    last_start: int
    checked: int = 0
    customers: dict[str, Member] = field(default_factory=dict)
    stuck: dict[str, Exception] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)
    dead: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    done: Delivered = field(default_factory=Delivered)
    parcels: int = 0
    flying: dict[int, Flying] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)


def answered(round_: Round, one: Going, receipt: Receipt, address: str) -> ChannelAnswered:
    """Note what became of a message, and return it."""
    signal = answer_of(one.message, receipt, round_.now, address)
    one.customer.answers.append(signal)
    round_.unsent.pop(one.claim.key, None)
    if signal.answer == "accepted":
        round_.done.accepted += 1
    elif signal.answer == "rejected":
        round_.done.rejected += 1
    else:
        round_.done.retried += 1
    return signal


def stick(round_: Round, customer_id: str, error: Exception) -> None:
    """Leave a customer out whom something fails for; `settle` lets it rest.

    Its claims end with that.
    """
    round_.stuck[customer_id] = error
    member = round_.customers.pop(customer_id, None)
    if member is not None:
        member.overtaken = True
    for claim in [one for one in round_.unsettled.values() if one.customer_id == customer_id]:
        round_.unsent.pop(claim.key, None)
        del round_.unsettled[claim.key]
