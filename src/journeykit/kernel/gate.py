"""May this message go now? `judge` answers, with the reason; it changes nothing.

The order is that of rule G1: address and suppression, consent, expiry, quiet hours, caps.
What cannot pass is dropped; what passes later is held until the first instant at which
quiet hours and caps are open together.

Keeps true:
    * the answer depends on its arguments alone;
    * judged again at the instant it named, a held message is not held for the same reason,
      as long as nothing else happened in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from journeykit.kernel.state import (
    CustomerState,
    Message,
    consent_key,
    suppression_key,
)
from journeykit.machine import CapRule, GatePlan, QuietRule, Reading
from journeykit.time import DAY, Zone, local_moment, naive_of, shift

HORIZON = 400 * DAY


class Verdict(Struct, frozen=True, gc=False):
    """What the gate says: `allow`, `hold` until an instant, or `drop`.

    `until` is None for a message held for something other than time. `detail` tells the
    rule, the zone and the wall time that decided.
    """

    action: Literal["allow", "hold", "drop"]
    reason: str = ""
    until: int | None = None
    detail: dict[str, Any] = {}


ALLOW = Verdict("allow")


class Facts:
    """All that the gate may know about one customer at one instant.

    `holds_quiet` and `holds_caps` tell which objections the message waits out; the others
    do not count when the first open instant is looked for.
    """

    __slots__ = (
        "declared", "gate", "holds_caps", "holds_quiet", "now", "reading", "state", "zone",
        "zone_known",
    )  # fmt: skip

    def __init__(
        self,
        *,
        state: CustomerState,
        gate: GatePlan,
        declared: frozenset[str],
        now: int,
        zone: Zone,
        zone_known: bool,
        reading: Reading,
        holds_quiet: bool = True,
        holds_caps: bool = True,
    ) -> None:
        self.state = state
        self.gate = gate
        self.declared = declared
        self.now = now
        self.zone = zone
        self.zone_known = zone_known
        self.reading = reading
        self.holds_quiet = holds_quiet
        self.holds_caps = holds_caps


def judge(message: Message, facts: Facts) -> Verdict:
    """Say whether `message` may go at `facts.now`; change nothing."""
    refusal = _refusal(message, facts)
    if refusal is not None:
        return refusal
    if message.transactional:  # G6
        return ALLOW
    objection = _quiet_objection(message, facts)
    if objection is None:
        objection = _cap_objection(message, facts)
        if objection is None:
            return ALLOW
    if objection.action == "drop" or objection.reason == "zone_unknown":
        return objection
    return _held(message, facts, objection)


def _refusal(message: Message, facts: Facts) -> Verdict | None:
    """Return why the message must never go as things stand, or None."""
    state, channel = facts.state, message.channel
    address = state.addresses.get(channel)
    if address is None:
        if channel in facts.declared:
            return Verdict("drop", "no_address", None, {"channel": channel})
        address = state.id  # D4: where no address is declared, the customer id stands for it
    if state.suppressed:
        why = state.suppressed.get(suppression_key(channel, address))
        if why is not None:
            return Verdict("drop", "suppressed", None, {"channel": channel, "because": why})
    if not message.transactional:
        refusal = _consent_refusal(message, facts)
        if refusal is not None:
            return refusal
    if message.expires is not None and facts.now >= message.expires:
        return Verdict("drop", "expired", None, {"valid_until": message.expires})
    return None


def _consent_refusal(message: Message, facts: Facts) -> Verdict | None:
    """Rule G7: the word on the topic, else the word on the channel, else the setting."""
    consents, channel = facts.state.consents, message.channel
    if message.topic:
        record = consents.get(consent_key(channel, message.topic))
        if record is not None:
            if record.granted:
                return None
            detail = {"channel": channel, "topic": message.topic, "since": record.at}
            return Verdict("drop", "consent_withdrawn", None, detail)
    record = consents.get(channel)
    if record is not None:
        if record.granted:
            return None
        detail = {"channel": channel, "since": record.at}
        return Verdict("drop", "consent_withdrawn", None, detail)
    if facts.gate.opt_in.get(channel, True):
        return Verdict("drop", "consent_missing", None, {"channel": channel, "rule": "opt-in"})
    return None


def _covers(rule: QuietRule | CapRule, message: Message, facts: Facts) -> bool:
    if rule.channels is not None and message.channel not in rule.channels:
        return False
    if rule.topics is not None and message.topic not in rule.topics:
        return False
    return rule.guard is None or rule.guard(facts.reading)


def _quiet_rules(message: Message, facts: Facts) -> Iterator[QuietRule]:
    for rule in facts.gate.quiet:
        if _covers(rule, message, facts):
            yield rule


def _quiet_objection(message: Message, facts: Facts) -> Verdict | None:
    wall = facts.zone.wall(facts.now)
    for rule in facts.gate.quiet:
        if not _covers(rule, message, facts):
            continue
        if not facts.zone_known and rule.if_zone_unknown != "default":
            action: Any = "hold" if rule.if_zone_unknown == "hold" else "drop"
            return Verdict(action, "zone_unknown", None, {"rule": rule.title})
        if rule.windows.covers(wall):
            detail = {"rule": rule.title, "zone": facts.zone.name, "local": _clock(wall)}
            return Verdict("hold", "quiet_hours", None, detail)
    return None


def _cap_objection(message: Message, facts: Facts) -> Verdict | None:
    for cap in facts.gate.caps:
        if _caps(cap, message, facts):
            used = _used(cap, message, facts, facts.now)
            if len(used) >= cap.limit:
                detail = {"rule": cap.title, "used": len(used), "limit": cap.limit}
                return Verdict("hold", "frequency_cap", None, detail)
    return None


def _caps(cap: CapRule, message: Message, facts: Facts) -> bool:
    if cap.journeys is not None and message.journey not in cap.journeys:
        return False
    return _covers(cap, message, facts)


def _used(
    cap: CapRule, message: Message, facts: Facts, at: int, *, reserved: bool = True
) -> list[int]:
    """Return the instants that use up slots of `cap` at `at`, ascending.

    Accepted messages count from their acceptance, also those stamped later than now; those
    in the outbox hold a slot as if they were accepted now (G3). The message itself never
    counts.
    """
    found = [
        line.at
        for line in facts.state.ledger
        if not line.transactional
        and (cap.channels is None or line.channel in cap.channels)
        and (cap.topics is None or line.topic in cap.topics)
        and (cap.journeys is None or line.journey in cap.journeys)
        and line.message != message.id
    ]
    if reserved:
        found += [
            facts.now
            for other in facts.state.messages.values()
            if other.status == "released"
            and other.id != message.id
            and not other.transactional
            and (cap.channels is None or other.channel in cap.channels)
            and (cap.topics is None or other.topic in cap.topics)
            and (cap.journeys is None or other.journey in cap.journeys)
        ]
    if not found:
        return found
    if cap.span is not None:
        since = at - cap.span
        found = [instant for instant in found if instant > since]
    elif cap.calendar is not None:
        zone = facts.zone
        first = _period(cap, zone.wall(at) // DAY)
        found = [instant for instant in found if _period(cap, zone.wall(instant) // DAY) >= first]
    else:
        span, zone = cap.duration, facts.zone
        assert span is not None
        found = [instant for instant in found if at < shift(instant, span, zone)]
    found.sort()
    return found


def _period(cap: CapRule, day: int) -> int:
    """Return the first local day (number since 1970) of the calendar window around `day`."""
    if cap.calendar == "day":
        return day
    if cap.calendar == "week":
        return day - (day + 3 - cap.week_starts) % 7  # day 0, 1970-01-01, was a Thursday
    return day - naive_of(day * DAY).day + 1


def _period_after(cap: CapRule, day: int) -> int:
    if cap.calendar == "day":
        return day + 1
    if cap.calendar == "week":
        return _period(cap, day) + 7
    return _period(cap, _period(cap, day) + 32)


def _held(message: Message, facts: Facts, objection: Verdict) -> Verdict:
    """Turn an objection into a hold, or into a drop where waiting cannot help (G2, G4)."""
    until = first_open(message, facts)
    if until is None:
        return Verdict("drop", objection.reason, None, {**objection.detail, "opens": "never"})
    if message.expires is not None and until >= message.expires:
        soonest = first_open(message, facts, reserved=False)
        if soonest is None or soonest >= message.expires:
            detail = {**objection.detail, "blocked_by": objection.reason, "opens": until}
            return Verdict("drop", "expired", None, {**detail, "valid_until": message.expires})
        until = message.expires
    return Verdict("hold", objection.reason, until, objection.detail)


def first_open(message: Message, facts: Facts, *, reserved: bool = True) -> int | None:
    """Return the first instant at or after now at which quiet hours and caps let it pass.

    Only objections that the message waits out are asked. None: not within 400 days. With
    `reserved=False`, slots that are held but not used yet are taken as free.
    """
    quiet = tuple(_quiet_rules(message, facts)) if facts.holds_quiet else ()
    caps = ()
    if facts.holds_caps:
        caps = tuple(cap for cap in facts.gate.caps if _caps(cap, message, facts))
    at, end = facts.now, facts.now + HORIZON
    while at <= end:
        before = at
        for rule in quiet:
            opens = rule.windows.next_uncovered(at, facts.zone)
            if opens is None:
                return None
            at = opens
        for cap in caps:
            free = _next_free(cap, message, facts, at, reserved)
            if free is None:
                return None
            at = free
        if at == before:
            return at
    return None


def _next_free(cap: CapRule, message: Message, facts: Facts, at: int, reserved: bool) -> int | None:
    """Return the first instant at or after `at` at which `cap` has a slot, or None."""
    if cap.limit == 0:
        return None
    used = _used(cap, message, facts, at, reserved=reserved)
    if len(used) < cap.limit:
        return at
    blocking = used[len(used) - cap.limit]
    if cap.span is not None:
        return blocking + cap.span
    if cap.duration is not None:
        return max(at, shift(blocking, cap.duration, facts.zone))
    zone = facts.zone
    day = max(zone.wall(blocking), zone.wall(at)) // DAY
    opens = local_moment(_period_after(cap, day), 0, zone)
    return None if opens is None else max(at, opens)


def _clock(wall: int) -> str:
    return naive_of(wall).isoformat(sep=" ", timespec="minutes")
