"""Probe inputs: the numbers of a photo that the classifiers of taught words judge.

They are the embedding of a classifier and, where an object detector is in use, the best score of each of its classes.
Which of the two, and why they are scaled so: docs/measurements/own-words.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection, select

from indexer.library.db.batching import batched
from indexer.library.db.embeddings import normalized
from indexer.library.db.tables import models, object_scores
from indexer.values.analysis import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AND = "+"  # between the two models of an id
_OBJECTS_WEIGHT = 0.5  # of the scores beside an embedding of length 1 (measured)


class ProbeModels(NamedTuple):
    """The models whose numbers a probe judges: a classifier, and an object detector or ''."""

    classifier: str
    detector: str = ""

    @property
    def id(self) -> str:
        """The id of both, under which a taught word is stored."""
        return _AND.join(filter(None, self))

    @classmethod
    def of(cls, id_: str) -> ProbeModels:
        """Return the models of an id."""
        classifier, _, detector = id_.partition(_AND)
        return cls(classifier, detector)


class ProbeInput(NamedTuple):
    """What a probe judges of a photo: its embedding and its object scores, both as they are stored."""

    embedding: bytes
    objects: bytes = b""


def probe_vectors(inputs: Sequence[ProbeInput], classes: int) -> NDArray[np.float32]:
    """Return the vectors of photos, each of length 1: float32[photos, length of an embedding + classes].

    classes: how many the object detector has, 0 where there is none; then a vector is the embedding alone. Else the
    square roots of the embedding stand beside the best score of each class: with the roots, a few large features do
    not decide alone (Hellinger kernel: Arandjelović, Zisserman: Three things everyone should know to improve object
    retrieval, 2012).
    """
    import numpy as np

    pooled = normalized([each.embedding for each in inputs])
    if not classes:
        return pooled
    roots = np.sign(pooled) * np.sqrt(np.abs(pooled))
    roots /= np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6)
    best = np.zeros((len(inputs), classes), np.float32)
    for row, each in zip(best, inputs, strict=True):
        for _, number, score in Evidence("", each.objects).entries():
            if number < classes:
                row[number] = score
    joined = np.concatenate([roots, _OBJECTS_WEIGHT * best], axis=1)
    joined /= np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-6)
    return joined


def with_objects(
    connection: Connection, detector: str, embeddings: Iterable[tuple[int, bytes]]
) -> Iterator[tuple[int, ProbeInput]]:
    """Yield the inputs of photos, by row id, from their embeddings and the stored scores of a detector ('': none).

    Photos that the detector has not analyzed are left out: nothing is known of what is in them.
    """
    if not detector:
        yield from ((photo, ProbeInput(data)) for photo, data in embeddings)
        return
    stored = select(object_scores.c.photo_id, object_scores.c.data).join(models).where(models.c.name == detector)
    for some in batched(embeddings):
        these = stored.where(object_scores.c.photo_id.in_([photo for photo, _ in some]))
        found = dict(connection.execute(these).tuples().all())
        yield from ((photo, ProbeInput(data, found[photo])) for photo, data in some if photo in found)
