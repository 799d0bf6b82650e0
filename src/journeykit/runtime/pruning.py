"""How does a store stay small? What is older than wanted leaves the journals.

Keeps true:
    * nothing that a rule asks for is lost: the state goes on as it is, and a journal that was cut
      begins with the state of then, from which replaying goes on;
    * a journal is cut only where replaying all of it gives the state that is stored;
    * every batch is a transaction of its own: killed in between, the next call goes on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from journeykit.errors import StoreError, UsageError
from journeykit.kernel import CustomerState, apply, decode_entries, decode_state, encode_entries
from journeykit.kernel import journal as j
from journeykit.kernel.codec import encode_state
from journeykit.ports import JournalCut, JournalRecord, StoredCustomer
from journeykit.runtime import logs
from journeykit.runtime.calls import Flow, JournalOf, Load, Now, Page
from journeykit.runtime.desk import Desk
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.records import profile_told
from journeykit.runtime.script import decode_json
from journeykit.runtime.upkeep_calls import Buckets, Forget, PruneJournals
from journeykit.time import DAY, Duration, from_micros, shift, zone

_LEAST = 35 * DAY


@dataclass(slots=True)
class Pruned:
    """What `prune` removed.

    Attributes:
        journals: Customers whose journals begin later now.
        entries: Entries that were removed from them.
        forgotten: Ids of events, announcements and counters whose time was over.
        failures: Customers whose journals were left alone, because replaying them does not give
            what is stored.
    """

    journals: int = 0
    entries: int = 0
    forgotten: int = 0
    failures: list[Failure] = field(default_factory=list)


def prune(desk: Desk, *, older_than: timedelta | Duration) -> Flow[Pruned]:
    """Remove from the journals what is older than that, and all that has had its time.

    A journal that was cut begins with the state of then: runs, caps and conditions go on as they
    are. What is removed is the story: `explain`, `why_not` and `counts` tell it from there on, and
    `backfill` counts what is still told. Event ids and counters of entry caps leave when their
    time is over, whatever `older_than` says. The marks of erased customers stay.

    It goes through all customers, a batch to a transaction, and may be killed at any time; what
    it has not done, the next call does. Workers may run meanwhile.

    Args:
        older_than: Such as `days(400)`; not less than 35 days, nor than the workspace remembers
            events (`Workspace(remember_events=...)`).

    Raises:
        UsageError: `older_than` is shorter than that.
    """
    now = yield from Now()
    before = _cut_off(desk, older_than, now)
    outcome = Pruned()
    after = ""
    while page := (yield from Page(after, desk.batch)):
        after = page[-1]
        yield from _prune_page(page, before, outcome)
    while forgotten := (yield from Forget(now, desk.batch, ())):
        outcome.forgotten += forgotten
    over = [name for name in (yield from Buckets()) if _is_over(name, now)]
    for start in range(0, len(over), desk.batch):
        outcome.forgotten += yield from Forget(now, 0, over[start : start + desk.batch])
    logs.tell(
        "pruned",
        journals=outcome.journals,
        entries=outcome.entries,
        forgotten=outcome.forgotten,
        failed=len(outcome.failures),
    )
    return outcome


def _cut_off(desk: Desk, older_than: timedelta | Duration, now: int) -> int:
    try:
        span = Duration.of(older_than)
        before = shift(now, -span, zone("UTC"))
    except (TypeError, ValueError, OverflowError):
        before = now
    least = max(_LEAST, desk.rules.remember)
    if before > now - least:
        raise UsageError(
            f"what happened within {least // DAY} days is still asked for",
            place="older_than",
            value=older_than,
            remedy=f"such as days({max(400, least // DAY)})",
        )
    return before


def _prune_page(ids: Sequence[str], before: int, outcome: Pruned) -> Flow[None]:
    """Cut the journals of some customers; those who changed meanwhile are left to the next time."""
    stored = yield from Load(ids, False)
    cuts: dict[str, tuple[JournalCut, int]] = {}
    for customer_id, found in stored.items():
        records = yield from JournalOf(customer_id)
        old = [record for record in records if record.at < before]
        if len(old) < 2 or old[-1] is not records[len(old) - 1]:
            continue
        try:
            cuts[customer_id] = _cut(found, records, len(old))
        except Exception as error:
            outcome.failures.append(Failure(customer_id, _unlike(customer_id, error)))
    if cuts:
        stale = yield from PruneJournals([cut for cut, _ in cuts.values()])
        for customer_id in cuts.keys() - set(stale):
            outcome.journals += 1
            outcome.entries += cuts[customer_id][1]


def _cut(
    found: StoredCustomer, records: Sequence[JournalRecord], old: int
) -> tuple[JournalCut, int]:
    """Return the cut behind the first `old` records, and how many entries fewer there are."""
    state = CustomerState(found.customer_id)
    told: list[j.AnyEntry] = []
    for record in records[:old]:
        told += decode_entries(record.entries)
    for entry in told:
        apply(state, entry)
    then = j.Pruned(state.clock, state.seq, decode_json(encode_state(state)), profile_told(told))
    body = encode_entries([then])
    cut = JournalCut(found.customer_id, found.version, state.seq, records[old - 1].at, body)
    state = CustomerState(found.customer_id)
    apply(state, decode_entries(body)[0])  # what is written is what is replayed from then on
    for record in records[old:]:
        for entry in decode_entries(record.entries):
            apply(state, entry)
    stored = decode_state(found.body)
    if state.seq < stored.seq or (state.seq == stored.seq and state != stored):
        raise ValueError("the journal does not amount to what is stored")
    return cut, len(told) - 1


def _unlike(customer_id: str, error: Exception) -> StoreError:
    told = StoreError(
        "the journal does not amount to the stored document",
        place="customer",
        value=customer_id,
        remedy="nothing of it was removed; report it, with the journal that export() returns",
        private=True,
    )
    told.__cause__ = error
    return told


# ---- counters of entry caps

_COUNTER = re.compile(r"#entry \S+ (?P<period>\S+)(?: (?P<number>\d+))?")
_LATER = 2 * DAY


def _is_over(bucket: str, now: int) -> bool:
    """Tell whether this counts the entries of a period that nobody is in any more, anywhere."""
    found = _COUNTER.fullmatch(bucket)
    if found is None or found["period"] == "all":
        return False
    if found["number"] is not None:
        length = Duration.parse(found["period"]).micros
        return (int(found["number"]) + 1) * length < now - _LATER
    return _last_day(found["period"]) < from_micros(now - _LATER).date()


def _last_day(period: str) -> date:
    """Return the last day of a day, a month or a week."""
    if "W" in period:
        year, week = period.split("-W")
        return date.fromisocalendar(int(year), int(week), 7)
    if len(period) > len("2026-03"):
        return date.fromisoformat(period)
    first = date.fromisoformat(f"{period}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
