"""A picture shows the machine, all of it and no more, and its labels mean nothing to Mermaid."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transitions.extensions import GraphMachine

from journeykit.analysis.drawing import picture
from journeykit.analysis.mermaid import Edge, edges_of, escape
from journeykit.errors import UsageError
from journeykit.machine import journey_machine
from journeykit.machine.statechart import moves_of
from journeykit.model import (
    EXITED,
    Branch,
    Counts,
    Exit,
    Goal,
    Goto,
    Journey,
    On,
    Restart,
    Send,
    Wait,
    WaitFor,
    WaitUntil,
    When,
)
from journeykit.testing.journeys import journeys
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours

CLASSES = [OrderPlaced, PageSeen]
Ways = set[tuple[str, str, str]]
EVERYWHERE = re.compile(r"exit|goal_\d+")

CART = Journey(
    "abandoned-cart",
    version=2,
    entry=On(OrderPlaced, where=OrderPlaced.amount >= 20, key=OrderPlaced.cart),
    reentry=Restart(),
    goal=Goal(On(PageSeen), within=days(7)),
    exits=Customer.vip == True,  # noqa: E712
    steps=[
        Wait(hours(1)),
        Send("reminder", via=["push", "email"], on_cap="exit"),
        Branch(When(Customer.plan == "pro", [Send("vip", via=["email"], label="best")])),
    ],
)

PICTURE = """\
flowchart TD
    s_start(["abandoned-cart v2<br>order_placed where<br>order_placed.amount ≥<br>20, by cart<br>re-entry: restart"])
    s_wait_1("Wait 1 hour")
    s_reminder["Send reminder<br>push, email"]
    s_branch_3{{"Branch"}}
    s_best["Send vip<br>email<br>(best)"]
    s_completed(["Completed"])
    s_exited(["Exited"])
    s_start --> s_wait_1
    s_wait_1 --> s_reminder
    s_reminder --> s_branch_3
    s_reminder -->|"exit"| s_exited
    s_branch_3 -->|"profile.plan = 'pro'"| s_best
    s_branch_3 -->|"otherwise"| s_completed
    s_best --> s_completed
    goal_0["Goal page_seen, within<br>7 days: the run ends"]
    leave_1["Exit: when profile.vip<br>= True"]
    classDef start fill:#e5e7eb,stroke:#374151,color:#111827
    class s_start start
