"""In which order are the channels of a message tried? Found once, when it is decided (G4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from journeykit.kernel.gate import judge
from journeykit.kernel.state import NEVER, Enrollment, Message
from journeykit.kernel.turn import Turn, facts_of
from journeykit.kernel.verdict import Verdict
from journeykit.machine import OrderPlan, SendPlan


def via_of(message: Message, plan: SendPlan) -> Sequence[str]:
    """Return the channels of a message in the order that counts for it."""
    return message.via or plan.via


def choose(
    turn: Turn, run: Enrollment, plan: SendPlan, message_id: str, expires: int | None
) -> tuple[str, ...]:
    """Return the channels of a message that is decided now, in the order of its rule.

    Empty where they stand in the order in which they are written.
    """
    order = plan.order
    if order is None:
        return ()
    message = Message(
        message_id,
        run.id,
        run.journey,
        plan.template,
        plan.via[0],
        turn.stamp,
        plan.topic,
        plan.priority,
        plan.transactional,
        expires=expires,
        tags=plan.tags,
        legal_basis=plan.legal_basis,
    )
    return tuple(sorted(plan.via, key=_key(turn, message, order)))


def _key(turn: Turn, message: Message, order: OrderPlan) -> Callable[[str], Any]:
    """Return by what channels are sorted; those that are equal stay as they are written."""
    if order.by == "preferred":
        named = order.named(turn)
        return lambda channel: channel != named
    if order.by == "last_engaged":
        responses = turn.state.responses
        return lambda channel: -responses[channel].last if channel in responses else NEVER
    if order.by == "cheapest":
        costs = turn.rules.costs
        return lambda channel: (channel not in costs, costs.get(channel, 0.0))
    facts = facts_of(turn)
    return lambda channel: _openness(judge(replace(message, channel=channel), facts))


def _openness(verdict: Verdict) -> tuple[int, int]:
    """Open now, opening later, not opening in time, refused."""
    if verdict.action == "allow":
        return 0, 0
    if verdict.action == "hold":
        return 1, NEVER if verdict.until is None else verdict.until
    return (2, 0) if verdict.blocked else (3, 0)
