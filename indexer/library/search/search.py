"""Words flow in; the photos that show them flow out, best first."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Exists, select

from indexer.library.db.batching import batched
from indexer.library.db.rows import SHOWN, models_of
from indexer.library.db.tables import photo_tags, photos, sources, tags
from indexer.library.db.user_tables import people
from indexer.library.query.ast import And, Or, Query, Term, folded, leaves
from indexer.library.query.compiled import compile_query
from indexer.library.query.evidence import evidence_scores, has_evidence
from indexer.library.query.plan import FoundRow, Order, Sort, find
from indexer.library.query.postings import Postings
from indexer.values.analysis import model_name
from indexer.values.results import Hit, Why

if TYPE_CHECKING:
    from indexer.library.store import Library

_LESS_SURE = "less sure"  # the source of such a match
_AT_A_TIME = 1000  # rows looked up by id in one statement


def by_keywords(
    library: Library,
    keywords: Sequence[str],
    *,
    any_word: bool = False,
    limit: int | None = None,
    min_score: float = 0.0,
) -> list[Hit]:
    """Return the photos that have all the words as tags (or any of them), best first, then by date and path.

    A photo scores as its least sure word does; where any word will do, as its surest. Case does not matter.
    Photos that are missing or failed are not shown.
    """
    terms = tuple(map(Term, keywords))
    return by_query(library, Or(terms) if any_word else And(terms), limit=limit, min_score=min_score)


def by_query(
    library: Library,
    query: Query,
    *,
    sort: Sort = "score",
    reverse: bool = False,
    limit: int | None = None,
    offset: int = 0,
    min_score: float = 0.0,
) -> list[Hit]:
    """Return the photos that match a query at least this well, in order.

    sort: 'score' (best first), 'date' (newest first), 'path', or 'distance' (nearest first); equals come by score,
    then by date, then by path.  reverse: the other way round.  offset: leave out so many of the first.
    Photos that are missing, failed or hidden are shown only to a query that names that state.
    """
    order = Order(sort, reverse, limit, offset, min_score)
    with library.reading() as connection:
        if library.postings is None and not has_evidence(query):
            asked = compile_query(connection, query)
            rows = find(connection, asked, order)
        else:
            postings = library.postings or Postings()
            asked = postings.compiled(connection, query)
            kept = postings.find(connection, asked, order)
            rows = find(connection, asked, order) if kept is None else kept
        found = [row.photo_id for row in rows]
        whys, sides = _whys(connection, found, asked.tags), _sides(connection, found)
        for photo, why in _less_sure(connection, found, query):
            if folded(why.tag) not in {folded(each.tag) for each in whys[photo]}:
                whys[photo] += (why,)
    return [_hit(row, whys[row.photo_id], sides[row.photo_id]) for row in rows]


def count_hits(library: Library, query: Query, min_score: float = 0.0) -> int:
    """Return how many photos match a query at least this well."""
    with library.reading() as connection:
        postings = library.postings or Postings()
        return postings.count(connection, postings.compiled(connection, query), min_score)


def known_tag(library: Library, word: str) -> str | None:
    """Return the name of the tag that a word spells, in any case, where a photo that a search shows has it."""
    wanted = select(tags.c.name).where(tags.c.folded == folded(word), _somebody_has()).order_by(tags.c.name).limit(1)
    with library.reading() as connection:
        found: str | None = connection.scalar(wanted)
    return found


def nearest_people(library: Library, name: str, count: int = 5) -> list[str] | None:
    """Return the names most like one that nobody has, all names where none is like it; None where somebody has it."""
    from difflib import get_close_matches

    with library.reading() as connection:
        rows = connection.execute(select(people).where(people.c.name.is_not(None)).order_by(people.c.folded)).all()
    if any(row.folded == folded(name) for row in rows):
        return None
    names = {row.folded: row.name for row in rows if not row.is_hidden}
    inside = [each for each in names if folded(name) in each.split()]
    close = dict.fromkeys([*inside, *get_close_matches(folded(name), names, count)])
    return [names[each] for each in (close or names)][:count]


def tagging_models(library: Library) -> list[str]:
    """Return the names of the models that ever gave a tag."""
    with library.reading() as connection:
        rows = connection.scalars(select(sources.c.models).distinct())
        return sorted({model_name(model) for row in rows for model in models_of(row)})


def nearest_words(library: Library, word: str, count: int = 5) -> list[str]:
    """Return words that find something and are spelled most like one that does not."""
    from difflib import get_close_matches

    with library.reading() as connection:
        names = {row.folded: row.name for row in connection.execute(select(tags).where(_somebody_has()))}
    wanted = folded(word)
    inside = sorted(name for name in names if wanted in name.split())
    close = get_close_matches(wanted, names, count)
    return [names[each] for each in dict.fromkeys([*close, *inside])][:count]


def _hit(row: FoundRow, why: tuple[Why, ...], sides: tuple[int | None, int | None, bool]) -> Hit:
    path = Path(os.fsdecode(row.path))
    return Hit(path, row.score, why, row.taken_at, row.distance_km, row.photo_id, *sides)


def _sides(connection: Connection, found: Sequence[int]) -> dict[int, tuple[int | None, int | None, bool]]:
    """Return the width and height of photos by row id, and whether others have their paths now."""
    sides: dict[int, tuple[int | None, int | None, bool]] = {}
    for start in range(0, len(found), _AT_A_TIME):
        some = ", ".join(map(str, found[start : start + _AT_A_TIME]))
        rows = connection.exec_driver_sql(f"SELECT id, width, height, replaced FROM photos WHERE id IN ({some})")  # noqa: S608
        sides |= {photo: (width, height, bool(replaced)) for photo, width, height, replaced in rows}
    return sides


def _somebody_has() -> Exists:
    shown = select(photo_tags.c.photo_id).join(photos)
    return shown.where(photo_tags.c.tag_id == tags.c.id, SHOWN).exists()


def _less_sure(connection: Connection, found: Sequence[int], query: Query) -> Iterator[tuple[int, Why]]:
    """Yield photos and a word each that models see in them, though not sure enough for a tag."""
    for term in dict.fromkeys(leaf for leaf in leaves(query) if isinstance(leaf, Term) and leaf.outputs):
        for some in batched(found):
            for photo, score in zip(*evidence_scores(connection, term, some), strict=True):
                yield int(photo), Why(term.word, float(score), _LESS_SURE, is_sure=False)


def _whys(
    connection: Connection, found: Sequence[int], tags_asked: Collection[int]
) -> defaultdict[int, tuple[Why, ...]]:
    whys: defaultdict[int, tuple[Why, ...]] = defaultdict(tuple)
    query = (
        select(photo_tags.c.photo_id, tags.c.name, photo_tags.c.score, sources.c.name.label("source"))
        .select_from(photo_tags.join(tags).join(sources))
        .where((photo_tags.c.tag_id + 0).in_(tags_asked))  # + 0: look up by photo, not all photos with the tag
        .order_by(photo_tags.c.score.desc(), tags.c.name)
    )
    for start in range(0, len(found), _AT_A_TIME):
        part = photo_tags.c.photo_id.in_(found[start : start + _AT_A_TIME])
        for row in connection.execute(query.where(part)):
            whys[row.photo_id] += (Why(row.name, row.score, row.source),)
    return whys
