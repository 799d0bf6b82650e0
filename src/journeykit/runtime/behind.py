"""What becomes of claims for customers who have something in the inbox? They are given back.

What was told may change everything: who withdrew consent in a transaction that is committed
is handed over nothing before that is decided on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from journeykit.machine import Rules
from journeykit.ports import ClaimedMessage
from journeykit.runtime.calls import Flow, Unclaim
from journeykit.runtime.draining import drain
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.parking import leave_alone


def give_back(open_: dict[str, ClaimedMessage], customer_ids: Collection[str]) -> Flow[int]:
    """Give back what was claimed for these customers, and take it out of `open_`; return how many."""
    claims = [one for one in open_.values() if one.customer_id in customer_ids]
    for claim in claims:
        del open_[claim.key]
    yield from Unclaim(claims)
    return len(claims)


def clear_inbox(rules: Rules, customer_ids: Sequence[str]) -> Flow[list[Failure]]:
    """Decide on what waits for these customers; let those rest for whom that fails."""
    drained = yield from drain(rules, customer_ids)
    left = yield from leave_alone(rules, "work", drained.failed)
    return left.failures
