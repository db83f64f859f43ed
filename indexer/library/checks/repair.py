"""A library file flows in; what can be set right in it without any loss is, each in one short transaction.

Nothing that a user made is lost: what cannot be read is dropped, and its photo is analyzed by the next scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from indexer.library.checks.unreadable import PARTS, Lengths, unreadable
from indexer.library.db.engine import connect, writing

_AT_A_TIME = 500
BELONGS = (  # the rows of what is deleted with its photo or face: table, column, table
    ("faces", "photo_id", "photos"),
    ("descriptors", "face_id", "faces"),
    ("evidence", "photo_id", "photos"),
    ("objects", "photo_id", "photos"),
    ("vectors", "photo_id", "photos"),
    ("photo_tags", "photo_id", "photos"),
)


def rebuild_indexes(path: Path, busy_seconds: float) -> None:
    """Make all indexes anew from the rows. Errors: StoreError where the rows themselves are damaged."""
    with _writing(path, busy_seconds) as connection:
        connection.exec_driver_sql("REINDEX")


def shorten_log(path: Path, busy_seconds: float) -> None:
    """Merge what stands in the log into the file and empty the log; readers may keep it from that for a while."""
    engine = connect(path, read_only=False, busy_seconds=busy_seconds)
    try:
        driver = engine.raw_connection()  # not in a transaction, where a checkpoint is refused
        try:
            for mode in ("PASSIVE", "TRUNCATE"):  # most of it without a lock, so that the rest is short
                driver.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        finally:
            driver.close()
    finally:
        engine.dispose()


def drop_unreadable(path: Path, lengths: Lengths, busy_seconds: float) -> int:
    """Drop what cannot be read and have its photos analyzed by the next scan; return how many photos.

    lengths: as in `unreadable`.
    """
    touched: set[int] = set()
    with _writing(path, busy_seconds) as connection:
        for name, part in PARTS.items():
            rows = unreadable(connection, lengths, name)
            _each(connection, part.drop, list(rows))
            touched |= set(rows.values())
        _each(connection, "UPDATE photos SET model_set_id = NULL WHERE id = ?", sorted(touched))
    return len(touched)


def drop_unreferenced(path: Path, busy_seconds: float) -> int:
    """Drop the rows of photos and faces that are not there any more; return how many rows."""
    with _writing(path, busy_seconds) as connection:
        return sum(
            connection.exec_driver_sql(
                f"DELETE FROM {child} WHERE {column} NOT IN (SELECT id FROM {parent})"  # noqa: S608 - our names
            ).rowcount
            for child, column, parent in BELONGS
        )


@contextmanager
def _writing(path: Path, busy_seconds: float) -> Iterator[Connection]:
    engine = connect(path, read_only=False, busy_seconds=busy_seconds)
    try:
        with engine.connect() as connection, writing(connection):
            yield connection
    finally:
        engine.dispose()


def _each(connection: Connection, change: str, rows: Sequence[int]) -> None:
    for start in range(0, len(rows), _AT_A_TIME):
        connection.exec_driver_sql(change, [(row,) for row in rows[start : start + _AT_A_TIME]])
