"""What do definitions answer that is worked out here? The hooks that they keep free for it.

The model knows nothing of this floor. Nothing is imported before it is asked for: a program
that only runs journeys does not pay for it.
"""

from __future__ import annotations

from datetime import date

from journeykit.model import Workspace
from journeykit.model.findings import Findings, KnowsTemplates


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


Workspace.__check__ = check
