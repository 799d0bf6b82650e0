"""What does an operator see? Records of the logger `journeykit`, one name per fact.

Above DEBUG a record holds counts, names of channels and templates, and types of exceptions:
nothing that a customer or a host's code wrote, ids of customers included (rule F5). The
library never configures logging.
"""

from __future__ import annotations

import logging

from journeykit.ports import CallContext, OutgoingMessage, RenderContext
from journeykit.runtime.outcomes import Failure, TickCounts

LOG = logging.getLogger("journeykit")
LOG.addHandler(logging.NullHandler())


def ticked(counts: TickCounts) -> None:
    """A tick is over."""
    level = logging.INFO if counts.did_something else logging.DEBUG
    if LOG.isEnabledFor(level):
        LOG.log(
            level,
            "tick advanced=%d accepted=%d rejected=%d retried=%d blocked=%d errands=%d failed=%d",
            counts.advanced,
            counts.accepted,
            counts.rejected,
            counts.retried,
            counts.blocked,
            counts.errands,
            len(counts.failures),
        )
    for failure in counts.failures:
        _set_aside(failure)


def channel_failed(message: OutgoingMessage, error: BaseException) -> None:
    """A channel raised."""
    LOG.warning("channel_error channel=%s error=%s", message.channel, type(error).__name__)
    LOG.debug("channel_error key=%s customer=%r", message.key, message.customer_id, exc_info=error)


def render_failed(context: RenderContext, error: BaseException) -> None:
    """A template raised."""
    LOG.warning("template_error template=%s error=%s", context.template, type(error).__name__)
    LOG.debug("template_error key=%s customer=%r", context.key, context.customer_id, exc_info=error)


def function_failed(context: CallContext, error: BaseException) -> None:
    """A function of the host raised."""
    LOG.warning("function_error function=%s error=%s", context.function, type(error).__name__)
    LOG.debug("function_error key=%s customer=%r", context.key, context.customer_id, exc_info=error)


def _set_aside(failure: Failure) -> None:
    cause = failure.error.__cause__ or failure.error
    LOG.warning("customer_set_aside error=%s", type(cause).__name__)
    LOG.debug("customer_set_aside customer=%r", failure.customer_id, exc_info=failure.error)
