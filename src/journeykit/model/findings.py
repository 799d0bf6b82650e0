"""What is a finding? Something about a definition that is legal, and probably not meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, overload

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: Stable, such as `JK201`; docs/reference/findings.md has all of them.
        severity: `error`: something written here can have no effect. `warning`: it has another
            effect than it reads. `note`: worth knowing.
        journey: "" where no journey is concerned.
        place: Where it stands in the journey, or in the workspace.
        why: One sentence.
        remedy: One sentence.
    """

    code: str
    severity: Severity
    journey: str
    place: str
    why: str
    remedy: str

    @property
    def path(self) -> str:
        """The full path: the journey, and the place in it."""
        if not self.journey:
            return self.place
        return (
            f"Journey {self.journey!r} › {self.place}"
            if self.place
            else f"Journey {self.journey!r}"
        )

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.path}: {self.why}; {self.remedy}"


class Findings(Sequence[Finding]):
    """All that was found, in the order of the definition; printing it tells everything."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._found = tuple(found)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._found[index])
        return self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def __eq__(self, other: object) -> bool:
        return self._found == other._found if isinstance(other, Findings) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._found)

    def __repr__(self) -> str:
        return f"Findings({', '.join(self.codes)})"

    def __str__(self) -> str:
        return self.text()

    @property
    def codes(self) -> list[str]:
        """The codes, in order."""
        return [finding.code for finding in self._found]

    @property
    def errors(self) -> Findings:
        """Those of severity `error`."""
        return self.of("error")

    @property
    def warnings(self) -> Findings:
        """Those of severity `warning`."""
        return self.of("warning")

    def of(self, *severities: Severity) -> Findings:
        """Return those of some severities."""
        return Findings(found for found in self._found if found.severity in severities)

    def about(self, journey: str) -> Findings:
        """Return those about one journey; "" for those about none."""
        return Findings(found for found in self._found if found.journey == journey)

    def text(self) -> str:
        """Return one line per finding; a line that says so where there is none."""
        return "\n".join(map(str, self._found)) or "nothing found"


class KnowsTemplates(Protocol):
    """What a check asks a renderer.

    One that also has `variables(template, channel)`, which returns names such as
    `trigger.total` and `profile.first_name`, or None where it cannot tell, is asked for them.
    """

    def missing(self, template: str, channel: str) -> str | None:
        """Return None if `template` can be rendered for `channel`, else what is lacking."""
        ...
