"""Merge of the user layer into the tags of an analysis: own tags and taught words over what the models found.

A scan, a move, a copy and `retag` all come through here: that is why own tags and taught words outlast each of them,
and why every search reads `photo_tags` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import Connection, select

from indexer.library.db.tables import models, tags, vectors
from indexer.library.db.user_tables import own_tags, taught
from indexer.library.photo_rows.probe_inputs import ProbeInput, ProbeModels, probe_vectors, with_objects
from indexer.library.query.ast import folded
from indexer.values.analysis import Tag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OWN, TAUGHT = "own", "taught"  # the sources of such tags
TAUGHT_PLACE, OWN_PLACE = 1_000_000, 1_000_001  # their positions: after whatever an analysis gives
SHOWN_SCORE = 0.5  # the minimum score of a taught word

Placed: TypeAlias = Sequence[tuple[int, Tag]]  # a position, and the tag there


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """The classifier of a taught word: the score of a photo is the logistic function of weights · vector + bias.

    model: the id of `ProbeModels`.  weights: little-endian float32, the bias last.
    """

    name: str
    model: str
    weights: bytes

    @property
    def models(self) -> ProbeModels:
        """The models whose numbers it judges."""
        return ProbeModels.of(self.model)

    def scores(self, inputs: Sequence[ProbeInput]) -> NDArray[np.float64]:
        """Return the scores 0..1 of photos.

        Rounded, so that a photo alone and a block of photos give the same.
        """
        import numpy as np

        weights = np.frombuffer(self.weights, "<f4").astype(np.float64)
        classes = len(weights) - 1 - len(inputs[0].embedding) // 2 if self.models.detector else 0
        logits = probe_vectors(inputs, classes) @ weights[:-1] + weights[-1]
        return np.asarray(np.round(1 / (1 + np.exp(-np.clip(logits, -30, 30))), 6), np.float64)


def merge_user_tags(connection: Connection, tags_of: Mapping[int, Sequence[Tag]]) -> dict[int, Placed]:
    """Return the tags of photos (by row id) with taught and own words over those of their analysis.

    Vectors and objects must have been stored before.
    """
    said = _said(connection, tags_of)
    learned = _learned(connection, tags_of)
    return {photo: _laid(given, learned[photo], said[photo]) for photo, given in tags_of.items()}


def read_probes(connection: Connection) -> list[LinearProbe]:
    """Return the classifiers of all taught words, by name."""
    query = select(tags.c.name, models.c.name.label("model"), taught.c.weights)
    rows = connection.execute(query.select_from(taught.join(tags).join(models)).order_by(tags.c.name))
    return [LinearProbe(row.name, row.model, row.weights) for row in rows]


def _laid(given: Sequence[Tag], learned: Sequence[Tag], said: Mapping[str, tuple[str, int]]) -> Placed:
    over = said.keys() | {folded(tag.name) for tag in learned}
    counts = {folded(tag.name): tag.count for tag in given}
    placed = [
        *((place, tag) for place, tag in enumerate(given) if folded(tag.name) not in over and not _is_laid(tag)),
        *((TAUGHT_PLACE, _counted(tag, counts)) for tag in learned if folded(tag.name) not in said),
        *((OWN_PLACE, _counted(Tag(name, 1.0, OWN), counts)) for name, wanted in said.values() if wanted),
    ]
    return sorted(placed, key=lambda each: (each[0], each[1].name))


def _counted(tag: Tag, counts: Mapping[str, int]) -> Tag:
    """Return a tag of the user layer with the number of things that the analysis found of it."""
    return replace(tag, count=counts.get(folded(tag.name), 1))


def _is_laid(tag: Tag) -> bool:
    """Return whether a tag comes from the user layer: a copied photo's tags are read with theirs included."""
    return tag.source in (OWN, TAUGHT)


def _said(connection: Connection, photo_ids: Iterable[int]) -> defaultdict[int, dict[str, tuple[str, int]]]:
    query = select(own_tags.c.photo_id, tags.c.name, tags.c.folded, own_tags.c.wanted)
    found: defaultdict[int, dict[str, tuple[str, int]]] = defaultdict(dict)
    here = own_tags.c.photo_id.in_(tuple(photo_ids))
    for row in connection.execute(query.select_from(own_tags.join(tags)).where(here).order_by(tags.c.id)):
        found[row.photo_id][row.folded] = row.name, row.wanted
    return found


def _learned(connection: Connection, photo_ids: Iterable[int]) -> defaultdict[int, list[Tag]]:
    found: defaultdict[int, list[Tag]] = defaultdict(list)
    for head in read_probes(connection):
        query = select(vectors.c.photo_id, vectors.c.data).join(models)
        query = query.where(models.c.name == head.models.classifier, vectors.c.photo_id.in_(tuple(photo_ids)))
        seen = dict(with_objects(connection, head.models.detector, connection.execute(query).tuples()))
        if seen:
            for photo, score in zip(seen, head.scores(tuple(seen.values())).tolist(), strict=True):
                if score >= SHOWN_SCORE:
                    found[photo].append(Tag(head.name, score, TAUGHT))
    return found
