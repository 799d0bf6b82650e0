"""What comes next for one customer, if nothing happens but time, and channels accept at once?

The very kernel runs ahead on a copy: `advance` at each instant at which something is due, and
after each hand-over. There is no second implementation of any rule, so what it says comes
true, entry by entry, unless somebody does something. At a `Call` a run stops: nobody knows what
the function will answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from journeykit.kernel import journal as j
from journeykit.kernel.advance import advance
from journeykit.kernel.errands import CALL
from journeykit.kernel.handing import may_hand_over
from journeykit.kernel.signals import ChannelAnswered, ErrandAnswered, GateClosed, Signal
from journeykit.kernel.state import NEVER, CustomerState, Errand, Message, soonest
from journeykit.kernel.turn import Turn, facts_of
from journeykit.machine import Rules

MOST_DECISIONS = 5_000


class Ahead(Struct):
    """What would happen.

    Attributes:
        entries: What would be added to the journal.
        state: How the customer would stand in the end.
        reached: The instant up to which was looked: earlier than asked for where it would have
            taken more than `MOST_DECISIONS`.
    """

    entries: list[j.Entry]
    state: CustomerState
    reached: int


def run_ahead(
    rules: Rules,
    state: CustomerState,
    now: int,
    until: int,
    *,
    profile: dict[str, Any] | None = None,
    most: int = MOST_DECISIONS,
) -> Ahead:
    """Let time pass in thought from `now` to `until`, which is included.

    Args:
        state: Freshly decoded; it is changed in place.
        profile: As for `advance`.
        most: Look no further after so many decisions.
    """
    course = _Course(rules, state, profile)
    at = now
    for _ in range(most):
        following = course.next_due
        if course.outbox:
            following = min(following, *course.outbox.values())
        following = max(following, at)
        if following > until:
            return Ahead(course.entries, state, until)
        at = following
        if course.next_due <= at:  # as in a tick: first what is due, then the outbox
            course.decide((), at)
        else:
            course.hand_over(at)
    return Ahead(course.entries, state, at)


_MAY_CLOSE = frozenset({j.Consented, j.Suppressed, j.Profiled, j.Assigned})


class _Course:
    """The customer while time passes.

    Attributes:
        outbox: From when on each released message may be handed over, and each errand but
            calls carried out.
        sure: An instant at which nothing has happened yet that could close the gate again for
            what was released at it.
    """

    def __init__(self, rules: Rules, state: CustomerState, profile: dict[str, Any] | None) -> None:
        self.rules = rules
        self.state = state
        self.profile = profile
        self.entries: list[j.Entry] = []
        self.outbox = {
            message.id: message.until or 0
            for message in state.messages.values()
            if message.status == "released"
        }
        for errand in state.errands.values():
            if errand.kind != "call":
                self.outbox[errand.id] = errand.asked if errand.until is None else errand.until
        self.next_due = soonest(state)
        self.at = self.sure = -1

    def decide(self, signals: Sequence[Signal], at: int) -> None:
        """Advance, and keep what follows."""
        decision = advance(self.rules, self.state, signals, at, profile=self.profile)
        self.entries += decision.entries
        self.next_due = NEVER if decision.next_due is None else decision.next_due
        if decision.profile is not None:
            self.profile = decision.profile
        for key in decision.drop:
            self.outbox.pop(key, None)
        for key, (channel, due) in decision.put.items():
            if channel != CALL:
                self.outbox[key] = due
        if at != self.at:
            self.at = self.sure = at
        if self.outbox and not _MAY_CLOSE.isdisjoint(map(type, decision.entries)):
            self.sure = -1

    def hand_over(self, at: int) -> None:
        """Hand over what may leave, one by one, as a round of the runtime does."""
        keys = [key for key, due in self.outbox.items() if due <= at]
        if len(keys) > 1:
            keys.sort(key=lambda key: (self.outbox[key], key))
        errands = [key for key in keys if key in self.state.errands]
        if errands:
            keys = [key for key in keys if key not in errands]
            self._hand_over(keys, at)
            self.decide([_granted(self.state.errands[key], at) for key in errands], at)
        else:
            self._hand_over(keys, at)

    def _hand_over(self, keys: Sequence[str], at: int) -> None:
        going = [key for key in keys if self._may_go(key, at)]
        signals: list[Signal] = [GateClosed(at, key) for key in keys if key not in going]
        has_answers = has_changed = False
        for key in going:
            if has_answers:  # what follows from one hand-over may forbid those after it
                self.decide(signals, at)
                signals, has_answers, has_changed = [], False, True
            if has_changed and not self._may_go(key, at):
                signals.append(GateClosed(at, key))
            else:
                signals.insert(0, _accepted(self.state, self.state.messages[key], at))
                has_answers = True
        self.decide(signals, at)

    def _may_go(self, key: str, at: int) -> bool:
        message = self.state.messages.get(key)
        if message is None or message.status != "released":
            return False
        if message.until == at == self.sure:
            return True
        facts = facts_of(Turn(self.rules, self.state, self.profile, at))
        return may_hand_over(facts, self.rules, message).action == "allow"


def _granted(errand: Errand, at: int) -> ErrandAnswered:
    return ErrandAnswered(at, errand.id, errand.kind, errand.what, "done")


def _accepted(state: CustomerState, message: Message, at: int) -> ChannelAnswered:
    address = state.addresses.get(message.channel, state.id)
    return ChannelAnswered(
        at,
        message.id,
        message.channel,
        address,
        "accepted",
        journey=message.journey,
        topic=message.topic,
        transactional=message.transactional,
        template=message.template,
        tags=message.tags,
    )
