"""Which commands are there, and what do they take?"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer
from rich.console import Console

from journeykit.cli.check import check_target, show_findings, write_sarif
from journeykit.cli.demo import play_demo
from journeykit.cli.diff import as_json, compare
from journeykit.cli.draw import draw_journey
from journeykit.cli.explain import explain_customer
from journeykit.cli.operations import OPERATIONS
from journeykit.cli.plan import plan_workspace
from journeykit.cli.schema import schema_text
from journeykit.cli.simulate import play_log
from journeykit.cli.stores import Database
from journeykit.cli.tables import show, show_timeline
from journeykit.cli.told import told
from journeykit.cli.whynot import why_not_customer
from journeykit.cli.words import counted

app = typer.Typer(
    help="Customer journeys as typed state machines, embedded in your own backend.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew instead of going on.")]


@app.callback()
def _journeykit() -> None:
    """Customer journeys as typed state machines, embedded in your own backend."""


@app.command()
def demo(
    customers: Annotated[
        int | None, typer.Option(min=1, help="How many of the 2,357 customers; all by default.")
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(help="SQLite file; `journeykit-demo.db` in this folder by default."),
    ] = None,
    fresh: Fresh = False,
) -> None:
    """Replay 18 months of a record shop's purchases in virtual time.

    Real purchases, made-up people, four journeys, a delivery policy, a provider that only
    pretends. Stopped or killed, the same command goes on where it was.
    """
    console = Console(highlight=False)
    with told(fresh=fresh, goes_on=True):
        show(console, play_demo(console, customers=customers, db=db, fresh=fresh))


@app.command()
def simulate(
    workspace: Annotated[
        str, typer.Argument(metavar="MODULE:WORKSPACE", help="Or FILE.py:WORKSPACE.")
    ],
    events: Annotated[Path, typer.Option(help="The log: a .csv or .jsonl file.")],
    profiles: Annotated[
        Path | None, typer.Option(help="Who the customers are: a .csv or .jsonl file.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="When to stop: an instant with a zone, or a span such as P30D after the last "
            "event. By default, with the last event."
        ),
    ] = None,
    templates: Annotated[
        str | None,
        typer.Option(help="Name of the module's renderer; by default messages are not rendered."),
    ] = None,
    functions: Annotated[
        str | None,
        typer.Option(help="Name of the module's mapping of functions, for `Call` steps."),
    ] = None,
    db: Annotated[
        Path | None, typer.Option(help="SQLite file to keep; a temporary one by default.")
    ] = None,
    fresh: Fresh = False,
) -> None:
    """Replay your own log through your own workspace; nothing leaves the machine.

    **Events.** As CSV the columns `customer_id`, `event` (its wire name), `occurred_at` (ISO
    8601 with a zone), optionally `id`, and one further column for each field of the events; an
    empty cell is no value. As JSON lines objects with `customer_id`, `event`, `occurred_at`,
    optionally `id`, and `data`, an object with the event's fields. Rows are sorted by
    `occurred_at`; those of one instant stay in the order of the file.

    **Profiles.** As CSV the columns `customer_id`, optionally `consents` (channels, or
    channel/topic, separated by spaces) and `source`, and one column for each attribute. As
    JSON lines objects with `customer_id`, `attributes`, `consents` (a list), `source`, and
    `confirmed` (true where the customer has confirmed them: double opt-in).
    Customers become known with their first event. Without the file nothing is known of them;
    with it, events of anybody else are refused.

    **Functions.** What `Call` steps call is a mapping in the module of the workspace, such as
    `functions = {"score_lead": pretend_score}`. They are really called: give it pretended ones.

    Good rows are played; bad ones are listed at the end with their lines, and the exit code
    is 1.
    """
    console = Console(highlight=False)
    with told(fresh=fresh, goes_on=db is not None):
        played, bad = play_log(
            console,
            workspace,
            events=events,
            profiles=profiles,
            until=until,
            templates=templates,
            functions=functions,
            db=db,
            fresh=fresh,
        )
        show(console, played)
    if bad:
        errors = Console(stderr=True, highlight=False, soft_wrap=True)
        errors.print(f"\n{counted(len(bad), 'bad row')} left out:", markup=False)
        for line in bad:
            errors.print(indent(str(line), "  "), markup=False)
        raise typer.Exit(1)


@app.command()
def explain(
    db: Database,
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
) -> None:
    """Tell what happened to one customer, and why."""
    with told():
        show_timeline(Console(highlight=False), explain_customer(db, customer))


@app.command()
def check(
    workspace: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="MODULE:WORKSPACE, FILE.py:WORKSPACE, or a file of data."
        ),
    ],
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 1 on warnings too; tell also what matters for later versions.",
        ),
    ] = False,
    sarif: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write SARIF 2.1.0 to this file; - for the output."),
    ] = None,
    today: Annotated[
        str | None, typer.Option(metavar="DATE", help="Dates before it are past; today by default.")
    ] = None,
    templates: Annotated[
        str | None,
        typer.Option(help="Name of the module's renderer; then templates are checked too."),
    ] = None,
) -> None:
    """Tell what in a workspace is legal and yet probably not meant.

    The exit code is 1 where there is an error, with --strict also where there is a warning.
    """
    with told():
        checked = check_target(workspace, today=today, templates=templates, strict=strict)
        if sarif is not None:
            write_sarif(checked, sarif)
        if sarif != "-":
            show_findings(Console(highlight=False), checked)
    if checked.is_bad(strict=strict):
        raise typer.Exit(1)


@app.command()
def plan(
    db: Database,
    workspace: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="MODULE:WORKSPACE, FILE.py:WORKSPACE, or a file of data."
        ),
    ],
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where publishing would be refused.")
    ] = False,
) -> None:
    """Tell what publishing a workspace would do to the customers of a store.

    Who stands where and would go where, who would be released at once, which messages change,
    and why it would be refused. Nothing is changed, and nothing leaves the machine.
    """
    with told():
        found = plan_workspace(db, workspace)
        Console(highlight=False, soft_wrap=True).print(str(found), markup=False)
    if strict and found.refused:
        raise typer.Exit(1)


@app.command("why-not")
def why_not(
    db: Database,
    workspace: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="MODULE:WORKSPACE, FILE.py:WORKSPACE, or a file of data."
        ),
    ],
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    journey: Annotated[str, typer.Argument(help="Name of the journey.")],
) -> None:
    """Tell why a customer is not in a journey, or did not get its message.

    With the values that were compared when it was decided, as the journal knows them.
    """
    with told():
        found = why_not_customer(db, workspace, customer, journey)
        Console(highlight=False, soft_wrap=True).print(found.text(), markup=False)


Target = Annotated[
    str,
    typer.Argument(metavar="TARGET", help="MODULE:NAME, FILE.py:NAME, FILE.yaml or FILE.json."),
]


@app.command()
def schema(
    kind: Annotated[str, typer.Argument(help="journey or workspace.")] = "workspace",
) -> None:
    """Print the JSON Schema of the data form, for editors and for checks."""
    with told():
        typer.echo(schema_text(kind))


@app.command()
def diff(
    old: Target,
    new: Target,
    as_data: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 where there is a difference.")
    ] = False,
) -> None:
    """Tell what changed from one workspace or journey to another, by what it means."""
    with told():
        found = compare(old, new)
        typer.echo(as_json(found) if as_data else found.text())
    if exit_code and found:
        raise typer.Exit(1)


@app.command()
def draw(
    target: Target,
    journey: Annotated[
        str | None, typer.Argument(help="Name of the journey; the only one by default.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .svg, .png or .mmd file; printed by default."),
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(help="A store, as for explain: how many came where, and stand there now."),
    ] = None,
    direction: Annotated[str, typer.Option(help="TD, LR, BT or RL.")] = "TD",
) -> None:
    """Draw a journey as a flowchart, without network: as Mermaid text, SVG or PNG.

    SVG and PNG need the extra `draw`: pip install 'journeykit[draw]'.
    """
    with told():
        text = draw_journey(target, journey, output=output, counts=counts, direction=direction)
        if text is not None:
            typer.echo(text, nl=False)


for command in OPERATIONS:
    app.command()(command)
