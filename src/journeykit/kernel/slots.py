"""Who uses up the slots of a cap? The accepted messages, and those on their way (rule G3)."""

from __future__ import annotations

from journeykit.kernel.facts import Facts
from journeykit.kernel.state import Message
from journeykit.machine import CapRule

EVERY_USE = 1 << 30
_MAY_HAVE_GONE = (
    "quiet_hours", "send_hours", "throttle", "spread", "paused", "circuit_open",
    "channel_paused", "handed_over_unknown",
)  # fmt: skip


def fillers(
    cap: CapRule, message: Message, facts: Facts, at: int, *, reserved: bool = True
) -> list[int] | None:
    """Return the instants that fill the cap for the message at `at`, or None: a slot is free.

    As many as its limit, the newest: none where the limit is zero.
    """
    limit = cap.limit if cap.own_limit is None else cap.limit_for(facts.reading)
    ledger, messages = facts.state.ledger, facts.state.messages
    needed = limit  # so many of the newest lines of the ledger must count
    if messages and reserved:
        needed -= len(messages) - (message.id in messages)
    if needed > len(ledger):
        return None
    zone, _ = facts.zone_for(message.channel)
    if needed > 0 and ledger[-needed].at <= cap.floor(at, zone)[0]:
        return None
    used = uses(cap, message, facts, at, reserved=reserved, most=limit)
    return used if len(used) >= limit else None


def uses(
    cap: CapRule,
    message: Message,
    facts: Facts,
    at: int,
    *,
    reserved: bool = True,
    most: int = EVERY_USE,
) -> list[int]:
    """Return the instants that use up slots of `cap` at `at`, the newest first.

    Accepted messages count from their acceptance; those with a reserved slot, as if they were
    accepted now (G3). The message itself never counts.

    Args:
        reserved: Whether slots that are reserved count as used now.
        most: Stop at so many.
    """
    zone, _ = facts.zone_for(message.channel)
    floor, is_all = cap.floor(at, zone)
    found: list[int] = []
    if reserved and facts.state.messages:
        now = facts.now
        if now > floor and (is_all or cap.counts(now, at, zone)):
            found = [now] * _reserved(cap, message, facts)
    own, covers, is_scoped = message.id, cap.covers, cap.is_scoped
    counts_transactional = cap.counts_transactional
    for line in reversed(facts.state.ledger):  # the newest first: it is the last written
        sent = line.at
        if sent <= floor or len(found) >= most:
            break
        if (
            (counts_transactional or not line.transactional)
            and (not is_scoped or covers(line))
            and (is_all or cap.counts(sent, at, zone))
            and line.message != own
        ):
            found.append(sent)
    return found


def _reserved(cap: CapRule, message: Message, facts: Facts) -> int:
    """Return how many slots other messages hold between release and last answer."""
    return sum(
        1
        for other in facts.state.messages.values()
        if other is not message
        and other.id != message.id
        and (cap.counts_transactional or not other.transactional)
        and holds_slot(other)
        and other.id not in facts.set_aside
        and cap.covers(other)
    )


def holds_slot(message: Message) -> bool:
    """Tell whether a slot is reserved for the message: from release to its last answer (G3).

    Also for one that has to wait out quiet hours or a throttle between two hand-overs: nobody knows whether
    the first came through.
    """
    return message.status == "released" or (message.unsure and message.reason in _MAY_HAVE_GONE)
