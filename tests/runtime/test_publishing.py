"""Which versions run? Old runs finish on theirs, and an edit needs a new number."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Journey, MemoryStore, Send, SQLiteStore, Wait, hours
from journeykit.errors import VersionError
from journeykit.ports import Definition


def journey(first: Any, version: int, *templates: str) -> Journey:
    steps: list[Any] = []
    for template in templates:
        steps += [Send(template, via=["email"]), Wait(hours(1))]
    return Journey("welcome", version=version, entry=first.entry, steps=steps)


@pytest.fixture
def entry(open_shop: Any) -> Any:
    return open_shop().kit.workspace.journeys[0]


def test_an_edit_under_an_old_number_is_refused(open_shop: Any, entry: Any) -> None:
    """V3: by name, with the number that would be right; nothing is written."""
    store = MemoryStore()
    open_shop(journey(entry, 1, "a"), store=store)
    open_shop(journey(entry, 4, "b"), store=store)
    before = store.definitions()
    with pytest.raises(VersionError) as caught:
        open_shop(journey(entry, 1, "a", "edited"), store=store)
    told = str(caught.value)
    assert "'welcome' was edited, but is still called version 1" in told
    assert "version=5" in told
    assert store.definitions() == before


def test_the_same_definition_may_be_published_again(open_shop: Any, entry: Any) -> None:
    store = MemoryStore()
    for _ in range(2):
        open_shop(journey(entry, 1, "a"), store=store)
    assert len(store.definitions()) == 1


def test_other_ways_to_write_the_same_json_are_no_edit(open_shop: Any, entry: Any) -> None:
    """V3: definitions are compared in canonical form, not byte by byte."""
    one = journey(entry, 1, "a")
    store = MemoryStore()
    body = one.to_json(indent=4).encode()
    assert body != one.canonical()
    store.publish([Definition("welcome", 1, "digest of long ago", body)])
    open_shop(one, store=store)


def test_old_runs_finish_on_their_version(open_shop: Any, entry: Any, tmp_path: Any) -> None:
    """V1."""
    with SQLiteStore(tmp_path / "shop.db", synchronous="off") as store:
        old = open_shop(journey(entry, 1, "a", "b"), store=store)
        for name in ("ann", "bob"):
            old.kit.identify(name, {"email": f"{name}@example.org"})
        old.kit.track("ann", "signed_up")
        old.tick()
        new = open_shop(journey(entry, 2, "x"), store=store, clock=old.clock)
        new.kit.track("bob", "signed_up")
        new.tick()
        new.clock.passes(hours=1)
        new.tick()
        assert [(m.customer_id, m.template) for m in new.email.messages] == [
            ("bob", "x"), ("ann", "b"),
        ]  # fmt: skip
        versions = {entry.version for entry in new.kit.journal("ann") if hasattr(entry, "version")}
        assert versions == {1}


def test_a_journey_that_left_the_workspace_is_finished(open_shop: Any, entry: Any) -> None:
    """V1: what was published stays."""
    store = MemoryStore()
    old = open_shop(journey(entry, 1, "a", "b"), store=store)
    old.kit.identify("ann", {"email": "ann@example.org"})
    old.kit.track("ann", "signed_up")
    old.tick()
    other = Journey("other", entry=entry.entry, steps=[Send("o", via=["email"])])
    new = open_shop(other, store=store, clock=old.clock)
    new.clock.passes(hours=1)
    new.tick()
    assert new.email.templates == ["b"]
    assert new.kit.track("ann", "signed_up").entered == ["other"]


def test_of_two_who_publish_at_once_the_second_is_told(open_shop: Any, entry: Any) -> None:
    """V3: whoever comes between the look and the publication."""

    class Contested(MemoryStore):
        def publish(self, definitions: Any) -> None:
            theirs = journey(entry, 1, "theirs")
            super().publish([Definition("welcome", 1, "d", theirs.canonical())])
            super().publish(definitions)

    with pytest.raises(VersionError, match="version=2"):
        open_shop(journey(entry, 1, "ours"), store=Contested())
