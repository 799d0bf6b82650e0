"""Why is Ann not in this journey, or why did she not get its message? Answered from the journal.

Nothing is guessed: what was compared is read from the state as it was then, which the journal
replays, and judged by the guards that judged then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from journeykit.analysis.explaining import Explained
from journeykit.kernel import CustomerState, customer_mark, decode_entries, decode_state
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.ports import Store
from journeykit.runtime.calls import Erased, Flow, JournalOf, Load
from journeykit.runtime.controls import read_controls
from journeykit.runtime.hindsight import Found, Looked, Looking, look_back
from journeykit.runtime.intake import check_journey
from journeykit.runtime.lives import MessageLife, lives_of
from journeykit.runtime.performing import ask_store
from journeykit.runtime.records import begins, can_be_replayed, upto
from journeykit.runtime.script import profile_of
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline, local_time
from journeykit.runtime.untriggered import asks_for_a_slot, standing_now, untriggered
from journeykit.time import from_micros

Standing = Literal["unknown", "never_triggered", "waiting", "refused", "inside", "ended"]
_MOST = 5
_SAID: Mapping[Standing, str] = {
    "unknown": "nobody was identified under this id",
    "never_triggered": "nothing that starts a run has happened",
    "waiting": "waits to enter",
    "refused": "did not enter",
    "inside": "is inside",
    "ended": "was inside",
}


@dataclass(frozen=True, slots=True)
class Why:
    """One thing that kept it from happening.

    Attributes:
        kind: `now` for what holds at present; else the kind of journal entry: `refuse`, `end`,
            `move` for a way that was taken, or what brought a message to its status, such as
            `dropped`.
        reason: The stable code.
        at: When, UTC; None for what holds at present.
        text: One sentence.
        explained: The conditions that decided, with the values that were compared.
        facts: Further lines, such as the fields of the event that ended a run.
    """

    kind: str
    reason: str
    at: datetime | None
    text: str
    explained: tuple[Explained, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why something of a journey did not happen for a customer; printing it tells.

    Attributes:
        standing: `unknown` where nobody has this id, `never_triggered`, `waiting` (a trigger
            asks for its slot under the entry caps), `refused` (it was, and never entered),
            `inside`, or `ended` (it entered, and is out again).
        whys: What holds now first, then what happened, latest first.
        complete: Whether the journal reaches back to the customer's beginning. Where it does
            not, conditions are told without the values that were compared.
        begins: Since when the journal tells, where it was pruned; else None.
    """

    customer_id: str
    journey: str
    timezone: str
    standing: Standing
    whys: tuple[Why, ...] = ()
    complete: bool = True
    begins: datetime | None = None

    @property
    def reasons(self) -> list[str]:
        """The codes, in order."""
        return [why.reason for why in self.whys]

    def text(self) -> str:
        """Return it in words."""
        zone = ZoneInfo(self.timezone)
        rows = [f"{self.customer_id} and {self.journey} ({self.timezone}): {_SAID[self.standing]}"]
        for why in self.whys:
            when = "now" if why.at is None else local_time(why.at, zone)
            rows.append(f"  {when}  {why.text}")
            rows += [row for one in why.explained for row in one.lines("    ")]
            rows += [f"    {fact}" for fact in why.facts]
        if self.begins is not None:
            when = local_time(self.begins, zone)
            rows.append(f"  the journal begins {when}: what was before was removed")
        if not self.complete:
            rows.append("  the journal does not reach back far enough to tell what was compared")
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.text()


def ask_why_not(store: Store, rules: Rules, customer_id: str, journey: str, now: int) -> WhyNot:
    """Return why something of a journey did not happen for a customer of a store.

    Raises:
        UnknownJourneyError: The workspace has no such journey.
    """
    return ask_store(store, find_why_not(rules, customer_id, journey, now))


