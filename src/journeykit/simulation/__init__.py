"""What would happen? Scripted customers, or a whole log, on the real runtime in virtual time."""

from journeykit.simulation.channels import ScriptedChannel
from journeykit.simulation.clock import VirtualClock
from journeykit.simulation.functions import ScriptedFunction
from journeykit.simulation.history import History, Person, read_history
from journeykit.simulation.people import SimulatedCustomer
from journeykit.simulation.provider import HandOverLog, PretendChannel, hand_overs, read_head
from journeykit.simulation.replay import WORKER, Replay, ReplayCounts
from journeykit.simulation.summary import JourneySummary, Summary, summarize
from journeykit.simulation.world import Simulation

__all__ = [
    "WORKER",
    "HandOverLog",
    "History",
    "JourneySummary",
    "Person",
    "PretendChannel",
    "Replay",
    "ReplayCounts",
    "ScriptedChannel",
    "ScriptedFunction",
    "SimulatedCustomer",
    "Simulation",
    "Summary",
    "VirtualClock",
    "hand_overs",
    "read_head",
    "read_history",
    "summarize",
]
