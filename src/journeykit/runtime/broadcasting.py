"""How does one business event reach many customers? Reported to each, a batch at a time.

Every customer gets the event under the same id, which belongs to the customer (O8): whoever
calls again, after a crash in the middle, reports it to nobody twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec.structs import replace

from journeykit.errors import JourneykitError, UnknownCustomerError, UsageError
from journeykit.kernel import decode_state, reading_of
from journeykit.machine import Guard, Rules, compile_condition, most_micros
from journeykit.model import Condition, kinds_of, past_streams, reads
from journeykit.ports import StoredCustomer
from journeykit.runtime.calls import Flow, Load, Now, Page
from journeykit.runtime.intake import Reported, check_customer_id, check_journey
from journeykit.runtime.reporting import report
from journeykit.runtime.script import profile_of


@dataclass(slots=True)
class BroadcastOutcome:
    """What a broadcast came to.

    Attributes:
        reached: Customers to whom the event was reported now.
        repeated: Customers who had it already, from an earlier call with the same id.
        conflicts: Customers who had another event of this id: the first stays.
        unknown: Ids in `to` under which nobody was identified.
        failed: Id and error of customers to whom it could not be reported: call again. What is
            no id is among them, as text.
    """

    reached: int = 0
    repeated: int = 0
    conflicts: int = 0
    unknown: list[str] = field(default_factory=list)
    failed: list[tuple[str, JourneykitError]] = field(default_factory=list)


class Audience:
    """To whom an event is broadcast: ids, or whom a question finds among all customers.

    Attributes:
        wrong: What stands among the ids so far and is none, each with its error.

    Raises:
        UsageError, UnknownJourneyError: None, or several of them are given; or they name what
            there is not.
    """

    def __init__(
        self, rules: Rules, to: Iterable[str] | None, where: object, running: str | None
    ) -> None:
        if sum(one is not None for one in (to, where, running)) != 1:
            raise UsageError(
                "it must be said to whom, in exactly one way",
                place="broadcast",
                remedy='give to=[ids], where=condition, or running="journey"',
            )
        if isinstance(to, str) or (to is not None and not isinstance(to, Iterable)):
            raise UsageError(
                "to= is a list of customer ids", place="to", value=to, remedy="such as ['ann']",
                private=True,
            )  # fmt: skip
        if running is not None:
            check_journey(rules, running)
        self._rules = rules
        self.wrong: list[tuple[str, JourneykitError]] = []
        self._ids = None if to is None else iter(to)
        self._running = running
        self._guard = None if where is None else asked_of_all(rules, where)

    def batches(self, limit: int) -> Iterator[Flow[Sequence[str] | None]]:
        """Yield flows of which each returns the next ids, and None at the end."""
        after = [""]
        while True:
            yield self._named(limit) if self._ids is not None else self._found(after, limit)

    def _named(self, limit: int) -> Flow[Sequence[str] | None]:
        assert self._ids is not None
        yield from ()
        ids: dict[str, None] = {}
        given = list(islice(self._ids, limit))
        for one in given:
            try:
                ids[check_customer_id(one)] = None
            except UsageError as error:
                self.wrong.append((str(one), error))
        return list(ids) if given else None

    def _found(self, after: list[str], limit: int) -> Flow[Sequence[str] | None]:
        page = yield from Page(after[0], limit)
        if not page:
            return None
        after[0] = page[-1]
        stored = yield from Load(page, True)
        now = yield from Now()
        return [id for id, one in stored.items() if self._is_meant(one, now)]

    def _is_meant(self, stored: StoredCustomer, now: int) -> bool:
        """Tell whether the event is for a customer; one that cannot be read is reported so."""
        try:
            state = decode_state(stored.body)
        except Exception:
            return True
        if self._guard is None:
            return any(run.journey == self._running for run in state.enrollments.values())
        return self._guard(reading_of(self._rules, state, dict(profile_of(stored)), now))


def asked_of_all(rules: Rules, where: object) -> Guard:
    """Compile a condition that is asked of every customer, if everybody can answer it."""
    remedy = "compare fields of the profile, or ask about the past what some journey asks too"
    if not isinstance(where, Condition):
        raise UsageError("where= is a condition", place="where", value=where, remedy=remedy)
    kinds = kinds_of(rules.workspace.profile)
    for ref in reads(where):
        if ref.of != "profile" or kinds.get(ref.field) != ref.kind:
            raise UsageError(
                f"{ref.of}.{ref.field} is no field of the profile", place="where", remedy=remedy
            )
    for stream, window in past_streams(where):
        kept = [one for one in rules.streams.get(stream.event, ()) if one.id == stream.id]
        reaches = [one.reach for one in kept if one.reach is not None]
        if not kept or (window is not None and max(reaches, default=0) < most_micros(window)):
            raise UsageError(
                f"no journey and no policy asks this about {stream.event}, or none so far back: "
                "it is not counted",
                place="where",
                remedy=remedy,
            )
    return compile_condition(where, incoming=None)


def broadcast(
    rules: Rules, audience: Audience, about: Reported, batch: int
) -> Flow[BroadcastOutcome]:
    """Report an event to an audience.

    Args:
        about: The event, checked; for whom is of no importance.
    """
    outcome = BroadcastOutcome(failed=audience.wrong)
    for flow in audience.batches(batch):
        ids = yield from flow
        if ids is None:
            break
        now = yield from Now()
        signal = replace(about.signal, received=now)
        answers = yield from report(rules, [Reported(id, signal, about.digest) for id in ids])
        for customer_id, answer in zip(ids, answers, strict=True):
            if isinstance(answer, UnknownCustomerError):
                outcome.unknown.append(customer_id)
            elif isinstance(answer, JourneykitError):
                outcome.failed.append((customer_id, answer))
            else:
                outcome.repeated += answer.repeated
                outcome.conflicts += answer.conflict
                outcome.reached += not (answer.repeated or answer.conflict)
    return outcome
