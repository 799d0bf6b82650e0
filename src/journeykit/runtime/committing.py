"""How is a batch committed of which the store refuses one? Without that one, and the others stay.

Keeps true: whatever a store objects to in one customer's commit holds up no other customer.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.errors import RefusedCommitError
from journeykit.ports import CustomerCommit
from journeykit.runtime.calls import Commit, Flow


def commit_apart(
    commits: Sequence[CustomerCommit], failed: dict[str, Exception]
) -> Flow[list[str]]:
    """Commit what the store takes; return the ids of the stale ones.

    Args:
        failed: Receives the error of each customer whose commit it refuses; nothing of that was
            written.
    """
    left = list(commits)
    while left:
        try:
            stale = yield from Commit(left)
        except RefusedCommitError as error:
            others = [one for one in left if one.customer_id != error.value]
            if len(others) == len(left):
                raise
            left = others
            failed[str(error.value)] = error
        else:
            return list(stale)
    return []
