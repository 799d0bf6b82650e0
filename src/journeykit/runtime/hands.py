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


@dataclass(slots=True)
class _Round:
    """What one thread is about to hand over."""

    thread: int
    customers: frozenset[str]
    changed: set[str] = field(default_factory=set)
    sending_to: str | None = None


class Hands:
    """The rounds of hand-overs that are open in this process."""

    def __init__(self) -> None:
        self._rounds: dict[Hand, _Round] = {}
        self._ended = Condition()

    def open(self, hand: Hand, customer_ids: Sequence[str]) -> None:
        """A round begins in this thread."""
        with self._ended:
            self._rounds[hand] = _Round(get_ident(), frozenset(customer_ids))

    def close(self, hand: Hand) -> None:
        """A round is over."""
        with self._ended:
            self._rounds.pop(hand, None)
            self._ended.notify_all()

    def close_from(self, before: frozenset[Hand]) -> None:
        """End the rounds of this thread except those in `before`: their flow has ended."""
        with self._ended:
            for hand in self._mine() - before:
                del self._rounds[hand]
            self._ended.notify_all()

    def mine(self) -> frozenset[Hand]:
        """Return the rounds of this thread."""
        if not self._rounds:
            return frozenset()
        with self._ended:
            return self._mine()

    def note(self, customer_ids: Iterable[str]) -> None:
        """Something about these customers was committed."""
        if not self._rounds:
            return
        changed = frozenset(customer_ids)
        with self._ended:
            for round_ in self._rounds.values():
                round_.changed |= round_.customers & changed

    def start(self, hand: Hand, customer_id: str) -> bool:
        """Tell whether a hand-over may start; False: look for changes, and ask again."""
        round_ = self._rounds.get(hand)
        if round_ is None:
            return True
        with self._ended:
            if customer_id in round_.changed:
                round_.changed.discard(customer_id)
                return False
            round_.sending_to = customer_id
            return True

    def sent(self, hand: Hand) -> None:
        """The channel has answered, or failed."""
        round_ = self._rounds.get(hand)
        if round_ is not None:
            with self._ended:
                round_.sending_to = None
                self._ended.notify_all()

    def is_here(self, hand: Hand) -> bool:
        """Tell whether a round is one of this process."""
        return hand in self._rounds

    def is_sending(self, hand: Hand, customer_id: str) -> bool:
        """Tell whether another thread of this process is handing over to this customer."""
        round_ = self._rounds.get(hand)
        return (
            round_ is not None and round_.sending_to == customer_id and round_.thread != get_ident()
        )

    def wait(self, seconds: float) -> bool:
        """Wait until a hand-over ends, at most so long; tell whether one did."""
        with self._ended:
            return self._ended.wait(seconds)

    def _mine(self) -> frozenset[Hand]:
        me = get_ident()
        return frozenset(hand for hand, round_ in self._rounds.items() if round_.thread == me)


HANDS = Hands()
"""One for the process: two runners on one store must know of each other."""
