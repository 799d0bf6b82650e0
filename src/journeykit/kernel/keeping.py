"""What is kept of what grows with the events of one customer? The latest."""

from __future__ import annotations

from journeykit.kernel.state import CustomerState


def keep_most(state: CustomerState, most: int) -> None:
    """Keep the latest marks, instants and keys, `most` of each."""
    received = sorted(mark.received for marks in state.marks.values() for mark in marks)
    if len(received) > most:
        since, extra = received[-most], received[:-most].count(received[-most])
        for name, marks in list(state.marks.items()):
            kept = []
            for mark in marks:
                if mark.received == since and extra:
                    extra -= 1
                elif mark.received >= since:
                    kept.append(mark)
            state.marks[name] = kept
        state.marks = {name: marks for name, marks in state.marks.items() if marks}
    for tally in state.tallies.values():
        if len(tally.recent) > most:
            tally.recent = tally.recent[-most:]
    keyed = [name for name in state.history if "/" in name]
    if len(keyed) > most:
        keyed.sort(key=lambda name: state.history[name].entered)
        for name in keyed[:-most]:
            del state.history[name]
