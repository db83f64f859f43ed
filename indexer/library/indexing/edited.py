"""Detection of photos whose files have new bytes: which were edited, and which were replaced by other photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from indexer.library.db.batching import batched
from indexer.library.db.tables import models, photos, vectors
from indexer.library.indexing.same_photo import PhotoTraits, is_same_photo
from indexer.values.analysis import Analysis

_OF_THE_FILE = ("name", "mtime")  # dates that do not depend on the picture
_BEFORE = (
    select(
        photos.c.id,
        photos.c.content_hash,
        photos.c.perceptual_hash,
        photos.c.taken_at,
        photos.c.taken_from,
        vectors.c.data,
        models.c.name,
    )
    .select_from(photos.outerjoin(vectors, vectors.c.photo_id == photos.c.id).outerjoin(models))
    .where(photos.c.perceptual_hash.is_not(None))
)


def others(connection: Connection, seen: Mapping[int, Analysis]) -> set[int]:
    """Return those photos (by row id) whose paths now have another photo."""
    return {row.id for row in _rows(connection, seen) if _is_other(row, seen[row.id])}


def looks_of(analysis: Analysis) -> PhotoTraits:
    """Return the part of an analysis that decides whether it shows the same photo as another one."""
    facts = analysis.metadata
    model = analysis.evidence[0].model if analysis.evidence else None
    taken_at = None if facts.taken_from in _OF_THE_FILE else facts.taken_at
    return PhotoTraits(taken_at, analysis.hashes.perceptual, analysis.vector, model)


def _rows(connection: Connection, numbers: Iterable[int]) -> Iterable[Any]:
    for some in batched(numbers):
        yield from connection.execute(_BEFORE.where(photos.c.id.in_(some)))


def _is_other(before: Any, seen: Analysis) -> bool:
    if before.content_hash == seen.hashes.content:
        return False
    taken_at = None if before.taken_from in _OF_THE_FILE else before.taken_at
    looks = PhotoTraits(taken_at, before.perceptual_hash, before.data or b"", before.name)
    return not is_same_photo(looks, looks_of(seen))
