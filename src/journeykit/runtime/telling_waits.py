"""How do entries about waits, receipts and digests read?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from journeykit.kernel import journal as j
from journeykit.machine import BusinessDays, CompiledStep, RandomSpan
from journeykit.model.spans import in_words

Sentence = tuple[str, str, str]
"""The journey, the reason code, and the text."""


class Teller(Protocol):
    """What has gone by so far."""

    def local(self, micros: int) -> str:
        """Return an instant on the customer's clock."""
        ...

    def journey(self, enrollment: str) -> str:
        """Return the journey of a run."""
        ...

    def step(self, enrollment: str, step: str) -> CompiledStep | None:
        """Return a step, where its journey is at hand."""
        ...


def in_wait(t: Teller, entry: j.Moved, due: int) -> str:
    """Say until when a run waits, and for what."""
    until = f"until {t.local(due)}"
    step = t.step(entry.enrollment, entry.step)
    if step is None:
        return f"waits {until}"
    match step.kind:
        case "wait":
            return f"waits {_span(step)}, {until}"
        case "wait_for":
            return f"waits for {_awaited(step)}, {in_words(step.plan)} at most, {until}"
        case "wait_business_days":
            return f"waits {_days(step.plan)}, {until}"
        case "wait_for_window":
            return f"waits for its hours, {until}"
        case "digest":
            return f"collects {step.awaits[0].event}, {until}"
    return f"waits {until}"


def _span(step: Any) -> str:
    plan = step.plan
    if isinstance(plan, RandomSpan):
        least = "nothing" if plan.least.is_zero else in_words(plan.least)
        return f"for a time between {least} and {in_words(plan.most)}"
    return in_words(plan)


def _awaited(step: Any) -> str:
    if step.awaiting is not None:
        return str(step.awaiting.title)
    return " or ".join(dict.fromkeys(listener.event for listener in step.awaits))


def _days(plan: BusinessDays) -> str:
    if plan.number == 0:
        return "for the next business day"
    return f"{plan.number} business day{'' if plan.number == 1 else 's'}"


def _latched(t: Teller, e: j.Latched) -> Sentence:
    text = f"what it will wait for at {e.step} has come already"
    if e.place is not None:
        text = f"part of what it waits for at {e.step} has come"
    return t.journey(e.enrollment), "", text


def _collected(t: Teller, e: j.Collected) -> Sentence:
    longer = "" if e.due is None else f", until {t.local(e.due)}"
    return t.journey(e.enrollment), "", f"collected at {e.step}{longer}"


def _receipted(t: Teller, e: j.Receipted) -> Sentence:
    late = "" if e.occurred >= e.at else f", which happened {t.local(e.occurred)}"
    why = f": {e.detail}" if e.detail else ""
    text = f"{e.template or 'a message'}: {e.receipt}{late}{why}"
    return e.journey, e.receipt, text


WAITS: Mapping[type[j.Entry], Callable[[Any, Any], Sentence]] = {
    j.Latched: _latched,
    j.Collected: _collected,
    j.Receipted: _receipted,
}
