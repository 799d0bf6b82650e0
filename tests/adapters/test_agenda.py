"""The agenda answers like a dictionary that is sorted at every question."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.adapters import agenda as module
from journeykit.adapters.agenda import Agenda


class Sorted:
    """The same questions, answered without any cleverness."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}

    def set(self, key: str, at: int | None) -> None:
        self.at.pop(key, None)
        if at is not None:
            self.at[key] = at

    def upto(self, now: int, limit: int) -> list[str]:
        due = sorted((at, key) for key, at in self.at.items() if at <= now)
        return [key for _, key in due[: max(0, limit)]]

    def first(self) -> int | None:
        return min(self.at.values(), default=None)


# Few keys and few instants: what breaks is a key that comes back to where it was before.
places = st.tuples(st.just("set"), st.sampled_from("abcd"), st.none() | st.integers(0, 4))
questions = st.tuples(st.just("upto"), st.integers(-1, 5), st.integers(-1, 5))
steps = st.lists(places | questions | st.just(("first", 0, 0)), max_size=60)


@given(steps, st.sampled_from([0, 3, 1000]))
@settings(max_examples=400, deadline=None)
def test_it_answers_like_a_sorted_dictionary(
    steps: list[tuple[str, str | int, int | None]], spare: int
) -> None:
    agenda, model = Agenda(), Sorted()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SPARE", spare)  # so that clearing up happens in short histories
        for name, *arguments in steps:
            if name == "first":
                arguments = []
            answer = getattr(agenda, name)(*arguments)
            assert answer == getattr(model, name)(*arguments), (name, arguments)
    assert agenda.upto(9, 9) == model.upto(9, 9)
    assert agenda.first() == model.first()


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        # read once, moved away and back: its old place and its new one are the same
        ("abc", [("a", 9), ("a", 1)], "abc"),
        # read once, then gone
        ("abc", [("a", None)], "bc"),
        # read once, then another comes in front
        ("abc", [("z", 0)], "zabc"),
        # ties by key
        ("abc", [("c", 1), ("b", 1)], "abc"),
        # a limit that was filled before is filled anew by those that come after
        ("abc", [("a", None), ("b", None), ("c", 7)], "c"),
    ],
)
def test_what_was_read_moves(
    before: str, changes: list[tuple[str, int | None]], after: str
) -> None:
    agenda = Agenda()
    for key, at in zip("abc", (1, 2, 3), strict=True):
        agenda.set(key, at)
    assert "".join(agenda.upto(9, 3)) == before
    for key, at in changes:
        agenda.set(key, at)
    assert "".join(agenda.upto(9, 9)) == after


def test_places_that_no_longer_hold_are_cleared_away() -> None:
    agenda = Agenda()
    for at in range(20_000):
        agenda.set("a", at)
        agenda.set("b", -at)
    assert len(agenda._heap) <= 2 * 2 + module._SPARE
    assert agenda.upto(20_000, 9) == ["b", "a"]
    assert agenda.first() == -19_999
