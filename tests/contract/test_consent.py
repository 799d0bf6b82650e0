"""Consent, sentence by sentence: rule G7 of the contract, through the public API.

The shorthand of the tables: `+email` grants, `-email` withdraws, `!email` confirms, `~email`
grants for two days (implied); `+news` and so on are about the topic. Words are a minute apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from journeykit import (
    Always,
    Consent,
    ConsentRule,
    Event,
    FrequencyCap,
    Hours,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    QuietHours,
    RecordingChannel,
    Retry,
    Send,
    SendWindow,
    Simulation,
    Tokens,
    Wait,
    Workspace,
    days,
    minutes,
    months,
    years,
)
from journeykit.errors import (
    DefinitionError,
    InvalidProfileError,
    UnknownChannelError,
    UnknownTopicError,
    UsageError,
)
from journeykit.kernel import decode_entries, decode_state
from journeykit.kernel import journal as j
from journeykit.model import Step
from journeykit.runtime.calls import Flow
from journeykit.simulation import SimulatedCustomer

NIGHT = QuietHours("21:00", "08:00")


class Ping(Event):
    pass


class Bought(Event):
    pass


class Person(Profile):
    per_week: int | None = None


def play(
    *steps: Step, at: str = "2026-03-02 12:00", on: type[Event] = Ping, **policy: Any
) -> Simulation:
    policy.setdefault("consent", {"email": "opt-in", "sms": "opt-in"})
    policy.setdefault("topics", ["news", "offers"])
    workspace = Workspace(
        journeys=[Journey("j", entry=On(on), reentry=Always(), steps=list(steps))],
        profile=Person,
        timezone="Europe/Berlin",
        events=[Ping, Bought],
        policy=Policy(**policy),
    )
    sim = Simulation(workspace, at=at)
    sim.customer("ann")
    return sim


def ann_of(sim: Simulation) -> SimulatedCustomer:
    return SimulatedCustomer(sim, "ann")


def told(sim: Simulation, attributes: dict[str, Any]) -> SimulatedCustomer:
    ann = ann_of(sim)
    ann.tell(attributes)
    return ann


def say(sim: Simulation, words: str) -> None:
    ann = ann_of(sim)
    for word in words.split():
        if word[0] == "@":
            sim.advance(word[1:])
            continue
        topic = None if word[1:] == "email" else word[1:]
        match word[0]:
            case "+":
                ann.grant("email", topic=topic, source="form")
            case "~":
                ann.grant("email", topic=topic, source="purchase", lasts=days(2))
            case "!":
                ann.confirm("email", topic=topic, source="link")
            case _:
                ann.withdraw("email", topic=topic, source="page")
        sim.advance(minutes(1))


def asked(sim: Simulation) -> str:
    """Let the customer be sent something; return "" or why it did not go."""
    ann = ann_of(sim)
    ann.track(Ping())
    line = next(line for line in reversed(ann.timeline.lines) if line.kind in ("drop", "answer"))
    return "" if line.kind == "answer" else line.reason


# ---- what was said, by mode, legal basis and topic


MISSING, GONE, PENDING, OVER = (
    "consent_missing", "consent_withdrawn", "consent_unconfirmed", "consent_expired",
)  # fmt: skip
IN, OUT, DOUBLE = {"email": "opt-in"}, {"email": "opt-out"}, {"email": "double-opt-in"}
PARTNERS = {"email": "opt-out", "email/news": "opt-in"}
TWICE = {"email": "opt-in", "email/news": "double-opt-in"}
OFF_NEWS = {"email": "opt-in", "email/news": "opt-out"}

# words, modes, then what becomes of a message about nothing, and of one about news
WORDS = [
    ("", IN, MISSING, MISSING),
    ("", OUT, "", ""),
    ("", DOUBLE, MISSING, MISSING),
    # Double opt-in: a yes counts once it is confirmed, and a no ends it.
    ("+email", DOUBLE, PENDING, PENDING),
    ("+email !email", DOUBLE, "", ""),
    ("+email -email", DOUBLE, GONE, GONE),
    ("+email -email !email", DOUBLE, GONE, GONE),
    ("+email !email -email +email", DOUBLE, PENDING, PENDING),  # another yes, another link
    ("+email !email +email", DOUBLE, "", ""),  # what was confirmed stays so
    ("!email +email", DOUBLE, PENDING, PENDING),  # nobody confirms what is not there yet
    ("+news", DOUBLE, MISSING, PENDING),
    ("-email +news", DOUBLE, GONE, PENDING),
    ("-email +news !news", DOUBLE, GONE, ""),
    ("-email ~news", DOUBLE, GONE, GONE),
    ("+news !email", DOUBLE, MISSING, PENDING),  # the channel's link is not the topic's
    ("+news !news", DOUBLE, MISSING, ""),
    ("+email !email +news", DOUBLE, "", ""),  # a pending topic takes nothing away
    ("+email !email -news", DOUBLE, "", GONE),
    ("~email", DOUBLE, PENDING, PENDING),
    ("~email !email", DOUBLE, "", ""),
    ("~email !email @P2D", DOUBLE, OVER, OVER),
    ("~email !email @P2D +email", DOUBLE, PENDING, PENDING),
    # Implied consent ends; the end itself does not count.
    ("~email", IN, "", ""),
    ("~email @P1DT23H58M", IN, "", ""),
    ("~email @P1DT23H59M", IN, OVER, OVER),
    ("~email @P2D", OUT, "", ""),  # where a no is needed, silence is none
    ("~news @P2D", IN, MISSING, OVER),
    # It neither shortens nor replaces an express one, nor overrides a no; the later end counts.
    ("+email ~email @P3D", IN, "", ""),
    ("~email +email @P3D", IN, "", ""),
    ("-email ~email", IN, GONE, GONE),
    ("-news ~news", IN, MISSING, GONE),
    ("-email ~news", IN, GONE, GONE),  # the no to the channel covers it
    ("-news ~email", IN, "", GONE),
    ("~email @P1D ~email @P1DT12H", IN, "", ""),
    ("~email @P3D ~email", IN, "", ""),
    ("+email ~news @P3D", IN, "", ""),  # its end takes nothing away
    ("-email +news ~news @P3D", IN, GONE, ""),
    # One topic may have a mode of its own, where nothing was said.
    ("", PARTNERS, "", MISSING),
    ("+email", PARTNERS, "", ""),
    ("+news", PARTNERS, "", ""),
    ("-email", PARTNERS, GONE, GONE),
    ("", OFF_NEWS, MISSING, ""),
    ("-email", OFF_NEWS, GONE, GONE),
    ("+news", TWICE, MISSING, PENDING),
    ("+news !news", TWICE, MISSING, ""),
    ("+email", TWICE, "", ""),  # consent to the channel covers its topics
    # The last word wins: another yes to the channel does not bring the topic back.
    ("+email -news +email", IN, "", GONE),
    ("+email -news -email +email", IN, "", GONE),
]  # fmt: skip


@pytest.mark.parametrize(("words", "modes", "plain", "news"), WORDS)
@pytest.mark.parametrize("about", [None, "news"])
def test_G7_what_was_said_counts(
    words: str, modes: Any, plain: str, news: str, about: str | None
) -> None:
    sim = play(Send("hi", via=["email"], topic=about), consent=modes)
    say(sim, words)
    expected = plain if about is None else news
    rows = ann_of(sim).preferences
    row = rows["email/news" if about else "email"]
    assert asked(sim) == expected
    assert row.allowed is (expected == "")
    shown = {MISSING: "none", GONE: "withdrawn", PENDING: "pending", OVER: "expired"}
    assert expected == "" or row.status == shown[expected]


BASES = [  # words, mode, then what becomes of news on each legal basis
    ("", IN, {"consent": MISSING, "legitimate_interest": "", "contract": "", "legal_obligation": ""}),
    ("+news", IN, {"consent": "", "legitimate_interest": "", "contract": ""}),
    ("-news", IN, {"consent": GONE, "legitimate_interest": GONE, "contract": "", "legal_obligation": ""}),
    ("-email", OUT, {"consent": GONE, "legitimate_interest": GONE, "contract": "", "legal_obligation": ""}),
    ("-offers", OUT, {"consent": "", "legitimate_interest": ""}),
    ("-email +news", IN, {"consent": "", "legitimate_interest": ""}),  # the newer word on news
    ("+email -news", IN, {"consent": GONE, "legitimate_interest": GONE}),
    ("+email", DOUBLE, {"consent": PENDING, "legitimate_interest": "", "contract": ""}),
    ("~email @P3D", IN, {"consent": OVER, "legitimate_interest": ""}),
    ("-email +news", DOUBLE, {"consent": PENDING, "legitimate_interest": PENDING}),  # the no stands
    ("-email +news !news", DOUBLE, {"consent": "", "legitimate_interest": ""}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "modes", "basis", "expected"),
    [(words, modes, *pair) for words, modes, each in BASES for pair in each.items()],
)
def test_G7_the_legal_basis_says_who_is_asked(
    words: str, modes: Any, basis: Any, expected: str
) -> None:
    sim = play(Send("hi", via=["email"], topic="news", legal_basis=basis), consent=modes)
    say(sim, words)
    assert asked(sim) == expected
    (decided,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Decided)]
    assert decided.legal_basis == basis
    for message in sim.channel("email").handed_over:
        assert message.legal_basis == basis


@pytest.mark.parametrize("basis", ["contract", "legal_obligation"])
def test_G7_all_else_is_asked_of_a_message_that_needs_no_consent(basis: Any) -> None:
    send = Send("hi", via=["email"], legal_basis=basis)
    cap = FrequencyCap(1, per=days(7))
    sim = play(send, at="2026-03-02 22:00", quiet_hours=[NIGHT], caps=[cap])
    ann = ann_of(sim)
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["quiet_hours"]
    sim.advance_to("2026-03-03 09:00")
    assert ann.received == ["hi"]
    ann.track(Ping())
    assert [held.reason for held in ann.held] == ["frequency_cap"]
    ann.suppress("email")
    ann.track(Ping())
    assert ann.reasons("drop")[-1] == "suppressed"


def test_G6_a_transactional_message_names_no_basis_unless_one_is_given() -> None:
    cases: list[tuple[dict[str, Any], str]] = [({}, ""), ({"legal_basis": "contract"}, "contract")]
    for given_, kept in cases:
        sim = play(Send("hi", via=["email"], transactional=True, **given_))
        say(sim, "-email")
        assert asked(sim) == ""
        (decided,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Decided)]
        assert decided.legal_basis == kept
    with pytest.raises(DefinitionError, match="whatever the customer said"):
        Send("hi", via=["email"], transactional=True, legal_basis="legitimate_interest")


# ---- stricter rules


STRICTER = [  # country, region, date, words: what becomes of news under the rules below
    ("US", None, "2026-03-02", "", ""),  # opt-out
    ("FR", None, "2026-03-02", "", MISSING),
    ("fr", None, "2026-03-02", "+email", ""),
    ("DE", None, "2026-03-02", "+email", PENDING),
    ("DE", None, "2026-03-02", "+email !email", ""),
    ("US", "US-FL", "2026-03-02", "", ""),  # not before the rule counts
    ("US", "US-FL", "2026-04-02", "", MISSING),
    ("US", "US-FL", "2026-05-02", "", ""),  # and not after
    (None, None, "2026-03-02", "", ""),
]
RULES = [
    ConsentRule("opt-in", countries=["FR", "DE"], name="EU"),
    ConsentRule("double-opt-in", countries=["DE"], channels=["email"], topics=["news"]),
    ConsentRule("opt-in", countries=["US-FL"], valid_from=date(2026, 4, 1), valid_until=date(2026, 5, 1)),
    ConsentRule("double-opt-in", topics=["offers"]),
    ConsentRule("double-opt-in", where=Person.locale == "de_DE"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "region", "day", "words", "expected"), STRICTER)
def test_G7_the_stricter_mode_counts_where_a_rule_holds(
    country: str | None, region: str | None, day: str, words: str, expected: str
) -> None:
    sim = play(
        Send("hi", via=["email"], topic="news"), at=f"{day} 12:00", consent=OUT, consent_rules=RULES
    )
    told(sim, {"country": country, "region": region})
    say(sim, words)
    assert asked(sim) == expected


def test_G7_a_refusal_names_the_topic_that_has_a_mode_of_its_own() -> None:
    sim = play(
        Send("hi", via=["email"], topic="news"),
        consent={"email": "opt-out", "email/news": "opt-in"},
    )
    assert asked(sim) == MISSING
    (dropped,) = [line.text for line in sim.explain("ann") if line.kind == "drop"]
    assert "there is no consent to email (news), which is opt-in" in dropped


def test_G7_a_rule_looks_at_the_customer_of_now() -> None:
    sim = play(Send("hi", via=["email"]), consent=OUT, consent_rules=RULES)
    ann = told(sim, {"country": "US"})
    assert asked(sim) == ""
    ann.tell({"country": "FR"})
    assert asked(sim) == MISSING
    assert ann.preferences["email"].mode == "opt-in"
    (dropped,) = [line.text for line in ann.timeline if line.kind == "drop"]
    assert "there is no consent to email, which is opt-in by the rule EU" in dropped
    ann.tell({"country": "US", "locale": "de_DE"})
    ann.grant("email")
    assert asked(sim) == PENDING
    assert ann.preferences["email"].mode == "double-opt-in"


# ---- proof, and implied consent


def test_G7_proof_keeps_both_instants_and_sources() -> None:
    sim = play(Send("hi", via=["email"]), consent=DOUBLE)
    say(sim, "+email !email !email")
    row = ann_of(sim).preferences["email"]
    start = datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert (row.since, row.source) == (start, "form")
    assert (row.confirmed, row.confirmed_by) == (start + timedelta(minutes=1), "link")
    proof = ann_of(sim).view.proofs["email"]
    assert (proof.since, proof.source, proof.confirmed_by) == (start, "form", "link")
    told = [line.text for line in ann_of(sim).timeline if line.kind in ("consent", "confirm")]
    assert told == [
        "gave consent to email, source: form",
        "confirmed consent to email, source: link",
        "nothing to confirm for email, source: link",
    ]


def test_G7_an_import_may_say_that_its_consents_are_confirmed() -> None:
    sim = play(Send("hi", via=["email"], topic="news"), consent=DOUBLE)
    done = sim.runner.identify_many(
        [
            {"customer_id": "ann", "consents": ["email/news"], "source": "old", "confirmed": True},
            {"customer_id": "bob", "consents": ["email/news"], "source": "old", "confirmed": False},
            {"customer_id": "cy", "consents": ["email/news"], "confirmed": "yes"},
            {"customer_id": "dee", "consents": [], "confirmed": True},
        ]
    )
    (bad,) = done.bad
    assert bad.index == 2
    assert str(bad.error).startswith("confirmed: confirmed is True or False (got 'yes'); True ")
    row = ann_of(sim).preferences["email/news"]
    assert (row.since, row.source, row.confirmed, row.confirmed_by) == (
        sim.now.astimezone(UTC), "old", sim.now.astimezone(UTC), "old",
    )  # fmt: skip
    assert asked(sim) == ""
    assert sim.runner.preferences("bob")["email/news"].status == "pending"
    assert sim.runner.preferences("dee")["email"].status == "none"


def test_G7_an_implied_consent_that_changes_nothing_is_journaled() -> None:
    sim = play(Send("hi", via=["email"]))
    say(sim, "-email ~email")
    entries = [e for e in sim.runner.journal("ann") if isinstance(e, j.Consented)]
    assert [(e.granted, e.counts, e.source) for e in entries] == [
        (False, True, "page"), (True, False, "purchase"),
    ]  # fmt: skip
    assert "it changes nothing" in ann_of(sim).timeline.lines[-1].text


def test_G7_an_implied_consent_ends_on_the_customers_clock() -> None:
    sim = play(Send("hi", via=["email"]), at="2026-08-31 12:00")
    ann = told(sim, {"timezone": "America/New_York"})
    ann.grant("email", lasts=months(6))  # 06:00 in New York, summer time
    assert ann.preferences["email"].until == datetime(2027, 2, 28, 11, tzinfo=UTC)
    sim.advance_to(datetime(2027, 2, 28, 10, 59, tzinfo=UTC))
    assert asked(sim) == ""
    sim.advance(minutes(1))
    assert asked(sim) == OVER


def test_G7_an_implied_consent_may_not_outlive_the_calendar() -> None:
    sim = play(Send("hi", via=["email"]), at="9998-03-02 12:00")
    ann = ann_of(sim)
    ann.grant("email", lasts=years(99))
    assert ann.preferences["email"].until == datetime(9999, 12, 31, tzinfo=UTC)


def test_G7_a_journey_may_imply_consent() -> None:
    step = Consent("grant", channels=["email"], topic="news", lasts=years(2))
    sim = play(
        step,
        Send("hi", via=["email"], topic="news"),
        Wait(years(2)),
        Send("ho", via=["email"], topic="news"),
    )
    ann = ann_of(sim)
    ann.track(Ping())
    assert ann.received == ["hi"]
    row = ann.preferences["email/news"]
    assert (row.source, row.until) == ("journey j", datetime(2028, 3, 2, 11, tzinfo=UTC))
    sim.advance(years(2))
    assert (ann.received, ann.reasons("drop")) == (["hi"], [OVER])
    with pytest.raises(DefinitionError, match="a withdrawal has no end"):
        Consent("withdraw", channels=["email"], lasts=days(1))


@pytest.mark.parametrize(("until_release", "expected"), [("~email", [OVER]), ("~email +email", [])])
def test_G7_a_held_message_is_judged_when_it_would_leave(
    until_release: str, expected: list[str]
) -> None:
    closed = QuietHours("00:00", "24:00", dates=[date(2026, 3, 4)], days=["mon", "tue"])
    sim = play(Send("hi", via=["email"]), quiet_hours=[closed])
    say(sim, until_release)
    ann = ann_of(sim)
    ann.track(Ping())
    assert ann.held
    sim.advance_to("2026-03-05 09:00")
    assert ann.reasons("drop") == expected


# ---- preferences


def test_G7_preferences_can_be_rendered_and_handed_back() -> None:
    cap = FrequencyCap(3, per="week", own_limit=Person.per_week, name="a few a week")
    sim = play(Send("hi", via=["email"]), consent={"email": "opt-in", "sms": "opt-out"}, caps=[cap])
    say(sim, "+email -news")
    kit, ann = sim.runner, ann_of(sim)
    page = kit.preferences("ann")
    assert page.choices == {
        "email": True, "email/news": False, "email/offers": True,
        "sms": True, "sms/news": True, "sms/offers": True,
    }  # fmt: skip
    news = page["email/news"]
    assert (news.status, news.said_of, news.source) == ("withdrawn", "email/news", "page")
    assert (page["email/offers"].said_of, page["sms"].status) == ("email", "none")
    assert [(limit.field, limit.value, limit.caps) for limit in page.limits] == [
        ("per_week", None, ("a few a week",))
    ]
    assert kit.prefer("ann", page.choices).entries == []
    done = ann.prefer(
        {"email": True, "email/news": True, "sms": False}, limits={"per_week": 1}, source="centre"
    )
    assert [type(entry).__name__ for entry in done.entries] == [
        "Profiled",
        "Consented",
        "Consented",
    ]
    page = kit.preferences("ann")
    assert (page["sms"].status, page["sms"].source) == ("withdrawn", "centre")
    assert page["email/news"].allowed
    assert [limit.value for limit in page.limits] == [1]
    told = page.to_dict()
    assert told == json.loads(page.to_json())
    assert told["rows"][0] == {
        "key": "email", "channel": "email", "topic": None, "allowed": True, "chosen": True,
        "mode": "opt-in", "status": "granted", "said_of": "email",
        "since": "2026-03-02T11:00:00Z", "source": "form", "until": None, "confirmed": None,
        "confirmed_by": "",
    }  # fmt: skip


CHOICES = [  # what was said, what is chosen, and which words that comes to
    ("", {"email": True}, ["+email"]),
    ("-email", {"email": False, "email/news": True}, ["+news"]),
    ("", {"email": False}, []),  # no yes, and no need of a no
    ("-email", {"email": False}, []),
    ("-email", {"email": True}, ["+email"]),
    ("+email", {"email": False, "email/news": True}, ["-email", "+news"]),
    ("", {"email/news": False, "email": True}, ["+email", "-news"]),  # channels go first
    ("+email", {"email": False, "email/news": False}, ["-email"]),
    ("+email -news", {"email": True, "email/news": False}, []),
    ("~email", {"email": True}, []),
    ("~email", {"email": False}, ["-email"]),
    ("~email @P3D", {"email": True}, ["+email"]),
]


@pytest.mark.parametrize(("words", "choices", "expected"), CHOICES)
def test_G7_only_differences_become_words(
    words: str, choices: dict[str, bool], expected: Sequence[str]
) -> None:
    sim = play(Send("hi", via=["email"]))
    say(sim, words)
    done = ann_of(sim).prefer(choices)
    said = [e for e in done.entries if isinstance(e, j.Consented)]
    assert [f"{'+' if e.granted else '-'}{e.topic or e.channel}" for e in said] == expected
    assert ann_of(sim).prefer(choices).entries == []


def test_G7_a_pending_yes_shows_a_tick_and_a_no_ends_it() -> None:
    sim = play(Send("hi", via=["email"]), consent=DOUBLE)
    say(sim, "+email")
    ann = ann_of(sim)
    assert (ann.preferences["email"].chosen, ann.preferences["email"].allowed) == (True, False)
    assert ann.prefer({"email": True}).entries == []
    assert len(ann.prefer({"email": False}).entries) == 1
    assert ann.preferences["email"].status == "withdrawn"


def test_G7_a_no_on_the_page_stops_what_comes_for_want_of_one() -> None:
    sim = play(Send("hi", via=["email"], topic="news", legal_basis="legitimate_interest"))
    assert asked(sim) == ""
    ann = ann_of(sim)
    assert ann.prefer({"sms": False, "email/offers": False}).entries == []
    ann.prefer({"email": False})
    assert asked(sim) == GONE


REFUSED_CHOICES: list[tuple[Any, Any, type[Exception], str]] = [
    ({"fax": True}, None, UnknownChannelError, "fax"),
    ({"email": False, "email/nws": False}, None, UnknownTopicError, "news, offers"),
    ({"email": 1}, None, UsageError, "True or False"),
    ({"email/": False}, None, UsageError, "topic"),
    ({5: False}, None, UnknownChannelError, "5"),
    ({}, None, UsageError, "no choices"),
    ([], None, UsageError, "choices must be a mapping"),
    ({"email": False}, {"per_day": 1}, UsageError, "per_week"),
    ({"email": False}, {"per_week": "many"}, InvalidProfileError, "per_week"),
]


@pytest.mark.parametrize(("choices", "limits", "error", "words"), REFUSED_CHOICES)
def test_G7_a_page_that_is_wrong_is_refused_as_a_whole(
    choices: Any, limits: Any, error: type[Exception], words: str
) -> None:
    cap = FrequencyCap(3, per="week", own_limit=Person.per_week)
    sim = play(Send("hi", via=["email"]), caps=[cap])
    say(sim, "+email")
    before = sim.runner.journal("ann")
    with pytest.raises(error, match=words):
        ann_of(sim).prefer(choices, limits=limits)
    assert sim.runner.journal("ann") == before


# ---- replies


REPLIES = [("STOP", "stop", GONE), ("Arrêt!", "stop", GONE), ("help", "help", MISSING),
           ("stop it", None, MISSING), ("Start", "start", "")]  # fmt: skip


@pytest.mark.parametrize(("text", "keyword", "then"), REPLIES)
def test_G7_a_reply_that_is_a_keyword_acts(text: str, keyword: str | None, then: str) -> None:
    sim = play(Send("hi", via=["email"]))
    ann = ann_of(sim)
    reply = ann.reply("email", text)
    assert reply.keyword == keyword
    assert (reply.outcome is not None) is (keyword in ("stop", "start"))
    assert asked(sim) == then
    if then == GONE:
        assert (
            ann.preferences["email"].source
            == f"keyword {text.lower().strip('!').replace('ê', 'e')}"
        )
        assert ann.reply("email", "UNSTOP").keyword == "start"
        assert asked(sim) == ""


# ---- topics that there are


def test_G7_known_topics_are_those_that_have_messages_or_a_mode() -> None:
    policy = Policy(
        consent={"email": "opt-in", "email/partners": "opt-in"},
        caps=[FrequencyCap(1, per="day", topics=["sent"])],
        consent_rules=[ConsentRule("opt-in", topics=["partners"])],
    )
    shop = Workspace(
        journeys=[Journey("j", entry=On(Ping), steps=[Send("hi", via=["email"], topic="sent")])],
        timezone="UTC", policy=policy,
    )  # fmt: skip
    assert shop.topics == {"partners", "sent"}
    kit = Orchestrator(shop, store=MemoryStore(), channels={"email": RecordingChannel()})
    kit.identify("ann")
    for topic in sorted(shop.topics):
        kit.withdraw("ann", ["email"], topic=topic)
    for call in (kit.grant, kit.withdraw, kit.confirm):
        with pytest.raises(UnknownTopicError, match="partners, sent"):
            call("ann", ["email"], topic="snet")


def test_G7_the_topics_of_older_versions_stay_known() -> None:
    """The link in a mail of last month must still work."""
    store, steps = MemoryStore(), [Send("hi", via=["email"], topic="news")]

    def kit_of(version: int, steps: Sequence[Step]) -> Orchestrator:
        journey = Journey("j", version=version, entry=On(Ping), steps=list(steps))
        policy = Policy(consent={"email": "opt-out"})
        shop = Workspace(journeys=[journey], timezone="UTC", policy=policy)
        return Orchestrator(shop, store=store, channels={"email": RecordingChannel()})

    kit_of(1, steps).identify("ann")
    kit = kit_of(2, [Send("hi", via=["email"])])
    kit.withdraw("ann", ["email"], topic="news")
    assert kit.preferences("ann")["email/news"].status == "withdrawn"


SEND = Send("hi", via=["email"])
UNKNOWN: list[tuple[Any, Any, str]] = [
    ({}, Consent("withdraw", channels=["email"], topic="nws"), r"steps\[0\].*nws.*news"),
    ({}, Send("hi", via=["email"], topic="nws"), r"steps\[0\].*nws"),
    ({"caps": [FrequencyCap(1, per="day", topics=["nws"])]}, SEND, r"caps\[0\] › topics.*nws"),
    (
        {"quiet_hours": [QuietHours("01:00", "02:00", topics=["nws"])]},
        SEND,
        r"quiet_hours\[0\].*nws",
    ),
    ({"consent": {"email": "opt-in", "email/nws": "opt-in"}}, SEND, "consent.*nws"),
    ({"consent_rules": [ConsentRule("opt-in", topics=["nws"])]}, SEND, r"consent_rules\[0\].*nws"),
    (
        {"topics": None, "caps": [FrequencyCap(1, per="day", topics=["nws"])]},
        SEND,
        r"caps\[0\] › topics.*nws.*Send names its topic, or add it to Policy\(topics",
    ),
    (
        {"topics": None, "windows": [SendWindow(Hours("08:00", "20:00"), topics=["nws"])]},
        SEND,
        r"windows\[0\] › topics.*nws",
    ),
    ({"topics": None, "consent_rules": [ConsentRule("opt-in", topics=["nws"])]}, SEND, "nws"),
    ({"topics": None}, Consent("grant", channels=["email"], topic="nws"), "a Send names its topic"),
]


@pytest.mark.parametrize(("policy", "step", "words"), UNKNOWN)
def test_G7_a_topic_that_is_not_declared_is_refused(policy: Any, step: Step, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        play(step, **policy)


BAD_POLICIES: list[tuple[dict[str, Any], str]] = [
    ({"consent": {"email": "opt-maybe"}}, "opt-maybe"),
    ({"consent": {"email/news": "opt-in"}}, "its channel has none"),
    ({"consent": {"email": "opt-in", "email/": "opt-in"}}, "neither a channel nor"),
    ({"consent": {"email": "opt-in", "email/a/b": "opt-in"}}, "neither a channel nor"),
    ({"consent": {"e mail": "opt-in"}}, "neither a channel nor"),
    ({"consent": IN, "consent_rules": [ConsentRule("opt-in", channels=["fax"])]}, "'fax' is not declared"),
]  # fmt: skip


@pytest.mark.parametrize(("policy", "words"), BAD_POLICIES)
def test_G7_modes_that_make_no_sense_are_refused(policy: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        Policy(**policy)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda: ConsentRule("maybe"), "maybe"),  # type: ignore[arg-type]
        (lambda: ConsentRule("opt-out"), "does nothing.*got 'opt-out'.*be stricter"),
        (lambda: ConsentRule("opt-in", channels=[]), "covers nothing"),
        (lambda: ConsentRule("opt-in", countries=["France"]), "ISO 3166"),
        (lambda: ConsentRule("opt-in", valid_from=date(2026, 1, 2), valid_until=date(2026, 1, 2)), "never"),
        (lambda: Send("hi", via=["email"], legal_basis="whim"), "whim"),  # type: ignore[arg-type]
        (lambda: Consent("grant", channels=["email"], lasts=days(0)), "longer than zero"),
    ],
)  # fmt: skip
def test_G7_rules_that_make_no_sense_are_refused(rule: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        rule()


def test_G7_a_policy_survives_json() -> None:
    policy = Policy(consent=PARTNERS, consent_rules=RULES, topics=["news", "offers"])
    assert Policy.model_validate_json(policy.model_dump_json()) == policy


# ---- a page or a reply has the strength of a withdrawal


@pytest.mark.parametrize(
    "say_no",
    [
        lambda kit: kit.withdraw("ann", ["email"]),
        lambda kit: kit.prefer("ann", {"email": False}),
        lambda kit: kit.reply("ann", "email", "STOP"),
    ],
)
def test_G7_after_any_no_returns_no_hand_over_starts(say_no: Any) -> None:
    sim = play(Send("a", via=["email"]), Send("b", via=["email"]))
    say(sim, "+email")
    waited: list[str | None] = []
    kit: Any = sim.runner

    def waits(customer_id: str | None) -> Flow[None]:
        waited.append(customer_id)
        yield from ()

    kit._let_hands_finish = waits
    say_no(kit)
    assert waited == ["ann"]
    assert asked(sim) == GONE


# ---- never against the last word


class Oracle:
    """What a careful clerk would say, knowing only the order of the words."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.words: list[tuple[datetime, str, str, datetime | None]] = []

    def forbids(self, topic: str | None, now: datetime) -> bool:
        """Tell whether the last word that speaks about the topic is a no that stands."""
        last = "none"
        for _, what, about, _ in self.words:
            if about in ("email", topic) and what in ("+", "-"):
                if what == "+" and about == "email" and last == f"-{topic}":
                    continue  # a yes to the channel is none to the topic
                if what == "-" and about == "email" and last == f"-{topic}":
                    continue  # withdrawn on its own, it stays so
                last = f"{what}{about}"
        return last[0] == "-"

    def ever_allowed(self, topic: str | None, now: datetime) -> bool:
        """Tell whether any yes could carry a message now."""
        yes = [
            (at, what, about, until)
            for at, what, about, until in self.words
            if what in ("+", "~") and about in ("email", topic) and (until is None or now < until)
        ]
        if self.mode == "double-opt-in":
            said = {(about, at) for at, what, about, _ in self.words if what == "!"}
            return any(about == one and at <= then for at, _, about, _ in yes for one, then in said)
        return self.mode == "opt-out" or bool(yes)


