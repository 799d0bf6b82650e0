"""Do the packs say what their sources say, and does the gate do what the packs say?"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import (
    Address,
    Always,
    Event,
    FrequencyCap,
    Hours,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Send,
    SendWindow,
    Simulation,
    Workspace,
    hours,
)
from journeykit.errors import DefinitionError
from journeykit.model import ConsentRule, RulePack
from journeykit.packs import pack, pack_names, read_pack

CHANNELS: dict[str, Any] = {"calls": ["voice"], "texts": ["sms"], "emails": ["email"]}
STATES = ["AL", "CT", "FL", "LA", "MD", "MS", "NJ", "OK", "RI", "TX"]
ZONES = {
    "FR": "Europe/Paris", "IN": "Asia/Kolkata", "CA": "America/Toronto", "DE": "Europe/Berlin",
    "US": "America/New_York",
}  # fmt: skip


class Asked(Event):
    channel: str


class Person(Profile):
    email: Annotated[str | None, Address("email")] = None
    phone: Annotated[str | None, Address("sms")] = None
    line: Annotated[str | None, Address("voice")] = None


def workspace(*packs: RulePack, **more: Any) -> Workspace:
    journeys = [
        Journey(
            f"by_{channel}",
            entry=On(Asked, where=Asked.channel == channel),
            reentry=Always(),
            steps=[Send(f"offer_{channel}", via=[channel])],
        )
        for channel in ("voice", "sms", "email")
    ]
    policy: dict[str, Any] = {
        "consent": {"voice": "opt-out", "sms": "opt-out", "email": "opt-out"},
        "packs": packs,
        **more,
    }
    return Workspace(journeys=journeys, timezone="UTC", profile=Person, policy=Policy(**policy))


EVERY = tuple(pack(name, **CHANNELS) for name in pack_names())
app = workspace(*EVERY)


def ask(where: str, at: str, channel: str, *, consent: bool = True, app: Workspace = app) -> str:
    """Return what becomes of one message at a local time: `sent`, or the reason and the rule."""
    country, _, _ = where.partition("-")
    told: dict[str, Any] = {"email": "a@x.test", "phone": "1", "line": "2", "country": country}
    told |= (
        {"region": where, "timezone": ZONES[country]}
        if "-" in where
        else {"timezone": ZONES[country]}
    )
    sim = Simulation(app, at=at, tz=ZONES[country])
    ann = sim.customer("ann", told, consent=["voice", "sms", "email"] if consent else [])
    ann.track(Asked(channel=channel))
    if ann.received:
        return "sent"
    line = next(line for line in reversed(list(ann.timeline)) if line.kind in ("hold", "drop"))
    return f"{line.reason}"


# ---- what they say


def test_every_rule_has_its_source_and_its_day() -> None:
    ids = [rule.id for one in EVERY for rule in one.rules]
    assert len(ids) == len(set(ids)), "an id stands for one rule"
    for one in EVERY:
        assert one.title
        for rule in one.rules:
            assert rule.source.text
            assert rule.source.read >= date(2026, 11, 1)
            dated = rule.source.valid_from is not None
            assert dated or not rule.source.checked, f"{rule.id}: checked, and yet without a date"
            if rule.made is not None:
                assert rule.made.name == rule.id, "reasons show the id"
                assert rule.made.valid_from == rule.source.valid_from


def test_nothing_of_the_data_is_left_out() -> None:
    for name in pack_names():
        data = json.loads(files("journeykit.packs").joinpath(f"{name}.json").read_text("utf-8"))
        assert data["name"] == name
        assert [row["id"] for row in data["rules"]] == [r.id for r in pack(name, **CHANNELS).rules]
        known = {
            "id", "countries", "media", "hours", "holidays", "limit", "hours_long", "days_long",
            "consent", "duty", "valid_from", "checked", "source", "url", "note",
        }  # fmt: skip
        for row in data["rules"]:
            assert set(row) <= known, "a misspelt key would be a rule that nobody applies"


@pytest.mark.parametrize(
    ("where", "at", "channel", "wanted"),
    [
        # 47 CFR 64.1200(c)(1): 08-21
        ("US-VT", "2026-03-03 07:59", "voice", "quiet_hours"),
        ("US-VT", "2026-03-03 08:00", "voice", "sent"),
        ("US-VT", "2026-03-03 20:59", "sms", "sent"),
        ("US-VT", "2026-03-03 21:00", "sms", "quiet_hours"),
        ("US-VT", "2026-03-03 03:00", "email", "sent"),
        # Fla. Stat. 501.616(6): 08-20
        ("US-FL", "2026-03-03 19:59", "sms", "sent"),
        ("US-FL", "2026-03-03 20:00", "sms", "quiet_hours"),
        # in force since 2021-07-01 only
        ("US-FL", "2021-06-29 20:30", "sms", "sent"),  # days begin at midnight UTC
        ("US-FL", "2021-07-01 20:30", "sms", "quiet_hours"),
        # Connecticut 09-20, Maryland, New Jersey, Oklahoma 08-20
        ("US-CT", "2026-03-03 08:59", "voice", "quiet_hours"),
        ("US-CT", "2026-03-03 09:00", "voice", "sent"),
        ("US-MD", "2026-03-03 20:00", "voice", "quiet_hours"),
        ("US-NJ", "2026-03-03 20:00", "voice", "quiet_hours"),
        ("US-OK", "2026-03-03 20:00", "voice", "quiet_hours"),
        ("US-OK", "2026-03-03 19:59", "voice", "sent"),
        # Rhode Island 09-18, weekends 10-17, no legal holidays
        ("US-RI", "2026-03-03 17:59", "voice", "sent"),
        ("US-RI", "2026-03-03 18:00", "voice", "quiet_hours"),
        ("US-RI", "2026-03-07 09:59", "voice", "quiet_hours"),
        ("US-RI", "2026-03-07 10:00", "voice", "sent"),
        ("US-RI", "2026-03-07 17:00", "voice", "quiet_hours"),
        ("US-RI", "2026-12-25 12:00", "voice", "quiet_hours"),
        # Texas: Sunday 12-21, else 09-21
        ("US-TX", "2026-03-08 11:59", "sms", "quiet_hours"),
        ("US-TX", "2026-03-08 12:00", "sms", "sent"),
        ("US-TX", "2026-03-07 20:59", "sms", "sent"),
        ("US-TX", "2025-08-31 10:00", "sms", "sent"),
        ("US-TX", "2025-08-31 10:00", "voice", "quiet_hours"),
        # Alabama, Louisiana, Mississippi: no Sundays
        *[(f"US-{s}", "2026-03-08 12:00", "voice", "quiet_hours") for s in ("AL", "LA", "MS")],
        *[(f"US-{s}", "2026-03-07 12:00", "voice", "sent") for s in ("AL", "LA", "MS")],
        # the CRTC's rules: weekdays 09:00-21:30, weekends 10-18; calls only
        ("CA", "2026-03-03 21:29", "voice", "sent"),
        ("CA", "2026-03-03 21:30", "voice", "quiet_hours"),
        ("CA", "2026-03-07 09:30", "voice", "quiet_hours"),
        ("CA", "2026-03-07 17:59", "voice", "sent"),
        ("CA", "2026-03-07 18:00", "voice", "quiet_hours"),
        ("CA", "2026-03-07 23:00", "sms", "sent"),
        # France: calls Mon-Fri 10-13 and 14-20, no holidays
        ("FR", "2026-03-03 12:59", "voice", "sent"),
        ("FR", "2026-03-03 13:00", "voice", "quiet_hours"),
        ("FR", "2026-03-03 14:00", "voice", "sent"),
        ("FR", "2026-03-03 20:00", "voice", "quiet_hours"),
        ("FR", "2026-03-07 12:00", "voice", "quiet_hours"),
        ("FR", "2026-07-14 12:00", "voice", "quiet_hours"),
        # texts: not 20-08, no Sundays, no holidays
        ("FR", "2026-03-07 19:59", "sms", "sent"),
        ("FR", "2026-03-07 20:00", "sms", "quiet_hours"),
        ("FR", "2026-03-08 12:00", "sms", "quiet_hours"),
        ("FR", "2026-05-01 12:00", "sms", "quiet_hours"),
        # India: 10-21
        ("IN", "2026-03-03 09:59", "sms", "quiet_hours"),
        ("IN", "2026-03-03 10:00", "sms", "sent"),
        ("IN", "2026-03-03 21:00", "sms", "quiet_hours"),
    ],
)
def test_hours(where: str, at: str, channel: str, wanted: str) -> None:
    assert ask(where, at, channel) == wanted


@pytest.mark.parametrize(
    ("where", "at", "channel", "wanted"),
    [
        ("DE", "2026-03-03 12:00", "email", "consent_missing"),
        ("DE", "2026-03-03 12:00", "sms", "consent_missing"),
        ("DE", "2026-03-03 12:00", "voice", "sent"),
        ("CA", "2026-03-03 12:00", "email", "consent_missing"),
        ("US", "2026-03-03 12:00", "email", "sent"),
        ("FR", "2026-08-10 12:00", "voice", "sent"),  # opt-in for calls since 2026-08-11
        ("FR", "2026-08-11 12:00", "voice", "consent_missing"),
        ("IN", "2026-03-03 12:00", "sms", "consent_missing"),
    ],
)
def test_consent(where: str, at: str, channel: str, wanted: str) -> None:
    assert ask(where, at, channel, consent=False) == wanted


@pytest.mark.parametrize(
    ("where", "channel", "limit"), [("US-FL", "sms", 3), ("US-MD", "sms", 3), ("US-OK", "voice", 3)]
)
def test_caps(where: str, channel: str, limit: int) -> None:
    sim = Simulation(app, at="2026-03-03 10:00", tz=ZONES["US"])
    ann = sim.customer(
        "ann",
        {"phone": "1", "line": "2", "region": where, "country": "US", "timezone": ZONES["US"]},
        consent=["sms", "voice"],
    )
    for _ in range(limit + 1):
        ann.track(Asked(channel=channel))
        sim.advance(timedelta(minutes=5))
    assert len(ann.received) == limit
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    sim.advance_to("2026-03-04 10:05")
    assert len(ann.received) == limit + 1


def test_four_calls_in_thirty_days_in_france() -> None:
    sim = Simulation(app, at="2026-03-03 10:00", tz=ZONES["FR"])
    told = {"line": "2", "country": "FR", "timezone": ZONES["FR"]}
    ann = sim.customer("ann", told, consent=["voice"])
    for _ in range(5):
        ann.track(Asked(channel="voice"))
        sim.advance(timedelta(minutes=5))
    assert len(ann.received) == 4
    (held,) = ann.held
    assert held.until == datetime(2026, 4, 2, 8, 0, tzinfo=UTC), "30 days by the clock in Paris"


# ---- the most restrictive wins


def _clock(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


@given(
    where=st.sampled_from(["US", *(f"US-{state}" for state in STATES), "US-VT"]),
    minute=st.integers(0, 7 * 1440 - 1)
    | st.sampled_from([8 * 60, 20 * 60, 21 * 60, 6 * 1440 + 720]),
    channel=st.sampled_from(["voice", "sms"]),
)
def test_a_message_leaves_only_where_every_rule_allows_it(
    where: str, minute: int, channel: str
) -> None:
    """Read off the data, by another way than the gate's."""
    monday = datetime(2026, 3, 2)  # a week without holidays, in which no clock changes
    at = monday + timedelta(minutes=minute)
    medium = "calls" if channel == "voice" else "texts"
    day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][at.weekday()]
    clock = at.hour * 60 + at.minute
    allowed = True
    for name in ("us-federal", "us-states"):
        data = json.loads(files("journeykit.packs").joinpath(f"{name}.json").read_text("utf-8"))
        for row in data["rules"]:
            concerned = where in row["countries"] or "US" in row["countries"]
            concerned = concerned or where == "US"  # the state is not known: each may be it
            if "hours" in row and medium in row["media"] and concerned:
                allowed &= any(
                    _clock(start) <= clock < _clock(end) and (not days or day in days)
                    for start, end, *days in row["hours"]
                )
    assert (ask(where, f"{at:%Y-%m-%d %H:%M}", channel) == "sent") is allowed


