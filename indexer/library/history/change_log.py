"""Change log of a library: each act of the user as a sentence, with the rows that it changed; scans are not logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, Select, func, select

from indexer.library.db.engine import transaction_time
from indexer.library.db.user_tables import changes as change_log
from indexer.library.history.change_json import FaceMark, packed
from indexer.library.history.entries import log_change
from indexer.library.history.revert import face_marks
from indexer.library.history.revert_tags import stored
from indexer.library.history.row_changes import NOTED, RowChangeGroup, recorded_changes, start_recording, stop_recording

if TYPE_CHECKING:
    from indexer.library.store import Library

KINDS = ("people", "words", "rating", "hidden", "taught", "xmp", "identity")
WITHOUT_PEOPLE = ("words", "rating", "hidden", "taught")  # kinds that never concern faces

Sentence: TypeAlias = str | Callable[[Sequence[int]], str]
"""What an act did, in the past; as a function: of the photos that it changed."""

_RUNNING = "indexer_recording"


@dataclass(frozen=True, slots=True)
class Entry:
    """One act of the user, or one undo.

    number: never reused.  at: when, UTC, ISO 8601; None for entries of an older release.
    photos: how many it changed, None where that has no meaning.  undone_at: when it was undone, None where it was not.
    undoes: the entry that this one undid.
    """

    number: int
    at: str | None
    kind: str
    about: str
    photos: int | None = None
    undone_at: str | None = None
    undoes: int | None = None


ENTRIES = select(*(column for column in change_log.c if column is not change_log.c.changes))


@contextmanager
def recording(connection: Connection, kind: str, about: Sentence, undoes: int | None = None) -> Iterator[None]:
    """Record what an act changes as one entry, so that it can be undone; a nested act is part of the outer one.

    The connection is in a transaction that writes, of `Library.writing`.
    """
    if connection.info.get(_RUNNING):
        yield
        return
    connection.info[_RUNNING] = True
    try:
        start_recording(connection)
        yield
        found = recorded_changes(connection)
        stop_recording(connection)
        if found or undoes is not None:
            _keep_rows(connection, kind, about, found, undoes)
    finally:  # on failure, the rollback removes the triggers, too
        del connection.info[_RUNNING]


def history(library: Library, *, kind: str | None = None, limit: int = 100, offset: int = 0) -> list[Entry]:
    """Return the entries, the newest first; kind: only those of one."""
    query = _of_kind(ENTRIES, kind).order_by(change_log.c.id.desc()).limit(limit).offset(offset)
    with library.reading() as connection:
        return [Entry(*row) for row in connection.execute(query)]


def count_entries(library: Library, kind: str | None = None) -> int:
    """Return how many entries there are."""
    with library.reading() as connection:
        return connection.scalar(_of_kind(select(func.count()).select_from(change_log), kind)) or 0


def _of_kind(query: Select[Any], kind: str | None) -> Select[Any]:
    return query if kind is None else query.where(change_log.c.kind == kind)


def _keep_rows(
    connection: Connection, kind: str, about: Sentence, found: Sequence[RowChangeGroup], undoes: int | None
) -> None:
    kept = stored(connection, found)
    marks = face_marks(connection, kept)
    photos = _photos(found, marks)
    said = about if isinstance(about, str) else about(photos)
    now = transaction_time(connection).isoformat(timespec="seconds")
    log_change(connection, kind, said, packed(kept, marks), now, len(photos) or None, undoes)


def _photos(found: Sequence[RowChangeGroup], marks: Sequence[FaceMark]) -> list[int]:
    """Return the photos that an act changed, or whose faces it concerned."""
    own = {photo for each in found if NOTED[each.table].holds == "photo" for photo in each.firsts}
    faces = {face for each in found if NOTED[each.table].holds == "face" for face in each.firsts}
    return sorted(own | {mark.photo for mark in marks if mark.face in faces})
