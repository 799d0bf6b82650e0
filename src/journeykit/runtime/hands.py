"""Which messages is this process about to hand over, and has anything changed meanwhile?

The store tells workers of other processes (`Store.hold`). Within one process more is known: a
commit is noted for every round of hand-overs that concerns its customers, and each hand-over
asks, as the last thing before it starts, whether there is such a note.

A round belongs to the flow that opened it. Who runs inside of which flow is a context variable,
so it holds for threads, for tasks of an event loop, and for threads that a task lets work.

Keeps true:
    * a commit that has returned is heeded by every hand-over of this process that starts
      afterwards, whichever runner, store object, thread or task made the commit;
    * a flow never waits for a hand-over in which it is itself: a channel may withdraw
      consent while it is sending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from threading import Condition, get_ident

from journeykit.ports import Hand

_FLOWS: ContextVar[tuple[object, ...]] = ContextVar("journeykit_flows", default=())
"""The flows around the present one, the outermost first, and that one last."""


def enter_flow() -> Token[tuple[object, ...]]:
    """A flow begins here: what it opens is its own. Ended by `Hands.leave_flow`."""
    return _FLOWS.set((*_around(), object()))


def _around() -> tuple[object, ...]:
    """Return the flows that this is inside of; outside of any, the thread stands for one."""
    return _FLOWS.get() or (get_ident(),)


@dataclass(slots=True, eq=False)
class _Round:
    """What one flow is about to hand over.

    Attributes:
        sending: Customers to whom something is on its way, and who carries it: the flow, or a
            thread.
    """

    hand: Hand
    flow: object
    customers: frozenset[str]
    changed: set[str] = field(default_factory=set)
    sending: dict[str, object] = field(default_factory=dict)


class Hands:
    """The rounds of hand-overs that are open in this process, the newest last.

    Numbers of hands are a store's own, so two stores may give out equal ones: a flow always
    means its own newest round.
    """

    def __init__(self) -> None:
        self._rounds: list[_Round] = []
        self._ended = Condition()
        self._listeners: list[Callable[[], None]] = []

    def open(self, hand: Hand, customer_ids: Sequence[str]) -> None:
        """A round of this flow begins."""
        with self._ended:
            self._rounds.append(_Round(hand, _around()[-1], frozenset(customer_ids)))

    def close(self, hand: Hand) -> None:
        """A round of this flow is over."""
        with self._ended:
            mine = self._mine(hand)
            if mine is not None:
                self._rounds.remove(mine)
            self._tell()

    def leave_flow(self, entered: Token[tuple[object, ...]]) -> None:
        """The present flow has ended, and so have the rounds that it left open."""
        flow = _around()[-1]
        _FLOWS.reset(entered)
        if self._rounds:
            with self._ended:
                self._rounds = [one for one in self._rounds if one.flow != flow]
                self._tell()

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
            mine.sending[customer_id] = mine.flow
            return True

    def sent(self, hand: Hand, customer_id: str) -> None:
        """The channel has answered, or failed, or was not called after all."""
        with self._ended:
            mine = self._mine(hand)
            if mine is not None:
                mine.sending.pop(customer_id, None)
                self._tell()

    def round_of(self, hand: Hand) -> object:
        """Return this flow's round under a hand, for those who carry something for it."""
        with self._ended:
            return self._mine(hand)

    def carry(self, round_: object, customer_ids: Iterable[str]) -> None:
        """This thread, or this flow, carries what is on its way to these customers."""
        if isinstance(round_, _Round):
            with self._ended:
                round_.sending.update(dict.fromkeys(customer_ids, _around()[-1]))

    def is_here(self, hand: Hand) -> bool:
        """Tell whether a round is one of this process."""
        with self._ended:
            return any(one.hand == hand for one in self._rounds)

    def is_sending(self, hand: Hand, customer_id: str | None) -> bool:
        """Tell whether another flow of this process is handing over to this customer, or anybody."""
        around = _around()
        with self._ended:
            return any(
                one.hand == hand
                and any(
                    carrier not in around
                    for customer, carrier in one.sending.items()
                    if customer_id in (None, customer)
                )
                for one in self._rounds
            )

    def wait(self, seconds: float) -> bool:
        """Wait until a hand-over ends, at most so long; tell whether one did."""
        with self._ended:
            return self._ended.wait(seconds)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in whichever thread, when a hand-over ends; return what ends that."""
        with self._ended:
            self._listeners.append(listener)

        def end() -> None:
            with self._ended:
                self._listeners.remove(listener)

        return end

    def _tell(self) -> None:
        self._ended.notify_all()
        for listener in self._listeners:
            listener()

    def _mine(self, hand: Hand) -> _Round | None:
        """Return the newest round of this flow under this hand."""
        me = _around()[-1]
        for one in reversed(self._rounds):
            if one.flow == me and one.hand == hand:
                return one
        return None


HANDS = Hands()
"""One for the process: two runners on one store must know of each other."""
