"""What would this log have come to? A history, replayed in virtual time by the real runtime.

The same flows, the same kernel, any store, any channels. Customers do not touch each other,
so each has a clock of its own: it stops at each of the customer's events and due moments, in
order, and never beyond. Many customers go side by side and share transactions
(`simulation.lockstep`).

Keeps true:
    * whatever was due at an instant is done at this instant: events first, then timers, then
      hand-overs (O2), as if one clock had stopped at every moment of everybody;
    * a replay that was killed goes on where it was, and ends in the same journals: everything
      it needs to know is in the store and in the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from journeykit.errors import ContentionError, JourneykitError
from journeykit.kernel import CustomerState, decode_state, next_due
from journeykit.ports import ClaimedMessage, Committed, CustomerCommit, Hand, Store, Taken
from journeykit.runtime import Outcome, Runner
from journeykit.runtime import calls as c
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.reporting import report
from journeykit.runtime.script import Arrival
from journeykit.runtime.ticking import tick
from journeykit.simulation.history import History, Person
from journeykit.simulation.lockstep import run_together
from journeykit.time import to_micros

WORKER = "replay"
"""Under this name a replay claims messages, and takes them back after it was killed."""

_FAR_AWAY = 1 << 61
_WIDTH = 1000
_ONE = 1  # message at a time: which comes next depends on what is stored, so a kill changes nothing
_NO_HAND = Hand(0, 0)


@dataclass(slots=True)
class ReplayCounts:
    """How far a replay is.

    Attributes:
        found: Customers that an earlier, unfinished replay had begun.
        entries_found: Journal entries that it had written.
        skipped: Events that it had reported.
        finished: Customers for whom nothing is left to do.
        events: Events reported in this run.
    """

    found: int = 0
    entries_found: int = 0
    skipped: int = 0
    finished: int = 0
    events: int = 0


@dataclass(slots=True, eq=False)
class _Line:
    """One customer on a clock of its own, with what the store said is due."""

    person: Person
    clock: int
    place: int = 0
    timer: int | None = None
    outbox: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.person.customer_id

    def next(self) -> int | None:
        """Return the next instant at which something happens to this customer."""
        instants = list(self.outbox.values())
        if self.timer is not None:
            instants.append(self.timer)
        if self.place < len(self.person.events):
            instants.append(self.person.events[self.place].signal.received)
        return min(instants, default=None)

    def note(self, commit: CustomerCommit) -> None:
        """Keep what a commit says about the time to come."""
        self.timer = commit.next_due
        for key in commit.drop:
            self.outbox.pop(key, None)
        for row in commit.put:
            self.outbox[row.key] = row.due

    def take_up(self, state: CustomerState) -> int:
        """Stand where an earlier replay was killed; return how many events it had reported.

        What lies before the last journal entry is done. At its very instant something may
        have been left undone; doing that again changes nothing.
        """
        self.clock = state.clock
        self.timer = next_due(state)
        self.outbox = {
            message.id: self.clock if message.until is None else message.until
            for message in state.messages.values()
            if message.status == "released"
        }
        for errand in state.errands.values():
            self.outbox[errand.id] = self.clock if errand.until is None else errand.until
        events = self.person.events
        while self.place < len(events) and events[self.place].signal.received < state.clock:
            self.place += 1
        return self.place


class Replay:
    """A history, a runner, and the instant at which to stop.

    Args:
        runner: With the channels, the store and the renderer to use. Its worker name should
            be `WORKER`, so that after a kill it takes back what it had claimed.
        until: The last instant that is played; what is due later stays due.
        width: How many customers go side by side at most.

    Attributes:
        counts: How far it is.
    """

    def __init__(
        self, runner: Runner, history: History, *, until: datetime, width: int = _WIDTH
    ) -> None:
        self.runner = runner
        self.history = history
        self.counts = ReplayCounts()
        self._until = to_micros(until, what="until")
        self._width = width

    def run(self, watch: Callable[[ReplayCounts], None] = lambda counts: None) -> ReplayCounts:
        """Play the history to its end.

        Args:
            watch: Called now and then with the counts so far.
        """
        performer = _Performer(self.runner)
        run_together(
            self._lives(), performer, width=self._width, after_round=lambda: watch(self.counts)
        )
        watch(self.counts)
        return self.counts

    def _lives(self) -> Iterator[tuple[_Line, c.Flow[None]]]:
        for person in self.history.people:
            if person.begins <= self._until:
                line = _Line(person, person.begins)
                yield line, self._live(line)

    def _live(self, line: _Line) -> c.Flow[None]:
        """Play one customer."""
        rules = self.runner.rules
        yield from self._begin(line)
        while (at := line.next()) is not None and at <= self._until:
            line.clock = max(line.clock, at)
            first = line.place
            events = line.person.events
            while line.place < len(events) and events[line.place].signal.received <= at:
                line.place += 1
            if line.place > first:
                answers = yield from report(rules, events[first : line.place])
                self._count(answers)
            ticked = yield from tick(rules, line.clock, _ONE)
            for failure in ticked.failures:
                raise failure.error
            _refuse_stuck(line, at)
        self.counts.finished += 1

    def _count(self, answers: Sequence[Outcome | JourneykitError]) -> None:
        for answer in answers:
            if isinstance(answer, JourneykitError):
                raise answer
            if answer.repeated:
                self.counts.skipped += 1
            else:
                self.counts.events += 1

    def _begin(self, line: _Line) -> c.Flow[None]:
        """Make the customer known, once; or stand where an earlier replay stood."""
        stored = yield from c.Load([line.id], False)
        found = stored.get(line.id)
        if found is None:
            arrival = Arrival(line.id, list(line.person.told), creates=True)
            yield from ingest(self.runner.rules, [arrival])
            return
        state = decode_state(found.body)
        self.counts.found += 1
        self.counts.entries_found += state.seq
        self.counts.skipped += line.take_up(state)


def _refuse_stuck(line: _Line, at: int) -> None:
    """After a tick nothing is due any more, unless somebody else holds it."""
    due = line.next()
    if due is not None and due <= at:
        raise ContentionError(
            f"customer {line.id!r} cannot go on: another worker holds what is due",
            remedy="let one process at a time replay into a store",
        )


class _Performer:
    """Makes the calls of all lines: those that need the store in company, others at once.

    A customer's line is the only one that touches this customer, so there is nobody to whom
    a hand-over would have to be announced (`Hold`). What customers share would tie the lines
    together: a throttle lets everything pass here, and a dead address is suppressed for its own
    customer; the list of suppressed addresses is read as it was before the replay.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._store: Store = runner.store

    def at_once(self, who: _Line, call: c.Call[Any]) -> bool:
        """Tell whether the answer needs no store, or is known without asking it."""
        if isinstance(call, c.Claim):
            return all(due > call.now for due in who.outbox.values())
        return type(call) in _AT_ONCE

    def alone(self, who: _Line, call: c.Call[Any]) -> Any:
        """Answer for one line."""
        match call:
            case c.Now():
                return who.clock
            case c.Due():
                return [who.id] if who.timer is not None and who.timer <= call.now else []
            case c.Heed():
                return call.rules
            case c.Claim() | c.InHands() | c.Waiting() | c.ParkedOf():
                return ()
            case c.Hold():
                return _NO_HAND
            case c.LetGo():
                return None
            case c.Start():
                return "go"
            case c.Take():
                return Taken(min(call.asked.most, len(call.asked.before)))
            case _:
                return self._runner.drive(_only(call))

    def together(self, asking: Sequence[tuple[_Line, Any]]) -> Sequence[Any]:
        """Ask the store once for many lines."""
        return _TOGETHER[type(asking[0][1])](self, asking)

    def _load(self, asking: Sequence[tuple[_Line, c.Load]]) -> Sequence[Any]:
        ids = [key for _, call in asking for key in call.customer_ids]
        found = self._store.load(ids, profiles=asking[0][1].profiles)
        return [_part(found, call.customer_ids) for _, call in asking]

    def _versions(self, asking: Sequence[tuple[_Line, c.Versions]]) -> Sequence[Any]:
        found = self._store.versions([key for _, call in asking for key in call.customer_ids])
        return [_part(found, call.customer_ids) for _, call in asking]

    def _inbox(self, asking: Sequence[tuple[_Line, c.InboxOf]]) -> Sequence[Any]:
        ids = [key for _, call in asking for key in call.customer_ids]
        found = self._store.inbox(ids, limit=max(call.limit for _, call in asking))
        return [_part(found, call.customer_ids) for _, call in asking]

    def _seen(self, asking: Sequence[tuple[_Line, c.Seen]]) -> Sequence[Any]:
        found = self._store.seen([pair for _, call in asking for pair in call.events])
        return [_part(found, call.events) for _, call in asking]

    def _commit(self, asking: Sequence[tuple[_Line, c.Commit]]) -> Sequence[Any]:
        commits = [one for _, call in asking for one in call.commits]
        stale = set(self._store.commit([_unlisted(one) for one in commits]))
        for line, call in asking:
            for commit in call.commits:
                if commit.customer_id not in stale:
                    line.note(commit)
        return [[line.id] if line.id in stale else [] for line, _ in asking]

    def _commit_and_claim(self, asking: Sequence[tuple[_Line, Any]]) -> Sequence[Committed]:
        """Nothing is taken in hand with it: hand-overs of a step come behind all its decisions."""
        return [Committed(stale) for stale in self._commit(asking)]

    def _listed(self, asking: Sequence[tuple[_Line, c.Listed]]) -> Sequence[Any]:
        found = self._store.suppressed([place for _, call in asking for place in call.addresses])
        return [_part(found, call.addresses) for _, call in asking]

    def _claim(self, asking: Sequence[tuple[_Line, c.Claim]]) -> Sequence[Any]:
        """Claim what is due by the latest clock; give back what is early by its own clock.

        Nothing is in doubt where a replay was killed: its channels only pretend.
        """
        mine: dict[str, list[ClaimedMessage]] = {line.id: [] for line, _ in asking}
        now = {line.id: call.now for line, call in asking}
        claimed = self._store.claim(
            max(now.values()), limit=_FAR_AWAY, lease_until=_FAR_AWAY, worker=WORKER
        )
        early = []
        for claim in claimed:
            given = mine.get(claim.customer_id)
            if given is None or claim.due > now[claim.customer_id] or len(given) >= _ONE:
                early.append(claim)
            else:
                given.append(msgspec.structs.replace(claim, begun=False))
        self._store.unclaim(early)
        return list(mine.values())

    def _unclaim(self, asking: Sequence[tuple[_Line, c.Unclaim]]) -> Sequence[None]:
        self._store.unclaim([claim for _, call in asking for claim in call.claims])
        return [None] * len(asking)

    def _begin(self, asking: Sequence[tuple[_Line, c.Begin]]) -> Sequence[None]:
        self._store.begin([content for _, call in asking for content in call.handing])
        return [None] * len(asking)