def test_what_an_unknown_state_means_is_a_choice() -> None:
    lenient = workspace(
        *(
            pack(f"us-{which}", **CHANNELS, if_region_unknown="country")
            for which in ("federal", "states")
        )
    )
    assert ask("US", "2026-03-03 20:30", "sms") == "quiet_hours", "the strictest: it may be Florida"
    assert ask("US", "2026-03-03 20:30", "sms", app=lenient) == "sent"
    assert ask("US-FL", "2026-03-03 20:30", "sms", app=lenient) == "quiet_hours"


def test_own_rules_and_packs_hold_together() -> None:
    own = workspace(*EVERY, quiet_hours=[QuietHours("12:00", "13:00")])
    assert ask("US-FL", "2026-03-03 12:30", "sms", app=own) == "quiet_hours"
    assert ask("US-FL", "2026-03-03 20:30", "sms", app=own) == "quiet_hours"
    assert ask("US-FL", "2026-03-03 13:00", "sms", app=own) == "sent"


# ---- overriding


def test_a_rule_can_be_left_out_or_replaced() -> None:
    states = pack("us-states", **CHANNELS)
    without = workspace(states.without("us-fl/hours", "us-fl/cap"))
    assert ask("US-FL", "2026-03-03 20:30", "sms", app=without) == "sent"
    later = SendWindow(Hours("08:00", "20:45"), countries=["US-FL"], name="us-fl/hours")
    replaced = workspace(states.replacing("us-fl/hours", later))
    assert ask("US-FL", "2026-03-03 20:30", "sms", app=replaced) == "sent"
    assert ask("US-FL", "2026-03-03 20:45", "sms", app=replaced) == "quiet_hours"
    (rule,) = (r for r in replaced.policy.packs[0].rules if r.id == "us-fl/hours")
    assert rule.source.text == "Fla. Stat. 501.616(6)(a)", "the source stays"


