"""What can be proved? Checks for people who write ports of their own."""

from journeykit.testing.store_contract import check_store

__all__ = ["check_store"]
