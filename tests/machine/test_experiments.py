"""Arms of an experiment: drawn by weight, for good, and moved as little as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import Arm, Experiment
from journeykit.kernel.keys import even_bits
from journeykit.machine.experiments import ExperimentPlan

SEED = b"seed"
PEOPLE = [f"customer-{number}" for number in range(2000)]
SLACK = 0.04  # three standard deviations of 2000 draws are 0.034


def drawn(weights: Mapping[str, int], name: str = "subject-line") -> list[str]:
    """Return the arm of each of `PEOPLE`."""
    plan = ExperimentPlan(Experiment(name, *(Arm(arm, weight) for arm, weight in weights.items())))
    return [
        plan.arm(lambda arm, who=who: even_bits(SEED, "experiment", name, who, arm))
        for who in PEOPLE
    ]


@pytest.mark.parametrize(
    "weights",
    [
        {"a": 1, "b": 1},
        {"a": 50, "b": 50},
        {"a": 9, "b": 1},
        {"a": 1, "b": 2, "c": 7},
        {"a": 1, "b": 0, "c": 1},
    ],
)
def test_arms_are_drawn_by_their_weights(weights: dict[str, int]) -> None:
    found, whole = Counter(drawn(weights)), sum(weights.values())
    for arm, weight in weights.items():
        assert found[arm] / len(PEOPLE) == pytest.approx(weight / whole, abs=SLACK)
    assert all(found[arm] == 0 for arm, weight in weights.items() if weight == 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 50, "b": 50}, {"a": 60, "b": 40}),  # both change
        ({"a": 1, "b": 1}, {"a": 1, "b": 3}),
        ({"a": 9, "b": 1}, {"a": 1, "b": 9}),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1}),  # an arm comes
        ({"a": 1, "b": 1}, {"c": 2, "a": 1, "b": 1}),  # wherever it is written
        ({"a": 1, "b": 1, "c": 2}, {"a": 1, "c": 2}),  # an arm goes
        ({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 0}),
        ({"a": 2, "b": 2, "c": 2}, {"a": 2, "b": 2, "c": 6}),
        ({"a": 1, "b": 1, "c": 1}, {"c": 5, "b": 5, "a": 5}),  # nothing changes
    ],
)
def test_only_as_many_move_as_must(before: dict[str, int], after: dict[str, int]) -> None:
    was, now = drawn(before), drawn(after)
    share_before = {arm: weight / sum(before.values()) for arm, weight in before.items()}
    share_after = {arm: weight / sum(after.values()) for arm, weight in after.items()}
    least = sum(
        max(0.0, share_after.get(arm, 0) - share_before.get(arm, 0)) for arm in {*before, *after}
    )
    moved = [(old, new) for old, new in zip(was, now, strict=True) if old != new]

    assert len(moved) / len(PEOPLE) == pytest.approx(least, abs=SLACK)
    for old, new in moved:  # only from an arm that shrank, or to one that grew
        grown = share_after.get(new, 0) > share_before.get(new, 0)
        assert grown
        assert share_after.get(old, 0) < share_before.get(old, 0)


@given(st.text(min_size=1, max_size=5), st.permutations(["a", "b", "c"]))
def test_the_order_of_the_arms_does_not_matter(who: str, order: list[str]) -> None:
    def arm(names: list[str]) -> str:
        plan = ExperimentPlan(Experiment("x", *(Arm(name, len(name)) for name in names)))
        return plan.arm(lambda name: even_bits(SEED, "experiment", "x", who, name))

    assert arm(order) == arm(["a", "b", "c"])


def test_experiments_are_drawn_apart() -> None:
    one, other = drawn({"a": 1, "b": 1}, "one"), drawn({"a": 1, "b": 1}, "other")
    alike = sum(left == right for left, right in zip(one, other, strict=True))
    assert alike / len(PEOPLE) == pytest.approx(0.5, abs=SLACK)


@pytest.mark.parametrize("bits", [0, 1, 2**63, 2**64 - 1])
def test_every_draw_has_a_score(bits: int) -> None:
    plan = ExperimentPlan(Experiment("x", Arm("a"), Arm("b")))
    assert plan.arm(lambda arm: bits if arm == "a" else 2**62) in ("a", "b")
    assert plan.arm(lambda arm: bits) == "b"  # a tie, decided in one way
