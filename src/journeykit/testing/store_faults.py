"""What if a store fails? `FaultyStore` makes any store fail at one call, in one of three ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, TypeVar

from journeykit.errors import StoreError
from journeykit.ports import Store

Fault = Literal["before", "after", "ambiguous"]
"""`"before"`: the call raises, and nothing of it was written. `"ambiguous"`: it raises, although
all of it was written. `"after"`: it answers, and whoever asked dies: every later call raises."""

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Store)


def _through(
    method: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[FaultyStore[Any], P], R]:
    """Return a method of `FaultyStore` that asks the store, or fails."""
    name = method.__name__

    def asked(self: FaultyStore[Any], /, *args: P.args, **kwargs: P.kwargs) -> R:
        answer: R = self._call(name, *args, **kwargs)
        return answer

    return asked


class FaultyStore(Generic[S]):
    """A store that fails at calls of your choice, and is the store that it wraps at all others.

    Args:
        store: The one that is asked.
        plan: Which call fails how, counted from 0.

    Attributes:
        made: The names of the methods that were called so far.
    """

    def __init__(self, store: S, plan: Mapping[int, Fault] = MappingProxyType({})) -> None:
        self.store = store
        self.made: list[str] = []
        self._plan = dict(plan)
        self._dead = False

    load = _through(Store.load)
    commit = _through(Store.commit)
    commit_and_claim = _through(Store.commit_and_claim)
    seen = _through(Store.seen)
    due = _through(Store.due)
    append = _through(Store.append)
    waiting = _through(Store.waiting)
    inbox = _through(Store.inbox)
    depth = _through(Store.depth)
    discard = _through(Store.discard)
    park = _through(Store.park)
    unpark = _through(Store.unpark)
    parked = _through(Store.parked)
    shelved = _through(Store.shelved)
    claim = _through(Store.claim)
    unclaim = _through(Store.unclaim)
    recover = _through(Store.recover)
    hold = _through(Store.hold)
    let_go = _through(Store.let_go)
    hands = _through(Store.hands)
    take = _through(Store.take)
    suppress = _through(Store.suppress)
    unsuppress = _through(Store.unsuppress)
    suppressed = _through(Store.suppressed)
    begin = _through(Store.begin)
    versions = _through(Store.versions)
    next_due = _through(Store.next_due)
    journal = _through(Store.journal)
    customers = _through(Store.customers)
    publish = _through(Store.publish)
    definitions = _through(Store.definitions)
    controls = _through(Store.controls)
    set_controls = _through(Store.set_controls)
    erase = _through(Store.erase)
    erased = _through(Store.erased)
    close = _through(Store.close)
    status = _through(Store.status)
    prune = _through(Store.prune)
    forget = _through(Store.forget)
    outbox = _through(Store.outbox)
    buckets = _through(Store.buckets)

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        number = len(self.made)
        self.made.append(name)
        fault = self._plan.get(number)
        if self._dead or fault == "before":
            raise StoreError(f"this store was to fail before its call {number}, {name}")
        answer = getattr(self.store, name)(*args, **kwargs)
        self._dead = fault == "after"
        if fault == "ambiguous":
            raise StoreError(f"this store was to fail after its call {number}, {name}")
        return answer
