"""What do channels answer in a simulation? `Accepted`, unless the script says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from journeykit.errors import UsageError
from journeykit.ports import Accepted, OutgoingMessage, Receipt


@dataclass(slots=True)
class _Script:
    receipts: list[Receipt | Exception]
    template: str | None
    customer: str | None

    def is_about(self, message: OutgoingMessage) -> bool:
        return (self.template is None or self.template == message.template) and (
            self.customer is None or self.customer == message.customer_id
        )


class ScriptedChannel:
    """A `Channel` that remembers every hand-over and answers from a script.

    Args:
        taken: Where to note what it accepts, by customer; several channels may share one.

    Attributes:
        handed_over: Every call, repeats included, in order.
        accepted: The messages it accepted, in order.
    """

    def __init__(self, name: str, taken: dict[str, list[OutgoingMessage]] | None = None) -> None:
        self.name = name
        self.handed_over: list[OutgoingMessage] = []
        self.accepted: list[OutgoingMessage] = []
        self._taken = {} if taken is None else taken
        self._scripts: list[_Script] = []

    def answer(
        self,
        *receipts: Receipt | Exception,
        template: str | None = None,
        customer: str | None = None,
    ) -> None:
        """Answer the next hand-overs with `receipts`, one each; then accept again.

        Args:
            receipts: `Accepted()`, `Rejected()`, `Retry()`, or an exception to be raised.
            template: Only messages of this template.
            customer: Only messages to this customer.
        """
        for receipt in receipts:
            if not isinstance(receipt, Receipt | Exception):
                raise UsageError(
                    "a channel cannot answer this",
                    place=f"channel {self.name!r}",
                    value=receipt,
                    remedy="give Accepted(), Rejected(), Retry(after=...), or an exception",
                )
        self._scripts.append(_Script(list(receipts), template, customer))

    def send(self, message: OutgoingMessage) -> Receipt:
        """Remember the message; return, or raise, the scripted answer."""
        self.handed_over.append(message)
        receipt = self._next_answer(message)
        if isinstance(receipt, Exception):
            raise receipt
        if isinstance(receipt, Accepted):
            self.accepted.append(message)
            self._taken.setdefault(message.customer_id, []).append(message)
        return receipt

    def _next_answer(self, message: OutgoingMessage) -> Receipt | Exception:
        for script in self._scripts:
            if script.receipts and script.is_about(message):
                return script.receipts.pop(0)
        return Accepted()
