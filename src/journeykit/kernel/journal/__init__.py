"""What happened, and why? A closed set of entries; a customer's state is their fold."""

from journeykit.kernel.journal.acts import (
    Assigned,
)
from journeykit.kernel.journal.base import Entry
from journeykit.kernel.journal.errands import Postponed, Recalled, Requested, Settled
from journeykit.kernel.journal.every import AnyEntry
from journeykit.kernel.journal.inputs import (
    Commanded,
    Confirmed,
    Conflicted,
    Consented,
    Counted,
    Forgot,
    Marked,
    Profiled,
    Received,
    Responded,
    Suppressed,
    Unsuppressed,
)
from journeykit.kernel.journal.messages import (
    Answered,
    Decided,
    Displaced,
    Dropped,
    Held,
    Released,
    Rerouted,
    Timed,
    Withdrawn,
)
from journeykit.kernel.journal.runs import (
    Ended,
    Entered,
    Foreseen,
    Latched,
    Met,
    Moved,
    Refused,
    Rescheduled,
)

__all__ = [
    "Answered",
    "AnyEntry",
    "Assigned",
    "Commanded",
    "Confirmed",
    "Conflicted",
    "Consented",
    "Counted",
    "Decided",
    "Displaced",
    "Dropped",
    "Ended",
    "Entered",
    "Entry",
    "Foreseen",
    "Forgot",
    "Held",
    "Latched",
    "Marked",
    "Met",
    "Moved",
    "Postponed",
    "Profiled",
    "Recalled",
    "Received",
    "Refused",
    "Released",
    "Requested",
    "Rerouted",
    "Rescheduled",
    "Responded",
    "Settled",
    "Suppressed",
    "Timed",
    "Unsuppressed",
    "Withdrawn",
]
