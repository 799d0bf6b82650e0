"""What do channels answer in a simulation? `Accepted`, unless the script says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from journeykit.ports import Accepted, OutgoingMessage, Receipt


@dataclass(slots=True)
class _Script:
    receipts: list[Receipt]
    template: str | None
    customer: str | None

    def is_about(self, message: OutgoingMessage) -> bool:
        return (self.template is None or self.template == message.template) and (
            self.customer is None or self.customer == message.customer_id
        )


class ScriptedChannel:
    """A `Channel` that remembers every hand-over and answers from a script.

    Attributes:
        handed_over: Every call, repeats included, in order.
        accepted: The messages it accepted, in order.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.handed_over: list[OutgoingMessage] = []
        self.accepted: list[OutgoingMessage] = []
        self._scripts: list[_Script] = []

    def answer(
        self, *receipts: Receipt, template: str | None = None, customer: str | None = None
    ) -> None:
        """Answer the next hand-overs with `receipts`, one each; then accept again.

        Args:
            template: Only messages of this template.
            customer: Only messages to this customer.
        """
        self._scripts.append(_Script(list(receipts), template, customer))

    def send(self, message: OutgoingMessage) -> Receipt:
        """Remember the message; return the scripted answer."""
        self.handed_over.append(message)
        receipt: Receipt = Accepted()
        for script in self._scripts:
            if script.receipts and script.is_about(message):
                receipt = script.receipts.pop(0)
                break
        if isinstance(receipt, Accepted):
            self.accepted.append(message)
        return receipt
