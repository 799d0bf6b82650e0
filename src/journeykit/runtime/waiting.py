"""When has a withdrawal come through? When no hand-over that began before it is under way.

The commit alone is not enough: a worker may have judged a message a moment earlier, and be
about to call its channel. Workers announce whom they have in hand (`Hold`); this waits until
those that were there when the commit was made have let go.

A hand-over of this process is waited for only while its channel is at work, and then for
`GRACE` at most: it has begun, and nothing new begins without heeding the commit.
"""

from __future__ import annotations

from journeykit.runtime.calls import Flow, InHands, Rest
from journeykit.runtime.delivery import HOLD
from journeykit.time import SECOND

GRACE = SECOND
_SHORT = SECOND // 500
_LONG = SECOND // 20


def let_hands_finish(customer_id: str | None) -> Flow[None]:
    """Wait for hand-overs to a customer, or to anybody, that were announced before now.

    It takes as long as a round of hand-overs elsewhere; where a worker has died, until its
    announcement ends (`HOLD`).
    """
    asked = yield from InHands(customer_id)
    first = {one.hand for one in asked}
    waited, pause = 0, _SHORT
    while any(one.hand in first and waited < (GRACE if one.here else HOLD) for one in asked):
        if not (yield from Rest(pause)):
            waited += pause
        pause = min(2 * pause, _LONG)
        asked = yield from InHands(customer_id)
