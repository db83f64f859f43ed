"""Photo summary: the few columns that are needed to show a photo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from indexer.library.db.roots import Roots, find_ids
from indexer.library.db.tables import photos

if TYPE_CHECKING:
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class PhotoSummary:
    """A photo of the library, in short.

    number: kept as long as the library knows the photo.  content_hash: SHA-256 of the file; it, width, height, format
    and taken_at are as in Metadata and Hashes, None before the first analysis or where unknown.
    missing: the file is missing.  failed: the last attempt to read it failed.  size, mtime_ns: its stamp at that
    attempt.
    """

    number: int
    path: Path
    content_hash: bytes | None
    width: int | None
    height: int | None
    format: str | None
    taken_at: str | None
    missing: bool
    failed: bool
    size: int
    mtime_ns: int


def photo_of(library: Library, number: int) -> PhotoSummary | None:
    """Return the photo with a row id, None where there is none."""
    with library.reading() as connection:
        row = connection.execute(_CARD.where(photos.c.id == number)).first() if 0 < number < 2**63 else None
        if row is None:
            return None
        path = Roots.read(connection).path(row.root_id, row.path)
    seen = (row.content_hash, row.width, row.height, row.format, row.taken_at)
    failed = row.failed_stage is not None
    return PhotoSummary(row.id, path, *seen, row.missing_since is not None, failed, row.size, row.mtime_ns)


def numbers_of(library: Library, paths: Iterable[Path]) -> dict[Path, int]:
    """Return the row ids of those paths that are photos of the library."""
    with library.reading() as connection:
        roots = Roots.read(connection)
        places = {roots.place(path): path for path in paths if roots.hold(path)}
        return {places[place]: number for place, number in find_ids(connection, places).items()}


_CARD = select(
    photos.c.id,
    photos.c.root_id,
    photos.c.path,
    photos.c.content_hash,
    photos.c.width,
    photos.c.height,
    photos.c.format,
    photos.c.taken_at,
    photos.c.missing_since,
    photos.c.failed_stage,
    photos.c.size,
    photos.c.mtime_ns,
)
