"""What can be told about a message after it was sent? Receipts: delivered, opened, and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, get_args

from pydantic import Field

from journeykit.errors import ConditionError
from journeykit.model.base import Frozen
from journeykit.model.conditions import Condition
from journeykit.model.expressions import Attribute
from journeykit.model.fields import FieldRef
from journeykit.model.names import Name

ReceiptKind = Literal["delivered", "opened", "clicked", "replied", "bounced", "complained"]
RECEIPTS: Final[tuple[ReceiptKind, ...]] = get_args(ReceiptKind)


class Receipt(Frozen):
    """What the host tells of this run's message of one `Send` step, with `report`.

    To be awaited by a `WaitFor`, or to end a run in `exits`. On a loop it is the latest message
    of the step.

    Args:
        receipt: `delivered`, `opened`, `clicked`, `replied`, `bounced` or `complained`.
        of: Id of the `Send` step.
    """

    _step_ids: ClassVar[tuple[str, ...]] = ("of",)
    receipt: ReceiptKind
    of: Name = Field(kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, receipt: ReceiptKind, *, of: str) -> None: ...

    @property
    def read(self) -> FieldRef:
        """What is read to know of it: the receipts of the step's message."""
        return FieldRef(of="step", field=self.of, kind="list")


def receipt(step: str, what: ReceiptKind) -> Condition:
    """Whether the run's latest message of a `Send` step has this receipt: `"opened"`, and so on.

    Raises:
        ConditionError: There is no such receipt.
    """
    if what not in RECEIPTS:
        raise ConditionError(
            "there is no such receipt",
            place=f"receipt({step!r})",
            value=what,
            remedy=f"they are {', '.join(RECEIPTS)}",
        )
    return Attribute[Any]("step", step, "list").contains(what)


def collected(step: str) -> Attribute[int]:
    """How many events a `Digest` step has collected: 0 before it was done."""
    return Attribute("step", step, "integer")
