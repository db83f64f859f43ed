"""Taught words: few-shot classifiers that the user trained, stored and applied to every photo with an embedding."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select

from indexer.library.db.embeddings import by_path, read
from indexer.library.db.roots import Roots, find_ids
from indexer.library.db.rows import SHOWN
from indexer.library.db.tables import models, photo_tags, photos, tags, vectors
from indexer.library.db.user_tables import taught
from indexer.library.history.change_log import recording
from indexer.library.photo_rows.probe_inputs import ProbeInput, ProbeModels, with_objects
from indexer.library.photo_rows.taught_tags import give_taught, take_taught
from indexer.library.photo_rows.user_layer import LinearProbe
from indexer.library.photo_rows.write_analysis import intern, upsert
from indexer.library.query.ast import folded
from indexer.library.user.own_tags import tag_id

if TYPE_CHECKING:
    from indexer.library.store import Library


@dataclass(frozen=True, slots=True)
class TaughtWord:
    """A taught word: the id of its `ProbeModels`, how many photos have it, and its training report."""

    name: str
    model: str
    photos: int
    about: Mapping[str, Any]


def teach(library: Library, head: LinearProbe, about: Mapping[str, Any]) -> int:
    """Store a classifier in place of an earlier one of this name, and tag all photos with it; return how many get it.

    Own words win over it.  about: a report on it, as JSON-compatible values.
    """
    with library.writing() as connection, recording(connection, "taught", f"Taught {head.name!r}"):
        tag = tag_id(connection, head.name)
        take_taught(connection, tag)
        (model,) = intern(connection, models, [head.model]).values()
        row = {"tag_id": tag, "model_id": model, "weights": head.weights, "about": json.dumps(about, sort_keys=True)}
        upsert(connection, taught, ["tag_id"], [row])
        return give_taught(connection, head, tag)


def forget(library: Library, name: str) -> TaughtWord | None:
    """Forget a taught word, and remove it from the photos that have it; return it, None where it was not known."""
    with library.writing() as connection:
        query = select(tags.c.id, tags.c.name).join(taught).where(tags.c.folded == folded(name))
        row = connection.execute(query).first()
        if row is None:
            return None
        known = next(word for word in _words(connection) if word.name == row.name)
        with recording(connection, "taught", f"Removed the taught tag {row.name!r}"):
            take_taught(connection, row.id)
            connection.execute(delete(taught).where(taught.c.tag_id == row.id))
        return known


def taught_words(library: Library) -> list[TaughtWord]:
    """Return the taught words, by name."""
    with library.reading() as connection:
        return _words(connection)


def to_teach_again(library: Library, model: str) -> list[TaughtWord]:
    """Return the words that were taught with other models than those of `model`, an id of `ProbeModels`."""
    return [word for word in taught_words(library) if word.model != model]


def sample(library: Library, by: ProbeModels, count: int, but: Sequence[Path] = ()) -> list[ProbeInput]:
    """Return the inputs of photos from all over the library, without those of some paths; always the same ones."""
    import numpy as np

    with library.reading() as connection:
        roots = Roots.read(connection)
        left_out = set(find_ids(connection, [roots.place(path) for path in but if roots.hold(path)]).values())
        query = select(vectors.c.photo_id).join(models).join(photos, photos.c.id == vectors.c.photo_id)
        ids = connection.scalars(query.where(models.c.name == by.classifier, SHOWN).order_by(vectors.c.photo_id))
        known = np.array([photo for photo in ids if photo not in left_out], np.int64)
        chosen = np.random.default_rng(0).permutation(known)[:count]
        stored = read(connection, chosen.tolist(), by.classifier)
        found = dict(with_objects(connection, by.detector, stored.items()))
    return [found[photo] for photo in chosen.tolist() if photo in found]


def known_inputs(library: Library, by: ProbeModels, paths: Sequence[Path]) -> dict[Path, ProbeInput]:
    """Return the inputs of those paths that are photos of the library, as far as its models have analyzed them."""
    with library.reading() as connection:
        embeddings = by_path(connection, by.classifier, paths)
        roots = Roots.read(connection)
        ids = find_ids(connection, [roots.place(path) for path in embeddings])
        paths_of = {ids[roots.place(path)]: path for path in embeddings}
        given = [(photo, embeddings[path]) for photo, path in paths_of.items()]
        return {paths_of[photo]: each for photo, each in with_objects(connection, by.detector, given)}


def _words(connection: Connection) -> list[TaughtWord]:
    have = select(func.count()).where(photo_tags.c.tag_id == taught.c.tag_id).scalar_subquery()
    query = select(tags.c.name, models.c.name.label("model"), have.label("photos"), taught.c.about)
    rows = connection.execute(query.select_from(taught.join(tags).join(models)).order_by(tags.c.name))
    return [TaughtWord(row.name, row.model, row.photos, json.loads(row.about)) for row in rows]
