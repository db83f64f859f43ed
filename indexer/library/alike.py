"""A picture's vector flows in, photos that look like it flow out; or nothing, and groups of copies flow out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, func, select

from indexer.library.pairs import near_pairs
from indexer.library.pooled import blocks, by_path, units
from indexer.library.roots import Roots
from indexer.library.rows import SHOWN
from indexer.library.tables import photos

if TYPE_CHECKING:
    from indexer.library.store import Library

IDENTICAL, NEAR = "identical", "near"
_AT_A_TIME = 1000
_COLUMNS = ("id", "root_id", "path", "size", "format", "width", "height", "taken_at")
# Formats in which cameras and scanners write; what programs make of a photo is rather one of the others.
_ORIGINALS = ("raw", "dng", "tiff", "heif", "heic", "avif")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A photo and how alike it looks: the cosine of the pooled vectors, 1 for the same picture; number: its own."""

    path: Path
    score: float
    number: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A photo of a group.

    kind: 'identical' (the same bytes as the best) or 'near'.  score: as in Likeness, to the best of the group.
    number: the photo's own.
    """

    path: Path
    kind: str
    score: float
    width: int
    height: int
    size: int
    number: int


@dataclass(frozen=True, slots=True)
class Group:
    """Photos that are copies of one picture: the best file, and those that are each a copy of it, best first."""

    best: Copy
    others: tuple[Copy, ...]


def vector_of(library: Library, model: str, path: Path) -> bytes | None:
    """Return the stored vector of a photo, None where the library has none by this model."""
    with library.reading() as connection:
        return by_path(connection, model, [path]).get(path)


def similar(
    library: Library,
    vector: bytes,
    model: str,
    *,
    limit: int | None = None,
    min_score: float = 0.0,
    but: Path | None = None,
) -> list[Likeness]:
    """Return the photos whose pooled vectors point most nearly the same way, best first, then by path.

    vector: little-endian float16, by `model`.  but: a photo that is left out, the one that is asked about.
    """
    import numpy as np

    wanted = units([vector])[0]
    found: list[tuple[float, int]] = []
    with library.reading() as connection:
        for ids, pooled in blocks(connection, model):
            scores = np.round((pooled @ wanted).astype(np.float64), 4)
            near = np.flatnonzero(scores >= min_score)
            found += zip(scores[near].tolist(), ids[near].tolist(), strict=True)
            if limit is not None:
                found = _best(found, limit + 1)
        paths = paths_of(connection, [photo for _, photo in found])
    likenesses = [Likeness(paths[photo], min(score, 1.0), photo) for score, photo in found if paths[photo] != but]
    return sorted(likenesses, key=lambda each: (-each.score, os.fsencode(each.path)))[:limit]


def duplicates(library: Library, model: str | None) -> list[Group]:
    """Return the groups of photos that are copies of each other, in order of the path of the best.

    model: whose vectors tell near copies; None: only photos whose bytes are identical.
    Every other photo of a group is a copy of its best, not only of another: whoever keeps the best keeps the picture.
    """
    with library.reading() as connection:
        links = dict.fromkeys(_identical(connection), (IDENTICAL, 1.0))
        for photo, other, score in near_pairs(connection, model) if model else ():
            links.setdefault((photo, other), (NEAR, score))
        rows = _rows(connection, {photo for pair in links for photo in pair})
        roots = Roots.read(connection)
    return sorted(_groups(rows, links, roots), key=lambda group: os.fsencode(group.best.path))


def rank(row: Row[Any], path: bytes) -> tuple[Any, ...]:
    """Return what files of a group are ordered by: the lowest is the best.

    More pixels, then a format that cameras write, more bytes, an earlier date, a shorter path, the path.
    """
    pixels = (row.width or 0) * (row.height or 0)
    foreign = not (row.format or "").lower().startswith(_ORIGINALS)
    return -pixels, foreign, -row.size, row.taken_at or "9", len(path), path


def _groups(
    rows: Mapping[int, Row[Any]], links: Mapping[tuple[int, int], tuple[str, float]], roots: Roots
) -> Iterable[Group]:
    near: defaultdict[int, dict[int, tuple[str, float]]] = defaultdict(dict)
    for (photo, other), link in links.items():
        near[photo][other] = near[other][photo] = link
    paths = {photo: roots.prefixes[row.root_id] + row.path for photo, row in rows.items()}
    left = dict.fromkeys(sorted(rows, key=lambda photo: rank(rows[photo], paths[photo])))
    for best in list(left):
        if best not in left:
            continue
        del left[best]
        others = sorted(
            (photo for photo in near[best] if photo in left), key=lambda photo: rank(rows[photo], paths[photo])
        )
        for other in others:
            del left[other]
        if others:
            yield Group(
                _copy(rows[best], paths[best], (IDENTICAL, 1.0)),
                tuple(_copy(rows[other], paths[other], near[best][other]) for other in others),
            )


def _copy(row: Row[Any], path: bytes, link: tuple[str, float]) -> Copy:
    return Copy(Path(os.fsdecode(path)), *link, row.width or 0, row.height or 0, row.size, row.id)


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
    query: Select[Any] = select(*(photos.c[name] for name in _COLUMNS))
    ids = sorted(wanted)
    parts = (ids[start : start + _AT_A_TIME] for start in range(0, len(ids), _AT_A_TIME))
    return {row.id: row for some in parts for row in connection.execute(query.where(photos.c.id.in_(some)))}


def paths_of(connection: Connection, ids: Sequence[int]) -> dict[int, Path]:
    """Return the paths of photos by their numbers."""
    roots = Roots.read(connection)
    return {photo: roots.path(row.root_id, row.path) for photo, row in _rows(connection, ids).items()}


def _best(found: list[tuple[float, int]], limit: int) -> list[tuple[float, int]]:
    """Keep the best, and those as good as the last of them: their paths decide."""
    if len(found) <= limit:
        return found
    least = sorted(found, reverse=True)[limit - 1][0]
    return [each for each in found if each[0] >= least]