MOVES = st.one_of(
    st.tuples(st.sampled_from("+-~!"), st.sampled_from(["email", "news"])),
    st.tuples(st.sampled_from(["ping", "ping"]), st.just("")),
    st.tuples(st.sampled_from("-~"), st.sampled_from(["email", "news"])),
    st.tuples(st.just("wait"), st.sampled_from(["PT0S", "PT1M", "PT9H", "P1D", "P2D"])),
    st.tuples(st.just("retry"), st.just("")),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["opt-in", "opt-out", "double-opt-in"]),
    st.sampled_from([None, "news"]),
    st.lists(MOVES, min_size=3, max_size=14),
)
def test_G7_no_hand_over_while_the_last_word_forbids_it(
    mode: Any, topic: str | None, moves: list[tuple[str, str]]
) -> None:
    sim = play(
        Send("hi", via=["email"], topic=topic), at="2026-03-02 20:30",
        consent={"email": mode}, quiet_hours=[NIGHT],
    )  # fmt: skip
    ann, oracle, handed = ann_of(sim), Oracle(mode), 0
    for what, more in moves:
        about = None if more == "email" else more
        match what:
            case "ping":
                ann.track(Ping())
            case "wait":
                before = sim.now
                sim.advance(more)
                assert sim.now >= before
            case "retry":
                sim.channel("email").answer(Retry())
            case "+":
                ann.grant("email", topic=about)
            case "-":
                ann.withdraw("email", topic=about)
            case "!":
                ann.confirm("email", topic=about)
            case _:
                ann.grant("email", topic=about, lasts=days(2))
        if what in ("+", "-", "!", "~"):
            until = sim.now.astimezone(UTC) + timedelta(days=2) if what == "~" else None
            oracle.words.append((sim.now.astimezone(UTC), what, more, until))
        sim.advance(minutes(1))
        sim.settle()
        for message in sim.channel("email").handed_over[handed:]:
            handed += 1
            event("handed over")
            said = oracle.words
            then = Oracle(mode)
            # what was said at the same instant may have come before or after the hand-over
            then.words = [word for word in said if word[0] < message.at]
            now = Oracle(mode)
            now.words = [word for word in said if word[0] <= message.at]
            assert not (then.forbids(topic, message.at) and now.forbids(topic, message.at))
            assert then.ever_allowed(topic, message.at) or now.ever_allowed(topic, message.at)


