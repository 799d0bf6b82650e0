"""What does a run do when a step failed for good? It goes on, exits, or takes other steps.

Behind a call of a function it may also stay where it stands, parked, until somebody acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from journeykit.model.steps.base import InnerSteps, Steps


def _shape(value: object) -> str:
    return "-steps" if isinstance(value, list | tuple) else "-word"


OnFailure = Annotated[
    Annotated[Literal["continue", "exit"], Tag("-word")] | Annotated[Steps, Tag("-steps")],
    Discriminator(_shape),
]
"""The type of `on_failure=`: a word, or the steps of the way `failed`."""


OnCallFailure = Annotated[
    Annotated[Literal["park", "continue", "exit"], Tag("-word")] | Annotated[Steps, Tag("-steps")],
    Discriminator(_shape),
]
"""The same of a call, whose run may also be parked."""


def failing_steps(on_failure: Any) -> Iterator[InnerSteps]:
    """Yield the steps of the way `failed`, where there are some."""
    if not isinstance(on_failure, str):
        yield InnerSteps("failed", "on_failure", on_failure)


def failing_outcomes(on_failure: Any) -> Sequence[str]:
    """Return the outcome `failed`, where it leads on behind the step."""
    return ("failed",) if on_failure in ("continue", "exit") else ()
