"""What is done? The flows that call ports, and the `Runner` that a host holds in its hand."""

from journeykit.runtime.inputs import Inputs
from journeykit.runtime.outcomes import (
    BadRow,
    BatchOutcome,
    Outcome,
    Refusal,
    TickCounts,
)
from journeykit.runtime.runner import Runner
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline, TimelineLine
from journeykit.runtime.views import CustomerView, MessageView, RunView, SentView

__all__ = [
    "BadRow",
    "BatchOutcome",
    "CustomerView",
    "Inputs",
    "MessageView",
    "Outcome",
    "Refusal",
    "RunView",
    "Runner",
    "SentView",
    "TickCounts",
    "Timeline",
    "TimelineLine",
    "tell",
]
