"""Revert of the row changes of an act, provided that all user data is still as the act left it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from indexer.geometry import Box
from indexer.library.db.batching import batched
from indexer.library.db.engine import chunks
from indexer.library.history.change_json import FaceMark
from indexer.library.history.row_changes import NOTED, Key, Row, RowChange, RowChangeGroup

_COPIES = """
    SELECT others.id FROM faces JOIN photos ON photos.id = faces.photo_id
    JOIN photos AS copies ON copies.content_hash = photos.content_hash AND copies.id <> photos.id
    JOIN faces AS others ON others.photo_id = copies.id WHERE faces.id IN (%s)
"""
_AT_A_TIME = 10_000
_FEW = 100  # second columns of keys that one statement names
_SAME_FACE = 0.3  # overlap of two boxes that may show one face: analyses differ a little
_ROWS = ("person_faces", "face_pairs", "refusals", "own_tags", "taught")
_COLUMNS = ("ratings", "hidden")
_FACES = {"face": 1, "faces": 2}  # the number of columns that are faces


@dataclass(frozen=True, slots=True)
class Revertible:
    """The part of some changes that can be reverted.

    changes: those whose photos and faces still exist.  conflicts: rows (table, key) that are not as the act left
    them, or are in the way.  photos_gone, faces_gone: how many no longer exist.
    """

    changes: Sequence[RowChange]
    conflicts: frozenset[tuple[str, Key]]
    photos_gone: int
    faces_gone: int


def face_marks(connection: Connection, groups: Iterable[RowChangeGroup]) -> list[FaceMark]:
    """Return the identities of the faces in some changes, should their row ids be reused."""
    faces: set[int] = set()
    for each in groups:
        if count := _FACES.get(NOTED[each.table].holds):
            faces |= {*each.firsts, *(each.before or each.after or ())[: count - 1]}
    return list(_marks(connection, faces))


def find_conflicts(connection: Connection, changes: Sequence[RowChange], marks: Sequence[FaceMark]) -> Revertible:
    """Compare the changes to be reverted with the current rows.

    `photo_tags` never conflicts: an analysis may have written since.
    """
    ids = {each.key[0] for each in changes if NOTED[each.table].holds == "photo"} | {each.photo for each in marks}
    photos = {row[0] for row in _rows(connection, "SELECT id FROM photos WHERE id IN (%s)", ids)}
    now = {each.face: each for each in _marks(connection, [each.face for each in marks])}
    lost = [each for each in marks if each.face not in now or now[each.face].photo != each.photo]
    other = {each.face for each in marks if each not in lost and each.box.overlap(now[each.face].box) < _SAME_FACE}
    gone = {each.face for each in lost}
    kept = [each for each in changes if _is_there(each, photos, gone)]
    conflicts = {*_changed(connection, kept), *_homeless(connection, kept), *_namesakes(connection, kept)}
    conflicts |= {(each.table, each.key) for each in kept if other and not other.isdisjoint(_faces(each))}
    return Revertible(kept, frozenset(conflicts), len(ids - photos), sum(each.photo in photos for each in lost))


def revert(connection: Connection, changes: Sequence[RowChange]) -> None:
    """Restore all rows to their former state, except `photo_tags`."""
    of = {name: [each for each in changes if each.table == name] for name in NOTED}
    _people_back(connection, of["people"])
    for name in _ROWS:
        replace_rows(connection, name, of[name])
    for name in _COLUMNS:
        key, column = NOTED[name].columns
        rows = [(*each.before[1:], each.key[0]) for each in of[name] if each.before is not None]
        _run(connection, f"UPDATE {NOTED[name].table} SET {column} = ? WHERE {key} = ?", rows)  # noqa: S608
    _run(connection, "DELETE FROM people WHERE id = ?", [each.key for each in of["people"] if each.before is None])


def replace_rows(connection: Connection, name: str, changes: Sequence[RowChange]) -> None:
    """Restore the rows of one table to their former state."""
    table, columns = NOTED[name].table, NOTED[name].columns
    which = " AND ".join(f"{column} = ?" for column in NOTED[name].key_columns)
    marks = ", ".join("?" * len(columns))
    gone = [each.key for each in changes if each.after is not None]
    back = [each.before for each in changes if each.before is not None]
    _run(connection, f"DELETE FROM {table} WHERE {which}", gone)  # noqa: S608
    _run(connection, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", back)  # noqa: S608


def rows_now(connection: Connection, name: str, keys: Collection[Key]) -> dict[Key, Row]:
    """Return the current rows with some keys, and perhaps others."""
    noted = NOTED[name]
    query = f"SELECT {', '.join(noted.columns)} FROM {noted.table} WHERE {noted.columns[0]} IN (%s)"  # noqa: S608
    seconds = tuple({key[1] for key in keys}) if noted.keys > 1 else ()
    if 0 < len(seconds) <= _FEW:
        query += f" AND {noted.columns[1]} IN ({', '.join('?' * len(seconds))})"
    else:
        seconds = ()
    found = _rows(connection, query, {key[0] for key in keys}, seconds)
    return {row[: noted.keys]: row for row in found}


def _is_there(change: RowChange, photos: Collection[int], gone: Collection[int]) -> bool:
    if NOTED[change.table].holds == "photo":
        return change.key[0] in photos
    return not gone or not any(face in gone for face in _faces(change))


def _changed(connection: Connection, changes: Sequence[RowChange]) -> Iterator[tuple[str, Key]]:
    """Yield the rows that are no longer as the act left them."""
    for name in ("people", *_ROWS, *_COLUMNS):
        ours = [each for each in changes if each.table == name]
        now = rows_now(connection, name, [each.key for each in ours])
        yield from ((name, each.key) for each in ours if now.get(each.key) != each.after)


def _homeless(connection: Connection, changes: Sequence[RowChange]) -> Iterator[tuple[str, Key]]:
    """Yield the people who would get something back but no longer exist, and what remains of those to be removed."""
    going = {each.key[0] for each in changes if each.table == "people" and each.before is None}
    coming = {each.key[0] for each in changes if each.table == "people" and each.after is None}
    for name in ("person_faces", "refusals"):
        ours = [each for each in changes if each.table == name]
        needed = {each.before[1] for each in ours if each.before is not None} - coming
        there = {row[0] for row in _rows(connection, "SELECT id FROM people WHERE id IN (%s)", needed)}
        yield from (("people", (person,)) for person in needed - there)
        columns = ", ".join(NOTED[name].key_columns)
        left = set(_rows(connection, f"SELECT {columns} FROM {name} WHERE person_id IN (%s)", going))  # noqa: S608
        left -= {each.key for each in ours}
        copied = _of_copies(connection, {each.key[0] for each in ours}) if left else set()
        yield from ((name, key) for key in left if key[0] not in copied)


def _of_copies(connection: Connection, faces: Iterable[int]) -> set[int]:
    """Return the faces of photos with the same bytes as those of some faces: a scan assigned them the same people."""
    return {row[0] for row in _rows(connection, _COPIES, faces)}


def _namesakes(connection: Connection, changes: Sequence[RowChange]) -> Iterator[tuple[str, Key]]:
    """Yield other people who meanwhile have a name that is to be restored."""
    ours = [each for each in changes if each.table == "people"]
    names = {each.before[2] for each in ours if each.before is not None and each.before[2] is not None}
    others = {row[0] for row in _rows(connection, "SELECT id FROM people WHERE folded IN (%s)", names)}
    yield from (("people", (person,)) for person in others - {each.key[0] for each in ours})


def _people_back(connection: Connection, changes: Sequence[RowChange]) -> None:
    keys = [each.key for each in changes]
    _run(connection, "UPDATE people SET folded = NULL WHERE id = ?", keys)  # as names change hands
    back = [each.before for each in changes if each.before is not None and each.after is None]
    _run(connection, "INSERT INTO people (id, name, folded, is_hidden) VALUES (?, ?, ?, ?)", back)
    stay = [each.before for each in changes if each.before is not None]
    _run(connection, "UPDATE people SET name = ?2, folded = ?3, is_hidden = ?4 WHERE id = ?1", stay)


def _faces(change: RowChange) -> Key:
    return change.key[: _FACES.get(NOTED[change.table].holds, 0)]


def _marks(connection: Connection, faces: Iterable[int]) -> Iterator[FaceMark]:
    query = "SELECT id, photo_id, box_left, box_top, box_width, box_height FROM faces WHERE id IN (%s)"
    for face, photo, *box in _rows(connection, query, faces):
        yield FaceMark(face, photo, Box(*box))


def _run(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(sql, list(rows))


def _rows(connection: Connection, sql: str, values: Iterable[Any], more: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield the rows of a statement that looks up values, many at a time; '%s' in it becomes their placeholders.

    more: the values of the marks after them.
    """
    for some in batched(tuple(values), _AT_A_TIME):
        for rows in chunks(connection, sql % ", ".join("?" * len(some)), (*some, *more), _AT_A_TIME):
            yield from rows
