"""F5: nothing that a customer or a host's code wrote stands in logs, or in the text of an error."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from journeykit import (
    Accepted,
    Address,
    Call,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    Rejected,
    Result,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import JourneykitError
from journeykit.ports import CallContext, Content, OutgoingMessage, Receipt, RenderContext

CANARY = "canary-4711"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class SignedUp(Event):
    plan: str = "free"
    number: int = 0


class Scored(Result):
    score: int


class Person(Profile):
    first_name: str = ""
    tier: Literal["free", "pro"] = "free"
    visits: int = 0
    email: Annotated[str | None, Address("email")] = None


class Clock:
    at = NOON

    def now(self) -> datetime:
        return self.at


class Post:
    """Answers each kind of answer in turn, with the address in every word of it."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, message: OutgoingMessage) -> Receipt:
        self.sent += 1
        words = f"{message.address} {message.content.subject}"
        match self.sent % 5:
            case 0:
                raise ConnectionError(words)
            case 1:
                return Retry(words)
            case 2:
                return Rejected(words)
            case 3:
                return Rejected(words, dead_address=True)
        return Accepted(words)


class Words:
    """Renders what it knows; every fourth time it raises that."""

    def __init__(self) -> None:
        self.times = 0

    def render(self, context: RenderContext) -> Content:
        self.times += 1
        told = f"{context.profile} {context.trigger}"
        if self.times % 4 == 0:
            raise ValueError(told)
        return Content(subject=told, text=told)

    def missing(self, template: str, channel: str) -> str | None:
        return None


class Score:
    """Raises what it knows, and then gives what is none of its result."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, context: CallContext) -> Any:
        self.times += 1
        if self.times % 2:
            raise LookupError(f"{context.customer_id} {context.profile}")
        return {"score": f"{CANARY} is no number"}


shop = Workspace(
    journeys=[
        Journey(
            "welcome",
            entry=On(SignedUp),
            steps=[
                Send("hello", via=["email"], max_attempts=3),
                Wait(hours(1)),
                Call("score", gives=Scored, max_attempts=2, on_failure="continue"),
                Send("tips", via=["email"]),
            ],
        )
    ],
    profile=Person,
    timezone="Europe/Berlin",
    policy=Policy(consent={"email": "opt-out"}, caps=[FrequencyCap(5, per="day")]),
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    found: Any = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "s.db")
    yield found
    found.close()


@pytest.fixture
def kit(store: Any) -> Orchestrator:
    return Orchestrator(
        shop,
        store=store,
        channels={"email": Post()},
        renderer=Words(),
        clock=Clock(),
        functions={"score": Score()},
        only_to=lambda channel, address: not address.startswith("withheld"),
    )


def person(number: int) -> tuple[str, dict[str, str]]:
    kind = "withheld" if number % 7 == 0 else "person"
    return f"{CANARY}-{number}@id", {
        "email": f"{kind}-{number}@{CANARY}.test",
        "first_name": f"{CANARY} {number}",
    }


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
def test_a_busy_day_leaves_nothing_about_anybody_in_the_log(
    kit: Orchestrator, store: Any, level: int
) -> None:
    """F5."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(facts)s"))
    records: list[logging.LogRecord] = []
    handler.addFilter(lambda record: not records.append(record))  # type: ignore[func-returns-value]
    logger = logging.getLogger("journeykit")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        for number in range(30):
            name, attributes = person(number)
            kit.identify(name, attributes)
            kit.track(name, SignedUp(plan=f"{CANARY} plan"), id=f"{CANARY} event {number}")
        damaged, _ = person(1)
        if isinstance(store, MemoryStore):
            kept = store._customers[damaged]
            kept.document = type(kept.document)(damaged, kept.document.version, CANARY.encode())
        for _ in range(8):
            kit.tick()
            kit.clock.at += timedelta(hours=3)  # type: ignore[attr-defined]
        kit.inbox.track(person(2)[0], SignedUp(plan=CANARY))
        kit.inbox.track(f"{CANARY} nobody", SignedUp())
        kit.pause("welcome", reason=CANARY)
        kit.resume("welcome")
        kit.erase(person(3)[0])
        kit.tick()
        kit.doctor()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    told = {record.event for record in records if record.levelno > logging.DEBUG}
    assert {
        "tick",
        "channel_error",
        "template_error",
        "function_error",
        "messages_withheld",
        "journey_paused",
        "customer_erased",
    } <= told
    if isinstance(store, MemoryStore):
        assert "customer_set_aside" in told
    above = [line for line in written.getvalue().splitlines() if line.startswith(("INFO", "WARN"))]
    assert [line for line in above if CANARY in line] == []
    for record in records:
        if record.levelno > logging.DEBUG:
            assert record.exc_info is None
            assert CANARY not in repr(record.__dict__)
    if level > logging.DEBUG:
        assert CANARY not in written.getvalue()


