"""What would happen? Scripted customers on the real runtime, with a clock that jumps."""

from journeykit.simulation.channels import ScriptedChannel
from journeykit.simulation.clock import VirtualClock
from journeykit.simulation.people import SimulatedCustomer, Story
from journeykit.simulation.world import Simulation

__all__ = ["ScriptedChannel", "SimulatedCustomer", "Simulation", "Story", "VirtualClock"]
