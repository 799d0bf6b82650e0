"""What is done? The flows that call ports, and the `Runner` that a host holds in its hand."""

from journeykit.runtime.backfilling import Backfilled
from journeykit.runtime.broadcasting import BroadcastOutcome
from journeykit.runtime.consenting import Reply
from journeykit.runtime.counting import counts_of
from journeykit.runtime.doctoring import Diagnosis, Finding
from journeykit.runtime.guards import OnlyTo
from journeykit.runtime.inputs import Inputs
from journeykit.runtime.keywords import Keyword, read_keyword
from journeykit.runtime.lives import MessageLife, MessageStage
from journeykit.runtime.outcomes import (
    BadRow,
    BatchOutcome,
    Outcome,
    Refusal,
    TickCounts,
)
from journeykit.runtime.pausing import Pause
from journeykit.runtime.planning import JourneyPlan, Plan, Standing
from journeykit.runtime.preferences import OwnLimit, Preference, Preferences
from journeykit.runtime.preview import Preview
from journeykit.runtime.pruning import Pruned
from journeykit.runtime.resuming import Parked
from journeykit.runtime.runner import Runner
from journeykit.runtime.suppressing import ListOutcome, SuppressedAddress
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline, TimelineLine
from journeykit.runtime.views import ConsentView, CustomerView, MessageView, RunView, SentView
from journeykit.runtime.whynot import Why, WhyNot, ask_why_not

__all__ = [
    "Backfilled",
    "BadRow",
    "BatchOutcome",
    "BroadcastOutcome",
    "ConsentView",
    "CustomerView",
    "Diagnosis",
    "Finding",
    "Inputs",
    "JourneyPlan",
    "Keyword",
    "ListOutcome",
    "MessageLife",
    "MessageStage",
    "MessageView",
    "OnlyTo",
    "Outcome",
    "OwnLimit",
    "Parked",
    "Pause",
    "Plan",
    "Preference",
    "Preferences",
    "Preview",
    "Pruned",
    "Refusal",
    "Reply",
    "RunView",
    "Runner",
    "SentView",
    "Standing",
    "SuppressedAddress",
    "TickCounts",
    "Timeline",
    "TimelineLine",
    "Why",
    "WhyNot",
    "ask_why_not",
    "counts_of",
    "read_keyword",
    "tell",
]
