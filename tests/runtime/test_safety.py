"""Who is held up when something of one customer is broken? Nobody else (F2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeykit import Content, MemoryStore, RenderContext, SQLiteStore
from journeykit.errors import StoreError
from journeykit.ports import CustomerCommit


class Choosy:
    """A renderer that fails for one customer until told otherwise."""

    def __init__(self) -> None:
        self.fails_for = "bob"
        self.rendered: list[str] = []

    def render(self, context: RenderContext) -> Content:
        self.rendered.append(context.customer_id)
        if context.customer_id == self.fails_for:
            raise ZeroDivisionError
        return Content(text=f"hello {context.customer_id}")

    def missing(self, template: str, channel: str) -> str | None:
        return None


def sign_up(shop: Any, *names: str) -> None:
    for name in names:
        shop.kit.identify(name, {"email": f"{name}@example.org"})
        shop.kit.track(name, "signed_up")


def test_a_template_that_fails_for_one_is_tried_again_for_that_one(open_shop: Any) -> None:
    """F2, D3."""
    words = Choosy()
    shop = open_shop(renderer=words)
    sign_up(shop, "ann", "bob", "cy")
    counts = shop.tick()
    assert (counts.accepted, counts.retried) == (2, 1)
    words.fails_for = ""
    shop.clock.at = shop.kit.next_due()
    shop.tick()
    assert sorted(m.customer_id for m in shop.email.messages) == ["ann", "bob", "cy"]
    assert len(set(shop.email.keys)) == 3


def test_a_template_that_always_fails_comes_to_an_end(open_shop: Any) -> None:
    """D3: a bounded number of attempts, then the run goes on."""
    words = Choosy()
    shop = open_shop(renderer=words)
    sign_up(shop, "bob")
    while (due := shop.kit.next_due()) is not None:
        shop.clock.at = max(shop.clock.at, due)
        shop.tick()
    assert shop.email.messages == []
    reasons = [line.reason for line in shop.kit.explain("bob") if line.kind == "answer"]
    assert reasons.count("failed") == 2  # hello and tips
    assert shop.kinds("bob")[-1] == "end"


def test_content_is_rendered_once_whatever_the_template_says_later(open_shop: Any) -> None:
    """D2: a retry under one key is identical."""
    from journeykit import Retry

    words = Choosy()
    shop = open_shop(renderer=words)
    answers = [Retry("busy", after=timedelta(minutes=1)), None]
    shop.email.act = lambda message: answers.pop(0)
    sign_up(shop, "ann")
    shop.tick()
    shop.clock.passes(minutes=1)
    shop.tick()
    assert words.rendered == ["ann"]
    first, second = shop.email.messages
    assert (first.content, first.key) == (second.content, second.key)
    assert (first.attempt, second.attempt) == (1, 2)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    if request.param == "memory":
        yield MemoryStore()
    else:
        with SQLiteStore(tmp_path / "shop.db", synchronous="off") as one:
            yield one


def poison(store: Any, name: str, next_due: int | None) -> bytes:
    """Overwrite a document, as a bug or another program would."""
    version = store.versions([name])[name]
    body = b'{"id": "this is no document"'
    assert not store.commit([CustomerCommit(name, version, body, next_due)])
    return body


def test_a_broken_document_rests_and_everybody_else_goes_on(open_shop: Any, store: Any) -> None:
    """F2."""
    shop = open_shop(store=store, batch=2)
    sign_up(shop, "ann", "bob", "cy")
    shop.tick()
    due = shop.kit.next_due()
    body = poison(store, "ann", int(due.timestamp()) * 1_000_000)
    shop.clock.at = due
    counts = shop.tick()
    assert counts.accepted == 2
    (failure,) = counts.failures
    assert failure.customer_id == "ann"
    assert isinstance(failure.error.__cause__, ValueError)
    assert not shop.tick().did_something  # it rests
    assert shop.kit.next_due() == due + timedelta(minutes=1)
    assert store.load(["ann"])["ann"].body == body  # and is what it was
    shop.clock.passes(minutes=1)
    assert [one.customer_id for one in shop.tick().failures] == ["ann"]


def test_messages_of_a_broken_document_hold_up_nobody(open_shop: Any, store: Any) -> None:
    """F2."""
    shop = open_shop(store=store)
    sign_up(shop, "ann", "bob")
    poison(store, "ann", None)
    counts = shop.tick()
    assert counts.accepted == 1
    assert [one.customer_id for one in counts.failures] == ["ann"]
    assert not shop.tick().did_something
    assert shop.kit.next_due() is not None


def test_inputs_for_a_broken_document_are_returned_with_its_error(
    open_shop: Any, store: Any
) -> None:
    """F1, F2."""
    shop = open_shop(store=store)
    sign_up(shop, "ann", "bob")
    poison(store, "ann", None)
    with pytest.raises(StoreError, match="customer: this customer") as caught:
        shop.kit.track("ann", "left")
    assert caught.value.__cause__ is not None
    rows = [{"customer_id": name, "event": "left"} for name in ("ann", "bob", "ann")]
    done = shop.kit.track_many(rows)
    assert [bad.index for bad in done.bad] == [0, 2]
    assert [one.customer_id for one in done.outcomes] == ["bob"]
    told = shop.kit.identify_many([{"customer_id": "ann"}, {"customer_id": "cy"}])
    assert [bad.index for bad in told.bad] == [0]
    assert [one.customer_id for one in told.outcomes] == ["cy"]


def test_a_journal_that_cannot_grow_stops_nobody_else(
    open_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F2: code that fails on one customer's answer."""
    from journeykit.runtime import settling

    shop = open_shop()
    sign_up(shop, "ann", "bob")
    advance = settling.advance

    def fragile(rules: Any, state: Any, *args: Any, **options: Any) -> Any:
        if state.id == "ann":
            raise RuntimeError
        return advance(rules, state, *args, **options)

    monkeypatch.setattr(settling, "advance", fragile)
    counts = shop.tick()
    assert [one.customer_id for one in counts.failures] == ["ann"]
    assert len(shop.kit.customer("bob").sent) == 1
    assert not shop.tick().did_something
    monkeypatch.undo()
    shop.clock.passes(hours=1)
    shop.tick()
    assert len(shop.kit.customer("ann").sent) == 1
    hellos = [m.key for m in shop.email.messages if m.template == "hello"]
    assert len(hellos) == 3  # ann's answer was lost: one repeat, under the same key
    assert len(set(hellos)) == 2
