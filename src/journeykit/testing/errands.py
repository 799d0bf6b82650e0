"""Which steps ask outside? Strategies for calls of functions, and for turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from journeykit.model import Branch, Call, EntryCap, Part, RateLimit, Result, Step, When
from journeykit.testing.strategies import attributes_of, conditions
from journeykit.time import hours, minutes

Functions = Mapping[str, "type[Result] | None"]
_CAPS: list[list[EntryCap]] = [
    [],
    [EntryCap(1, per=hours(6))],
    [EntryCap(3), EntryCap(1, per="day")],
]


class Errands:
    """Writes steps that need an answer from outside the customer, for one journey.

    Args:
        functions: Name to what it gives; without any, no step asks outside.
    """

    def __init__(self, draw: st.DrawFn, functions: Functions) -> None:
        self._draw = draw
        self._functions = functions
        self._parts = 0

    def plain(self) -> list[Callable[[str | None], Step]]:
        """What has no steps within it."""
        return [self._turn, lambda label: self._call(label, [])] if self._functions else []

    def nested(self, inner: Callable[[int], list[Step]]) -> list[Callable[[str | None, int], Step]]:
        """What has steps within it."""
        if not self._functions:
            return []
        return [
            lambda label, depth: self._call(label, inner(depth)),
            lambda label, depth: self._asked(inner, depth),
        ]

    def caps(self) -> dict[str, Any]:
        """How many customers may enter the journey."""
        return {"entry_caps": self._draw(st.sampled_from(_CAPS))} if self._functions else {}

    def _turn(self, label: str | None) -> Step:
        per = self._draw(st.sampled_from([minutes(1), hours(5), hours(100)]))
        return RateLimit(self._draw(st.integers(1, 3)), per=per, label=label)

    def _call(self, label: str | None, steps: list[Step], name: str | None = None) -> Step:
        name = name or self._draw(st.sampled_from(sorted(self._functions)))
        words: Any = st.sampled_from(["park", "continue", "exit"])
        return Call(
            name,
            gives=self._functions[name],
            arguments={"number": self._draw(st.integers(0, 3))},
            max_attempts=self._draw(st.integers(1, 3)),
            on_failure=steps or self._draw(words),
            label=label,
        )

    def _asked(self, inner: Callable[[int], list[Step]], depth: int) -> Step:
        """A call, and a branch by what it gave."""
        name = self._draw(st.sampled_from(sorted(self._functions)))
        self._parts += 1
        steps = [self._call(None, [], name)]
        gives = self._functions[name]
        if gives is not None:
            asked = self._draw(conditions(attributes_of(gives)))
            steps.append(Branch(When(asked, inner(depth))))
        return Part(f"asked-{self._parts}", steps)


__all__ = ["Errands", "Functions"]