def find_why_not(rules: Rules, customer_id: str, journey: str, now: int) -> Flow[WhyNot]:
    """Return why something of a journey did not happen for a customer.

    Raises:
        UnknownJourneyError: The workspace has no such journey.
    """
    check_journey(rules, journey)
    found = (yield from Load([customer_id], True)).get(customer_id)
    if found is None:
        whys = yield from _erased(rules, customer_id)
        return WhyNot(customer_id, journey, rules.workspace.timezone, "unknown", whys)
    records = yield from JournalOf(customer_id)
    entries = [entry for record in records for entry in decode_entries(record.entries)]
    state, profile = decode_state(found.body), dict(profile_of(found))
    pause = (yield from read_controls()).paused.get(journey)
    paused = None if pause is None else pause.reason
    entries = upto(entries, state.seq)  # what was committed meanwhile is left out
    return why_not(rules, customer_id, journey, entries, state, profile, now=now, paused=paused)


def why_not(
    rules: Rules,
    customer_id: str,
    journey: str,
    entries: Sequence[j.Entry],
    state: CustomerState,
    profile: dict[str, Any],
    *,
    now: int,
    paused: str | None = None,
) -> WhyNot:
    """Return why something of a journey did not happen for a customer.

    Args:
        entries: The customer's whole journal.
        state: How the customer stands now.
        profile: What has been told of the customer.
        paused: Why the journey pauses, or None where it does not.
    """
    zone = state.zone or rules.workspace.timezone
    complete = can_be_replayed(entries, state.seq)
    timeline = tell(customer_id, zone, entries, rules)
    looking = Looking(rules, journey, _MOST, complete=complete)
    looked = look_back(looking, customer_id, entries)
    whys = [Why("now", *each) for each in standing_now(rules, journey, state, now, paused, zone)]
    whys += [_told(timeline, one) for one in looked.refused]
    whys += _earlier(looked)
    whys += [_told(timeline, one) for one in (*looked.ended, *looked.parted)]
    whys += _failures(timeline, entries, journey)
    whys += _messages(lives_of(timeline, entries), journey)
    standing = _standing(looked, state, journey)
    if standing == "never_triggered":
        asked = untriggered(rules, journey, state, profile, entries, now)
        whys += [Why("now", reason, None, text, told) for reason, text, told in asked]
    since = begins(entries)
    return WhyNot(customer_id, journey, zone, standing, tuple(whys), complete, since)


def _standing(looked: Looked, state: CustomerState, journey: str) -> Standing:
    if any(run.journey == journey for run in state.enrollments.values()):
        return "inside"
    if asks_for_a_slot(state, journey):
        return "waiting"
    if looked.entered:
        return "ended"
    return "refused" if looked.refused else "never_triggered"


def _erased(rules: Rules, customer_id: str) -> Flow[tuple[Why, ...]]:
    mark = customer_mark(rules.seed, customer_id)
    at = (yield from Erased([mark])).get(mark)
    if at is None:
        return ()
    when = local_time(from_micros(at), ZoneInfo(rules.workspace.timezone))
    return (Why("now", "erased", None, f"the customer of this id was erased: {when}"),)


def _told(timeline: Timeline, one: Found) -> Why:
    line = timeline.lines[one.place]
    text = f"{one.event}: {line.text}" if one.event else line.text
    return Why(line.kind, line.reason, line.at, text, one.explained, one.facts)


def _earlier(looked: Looked) -> Iterable[Why]:
    if looked.earlier:
        counts = ", ".join(f"{reason} {times}" for reason, times in looked.earlier.most_common())
        at = from_micros(looked.earlier_until)
        yield Why("refuse", "earlier", at, f"and before, refused for {counts}")


def _failures(timeline: Timeline, entries: Sequence[j.Entry], journey: str) -> Iterable[Why]:
    """Yield the calls of functions that failed as often as they may, latest first."""
    failed = [
        line
        for line, entry in zip(timeline.lines, entries, strict=True)
        if _failed(entry) and line.journey == journey
    ]
    for line in reversed(failed[-_MOST:]):
        yield Why(line.kind, line.reason, line.at, line.text)


def _failed(entry: j.Entry) -> bool:
    return isinstance(entry, j.Parked) or (
        isinstance(entry, j.Settled) and entry.answer == "failed"
    )


def _messages(lives: Sequence[MessageLife], journey: str) -> Iterable[Why]:
    """Yield the messages that did not get through, latest first."""
    stopped = [one for one in lives if one.journey == journey and one.status != "accepted"]
    for life in reversed(stopped[-_MOST:]):
        last = life.last
        yield Why(last.kind, life.reason, last.at, last.text)
