"""`check_store` names every promise that is broken, and says nothing where none is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from journeykit.adapters import MemoryStore
from journeykit.ports import CustomerCommit
from journeykit.testing import check_store
from journeykit.testing.store_contract import CRASH_PROMISES, STORE_PROMISES, TWIN_PROMISES


class Counted(MemoryStore):
    """Counts how often it was made and closed."""

    made: list[Counted]

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0
        type(self).made.append(self)

    def close(self) -> None:
        self.closed += 1


class NeverStale(MemoryStore):
    """Overwrites whatever is there."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        super().commit(commits)
        return []


class ClosesBadly(MemoryStore):
    """Cannot be closed."""

    def close(self) -> None:
        raise OSError("disk gone")


def test_each_promise_gets_a_fresh_store_which_is_closed() -> None:
    Counted.made = []
    check_store(Counted)
    assert len(Counted.made) > len(STORE_PROMISES) + 30  # these are to fail, each elsewhere
    assert all(store.closed for store in Counted.made)


def test_the_complaint_lists_every_broken_promise_with_its_words() -> None:
    with pytest.raises(AssertionError) as raised:
        check_store(NeverStale)
    said = str(raised.value)
    assert said.startswith("the store breaks its contract (ports/store.py):\n")
    assert (
        "  writes_nothing_of_a_stale_commit: A commit whose `expected` is not the stored version "
        "writes nothing and is returned.\n"
        "    but stale ids, expected=0 for 'ann': expected ['ann'], got []\n"
    ) in said
    assert "  writes_the_fresh_beside_the_stale: " in said
    assert "  keeps_any_bytes: " not in said
    assert isinstance(raised.value.__cause__, AssertionError)


def test_a_store_that_raises_is_told_by_its_error() -> None:
    with pytest.raises(AssertionError, match=r"but raised OSError\('disk gone'\)"):
        check_store(ClosesBadly)


def test_a_store_that_forgets_is_found_out_when_it_is_opened_again() -> None:
    with pytest.raises(AssertionError, match="survives_reopening") as raised:
        check_store(MemoryStore, reopen=lambda store: MemoryStore())
    assert [
        line for line in str(raised.value).splitlines() if line.startswith("  ") and line[2] != " "
    ] == [f"  {promise.__name__}: {promise.__doc__}" for promise in TWIN_PROMISES]


@pytest.mark.parametrize(
    "promise",
    [*STORE_PROMISES, *TWIN_PROMISES, *CRASH_PROMISES],
    ids=lambda one: one.__name__,
)
def test_a_promise_is_one_sentence_or_two(promise: Any) -> None:
    assert promise.__doc__
    assert promise.__doc__.strip().endswith(".")
    assert "\n" not in promise.__doc__


def test_the_checks_need_no_test_framework() -> None:
    script = (
        "import sys; import journeykit.testing as t; t.check_store; t.check_channel;"
        "print([m for m in ('pytest', '_pytest', 'hypothesis') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"


def test_the_checks_do_not_rest_on_assert_statements() -> None:
    script = (
        "from journeykit.adapters import MemoryStore\n"
        "from journeykit.testing import check_store\n"
        "class Forgets(MemoryStore):\n"
        "    def commit(self, commits): return []\n"
        "try: check_store(Forgets)\n"
        "except AssertionError: print('noticed')\n"
    )
    command = [sys.executable, "-O", "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "noticed\n"
