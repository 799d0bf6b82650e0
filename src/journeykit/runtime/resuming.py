"""What is parked, and how does it go on? Customers whom work failed for, and runs whose call did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Literal

from journeykit.errors import UnknownCustomerError, UnknownJourneyError, UsageError
from journeykit.kernel import (
    CustomerState,
    RetryAsked,
    awaits_word,
    customer_mark,
    decode_state,
)
from journeykit.machine import Rules
from journeykit.ports import FOREVER, ParkedCustomer
from journeykit.runtime.calls import (
    Erased,
    Flow,
    Load,
    Now,
    ParkedBehind,
    Shelved,
    Unpark,
)
from journeykit.runtime.desk import Desk
from journeykit.runtime.erasing import absent
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import check_customer_id, is_text
from journeykit.runtime.outcomes import Outcome
from journeykit.runtime.parking import split_reason
from journeykit.runtime.script import Arrival
from journeykit.runtime.verbs import verb
from journeykit.time import from_micros

Failed = Literal["work", "delivery", "errand", "inbox", "call", "hand_over"]

_FAILED: Mapping[str, Failed] = {"work": "work", "delivery": "delivery", "errand": "errand"}
_PAGE = 1000
_DIGITS = 20
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Parked:
    """A customer who rests because work failed, or a run whose function failed for good.

    Attributes:
        failed: What failed: `work` (to decide on the customer), `delivery` (to hand a message
            over), `errand` (to call a function), `inbox` (to decide on what was told); or
            `call`: the function itself, and only this run is parked; or `hand_over`: a worker
            died with a message in its hand, and only this message waits.
        reason: The class of the error, or a code: `unknown_customer`, `call_failed`,
            `version_unknown`, `channel_missing`, `template_missing`, `function_missing`,
            `handed_over_unknown`.
        at: When it was tried last.
        attempts: How often in a row.
        until: When it is tried again; None where somebody has to say so: `unpark` of a customer,
            `retry` of a run, `settle` of a message.
        enrollment, journey, step, function, error: Of a run; else "".
        message, channel: Of a message, the first being its key; else "".
    """

    customer_id: str
    failed: Failed
    reason: str
    at: datetime
    attempts: int
    until: datetime | None
    enrollment: str = ""
    journey: str = ""
    step: str = ""
    function: str = ""
    error: str = ""
    message: str = ""
    channel: str = ""


class Resuming(Desk):
    """The calls about what is parked; see `Runner`."""

    @verb
    def parked(self, *, after: str = "", limit: int = 1000) -> Flow[list[Parked]]:
        """Return what is parked: customers whom work failed for, runs whose call did, messages in doubt.

        Ordered by customer: of the first `limit` behind `after`.
        """
        _check_limit(limit)
        rows = {row.customer_id: row for row in (yield from ParkedBehind(after, limit))}
        shelved = yield from Shelved(after, limit)
        ids = sorted({*rows, *shelved})[:limit]
        runs = yield from Load([one for one in ids if one in set(shelved)], False)
        found: list[Parked] = []
        for customer_id in ids:
            if customer_id in rows:
                found.append(_of_customer(rows[customer_id]))
            if customer_id in runs:
                state = decode_state(runs[customer_id].body)
                found += [*parked_runs(state), *messages_in_doubt(state)]
        return found

    @verb
    def unpark(self, customer_id: str | None = None) -> Flow[int]:
        """Let a customer go on who is parked, or everybody; return how many were.

        What was passed over is due at once. Where it fails again, the pauses begin anew. Runs
        whose function failed are not meant: see `retry`.
        """
        if customer_id is not None:
            check_customer_id(customer_id)
            now = yield from Now()
            return len((yield from Unpark([customer_id], now)))
        done, after = 0, ""
        while rows := (yield from ParkedBehind(after, _PAGE)):
            after = rows[-1].customer_id
            now = yield from Now()
            done += len((yield from Unpark([row.customer_id for row in rows], now)))
        return done

    @verb
    def retry(self, customer_id: str, run: str) -> Flow[Outcome]:
        """Let runs of a customer try again that are parked, their function having failed.

        It is called anew, under the same key, with all its attempts.

        Args:
            run: The name of a journey: all its runs of this customer; or the id of one run, as
                `parked` tells it.

        Returns:
            What was done; its `retried` names the runs, and is empty where none was parked.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            UnknownJourneyError: It is neither a journey nor the id of a run.
        """
        check_customer_id(customer_id)
        is_journey = _check_run(self.rules, run)
        now = yield from Now()
        asked = RetryAsked(now, run) if is_journey else RetryAsked(now, "", run)
        done = yield from ingest(self.rules, [Arrival(customer_id, [asked])])
        if customer_id not in done:
            raise (yield from _missing(self.rules, customer_id))
        return Outcome(customer_id, done[customer_id].decision.entries)


def parked_runs(state: CustomerState) -> Iterator[Parked]:
    """Yield the runs of a customer that are parked."""
    for errand in state.errands.values():
        if errand.parked is not None:
            run = state.enrollments[errand.enrollment]
            yield Parked(
                state.id, "call", "call_failed", from_micros(errand.parked), errand.attempts, None,
                run.id, run.journey, run.step, errand.what, errand.error,
            )  # fmt: skip


def messages_in_doubt(state: CustomerState) -> Iterator[Parked]:
    """Yield the messages of a customer that wait until somebody says what became of them."""
    for message in state.messages.values():
        if awaits_word(message):
            run = state.enrollments[message.enrollment]
            yield Parked(
                state.id, "hand_over", message.reason, from_micros(message.doubted),
                message.doubts, None, run.id, run.journey, run.step, message=message.id,
                channel=message.channel,
            )  # fmt: skip


def _of_customer(row: ParkedCustomer) -> Parked:
    during, code = split_reason(row.reason)
    failed = _FAILED.get(during, "inbox")
    until = None if row.until >= FOREVER else from_micros(row.until)
    return Parked(row.customer_id, failed, code, from_micros(row.at), row.attempts, until)


def _check_limit(limit: object) -> None:
    if not isinstance(limit, int) or limit < 1:
        raise UsageError(
            "the limit must be a number of customers, at least 1", place="limit", value=limit,
            remedy="such as limit=1000",
        )  # fmt: skip


def _check_run(rules: Rules, run: object) -> bool:
    """Tell whether it is a journey; refuse what is not even the id of a run."""
    known = sorted({name for name, _ in rules.tables})
    if run in known:
        return True
    if is_text(run) and len(run) == _DIGITS and _HEX.issuperset(run):
        return False
    near = get_close_matches(str(run), known, 1)
    raise UnknownJourneyError(
        "this is neither a journey nor the id of a run",
        place="run",
        value=run,
        remedy=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
    )


def _missing(rules: Rules, customer_id: str) -> Flow[UnknownCustomerError]:
    mark = customer_mark(rules.seed, customer_id)
    erased = yield from Erased([mark])
    return absent(customer_id, erased.get(mark))
