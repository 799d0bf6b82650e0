"""Does every reason read well, with the rule, the zone, the wall time and the numbers?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from journeykit import After, Always, Event, Journey, On, Simulation, Wait, Workspace, days
from journeykit.kernel import reasons
from journeykit.runtime.wording import because
from journeykit.time import from_micros, to_micros


class Seen(Event):
    pass


AT = to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC))
CODES = {*reasons.HELD, *reasons.DROPPED, *reasons.REROUTED}
QUIET = {"rule": "21:00-08:00", "zone": "Europe/Berlin", "zone_from": "profile",
         "local": "2026-03-02 22:10"}  # fmt: skip
CAP = {"rule": "2 per week", "used": 2, "limit": 2, "zone": "Europe/Berlin", "zone_from": "profile"}
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("quiet_hours", QUIET, "it is 22:10 in Europe/Berlin, within the quiet hours 21:00-08:00"),
    (
        "quiet_hours",
        {**QUIET, "zone_from": "default"},
        "it is 22:10 in Europe/Berlin (the workspace's zone), within the quiet hours 21:00-08:00",
    ),
    (
        "quiet_hours",
        {**QUIET, "rule": "2026-03-02", "zone_from": "country"},
        "it is 22:10 in Europe/Berlin (a zone of the country), and 2026-03-02 is a quiet date",
    ),
    ("frequency_cap", CAP, "the cap of 2 per week is used up (2 of 2)"),
    (
        "frequency_cap",
        {**CAP, "rule": "2 per P1DT12H"},
        "the cap of 2 per 1 day and 12 hours is used up (2 of 2)",
    ),
    ("frequency_cap", {**CAP, "rule": "2 per P"}, "the cap of 2 per P is used up (2 of 2)"),
    (
        "throttle",
        {"rule": "60 per PT1M", "rate": "60 per PT1M", "channel": "sms"},
        "sms takes 60 per 1 minute and no more, and others come first",
    ),
    (
        "frequency_cap",
        {**CAP, "zone_from": "address", "opens": AT},
        ("the cap of 2 per week is used up (2 of 2, in Europe/Berlin: the zone of the address); it "
        "opens 10:00"),
    ),
    (
        "look_ahead",
        {"rule": "1 per day", "used": 0, "limit": 1, "for": "offer", "journey": "sale",
         "priority": 5, "own_priority": 0},
        ("offer of sale is due then and goes first (priority 5 before 0), under the cap of 1 per "
        "day (0 of 1 used)"),
    ),
    (
        "zone_unknown",
        {"rule": "21:00-08:00"},
        "the time zone is not known, and the rule 21:00-08:00 asks for it",
    ),
    (
        "expired",
        {**QUIET, "valid_until": AT, "blocked_by": "quiet_hours"},
        ("it was valid until 10:00, and it is 22:10 in Europe/Berlin, within the quiet hours "
        "21:00-08:00"),
    ),
    ("expired", {"valid_until": AT, "retry_at": AT},
     "it was valid until 10:00, and was to come again 10:00"),
    ("no_address", {"channel": "push"}, "there is no address for push"),
    ("consent_withdrawn", {"channel": "email", "topic": "news", "since": AT},
     "consent to email (news) was withdrawn on 10:00"),
    ("suppressed", {"channel": "email", "because": "bounced"},
     "the address for email is suppressed (bounced)"),
    ("rejected", {"channel": "email"}, "email rejected it for good"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "detail", "words"), CASES)
def test_how_a_reason_reads(code: str, detail: dict[str, Any], words: str) -> None:
    assert because(code, detail, lambda us: f"{from_micros(us):%H:%M}") == words


@pytest.mark.parametrize(
    ("reentry", "words"),
    [
        (
            After(days(30)),
            (
                "did not enter: the last entry is not long enough ago: it was Mon 2026-03-02 10:00, "
                "and the next may be Wed 2026-04-01 10:00"
            ),
        ),
        (
            Always(),
            "did not enter: the customer has as many open runs as the journey allows (1)",
        ),
    ],
)
def test_a_refused_entry_names_its_numbers(reentry: After | Always, words: str) -> None:  # E4
    steps = [Wait(days(1 if reentry.type == "after" else 9))]
    one = Journey("j", entry=On(Seen), reentry=reentry, max_open=1, steps=steps)
    workspace = Workspace(journeys=[one], timezone="Europe/Berlin")
    sim = Simulation(workspace, at="2026-03-02 10:00")
    ann = sim.customer("ann")
    ann.track(Seen())
    sim.advance(days(2))
    ann.track(Seen())
    assert ann.timeline.lines[-1].text == words


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_words_of_its_own(code: str) -> None:
    """None is told as its bare code, whatever is known of it."""
    words = because(code, {}, str)
    assert words != code
    assert " " in words
