"""Each promise about what is remembered is broken on purpose, and each time the check notices."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import pytest
from msgspec.structs import replace

from journeykit.adapters import MemoryStore
from journeykit.ports import (
    CustomerCommit,
    Definition,
    JournalRecord,
    SeenEvent,
)
from journeykit.testing import store_records as promises
from journeykit.testing.store_records import RECORD_PROMISES, REOPENING_PROMISES
from saboteurs import found_out, proofs

M = TypeVar("M", bound=MemoryStore)


class TellsTheNewestFirst(MemoryStore):
    """The journal is read backwards."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        return list(super().journal(customer_id, after=after))[::-1]


class TidiesJson(MemoryStore):
    """A JSON column: the same value, other bytes."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        for one in super().journal(customer_id, after=after):
            tidy = json.dumps(json.loads(one.entries), separators=(",", ":")).encode()
            yield replace(one, entries=tidy)


class KeepsOneJournalForAll(MemoryStore):
    """Whose journal it is does not matter."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        for id in self.customers():
            yield from super().journal(id, after=after)


class StampsRecordsAnew(MemoryStore):
    """A record's `at` is lost."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        return [replace(one, at=0) for one in super().journal(customer_id, after=after)]


class CountsFromTheNumberItself(MemoryStore):
    """`after` is taken for `from`."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        return super().journal(customer_id, after=after - 1)


class OverlooksAfter(MemoryStore):
    """The whole journal, always."""

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        return super().journal(customer_id)


class TakesAnyNumber(MemoryStore):
    """Journal numbers are written as they come."""

    def _checked_entries(self, commit: CustomerCommit) -> int:
        return len(json.loads(commit.journal or b"[]"))


class NumbersByItself(MemoryStore):
    """A wrong number is put right in silence."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        right = []
        for one in commits:
            there = self._customers.get(one.customer_id)
            right.append(replace(one, first_seq=there.next_seq if there else 1))
        return super().commit(right)


class SharesEventIds(MemoryStore):
    """An event id belongs to nobody in particular."""

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        all_of_them = {id: e for one in self._customers.values() for id, e in one.seen.items()}
        return {place: all_of_them[place[1]].digest for place in events if place[1] in all_of_them}


class FoldsEventIds(MemoryStore):
    """Event ids are compared without regard to case."""

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        found = {}
        for customer, event in events:
            there = self._customers.get(customer)
            for one in there.seen.values() if there else ():
                if one.event_id.casefold() == event.casefold():
                    found[customer, event] = one.digest
        return found


class RemembersTheStale(MemoryStore):
    """Events are remembered before versions are compared."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        for one in commits:
            there = self._customers.get(one.customer_id)
            if there:
                self._remember(there, one)
        return super().commit(commits)


class ForgetsAtOnce(MemoryStore):
    """`expires` is the first instant that no longer counts."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        earlier = [
            replace(one, seen=[replace(e, expires=e.expires - 1) for e in one.seen])
            for one in commits
        ]
        return super().commit(earlier)


class RemembersAHundred(MemoryStore):
    """A cache of the newest ids."""

    def _remember(self, customer: object, commit: CustomerCommit) -> None:
        super()._remember(customer, commit)  # type: ignore[arg-type]  # handed on
        while len(self._seen) > 100:
            owner, old = self._seen.popleft()
            owner.seen.pop(old.event_id, None)


class ForgetsByTheOldestRecord(MemoryStore):
    """An id that was committed anew is forgotten when its first record expires."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit([replace(one, seen=self.first(one)) for one in commits])

    def first(self, commit: CustomerCommit) -> list[SeenEvent]:
        there = self._customers.get(commit.customer_id)
        known = there.seen if there else {}
        return [known.get(one.event_id, one) for one in commit.seen]


class KeepsTheLastDefinition(MemoryStore):
    """publish is an upsert."""

    def publish(self, definitions: Sequence[Definition]) -> None:
        for one in definitions:
            self._definitions[one.journey, one.version] = one


class SortsVersionsAsText(MemoryStore):
    """Version 10 goes before version 2."""

    def definitions(self) -> Sequence[Definition]:
        return sorted(super().definitions(), key=lambda one: (one.journey, str(one.version)))


class RefusesRepeatedDefinitions(MemoryStore):
    """What is there already is an error."""

    def publish(self, definitions: Sequence[Definition]) -> None:
        for one in definitions:
            if (one.journey, one.version) in self._definitions:
                raise KeyError(one)
        super().publish(definitions)


