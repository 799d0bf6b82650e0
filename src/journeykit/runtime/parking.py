"""What becomes of a customer whom work fails for? It rests, longer each time, and holds nobody up.

Keeps true:
    * nothing of such a customer is changed, and nothing is journaled: it is as if nobody had come;
    * pauses grow from failure to failure; after the last of them somebody has to say that it
      may go on (`unpark`);
    * what only this worker lacks, another one may have: that is no failure, and the customer is
      left to the others soon.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from msgspec import Struct, field

from journeykit.errors import StoreError, UnknownCustomerError, VersionError
from journeykit.machine import Rules
from journeykit.ports import FOREVER, ParkedCustomer
from journeykit.runtime.calls import Flow, Lacks, Now, Park, ParkedOf, Unpark
from journeykit.runtime.learning import learn
from journeykit.runtime.outcomes import Failure
from journeykit.time import HOUR, MINUTE, SECOND

During = Literal["work", "delivery", "errand"]
"""What failed: deciding on a customer, handing over a message, or carrying out an errand."""

PAUSES = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR)
"""How long a customer rests after the first failure in a row, the second, and so on."""

SOON = 10 * SECOND
"""How long a customer is first left to other workers, where this one lacks something."""

_LATER = 5 * MINUTE


class NotHereError(Exception):
    """This worker lacks what a version needs that another worker has published.

    Attributes:
        code: `version_unknown`, `channel_missing`, `template_missing` or `function_missing`.
        what: Name of the channel, the template or the function.
    """

    def __init__(self, code: str, what: str, journey: str, version: int = 0) -> None:
        super().__init__(code, what, journey, version)
        self.code = code
        self.what = what
        self.journey = journey
        self.version = version


class Left(Struct):
    """What became of customers whom work failed for.

    Attributes:
        failures: Those that somebody should hear of.
        again: How many may be tried again at once: this worker has learned their version.
    """

    failures: list[Failure] = field(default_factory=list)
    again: int = 0


def stuck(customer_id: str, error: Exception) -> StoreError:
    """Return the error for a customer who could not be decided on, with its cause."""
    told = StoreError(
        f"this customer could not be decided on: {type(error).__name__}",
        place="customer",
        value=customer_id,
        private=True,
        remedy="nothing of it was changed; the cause tells what the stored document or the code "
        "did wrong",
    )
    told.__cause__ = error
    return told


def is_strange(error: Exception) -> bool:
    """Tell whether somebody is on a version that is not known here."""
    return isinstance(error, VersionError) and error.has_value


def leave_alone(rules: Rules, during: During, failed: Mapping[str, Exception]) -> Flow[Left]:
    """Let customers rest whom work failed for; what was claimed for them is given back.

    Where a version is not known here, those that others have published are read first; whom
    that helps may be tried again at once.
    """
    left = Left()
    if not failed:
        return left
    if any(map(is_strange, failed.values())) and (yield from learn(rules)):
        strangers = [one for one, error in failed.items() if is_strange(error)]
        now = yield from Now()
        reason = f"{during}:version_unknown"
        yield from Park([ParkedCustomer(one, now, now, 0, reason) for one in strangers])
        yield from Unpark(strangers, now)
        left.again = len(strangers)
        failed = {one: error for one, error in failed.items() if not is_strange(error)}
    if not failed:
        return left
    before = {row.customer_id: row for row in (yield from ParkedOf(list(failed)))}
    now = yield from Now()
    rows: list[ParkedCustomer] = []
    for customer_id, error in failed.items():
        known = before.get(customer_id)
        lacking = _lacking(error)
        if lacking is None:
            rows.append(_rests(during, customer_id, error, known, now))
            left.failures.append(Failure(customer_id, stuck(customer_id, error)))
        else:
            rows.append(_left_to_others(during, customer_id, lacking, known, now))
            yield from Lacks(lacking.code, lacking.what, lacking.journey, lacking.version)
    yield from Park(rows)
    return left


def recovered(during: During, parked: Collection[str], idle: Collection[str] = ()) -> Flow[None]:
    """End the parking of customers for whom the same has succeeded now.

    Args:
        parked: Customers for whom it has, and who were parked when they were loaded.
        idle: Those of them for whom there is nothing else that could have failed.
    """
    if not parked:
        return
    rows = yield from ParkedOf(list(parked))
    over = [
        row.customer_id
        for row in rows
        if row.customer_id in idle or split_reason(row.reason)[0] == during
    ]
    if over:
        now = yield from Now()
        yield from Unpark(over, now)


def split_reason(reason: str) -> tuple[str, str]:
    """Return what failed, and the code or the class of its error."""
    during, _, code = reason.rpartition(":")
    return during, code


def _rests(
    during: During, customer_id: str, error: Exception, known: ParkedCustomer | None, now: int
) -> ParkedCustomer:
    """Return a longer rest than the last one; the same, where that is not over yet."""
    reason = f"{during}:{type(error).__name__}"
    if isinstance(error, UnknownCustomerError):
        reason = "inbox:unknown_customer"
    if known is not None and known.attempts and known.until > now:
        return ParkedCustomer(customer_id, known.until, now, known.attempts, reason)
    attempts = 1 if known is None else known.attempts + 1
    pause = PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
    return ParkedCustomer(
        customer_id, FOREVER if pause is None else now + pause, now, attempts, reason
    )


def _left_to_others(
    during: During, customer_id: str, lacking: NotHereError, known: ParkedCustomer | None, now: int
) -> ParkedCustomer:
    """Return a short rest, which is no attempt; it grows for as long as nobody has what it takes."""
    reason, attempts, pause = f"{during}:{lacking.code}", 0, SOON
    if known is not None:
        attempts = known.attempts
        if known.reason == reason:
            pause = min(2 * max(known.until - known.at, SOON // 2), _LATER)
    return ParkedCustomer(customer_id, now + pause, now, attempts, reason)


def _lacking(error: Exception) -> NotHereError | None:
    if isinstance(error, VersionError) and isinstance(error.value, tuple):
        journey, version = error.value
        return NotHereError("version_unknown", "", journey, version)
    return error if isinstance(error, NotHereError) else None
