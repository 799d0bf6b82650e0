"""How do open runs come from an old version of a journey to the new one? By a map of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

from journeykit.model.base import Frozen, Wrong
from journeykit.model.triggers import as_tuple

EXIT: Final = "@exit"
"""In a map: end the runs that stand here."""

RESTART: Final = "@restart"
"""In a map: let the runs that stand here begin anew with the first step."""


class Migrate(Frozen):
    """Open runs of older versions move to this version, step by step.

    A step of the old version goes over to the step of the same id, unless the map says
    otherwise. Only steps at which somebody stands need a counterpart; where one is missing the
    publication is refused as a whole, before anything changes (rule V1).

    A run keeps its trigger, its running timer, what became of its messages, the goals it has
    reached and the events that came early. A message that is under way goes on under its key.
    What was sent is not sent again.

    Args:
        steps: Old step id to new step id, or to `EXIT` or `RESTART`.
        from_versions: Which versions are left; all older ones when not given. Runs of the others
            finish where they are.
    """

    steps: Mapping[str, str] = Field(default_factory=dict)
    from_versions: Annotated[Sequence[int], AfterValidator(as_tuple)] | None = Field(
        default=None, kw_only=True
    )

    if TYPE_CHECKING:

        def __init__(
            self,
            steps: Mapping[str, str] = ...,
            *,
            from_versions: Sequence[int] | None = None,
        ) -> None: ...

    def target(self, step: str) -> str:
        """Return where a run goes that stands at `step`: an id, `EXIT` or `RESTART`."""
        return self.steps.get(step, step)

    def takes(self, version: int) -> bool:
        """Tell whether runs of this older version move."""
        return self.from_versions is None or version in self.from_versions


def check_migration(upgrade: Migrate, version: int, ids: Mapping[str, object]) -> None:
    """Refuse a map that makes no sense for a journey of this version with these states.

    Raises:
        Wrong: It leads to no step, or from where nobody can stand, or from a version that is
            not older.
    """
    if upgrade.from_versions == ():
        raise Wrong(
            "it moves nobody: no version is named",
            "leave out from_versions to move the runs of all older versions",
            "upgrade › from_versions",
        )
    known = [name for name in ids if name not in _NOT_STOOD_AT]
    for old, new in upgrade.steps.items():
        if old in _NOT_STOOD_AT:
            raise Wrong(
                f"nobody stands at {old!r}", "name steps of older versions", "upgrade › steps"
            )
        if new not in (EXIT, RESTART) and new not in known:
            raise Wrong(
                f"the step {old!r} is to go over to {new!r}, which this version does not have",
                f"name one of {', '.join(map(repr, known))}, or EXIT or RESTART",
                "upgrade › steps",
            )
    for number, one in enumerate(upgrade.from_versions or ()):
        if not 0 < one < version:
            raise Wrong(
                f"version {one} is not older than this one, which is {version}",
                "name the older versions whose runs are to move",
                f"upgrade › from_versions[{number}]",
            )


_NOT_STOOD_AT = ("start", "completed", "exited")
