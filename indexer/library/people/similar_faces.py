"""Search for similar faces: those nearest to one person's descriptors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from indexer.library.db.batching import batched
from indexer.library.db.tables import descriptors, faces, models
from indexer.library.db.user_tables import person_faces, refusals
from indexer.library.people.people import PlacedFace, placed
from indexer.values.analysis import Descriptor
from indexer.values.results import FaceMatch

if TYPE_CHECKING:
    from indexer.library.store import Library

_OF_A_PERSON = 50  # descriptors that stand for a person of the library


@dataclass(frozen=True, slots=True)
class SimilarFace:
    """A face in the library and its distance from the query: Euclidean, lower is more similar."""

    face: PlacedFace
    distance: float


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How likely two faces are one person's in a library, by their distance.

    even_distance, log_odds: the describer's, from its spec: the distance at which as many pairs of one person as of two
    lie that near, had both as many pairs, and the slope there (logistic).
    faces: how many the library has. The more there are, the nearer the nearest stranger: all but one are taken for
    strangers (measured: docs/measurements/people.md).
    """

    even_distance: float
    log_odds: float
    faces: int

    @classmethod
    def of(cls, library: Library, model: str, thresholds: Mapping[str, float]) -> Likelihood:
        """Return that of a describer's faces in a library; thresholds: of the describer's spec."""
        query = select(func.count()).select_from(descriptors.join(models)).where(models.c.name == model)
        with library.reading() as connection:
            faces = connection.scalar(query) or 0
        return cls(thresholds["even_distance"], thresholds["log_odds"], max(faces, 1))

    def probability(self, distance: float) -> float:
        """Return the probability, 0..1, that two faces at this distance show one person."""
        from math import exp

        return 1 / (1 + self.faces * exp(min(self.log_odds * (distance - self.even_distance), 600)))


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
    found = faces_like(library, [descriptor], threshold=threshold, limit=limit, min_quality=min_quality)
    return [FaceMatch(each.face.path, each.face.box, each.distance) for each in found]


def faces_like(
    library: Library,
    wanted: Sequence[Descriptor],
    *,
    threshold: float,
    limit: int | None = None,
    min_quality: float = 0.0,
    mean: bool = False,
    but: int | None = None,
) -> list[SimilarFace]:
    """Return the faces at most this far from the nearest of several descriptors of one person, nearest first.

    wanted: all of one model; only its descriptors are compared.  mean: compare with their mean instead.
    but: a person whose own faces are left out, and those refused for that person.  Faces in photos that a
    search does not show, and those of less than `min_quality` (0..1), are left out.
    """
    if not wanted:
        return []
    with library.reading() as connection:
        known = set() if but is None else _settled(connection, but)
        near = _near(library, connection, [_mean(wanted)] if mean else wanted, threshold)
        found: list[SimilarFace] = []
        for some in batched(near):
            # Equally distant faces are ranked by path, so that all of them are needed before the list is cut.
            if limit is not None and len(found) >= limit and found[limit - 1].distance < some[0][1]:
                break
            found += [each for each in _alike(connection, dict(some), min_quality) if each.face.number not in known]
            found.sort(key=_rank)
    return found[:limit]


def like_person(
    library: Library,
    person: int,
    model: str,
    *,
    threshold: float,
    limit: int | None = None,
    min_quality: float = 0.0,
    mean: bool = False,
) -> tuple[int, list[SimilarFace]]:
    """Return how many faces of a person were used as the query, and the other faces that are similar, nearest first.

    Parameters are those of `faces_like`; faces that were refused for the person are left out.
    """
    wanted = descriptors_of(library, person, model, _OF_A_PERSON, min_quality)
    found = faces_like(
        library, wanted, threshold=threshold, limit=limit, min_quality=min_quality, mean=mean, but=person
    )
    return len(wanted), found


def descriptors_of(library: Library, person: int, model: str, most: int, min_quality: float) -> list[Descriptor]:
    """Return descriptors of a person's faces, at most so many, spread evenly over the library."""
    query = (
        select(descriptors.c.data)
        .select_from(descriptors.join(models).join(faces).join(person_faces))
        .where(person_faces.c.person_id == person, models.c.name == model, faces.c.quality >= min_quality)
        .order_by(faces.c.id)
    )
    with library.reading() as connection:
        data = connection.scalars(query).all()
    step = max(1, -(-len(data) // most))
    return [Descriptor(model, each) for each in data[::step]]


def descriptor_of(library: Library, face: int, model: str) -> Descriptor | None:
    """Return the descriptor of a face by one model, None where the library has none."""
    query = (
        select(descriptors.c.data)
        .select_from(descriptors.join(models))
        .where(descriptors.c.face_id == face, models.c.name == model)
    )
    with library.reading() as connection:
        data = connection.scalar(query)
    return None if data is None else Descriptor(model, data)


def _near(
    library: Library, connection: Connection, wanted: Sequence[Descriptor], threshold: float
) -> list[tuple[int, float]]:
    """Return (row id, least distance) of descriptors, nearest first."""
    held = library.descriptors(connection, wanted[0])
    least: dict[int, float] = {}
    for each in wanted:
        for row, distance in held.within(each, threshold):
            least[row] = min(distance, least.get(row, distance))
    return sorted(least.items(), key=lambda item: (item[1], item[0]))


def _mean(wanted: Sequence[Descriptor]) -> Descriptor:
    import numpy as np

    return Descriptor.of(wanted[0].model, np.mean([each.vector for each in wanted], axis=0))


def _alike(connection: Connection, distances: Mapping[int, float], min_quality: float) -> list[SimilarFace]:
    query = select(descriptors.c.face_id, descriptors.c.id).where(descriptors.c.id.in_(tuple(distances)))
    of_face = {face: distances[row] for face, row in connection.execute(query).tuples()}
    return [
        SimilarFace(face, of_face[face.number])
        for face in placed(connection, of_face, shown_only=True)
        if face.quality >= min_quality
    ]


def _settled(connection: Connection, person: int) -> set[int]:
    """Return the faces that are a person's, and those that were refused for the person."""
    theirs = select(person_faces.c.face_id).where(person_faces.c.person_id == person)
    refused = select(refusals.c.face_id).where(refusals.c.person_id == person)
    return set(connection.scalars(theirs.union_all(refused)))


def _rank(alike: SimilarFace) -> tuple[float, bytes, int]:
    return alike.distance, os.fsencode(alike.face.path), alike.face.place
