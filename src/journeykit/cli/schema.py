"""What may stand in a file of data? The JSON Schema of a journey or a workspace."""

from __future__ import annotations

import json
from importlib.metadata import version

from journeykit.analysis.schema import json_schema
from journeykit.errors import UsageError
from journeykit.model import Journey, Workspace

_KINDS: dict[str, type[Journey] | type[Workspace]] = {"journey": Journey, "workspace": Workspace}


def schema_text(kind: str) -> str:
    """Return the schema as JSON.

    Raises:
        UsageError: There is no such kind of data.
    """
    if kind not in _KINDS:
        raise UsageError(
            "there is no data of this kind", value=kind, remedy=f"it is {' or '.join(_KINDS)}"
        )
    return json.dumps(json_schema(_KINDS[kind], version=version("journeykit")), indent=2)