"""


def test_a_picture_in_full() -> None:
    assert CART.mermaid().startswith(PICTURE)
    assert CART.mermaid(direction="LR").startswith("flowchart LR\n")


def test_counts_are_laid_over_it() -> None:
    counts = Counts(
        entered={"start": 1200, "wait_1": 1200, "reminder": 1000},
        here={"wait_1": 200},
        took={("wait_1", "done"): 1000, ("reminder", "done"): 600, ("reminder", "failed"): 50,
              ("reminder", "exit"): 350},
    )  # fmt: skip
    text = CART.mermaid(counts)
    for line in (
        's_wait_1("Wait 1 hour<br>1,200 entered<br>200 here now")',
        's_wait_1 -->|"1,000"| s_reminder',
        's_reminder -->|"650"| s_branch_3',
        's_reminder -->|"exit<br>350"| s_exited',
        's_best["Send vip<br>email<br>(best)<br>0 entered"]',
    ):
        assert f"    {line}\n" in text


# ---- the machine is the authority


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def of_machine(journey: Journey) -> Ways:
    moves = moves_of(journey_machine(journey))
    return {(a, outcome, b) for a, ways in moves.items() for outcome, b in ways.items()}


def of_picture(journey: Journey) -> Ways:
    return {(e.source, outcome, e.target) for e in edges_of(journey) for outcome in e.outcomes}


def arrows(text: str) -> list[tuple[str, str]]:
    return re.findall(r'^    (s_\w+) -->(?:\|"[^"]*"\|)? (s_\w+)$', text, re.MULTILINE)


def nodes(text: str) -> list[str]:
    return re.findall(r'^    (s_\w+)[(\[{]+"[^"]*"[)\]}]+$', text, re.MULTILINE)


@lawful(60)
@given(journeys(CLASSES, Customer))
def test_the_picture_shows_what_the_machine_does(journey: Journey) -> None:
    machine, picture = of_machine(journey), of_picture(journey)
    assert picture <= machine
    left_out = machine - picture
    assert all(EVERYWHERE.fullmatch(outcome) for _, outcome, _ in left_out)
    assert {target for _, outcome, target in left_out if outcome == "exit"} <= {EXITED}

    text = journey.mermaid()
    found, ids = arrows(text), nodes(text)
    assert (
        len(ids)
        == len(set(ids))
        == len({n for e in edges_of(journey) for n in (e.source, e.target)})
    )
    assert {end for arrow in found for end in arrow} <= set(ids)
    assert len(found) == len(set(found)) == len(edges_of(journey))
    for line in text.splitlines():
        assert line.count('"') in (0, 2)


@lawful(20)
@given(journeys(CLASSES, Customer))
def test_it_shows_what_transitions_would_draw(journey: Journey) -> None:
    plain = journey_machine(journey)
    drawn = (
        GraphMachine(
            states=list(plain.states),
            initial="start",
            transitions=[
                {"trigger": outcome, "source": a, "dest": b}
                for a, outcome, b in of_machine(journey)
            ],
            auto_transitions=False,
            graph_engine="mermaid",
            show_auto_transitions=False,
        )
        .get_combined_graph()
        .source
    )
    theirs = set(re.findall(r"^\s*(\S+) --> (\S+): ", drawn, re.MULTILINE))
    ours = {(edge.source, edge.target) for edge in edges_of(journey)}
    everywhere = {(a, b) for a, o, b in of_machine(journey) if EVERYWHERE.fullmatch(o)}
    assert ours <= theirs <= ours | everywhere


def test_exit_has_an_edge_where_a_step_chooses_it() -> None:
    assert Edge("reminder", "exited", ("exit",)) in edges_of(CART)
    past = Journey(
        "j",
        entry=On(PageSeen),
        steps=[
            WaitUntil(Customer.born, if_past="exit", label="a"),
            WaitUntil(Customer.born, if_past="skip", label="b"),
            Wait(hours(1), label="c"),
            Exit("over"),
        ],
    )
    ways = {(edge.source, edge.outcomes): edge.target for edge in edges_of(past)}
    assert ways["a", ("exit",)] == "exited"
    assert ways["b", ("skip",)] == "exit_4"
    assert "c" not in {edge.source for edge in edges_of(past) if "exit" in edge.outcomes}


def test_a_goal_that_people_jump_to_points_there() -> None:
    journey = Journey(
        "j",
        entry=On(PageSeen),
        goal=[Goal(On(OrderPlaced), goto="thanks"), Goal(On(PageSeen), ends_run=False)],
        steps=[Wait(days(1)), Exit("no"), Send("thanks", via=["email"], label="thanks")],
    )
    text = journey.mermaid()
    assert "    goal_0 -.-> s_thanks\n" in text
    assert 'goal_0["Goal order_placed"]' in text
    assert 'goal_1["Goal page_seen"]' in text
    assert text.count("-.->") == 1
    jumped = Counts(took={("wait_1", "goal_1"): 2, ("no", "goal_1"): 1})
    assert '    goal_0 -.->|"3"| s_thanks\n' in journey.mermaid(jumped)


def test_a_loop_with_a_bound_is_a_node() -> None:
    journey = Journey(
        "j",
        entry=On(PageSeen),
        steps=[
            Wait(days(1), label="again-and-again"),
            WaitFor(On(PageSeen), timeout=days(1), then=[Exit()]),
            Goto("again-and-again", at_most=3),
        ],
    )
    assert '-->|"up to 3 times"| s_again_and_again\n' in journey.mermaid()


def test_a_start_with_much_to_say_has_corners_that_leave_room_for_it() -> None:
    short = Journey("j", entry=On(OrderPlaced), steps=[Wait(days(1))])
    long = Journey("j" * 100, entry=On(OrderPlaced), steps=[Wait(days(1))])
    assert 's_start(["' in short.mermaid()
    assert 's_start("' in long.mermaid()


def test_what_cannot_be_drawn_is_refused() -> None:
    for wrong in ({"direction": "td"}, {"counts": {"wait_1": 1}}):
        with pytest.raises(UsageError, match=r"one of TD|no counts"):
            CART.mermaid(**wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no such kind of picture"):
        picture("flowchart TD", "gif")  # type: ignore[arg-type]


def test_ids_are_no_words_of_mermaid_and_differ() -> None:
    journey = Journey(
        "end",
        entry=On(PageSeen),
        steps=[
            Wait(hours(1), label=name) for name in ("end", "graph", "a.b", "a-b", "a_b", "style")
        ],
    )
    ids = nodes(journey.mermaid())
    assert ids == [
        "s_start", "s_end", "s_graph", "s_a_b", "s_a_b_", "s_a_b__", "s_style", "s_completed"
    ]  # fmt: skip


# ---- labels

NASTY = [
    'say "hi" <b>bold</b> & &amp; #35; #quot;',
    "`code` **x** _x_ __y__ ~~z~~ a_b_c",
    "1. one $$x$$ $$$ 5 $ a\\nb \\\\n",
    "2) two",
    "- minus",
    "+ plus",
    "* star",
    "# head",
    "> quote",
    "%%{init: {'theme': 'dark'}}%% x",
    "%% comment",
    "[x](y) ![i](j) [[k]]",
    "end",
    "a\\nb \\",
    "graph TD; A-->B",
    "|pipe| {brace} (par) ]]",
    "héé 🎉 שלום 日本",
    "https://example.org/x",
    "$$x^2$$",
    "fa:fa-car x",
    "<br> <script>alert(1)</script>",
    "it's 10 % · 1.5",
]


@given(st.text() | st.lists(st.sampled_from(NASTY)).map(" ".join))
def test_a_label_is_one_line_that_says_what_it_said(text: str) -> None:
    escaped = escape(text)
    assert not re.search(r'["<>`*\[\]{}|;&\\\n](?<!#\d;)(?<!#\d\d;)', re.sub(r"#\d+;", "", escaped))
    said = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), escaped)
    assert not re.search(r"\$\$|\\n", said)
    said = re.sub(r"([$\\])\u200b", r"\1", said)
    assert said.split() == re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).split()


def test_a_renderer_shows_every_label_as_it_was_written() -> None:
    mermaidx = pytest.importorskip("mermaidx")
    lines = ["flowchart TD"]
    lines += [f'    s_{n}["{escape(text)}"]' for n, text in enumerate(NASTY)]
    lines += [f'    s_{n} -->|"{escape(text)}"| s_{n + 1}' for n, text in enumerate(NASTY[:-1])]
    svg = mermaidx.render("\n".join(lines)).svg()
    assert [text.replace("\u200b", "") for text in shown_in(svg, len(NASTY))] == NASTY


def shown_in(svg: str, nodes: int) -> Iterator[str]:
    for number in range(nodes):
        found = re.search(
            rf'flowchart-s_{number}-\d+".*?<foreignObject(.*?)</foreignObject>', svg, re.S
        )
        assert found is not None
        yield html.unescape(re.sub(r"<[^>]+>", "", found[1].partition(">")[2]))


# ---- notebooks


def test_a_notebook_shows_the_picture() -> None:
    shown = CART._repr_mimebundle_(include=None, exclude=None)
    assert shown == {
        "text/vnd.mermaid": CART.mermaid(),
        "text/markdown": f"```mermaid\n{CART.mermaid()}```\n",
        "text/plain": repr(CART),
    }
