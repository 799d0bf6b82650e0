"""What is left of a journal that was cut? All that rules ask for, and the story from there on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import NOON

from journeykit import MemoryStore, SQLiteStore, days, hours
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import UsageError
from journeykit.kernel import decode_entries, decode_state, replay
from journeykit.kernel import journal as j
from journeykit.ports import Taking
from journeykit.runtime.pruning import _is_over
from journeykit.time import to_micros


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    found: Any = MemoryStore()
    if request.param == "sqlite":
        found = SQLiteStore(tmp_path / "shop.db")
    elif request.param == "postgres":
        found = PostgresStore(request.getfixturevalue("fresh_postgres"))
    with found:
        yield found


def busy(open_shop: Any, store: Any, people: int = 3) -> Any:
    """Let customers run through journeys, a year ago and lately; one run is open at the end."""
    shop = open_shop(store=store)
    for number in range(people):
        name = f"c{number}"
        shop.kit.identify(name, {"email": f"{name}@example.org", "first_name": name})
        shop.kit.track(name, "signed_up", {"plan": "pro"}, id=f"e{number}")
        shop.tick()
        shop.clock.passes(hours=2)
        shop.tick()
    shop.kit.track("c0", "cart_updated", {"cart_id": "a", "total": 50})
    shop.tick()
    shop.kit.grant("c1", ["sms"], source="form")
    shop.clock.passes(days=400)
    for number in range(people):
        shop.kit.track(f"c{number}", "cart_updated", {"cart_id": "b", "total": 30})
    shop.tick()
    return shop


def entries_of(store: Any, name: str) -> list[j.AnyEntry]:
    return [entry for record in store.journal(name) for entry in decode_entries(record.entries)]


def assert_replays(store: Any, name: str) -> None:
    stored = decode_state(store.load([name])[name].body)
    assert replay(name, entries_of(store, name)) == stored


def test_a_cut_journal_begins_with_the_state_of_then(open_shop: Any, store: Any) -> None:
    shop = busy(open_shop, store)
    before = {name: entries_of(store, name) for name in store.customers()}
    bodies = {name: store.load([name])[name] for name in before}
    pruned = shop.kit.prune(older_than=days(100))
    assert (pruned.journals, pruned.failures) == (3, [])
    for name, all_of_it in before.items():
        first, *rest = entries_of(store, name)
        assert isinstance(first, j.Pruned)
        assert all_of_it[first.entries :] == rest
        assert next(record.first_seq for record in store.journal(name)) == first.entries
        assert first.profile["first_name"] == name
        assert store.load([name])[name] == bodies[name]
        assert_replays(store, name)
    assert pruned.entries == sum(map(len, before.values())) - sum(
        len(entries_of(store, name)) for name in before
    )


def test_a_backfill_tells_how_many_journals_were_cut(open_shop: Any) -> None:
    store = MemoryStore()
    shop = busy(open_shop, store)
    assert shop.kit.backfill("cart").pruned == 0
    shop.kit.prune(older_than=days(100))
    assert shop.kit.backfill("cart").pruned == 3


def test_a_second_time_there_is_nothing_to_cut(open_shop: Any, store: Any) -> None:
    shop = busy(open_shop, store)
    shop.kit.prune(older_than=days(100))
    again = shop.kit.prune(older_than=days(100))
    assert (again.journals, again.entries) == (0, 0)


def test_life_goes_on_and_is_cut_again(open_shop: Any, store: Any) -> None:
    """Runs, re-entry and the ledger know what they knew; then the cut journal is cut."""
    shop = busy(open_shop, store)
    shop.kit.prune(older_than=days(100))
    outcome = shop.kit.track("c0", "signed_up")
    assert [refusal.reason for refusal in outcome.refused] == ["already_entered"]
    assert shop.kit.track("c0", "signed_up", {"plan": "pro"}, id="e9").refused
    shop.clock.passes(days=400)
    shop.kit.track("c0", "bought")
    shop.kit.track("c0", "left")
    pruned = shop.kit.prune(older_than=days(100))
    assert pruned.journals == 3
    for name in store.customers():
        assert_replays(store, name)
    assert sum(isinstance(one, j.Pruned) for one in entries_of(store, "c0")) == 1


def test_what_is_told_says_where_it_begins(open_shop: Any, store: Any) -> None:
    shop = busy(open_shop, store)
    whole = str(shop.kit.explain("c0")).splitlines()
    counted = shop.kit.counts("cart")
    shop.kit.prune(older_than=days(100))
    cut = str(shop.kit.explain("c0")).splitlines()
    assert "the journal begins here" in cut[1]
    assert cut[2:] == whole[-len(cut[2:]) :]
    why = shop.kit.why_not("c0", "welcome")
    assert why.complete
    assert why.begins is not None
    assert "the journal begins" in str(why)
    assert sum(shop.kit.counts("cart").entered.values()) < sum(counted.entered.values())
    assert [life.template for life in shop.kit.messages("c0")] == ["reminder"]
    exported = shop.kit.export("c0")
    assert exported["journal"][0]["kind"] == "prune"


def test_a_run_that_is_open_is_told_and_goes_on(open_shop: Any, store: Any) -> None:
    from tests.runtime.conftest import SignedUp

    from journeykit import Journey, On, Send, Wait

    slow = Journey("slow", entry=On(SignedUp), steps=[Wait(days(300)), Send("late", via=["email"])])
    shop = open_shop(slow, store=store)
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    shop.clock.passes(days=200)
    shop.kit.prune(older_than=days(100))
    assert isinstance(entries_of(store, "ann")[0], j.Pruned)
    assert sum(shop.kit.counts("slow").here.values()) == 1
    shop.clock.passes(days=101)
    shop.tick()
    assert shop.email.templates == ["late"]
    (life,) = shop.kit.messages("ann")
    assert life.journey == "slow"
    line = next(line for line in shop.kit.explain("ann") if line.kind == "end")
    assert line.journey == "slow"
    assert_replays(store, "ann")


def test_who_changed_meanwhile_is_left_to_the_next_time(open_shop: Any, store: Any) -> None:
    shop = busy(open_shop, store)
    cut = store.prune
    raced: list[Any] = []

    def racing(cuts: Any) -> Any:
        if not raced:
            raced.append(shop.kit.track("c0", "bought"))
        return cut(cuts)

    store.prune = racing
    assert shop.kit.prune(older_than=days(100)).journals == 2
    assert not isinstance(entries_of(store, "c0")[0], j.Pruned)
    assert shop.kit.prune(older_than=days(100)).journals == 1
    assert_replays(store, "c0")


def test_a_journal_that_does_not_add_up_is_left_alone(open_shop: Any) -> None:
    store = MemoryStore()
    shop = busy(open_shop, store)
    kept = store._customers["c1"]
    kept.journal = [one for one in kept.journal if b"profile" not in one.entries]
    pruned = shop.kit.prune(older_than=days(100))
    assert [failure.customer_id for failure in pruned.failures] == ["c1"]
    assert "c1" not in str(pruned.failures[0].error)  # F5
    assert pruned.journals == 2


def test_what_has_had_its_time_is_forgotten(open_shop: Any, store: Any) -> None:
    shop = busy(open_shop, store)
    now = to_micros(shop.clock.now())
    over, lasting = f"#entry cart {NOON.date()}", f"#entry cart {shop.clock.now().date()}"
    for name in (over, lasting, "#entry cart all", "email"):
        store.take(name, Taking(0, 1, 5, 1, 0, [0]))
    store.hold(["c0"], now - 10, until=now, worker="w")
    pruned = shop.kit.prune(older_than=days(100))
    assert store.seen([("c0", "e0")]) == {}
    assert set(store.buckets()) == {lasting, "#entry cart all", "email"}
    assert pruned.forgotten == 3 + 1 + 1


@pytest.mark.parametrize(
    ("bucket", "over"),
    [
        ("#entry cart all", False),
        ("email", False),
        ("#rate cart/step 5 per PT1M", False),
        ("#entry cart 2026-03-01", False),
        ("#entry cart 2026-02-28", False),
        ("#entry cart 2026-02-27", True),
        ("#entry cart 2026-02", False),
        ("#entry cart 2026-01", True),
        ("#entry cart 2026-W09", False),  # until March 1
        ("#entry cart 2026-W08", True),
        (f"#entry cart PT1H {to_micros(NOON) // (3600 * 10**6) - 47}", False),
        (f"#entry cart PT1H {to_micros(NOON) // (3600 * 10**6) - 50}", True),
    ],
)
def test_counters_leave_when_nobody_is_in_their_period(bucket: str, over: bool) -> None:
    assert _is_over(bucket, to_micros(NOON)) is over


@pytest.mark.parametrize(
    "span", [days(89), hours(24), timedelta(days=34), days(-400), timedelta(0), "soon", 5]
)
def test_what_is_still_asked_for_is_not_removed(open_shop: Any, span: Any) -> None:
    shop = open_shop()
    with pytest.raises(UsageError, match="within 92 days"):
        shop.kit.prune(older_than=span)


def test_killed_in_between_the_next_call_goes_on(open_shop: Any, store: Any) -> None:
    shop = open_shop(store=store, batch=1)
    for number in range(4):
        shop.kit.identify(f"c{number}", {"email": "a@b.test"})
        shop.kit.track(f"c{number}", "signed_up")
    shop.tick()
    shop.clock.passes(days=400)
    cut, calls = store.prune, []

    def failing(cuts: Any) -> Any:
        calls.append(cuts)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return cut(cuts)

    store.prune = failing
    with pytest.raises(KeyboardInterrupt):
        shop.kit.prune(older_than=days(100))
    assert sum(isinstance(entries_of(store, f"c{n}")[0], j.Pruned) for n in range(4)) == 2
    assert shop.kit.prune(older_than=days(100)).journals == 2
