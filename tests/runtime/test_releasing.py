"""Does what time releases leave at once, as if it had gone by way of the outbox?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runtime.conftest import NOON, Hand, Opening, Post, Shop, cart, welcome, workspace_of

from journeykit import Accepted, MemoryStore, Orchestrator, Rejected, Retry
from journeykit.errors import StoreError
from journeykit.kernel import ConsentTold, advance, decode_state
from journeykit.ports import Claiming, Committed, CustomerCommit, Receipt
from journeykit.runtime.script import to_commit


class Watched(MemoryStore):
    """A store that notes what is asked of it, and lets somebody act behind a commit with claims."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.then: Callable[[], object] | None = None

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        self.asked.append("commit_and_claim")
        done = super().commit_and_claim(commits, claiming)
        if self.then is not None and done.claims:
            then, self.then = self.then, None
            then()
        return done

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        self.asked.append("versions")
        return super().versions(customer_ids)

    def hold(self, *args: Any, **rest: Any) -> Any:
        self.asked.append("hold")
        return super().hold(*args, **rest)


class Roundabout(MemoryStore):
    """A store that claims nothing within a commit: everything goes by way of the outbox."""

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        return Committed(self.commit(commits))


def waiting(shop: Shop, *names: str) -> Shop:
    """Let customers wait for their second message, an hour from now."""
    for name in names:
        shop.kit.identify(name, {"email": f"{name}@example.org"})
        shop.kit.track(name, "signed_up")
    shop.tick()
    assert shop.email.templates == ["hello"] * len(names)
    shop.clock.passes(hours=1)
    return shop


def test_what_time_releases_is_claimed_and_announced_by_its_own_commit(open_shop: Opening) -> None:
    """D1, G7: nothing is found, held and decoded a second time."""
    store = Watched()
    shop = waiting(open_shop(store=store), "ann", "bob")
    store.asked.clear()
    counts = shop.tick()
    assert counts.accepted == 2
    assert shop.email.templates == ["hello", "hello", "tips", "tips"]
    assert store.asked == ["commit_and_claim"]
    assert not store.hands(None, 0)


class Running(Hand):
    """A clock that shows a later instant whenever it is looked at, as every real one does."""

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


def test_on_a_clock_that_runs_a_tick_hands_over_what_it_releases(open_shop: Opening) -> None:
    """O3, D1: what was decided on in a tick, by time or from the inbox, leaves in that tick."""
    store = Watched()
    shop = waiting(open_shop(store=store, clock=Running()), "ann")
    store.asked.clear()
    assert shop.tick().accepted == 1
    assert store.asked == ["commit_and_claim"]
    shop.kit.inbox.identify("bob", {"email": "bob@example.org"})
    shop.kit.inbox.track("bob", "signed_up")
    assert shop.tick().accepted == 1
    assert shop.email.templates == ["hello", "tips", "hello"]


def test_profiles_are_read_with_the_customers_once_most_of_them_release(open_shop: Opening) -> None:
    store = Watched()
    shop = waiting(open_shop(store=store, batch=2), "ann", "bob", "cy", "dan")
    store.asked.clear()
    shop.tick()
    assert store.asked == ["commit_and_claim", "commit_and_claim", "versions"]
    assert len(shop.email.messages) == 8


def test_a_withdrawal_behind_the_commit_is_heeded(open_shop: Opening) -> None:
    """G7: by another host on the same store, which does not know this one's round."""
    store = Watched()
    shop = waiting(open_shop(store=store), "ann", "bob")
    other = open_shop(store=store, clock=shop.clock)

    def withdraw() -> None:
        state = store.load(["ann"])["ann"]
        signal = ConsentTold(0, "email", "", granted=False, source="")
        decision = advance(other.kit.rules, decode_state(state.body), [signal], 0)
        assert not store.commit([to_commit(other.kit.rules, decision, state.version)])

    store.then = withdraw
    shop.tick()
    assert [one.customer_id for one in shop.email.messages[2:]] == ["bob"]
    assert "drop" in shop.kinds("ann")


