"""Laws of the gate, against an oracle that knows `datetime` and `zoneinfo` and nothing of ours.

The strategies aim: at clock changes, at the edges of windows, at messages of one instant.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from journeykit import (
    Always,
    Event,
    FrequencyCap,
    Journey,
    MinimumGap,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    Simulation,
    Workspace,
    days,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import (
    CustomerState,
    Delivered,
    Facts,
    Message,
    first_open,
    judge,
    reasons,
)
from journeykit.kernel import journal as j
from journeykit.machine import GatePlan, Reading
from journeykit.time import to_micros, zone

MINUTE = timedelta(minutes=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHANNELS = ("email", "sms")

# (zone, an instant of change in UTC): the kinds of trouble that there are.
CHANGES = (
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),  # half an hour
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Havana", "2026-03-08T05:00"),  # midnight does not exist
    ("America/Havana", "2026-11-01T05:00"),
    ("Asia/Beirut", "2026-10-24T21:00"),  # midnight comes back to 23:00 of the day before
    ("Africa/Cairo", "2026-10-29T21:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # a Friday that never was
    ("Antarctica/Troll", "2026-10-25T01:00"),  # two hours
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Asia/Kathmandu", "1985-12-31T18:30"),  # a quarter of an hour
)
ODD = (
    ("America/St_Johns", "2008-11-02T02:31"),  # one minute past midnight: the new date for a minute
    ("America/St_Johns", "2008-03-09T03:31"),
)


# ---- the oracle: what the contract says, word by word


def local(instant: datetime, tz: ZoneInfo) -> datetime:
    return instant.astimezone(tz)


def is_quiet(rule: QuietHours, instant: datetime, tz: ZoneInfo) -> bool:
    shown = local(instant, tz)
    if shown.date() in rule.dates:
        return True
    names = rule.days or WEEKDAYS
    today, before = WEEKDAYS[shown.weekday()], WEEKDAYS[shown.weekday() - 1]
    now = shown.replace(tzinfo=None, fold=0) - datetime.combine(shown.date(), time())
    start, end = clock_of(rule.start), clock_of(rule.end)
    if start <= end:
        return today in names and start <= now < end
    return (today in names and now >= start) or (before in names and now < end)


def clock_of(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


Cap = FrequencyCap | MinimumGap


def window_of(cap: Cap) -> Any:
    return cap.per if isinstance(cap, FrequencyCap) else cap.span


def limit_of(cap: Cap, wish: int | None) -> int:
    if isinstance(cap, MinimumGap):
        return 1
    if cap.own_limit is None or wish is None or wish > cap.limit:
        return cap.limit
    return max(wish, 0)


def covers(cap: Cap, one: Sent) -> bool:
    return (
        (cap.channels is None or one.channel in cap.channels)
        and (cap.templates is None or one.template in cap.templates)
        and (cap.tags is None or any(tag in cap.tags for tag in one.tags))
    )


def period_of(cap: FrequencyCap, shown: date) -> date:
    if cap.per == "week":
        return shown - timedelta(days=(shown.weekday() - WEEKDAYS.index(cap.week_starts)) % 7)
    return shown.replace(day=1) if cap.per == "month" else shown


def uses_slot(cap: Cap, sent: datetime, instant: datetime, tz: ZoneInfo) -> bool:
    if sent > instant:
        return True
    window = window_of(cap)
    if isinstance(window, str):
        assert isinstance(cap, FrequencyCap)
        then, now = local(sent, tz).date(), local(instant, tz).date()
        return period_of(cap, then) == period_of(cap, now)
    if window.days:  # so many days on the wall clock
        end = local(sent, tz).replace(fold=0, tzinfo=None) + timedelta(days=window.days)
        return instant < end.replace(tzinfo=tz).astimezone(UTC)
    return sent > instant - timedelta(microseconds=window.micros)


def used_up(cap: Cap, sent: Sequence[Sent], instant: datetime, tz: ZoneInfo) -> int:
    return sum(
        covers(cap, one)
        and (cap.counts_transactional or not one.transactional)
        and uses_slot(cap, one.at, instant, tz)
        for one in sent
    )


@dataclass
class Sent:
    """A message that was accepted, or would be."""

    at: datetime
    channel: str
    transactional: bool = False
    template: str = "aaa"
    tags: tuple[str, ...] = ()


class Person(Profile):
    wish: int | None = None


def is_open(
    policy: Policy,
    message: Sent,
    sent: Sequence[Sent],
    instant: datetime,
    tz: ZoneInfo,
    wish: int | None = None,
) -> bool:
    quiet = [
        rule
        for rule in policy.quiet_hours
        if rule.channels is None or message.channel in rule.channels
    ]
    if any(is_quiet(rule, instant, tz) for rule in quiet):
        return False
    return not any(
        covers(cap, message) and used_up(cap, sent, instant, tz) >= limit_of(cap, wish)
        for cap in policy.caps
    )


# ---- strategies


def clocks(step: int, *, end: bool = False) -> st.SearchStrategy[str]:
    near_change = [0, 15, 30, 60, 90, 105, 120, 135, 150, 180, 240, 1380, 1425]
    minutes = st.sampled_from(near_change) | st.integers(0, 1439 // step).map(lambda n: n * step)
    texts = minutes.map(lambda n: f"{n // 60:02}:{n % 60:02}")
    return texts | st.just("24:00") if end else texts


@st.composite
def quiet_hours(draw: st.DrawFn, step: int, dates: Sequence[date]) -> QuietHours:
    names = draw(st.none() | st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=3))
    covered = draw(st.none() | st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=1))
    whole = draw(st.lists(st.sampled_from(dates), max_size=2)) if draw(st.booleans()) else []
    start, end = draw(clocks(step)), draw(clocks(step, end=True))
    if (start, end) == ("00:00", "24:00"):
        end = "22:00"
    return QuietHours(start, end, days=names, dates=whole, channels=covered)


@st.composite
def caps(draw: st.DrawFn, step: int, least: int = 0) -> Cap:
    elapsed = st.integers(1, 4 * 24 * 60 // step).map(lambda n: timedelta(minutes=n * step))
    per: Any = draw(
        st.sampled_from(["day", "day", "week", "month"])
        | elapsed
        | st.sampled_from([days(1), days(2)])
    )
    covered: dict[str, Any] = draw(
        st.sampled_from(
            [
                *({} for _ in range(4)),
                *({"channels": [name]} for name in CHANNELS),
                {"templates": ["aaa", "ccc"]},
                {"tags": ["promo"]},
                {"tags": ["spring", "promo"]},
                {"tags": ["spring"], "channels": ["email"]},
            ]
        )
    )
    covered["counts_transactional"] = draw(st.integers(0, 3)) == 0
    if draw(st.integers(0, 3)) == 0:
        return MinimumGap(draw(elapsed | st.just(days(1))), **covered)
    return FrequencyCap(
        draw(st.sampled_from([1, 1, 1, 2, 3] + [0] * (not least))),
        per=per,
        own_limit=draw(st.sampled_from([None, None, Person.wish])),
        week_starts=draw(st.sampled_from(WEEKDAYS)) if per == "week" else "mon",
        **covered,
    )


@dataclass
class Place:
    """A zone, and an instant near one of its changes."""

    zone: str
    now: datetime
    dates: list[date] = field(default_factory=list)

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@st.composite
def places(draw: st.DrawFn, step: int) -> Place:
    known = CHANGES if step > 1 else CHANGES + ODD
    name, text = draw(st.sampled_from(known))
    change = datetime.fromisoformat(text).replace(tzinfo=UTC)
    reach = 8 * 60 // step
    away = draw(st.integers(-reach, reach) | st.integers(-6 * reach, 6 * reach))
    now = change + away * step * MINUTE
    shown = local(now, ZoneInfo(name)).date()
    return Place(name, now, [shown + timedelta(days=n) for n in range(-1, 4)])


@st.composite
def policies(draw: st.DrawFn, place: Place, step: int, least: int = 0) -> Policy:
    quiet = draw(st.lists(quiet_hours(step, place.dates), max_size=3))
    limits = draw(st.lists(caps(step, least), max_size=3))
    try:
        return Policy(consent=dict.fromkeys(CHANNELS, "opt-out"), quiet_hours=quiet, caps=limits)
    except DefinitionError:  # together they are never open
        return Policy(consent=dict.fromkeys(CHANNELS, "opt-out"), caps=limits)


# ---- one message and its history


@dataclass
class Case:
    place: Place
    policy: Policy
    ledger: list[Sent]
    reserved: list[Sent]
    wish: int | None = None


KINDS = [("aaa", ()), ("bbb", ("promo",)), ("ccc", ("spring", "promo")), ("ddd", ("spring",))]


@st.composite
def kinds(draw: st.DrawFn, at: datetime, transactional: bool) -> Sent:
    template, tags = draw(st.sampled_from(KINDS))
    return Sent(at, draw(st.sampled_from(["email", *CHANNELS])), transactional, template, tags)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    place = draw(places(1))
    policy = draw(policies(place, 1))
    # Exactly at the edges of windows as well: whole days, and spans of the caps, ago.
    windows = [window_of(cap) for cap in policy.caps]
    edges = [-(span.micros // 60_000_000) for span in windows if not isinstance(span, str)]
    edges += [0, -1, -1440, -2880, 30]
    ages = st.sampled_from(edges) | st.integers(-5 * 1440, 600)
    ledger = [
        draw(kinds(place.now + age * MINUTE, not age % 7))
        for age in sorted(draw(st.lists(ages, max_size=6)))
    ]
    reserved = draw(st.lists(st.booleans().flatmap(lambda t: kinds(place.now, t)), max_size=2))
    wish = draw(st.sampled_from([None, None, -1, 0, 1, 1, 2, 9]))
    return Case(place, policy, ledger, reserved, wish)


def asked(case: Case, now: datetime) -> tuple[Message, Facts]:
    state = CustomerState("ann")
    at = to_micros(now)
    for number, one in enumerate(case.ledger):
        line = Delivered(
            to_micros(one.at), f"m{number}", one.channel, "j", "", one.transactional,
            one.template, one.tags,
        )  # fmt: skip
        state.ledger.append(line)
    for number, other in enumerate(case.reserved):
        waiting = Message(
            f"r{number}", "e", "j", other.template, other.channel, at, status="released",
            tags=other.tags, transactional=other.transactional,
        )  # fmt: skip
        state.messages[waiting.id] = waiting
    message = Message("own", "e", "j", OWN.template, OWN.channel, at, tags=OWN.tags)
    state.messages["own"] = message
    reading = Reading()
    reading.profile = {"wish": case.wish}
    facts = Facts(
        state=state,
        gate=GatePlan(case.policy),
        declared=frozenset(),
        now=at,
        zone=zone(case.place.zone),
        zone_known=True,
        reading=reading,
    )
    return message, facts


OWN = Sent(datetime(1970, 1, 1, tzinfo=UTC), "email", False, "aaa", ("promo",))


SCAN = 3 * 24 * 60


def minutes_before(count: int) -> list[int]:
    """Return minutes below `count`: all at first and at last, every seventh in between."""
    last = range(max(0, count - 30), count)
    return sorted({*range(min(count, 600)), *range(0, count, 7), *last})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_G2_G3_G4_the_first_open_instant_is_the_first(case: Case) -> None:
    """Nothing is open before it, and it is open itself; compared minute by minute."""
    now, tz = case.place.now, case.place.tz
    message, facts = asked(case, now)
    opens = first_open(message, facts)
    sent = [*case.ledger, *case.reserved]

    def oracle(instant: datetime) -> bool:
        return is_open(case.policy, OWN, sent, instant, tz, case.wish)

    verdict = judge(message, facts)
    assert (verdict.action == "allow") is oracle(now)
    if opens is None:
        event("never")
        assert verdict.action == "drop"
        assert not any(oracle(now + n * MINUTE) for n in minutes_before(SCAN))
        return
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=opens)
    assert instant >= now
    assert oracle(instant)
    assert verdict.action == "allow" or verdict.until == opens
    before = min(SCAN, (instant - now) // MINUTE)
    event(f"after {before // 360 * 6} hours")
    assert not any(oracle(now + n * MINUTE) for n in minutes_before(before))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_G4_judged_again_at_the_instant_it_named_it_goes(case: Case) -> None:
    message, facts = asked(case, case.place.now)
    case.reserved.clear()
    verdict = judge(message, facts)
    if verdict.action != "hold":
        return
    assert verdict.until is not None
    assert verdict.until > facts.now
    for other in list(facts.state.messages):
        if other != "own":
            del facts.state.messages[other]
    facts.now = verdict.until
    assert judge(message, facts).action == "allow"


def test_G3_an_entry_of_its_own_never_blocks_a_message() -> None:
    now = datetime(2026, 3, 2, 11, tzinfo=UTC)
    policy = Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(1, per="day")])
    case = Case(Place("Europe/Berlin", now), policy, [Sent(now - MINUTE, "email")], [])
    message, facts = asked(case, now)
    assert judge(message, facts).reason == "frequency_cap"
    facts.state.ledger[0].message = message.id
    assert judge(message, facts).action == "allow"


def test_the_oracle_knows_a_night() -> None:
    """The check of the check: it says what a reader would say."""
    night, tz = QuietHours("22:00", "06:00", days=["fri"]), ZoneInfo("UTC")
    friday = datetime(2026, 3, 6, tzinfo=UTC)
    shown = [is_quiet(night, friday + timedelta(hours=n), tz) for n in (5, 22, 29, 30)]
    assert shown == [False, True, True, False]
    assert calendar.day_name[friday.weekday()] == "Friday"


# ---- whole histories, through the simulation


TAGS = {"aaa": ("promo",), "bbb": ("promo", "spring"), "ddd": ("spring",)}


class Knock(Event):
    pass


class Call(Event):
    pass


class Bill(Event):
    pass


JOURNEYS = (
    Journey("aaa", entry=On(Knock), reentry=Always(),
            steps=[Send("aaa", via=["email"], tags=TAGS["aaa"])]),
    Journey("bbb", entry=On(Knock), reentry=Always(),
            steps=[Send("bbb", via=["email"], priority=1, tags=TAGS["bbb"])]),
    Journey("ccc", entry=On(Call), reentry=Always(), steps=[Send("ccc", via=["sms"])]),
    Journey("ddd", entry=On(Call), reentry=Always(),
            steps=[Send("ddd", via=["email"], tags=TAGS["ddd"])]),
    Journey("eee", entry=On(Bill), reentry=Always(),
            steps=[Send("eee", via=["email"], transactional=True)]),
)  # fmt: skip
PRIORITY = {"aaa": 0, "bbb": 1, "ccc": 0, "ddd": 0}
STEP = 15
Action = tuple[int, str]


@dataclass
class Script:
    place: Place
    policy: Policy
    actions: list[Action]
    rejected: list[bool]
    wish: int | None


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    place = draw(places(STEP))
    policy = draw(policies(place, STEP, least=1))
    gaps = st.sampled_from([0, 0, 0, 1, 2, 4, 16, 48, 96]) | st.integers(0, 96)
    kinds = st.sampled_from(["knock", "call"]) | st.sampled_from(
        [
            "bill",
            "withdraw",
            "grant",
            "move",
            "home",
            "look",
            "wish 0",
            "wish 1",
            "wish 2",
            "wish 9",
        ]
    )
    actions = draw(st.lists(st.tuples(gaps, kinds), min_size=2, max_size=10))
    rejected = draw(st.lists(st.booleans(), max_size=3))
    return Script(place, policy, actions, rejected, draw(st.sampled_from([None, None, 1, 2])))


class Told:
    """What was done, kept beside the simulation: zones and words of consent, by instant."""

    def __init__(self, script: Script) -> None:
        self.script = script
        workspace = Workspace(
            journeys=list(JOURNEYS), profile=Person, timezone="UTC", policy=script.policy
        )
        self.sim = Simulation(workspace, at=script.place.now, tz=script.place.zone)
        self.ann = self.sim.customer("ann", {"wish": script.wish})
        self.wishes = [(script.place.now, script.wish)]
        self.zones = [(script.place.now, script.place.zone)]
        self.words = {name: [(script.place.now, True)] for name in CHANNELS}
        for refused in script.rejected:
            answer: Any = (
                Rejected("no", dead_address=False)
                if refused
                else Retry(after=timedelta(minutes=STEP * 3))
            )
            self.sim.channel("email").answer(answer)

    def play(self) -> None:
        for gap, kind in self.script.actions:
            self.sim.advance(gap * STEP * MINUTE)
            now = self.sim.now.astimezone(UTC)
            if kind in ("knock", "call", "bill"):
                self.ann.track(kind)
            elif kind in ("withdraw", "grant"):
                granted = kind == "grant"
                (self.ann.grant if granted else self.ann.withdraw)("email")
                self.words["email"].append((now, granted))
            elif kind == "look":
                self.sim.settle()
            elif kind.startswith("wish"):
                wish = int(kind[-1])
                self.ann.tell({"wish": wish})
                self.wishes.append((now, wish))
            else:
                name = "Asia/Tokyo" if kind == "move" else self.script.place.zone
                self.ann.tell({"timezone": name})
                self.zones.append((now, name))

    def zone_at(self, instant: datetime) -> ZoneInfo:
        return ZoneInfo([name for at, name in self.zones if at <= instant][-1])

    def wish_at(self, instant: datetime) -> int | None:
        return [wish for at, wish in self.wishes if at <= instant][-1]

    def most(self, cap: Cap, instant: datetime) -> int:
        """What of one instant came first, the wish or the message, is all the same."""
        wishes = {wish for at, wish in self.wishes if at == instant}
        before = [wish for at, wish in self.wishes if at < instant][-1:]
        return max(limit_of(cap, wish) for wish in (*wishes, *before))

    def may(self, channel: str, instant: datetime) -> bool:
        return [word for at, word in self.words[channel] if at <= instant][-1]

    def accepted(self) -> list[Sent]:
        return [
            Sent(m.at, m.channel, m.template == "eee", m.template, TAGS.get(m.template, ()))
            for m in self.sim.accepted("ann")
        ]


LAWS = settings(
    max_examples=70, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@LAWS
@given(scripts())
def test_no_hand_over_is_ever_against_the_policy(script: Script) -> None:
    """Never in quiet hours, never over a cap, never after a withdrawal; nothing waits for ever."""
    told = Told(script)
    told.play()
    told.sim.advance(timedelta(days=900))  # a message a month is the least
    for entry in told.sim.runner.journal("ann"):
        if isinstance(entry, j.Held | j.Dropped | j.Rerouted):
            known = {j.Held: reasons.HELD, j.Dropped: reasons.DROPPED, j.Rerouted: reasons.REROUTED}
            assert entry.reason in known[type(entry)]
    assert not told.ann.held
    assert not told.ann.enrollments
    policy = script.policy
    for channel in told.sim.channels.values():
        for message in channel.handed_over:
            if message.template == "eee":
                continue
            tz = told.zone_at(message.at)
            covering = [
                q for q in policy.quiet_hours if q.channels is None or message.channel in q.channels
            ]
            assert not any(is_quiet(rule, message.at, tz) for rule in covering)
            assert told.may(message.channel, message.at)
    taken = told.accepted()
    for place, one in enumerate(taken):
        if not one.transactional:
            # Of one instant, any order will do; none may be one too many.
            tz = told.zone_at(one.at)
            for cap in policy.caps:
                if covers(cap, one):
                    assert used_up(cap, taken[:place], one.at, tz) < told.most(cap, one.at)
    event(f"{len(taken)} sent")


@LAWS
@given(scripts())
def test_a_held_message_leaves_at_the_first_open_instant_and_the_first_in_order(
    script: Script,
) -> None:
    """At each quarter of an hour at which a message waits, the gate is closed for it.

    Closed by what had been sent up to and including that instant, of which nothing ranks
    behind the message that waits.
    """
    script.rejected = []
    told = Told(script)
    told.play()
    told.sim.advance(timedelta(days=900))  # a message a month is the least
    decided, left, places = {}, {}, {}
    for place, entry in enumerate(told.sim.runner.journal("ann")):
        kind = type(entry).__name__
        if kind == "Decided":
            decided[entry.message] = entry
            places[entry.message] = place
        elif kind in ("Answered", "Dropped"):
            left[entry.message] = entry.at
            places[entry.message, "left"] = place
    waits = {
        key: (entry, instant_of(entry.at), instant_of(left[key]))
        for key, entry in decided.items()
        if not entry.transactional
    }
    by_key = {m.key: m for m in told.sim.accepted("ann")}
    everything = told.accepted()
    for key, (entry, since, until) in waits.items():
        steps = (until - since) // (STEP * MINUTE)
        for step in {*range(min(steps, SCAN // STEP)), *range(max(0, steps - 50), steps)}:
            instant = since + step * STEP * MINUTE
            sent = [one for one in everything if one.at <= instant]
            tz, wish = told.zone_at(instant), told.wish_at(instant)
            assert not is_open(script.policy, sent_of(entry), sent, instant, tz, wish), entry
        for other_key, other in by_key.items():
            if other_key not in waits or places[other_key, "left"] < places[key]:
                continue  # it had left before this one was decided, maybe at the same instant
            if since <= other.at < until:
                theirs = waits[other_key][0]
                if other.channel == entry.channel and are_alike(script.policy, theirs, entry):
                    assert rank(theirs) < rank(entry), "somebody less important went first"


def sent_of(entry: Any) -> Sent:
    return Sent(instant_of(entry.at), entry.channel, False, entry.template, entry.tags)


def are_alike(policy: Policy, one: Any, other: Any) -> bool:
    """Tell whether the same caps cover both."""
    return all(covers(cap, sent_of(one)) is covers(cap, sent_of(other)) for cap in policy.caps)


def rank(entry: Any) -> tuple[int, int, str, str]:
    return (-entry.priority, entry.at, entry.template, entry.enrollment)


def instant_of(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


@pytest.mark.parametrize("mode", ["whole", "odd"])
def test_G3_a_date_that_is_shown_twice_does_not_stop_the_clock(
    mode: Literal["whole", "odd"],
) -> None:
    """St. John's, 2008: at 00:01 the clock went back to 23:01 of the day before."""
    now = datetime(2008, 11, 2, 2, 30, tzinfo=UTC)  # 00:00 of November 2, for one minute
    place = Place("America/St_Johns", now + (0 if mode == "whole" else 5) * MINUTE)
    policy = Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(1, per="day")])
    case = Case(place, policy, [Sent(now - timedelta(hours=12), "email")], [])
    message, facts = asked(case, place.now)
    opens = first_open(message, facts)
    assert opens is not None
    expected = now if mode == "whole" else datetime(2008, 11, 2, 3, 30, tzinfo=UTC)
    assert instant_of(opens) == expected


@pytest.mark.parametrize(
    ("sent", "now", "action"),
    [
        # Instants of 2008-11-02 in UTC; St. John's shows November 2 from 02:30 to 02:31, then
        # November 1 again, from 23:01 on, until 03:30.
        ("02:00", "02:30", "allow"),
        ("02:30", "03:00", "allow"),  # another date is shown than when it was sent
        ("02:30", "12:00", "hold"),
        ("03:00", "12:00", "allow"),  # sent on November 1, though after the first of November 2
        ("02:00", "03:00", "hold"),
    ],
)
def test_G3_calendar_windows_compare_the_dates_shown(sent: str, now: str, action: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"2008-11-02T{text}+00:00")

    policy = Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(1, per="day")])
    place = Place("America/St_Johns", at(now))
    message, facts = asked(Case(place, policy, [Sent(at(sent), "email")], []), place.now)
    assert judge(message, facts).action == action
