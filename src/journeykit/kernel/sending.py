"""What becomes of a message? It asks, is judged in order, waits, goes, and is answered.

Keeps true:
    * one message has one outcome: accepted, dropped, failed or withdrawn;
    * a message is judged when it is decided, when it is released and when it is handed
      over, and at no other time (G1);
    * whoever is more important is judged first (G3).
"""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel import signals as s
from journeykit.kernel.gate import Facts, Verdict, judge
from journeykit.kernel.keys import fraction
from journeykit.kernel.moving import forget_message, leave
from journeykit.kernel.state import CustomerState, Message, suppression_key
from journeykit.kernel.turn import Turn, facts_of
from journeykit.machine import Rules, SendPlan
from journeykit.time import HOUR, SECOND

BACKOFF_BASE = 30 * SECOND
BACKOFF_MOST = 6 * HOUR
LASTING = frozenset({"no_address", "suppressed", "consent_missing", "consent_withdrawn"})


def settle(turn: Turn) -> None:
    """Judge every message that wants to go, the most important first, until none is left."""
    while turn.asked:
        message_id = turn.asked[0] if len(turn.asked) == 1 else _first(turn)
        turn.asked.remove(message_id)
        message = turn.state.messages.get(message_id)
        if message is not None:
            _decide(turn, message)


def _first(turn: Turn) -> str:
    messages = turn.state.messages
    return min(turn.asked, key=lambda message_id: _rank(messages[message_id]))


def _rank(message: Message) -> tuple[int, int, str, str, str]:
    """The total order of G3: priority, then decided earlier, journey, enrollment."""
    return (
        -message.priority,
        message.decided,
        message.journey,
        message.enrollment,
        message.id,
    )


def _displace(turn: Turn, message: Message) -> bool:
    """Take back a less important message that was released at this very instant (G3).

    Two events of one instant may reach the kernel one after the other; the order of the
    calls must not decide who gets the slot.
    """
    rivals = [
        other
        for other in turn.state.messages.values()
        if other.status == "released"
        and other.until == turn.now
        and not other.attempts
        and not other.transactional
        and _rank(other) > _rank(message)
    ]
    if not rivals:
        return False
    loser = max(rivals, key=_rank)
    turn.emit(j.Displaced(turn.stamp, loser.id, message.id))
    turn.put.pop(loser.id, None)
    turn.drop.add(loser.id)
    turn.asked.append(loser.id)
    return True


def plan_of(rules: Rules, state: CustomerState, message: Message) -> SendPlan:
    """Return the compiled `Send` behind an open message."""
    run = state.enrollments[message.enrollment]
    plan: SendPlan = rules.tables[run.journey, run.version].steps[run.step].plan
    return plan


def may_hand_over(facts: Facts, rules: Rules, message: Message) -> Verdict:
    """Judge a released message once more, right before its channel is called."""
    plan = plan_of(rules, facts.state, message)
    return judge(message, _asking(facts, plan))


def _asking(facts: Facts, plan: SendPlan) -> Facts:
    facts.holds_quiet = plan.on_quiet in ("hold", "next")
    facts.holds_caps = plan.on_cap in ("hold", "next")
    return facts


def _decide(turn: Turn, message: Message) -> None:
    plan = plan_of(turn.rules, turn.state, message)
    verdict = judge(message, _asking(facts_of(turn), plan))
    if verdict.action == "allow":
        turn.emit(j.Released(turn.stamp, message.id))
        turn.put[message.id] = (message.channel, turn.now)
        turn.drop.discard(message.id)
        return
    _take_out(turn, message)
    if verdict.action == "drop":
        _drop(turn, message, plan, verdict)
    else:
        _blocked(turn, message, plan, verdict)


def _take_out(turn: Turn, message: Message) -> None:
    """A message that was released and may not go after all leaves the outbox."""
    if message.status == "released":
        turn.put.pop(message.id, None)
        turn.drop.add(message.id)


