"""Why did it not happen? Read from a store, with the workspace that says what was asked."""

from __future__ import annotations

from pathlib import Path

from journeykit.adapters import SystemClock
from journeykit.cli.looking import look_into
from journeykit.cli.target import load_workspace
from journeykit.machine import compile_workspace
from journeykit.runtime import WhyNot, ask_why_not
from journeykit.time import to_micros


def why_not_customer(db: str | Path, target: str, customer: str, journey: str) -> WhyNot:
    """Return why something of a journey did not happen for a customer in a store.

    Raises:
        UsageError: There is no such file or workspace.
        UnknownJourneyError: The workspace has no such journey.
    """
    rules = compile_workspace(load_workspace(target)[0])
    now = to_micros(SystemClock().now())
    with look_into(db) as store:
        return ask_why_not(store, rules, customer, journey, now)
