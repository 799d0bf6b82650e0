"""How does Alembic leave our tables alone? A filter for `context.configure`.

`alembic revision --autogenerate` compares the database with the host's models, and proposes to drop
what no model knows: journeykit's tables among it. With this filter it does not look at them:

    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        include_name=include_name,
    )

Needs nothing of Alembic's.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Literal

Kind = Literal["schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint"]
IncludeName = Callable[[str | None, Kind, MutableMapping[str, str | None]], bool]


def include_name(
    name: str | None, type_: Kind, parent_names: MutableMapping[str, str | None]
) -> bool:
    """Tell Alembic to leave out the tables that begin with `journeykit_`, in whatever schema."""
    return _plain(name, type_, parent_names)


def leaving_out(*prefixes: str, schema: str | None = None) -> IncludeName:
    """Return a filter for tables with other prefixes, or for those of a schema of ours.

    Args:
        prefixes: As they were given to the stores; `journeykit_` where none is named.
        schema: Leave out this schema as a whole instead.
    """

    def include_name(
        name: str | None, type_: Kind, parent_names: MutableMapping[str, str | None]
    ) -> bool:
        if schema is not None:
            return not (type_ == "schema" and name == schema) and (
                parent_names.get("schema_name") != schema
            )
        table = name if type_ == "table" else parent_names.get("table_name")
        return table is None or not table.startswith(prefixes or _PREFIXES)

    return include_name


_PREFIXES = ("journeykit_",)
_plain = leaving_out()
