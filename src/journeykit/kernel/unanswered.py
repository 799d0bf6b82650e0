"""What follows when a channel is not asked, or nobody knows what it answered?"""

from __future__ import annotations

from typing import assert_never

from journeykit.kernel import journal as j
from journeykit.kernel import signals as s
from journeykit.kernel.answering import answered
from journeykit.kernel.doubting import MOST_DOUBTS, awaits_word
from journeykit.kernel.sending import ask_again, hold, wait_for_word
from journeykit.kernel.state import Message
from journeykit.kernel.throttling import place_again
from journeykit.kernel.turn import Turn
from journeykit.kernel.verdict import Verdict


def left_unknown(turn: Turn, signal: s.OutcomeUnknown) -> None:
    """A worker died when it was about to hand a message over, or had done so."""
    message = turn.state.messages.get(signal.message)
    if message is None or message.status != "released" or message.channel != signal.channel:
        return
    holds = signal.hold or message.doubts + 1 >= MOST_DOUBTS
    turn.emit(j.Doubted(turn.stamp, message.id, message.channel, holds))
    if holds:
        wait_for_word(turn, message)
    else:
        turn.put[message.id] = (message.channel, place_again(turn, message))


def outcome_told(turn: Turn, signal: s.OutcomeTold) -> None:
    """Somebody says what became of a message that waits for that."""
    message = turn.state.messages.get(signal.message)
    if message is None or not awaits_word(message):
        return
    turn.emit(j.Clarified(turn.stamp, message.id, signal.outcome))
    match signal.outcome:
        case "repeat":
            ask_again(turn, message)
        case "accepted" | "rejected":
            turn.drop.add(message.id)  # should it go on, then through another channel
            answered(turn, _answer(turn, message, signal.outcome))
        case _:
            assert_never(signal.outcome)


def _answer(turn: Turn, message: Message, outcome: s.Told) -> s.ChannelAnswered:
    """Return what the channel would have said; of the address nobody knows anything new."""
    address = turn.state.addresses.get(message.channel, turn.state.id)
    return s.ChannelAnswered(
        turn.stamp,
        message.id,
        message.channel,
        address,
        outcome,
        journey=message.journey,
        topic=message.topic,
        transactional=message.transactional,
        template=message.template,
        tags=message.tags,
    )


def rests(turn: Turn, signal: s.ChannelRests) -> None:
    """The channel takes nothing for a while; that is no attempt."""
    message = turn.state.messages.get(signal.message)
    if message is None:
        turn.drop.add(signal.message)
    elif message.status == "released" and message.channel == signal.channel:
        until = signal.until
        if message.expires is not None:  # other workers may reach the channel: it is not certain
            until = min(until, message.expires)
        hold(turn, message, Verdict("hold", signal.reason, until, signal.detail))