@pytest.mark.parametrize(
    "made",
    [
        QuietHours("20:00", "08:00"),
        FrequencyCap(1, per=hours(24)),
        ConsentRule("opt-in"),
        SendWindow(Hours("09:00", "12:00")),
    ],
)
def test_any_kind_of_rule_can_take_the_place(made: Any) -> None:
    states = pack("us-states", **CHANNELS).replacing("us-fl/hours", made)
    assert next(r.made for r in states.rules if r.id == "us-fl/hours") == made


def test_a_pack_survives_json() -> None:
    again = Workspace.from_json(app.to_json(), profile=Person, events=[Asked])
    assert again.policy == app.policy
    assert ask("US-FL", "2026-03-03 20:30", "sms", app=again) == "quiet_hours"


def test_the_duties_are_the_rules_that_no_gate_enforces() -> None:
    france = pack("france", calls=["voice"])
    assert [rule.id for rule in france.duties] == ["fr/calls-refusal"]
    assert all((rule in france.duties) is (rule.made is None) for rule in france.rules)


def test_a_pack_reads_like_a_table() -> None:
    text = str(pack("france", **CHANNELS))
    assert "fr/calls-hours" in text
    assert "since 2023-03-01; read 2026-11-24, checked" in text
    assert "undated; read 2026-11-24, not checked at its source" in text


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, "09:00-12:00 by"),
        (["Tuesday", "monday", "wed"], "09:00-12:00 mon-wed by"),
        (["sun", "fri", "FRI"], "09:00-12:00 fri,sun by"),
        (["mon", "wed", "fri"], "09:00-12:00 mon,wed,fri by"),
        (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "09:00-12:00 by"),
    ],
)
def test_days_read_alike_however_they_are_written(days: list[str] | None, words: str) -> None:
    made = SendWindow(Hours("09:00", "12:00", days=days), channels=["sms"])
    assert words in str(pack("france", texts=["sms"]).replacing("fr/texts-hours", made))


