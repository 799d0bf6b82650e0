"""What does a mail server's answer mean? Accepted, come again, never; and is the address dead?

The three digits say whether to come again: 4xx is for now, 5xx for good (RFC 5321 4.2). Which
of the two parties is at fault the enhanced status says, where the server sends one:
`550 5.1.1` is about the mailbox, `550 5.7.1` about us (RFC 3463 and its registry, RFC 5248).

An address is suppressed for every journey once it counts as dead, so in doubt it is alive.
"""

from __future__ import annotations

import re
from typing import Literal

from journeykit.ports import Receipt, Rejected, Retry

Phase = Literal["session", "sender", "recipient", "content"]
"""What the server was asked: to talk at all, MAIL, RCPT, or DATA."""

_ABOUT_THE_SESSION = frozenset({530, 534, 535, 538})
"""Log in first, or use TLS first (RFC 4954, RFC 3207): that is for the operator to repair."""

_MAILBOX_CODES = frozenset({550, 551, 553})
"""No such mailbox, not here, no such name (RFC 5321 4.2.3); 552 is a full one, 554 anything."""

_DEAD_STATUSES = frozenset(
    {
        (1, 1),  # bad destination mailbox address
        (1, 2),  # bad destination system address: no such domain
        (1, 3),  # bad destination mailbox address syntax
        (1, 6),  # mailbox has moved, no forwarding address
        (1, 10),  # the domain accepts no mail at all (RFC 7505)
        (2, 1),  # mailbox disabled, not accepting messages
    }
)
_VAGUE_STATUSES = frozenset({(0, 0), (1, 0)})
"""Other or undefined: such a status says no more than the three digits."""

_STATUS = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\S)")
_REASON_LIMIT = 300


def succeeded(code: int) -> bool:
    """Tell whether the server did as it was asked."""
    return 200 <= code < 300


def refusal(phase: Phase, code: int, said: bytes | str) -> Receipt:
    """Return what to tell the kernel about an answer that is no success.

    A recipient's address counts as dead where an enhanced status says so, be it as answer to
    RCPT or, from servers that look the mailbox up late, to DATA; where there is no such status
    or a vague one, when RCPT was answered with 550, 551 or 553.
    """
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    words = " ".join(words.split())
    reason = f"{code} {words}"[:_REASON_LIMIT]
    if phase == "session" or code in _ABOUT_THE_SESSION or not 500 <= code < 600:
        return Retry(reason)
    return Rejected(reason, dead_address=_says_dead(phase, code, words))


def _says_dead(phase: Phase, code: int, words: str) -> bool:
    if phase == "sender":
        return False
    found = _STATUS.match(words)
    status = (int(found[1]), int(found[2])) if found else (0, 0)
    if status in _VAGUE_STATUSES:
        return phase == "recipient" and code in _MAILBOX_CODES
    return status in _DEAD_STATUSES
