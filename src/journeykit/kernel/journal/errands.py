"""What was asked outside the customer, and what came back?"""

from __future__ import annotations

from typing import Any

from journeykit.kernel.journal.base import Entry


class Requested(Entry, tag="request"):
    """Something is asked outside: a function's answer, a turn, or a slot for an entry.

    `kind` is `call`, `rate` or `entry`; `what` names the function. `enrollment` is the run that
    waits; of an entry, the run that begins once there is a slot. `data` are the arguments of a
    call, or the fields of the trigger, which the rest of the fields tell; `late` is when it was
    due, where it came too late.
    """

    errand: str
    kind: str
    enrollment: str
    journey: str
    what: str
    data: dict[str, Any]
    event: str = ""
    key: str | None = None
    cause: str = ""
    received: int = 0
    occurred: int = 0
    late: int | None = None


class Overheard(Entry, tag="overhear"):
    """An event came that the run would have heard, had its trigger not waited for a slot."""

    errand: str
    event: str
    id: str
    received: int
    occurred: int
    data: dict[str, Any]


class Postponed(Entry, tag="postpone"):
    """Not now: it is asked again at `until`.

    `reason` is `call_failed` or `rate_limit`; `paused` of a call that is kept for as long as its
    journey pauses, and `resumed` once that is over.
    """

    errand: str
    until: int
    reason: str
    detail: str


class Parked(Entry, tag="park"):
    """A function failed as often as it may, and its run stands at the step until somebody acts.

    `what` names the function, and `error` what it failed with the last time.
    """

    errand: str
    enrollment: str
    what: str
    error: str


class Retried(Entry, tag="retry"):
    """A function for which a run was parked is called anew, by command."""

    errand: str
    enrollment: str


class Settled(Entry, tag="settle"):
    """An answer came: `done`, `failed` or `refused`.

    `result` names what a function gave, and `data` are its fields. `late` marks an answer that
    came after the run had ended: it changes nothing.
    """

    errand: str
    kind: str
    what: str
    answer: str
    result: str | None
    data: dict[str, Any] | None
    detail: str
    late: bool


class Recalled(Entry, tag="recall"):
    """Nobody waits for the answer any more."""

    errand: str
    reason: str
