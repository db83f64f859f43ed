"""Tags of taught words in `photo_tags`: on photos that the classifier accepts, unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select

from indexer.library.db.embeddings import normalized, read
from indexer.library.db.engine import chunks
from indexer.library.db.tables import photo_tags, sources, tags
from indexer.library.db.user_tables import own_tags
from indexer.library.photo_rows.user_layer import SHOWN_SCORE, TAUGHT, TAUGHT_PLACE, LinearProbe
from indexer.library.photo_rows.write_analysis import intern, upsert
from indexer.library.query.ast import folded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_A_TIME = 2048
_ALL = """
    SELECT photo_id, vectors.data FROM vectors JOIN models ON models.id = vectors.model_id
    WHERE models.name = ? ORDER BY photo_id
"""


def give_taught(connection: Connection, head: LinearProbe, tag: int, photo_ids: Collection[int] | None = None) -> int:
    """Tag some photos (None: all) with a taught word where its classifier accepts them; return how many get it.

    Own words win over it.  tag: the row of the word.
    """
    same = select(tags.c.id).where(tags.c.folded == folded(head.name))
    said = set(connection.scalars(select(own_tags.c.photo_id).where(own_tags.c.tag_id.in_(same))))
    (source,) = intern(connection, sources, [TAUGHT]).values()
    given = 0
    for ids, pooled in _blocks(connection, head.model, photo_ids):
        marks = [
            {"photo_id": photo, "tag_id": tag, "position": TAUGHT_PLACE, "score": score, "source_id": source}
            for photo, score in zip(ids, head.scores(pooled).tolist(), strict=True)
            if score >= SHOWN_SCORE and photo not in said
        ]
        upsert(connection, photo_tags, ["photo_id", "tag_id"], marks)
        given += len(marks)
    return given


def take_taught(connection: Connection, tag: int) -> None:
    """Remove the tags of a taught word from all photos."""
    source = select(sources.c.id).where(sources.c.name == TAUGHT)
    connection.execute(delete(photo_tags).where(photo_tags.c.tag_id == tag, photo_tags.c.source_id.in_(source)))


def _blocks(
    connection: Connection, model: str, photo_ids: Collection[int] | None
) -> Iterator[tuple[Sequence[int], NDArray[np.float32]]]:
    """Yield vectors, including those of missing and hidden photos, which may come back."""
    if photo_ids is not None:
        found = read(connection, sorted(photo_ids), model)
        if found:
            yield tuple(found), normalized(tuple(found.values()))
        return
    rows: Sequence[Any]
    for rows in chunks(connection, _ALL, (model,), _AT_A_TIME):
        ids, data = zip(*rows, strict=True)
        yield ids, normalized(data)
