"""What will a customer get, if nothing happens but time? Who wins which slot, and why.

`kernel.ahead` runs the kernel ahead on a copy; this is how it reads. The messages and the
timeline are made when they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from journeykit.kernel import CustomerState
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.runtime.lives import MessageLife, lives_of
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline, local_time


class Preview:
    """What would happen to one customer until an instant, that instant included.

    It holds if nothing is told about the customer until then, every channel accepts at once,
    and no throttle, rate limit or entry cap that customers share is at its limit. Nothing was written for it. Printing
    it tells which message leaves when, and what each of them waited for.

    Attributes:
        customer_id: Whose future it is.
        timezone: The zone whose wall clock is printed.
        now: From when on.
        stops: Where runs stand at the end that wait for a function of the host: journey, step,
            and its name. Nobody knows what it will answer.
        until: Up to when it was looked: earlier than asked for where the kernel would have had
            to decide more than 5000 times.
    """

    def __init__(
        self,
        rules: Rules,
        before: Sequence[j.Entry],
        ahead: Sequence[j.Entry],
        *,
        customer_id: str,
        timezone: str,
        now: datetime,
        until: datetime,
        stops: Sequence[tuple[str, str, str]] = (),
    ) -> None:
        self._rules = rules
        self._before = before
        self._ahead = ahead
        self.customer_id = customer_id
        self.timezone = timezone
        self.now = now
        self.until = until
        self.stops = tuple(stops)

    @cached_property
    def messages(self) -> tuple[MessageLife, ...]:
        """The messages that are on their way, or would be: those that come to an end first.

        Each with its whole life, with what lies before `now` as well.
        """
        lives = lives_of(self._whole, [*self._before, *self._ahead])
        coming = {getattr(entry, "message", "") for entry in self._ahead}
        found = [life for life in lives if life.at is None or life.id in coming]
        return tuple(sorted(found, key=lambda life: (life.at is None, life.at or self.until)))

    @cached_property
    def timeline(self) -> Timeline:
        """Everything that would happen after `now`, as `explain` would tell it then."""
        lines = self._whole.lines[len(self._before) :]
        return Timeline(self.customer_id, self.timezone, lines)

    @cached_property
    def _whole(self) -> Timeline:
        return tell(self.customer_id, self.timezone, [*self._before, *self._ahead], self._rules)

    def text(self) -> str:
        """Return what would leave when, one message after the other, with its waits."""
        zone = ZoneInfo(self.timezone)
        until = local_time(self.until, zone)
        rows = [f"{self.customer_id} ({self.timezone}) until {until}, if nothing happens but time"]
        for life in self.messages:
            rows.append(f"  {local_time(life.last.at, zone)}  [{life.journey}] {life.last.text}")
            rows += [
                f"    {local_time(stage.at, zone)}  {stage.text}"
                for stage in life.waits
                if stage is not life.last
            ]
        if not self.messages:
            rows.append("  no message")
        rows += [
            f"  [{journey}] stops at {step}: nobody knows what {function} will answer"
            for journey, step, function in self.stops
        ]
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Preview({self.customer_id!r}, until={self.until.isoformat()!r})"


def stops_of(state: CustomerState) -> Iterator[tuple[str, str, str]]:
    """Yield journey, step and function of the runs that wait for an answer."""
    for errand in state.errands.values():
        if errand.kind == "call":
            yield errand.journey, state.enrollments[errand.enrollment].step, errand.what


def standing(state: CustomerState) -> Iterator[j.Entry]:
    """Return entries that tell where the open runs stand, for those who have not the journal."""
    for run in state.enrollments.values():
        yield j.Entered(
            run.at, run.id, run.journey, run.version, run.event, run.entered, run.key, {}
        )
        yield j.Moved(run.at, run.id, "", run.step, None, None)
    for one in state.errands.values():
        about = (one.id, one.kind, one.enrollment, one.journey, one.what)
        yield j.Requested(one.asked, *about, {}, key=one.key)
