"""What can be proved? Checks for people who write ports of their own.

They need no test framework. `journeykit.testing.strategies` does: it is for hypothesis.
"""

from journeykit.testing.async_contract import check_async_channel, check_async_store
from journeykit.testing.channel_contract import check_channel
from journeykit.testing.store_contract import check_store
from journeykit.testing.store_faults import Fault, FaultyStore

__all__ = [
    "Fault",
    "FaultyStore",
    "check_async_channel",
    "check_async_store",
    "check_channel",
    "check_store",
]
