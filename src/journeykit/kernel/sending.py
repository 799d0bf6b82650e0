"""What becomes of a message? It asks, is judged in order, waits, goes, and is answered.

Keeps true:
    * one message has one outcome: accepted, dropped, failed or withdrawn;
    * a message is judged when it is decided, when it is released and when it is handed
      over; in between it is only asked whether the end of its wait has moved (G1, G4);
    * whoever is more important is judged first (G3);
    * while nobody knows whether a channel took a message, it goes through no other (D2).
"""

from __future__ import annotations

from msgspec.structs import replace

from journeykit.kernel import journal as j
from journeykit.kernel.choosing import via_of
from journeykit.kernel.doubting import awaits_word, still_no_word
from journeykit.kernel.facts import Facts
from journeykit.kernel.gate import judge, objection_to, wait
from journeykit.kernel.handing import OVERDUE, WAITING, asking, plan_of
from journeykit.kernel.look_ahead import make_room
from journeykit.kernel.migrating import go_on
from journeykit.kernel.moving import end_run, forget_message
from journeykit.kernel.pausing import detained, note_late
from journeykit.kernel.reasons import LASTING
from journeykit.kernel.refusal import refusal
from journeykit.kernel.sendtimes import waits_for_send_time
from journeykit.kernel.signals import Throttled
from journeykit.kernel.spreading import OPENED, spread
from journeykit.kernel.state import NEVER, Message
from journeykit.kernel.throttling import place_in_queue, throttle_verdict, waits_for_its_instant
from journeykit.kernel.turn import Turn, facts_of
from journeykit.kernel.verdict import Verdict
from journeykit.machine import SendPlan


def settle(turn: Turn) -> None:
    """Judge every message that wants to go, the most important first, until none is left."""
    while True:
        if turn.look_again:
            _look_again(turn)
        if not turn.asked:
            return
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


_LEAVING = {"exit": "exit", "else": "blocked"}


# ---- judged: at decision, at release, and when the gate closed at hand-over


def _decide(turn: Turn, message: Message) -> None:
    plan = plan_of(turn.rules, turn.state, message)
    rules = turn.rules
    if awaits_word(message):
        wait_for_word(turn, message)
        return
    if turn.late and _comes_too_late(turn, message):
        return
    if rules.paused and (held := detained(rules, message, facts_of(turn))) is not None:
        turn.openings.pop(message.id, None)
        hold(turn, message, held)
        return
    if plan.send_time is not None and waits_for_send_time(turn, message, plan):
        return
    verdict = judge(message, asking(facts_of(turn), plan))
    room = None
    if verdict.action == "allow" and turn.rules.gate.looks_ahead:
        room = make_room(turn, message)
    if room is not None:
        turn.openings.pop(message.id, None)
        hold(turn, message, room)
    elif verdict.action == "allow":
        turn.emit(j.Released(turn.stamp, message.id))
        turn.put[message.id] = (message.channel, place_in_queue(turn, message))
        turn.openings.pop(message.id, None)
    elif verdict.blocked:
        _blocked(turn, message, plan, verdict)
    else:
        _refused(turn, message, plan, verdict)


def wait_for_word(turn: Turn, message: Message) -> None:
    """Let a message wait for somebody who says what became of its hand-over (D2).

    Its row, with the content that may have left, stays in the outbox and is never due.
    """
    verdict = still_no_word(message, turn.now)
    if verdict.action == "drop":
        _drop(turn, message, verdict)
        return
    turn.put[message.id] = (message.channel, NEVER)
    turn.emit(j.Held(turn.stamp, message.id, verdict.until, verdict.reason, verdict.detail))


def _comes_too_late(turn: Turn, message: Message) -> bool:
    """Do what its journey asks for with what comes too late; tell whether it does."""
    run = turn.state.enrollments[message.enrollment]
    due = turn.late.pop(message.id, None)
    due = turn.late.get(run.id) if due is None else due
    if due is None:
        return False
    if turn.rules.overdue[run.journey, run.version].then == "exit":
        end_run(turn, run, "exited", "overdue")
    else:
        _drop(turn, message, replace(OVERDUE, detail={"due": due}))
    return True


