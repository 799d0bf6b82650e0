"""What happens when somebody types `journeykit`? The commands, or how to get them.

The commands need the extra `cli`; the library does not. Nothing here imports it before it is
known to be there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

NEEDED = ("typer", "rich")

_WITHOUT = """\
Usage: journeykit COMMAND [OPTIONS]

Customer journeys as typed state machines, embedded in your own backend.

The commands need packages that are not installed here: {missing}.
Install them with

    pip install 'journeykit[cli]'

Then there are:

    demo       18 months of a record shop's purchases, replayed in virtual time
    simulate   your own workspace on your own log of events
    explain    what happened to one customer, and why
    schema     what may stand in a file of data
    diff       what changed from one definition to another
    draw       a journey as a picture
    check      what in your workspace is legal and yet probably not meant
    why-not    why a customer is not in a journey, or did not get its message
    plan       what publishing would do to the customers of a store
    migrate    bring a database to the schema of this release, or print the SQL
    doctor     what is wrong with a store, and what to do about it
    prune      remove what is old from the journals
    parked     customers whom work failed for, and runs whose function did
    unpark     let a parked customer go on
    retry      let a parked run try again

The library itself is complete without them: `import journeykit`.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 done, 1 done but for bad rows, 2 refused, 130 stopped."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        text = _WITHOUT.format(missing=", ".join(missing))
        asks_for_help = not given or given[0] in ("--help", "-h", "help")
        print(text, end="", file=sys.stdout if asks_for_help else sys.stderr)
        sys.exit(0 if asks_for_help else 2)
    from journeykit.cli.app import app  # only where the extra is installed

    app(given, prog_name="journeykit")
    sys.exit(0)
