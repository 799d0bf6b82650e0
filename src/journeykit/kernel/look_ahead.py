"""Should a message make room for a more important one that is due soon? (`look_ahead`, G3)

Asked of a message that may go now, if it is under a cap with `look_ahead`. What is due is
found by letting time pass in thought, and nothing else happen: held messages that the gate
lets go, and runs that come to a `Send`. Where that is not certain, nobody is waited for.

Keeps true:
    * only a larger priority makes a message wait, so that no two wait for each other;
    * it waits for others no longer than the span, counted from when it could first have gone,
      and never to the end of its validity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.changing import CHANGING, objection_to_value
from journeykit.kernel.choosing import choose, via_of
from journeykit.kernel.consenting import say
from journeykit.kernel.fold_runs import move_run
from journeykit.kernel.gate import first_open, objection_to
from journeykit.kernel.moving import expiry_of, wait_at
from journeykit.kernel.refusal import refusal
from journeykit.kernel.slots import EVERY_USE, uses
from journeykit.kernel.state import Enrollment, Message
from journeykit.kernel.turn import Turn, facts_of
from journeykit.kernel.verdict import Verdict
from journeykit.kernel.ways import PARTING, passed_by, way_at
from journeykit.machine import CapRule, CompiledStep, SendPlan
from journeykit.time import shift


class Rival(NamedTuple):
    """A more important message, decided or not yet, and when it would leave."""

    due: int
    message: Message


def make_room(turn: Turn, message: Message, *, for_news: bool = False) -> Verdict | None:
    """Return until when the message waits for a more important one, and for which, or None.

    Args:
        for_news: Only where one of those that are waited for was not known before this instant.
    """
    if message.transactional or message.unsure:
        return None
    facts = facts_of(turn)
    scope = turn.rules.gate.scope_of(message).under(turn)
    for cap in scope.caps:
        if cap.look_ahead is not None:
            until = _latest(turn, message, cap)
            rivals = sorted(_rivals(turn, message, cap, until), key=lambda rival: rival.due)
            if for_news and not any(_is_news(turn, rival) for rival in rivals):
                continue
            if rivals and _need_all(cap, message, rivals, turn):
                first = rivals[0].message
                detail = {
                    "rule": cap.title,
                    "used": len(uses(cap, message, facts, turn.now, most=EVERY_USE)),
                    "limit": cap.limit_for(turn),
                    "zone": facts.zone_for(message.channel)[0].name,
                    "for": first.template,
                    "journey": first.journey,
                    "priority": first.priority,
                    "own_priority": message.priority,
                }
                return Verdict("hold", "look_ahead", max(rivals[0].due, turn.now + 1), detail)
    return None


def _is_news(turn: Turn, rival: Rival) -> bool:
    return turn.state.enrollments[rival.message.enrollment].at == turn.now


def _latest(turn: Turn, message: Message, cap: CapRule) -> int:
    """Return until when rivals may be due."""
    assert cap.look_ahead is not None
    since = turn.now if message.makes_room is None else message.makes_room
    until = shift(since, cap.look_ahead, facts_of(turn).zone_for(message.channel)[0])
    return until if message.expires is None else min(until, message.expires - 1)


def _need_all(cap: CapRule, message: Message, rivals: Sequence[Rival], turn: Turn) -> bool:
    """Tell whether a slot that is used now would be missing when a rival wants one."""
    facts = facts_of(turn)
    zone, _ = facts.zone_for(message.channel)
    for number, rival in enumerate(rivals, 1):
        if not cap.counts(turn.now, rival.due, zone):
            return False
        used = len(uses(cap, message, facts, rival.due, most=EVERY_USE))
        if cap.limit_for(turn) - used <= number:
            return True
    return False


# ---- who is due


def _rivals(turn: Turn, message: Message, cap: CapRule, until: int) -> Iterator[Rival]:
    """Find the more important messages under the same cap that leave up to `until`.

    Those due at this very instant are among them: where an input came now, their timers fire
    only after it (O2).
    """
    now, state, paused = turn.now, turn.state, turn.rules.paused
    for other in state.messages.values():
        at = None if other.journey in paused else other.until
        if other.status == "held" and at is not None and now <= at <= until:
            rival = _held(turn, other) if _is_above(other, message) else None
            if rival is not None and cap.covers(rival) and _is_valid(rival, at):
                yield Rival(at, rival)
    waiting = [run for run in state.enrollments.values() if run.due is not None]
    waiting = [run for run in waiting if now <= (run.due or 0) <= until]
    waiting = [run for run in waiting if run.journey not in paused]
    if waiting:
        thought = Turn(turn.rules, state, turn.told, now)
        for run in waiting:
            thought.profile, thought.state = turn.profile, state
            coming = _coming(thought, run, message, until)
            if coming is not None and coming.due <= until and cap.covers(coming.message):
                yield coming


def _is_above(other: Message | SendPlan, message: Message) -> bool:
    return other.priority > message.priority and not other.transactional


def _is_valid(message: Message, at: int) -> bool:
    return message.expires is None or at < message.expires


def _held(turn: Turn, message: Message) -> Message | None:
    """Return a held message as it would leave, or None where something lasting forbids it."""
    run = turn.state.enrollments[message.enrollment]
    plan: SendPlan = turn.table(run).steps[run.step].plan
    return _on_a_channel(turn, message, via_of(message, plan)[message.route :])


def _on_a_channel(turn: Turn, message: Message, via: Sequence[str]) -> Message | None:
    """Return the message on the first channel on which nothing lasting stands in its way."""
    facts = facts_of(turn)
    for channel in via:
        if channel not in message.rejected:
            tried = replace(message, channel=channel)
            if refusal(tried, facts) is None:
                return tried
    return None


def _coming(thought: Turn, run: Enrollment, message: Message, until: int) -> Rival | None:
    """Return the next message of a run, where it is more important and not refused."""
    then = replace(run, passed={**run.passed}, latched=[*run.latched])
    plan = _next_send(thought, then, until)
    if plan is None or plan.send_time is not None or not _is_above(plan, message):
        return None
    if thought.rules.gate.send_hours:  # the gate asks where the run stands
        there = {**thought.state.enrollments, run.id: then}
        thought.state = replace(thought.state, enrollments=there)
    expires = expiry_of(thought, run, plan)
    via = choose(thought, run, plan, "", expires) or plan.via
    asked = Message(
        "",
        run.id,
        run.journey,
        plan.template,
        via[0],
        thought.now,
        plan.topic,
        plan.priority,
        expires=expires,
        tags=plan.tags,
        legal_basis=plan.legal_basis,
    )
    found = _on_a_channel(thought, asked, via)
    if found is None:
        return None
    opens = _opens(thought, found, plan, message)
    return Rival(opens, found) if opens is not None and _is_valid(found, opens) else None


def _opens(thought: Turn, message: Message, plan: SendPlan, lesser: Message) -> int | None:
    """Return when a message that is decided in thought leaves; None where it does not wait."""
    facts = facts_of(thought)
    facts.set_aside = (lesser.id,)  # it may have been released a moment ago
    objection = objection_to(message, facts)
    if objection is None:
        return thought.now
    choice = plan.on_cap if objection.blocked == "frequency_cap" else plan.on_quiet
    waits = choice in ("hold", "next") and objection.blocked != "zone_unknown"
    return first_open(message, facts) if waits else None


# ---- where a run will be


def _next_send(thought: Turn, run: Enrollment, until: int) -> SendPlan | None:
    """Let time pass until `run` comes to a `Send`; None where it does not, or not for certain.

    `thought` is left at that instant, and `run` at that step.
    """
    table = thought.table(run)
    step = table.steps[run.step]
    outcome: str | None = None
    for _ in range(thought.rules.max_steps):
        if run.due is not None:
            if run.due > until or (run.leaves is not None and run.leaves <= run.due):
                return None
            if step.kind == "start_journey":  # the other run may be over sooner
                return None
            thought.now = run.due
            outcome = "timeout" if step.kind == "wait_for" else "done"
        elif outcome is None and step.kind == "send":
            plan: SendPlan = step.plan
            return plan
        elif outcome is None:
            outcome = _outcome(thought, run, step)
            if outcome is None:
                return None
        passed = passed_by(thought, run, step, outcome) if step.keeps_passed else None
        step = step.moves[outcome]
        if step.awaiting is not None and step.awaiting.timed:  # it may go on sooner, by time alone
            return None
        try:
            due, outcome = wait_at(thought, run, step)
        except InputError:  # it would wait beyond the calendar
            return None
        move_run(run, j.Moved(thought.now, run.id, "", step.id, due, passed))
    return None


def _outcome(thought: Turn, run: Enrollment, step: CompiledStep) -> str | None:
    """Return the outcome of a step that takes no time, or None where the way ends or is not clear."""
    if step.kind in PARTING:
        return way_at(thought, run, step)
    if step.kind == "consent":
        granted, channels, topic, lasts = step.plan
        thought.state = replace(thought.state, consents={**thought.state.consents})
        for channel in channels:
            say(thought, channel, topic, granted, "", lasts)
        return "done"
    if step.kind not in CHANGING:
        return None
    field, given = step.plan
    if field in thought.rules.zone_fields or field in thought.rules.addresses.values():
        return None
    value = given(thought.read_run(run))
    if objection_to_value(thought, field, value):
        return None
    thought.profile = {**thought.profile, field: value}
    leaves = any(guard(thought.read_run(run)) for guard in thought.table(run).exit_conditions)
    return None if leaves else "done"
