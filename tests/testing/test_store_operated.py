"""Each promise about controls and erasures is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from journeykit.adapters import MemoryStore, SQLiteStore
from journeykit.ports import Controls
from journeykit.testing import store_operated as promises
from journeykit.testing.store_operated import (
    OPERATED_PROMISES,
    shows_what_operators_did_to_its_twin,
)
from saboteurs import proofs

PATIENCE_SECONDS = 0.3


class ControlsAsText(MemoryStore):
    """What is no text is dropped."""

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        return super().set_controls(body.decode(errors="ignore").encode(), expected=expected)


class CountsControlsFromOne(MemoryStore):
    """What nobody has set has a version already."""

    def controls(self) -> Controls:
        one = super().controls()
        return Controls(one.version + 1, one.body)


class SetsAnyControls(MemoryStore):
    """The last one wins, whatever it was decided on."""

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        return super().set_controls(body, expected=self._controls.version)


class SetsControlsSilently(MemoryStore):
    """A stale one is not written, but nobody is told."""

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        super().set_controls(body, expected=expected)
        return True


class SetsWithoutALock(MemoryStore):
    """Two that set at one time see the same version: here they wait for each other."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        is_fresh = expected == self._controls.version
        with suppress(threading.BrokenBarrierError):
            self.meeting.wait(PATIENCE_SECONDS)
        if is_fresh:
            self._controls = Controls(expected + 1, body)
        return is_fresh


class ErasesTheDocumentOnly(MemoryStore):
    """The rest stays in its tables, as a foreign key would have it."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        self._erased[mark] = at
        return self._customers.pop(customer_id, None) is not None


class KeepsTheOutbox(MemoryStore):
    """Messages go out to whom was erased."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        rows = [(key, row) for key, row in self._outbox._rows.items()]
        was_there = super().erase(customer_id, mark=mark, at=at)
        self._outbox._rows.update(rows)
        for key, row in rows:
            self._outbox._free.set(key, row.due)
        return was_there


class ErasesByPrefix(MemoryStore):
    """Whose id begins alike is erased as well."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        for other in [one for one in self._customers if one.startswith(customer_id)]:
            super().erase(other, mark=mark, at=at)
        return True


class ForgetsEventsOfAll(MemoryStore):
    """The event ids of everybody are gone."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        was_there = super().erase(customer_id, mark=mark, at=at)
        self._seen = deque()
        for one in self._customers.values():
            one.seen.clear()
        return was_there


class KeepsNoMark(MemoryStore):
    """Nobody remembers that there was an erasure."""

    def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        return {}


class KeepsTheFirstInstant(MemoryStore):
    """A later erasure leaves the mark as it was."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        return super().erase(customer_id, mark=mark, at=self._erased.get(mark, at))


class SaysItWasThere(MemoryStore):
    """Whoever is erased was there."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        super().erase(customer_id, mark=mark, at=at)
        return True


class CountsFromOneAgain(MemoryStore):
    """The version of one who comes again fits decisions from before."""

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        was_there = super().erase(customer_id, mark=mark, at=at)
        self._floor = 2
        return was_there


SABOTAGE = [
    (promises.keeps_controls, ControlsAsText),
    (promises.keeps_controls, CountsControlsFromOne),
    (promises.sets_no_stale_controls, SetsAnyControls),
    (promises.sets_no_stale_controls, SetsControlsSilently),
    (promises.sets_controls_one_after_the_other, SetsWithoutALock),
    (promises.erases_everything, ErasesTheDocumentOnly),
    (promises.erases_everything, KeepsTheOutbox),
    (promises.erases_nobody_else, ErasesByPrefix),
    (promises.erases_nobody_else, ForgetsEventsOfAll),
    (promises.keeps_the_marks_of_the_erased, KeepsNoMark),
    (promises.keeps_the_marks_of_the_erased, KeepsTheFirstInstant),
    (promises.keeps_the_marks_of_the_erased, SaysItWasThere),
    (promises.begins_anew_after_an_erasure, CountsFromOneAgain),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(OPERATED_PROMISES, SABOTAGE)


def test_a_twin_that_shares_nothing_is_found_out() -> None:
    with pytest.raises(AssertionError, match="controls"):
        shows_what_operators_did_to_its_twin(MemoryStore(), again=MemoryStore)


def test_a_true_twin_is_not_complained_about(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "one.db")
    shows_what_operators_did_to_its_twin(store, again=partial(SQLiteStore, store.path))
    store.close()
