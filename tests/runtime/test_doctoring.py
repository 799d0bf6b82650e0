"""What does the doctor find, and does every finding say what to do?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.runtime.conftest import NOON, SignedUp
from tests.runtime.test_observing import Notes

from journeykit import Journey, MemoryStore, On, Send, SQLiteStore, Wait, days
from journeykit.adapters.postgres import PostgresStore
from journeykit.ports import FOREVER, Backlog, InboxRow, ParkedCustomer, StoreStatus
from journeykit.runtime.doctoring import Diagnosis, diagnose
from journeykit.runtime.drivers import drive
from journeykit.time import DAY, HOUR, MINUTE, SECOND, to_micros

NOW = to_micros(NOON)


def found(status: StoreStatus, **parked: Any) -> Diagnosis:
    """Return the diagnosis of a store that says so of itself."""

    def perform(call: Any) -> Any:
        match type(call).__name__:
            case "Now":
                return NOW
            case "Status":
                return status
            case "ParkedBehind":
                return [ParkedCustomer("ann", FOREVER, 0, 5, "work:KeyError")]
        raise AssertionError(call)

    return drive(diagnose(None), perform)


@pytest.mark.parametrize(
    ("status", "code", "severity", "told"),
    [
        ({"schema": 1, "newest": 3}, "schema_old", "error", "journeykit migrate"),
        ({"clock": NOW + 6 * SECOND}, "clock_skew", "error", "clock is 6 seconds behind that"),
        ({"clock": NOW - HOUR}, "clock_skew", "error", "clock is 60 minutes ahead of that"),
        ({"due": Backlog(9, NOW - 6 * MINUTE)}, "backlog_due", "warning", "9 wait, the longest"),
        ({"outbox": Backlog(9, NOW - DAY)}, "backlog_outbox", "warning", "for 24 hours"),
        ({"inbox": Backlog(9, NOW - 2 * MINUTE)}, "backlog_inbox", "warning", "drains the inbox"),
        ({"overdue_leases": Backlog(2, NOW - HOUR)}, "leases_stuck", "warning", "has died"),
        ({"parked": 2}, "parked", "warning", "left alone until somebody says so: 2"),
        ({"resting": 2}, "resting", "note", "tried again: 2 (work:KeyError)"),
        ({"shelved": 3}, "shelved", "warning", "kit.settle"),
        ({"log": 1 << 30}, "log_large", "warning", "1024 MB"),
    ],
)
def test_what_is_found_says_what_to_do(
    status: dict[str, Any], code: str, severity: str, told: str
) -> None:
    diagnosis = found(StoreStatus(**status))
    (finding,) = diagnosis.findings
    assert (finding.code, finding.severity) == (code, severity)
    assert told in str(finding)
    assert finding.remedy
    assert diagnosis.is_healthy is (severity == "note")
    assert '"ann"' not in json.dumps(diagnosis.as_json())


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"schema": 3, "newest": 3, "clock": NOW + 4 * SECOND},
        {"due": Backlog(10**6, NOW - MINUTE), "outbox": Backlog(5, NOW), "leased": 1000},
        {"overdue_leases": Backlog(2, NOW - 30 * SECOND)},
        {"size": 1 << 40, "log": 1 << 20, "hands": 3},
    ],
)
def test_what_is_as_it_should_be_is_no_finding(status: dict[str, Any]) -> None:
    assert str(found(StoreStatus(**status))) == "nothing to do"


def test_the_worst_comes_first() -> None:
    bad = StoreStatus(parked=1, schema=1, newest=2, resting=0, due=Backlog(1, 0))
    assert [one.severity for one in found(bad).findings] == ["error", "warning", "warning"]


def test_a_worker_is_told_of_pauses_and_of_newer_versions(open_shop: Any) -> None:
    store = MemoryStore()
    steps = [Send("hello", via=["email"])]
    old = Journey("welcome", entry=On(SignedUp), steps=steps)
    shop = open_shop(old, store=store)
    assert shop.kit.doctor().is_healthy
    newer = Journey("welcome", version=2, entry=On(SignedUp), steps=steps)
    open_shop(newer, store=store)
    shop.kit.pause("welcome")
    codes = [one.code for one in shop.kit.doctor().findings]
    assert codes == ["worker_old", "paused"]


def test_looking_deep_tells_of_runs_on_old_versions(open_shop: Any) -> None:
    store = MemoryStore()
    old = Journey("welcome", entry=On(SignedUp), steps=[Wait(days(90))])
    shop = open_shop(old, store=store)
    for name in ("ann", "bob"):
        shop.kit.identify(name)
        shop.kit.track(name, "signed_up")
        shop.clock.passes(days=20)
    newer = Journey("welcome", version=2, entry=On(SignedUp), steps=[Wait(days(9))])
    kit = open_shop(newer, store=store, clock=shop.clock).kit
    assert kit.doctor().findings == ()
    (finding,) = kit.doctor(deep=True).findings
    assert finding.what == (
        "2 runs of welcome stand on version 1 (published: 2), the oldest for 40 days"
    )
    assert kit.doctor(deep=True).is_healthy


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_backlogs_reach_the_observer(
    open_shop: Any, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store: Any = MemoryStore()
    if kind == "sqlite":
        store = SQLiteStore(tmp_path / "s.db")
    elif kind == "postgres":
        store = PostgresStore(request.getfixturevalue("fresh_postgres"))
    with store:
        notes = Notes()
        shop = open_shop(store=store, options={"observer": notes})
        shop.kit.identify("ann", {"email": "ann@example.org"})
        shop.kit.track("ann", "signed_up")
        store.append([InboxRow("bob", NOW, b"[false,[]]")])
        shop.clock.passes(minutes=10)
        status = shop.kit.status()
        assert (status.outbox, status.inbox) == (Backlog(1, NOW), Backlog(1, NOW))
        assert notes.gauges["journeykit.backlog", "outbox"] == 1
        assert notes.gauges["journeykit.backlog.seconds", "outbox"] == 600
        codes = {one.code for one in shop.kit.doctor().findings}
        assert {"backlog_outbox", "backlog_inbox"} <= codes
        assert ("clock_skew" in codes) is (kind == "postgres")  # the clock of the test is its own
        report = shop.kit.doctor().as_json()
        assert json.loads(json.dumps(report)) == report


def test_a_status_has_a_place_in_the_report_for_everything() -> None:
    report = found(StoreStatus()).as_json()
    assert set(report["status"]) == set(msgspec.structs.asdict(StoreStatus()))
