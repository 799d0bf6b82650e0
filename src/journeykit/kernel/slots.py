"""Who uses up the slots of a cap? The accepted messages, and those on their way (rule G3)."""

from __future__ import annotations

from journeykit.kernel.facts import Facts
from journeykit.kernel.state import Message
from journeykit.machine import CapRule

EVERY_USE = 1 << 30


def uses(
    cap: CapRule,
    message: Message,
    facts: Facts,
    at: int,
    *,
    reserved: bool = True,
    most: int | None = None,
) -> list[int]:
    """Return the instants that use up slots of `cap` at `at`, as many as decide the matter.

    Accepted messages count from their acceptance; those with a reserved slot, as if they were
    accepted now (G3). The message itself never counts.

    Args:
        reserved: Whether slots that are reserved count as used now.
        most: Stop at so many; at the limit of the cap when not given.
    """
    state = facts.state
    floor, is_all = cap.floor(at, facts.zone)
    enough = cap.limit if most is None else most
    found: list[int] = []
    if reserved and len(state.messages) > 1:
        now = facts.now
        if now > floor and (is_all or cap.counts(now, at, facts.zone)):
            found = [now] * _reserved(cap, message, facts)
    is_scoped = cap.is_scoped
    for line in reversed(state.ledger):  # the newest first: it is the last written
        sent = line.at
        if sent <= floor or len(found) >= enough:
            break
        if (
            not line.transactional
            and (not is_scoped or cap.covers(line.channel, line.topic, line.journey))
            and (is_all or cap.counts(sent, at, facts.zone))
            and line.message != message.id
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
        and not other.transactional
        and holds_slot(other)
        and other.id not in facts.set_aside
        and cap.covers(other.channel, other.topic, other.journey)
    )


def holds_slot(message: Message) -> bool:
    """Tell whether a slot is reserved for the message: from release to its last answer (G3).

    Also for one that has to wait out quiet hours between two hand-overs: nobody knows whether
    the first came through.
    """
    return message.status == "released" or (message.unsure and message.reason == "quiet_hours")
