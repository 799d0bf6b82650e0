"""Do the adapters have the shape of the ports? And are the values that pass plain and frozen?"""

from __future__ import annotations

import inspect
import pickle
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from journeykit import (
    Accepted,
    ConsoleChannel,
    Content,
    MemoryStore,
    OutgoingMessage,
    RecordingChannel,
    Rejected,
    Retry,
    SQLiteStore,
    Templates,
    ports,
)
from journeykit.adapters import SystemClock, TemplateNames
from journeykit.adapters.smtp import SMTPChannel
from journeykit.simulation import ScriptedChannel, VirtualClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def methods(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("port", "adapter"),
    [
        (ports.Store, MemoryStore),
        (ports.Store, SQLiteStore),
        (ports.Channel, RecordingChannel),
        (ports.Channel, ConsoleChannel),
        (ports.Channel, SMTPChannel),
        (ports.Channel, ScriptedChannel),
        (ports.Renderer, Templates),
        (ports.Renderer, TemplateNames),
        (ports.Clock, SystemClock),
        (ports.Clock, VirtualClock),
    ],
)
def test_adapters_are_called_as_their_port_says(port: type, adapter: type) -> None:
    wanted = methods(port)
    assert wanted
    found = methods(adapter)
    for name, signature in wanted.items():
        given = found[name].parameters
        asked = signature.parameters
        assert [(p.name, p.kind, p.default) for p in given.values()] == [
            (p.name, p.kind, p.default) for p in asked.values()
        ], name


def test_every_method_of_a_port_says_what_it_promises() -> None:
    for port in (ports.Store, ports.Channel, ports.Renderer, ports.Clock):
        for name in methods(port):
            assert (getattr(port, name).__doc__ or "").strip(), name


MESSAGE = OutgoingMessage(
    "k", "ann", "email", "a@example.org", "hello", Content(text="hi"), "j", "s", None, NOON
)
VALUES: list[Any] = [
    MESSAGE,
    Accepted("id"),
    Rejected("dead"),
    Retry("busy"),
    Content(text="hi"),
    ports.RenderContext("ann", "hello", "email", "j", "s", "k"),
    ports.StoredCustomer("ann", 1, b"{}"),
    ports.SeenEvent("e1", "d", 5),
    ports.OutboxRow("k", "ann", "email", 5),
    ports.ClaimedMessage("k", "ann", "email", 5, 1),
    ports.Hand(1, 5),
    ports.CustomerCommit("ann", 0, b"{}", None),
    ports.JournalRecord("ann", 1, 5, b"[]"),
    ports.Definition("j", 1, "d", b"{}"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_and_cross_process_borders(value: Any) -> None:
    field = next(
        iter(value.__struct_fields__ if isinstance(value, msgspec.Struct) else value.__slots__)
    )
    with pytest.raises(AttributeError):
        setattr(value, field, None)
    assert pickle.loads(pickle.dumps(value)) == value


def test_content_survives_json_as_it_is() -> None:
    """D2: what is kept with a message is what was rendered."""
    content = Content("s", "t", "<p>", {"List-Unsubscribe": "<x>"}, {"a": [1, None, {"b": "é"}]})
    again = msgspec.json.decode(msgspec.json.encode(content), type=Content)
    assert again == content
    assert msgspec.json.decode(b"{}", type=Content) == Content()


def test_contents_do_not_share_their_parts() -> None:
    one, other = Content(), Content()
    one.headers["x"] = "y"
    one.data["x"] = "y"
    assert (other.headers, other.data) == ({}, {})


def test_a_rejection_means_a_dead_address_unless_it_says_otherwise() -> None:
    """D3."""
    assert Rejected("gone").dead_address
    assert not Rejected("too long", dead_address=False).dead_address
    assert Retry().after is None
