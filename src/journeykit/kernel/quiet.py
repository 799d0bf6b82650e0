"""Does the clock let a message leave? Quiet hours, send windows and the hours of a step.

The zone is the profile's, else that of the channel's address, else the workspace's (rule T7).
Where neither of the first two is known, a rule may ask for it, or ask every zone of the
customer's country.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from journeykit.kernel.facts import Facts
from journeykit.kernel.state import Message
from journeykit.kernel.verdict import Verdict
from journeykit.machine import CapRule, QuietRule, Scope, SendHours, codes_of
from journeykit.time import DAY, Windows, Zone, first_uncovered, naive_of, zones_of


def quiet_objection(message: Message, scope: Scope, facts: Facts) -> Verdict | None:
    """Return what quiet hours and send windows object at `facts.now`, or None."""
    zone, source = facts.zone_for(message.channel)
    if source != "default":
        assert scope.windows is not None
        if scope.windows.covers(zone.wall(facts.now)):
            return _objection(scope.quiet, facts.now, zone, source)
        return None
    if scope.zoned:
        return zone_objection(scope.zoned)
    if scope.roaming_windows is not None:
        zones = _country_zones(facts)
        if not zones:
            return zone_objection(scope.roaming)
        for one in zones:
            if scope.roaming_windows.covers(one.wall(facts.now)):
                return _objection(scope.roaming, facts.now, one, "country")
    if scope.default_windows is not None and scope.default_windows.covers(zone.wall(facts.now)):
        rules = [rule for rule in scope.quiet if rule.if_zone_unknown != "every_zone"]
        return _objection(rules, facts.now, zone, source)
    return None


def hours_of(message: Message, facts: Facts) -> SendHours | None:
    """Return the hours of the `Send` step that asks for a message, if it has any."""
    known = facts.gate.send_hours
    if not known:
        return None
    run = facts.state.enrollments.get(message.enrollment)
    return None if run is None else known.get((run.journey, run.version, run.step))


def hours_objection(message: Message, hours: SendHours, facts: Facts) -> Verdict | None:
    """Return what the hours of its step object to a message at `facts.now`, or None."""
    zone, source = facts.zone_for(message.channel)
    wall = zone.wall(facts.now)
    if not hours.outside.covers(wall):
        return None
    local = local_minute(wall)
    detail = {"rule": hours.title, "zone": zone.name, "zone_from": source, "local": local}
    return Verdict("hold", "send_hours", None, detail, "send_hours")


def quiet_ends(
    message: Message, scope: Scope, facts: Facts, at: int, hours: SendHours | None
) -> int | None:
    """Return the first instant from `at` on at which nothing about the clock objects, or None."""
    zone, source = facts.zone_for(message.channel)
    clocks: list[tuple[Windows, Zone]] = []
    if source == "default" and scope.roaming_windows is not None:
        clocks += [(scope.roaming_windows, one) for one in _country_zones(facts)]
        if scope.default_windows is not None:
            clocks.append((scope.default_windows, zone))
    elif scope.windows is not None:
        if hours is None:
            return scope.windows.next_uncovered(at, zone)
        clocks.append((scope.windows, zone))
    if hours is not None:
        clocks.append((hours.outside, zone))
    return first_uncovered(at, clocks)


def _country_zones(facts: Facts) -> Sequence[Zone]:
    profile = facts.reading.profile
    codes = codes_of(profile.get("country"), profile.get("region"))
    countries = sorted(code for code in codes if "-" not in code)  # two, where they contradict
    return [one for country in countries for one in zones_of(country, facts.now)]


def zone_objection(rules: Sequence[QuietRule | CapRule]) -> Verdict:
    """Return what rules object that ask for the zone of a customer whose zone is not known."""
    rule = next((rule for rule in rules if rule.if_zone_unknown == "skip"), rules[0])
    action: Literal["hold", "drop"] = "drop" if rule.if_zone_unknown == "skip" else "hold"
    return Verdict(action, "zone_unknown", None, {"rule": rule.title}, "zone_unknown")


def _objection(rules: Iterable[QuietRule], at: int, zone: Zone, source: str) -> Verdict:
    wall = zone.wall(at)
    rule = next(rule for rule in rules if rule.windows.covers(wall))
    local = local_minute(wall)
    detail = {"rule": rule.title, "zone": zone.name, "zone_from": source, "local": local}
    if wall // DAY in rule.windows.dates:
        detail["date"] = local[:10]
        if not rule.is_named:
            detail["rule"] = local[:10]
    return Verdict("hold", "quiet_hours", None, detail, "quiet_hours")


def local_minute(wall: int) -> str:
    """Return what a clock shows, as details tell it: `2026-03-02 21:30`."""
    return naive_of(wall).isoformat(sep=" ", timespec="minutes")
