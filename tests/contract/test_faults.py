"""What survives a crash? Every call of the store and of a channel is a place to die.

A scenario of three customers is played by a host that starts again whenever it died: same
store, same inputs under the same ids. However often and wherever it dies, the journals are
those of a run that nothing disturbed, and no message goes out under two keys (D1, D2).

Four ways to die at a call: killed before it or after it, and failed before it or after it:
then the call raises, and whoever made it may still put things in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest

from journeykit import (
    Accepted,
    Address,
    Event,
    FrequencyCap,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import StoreError
from journeykit.kernel import decode_entries, encode_entries
from journeykit.kernel import journal as j
from journeykit.ports import Receipt, Store


class SignedUp(Event):
    pass


class OfferSeen(Event):
    pass


class Left(Event):
    pass


class Person(Profile):
    email: Annotated[str | None, Address("email")] = None


welcome = Journey(
    "welcome",
    entry=On(SignedUp),
    steps=[Send("one", via=["email"]), Wait(hours(1)), Send("two", via=["email"])],
)
offers = Journey(
    "offers",
    entry=On(OfferSeen),
    exits=[On(Left)],
    steps=[Send("offer", via=["sms"])],
)
workspace = Workspace(
    journeys=[welcome, offers],
    profile=Person,
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-in", "sms": "opt-in"},
        quiet_hours=[QuietHours("21:00", "08:00", channels=["sms"])],
        caps=[FrequencyCap(5, per=timedelta(days=7))],
    ),
)
PEOPLE = {"ann": "ann@example.org", "bob": "dead@example.org", "cy": "cy@example.org"}
EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # 21:30 in Berlin: quiet for sms


class Killed(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class Danger:
    """Raises at one numbered call, once."""

    at: int = -1
    how: str = ""
    calls: int = 0

    def meet(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls - 1 != self.at:
            return call()
        kind, when = self.how.split()
        if when == "after":
            call()
        raise Killed if kind == "killed" else StoreError("the disk is on fire")


class Store_:
    """A store whose calls are numbered."""

    def __init__(self, store: Store, danger: Danger) -> None:
        self._store, self._danger = store, danger

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return lambda *args, **options: self._danger.meet(lambda: method(*args, **options))


@dataclass
class Provider:
    """Keeps keys: a message that comes again is answered as before, and shown once."""

    danger: Danger
    answers: dict[tuple[str, int], Receipt] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    shown: dict[str, tuple[str, str]] = field(default_factory=dict)

    def send(self, message: OutgoingMessage) -> Receipt:
        receipt: Receipt = self.danger.meet(lambda: self._take(message))
        return receipt

    def _take(self, message: OutgoingMessage) -> Receipt:
        self.calls[message.key] += 1
        known = self.answers.get((message.key, message.attempt))
        if known is not None:
            return known
        receipt: Receipt = Accepted(message.key)
        if message.address.startswith("dead"):
            receipt = Rejected("no such mailbox")
        elif message.template == "two" and message.attempt == 1:
            receipt = Retry("busy", after=timedelta(minutes=10))
        else:
            self.shown[message.key] = message.customer_id, message.template
        self.answers[message.key, message.attempt] = receipt
        return receipt


class Clock:
    def __init__(self) -> None:
        self.at = EVENING

    def now(self) -> datetime:
        return self.at


def sign_up(kit: Orchestrator, name: str) -> None:
    """Ann's is appended, and drained because something else is told of her at once."""
    if name != "ann":
        kit.track(name, SignedUp(), id=f"s-{name}")
        return
    kit.inbox.track(name, SignedUp(), id=f"s-{name}")
    kit.track(name, Left(), id="l-ann")  # there is nothing to leave so far


@dataclass
class Host:
    """Plays the scenario; when it dies, it starts anew and goes on with what it was doing."""

    store: Store
    in_store: Danger = field(default_factory=Danger)
    in_channel: Danger = field(default_factory=Danger)
    deaths: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.provider = Provider(self.in_channel)

    def open(self) -> Orchestrator:
        return Orchestrator(
            workspace,
            store=Store_(self.store, self.in_store),  # type: ignore[arg-type]
            channels={"email": self.provider, "sms": self.provider},
            clock=self.clock,
            worker="only",
            batch=2,
        )

    def run(self) -> None:
        kit: Orchestrator | None = None
        for at, act in self.script():
            while True:
                try:
                    kit = kit or self.open()
                    self.reach(kit, at)
                    act(kit)
                    kit.tick()
                    break
                except (Killed, StoreError):
                    kit = None
                    self.deaths += 1

    def reach(self, kit: Orchestrator, at: datetime) -> None:
        while (due := kit.next_due()) is not None and due < at:
            self.clock.at = max(self.clock.at, due)
            kit.tick()
        self.clock.at = max(self.clock.at, at)

    def script(self) -> Iterator[tuple[datetime, Callable[[Orchestrator], Any]]]:
        begin = EVENING
        yield begin, self.make_known
        for name in PEOPLE:
            yield begin, lambda kit, name=name: sign_up(kit, name)
        seen = begin + timedelta(minutes=5)
        rows = [{"customer_id": n, "event": "offer_seen", "id": f"o-{n}"} for n in ("ann", "cy")]
        yield seen, lambda kit: kit.track_many(rows)
        # cy leaves while the offer is held for the night: it is withdrawn
        yield begin + timedelta(hours=3), lambda kit: kit.inbox.track("cy", Left(), id="l-cy")
        yield begin + timedelta(days=2), lambda kit: None

    def make_known(self, kit: Orchestrator) -> None:
        rows = [
            {"customer_id": name, "attributes": {"email": email}, "consents": ["email", "sms"]}
            for name, email in PEOPLE.items()
            if name not in self.store.versions([name])
        ]
        kit.identify_many(rows)

    def journals(self) -> dict[str, list[bytes]]:
        return {name: [record.entries for record in self.store.journal(name)] for name in PEOPLE}


