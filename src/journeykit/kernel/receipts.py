"""What follows when the host tells of a message that was sent? Receipts: opened, and so on."""

from __future__ import annotations

from typing import NamedTuple

from journeykit.kernel import journal as j
from journeykit.kernel.awaiting import arrives
from journeykit.kernel.moving import end_run, leave, leave_by_condition
from journeykit.kernel.signals import ReceiptTold
from journeykit.kernel.state import Enrollment, suppression_key
from journeykit.kernel.turn import Turn

COMPLAINT = "complaint"


class _About(NamedTuple):
    """What is still known of a message; all empty where nothing is."""

    channel: str = ""
    journey: str = ""
    template: str = ""
    address: str = ""


def told(turn: Turn, signal: ReceiptTold) -> None:
    """Apply a receipt: the suppression first, then exits and waits (rule O6).

    It is journaled also where the message is not known any more, or was not the latest of its
    step; then it changes no run.
    """
    run, step = _whose(turn, signal.message)
    about = _about(turn, signal.message)
    turn.emit(
        j.Receipted(
            turn.stamp,
            signal.message,
            signal.receipt,
            signal.occurred,
            signal.id,
            None if run is None else run.id,
            step,
            about.journey,
            about.template,
            signal.detail,
        )
    )
    if about.channel and (signal.receipt == "complained" or signal.dead_address):
        _suppress(turn, signal, about)
    if run is not None:
        _hear(turn, run, step, signal)


def _whose(turn: Turn, message: str) -> tuple[Enrollment | None, str]:
    """Return the open run and the step whose latest message it is."""
    for run in turn.state.enrollments.values():
        for step, latest in run.sent.items():
            if latest == message:
                return run, step
    return None, ""


def _about(turn: Turn, message: str) -> _About:
    opened = turn.state.messages.get(message)
    if opened is not None:
        return _About(opened.channel, opened.journey, opened.template)
    for line in reversed(turn.state.ledger):
        if line.message == message:
            return _About(line.channel, line.journey, line.template, line.address)
    return _About()


def _suppress(turn: Turn, signal: ReceiptTold, about: _About) -> None:
    """Keep an address from being used: a dead one, and one of somebody who complained (D4).

    It is the one to which the message went, whatever the channel's is by now.
    """
    channel = about.channel
    address = about.address or turn.state.addresses.get(channel, turn.state.id)
    if suppression_key(channel, address) not in turn.state.suppressed:
        reason = COMPLAINT if signal.receipt == "complained" else signal.detail
        turn.emit(j.Suppressed(turn.stamp, channel, address, reason))


def _hear(turn: Turn, run: Enrollment, step: str, signal: ReceiptTold) -> None:
    table = turn.table(run)
    what = (step, signal.receipt)
    if what in table.exit_receipts:
        end_run(turn, run, "exited", signal.receipt)
        return
    leave_by_condition(turn)  # exits before waits (O6)
    if run.id not in turn.state.enrollments:
        return
    here = table.steps[run.step]
    if here.awaiting is not None and signal.occurred >= run.at:  # those since the step (O7)
        places = [n for n, one in enumerate(here.awaiting.awaited) if one.receipt == what]
        outcome = arrives(turn, run, here, places)
        if outcome:
            leave(turn, run, outcome, here)
