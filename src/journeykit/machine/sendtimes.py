"""Who chooses when a message leaves? The workspace's send times, looked up once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from journeykit.errors import DefinitionError
from journeykit.machine.table import SendPlan, Table
from journeykit.model import BestHour, SendTimeFunction, Workspace

SendTimeRule = BestHour | SendTimeFunction


def send_times_of(workspace: Workspace, tables: Iterable[Table]) -> Mapping[str, SendTimeRule]:
    """Return the send times by name; runs on older versions need theirs, too.

    Raises:
        DefinitionError: An older version names one that there is not any more.
    """
    for table in tables:
        for step in table.steps.values():
            plan = step.plan
            if not isinstance(plan, SendPlan) or plan.send_time is None:
                continue
            if plan.send_time not in workspace.send_times:
                raise DefinitionError(
                    f"there is no send time {plan.send_time!r}, and customers may still be on "
                    f"version {table.version} of journey {table.journey!r}, which asks for it",
                    place=f"Journey {table.journey!r} › {step.path}",
                    remedy=f"keep it in Workspace(send_times={{{plan.send_time!r}: ...}})",
                )
    return workspace.send_times
