"""Typed facts for random workspaces, and a player of scripts that checks every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest

from journeykit import Address, Event, Profile
from journeykit.kernel import (
    ChannelAnswered,
    CustomerState,
    Decision,
    GateClosed,
    Signal,
    Throttled,
    advance,
    decode_entries,
    decode_state,
    encode_entries,
    encode_state,
    next_due,
    replay,
)
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import validate_profile


class Joined(Event):
    plan: Literal["free", "pro"] = "free"
    seats: int = 1
    renews: datetime | None = None


class Bought(Event):
    cart: str = "a"
    amount: Decimal = Decimal(0)


class Left(Event):
    why: str = ""


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None
    tags: list[str] = []  # noqa: RUF012 - pydantic copies it
    spent: Decimal = Decimal(0)
    born: date | None = None
    trial_ends: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


EVENTS: tuple[type[Event], ...] = (Joined, Bought, Left)


_WAITING = (
    "wait", "wait_until", "wait_for", "wait_business_days", "wait_for_window", "digest",
)  # fmt: skip


@dataclass
class Stage:
    """One customer, advanced signal by signal; after each, everything must be in order."""

    rules: Rules
    now: int
    state: CustomerState = field(default_factory=lambda: CustomerState("ann"))
    profile: dict[str, Any] = field(default_factory=dict)
    journal: list[j.Entry] = field(default_factory=list)
    outbox: dict[str, tuple[str, int]] = field(default_factory=dict)

    def advance(self, *signals: Signal, fire_now: bool = True) -> Decision:
        decision = advance(
            self.rules, self.state, signals, self.now, profile=self.profile, fire_now=fire_now
        )
        if decision.profile is not None:
            self.profile = decision.profile
        for key in decision.drop:  # first, as in every store: what is also put begins anew
            self.outbox.pop(key, None)
        self.outbox.update(decision.put)
        self.journal += decode_entries(encode_entries(decision.entries))
        self._check(decision, fire_now)
        self.state = decode_state(encode_state(decision.state))
        return decision

    def answer(
        self, kind: Literal["accepted", "rejected", "retry", "closed", "throttled"], **more: Any
    ) -> None:
        """Let a channel answer the first message of the outbox that is due, if there is one."""
        due = [key for key, (_, at) in self.outbox.items() if at <= self.now]
        if not due:
            return
        if kind == "closed":
            self.advance(GateClosed(self.now, due[0]))
            return
        message = self.state.messages[due[0]]
        if kind == "throttled":
            turn = self.now + (more.get("after") or 1)
            self.advance(Throttled(self.now, message.id, message.channel, turn, {"rule": "1"}))
            return
        address = self.state.addresses.get(message.channel, self.state.id)
        self.advance(
            ChannelAnswered(
                self.now, message.id, message.channel, address, kind, journey=message.journey,
                topic=message.topic, transactional=message.transactional, **more,
            )
        )  # fmt: skip

    def told(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return attributes as the door lets them in."""
        return validate_profile(self.rules.workspace.profile, attributes)

    def _check(self, decision: Decision, fire_now: bool) -> None:
        state = decision.state
        body = encode_state(state)
        assert encode_state(decode_state(body)) == body, "the state does not survive its bytes"
        assert encode_state(replay("ann", self.journal)) == body, "the journal is another state"
        assert decision.next_due == next_due(state)
        assert decision.next_due is None or fire_now is False or decision.next_due > self.now
        for run in state.enrollments.values():
            kind = self.rules.table(run.journey, run.version).steps[run.step].kind
            waits = run.due is not None
            if kind == "start_journey":  # with or without a time-out
                asked = {one.enrollment for one in state.errands.values()}
                assert run.child in state.enrollments or run.child in asked, run
            else:
                assert waits is (kind in _WAITING), run
            assert (run.message is not None) is (kind == "send"), run
            assert run.leaves is None or run.leaves > self.now, run
        mine = {run.message for run in state.enrollments.values() if run.message is not None}
        assert mine == set(state.messages), "a message without its run, or a run without it"
        released = {m.id for m in state.messages.values() if m.status == "released"}
        unsure = {m.id for m in state.messages.values() if m.status == "held" and m.unsure}
        there = set(self.outbox)
        assert released <= there <= released | unsure, "the outbox holds other messages"
        assert all(m.status != "asked" for m in state.messages.values())
        check_journal(self.journal)


def check_journal(entries: Sequence[j.Entry]) -> None:
    """Instants never decrease (O4), ids are used once, and nothing is said about what is not."""
    instants = [entry.at for entry in entries]
    assert instants == sorted(instants)
    open_runs: set[str] = set()
    seen_runs: set[str] = set()
    messages: set[str] = set()
    for entry in entries:
        if isinstance(entry, j.Entered):
            assert entry.enrollment not in seen_runs, "an enrollment id came twice"
            seen_runs.add(entry.enrollment)
            open_runs.add(entry.enrollment)
        elif (run := getattr(entry, "enrollment", None)) is not None:
            assert run in open_runs, entry
        if isinstance(entry, j.Ended):
            open_runs.remove(entry.enrollment)
        if isinstance(entry, j.Decided):
            assert entry.message not in messages, "a message id came twice"
            messages.add(entry.message)


@pytest.fixture(scope="session")
def events() -> tuple[type[Event], ...]:
    return EVENTS


@pytest.fixture(scope="session")
def person() -> type[Profile]:
    return Person


@pytest.fixture(scope="session")
def stage() -> type[Stage]:
    return Stage
