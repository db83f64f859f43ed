"""Tags of taught words in `photo_tags`: on photos that the classifier accepts, unless the user says otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, delete, select

from indexer.library.db.embeddings import read
from indexer.library.db.engine import chunks
from indexer.library.db.tables import photo_tags, sources, tags
from indexer.library.db.user_tables import own_tags
from indexer.library.photo_rows.probe_inputs import ProbeInput, with_objects
from indexer.library.photo_rows.user_layer import SHOWN_SCORE, TAUGHT, TAUGHT_PLACE, LinearProbe
from indexer.library.photo_rows.write_analysis import intern, upsert
from indexer.library.query.ast import folded

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
    for ids, inputs in _blocks(connection, head, photo_ids):
        marks = [
            {"photo_id": photo, "tag_id": tag, "position": TAUGHT_PLACE, "score": score, "source_id": source}
            for photo, score in zip(ids, head.scores(inputs).tolist(), strict=True)
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
    connection: Connection, head: LinearProbe, photo_ids: Collection[int] | None
) -> Iterator[tuple[Sequence[int], Sequence[ProbeInput]]]:
    """Yield what the word's classifier judges, of missing and hidden photos too, which may come back."""
    for rows in _embeddings(connection, head.models.classifier, photo_ids):
        found = dict(with_objects(connection, head.models.detector, rows))
        if found:
            yield tuple(found), tuple(found.values())


def _embeddings(
    connection: Connection, model: str, photo_ids: Collection[int] | None
) -> Iterator[Sequence[tuple[int, bytes]]]:
    if photo_ids is None:
        yield from chunks(connection, _ALL, (model,), _AT_A_TIME)
        return
    found = read(connection, sorted(photo_ids), model)
    if found:
        yield tuple(found.items())
