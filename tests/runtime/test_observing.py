"""What does an observer hear? Spans and counts of what a worker does, and nothing about anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from journeykit import Rejected, Retry
from journeykit.ports import METRICS
from journeykit.runtime.calls import Flow, Load, Now
from journeykit.runtime.drivers import drive
from journeykit.runtime.observing import observe


class Notes:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.spans: list[tuple[str, dict[str, str]]] = []
        self.gauges: dict[tuple[str, ...], float] = {}

    def count(self, name: str, value: int, labels: Mapping[str, str]) -> None:
        self.counts[name, *labels.values()] += value

    def span(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
        assert 0 <= seconds < 60
        self.spans.append((name, dict(labels)))

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        self.gauges[name, *labels.values()] = value


def test_counts_and_spans_of_a_tick(open_shop: Any) -> None:
    notes = Notes()
    shop = open_shop(options={"observer": notes})
    answers = {"ann": None, "bob": Retry("busy"), "cid": Rejected("gone")}
    shop.email.act = lambda message: answers[message.customer_id]
    for name in answers:
        shop.kit.identify(name, {"email": f"{name}@canary.test"})
        shop.kit.track(name, "signed_up")
    shop.tick()
    told = {key[1:]: number for key, number in notes.counts.items() if key[0].endswith("messages")}
    assert told == {("email", "accepted"): 1, ("email", "retried"): 1, ("email", "rejected"): 1}
    assert notes.counts["journeykit.commits",] >= 6
    spans = {name for name, _ in notes.spans}
    assert {"journeykit.store.seconds", "journeykit.channel.seconds"} <= spans
    assert {name for name, *_ in notes.counts} | spans <= set(METRICS)
    assert "commit" in {labels.get("call") for _, labels in notes.spans}
    assert "canary" not in repr((notes.counts, notes.spans))
    assert not {"ann", "bob", "cid"} & {v for _, labels in notes.spans for v in labels.values()}


def test_a_broken_observer_stops_nothing(open_shop: Any) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    shop = open_shop(options={"observer": Broken()})
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    shop.tick()
    assert shop.email.templates == ["hello"]


def test_errors_and_answers_pass_through() -> None:
    """The observed flow is the same flow, also where a call fails and the flow goes on."""
    notes = Notes()

    def flow() -> Flow[list[object]]:
        found: list[object] = []
        try:
            yield from Load(["ann"], False)
        except ConnectionError as error:
            found.append(type(error))
        found.append((yield from Now()))
        return found

    def perform(call: Any) -> Any:
        if isinstance(call, Load):
            raise ConnectionError("gone")
        return 7

    assert drive(observe(flow(), notes), perform) == [ConnectionError, 7]
    assert notes.spans == [
        ("journeykit.store.seconds", {"error": "ConnectionError", "call": "load"})
    ]


def test_what_a_flow_raises_is_raised() -> None:
    def flow() -> Flow[None]:
        yield from Now()
        raise LookupError("its own")

    with pytest.raises(LookupError, match="its own"):
        drive(observe(flow(), Notes()), lambda call: 0)