def test_G7_O3_what_is_said_while_nothing_runs_counts_from_its_receipt() -> None:
    tokens = Tokens([b"k" * 32])
    shop = play(Send("hi", via=["email"], topic="news"), consent=DOUBLE).runner.workspace
    sim = Simulation(shop, at="2026-03-02 12:00", tokens=tokens)
    ann, bob = sim.customer("ann"), sim.customer("bob")
    link = sim.runner.sign_token("unsubscribe", "bob", channel="email", topic="news")
    with sim.downtime():
        ann.grant("email", lasts=days(2))
        ann.confirm("email")
        bob.grant("email")
        bob.confirm("email")
        sim.unsubscribe(link)
        bob.prefer({"email/offers": False})
        assert bob.reply("email", "help").keyword == "help"
        sim.advance(days(1))
    assert ann.preferences["email"].until == datetime(2026, 3, 4, 11, tzinfo=UTC)
    assert ann.preferences["email"].allowed
    rows = bob.preferences
    assert [row.key for row in rows.rows if row.allowed] == ["email"]
    assert [rows[key].source for key in ("email/news", "email/offers")] == [
        "one-click",
        "simulation",
    ]
    sim.advance(days(1))
    assert ann.preferences["email"].status == "expired"


def test_G7_what_was_kept_before_there_were_ends_and_confirmations_still_counts() -> None:
    state = decode_state(b'{"id":"ann","consents":{"email":[true,5,"form"]}}')
    assert state.consents["email"].until is state.consents["email"].confirmed is None
    (entry,) = decode_entries(b'[["consent",5,"email","",true,"form"]]')
    assert entry == j.Consented(5, "email", "", True, "form", None, True)
