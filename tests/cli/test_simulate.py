"""A user's own log on a user's own workspace, good rows and bad ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from journeykit.adapters import SQLiteStore
from journeykit.kernel import decode_entries
from journeykit.simulation import hand_overs


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_log_is_played_and_summed_up(desk: Any) -> None:
    result = desk.simulate("--profiles", "profiles.csv", "--db", "out.db")

    assert result.exit_code == 0, result.output
    text = flat(result.output)
    assert "2 customers, 3 events, played until 2026-03-09T10:00:00+00:00" in text
    # ann enters once, bob's order is too small; ann gets both messages
    assert "thanks 1 2 2 · · · 1 ·" in text
    assert "refused already_entered 1, condition_false 1" in text
    assert "email 2 · · ·" in text
    assert "journal digest" in text
    sent = list(hand_overs(desk.folder / "out.db-handovers.jsonl"))
    assert [(one["customer"], one["address"], one["template"]) for one in sent] == [
        ("ann", "ann@example.com", "thanks"),
        ("ann", "ann@example.com", "more"),
    ]


def test_messages_are_rendered_where_templates_are_named(desk: Any) -> None:
    desk.simulate("--profiles", "profiles.csv", "--db", "out.db", "--templates", "templates")

    sent = list(hand_overs(desk.folder / "out.db-handovers.jsonl"))
    assert [one["text"] for one in sent] == ["Thank you, Ann", "Buy more"]


def test_json_lines_say_the_same(desk: Any) -> None:
    events = [
        {
            "customer_id": "ann",
            "event": "ordered",
            "occurred_at": "2026-03-01T10:00:00Z",
            "id": "1",
            "data": {"amount": "20.00", "items": 2},
        },
        {
            "customer_id": "bob",
            "event": "ordered",
            "occurred_at": "2026-03-01T12:00:00+01:00",
            "id": "2",
            "data": {"amount": 5},
        },
        {
            "customer_id": "ann",
            "event": "ordered",
            "occurred_at": "2026-03-09T10:00:00Z",
            "id": "3",
            "data": {"amount": "30"},
        },
    ]
    profiles = [
        {
            "customer_id": "ann",
            "attributes": {
                "first_name": "Ann",
                "email": "ann@example.com",
                "timezone": "Asia/Tbilisi",
            },
            "consents": ["email"],
            "source": "form",
        },
        {
            "customer_id": "bob",
            "attributes": {"first_name": "Bob", "email": "bob@example.com"},
        },
    ]
    desk.write("events.jsonl", "\n\n".join(map(json.dumps, events)))
    desk.write("profiles.jsonl", "\n".join(map(json.dumps, profiles)) + "\n")

    as_csv = desk.simulate("--profiles", "profiles.csv")
    as_json = desk.simulate("--profiles", "profiles.jsonl", events="events.jsonl")

    assert as_json.exit_code == 0, as_json.output
    assert digest(as_json.output) == digest(as_csv.output)


def digest(output: str) -> str:
    found = re.search(r"journal digest\s+(\w{32})", output)
    assert found, output
    return found[1]


def test_rows_out_of_order_are_sorted_and_repeats_ignored(desk: Any) -> None:
    lines = (desk.folder / "events.csv").read_text().splitlines()
    desk.write("mixed.csv", "\n".join([lines[0], lines[3], lines[1], lines[2], lines[1]]))

    mixed = desk.simulate("--profiles", "profiles.csv", events="mixed.csv")
    ordered = desk.simulate("--profiles", "profiles.csv")

    assert mixed.exit_code == 0
    assert "1 row ignored" in mixed.output
    assert "1 row sorted in" in mixed.output
    assert digest(mixed.output) == digest(ordered.output)


HEAD = "customer_id,event,occurred_at,id,amount,items\n"
GOOD = "ann,ordered,2026-03-01T10:00:00+00:00,1,20.00,2\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        # what is wrong, then every part of what the user must be told: field, value, remedy
        ("ann,ordered,soon,9,1,1", ["occurred_at: not a date", "'soon'", "2026-03-01T20:30"]),
        (
            "ann,ordered,2026-03-01T10:00:00,9,1,1",
            ["occurred_at", "zone", "'2026-03-01T10:00:00'", "+01:00"],
        ),
        ("ann,ordred,2026-03-01T10:00:00Z,9,1,1", ["'ordred'", "did you mean 'ordered'?"]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,much,1", ["ordered.amount", "'much'", "give "]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,,1", ["ordered.amount", "missing", "give "]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,1,1.5", ["ordered.items", "'1.5'", "give "]),
        (",ordered,2026-03-01T10:00:00Z,9,1,1", ["no customer_id", "a row needs customer_id"]),
        ("ann,,2026-03-01T10:00:00Z,9,1,1", ["no event", "a row needs"]),
        ("ann,ordered,,9,1,1", ["no occurred_at", "a row needs"]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,1", ["5 cells, the header 6", "quote cells"]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,1,1,x", ["7 cells, the header 6", "quote cells"]),
        ("ann,ordered,2026-03-01T10:00:00Z,#9,1,1", ["id:", "'#9'", "begin with '#'"]),
        ("ann,ordered,2026-03-01T10:00:00Z,9,x,y", ["'x'", "also ordered.items", "'y'"]),
        ('"ann,ordered,2026-03-01T10:00:00Z,9,1,1', ["quotes", "'\"ann,ordered", "write a cell"]),
        ('"ann" x,ordered,2026-03-01T10:00:00Z,9,1,1', ["quotes", '\'"ann" x,', "write a cell"]),
        # the id of the good row, for another content: the first stays
        ("ann,ordered,2026-03-01T10:00:00Z,1,21,2", ["id: this id was used before", "'1'"]),
        ("zoe,ordered,2026-03-01T10:00:00Z,9,1,1", ["nobody was identified", "'zoe'", "profiles"]),
    ],
)
def test_a_bad_row_is_listed_and_the_good_ones_are_played(
    desk: Any, line: str, told: list[str]
) -> None:  # F1
    desk.write("bad.csv", HEAD + GOOD + line + "\n" + "bob,ordered,2026-03-02T10:00:00Z,2,50,\n")

    result = desk.simulate("--profiles", "profiles.csv", events="bad.csv")

    assert result.exit_code == 1
    text = flat(result.output)
    assert "2 customers, 2 events" in text
    assert "1 bad row left out" in text
    assert "bad.csv line 3: " in text
    for part in told:
        assert part in text


DATED = b'{"customer_id": "ann", "event": "ordered", "occurred_at": "2026-03-01T10:00:00Z",'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", ["this is no JSON", "at character 2 (got '{')", "one JSON object per line"]),
        (b"[" * 100_000, ["this is no JSON", "one JSON object per line"]),
        (b"[1]", ["no JSON object", "a row needs"]),
        (b"\xff\xfe", ["not UTF-8"]),
        (b'{"customer_id": "ann"}', ["no event"]),
        (
            b'{"customer_id": 7, "event": "ordered", "occurred_at": "2026-03-01T10:00:00Z"}',
            ["customer_id", "got 7", "string"],
        ),
        (
            b'{"customer_id": "ann", "event": "ordered", "occurred_at": 5, "data": {}}',
            ["occurred_at", "got 5"],
        ),
        (
            DATED + b' "data": {"amount": 1, "colour": "red"}}',
            ["ordered.colour", "no such field"],
        ),
        (
            DATED + b' "amount": 1}',
            ["unknown field 'amount'"],
        ),
    ],
)
def test_a_bad_json_line_is_listed(desk: Any, line: bytes, told: list[str]) -> None:  # F1
    good = (
        b'{"customer_id": "ann", "event": "ordered", "occurred_at": "2026-03-01T10:00:00Z",'
        b' "data": {"amount": 20}}\n'
    )
    desk.write("bad.jsonl", good + b"\n" + line + b"\n")

    result = desk.simulate(events="bad.jsonl")

    assert result.exit_code == 1
    assert "1 customer, 1 event" in result.output
    assert "bad.jsonl line 3: " in result.output
    for part in told:
        assert part in flat(result.output)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cyd,Cyd,,Europe/Berlun,,", ["'Europe/Berlun'"]),  # T7
        ("cyd,Cyd,,,emial,", ["'emial'", "declared are email"]),
        (",Cyd,,,,", ["no customer_id"]),
        ("ann,Ann,,,,", ["has a row already", "'ann'"]),
    ],
)
def test_a_bad_profile_is_listed(desk: Any, line: str, told: list[str]) -> None:
    text = (desk.folder / "profiles.csv").read_text()
    desk.write("people.csv", text + line + "\n")

    result = desk.simulate("--profiles", "people.csv")

    assert result.exit_code == 1
    assert "2 customers, 3 events" in result.output
    assert "people.csv line 4: " in result.output
    for part in told:
        assert part in flat(result.output)


def test_events_of_a_customer_whose_row_is_bad_are_listed_too(desk: Any) -> None:
    desk.write("people.csv", "customer_id,timezone\nann,Nowhere/Land\nbob,\n")

    result = desk.simulate("--profiles", "people.csv")

    assert result.exit_code == 1
    assert "1 customer, 1 event" in result.output
    for line in ("people.csv line 2: ", "events.csv line 2: ", "events.csv line 4: "):
        assert line in result.output


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.csv", None, ["none.csv", "cannot be read", "No such file"]),
        ("log.xlsx", "x", ["'.xlsx'", ".csv or a .jsonl"]),
        (
            "log.csv",
            "customer,event,occurred_at\n",
            ["line 1", "'customer_id' is missing", "is it the column 'customer'?"],
        ),
        (
            "log.csv",
            "customer_id,event,occurred_at,amout\n",
            ["line 1", "no event has a field", "'amout'", "did you mean 'amount'?"],
        ),
        ("log.csv", "customer_id,event,occurred_at,id,id\n", ["line 1", "twice", "'id'"]),
        ("log.csv", "", ["line 1", "'customer_id' is missing"]),
        ("log.csv", HEAD.replace(",", ";"), ["line 1", "separated by ';'", "by commas"]),
        ("log.csv", HEAD.encode("utf-16"), ["line 1", "not UTF-8", "save the file as UTF-8"]),
        ("log.csv", f'"{HEAD}', ["line 1", "quotes"]),
        ("log.csv", HEAD, ["no good event in the log"]),
        ("log.jsonl", "", ["no good event in the log"]),
    ],
)
def test_a_wrong_file_is_refused(
    desk: Any, name: str, content: str | bytes | None, told: list[str]
) -> None:
    if content is not None:
        desk.write(name, content)

    result = desk.simulate(events=name)

    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    for part in told:
        assert part in flat(result.output)


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("shop", ["names no workspace", "MODULE:WORKSPACE"]),
        ("shop:", ["names no workspace"]),
        ("nowhere:shop", ["no such module", "'nowhere'"]),
        ("shop.inner:shop", ["no such module", "'shop.inner'"]),
        ("nowhere.py:shop", ["no such file", "'nowhere.py'"]),
        ("shop.py:shp", ["no such name", "'shp'", "did you mean shop.py:shop?"]),
        ("shop.py:other", ["a value of type int", "'other'", "it has shop"]),
        ("shop.py:Ordered", ["a value of type class", "'Ordered'"]),
        ("broken.py:shop", ["broken.py", "ZeroDivisionError", "whole traceback"]),
        ("wrong.py:shop", ["wrong.py line 2: Wait", "negative"]),  # the author's mistake and place
    ],
)
def test_a_wrong_workspace_is_explained(desk: Any, target: str, told: list[str]) -> None:
    desk.write("broken.py", "1 / 0")
    desk.write("wrong.py", "from journeykit import *\nWait(hours(-1))")

    result = desk.run("simulate", target, "--events", "events.csv")

    assert result.exit_code == 2, result.output
    for part in told:
        assert part in flat(result.output)


def test_a_module_of_this_folder_is_found(desk: Any) -> None:
    result = desk.run("simulate", "shop:shop", "--events", "events.csv")

    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("until", "sent", "told"),
    [
        # one second before the second message
        ("2026-03-03T09:59:59Z", 1, "1 event left out, later"),
        ("2026-03-03T10:00:00Z", 2, "1 event left out"),  # the very instant
        ("2026-03-09T10:00:00Z", 2, "played until"),  # the very last event
        ("P30D", 2, "played until"),
        ("2026-02-01T10:00:00Z", 0, "3 events left out"),  # before everything
    ],
)
def test_until_is_the_last_instant_played(desk: Any, until: str, sent: int, told: str) -> None:
    result = desk.simulate("--profiles", "profiles.csv", "--db", "out.db", "--until", until)

    assert result.exit_code == 0, result.output
    assert len(list(hand_overs(desk.folder / "out.db-handovers.jsonl"))) == sent
    assert told in flat(result.output)
    assert ("left out, later" in result.output) == ("left out" in told)


@pytest.mark.parametrize("until", ["soon", "2026-03-03T10:00:00", "P", "PX"])
def test_a_wrong_until_is_refused(desk: Any, until: str) -> None:
    result = desk.simulate("--until", until)

    assert result.exit_code == 2
    assert f"--until: this is neither an instant with a zone nor a span (got {until!r})" in flat(
        result.output
    )


def test_a_wrong_column_of_the_profiles_is_refused(desk: Any) -> None:
    desk.write("people.csv", "customer_id,consent\nann,email\n")

    result = desk.simulate("--profiles", "people.csv")

    assert result.exit_code == 2
    for part in ("line 1", "no attribute of this name", "'consent'", "did you mean 'consents'?"):
        assert part in flat(result.output)


def test_wrong_templates_are_refused(desk: Any) -> None:
    result = desk.simulate("--templates", "other")

    assert result.exit_code == 2
    assert "--templates" in result.output


LEADS = """
from journeykit import Call, EntryCap, Event, Exit, Journey, On, RateLimit, Result, Workspace, hours


