"""May somebody who may only read ask everything, and change nothing?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from journeykit import SQLiteStore, days
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import StoreError, UsageError

Opening = Callable[[bool], Any]


@pytest.fixture(params=["sqlite", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opening]:
    """Yield an opener of the same data, to be written or to be read only."""
    if request.param == "sqlite":
        yield lambda read_only: SQLiteStore(tmp_path / "s.db", read_only=read_only)
    else:
        url = request.getfixturevalue("fresh_postgres")
        yield lambda read_only: PostgresStore(url, read_only=read_only)


def test_everything_can_be_asked_and_nothing_changed(open_shop: Any, opening: Opening) -> None:
    with opening(False) as store:
        shop = open_shop(store=store)
        shop.kit.identify("ann", {"email": "ann@example.org"})
        shop.kit.track("ann", "signed_up")
        shop.tick()
        told = str(shop.kit.explain("ann"))
    with opening(True) as store:
        kit = open_shop(store=store).kit
        assert str(kit.explain("ann")) == told
        assert kit.why_not("ann", "cart").standing == "never_triggered"
        assert kit.counts("welcome").here == {"wait_2": 1}
        assert kit.export("ann")["profile"] == {"email": "ann@example.org"}
        assert kit.messages("ann")
        assert kit.parked() == []
        assert kit.doctor().status.schema
        for change in (
            lambda: kit.track("ann", "left"),
            lambda: kit.identify("bob"),
            lambda: kit.pause("welcome"),
            lambda: kit.erase("ann"),
            lambda: kit.inbox.track("ann", "left"),
            lambda: kit.prune(older_than=days(400)),
        ):
            with pytest.raises((UsageError, StoreError), match=r"read_only=False"):
                change()
    with opening(False) as store:
        assert str(open_shop(store=store).kit.explain("ann")) == told


def test_a_workspace_that_was_not_published_cannot_be_run(open_shop: Any, opening: Opening) -> None:
    opening(False).close()
    with (
        opening(True) as store,
        pytest.raises((UsageError, StoreError), match=r"read_only=False"),
    ):
        open_shop(store=store)


def test_there_must_be_something_to_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        SQLiteStore(tmp_path / "nothing.db", read_only=True)
    assert not (tmp_path / "nothing.db").exists()
