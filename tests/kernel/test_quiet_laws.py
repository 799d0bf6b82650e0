"""Laws of quiet hours and send windows, against an oracle that looks at `zoneinfo` every quarter.

The strategies aim: at clock changes, at customers whose zone is known from the profile, from an
address, from nowhere, or from the country only, and at rules that begin or lapse meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from journeykit import Hours, Policy, QuietHours, SendWindow
from journeykit.errors import DefinitionError
from journeykit.kernel import CustomerState, Facts, Message, judge
from journeykit.machine import GatePlan, Reading
from journeykit.model import ClockRule
from journeykit.time import to_micros, zone, zone_names

QUARTER = timedelta(minutes=15)
SCAN = 5 * 24 * 4  # quarters
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT = "Europe/Berlin"
# (zone, an instant of change): each on a whole quarter, as everything here is.
CHANGES = (
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),  # half an hour
    ("America/Havana", "2026-03-08T05:00"),  # midnight does not exist
    ("Asia/Beirut", "2026-10-24T21:00"),  # midnight comes back
    ("Pacific/Apia", "2011-12-30T10:00"),  # a Friday that never was
    ("Antarctica/Troll", "2026-10-25T01:00"),  # two hours
    ("Africa/Casablanca", "2026-02-15T02:00"),
)
COUNTRIES = ("US", "AU", "BR", "ES", "DE", "NZ")


@dataclass
class Case:
    rules: list[ClockRule]
    now: datetime
    source: Literal["profile", "address", "default", "country"]
    zone: str
    country: str | None


# ---- the oracle


def clock_of(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def within(span: Hours | QuietHours, shown: datetime) -> bool:
    names = span.days or WEEKDAYS
    today, before = WEEKDAYS[shown.weekday()], WEEKDAYS[shown.weekday() - 1]
    now = shown.replace(tzinfo=None, fold=0) - datetime.combine(shown.date(), time())
    start, end = clock_of(span.start), clock_of(span.end)
    if start <= end:
        return today in names and start <= now < end
    return (today in names and now >= start) or (before in names and now < end)


def forbids(rule: ClockRule, shown: datetime) -> bool:
    if shown.date() in rule.dates:
        return True
    if isinstance(rule, SendWindow):
        return not any(within(hours, shown) for hours in rule.hours)
    assert isinstance(rule, QuietHours)
    return within(rule, shown)


def is_open(case: Case, instant: datetime) -> bool:
    for rule in case.rules:
        if rule.countries is not None and case.country not in rule.countries:
            continue
        if rule.valid_from is not None and instant.date() < rule.valid_from:
            continue
        if rule.valid_until is not None and instant.date() >= rule.valid_until:
            continue
        names: Sequence[str] = [case.zone]
        if case.source == "country" and rule.if_zone_unknown == "every_zone":
            assert case.country is not None
            names = zone_names(case.country)
        if any(forbids(rule, instant.astimezone(ZoneInfo(name))) for name in names):
            return False
    return True


def first_of_scan(case: Case) -> datetime | None:
    if is_open(case, case.now):
        return case.now
    passed = (case.now - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER
    start = case.now - passed + QUARTER
    instants = (start + n * QUARTER for n in range(SCAN))
    return next((instant for instant in instants if is_open(case, instant)), None)


# ---- what is drawn


clocks = st.integers(0, 95).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")
weekdays = st.none() | st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=5, unique=True)
hours = st.builds(Hours, clocks, clocks | st.just("24:00"), days=weekdays)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    place, text = draw(st.sampled_from(CHANGES))
    change = datetime.fromisoformat(text).replace(tzinfo=UTC)
    now = change + timedelta(minutes=draw(st.integers(-1600, 1600)))
    source = draw(st.sampled_from(["profile", "address", "default", "country"]))
    country = draw(st.sampled_from(COUNTRIES)) if source == "country" else draw(
        st.none() | st.sampled_from(COUNTRIES)
    )  # fmt: skip
    near = st.integers(-3, 3).map(lambda n: change.date() + timedelta(days=n))
    rules: list[ClockRule] = []
    for _ in range(draw(st.integers(1, 3))):
        ends: list[date | None] = sorted(draw(st.lists(near, max_size=2, unique=True))) or [None]
        more: dict[str, Any] = {
            "dates": draw(st.lists(near, max_size=2)),
            "countries": draw(st.none() | st.lists(st.sampled_from(COUNTRIES), min_size=2)),
            "if_zone_unknown": draw(st.sampled_from(["default", "every_zone"])),
        }
        if draw(st.booleans()):
            more["valid_from" if draw(st.booleans()) else "valid_until"] = ends[0]
        if len(ends) == 2:
            more |= {"valid_from": ends[0], "valid_until": ends[1]}
        try:
            if draw(st.booleans()):
                rules.append(SendWindow(*draw(st.lists(hours, min_size=1, max_size=3)), **more))
            else:
                span = draw(hours)
                rules.append(QuietHours(span.start, span.end, days=span.days, **more))
        except DefinitionError:  # it never opens, which is refused
            assume(False)
    known = {"profile": place, "address": place}.get(source, DEFAULT)
    if source == "default":
        for rule in rules:
            assume(rule.if_zone_unknown == "default")
    return Case(rules, now, source, known, country)


def judged(case: Case, at: datetime) -> Any:
    """Return the verdict at an instant, and the state that it was made on."""
    policy = Policy(
        consent={"sms": "opt-out"},
        quiet_hours=[rule for rule in case.rules if isinstance(rule, QuietHours)],
        windows=[rule for rule in case.rules if isinstance(rule, SendWindow)],
    )
    now = to_micros(at)
    state = CustomerState("ann", zone=case.zone if case.source == "profile" else None)
    if case.source == "address":
        state.zones = {"sms": case.zone, "email": "Asia/Tokyo"}
    reading = Reading()
    reading.now = now
    reading.zone = zone(case.zone if case.source == "profile" else DEFAULT)
    reading.profile = {} if case.country is None else {"country": case.country}
    facts = Facts(
        state=state,
        gate=GatePlan(policy),
        declared=frozenset(),
        now=now,
        zone=reading.zone,
        zone_known=case.source == "profile",
        reading=reading,
    )
    return judge(Message("own", "e", "j", "hello", "sms", now), facts)


@given(cases())
@settings(max_examples=150, deadline=None)
def test_a_message_leaves_at_the_first_instant_that_all_rules_allow(case: Case) -> None:
    """G2, T7: from hold to hold it comes to where the scan finds the first opening."""
    expected = first_of_scan(case)
    at = case.now
    try:
        verdict = judged(case, at)
    except DefinitionError:  # together they never open, which is refused
        assume(False)
        return
    while verdict.action == "hold":
        event(f"held by the zone of the {verdict.detail['zone_from']}")
        assert verdict.detail["zone_from"] in (case.source, "default")
        assert verdict.until > to_micros(at)
        at = datetime.fromtimestamp(verdict.until // 1_000_000, UTC)
        assert verdict.until % 1_000_000 == 0
        if expected is not None:
            assert at <= expected
        verdict = judged(case, at)
    if expected is not None:
        assert verdict.action == "allow"
        assert at == expected
    else:
        assert verdict.action == "drop" or at >= case.now + (SCAN - 1) * QUARTER


@given(cases())
@settings(max_examples=100, deadline=None)
def test_what_is_allowed_is_allowed_by_every_rule(case: Case) -> None:
    """G2: never inside quiet hours, never outside a window, on any clock that counts."""
    try:
        verdict = judged(case, case.now)
    except DefinitionError:
        assume(False)
        return
    assert (verdict.action == "allow") is is_open(case, case.now)
