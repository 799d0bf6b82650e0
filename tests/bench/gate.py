"""How fast does the gate answer, against straight-line code that knows this one policy by heart?

The policy has six rules: two quiet hours and four caps, beside suppression, consent and expiry.
Each customer has 50 messages in the ledger. The limit is written below, line by line, over
integers: the zone's offsets looked up beforehand, the ledger as tuples, the windows as numbers,
every comparison that the rules ask for and nothing that they do not. It returns the reason and
the instant; `judge` also says which rule it was, what the clock showed and what was counted.

First outside quiet hours, where the message may go; then within, where the first instant must
be found at which quiet hours and caps are open together. Both must agree on every answer.

Last: what a preview of 30 days costs, in calls of `judge` on the same customers outside quiet
hours: three runs that send nine messages among them, from the stored document to the entries.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime
from functools import partial
from time import perf_counter
from zoneinfo import ZoneInfo

from _bench import best_of, report

from journeykit import (
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    QuietHours,
    Send,
    Wait,
    WaitFor,
    Workspace,
    days,
    hours,
)
from journeykit.kernel import (
    CustomerState,
    EventArrived,
    Facts,
    Message,
    advance,
    decode_state,
    encode_state,
    judge,
    run_ahead,
)
from journeykit.kernel.journal import Answered
from journeykit.kernel.state import ConsentRecord, Delivered
from journeykit.machine import Reading, compile_workspace
from journeykit.time import zone

DAY = 86_400_000_000
HOUR = DAY // 24
MINUTE = HOUR // 60
WEEK = 7 * DAY
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney")
MONDAY = date(2026, 3, 2)  # a week before New York changes its clocks, four before Berlin
CUSTOMERS = 64
ROUNDS = 20


class Began(Event):
    pass


class Bought(Event):
    pass


XMAS = date(2026, 12, 25)
workspace = Workspace(
    journeys=[Journey("drip", entry=On(Began), steps=[Send("news", via=["email"], topic="news")])],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-in", "sms": "opt-in"},
        quiet_hours=[
            QuietHours("21:00", "08:00"),
            QuietHours("12:00", "13:00", days=["sun"], dates=[XMAS], channels=["email"]),
        ],
        caps=[
            FrequencyCap(3, per=hours(24)),
            FrequencyCap(16, per=hours(24 * 7), channels=["email"]),
            FrequencyCap(4, per="day", channels=["email", "sms"]),
            FrequencyCap(60, per="month", topics=["news"]),
        ],
    ),
)
rules = compile_workspace(workspace)


# ---- the customers: for `judge`, and as numbers


def _instant(day: int, minute: int, name: str) -> int:
    wall = datetime(2026, 3, 2, tzinfo=ZoneInfo(name)).timestamp() * 1_000_000
    return int(wall) + day * DAY + minute * MINUTE


def customers(*, quiet: bool) -> list[tuple[Facts, int]]:
    """Return facts and instants: by day where the gate is open, or at night where it is not.

    At night a third of the customers also has a cap that ends later than the quiet hours.
    """
    found = []
    for number in range(CUSTOMERS):
        name = ZONES[number % len(ZONES)]
        minute = (21 * 60 + 5 if quiet else 14 * 60) + 7 * (number % 20)
        now = _instant(number % 5, minute, name)
        state = CustomerState(f"c{number}", zone=name, addresses={"email": f"c{number}@x.test"})
        state.consents = {"email": ConsentRecord(True, now - 90 * DAY, "form")}
        state.suppressed = {"sms:+491": "dead"}
        busy = quiet and number % 3 == 0
        ages = [(n + 1) * HOUR + number * MINUTE for n in range(3 if busy else 1)]
        ages += [26 * HOUR + n * 14 * HOUR + number * MINUTE for n in range(50 - len(ages))]
        state.ledger = [
            Delivered(
                now - age, f"m{n}", "email" if n % 4 else "sms", "drip", "news" if n % 2 else ""
            )
            for n, age in enumerate(ages)
        ][::-1]
        reading = Reading()
        reading.now, reading.zone = now, zone(name)
        facts = Facts(
            state=state, gate=rules.gate, declared=frozenset({"email"}), now=now,
            zone=zone(name), zone_known=True, reading=reading,
        )  # fmt: skip
        found.append((facts, now))
    return found


def message_at(now: int) -> Message:
    return Message("m-new", "run", "drip", "news", "email", now, "news", expires=now + 30 * DAY)


EMAIL, SMS, NEWS = 1, 2, 1
XMAS_DAY = (XMAS - date(1970, 1, 1)).days
SUNDAY_NOON, SUNDAY_ONE = 6 * DAY + 12 * HOUR, 6 * DAY + 13 * HOUR


class Numbers:
    """One customer as the straight-line code wants it."""

    __slots__ = ("consented", "dead", "declared", "floors", "ledger", "offsets", "starts")

    def __init__(self, facts: Facts, now: int) -> None:
        state = facts.state
        self.declared = dict(state.addresses)
        self.dead = dict(state.suppressed)
        self.consented = {key: record.granted for key, record in state.consents.items()}
        self.ledger = [
            (line.at, EMAIL if line.channel == "email" else SMS, NEWS if line.topic else 0)
            for line in reversed(state.ledger)
        ]
        self.starts, self.offsets = _offsets(str(state.zone), now)
        # by day number: the instants at which that day and its month begin on the local clock
        self.floors: dict[int, tuple[int, int]] = {}
        for day in range(now // DAY - 40, now // DAY + 45):
            month = day - datetime.fromtimestamp(day * 86_400, UTC).day + 1
            self.floors[day] = (self._begins(day), self._begins(month))

    def _begins(self, day: int) -> int:
        at = day * DAY - self.offsets[bisect_right(self.starts, day * DAY) - 1]
        return day * DAY - self.offsets[bisect_right(self.starts, at) - 1]


def _offsets(name: str, now: int) -> tuple[list[int], list[int]]:
    """Return when the offset changes within half a year of now, and to what."""
    info = ZoneInfo(name)
    starts: list[int] = []
    offsets: list[int] = []
    for at in range(now - 180 * DAY, now + 180 * DAY, 15 * MINUTE):
        spent = datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(info).utcoffset()
        assert spent is not None
        offset = int(spent.total_seconds()) * 1_000_000
        if not offsets or offsets[-1] != offset:
            starts.append(at)
            offsets.append(offset)
    return starts, offsets


def straight(one: Numbers, now: int, expires: int) -> tuple[str, int | None]:
    """Judge one email about news at `now`: the reason, and until when; "" where it may go."""
    address = one.declared.get("email")
    if address is None:
        return "no_address", None
    if "email:" + address in one.dead:
        return "suppressed", None
    granted = one.consented.get("email/news")
    if granted is None:
        granted = one.consented.get("email")
    if not granted:
        return "consent_missing", None
    if now >= expires:
        return "expired", None
    wall = now + one.offsets[bisect_right(one.starts, now) - 1]
    reason = ""
    if _is_quiet(wall):
        reason = "quiet_hours"
    elif _is_full(one, now, wall // DAY):
        reason = "frequency_cap"
    if not reason:
        return "", None
    until = _first_open(one, now)
    return ("expired", None) if until >= expires else (reason, until)


def _is_quiet(wall: int) -> bool:
    clock = wall % DAY
    if clock >= 21 * HOUR or clock < 8 * HOUR or wall // DAY == XMAS_DAY:
        return True
    return SUNDAY_NOON <= (wall - 4 * DAY) % WEEK < SUNDAY_ONE


def _is_full(one: Numbers, now: int, day: int) -> bool:
    """Count all four caps in one pass over the ledger, the newest first."""
    last_day, last_week = now - DAY, now - WEEK
    day_began, month_began = one.floors[day]
    in_day = in_week = today = this_month = 0
    for at, channel, topic in one.ledger:
        if at > last_week:
            if at > last_day:
                in_day += 1
                if in_day >= 3:
                    return True
            if channel == EMAIL:
                in_week += 1
                if in_week >= 16:
                    return True
            if at >= day_began:
                today += 1
                if today >= 4:
                    return True
        elif at < month_began:
            break
        if at >= month_began and topic == NEWS:
            this_month += 1
            if this_month >= 60:
                return True
    return False


def _first_open(one: Numbers, now: int) -> int:
    at = now
    while True:
        offset = one.offsets[bisect_right(one.starts, at) - 1]
        wall = at + offset
        if _is_quiet(wall):
            clock, start = wall % DAY, wall - wall % DAY
            if clock >= 21 * HOUR:
                wall = start + DAY + 8 * HOUR
            elif clock < 8 * HOUR:
                wall = start + 8 * HOUR
            elif wall // DAY == XMAS_DAY:
                wall = start + DAY + 8 * HOUR
            else:
                wall = start + 13 * HOUR
            at = wall - offset
            settled = one.offsets[bisect_right(one.starts, at) - 1]
            at = wall - settled
            continue
        if not _is_full(one, at, wall // DAY):
            return at
        at = _next_slot(one, at, wall // DAY)


def _next_slot(one: Numbers, now: int, day: int) -> int:
    """Return the first instant after `now` at which one of the full caps has a message less."""
    ends = []
    recent = [at for at, _, _ in one.ledger if at > now - DAY]
    if len(recent) >= 3:
        ends.append(min(recent) + DAY)
    week = [at for at, channel, _ in one.ledger if at > now - WEEK and channel == EMAIL]
    if len(week) >= 16:
        ends.append(min(week) + WEEK)
    began = one.floors[day][0]
    if sum(at >= began for at, _, _ in one.ledger) >= 4:
        ends.append(one.floors[day + 1][0])
    return max(ends)


# ---- the race


def agree(cases: list[tuple[Facts, int]], *, quiet: bool) -> None:
    for facts, now in cases:
        verdict = judge(message_at(now), facts)
        wanted = straight(Numbers(facts, now), now, now + 30 * DAY)
        assert (verdict.reason, verdict.until) == wanted, (facts.state.id, verdict, wanted)
        assert bool(verdict.reason) is quiet


def judged_per_second(cases: list[tuple[Message, Facts]]) -> float:
    start = perf_counter()
    for _ in range(ROUNDS):
        for message, facts in cases:
            judge(message, facts)
    return ROUNDS * len(cases) / (perf_counter() - start)


def straight_per_second(cases: list[tuple[Numbers, int, int]]) -> float:
    start = perf_counter()
    for _ in range(ROUNDS):
        for one, now, expires in cases:
            straight(one, now, expires)
    return ROUNDS * len(cases) / (perf_counter() - start)


# ---- thirty days ahead


def _drip(name: str, pauses: tuple[int, ...]) -> Journey:
    steps: list[Send | Wait] = []
    for number, pause in enumerate(pauses):
        steps.append(Send(f"{name}_{number}", via=["email"], topic="news"))
        steps.append(Wait(days(pause)))
    return Journey(name, entry=On(Began), steps=steps)


busy = Workspace(
    journeys=[
        _drip("welcome", (3, 4, 7, 14)),
        _drip("winback", (10, 10, 10)),
        Journey(
            "cart",
            entry=On(Began),
            steps=[
                Wait(hours(4)),
                Send("cart", via=["email"]),
                WaitFor(On(Bought), timeout=days(2)),
                Send("cart_again", via=["email"]),
            ],
        ),
    ],
    timezone="Europe/Berlin",
    policy=workspace.policy,
)
busy_rules = compile_workspace(busy)


def documents() -> list[tuple[bytes, int]]:
    """Return customers as stored, each with three runs open, and the instant of now."""
    found = []
    for facts, now in customers(quiet=False):
        state = decode_state(encode_state(facts.state))
        advance(busy_rules, state, [EventArrived(now, "began", {}, now, "began-1")], now)
        assert len(state.enrollments) == 3
        found.append((encode_state(state), now))
    return found


def previewed_per_second(stored: list[tuple[bytes, int]]) -> float:
    sent = 0
    start = perf_counter()
    for body, now in stored:
        ahead = run_ahead(busy_rules, decode_state(body), now, now + 30 * DAY)
        sent += sum(isinstance(entry, Answered) for entry in ahead.entries)
    took = perf_counter() - start
    assert sent >= 8 * len(stored), sent
    return len(stored) / took


def main() -> None:
    for quiet, what in ((False, "outside quiet hours"), (True, "finding the next open instant")):
        cases = customers(quiet=quiet)
        agree(cases, quiet=quiet)
        ratio, mine, limit = best_of(
            partial(judged_per_second, [(message_at(now), facts) for facts, now in cases]),
            partial(
                straight_per_second,
                [(Numbers(facts, now), now, now + 30 * DAY) for facts, now in cases],
            ),
        )
        report(
            f"`judge` with six rules and 50 ledger entries, {what}, against straight-line code",
            ratio=ratio, limit=round(limit), value=round(mine), unit="judgements per second",
            wanted=0.25,
        )  # fmt: skip
    cases = customers(quiet=False)
    ratio, mine, limit = best_of(
        partial(judged_per_second, [(message_at(now), facts) for facts, now in cases]),
        partial(previewed_per_second, documents()),
    )
    report(
        "a preview of 30 days for one customer, in calls of `judge`",
        ratio=ratio, limit=200, value=round(limit), unit="previews per second",
        judgements_per_second=round(mine),
    )  # fmt: skip


if __name__ == "__main__":
    main()
