"""The check of the check: a store that breaks one promise must be found out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from journeykit.adapters import MemoryStore
from journeykit.adapters.memory_inbox import MemoryInbox
from journeykit.adapters.memory_outbox import MemoryOutbox
from journeykit.adapters.memory_parking import MemoryParking
from journeykit.ports import Store

Promise = Callable[[Any], None]
Sabotage = Sequence[tuple[Promise, Callable[[], Any]]]


def found_out(promise: Promise, saboteur: Callable[[], Any]) -> str:
    """Return the complaint about a store that is known to break `promise`."""
    store = _store_of(saboteur)
    try:
        promise(store)
    except (AttributeError, NameError, TypeError):
        raise  # a fault of the saboteur's own: it proves nothing
    except Exception as error:  # what a broken store raises is a complaint too
        return f"{error!r}"
    raise AssertionError(f"{promise.__name__} did not notice {saboteur!r}")


def proofs(
    promises: Sequence[Promise], sabotage: Sabotage
) -> tuple[Callable[..., None], Callable[..., None], Callable[[], None]]:
    """Return three tests: each saboteur is noticed, a true store is not, none is missing."""

    @pytest.mark.parametrize(
        ("promise", "saboteur"), sabotage, ids=lambda one: getattr(one, "__name__", None)
    )
    def is_noticed(promise: Promise, saboteur: Callable[[], Any]) -> None:
        assert found_out(promise, saboteur)

    @pytest.mark.parametrize("promise", promises, ids=lambda one: one.__name__)
    def is_kept(promise: Promise) -> None:
        promise(MemoryStore())

    def is_complete() -> None:
        assert {promise for promise, _ in sabotage} == set(promises)

    return is_noticed, is_kept, is_complete


def _store_of(saboteur: Callable[[], Any]) -> Store:
    """Return a store that is broken, or one of which a part is."""
    if not isinstance(saboteur, type) or issubclass(saboteur, MemoryStore):
        store: Store = saboteur()
        return store
    whole = MemoryStore()
    if issubclass(saboteur, MemoryOutbox):
        whole._outbox = saboteur(whole._parking.until)
    elif issubclass(saboteur, MemoryInbox):
        whole._inbox = saboteur()
    elif issubclass(saboteur, MemoryParking):
        whole._parking = saboteur(whole._due)
        whole._outbox = MemoryOutbox(whole._parking.until)
    return whole
