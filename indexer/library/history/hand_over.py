"""Undo of 'another photo has this name now': the user data of the former photo is handed over to the new one.

The photo with the user data takes over the file, as if it had been edited: its id, words, stars and people stay.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select, update

from indexer.library.db.rows import photo_columns, read_analyses
from indexer.library.db.tables import photos
from indexer.library.history.joined_photos import log_joined
from indexer.library.photo_rows.said import add_said
from indexer.library.photo_rows.write_analysis import replace_evidence, replace_faces, replace_objects, replace_tags
from indexer.library.photo_rows.write_text import replace_text

_PLACE = ("root_id", "path", "path_text", "size", "mtime_ns", "ctime_ns", "missing_since", "indexed_at", "model_set_id")


def hand_over(connection: Connection, kept: dict[str, Any]) -> str | None:
    """Merge the former photo and the one that has its path now; return why that is impossible, as a clause, or None.

    kept: the row ids of both: {"before": id, "now": id}.
    """
    before, now = kept["before"], kept["now"]
    rows = {row.id: row for row in connection.execute(select(photos).where(photos.c.id.in_((before, now))))}
    analysis = read_analyses(connection, [now]).get(now)
    if before not in rows or not rows[before].replaced:
        return "the earlier photo exists again, or is no longer in the library"
    if analysis is None or rows[now].replaced:
        return "the later photo no longer has this name"
    connection.execute(update(photos).where(photos.c.id == now).values(replaced=now))  # makes room
    place = {name: getattr(rows[now], name) for name in _PLACE}
    whole = {"replaced": 0, "failed_stage": None, "failed_reason": None, "content_size": None}
    columns = {**place, **photo_columns(analysis), **whole}
    connection.execute(update(photos).where(photos.c.id == before).values(columns))
    replace_evidence(connection, {before: analysis})
    replace_objects(connection, {before: analysis})
    replace_text(connection, {before: analysis.lines})
    replace_faces(connection, {before: analysis.faces})
    same_faces = add_said(connection, now, before)
    log_joined(connection, {now: before}, dict(same_faces))
    connection.execute(delete(photos).where(photos.c.id == now))
    replace_tags(connection, {before: analysis.tags})
    return None
