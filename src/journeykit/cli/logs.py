"""What stands in the user's files? Rows with their line numbers, from CSV or JSON lines.

Keeps true: each line of a file that is not blank becomes a row, or a bad line with its error.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from journeykit.cli.words import counted
from journeykit.errors import InputError, JourneykitError, NaiveInstantError, UsageError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and why."""

    file: str
    line: int
    error: JourneykitError

    def __str__(self) -> str:
        return f"{self.file} line {self.line}: {self.error.in_full()}"


@dataclass(slots=True)
class Rows:
    """The good rows of a file, the line on which each begins, and the bad lines."""

    file: str
    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a kind of row is laid out.

    Attributes:
        needed, optional: The columns that the row itself has.
        rest: Key under which all other columns go: an event's fields, a profile's attributes.
        nobody: What to say of a column that is none of them.
        known: Names that the other columns can have.
        lists: Columns that hold several words, separated by spaces.
    """

    needed: Sequence[str]
    optional: Sequence[str]
    rest: str
    nobody: str
    known: Collection[str]
    lists: Sequence[str] = ()


def events_layout(fields: Collection[str]) -> Layout:
    """Return the layout of a log of events."""
    needed = ("customer_id", "event", "occurred_at")
    return Layout(needed, ("id",), "data", "no event has a field of this name", fields)


def profiles_layout(attributes: Collection[str]) -> Layout:
    """Return the layout of a file of customers."""
    return Layout(
        ("customer_id",),
        ("consents", "source"),
        "attributes",
        "the profile has no attribute of this name",
        attributes,
        lists=("consents",),
    )


def read_rows(path: Path, layout: Layout) -> Rows:
    """Read a file, by its ending.

    Raises:
        UsageError: It is not there, of another kind, or its columns are wrong as a whole.
    """
    found = Rows(path.name)
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            "this kind of file is not known", place=str(path), value=path.suffix,
            remedy="give a .csv or a .jsonl file",
        )  # fmt: skip
    try:
        for line, row in reader(path, layout):
            try:
                found.rows.append(_row(row, layout))
                found.lines.append(line)
            except JourneykitError as error:
                found.bad.append(BadLine(found.file, line, error))
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {error.strerror}", place=str(path),
            remedy="check the path",
        ) from None  # fmt: skip
    return found


def _row(row: Row | JourneykitError, layout: Layout) -> Row:
    """Return a row with its instant parsed, or raise what is wrong with it."""
    if isinstance(row, JourneykitError):
        raise row
    for name in layout.needed:
        if row.get(name) in (None, ""):
            raise UsageError(f"the row has no {name}", place=name, remedy=_remedy(layout))
    if "occurred_at" in layout.needed:
        row["occurred_at"] = _instant(row["occurred_at"])
    return row


def _instant(text: object) -> datetime:
    remedy = "write it with its zone, as in 2026-03-01T20:30:00+01:00"
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        raise InputError(
            "not a date and time", place="occurred_at", value=text, remedy=remedy
        ) from None
    if instant.utcoffset() is None:
        raise NaiveInstantError(
            "a time without a zone names no instant",
            place="occurred_at",
            value=text,
            remedy=remedy,
        )
    return instant


def _remedy(layout: Layout) -> str:
    optional = ", ".join((*layout.optional, f"and the {layout.rest} as further columns"))
    return f"a row needs {', '.join(layout.needed)}; it may have {optional}"


# ---- CSV


def _csv_rows(path: Path, layout: Layout) -> Iterator[tuple[int, Row | JourneykitError]]:
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        records = _csv_records(file)
        _, first = next(records, (1, []))
        if isinstance(first, UsageError):
            first.place = f"{path} line 1"
            raise first
        header = [name.strip() for name in first]
        _check_header(path, header, layout)
        for line, cells in records:
            if isinstance(cells, UsageError):
                yield line, cells
            elif cells:
                yield line, _csv_row(header, cells, layout)


def _csv_records(file: Iterator[str]) -> Iterator[tuple[int, list[str] | UsageError]]:
    """Yield each record with the line on which it begins.

    A line whose quotes are wrong is bad alone: what it seemed to swallow is read once more.
    """
    taken: list[str] = []
    again: deque[str] = deque()

    def feed() -> Iterator[str]:
        while (text := again.popleft() if again else next(file, None)) is not None:
            taken.append(text)
            yield text

    line, reader = 1, csv.reader(feed(), strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            yield line, _misquoted(taken[0].rstrip("\r\n"))
            again.extendleft(reversed(taken[1:]))
            del taken[1:]
            reader = csv.reader(feed(), strict=True)
        else:
            if cells is None:
                return
            yield line, cells
        line += len(taken)
        taken.clear()


def _misquoted(line: str) -> UsageError:
    return UsageError(
        "the quotes of this line do not fit together",
        value=line,
        remedy='write a cell with commas in it as "...", and a quote within it as ""',
    )


def _check_header(path: Path, header: Sequence[str], layout: Layout) -> None:
    place = f"{path} line 1"
    if not _is_text(header):
        raise UsageError("this is not UTF-8", place=place, remedy="save the file as UTF-8")
    for mark in ";\t|":
        if len(header) == 1 and mark in header[0]:
            raise UsageError(
                f"the columns are separated by {mark!r}", place=place, value=header[0],
                remedy="separate them by commas",
            )  # fmt: skip
    own = (*layout.needed, *layout.optional)
    for name in layout.needed:
        if name not in header:
            near = get_close_matches(name, header, 1)
            hint = f"is it the column {near[0]!r}? " if near else ""
            raise UsageError(
                f"the column {name!r} is missing", place=place, value=",".join(header),
                remedy=hint + _remedy(layout),
            )  # fmt: skip
    for name in header:
        if header.count(name) > 1:
            raise UsageError(
                "a column is there twice", place=place, value=name, remedy="rename one of them"
            )
        if name not in own and name not in layout.known:
            near = get_close_matches(name, [*own, *layout.known], 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(layout.known)}"
            raise UsageError(layout.nobody, place=place, value=name, remedy=hint)


def _csv_row(header: Sequence[str], cells: Sequence[str], layout: Layout) -> Row | JourneykitError:
    if len(cells) != len(header):
        return UsageError(
            f"the line has {counted(len(cells), 'cell')}, the header {len(header)}",
            value=",".join(cells),
            remedy="quote cells that contain commas; leave cells empty where there is no value",
        )
    if not _is_text(cells):
        return UsageError("this is not UTF-8", remedy="save the file as UTF-8")
    row: Row = {}
    rest: Row = {}
    for name, cell in zip(header, cells, strict=True):
        if cell == "":
            continue
        if name in layout.lists:
            row[name] = cell.split()
        elif name in layout.needed or name in layout.optional:
            row[name] = cell
        else:
            rest[name] = cell
    row[layout.rest] = rest
    return row


def _is_text(cells: Iterable[str]) -> bool:
    return not any("\udc80" <= char <= "\udcff" for cell in cells for char in cell)


# ---- JSON lines


def _json_rows(path: Path, layout: Layout) -> Iterator[tuple[int, Row | JourneykitError]]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if raw.strip():
                yield line, _json_row(raw, layout)


def _json_row(raw: bytes, layout: Layout) -> Row | JourneykitError:
    try:
        row = json.loads(raw.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError:
        return UsageError("this is not UTF-8", remedy="save the file as UTF-8")
    except (ValueError, RecursionError) as error:
        wrong = str(error)
        if isinstance(error, json.JSONDecodeError):
            wrong = f"{error.msg}, at character {error.pos + 1}"
        return UsageError(
            f"this is no JSON: {wrong}",
            value=raw.decode().strip(),
            remedy="write one JSON object per line",
        )
    if not isinstance(row, dict):
        return UsageError("this is no JSON object", value=row, remedy=_remedy(layout))
    return row
