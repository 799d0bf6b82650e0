"""When does a held message leave, if not everybody's is to leave at once? (D5)"""

from __future__ import annotations

from journeykit.kernel.keys import fraction
from journeykit.kernel.state import Message
from journeykit.kernel.turn import Turn
from journeykit.kernel.verdict import Verdict
from journeykit.machine import SendPlan
from journeykit.time import shift

OPENED = Verdict("hold", "spread")
"""The gate has opened sooner than was known, for a message that leaves some time after that."""

_SPREAD = ("quiet_hours", "send_hours", "frequency_cap", "spread")


def spread(
    turn: Turn, message: Message, plan: SendPlan, verdict: Verdict
) -> tuple[int | None, int | None]:
    """Return until when to hold a message, and when the gate opens if that is sooner.

    Its own instant is a keyed share of the span behind the opening (O4), or of what is left of
    it before the message expires. Each time that the gate has closed again by then, the span
    is half as long, so that it comes to fit between opening and closing.
    """
    opens = verdict.until
    if plan.spread is None or opens is None or verdict.reason not in _SPREAD:
        return opens, None
    missed = message.missed + (message.opens is not None and message.opens <= turn.stamp)
    end = opens + ((shift(opens, plan.spread, turn.zone) - opens) >> missed)
    if message.expires is not None:
        end = min(end, message.expires)
    share = fraction(turn.rules.seed, "spread", message.id)
    return opens + int(max(0, end - opens) * share), opens
