"""Recomputation of tags from stored model outputs, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from indexer.library.db.roots import Roots, find_ids
from indexer.library.db.rows import read_analyses
from indexer.library.db.tables import photos
from indexer.library.photo_rows.write_analysis import replace_tags
from indexer.values.analysis import Analysis, Tag


def analyses_after(connection: Connection, row: int, photos_count: int) -> tuple[int, dict[Path, Analysis]]:
    """Return the next photos after a row id (0: the first ones) without their embeddings, and the last row id."""
    analyzed = photos.c.model_set_id.is_not(None)
    page = (
        select(photos.c.id, photos.c.root_id, photos.c.path)
        .where(photos.c.id > row, analyzed, photos.c.replaced == 0)
        .order_by(photos.c.id)
        .limit(photos_count)
    )
    roots = Roots.read(connection)
    places = {each.id: roots.path(each.root_id, each.path) for each in connection.execute(page)}
    found = read_analyses(connection, tuple(places), vector=False)
    return max(places, default=row), {places[photo]: analysis for photo, analysis in found.items()}


def retag(connection: Connection, tags_of: Mapping[Path, Sequence[Tag]]) -> int:
    """Give photos the tags that an analysis would give now; return how many photos changed.

    Own tags and taught words stay; photos that are no longer known are skipped.
    """
    roots = Roots.read(connection)
    places = {roots.place(path): tags for path, tags in tags_of.items()}
    ids = find_ids(connection, places)
    return replace_tags(connection, {photo: places[place] for place, photo in ids.items()})
