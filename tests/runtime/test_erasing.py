"""One customer is erased, or exported (F4)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeykit import MemoryStore, SQLiteStore
from journeykit.errors import ErasedCustomerError, UnknownCustomerError, UsageError
from journeykit.kernel import customer_mark
from journeykit.simulation import Simulation

CANARY = "canary-4711"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    found: Any = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "s.db")
    yield found
    found.close()


@pytest.fixture
def shop(open_shop: Any, store: Any) -> Any:
    """A shop in which ann waits for a message, and bob as well."""
    shop = open_shop(store=store)
    for name in ("ann", "bob"):
        attributes = {"email": f"{name}@{CANARY}.example", "first_name": f"{name} {CANARY}"}
        shop.kit.identify(name, attributes)
        shop.kit.track(name, "signed_up", id=f"{name}-1")
    return shop


def test_nothing_is_left_but_a_hash(shop: Any, store: Any) -> None:  # F4
    assert shop.kit.erase("ann") is True
    assert dict(store.load(["ann"])) == {}
    assert list(store.journal("ann")) == []
    assert dict(store.seen([("ann", "ann-1")])) == {}
    shop.tick()
    assert [message.customer_id for message in shop.email.messages] == ["bob"]
    mark = customer_mark(b"journeykit", "ann")
    assert "ann" not in mark
    assert list(store.erased([mark])) == [mark]
    assert shop.kit.erase("ann") is False


def test_what_was_deleted_is_overwritten_in_the_file(open_shop: Any, tmp_path: Path) -> None:  # F4
    path = tmp_path / "s.db"
    with SQLiteStore(path) as store:
        shop = open_shop(store=store)
        shop.kit.identify("ann", {"first_name": CANARY})
        shop.kit.track("ann", "signed_up")
        shop.kit.erase("ann")
    assert CANARY.encode() not in path.read_bytes()


def test_events_for_an_erased_customer_are_refused_by_name(shop: Any) -> None:  # F4
    shop.kit.erase("ann")
    with pytest.raises(ErasedCustomerError, match=r"erased at 2026-03-02T12:00.*identify"):
        shop.kit.track("ann", "signed_up")
    for call in (shop.kit.customer, shop.kit.explain, shop.kit.export, shop.kit.journal):
        with pytest.raises(ErasedCustomerError):
            call("ann")
    rows = [{"customer_id": name, "event": "signed_up"} for name in ("ann", "bob", "cy")]
    batch = shop.kit.track_many(rows)
    assert [(bad.index, type(bad.error)) for bad in batch.bad] == [
        (0, ErasedCustomerError), (2, UnknownCustomerError),
    ]  # fmt: skip
    assert batch.done == 1


def test_identified_anew_the_customer_begins_anew(shop: Any) -> None:  # F4
    shop.tick()
    shop.kit.erase("ann")
    shop.kit.identify("ann", {"email": "ann@new.example"})
    assert shop.kit.track("ann", "signed_up", id="ann-1").entered == ["welcome"]
    assert next(iter(shop.kit.explain("ann"))).kind == "profile"
    assert CANARY not in json.dumps(shop.kit.export("ann"))


def test_nobody_else_is_touched(shop: Any) -> None:  # F4
    before = shop.kit.export("bob")
    shop.kit.erase("ann")
    assert shop.kit.export("bob") == before


def test_suppressed_addresses_stay_on_the_list(shop: Any) -> None:  # F4, D4
    shop.kit.suppress("ann", "email")
    shop.kit.erase("ann")
    assert shop.kit.suppressed("email", f"ann@{CANARY}.example") is not None


def test_what_a_worker_has_in_hand_is_waited_for(open_shop: Any) -> None:  # F4
    """After `erase` returns, no hand-over to the customer is under way or starts."""
    shop = open_shop()
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    calling, go_on = threading.Event(), threading.Event()

    def act(message: Any) -> None:
        calling.set()
        go_on.wait(5)

    shop.email.act = act
    worker = threading.Thread(target=shop.tick)
    worker.start()
    assert calling.wait(5)
    erased = threading.Thread(target=shop.kit.erase, args=("ann",))
    erased.start()
    erased.join(0.05)
    assert erased.is_alive(), "it did not wait for the hand-over"
    go_on.set()
    erased.join(5)
    worker.join(5)
    assert not erased.is_alive()
    with pytest.raises(ErasedCustomerError):
        shop.kit.explain("ann")


def test_one_who_is_erased_while_others_are_written_to_gets_nothing(shop: Any) -> None:  # F4
    """The message had passed the gate already, and was next."""
    gone: list[str] = []

    def act(message: Any) -> None:
        gone.append("bob" if message.customer_id == "ann" else "ann")
        shop.kit.erase(gone[-1])

    shop.email.act = act
    shop.tick()
    assert len(shop.email.messages) == len(gone) == 1


def test_an_id_that_is_none_is_refused(shop: Any) -> None:
    with pytest.raises(UsageError):
        shop.kit.erase("")
    with pytest.raises(UnknownCustomerError, match="identify"):
        shop.kit.export("cy")


def test_the_export_tells_everything(shop: Any) -> None:  # F4
    shop.kit.grant("ann", ["email"], source="form")
    shop.kit.suppress("ann", "email", reason="asked by phone")
    found = shop.kit.export("ann")
    assert json.loads(json.dumps(found)) == found
    assert found["customer_id"] == "ann"
    assert found["profile"] == {"email": f"ann@{CANARY}.example", "first_name": f"ann {CANARY}"}
    assert found["state"]["consents"]["email"][0] is True
    journal = found["journal"]
    assert [entry["number"] for entry in journal] == list(range(1, len(journal) + 1))
    assert journal[0]["kind"] == "profile"
    assert journal[0]["at"] == "2026-03-02T12:00:00+00:00"
    assert journal[1] | {"at": ""} == {
        "number": 2, "kind": "event", "at": "", "name": "signed_up", "id": "ann-1",
        "occurred": 1772452800000000, "data": {"plan": "free"}, "by": "",
    }  # fmt: skip
    (listed,) = found["suppressed"]
    assert listed["address"] == f"ann@{CANARY}.example"
    assert listed["reason"] == "asked by phone"


def test_a_script_can_erase(shop: Any) -> None:
    sim = Simulation(shop.kit.workspace, at="2026-03-02 12:00")
    ann = sim.customer("ann")
    ann.track("signed_up")
    assert sim.export("ann")["customer_id"] == "ann"
    assert sim.erase("ann")
    with pytest.raises(ErasedCustomerError):
        ann.track("signed_up")
    with pytest.raises(ErasedCustomerError), sim.downtime():
        ann.track("signed_up")
    sim.customer("ann")
    assert ann.track("signed_up").entered == ["welcome"]


def test_what_arrived_for_who_is_erased_while_nothing_runs_is_dropped(shop: Any) -> None:  # F4, O3
    sim = Simulation(shop.kit.workspace, at="2026-03-02 12:00")
    ann, bob = sim.customer("ann"), sim.customer("bob")
    with sim.downtime():
        ann.track("signed_up")
        bob.track("signed_up")
        assert sim.erase("ann")
    assert len(bob.enrollments) == 1
    with pytest.raises(ErasedCustomerError):
        sim.export("ann")
    with sim.downtime():
        bob.track("signed_up")
        assert sim.erase("bob")
        sim.identify("bob", {})
    assert bob.enrollments == []  # what was said of the erased one is not said of the new one


def test_announcements_that_ended_name_nobody(shop: Any, store: Any) -> None:  # F4
    """A worker that died had announced whom it was about to write to."""
    shop.clock.passes(minutes=5)
    store.hold(["ann"], 0, until=1, worker="dead")
    shop.kit.erase("ann")
    assert list(store.hands("ann", 0)) == []