# ---- refusals


def own(**options: Any) -> RulePack:
    """A pack of one rule about texts and calls, with some options of it changed."""
    row = {"id": "a", "media": ["texts"], "hours": [["08:00", "12:00"]], "source": "s"}
    row |= {"checked": True, **options}
    rows = [{option: value for option, value in row.items() if value is not None}]
    return read_pack({"name": "own", "read": "2026-01-01", "rules": rows}, texts=["sms"])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pack("us-state", **CHANNELS), ["us-state", "did you mean 'us-states'?"]),
        (lambda: pack("france"), ["no channel is given", "texts=['sms']"]),
        (lambda: pack("france", calls=["voice"], if_region_unknown="x"), ["'x'", "strictest"]),
        (lambda: pack("france", **CHANNELS).without("fr/x"), ["fr/x", "fr/calls-hours"]),
        (lambda: pack("france", **CHANNELS).replacing("fr/x", QuietHours("01:00", "02:00")), ["fr/x"]),
        (lambda: read_pack({"name": "own", "read": "2026-01-01"}, calls=["voice"]), ["'rules'"]),
        (
            lambda: read_pack(
                {
                    "name": "own", "read": "2026-01-01",
                    "rules": [{"id": "a", "media": ["fax"], "hours": [], "source": "s"}],
                },
                calls=["voice"],
            ),
            ["own", "'fax'"],
        ),
        (lambda: own(holiday=["FR"]), ["'own' › a", "hours has no use for holiday"]),
        (lambda: own(limit=3, days_long=1), ["hours and limit of hours"]),
        (lambda: own(hours=None), ["none of hours, limit, consent, duty"]),
        (lambda: own(hours=None, limit=3, days_long=1, hours_long=1), ["both"]),
        (lambda: own(media=["calls"], holiday=["FR"]), ["has no use for holiday"]),
        (lambda: read_pack([], texts=["sms"]), ["no mapping but list"]),  # type: ignore[arg-type]
        (lambda: pack("france", texts="sms"), ["texts", "must be a list", "texts=['sms']"]),
        (lambda: pack("bulk-senders", texts=["sms"]), ["none of its rules", "about emails"]),
    ],
)  # fmt: skip
def test_refusals(make: Any, words: list[str]) -> None:
    with pytest.raises(DefinitionError) as refused:
        make()
    for word in words:
        assert word in str(refused.value)


