"""What can an author write? Steps: the places of a journey, read from top to bottom."""

from journeykit.model.steps.base import AnyStep, InnerSteps, Step, Steps
from journeykit.model.steps.changes import Consent, Set
from journeykit.model.steps.jumps import Exit, Goto
from journeykit.model.steps.sends import Send
from journeykit.model.steps.waits import Wait, WaitFor, WaitUntil
from journeykit.model.steps.ways import Arm, Branch, Split, When

__all__ = [
    "AnyStep",
    "Arm",
    "Branch",
    "Consent",
    "Exit",
    "Goto",
    "InnerSteps",
    "Send",
    "Set",
    "Split",
    "Step",
    "Steps",
    "Wait",
    "WaitFor",
    "WaitUntil",
    "When",
]
