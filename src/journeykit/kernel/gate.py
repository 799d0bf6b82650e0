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

from journeykit.kernel.facts import Facts
from journeykit.kernel.quiet import (
    hours_objection,
    hours_of,
    local_minute,
    quiet_ends,
    quiet_objection,
    zone_objection,
)
from journeykit.kernel.refusal import refusal
from journeykit.kernel.slots import fillers, uses
from journeykit.kernel.state import Message
from journeykit.kernel.verdict import ALLOW, Verdict
from journeykit.machine import CapRule, Scope


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
    if objection.reason == "zone_unknown":  # its end is no matter of time, unless a rule lapses
        return _ended_by(message, objection, facts)
    waits = facts.holds_caps if objection.reason == "frequency_cap" else facts.holds_quiet
    if not waits:
        return objection
    until = may_open(message, facts)
    if until is None and objection.reason in ("quiet_hours", "send_hours"):
        shut = _shut(message, facts)
        if shut is not None:
            if not facts.holds_caps:
                return shut
            objection = shut
    if message.expires is not None and (until is None or until >= message.expires):
        soonest = may_open(message, facts, reserved=False)
        if soonest is None or soonest >= message.expires:
            detail = {**objection.detail, "blocked_by": objection.reason, "opens": until}
            detail["valid_until"] = message.expires
            return Verdict("drop", "expired", None, detail, objection.blocked)
        until = message.expires  # a slot that is only reserved may come back in time
    if until is None:
        never = {**objection.detail, "opens": "never"}
        return Verdict("drop", objection.reason, None, never, objection.blocked)
    return Verdict("hold", objection.reason, until, objection.detail, objection.blocked)


def may_open(message: Message, facts: Facts, *, reserved: bool = True) -> int | None:
    """Return `first_open`, or sooner where a rule may not concern the customer any more.

    Nothing is open before the first rule lapses, nor from then on before the rules that stay
    are open.
    """
    scope = facts.gate.scope_of(message).under(facts.reading)
    opens = _first_open(message, scope, facts, facts.now, reserved=reserved)
    lapses = scope.lapses(facts.reading)
    if lapses is None or (opens is not None and opens <= lapses):
        return opens
    return _first_open(message, scope.staying, facts, lapses, reserved=reserved)


def _ended_by(message: Message, objection: Verdict, facts: Facts) -> Verdict:
    scope = facts.gate.scope_of(message).under(facts.reading)
    lapses = scope.lapses(facts.reading)
    if lapses is not None:
        stays = _objection(message, scope.staying, facts)
        if stays is not None and stays.reason == "zone_unknown":
            lapses = None
    ends = [end for end in (message.expires, lapses) if end is not None]
    if objection.action == "drop" or not ends:
        return objection
    return Verdict("hold", objection.reason, min(ends), objection.detail, objection.blocked)


def objection_to(message: Message, facts: Facts) -> Verdict | None:
    """Return which of quiet hours and caps objects at `facts.now`, or None (G1's order)."""
    if message.transactional:  # G6
        return None
    return _objection(message, facts.gate.scope_of(message).under(facts.reading), facts)


def _objection(message: Message, scope: Scope, facts: Facts) -> Verdict | None:
    if scope.windows is not None:
        objection = quiet_objection(message, scope, facts)
        if objection is not None:
            return objection
    hours = hours_of(message, facts)
    if hours is not None:
        objection = hours_objection(message, hours, facts)
        if objection is not None:
            return objection
    if scope.zoned_caps and facts.zone_for(message.channel)[1] == "default":
        return zone_objection(scope.zoned_caps)
    for cap in scope.caps:
        if fillers(cap, message, facts, facts.now) is not None:
            return _cap_objection(cap, message, facts)
    return None


def _shut(message: Message, facts: Facts) -> Verdict | None:
    """Return the objection of a cap that never has a slot, its limit being zero, or None."""
    for cap in facts.gate.scope_of(message).under(facts.reading).caps:
        if cap.limit_for(facts.reading) == 0:
            return _cap_objection(cap, message, facts)
    return None


def _cap_objection(cap: CapRule, message: Message, facts: Facts) -> Verdict:
    limit = cap.limit_for(facts.reading)
    zone, source = facts.zone_for(message.channel)
    detail = {
        "rule": cap.title, "used": len(uses(cap, message, facts, facts.now)), "limit": limit,
        "zone": zone.name, "zone_from": source, "local": local_minute(zone.wall(facts.now)),
    }  # fmt: skip
    if limit < cap.limit:
        detail["whose"] = "customer"
    return Verdict("hold", "frequency_cap", None, detail, "frequency_cap")


def first_open(message: Message, facts: Facts, *, reserved: bool = True) -> int | None:
    """Return the first instant at or after now at which quiet hours and caps let it pass.

    None: never, or quiet for 400 days on end. With `reserved=False`, slots that are held but
    not used yet are taken as free.
    """
    scope = facts.gate.scope_of(message).under(facts.reading)
    return _first_open(message, scope, facts, facts.now, reserved=reserved)


def _first_open(
    message: Message, scope: Scope, facts: Facts, at: int, *, reserved: bool
) -> int | None:
    zone, _ = facts.zone_for(message.channel)
    hours = hours_of(message, facts)
    while True:
        if scope.windows is not None or hours is not None:
            opens = quiet_ends(message, scope, facts, at, hours)
            if opens is None:
                return None
            at = opens
        quiet_until = at
        for cap in scope.caps:
            while (used := fillers(cap, message, facts, at, reserved=reserved)) is not None:
                if not used:  # the limit is zero
                    return None
                at = cap.first_end(used, at, zone)
        if at == quiet_until:
            return at
