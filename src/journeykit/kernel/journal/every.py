"""Which kinds of entries are there? A closed set."""

from __future__ import annotations

from journeykit.kernel.journal.acts import (
    Assigned,
    Returned,
    Started,
)
from journeykit.kernel.journal.errands import (
    Overheard,
    Parked,
    Postponed,
    Recalled,
    Requested,
    Retried,
    Settled,
)
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
    Clarified,
    Decided,
    Displaced,
    Doubted,
    Dropped,
    Held,
    Released,
    Rerouted,
    Timed,
    Withdrawn,
)
from journeykit.kernel.journal.operated import Migrated, Pruned, Spared
from journeykit.kernel.journal.runs import (
    Collected,
    Ended,
    Entered,
    Foreseen,
    Latched,
    Met,
    Moved,
    Receipted,
    Refused,
    Rescheduled,
)
from journeykit.kernel.journal.watched import Armed, Segmented

AnyEntry = (
    Received
    | Conflicted
    | Profiled
    | Assigned
    | Started
    | Returned
    | Consented
    | Confirmed
    | Suppressed
    | Unsuppressed
    | Commanded
    | Counted
    | Marked
    | Responded
    | Segmented
    | Armed
    | Forgot
    | Entered
    | Refused
    | Moved
    | Rescheduled
    | Foreseen
    | Latched
    | Collected
    | Receipted
    | Met
    | Ended
    | Decided
    | Timed
    | Rerouted
    | Held
    | Released
    | Displaced
    | Answered
    | Dropped
    | Withdrawn
    | Doubted
    | Clarified
    | Migrated
    | Spared
    | Pruned
    | Requested
    | Overheard
    | Postponed
    | Parked
    | Retried
    | Settled
    | Recalled
)