class Ordered(Event):
    amount: int = 0
    items: int = 0


class Score(Result):
    score: int


shop = Workspace(
    journeys=[
        Journey(
            "leads",
            entry=On(Ordered),
            entry_caps=[EntryCap(1)],
            steps=[RateLimit(1, per=hours(99)), Call("score", gives=Score), Exit("scored")],
        )
    ],
    timezone="UTC",
)
functions = {"score": lambda context: Score(score=1)}
"""


def test_functions_of_the_module_are_called_and_nothing_is_shared_in_a_replay(desk: Any) -> None:
    desk.write("shop.py", LEADS)
    desk.write("events.csv", HEAD + "ann,ordered,2026-03-01T10:00:00+00:00,1,20,2\n")
    done = desk.simulate("--functions", "functions", "--db", "leads.db")
    assert done.exit_code == 0, done.output
    story = flat(desk.run("explain", "leads.db", "ann").output)
    for part in ("has a slot to enter", "its turn came", "score answered and gave score", "scored"):
        assert part in story


def test_functions_that_are_not_there_are_refused(desk: Any) -> None:
    desk.write("shop.py", LEADS)
    for words, part in (
        (["--functions", "other"], "has no mapping of functions of this name"),
        ([], "it calls 'score', but no such function was given"),
    ):
        done = desk.simulate(*words)
        assert done.exit_code == 2
        assert part in flat(done.output)


def test_another_log_on_the_same_file_is_refused_unless_fresh(desk: Any) -> None:
    desk.simulate("--profiles", "profiles.csv", "--db", "out.db")
    desk.write("fewer.csv", HEAD + GOOD)

    refused = desk.simulate("--profiles", "profiles.csv", "--db", "out.db", events="fewer.csv")
    fresh = desk.simulate(
        "--profiles", "profiles.csv", "--db", "out.db", "--fresh", events="fewer.csv"
    )

    assert refused.exit_code == 2
    assert "began with another log" in flat(refused.output)
    assert "--fresh" in refused.output
    assert fresh.exit_code == 0
    assert "1 event," in fresh.output


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
def test_a_store_that_no_replay_began_is_left_alone(desk: Any, fresh: list[str]) -> None:
    path = desk.folder / "production.db"
    SQLiteStore(path).close()
    before = path.read_bytes()

    result = desk.simulate("--db", "production.db", *fresh)

    assert result.exit_code == 2
    assert "was not begun by a replay" in flat(result.output)
    assert path.read_bytes() == before


def test_explain_tells_one_customer(desk: Any) -> None:
    desk.simulate("--profiles", "profiles.csv", "--db", "out.db")

    result = desk.run("explain", "out.db", "ann")

    assert result.exit_code == 0
    assert "Sun 2026-03-01 14:00" in result.output  # in Tbilisi
    assert "thanks: thanks: sent by email" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none.db", "ann"), ["no such file", "'none.db'"]),
        (("shop.py", "ann"), ["not an SQLite database"]),
        (("out.db", "zoe"), ["'zoe'", "there are ann, bob "]),
    ],
)
def test_explain_says_what_is_not_there(
    desk: Any, arguments: tuple[str, str], told: list[str]
) -> None:
    desk.simulate("--db", "out.db")

    result = desk.run("explain", *arguments)

    assert result.exit_code == 2
    assert not (desk.folder / "none.db").exists()
    for part in told:
        assert part in flat(result.output)


def test_the_journal_holds_every_good_row(desk: Any) -> None:
    desk.simulate("--db", "out.db")

    with SQLiteStore(desk.folder / "out.db") as store:
        ids = [
            entry.id
            for customer in store.customers()
            for record in store.journal(customer)
            for entry in decode_entries(record.entries)
            if type(entry).__name__ == "Received"
        ]
    assert sorted(ids) == ["1", "2", "3"]


def test_a_killed_simulation_leaves_what_another_run_finishes(desk: Any) -> None:
    whole = desk.simulate("--profiles", "profiles.csv", "--db", "whole.db")
    again = desk.simulate("--profiles", "profiles.csv", "--db", "whole.db")

    assert digest(again.output) == digest(whole.output)
    assert "0 events, 0 journal entries" in again.output
    assert "2 customers and 3 events were there; anew with --fresh" in flat(again.output)


def test_nothing_is_left_in_the_folder_without_db(desk: Any) -> None:
    desk.simulate()

    assert not list(Path.cwd().glob("*.db"))
