"""What does the gate say? Allow, hold or drop, with the reason."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from journeykit.kernel.reasons import Passing


class Verdict(Struct, frozen=True, gc=False):
    """What the gate says: `allow`, `hold` until an instant, or `drop`.

    Attributes:
        until: When a held message is judged again; None where it waits for something other
            than time, or where nobody asked because the message does not wait.
        detail: The rule, the zone, the wall time and the numbers that decided.
        blocked: The passing reason that stands in the way, also where it will not pass in
            time and the message is dropped for it; "" for a lasting reason.
    """

    action: Literal["allow", "hold", "drop"]
    reason: str = ""
    until: int | None = None
    detail: dict[str, Any] = {}
    blocked: Passing | Literal[""] = ""


ALLOW = Verdict("allow")