_AT_ONCE = frozenset(
    {c.Now, c.Due, c.Render, c.Hold, c.LetGo, c.InHands, c.Start, c.Take, c.HandOver}
    | {c.CallFunction, c.GoesOn, c.Heed, c.Stay, c.LinesNow, c.Reaches}
    | {c.Waiting, c.Park, c.Unpark, c.ParkedOf, c.Lacks, c.Definitions, c.Adopt}
)
_TOGETHER: dict[type[c.Call[Any]], Callable[[_Performer, Any], Sequence[Any]]] = {
    c.Load: _Performer._load,
    c.Versions: _Performer._versions,
    c.Seen: _Performer._seen,
    c.InboxOf: _Performer._inbox,
    c.Commit: _Performer._commit,
    c.CommitAndClaim: _Performer._commit_and_claim,
    c.Listed: _Performer._listed,
    c.Claim: _Performer._claim,
    c.Unclaim: _Performer._unclaim,
    c.Begin: _Performer._begin,
}


def _unlisted(commit: CustomerCommit) -> CustomerCommit:
    if not commit.suppress and not commit.unsuppress:
        return commit
    return msgspec.structs.replace(commit, suppress=(), unsuppress=())


def _only(call: c.Call[Any]) -> c.Flow[Any]:
    answer = yield from call
    return answer


def _part(found: Mapping[Any, Any], keys: Sequence[Any]) -> dict[Any, Any]:
    return {key: found[key] for key in keys if key in found}
