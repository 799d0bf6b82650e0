"""What leaves a host that may write to its own people only? Messages to them, and nothing else.

A staging host runs with `only_to=`: what is for anybody else is dropped right before its
hand-over, with the reason `withheld`, and its run goes on.

Keeps true:
    * it is asked in every round, of every message that passed the gate, before it is rendered;
    * a function of the host's that fails has not said yes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from journeykit.kernel import GateClosed
from journeykit.runtime import logs
from journeykit.runtime.rounds import Going, Round


def withhold(round_: Round, going: Sequence[Going]) -> list[Going]:
    """Return what may leave this host; note for the others that they are withheld."""
    guard = round_.lines.guard
    if guard is None:
        return list(going)
    may_go: list[Going] = []
    withheld: Counter[str] = Counter()
    for one in going:
        channel = one.message.channel
        if guard.allows(channel, one.address):
            may_go.append(one)
            continue
        one.customer.closed.append(GateClosed(round_.now, one.claim.key, withheld=True))
        round_.unsent.pop(one.claim.key, None)
        withheld[channel] += 1
    for channel, number in withheld.items():
        logs.tell("messages_withheld", channel=channel, messages=number)
    return may_go
