"""`journeykit plan`: what publishing would do to the customers of a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from journeykit.adapters.sqlite_schema import MIGRATIONS

SECOND = """
from journeykit import EXIT, Journey, Migrate, On, Send, Wait, Workspace, days
from shop import Ordered, shop as first

def workspace(**options):
    steps = [Send("thanks", via=["email"]), Wait(days(1))]
    journey = Journey("thanks", version=2, entry=On(Ordered), steps=steps, **options)
    return first.model_copy(update={"journeys": (journey,)})

stays = workspace()
moves = workspace(upgrade=Migrate({"wait_2": EXIT}))
"""


def test_it_tells_who_would_go_where(desk: Any) -> None:
    desk.simulate("--db", "shop.db", "--until", "2026-03-10T10:00:00+00:00")
    desk.write("second.py", SECOND)
    done = desk.run("plan", "shop.db", "second.py:stays", "--strict")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "thanks: changed, version 2\n  message more: removed\n"


def test_strict_fails_where_it_would_be_refused(desk: Any) -> None:
    desk.simulate("--db", "shop.db")
    desk.write("second.py", SECOND.replace('"wait_2": EXIT', ""))
    done = desk.run("plan", "shop.db", "second.py:moves")
    assert done.exit_code == 0
    edited = SECOND.replace("version=2", "version=1")
    desk.write("third.py", edited)
    for strict, code in ((["--strict"], 1), ([], 0)):
        done = desk.run("plan", "shop.db", "third.py:stays", *strict)
        assert done.exit_code == code
        assert "refused: Journey 'thanks': journey 'thanks' was edited" in done.stdout


@pytest.mark.parametrize(
    "command", [["plan", "old.db", "shop.py:shop"], ["explain", "old.db", "ann"]]
)
def test_a_file_of_an_earlier_release_stays_as_it_is(desk: Any, command: list[str]) -> None:
    """Its workers go on with it until they are stopped; they could not open a newer file."""
    path = desk.folder / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE journeykit_schema (version INTEGER PRIMARY KEY)")
        for number, statements in enumerate(MIGRATIONS[:-1], 1):
            for statement in statements:
                db.execute(statement)
            db.execute("INSERT INTO journeykit_schema (version) VALUES (?)", (number,))
        db.commit()
    before = path.read_bytes()
    done = desk.run(*command)
    assert "thanks: new" in done.stdout or "nobody was identified" in done.stderr
    assert path.read_bytes() == before


def test_what_is_not_there_is_refused(desk: Any) -> None:
    done = desk.run("plan", "none.db", "shop.py:shop")
    assert done.exit_code == 2
    assert "there is no such file" in done.stderr
