"""Does a staging host write to its own people only? (`only_to=`)"""

from __future__ import annotations

import logging
from typing import Any

import pytest

from journeykit import Accepted
from journeykit.errors import UsageError
from journeykit.ports import Delivery
from journeykit.runtime.guards import Guard


@pytest.mark.parametrize(
    ("only_to", "address", "allowed"),
    [
        (["qa@example.org"], "qa@example.org", True),
        (["qa@example.org"], "QA@Example.org", True),
        (["qa@example.org"], "aqa@example.org", False),
        (["qa@example.org"], "qa@example.org.evil.test", False),
        (["*@ours.test"], "ann@ours.test", True),
        (["*@ours.test"], "ann@sub.ours.test", False),
        (["*@ours.test"], "ann@ours.test\n@elsewhere.test", False),
        (["qa?@ours.test", "+49*"], "+49 170", True),
        ("*@ours.test", "ann@ours.test", True),
        ([], "ann@ours.test", False),
        (lambda channel, address: channel == "email", "anybody", True),
        (lambda channel, address: "yes", "anybody", False),  # only True is a yes
        (lambda channel, address: 1 / 0, "anybody", False),
    ],
)
def test_who_may_be_written_to(only_to: Any, address: str, allowed: bool) -> None:
    assert Guard(only_to).allows("email", address) is allowed


@pytest.mark.parametrize("only_to", [5, [5], [""], ["a", None]])
def test_what_names_nobody_is_refused(only_to: Any, open_shop: Any) -> None:
    with pytest.raises(UsageError, match="only_to"):
        open_shop(options={"only_to": only_to})


def test_what_is_for_others_is_dropped_and_their_runs_go_on(
    open_shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "journeykit")
    shop = open_shop(options={"only_to": ["*@ours.test"]})
    for name, address in (("ann", "ann@ours.test"), ("bob", "bob@elsewhere.test")):
        shop.kit.identify(name, {"email": address})
        shop.kit.track(name, "signed_up")
    shop.tick()
    shop.clock.passes(hours=2)
    shop.tick()
    assert [(one.customer_id, one.template) for one in shop.email.messages] == [
        ("ann", "hello"),
        ("ann", "tips"),
    ]
    for name in ("bob",):
        told = [line for line in shop.kit.explain(name) if line.kind == "drop"]
        assert [line.reason for line in told] == ["withheld", "withheld"]
        assert not shop.kit.customer(name).enrollments
    assert shop.store.next_due() is None
    told = [record.getMessage() for record in caplog.records if record.event == "messages_withheld"]
    assert told == ["messages_withheld channel=email messages=1"] * 2


def test_nothing_is_rendered_for_others(open_shop: Any) -> None:
    class Never:
        def render(self, context: Any) -> Any:
            raise AssertionError("rendered")

        def missing(self, template: str, channel: str) -> None:
            return None

    shop = open_shop(options={"only_to": []}, renderer=Never())
    shop.kit.identify("ann", {"email": "ann@ours.test"})
    shop.kit.track("ann", "signed_up")
    counts = shop.kit.tick()
    assert (counts.handed_over, counts.retried) == (0, 0)
    assert [line.reason for line in shop.kit.explain("ann") if line.kind == "drop"] == ["withheld"]


def test_nothing_leaves_in_a_batch_either(open_shop: Any) -> None:
    class Batches:
        """Takes many messages at a time."""

        def __init__(self) -> None:
            self.sent: list[str] = []

        def send(self, message: Any) -> Any:
            raise AssertionError("one at a time")

        def send_many(self, messages: Any) -> Any:
            self.sent += [message.address for message in messages]
            return [Accepted() for _ in messages]

    channel = Batches()
    shop = open_shop(
        channels={"email": channel, "sms": channel},
        options={
            "only_to": ["*@ours.test"],
            "delivery": {"email": Delivery(batch=10, concurrency=2)},
        },
    )
    for number in range(6):
        shop.kit.identify(f"c{number}", {"email": f"c{number}@{('ours', 'real')[number % 2]}.test"})
        shop.kit.track(f"c{number}", "signed_up")
    shop.tick()
    assert sorted(channel.sent) == [f"c{number}@ours.test" for number in (0, 2, 4)]
