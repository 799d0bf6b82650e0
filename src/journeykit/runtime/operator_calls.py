"""What can a flow ask for on behalf of an operator? Calls, as those of `runtime.calls`."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.ports import Controls, Definition
from journeykit.runtime.calls import Call


class ReadControls(Call[Controls], frozen=True):
    """Read what operators have set."""


class SetControls(Call[bool], frozen=True):
    """Replace it, unless somebody else came first; tell whether."""

    body: bytes
    expected: int


class LookAgain(Call[None], frozen=True):
    """Let this process heed at once what was set: whatever it hands over, it asks before."""


class Publish(Call[None], frozen=True):
    """Keep versions that are not there yet."""

    definitions: Sequence[Definition]


class Recover(Call[int], frozen=True):
    """End what this worker held before it was started; tell how many leases."""


class Erase(Call[bool], frozen=True):
    """Remove all that is kept of a customer; tell whether there was anything."""

    customer_id: str
    mark: str
    at: int