def test_packs_that_contradict_a_rule_of_ones_own_are_refused() -> None:
    with pytest.raises(DefinitionError) as refused:
        workspace(pack("france", calls=["voice"]), quiet_hours=[QuietHours("09:00", "21:00")])
    text = str(refused.value)
    assert "fr/calls-hours" in text
    assert "'voice'" in text


def test_a_channel_of_a_pack_must_be_declared() -> None:
    with pytest.raises(DefinitionError) as refused:
        Policy(consent={"sms": "opt-in"}, packs=[pack("france", calls=["phone"])])
    assert "'phone'" in str(refused.value)


# ---- the page


def table() -> str:
    """The page of the reference, as it has to be."""
    lines = []
    for name in pack_names():
        one = pack(name, calls=["calls"], texts=["texts"], emails=["emails"])
        lines += [f"## `{name}`", "", one.title, ""]
        lines += [
            "| rule | asks for | since | source | checked | note |",
            "|---|---|---|---|---|---|",
        ]
        for rule in one.rules:
            source = rule.source
            text = f"[{source.text}]({source.url})" if source.url else source.text
            cells = (
                f"`{rule.id}`",
                rule.words,
                "not found" if source.valid_from is None else f"{source.valid_from}",
                text,
                "yes" if source.checked else "no",
                source.note,
            )
            lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
        lines.append("")
    return "\n".join(lines)


def test_the_page_shows_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "rule-packs.md").read_text()
    assert page.endswith(table()), "write what table() returns to the end of the page"
