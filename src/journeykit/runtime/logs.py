"""What does an operator see? Records of the logger `journeykit`, one name per fact.

A record begins with the name of its fact; `record.event` holds the name, and `record.facts` the
values. Above DEBUG a record holds counts, names of channels, journeys and templates, and types
of exceptions: nothing that a customer or a host's code wrote, ids of customers included (rule
F5). The library never configures logging.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from journeykit.ports import CallContext, OutgoingMessage, RenderContext
from journeykit.runtime.outcomes import Failure, TickCounts

LOG = logging.getLogger("journeykit")
LOG.addHandler(logging.NullHandler())

EVENTS: Final[Mapping[str, tuple[int, str]]] = {
    "tick": (logging.INFO, "something was due and was done; at DEBUG where nothing was"),
    "channel_error": (logging.WARNING, "a channel raised; its message is tried again"),
    "channel_rests": (
        logging.WARNING,
        "a channel is left alone for a while: it failed time and again, or asked for that",
    ),
    "handed_over_unknown": (
        logging.WARNING,
        "a worker died with messages in its hand; they go again, or wait for `settle`",
    ),
    "template_error": (logging.WARNING, "a template failed; its message is tried again"),
    "function_error": (logging.WARNING, "a function of a `Call` step raised; it is called again"),
    "customer_set_aside": (logging.WARNING, "work for a customer failed; it is parked for a while"),
    "missing_here": (
        logging.WARNING,
        "this worker lacks what a version of another one needs; it is left to others; told once",
    ),
    "version_learned": (
        logging.INFO,
        "versions that other workers published were read from the store",
    ),
    "published": (logging.INFO, "a workspace runs here from now on"),
    "messages_withheld": (
        logging.INFO,
        "messages to others than those of `only_to=` did not leave",
    ),
    "journey_paused": (logging.INFO, "an operator lets a journey pause"),
    "journey_resumed": (
        logging.INFO,
        "a journey goes on; something was held for so many customers",
    ),
    "customer_erased": (logging.INFO, "a customer was erased"),
    "pruned": (logging.INFO, "what is older than wanted was removed"),
    "worker_started": (logging.INFO, "`run` works"),
    "worker_stopped": (logging.INFO, "`run` has returned"),
    "store_error": (logging.WARNING, "the store failed; `run` tries again after a pause"),
    "inbox_refused": (logging.WARNING, "the inbox had rows for customers who were erased since"),
}
"""Every fact that is told, with its level and its meaning. Names are stable."""


def tell(event: str, /, *, level: int | None = None, **facts: object) -> None:
    """Write one record, at the level of its fact or at another one."""
    at = EVENTS[event][0] if level is None else level
    if LOG.isEnabledFor(at):
        text = " ".join([event, *(f"{name}=%s" for name in facts)])
        LOG.log(at, text, *facts.values(), extra={"event": event, "facts": facts})


def detail(event: str, error: BaseException | None = None, /, **facts: object) -> None:
    """Write at DEBUG about whom and what it was, with the traceback."""
    if LOG.isEnabledFor(logging.DEBUG):
        text = " ".join([event, *(f"{name}=%r" for name in facts)])
        extra = {"event": event, "facts": facts}
        LOG.debug(text, *facts.values(), exc_info=error, extra=extra)


def ticked(counts: TickCounts) -> None:
    """A tick is over."""
    tell(
        "tick",
        level=logging.INFO if counts.did_something else logging.DEBUG,
        advanced=counts.advanced,
        accepted=counts.accepted,
        rejected=counts.rejected,
        retried=counts.retried,
        blocked=counts.blocked,
        errands=counts.errands,
        failed=len(counts.failures),
    )
    for failure in counts.failures:
        _set_aside(failure)


def channel_failed(message: OutgoingMessage, error: BaseException) -> None:
    """A channel raised."""
    tell("channel_error", channel=message.channel, error=type(error).__name__)
    detail("channel_error", error, key=message.key, customer=message.customer_id)


def render_failed(context: RenderContext, error: BaseException) -> None:
    """A template raised."""
    tell("template_error", template=context.template, error=type(error).__name__)
    detail("template_error", error, key=context.key, customer=context.customer_id)


def function_failed(context: CallContext, error: BaseException) -> None:
    """A function of the host raised."""
    tell("function_error", function=context.function, error=type(error).__name__)
    detail("function_error", error, key=context.key, customer=context.customer_id)


def _set_aside(failure: Failure) -> None:
    cause = failure.error.__cause__ or failure.error
    tell("customer_set_aside", error=type(cause).__name__)
    detail("customer_set_aside", failure.error, customer=failure.customer_id)
