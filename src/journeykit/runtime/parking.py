"""What becomes of a customer who could not be decided on? It rests, and nobody else waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.errors import StoreError, VersionError
from journeykit.ports import ClaimedMessage, CustomerCommit, OutboxRow, StoredCustomer
from journeykit.time import HOUR, MINUTE

SET_ASIDE = HOUR
"""How long a customer rests who could not be decided on."""


def stuck(customer_id: str, error: Exception) -> StoreError:
    """Return the error for a customer who could not be decided on, with its cause."""
    told = StoreError(
        f"this customer could not be decided on: {type(error).__name__}",
        place=f"customer {customer_id!r}",
        remedy="nothing of it was changed; the cause tells what the stored document or the code "
        "did wrong",
    )
    told.__cause__ = error
    return told


def set_aside(
    found: StoredCustomer, now: int, error: Exception, claims: Sequence[ClaimedMessage] = ()
) -> CustomerCommit:
    """Return a commit that leaves all as it is, but lets the customer rest for a while.

    For a short one where another worker knows the version on which a run is.
    """
    again = now + (MINUTE if isinstance(error, VersionError) else SET_ASIDE)
    rows = [OutboxRow(claim.key, found.customer_id, claim.channel, again) for claim in claims]
    return CustomerCommit(found.customer_id, found.version, found.body, again, at=now, put=rows)