def joined(journals: dict[str, list[bytes]]) -> dict[str, bytes]:
    """Return each journal as one list: how it was cut into commits does not matter.

    That nobody knows what became of a hand-over is what only a death brings.
    """
    return {
        name: encode_entries(
            [e for r in records for e in decode_entries(r) if not isinstance(e, j.Doubted)]
        )
        for name, records in journals.items()
    }


def undisturbed() -> Host:
    host = Host(MemoryStore())
    host.run()
    return host


CALM = undisturbed()


def test_the_scenario_holds_what_it_should() -> None:
    shown = Counter(CALM.provider.shown.values())
    assert shown == {
        ("ann", "one"): 1, ("ann", "two"): 1, ("ann", "offer"): 1,
        ("cy", "one"): 1, ("cy", "two"): 1,
    }  # fmt: skip
    text = b"".join(joined(CALM.journals()).values()).decode()
    for word in ('"hold"', '"withdraw"', '"suppress"', '"drop"', '"retry"', '"failed"'):
        assert word in text, word
    assert max(CALM.provider.calls.values()) == 2  # "two" is asked to come again


def outlives(store: Store, danger: str, place: int, how: str) -> Host:
    host = Host(store)
    target = host.in_store if danger == "store" else host.in_channel
    target.at, target.how = place, how
    host.run()
    return host


def check(host: Host, where: str) -> None:
    """D2: one key per message, each message shown once, one repeat at most."""
    assert host.provider.shown == CALM.provider.shown, where
    for key, calls in host.provider.calls.items():
        assert calls <= CALM.provider.calls[key] + host.deaths, where
    assert not host.store.claim(1 << 60, limit=9, lease_until=1 << 61, worker="w"), where


HOW = ("killed before", "killed after", "failed before", "failed after")


def places(danger: str) -> int:
    return CALM.in_store.calls if danger == "store" else CALM.in_channel.calls


@pytest.mark.parametrize("how", HOW)
def test_wherever_the_store_fails_the_journals_end_alike(how: str) -> None:
    """D1, D2, O4, at every call of the store in memory."""
    for place in range(places("store")):
        host = outlives(MemoryStore(), "store", place, how)
        where = f"{how} store call {place}"
        check(host, where)
        assert joined(host.journals()) == joined(CALM.journals()), where
        assert host.deaths == 1, where
    print(f"{places('store')} places in the store, {how}")


@pytest.mark.parametrize("how", ["killed before", "killed after"])
def test_wherever_a_channel_is_cut_off_the_journals_end_alike(how: str) -> None:
    """D2: the same key comes again, and a provider that keeps keys answers as before."""
    for place in range(places("channel")):
        host = outlives(MemoryStore(), "channel", place, how)
        where = f"{how} hand-over {place}"
        check(host, where)
        assert joined(host.journals()) == joined(CALM.journals()), where
    print(f"{places('channel')} hand-overs, {how}")


@pytest.mark.parametrize("how", ["failed before", "failed after"])
def test_a_channel_that_raises_is_asked_again_under_the_same_key(how: str) -> None:
    for place in range(places("channel")):
        host = outlives(MemoryStore(), "channel", place, how)
        where = f"{how} hand-over {place}"
        assert host.deaths == 0, where  # it costs a retry, and stops nothing
        shown = set(host.provider.shown.items()) | set(CALM.provider.shown.items())
        assert len(shown) == len(CALM.provider.shown), where


@pytest.mark.parametrize("how", HOW)
def test_a_file_ends_alike_too(how: str, tmp_path: Path) -> None:
    """D1, D2, O4, at every fifth call of the store in a file."""
    _in_files(how, tmp_path, step=5)


@pytest.mark.slow
@pytest.mark.parametrize("how", HOW)
def test_a_file_ends_alike_wherever_it_fails(how: str, tmp_path: Path) -> None:
    _in_files(how, tmp_path, step=1)


def _in_files(how: str, folder: Path, step: int) -> None:
    for place in range(HOW.index(how), places("store"), step):
        with SQLiteStore(folder / f"{place}.db", synchronous="off") as store:
            host = outlives(store, "store", place, how)
            where = f"{how} store call {place}"
            check(host, where)
            assert joined(host.journals()) == joined(CALM.journals()), where


def test_two_deaths_in_a_row_are_no_worse() -> None:
    """The second life dies too: at the start-up, or soon after."""
    for place in range(0, places("store"), 3):
        for later in (1, 4, 9):
            host = Host(MemoryStore())
            host.in_store.at, host.in_store.how = place, "killed after"
            try_twice(host, place + later)
            check(host, f"{place} and {later} calls later")
            assert joined(host.journals()) == joined(CALM.journals()), (place, later)


def try_twice(host: Host, second: int) -> None:
    meet = host.in_store.meet

    def again(call: Callable[[], Any]) -> Any:
        if host.deaths == 1 and host.in_store.at != second:
            host.in_store.at = second
        return meet(call)

    host.in_store.meet = again  # type: ignore[method-assign]
    host.run()
