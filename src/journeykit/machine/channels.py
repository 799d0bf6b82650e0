"""What does the kernel know about channels? Responses and orders of channels, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeykit.machine.guards import Guard, Reading, compile_condition, compile_value
from journeykit.model import Condition, Policy, Send, Via

Reads = tuple[str, Guard | None]


class OrderPlan:
    """One compiled `Via`: by which rule, the field that names the preferred channel, costs apart."""

    __slots__ = ("by", "preferred")

    def __init__(self, via: Via) -> None:
        self.by = via.by
        self.preferred = None
        if via.preferred is not None:
            self.preferred = compile_value(via.preferred, incoming=None)

    def named(self, reading: Reading) -> Any:
        """Return what the profile names as the preferred channel, or None."""
        return None if self.preferred is None else self.preferred(reading)


def order_of(step: Send) -> OrderPlan | None:
    """Return the rule that orders the channels of a step; None where they are in order."""
    return OrderPlan(step.via) if isinstance(step.via, Via) else None


def responses_of(policy: Policy) -> Mapping[str, list[Reads]]:
    """Return by event type on which channels it may be a response, each with its condition."""
    found: dict[str, list[Reads]] = {}
    for channel, events in policy.responses.items():
        for on in events:
            guard = None
            if on.where is not None:
                guard = compile_condition(on.where, incoming=on.event)
            found.setdefault(on.event, []).append((channel, guard))
    return found


def reachable_of(policy: Policy) -> Mapping[str, Guard]:
    """Return by channel what must hold of the customer for it to reach them."""
    found: dict[str, Guard] = {}
    for channel, condition in policy.reachable.items():
        assert isinstance(condition, Condition)
        found[channel] = compile_condition(condition, incoming=None)
    return found
