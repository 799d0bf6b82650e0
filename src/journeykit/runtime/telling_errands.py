"""How do entries about errands read? What is asked outside, and what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from journeykit.kernel import journal as j
from journeykit.kernel import reasons
from journeykit.model import RESULT
from journeykit.runtime.wording import rule_in_words


class ErrandTeller(Protocol):
    """What it takes to tell about errands.

    Attributes:
        errands: Id to the kind of an errand, its journey, and what it is called.
    """

    errands: dict[str, tuple[str, str, str]]

    def local(self, micros: int) -> str:
        """Return an instant on the customer's clock."""
        ...


Line = tuple[str, str, str]  # journey, reason, text
_UNKNOWN = ("", "", "an errand")


def _requested(t: ErrandTeller, e: j.Requested) -> Line:
    key = f" for {e.key}" if e.key is not None else ""
    what = {"call": e.what, "rate": "its turn", "entry": f"a slot to enter{key}"}[e.kind]
    t.errands[e.errand] = e.kind, e.journey, what
    verb = "calls" if e.kind == "call" else "waits for" if e.kind == "rate" else "asks for"
    return e.journey, "", f"{verb} {what}"


def _overheard(t: ErrandTeller, e: j.Overheard) -> Line:
    _, journey, what = t.errands.get(e.errand, _UNKNOWN)
    return journey, "", f"{e.event} is kept for the run that waits for {what}"


def _postponed(t: ErrandTeller, e: j.Postponed) -> Line:
    kind, journey, what = t.errands.get(e.errand, _UNKNOWN)
    why = f": {e.detail}" if e.detail else ""
    if e.reason == "paused":
        return journey, e.reason, f"{what} is not called while the journey pauses"
    if e.reason == "resumed":
        return journey, e.reason, f"{what} can be called again: the journey goes on"
    if kind == "call":
        return journey, e.reason, f"{what} gave no answer{why}, is called again {t.local(e.until)}"
    return journey, e.reason, f"its turn comes {t.local(e.until)} ({rule_in_words(e.detail)})"


def _parked(t: ErrandTeller, e: j.Parked) -> Line:
    _, journey, what = t.errands.get(e.errand, ("call", "", e.what))
    why = f": {e.error}" if e.error else ""
    return journey, "parked", f"{what} failed as often as it may{why}; the run is parked"


def _retried(t: ErrandTeller, e: j.Retried) -> Line:
    _, journey, what = t.errands.get(e.errand, _UNKNOWN)
    return journey, "", f"{what} is called anew"


def _settled(t: ErrandTeller, e: j.Settled) -> Line:
    kind, journey, what = t.errands.get(e.errand, (e.kind, "", e.what))
    if kind == "call":
        late = ", after nobody waited for it any more" if e.late else ""
        why = f": {e.detail}" if e.detail else ""
        if e.answer != "done":
            return journey, e.answer, f"{what} failed for good{late}{why}"
        gave = "" if e.result is None else f" and gave {e.result.removeprefix(RESULT)}"
        return journey, "", f"{what} answered{gave}{late}"
    if kind == "rate":
        return journey, "", "its turn came"
    if e.answer == "done":
        return journey, "", "has a slot to enter"
    return journey, "", "there is no slot to enter" if e.answer == "refused" else "needs no slot"


def _recalled(t: ErrandTeller, e: j.Recalled) -> Line:
    _, journey, what = t.errands.get(e.errand, _UNKNOWN)
    why = reasons.ENDED.get(e.reason, e.reason)
    return journey, e.reason, f"{what}: not waited for any more: {why}"


ERRANDS: dict[type[j.Entry], Callable[[Any, Any], Line]] = {
    j.Requested: _requested,
    j.Overheard: _overheard,
    j.Postponed: _postponed,
    j.Parked: _parked,
    j.Retried: _retried,
    j.Settled: _settled,
    j.Recalled: _recalled,
}
