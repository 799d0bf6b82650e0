"""How many were where? What is laid over the picture of a journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["TD", "LR", "BT", "RL"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often runs of a journey came to each step, stand there, and left it by each outcome.

    Attributes:
        entered: Step id to how often a run came to it; `start` has the entries.
        here: Step id to how many open runs stand at it.
        took: Step id and outcome to how often it was taken, `exit` and the goals included.
    """

    entered: Mapping[str, int] = field(default_factory=dict)
    here: Mapping[str, int] = field(default_factory=dict)
    took: Mapping[tuple[str, str], int] = field(default_factory=dict)
