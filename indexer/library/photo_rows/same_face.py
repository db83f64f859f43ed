"""The rule that matches a photo's faces with those known before, so that they keep their rows and names.

A face is the same where its descriptor is near, at another place only where it is very near: a photo may have been cut
or turned, and in one that was exchanged another face may lie in the same place. Where descriptors cannot be compared,
the boxes decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from indexer.values.analysis import Descriptor, Face

OVERLAP = 0.5  # of two boxes that show one face
_SAME_PERSON = 0.6  # Euclidean distance of descriptors in one place: what dlib's authors give for one person
_SAME_PICTURE = 0.35  # the same at any place: one face in two versions of a picture


def same_faces(known: Mapping[int, Face], found: Sequence[Face]) -> dict[int, int]:
    """Return the ids of known faces by the positions in `found` that show them; each once, nearest first."""
    pairs = [
        (distance, position, number)
        for (number, before), (position, face) in product(known.items(), enumerate(found))
        if (distance := _distance(before, face)) is not None
    ]
    same: dict[int, int] = {}
    used: set[int] = set()
    for _, position, number in sorted(pairs):
        if position not in same and number not in used:
            same[position] = number
            used.add(number)
    return same


def _distance(before: Face, now: Face) -> float | None:
    """Return the distance of two faces, None where they are not the same one; 0 to 1 by boxes alone."""
    overlap = before.box.overlap(now.box)
    one, other = before.descriptor, now.descriptor
    if one is None or other is None or not _comparable(one, other):
        return 1 - overlap if overlap >= OVERLAP else None
    import numpy as np

    distance = float(np.linalg.norm(one.vector - other.vector))
    return distance if distance <= (_SAME_PERSON if overlap >= OVERLAP else _SAME_PICTURE) else None


def _comparable(one: Descriptor, other: Descriptor) -> bool:
    return one.model == other.model and len(one.data) == len(other.data)
