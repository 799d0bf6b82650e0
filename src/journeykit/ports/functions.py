"""What may a journey call? Functions of the host, registered by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from journeykit.model import Result
from journeykit.ports.channel import Retry


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a function gets to see. All values are plain JSON values.

    Attributes:
        key: The idempotency key: the same on every attempt, used for no other call.
        step: Id of the `Call` step.
        at: The instant of this attempt, UTC.
        attempt: 1 for the first.
        arguments: What the step gives, read when the run came to it.
        profile: The customer's attributes now.
        trigger: The fields of the event that started the enrollment.
        results: What the run has so far: step label to outcome of messages, and name of a
            result to what a function gave.
    """

    key: str
    customer_id: str
    function: str
    journey: str
    step: str
    at: datetime
    attempt: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    trigger: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)


Function: TypeAlias = Callable[[CallContext], Result | Mapping[str, Any] | Retry | None]
"""A function of the host. It returns the `Result` that its step `gives`, or a mapping with its
fields; `Retry(after=)` to be called again; what it raises counts as `Retry()`. What it returns
where its step gives nothing is not kept. How long it may take is its own affair: meanwhile its
worker does nothing else."""
