"""A small shop, its log, and ways to run the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from journeykit.cli.app import app

SHOP = """
from decimal import Decimal
from typing import Annotated

from journeykit import (
    Address, Event, FrequencyCap, Journey, On, Policy, Profile, Send, Templates, Wait, Workspace,
    days, hours,
)


class Ordered(Event):
    amount: Decimal
    items: int = 1


class Shopper(Profile):
    first_name: str = ""
    email: Annotated[str | None, Address("email")] = None


shop = Workspace(
    journeys=[
        Journey(
            "thanks",
            entry=On(Ordered, where=Ordered.amount >= 10),
            steps=[Send("thanks", via=["email"]), Wait(days(2)), Send("more", via=["email"])],
        )
    ],
    profile=Shopper,
    timezone="Europe/Berlin",
    policy=Policy(consent={"email": "opt-in"}),
)
templates = Templates()
templates.register("thanks")(lambda context: "Thank you, " + context.profile["first_name"])
templates.register("more")(lambda context: "Buy more")
other = 3
"""
EVENTS = """\
customer_id,event,occurred_at,id,amount,items
ann,ordered,2026-03-01T10:00:00+00:00,1,20.00,2
bob,ordered,2026-03-01T11:00:00+00:00,2,5,
ann,ordered,2026-03-09T10:00:00+00:00,3,30,
"""
PROFILES = """\
customer_id,first_name,email,timezone,consents,source
ann,Ann,ann@example.com,Asia/Tbilisi,email,form
bob,Bob,bob@example.com,,,
"""


class Desk:
    """A folder with the shop's files, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("shop.py", SHOP)
        self.write("events.csv", EVENTS)
        self.write("profiles.csv", PROFILES)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments), prog_name="journeykit")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def simulate(self, *arguments: str, events: str = "events.csv") -> Result:
        return self.run("simulate", "shop.py:shop", "--events", events, *arguments)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    return Desk(tmp_path)


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
