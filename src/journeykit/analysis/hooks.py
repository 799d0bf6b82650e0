"""What do definitions answer that is worked out here? The hooks that they keep free for it.

The model knows nothing of this floor. Nothing is imported before it is asked for: a program
that only runs journeys does not pay for it.
"""

from __future__ import annotations

from datetime import date

from journeykit.model import Journey, Workspace
from journeykit.model.differences import Diff
from journeykit.model.findings import Findings, KnowsTemplates
from journeykit.model.pictures import Counts, Direction


def check(
    workspace: Workspace,
    *,
    today: date | None = None,
    templates: KnowsTemplates | None = None,
    strict: bool = False,
) -> Findings:
    """Return what is found in a workspace; see `Workspace.check`."""
    from journeykit.analysis.findings import check as look  # here, since few ask

    return look(workspace, today=today, templates=templates, strict=strict)


def draw(journey: Journey, counts: Counts | None = None, direction: Direction = "TD") -> str:
    """Return a journey as a Mermaid flowchart; see `Journey.mermaid`."""
    from journeykit.analysis.mermaid import mermaid  # here, since few ask

    return mermaid(journey, counts, direction)


def diff(old: Journey | Workspace, new: Journey | Workspace) -> Diff:
    """Return what changed from one definition to another, in words and as data.

    Raises:
        UsageError: One is a journey, and the other a workspace.
    """
    from journeykit.analysis.differences import differences  # here, since few ask

    return differences(old, new)


Workspace.__check__ = check
Journey.__draw__ = draw
