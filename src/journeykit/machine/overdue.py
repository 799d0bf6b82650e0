"""What is too late for which version of which journey? Compiled `Overdue` rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from journeykit.model import Journey
from journeykit.time import Duration


class OverduePlan(NamedTuple):
    """One compiled `Overdue` that changes anything: `then` is `skip` or `exit`."""

    after: Duration
    then: str


def overdue_of(journeys: Iterable[Journey]) -> dict[tuple[str, int], OverduePlan]:
    """Return the rules by journey and version; one that sends late work asks for nothing."""
    return {
        (journey.name, journey.version): OverduePlan(journey.overdue.after, journey.overdue.then)
        for journey in journeys
        if journey.overdue is not None and journey.overdue.then != "send"
    }
