"""What becomes of messages on a channel that rests? They are told until when, and why."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.kernel import ChannelRests
from journeykit.runtime.rounds import Going, Round


def leave_out_resting(round_: Round, going: Sequence[Going]) -> list[Going]:
    """Return what may go as far as the channels take anything; the others are told."""
    may_go: list[Going] = []
    now = round_.now
    for one in going:
        channel = one.message.channel
        rest = round_.lines.line(channel).rests(now)
        if rest is None:
            may_go.append(one)
            continue
        told = ChannelRests(now, one.claim.key, channel, rest.until, rest.reason, rest.detail)
        one.customer.closed.append(told)
        round_.unsent.pop(one.claim.key, None)
    return may_go
