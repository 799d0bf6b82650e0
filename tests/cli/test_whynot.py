"""`journeykit why-not`: the answer of the runtime, for somebody who has the file alone."""

from __future__ import annotations

from typing import Any


def test_it_tells_what_was_compared(desk: Any) -> None:
    desk.simulate("--db", "shop.db")
    done = desk.run("why-not", "shop.db", "shop.py:shop", "bob", "thanks")
    assert done.exit_code == 0
    assert done.stdout == (
        "bob and thanks (Europe/Berlin): did not enter\n"
        "  Sun 2026-03-01 12:00  ordered: did not enter: the condition of the entry does not hold\n"
        "    ordered.amount >= 10 was false: amount was 5\n"
    )


def test_it_says_when_nobody_has_the_id(desk: Any) -> None:
    desk.simulate("--db", "shop.db")
    done = desk.run("why-not", "shop.db", "shop.py:shop", "eve", "thanks")
    assert done.exit_code == 0
    assert "nobody was identified under this id" in done.stdout


def test_what_is_not_there_is_refused(desk: Any) -> None:
    done = desk.run("why-not", "none.db", "shop.py:shop", "ann", "thanks")
    assert done.exit_code == 2
    assert "there is no such file" in done.stderr
    desk.simulate("--db", "shop.db")
    done = desk.run("why-not", "shop.db", "shop.py:shop", "ann", "thank")
    assert done.exit_code == 2
    assert "did you mean 'thanks'?" in done.stderr