def _refused(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> None:
    """Try the next channel; without one, wait for a channel that was passed over, or drop."""
    if verdict.reason in LASTING:
        if _next_channel(turn, message, plan, verdict):
            return
        opening = turn.openings.pop(message.id, None)
        if opening is not None:
            hold(turn, message, opening)
            return
    _drop(turn, message, verdict)


def _blocked(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> None:
    """Do what the author chose for a passing reason (rule G4)."""
    if verdict.reason == "frequency_cap" and _displace(turn, message, plan):
        turn.asked.append(message.id)
        return
    choice = _choice(plan, verdict)
    if choice not in WAITING:
        _drop(turn, message, verdict, _LEAVING.get(choice, "dropped"))
        return
    opening = turn.openings.pop(message.id, None)
    if verdict.action == "hold" and (opening is None or _is_sooner(verdict.until, opening.until)):
        opening = verdict
    if choice == "next" and _next_channel(turn, message, plan, verdict):
        if opening is not None:
            turn.openings[message.id] = opening
    elif opening is not None:
        hold(turn, message, opening)
    else:
        _drop(turn, message, verdict)


def _choice(plan: SendPlan, verdict: Verdict) -> str:
    if verdict.blocked == "throttle":
        return plan.on_throttle
    return plan.on_cap if verdict.blocked == "frequency_cap" else plan.on_quiet


def _is_sooner(until: int | None, than: int | None) -> bool:
    return until is not None and (than is None or until < than)


def hold(turn: Turn, message: Message, verdict: Verdict) -> None:
    """Let a message wait, and give its slot back unless it may have gone already."""
    until, opens = spread(turn, message, plan_of(turn.rules, turn.state, message), verdict)
    if message.unsure and until is not None:  # with the content that was handed over once
        turn.put[message.id] = (message.channel, until)
    else:
        _take_out(turn, message)
    turn.emit(j.Held(turn.stamp, message.id, until, verdict.reason, verdict.detail, opens))


def _take_out(turn: Turn, message: Message) -> None:
    """A message that may not go after all leaves the outbox, and gives its slot back."""
    if message.status == "released":
        turn.put.pop(message.id, None)
        turn.drop.add(message.id)
        turn.look_again = turn.look_again or "slots"


def _drop(turn: Turn, message: Message, verdict: Verdict, outcome: str = "dropped") -> None:
    run = turn.state.enrollments[message.enrollment]
    turn.emit(j.Dropped(turn.stamp, message.id, verdict.reason, verdict.detail))
    forget_message(turn, message.id)
    go_on(turn, run, outcome, why=verdict.blocked)


def _make_room_after_all(turn: Turn) -> None:
    """Take back what was released at this very instant, for a rival that was not known yet (G3).

    As when messages are displaced, the order of the calls must not decide.
    """
    for message in tuple(turn.state.messages.values()):
        if message.status == "released" and message.until == turn.now and not message.attempts:
            room = make_room(turn, message, for_news=True)
            if room is not None:
                hold(turn, message, room)


def _displace(turn: Turn, message: Message, plan: SendPlan) -> bool:
    """Take back less important messages that were released at this very instant (G3).

    Two inputs of one instant may reach the kernel one after the other; the order of the calls
    must not decide who gets the slot. Only those are taken back without whom there is room.
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
    rivals.sort(key=_rank)
    facts = asking(facts_of(turn), plan)
    losers = {rival.id: rival for rival in rivals}
    facts.set_aside = losers
    if objection_to(message, facts) is not None:
        return False
    for rival in rivals:  # let the most important stay, if there is room without its slot
        del losers[rival.id]
        if objection_to(message, facts) is not None:
            losers[rival.id] = rival
    for loser in losers.values():
        turn.put.pop(loser.id, None)
        turn.drop.add(loser.id)
        turn.emit(j.Displaced(turn.stamp, loser.id, message.id))
        turn.asked.append(loser.id)
    return True


# ---- from channel to channel


def _next_channel(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> bool:
    """Try the next channel of `via`; tell whether there was one."""
    if message.unsure:
        return False
    via = via_of(message, plan)
    for route in range(message.route + 1, len(via)):
        if via[route] not in message.rejected:
            _reroute(turn, message, plan, route, verdict)
            return True
    return False


def go_elsewhere(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict) -> None:
    """Leave a channel that rejected the message for one that did not."""
    if not _next_channel(turn, message, plan, verdict):
        _first_channel(turn, message, plan, verdict)


_AGAIN = Verdict("allow", "asked_again")


def _first_channel(turn: Turn, message: Message, plan: SendPlan, verdict: Verdict = _AGAIN) -> None:
    """Begin with the first channel again, where the author lets the message choose anew."""
    if message.unsure or not plan.chooses_anew:
        return
    via = via_of(message, plan)
    route = next(n for n, channel in enumerate(via) if channel not in message.rejected)
    if route != message.route:
        _reroute(turn, message, plan, route, verdict)


def _reroute(turn: Turn, message: Message, plan: SendPlan, route: int, verdict: Verdict) -> None:
    _take_out(turn, message)
    channel, reason = via_of(message, plan)[route], verdict.reason
    turn.emit(j.Rerouted(turn.stamp, message.id, channel, route, reason, verdict.detail))
    if message.id not in turn.asked:
        turn.asked.append(message.id)


def ask_again(turn: Turn, message: Message) -> None:
    """Put a held message back among those that want to go, its first channel first."""
    if turn.rules.overdue:
        note_late(turn, message)
    _first_channel(turn, message, plan_of(turn.rules, turn.state, message))
    if message.id not in turn.asked:
        turn.asked.append(message.id)


def closed_at_hand_over(turn: Turn, message_id: str, *, withheld: bool = False) -> None:
    """The gate objected right before the hand-over: judge again, with all consequences."""
    message = turn.state.messages.get(message_id)
    if withheld and message is not None and message.status == "released":
        _take_out(turn, message)
        _drop(turn, message, Verdict("drop", "withheld"))
    elif message is not None and message.status == "released":
        ask_again(turn, message)
    elif message is None or not message.unsure:
        turn.drop.add(message_id)


def throttled(turn: Turn, signal: Throttled) -> None:
    """The channel was asked for last, and takes no more at the moment (D5)."""
    message = turn.state.messages.get(signal.message)
    if message is None:
        turn.drop.add(signal.message)
    elif message.status == "released" and message.channel == signal.channel:
        plan = plan_of(turn.rules, turn.state, message)
        _blocked(turn, message, plan, throttle_verdict(message, signal))


# ---- in between


def _look_again(turn: Turn) -> None:
    """Ask anew how long held messages wait; those that can go now are judged (G3, G4).

    Nothing that does not pass is asked here: what stands in the way of a hand-over counts
    when the message would leave (G7).
    """
    profile_changed = turn.look_again == "profile"
    turn.look_again = ""
    if turn.rules.gate.looks_ahead:
        _make_room_after_all(turn)
    for message in tuple(turn.state.messages.values()):
        is_open = turn.state.messages.get(message.id) is message
        if is_open and message.status == "held" and message.id not in turn.asked:
            _reconsider(turn, message, profile_changed)


def _reconsider(turn: Turn, message: Message, profile_changed: bool) -> None:
    if message.makes_room is not None:
        _still_makes_room(turn, message)
        return
    if message.reason == "paused":
        if message.journey not in turn.rules.paused:
            ask_again(turn, message)
        return
    if message.reason == "send_time" or waits_for_its_instant(turn, message):
        return
    if awaits_word(message):
        return
    plan = plan_of(turn.rules, turn.state, message)
    facts = facts_of(turn)  # it does wait now, whatever the author chose for a judgement
    verdict: Verdict | None = None
    for channel in _channels(message, plan, facts):
        found = wait(replace(message, channel=channel), facts)
        if found.action == "allow":
            if message.opens is None:
                ask_again(turn, message)
            else:
                hold(turn, message, replace(OPENED, until=turn.now))
            return
        if verdict is None or verdict.action == "drop" or _is_sooner(found.until, verdict.until):
            verdict = found
        if _choice(plan, found) == "hold":
            break  # a judgement would look no further either
    assert verdict is not None
    opens = message.until if message.opens is None else message.opens
    if verdict.action == "drop":
        _drop(turn, message, verdict, _LEAVING.get(_choice(plan, verdict), "dropped"))
        return
    is_news = (verdict.until, verdict.reason) != (opens, message.reason)
    if is_news and (profile_changed or _is_sooner(verdict.until, opens)):
        hold(turn, message, verdict)


def _still_makes_room(turn: Turn, message: Message) -> None:
    """Ask whether the more important message that is waited for is still due."""
    verdict = make_room(turn, message)
    if verdict is None:
        ask_again(turn, message)
    elif verdict.until != message.until:
        hold(turn, message, verdict)


def _channels(message: Message, plan: SendPlan, facts: Facts) -> list[str]:
    """Return the channels through which a held message may still go."""
    if message.unsure or not plan.chooses_anew:
        return [message.channel]
    return [
        channel
        for channel in via_of(message, plan)
        if channel == message.channel
        or (
            channel not in message.rejected
            and refusal(replace(message, channel=channel), facts) is None
        )
    ]
