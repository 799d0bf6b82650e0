"""What if the last worker died with a message in its hand? The journal is told, then it goes on.

A claim says when an earlier one had begun and was never ended (`Store.begin`). What the host
wants then is an option of the channel: see `Delivery.on_unknown`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from journeykit.kernel import OutcomeUnknown
from journeykit.ports import ClaimedMessage
from journeykit.runtime import logs
from journeykit.runtime.calls import Flow
from journeykit.runtime.rounds import Member, Round
from journeykit.runtime.settling import settle


def note_unknown(round_: Round, claims: Sequence[ClaimedMessage]) -> Flow[Sequence[ClaimedMessage]]:
    """Store that nobody knows of what had begun; return the other claims.

    What may go again is claimed anew, soon. Nothing of it is given back here: with that the
    store would forget what it knows, should the journal not be told.
    """
    begun = [one for one in claims if one.begun and _is_waited_for(round_, one)]
    if not begun:
        return claims
    members: dict[str, Member] = {}
    for claim in begun:
        member = round_.customers[claim.customer_id]
        holds = round_.lines.line(claim.channel).delivery.on_unknown == "hold"
        member.unknown.append(OutcomeUnknown(round_.now, claim.key, claim.channel, holds))
        members[claim.customer_id] = member
        del round_.unsent[claim.key]
    yield from settle(round_, list(members.values()))
    round_.done.overtaken += len(begun)
    for channel, count in Counter(claim.channel for claim in begun).items():
        logs.tell("handed_over_unknown", channel=channel, messages=count)
    gone = {claim.key for claim in begun}
    return [one for one in claims if one.key not in gone]


def _is_waited_for(round_: Round, claim: ClaimedMessage) -> bool:
    member = round_.customers.get(claim.customer_id)
    message = None if member is None else member.state.messages.get(claim.key)
    return message is not None and message.status == "released"
