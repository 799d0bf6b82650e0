"""What do logs and errors give away? Counts and names; never what customers or hosts wrote (F5)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from journeykit import Content, RenderContext, Retry
from journeykit.ports import StoredCustomer

CANARIES = {
    "id": "canary-id@example.org",
    "address": "canary-address@example.org",
    "name": "Canaryname",
    "field": "canary-field",
    "secret": "canary-secret-of-the-channel",
}


def found(text: str) -> list[str]:
    return [name for name, canary in CANARIES.items() if canary in text]


class Failing:
    """A renderer whose functions fail, with what they were given in the text."""

    def render(self, context: RenderContext) -> Content:
        raise ValueError(f"{context.profile} {context.trigger} {CANARIES['secret']}")

    def missing(self, template: str, channel: str) -> str | None:
        return None


def live(open_shop: Any, renderer: Any = None) -> Any:
    shop = open_shop(renderer=renderer)
    person = {"email": CANARIES["address"], "first_name": CANARIES["name"]}
    shop.kit.identify(CANARIES["id"], person)
    shop.kit.track(CANARIES["id"], "signed_up", {"plan": CANARIES["field"]})
    return shop


def fail(message: Any) -> None:
    raise ConnectionError(f"{message.address} {CANARIES['secret']}")


def records(caplog: pytest.LogCaptureFixture, above: int) -> str:
    return "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_text} {record.exc_info} {record.args}"
        for record in caplog.records
        if record.levelno > above
    )


def test_a_channel_that_fails_is_named_and_nobody_else(
    open_shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """F5."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = live(open_shop)
    shop.email.act = fail
    shop.tick()
    told = records(caplog, logging.DEBUG)
    assert "channel_error channel=email error=ConnectionError" in told
    assert found(told) == []
    assert {record.name for record in caplog.records} == {"journeykit"}
    (line,) = [line for line in shop.kit.explain(CANARIES["id"]) if line.kind == "answer"]
    assert found(line.text) == []
    assert "ConnectionError" in line.text


def test_a_template_that_fails_is_named_and_nobody_else(
    open_shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """F5."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = live(open_shop, Failing())
    shop.tick()
    told = records(caplog, logging.DEBUG)
    assert "template_error template=hello error=ValueError" in told
    assert found(told) == []
    (line,) = [line for line in shop.kit.explain(CANARIES["id"]) if line.kind == "answer"]
    assert found(line.text) == []


def test_a_customer_set_aside_is_counted_not_named(
    open_shop: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F5, F2."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = live(open_shop)
    load = shop.store.load

    def broken(ids: Any, *, profiles: bool = False) -> Any:
        return {
            name: StoredCustomer(name, one.version, b'{"id": "canary-field"', one.profile)
            for name, one in load(ids, profiles=profiles).items()
        }

    monkeypatch.setattr(shop.store, "load", broken)
    (failure,) = shop.tick().failures
    assert failure.customer_id == CANARIES["id"]  # who it is, the host learns from the counts
    told = records(caplog, logging.DEBUG)
    assert "customer_set_aside error=DecodeError" in told
    assert found(told) == []
    assert found(str(failure.error)) == []
    assert found(failure.error.in_full()) == ["id"]


def test_ticks_are_told_with_their_counts(open_shop: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = live(open_shop)
    shop.email.act = lambda message: Retry("busy")
    shop.tick()
    shop.tick()
    ticks = [record for record in caplog.records if record.event == "tick"]
    assert [(record.levelname, record.getMessage()) for record in ticks] == [
        ("INFO", "tick advanced=0 accepted=0 rejected=0 retried=1 blocked=0 errands=0 failed=0"),
        ("DEBUG", "tick advanced=0 accepted=0 rejected=0 retried=0 blocked=0 errands=0 failed=0"),
    ]


def test_nothing_is_printed_where_logging_is_not_configured(
    open_shop: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = live(open_shop)
    shop.email.act = fail
    shop.tick()
    out, err = capfd.readouterr()
    assert out + err == ""


def test_at_debug_the_trace_is_there(open_shop: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks for it can see what failed, and for whom."""
    caplog.set_level(logging.DEBUG, "journeykit")
    shop = live(open_shop)
    shop.email.act = fail
    shop.tick()
    (record,) = [r for r in caplog.records if r.exc_info]
    assert record.levelno == logging.DEBUG
    assert CANARIES["id"] in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ConnectionError)
