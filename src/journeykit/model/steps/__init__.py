"""What can an author write? Steps: the places of a journey, read from top to bottom."""

from journeykit.model.steps.awaiting import Case, WaitFor
from journeykit.model.steps.base import AnyStep, InnerSteps, Step, Steps
from journeykit.model.steps.calls import Call, RateLimit
from journeykit.model.steps.changes import Append, Consent, Increment, Set
from journeykit.model.steps.digests import Digest
from journeykit.model.steps.emits import Emit
from journeykit.model.steps.jumps import Exit, Goto
from journeykit.model.steps.parts import PART, Part
from journeykit.model.steps.sends import Send
from journeykit.model.steps.starting import StartJourney
from journeykit.model.steps.waits import Wait, WaitBusinessDays, WaitForWindow, WaitUntil
from journeykit.model.steps.ways import Arm, Branch, Experiment, Split, When

__all__ = [
    "PART",
    "AnyStep",
    "Append",
    "Arm",
    "Branch",
    "Call",
    "Case",
    "Consent",
    "Digest",
    "Emit",
    "Exit",
    "Experiment",
    "Goto",
    "Increment",
    "InnerSteps",
    "Part",
    "RateLimit",
    "Send",
    "Set",
    "Split",
    "StartJourney",
    "Step",
    "Steps",
    "Wait",
    "WaitBusinessDays",
    "WaitFor",
    "WaitForWindow",
    "WaitUntil",
    "When",
]
