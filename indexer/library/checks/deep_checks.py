"""Deep check of the library's files: a comparison of all photos with the bytes on disk, its progress and result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from indexer.library.db.roots import Roots
from indexer.library.db.tables import deep_checks, photos, tags
from indexer.library.db.user_tables import own_tags
from indexer.library.photo_rows.said import with_said

# No file has such a stamp: the next scan analyzes it. It is unknown which bytes its row describes.
_DOUBTED = {"mtime_ns": -1, "ctime_ns": None, "content_hash": None}


@dataclass(frozen=True, slots=True)
class DeepCheck:
    """An unfinished or finished deep check: how many photos were compared, up to row id `last`.

    began_at: UTC, ISO 8601.  differing: photos whose files had other bytes.
    """

    number: int
    began_at: str
    last: int
    checked: int
    differing: int


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A photo to compare: its path, its file's stamp and the expected SHA-256."""

    number: int
    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A photo whose bytes changed under an unchanged stamp and that has user data; `words` sums that data up."""

    path: Path
    words: tuple[str, ...]


def begin(connection: Connection, now: str) -> DeepCheck:
    """Resume the last comparison where it stopped, or begin a new one."""
    newest = select(deep_checks).order_by(deep_checks.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    if row is None or row.ended_at is not None:
        fresh = {"began_at": now, "last_photo": 0, "checked": 0, "differing": 0}
        connection.execute(insert(deep_checks).values(fresh))
        row = connection.execute(newest).one()
    return DeepCheck(row.id, row.began_at, row.last_photo, row.checked, row.differing)


def to_compare(connection: Connection, last: int, count: int) -> list[HashedFile]:
    """Return the next photos after a row id whose files should have the analyzed bytes."""
    roots = Roots.read(connection)
    wanted = (photos.c.missing_since.is_(None), photos.c.content_hash.is_not(None), photos.c.content_size.is_(None))
    query = select(photos).where(photos.c.id > last, photos.c.replaced == 0, *wanted).order_by(photos.c.id).limit(count)
    return [
        HashedFile(row.id, roots.path(row.root_id, row.path), row.size, row.mtime_ns, row.ctime_ns, row.content_hash)
        for row in connection.execute(query)
    ]


def left(connection: Connection, last: int) -> int:
    """Return how many photos come after a row id."""
    return len(
        connection.execute(select(photos.c.id).where(photos.c.id > last, photos.c.missing_since.is_(None))).all()
    )


def note(connection: Connection, check: DeepCheck, differing: Sequence[int], ended_at: str | None) -> None:
    """Store the progress of a comparison, and mark photos that differ for the next scan."""
    if differing:
        connection.execute(update(photos).where(photos.c.id.in_(differing)).values(_DOUBTED))
    progress = {"last_photo": check.last, "checked": check.checked, "differing": check.differing}
    mine = update(deep_checks).where(deep_checks.c.id == check.number)
    connection.execute(mine.values(**progress, ended_at=ended_at))


def doubted(connection: Connection) -> list[Doubtful]:
    """Return the photos that differed, wait for a scan and have user data."""
    waiting = connection.scalars(select(photos.c.id).where(photos.c.mtime_ns == _DOUBTED["mtime_ns"])).all()
    return [_doubtful(connection, number) for number in sorted(with_said(connection, waiting))]


def _doubtful(connection: Connection, number: int) -> Doubtful:
    row = connection.execute(select(photos.c.root_id, photos.c.path).where(photos.c.id == number)).one()
    words = select(tags.c.name).join(own_tags).where(own_tags.c.photo_id == number, own_tags.c.wanted == 1)
    return Doubtful(
        Roots.read(connection).path(row.root_id, row.path), tuple(connection.scalars(words.order_by(tags.c.name)))
    )