def _drop(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> None:
    if verdict.reason in LASTING and _next_channel(turn, message, plan, verdict):
        return
    opening = turn.openings.pop(message.id, None)
    if opening is not None and verdict.reason in LASTING:
        turn.emit(j.Held(turn.stamp, message.id, opening, verdict.reason, verdict.detail))
        return
    run = turn.state.enrollments[message.enrollment]
    turn.emit(j.Dropped(turn.stamp, message.id, verdict.reason, verdict.detail))
    leave(turn, run, "dropped")


def _blocked(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> None:
    """Do what the author chose for a passing objection (rule G4)."""
    if verdict.reason == "frequency_cap" and _displace(turn, message):
        turn.asked.append(message.id)
        return
    choice = plan.on_cap if verdict.reason == "frequency_cap" else plan.on_quiet
    if choice == "next":
        _note_opening(turn, message, verdict)
        if _next_channel(turn, message, plan, verdict):
            return
        until = turn.openings.pop(message.id, None)
        turn.emit(j.Held(turn.stamp, message.id, until, verdict.reason, verdict.detail))
    elif choice == "hold":
        turn.emit(j.Held(turn.stamp, message.id, verdict.until, verdict.reason, verdict.detail))
    else:
        run = turn.state.enrollments[message.enrollment]
        turn.emit(j.Dropped(turn.stamp, message.id, verdict.reason, verdict.detail))
        leave(turn, run, "exit" if choice == "exit" else "dropped", why=verdict.reason)


def _note_opening(turn: Turn, message: Message, verdict: Verdict) -> None:
    known = turn.openings.get(message.id)
    if verdict.until is not None and (known is None or verdict.until < known):
        turn.openings[message.id] = verdict.until


def _next_channel(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> bool:
    """Try the next channel of `via`; tell whether there was one."""
    route = message.route + 1
    if route >= len(plan.via):
        return False
    turn.emit(
        j.Rerouted(turn.stamp, message.id, plan.via[route], route, verdict.reason, verdict.detail)
    )
    turn.asked.append(message.id)
    return True


def ask_again(turn: Turn, message: Message) -> None:
    """Put a held message back among those that want to go, its first channel first."""
    plan = plan_of(turn.rules, turn.state, message)
    if message.route and "next" in (plan.on_quiet, plan.on_cap):
        turn.emit(j.Rerouted(turn.stamp, message.id, plan.via[0], 0, "asked_again", {}))
    if message.id not in turn.asked:
        turn.asked.append(message.id)


def closed_at_hand_over(turn: Turn, message_id: str) -> None:
    """The gate objected right before the hand-over: judge again, with all consequences."""
    message = turn.state.messages.get(message_id)
    if message is None or message.status != "released":
        turn.drop.add(message_id)
        return
    turn.asked.append(message_id)


def answered(turn: Turn, signal: s.ChannelAnswered) -> None:
    """Apply what a channel said about a message (D3, D4, G5)."""
    message = turn.state.messages.get(signal.message)
    dead = signal.answer == "rejected" and signal.dead_address
    key = suppression_key(signal.channel, signal.address)
    if message is None:
        _answer(turn, signal, signal.answer, None, late=True)
    elif signal.answer == "accepted":
        _close(turn, message, signal, "accepted", "done")
    elif signal.answer == "rejected":
        _rejected(turn, message, signal)
    else:
        _retry(turn, message, signal)
    if dead and key not in turn.state.suppressed:
        turn.emit(j.Suppressed(turn.stamp, signal.channel, signal.address, signal.detail))


def _answer(
    turn: Turn, signal: s.ChannelAnswered, answer: str, until: int | None, *, late: bool = False
) -> None:
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
        )
    )


def _close(
    turn: Turn, message: Message, signal: s.ChannelAnswered, answer: str, outcome: str
) -> None:
    run = turn.state.enrollments[message.enrollment]
    exits = answer == "failed" and plan_of(turn.rules, turn.state, message).exit_on_failure
    _answer(turn, signal, answer, None)
    forget_message(turn, message.id)
    leave(turn, run, "exit" if exits else outcome, why="message_failed" if exits else "")
    if answer == "failed":
        _slot_came_back(turn)


def _rejected(turn: Turn, message: Message, signal: s.ChannelAnswered) -> None:
    plan = plan_of(turn.rules, turn.state, message)
    if message.route + 1 >= len(plan.via) or message.attempts + 1 >= plan.max_attempts:
        _close(turn, message, signal, "failed", "failed")
        return
    _answer(turn, signal, "rejected", None)
    turn.drop.add(message.id)
    verdict = Verdict("drop", "rejected", None, {"channel": signal.channel})
    _next_channel(turn, message, plan, verdict)
    _slot_came_back(turn)


def _retry(turn: Turn, message: Message, signal: s.ChannelAnswered) -> None:
    """Keep a named delay exactly; else back off with full jitter from the key (D3)."""
    plan = plan_of(turn.rules, turn.state, message)
    attempts = message.attempts + 1
    if attempts >= plan.max_attempts:
        _close(turn, message, signal, "failed", "failed")
        return
    after = signal.after
    if after is None:
        ceiling = min(BACKOFF_MOST, BACKOFF_BASE << min(attempts, 20))
        drawn = fraction(turn.rules.seed, "backoff", message.id, str(attempts))
        after = int(ceiling * drawn)
    until = turn.now + after
    _answer(turn, signal, "retry", until)
    if message.expires is not None and until >= message.expires:
        run = turn.state.enrollments[message.enrollment]
        detail = {"retry_at": until, "valid_until": message.expires}
        turn.emit(j.Dropped(turn.stamp, message.id, "expired", detail))
        forget_message(turn, message.id)
        leave(turn, run, "dropped")
        _slot_came_back(turn)
        return
    turn.put[message.id] = (message.channel, until)


def _slot_came_back(turn: Turn) -> None:
    """A reserved slot is free again: whoever waits for one asks anew (G3)."""
    for message in tuple(turn.state.messages.values()):
        if message.status == "held" and message.reason == "frequency_cap":
            ask_again(turn, message)
