"""Which commands look after a store?"""

from __future__ import annotations

from typing import Annotated

import typer

from journeykit.cli.doctor import as_json, examine, prune_store
from journeykit.cli.migrate import migrate_store, migration_sql
from journeykit.cli.parked import as_json as parked_as_json
from journeykit.cli.parked import as_text as parked_as_text
from journeykit.cli.parked import list_parked, retry_in, unpark_in
from journeykit.cli.stores import DB_HELP, Database
from journeykit.cli.told import told
from journeykit.cli.words import counted
from journeykit.errors import UsageError


def migrate(
    db: Annotated[str | None, typer.Argument(metavar="DB", help=DB_HELP)] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that is missing; change nothing.")
    ] = False,
    dialect: Annotated[
        str | None,
        typer.Option(help="Without DB: sqlite or postgresql, and all of the SQL is printed."),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(help="With --sql: a user of PostgreSQL who may read the tables then."),
    ] = None,
) -> None:
    """Bring a database to the schema of this journeykit, or print the SQL that does.

    Workers of an earlier release cannot open it any more then.
    """
    with told():
        if sql or db is None:
            typer.echo(migration_sql(db, dialect, reader), nl=False)
        elif reader is not None:
            raise UsageError("rights are printed, not given", place="--reader", remedy="add --sql")
        else:
            typer.echo(migrate_store(db))


def doctor(
    db: Database,
    as_data: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every customer, and tell of runs on old versions.")
    ] = False,
) -> None:
    """Tell what is wrong with a store, and what to do about it. Changes nothing.

    Schema, clocks, backlogs, leases, parked customers, the write-ahead log. The exit code is 1
    where there is something to do.
    """
    with told():
        found = examine(db, deep=deep)
        typer.echo(as_json(found) if as_data else str(found))
    if not found.is_healthy:
        raise typer.Exit(1)


def prune(
    db: Database,
    workspace: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="MODULE:WORKSPACE, FILE.py:WORKSPACE, or a file of data."
        ),
    ],
    older_than: Annotated[
        str, typer.Option(help="A span, such as P400D: what is older leaves the journals.")
    ],
) -> None:
    """Remove old entries from the journals, and what has had its time.

    Runs, caps and conditions go on as they are; the story is told from there on. Workers may run
    meanwhile, and it may be stopped at any time.
    """
    with told(goes_on=True):
        found = prune_store(db, workspace, older_than)
        typer.echo(
            f"{counted(found.journals, 'journal')} cut, {counted(found.entries, 'entry')} removed, "
            f"{found.forgotten} rows forgotten"
        )
        for failure in found.failures:
            typer.echo(f"left alone: {failure.error.in_full()}", err=True)
    if found.failures:
        raise typer.Exit(1)


def parked(
    db: Database,
    as_data: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """List what is parked: customers whom work failed for, and runs whose function did.

    Changes nothing.
    """
    with told():
        found = list_parked(db)
        typer.echo(parked_as_json(found) if as_data else parked_as_text(found))


def unpark(
    db: Database,
    customer: Annotated[str | None, typer.Argument(help="Id of the customer.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody who is parked.")] = False,
) -> None:
    """Let a customer go on who is parked: what was passed over is due at once."""
    with told():
        if (customer is None) is not everybody:
            raise UsageError(
                "one customer or everybody",
                place="CUSTOMER",
                remedy="name the customer, or say --all",
            )
        typer.echo(f"{counted(unpark_in(db, customer), 'customer')} may go on")


def retry(
    db: Database,
    workspace: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="MODULE:WORKSPACE, FILE.py:WORKSPACE, or a file of data."
        ),
    ],
    customer: Annotated[str, typer.Argument(help="Id of the customer.")],
    run: Annotated[str, typer.Argument(help="Name of the journey, or id of one run.")],
) -> None:
    """Let parked runs of a customer try again: a worker calls their functions anew."""
    with told():
        outcome = retry_in(db, workspace, customer, run)
        typer.echo(f"{counted(len(outcome.retried), 'run')} may try again")


OPERATIONS = (migrate, doctor, prune, parked, unpark, retry)
