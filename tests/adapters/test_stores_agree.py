"""MemoryStore, SQLiteStore and PostgresStore give the same answers to the same questions, whatever came
before.

What they may differ in, the port says: an event id whose `expires` is past may be forgotten.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from journeykit.adapters import MemoryStore, SQLiteStore
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import StoreError, UsageError
from journeykit.ports import (
    FOREVER,
    ClaimedMessage,
    Claiming,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    OutboxRow,
    ParkedCustomer,
    SeenEvent,
    Store,
    Suppression,
    Taking,
)
from postgres_server import emptied as emptied_postgres

# Few of everything, so that histories meet themselves: the same customers, keys and instants.
CUSTOMERS = ("ann", "Bob", "\x01", "é")
EVENTS = ("e1", "e2")
MARKS = ("h1", "h2", "H1")
LAST = 12

customers = st.sampled_from(CUSTOMERS)
instants = st.integers(0, LAST)
spans = st.integers(1, LAST)
workers = st.sampled_from(["w1", "w2"])
limits = st.sampled_from([0, 1, 2, 9, -1])
bodies = st.binary(max_size=3)
PLACES = [(channel, address) for channel in ("email", "sms") for address in ("a", "A")]
places = st.lists(st.sampled_from(PLACES), max_size=2)
listed = st.lists(
    st.builds(
        lambda place, why, at: Suppression(*place, why, at),
        st.sampled_from(PLACES),
        st.sampled_from("xy"),
        instants,
    ),
    max_size=2,
)


def claiming_of(now: int, span: int, hold_until: int, worker: str, limit: int) -> Claiming:
    """Leases end behind the present instant."""
    return Claiming(now, now + span, hold_until, worker, limit)


@st.composite
def parts(draw: st.DrawFn, customer: str) -> dict[str, object]:
    """All of a commit but its version; the keys of messages belong to one customer."""
    keys = st.sampled_from([f"{customer}/1", f"{customer}/2"])
    dues = instants | st.just(FOREVER)
    rows = st.builds(OutboxRow, keys, st.just(customer), st.sampled_from(["email", "sms"]), dues)
    seen = st.builds(SeenEvent, st.sampled_from(EVENTS), st.sampled_from("xy"), instants)
    entries = draw(st.lists(st.integers(0, 9), max_size=3))
    return {
        "body": draw(bodies),
        "next_due": draw(st.none() | instants),
        "at": draw(instants),
        "journal": json.dumps(entries).encode() if entries else draw(st.sampled_from([b"", b"[]"])),
        "profile": draw(st.none() | bodies),
        "put": draw(st.lists(rows, max_size=2)),
        "drop": draw(st.lists(keys, max_size=2)),
        "seen": draw(st.lists(seen, max_size=2)),
        "suppress": draw(listed),
        "unsuppress": draw(places),
        "taken": draw(st.lists(st.integers(1, 9), max_size=3)),
    }


class StoresAgree(RuleBasedStateMachine):
    """Does everything to both, and compares every answer."""

    @initialize()
    def start(self) -> None:
        self.memory = MemoryStore()
        self.durable = self.made()
        self.versions: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.expires: dict[tuple[str, str], int] = {}
        self.latest = 0
        self.floor = 0
        self.arrival = 0
        self.claims: list[tuple[ClaimedMessage, ClaimedMessage]] = []
        self.held: list[tuple[Hand, Hand]] = []

    def made(self) -> Store:
        """Return a durable store with nothing in it."""
        self.folder = tempfile.TemporaryDirectory()
        return self.opened()

    def opened(self) -> Store:
        """Open its data."""
        return SQLiteStore(Path(self.folder.name) / "journeys.db", synchronous="off")

    def teardown(self) -> None:
        if hasattr(self, "durable"):
            self.durable.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def both(self, ask: Callable[[Store], object]) -> object:
        """Return the answer of both, or the error that both raised."""
        answers = []
        for store in (self.memory, self.durable):
            try:
                answers.append(ask(store))
            except (StoreError, UsageError) as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0]

    @rule(
        data=st.data(),
        who=st.lists(customers, min_size=1, max_size=3),
        claiming=st.none() | st.builds(claiming_of, instants, spans, instants, workers, limits),
    )
    def commit(self, data: st.DataObject, who: list[str], claiming: Claiming | None) -> None:
        commits, wrong = [], len(set(who)) < len(who)
        for customer in who:
            version = self.versions.get(customer, 0)
            expected = data.draw(st.sampled_from([version] * 6 + [version + 1, version - 1]))
            first = self.entries.get(customer, 0) + 1
            first = data.draw(st.sampled_from([first] * 8 + [first + 1]))
            commit = CustomerCommit(
                customer, expected, first_seq=first, **data.draw(parts(customer))
            )
            commits.append(commit)
            count = len(json.loads(commit.journal or b"[]"))
            hole = count and first != self.entries.get(customer, 0) + 1
            wrong = wrong or bool(expected == version and hole)
        answer = self.committed(commits, claiming)
        if wrong:
            assert isinstance(answer, tuple), "a commit that makes no sense was accepted"
            return
        assert answer == [
            one.customer_id
            for one in commits
            if one.expected != self.versions.get(one.customer_id, 0)
        ]
        for one in commits:
            if one.customer_id not in answer:
                self.note(one)

    def committed(self, commits: list[CustomerCommit], claiming: Claiming | None) -> object:
        """Return the ids of the stale ones, or the error."""
        if claiming is None:
            return self.both(lambda store: list(store.commit(commits)))
        stale: list[object] = []
        hands: list[Hand] = []

        def ask(store: Store) -> object:
            done = store.commit_and_claim(commits, claiming)
            assert (done.hand is None) == (not done.claims)
            stale.append(list(done.stale))
            if done.hand is not None:
                hands.append(done.hand)
            return self.told(store, done.claims), [done.hand and done.hand.until]

        answer = self.both(ask)
        if not stale:
            return answer
        self.claims += zip(self.fresh, self.twins, strict=True)
        self.held += zip(hands[::2], hands[1::2], strict=True)
        assert stale[0] == stale[1]
        return stale[0]

    def told(self, store: Store, claims: Sequence[ClaimedMessage]) -> list[tuple[object, ...]]:
        """Return claims without what only their store knows, which is kept."""
        if store is self.memory:
            self.fresh = list(claims)
        else:
            self.twins = list(claims)
        return [(c.key, c.customer_id, c.channel, c.due, c.content, c.begun) for c in claims]

    def note(self, one: CustomerCommit) -> None:
        """Remember what the next commit has to build on, and which events must be known."""
        before = one.expected if one.customer_id in self.versions else self.floor
        self.versions[one.customer_id] = before + 1
        count = len(json.loads(one.journal or b"[]"))
        self.entries[one.customer_id] = self.entries.get(one.customer_id, 0) + count
        for event in one.seen:
            self.expires[one.customer_id, event.event_id] = event.expires
        if one.seen:
            self.latest = max(self.latest, one.at)

    @rule(now=instants, limit=limits, span=spans, worker=workers)
    def claim(self, now: int, limit: int, span: int, worker: str) -> None:
        lease = now + span
        self.both(
            lambda store: self.told(
                store, store.claim(now, limit=limit, lease_until=lease, worker=worker)
            )
        )
        self.claims += zip(self.fresh, self.twins, strict=True)

    def some_claims(self, data: st.DataObject) -> list[tuple[ClaimedMessage, ClaimedMessage]]:
        return data.draw(st.lists(st.sampled_from(self.claims), max_size=3)) if self.claims else []

    @rule(data=st.data())
    def unclaim(self, data: st.DataObject) -> None:
        pairs = self.some_claims(data)
        self.memory.unclaim([mine for mine, _ in pairs])
        self.durable.unclaim([twin for _, twin in pairs])

    @rule(data=st.data(), content=st.none() | bodies)
    def begin(self, data: st.DataObject, content: bytes | None) -> None:
        pairs = self.some_claims(data)
        self.memory.begin([(mine, content) for mine, _ in pairs])
        self.durable.begin([(twin, content) for _, twin in pairs])

    @rule(worker=workers)
    def recover(self, worker: str) -> None:
        self.both(lambda store: store.recover(worker))

    @rule(now=instants, until=instants, who=st.lists(customers, max_size=3), worker=workers)
    def hold(self, now: int, until: int, who: list[str], worker: str) -> None:
        mine, twin = (
            store.hold(who, now, until=until, worker=worker)
            for store in (self.memory, self.durable)
        )
        assert mine.until == twin.until == until
        self.held.append((mine, twin))

    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        if self.held:
            mine, twin = data.draw(st.sampled_from(self.held))
            self.memory.let_go(mine)
            self.durable.let_go(twin)

    @rule(customer=customers, now=instants)
    def hands(self, customer: str, now: int) -> None:
        mine = self.memory.hands(customer, now)
        twins = self.durable.hands(customer, now)
        assert set(zip(mine, twins, strict=True)) <= set(self.held)

    @rule(who=st.lists(customers, max_size=3), at=st.integers(0, 3), body=bodies)
    def append(self, who: list[str], at: int, body: bytes) -> None:
        self.arrival += at
        self.both(lambda store: store.append([InboxRow(one, self.arrival, body) for one in who]))

    @rule(now=instants, limit=limits)
    def waiting(self, now: int, limit: int) -> None:
        self.both(lambda store: self.who_waits(store, now, limit))

    def who_waits(self, store: Store, now: int, limit: int) -> list[str]:
        """Return it in its order."""
        return list(store.waiting(now, limit=limit))

    def next_due(self, store: Store) -> int | None:
        """Return it as it is."""
        return store.next_due()

    @rule(customer=customers, numbers=st.lists(st.integers(0, 9), max_size=4))
    def discard(self, customer: str, numbers: list[int]) -> None:
        self.both(lambda store: store.discard(customer, numbers))

    @rule(
        who=st.lists(customers, max_size=3),
        until=spans | st.just(FOREVER),
        attempts=st.integers(1, 3),
    )
    def park(self, who: list[str], until: int, attempts: int) -> None:
        rows = [ParkedCustomer(one, until, 0, attempts, "why") for one in who]
        self.both(lambda store: store.park(rows))

    @rule(who=st.lists(customers, max_size=3), now=instants)
    def unpark(self, who: list[str], now: int) -> None:
        self.both(lambda store: list(store.unpark(who, now)))

    @rule(after=st.sampled_from(["", *CUSTOMERS]), limit=limits)
    def parked(self, after: str, limit: int) -> None:
        self.both(lambda store: list(store.parked(after=after, limit=limit)))
        self.both(lambda store: list(store.shelved(after=after, limit=limit)))

    @rule(now=instants, wanted=st.integers(0, 4), waited=st.integers(0, 4), bucket=workers)
    def take(self, now: int, wanted: int, waited: int, bucket: str) -> None:
        asked = Taking(now, 2, 2, 3, min(waited, wanted), [LAST] * wanted)
        self.both(lambda store: store.take(bucket, asked))

    @rule(rows=listed)
    def suppress(self, rows: list[Suppression]) -> None:
        self.both(lambda store: store.suppress(rows))

    @rule(gone=places)
    def unsuppress(self, gone: list[tuple[str, str]]) -> None:
        self.both(lambda store: store.unsuppress(gone))

    @rule(body=bodies, expected=st.integers(0, 3))
    def set_controls(self, body: bytes, expected: int) -> None:
        self.both(lambda store: store.set_controls(body, expected=expected))

    @rule(customer=customers, mark=st.sampled_from(MARKS), at=instants)
    def erase(self, customer: str, mark: str, at: int) -> None:
        self.erased(customer, mark, at)

    def erased(self, customer: str, mark: str, at: int) -> None:
        self.both(lambda store: store.erase(customer, mark=mark, at=at))
        self.floor = max(self.floor, self.versions.pop(customer, 0))
        self.entries.pop(customer, None)
        self.expires = {
            place: until for place, until in self.expires.items() if place[0] != customer
        }

    @rule(version=st.integers(1, 11), journey=st.sampled_from("ab"), digest=st.sampled_from("xy"))
    def publish(self, journey: str, version: int, digest: str) -> None:
        one = Definition(journey, version, digest, digest.encode())
        self.both(lambda store: store.publish([one]))

    @rule()
    def reopen(self) -> None:
        self.durable.close()
        self.durable = self.opened()

    @rule(now=instants, limit=limits)
    def due(self, now: int, limit: int) -> None:
        self.both(lambda store: list(store.due(now, limit=limit)))

    @rule(after=st.sampled_from(["", *CUSTOMERS]), limit=limits)
    def page(self, after: str, limit: int) -> None:
        self.both(lambda store: list(store.customers(after=after, limit=limit)))

    @rule(customer=customers, after=st.integers(-1, 9))
    def journal(self, customer: str, after: int) -> None:
        self.both(lambda store: list(store.journal(customer, after=after)))

    @rule(asked=st.lists(customers, max_size=5), profiles=st.booleans())
    def load(self, asked: list[str], profiles: bool) -> None:
        self.both(lambda store: dict(store.load(asked, profiles=profiles)))

    @rule()
    def seen(self) -> None:
        everything = [(customer, event) for customer in CUSTOMERS for event in EVENTS]
        memory, sqlite = (dict(one.seen(everything)) for one in (self.memory, self.durable))
        for place in everything:
            if self.expires.get(place, -1) >= self.latest:  # O8: not forgotten before
                assert place in memory
                assert place in sqlite
            if place in memory and place in sqlite:
                assert memory[place] == sqlite[place]

    @invariant()
    def they_look_the_same(self) -> None:
        if hasattr(self, "durable"):
            inbox = self.both(lambda store: dict(store.inbox(CUSTOMERS, limit=9)))
            assert isinstance(inbox, dict)
            versions = {id: one for id, one in self.versions.items() if id not in inbox}
            assert self.both(lambda store: dict(store.versions(CUSTOMERS))) == versions
            self.both(lambda store: list(store.parked(of=CUSTOMERS)))
            self.both(self.next_due)
            self.both(lambda store: list(store.definitions()))
            self.both(lambda store: dict(store.suppressed(PLACES)))
            self.both(lambda store: dict(store.erased(MARKS)))
            self.both(lambda store: store.controls())


class TestStoresAgree(StoresAgree.TestCase):
    settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


@pytest.mark.slow
class TestStoresAgreeAtLength(StoresAgree.TestCase):
    settings = settings(max_examples=250, stateful_step_count=50, deadline=None)


class WithPostgres(StoresAgree):
    """The same with PostgreSQL; tables are emptied, since making them anew takes longer."""

    engine: Engine

    def made(self) -> Store:
        return emptied_postgres(self.engine)

    def opened(self) -> Store:
        return PostgresStore(self.engine)

    # Somebody parked waits again since the row that came in then, not since an older one.

    def who_waits(self, store: Store, now: int, limit: int) -> list[str]:
        everybody = set(store.waiting(now, limit=len(CUSTOMERS)))
        first = store.waiting(now, limit=limit)
        assert len(set(first)) == len(first) == min(max(0, limit), len(everybody))
        assert everybody.issuperset(first)
        return sorted(everybody)

    def next_due(self, store: Store) -> int | None:
        at = store.next_due()
        return None if at is None else max(at, self.arrival)

    @rule(customer=customers, mark=st.sampled_from(MARKS))
    def erase(self, customer: str, mark: str) -> None:
        self.erased(
            customer, mark, 0
        )  # before any announcement ends: it forgets whom those are about


def agree_with_postgres(engine: Engine, **how: Any) -> None:
    kind = type("WithThisPostgres", (WithPostgres,), {"engine": engine})
    run_state_machine_as_test(
        kind, settings=settings(deadline=None, database=None, phases=[Phase.generate], **how)
    )


def test_postgres_agrees(postgres_engine: Engine) -> None:
    agree_with_postgres(postgres_engine, max_examples=15, stateful_step_count=30)


@pytest.mark.slow
def test_postgres_agrees_at_length(postgres_engine: Engine) -> None:
    agree_with_postgres(postgres_engine, max_examples=120, stateful_step_count=50)


def test_a_claim_of_nothing_leaves_a_lease_that_ended_as_it_was() -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, sqlite = MemoryStore(), SQLiteStore(Path(folder) / "journeys.db")
        for store in (memory, sqlite):
            row = OutboxRow("m1", "ann", "email", 1)
            store.commit([CustomerCommit("ann", 0, b"", None, put=[row])])
            store.claim(2, limit=1, lease_until=5, worker="w1")
            store.claim(9, limit=0, lease_until=10, worker="w2")
        assert memory.next_due() == sqlite.next_due() == 5
        sqlite.close()
