"""Lookup of photos by the SHA-256 of their bytes, for a scan to compare with the files on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from indexer.library.db.batching import batched
from indexer.library.db.roots import Roots
from indexer.library.db.rows import read_model_sets
from indexer.library.db.tables import photos

_COLUMNS = (
    "id",
    "root_id",
    "path",
    "replaced",
    "size",
    "mtime_ns",
    "ctime_ns",
    "missing_since",
    "failed_stage",
    "model_set_id",
    "content_hash",
)
_SELECT = select(*(photos.c[name] for name in _COLUMNS))


@dataclass(frozen=True, slots=True)
class KnownContent:
    """A photo whose bytes the library knows.

    path: its last path.  size, mtime_ns, ctime_ns: the stamp of the last attempt there.  content: SHA-256.
    models: the ids of those that have analyzed it.  is_failed: these bytes could not be read.
    is_replaced: another photo has its path now.  missing_since: when its file was found missing, UTC, ISO 8601.
    is_current: the stamp is that of these bytes; the last attempt did not fail on other bytes.
    """

    number: int
    path: Path
    size: int
    mtime_ns: int
    ctime_ns: int | None
    content: bytes
    models: tuple[str, ...]
    is_failed: bool
    is_replaced: bool
    missing_since: str | None
    is_current: bool


def by_content(connection: Connection, contents: Iterable[bytes]) -> dict[bytes, list[KnownContent]]:
    """Return the photos that have, or had, these bytes, in order of their row ids."""
    roots, sets = Roots.read(connection), read_model_sets(connection)
    found: dict[bytes, list[KnownContent]] = {}
    for some in batched(contents):
        for row in connection.execute(_SELECT.where(photos.c.content_hash.in_(some)).order_by(photos.c.id)):
            found.setdefault(row.content_hash, []).append(_known(roots, sets, row))
    return found


def sizes(connection: Connection) -> frozenset[int]:
    """Return the sizes of all known contents: a file of any other size cannot be one of these photos."""
    size = func.coalesce(photos.c.content_size, photos.c.size)
    return frozenset(connection.scalars(select(size).where(photos.c.content_hash.is_not(None)).distinct()))


def _known(roots: Roots, sets: Mapping[int | None, tuple[str, ...]], row: Row[Any]) -> KnownContent:
    return KnownContent(
        row.id,
        roots.path(row.root_id, row.path),
        row.size,
        row.mtime_ns,
        row.ctime_ns,
        row.content_hash,
        sets[row.model_set_id],
        is_failed=row.failed_stage is not None and row.model_set_id is None,
        is_replaced=bool(row.replaced),
        missing_since=row.missing_since,
        is_current=row.failed_stage is None or row.model_set_id is None,
    )
