"""What if nobody knows whether a message left? Its worker died between begin and answer (D2).

It goes again under its key, or waits for a word of somebody who looked it up. Meanwhile its
run stands where it stands, its slot stays reserved (G3), it goes through no other channel, and
what ends its run or its validity ends it.
"""

from __future__ import annotations

from journeykit.kernel.state import Message
from journeykit.kernel.verdict import Verdict

UNKNOWN = "handed_over_unknown"

MOST_DOUBTS = 5
"""After so many unanswered hand-overs in a row a message is not repeated: it may be what kills."""


def awaits_word(message: Message) -> bool:
    """Tell whether a message waits until somebody says what became of it."""
    return message.status == "held" and message.reason == UNKNOWN


def still_no_word(message: Message, now: int) -> Verdict:
    """Return what becomes of a message of which nobody has said anything."""
    if message.expires is not None and message.expires <= now:
        detail = {"blocked_by": UNKNOWN, "valid_until": message.expires}
        return Verdict("drop", "expired", None, detail)
    return Verdict("hold", UNKNOWN, message.expires)
