"""Which versions run? Old runs finish on theirs, and an edit needs a new number."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import (
    Call,
    Content,
    Journey,
    MemoryStore,
    Migrate,
    Send,
    SQLiteStore,
    Wait,
    hours,
)
from journeykit.errors import DefinitionError, TemplateError, VersionError
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


class Lacks:
    """A renderer that has no template of this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, context: Any) -> Content:
        return Content(text="x")

    def missing(self, template: str, channel: str) -> str | None:
        return "there is none" if template == self.name else None


NEEDING = [
    (Send("a", via=["sms"]), {}, DefinitionError, r"version 1, on which open runs .* by 'sms'"),
    (Call("score"), {}, DefinitionError, r"version 1, on which open runs .* calls 'score'"),
    (Send("a", via=["email"]), {"renderer": Lacks("a")}, TemplateError, "template 'a' of version"),
]


@pytest.mark.parametrize(("step", "given", "error", "told"), NEEDING)
def test_what_open_runs_of_an_older_version_need_must_be_there(
    open_shop: Any, entry: Any, step: Any, given: Any, error: Any, told: str
) -> None:
    """V1: refused before anything changes; not where nobody is there, or everybody moves."""
    rest = Wait(hours(1), label="rest")
    store = MemoryStore()
    first = Journey("welcome", entry=entry.entry, steps=[rest, step])
    functions = {"score": lambda context: None}
    full = open_shop(first, store=store, functions=functions)

    def start(version: int, **options: Any) -> None:
        new = Journey("welcome", version=version, entry=entry.entry, steps=[rest], **options)
        channels = {"email": full.email}
        open_shop(new, store=store, clock=full.clock, channels=channels, **given)

    start(2)
    full.kit.identify("ann")
    full.kit.track("ann", "signed_up")
    before = store.definitions()
    with pytest.raises(error, match=told):
        start(3)
    assert store.definitions() == before
    start(3, upgrade=Migrate())
    start(3, upgrade=Migrate())


def test_customers_are_not_looked_through_at_every_start(open_shop: Any, entry: Any) -> None:
    """Once nobody is on an older version that lacks something, it is not asked about again."""

    class Counts(MemoryStore):
        pages = 0

        def customers(self, **page: Any) -> Any:
            self.pages += 1
            return super().customers(**page)

    store = Counts()
    old = Journey("welcome", entry=entry.entry, steps=[Wait(hours(1)), Send("a", via=["sms"])])
    new = Journey("welcome", version=2, entry=entry.entry, steps=[Send("a", via=["email"])])
    other = Journey("other", entry=entry.entry, steps=[Send("b", via=["email"])])
    full = open_shop(old, store=store)
    channels = {"email": full.email}
    for wanted in (other, other, new):
        pages = store.pages
        open_shop(wanted, store=store, channels=channels)
    assert store.pages == pages
    gone = Counts()
    full = open_shop(old, store=gone)
    for _ in range(2):
        open_shop(other, store=gone, channels=channels)
    again = open_shop(old, store=gone)  # the journey is back, and somebody enters
    again.kit.identify("ann")
    again.kit.track("ann", "signed_up")
    with pytest.raises(DefinitionError, match="by 'sms'"):
        open_shop(other, store=gone, channels=channels)
