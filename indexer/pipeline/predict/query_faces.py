"""Query faces: the faces of query pictures in order, and the choice of one person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.values.analysis import Descriptor, Face


@dataclass(frozen=True, slots=True)
class QueryFace:
    """A face of a query picture, counted from 1 from left to right."""

    path: Path
    number: int
    face: Face
    descriptor: Descriptor


def from_left(found: Sequence[Face]) -> list[Face]:
    """Return faces in counting order: from left to right, then down."""
    return sorted(found, key=lambda each: (each.box.left, each.box.top))


def query_faces(path: Path, found: Sequence[Face]) -> list[QueryFace]:
    """Return the faces of a picture that can be compared, from left to right; path: the picture's name in errors."""
    numbered = enumerate(from_left(found), 1)
    return [QueryFace(path, number, face, face.descriptor) for number, face in numbered if face.descriptor]


def of_one_person(pictures: Sequence[Sequence[QueryFace]]) -> list[QueryFace]:
    """Return from each picture the face that is most similar to the faces of the others.

    The first picture with the fewest faces leads: its face with the smallest distances to all others is the person.
    """
    leading = min(pictures, key=len)
    chosen = [[_nearest(leader, faces) for faces in pictures] for leader in leading]
    return min(chosen, key=_spread)


def _nearest(leader: QueryFace, faces: Sequence[QueryFace]) -> QueryFace:
    return min(faces, key=lambda face: _distance(leader, face))


def _spread(faces: Sequence[QueryFace]) -> float:
    """Return the sum of all distances between faces."""
    return sum(_distance(one, two) for one in faces for two in faces)


def _distance(one: QueryFace, two: QueryFace) -> float:
    import numpy as np

    return float(np.linalg.norm(one.descriptor.vector - two.descriptor.vector))