SECRET = f"{CANARY} in a value"
CALLS: list[tuple[str, Callable[[Orchestrator], object]]] = [
    ("attribute", lambda k: k.identify("ann", {"visits": SECRET})),
    ("choice", lambda k: k.identify("ann", {"tier": SECRET})),
    ("two", lambda k: k.identify("ann", {"tier": SECRET, "visits": SECRET})),
    ("zone", lambda k: k.identify("ann", {"timezone": SECRET})),
    ("country", lambda k: k.identify("ann", {"country": SECRET})),
    ("attributes", lambda k: k.identify("ann", [SECRET])),  # type: ignore[arg-type]
    ("customer id", lambda k: k.identify([SECRET], {})),  # type: ignore[arg-type]
    ("long id", lambda k: k.identify(SECRET * 100, {})),
    ("unknown customer", lambda k: k.track(SECRET, SignedUp())),
    ("unknown to explain", lambda k: k.explain(SECRET)),
    ("unknown to export", lambda k: k.export(SECRET)),
    ("field", lambda k: k.track("ann", "signed_up", {"number": SECRET})),
    ("fields", lambda k: k.track("ann", "signed_up", [SECRET])),  # type: ignore[arg-type]
    ("event", lambda k: k.track("ann", {SECRET: 1})),  # type: ignore[arg-type]
    ("event id", lambda k: k.track("ann", SignedUp(), id=f"#{SECRET}")),
    ("enroll data", lambda k: k.enroll("ann", "welcome", data=[SECRET])),  # type: ignore[arg-type]
    ("enroll field", lambda k: k.enroll("ann", "welcome", data={"number": SECRET})),
    ("key", lambda k: k.enroll("ann", "welcome", key=[SECRET])),  # type: ignore[arg-type]
    ("source", lambda k: k.grant("ann", ["email"], source=[SECRET])),  # type: ignore[arg-type]
    ("choices", lambda k: k.prefer("ann", {"email": SECRET}, source="page")),  # type: ignore[dict-item]
    ("reply", lambda k: k.reply("ann", "email", [SECRET])),  # type: ignore[arg-type]
    ("message", lambda k: k.message("ann", SECRET)),
    ("receipt", lambda k: k.report("ann", [SECRET], "opened")),  # type: ignore[arg-type]
    ("recipients", lambda k: k.broadcast(SignedUp(), to=SECRET, id="b1")),
]


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[name for name, _ in CALLS])
def test_an_error_about_wrong_input_keeps_quiet(
    kit: Orchestrator, call: Callable[[Orchestrator], object]
) -> None:
    """F5: neither its text nor its traceback shows what was refused; its value does (F1)."""
    kit.identify("ann", {"email": "ann@example.org"})
    with pytest.raises(JourneykitError) as caught:
        call(kit)
    told = traceback.format_exception(caught.value)
    lines = [line for line in "".join(told).splitlines() if not line.lstrip().startswith("(")]
    assert [line for line in lines if CANARY in line] == []
    assert CANARY not in str(caught.value)
    assert CANARY in caught.value.in_full()


def test_bad_rows_keep_quiet_as_well(kit: Orchestrator) -> None:
    """F5."""
    rows: list[Any] = [
        {"customer_id": "zoe", "event": "signed_up", "data": {"number": SECRET}},
        {"customer_id": SECRET, "event": "signed_up"},
        [SECRET],
    ]
    batch = kit.track_many(rows)
    assert len(batch.bad) == 3
    for bad in batch.bad:
        assert CANARY not in str(bad.error)
        assert CANARY in bad.error.in_full()