def test_who_has_something_in_the_inbox_waits_for_it(open_shop: Opening) -> None:
    """G7, O3: what was appended and committed before the hand-over is decided first."""
    store = Watched()
    shop = waiting(open_shop(store=store), "ann", "bob")
    store.then = lambda: shop.kit.inbox.withdraw("ann", "email", source="form")
    shop.tick()
    assert [one.customer_id for one in shop.email.messages[2:]] == ["bob"]


def test_a_customer_with_an_older_message_keeps_the_order(open_shop: Opening) -> None:
    """What lies in the outbox already is not overtaken."""
    store, later = Watched(), [Retry(reason="busy")]
    shop = open_shop(store=store)
    shop.email.act = lambda message: later.pop() if later else Accepted()
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    shop.kit.track("ann", "cart_updated", {"cart_id": "c1", "total": 40})
    shop.tick()
    store.asked.clear()
    shop.clock.passes(hours=2)
    shop.tick()
    assert "hello" in shop.email.templates
    assert "hold" in store.asked


def test_what_cannot_start_is_given_back(open_shop: Opening) -> None:
    store = Watched()
    shop = waiting(open_shop(store=store), "ann", "bob")

    def fail(customer_ids: Sequence[str], *, profiles: bool = False) -> Any:
        del store.load  # type: ignore[method-assign]
        raise StoreError("gone")

    def break_() -> None:
        store.load = fail  # type: ignore[method-assign, assignment]

    store.then = break_
    with pytest.raises(StoreError, match="gone"):
        shop.tick()
    assert len(shop.email.messages) == 2
    assert not store.hands(None, 0)
    assert shop.tick().accepted == 2  # at once, not when a lease has ended


def test_a_clock_that_went_back_takes_the_long_way(open_shop: Opening) -> None:
    """O9: what is due by one reading of the clock is not claimed at a later instant than now."""
    store = Watched()
    shop = waiting(open_shop(store=store), "ann")
    now = shop.clock.now

    def goes_back() -> datetime:
        shop.clock.now = lambda: now() - timedelta(seconds=1)  # type: ignore[method-assign]
        return now()

    shop.clock.now = goes_back  # type: ignore[method-assign]
    store.asked.clear()
    shop.tick()
    assert "commit_and_claim" not in store.asked


names = st.sampled_from(["ann", "bob", "cy"])
acts = st.lists(
    st.one_of(
        st.tuples(st.just("signed_up"), names),
        st.tuples(st.just("cart"), names),
        st.tuples(st.just("left"), names),
        st.tuples(st.just("pass"), st.sampled_from([0, 1, 59, 60, 61, 600])),
        st.tuples(st.just("answer"), st.sampled_from(["retry", "reject", "accept"])),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(acts=acts)
def test_the_journals_are_those_of_the_long_way(acts: list[tuple[str, Any]]) -> None:
    """O4: byte for byte, whatever channels say.

    Where a batch is cut off, what is due at one instant falls into other rounds either way.
    """
    assert _journals(MemoryStore(), acts) == _journals(Roundabout(), acts)


def _journals(store: MemoryStore, acts: list[tuple[str, Any]]) -> dict[str, bytes]:
    clock, said = Hand(NOON), ["accept"]

    def answer(_: object) -> Receipt:
        return {"accept": Accepted(), "reject": Rejected("no", dead_address=False)}.get(
            said[0]
        ) or Retry(reason="later")

    post = Post(answer)
    kit = Orchestrator(
        workspace_of(welcome, cart),
        store=store,
        channels={"email": post, "sms": post},
        clock=clock,
    )
    for name in ("ann", "bob", "cy"):
        kit.identify(name, {"email": f"{name}@example.org"})
    for act, value in acts:
        if act == "pass":
            clock.passes(minutes=value)
            kit.tick()
        elif act == "answer":
            said[0] = value
        elif act == "cart":
            kit.track(value, "cart_updated", {"cart_id": "c", "total": 40})
        else:
            kit.track(value, act)
    clock.passes(days=30)
    kit.tick()
    return {
        name: b",".join(one.entries[1:-1] for one in store.journal(name))
        for name in ("ann", "bob", "cy")
    }
