"""Which store is meant? A file, or the url of a PostgreSQL database, and which tables in it.

Behind a `#` may stand where the tables are: for a file the prefix of their names (`shop.db#eu_`),
for PostgreSQL the schema, or the schema and the prefix (`postgresql://host/app#eu`,
`…#eu.journeykit_`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from journeykit.adapters import SQLiteStore
from journeykit.errors import UsageError
from journeykit.ports import Store

PREFIX = "journeykit_"
DB_HELP = "A file of SQLiteStore, or postgresql://…; behind # the prefix, or the schema."
Database = Annotated[str, typer.Argument(metavar="DB", help=DB_HELP)]


class Place(NamedTuple):
    """Where a store is.

    Attributes:
        url: Of a PostgreSQL database; "" for a file.
        path: The file; `.` where there is none.
    """

    url: str = ""
    path: Path = Path()
    schema: str | None = None
    prefix: str = PREFIX

    @property
    def is_postgres(self) -> bool:
        """Whether it is a PostgreSQL database."""
        return bool(self.url)

    def open(self, *, read_only: bool = False, migrate: bool = False) -> Store:
        """Open the store.

        Raises:
            UsageError: There is no such file, or PostgreSQL needs packages that are not there.
            StoreError: It cannot be opened, or its schema is older and `migrate` is off.
        """
        if self.is_postgres:
            need_postgres()
            from journeykit.adapters.postgres import PostgresStore  # only with the extra

            return PostgresStore(
                self.url,
                schema=self.schema,
                prefix=self.prefix,
                read_only=read_only,
                migrate=migrate,
            )
        if not migrate and not self.path.is_file():
            raise UsageError(
                "there is no such file", value=str(self.path), remedy="give a file of SQLiteStore"
            )
        shared = self.prefix != PREFIX
        return SQLiteStore(
            self.path, prefix=self.prefix, shared=shared, migrate=migrate, read_only=read_only
        )


def need_postgres() -> None:
    """Refuse to go on without what PostgreSQL needs.

    Raises:
        UsageError: It is not installed.
    """
    missing = [name for name in ("sqlalchemy", "psycopg") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"PostgreSQL needs packages that are not installed: {', '.join(missing)}",
            remedy="pip install 'journeykit[postgres]'",
        )


def place_of(target: str | Path) -> Place:
    """Read what somebody wrote."""
    text = str(target)
    if "://" in text or text.startswith(("postgresql:", "postgresql+psycopg:", "postgres:")):
        url, _, where = text.partition("#")
        schema, _, prefix = where.partition(".")
        return Place(url=url, schema=schema or None, prefix=prefix or PREFIX)
    if isinstance(target, Path) or Path(text).exists():
        return Place(path=Path(text))
    file, _, prefix = text.rpartition("#") if "#" in text else (text, "", "")
    return Place(path=Path(file), prefix=prefix or PREFIX)
