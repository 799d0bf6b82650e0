"""A server's answer, read: come again, never, and whether the address is dead."""

from __future__ import annotations

import pytest

from journeykit.adapters.smtp_replies import Phase, refusal, succeeded
from journeykit.ports import Rejected, Retry

ALIVE = Rejected("", dead_address=False)
DEAD = Rejected("", dead_address=True)
LATER = Retry("")


@pytest.mark.parametrize(
    ("phase", "said", "wanted"),
    [
        # The three digits alone: only the mailbox codes, and only as answer to RCPT.
        ("recipient", "550 No such user here", DEAD),
        ("recipient", "551 User not local", DEAD),
        ("recipient", "553 Mailbox name not allowed", DEAD),
        ("recipient", "552 Mailbox full", ALIVE),
        ("recipient", "554 Transaction failed", ALIVE),
        ("recipient", "501 Syntax error in parameters", ALIVE),
        ("recipient", "503 Bad sequence", ALIVE),
        ("recipient", "555 Parameters not recognized", ALIVE),
        ("content", "550 No", ALIVE),
        ("content", "552 Too much mail data", ALIVE),
        ("content", "554 Rejected by policy", ALIVE),
        # The enhanced status knows better (RFC 3463), in both directions.
        ("recipient", "550 5.1.1 <x@y>: user unknown", DEAD),
        ("recipient", "554 5.1.1 user unknown", DEAD),
        ("recipient", "550 5.1.2 no such host", DEAD),
        ("recipient", "501 5.1.3 bad address syntax", DEAD),
        ("recipient", "551 5.1.6 moved", DEAD),
        ("recipient", "556 5.1.10 null MX", DEAD),  # RFC 7505
        ("recipient", "550 5.2.1 mailbox disabled", DEAD),
        ("recipient", "550 5.2.2 mailbox full", ALIVE),
        ("recipient", "550 5.4.1 access denied", ALIVE),
        ("recipient", "550 5.7.1 blocked by our list", ALIVE),
        ("recipient", "550 5.7.26 unauthenticated", ALIVE),
        ("recipient", "553 5.7.1 relaying denied", ALIVE),
        ("recipient", "550 5.1.8 bad sender's system address", ALIVE),
        ("recipient", "550 5.1.11 something registered later", ALIVE),
        ("recipient", "550 5.11.1 no such subject", ALIVE),
        # A vague one says no more than the digits.
        ("recipient", "550 5.0.0 user unknown", DEAD),
        ("recipient", "550 5.1.0 address rejected", DEAD),
        ("recipient", "554 5.0.0 service unavailable", ALIVE),
        # What only looks like a status is words.
        ("recipient", "550 5.7.1.example refused", DEAD),
        ("recipient", "550 see 5.7.1", DEAD),
        ("recipient", "550 4.7.1 contradictory", DEAD),
        # Some servers look the mailbox up after the text; there was one recipient only.
        ("content", "550 5.1.1 user unknown", DEAD),
        ("content", "554 5.7.1 spam", ALIVE),
        ("content", "550 5.0.0 user unknown", ALIVE),
        # MAIL is about us.
        ("sender", "550 5.1.1 user unknown", ALIVE),
        ("sender", "553 5.1.8 sender domain does not exist", ALIVE),
        ("sender", "552 5.3.4 too big", ALIVE),
        # What is only for now, however it is worded.
        ("recipient", "450 4.2.0 greylisted", LATER),
        ("recipient", "452 5.1.1 contradictory", LATER),
        ("sender", "451 4.7.1 try again", LATER),
        ("content", "421 4.3.2 closing", LATER),
        ("content", "354 go on", LATER),  # answers that make no sense here
        ("recipient", "600 what", LATER),
        ("recipient", "-1 ", LATER),
        # The session is for the operator to repair; no message is lost by it.
        ("session", "554 5.7.1 no service for you", LATER),
        ("session", "535 5.7.8 wrong password", LATER),
        ("sender", "530 5.7.0 authentication required", LATER),
        ("recipient", "530 5.7.0 must issue a STARTTLS command first", LATER),
        ("sender", "538 5.7.11 encryption required", LATER),
    ],
)
def test_what_an_answer_means(phase: Phase, said: str, wanted: Rejected | Retry) -> None:  # D3, D4
    code, _, words = said.partition(" ")
    receipt = refusal(phase, int(code), words.encode())
    assert type(receipt) is type(wanted)
    assert getattr(receipt, "dead_address", None) == getattr(wanted, "dead_address", None)
    assert receipt.reason == said
    assert getattr(receipt, "after", None) is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"5.1.1 no\n5.1.1 such\r\n user", "550 5.1.1 no 5.1.1 such user"),  # several lines
        ("5.7.1 text", "550 5.7.1 text"),
        (b"\xff", "550 \N{REPLACEMENT CHARACTER}"),
        (b"x" * 9_999, "550 " + "x" * 296),
        (b"", "550 "),
    ],
)
def test_reasons_are_one_short_line(said: bytes | str, reason: str) -> None:
    receipt = refusal("recipient", 550, said)
    assert isinstance(receipt, Rejected)
    assert receipt.reason == reason


def test_success() -> None:
    assert [code for code in (199, 200, 250, 251, 252, 299, 300, 354) if succeeded(code)] == [
        200,
        250,
        251,
        252,
        299,
    ]
