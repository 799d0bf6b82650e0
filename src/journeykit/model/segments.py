"""Who belongs together? A named condition over the profile, the past and the time."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import AnyCondition, Condition, reads
from journeykit.model.names import Name


def _of_the_customer(condition: Condition) -> Condition:
    """Refuse what has no answer while no run is at hand."""
    for ref in reads(condition):
        if ref.of != "profile":
            raise Wrong(
                f"{ref.of}.{ref.field} cannot be read here: this is asked of a customer, "
                "when no event and no run is at hand",
                "ask about the profile, or about past events with count, total and last",
            )
    return condition


CustomerCondition = Annotated[AnyCondition, AfterValidator(_of_the_customer)]


class Segment(Frozen):
    """Customers of whom a condition holds, under a name.

    Who is inside is known at every instant: it is asked again when the profile or a past
    event that the condition reads changes, and at the instant at which time alone changes the
    answer. Two segments of one name in a workspace have one condition.

    Args:
        name: Such as `lapsed`.
        condition: On the profile, past events and the time; not on an event at hand.
    """

    name: Name
    condition: CustomerCondition

    if TYPE_CHECKING:

        def __init__(self, name: str, condition: Condition | bool) -> None: ...

    @property
    def id(self) -> str:
        """The name, and a mark that changes when the condition does."""
        return f"{self.name}/{blake2b(self.condition.canonical(), digest_size=4).hexdigest()}"


def refuse_two_of_a_name(segments: Iterable[tuple[str, Segment]]) -> None:
    """Refuse segments of one name with different conditions; given as (place, segment)."""
    known: dict[str, Segment] = {}
    for place, segment in segments:
        if known.setdefault(segment.name, segment) != segment:
            raise Wrong(
                f"the segment {segment.name!r} has another condition elsewhere",
                "make one Segment and name it where you need it, or choose another name",
                place,
            )
