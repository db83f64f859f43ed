"""What users say of people flows past and is noted; the newest of it flows back when they are sorry.

Undoing compares first: what it would change must be as the correction left it, or nothing is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from indexer.errors import IndexerError
from indexer.library.noting import COLUMNS, Change, noted, unwatch, watch
from indexer.library.put_back import fits, marks, put_back
from indexer.library.tables import corrections

if TYPE_CHECKING:
    from indexer.library.store import Library

_MOST = 100  # corrections that can be undone
_MOST_CHARACTERS = 16 * 1024 * 1024  # of all of them, but for the newest
_RUNNING = "indexer_recording"
_NEWEST = select(corrections).order_by(corrections.c.id.desc()).limit(1)
_FORGET_OLD = """
    DELETE FROM corrections WHERE id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER newest AS place, sum(length(changes)) OVER newest AS characters
            FROM corrections WINDOW newest AS (ORDER BY id DESC)
        ) WHERE place > 1 AND (place > ? OR characters > ?)
    )
"""


@contextmanager
def recording(connection: Connection, about: str) -> Iterator[None]:
    """Note what a correction changes, so that it can be undone; inside another one it is part of that.

    about: what it does, as a sentence in the past.  The connection is in a transaction that writes.
    """
    if connection.info.get(_RUNNING):
        yield
        return
    connection.info[_RUNNING] = True
    try:
        watch(connection)
        yield
        changes = noted(connection)
        unwatch(connection)
        if changes:
            _keep(connection, about, changes)
    finally:  # where it failed, the transaction takes the triggers back, too
        del connection.info[_RUNNING]


def last(library: Library) -> str | None:
    """Return what would be undone, None where there is nothing."""
    with library.reading() as connection:
        about: str | None = connection.scalar(_NEWEST.with_only_columns(corrections.c.about))
    return about


def undo(library: Library) -> str | None:
    """Take back the newest correction and return what it was, None where there is none.

    Errors: IndexerError where the library has changed since so that it no longer fits; nothing is changed then.
    """
    with library.writing() as connection:
        row = connection.execute(_NEWEST).first()
        if row is None:
            return None
        changes, faces = _read(row.changes)
        if not fits(connection, changes, faces):
            raise IndexerError(f"this cannot be undone any more, people have changed since: {row.about}")
        put_back(connection, changes)
        connection.execute(delete(corrections).where(corrections.c.id == row.id))
        about: str = row.about
        return about


def _read(text: str) -> tuple[list[Change], dict[int, int]]:
    """Return the changes that were kept, and the marks of their faces. Errors: IndexerError where they are damaged."""
    try:
        kept = json.loads(text)
        changes = [Change(*each) for each in kept["changes"]]
        rows = [(each.table, row) for each in changes for row in (each.before, each.after) if row is not None]
        if all(len(row) == len(COLUMNS[table]) for table, row in rows):
            return changes, dict(kept["faces"])
    except (ValueError, TypeError, KeyError):
        pass
    raise IndexerError("what was said last is damaged in the library and cannot be undone")


def _keep(connection: Connection, about: str, changes: Sequence[Change]) -> None:
    told = [[each.table, each.before, each.after] for each in changes]
    kept = {"changes": told, "faces": sorted(marks(connection, changes).items())}
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    connection.execute(insert(corrections).values(about=about, changes=text))
    connection.exec_driver_sql(_FORGET_OLD, (_MOST, _MOST_CHARACTERS))
