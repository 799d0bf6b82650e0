"""May this message go now? `judge` answers, with the reason; it changes nothing.

The order is that of rule G1: address and suppression, consent, expiry, quiet hours, caps.
What cannot pass is dropped; what passes is waited for until the first instant at which
quiet hours and caps are open together.

Keeps true:
    * the answer depends on its arguments alone;
    * the instant that a hold names is later than now, and nothing is open before it, as long
      as nothing else happens in between.
"""

from __future__ import annotations

from typing import Literal

from journeykit.kernel.facts import Facts
from journeykit.kernel.refusal import refusal
from journeykit.kernel.slots import EVERY_USE, uses
from journeykit.kernel.state import Message
from journeykit.kernel.verdict import ALLOW, Verdict
from journeykit.machine import CapRule, Scope
from journeykit.time import DAY, Zone, naive_of


def judge(message: Message, facts: Facts) -> Verdict:
    """Say whether `message` may go at `facts.now`; change nothing."""
    verdict = refusal(message, facts)
    return wait(message, facts) if verdict is None else verdict


# ---- what passes


def wait(message: Message, facts: Facts) -> Verdict:
    """Say whether the message may go, and when, as far as quiet hours and caps are asked.

    Where it cannot leave in time, or never could, it is dropped (G2, G4).
    """
    objection = objection_to(message, facts)
    if objection is None:
        return ALLOW
    if objection.reason == "zone_unknown":  # its end is no matter of time
        return _ended_by(message, objection)
    waits = facts.holds_caps if objection.reason == "frequency_cap" else facts.holds_quiet
    if not waits:
        return objection
    until = _until(message, facts)
    if message.expires is not None and (until is None or until >= message.expires):
        soonest = _until(message, facts, reserved=False)
        if soonest is None or soonest >= message.expires:
            detail = {**objection.detail, "blocked_by": objection.reason, "opens": until}
            detail["valid_until"] = message.expires
            return Verdict("drop", "expired", None, detail, objection.blocked)
        until = message.expires  # a slot that is only reserved may come back in time
    if until is None:
        never = {**objection.detail, "opens": "never"}
        return Verdict("drop", objection.reason, None, never, objection.blocked)
    return Verdict("hold", objection.reason, until, objection.detail, objection.blocked)


def _until(message: Message, facts: Facts, *, reserved: bool = True) -> int | None:
    """Return `first_open`, or sooner where a rule does not concern the customer any more."""
    opens = first_open(message, facts, reserved=reserved)
    scope = facts.gate.scope(message.channel, message.topic, message.journey).under(facts.reading)
    lapses = scope.lapses(facts.reading)
    return opens if lapses is None or (opens is not None and opens <= lapses) else lapses


def _ended_by(message: Message, objection: Verdict) -> Verdict:
    if objection.action == "drop" or message.expires is None:
        return objection
    return Verdict("hold", objection.reason, message.expires, objection.detail, objection.blocked)


def objection_to(message: Message, facts: Facts) -> Verdict | None:
    """Return which of quiet hours and caps objects at `facts.now`, or None (G1's order)."""
    if message.transactional:  # G6
        return None
    scope = facts.gate.scope(message.channel, message.topic, message.journey).under(facts.reading)
    if scope.windows is not None:
        if scope.zoned and not facts.zone_known:
            return _zone_objection(scope)
        wall = facts.zone.wall(facts.now)
        if scope.windows.covers(wall):
            return _quiet_objection(scope, wall, facts.zone)
    for cap in scope.caps:
        if len(uses(cap, message, facts, facts.now)) >= cap.limit:
            return _cap_objection(cap, message, facts)
    return None


def _zone_objection(scope: Scope) -> Verdict:
    rule = next((rule for rule in scope.zoned if rule.if_zone_unknown == "skip"), scope.zoned[0])
    action: Literal["hold", "drop"] = "drop" if rule.if_zone_unknown == "skip" else "hold"
    return Verdict(action, "zone_unknown", None, {"rule": rule.title}, "zone_unknown")


def _quiet_objection(scope: Scope, wall: int, zone: Zone) -> Verdict:
    rule = next(rule for rule in scope.quiet if rule.windows.covers(wall))
    local = naive_of(wall).isoformat(sep=" ", timespec="minutes")
    title = local[:10] if wall // DAY in rule.dates else rule.title
    detail = {"rule": title, "zone": zone.name, "local": local}
    return Verdict("hold", "quiet_hours", None, detail, "quiet_hours")


def _cap_objection(cap: CapRule, message: Message, facts: Facts) -> Verdict:
    used = len(uses(cap, message, facts, facts.now, most=EVERY_USE))
    detail = {"rule": cap.title, "used": used, "limit": cap.limit}
    return Verdict("hold", "frequency_cap", None, detail, "frequency_cap")


def first_open(message: Message, facts: Facts, *, reserved: bool = True) -> int | None:
    """Return the first instant at or after now at which quiet hours and caps let it pass.

    None: never, or quiet for 400 days on end. With `reserved=False`, slots that are held but
    not used yet are taken as free.
    """
    scope = facts.gate.scope(message.channel, message.topic, message.journey).under(facts.reading)
    at = facts.now
    while True:
        if scope.windows is not None:
            opens = scope.windows.next_uncovered(at, facts.zone)
            if opens is None:
                return None
            at = opens
        quiet_ends = at
        for cap in scope.caps:
            if cap.limit == 0:
                return None
            used = uses(cap, message, facts, at, reserved=reserved)
            while len(used) >= cap.limit:
                at = min(cap.ends(sent, at, facts.zone) for sent in used)
                used = uses(cap, message, facts, at, reserved=reserved)
        if at == quiet_ends:
            return at
