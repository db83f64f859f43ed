"""What a correction changed flows in and is put back, if all of it is still as the correction left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

from sqlalchemy import Connection

from indexer.library.noting import COLUMNS, KEYS, Change, Row

_AT_A_TIME = 10_000
_FACES = {"person_faces": 1, "face_pairs": 2, "refusals": 1}  # so many columns are faces


def marks(connection: Connection, changes: Iterable[Change]) -> dict[int, int]:
    """Return what tells the faces of changes from others that may get their numbers when they are gone."""
    numbers = {face for each in changes if each.table in _FACES for face in each.key[: _FACES[each.table]]}
    query = (
        "SELECT faces.id, photo_id, box_left, box_top, box_width, box_height, content_hash "
        "FROM faces JOIN photos ON photos.id = photo_id WHERE faces.id IN (%s)"
    )
    return {row[0]: crc32(repr(tuple(row)).encode()) for row in _rows(connection, query, numbers)}


def fits(connection: Connection, changes: Sequence[Change], faces: Mapping[int, int]) -> bool:
    """Tell whether everything that is to be put back is as the correction left it, and nothing else is in the way."""
    if marks(connection, changes) != faces:
        return False
    for table in COLUMNS:
        ours = [each for each in changes if each.table == table]
        now = _now(connection, table, {each.key[0] for each in ours})
        if any(now.get(each.key) != each.after for each in ours):
            return False
    return _has_people(connection, changes) and _has_names(connection, changes)


def _now(connection: Connection, table: str, keys: Iterable[int]) -> dict[tuple[int, ...], Row]:
    names = COLUMNS[table]
    query = f"SELECT {', '.join(names)} FROM {table} WHERE {names[0]} IN (%s)"  # noqa: S608
    return {tuple(row[: KEYS[table]]): list(row) for row in _rows(connection, query, keys)}


def _has_people(connection: Connection, changes: Sequence[Change]) -> bool:
    """Tell whether all who get something back are there then, and who goes has nothing that is left."""
    going = {each.key[0] for each in changes if each.table == "people" and each.before is None}
    coming = {each.key[0] for each in changes if each.table == "people" and each.after is None}
    for table in ("person_faces", "refusals"):
        ours = [each for each in changes if each.table == table]
        needed = {each.before[1] for each in ours if each.before is not None} - coming
        there = {row[0] for row in _rows(connection, "SELECT id FROM people WHERE id IN (%s)", needed)}
        keys = {each.key for each in ours}
        columns = ", ".join(COLUMNS[table][: KEYS[table]])
        left = _rows(connection, f"SELECT {columns} FROM {table} WHERE person_id IN (%s)", going)  # noqa: S608
        if needed - there or not {tuple(row) for row in left} <= keys:
            return False
    return True


def _has_names(connection: Connection, changes: Sequence[Change]) -> bool:
    """Tell whether nobody else has got a name that somebody gets back."""
    ours = [each for each in changes if each.table == "people"]
    names = {each.before[2] for each in ours if each.before is not None and each.before[2] is not None}
    others = {row[0] for row in _rows(connection, "SELECT id FROM people WHERE folded IN (%s)", names)}
    return others <= {each.key[0] for each in ours}


def put_back(connection: Connection, changes: Sequence[Change]) -> None:
    """Make all rows what they were before."""
    ours = [each for each in changes if each.table == "people"]
    _run(
        connection, "UPDATE people SET folded = NULL WHERE id = ?", [each.key for each in ours]
    )  # as names change hands
    _run(
        connection,
        "INSERT INTO people (id, name, folded, is_hidden) VALUES (?, ?, ?, ?)",
        [tuple(each.before) for each in ours if each.before is not None and each.after is None],
    )
    _run(
        connection,
        "UPDATE people SET name = ?2, folded = ?3, is_hidden = ?4 WHERE id = ?1",
        [tuple(each.before) for each in ours if each.before is not None],
    )
    for table in _FACES:
        names, rows = COLUMNS[table], [each for each in changes if each.table == table]
        which = " AND ".join(f"{name} = ?" for name in names[: KEYS[table]])
        _run(connection, f"DELETE FROM {table} WHERE {which}", [each.key for each in rows])  # noqa: S608
        marks = ", ".join("?" * len(names))
        _run(
            connection,
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
            [tuple(each.before) for each in rows if each.before is not None],
        )
    _run(connection, "DELETE FROM people WHERE id = ?", [each.key for each in ours if each.before is None])


def _run(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(sql, list(rows))


def _rows(connection: Connection, sql: str, values: Iterable[Any]) -> Iterator[Any]:
    """Yield the rows of a statement that looks for values, many at a time: '%s' in it becomes their marks."""
    wanted = sorted(values)
    for start in range(0, len(wanted), _AT_A_TIME):
        some = tuple(wanted[start : start + _AT_A_TIME])
        yield from connection.exec_driver_sql(sql % ", ".join("?" * len(some)), some)
