"""Which messages may go, and who holds them? An outbox in memory, behind the store's lock.

Rows of a parked customer stay where they are until a claim, or `first`, would meet them; then
they are laid aside, like rows that nobody in particular has leased. So parking somebody never
looks through all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from journeykit.adapters.agenda import Agenda
from journeykit.adapters.memory_rows import KeptHand, KeptMessage
from journeykit.ports import FOREVER, ClaimedMessage, Hand, OutboxRow


class RowStanding(NamedTuple):
    """Whose row it is, when it is due, and until when a worker holds it."""

    of: str
    due: int
    lease: int | None


class MemoryOutbox:
    """Rows by key, and the announcements about those in hands.

    Args:
        parked_until: Until when a customer is parked; 0 for one who is not.
    """

    def __init__(self, parked_until: Callable[[str], int]) -> None:
        self._parked_until = parked_until
        self._rows: dict[str, KeptMessage] = {}
        self._free = Agenda()
        self._leased = Agenda()
        self._aside: dict[str, list[str]] = {}
        self._hands: dict[int, KeptHand] = {}
        self._token = 0

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, put: OutboxRow) -> None:
        """Add a row, or make it due at another instant."""
        row = self._rows.get(put.key)
        if row is None:
            self._rows[put.key] = KeptMessage(put.customer_id, put.channel, put.due)
            self._free.set(put.key, put.due)
        else:
            row.customer_id, row.channel, row.due = put.customer_id, put.channel, put.due
            row.begun = False
            self._end_lease(put.key)

    def drop(self, key: str) -> None:
        """Remove a row, if it is there."""
        if self._rows.pop(key, None):
            self._free.set(key, None)
            self._leased.set(key, None)

    def drop_all_of(self, customer_id: str) -> None:
        """Remove every row of a customer; looks through all of them."""
        for key in [key for key, row in self._rows.items() if row.customer_id == customer_id]:
            self.drop(key)
        self._aside.pop(customer_id, None)

    def claim(
        self, now: int, limit: int, lease_until: int, worker: str, without: Collection[str] = ()
    ) -> list[ClaimedMessage]:
        """Lease what may go."""
        if limit <= 0:
            return []
        for key in self._leased.upto(now, len(self._rows)):
            self._end_lease(key)
        self._token += 1
        return self._lease(self._unparked(now, limit, without), lease_until, worker)

    def claim_these(
        self, rows: Iterable[OutboxRow], now: int, limit: int, lease_until: int, worker: str
    ) -> list[ClaimedMessage]:
        """Lease those of `rows`, which have just been put, that may go."""
        put = {row.key: row for row in rows}.values()
        may_go = [row.key for row in put if row.due <= now >= self._parked_until(row.customer_id)]
        keys = may_go[: max(0, limit)]
        if keys:
            self._token += 1
        return self._lease(keys, lease_until, worker)

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """Give rows back."""
        for claim in claims:
            row = self._held(claim)
            if row:
                row.begun = False
                self._end_lease(claim.key)

    def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """Note that rows are about to be handed over."""
        for claim, content in handing:
            row = self._held(claim)
            if row:
                row.begun = True
                row.content = row.content if content is None else content

    def recover(self, worker: str) -> int:
        """End what `worker` holds."""
        held = [key for key in self._leased if self._rows[key].worker == worker]
        for key in held:
            self._end_lease(key)
        self._forget_hands(lambda one: one.worker == worker)
        return len(held)

    def park(self, customer_ids: Iterable[str]) -> None:
        """Lay aside what is claimed of customers who are parked now."""
        parked = set(customer_ids)
        for key in [key for key in self._leased if self._rows[key].customer_id in parked]:
            self._lay_aside(key)

    def unpark(self, customer_id: str) -> None:
        """Let go of what was laid aside."""
        for key in self._aside.pop(customer_id, ()):
            row = self._rows.get(key)
            if row and row.worker is None:
                self._end_lease(key)

    def first(self) -> int | None:
        """Return when the next row may be claimed; None where none ever may."""
        while (at := self._free.first()) is not None:
            key = self._free.upto(at, 1)[0]
            if self._parked_until(self._rows[key].customer_id) <= at:
                break
            self._lay_aside(key)
        return min((at for at in (at, self._leased.first()) if at is not None), default=None)

    def shelved(self, after: str, limit: int) -> list[str]:
        """Return customers with rows that are never due; looks through all rows."""
        ids = {row.customer_id for row in self._rows.values() if row.due >= FOREVER}
        return sorted(id for id in ids if id > after)[: max(0, limit)]

    def hold(self, customer_ids: Sequence[str], now: int, until: int, worker: str) -> Hand:
        """Announce hand-overs."""
        self._forget_hands(lambda one: one.hand.until <= now)
        self._token += 1
        hand = Hand(self._token, until)
        self._hands[hand.number] = KeptHand(hand, worker, frozenset(customer_ids))
        return hand

    def let_go(self, hand: Hand) -> None:
        """End an announcement."""
        self._hands.pop(hand.number, None)

    def hands(self, customer_id: str | None, now: int) -> list[Hand]:
        """Return the announcements that stand."""
        return [
            one.hand
            for one in self._hands.values()
            if (customer_id is None or customer_id in one.customers) and one.hand.until > now
        ]

    def standing(self, now: int) -> tuple[list[RowStanding], int]:
        """Return how every row stands, and how many announcements do."""
        rows = [
            RowStanding(row.customer_id, row.due, self._leased.at(key) if row.worker else None)
            for key, row in self._rows.items()
        ]
        return rows, len(self.hands(None, now))

    def rows_of(self, customer_id: str) -> list[ClaimedMessage]:
        """Return the rows of a customer; looks through all of them."""
        rows = sorted(self._rows.items())
        return [row.claimed(key) for key, row in rows if row.customer_id == customer_id]

    def forget_hands(self, now: int) -> int:
        """Remove announcements that have ended; return how many."""
        before = len(self._hands)
        self._forget_hands(lambda one: one.hand.until <= now)
        return before - len(self._hands)

    def _unparked(self, now: int, limit: int, without: Collection[str]) -> list[str]:
        """Return what may go, once everything of parked customers in front of it lies aside."""
        while True:
            keys = self._free.upto(now, len(self._rows) if without else limit)
            if without:
                keys = [key for key in keys if self._rows[key].channel not in without][:limit]
            parked = [k for k in keys if self._parked_until(self._rows[k].customer_id) > now]
            if not parked:
                return keys
            for key in parked:
                self._lay_aside(key)

    def _lease(self, keys: Sequence[str], until: int, worker: str) -> list[ClaimedMessage]:
        for key in keys:
            row = self._rows[key]
            row.token, row.worker = self._token, worker
            self._free.set(key, None)
            self._leased.set(key, until)
        return [self._rows[key].claimed(key) for key in keys]

    def _lay_aside(self, key: str) -> None:
        row = self._rows[key]
        row.worker = None
        self._free.set(key, None)
        self._leased.set(key, max(row.due, self._parked_until(row.customer_id)))
        self._aside.setdefault(row.customer_id, []).append(key)

    def _end_lease(self, key: str) -> None:
        row = self._rows[key]
        row.worker = None
        self._leased.set(key, None)
        self._free.set(key, row.due)

    def _held(self, claim: ClaimedMessage) -> KeptMessage | None:
        """Return the row of `claim`, if no other claim of it came after."""
        row = self._rows.get(claim.key)
        return row if row and row.token == claim.token else None

    def _forget_hands(self, gone: Callable[[KeptHand], bool]) -> None:
        self._hands = {number: one for number, one in self._hands.items() if not gone(one)}
