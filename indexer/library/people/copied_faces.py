"""Faces that appear again in copies of one photo: they are one piece of evidence, not several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from indexer.library.people.clustering import Constraints, unit
from indexer.library.similar.near_duplicates import near_hashes, once

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_OVERLAP = 0.5  # minimum intersection over union of two boxes of one face: copies may be cropped a little
_DISTANCE = 0.2  # maximum, of descriptors of length 1, where the photos have different bytes
_AT_A_TIME = 65_536
_HASHES = """
    SELECT id, content_hash, perceptual_hash FROM photos
    WHERE content_hash IS NOT NULL AND perceptual_hash IS NOT NULL AND id IN (SELECT photo_id FROM faces) ORDER BY id
"""
_BOXES = "SELECT id, box_left, box_top, box_width, box_height FROM faces ORDER BY id"


def repeated(connection: Connection, numbers: Ints, photos: Ints, vectors: NDArray[np.float32]) -> Ints:
    """Return pairs of rows, int64[m,2], that are one face in two copies of a photo, with the same bytes or not.

    numbers: of the faces, in order.  photos: row ids of their photos.  vectors: float32[n,length], their descriptors.
    """
    import numpy as np

    same, near = _copies(connection)
    found = [_faces(same, photos), _faces(near, photos)]
    if not any(map(len, found)):
        return np.empty((0, 2), np.int64)
    boxes = _boxes(connection, numbers)
    same, near = (pairs[_overlap(boxes, pairs) >= _OVERLAP] for pairs in found)
    return np.concatenate([same, near[_apart(vectors, near) <= _DISTANCE]])


def _copies(connection: Connection) -> tuple[Ints, Ints]:
    """Return pairs of photos with faces, by row id: with the same bytes, and with nearly the same perceptual hash."""
    import numpy as np

    rows = connection.exec_driver_sql(_HASHES).all()
    if not rows:
        return np.empty((0, 2), np.int64), np.empty((0, 2), np.int64)
    ids = np.array([row[0] for row in rows], np.int64)
    kinds = np.unique(np.array([row[1].hex() for row in rows]), return_inverse=True)[1]
    order = np.argsort(kinds, kind="stable")
    next_one = np.flatnonzero(np.diff(kinds[order]) == 0)  # a chain is enough: being one face is transitive
    same = np.stack([order[next_one], order[next_one + 1]], axis=1)
    hashes = np.frombuffer(b"".join(row[2] for row in rows), ">u8").astype(np.uint64)
    near = once(near_hashes(hashes))
    return ids[same], ids[near[kinds[near[:, 0]] != kinds[near[:, 1]]]]


def _faces(pairs: Ints, photos: Ints) -> Ints:
    """Return all pairs of rows of which one is in the first photo of a pair, the other in the second."""
    import numpy as np

    order = np.argsort(photos, kind="stable")
    starts, ends = (np.searchsorted(photos[order], pairs, side) for side in ("left", "right"))
    sizes = ends - starts
    counts = sizes.prod(axis=1)
    which = np.repeat(np.arange(len(pairs)), counts)
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    first, second = np.divmod(place, sizes[which, 1]) if len(which) else (place, place)
    return np.stack([order[starts[which, 0] + first], order[starts[which, 1] + second]], axis=1).astype(np.int64)


def _boxes(connection: Connection, numbers: Ints) -> NDArray[np.float64]:
    """Return the boxes of faces: left, top, right, bottom, float64[n,4]."""
    import numpy as np

    rows = np.array([tuple(row) for row in connection.exec_driver_sql(_BOXES)], np.float64).reshape(-1, 5)
    boxes = rows[np.searchsorted(rows[:, 0], numbers), 1:]
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _overlap(boxes: NDArray[np.float64], pairs: Ints) -> NDArray[np.float64]:
    """Return the intersection over union of boxes, float64[m]."""
    import numpy as np

    one, other = boxes[pairs[:, 0]], boxes[pairs[:, 1]]
    both = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
    shared = both.clip(0).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (one, other)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-12))


def _apart(vectors: NDArray[np.float32], pairs: Ints) -> NDArray[np.float64]:
    """Return the distances of descriptors of length 1, float64[m]."""
    import numpy as np

    found = np.empty(len(pairs))
    for start in range(0, len(pairs), _AT_A_TIME):
        one, other = (unit(vectors[some]) for some in pairs[start : start + _AT_A_TIME].T)
        found[start : start + _AT_A_TIME] = np.linalg.norm(one - other, axis=1)
    return found


def sound(shown: Ints, known: Constraints) -> Ints:
    """Return the sets of faces, int64[n] without gaps, without those that the user declared to be several people."""
    import numpy as np

    count = int(shown.max(initial=-1)) + 1
    highest, lowest = np.zeros(count, np.int64), np.full(count, np.iinfo(np.int64).max)
    np.maximum.at(highest, shown, known.owners)
    np.minimum.at(lowest, shown[known.owners > 0], known.owners[known.owners > 0])
    broken = highest > lowest
    one, other = shown[known.apart].T
    broken[one[one == other]] = True
    faces, people = known.refusals.T
    broken[shown[faces][highest[shown[faces]] == people]] = True
    alone = np.where(broken[shown], count + np.arange(len(shown)), shown)
    return np.unique(alone, return_inverse=True)[1].astype(np.int64)


def condensed(known: Constraints, shown: Ints) -> Constraints:
    """Return the constraints on sets of faces that follow from those on the faces."""
    import numpy as np

    owners = np.zeros(int(shown.max(initial=-1)) + 1, np.int64)
    np.maximum.at(owners, shown, known.owners)
    first = np.unique(known.groups, return_index=True)[1]
    groups = together(len(owners), np.stack([shown[first][known.groups], shown], axis=1))
    refusals = np.stack([shown[known.refusals[:, 0]], known.refusals[:, 1]], axis=1)
    return Constraints(groups, owners, shown[known.apart], refusals)


def together(count: int, same: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return groups without gaps such that both of each pair are in one."""
    import numpy as np

    first = list(range(count))

    def root(row: int) -> int:
        while first[row] != row:
            first[row] = first[first[row]]
            row = first[row]
        return row

    for one, two in same.tolist():
        low, high = sorted((root(one), root(two)))
        first[high] = low
    return np.unique([root(row) for row in range(count)], return_inverse=True)[1].astype(np.int64)
