"""Does this store keep every promise of `journeykit.ports.Store`? `check_store` tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from journeykit.ports import Store
from journeykit.testing.store_crashes import comes_to_the_same_whatever_fails
from journeykit.testing.store_customers import CUSTOMER_PROMISES
from journeykit.testing.store_handing import HANDING_PROMISES
from journeykit.testing.store_hands import HAND_PROMISES, shows_hands_to_its_twin
from journeykit.testing.store_inbox import INBOX_PROMISES
from journeykit.testing.store_operated import (
    OPERATED_PROMISES,
    shows_what_operators_did_to_its_twin,
)
from journeykit.testing.store_outbox import OUTBOX_PROMISES
from journeykit.testing.store_parking import PARKING_PROMISES
from journeykit.testing.store_records import RECORD_PROMISES, REOPENING_PROMISES
from journeykit.testing.store_shared import SHARED_PROMISES, shares_with_its_twin
from journeykit.testing.store_upkeep import UPKEEP_PROMISES, shows_upkeep_to_its_twin
from journeykit.testing.store_wholeness import WHOLENESS_PROMISES

S = TypeVar("S", bound=Store)

STORE_PROMISES = (
    *CUSTOMER_PROMISES,
    *OUTBOX_PROMISES,
    *HAND_PROMISES,
    *HANDING_PROMISES,
    *INBOX_PROMISES,
    *PARKING_PROMISES,
    *RECORD_PROMISES,
    *SHARED_PROMISES,
    *OPERATED_PROMISES,
    *UPKEEP_PROMISES,
    *WHOLENESS_PROMISES,
)
TWIN_PROMISES = (
    *REOPENING_PROMISES,
    shows_hands_to_its_twin,
    shares_with_its_twin,
    shows_what_operators_did_to_its_twin,
    shows_upkeep_to_its_twin,
)
"""Those of a store that outlives its process: they open its data twice."""

CRASH_PROMISES = (comes_to_the_same_whatever_fails,)
"""Those that need many stores: each makes its own, and fails in another place."""


def check_store(make: Callable[[], S], *, reopen: Callable[[S], Store] | None = None) -> None:
    """Put fresh stores from `make` through every promise, one store per promise.

    It needs no test framework, uses threads, and takes seconds rather than minutes.

    Args:
        make: Returns a new store with nothing in it; it is called once for each promise, and
            more often where a store is to fail in many places: some two hundred times. Each
            store is closed after it.
        reopen: Opens the data of a store once more, as a second process would, while the
            first stays open. Give it for a store that outlives its process.

    Raises:
        AssertionError: Lists every promise that was broken, by name, and how.
    """
    complain_of_store(broken_by_store(make, reopen=reopen))


def broken_by_store(
    make: Callable[[], S], *, reopen: Callable[[S], Store] | None = None
) -> list[tuple[str, Exception]]:
    """Return the promises that stores from `make` break: in words, and what was raised."""
    broken: list[tuple[str, Exception]] = []
    for promise in STORE_PROMISES:
        error = _broken(promise, make())
        if error:
            broken.append((told_of(promise, error), error))
    for twofold in TWIN_PROMISES if reopen else ():
        assert reopen is not None
        store = make()
        error = _broken(partial(twofold, again=partial(reopen, store)), store)
        if error:
            broken.append((told_of(twofold, error), error))
    for story in CRASH_PROMISES:
        try:
            story(make)
        except Exception as raised:  # whatever a store raises, the promise is not kept
            broken.append((told_of(story, raised), raised))
    return broken


def complain_of_store(broken: Sequence[tuple[str, Exception]]) -> None:
    """Raise what was broken, if anything was."""
    if broken:
        told = "\n".join(words for words, _ in broken)
        raise AssertionError(
            f"the store breaks its contract (ports/store.py):\n{told}"
        ) from broken[0][1]


def _broken(promise: Callable[[S], None], store: S) -> Exception | None:
    """Return what the store raised, in its promise or when it was closed after it."""
    error: Exception | None = None
    for act in (partial(promise, store), store.close):
        try:
            act()
        except Exception as raised:  # whatever a store raises, the promise is not kept
            error = error or raised
    return error


def told_of(promise: Callable[..., object], error: Exception) -> str:
    """Return how a promise was broken, in words."""
    words = (promise.__doc__ or "").strip()
    how = str(error) if isinstance(error, AssertionError) else f"raised {error!r}"
    return f"  {promise.__name__}: {words}\n    but {how}"
