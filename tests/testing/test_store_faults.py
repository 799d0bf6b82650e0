"""A store fails as planned, and a store that breaks its word when something fails is found out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from journeykit.adapters import MemoryStore
from journeykit.errors import StoreError
from journeykit.ports import Store
from journeykit.testing import FaultyStore
from journeykit.testing.store_crashes import comes_to_the_same_whatever_fails, tell
from journeykit.testing.store_materials import commit, told


@pytest.mark.parametrize(
    ("fault", "first", "written", "later"),
    [
        ("before", StoreError, 0, None),
        ("ambiguous", StoreError, 1, None),
        ("after", None, 1, StoreError),
    ],
)
def test_a_call_fails_as_planned(
    fault: Any, first: type[Exception] | None, written: int, later: type[Exception] | None
) -> None:
    inside = MemoryStore()
    store = FaultyStore(inside, {1: fault})
    assert store.customers() == []
    for wanted, call in ((first, lambda: store.append([told("ann")])), (later, store.controls)):
        if wanted is None:
            call()
        else:
            with pytest.raises(wanted, match="this store was to fail"):
                call()
    assert inside.depth(9) == written
    assert store.made == ["customers", "append", "controls"]


def test_a_store_that_never_fails_is_the_one_inside() -> None:
    store = FaultyStore(MemoryStore())
    assert store.commit([commit("ann")]) == []
    assert store.load(["ann"], profiles=True)["ann"].version == 1


def test_every_method_of_a_store_can_fail() -> None:
    def methods(of: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(of, callable) if name[0] != "_"}

    assert methods(FaultyStore) == methods(Store)


class ForgetsEvents(MemoryStore):
    """What was seen is forgotten: a second telling counts again."""

    def seen(self, events: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        return {}


class RecoversNothing(MemoryStore):
    """What a dead worker held waits for its lease."""

    def recover(self, worker: str) -> int:
        return 0


class LosesTheInbox(MemoryStore):
    """The inbox is kept by the process of whoever appends."""

    def __init__(self) -> None:
        super().__init__()
        self.lives = 0

    def recover(self, worker: str) -> int:
        self.lives += 1
        if self.lives > 1:
            for id in ("ann", "bob", "cat"):
                self._inbox.remove(id)
        return super().recover(worker)


@pytest.mark.parametrize("saboteur", [ForgetsEvents, RecoversNothing, LosesTheInbox])
def test_a_store_that_breaks_its_word_when_something_fails_is_noticed(
    saboteur: Callable[[], Store],
) -> None:
    tell(saboteur())  # it is as good as any while nothing fails
    with pytest.raises(AssertionError, match=r"journal of|messages handed over"):
        comes_to_the_same_whatever_fails(saboteur)


def test_a_store_that_keeps_its_word_is_not_complained_about() -> None:
    comes_to_the_same_whatever_fails(MemoryStore)


def test_the_story_comes_to_most_of_what_a_store_writes() -> None:
    wanted = {"commit", "append", "park", "unpark", "claim", "recover", "hold", "let_go", "begin"}
    assert wanted | {"publish", "erase"} <= set(tell(MemoryStore()).calls)
