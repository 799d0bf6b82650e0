"""What is done? The flows that call ports, and the `Runner` that a host holds in its hand."""

from journeykit.runtime.inputs import Inputs
from journeykit.runtime.lives import MessageLife, MessageStage
from journeykit.runtime.outcomes import (
    BadRow,
    BatchOutcome,
    Outcome,
    Refusal,
    TickCounts,
)
from journeykit.runtime.preview import Preview
from journeykit.runtime.runner import Runner
from journeykit.runtime.suppressing import ListOutcome, SuppressedAddress
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline, TimelineLine
from journeykit.runtime.views import CustomerView, MessageView, RunView, SentView

__all__ = [
    "BadRow",
    "BatchOutcome",
    "CustomerView",
    "Inputs",
    "ListOutcome",
    "MessageLife",
    "MessageStage",
    "MessageView",
    "Outcome",
    "Preview",
    "Refusal",
    "RunView",
    "Runner",
    "SentView",
    "SuppressedAddress",
    "TickCounts",
    "Timeline",
    "TimelineLine",
    "tell",
]
