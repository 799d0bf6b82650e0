"""What is parked in a store, and who is to go on? Asked and said without a worker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import datetime

from journeykit.cli.doctor import Bench, drive_on
from journeykit.cli.looking import look_into
from journeykit.cli.stores import place_of
from journeykit.ports import Store
from journeykit.runtime import Outcome, Parked
from journeykit.runtime.resuming import Resuming

_PAGE = 1000


class _Bench(Bench, Resuming):
    """A desk at which only that is done."""


def list_parked(target: str) -> list[Parked]:
    """Return everything that is parked in a store.

    Raises:
        UsageError: There is no such store.
    """
    with look_into(target) as store:
        return list(_pages(store))


def unpark_in(target: str, customer: str | None) -> int:
    """Let a customer go on who is parked, or everybody; return how many were.

    Raises:
        UsageError: There is no such store.
    """
    with closing(place_of(target).open()) as store:
        return drive_on(Resuming.unpark(Resuming(), customer), store)


def retry_in(target: str, workspace: str, customer: str, run: str) -> Outcome:
    """Let parked runs of a customer try again; a worker calls their functions.

    Raises:
        UsageError: There is no such store or workspace.
        UnknownCustomerError, UnknownJourneyError: There is no such customer or run.
    """
    bench = _Bench(workspace)
    with closing(place_of(target).open()) as store:
        return drive_on(Resuming.retry(bench, customer, run), store)


def as_text(found: Iterable[Parked]) -> str:
    """Return a line for each."""
    return "\n".join(_line(one) for one in found) or "nothing is parked"


def as_json(found: Iterable[Parked]) -> str:
    """Return it for other programs."""
    return json.dumps([asdict(one) for one in found], default=datetime.isoformat, indent=2)


def _pages(store: Store) -> Iterator[Parked]:
    after = ""
    while page := drive_on(Resuming.parked(Resuming(), after=after, limit=_PAGE), store):
        yield from page
        after = page[-1].customer_id


def _line(one: Parked) -> str:
    what = f"{one.failed}: {one.reason}"
    if one.journey:
        what = f"{one.journey} {one.enrollment} at {one.step}: {one.reason}"
    if one.function:
        what += f" of {one.function}, {one.error}"
    if one.message:
        what += f", message {one.message} by {one.channel}"
    if one.until is not None:
        goes_on = f"tried again {one.until:%Y-%m-%d %H:%M:%S} UTC"
    else:
        ways = {"call": "retry", "hand_over": "settle"}
        goes_on = f"waits for {ways.get(one.failed, 'unpark')}"
    times = "1 attempt" if one.attempts == 1 else f"{one.attempts} attempts"
    return f"{one.customer_id}  {what}; {times}, last {one.at:%Y-%m-%d %H:%M:%S} UTC; {goes_on}"
