"""JSON form of row changes in the change log; changes that differ only in their photo or face are stored once."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from indexer.errors import IndexerError
from indexer.geometry import Box
from indexer.library.history.row_changes import NOTED, Row, RowChange, RowChangeGroup

_BYTES = "base64"


@dataclass(frozen=True, slots=True)
class FaceMark:
    """The identity of a face, should its row id be reused: its photo, and its position there."""

    face: int
    photo: int
    box: Box


def to_json(changes: Mapping[str, Any]) -> str:
    """Return the changes of an entry as JSON text."""
    return json.dumps(changes, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> dict[str, Any]:
    """Return the changes of an entry from JSON text. Errors: IndexerError where it is damaged."""
    try:
        changes = json.loads(text)
    except ValueError as error:
        raise _damaged() from error
    if not isinstance(changes, dict):
        raise _damaged()
    return changes


def packed(groups: Iterable[RowChangeGroup], marks: Iterable[FaceMark]) -> dict[str, Any]:
    """Return row changes as a JSON object.

    rows: [table, the row before without its first column, the row after without it, the first columns].
    faces: [face, photo, left, top, width, height].
    """
    rows = [[each.table, _cells(each.before), _cells(each.after), each.firsts] for each in groups]
    boxes = [[each.face, each.photo, *_corners(each.box)] for each in marks]
    return {"rows": rows, "faces": boxes}


def unpacked(changes: Mapping[str, Any]) -> tuple[list[RowChange], list[FaceMark]]:
    """Return what `packed` was given, row by row. Errors: IndexerError where it is damaged."""
    try:
        rows = [change for group in changes["rows"] for change in _changes(*group)]
        marks = [FaceMark(_number(face), _number(photo), Box(*box)) for face, photo, *box in changes["faces"]]
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged() from error
    return rows, marks


def _changes(table: str, before: list[Any] | None, after: list[Any] | None, firsts: list[Any]) -> list[RowChange]:
    old, new = (None if row is None else _row(table, row) for row in (before, after))
    if old == new:
        raise ValueError(table)
    rest = (old or new or ())[: NOTED[table].keys - 1]
    return [
        RowChange(table, (first, *rest), None if old is None else (first, *old), None if new is None else (first, *new))
        for first in map(_number, firsts)
    ]


def _row(table: str, cells: list[Any]) -> Row:
    width, keys = len(NOTED[table].columns) - 1, NOTED[table].keys - 1
    if len(cells) != width:
        raise ValueError(table)
    return (*map(_number, cells[:keys]), *map(_cell, cells[keys:]))


def _cells(row: Row | None) -> list[Any] | None:
    if row is None:
        return None
    return [{_BYTES: b64encode(cell).decode()} if isinstance(cell, bytes) else cell for cell in row]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return b64decode(value[_BYTES])
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(value)


def _number(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(value)
    return value


def _corners(box: Box) -> list[float]:
    return [round(side, 4) for side in (box.left, box.top, box.width, box.height)]


def _damaged() -> IndexerError:
    return IndexerError("this entry of the history is damaged in the library and cannot be undone")
