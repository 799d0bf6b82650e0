"""What would publishing do to the customers of a store? Worked out without changing anything."""

from __future__ import annotations

from pathlib import Path

from journeykit.adapters import SystemClock
from journeykit.cli.looking import look_into
from journeykit.cli.target import load_workspace
from journeykit.runtime import Plan
from journeykit.runtime.planning import plan_for
from journeykit.time import to_micros


def plan_workspace(db: str | Path, target: str) -> Plan:
    """Return what publishing the workspace that `target` names to a store would do.

    Raises:
        UsageError: There is no such file, or no such workspace.
    """
    workspace, _ = load_workspace(target)
    with look_into(db) as store:
        return plan_for(store, workspace, to_micros(SystemClock().now()))
