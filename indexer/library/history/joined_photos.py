"""Change log entries after two photos were merged: they refer to the photo that is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from indexer.errors import IndexerError
from indexer.library.db.rows import box
from indexer.library.db.tables import faces
from indexer.library.db.user_tables import changes as change_log
from indexer.library.history.change_json import FaceMark, from_json, packed, to_json, unpacked
from indexer.library.history.row_changes import NOTED, Key, RowChange, grouped

_PHOTOS = ("before", "now")  # photo ids in an entry of the kind 'identity'
_HELD = {"photo": 1, "face": 1, "faces": 2}  # the number of these ids that a row begins with


def log_joined(connection: Connection, photos: Mapping[int, int], same_faces: Mapping[int, int]) -> None:
    """Rewrite entries so that photos and faces have the row ids of those that they were merged into.

    photos, same_faces: old id → the remaining one, which exists.  An entry about both describes the change
    of the old one: its word counts.
    """
    for number, text in connection.execute(select(change_log.c.id, change_log.c.changes)).all():
        try:
            kept = from_json(text)
            is_rows = "rows" in kept
            new = _rows_joined(connection, kept, photos, same_faces) if is_rows else _numbers_joined(kept, photos)
        except IndexerError:  # it is damaged, and cannot be undone anyway
            continue
        if new is not None:
            connection.execute(update(change_log).where(change_log.c.id == number).values(changes=to_json(new)))


def _numbers_joined(kept: Mapping[str, Any], photos: Mapping[int, int]) -> dict[str, Any] | None:
    told = {name: photos.get(value, value) if name in _PHOTOS else value for name, value in kept.items()}
    return told if told != kept else None


def _rows_joined(
    connection: Connection, kept: Mapping[str, Any], photos: Mapping[int, int], same_faces: Mapping[int, int]
) -> dict[str, Any] | None:
    """Return the rows of an entry with new row ids, None where it concerns none of the photos."""
    changes, marks = unpacked(kept)
    of_photos = {each.key[0] for each in changes if NOTED[each.table].holds == "photo"}
    if photos.keys().isdisjoint(of_photos | {mark.photo for mark in marks}):
        return None
    told: dict[tuple[str, Key], RowChange] = {}
    for old in changes:
        new = _joined(old, photos if NOTED[old.table].holds == "photo" else same_faces)
        if new is not old or (new.table, new.key) not in told:
            told[new.table, new.key] = new
    new_marks = {mark.face: mark for mark in marks if mark.photo not in photos}
    new_marks |= {
        each.face: each
        for each in (_mark(connection, mark, photos, same_faces) for mark in marks if mark.photo in photos)
    }
    return packed(grouped(told.values()), new_marks.values())


def _joined(change: RowChange, numbers: Mapping[int, int]) -> RowChange:
    """Return a change of a row whose key begins with photo or face ids with the new ids; itself if none applies."""
    count = _HELD.get(NOTED[change.table].holds, 0)
    old = change.key[:count]
    new = tuple(numbers.get(number, number) for number in old)
    if new == old:
        return change
    before, after = (None if row is None else (*new, *row[count:]) for row in (change.before, change.after))
    return RowChange(change.table, (*new, *change.key[count:]), before, after)


def _mark(connection: Connection, mark: FaceMark, photos: Mapping[int, int], same_faces: Mapping[int, int]) -> FaceMark:
    face = same_faces.get(mark.face, mark.face)
    row = connection.execute(select(faces).where(faces.c.id == face)).first()
    return FaceMark(face, photos[mark.photo], mark.box if row is None else box(row))
