"""Folders flow in; what the library knows of their files flows out, for a scan to compare with the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from indexer.library.roots import Roots, part
from indexer.library.rows import models_of
from indexer.library.tables import model_sets, photos

ANALYZED = photos.c.model_set_id.is_not(None) & photos.c.failed_stage.is_(None)  # and as the file is now


@dataclass(frozen=True, slots=True)
class Known:
    """What decides whether a file must be looked at again.

    size, mtime_ns: the stamp of the last attempt.  models: the ids of the networks that have seen the photo, none
    before the first success.  failed: the last attempt failed.  missing: the file was gone at the last scan.
    """

    size: int
    mtime_ns: int
    models: frozenset[str]
    failed: bool
    missing: bool


def known(connection: Connection, folders: Sequence[Path] | None) -> dict[Path, Known]:
    """Return every photo that lies in the folders, by absolute path; None: all."""
    roots = Roots.read(connection)
    parts = {place: None for folder in folders for place in roots.within(folder)} if folders is not None else None
    if parts is not None and not parts:
        return {}
    query = select(
        photos.c.root_id,
        photos.c.path,
        photos.c.size,
        photos.c.mtime_ns,
        photos.c.model_set_id,
        photos.c.failed_stage,
        photos.c.missing_since,
    )
    if parts is not None:
        query = query.where(or_(*(part(*each) for each in parts)))
    prefixes = {root_id: os.fsdecode(prefix) for root_id, prefix in roots.prefixes.items()}
    seen_by = _model_sets(connection)
    return {
        Path(prefixes[root] + os.fsdecode(path)): Known(
            size, mtime_ns, seen_by[models], failed is not None, missing is not None
        )
        for root, path, size, mtime_ns, models, failed, missing in connection.execute(query)
    }


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


def _paths(connection: Connection, query: Select[Any]) -> list[Path]:
    roots = Roots.read(connection)
    return sorted(roots.path(row.root_id, row.path) for row in connection.execute(query))


def _model_sets(connection: Connection) -> dict[int | None, frozenset[str]]:
    sets: dict[int | None, frozenset[str]] = {None: frozenset()}
    return sets | {row.id: frozenset(models_of(row.name)) for row in connection.execute(select(model_sets))}
