"""Folders flow in; what the library knows of their files flows out, for a scan to compare with the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select

from indexer.library.file import chunks
from indexer.library.roots import Roots, part
from indexer.library.rows import models_of
from indexer.library.tables import model_sets, photos

_KNOWN = """
    SELECT path, size, mtime_ns, model_set_id, failed_stage IS NOT NULL, missing_since IS NOT NULL FROM photos WHERE
"""
_STRANGERS = "SELECT path, size, mtime_ns FROM strangers WHERE "
_PART = " AND (path = ?2 OR path >= ?3 AND path < ?4)"
_AT_A_TIME = 4096
ANALYZED = photos.c.model_set_id.is_not(None) & photos.c.failed_stage.is_(None)  # and as the file is now


@dataclass(frozen=True, slots=True)
class Known:
    """What decides whether a file must be looked at again.

    size, mtime_ns: the stamp of the last attempt.  models: the ids of the networks that have seen the photo, none
    before the first success.  failed: the last attempt failed.  missing: the file was gone at the last scan.
    stranger: it is no photo, and its name promised none.
    """

    size: int
    mtime_ns: int
    models: frozenset[str]
    failed: bool
    missing: bool
    stranger: bool = False


def known(connection: Connection, places: Sequence[Path] | None) -> dict[Path, Known]:
    """Return every photo and stranger that is one of the places or lies in one, by absolute path; None: all."""
    roots = Roots.read(connection)
    everything = [(root_id, b"") for root_id in roots.prefixes]
    wanted = everything if places is None else [place for each in places for place in roots.within(each)]
    sets = _model_sets(connection)
    found: dict[Path, Known] = {}
    for root_id, prefix in wanted:
        root = os.fsdecode(roots.prefixes[root_id])
        where, values = _here(root_id, prefix)
        for rows in chunks(connection, _KNOWN + where, values, _AT_A_TIME):
            for path, size, mtime_ns, model_set, failed, missing in rows:
                found[Path(root + os.fsdecode(path))] = Known(
                    size, mtime_ns, sets[model_set], failed == 1, missing == 1
                )
        for rows in chunks(connection, _STRANGERS + where, values, _AT_A_TIME):
            for path, size, mtime_ns in rows:
                stranger = Known(size, mtime_ns, frozenset(), failed=False, missing=False, stranger=True)
                found[Path(root + os.fsdecode(path))] = stranger
    return found


def last_indexed(connection: Connection, folder: Path) -> str | None:
    """Return when a photo in a folder was analyzed last: UTC, ISO 8601; None where none was."""
    roots = Roots.read(connection)
    query = select(func.max(photos.c.indexed_at))
    times = [connection.scalar(query.where(part(*place))) for place in roots.within(folder)]
    return max((time for time in times if time), default=None)


def sizes(connection: Connection) -> frozenset[int]:
    """Return the file sizes that analyzed photos have: a new file of another size cannot be one that was moved."""
    return frozenset(connection.scalars(select(photos.c.size).where(ANALYZED).distinct()))


def twins(connection: Connection, content: bytes, models: Iterable[str]) -> list[Path]:
    """Return the photos with this content hash that these networks have seen, in order of their paths."""
    wanted = frozenset(models)
    sets = [set_id for set_id, names in _model_sets(connection).items() if wanted <= names]
    query = select(photos.c.root_id, photos.c.path).where(
        photos.c.content_hash == content, ANALYZED, photos.c.model_set_id.in_(sets)
    )
    return _paths(connection, query)


def stale(connection: Connection, models: Iterable[str]) -> list[Path]:
    """Return the analyzed photos that one of these networks has not seen, in order of their paths."""
    wanted = frozenset(models)
    sets = [set_id for set_id, names in _model_sets(connection).items() if not wanted <= names]
    query = select(photos.c.root_id, photos.c.path).where(ANALYZED, photos.c.model_set_id.in_(sets))
    return _paths(connection, query)


def missing(connection: Connection) -> list[Path]:
    """Return the photos whose files are gone, in order of their paths."""
    query = select(photos.c.root_id, photos.c.path).where(photos.c.missing_since.is_not(None))
    return _paths(connection, query)


def _here(root_id: int, prefix: bytes) -> tuple[str, tuple[Any, ...]]:
    """Return the condition for what is a path of a root (without its last separator) or lies below it."""
    if not prefix:
        return "root_id = ?1", (root_id,)
    after = prefix[:-1] + bytes([prefix[-1] + 1])  # in the order of bytes all that is below comes before it
    return "root_id = ?1" + _PART, (root_id, prefix[:-1], prefix, after)


def _paths(connection: Connection, query: Select[Any]) -> list[Path]:
    roots = Roots.read(connection)
    return sorted(roots.path(row.root_id, row.path) for row in connection.execute(query))


def _model_sets(connection: Connection) -> dict[int | None, frozenset[str]]:
    sets: dict[int | None, frozenset[str]] = {None: frozenset()}
    return sets | {row.id: frozenset(models_of(row.name)) for row in connection.execute(select(model_sets))}
