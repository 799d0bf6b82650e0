"""Who of the past belongs into a journey? All customers are asked, a batch at a time.

This is the one place that goes through everybody: a journey that was published today has not
seen what happened before. What it would have counted and remembered is read from the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from journeykit.errors import UsageError
from journeykit.kernel import BackfillAsked, Decision, EventArrived, decode_entries
from journeykit.kernel import journal as j
from journeykit.machine import Guard, Reading, Rules, amount_text
from journeykit.model import Changed
from journeykit.ports import CustomerCommit, StoredCustomer
from journeykit.runtime.broadcasting import asked_of_all
from journeykit.runtime.calls import Commit, Flow, Heed, JournalOf, Load, Now, Page
from journeykit.runtime.intake import check_journey
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.parking import stuck
from journeykit.runtime.records import begins
from journeykit.runtime.script import ATTEMPTS, decide, to_commit

Since = Literal["qualified", "now"]
_Counted = tuple[str, int, str]  # stream, instant, amount


@dataclass(slots=True)
class Backfilled:
    """What a backfill came to.

    Attributes:
        customers: How many were asked.
        entered: Runs that began.
        waiting: Customers for whom an entry by the calendar is set to a later instant, or whose
            trigger waits for its slot under the entry caps.
        refused: Reason codes, each with how often it kept a run from beginning.
        failures: Customers who could not be decided on: call again.
        pruned: Customers whose journals were cut, so that what was before is not counted.
    """

    customers: int = 0
    entered: int = 0
    waiting: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    pruned: int = 0


class Backfill:
    """A backfill that was checked at the door.

    Raises:
        UnknownJourneyError, UsageError: There is no such journey, nothing to fill it from, or
            what is asked of customers cannot be asked.
    """

    def __init__(self, rules: Rules, journey: str, since: Since, where: object) -> None:
        check_journey(rules, journey)
        if since not in ("qualified", "now"):
            raise UsageError(
                "a run begins as of when the customer qualified, or as of now",
                place="since",
                value=since,
                remedy='write since="qualified" or since="now"',
            )
        self.journey = journey
        self.since: Since = since
        self.guard: Guard | None = None if where is None else asked_of_all(rules, where)
        table, watch = rules.current[journey], rules.watch
        starts = [one for one in watch.starts.values() if one.journey == journey]
        changes = {rule.id for rules_ in watch.changes.values() for rule in rules_}
        if not table.entries and all(one.id in changes for one in starts):
            raise UsageError(
                "nothing of the past says who belongs into it: it is entered by call, or by a "
                f"{Changed.__name__}",
                place=f"Journey {journey!r}",
                remedy="call enroll() for whom you mean",
            )
        heard = {*table.entries, *(one.event for one in table.exit_listeners)}
        self.heard = heard | {goal.listener.event for goal in table.goals if goal.leads_away}

    def signal(self, rules: Rules, now: int, entries: Sequence[j.AnyEntry]) -> BackfillAsked:
        """Return what one customer, whose journal this is, is asked."""
        received = [entry for entry in entries if isinstance(entry, j.Received)]
        past = [
            EventArrived(one.at, one.name, one.data, one.occurred, one.id)
            for one in received
            if one.name in self.heard
        ]
        counts = _uncounted(rules, entries, received, now)
        ended = _ended(self.journey, entries)
        return BackfillAsked(now, self.journey, self.since, past, counts, self.guard, ended)


def _ended(journey: str, entries: Sequence[j.AnyEntry]) -> dict[str | None, int]:
    """Return when the latest run of a journey ended, by the key of its runs."""
    keys: dict[str, str | None] = {}
    ended: dict[str | None, int] = {}
    for entry in entries:
        if isinstance(entry, j.Entered) and entry.journey == journey:
            keys[entry.enrollment] = entry.key
        elif isinstance(entry, j.Ended) and entry.enrollment in keys:
            ended[keys[entry.enrollment]] = entry.at
    return ended


def _uncounted(
    rules: Rules, entries: Sequence[j.AnyEntry], received: Sequence[j.Received], now: int
) -> list[tuple[str, int, str, bool, bool]]:
    """Return what conditions ask about the past and was not counted: nobody asked at that time.

    Or not with the instant: nobody asked about a window, or about a shorter one.
    """
    wanted: Counter[_Counted] = Counter()
    reaches: dict[str, int | None] = {}
    reading = Reading()
    for event in received:
        reading.event = event.data
        for stream in rules.streams.get(event.name, ()):
            reaches[stream.id] = stream.reach
            if stream.guard is None or stream.guard(reading):
                amount = "" if stream.amount is None else amount_text(stream.amount(reading))
                wanted[stream.id, event.occurred, amount] += 1
    counted, kept = _counted(entries)
    found = []
    for one, times in wanted.items():
        reach = reaches[one[0]]
        found += [(*one, reach is not None, False)] * (times - counted[one])
        if reach is not None and one[1] >= now - reach:
            found += [(*one, True, True)] * (min(times, counted[one]) - kept[one])
    return found


def _counted(entries: Sequence[j.AnyEntry]) -> tuple[Counter[_Counted], Counter[_Counted]]:
    """Return what was counted, and of that what is still kept with its instant."""
    counted: Counter[_Counted] = Counter()
    kept: Counter[_Counted] = Counter()
    for entry in entries:
        if isinstance(entry, j.Counted):
            one = entry.stream, entry.occurred, entry.amount
            counted[one] += not entry.known
            kept[one] += entry.windowed
        elif isinstance(entry, j.Forgot) and entry.tallies:
            for one in [one for one in kept if one[1] < entry.tallies.get(one[0], one[1])]:
                del kept[one]
    return counted, kept


def backfill(rules: Rules, asked: Backfill, limit: int) -> Flow[Backfilled]:
    """Ask everybody."""
    outcome = Backfilled()
    after = ""
    while page := (yield from Page(after, limit)):
        after = page[-1]
        yield from _ask(rules, asked, page, outcome)
    return outcome


def _ask(rules: Rules, asked: Backfill, ids: Sequence[str], outcome: Backfilled) -> Flow[None]:
    """Ask one page of customers; those whom somebody else changed meanwhile once more."""
    outcome.customers += len(ids)
    pruned: set[str] = set()
    for _ in range(ATTEMPTS):
        rules = yield from Heed(rules)
        stored = yield from Load(ids, True)
        commits: list[CustomerCommit] = []
        decisions: dict[str, Decision] = {}
        for customer_id, found in stored.items():
            try:
                decision, since = yield from _decide(rules, asked, found)
                if since is not None:
                    pruned.add(customer_id)
                if decision.entries:
                    commits.append(to_commit(rules, decision, found.version))
                    decisions[customer_id] = decision
            except Exception as error:
                outcome.failures.append(Failure(customer_id, stuck(customer_id, error)))
        ids = (yield from Commit(commits)) if commits else ()
        for customer_id in decisions.keys() - set(ids):
            _count(rules, asked, decisions[customer_id], outcome)
        if not ids:
            break
    outcome.pruned += len(pruned)
    for customer_id in ids:
        overtaken = RuntimeError("others changed it on every attempt")
        outcome.failures.append(Failure(customer_id, stuck(customer_id, overtaken)))


def _decide(
    rules: Rules, asked: Backfill, found: StoredCustomer
) -> Flow[tuple[Decision, datetime | None]]:
    records = yield from JournalOf(found.customer_id)
    entries = [entry for record in records for entry in decode_entries(record.entries)]
    now = yield from Now()
    signal = asked.signal(rules, now, entries)
    decision = decide(rules, found.customer_id, found, [signal], now, fire_now=False)
    return decision, begins(entries)


def _count(rules: Rules, asked: Backfill, decision: Decision, outcome: Backfilled) -> None:
    refused: Mapping[str, int] = Counter(
        entry.reason
        for entry in decision.entries
        if isinstance(entry, j.Refused) and entry.journey == asked.journey
    )
    for reason, times in sorted(refused.items()):
        outcome.refused[reason] = outcome.refused.get(reason, 0) + times
    outcome.entered += sum(
        isinstance(entry, j.Entered) and entry.journey == asked.journey
        for entry in decision.entries
    )
    armed: dict[str, Any] = rules.watch.armed
    outcome.waiting += any(
        armed[id].journey == asked.journey and timer.due is not None
        for id, timer in decision.state.armed.items()
        if id in armed
    ) or any(
        errand.kind == "entry" and errand.journey == asked.journey
        for errand in decision.state.errands.values()
    )
