"""Similarity search for whole pictures: the photos most similar to an embedding, and all groups of copies."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, select

from indexer.library.db.batching import batched
from indexer.library.db.embeddings import blocks, normalized, of_photo
from indexer.library.db.roots import Roots, find_photo, folder_bytes
from indexer.library.db.rows import SHOWN
from indexer.library.db.tables import photos
from indexer.library.similar.copies import IDENTICAL as IDENTICAL
from indexer.library.similar.copies import NEAR, Compare, Grouping, Link
from indexer.library.similar.copies import Copy as Copy
from indexer.library.similar.copies import CopyGroup as CopyGroup
from indexer.library.similar.near_duplicates import CANDIDATE_CUT, CUT, near_pairs

if TYPE_CHECKING:
    from indexer.library.store import Library

_COLUMNS = ("id", "root_id", "path", "size", "mtime_ns", "format", "width", "height")
_TAKEN = ("taken_at", "taken_from", "camera_make", "camera_model")


@dataclass(frozen=True, slots=True)
class SimilarPhoto:
    """A photo and its similarity: the cosine of the embeddings, 1 for the same picture; number: its row id."""

    path: Path
    score: float
    number: int


def vector_of(library: Library, model: str, photo: Path | int) -> bytes | None:
    """Return the stored vector of a photo given by path or id; None where there is none by this model."""
    with library.reading() as connection:
        number = find_photo(connection, photo)
        return None if number is None else of_photo(connection, model, number)


def similar(
    library: Library,
    vector: bytes,
    model: str,
    *,
    limit: int | None = None,
    min_score: float = 0.0,
    but: Path | None = None,
) -> list[SimilarPhoto]:
    """Return the photos whose embeddings have the highest cosine, best first, then by path.

    vector: little-endian float16, by `model`.  but: a photo to leave out, the query itself.
    """
    import numpy as np

    wanted = normalized([vector])[0]
    found: list[tuple[float, int]] = []
    with library.reading() as connection:
        for ids, pooled in blocks(connection, model):
            scores = np.round((pooled @ wanted).astype(np.float64), 4)
            near = np.flatnonzero(scores >= min_score)
            found += zip(scores[near].tolist(), ids[near].tolist(), strict=True)
            if limit is not None:
                found = _best(found, limit + 1)
        paths = paths_of(connection, [photo for _, photo in found])
    likenesses = [SimilarPhoto(paths[photo], min(score, 1.0), photo) for score, photo in found if paths[photo] != but]
    return sorted(likenesses, key=lambda each: (-each.score, os.fsencode(each.path)))[:limit]


def duplicates(
    library: Library, model: str | None, *, away: Sequence[Path] = (), compare: Compare | None = None
) -> list[CopyGroup]:
    """Return the groups of photos that are copies of each other, in order of the path of the best.

    model: whose embeddings find near copies; None: only photos whose bytes are identical.
    away: folders that are not available now; photos below them are in no group.
    compare: compares the pixels of near copies. Without it near copies are guesses: pages of text look similar.
    Every other photo of a group is a copy of its best, not only of another: whoever keeps the best keeps the picture.
    """
    with library.reading() as connection:
        links: dict[tuple[int, int], Link] = dict.fromkeys(_identical(connection), (IDENTICAL, 1.0))
        cut = CUT if compare is None else CANDIDATE_CUT
        for photo, other, score in near_pairs(connection, model, cut) if model else ():
            links.setdefault((photo, other), (NEAR, score))
        roots = Roots.read(connection)
        rows = _rows(connection, {photo for pair in links for photo in pair})
    paths = {photo: roots.prefixes[row.root_id] + row.path for photo, row in rows.items()}
    folders = tuple(folder_bytes(folder) for folder in away)
    here = {photo: row for photo, row in rows.items() if not paths[photo].startswith(folders)}
    found = Grouping(here, paths, links, compare).groups()
    return sorted(found, key=lambda group: os.fsencode(group.best.path))


def _identical(connection: Connection) -> Iterable[tuple[int, int]]:
    """Yield the pairs of photos with the same bytes, lower row id first."""
    twice = select(photos.c.content_hash).where(SHOWN, photos.c.content_hash.is_not(None))
    twice = twice.group_by(photos.c.content_hash).having(func.count() > 1)
    query = select(photos.c.id, photos.c.content_hash).where(SHOWN, photos.c.content_hash.in_(twice))
    by_content: defaultdict[bytes, list[int]] = defaultdict(list)
    for row in connection.execute(query.order_by(photos.c.id)):
        by_content[row.content_hash].append(row.id)
    for ids in by_content.values():
        yield from ((photo, other) for place, photo in enumerate(ids) for other in ids[place + 1 :])


def _rows(connection: Connection, wanted: Iterable[int]) -> dict[int, Row[Any]]:
    query: Select[Any] = select(*(photos.c[name] for name in (*_COLUMNS, *_TAKEN)))
    return {
        row.id: row
        for some in batched(sorted(wanted))
        for row in connection.execute(query.where(photos.c.id.in_(some)))
    }


def paths_of(connection: Connection, ids: Sequence[int]) -> dict[int, Path]:
    """Return the paths of photos by their row ids."""
    roots = Roots.read(connection)
    return {photo: roots.path(row.root_id, row.path) for photo, row in _rows(connection, ids).items()}


def _best(found: list[tuple[float, int]], limit: int) -> list[tuple[float, int]]:
    """Keep the best, and those as good as the last of them: their paths decide."""
    if len(found) <= limit:
        return found
    least = sorted(found, reverse=True)[limit - 1][0]
    return [each for each in found if each[0] >= least]
