"""What follows when a channel was handed a message and answered? (Rules D3, D4, G5)"""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel import signals as s
from journeykit.kernel.choosing import via_of
from journeykit.kernel.facts import Facts
from journeykit.kernel.gate import may_open
from journeykit.kernel.handing import plan_of
from journeykit.kernel.keys import fraction
from journeykit.kernel.migrating import go_on
from journeykit.kernel.moving import forget_message
from journeykit.kernel.sending import go_elsewhere
from journeykit.kernel.state import Message, suppression_key
from journeykit.kernel.turn import Turn, facts_of
from journeykit.kernel.verdict import Verdict
from journeykit.machine import SendPlan
from journeykit.time import HOUR, SECOND

BACKOFF_BASE = 30 * SECOND
BACKOFF_MOST = 6 * HOUR


def backoff(seed: bytes, key: str, attempts: int) -> int:
    """Return the pause after so many attempts: growing, with full jitter from the key (D3)."""
    ceiling = min(BACKOFF_MOST, BACKOFF_BASE << min(attempts, 20))
    return int(ceiling * fraction(seed, "backoff", key, str(attempts)))


def answered(turn: Turn, signal: s.ChannelAnswered) -> None:
    """Apply what a channel said about a message."""
    message = turn.state.messages.get(signal.message)
    if message is None:
        _answer(turn, signal, signal.answer, None, late=True)
    elif signal.answer == "accepted":
        _close(turn, message, signal, "accepted", "done")
    elif signal.answer == "rejected":
        _rejected(turn, message, signal)
    else:
        _retry(turn, message, signal)
    is_dead = signal.answer == "rejected" and signal.dead_address
    if is_dead and suppression_key(signal.channel, signal.address) not in turn.state.suppressed:
        turn.emit(j.Suppressed(turn.stamp, signal.channel, signal.address, signal.detail))


def _answer(
    turn: Turn, signal: s.ChannelAnswered, answer: str, until: int | None, *, late: bool = False
) -> None:
    address = turn.state.addresses.get(signal.channel, turn.state.id)
    turn.emit(
        j.Answered(
            turn.stamp,
            signal.message,
            signal.channel,
            answer,
            signal.detail,
            until,
            late,
            signal.journey,
            signal.topic,
            signal.transactional,
            signal.template,
            signal.tags,
            "" if signal.address == address else signal.address,
        )
    )


def _close(
    turn: Turn, message: Message, signal: s.ChannelAnswered, answer: str, outcome: str
) -> None:
    run = turn.state.enrollments[message.enrollment]
    exits = answer == "failed" and plan_of(turn.rules, turn.state, message).exit_on_failure
    _answer(turn, signal, answer, None)
    forget_message(turn, message.id)
    go_on(turn, run, "exit" if exits else outcome, why="message_failed" if exits else "")


def _rejected(turn: Turn, message: Message, signal: s.ChannelAnswered) -> None:
    """Go on to a channel that has not rejected the message; without one, it failed."""
    if signal.channel != message.channel:  # it has gone on already
        _answer(turn, signal, "rejected", message.until)
        return
    plan = plan_of(turn.rules, turn.state, message)
    if message.attempts + 1 >= plan.max_attempts or not _other_channels(message, plan):
        _close(turn, message, signal, "failed", "failed")
        return
    _answer(turn, signal, "rejected", None)
    verdict = Verdict("drop", "rejected", None, {"channel": signal.channel})
    go_elsewhere(turn, message, plan, verdict)


def _other_channels(message: Message, plan: SendPlan) -> bool:
    first = 0 if plan.chooses_anew else message.route + 1
    tried = (*message.rejected, message.channel)
    return any(channel not in tried for channel in via_of(message, plan)[first:])


def _retry(turn: Turn, message: Message, signal: s.ChannelAnswered) -> None:
    """Keep a named delay exactly; else back off with full jitter from the key (D3)."""
    plan = plan_of(turn.rules, turn.state, message)
    attempts = message.attempts + 1
    if attempts >= plan.max_attempts:
        _close(turn, message, signal, "failed", "failed")
        return
    if message.status != "released":  # it was taken back while it was on its way
        _answer(turn, signal, "retry", message.until)
        return
    after = signal.after
    if after is None:
        after = backoff(turn.rules.seed, message.id, attempts)
    until = signal.received + after
    _answer(turn, signal, "retry", until)
    if message.expires is not None and _too_late(turn, message, plan, until):
        run = turn.state.enrollments[message.enrollment]
        detail = {"retry_at": until, "valid_until": message.expires}
        turn.emit(j.Dropped(turn.stamp, message.id, "expired", detail))
        forget_message(turn, message.id)
        go_on(turn, run, "dropped")
        return
    turn.put[message.id] = (message.channel, until)


def _too_late(turn: Turn, message: Message, plan: SendPlan, at: int) -> bool:
    """Tell whether a retry at `at` can no longer leave before the message expires (G4)."""
    assert message.expires is not None
    if at >= message.expires:
        return True
    if message.transactional or not {"skip", "exit", "else"}.isdisjoint(plan.choices):
        return False
    facts: Facts = facts_of(turn)
    facts.now = at
    opens = may_open(message, facts, reserved=False)
    return opens is None or opens >= message.expires
