"""How does an entry change the state? Written once: deciding and replaying both use it.

Keeps true:
    * `replay` over a customer's whole journal gives the state that was stored with it;
    * nothing else in journeykit changes a `CustomerState`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.fold_customer import CUSTOMER
from journeykit.kernel.fold_errands import ERRANDS
from journeykit.kernel.fold_messages import MESSAGES
from journeykit.kernel.fold_operated import OPERATED
from journeykit.kernel.fold_runs import RUNS
from journeykit.kernel.fold_watched import WATCHED
from journeykit.kernel.state import CustomerState


def apply(state: CustomerState, entry: j.Entry) -> None:
    """Change `state` in place by one entry."""
    state.seq += 1
    state.clock = entry.at
    APPLY[type(entry)](state, entry)


def replay(customer_id: str, entries: Iterable[j.Entry]) -> CustomerState:
    """Return the state that `entries`, a customer's whole journal, amount to."""
    state = CustomerState(customer_id)
    for entry in entries:
        apply(state, entry)
    return state


def _nothing(state: CustomerState, entry: j.Entry) -> None:
    """Entries that only tell."""


APPLY: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    **CUSTOMER,
    **RUNS,
    **MESSAGES,
    **OPERATED,
    **ERRANDS,
    **WATCHED,
    j.Received: _nothing,
    j.Conflicted: _nothing,
    j.Commanded: _nothing,
    j.Refused: _nothing,
}
