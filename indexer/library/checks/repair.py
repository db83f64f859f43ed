"""Lossless repairs of a library file, each in one short transaction.

Nothing that a user made is lost: unreadable data is dropped, and its photo is analyzed again by the next scan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection

from indexer.library.db.batching import batched
from indexer.library.db.engine import connect, writing

Lengths: TypeAlias = Mapping[str, int]  # model → bytes of its output for one face, or for one photo


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of data that photos have: which of its rows are unreadable, and how they are dropped.

    bad: SQL for (row id, photo id) of such rows.  drop: SQL that takes the row id.
    table: where the length of its data depends on the model ({right} in `bad`).
    """

    name: str
    bad: str
    drop: str
    table: str = ""


def unreadable(connection: Connection, lengths: Lengths, name: str) -> dict[int, int]:
    """Return row id → photo id of the rows of a part that cannot be read.

    lengths: model → bytes of one descriptor, or vector; where a model is not named, most rows are right.
    """
    part = PARTS[name]
    right = _right(connection, lengths, part.table) if part.table else ""
    return {row[0]: row[1] for row in connection.exec_driver_sql(part.bad.format(right=right))}


def _right(connection: Connection, lengths: Lengths, table: str) -> str:
    """Return SQL for the data length that a row of the table should have, by its model."""
    query = (
        f"SELECT model_id, coalesce(name, ''), length(data), count(*) FROM {table} "  # noqa: S608 - our tables
        "LEFT JOIN models ON models.id = model_id GROUP BY 1, 3 ORDER BY 4"
    )
    right = {
        row[0]: lengths.get(row[1], row[2]) for row in connection.exec_driver_sql(query)
    }  # the most frequent is last
    cases = " ".join(f"WHEN model_id IS {model or 'NULL'} THEN {length}" for model, length in right.items())
    return f"CASE {cases} END" if cases else "length(data)"


PARTS = {  # by the name of the check
    "descriptors": Part(
        "descriptors of faces",
        "SELECT descriptors.id, photo_id FROM descriptors JOIN faces ON faces.id = face_id"
        " WHERE typeof(descriptors.data) <> 'blob' OR length(descriptors.data) IS NOT {right}",
        "DELETE FROM descriptors WHERE id = ?",
        table="descriptors",
    ),
    "vectors": Part(
        "vectors",
        "SELECT photo_id, photo_id FROM vectors WHERE typeof(data) <> 'blob' OR length(data) IS NOT {right}",
        "DELETE FROM vectors WHERE photo_id = ?",
        table="vectors",
    ),
    "evidence": Part(
        "pieces of evidence",
        "SELECT rowid, photo_id FROM evidence WHERE typeof(data) <> 'blob' OR length(data) % 6",
        "DELETE FROM evidence WHERE rowid = ?",
    ),
    "object scores": Part(
        "scores of objects",
        "SELECT rowid, photo_id FROM object_scores WHERE typeof(data) <> 'blob' OR length(data) % 6",
        "DELETE FROM object_scores WHERE rowid = ?",
    ),
    "objects": Part(
        "objects",
        "SELECT photo_id, photo_id FROM objects WHERE number < 0 OR typeof(number) || typeof(score) || typeof(box_left)"
        " || typeof(box_top) || typeof(box_width) || typeof(box_height) <> 'integerrealrealrealrealreal'",
        "DELETE FROM objects WHERE photo_id = ?",
    ),
    "landmarks": Part(
        "landmarks of faces",
        "SELECT id, photo_id FROM faces WHERE typeof(landmarks) <> 'blob' OR length(landmarks) % 16",
        "UPDATE faces SET landmarks = x'' WHERE id = ?",
    ),
    "hashes": Part(
        "hashes",
        "SELECT id, id FROM photos WHERE model_set_id IS NOT NULL"
        " AND (typeof(content_hash) <> 'blob' OR length(content_hash) IS NOT 32"
        " OR typeof(perceptual_hash) <> 'blob' OR length(perceptual_hash) IS NOT 8)",
        "UPDATE photos SET content_hash = NULL, perceptual_hash = NULL WHERE id = ?",
    ),
}


BELONGS = (  # the rows of what is deleted with its photo or face: table, column, table
    ("faces", "photo_id", "photos"),
    ("descriptors", "face_id", "faces"),
    ("evidence", "photo_id", "photos"),
    ("objects", "photo_id", "photos"),
    ("object_scores", "photo_id", "photos"),
    ("text_lines", "photo_id", "photos"),
    ("vectors", "photo_id", "photos"),
    ("photo_tags", "photo_id", "photos"),
    ("tag_counts", "photo_id", "photos"),
)


def rebuild_indexes(path: Path, busy_seconds: float) -> None:
    """Rebuild all indexes from the rows. Errors: StoreError where the rows themselves are damaged."""
    with _writing(path, busy_seconds) as connection:
        connection.exec_driver_sql("REINDEX")


def shorten_log(path: Path, busy_seconds: float) -> None:
    """Checkpoint the write-ahead log into the file and truncate it; readers may delay that for a while."""
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
    """Drop unreadable data and mark its photos for the next scan; return how many photos.

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
    """Drop the rows of photos and faces that no longer exist; return how many rows."""
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
    for some in batched(rows):
        connection.exec_driver_sql(change, [(row,) for row in some])
