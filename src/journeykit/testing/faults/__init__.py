"""Does anything go wrong where everything fails? A simulation of faults, and its checker.

`simulate_faults` plays workers, hosts, a store that fails and channels that time out on one
virtual clock. A seed replays a run call by call.
"""

from journeykit.testing.faults.network import NO_FAULTS, FaultRates
from journeykit.testing.faults.simulate import FaultReport, simulate_faults

__all__ = ["NO_FAULTS", "FaultRates", "FaultReport", "simulate_faults"]
