"""What is put into the inbox can be read back, now and by every worker of tomorrow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit.errors import StoreError
from journeykit.kernel import (
    CancelAsked,
    ConsentConfirmed,
    ConsentTold,
    EnrollAsked,
    EventArrived,
    PreferencesTold,
    ProfileTold,
    ReceiptTold,
    SuppressionTold,
)
from journeykit.ports import InboxRow
from journeykit.runtime.inbox import KINDS, Told, from_row, to_row, told
from journeykit.runtime.parking import NotHereError
from journeykit.time import Duration

TEXTS = st.text(max_size=5)
MICROS = st.integers(0, 2**53)
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.dictionaries(TEXTS, JSON, max_size=3)
SPANS = st.none() | st.builds(Duration, st.integers(0, 9), st.integers(0, 9), MICROS)
ARGUMENTS: dict[type[Any], tuple[Any, ...]] = {
    EventArrived: (MICROS, TEXTS, FIELDS, MICROS, TEXTS),
    ProfileTold: (MICROS, FIELDS),
    ConsentTold: (MICROS, TEXTS, TEXTS, st.booleans(), TEXTS, SPANS),
    ConsentConfirmed: (MICROS, TEXTS, TEXTS, TEXTS),
    PreferencesTold: (MICROS, st.dictionaries(TEXTS, st.booleans()), TEXTS),
    SuppressionTold: (MICROS, TEXTS, TEXTS, st.booleans(), TEXTS),
    EnrollAsked: (MICROS, TEXTS, st.none() | TEXTS, FIELDS, TEXTS),
    CancelAsked: (MICROS, TEXTS, st.none() | TEXTS, TEXTS),
    ReceiptTold: (MICROS, TEXTS, TEXTS, MICROS, TEXTS, TEXTS, st.booleans()),
}
SIGNALS: Any = st.one_of([st.builds(kind, *given) for kind, given in ARGUMENTS.items()])


@given(st.lists(st.tuples(SIGNALS, st.none() | TEXTS), max_size=4), st.booleans(), MICROS)
def test_what_was_told_is_read_back(
    pairs: list[tuple[Any, str | None]], creates: bool, at: int
) -> None:
    signals = [signal for signal, _ in pairs]
    digests = [digest for _, digest in pairs]
    row = to_row(Told("ann", signals, digests, creates), at)
    assert (row.customer_id, row.at) == ("ann", at)
    assert from_row(row) == Told("ann", signals, digests, creates)


def test_every_kind_is_drawn() -> None:
    assert set(ARGUMENTS) == set(KINDS.values())


def test_the_bytes_stay_as_they_are() -> None:
    """Rows lie there while hosts are updated: another form would be a new kind."""
    event = EventArrived(7, "signed_up", {"plan": "pro"}, 5, "e1")
    (row,) = [to_row(told("ann", event, digest="d"), 7)]
    assert json.loads(row.body) == [
        False,
        [
            [
                "event",
                "d",
                {
                    "received": 7,
                    "name": "signed_up",
                    "data": {"plan": "pro"},
                    "occurred": 5,
                    "id": "e1",
                    "by": "",
                },
            ]
        ],
    ]


def test_a_field_that_newer_code_adds_does_not_hinder() -> None:
    body = b'[true,[["profile",null,{"received":1,"attributes":{},"new":1}]]]'
    assert from_row(InboxRow("ann", 1, body)).signals == [ProfileTold(1, {})]


def test_a_kind_that_newer_code_adds_is_left_to_it() -> None:
    body = (
        b'[false,[["profile",null,{"received":1,"attributes":{}}],["merged",null,{"into":"bob"}]]]'
    )
    with pytest.raises(NotHereError) as caught:
        from_row(InboxRow("ann", 1, body))
    assert (caught.value.code, caught.value.what) == ("kind_unknown", "merged")


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"[false,[1]]", b'[false,[["event",null,{"received":"x"}]]]', b"\xff"],
)
def test_what_nobody_can_read_is_told_without_its_content(body: bytes) -> None:
    with pytest.raises(StoreError, match="cannot be read") as caught:
        from_row(InboxRow("zoe", 1, body, 3))
    assert "row 3 of the inbox" in str(caught.value)
    assert "zoe" not in str(caught.value)  # F5
