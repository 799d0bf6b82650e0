"""What can be proved? Checks for people who write ports of their own.

They need no test framework. `journeykit.testing.strategies` does: it is for hypothesis.
"""

from journeykit.testing.channel_contract import check_channel
from journeykit.testing.store_contract import check_store

__all__ = ["check_channel", "check_store"]
