"""Which addresses must nobody write to? A list for all customers and journeys (D4).

It keeps no address, only salted hashes. It is asked in every round of hand-overs, after the
announcement (`Hold`): whoever put an address on it either came before the question, or finds
the announcement and waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from journeykit.errors import JourneykitError, UsageError
from journeykit.kernel import GateClosed, SuppressionTold
from journeykit.machine import Rules
from journeykit.ports import Suppression
from journeykit.runtime.calls import Flow, List, Listed, Unlist
from journeykit.runtime.intake import check_address, check_channel, check_words
from journeykit.runtime.listing import Place, place_of
from journeykit.runtime.outcomes import BadRow
from journeykit.runtime.rounds import Going, Round
from journeykit.time import from_micros


class SuppressedAddress(NamedTuple):
    """What the list of suppressed addresses says about one."""

    channel: str
    reason: str
    since: datetime


@dataclass(slots=True)
class ListOutcome:
    """How many rows of a list were done, and the bad ones with their errors."""

    done: int = 0
    bad: list[BadRow] = field(default_factory=list)


def leave_out_listed(round_: Round, going: Sequence[Going]) -> Flow[list[Going]]:
    """Return what may go as far as the list is asked; the others are judged anew, and told why."""
    if not going:
        return []
    places = [place_of(round_.rules, one.message.channel, one.address) for one in going]
    found = yield from Listed(list(dict.fromkeys(places)))
    if not found:
        return list(going)
    may_go: list[Going] = []
    for one, place in zip(going, places, strict=True):
        row = found.get(place)
        if row is None:
            may_go.append(one)
            continue
        _leave_out(round_, one, place, row.reason)
    return may_go


def is_dead(round_: Round, one: Going) -> bool:
    """Tell whether this round has found the address dead, for another customer; leave it out then.

    That becomes known to others when the answer is committed.
    """
    place = place_of(round_.rules, one.message.channel, one.address)
    found = round_.dead.get(place)
    if found is None or found[0] == one.customer.state.id:
        return False
    _leave_out(round_, one, place, found[1])
    return True


def note_dead(round_: Round, one: Going) -> None:
    """Note that the channel called the address of a message dead."""
    answer = one.customer.answers[-1]
    if answer.dead_address and answer.answer == "rejected":
        place = place_of(round_.rules, answer.channel, answer.address)
        round_.dead.setdefault(place, (one.customer.state.id, answer.detail))


def _leave_out(round_: Round, one: Going, place: Place, reason: str) -> None:
    now, key = round_.now, one.claim.key
    told = SuppressionTold(now, place[0], one.address, True, reason, listed=True)
    one.customer.listed[place] = told
    one.customer.closed.append(GateClosed(now, key))
    round_.unsent.pop(key, None)


def suppress_rows(rules: Rules, rows: Iterable[Mapping[str, Any]], now: int) -> Flow[ListOutcome]:
    """Put the good rows on the list."""
    outcome = ListOutcome()
    good = [
        Suppression(
            *place_of(rules, row["channel"], row["address"]), row.get("reason", "host"), now
        )
        for row in _good(rules, rows, _FIELDS, outcome)
    ]
    for start in range(0, len(good), _AT_ONCE):
        yield from List(good[start : start + _AT_ONCE])
    return outcome


def unsuppress_rows(rules: Rules, rows: Iterable[Mapping[str, Any]]) -> Flow[ListOutcome]:
    """Take the good rows off the list."""
    outcome = ListOutcome()
    good = [
        place_of(rules, row["channel"], row["address"])
        for row in _good(rules, rows, _FIELDS[:2], outcome)
    ]
    for start in range(0, len(good), _AT_ONCE):
        yield from Unlist(good[start : start + _AT_ONCE])
    return outcome


def look_up(rules: Rules, channel: str, address: str) -> Flow[SuppressedAddress | None]:
    """Say what the list holds about an address."""
    place = place_of(rules, channel, address)
    found = yield from Listed([place])
    row = found.get(place)
    return None if row is None else SuppressedAddress(channel, row.reason, from_micros(row.at))


_AT_ONCE = 1000
_FIELDS = ("channel", "address", "reason")


def _good(
    rules: Rules, rows: Iterable[Mapping[str, Any]], fields: Sequence[str], outcome: ListOutcome
) -> list[Mapping[str, Any]]:
    good: list[Mapping[str, Any]] = []
    for index, row in enumerate(rows):
        try:
            _check(rules, row, fields)
        except JourneykitError as error:
            outcome.bad.append(BadRow(index, row, error))
        else:
            good.append(row)
    outcome.done = len(good)
    return good


def _check(rules: Rules, row: object, fields: Sequence[str]) -> None:
    remedy = f"a row has {' and '.join(_FIELDS[:2])}"
    remedy += ", and may have a reason" if "reason" in fields else ", and nothing else"
    if not isinstance(row, Mapping):
        raise UsageError(
            "a row must be a mapping", place="row", value=row, remedy=remedy, private=True
        )
    for name in fields[:2]:
        if name not in row:
            raise UsageError(f"the row has no {name!r}", place=name, remedy=remedy)
    for name in row:
        if name not in fields:
            raise UsageError(
                f"the row has an unknown field {name!r}", place=str(name), remedy=remedy
            )
    check_channel(rules, row["channel"])
    check_address(row["address"])
    check_words("reason", row.get("reason", "host"), "why the address must not be used")
