"""Output of results: tables, JSON, CSV and paths on stdout."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from indexer.library.people.grouping import Grouped

Value = TypeVar("Value")
_READER_GONE = 141  # the exit code of shells for a program ended by SIGPIPE


class Format(StrEnum):
    """The output format of results."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PATHS = "paths"
    PATHS0 = "paths0"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="Output format: table, json, jsonl (one object per line), csv, paths, or paths0 (each path ends with NUL, "
        "for xargs -0).",
    ),
]


JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def present(
    results: Sequence[Value],
    style: Format,
    record: Callable[[Value], Mapping[str, Any]],
    columns: Mapping[str, Callable[[Value], str]],
    paths: Callable[[Value], Sequence[Path]],
) -> None:
    """Print results.

    record: the JSON object of a result.  columns: title → its text in the table.  paths: its files.
    """
    match style:
        case Format.TABLE:
            table([[text(result) for text in columns.values()] for result in results], list(columns))
        case Format.JSON:
            write_json([record(result) for result in results], indent=2)
        case Format.JSONL:
            for result in results:
                write_json(record(result))
        case Format.CSV:
            write_csv([record(result) for result in results])
        case Format.PATHS | Format.PATHS0:
            end = b"\n" if style is Format.PATHS else b"\0"
            _write(b"".join(os.fsencode(path) + end for result in results for path in paths(result)))


def table(rows: Sequence[Sequence[str]], titles: Sequence[str] | None = None) -> None:
    """Print rows in aligned columns, control characters made visible; the last column is never cut."""
    from rich.cells import cell_len

    lines = [[visible(cell) for cell in row] for row in ([titles, *rows] if titles and rows else rows)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        write("  ".join(padded).rstrip())


def write_json(value: Any, indent: int | None = None) -> None:
    """Print a JSON value, one line unless indented."""
    write(json.dumps(value, ensure_ascii=False, indent=indent))


def write_csv(records: Sequence[Mapping[str, Any]]) -> None:
    """Print records with a line of titles (RFC 4180, lines ended by LF); what is a list or an object stays JSON."""
    text = StringIO()
    titles = dict.fromkeys(title for record in records for title in record)
    writer = csv.DictWriter(text, titles, lineterminator="\n")
    if titles:
        writer.writeheader()
    for record in records:
        writer.writerow({title: _cell(value) for title, value in record.items()})
    _write(text.getvalue().encode("utf-8", "replace"))


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value


def write(line: str) -> None:
    """Print a line as UTF-8, whatever the terminal's encoding."""
    _write(line.encode("utf-8", "replace") + b"\n")


def count(number: int, noun: str) -> str:
    """Return a number with its noun, plural with 's' unless it is given: '1 face', '1,200 photos'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def grouped_text(done: Grouped) -> str:
    """Return what a grouping of faces did, without a full stop."""
    people = "1 new person" if done.people == 1 else f"{done.people:,} new people"
    return f"{count(done.joined, 'face')} joined existing people, {done.grouped:,} became {people}"


def local(moment: str) -> str:
    """Return a moment (ISO 8601) in local time, to the second."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S}"


def visible(text: str) -> str:
    """Return text as one line: control characters and the like as Python escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _write(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep Python from complaining when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_READER_GONE)
