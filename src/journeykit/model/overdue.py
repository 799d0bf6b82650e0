"""What happens to work that comes too late, after an outage or a pause?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from journeykit.model.base import Frozen
from journeykit.model.spans import Positive, Span


class Overdue(Frozen):
    """What falls due, and is looked at more than `after` later, is sent, skipped, or ends its run.

    A timer is late by the time since it was due: the end of a wait, or an entry by time
    (`Scheduled`, `OnDate`, a segment that time alone changes). A message is late by the time
    since it could have left: since the end of its wait, since it was laid out to be handed over,
    or since a pause began to hold it. Exactly `after` is not late. Calls of functions are made
    however late they are, and so is what follows from events that waited.

    Args:
        then: `send`, as without such a rule: it goes through the gate once, with the clock of now. `skip`:
            the message is dropped with the reason `overdue`, and so are those for which a late
            timer would ask at once; the run goes on. `exit`: the run ends with this reason, and
            nobody enters.
    """

    after: Positive = Field(kw_only=True)
    then: Literal["send", "skip", "exit"] = Field(kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, *, after: Span, then: Literal["send", "skip", "exit"]) -> None: ...
