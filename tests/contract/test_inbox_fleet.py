"""Hosts tell things in transactions of their own, some of them late, while workers run beside them."""

from __future__ import annotations

import random  # noqa: TID251  a seed for each writer
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pytest

from journeykit import (
    Accepted,
    Address,
    Event,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    Send,
    SQLiteStore,
    Workspace,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.kernel import journal as j
from journeykit.ports import Receipt

PEOPLE = [f"c{number}" for number in range(12)]
WRITERS, TRANSACTIONS = 3, 25
PATIENCE = 60.0


class Ping(Event):
    number: int


class Shopper(Profile):
    email: Annotated[str | None, Address("email")] = None


WORKSPACE = Workspace(
    journeys=[Journey("pings", entry=On(Ping), steps=[Send("hello", via=["email"])])],
    profile=Shopper,
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out"}),
)


class Post:
    def __init__(self) -> None:
        self.keys: list[str] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.keys.append(message.key)
        return Accepted()


@contextmanager
def working(store: Any, post: Post, name: str) -> Iterator[None]:
    kit = Orchestrator(WORKSPACE, store=store, channels={"email": post}, worker=name, batch=5)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            kit.run(idle=timedelta(milliseconds=20))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        kit.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert failed == []


def write(
    kit: Orchestrator,
    connect: Callable[[], Any],
    writer: int,
    told: dict[str, list[str]],
    begin: str,
) -> None:
    """Tell this and that; roll a third of it back. What is committed is noted down behind that."""
    dice = random.Random(writer)
    connection = connect()
    for number in range(TRANSACTIONS):
        connection.execute(begin)
        mine: list[tuple[str, str]] = []
        with kit.using(connection) as tx:
            for place in range(dice.randrange(1, 4)):
                name, id = dice.choice(PEOPLE), f"w{writer}-{number:03}-{place}"
                tx.track(name, Ping(number=number), id=id)
                mine.append((name, id))
        if dice.random() < 1 / 3:
            connection.rollback()
        else:
            connection.commit()
            for name, id in mine:
                told[name].append(id)
    connection.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Callable[[], Any], Callable[[], Any], str]:  # fmt: skip
    """Return an opener of stores, one of a host's connections, and how transactions begin there."""
    if request.param == "sqlite":
        path = tmp_path / "host.db"
        return (
            lambda: SQLiteStore(path, shared=True, synchronous="off"),
            lambda: sqlite3.connect(path, timeout=PATIENCE, isolation_level=None),
            "BEGIN IMMEDIATE",
        )
    url: str = request.getfixturevalue("fresh_postgres")
    return lambda: PostgresStore(url), lambda: psycopg.connect(url), "SELECT 1"


def test_each_row_counts_once_and_in_its_order(
    place: tuple[Callable[[], Any], Callable[[], Any], str],
) -> None:  # F3 O1 O8 D2
    opened, connect, begin = place
    told: dict[str, list[str]] = defaultdict(list)
    posts = [Post(), Post()]
    with ExitStack() as stack:
        stores = [opened() for _ in range(3)]
        for store in stores:
            stack.callback(store.close)
        front = Orchestrator(WORKSPACE, store=stores[2], channels={"email": Post()})
        front.identify_many({"customer_id": n, "attributes": {"email": n}} for n in PEOPLE)
        late = connect() if begin == "SELECT 1" else None
        if late is not None:  # it appends before everybody, and commits behind them
            with front.using(late) as tx:
                tx.track(PEOPLE[0], Ping(number=0), id="late")
        with working(stores[0], posts[0], "first"), working(stores[1], posts[1], "second"):
            threads = [
                threading.Thread(target=write, args=(front, connect, writer, told, begin))
                for writer in range(WRITERS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            if late is not None:  # what was told later may be decided on already
                late.commit()
                late.close()
                told[PEOPLE[0]].append("late")
            ended = threading.Event()
            for _ in range(int(PATIENCE * 50)):
                if front.store.depth(1) == 0 and (front.next_due() is None):
                    break
                ended.wait(0.02)
        assert front.store.depth(1) == 0
        for name in PEOPLE:
            entries = front.journal(name)
            received = [one.id for one in entries if isinstance(one, j.Received)]
            assert sorted(received) == sorted(told[name])
            for writer in range(WRITERS):
                mine = [id for id in received if id.startswith(f"w{writer}-")]
                assert mine == sorted(mine)
            if told[name]:
                assert [type(one) for one in entries].count(j.Entered) == 1
        keys = posts[0].keys + posts[1].keys
        assert len(keys) == len(set(keys)) == sum(bool(told[name]) for name in PEOPLE)
        assert front.store.parked() == []
