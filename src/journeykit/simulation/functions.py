"""What do functions of the host answer in a simulation? What is given, or what the script says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from journeykit.model import Result
from journeykit.ports import CallContext, Retry

Answer = Result | Mapping[str, Any] | Retry | Exception | None


@dataclass(slots=True)
class _Script:
    answers: list[Answer]
    customer: str | None


class ScriptedFunction:
    """A function that remembers every call, and answers from a script.

    Args:
        given: A function of the host; or what is always answered, such as `LeadScore(score=7)`.

    Attributes:
        calls: What it was called with, repeats included, in order.
    """

    def __init__(self, name: str, given: object) -> None:
        self.name = name
        self.calls: list[CallContext] = []
        self._given = given
        self._scripts: list[_Script] = []

    def answer(self, *answers: Answer, customer: str | None = None) -> None:
        """Answer the next calls with `answers`, one each; then as before.

        Args:
            answers: What the step gives, or a mapping with its fields; None; `Retry()`; or an
                exception to be raised.
            customer: Only calls for this customer.
        """
        self._scripts.append(_Script(list(answers), customer))

    def __call__(self, context: CallContext) -> Any:
        """Remember the call; return, or raise, the answer."""
        self.calls.append(context)
        for script in self._scripts:
            if script.answers and script.customer in (None, context.customer_id):
                answer = script.answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        given: Callable[[CallContext], Any] | Any = self._given
        return given(context) if callable(given) else given
