"""What is different between two definitions? Changes, one by one, in words and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, overload

ChangeKind = Literal["added", "removed", "changed", "moved", "renamed"]
_SIGNS: dict[ChangeKind, str] = {
    "added": "+", "removed": "-", "changed": "~", "moved": ">", "renamed": ">",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        kind: `renamed` is a step that says the same under another id: its id comes from its
            place, and the place is another.
        journey: Name of the journey; "" where the whole workspace is concerned.
        part: What it is: `step`, `entry`, `goal`, `exit`, `option`, `journey`, `policy`, `event`,
            `result`, `profile`, `send_time`.
        place: Which of them: the id of a step, the name of an option, a rule of the policy.
        option: What of it changed, such as `duration`; "" where it is a whole.
        old: How it was, as data; None where it was not there.
        new: How it is, as data; None where it is not there.
        words: All of this in a line.
    """

    kind: ChangeKind
    journey: str
    part: str
    place: str
    option: str
    old: Any
    new: Any
    words: str

    def __str__(self) -> str:
        return f"{_SIGNS[self.kind]} {self.words}"


class Diff(Sequence[Change]):
    """All differences, in the order of the definitions; none where they say the same."""

    def __init__(self, changes: Iterable[Change] = (), *, of: str = "") -> None:
        self._changes = tuple(changes)
        self._of = of

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Diff: ...
    def __getitem__(self, index: int | slice) -> Change | Diff:
        if isinstance(index, slice):
            return Diff(self._changes[index], of=self._of)
        return self._changes[index]

    def __len__(self) -> int:
        return len(self._changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def __eq__(self, other: object) -> bool:
        return self._changes == other._changes if isinstance(other, Diff) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(map(str, self._changes)))

    def __repr__(self) -> str:
        return f"Diff({len(self)} changes)"

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the changes, one a line, under the journeys that they concern."""
        if not self._changes:
            return "no differences"
        lines: list[str] = []
        for name in dict.fromkeys(change.journey for change in self._changes):
            lines.append(f"journey {name}" if name else self._of or "workspace")
            lines += [f"  {change}" for change in self._changes if change.journey == name]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as data that JSON can hold."""
        return {"changes": [asdict(change) for change in self._changes]}
