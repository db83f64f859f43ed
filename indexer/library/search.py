"""Words or a face flow in; the photos that show them flow out, best first."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, LargeBinary, Select, cast, func, select, union_all

from indexer.library.query import And, Or, Query, Term, folded, words
from indexer.library.rows import SHOWN, box
from indexer.library.tables import descriptors, faces, photo_tags, photos, roots, sources, tags
from indexer.photo import Descriptor, FaceMatch, Hit, Why

if TYPE_CHECKING:
    from indexer.library.store import Library

TagIds = Mapping[str, Sequence[int]]  # the tags that a folded word names; more than one where only their case differs
_PATH = roots.c.path.op("||")(photos.c.path)
_AT_A_TIME = 1000  # rows looked up by id in one statement


def by_keywords(
    library: Library,
    keywords: Sequence[str],
    *,
    any_word: bool = False,
    limit: int | None = None,
    min_score: float = 0.0,
) -> list[Hit]:
    """Return the photos that have all the words as tags (or any of them), best first, then by path.

    A photo scores as its least sure word does; where any word will do, as its surest. Case does not matter.
    Photos that are missing or failed are not shown.
    """
    terms = tuple(map(Term, keywords))
    return by_query(library, Or(terms) if any_word else And(terms), limit=limit, min_score=min_score)


def by_query(library: Library, query: Query, *, limit: int | None = None, min_score: float = 0.0) -> list[Hit]:
    """Return the photos that match a query at least this well, best first, then by path."""
    wanted = set(words(query))
    if not wanted:
        return []
    with library.reading() as connection:
        tag_ids = _tag_ids(connection, wanted)
        rows = connection.execute(_best(_scores(query, tag_ids), limit, min_score)).all()
        whys = _whys(connection, [row.id for row in rows], [tag for ids in tag_ids.values() for tag in ids])
    return [Hit(Path(os.fsdecode(row.path)), row.score, whys[row.id]) for row in rows]


def nearest_words(library: Library, word: str, count: int = 5) -> list[str]:
    """Return words that find something and are spelled most like one that does not."""
    from difflib import get_close_matches

    shown = select(photo_tags.c.photo_id).join(photos).where(photo_tags.c.tag_id == tags.c.id, SHOWN)
    with library.reading() as connection:
        names = {row.folded: row.name for row in connection.execute(select(tags).where(shown.exists()))}
    wanted = folded(word)
    inside = sorted(name for name in names if wanted in name.split())
    close = get_close_matches(wanted, names, count)
    return [names[each] for each in dict.fromkeys([*close, *inside])][:count]


def similar_faces(
    library: Library,
    descriptor: Descriptor,
    *,
    threshold: float = 0.6,
    limit: int | None = None,
    min_quality: float = 0.0,
) -> list[FaceMatch]:
    """Return the faces at most this Euclidean distance away, nearest first, then by path.

    Only descriptors of the same model are compared. Faces of photos that are missing or failed are not shown, nor
    those of less than `min_quality` (0..1).
    """
    with library.reading() as connection:
        near = library.descriptors(connection, descriptor).within(descriptor, threshold)
        found: list[FaceMatch] = []
        for start in range(0, len(near), _AT_A_TIME):
            # Equally distant faces are ranked by path, so that all of them are needed before the list is cut.
            if limit is not None and len(found) >= limit and found[limit - 1].distance < near[start][1]:
                break
            found += _matches(connection, dict(near[start : start + _AT_A_TIME]), min_quality)
            found.sort(key=_rank)
    return found[:limit]


def _best(scores: Select[Any], limit: int | None, min_score: float) -> Select[Any]:
    found = scores.subquery()
    return (
        select(photos.c.id, cast(_PATH, LargeBinary).label("path"), found.c.score)
        .select_from(found.join(photos, photos.c.id == found.c.photo_id).join(roots))
        .where(SHOWN, found.c.score >= min_score)
        .order_by(found.c.score.desc(), _PATH)
        .limit(limit)
    )


def _scores(query: Query, tag_ids: TagIds) -> Select[Any]:
    """Return the statement for (photo_id, score) of the photos that match, one row a photo."""
    if isinstance(query, Term):
        return _term_scores(tag_ids[folded(query.word)])
    if len(query.parts) == 1:
        return _scores(query.parts[0], tag_ids)
    rows = union_all(*(_scores(part, tag_ids) for part in query.parts)).subquery()
    score = func.max(rows.c.score) if isinstance(query, Or) else func.min(rows.c.score)
    found = select(rows.c.photo_id, score.label("score")).group_by(rows.c.photo_id)
    return found if isinstance(query, Or) else found.having(func.count() == len(query.parts))


def _term_scores(tag_ids: Sequence[int]) -> Select[Any]:
    if len(tag_ids) == 1:  # as it nearly always is: then SQLite walks the index from the best score down
        return select(photo_tags.c.photo_id, photo_tags.c.score).where(photo_tags.c.tag_id == tag_ids[0])
    rows = select(photo_tags.c.photo_id, func.max(photo_tags.c.score).label("score"))
    return rows.where(photo_tags.c.tag_id.in_(tag_ids)).group_by(photo_tags.c.photo_id)


def _tag_ids(connection: Connection, wanted: Iterable[str]) -> TagIds:
    ids: dict[str, list[int]] = {word: [] for word in wanted}
    for row in connection.execute(select(tags.c.id, tags.c.folded).where(tags.c.folded.in_(ids))):
        ids[row.folded].append(row.id)
    return ids


def _whys(connection: Connection, found: Sequence[int], tag_ids: Sequence[int]) -> Mapping[int, tuple[Why, ...]]:
    whys: defaultdict[int, tuple[Why, ...]] = defaultdict(tuple)
    query = (
        select(photo_tags.c.photo_id, tags.c.name, photo_tags.c.score, sources.c.name.label("source"))
        .select_from(photo_tags.join(tags).join(sources))
        .where((photo_tags.c.tag_id + 0).in_(tag_ids))  # + 0: look up by photo, not all photos with the tag
        .order_by(photo_tags.c.score.desc(), tags.c.name)
    )
    for start in range(0, len(found), _AT_A_TIME):
        part = photo_tags.c.photo_id.in_(found[start : start + _AT_A_TIME])
        for row in connection.execute(query.where(part)):
            whys[row.photo_id] += (Why(row.name, row.score, row.source),)
    return whys


def _matches(connection: Connection, distances: Mapping[int, float], min_quality: float) -> Iterator[FaceMatch]:
    """Return the faces that may be shown; distances: by row id of the descriptor."""
    query = (
        select(faces, descriptors.c.id.label("descriptor"), cast(_PATH, LargeBinary).label("path"))
        .select_from(descriptors.join(faces).join(photos).join(roots))
        .where(descriptors.c.id.in_(tuple(distances)), faces.c.quality >= min_quality, SHOWN)
    )
    for row in connection.execute(query):
        yield FaceMatch(Path(os.fsdecode(row.path)), box(row), distances[row.descriptor])


def _rank(match: FaceMatch) -> tuple[float, bytes, float, float]:
    return match.distance, os.fsencode(match.path), match.box.left, match.box.top
