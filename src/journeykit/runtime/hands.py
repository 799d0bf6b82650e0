"""Which messages is this process about to hand over, and has anything changed meanwhile?

The store tells workers of other processes (`Store.hold`). Within one process more is known: a
commit is noted for every round of hand-overs that concerns its customers, and each hand-over
asks, as the last thing before it starts, whether there is such a note.

Keeps true:
    * a commit that has returned is heeded by every hand-over of this process that starts
      afterwards, whichever runner, store object or thread made the commit;
    * a thread never waits for a hand-over in which it is itself: a channel may withdraw
      consent while it is sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Condition, get_ident

from journeykit.ports import Hand


@dataclass(slots=True, eq=False)
class _Round:
    """What one thread is about to hand over.

    Attributes:
        sending: Customers to whom something is on its way, and the thread that carries it.
    """

    hand: Hand
    thread: int
    customers: frozenset[str]
    changed: set[str] = field(default_factory=set)
    sending: dict[str, int] = field(default_factory=dict)


class Hands:
    """The rounds of hand-overs that are open in this process, the newest last.

    Numbers of hands are a store's own, so two stores may give out equal ones: a thread always
    means its own newest round.
    """

    def __init__(self) -> None:
        self._rounds: list[_Round] = []
        self._ended = Condition()

    def open(self, hand: Hand, customer_ids: Sequence[str]) -> None:
        """A round begins in this thread."""
        with self._ended:
            self._rounds.append(_Round(hand, get_ident(), frozenset(customer_ids)))

    def close(self, hand: Hand) -> None:
        """A round of this thread is over."""
        with self._ended:
            mine = self._mine(hand)
            if mine is not None:
                self._rounds.remove(mine)
            self._ended.notify_all()

    def depth(self) -> int:
        """Return how many rounds this thread has open."""
        if not self._rounds:
            return 0
        with self._ended:
            return sum(one.thread == get_ident() for one in self._rounds)

    def close_beyond(self, depth: int) -> None:
        """End the rounds of this thread that were opened since: their flow has ended."""
        if self.depth() > depth:
            with self._ended:
                newer = [one for one in self._rounds if one.thread == get_ident()][depth:]
                self._rounds = [one for one in self._rounds if one not in newer]
                self._ended.notify_all()

    def note(self, customer_ids: Iterable[str]) -> None:
        """Something about these customers was committed."""
        if not self._rounds:
            return
        changed = frozenset(customer_ids)
        with self._ended:
            for one in self._rounds:
                one.changed |= one.customers & changed

    def note_everybody(self) -> None:
        """Something was committed that may concern any customer."""
        if not self._rounds:
            return
        with self._ended:
            for one in self._rounds:
                one.changed |= one.customers

    def start(self, hand: Hand, customer_id: str) -> bool:
        """Tell whether a hand-over may start; False: look for changes, and ask again."""
        with self._ended:
            mine = self._mine(hand)
            if mine is None:
                return True
            if customer_id in mine.changed:
                mine.changed.discard(customer_id)
                return False
            mine.sending[customer_id] = mine.thread
            return True

    def sent(self, hand: Hand, customer_id: str) -> None:
        """The channel has answered, or failed, or was not called after all."""
        with self._ended:
            mine = self._mine(hand)
            if mine is not None:
                mine.sending.pop(customer_id, None)
                self._ended.notify_all()

    def round_of(self, hand: Hand) -> object:
        """Return this thread's round under a hand, for threads that carry something for it."""
        with self._ended:
            return self._mine(hand)

    def carry(self, round_: object, customer_ids: Iterable[str]) -> None:
        """This thread carries what is on its way to these customers."""
        if isinstance(round_, _Round):
            with self._ended:
                round_.sending.update(dict.fromkeys(customer_ids, get_ident()))

    def is_here(self, hand: Hand) -> bool:
        """Tell whether a round is one of this process."""
        with self._ended:
            return any(one.hand == hand for one in self._rounds)

    def is_sending(self, hand: Hand, customer_id: str | None) -> bool:
        """Tell whether another thread of this process is handing over to this customer, or anybody."""
        me = get_ident()
        with self._ended:
            return any(
                one.hand == hand
                and any(
                    carrier != me
                    for customer, carrier in one.sending.items()
                    if customer_id in (None, customer)
                )
                for one in self._rounds
            )

    def wait(self, seconds: float) -> bool:
        """Wait until a hand-over ends, at most so long; tell whether one did."""
        with self._ended:
            return self._ended.wait(seconds)

    def _mine(self, hand: Hand) -> _Round | None:
        """Return the newest round of this thread under this hand."""
        me = get_ident()
        for one in reversed(self._rounds):
            if one.thread == me and one.hand == hand:
                return one
        return None


HANDS = Hands()
"""One for the process: two runners on one store must know of each other."""