SABOTAGE = [
    (promises.keeps_the_journal_in_order, TellsTheNewestFirst),
    (promises.keeps_the_journal_in_order, TidiesJson),
    (promises.keeps_the_journal_in_order, KeepsOneJournalForAll),
    (promises.keeps_the_journal_in_order, StampsRecordsAnew),
    (promises.reads_the_journal_from_a_number, CountsFromTheNumberItself),
    (promises.reads_the_journal_from_a_number, OverlooksAfter),
    (promises.refuses_holes_in_the_journal, TakesAnyNumber),
    (promises.refuses_holes_in_the_journal, NumbersByItself),
    (promises.remembers_events, SharesEventIds),
    (promises.remembers_events, FoldsEventIds),
    (promises.remembers_events, RemembersTheStale),
    (promises.forgets_events_only_when_expired, ForgetsAtOnce),
    (promises.forgets_events_only_when_expired, RemembersAHundred),
    (promises.forgets_events_only_when_expired, ForgetsByTheOldestRecord),
    (promises.keeps_the_first_definition, KeepsTheLastDefinition),
    (promises.keeps_the_first_definition, SortsVersionsAsText),
    (promises.keeps_the_first_definition, RefusesRepeatedDefinitions),
]


(
    test_a_broken_promise_is_noticed,
    test_a_kept_promise_is_not_complained_about,
    test_no_promise_is_without_a_saboteur,
) = proofs(RECORD_PROMISES, SABOTAGE)


# Ways to open the data once more. Each takes the store, and returns what it claims is its twin.


def the_same_data(store: M) -> M:
    """What reopening should be: another door to the same data."""
    twin: M = object.__new__(type(store))
    twin.__dict__ = store.__dict__
    return twin


def nothing(store: MemoryStore) -> MemoryStore:
    """What was written is lost."""
    return type(store)()


def yesterdays_copy(store: MemoryStore) -> MemoryStore:
    """A copy is no twin: what one writes the other never sees."""
    twin = type(store)()
    twin.commit([CustomerCommit("ann", 0, b"", None)])
    parts = ["_customers", "_definitions", "_due", "_parking", "_inbox", "_outbox"]
    whole = copy.deepcopy({name: getattr(store, name) for name in parts})
    twin.__dict__.update(whole)
    return twin


def without(lose: Callable[[MemoryStore], object]) -> Callable[[MemoryStore], MemoryStore]:
    """Return a way to reopen that loses one thing."""

    def reopen(store: MemoryStore) -> MemoryStore:
        twin = yesterdays_copy(store)
        lose(twin)
        return twin

    return reopen


def ann(store: MemoryStore) -> object:
    return store._customers["ann"]


def end_leases(store: MemoryStore) -> None:
    store.recover("w1")


def lose_content(store: MemoryStore) -> None:
    store._outbox._rows["m1"].content = None


REOPENINGS = {
    "nothing": (promises.survives_reopening, nothing),
    "profiles": (promises.survives_reopening, without(lambda s: setattr(ann(s), "profile", None))),
    "journal": (promises.survives_reopening, without(lambda s: setattr(ann(s), "journal", []))),
    "events": (promises.survives_reopening, without(lambda s: setattr(ann(s), "seen", {}))),
    "what is due": (promises.survives_reopening, without(lambda s: s._due.set("ann", None))),
    "definitions": (promises.survives_reopening, without(lambda s: s._definitions.clear())),
    "leases": (promises.survives_reopening, without(end_leases)),
    "content": (promises.survives_reopening, without(lose_content)),
    "tokens": (promises.survives_reopening, without(lambda s: setattr(s._outbox, "_token", 0))),
    "a copy": (promises.agrees_with_its_twin, yesterdays_copy),
}


@pytest.mark.parametrize(("promise", "reopen"), REOPENINGS.values(), ids=REOPENINGS)
def test_a_broken_reopening_is_noticed(
    promise: Callable[..., None],
    reopen: Callable[[MemoryStore], MemoryStore],
) -> None:
    def open_twice(store: MemoryStore) -> None:
        promise(store, again=partial(reopen, store))

    assert found_out(open_twice, MemoryStore)


@pytest.mark.parametrize("promise", REOPENING_PROMISES, ids=lambda one: one.__name__)
def test_a_true_reopening_is_not_complained_about(promise: Callable[..., None]) -> None:
    store = MemoryStore()
    promise(store, again=partial(the_same_data, store))


def test_no_promise_about_reopening_is_without_a_saboteur() -> None:
    assert {promise for promise, _ in REOPENINGS.values()} == set(REOPENING_PROMISES)
