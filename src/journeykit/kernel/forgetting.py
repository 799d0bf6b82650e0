"""When does a customer's document let go of the past? When no rule asks for it, or it is too much.

Keeps true: however many events one customer has, the document stays of a size. Of what grows with
them, exits and goals of the past, instants of counted events, and keys of runs, the latest
`MOST_KEPT` are kept.
"""

from __future__ import annotations

from typing import Final

from journeykit.kernel import journal as j
from journeykit.kernel.state import CustomerState
from journeykit.kernel.turn import Turn
from journeykit.model import MOST_KEPT
from journeykit.time import DAY

_SLACK = DAY
_AT_ONCE = 6 * DAY  # what a ledger may hold beyond, so that it is not cut at every message
_BEYOND: Final = MOST_KEPT + MOST_KEPT // 4  # likewise


def forget(turn: Turn) -> None:
    """Drop from the state what no rule can ask for any more, and the oldest of what is too much."""
    state, rules = turn.state, turn.rules
    ledger = turn.stamp - rules.gate.ledger_span - _SLACK
    marks = turn.stamp - rules.remember - _SLACK
    old = bool(state.ledger) and state.ledger[0].at < ledger - _AT_ONCE
    if state.marks and not old:
        old = any(known[0].received < marks for known in state.marks.values())
    tallies: dict[str, int] = {}
    if state.tallies:
        for stream, reach in rules.reaches.items():
            tally, before = state.tallies.get(stream), turn.stamp - reach - _SLACK
            if tally is not None and tally.recent and tally.recent[0][0] < before:
                tallies[stream] = before
    most = MOST_KEPT if _is_too_much(state) else 0
    if old or tallies or most:
        turn.emit(j.Forgot(turn.stamp, ledger, marks, tallies, most))


def _is_too_much(state: CustomerState) -> bool:
    if len(state.history) > _BEYOND:
        return True
    if state.marks and sum(map(len, state.marks.values())) > _BEYOND:
        return True
    return any(len(tally.recent) > _BEYOND for tally in state.tallies.values())
